/* What is said to make a request fit: it does, and no smaller set of things does. Each cube has at most one
 * thing against it, as the library promises no more. Usage: reason_property SEED COUNT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glue.h"
#include "topology/explain.h"

static const char *const shapes[] = {"4x4x4", "4x4x8", "4x4x12", "4x8x8", "4x4x20", "4x8x12", "8x8x8"};

/* A thing that can be done: a bit of `done`. Cubes of a slice share one. */
struct cube {
    int thing;   /* -1: usable as it is; else one thing makes it usable, unless ends are bad */
    int ends[3]; /* things that repair its bad ends */
    int n_ends;
};

static bool fits(const struct cube *cubes, int n_cubes, int needed, uint32_t switches, uint32_t done) {
    int usable = 0;
    if (switches & ~done)
        return false;
    for (int i = 0; i < n_cubes; i++) {
        bool well = cubes[i].thing < 0 || done >> cubes[i].thing & 1;
        for (int j = 0; j < cubes[i].n_ends; j++)
            well &= done >> cubes[i].ends[j] & 1;
        usable += well;
    }
    return usable >= needed;
}

static bool any_of_size(const struct cube *cubes, int n_cubes, int needed, uint32_t switches, int n_things,
                        int from, int size, uint32_t done) {
    if (size == 0)
        return fits(cubes, n_cubes, needed, switches, done);
    for (int thing = from; thing < n_things; thing++)
        if (any_of_size(cubes, n_cubes, needed, switches, n_things, thing + 1, size - 1,
                        done | UINT32_C(1) << thing))
            return true;
    return false;
}

int main(int argc, char **argv) {
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
    unsigned refused = 0, helped = 0, things_named = 0, hopeless = 0, nearest = 0;
    static struct plant plant;
    static struct glue glue;
    static struct topo_pod scratch;
    for (unsigned round = 0; round < count; round++, seed++) {
        struct plant_random random = {seed * 2654435761u + 88172645463325252u};
        int n_cubes = 3 + (int)plant_random(&random, 7), n_things = 0;
        struct cube cubes[10] = {{0}};
        uint32_t switches = 0;
        plant_init(&plant, n_cubes);
        if (plant_random(&random, 5) == 0) {
            plant.bad_ocs[plant_random(&random, 48)] = true;
            switches = UINT32_C(1) << n_things++;
        }
        int slice_thing[3] = {-1, -1, -1}, status[10], slice[10] = {0};
        for (int i = 0; i < n_cubes; i++) {
            status[i] = (int)plant_random(&random, 11);
            cubes[i].thing = -1;
            if (status[i] == 7 || status[i] == 8) { /* of a slice that somebody could release */
                slice[i] = (int)plant_random(&random, 3);
                if (slice_thing[slice[i]] < 0)
                    slice_thing[slice[i]] = n_things++;
                cubes[i].thing = slice_thing[slice[i]];
            } else if (status[i] == 6) {
                cubes[i].n_ends = 1 + (int)plant_random(&random, 2);
                int face = (int)plant_random(&random, 6);
                for (int j = 0; j < cubes[i].n_ends; j++) {
                    cubes[i].ends[j] = n_things++;
                    plant.bad_end[i][(face + j) % 6][3] = true;
                }
            } else if (status[i] < 6) {
                cubes[i].thing = n_things++;
            }
        }
        glue_load(&glue, &plant);
        struct topo_request request = {0};
        char error[200];
        if (topo_shape_parse(shapes[plant_random(&random, 7)], &request.shape, error, sizeof(error)))
            glue_fail(seed, "%s", error);
        for (int i = 0; i < n_cubes; i++) {
            struct topo_pod *pod = &glue.pod;
            struct topo_cube_set *sets[] = {&pod->unhealthy,  &pod->unschedulable, &pod->spare,
                                            &request.exclude, &pod->unaccounted,   &pod->unproven};
            if (status[i] < 6)
                topo_set_add(sets[status[i]], (unsigned)i);
            if (status[i] == 7 || status[i] == 8) {
                topo_set_add(&pod->used, (unsigned)i);
                pod->slice_of[i] = (uint32_t)slice[i] + 1;
            }
        }
        struct topo_plan plan;
        struct topo_refusal refusal;
        bool was = fits(cubes, n_cubes, request.shape.n_cubes, switches, 0);
        if ((topo_plan_create(&glue.pod, &request, &plan, &refusal) == 0) != was)
            glue_fail(seed, "planned or refused wrongly: %s", was ? refusal.text : "planned");
        if (was)
            continue;
        refused++;
        struct topo_shape shape;
        if (topo_nearest_fit(&glue.pod, &request, &shape)) {
            nearest++;
            if (shape.whole_cubes && !fits(cubes, n_cubes, shape.n_cubes, switches, 0))
                glue_fail(seed, "the nearest shape does not fit");
            if (shape.whole_cubes && fits(cubes, n_cubes, shape.n_cubes + 1, switches, 0) &&
                shape.n_cubes + 1 <= request.shape.n_cubes && request.shape.n_cubes <= n_cubes)
                glue_fail(seed, "a shape of %u cubes fits and is nearer than %u", shape.n_cubes + 1,
                          shape.n_cubes);
        } else if (fits(cubes, n_cubes, 1, switches, 0)) {
            glue_fail(seed, "4x4x4 fits; no nearest shape is named");
        }
        struct topo_remedy remedies[TOPO_REMEDIES_MAX];
        unsigned n = topo_find_remedies(&glue.pod, &request, &scratch, remedies);
        int fewest = -1;
        for (int size = 1; size <= n_things && size <= 8 && fewest < 0; size++)
            if (any_of_size(cubes, n_cubes, request.shape.n_cubes, switches, n_things, 0, size, 0))
                fewest = size;
        if (n == 0 && fewest > 0)
            glue_fail(seed, "nothing is named that helps; %d things do", fewest);
        if (n > 0 && fewest > 0 && (int)n != fewest)
            glue_fail(seed, "%u things are named, %d are enough", n, fewest);
        if (n > 0 && fewest < 0 && n <= 8)
            glue_fail(seed, "%u things are named, they are not enough", n);
        for (unsigned i = 0; i < n; i++) {
            char text[100];
            topo_format_remedy(&glue.pod, &remedies[i], text, sizeof(text));
            if (strcmp(text, "unknown") == 0)
                glue_fail(seed, "a remedy without words");
        }
        helped += n > 0;
        hopeless += n == 0;
        things_named += n;
    }
    printf("count: reasons, seed %llu on: %u pods, %u refusals; %u with the fewest remedies (%u things), %u "
           "beyond "
           "help, %u with the nearest shape\n",
           (unsigned long long)(seed - count), count, refused, helped, things_named, hopeless, nearest);
    return 0;
}
