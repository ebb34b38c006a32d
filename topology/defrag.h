#pragma once
/* Which parts to move together so that whole cubes become free. A recommendation: nothing is moved here. */
#include "topology/part.h"

#define TOPO_DEFRAG_PARTS_MAX 1024
#define TOPO_DEFRAG_MOVES_MAX 64

struct topo_part {
    struct topo_shape shape;
    uint16_t cube;
    uint16_t hosts;
    bool fixed; /* may not be moved */
};

struct topo_part_move {
    unsigned part; /* index of the caller's array */
    struct topo_block to;
};

struct topo_defrag_plan {
    /* In this order each move finds its place free. */
    struct topo_part_move moves[TOPO_DEFRAG_MOVES_MAX];
    unsigned n_moves;
    struct topo_cube_set freed;
    bool proven;             /* no plan with fewer moves exists, where no part moves twice */
    unsigned moves_at_least; /* where not proven */
};

/* Frees n_cubes cubes that parts use now and that a whole-cube slice could use then. Parts never move into
 * cubes that no part uses, and none moves twice. effort: steps of the search, 0 for 2,000,000. 0,
 * TOPO_REFUSED with NOT_ENOUGH_CUBES (refusal.unproven where the search ended early) or INVALID_ARGUMENT. */
__attribute__((warn_unused_result)) int topo_defrag(const struct topo_pod *pod, const struct topo_part *parts,
                                                    unsigned n_parts, unsigned n_cubes, unsigned effort,
                                                    struct topo_defrag_plan *ret_plan,
                                                    struct topo_refusal *ret_refusal);
