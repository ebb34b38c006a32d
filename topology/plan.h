#pragma once
/* Choosing cubes for a slice. Pure, deterministic, no allocation; any thread, the pod must not change
 * meanwhile. */
#include "topology/circuit.h"
#include "topology/pod.h"

enum topo_reason {
    TOPO_REASON_NONE,
    TOPO_REASON_INVALID_TOPOLOGY,
    TOPO_REASON_LARGER_THAN_MODEL_LIMIT,
    TOPO_REASON_NOT_ENOUGH_CUBES,
    TOPO_REASON_NEEDS_TOLERANCE,
    TOPO_REASON_HELD_BY_SPARES,
    TOPO_REASON_PIN_USED,
    TOPO_REASON_PIN_UNHEALTHY,
    TOPO_REASON_OCS_UNREACHABLE,
    TOPO_REASON_ISOLATION_UNPROVEN,
    TOPO_REASON_UNACCOUNTED_CIRCUIT,
    TOPO_REASON_INVALID_PIN,
};

struct topo_refusal {
    enum topo_reason reason;
    char text[320];
    char would_fit_if[160];
    uint64_t ocses;        /* the switches that stand in the way, a bit each */
    unsigned cube;         /* the pin that stands in the way, or TOPO_CUBES_MAX */
    unsigned tolerance[3]; /* what would have been enough, NEEDS_TOLERANCE only */
};

enum topo_pin_mode {
    TOPO_PIN_NONE,
    TOPO_PIN_POSITIONS, /* pins[i] stands at position i */
    TOPO_PIN_SET,       /* these cubes, in any order */
};

struct topo_request {
    struct topo_shape shape; /* whole cubes */
    enum topo_pin_mode pin_mode;
    uint16_t pins[TOPO_POSITIONS_MAX];
    unsigned n_pins;
    struct topo_cube_set exclude;
    unsigned tolerate_missing[3]; /* links of each dimension */
    bool use_spares;
};

struct topo_plan {
    uint16_t cubes[TOPO_POSITIONS_MAX]; /* by position */
    unsigned missing[3];                /* links of each dimension that cannot be lit */
    unsigned reused;                    /* cube-to-cube bundles found lit as needed */
};

#define TOPO_REFUSED 1

/* 0 with a plan, or TOPO_REFUSED with the reason. Aims, in this order: feasible within the tolerance; the
 * fewest missing links; the most bundles already lit; no cube that carries somebody else's dark bundle; the
 * lowest numbers, so that slices pack into rows. */
__attribute__((warn_unused_result)) int topo_plan_create(const struct topo_pod *pod,
                                                         const struct topo_request *request,
                                                         struct topo_plan *ret_plan,
                                                         struct topo_refusal *ret_refusal);

struct topo_swap {
    unsigned position;
    int with; /* a cube, or -1: choose */
};

/* Replaces the cubes at k positions and leaves the others where they are. *cubes is the slice before; on
 * success ret_plan->cubes is the slice after. A missing link at a position that stays untouched is not
 * counted. Same results. */
__attribute__((warn_unused_result)) int
topo_plan_swap(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
               const struct topo_swap *swaps, unsigned n_swaps, const struct topo_cube_set *exclude,
               const unsigned tolerate_missing[3], bool use_spares, struct topo_plan *ret_plan,
               struct topo_refusal *ret_refusal);

/* The indices of the bundle from cube `from` (+ face) to cube `to` (- face) that cannot be lit. */
uint16_t topo_bundle_missing(const struct topo_pod *pod, unsigned from, unsigned to, unsigned dimension);
