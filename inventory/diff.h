#pragma once
/* What an import would change, in lines for a person: "fiber cube-07 +x 5: ocs-x-05 A8 -> ocs-x-05 A70". */
#include "heliostat/v1/inventory.pb-c.h"

#include <stddef.h>

struct inventory_lines {
    char **items;
    size_t n;
};

void inventory_lines_deinit(struct inventory_lines *lines);

/* before or after may be NULL: a pod that is new, or goes. Both good by inventory_check(). Names of cubes,
 * hosts and switches are without the pod; things are told apart by them, not by their place in a list. Lines
 * are added: pod, cubes, switches, fibers, each in order. Fibers of a cube that is new or goes are counted,
 * not listed. 0 or -ENOMEM (the lines so far stay). */
__attribute__((warn_unused_result)) int inventory_diff(const Heliostat__V1__Pod *before,
                                                       const Heliostat__V1__Pod *after,
                                                       struct inventory_lines *lines);
