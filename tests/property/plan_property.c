/* Random pods, damage and histories: what the planner says is compared with every arrangement there is.
 * Usage: plan_property SEED COUNT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glue.h"
#include "topology/change.h"

static const char *const shapes[] = {
    "4x4x4",           "4x4x8_twisted", "4x4x8_untwisted", "4x4x12", "4x4x16", "4x8x8_twisted",
    "4x8x8_untwisted", "4x4x20",        "4x8x12",          "4x4x24", "8x8x8",
};

/* What every arrangement is judged by, most important first. */
struct score {
    bool found;
    int spares, missing, moves;
};

struct brute {
    int n, n_cubes;
    int next[8][3];
    int miss[8][8][3], lit_good[8][8][3], lit_kept[8][8][3]; /* by cube, cube, dimension */
    int circuits_on[8], circuits_between[8][8];              /* commandable ones; between: c < d */
    uint32_t allowed, spares;
    int limit[3];
    uint16_t at[8];
    struct score best, least_missing;
    int fewest_missing[3];
};

static void prepare(struct brute *brute, const struct plant *plant, const struct plant_shape *shape) {
    memset(brute, 0, sizeof(*brute));
    brute->n = plant_cubes_of(shape);
    brute->n_cubes = plant->n_cubes;
    for (int position = 0; position < brute->n; position++)
        for (int dimension = 0; dimension < 3; dimension++)
            brute->next[position][dimension] = plant_next(shape, position, dimension);
    for (int from = 0; from < plant->n_cubes; from++)
        for (int to = 0; to < plant->n_cubes; to++)
            for (int dimension = 0; dimension < 3; dimension++)
                for (int index = 0; index < 16; index++) {
                    bool can = plant_can_light(plant, from, to, dimension, index);
                    bool lit = plant_is_lit(plant, from, to, dimension, index) &&
                               plant_is_commandable(plant, from, to, dimension, index);
                    brute->miss[from][to][dimension] += !can;
                    brute->lit_good[from][to][dimension] += can && lit;
                    brute->lit_kept[from][to][dimension] += lit;
                }
    /* All circuits, by the cubes whose fibers they join. */
    int cube_at[PLANT_OCSES][2][PLANT_PORTS + 1];
    memset(cube_at, 0xff, sizeof(cube_at));
    for (int cube = 0; cube < plant->n_cubes; cube++)
        for (int face = 0; face < 6; face++)
            for (int index = 0; index < 16; index++) {
                const struct plant_fiber *fiber = &plant->fiber[cube][face][index];
                if (fiber->ocs >= 0)
                    cube_at[fiber->ocs][fiber->side][fiber->port] = cube;
            }
    for (int ocs = 0; ocs < PLANT_OCSES; ocs++)
        for (int a = 1; a <= PLANT_PORTS && !plant->bad_ocs[ocs]; a++) {
            int b = plant->b_of_a[ocs][a];
            if (!b)
                continue;
            int one = cube_at[ocs][0][a], other = cube_at[ocs][1][b];
            if (one >= 0)
                brute->circuits_on[one]++;
            if (other >= 0 && other != one)
                brute->circuits_on[other]++;
            if (one >= 0 && other >= 0 && one != other) {
                brute->circuits_between[one][other]++;
                brute->circuits_between[other][one]++;
            }
        }
}

static bool is_better(const struct score *one, const struct score *other) {
    if (!other->found || one->spares != other->spares)
        return !other->found || one->spares < other->spares;
    if (one->missing != other->missing)
        return one->missing < other->missing;
    return one->moves < other->moves;
}

static void judge(struct brute *brute) {
    struct score score = {.found = true};
    int missing[3] = {0}, good = 0, kept = 0, circuits = 0;
    for (int position = 0; position < brute->n; position++) {
        int cube = brute->at[position];
        score.spares += brute->spares >> cube & 1;
        circuits += brute->circuits_on[cube];
        for (int other = 0; other < position; other++)
            circuits -= brute->circuits_between[cube][brute->at[other]];
        for (int dimension = 0; dimension < 3; dimension++) {
            int to = brute->at[brute->next[position][dimension]];
            missing[dimension] += brute->miss[cube][to][dimension];
            good += brute->lit_good[cube][to][dimension];
            kept += brute->lit_kept[cube][to][dimension];
        }
    }
    score.missing = missing[0] + missing[1] + missing[2];
    score.moves = 48 * brute->n - score.missing - good + circuits - kept;
    if (!brute->least_missing.found || score.missing < brute->least_missing.missing) {
        brute->least_missing = score;
        memcpy(brute->fewest_missing, missing, sizeof(missing));
    }
    for (int dimension = 0; dimension < 3; dimension++)
        if (missing[dimension] > brute->limit[dimension])
            return;
    if (is_better(&score, &brute->best))
        brute->best = score;
}

static void try_all(struct brute *brute, int position, uint32_t left) {
    if (position == brute->n) {
        judge(brute);
        return;
    }
    for (int cube = 0; cube < brute->n_cubes; cube++)
        if (left >> cube & 1) {
            brute->at[position] = (uint16_t)cube;
            try_all(brute, position + 1, left & ~(UINT32_C(1) << cube));
        }
}

/* Circuits on switches that do not answer tie two cubes together. */
static void find_unproven(const struct plant *plant, struct topo_pod *pod, uint32_t partners[8]) {
    for (int from = 0; from < plant->n_cubes; from++)
        for (int to = 0; to < plant->n_cubes; to++)
            for (int dimension = 0; dimension < 3 && from != to; dimension++)
                for (int index = 0; index < 16; index++)
                    if (plant_is_lit(plant, from, to, dimension, index) &&
                        plant->bad_ocs[plant->fiber[from][2 * dimension][index].ocs]) {
                        topo_set_add(&pod->unproven_with[from], (unsigned)to);
                        topo_set_add(&pod->unproven_with[to], (unsigned)from);
                        partners[from] |= UINT32_C(1) << to;
                        partners[to] |= UINT32_C(1) << from;
                    }
}

struct counts {
    unsigned created, refused, exact_quickly, moves, least_moves, swaps, reshapes, unproven;
};

static void try_swap(struct plant *plant, const struct topo_shape *shape, const struct glue *glue,
                     const struct topo_plan *plan, uint32_t used, struct plant_random *random, uint64_t seed,
                     struct counts *counts) {
    struct plant_shape plain = glue_shape(shape);
    int n = plant_cubes_of(&plain);
    unsigned k = 1 + plant_random(random, 2);
    if (k > (unsigned)n)
        k = (unsigned)n;
    struct topo_swap swaps[2] = {{plant_random(random, (uint32_t)n), -1}, {0, -1}};
    swaps[1].position = (swaps[0].position + 1) % (unsigned)n;
    struct topo_cube_set none = {0};
    unsigned tolerate[3] = {plant_random(random, 3), plant_random(random, 3), plant_random(random, 3)};
    struct topo_plan after;
    struct topo_refusal refusal;
    int r =
        topo_plan_swap(&glue->pod, shape, plan->cubes, swaps, k, &none, tolerate, false, &after, &refusal);
    /* Brute force over all pairs. */
    struct plant_cost before = plant_cost(plant, &plain, plan->cubes, 0);
    int best_missing = -1, best_moves = 0;
    for (int one = 0; one < plant->n_cubes; one++)
        for (int other = k == 2 ? 0 : plant->n_cubes - 1; other < plant->n_cubes; other++) {
            if (used >> one & 1 || (k == 2 && (used >> other & 1 || one == other)))
                continue;
            uint16_t cubes[8];
            memcpy(cubes, plan->cubes, sizeof(*cubes) * (size_t)n);
            uint64_t leaving = UINT64_C(1) << cubes[swaps[0].position];
            cubes[swaps[0].position] = (uint16_t)one;
            if (k == 2) {
                leaving |= UINT64_C(1) << cubes[swaps[1].position];
                cubes[swaps[1].position] = (uint16_t)other;
            }
            struct plant_cost cost = plant_cost(plant, &plain, cubes, leaving);
            bool fits = true;
            for (int d = 0; d < 3; d++)
                fits &= cost.missing[d] <= (int)tolerate[d] || cost.missing[d] <= before.missing[d];
            int missing = cost.missing[0] + cost.missing[1] + cost.missing[2];
            int moves = cost.removals + cost.additions;
            if (fits && (best_missing < 0 || missing < best_missing ||
                         (missing == best_missing && moves < best_moves)))
                best_missing = missing, best_moves = moves;
        }
    if ((r == 0) != (best_missing >= 0))
        glue_fail(seed, "swap of %u in a slice of %d cubes: library %s, brute force %s", k, n,
                  r ? refusal.text : "fits", best_missing >= 0 ? "fits" : "refuses");
    if (r)
        return;
    counts->swaps++;
    uint64_t leaving = 0;
    for (int i = 0; i < n; i++) {
        bool swapped = (unsigned)i == swaps[0].position || (k == 2 && (unsigned)i == swaps[1].position);
        if (!swapped && after.cubes[i] != plan->cubes[i])
            glue_fail(seed, "swap moved position %d", i);
        if (swapped)
            leaving |= UINT64_C(1) << plan->cubes[i];
    }
    int missing = (int)(after.missing[0] + after.missing[1] + after.missing[2]);
    if (missing != best_missing || (int)(after.removals + after.additions) != best_moves)
        glue_fail(seed, "swap misses %d and moves %u, best %d and %d", missing,
                  after.removals + after.additions, best_missing, best_moves);
    plant_apply(plant, &plain, after.cubes, leaving);
    const char *wrong = plant_check(plant, &plain, after.cubes, after.missing);
    if (wrong)
        glue_fail(seed, "after a swap: %s", wrong);
}

/* Another shape for the slice: against every arrangement of its own and the free cubes. */
static void try_reshape(const struct plant *plant, const struct topo_shape *shape, const struct glue *glue,
                        const uint16_t *cubes, uint32_t used, struct plant_random *random, uint64_t seed,
                        struct counts *counts) {
    static struct brute brute;
    static struct plant after_plant;
    struct topo_request request = {.effort = 3000000};
    char error[200];
    if (topo_shape_parse(shapes[plant_random(random, sizeof(shapes) / sizeof(shapes[0]))], &request.shape,
                         error, sizeof(error)))
        glue_fail(seed, "%s", error);
    if (request.shape.n_cubes > plant->n_cubes)
        return;
    struct plant_shape to = glue_shape(&request.shape);
    prepare(&brute, plant, &to);
    uint32_t all = (UINT32_C(1) << plant->n_cubes) - 1, own = 0;
    for (unsigned p = 0; p < shape->n_cubes; p++)
        own |= UINT32_C(1) << cubes[p];
    brute.allowed = all & (own | ~used);
    brute.spares = all & ~own;
    for (int d = 0; d < 3; d++)
        brute.limit[d] = (int)(request.tolerate_missing[d] = plant_random(random, 4));
    try_all(&brute, 0, brute.allowed);
    struct topo_plan plan;
    struct topo_cube_set leaving;
    struct topo_refusal refusal;
    int r = topo_plan_reshape(&glue->pod, shape, cubes, &request, &plan, &leaving, &refusal);
    if ((r == 0) != brute.best.found)
        glue_fail(seed, "reshape: library says %s, brute force %s", r ? refusal.text : "fits",
                  brute.best.found ? "fits" : "refuses");
    if (r)
        return;
    int fresh = 0, missing = (int)(plan.missing[0] + plan.missing[1] + plan.missing[2]);
    for (unsigned p = 0; p < request.shape.n_cubes; p++) {
        fresh += !(own >> plan.cubes[p] & 1);
        if (topo_set_has(&leaving, plan.cubes[p]))
            glue_fail(seed, "reshape: cube %u stays and leaves", plan.cubes[p]);
    }
    if (fresh != brute.best.spares || missing != brute.best.missing ||
        (int)(plan.removals + plan.additions) != brute.best.moves)
        glue_fail(seed, "reshape: %d new, %d missing, %u moves; best %d, %d, %d", fresh, missing,
                  plan.removals + plan.additions, brute.best.spares, brute.best.missing, brute.best.moves);
    counts->reshapes++;
    after_plant = *plant;
    plant_apply(&after_plant, &to, plan.cubes, 0);
    const char *wrong = plant_check(&after_plant, &to, plan.cubes, plan.missing);
    if (wrong)
        glue_fail(seed, "after a reshape: %s", wrong);
}

static void run(uint64_t seed, struct counts *counts) {
    struct plant_random random = {seed * 2654435761u + 88172645463325252u};
    static struct plant plant, untouched;
    static struct glue glue;
    static struct brute brute;
    plant_init(&plant, 4 + (int)plant_random(&random, 5));
    plant_damage(&plant, &random, (int)plant_random(&random, 3) * 30, plant_random(&random, 3) == 0);
    struct {
        struct topo_shape shape;
        uint16_t cubes[8];
    } live[8];
    unsigned n_live = 0;
    uint32_t used = 0;
    for (unsigned event = 0; event < 12; event++) {
        if (n_live && plant_random(&random, 2)) { /* release one: its circuits stay, dark */
            unsigned i = plant_random(&random, n_live);
            for (unsigned p = 0; p < live[i].shape.n_cubes; p++)
                used &= ~(UINT32_C(1) << live[i].cubes[p]);
            live[i] = live[--n_live];
            continue;
        }
        if (plant_random(&random, 6) == 0) {
            int ocs = (int)plant_random(&random, 48);
            plant.bad_ocs[ocs] = !plant.bad_ocs[ocs];
            /* A switch that is back gets its slices' circuits, and loses what isolation forbids. */
            for (unsigned i = 0; i < n_live; i++) {
                struct plant_shape shape = glue_shape(&live[i].shape);
                plant_apply(&plant, &shape, live[i].cubes, 0);
            }
        }
        glue_load(&glue, &plant);
        uint32_t partners[8] = {0};
        find_unproven(&plant, &glue.pod, partners);
        struct topo_request request = {0};
        char error[200];
        if (topo_shape_parse(shapes[plant_random(&random, sizeof(shapes) / sizeof(shapes[0]))],
                             &request.shape, error, sizeof(error)))
            glue_fail(seed, "%s", error);
        if (request.shape.n_cubes > plant.n_cubes)
            continue;
        struct plant_shape shape = glue_shape(&request.shape);
        prepare(&brute, &plant, &shape);
        uint32_t unproven = 0;
        for (int cube = 0; cube < plant.n_cubes; cube++) {
            uint32_t bit = UINT32_C(1) << cube;
            uint32_t draw = plant_random(&random, 20);
            if (used & bit)
                topo_set_add(&glue.pod.used, (unsigned)cube);
            else if (partners[cube] & used)
                unproven |= bit;
            else if (draw == 0)
                topo_set_add(&glue.pod.unhealthy, (unsigned)cube);
            else if (draw == 1)
                topo_set_add(&request.exclude, (unsigned)cube);
            else
                brute.allowed |= bit;
            if (draw > 16) {
                topo_set_add(&glue.pod.spare, (unsigned)cube);
                brute.spares |= bit;
            }
        }
        request.use_spares = plant_random(&random, 2);
        bool strict = plant_random(&random, 2);
        for (int d = 0; d < 3; d++)
            brute.limit[d] = (int)(request.tolerate_missing[d] = strict ? 0 : plant_random(&random, 6));
        uint32_t all = brute.allowed;
        if (!request.use_spares)
            brute.allowed &= ~brute.spares;
        try_all(&brute, 0, brute.allowed);

        struct topo_plan plan, quick;
        struct topo_refusal refusal;
        int r_quick = topo_plan_create(&glue.pod, &request, &quick, &refusal);
        if ((r_quick == 0) != brute.best.found)
            glue_fail(seed, "%dx%dx%d: library says %s, brute force %s", shape.chips[0], shape.chips[1],
                      shape.chips[2], r_quick ? refusal.text : "fits", brute.best.found ? "fits" : "refuses");
        if (r_quick) {
            counts->refused++;
            counts->unproven += refusal.unproven;
            if (refusal.reason == TOPO_REASON_HELD_BY_SPARES ||
                refusal.reason == TOPO_REASON_ISOLATION_UNPROVEN) {
                brute.best.found = false;
                try_all(&brute, 0, refusal.reason == TOPO_REASON_HELD_BY_SPARES ? all : all | unproven);
                if (!brute.best.found)
                    glue_fail(seed, "%s would not help", topo_reason_name(refusal.reason));
            } else if (refusal.reason == TOPO_REASON_NEEDS_TOLERANCE ||
                       refusal.reason == TOPO_REASON_OCS_UNREACHABLE) {
                brute.best.found = false;
                for (int d = 0; d < 3; d++)
                    brute.limit[d] = (int)refusal.tolerance[d];
                try_all(&brute, 0, brute.allowed);
                if (!brute.best.found)
                    glue_fail(seed, "tolerance %u,%u,%u would not be enough", refusal.tolerance[0],
                              refusal.tolerance[1], refusal.tolerance[2]);
                if (refusal.reason == TOPO_REASON_OCS_UNREACHABLE) {
                    untouched = plant;
                    for (int ocs = 0; ocs < 48; ocs++)
                        if (refusal.ocses >> ocs & 1)
                            untouched.bad_ocs[ocs] = false;
                    uint32_t allowed = brute.allowed;
                    prepare(&brute, &untouched, &shape);
                    for (int d = 0; d < 3; d++)
                        brute.limit[d] = (int)request.tolerate_missing[d];
                    try_all(&brute, 0, allowed);
                    if (!brute.best.found)
                        glue_fail(seed, "switches are blamed, but they would not help");
                }
            } else if (refusal.reason != TOPO_REASON_NOT_ENOUGH_CUBES) {
                glue_fail(seed, "reason %s: %s", topo_reason_name(refusal.reason), refusal.text);
            }
            continue;
        }
        request.effort = 3000000;
        if (topo_plan_create(&glue.pod, &request, &plan, &refusal))
            glue_fail(seed, "refused with more effort: %s", refusal.text);
        struct plant_cost cost = plant_cost(&plant, &shape, plan.cubes, 0);
        int missing = (int)(plan.missing[0] + plan.missing[1] + plan.missing[2]);
        if (cost.removals != (int)plan.removals || cost.additions != (int)plan.additions)
            glue_fail(seed, "plan says %u + %u moves, the plant %d + %d", plan.removals, plan.additions,
                      cost.removals, cost.additions);
        if (!plan.proven)
            glue_fail(seed, "not proven");
        if ((int)plan.spares != brute.best.spares || missing != brute.best.missing ||
            (int)(plan.removals + plan.additions) != brute.best.moves)
            glue_fail(seed, "%dx%dx%d%s: spares, missing, moves %u %d %u, best %d %d %d", shape.chips[0],
                      shape.chips[1], shape.chips[2], shape.twisted ? "_twisted" : "", plan.spares, missing,
                      plan.removals + plan.additions, brute.best.spares, brute.best.missing,
                      brute.best.moves);
        unsigned moves = quick.removals + quick.additions;
        bool same_damage = quick.spares == plan.spares &&
                           quick.missing[0] + quick.missing[1] + quick.missing[2] == (unsigned)missing;
        if (same_damage &&
            (moves < (unsigned)brute.best.moves || quick.moves_at_least > (unsigned)brute.best.moves))
            glue_fail(seed, "quick plan moves %u, at least %u, but the best is %d", moves,
                      quick.moves_at_least, brute.best.moves);
        if (quick.proven && (!same_damage || moves != (unsigned)brute.best.moves))
            glue_fail(seed, "quick plan is called proven and is not the best");
        counts->created++;
        counts->exact_quickly += same_damage && moves == (unsigned)brute.best.moves;
        counts->moves += moves;
        counts->least_moves += (unsigned)brute.best.moves;
        untouched = plant;
        plant_apply(&plant, &shape, quick.cubes, 0);
        const char *wrong = plant_check(&plant, &shape, quick.cubes, quick.missing);
        for (unsigned i = 0; i < n_live && !wrong; i++) {
            struct plant_shape other = glue_shape(&live[i].shape);
            struct plant_cost was = plant_cost(&untouched, &other, live[i].cubes, 0);
            struct plant_cost is = plant_cost(&plant, &other, live[i].cubes, 0);
            if (memcmp(&was, &is, sizeof(was)))
                wrong = "a bystander was touched";
        }
        if (wrong)
            glue_fail(seed, "%s", wrong);
        for (unsigned p = 0; p < request.shape.n_cubes; p++)
            used |= UINT32_C(1) << quick.cubes[p];
        if (plant_random(&random, 2)) {
            glue_load(&glue, &plant);
            uint32_t free_for_swap = 0;
            for (int cube = 0; cube < plant.n_cubes; cube++)
                if (used >> cube & 1)
                    topo_set_add(&glue.pod.used, (unsigned)cube);
                else
                    free_for_swap++;
            static struct plant trial;
            trial = plant;
            try_reshape(&plant, &request.shape, &glue, quick.cubes, used, &random, seed, counts);
            if (free_for_swap)
                try_swap(&trial, &request.shape, &glue, &quick, used, &random, seed, counts);
        }
        live[n_live].shape = request.shape;
        memcpy(live[n_live++].cubes, quick.cubes, sizeof(live[0].cubes));
    }
}

int main(int argc, char **argv) {
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 200;
    struct counts counts = {0};
    for (unsigned i = 0; i < count; i++)
        run(seed + i, &counts);
    printf("count: whole-cube plans against every arrangement, seed %llu: %u histories, %u plans, %u "
           "refusals (%u after an unfinished search), "
           "%u swaps, %u reshapes; %u plans best within the short search, %u moves against %u at best\n",
           (unsigned long long)seed, count, counts.created, counts.refused, counts.unproven, counts.swaps,
           counts.reshapes, counts.exact_quickly, counts.moves, counts.least_moves);
    return 0;
}
