#pragma once
/* Which circuits make a torus: the published rules, chip by chip. Shares nothing with topology/ but the fiber
 * table that both are given. */
#include "tests/world/fleet.h"

struct rules_link {
    uint8_t position, dimension, index; /* at the + face of the cube at the position */
    int16_t ocs;                        /* -1: the fibers do not meet on one switch */
    uint16_t a, b;
};

/* Links of "4x4x8_twisted" and so on on the cubes in position order. Returns the number of cubes, 0 when the
 * text is none of ours; *ret_count links. links: room for 48 a cube. */
unsigned rules_links(const struct fleet *fleet, const char *topology, const uint16_t *cubes,
                     struct rules_link *links, unsigned *ret_count);
unsigned rules_cubes(const char *topology);
/* "1x1x1" to "2x4x4": smaller than a cube. */
bool rules_is_part(const char *topology);
/* The hosts of a cube, a bit each, whose chips form the block: its sides along any axes, one host whole. */
bool rules_is_block(const char *topology, uint16_t hosts);
