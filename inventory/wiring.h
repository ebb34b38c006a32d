#pragma once
#include "heliostat/v1/inventory.pb-c.h"
#include "topology/wiring.h"

/* The fiber table of a pod in the terms of topology/, sealed. Cubes and switches are numbered by their index.
 * A pod that inventory_check() found good always fits. 0, or INVENTORY_REFUSED with a text in error
 * (INVENTORY_ERROR_MAX bytes); *ret_wiring is then undefined. */
__attribute__((warn_unused_result)) int inventory_wiring(const Heliostat__V1__Pod *pod,
                                                         struct topo_wiring *ret_wiring, char *error);
