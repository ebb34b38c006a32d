#include "topology/plan.h"

#include <stdio.h>
#include <string.h>

#define UNPLACED UINT16_MAX

uint16_t topo_bundle_missing(const struct topo_pod *pod, unsigned from, unsigned to, unsigned dimension) {
    const struct topo_wiring *wiring = pod->wiring;
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

static bool is_barred(const struct topo_pod *pod, unsigned cube) {
    return topo_set_has(&pod->used, cube) || topo_set_has(&pod->unhealthy, cube) ||
           topo_set_has(&pod->unschedulable, cube) || topo_set_has(&pod->unaccounted, cube) ||
           topo_set_has(&pod->unproven, cube);
}

static unsigned count_missing(const struct topo_pod *pod, const struct topo_shape *shape,
                              const uint16_t *cubes, unsigned ret_missing[3]) {
    unsigned total = 0;
    for (unsigned dimension = 0; dimension < 3; dimension++) {
        ret_missing[dimension] = 0;
        for (unsigned position = 0; position < shape->n_cubes; position++) {
            unsigned next = topo_shape_next(shape, position, dimension);
            ret_missing[dimension] += (unsigned)__builtin_popcount(
                topo_bundle_missing(pod, cubes[position], cubes[next], dimension));
        }
        total += ret_missing[dimension];
    }
    return total;
}

static bool within_tolerance(const unsigned missing[3], const unsigned tolerate[3]) {
    return missing[0] <= tolerate[0] && missing[1] <= tolerate[1] && missing[2] <= tolerate[2];
}

/* The candidates of one request, least damaged first, then those without dark bundles, then by number. */
struct candidates {
    uint16_t cube[TOPO_CUBES_MAX];
    unsigned count;
    struct topo_cube_set set;
};

static bool has_lit(const struct topo_pod *pod, unsigned cube) {
    for (unsigned dimension = 0; dimension < 3; dimension++)
        if (pod->lit_next[cube][dimension] >= 0 || pod->lit_previous[cube][dimension] >= 0)
            return true;
    return false;
}

static void sort_candidates(const struct topo_pod *pod, struct candidates *list) {
    uint32_t key[TOPO_CUBES_MAX];
    for (unsigned i = 0; i < list->count; i++)
        key[i] = (uint32_t)pod->damage[list->cube[i]] << 17 | (uint32_t)has_lit(pod, list->cube[i]) << 16 |
                 list->cube[i];
    for (unsigned i = 1; i < list->count; i++) {
        uint32_t value = key[i];
        unsigned j = i;
        for (; j > 0 && key[j - 1] > value; j--)
            key[j] = key[j - 1];
        key[j] = value;
    }
    for (unsigned i = 0; i < list->count; i++)
        list->cube[i] = (uint16_t)(key[i] & 0xffff);
}

/* Places `start` at position 0 and follows lit bundles from cube to cube; what they do not reach stays
 * UNPLACED. Returns the number of positions placed. */
static unsigned follow_lit(const struct topo_pod *pod, const struct topo_shape *shape,
                           const struct candidates *list, unsigned start, uint16_t *cubes) {
    struct topo_cube_set left = list->set;
    uint16_t queue[TOPO_POSITIONS_MAX];
    unsigned head = 0, tail = 0;
    memset(cubes, 0xff, sizeof(*cubes) * shape->n_cubes);
    cubes[0] = (uint16_t)start;
    topo_set_remove(&left, start);
    queue[tail++] = 0;
    while (head < tail) {
        unsigned position = queue[head++];
        unsigned cube = cubes[position];
        for (unsigned dimension = 0; dimension < 3; dimension++)
            for (int back = 0; back < 2; back++) {
                int far = back ? pod->lit_previous[cube][dimension] : pod->lit_next[cube][dimension];
                if (far < 0 || !topo_set_has(&left, (unsigned)far))
                    continue;
                unsigned place = back ? topo_shape_previous(shape, position, dimension)
                                      : topo_shape_next(shape, position, dimension);
                if (cubes[place] != UNPLACED)
                    continue;
                cubes[place] = (uint16_t)far;
                topo_set_remove(&left, (unsigned)far);
                queue[tail++] = (uint16_t)place;
            }
    }
    return tail;
}

static void fill_rest(const struct topo_shape *shape, const struct candidates *list, uint16_t *cubes) {
    struct topo_cube_set left = list->set;
    for (unsigned position = 0; position < shape->n_cubes; position++)
        if (cubes[position] != UNPLACED)
            topo_set_remove(&left, cubes[position]);
    unsigned next = 0;
    for (unsigned position = 0; position < shape->n_cubes; position++) {
        if (cubes[position] != UNPLACED)
            continue;
        while (!topo_set_has(&left, list->cube[next]))
            next++;
        cubes[position] = list->cube[next];
        topo_set_remove(&left, list->cube[next]);
    }
}

static unsigned count_reused(const struct topo_pod *pod, const struct topo_shape *shape,
                             const uint16_t *cubes) {
    unsigned reused = 0;
    for (unsigned position = 0; position < shape->n_cubes; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++)
            reused += pod->lit_next[cubes[position]][dimension] ==
                      cubes[topo_shape_next(shape, position, dimension)];
    return reused;
}

/* Steps: 1 try every start cube that has a lit bundle; 2 keep the arrangement with the fewest missing links,
 * then the most bundles reused; 3 with no lit bundle anywhere, take the candidates in their order. */
static void arrange(const struct topo_pod *pod, const struct topo_shape *shape, const struct candidates *list,
                    struct topo_plan *ret_plan) {
    uint16_t cubes[TOPO_POSITIONS_MAX];
    memset(cubes, 0xff, sizeof(cubes));
    fill_rest(shape, list, cubes);
    memcpy(ret_plan->cubes, cubes, sizeof(*cubes) * shape->n_cubes);
    unsigned best_missing = count_missing(pod, shape, cubes, ret_plan->missing);
    ret_plan->reused = count_reused(pod, shape, cubes);
    unsigned all = 3u * shape->n_cubes;
    for (unsigned i = 0; i < list->count && ret_plan->reused < all; i++) {
        unsigned start = list->cube[i];
        if (!has_lit(pod, start))
            continue;
        follow_lit(pod, shape, list, start, cubes);
        fill_rest(shape, list, cubes);
        unsigned reused = count_reused(pod, shape, cubes);
        if (best_missing == 0 && reused <= ret_plan->reused)
            continue;
        unsigned missing[3];
        unsigned total = count_missing(pod, shape, cubes, missing);
        if (total > best_missing || (total == best_missing && reused <= ret_plan->reused))
            continue;
        best_missing = total;
        ret_plan->reused = reused;
        memcpy(ret_plan->missing, missing, sizeof(missing));
        memcpy(ret_plan->cubes, cubes, sizeof(*cubes) * shape->n_cubes);
    }
}

static int refuse(struct topo_refusal *refusal, enum topo_reason reason) {
    refusal->reason = reason;
    return TOPO_REFUSED;
}

static int check_pin(const struct topo_pod *pod, const struct topo_cube_set *exclude, unsigned cube,
                     bool use_spares, struct topo_refusal *refusal) {
    refusal->cube = cube;
    const struct {
        bool applies;
        enum topo_reason reason;
        const char *text, *fits;
    } rows[] = {
        {cube < pod->wiring->n_cubes && topo_set_has(exclude, cube), TOPO_REASON_INVALID_PIN,
         "cube-%02u is both asked for and excluded", "leave it out of one of the two"},
        {topo_set_has(&pod->used, cube), TOPO_REASON_PIN_USED, "cube-%02u is used by a slice",
         "name a free cube, or name none"},
        {topo_set_has(&pod->unhealthy, cube), TOPO_REASON_PIN_UNHEALTHY,
         "cube-%02u is not known to be healthy", "name a healthy cube, or name none"},
        {topo_set_has(&pod->unschedulable, cube), TOPO_REASON_PIN_UNHEALTHY, "cube-%02u is not schedulable",
         "name a schedulable cube, or name none"},
        {topo_set_has(&pod->unaccounted, cube), TOPO_REASON_UNACCOUNTED_CIRCUIT,
         "cube-%02u carries a circuit that no slice explains", "an operator clears that circuit"},
        {topo_set_has(&pod->unproven, cube), TOPO_REASON_ISOLATION_UNPROVEN,
         "cube-%02u may still be connected to another cube on a switch that cannot be read",
         "that switch answers again"},
        {!use_spares && topo_set_has(&pod->spare, cube), TOPO_REASON_HELD_BY_SPARES,
         "cube-%02u is held as a spare", "ask with spares allowed"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].applies) {
            snprintf(refusal->text, sizeof(refusal->text), rows[i].text, cube);
            snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if), "%s", rows[i].fits);
            return refuse(refusal, rows[i].reason);
        }
    refusal->cube = TOPO_CUBES_MAX;
    return 0;
}

/* Why there are too few candidates, with numbers. */
static int refuse_for_number(const struct topo_pod *pod, const struct topo_request *request,
                             unsigned candidates, struct topo_refusal *refusal) {
    unsigned needed = request->shape.n_cubes;
    unsigned unused = 0, unhealthy = 0, unschedulable = 0, unaccounted = 0, unproven = 0, spares = 0,
             excluded = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        if (topo_set_has(&pod->used, cube))
            continue;
        unused++;
        if (topo_set_has(&pod->unhealthy, cube))
            unhealthy++;
        else if (topo_set_has(&pod->unschedulable, cube))
            unschedulable++;
        else if (topo_set_has(&pod->unaccounted, cube))
            unaccounted++;
        else if (topo_set_has(&pod->unproven, cube))
            unproven++;
        else if (topo_set_has(&request->exclude, cube))
            excluded++;
        else if (!request->use_spares && topo_set_has(&pod->spare, cube))
            spares++;
    }
    int at = snprintf(refusal->text, sizeof(refusal->text), "needs %u cubes; %u of %u are in no slice",
                      needed, unused, pod->wiring->n_cubes);
    const struct {
        unsigned count;
        const char *text;
    } parts[] = {
        {unhealthy, "not known to be healthy"},
        {unschedulable, "not schedulable"},
        {unaccounted, "with unaccounted circuits"},
        {unproven, "not proven isolated"},
        {spares, "held as spares"},
        {excluded, "excluded by the request"},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i].count && at < (int)sizeof(refusal->text))
            at += snprintf(refusal->text + at, sizeof(refusal->text) - (size_t)at, "; %u of them %s",
                           parts[i].count, parts[i].text);
    enum topo_reason reason = TOPO_REASON_NOT_ENOUGH_CUBES;
    const char *fits = "slices are deleted or cubes repaired until enough are free";
    if (candidates + spares >= needed)
        reason = TOPO_REASON_HELD_BY_SPARES, fits = "the request allows spares";
    else if (candidates + spares + unaccounted >= needed && unaccounted)
        reason = TOPO_REASON_UNACCOUNTED_CIRCUIT, fits = "an operator clears the unaccounted circuits";
    else if (candidates + spares + unaccounted + unproven >= needed && unproven)
        reason = TOPO_REASON_ISOLATION_UNPROVEN, fits = "the switches that cannot be read answer again";
    snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if), "%s", fits);
    return refuse(refusal, reason);
}

/* Enough cubes, but links are missing: unreachable switches when they alone are the cause, else tolerance. */
static int refuse_for_links(const struct topo_pod *pod, const struct topo_shape *shape,
                            const struct topo_plan *plan, struct topo_refusal *refusal) {
    uint64_t ocses = 0;
    unsigned other = 0;
    for (unsigned dimension = 0; dimension < 3; dimension++) {
        refusal->tolerance[dimension] = plan->missing[dimension];
        for (unsigned position = 0; position < shape->n_cubes; position++) {
            unsigned next = topo_shape_next(shape, position, dimension);
            uint16_t missing = topo_bundle_missing(pod, plan->cubes[position], plan->cubes[next], dimension);
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                if (!(missing >> index & 1))
                    continue;
                struct topo_link link =
                    topo_link_at(pod->wiring, shape, plan->cubes, position, dimension, index);
                if (link.ocs >= 0 && pod->bad_ocses >> link.ocs & 1)
                    ocses |= UINT64_C(1) << link.ocs;
                else
                    other++;
            }
        }
    }
    refusal->ocses = ocses;
    snprintf(refusal->text, sizeof(refusal->text),
             "enough cubes are free, but %u x, %u y and %u z links cannot be lit: %u on %u switches that "
             "cannot be used, "
             "%u for want of a fiber or a working end",
             plan->missing[0], plan->missing[1], plan->missing[2],
             plan->missing[0] + plan->missing[1] + plan->missing[2] - other,
             (unsigned)__builtin_popcountll(ocses), other);
    snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if),
             "the request tolerates %u,%u,%u missing links", plan->missing[0], plan->missing[1],
             plan->missing[2]);
    return refuse(refusal, other == 0 ? TOPO_REASON_OCS_UNREACHABLE : TOPO_REASON_NEEDS_TOLERANCE);
}

static int collect(const struct topo_pod *pod, const struct topo_request *request, struct candidates *list,
                   struct topo_refusal *refusal) {
    memset(list, 0, sizeof(*list));
    if (request->pin_mode == TOPO_PIN_NONE) {
        for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++)
            if (!is_barred(pod, cube) && !topo_set_has(&request->exclude, cube) &&
                (request->use_spares || !topo_set_has(&pod->spare, cube))) {
                list->cube[list->count++] = (uint16_t)cube;
                topo_set_add(&list->set, cube);
            }
        if (list->count < request->shape.n_cubes)
            return refuse_for_number(pod, request, list->count, refusal);
        sort_candidates(pod, list);
        return 0;
    }
    if (request->n_pins != request->shape.n_cubes) {
        snprintf(refusal->text, sizeof(refusal->text), "the shape has %u cubes, %u are named",
                 request->shape.n_cubes, request->n_pins);
        snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if), "exactly %u cubes are named",
                 request->shape.n_cubes);
        return refuse(refusal, TOPO_REASON_INVALID_PIN);
    }
    for (unsigned i = 0; i < request->n_pins; i++) {
        unsigned cube = request->pins[i];
        if (cube >= pod->wiring->n_cubes || topo_set_has(&list->set, cube)) {
            refusal->cube = cube;
            snprintf(refusal->text, sizeof(refusal->text),
                     cube >= pod->wiring->n_cubes ? "there is no cube %u" : "cube-%02u is named twice", cube);
            return refuse(refusal, TOPO_REASON_INVALID_PIN);
        }
        int r = check_pin(pod, &request->exclude, cube, request->use_spares, refusal);
        if (r)
            return r;
        list->cube[list->count++] = (uint16_t)cube;
        topo_set_add(&list->set, cube);
    }
    return 0;
}

int topo_plan_create(const struct topo_pod *pod, const struct topo_request *request,
                     struct topo_plan *ret_plan, struct topo_refusal *ret_refusal) {
    struct topo_refusal refusal = {.cube = TOPO_CUBES_MAX};
    const struct topo_shape *shape = &request->shape;
    if (!shape->whole_cubes) {
        snprintf(refusal.text, sizeof(refusal.text),
                 "a part of a cube is placed inside one cube, not by this plan");
        *ret_refusal = refusal;
        return refuse(ret_refusal, TOPO_REASON_INVALID_TOPOLOGY);
    }
    unsigned limit =
        pod->largest_slice_cubes < pod->wiring->n_cubes ? pod->largest_slice_cubes : pod->wiring->n_cubes;
    if (shape->n_cubes > limit) {
        snprintf(refusal.text, sizeof(refusal.text),
                 "%u chips asked for; the largest slice of this pod has %u", shape->n_chips, limit * 64);
        snprintf(refusal.would_fit_if, sizeof(refusal.would_fit_if), "at most %u chips are asked for",
                 limit * 64);
        *ret_refusal = refusal;
        return refuse(ret_refusal, TOPO_REASON_LARGER_THAN_MODEL_LIMIT);
    }
    struct candidates list;
    struct topo_plan plan;
    int r = collect(pod, request, &list, &refusal);
    if (r == 0) {
        if (request->pin_mode == TOPO_PIN_POSITIONS) {
            memcpy(plan.cubes, request->pins, sizeof(*plan.cubes) * shape->n_cubes);
            count_missing(pod, shape, plan.cubes, plan.missing);
            plan.reused = count_reused(pod, shape, plan.cubes);
        } else {
            arrange(pod, shape, &list, &plan);
        }
        if (!within_tolerance(plan.missing, request->tolerate_missing))
            r = refuse_for_links(pod, shape, &plan, &refusal);
    }
    if (r) {
        *ret_refusal = refusal;
        return r;
    }
    *ret_plan = plan;
    return 0;
}

/* How good a cube is at a position, neighbours as they stand: missing links first, then lit bundles. */
static unsigned swap_cost(const struct topo_pod *pod, const struct topo_shape *shape, uint16_t *cubes,
                          unsigned position, unsigned cube) {
    unsigned missing = 0, lit = 0;
    uint16_t before = cubes[position];
    cubes[position] = (uint16_t)cube;
    for (unsigned dimension = 0; dimension < 3; dimension++) {
        unsigned next = cubes[topo_shape_next(shape, position, dimension)];
        unsigned previous = cubes[topo_shape_previous(shape, position, dimension)];
        missing += (unsigned)__builtin_popcount(topo_bundle_missing(pod, cube, next, dimension));
        lit += pod->lit_next[cube][dimension] == (int)next;
        if (previous != cube) {
            missing += (unsigned)__builtin_popcount(topo_bundle_missing(pod, previous, cube, dimension));
            lit += pod->lit_previous[cube][dimension] == (int)previous;
        }
    }
    cubes[position] = before;
    return missing * 16 + (6 - lit) * 2 + has_lit(pod, cube);
}

int topo_plan_swap(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
                   const struct topo_swap *swaps, unsigned n_swaps, const struct topo_cube_set *exclude,
                   const unsigned tolerate_missing[3], bool use_spares, struct topo_plan *ret_plan,
                   struct topo_refusal *ret_refusal) {
    struct topo_refusal refusal = {.cube = TOPO_CUBES_MAX};
    struct topo_plan plan = {0};
    struct topo_cube_set taken = {0}, touched = {0};
    memcpy(plan.cubes, cubes, sizeof(*cubes) * shape->n_cubes);
    for (unsigned i = 0; i < n_swaps; i++) {
        if (swaps[i].position >= shape->n_cubes || topo_set_has(&touched, swaps[i].position)) {
            snprintf(refusal.text, sizeof(refusal.text),
                     "position %u is named twice or not part of the slice", swaps[i].position);
            *ret_refusal = refusal;
            return refuse(ret_refusal, TOPO_REASON_INVALID_PIN);
        }
        topo_set_add(&touched, swaps[i].position);
    }
    for (unsigned i = 0; i < n_swaps; i++) {
        unsigned position = swaps[i].position;
        int chosen = swaps[i].with;
        if (chosen >= 0) {
            int r = (unsigned)chosen >= pod->wiring->n_cubes || topo_set_has(&taken, (unsigned)chosen)
                        ? refuse(&refusal, TOPO_REASON_INVALID_PIN)
                        : check_pin(pod, exclude, (unsigned)chosen, true, &refusal);
            if (r) {
                if (!refusal.text[0])
                    snprintf(refusal.text, sizeof(refusal.text), "cube %d does not exist or is named twice",
                             chosen);
                *ret_refusal = refusal;
                return r;
            }
        } else {
            unsigned best = UINT32_MAX;
            for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
                if (is_barred(pod, cube) || topo_set_has(&taken, cube) || topo_set_has(exclude, cube) ||
                    (!use_spares && topo_set_has(&pod->spare, cube)))
                    continue;
                unsigned cost = swap_cost(pod, shape, plan.cubes, position, cube);
                if (cost < best)
                    best = cost, chosen = (int)cube;
            }
        }
        if (chosen < 0) {
            struct topo_request one = {
                .shape = {.n_cubes = 1, .whole_cubes = true}, .exclude = *exclude, .use_spares = use_spares};
            int r = refuse_for_number(pod, &one, 0, &refusal);
            *ret_refusal = refusal;
            return r;
        }
        topo_set_add(&taken, (unsigned)chosen);
        plan.cubes[position] = (uint16_t)chosen;
    }
    unsigned before[3], grown[3];
    count_missing(pod, shape, cubes, before);
    count_missing(pod, shape, plan.cubes, plan.missing);
    plan.reused = count_reused(pod, shape, plan.cubes);
    for (unsigned dimension = 0; dimension < 3; dimension++)
        grown[dimension] = plan.missing[dimension] > before[dimension] ? plan.missing[dimension] : 0;
    if (!within_tolerance(grown, tolerate_missing)) {
        int r = refuse_for_links(pod, shape, &plan, &refusal);
        *ret_refusal = refusal;
        return r;
    }
    *ret_plan = plan;
    return 0;
}
