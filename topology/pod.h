#pragma once
/* What a plan needs to know of one pod now: which cubes may be used, which link ends work, which circuits are
 * lit already. Flat arrays and bitmaps, written by the owner as things change, only read by a plan. */
#include "topology/wiring.h"

#define TOPO_CUBE_WORDS (TOPO_CUBES_MAX / 64)

struct topo_cube_set {
    uint64_t word[TOPO_CUBE_WORDS];
};
static inline bool topo_set_has(const struct topo_cube_set *set, unsigned cube) {
    return set->word[cube / 64] >> (cube % 64) & 1;
}
static inline void topo_set_add(struct topo_cube_set *set, unsigned cube) {
    set->word[cube / 64] |= UINT64_C(1) << (cube % 64);
}
static inline void topo_set_remove(struct topo_cube_set *set, unsigned cube) {
    set->word[cube / 64] &= ~(UINT64_C(1) << (cube % 64));
}

struct topo_pod {
    const struct topo_wiring *wiring;
    uint16_t largest_slice_cubes;
    struct topo_cube_set used;          /* of a slice */
    struct topo_cube_set unhealthy;     /* not HEALTHY and not DEGRADED: UNHEALTHY or UNKNOWN */
    struct topo_cube_set unschedulable; /* cordoned, draining, in maintenance ... */
    struct topo_cube_set unaccounted;   /* carries a circuit that nobody can explain */
    struct topo_cube_set unproven; /* a switch that cannot be read last showed a circuit to another cube */
    struct topo_cube_set spare;    /* held back for repairs */
    uint16_t bad_ends[TOPO_CUBES_MAX][TOPO_FACES]; /* bit per index: dead port, transceiver or fiber */
    uint64_t bad_ocses;                            /* bit per switch: cannot be used now */
    /* For each cube and dimension: the cube whose - face most of its lit + links reach, and how many; -1
     * none. */
    int16_t lit_next[TOPO_CUBES_MAX][3];
    int16_t lit_previous[TOPO_CUBES_MAX][3];
    uint8_t lit_count[TOPO_CUBES_MAX][3];
    /* Derived by topo_pod_refresh_ends(): bit per index that works now. */
    uint16_t good_ends[TOPO_CUBES_MAX][TOPO_FACES];
    uint16_t damage[TOPO_CUBES_MAX]; /* ends of the 96 that do not work */
};

/* Everything free, healthy and dark. The wiring must outlive the pod. */
void topo_pod_init(struct topo_pod *pod, const struct topo_wiring *wiring, unsigned largest_slice_cubes);
/* After a change of wiring, bad_ends or bad_ocses. */
void topo_pod_refresh_ends(struct topo_pod *pod);
/* Counts the dark circuits again: b_of_a[ocs] is an array over A ports from 1 (0: none), NULL where it is not
 * known. */
void topo_pod_refresh_lit(struct topo_pod *pod, const uint16_t *const *b_of_a);
