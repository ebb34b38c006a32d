#pragma once
/* The largest slice that would be granted now. Pure over the pod's plan; any pod, no side effects. */
#include "daemon/fabric/fabric.h"

/* False: none. Tries at most CAPACITY_TRIES shapes, most chips first, among equals the most cubic one. */
#define CAPACITY_TRIES 64
bool capacity_largest(const struct fabric_pod *pod, struct topo_shape *ret_shape);
