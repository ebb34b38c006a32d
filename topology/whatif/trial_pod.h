#pragma once
/* A copy of a pod on which things are tried: slices come and go, and their circuits with them. Nothing else
 * knows of it. */
#include "topology/part.h"

/* The cubes form a slice: they are used, the circuits they need stand, those in their way are gone. */
void whatif_occupy(struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes);
/* The circuits stay dark. */
void whatif_release(struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes);
/* Hosts of one cube for a part of it. A cube that is cut has no circuits: returns how many went. */
unsigned whatif_occupy_part(struct topo_pod *pod, unsigned cube, uint16_t hosts);
void whatif_release_part(struct topo_pod *pod, unsigned cube, uint16_t hosts);
/* Removes every circuit of a cube and returns how many there were. */
unsigned whatif_darken(struct topo_pod *pod, unsigned cube);

/* The largest whole-cube slice that would be planned now. Links of switches in pod->bad_ocses may be missing
 * when degraded is true. False where not even one cube can be had. */
bool whatif_largest(const struct topo_pod *pod, bool degraded, struct topo_shape *ret_shape);
/* Cubes that a whole-cube slice could use now: free, healthy, schedulable, spares too. With degraded, links
 * of dead switches do not count as damage. */
unsigned whatif_free_cubes(const struct topo_pod *pod, bool degraded);
/* Links of each dimension that a slice of n_cubes cubes lacks because of pod->bad_ocses. */
void whatif_tolerance(const struct topo_pod *pod, unsigned n_cubes, unsigned ret_tolerate[3]);
