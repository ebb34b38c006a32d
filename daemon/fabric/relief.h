#pragma once
/* What would make a refused request fit: said in the refusal. */
#include "daemon/fabric/fabric.h"

/* Adds the nearest topology that fits now and the smallest set of things after which the request would: the
 * slices to release, the cubes to repair. whole NULL: part counts. */
void relief_add(struct fabric_refusal *refusal, const struct fabric_pod *pod,
                const struct topo_request *whole, const struct topo_part_request *part);
