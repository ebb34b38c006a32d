#include <string.h>

#include "topology/change.h"
#include "topology/refusal.h"
#include "topology/search.h"

/* A first arrangement: what lies in both shapes stays at its coordinates, the rest is filled with the slice's
 * other cubes, then with free ones in the order of the candidates. */
static void find_hint(const struct topo_shape *shape, const uint16_t *cubes,
                      const struct topo_search_task *task, uint16_t hint[TOPO_POSITIONS_MAX]) {
    const struct topo_shape *to = task->shape;
    struct topo_cube_set left = {0};
    for (unsigned i = 0; i < task->n_candidates; i++)
        topo_set_add(&left, task->candidates[i]);
    for (unsigned position = 0; position < to->n_cubes; position++) {
        unsigned x = position % to->cubes[0], y = position / to->cubes[0] % to->cubes[1],
                 z = position / to->cubes[0] / to->cubes[1];
        hint[position] = TOPO_UNPLACED;
        if (x >= shape->cubes[0] || y >= shape->cubes[1] || z >= shape->cubes[2])
            continue;
        unsigned cube = cubes[x + shape->cubes[0] * (y + shape->cubes[1] * z)];
        if (topo_set_has(&left, cube)) {
            hint[position] = (uint16_t)cube;
            topo_set_remove(&left, cube);
        }
    }
    unsigned next = 0;
    for (unsigned position = 0; position < to->n_cubes; position++) {
        if (hint[position] != TOPO_UNPLACED)
            continue;
        while (next < task->n_candidates && !topo_set_has(&left, task->candidates[next]))
            next++;
        if (next < task->n_candidates)
            hint[position] = task->candidates[next++];
    }
}

static int check(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
                 const struct topo_request *request, struct topo_cube_set *ret_own,
                 struct topo_refusal *refusal) {
    if (!topo_shape_is_valid(shape) || !topo_shape_is_valid(&request->shape) || !shape->whole_cubes)
        return topo_refuse_text(refusal, TOPO_REASON_INVALID_ARGUMENT,
                                "shape: only slices of whole cubes change their shape");
    if (!request->shape.whole_cubes)
        return topo_refuse_text(refusal, TOPO_REASON_INVALID_TOPOLOGY,
                                "a slice of whole cubes cannot become a part of a cube");
    if (request->pin_mode != TOPO_PIN_NONE)
        return topo_refuse_text(refusal, TOPO_REASON_INVALID_ARGUMENT, "pin_mode: not taken here");
    unsigned limit =
        pod->largest_slice_cubes < pod->wiring->n_cubes ? pod->largest_slice_cubes : pod->wiring->n_cubes;
    if (request->shape.n_cubes > limit)
        return topo_refuse_text(refusal, TOPO_REASON_LARGER_THAN_MODEL_LIMIT,
                                "%u chips asked for; the largest slice of this pod has %u",
                                request->shape.n_chips, limit * 64);
    struct topo_cube_set own = {0};
    for (unsigned position = 0; position < shape->n_cubes; position++) {
        if (cubes[position] >= pod->wiring->n_cubes || topo_set_has(&own, cubes[position]))
            return topo_refuse_text(refusal, TOPO_REASON_INVALID_ARGUMENT,
                                    "cubes: %u at position %u does not exist or is there twice",
                                    cubes[position], position);
        topo_set_add(&own, cubes[position]);
    }
    *ret_own = own;
    return 0;
}

static bool is_well(const struct topo_pod *pod, unsigned cube) {
    return !topo_set_has(&pod->unhealthy, cube) && !pod->bad_hosts[cube];
}

int topo_plan_reshape(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
                      const struct topo_request *request, struct topo_plan *ret_plan,
                      struct topo_cube_set *ret_leaving, struct topo_refusal *ret_refusal) {
    struct topo_refusal refusal = {.cube = TOPO_CUBES_MAX};
    struct topo_cube_set own;
    int r = check(pod, shape, cubes, request, &own, &refusal);
    if (r) {
        *ret_refusal = refusal;
        return r;
    }
    struct topo_search_task task = {.pod = pod, .shape = &request->shape, .effort = request->effort};
    memset(task.at, 0xff, sizeof(task.at));
    memcpy(task.limit, request->tolerate_missing, sizeof(task.limit));
    for (unsigned position = 0; position < shape->n_cubes; position++)
        if (is_well(pod, cubes[position]) && !topo_set_has(&request->exclude, cubes[position]))
            task.candidates[task.n_candidates++] = cubes[position];
    struct topo_search_result found = {.proven = true};
    bool fits = false;
    /* Spares only when it cannot be done without. */
    for (unsigned spares = 0; spares < 2 && !fits; spares++) {
        unsigned before = task.n_candidates;
        for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
            if (topo_set_has(&own, cube) || topo_set_has(&pod->spare, cube) != (spares == 1) ||
                topo_set_has(&request->exclude, cube) || topo_pod_is_barred(pod, cube, &own))
                continue;
            task.candidates[task.n_candidates++] = (uint16_t)cube;
            topo_set_add(&task.costly, cube);
        }
        uint16_t hint[TOPO_POSITIONS_MAX];
        if ((spares && (!request->use_spares || before == task.n_candidates)) ||
            task.n_candidates < request->shape.n_cubes)
            continue;
        find_hint(shape, cubes, &task, hint);
        task.hint = hint;
        bool proven = found.proven;
        fits = topo_search(&task, &found) == 0;
        found.proven &= proven;
        task.hint = NULL;
        if (!fits) {
            struct topo_search_task wider = task;
            struct topo_search_result best;
            wider.limit[0] = wider.limit[1] = wider.limit[2] = UINT32_MAX / 2;
            if (topo_search(&wider, &best) == 0)
                topo_refuse_links(pod, &request->shape, best.cubes, best.missing, &refusal);
        }
    }
    if (!fits) {
        refusal.unproven = !found.proven;
        if (!refusal.reason)
            topo_refuse_number(pod, &request->exclude, &own, request->use_spares,
                               request->shape.n_cubes > shape->n_cubes
                                   ? request->shape.n_cubes - shape->n_cubes
                                   : request->shape.n_cubes,
                               task.n_candidates, &refusal);
        *ret_refusal = refusal;
        return TOPO_REFUSED;
    }
    struct topo_plan plan = {.proven = found.proven};
    struct topo_cube_set leaving = own, dead = {0};
    memcpy(plan.cubes, found.cubes, sizeof(*plan.cubes) * request->shape.n_cubes);
    memcpy(plan.missing, found.missing, sizeof(plan.missing));
    for (unsigned position = 0; position < request->shape.n_cubes; position++) {
        unsigned cube = plan.cubes[position];
        topo_set_remove(&leaving, cube);
        plan.spares += topo_set_has(&pod->spare, cube) && !topo_set_has(&own, cube);
        for (unsigned dimension = 0; dimension < 3; dimension++)
            plan.reused += pod->lit_next[cube][dimension] ==
                           (int)plan.cubes[topo_shape_next(&request->shape, position, dimension)];
    }
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++)
        if (topo_set_has(&leaving, cube) && (!is_well(pod, cube) || topo_set_has(&pod->unschedulable, cube)))
            topo_set_add(&dead, cube);
    topo_plan_count_moves(pod, &request->shape, plan.cubes, &dead, &plan.removals, &plan.additions);
    unsigned moves = plan.removals + plan.additions;
    plan.moves_at_least = plan.proven || found.moves_at_least > moves ? moves : found.moves_at_least;
    *ret_plan = plan;
    *ret_leaving = leaving;
    return 0;
}
