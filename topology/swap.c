#include <string.h>

#include "topology/refusal.h"
#include "topology/search.h"

/* A swap chooses few cubes: it can be searched to the end more often than a whole slice. */
#define SWAP_EFFORT 20000

static void count_missing(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
                          unsigned ret_missing[3]) {
    for (unsigned dimension = 0; dimension < 3; dimension++) {
        ret_missing[dimension] = 0;
        for (unsigned position = 0; position < shape->n_cubes; position++) {
            unsigned next = topo_shape_next(shape, position, dimension);
            ret_missing[dimension] += (unsigned)__builtin_popcount(
                topo_bundle_missing(pod, cubes[position], cubes[next], dimension));
        }
    }
}

static int check_arguments(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
                           const struct topo_swap *swaps, unsigned n_swaps, struct topo_refusal *refusal) {
    if (!topo_shape_is_valid(shape) || !shape->whole_cubes)
        return topo_refuse_text(refusal, TOPO_REASON_INVALID_ARGUMENT,
                                "shape: cubes are swapped in slices of whole cubes");
    struct topo_cube_set own = {0};
    for (unsigned position = 0; position < shape->n_cubes; position++) {
        if (cubes[position] >= pod->wiring->n_cubes || topo_set_has(&own, cubes[position]))
            return topo_refuse_text(refusal, TOPO_REASON_INVALID_ARGUMENT,
                                    "cubes: %u at position %u does not exist or is there twice",
                                    cubes[position], position);
        topo_set_add(&own, cubes[position]);
    }
    bool touched[TOPO_POSITIONS_MAX] = {false};
    for (unsigned i = 0; i < n_swaps; i++) {
        if (swaps[i].position >= shape->n_cubes || touched[swaps[i].position])
            return topo_refuse_text(refusal, TOPO_REASON_INVALID_PIN,
                                    "position %u is named twice or not part of the slice", swaps[i].position);
        touched[swaps[i].position] = true;
    }
    return 0;
}

int topo_plan_swap(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
                   const struct topo_swap *swaps, unsigned n_swaps, const struct topo_cube_set *exclude,
                   const unsigned tolerate_missing[3], bool use_spares, struct topo_plan *ret_plan,
                   struct topo_refusal *ret_refusal) {
    struct topo_refusal refusal = {.cube = TOPO_CUBES_MAX};
    int r = check_arguments(pod, shape, cubes, swaps, n_swaps, &refusal);
    if (r) {
        *ret_refusal = refusal;
        return r;
    }
    struct topo_search_task task = {.pod = pod, .shape = shape, .effort = SWAP_EFFORT};
    struct topo_cube_set leaving = {0}, own = {0}, taken = {0};
    memcpy(task.at, cubes, sizeof(*cubes) * shape->n_cubes);
    for (unsigned i = 0; i < n_swaps; i++) {
        topo_set_add(&leaving, cubes[swaps[i].position]);
        task.at[swaps[i].position] = TOPO_UNPLACED;
    }
    for (unsigned position = 0; position < shape->n_cubes; position++)
        if (task.at[position] != TOPO_UNPLACED)
            topo_set_add(&own, task.at[position]);
    unsigned to_choose = 0;
    for (unsigned i = 0; i < n_swaps && r == 0; i++) {
        int with = swaps[i].with;
        if (with < 0) {
            to_choose++;
        } else if (with >= pod->wiring->n_cubes || topo_set_has(&taken, (unsigned)with)) {
            refusal.cube = (unsigned)with;
            r = topo_refuse_text(&refusal, TOPO_REASON_INVALID_PIN,
                                 "cube %d does not exist or is named twice", with);
        } else {
            r = topo_refuse_pin(pod, exclude, &own, (unsigned)with, true, &refusal);
            topo_set_add(&taken, (unsigned)with);
            task.at[swaps[i].position] = (uint16_t)with;
        }
    }
    for (unsigned cube = 0; cube < pod->wiring->n_cubes && r == 0 && to_choose; cube++) {
        bool spare = topo_set_has(&pod->spare, cube);
        if (topo_pod_is_barred(pod, cube, &own) || topo_set_has(exclude, cube) ||
            topo_set_has(&taken, cube) || (spare && !use_spares))
            continue;
        task.candidates[task.n_candidates++] = (uint16_t)cube;
        if (spare)
            topo_set_add(&task.costly, cube);
    }
    if (r == 0 && task.n_candidates < to_choose)
        r = topo_refuse_number(pod, exclude, &own, use_spares, to_choose, task.n_candidates, &refusal);
    if (r) {
        *ret_refusal = refusal;
        return r;
    }
    unsigned before[3];
    count_missing(pod, shape, cubes, before);
    for (unsigned dimension = 0; dimension < 3; dimension++)
        task.limit[dimension] =
            before[dimension] > tolerate_missing[dimension] ? before[dimension] : tolerate_missing[dimension];
    struct topo_search_result found;
    if (topo_search(&task, &found)) {
        refusal.unproven = !found.proven;
        refusal.needed = to_choose;
        refusal.candidates = task.n_candidates;
        task.limit[0] = task.limit[1] = task.limit[2] = UINT32_MAX / 2;
        r = topo_search(&task, &found)
                ? topo_refuse_text(&refusal, TOPO_REASON_NEEDS_TOLERANCE, "no arrangement was found")
                : topo_refuse_links(pod, shape, found.cubes, found.missing, &refusal);
        *ret_refusal = refusal;
        return r;
    }
    struct topo_plan plan = {.proven = found.proven};
    memcpy(plan.cubes, found.cubes, sizeof(*plan.cubes) * shape->n_cubes);
    memcpy(plan.missing, found.missing, sizeof(plan.missing));
    for (unsigned position = 0; position < shape->n_cubes; position++) {
        plan.spares +=
            plan.cubes[position] != cubes[position] && topo_set_has(&pod->spare, plan.cubes[position]);
        for (unsigned dimension = 0; dimension < 3; dimension++)
            plan.reused += pod->lit_next[plan.cubes[position]][dimension] ==
                           (int)plan.cubes[topo_shape_next(shape, position, dimension)];
    }
    topo_plan_count_moves(pod, shape, plan.cubes, &leaving, &plan.removals, &plan.additions);
    plan.moves_at_least = plan.proven ? plan.removals + plan.additions : 0;
    *ret_plan = plan;
    return 0;
}
