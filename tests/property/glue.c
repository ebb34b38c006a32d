#include "glue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void glue_fail(uint64_t seed, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "seed %llu: ", (unsigned long long)seed);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

static void must(enum topo_wiring_result result) {
    if (result) {
        fprintf(stderr, "wiring: %s\n", topo_wiring_result_text(result));
        exit(1);
    }
}

void glue_load(struct glue *glue, const struct plant *plant) {
    must(topo_wiring_init(&glue->wiring, (unsigned)plant->n_cubes, PLANT_OCSES));
    for (unsigned ocs = 0; ocs < PLANT_OCSES; ocs++)
        must(topo_wiring_set_ocs(&glue->wiring, ocs, PLANT_PORTS, PLANT_PORTS));
    for (unsigned cube = 0; cube < (unsigned)plant->n_cubes; cube++)
        for (unsigned face = 0; face < 6; face++)
            for (unsigned index = 0; index < 16; index++) {
                const struct plant_fiber *fiber = &plant->fiber[cube][face][index];
                if (fiber->ocs >= 0)
                    must(topo_wiring_add_fiber(&glue->wiring, cube, face, index, (unsigned)fiber->ocs,
                                               (enum topo_side)fiber->side, (unsigned)fiber->port));
            }
    topo_wiring_seal(&glue->wiring);
    topo_pod_init(&glue->pod, &glue->wiring, (unsigned)plant->n_cubes);
    const uint16_t *maps[TOPO_OCSES_MAX] = {0};
    for (unsigned ocs = 0; ocs < PLANT_OCSES; ocs++) {
        maps[ocs] = plant->b_of_a[ocs];
        if (plant->bad_ocs[ocs])
            glue->pod.bad_ocses |= UINT64_C(1) << ocs;
    }
    for (unsigned cube = 0; cube < (unsigned)plant->n_cubes; cube++)
        for (unsigned face = 0; face < 6; face++)
            for (unsigned index = 0; index < 16; index++)
                if (plant->bad_end[cube][face][index])
                    glue->pod.bad_ends[cube][face] |= (uint16_t)(1u << index);
    topo_pod_refresh_lit(&glue->pod, maps);
    topo_pod_refresh_ends(&glue->pod);
}

struct plant_shape glue_shape(const struct topo_shape *shape) {
    return (struct plant_shape){{shape->chips[0], shape->chips[1], shape->chips[2]}, shape->twist != 0};
}
