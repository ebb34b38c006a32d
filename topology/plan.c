#include "topology/plan.h"

#include <stdio.h>
#include <string.h>

#include "topology/refusal.h"
#include "topology/search.h"

uint16_t topo_bundle_missing(const struct topo_pod *pod, unsigned from, unsigned to, unsigned dimension) {
    const struct topo_wiring *wiring = pod->wiring;
    if (from >= wiring->n_cubes || to >= wiring->n_cubes || dimension > 2)
        return UINT16_MAX;
    unsigned plus = topo_face(dimension, false), minus = topo_face(dimension, true);
    uint16_t missing = (uint16_t) ~(pod->good_ends[from][plus] & pod->good_ends[to][minus]);
    if (wiring->uniform)
        return missing;
    for (unsigned index = 0; index < TOPO_INDICES; index++) {
        const struct topo_port *one = &wiring->port_of[topo_end(from, plus, index)];
        const struct topo_port *other = &wiring->port_of[topo_end(to, minus, index)];
        if (one->ocs != other->ocs || one->side == other->side)
            missing |= (uint16_t)(1u << index);
    }
    return missing;
}

static bool may_be_parted(const struct topo_pod *pod, unsigned cube) {
    uint64_t any = 0;
    for (unsigned word = 0; word < TOPO_CUBE_WORDS; word++)
        any |= pod->unproven_with[cube].word[word];
    return any == 0;
}

/* The cubes that the request may use. Those that must not be parted from another come last. */
static void collect_free(const struct topo_pod *pod, const struct topo_request *request,
                         struct topo_search_task *task) {
    uint16_t later[TOPO_CUBES_MAX];
    unsigned n_later = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        bool spare = topo_set_has(&pod->spare, cube);
        if (topo_pod_is_barred(pod, cube, NULL) || topo_set_has(&request->exclude, cube) ||
            (spare && !request->use_spares))
            continue;
        if (spare)
            topo_set_add(&task->costly, cube);
        if (may_be_parted(pod, cube))
            task->candidates[task->n_candidates++] = (uint16_t)cube;
        else
            later[n_later++] = (uint16_t)cube;
    }
    memcpy(task->candidates + task->n_candidates, later, sizeof(*later) * n_later);
    task->n_candidates += n_later;
}

/* Where all ends of a dimension's index meet on one switch, only whole cubes make a whole slice, and any of
 * them do: damaged cubes and spares are looked at only when there are too few others. */
static void keep_whole_cubes(const struct topo_pod *pod, const struct topo_request *request,
                             struct topo_search_task *task) {
    if (!pod->wiring->uniform)
        return;
    uint16_t whole[2][TOPO_CUBES_MAX];
    unsigned count[2] = {0, 0};
    for (unsigned i = 0; i < task->n_candidates; i++) {
        unsigned cube = task->candidates[i];
        if (pod->damage[cube])
            continue;
        bool costly = topo_set_has(&task->costly, cube);
        whole[costly][count[costly]++] = (uint16_t)cube;
    }
    const unsigned *tolerate = request->tolerate_missing;
    bool strict = !tolerate[0] && !tolerate[1] && !tolerate[2];
    bool few = count[0] < request->shape.n_cubes;
    if (few && (!strict || count[0] + count[1] < request->shape.n_cubes))
        return;
    memcpy(task->candidates, whole[0], sizeof(**whole) * count[0]);
    task->n_candidates = count[0];
    if (few) {
        memcpy(task->candidates + count[0], whole[1], sizeof(**whole) * count[1]);
        task->n_candidates += count[1];
    }
}

/* For TOPO_DOMAIN_PACK: the fullest domains first, and of those that can hold the rest the one that it fills
 * best. Candidates of one domain stay in their order. */
static void order_domains(struct topo_search_task *task) {
    unsigned there[256] = {0}, rank[256], n_ranks = 0;
    for (unsigned i = 0; i < task->n_candidates; i++)
        there[task->domain_of[task->candidates[i]]]++;
    unsigned left = task->shape->n_cubes;
    bool taken[256] = {false};
    for (;;) {
        int fullest = -1, fits = -1;
        for (int domain = 0; domain < 256; domain++) {
            if (taken[domain] || there[domain] == 0)
                continue;
            if (fullest < 0 || there[domain] > there[fullest])
                fullest = domain;
            if (there[domain] >= left && (fits < 0 || there[domain] < there[fits]))
                fits = domain;
        }
        if (fullest < 0)
            break;
        int chosen = fits >= 0 ? fits : fullest;
        taken[chosen] = true;
        rank[chosen] = n_ranks++;
        left -= there[chosen] < left ? there[chosen] : left;
    }
    uint16_t sorted[TOPO_CUBES_MAX];
    unsigned start[257] = {0};
    for (unsigned i = 0; i < task->n_candidates; i++)
        start[rank[task->domain_of[task->candidates[i]]] + 1]++;
    for (unsigned i = 1; i <= n_ranks; i++)
        start[i] += start[i - 1];
    for (unsigned i = 0; i < task->n_candidates; i++)
        sorted[start[rank[task->domain_of[task->candidates[i]]]]++] = task->candidates[i];
    memcpy(task->candidates, sorted, sizeof(*sorted) * task->n_candidates);
}

static int collect_pins(const struct topo_pod *pod, const struct topo_request *request,
                        struct topo_search_task *task, struct topo_refusal *refusal) {
    if (request->n_pins != request->shape.n_cubes) {
        snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if), "exactly %u cubes are named",
                 request->shape.n_cubes);
        return topo_refuse_text(refusal, TOPO_REASON_INVALID_PIN, "the shape has %u cubes, %u are named",
                                request->shape.n_cubes, request->n_pins);
    }
    struct topo_cube_set named = {0};
    for (unsigned i = 0; i < request->n_pins; i++) {
        unsigned cube = request->pins[i];
        if (cube >= pod->wiring->n_cubes) {
            refusal->cube = cube;
            return topo_refuse_text(refusal, TOPO_REASON_INVALID_PIN,
                                    "there is no cube %u; this pod has cubes 0 to %u", cube,
                                    pod->wiring->n_cubes - 1u);
        }
        if (topo_set_has(&named, cube)) {
            refusal->cube = cube;
            return topo_refuse_text(refusal, TOPO_REASON_INVALID_PIN, "%s is named twice",
                                    topo_name_cube(pod, cube).text);
        }
        topo_set_add(&named, cube);
        int r = topo_refuse_pin(pod, &request->exclude, NULL, cube, request->use_spares, refusal);
        if (r)
            return r;
        if (request->pin_mode == TOPO_PIN_POSITIONS)
            task->at[i] = (uint16_t)cube;
        else
            task->candidates[task->n_candidates++] = (uint16_t)cube;
    }
    return 0;
}

static int check_request(const struct topo_pod *pod, const struct topo_request *request,
                         struct topo_refusal *refusal) {
    const struct topo_shape *shape = &request->shape;
    if (!topo_shape_is_valid(shape))
        return topo_refuse_text(refusal, TOPO_REASON_INVALID_ARGUMENT, "shape: its fields do not agree");
    if (!shape->whole_cubes)
        return topo_refuse_text(refusal, TOPO_REASON_INVALID_TOPOLOGY,
                                "a part of a cube is placed inside one cube, not by this plan");
    if (request->pin_mode > TOPO_PIN_SET || request->domain_aim > TOPO_DOMAIN_SPREAD ||
        request->domain_kind > TOPO_DOMAIN_POWER)
        return topo_refuse_text(refusal, TOPO_REASON_INVALID_ARGUMENT,
                                "pin_mode %u, domain_aim %u, domain_kind %u: one is none of its enum",
                                request->pin_mode, request->domain_aim, request->domain_kind);
    unsigned limit =
        pod->largest_slice_cubes < pod->wiring->n_cubes ? pod->largest_slice_cubes : pod->wiring->n_cubes;
    if (shape->n_cubes > limit) {
        snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if), "at most %u chips are asked for",
                 limit * 64);
        return topo_refuse_text(refusal, TOPO_REASON_LARGER_THAN_MODEL_LIMIT,
                                "%u chips asked for; the largest slice of this pod has %u", shape->n_chips,
                                limit * 64);
    }
    return 0;
}

static void count_lacking(const struct topo_pod *pod, const struct topo_search_task *task,
                          struct topo_refusal *refusal) {
    refusal->candidates = task->n_candidates;
    for (unsigned i = 0; i < task->n_candidates; i++)
        for (unsigned face = 0; face < TOPO_FACES; face++)
            refusal->lacking[face] += pod->good_ends[task->candidates[i]][face] != UINT16_MAX;
}

static void finish(const struct topo_pod *pod, const struct topo_request *request,
                   const struct topo_search_result *found, struct topo_plan *plan) {
    const struct topo_shape *shape = &request->shape;
    memcpy(plan->cubes, found->cubes, sizeof(*plan->cubes) * shape->n_cubes);
    memcpy(plan->missing, found->missing, sizeof(plan->missing));
    plan->reused = plan->spares = 0;
    for (unsigned position = 0; position < shape->n_cubes; position++) {
        unsigned cube = plan->cubes[position];
        plan->spares += topo_set_has(&pod->spare, cube);
        for (unsigned dimension = 0; dimension < 3; dimension++)
            if (pod->lit_next[cube][dimension] >= 0)
                plan->reused += pod->lit_next[cube][dimension] ==
                                plan->cubes[topo_shape_next(shape, position, dimension)];
    }
    topo_plan_count_moves(pod, shape, plan->cubes, NULL, &plan->removals, &plan->additions);
    plan->proven = found->proven;
    unsigned moves = plan->removals + plan->additions;
    plan->moves_at_least = found->proven || found->moves_at_least > moves ? moves : found->moves_at_least;
}

/* The request as it is would fit if more cubes could be used: spares; those with unaccounted circuits; those
 * not proven isolated. Names the least of these that is enough, and is sure of it. */
static void find_relief(const struct topo_pod *pod, const struct topo_request *request,
                        const struct topo_search_task *task, struct topo_refusal *refusal) {
    static const struct {
        enum topo_bar bar;
        enum topo_reason reason;
        const char *fits;
    } steps[] = {
        {TOPO_BAR_NONE, TOPO_REASON_HELD_BY_SPARES, "the request allows spares"},
        {TOPO_BAR_UNACCOUNTED, TOPO_REASON_UNACCOUNTED_CIRCUIT,
         "an operator clears the unaccounted circuits"},
        {TOPO_BAR_UNPROVEN, TOPO_REASON_ISOLATION_UNPROVEN, "the switches that cannot be read answer again"},
    };
    struct topo_search_task wider = *task;
    struct topo_cube_set known = {0};
    for (unsigned i = 0; i < task->n_candidates; i++)
        topo_set_add(&known, task->candidates[i]);
    for (size_t step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
        unsigned before = wider.n_candidates;
        for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
            if (topo_set_has(&known, cube) || topo_set_has(&request->exclude, cube) ||
                topo_bar_of(pod, cube, NULL) != steps[step].bar)
                continue;
            wider.candidates[wider.n_candidates++] = (uint16_t)cube;
            topo_set_add(&wider.costly, cube);
        }
        struct topo_search_result found;
        if (wider.n_candidates == before || wider.n_candidates < request->shape.n_cubes)
            continue;
        struct topo_search_task narrowed = wider;
        keep_whole_cubes(pod, request, &narrowed);
        if (topo_search(&narrowed, &found))
            continue;
        snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if), "%s%s", steps[step].fits,
                 step > 0 && refusal->held_spares ? ", and the request allows spares" : "");
        refusal->reason = steps[step].reason;
        return;
    }
}

/* Enough cubes, but no arrangement within the tolerance: more cubes would do, or the links that the best one
 * misses are named. */
static int refuse_arrangement(const struct topo_pod *pod, const struct topo_request *request,
                              const struct topo_search_task *task, bool proven,
                              struct topo_refusal *refusal) {
    refusal->unproven = !proven;
    struct topo_search_task wider = *task;
    wider.limit[0] = wider.limit[1] = wider.limit[2] = UINT32_MAX / 2;
    struct topo_search_result found;
    if (topo_search(&wider, &found)) /* cannot be: any arrangement is within these limits */
        return topo_refuse_text(refusal, TOPO_REASON_NEEDS_TOLERANCE, "no arrangement was found");
    refusal->needed = request->shape.n_cubes;
    count_lacking(pod, task, refusal);
    topo_refuse_links(pod, &request->shape, found.cubes, found.missing, refusal);
    if (request->pin_mode == TOPO_PIN_NONE)
        find_relief(pod, request, task, refusal);
    return TOPO_REFUSED;
}

int topo_plan_create(const struct topo_pod *pod, const struct topo_request *request,
                     struct topo_plan *ret_plan, struct topo_refusal *ret_refusal) {
    struct topo_refusal refusal = {.cube = TOPO_CUBES_MAX};
    int r = check_request(pod, request, &refusal);
    if (r) {
        *ret_refusal = refusal;
        return r;
    }
    struct topo_search_task task;
    task.pod = pod;
    task.shape = &request->shape;
    memset(task.at, 0xff, sizeof(*task.at) * request->shape.n_cubes);
    task.n_candidates = 0;
    memset(&task.costly, 0, sizeof(task.costly));
    memcpy(task.limit, request->tolerate_missing, sizeof(task.limit));
    task.aim = request->domain_aim;
    task.domain_of = request->domain_kind == TOPO_DOMAIN_POWER ? pod->power_domain : pod->row;
    task.hint = NULL;
    task.effort = request->effort;
    if (request->pin_mode == TOPO_PIN_NONE) {
        collect_free(pod, request, &task);
        if (task.n_candidates < request->shape.n_cubes) {
            r = topo_refuse_number(pod, &request->exclude, NULL, request->use_spares, request->shape.n_cubes,
                                   task.n_candidates, &refusal);
            find_relief(pod, request, &task, &refusal);
        } else {
            keep_whole_cubes(pod, request, &task);
        }
    } else {
        r = collect_pins(pod, request, &task, &refusal);
    }
    if (r == 0 && task.aim == TOPO_DOMAIN_PACK && task.n_candidates)
        order_domains(&task);
    struct topo_search_result found;
    if (r == 0 && topo_search(&task, &found))
        r = refuse_arrangement(pod, request, &task, found.proven, &refusal);
    if (r) {
        *ret_refusal = refusal;
        return r;
    }
    finish(pod, request, &found, ret_plan);
    return 0;
}
