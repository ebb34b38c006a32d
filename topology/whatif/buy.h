#pragma once
/* More cubes for a pod: each of their face links needs a free port on the switch that serves its dimension
 * and face index. */
#include "topology/wiring.h"

/* Adds up to `wanted` cubes to a wiring, cabled like cube 0: each face link on the same switch and side. At
 * each side of each switch `keep_ports` ports stay free, for tests and repairs. Returns how many cubes were
 * added; fewer than wanted: *ret_full is the switch whose ports ran out, or -1 at TOPO_CUBES_MAX. */
unsigned whatif_buy(struct topo_wiring *wiring, unsigned wanted, unsigned keep_ports, int *ret_full);
