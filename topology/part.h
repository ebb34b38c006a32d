#pragma once
/* Slices smaller than a cube: blocks of whole hosts inside one cube, a mesh without optics. A host drives a
 * 2x2x1 block of chips and has one owner, so 1x1x1, 1x1x2 and 1x2x2 take one host each. Pure; any thread. */
#include "topology/plan.h"

#define TOPO_BLOCK_TURNS_MAX 24

struct topo_block {
    uint16_t cube;
    uint16_t hosts;      /* bit per host */
    uint8_t origin[3];   /* the first chip, in the cube */
    uint8_t size[3];     /* chips along x, y, z of the cube */
    uint8_t axis_map[3]; /* dimension i of the shape lies along this dimension of the cube */
    bool opens_cube;     /* no other part uses the cube yet */
};

struct topo_part_request {
    struct topo_shape shape; /* part of a cube */
    struct topo_cube_set exclude;
    bool use_spares;
    bool pin_cube; /* only this cube */
    uint16_t cube;
};

/* Hosts that a part shape takes, 0 for another shape. */
unsigned topo_part_hosts(const struct topo_shape *shape);
/* All blocks of a part shape in a cube, cube and opens_cube unset; returns their number. */
unsigned topo_part_blocks(const struct topo_shape *shape, struct topo_block ret_blocks[TOPO_BLOCK_TURNS_MAX]);
/* A cube that parts may use: free of whole-cube slices, healthy apart from bad_hosts, no circuit that a
 * switch may still hold. */
bool topo_part_may_use(const struct topo_pod *pod, unsigned cube);

/* 0 with a block, or TOPO_REFUSED. Best fit: a cube that is cut already, the one with the fewest free hosts;
 * then a cube of least worth to whole-cube slices (bad hosts, most damage, no spare, fewest lit circuits). In
 * the cube, the block that leaves the most room for the largest shapes. */
__attribute__((warn_unused_result)) int topo_part_place(const struct topo_pod *pod,
                                                        const struct topo_part_request *request,
                                                        struct topo_block *ret_block,
                                                        struct topo_refusal *ret_refusal);
/* How much room a mask of free hosts has: more is better, 8-host blocks first. For comparison only. */
unsigned topo_part_room(uint16_t free_hosts);
