#pragma once
/* The fewest mirror moves by integer programming (GLPK): a second opinion on the planner, for small pods. */
#include "topology/plan.h"

/* True and *ret_moves where the solver proved an optimum within limit_ms. Whole cubes only: pods whose free
 * cubes lack no end. False as well when built without GLPK. */
bool exact_moves(const struct topo_pod *pod, const struct topo_request *request, int limit_ms,
                 unsigned *ret_moves);
