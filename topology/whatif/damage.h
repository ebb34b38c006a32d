#pragma once
/* What a failure would do: which slices stop or lose links, which of them the production planner can repair,
 * and what is left for new ones. */
#include "topology/part.h"

struct whatif_slice {
    struct topo_shape shape;
    uint16_t cubes[TOPO_POSITIONS_MAX]; /* by position; cubes[0] for a part */
    uint16_t hosts;                     /* of a part; 0: whole cubes */
};

struct whatif_world {
    const struct topo_pod *pod; /* its slices are among the used cubes */
    const struct whatif_slice *slices;
    unsigned n_slices;
};

/* What is lost together. */
struct whatif_loss {
    struct topo_cube_set cubes;
    uint64_t ocses;
    uint16_t hosts[TOPO_CUBES_MAX];            /* bit per host */
    uint16_t ends[TOPO_CUBES_MAX][TOPO_FACES]; /* bit per index */
};

enum whatif_fate {
    WHATIF_UNTOUCHED,
    WHATIF_DEGRADED,   /* keeps its cubes, lacks links */
    WHATIF_REPAIRABLE, /* stops, goes on with other cubes */
    WHATIF_LOST,       /* stops, and there is nothing to repair it with */
};

struct whatif_slice_fate {
    enum whatif_fate fate;
    unsigned missing_links;            /* more than before */
    unsigned n_swaps;                  /* cubes lost */
    uint16_t lost[TOPO_POSITIONS_MAX]; /* and by what each is replaced, where it can be */
    uint16_t replaced[TOPO_POSITIONS_MAX];
    unsigned moves;          /* of mirrors, for the repair */
    enum topo_reason reason; /* WHATIF_LOST: why */
};

struct whatif_damage {
    unsigned degraded, repairable, lost;                   /* slices */
    uint32_t chips_degraded, chips_repairable, chips_lost; /* of those slices */
    unsigned missing_links, moves;
    uint32_t largest_chips;          /* the largest new slice with every link, after the repairs */
    uint32_t largest_degraded_chips; /* the same, links of dead switches left out */
    unsigned free_cubes;
    /* What missing links cost, see whatif_count_slow_down(): thousandths of a chip. */
    uint64_t slowed_millichips;
};

/* scratch: overwritten with the pod as it would be after the repairs. ret_fates: n_slices, or NULL. Slices
 * are repaired in their order. */
void whatif_break(const struct whatif_world *world, const struct whatif_loss *loss, struct topo_pod *scratch,
                  struct whatif_slice_fate *ret_fates, struct whatif_damage *ret_damage);
/* The same where cubes are only to be emptied: they work, and their slices run until they are moved. */
void whatif_drain(const struct whatif_world *world, const struct whatif_loss *loss, struct topo_pod *scratch,
                  struct whatif_slice_fate *ret_fates, struct whatif_damage *ret_damage);
/* Adds what the links that are missing on scratch, as whatif_break() left it, cost the slices that keep their
 * cubes: chips x (time of a uniform all-to-all / its time with every link - 1). Takes milliseconds a slice. 0
 * or -ENOMEM. */
__attribute__((warn_unused_result)) int whatif_count_slow_down(const struct whatif_world *world,
                                                               const struct topo_pod *scratch,
                                                               const struct whatif_slice_fate *fates,
                                                               struct whatif_damage *damage);
/* Worse first: negative when a is worse than b. By chips lost, stopped, degraded, by how much these
 * are slowed, then by what is left. */
int whatif_compare_damage(const struct whatif_damage *a, const struct whatif_damage *b);
