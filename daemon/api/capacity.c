#include "daemon/api/capacity.h"

#include <stdio.h>
#include <stdlib.h>

struct candidates {
    struct topo_shape shape[512]; /* sorted shapes of at most 256 cubes: fewer than this */
    size_t count;
};

static void add_candidate(const struct topo_shape *plain, void *userdata) {
    struct candidates *candidates = userdata;
    char text[64], error[200];
    struct topo_shape shape;
    if (candidates->count == sizeof(candidates->shape) / sizeof(candidates->shape[0]))
        return;
    /* As a person would ask for it: twisted where that is the default. */
    snprintf(text, sizeof(text), "%ux%ux%u", plain->chips[0], plain->chips[1], plain->chips[2]);
    if (topo_shape_parse(text, &shape, error, sizeof(error)) == 0)
        candidates->shape[candidates->count++] = shape;
}

static int compare(const void *left, const void *right) {
    const struct topo_shape *a = left, *b = right;
    if (a->n_chips != b->n_chips)
        return a->n_chips > b->n_chips ? -1 : 1;
    /* The longest side is the shortest in the most cubic shape. */
    if (a->chips[2] != b->chips[2])
        return a->chips[2] < b->chips[2] ? -1 : 1;
    return (a->chips[1] > b->chips[1]) - (a->chips[1] < b->chips[1]);
}

static unsigned usable_cubes(const struct fabric_pod *pod) {
    unsigned count = 0;
    for (unsigned cube = 0; cube < pod->n_cubes; cube++)
        count += !topo_pod_is_barred(&pod->plan, cube, NULL) && !topo_set_has(&pod->plan.spare, cube);
    return count;
}

bool capacity_largest(const struct fabric_pod *pod, struct topo_shape *ret_shape) {
    unsigned limit = usable_cubes(pod);
    if (pod->frozen != FROZEN_NOT || pod->is_blind || pod->is_importing)
        return false;
    if (limit > pod->largest_slice_cubes)
        limit = pod->largest_slice_cubes;
    struct candidates *candidates = calloc(1, sizeof(*candidates));
    struct topo_request *request = calloc(1, sizeof(*request));
    struct topo_plan plan;
    struct topo_refusal refusal;
    bool found = false;
    if (candidates && request) {
        topo_shape_enumerate(limit, add_candidate, candidates);
        qsort(candidates->shape, candidates->count, sizeof(candidates->shape[0]), compare);
        for (size_t i = 0; i < candidates->count && i < CAPACITY_TRIES && !found; i++) {
            request->shape = candidates->shape[i];
            found = topo_plan_create(&pod->plan, request, &plan, &refusal) == 0;
            if (found)
                *ret_shape = candidates->shape[i];
        }
    }
    free(candidates);
    free(request);
    return found;
}
