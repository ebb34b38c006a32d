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
    TOPO_REASON_INVALID_ARGUMENT, /* a request that no caller should make; the text names the field */
};

struct topo_refusal {
    enum topo_reason reason;
    char text[320];
    char would_fit_if[160];
    uint64_t ocses;        /* the switches that stand in the way, a bit each */
    unsigned cube;         /* the pin that stands in the way, or TOPO_CUBES_MAX */
    unsigned tolerance[3]; /* what would have been enough, NEEDS_TOLERANCE only */
    bool unproven;         /* the search ended at its limit: an arrangement may exist all the same */
    /* The numbers behind the text. */
    unsigned needed;     /* cubes */
    unsigned candidates; /* cubes that the request may use */
    unsigned lacking[6]; /* candidates that lack a working end on this face */
    unsigned held_spares, unhealthy, unschedulable, unaccounted, isolation_unproven, cut, excluded;
};

/* Which cubes a slice prefers when mirror moves leave the choice. */
enum topo_domain_aim {
    TOPO_DOMAIN_ANY,    /* the lowest numbers */
    TOPO_DOMAIN_PACK,   /* as few domains as possible */
    TOPO_DOMAIN_SPREAD, /* as even as possible */
};
enum topo_domain_kind { TOPO_DOMAIN_ROW, TOPO_DOMAIN_POWER };

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
    enum topo_domain_aim domain_aim;
    enum topo_domain_kind domain_kind;
    unsigned effort; /* candidates tried to improve a plan; 0: what fits into tens of microseconds */
};

struct topo_plan {
    uint16_t cubes[TOPO_POSITIONS_MAX]; /* by position */
    unsigned missing[3];                /* links of each dimension that cannot be lit */
    unsigned reused;                    /* cube-to-cube bundles found lit as needed */
    unsigned spares;                    /* spares among the cubes that are new to the slice */
    unsigned removals, additions;       /* circuits; their sum is the mirror moves */
    unsigned moves_at_least;            /* no plan with as few missing links moves fewer */
    bool proven;                        /* no better plan exists */
};

#define TOPO_REFUSED 1

/* 0 with a plan, or TOPO_REFUSED with the reason. Aims, in this order: feasible within the tolerance; the
 * fewest spares; the fewest missing links; the fewest mirror moves; the domains asked for; no cube that must
 * not be parted from another; the lowest numbers, so that slices pack into rows. */
__attribute__((warn_unused_result)) int topo_plan_create(const struct topo_pod *pod,
                                                         const struct topo_request *request,
                                                         struct topo_plan *ret_plan,
                                                         struct topo_refusal *ret_refusal);

struct topo_swap {
    unsigned position;
    int with; /* a cube, or -1: choose */
};

/* Replaces the cubes at k positions and leaves the others where they are. *cubes is the slice before; on
 * success ret_plan->cubes is the slice after. In a dimension that misses more than the tolerance already, the
 * swap may not add to it. Same results. */
__attribute__((warn_unused_result)) int
topo_plan_swap(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
               const struct topo_swap *swaps, unsigned n_swaps, const struct topo_cube_set *exclude,
               const unsigned tolerate_missing[3], bool use_spares, struct topo_plan *ret_plan,
               struct topo_refusal *ret_refusal);

/* The indices of the bundle from cube `from` (+ face) to cube `to` (- face) that cannot be lit. */
uint16_t topo_bundle_missing(const struct topo_pod *pod, unsigned from, unsigned to, unsigned dimension);

/* Circuits to remove and to add so that the cubes form the slice. Cubes that leave a slice lose all their
 * circuits. What stands on a link that cannot be lit is left alone where it is as intended. leaving may be
 * NULL. */
void topo_plan_count_moves(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
                           const struct topo_cube_set *leaving, unsigned *ret_removals,
                           unsigned *ret_additions);

const char *topo_reason_name(enum topo_reason reason);
