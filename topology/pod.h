#pragma once
/* What a plan needs to know of one pod now: which cubes may be used, which link ends work, which circuits are
 * lit already. Flat arrays and bitmaps, written by the owner as things change, only read by a plan. */
#include "topology/wiring.h"

#define TOPO_HOSTS_PER_CUBE 16

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

static inline unsigned topo_set_count(const struct topo_cube_set *set) {
    unsigned count = 0;
    for (unsigned word = 0; word < TOPO_CUBE_WORDS; word++)
        count += (unsigned)__builtin_popcountll(set->word[word]);
    return count;
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
    /* Bit per host. A cube with a used or a bad host takes no whole-cube slice; its other hosts may carry
     * parts. A cube that is in `used` and has used hosts is cut into parts; with none it belongs to a
     * whole-cube slice. */
    uint16_t used_hosts[TOPO_CUBES_MAX];
    uint16_t bad_hosts[TOPO_CUBES_MAX];
    /* A switch that cannot be read last showed a circuit between these cubes. They may share a slice; they
     * never go to different ones, and none is cut into parts. Symmetric. */
    struct topo_cube_set unproven_with[TOPO_CUBES_MAX];
    /* Where a cube stands and what feeds it. topo_pod_init(): cube / 8. */
    uint8_t row[TOPO_CUBES_MAX];
    uint8_t power_domain[TOPO_CUBES_MAX];
    /* The slice that has the cube, for explanations: 0 unknown, else the owner's own number. */
    uint32_t slice_of[TOPO_CUBES_MAX];
    /* For each link end: the cube at the other end of its circuit, TOPO_LIT_NONE or TOPO_LIT_OTHER. */
    int16_t lit_far[TOPO_CUBES_MAX][TOPO_FACES][TOPO_INDICES];
    /* Derived, switches of bad_ocses left out: lit ends of a face, and how many of them reach the cube that
     * most of them reach, and that cube (-1 none). */
    uint8_t lit_ends[TOPO_CUBES_MAX][TOPO_FACES];
    uint8_t lit_most[TOPO_CUBES_MAX][TOPO_FACES];
    int16_t lit_to[TOPO_CUBES_MAX][TOPO_FACES];
    uint16_t lit_mask[TOPO_CUBES_MAX][TOPO_FACES]; /* the indices that reach lit_to */
};

#define TOPO_LIT_NONE (-1)
#define TOPO_LIT_OTHER (-2) /* a circuit that is no link between a + and a - face of one index */

/* Everything free, healthy and dark. The wiring must outlive the pod. */
void topo_pod_init(struct topo_pod *pod, const struct topo_wiring *wiring, unsigned largest_slice_cubes);
/* After a change of wiring, bad_ends, bad_ocses or lit_far. */
void topo_pod_refresh_ends(struct topo_pod *pod);
/* Reads the circuits that stand, dark ones and those of slices: b_of_a[ocs] is an array over A ports from 1
 * (0: none), NULL where it is not known. */
void topo_pod_refresh_lit(struct topo_pod *pod, const uint16_t *const *b_of_a);
/* After a change of the lit_far of one cube. */
void topo_pod_refresh_cube(struct topo_pod *pod, unsigned cube);
/* A cube that no whole-cube slice may use now, spares and exclusions aside. own: the cubes of the slice that
 * is being changed, or NULL. */
bool topo_pod_is_barred(const struct topo_pod *pod, unsigned cube, const struct topo_cube_set *own);
