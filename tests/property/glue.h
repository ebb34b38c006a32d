#pragma once
/* Turns a plant into what the library reads. */
#include "plant.h"
#include "topology/plan.h"

struct glue {
    struct topo_wiring wiring;
    struct topo_pod pod;
};
/* Fills wiring and pod from the plant: fibers, damage and circuits. Sets of cubes stay empty. */
void glue_load(struct glue *glue, const struct plant *plant);
/* Prints the seed and the complaint, and exits with 1. */
__attribute__((noreturn, format(printf, 2, 3))) void glue_fail(uint64_t seed, const char *format, ...);
struct plant_shape glue_shape(const struct topo_shape *shape);
