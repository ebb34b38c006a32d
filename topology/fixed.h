#pragma once
/* The world without optical switches: the same cubes cabled as one fixed torus, slices are contiguous boxes
 * of it, around its edges too. For what-if questions. Pure; any thread. */
#include "topology/plan.h"

/* Cube c stands at (c mod a, (c/a) mod b, c/(ab)). */
struct topo_fixed {
    uint16_t size[3]; /* in cubes */
};

enum topo_fixed_policy {
    TOPO_FIXED_FIRST_FIT,
    TOPO_FIXED_BEST_FIT, /* the box with the most neighbours that are not free */
};

struct topo_fixed_place {
    uint16_t cubes[TOPO_POSITIONS_MAX]; /* by position of the shape */
    uint16_t origin[3];                 /* the lowest corner */
    uint8_t axis_map[3];                /* dimension i of the shape lies along this dimension of the torus */
    bool wraps[3];                      /* the dimension of the shape closes to a ring */
};

#define TOPO_FIXED_NO_BOX 1
#define TOPO_FIXED_INVALID 2

/* The torus of a model: 4x4x4 for 64 cubes, 4x5x7 for 140, 4x6x6 for 144, 2x2x2 for 8, otherwise the most
 * cube-like box of that many cubes. False beyond 256 cubes, or for none. */
bool topo_fixed_of(unsigned n_cubes, struct topo_fixed *ret_fixed);
/* Finds a box of free cubes, in any orientation. No twists: the torus is as it is cabled. */
__attribute__((warn_unused_result)) int topo_fixed_place(const struct topo_fixed *fixed,
                                                         const struct topo_cube_set *free_cubes,
                                                         const struct topo_shape *shape,
                                                         enum topo_fixed_policy policy,
                                                         struct topo_fixed_place *ret_place);
