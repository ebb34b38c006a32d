#pragma once
/* From a slice's cubes to the circuits it needs, and what those circuits are called. */
#include "topology/shape.h"
#include "topology/wiring.h"

#define TOPO_LINKS_PER_POSITION 48
#define TOPO_LINKS_MAX (TOPO_POSITIONS_MAX * TOPO_LINKS_PER_POSITION)

/* One link of a slice: from the + face of the cube at a position to the - face of the next one. ocs < 0: the
 * fiber table cannot make it (an end has no fiber, or the two end on different switches or on the same side).
 */
struct topo_link {
    uint16_t position;
    uint8_t dimension, index;
    int16_t ocs;
    uint16_t a, b; /* from 1 */
};

/* The link at (position, dimension, index) of a slice whose cube at each position is cubes[position]. */
struct topo_link topo_link_at(const struct topo_wiring *wiring, const struct topo_shape *shape,
                              const uint16_t *cubes, unsigned position, unsigned dimension, unsigned index);

/* A commutative 64-bit fingerprint of the circuits of a whole-cube slice, links that cannot be made left out.
 * Stable across versions: it is stored. */
uint64_t topo_fingerprint(const struct topo_wiring *wiring, const struct topo_shape *shape,
                          const uint16_t *cubes);

/* Host h of a cube drives a 2x2x1 block: its first chip's coordinates in the cube. */
void topo_host_origin(unsigned host, unsigned ret_chip[3]);
/* Rank of host h at a position: hosts are counted x-fastest over the slice's own grid of hosts. */
unsigned topo_host_rank(const struct topo_shape *shape, unsigned position, unsigned host);
