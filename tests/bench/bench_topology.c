/* How fast the topology library plans, and how many mirrors its plans move, against a naive planner, an exact
 * solver on small pods, and the floor of reading the state once. Usage: bench_topology [SEED] [STATES]
 * [JSON_FILE] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exact_moves.h"
#include "topology/analysis.h"
#include "topology/fleet.h"
#include "topology_state.h"

static uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static FILE *json;
static bool first_entry = true;

/* One line of bench.json: the measured figure against what it is held to. */
static void record(const char *name, const char *peer, double measured, double budget) {
    if (!json)
        return;
    fprintf(json, "%s{\"name\":\"%s\",\"peer\":\"%s\",\"ratio\":%.3f,\"budget\":1.0,\"met\":%s}",
            first_entry ? "[\n" : ",\n", name, peer, measured / budget,
            measured <= budget ? "true" : "false");
    first_entry = false;
}

static int by_size(const void *one, const void *other) {
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return a < b ? -1 : a > b;
}

/* The naive planner: the first free cubes, in order, whatever is lit. */
static unsigned naive_moves(const struct topo_pod *pod, const struct topo_request *request) {
    uint16_t cubes[TOPO_POSITIONS_MAX];
    unsigned count = 0, removals, additions;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes && count < request->shape.n_cubes; cube++)
        if (!topo_pod_is_barred(pod, cube, NULL) && pod->damage[cube] == 0)
            cubes[count++] = (uint16_t)cube;
    if (count < request->shape.n_cubes)
        return 0;
    topo_plan_count_moves(pod, &request->shape, cubes, NULL, &removals, &additions);
    return removals + additions;
}

/* The floor: every word of the state that says which cubes are free, whole and lit, read once. */
static uint64_t touch(const struct topo_pod *pod) {
    uint64_t sum = pod->bad_ocses;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        sum += pod->damage[cube] + topo_pod_is_barred(pod, cube, NULL);
        for (unsigned d = 0; d < 3; d++)
            sum += (uint64_t)pod->lit_next[cube][d] + pod->lit_count[cube][d];
    }
    return sum;
}

static volatile uint64_t sink;

static void measure(const char *shape, unsigned n_cubes, unsigned damage, unsigned tolerate, uint64_t seed,
                    unsigned n_states, double budget_us) {
    static struct topology_state state;
    struct topology_random random = {seed * 2654435761u + 88172645463325252u};
    struct topo_request request = {0};
    char error[200];
    if (topo_shape_parse(shape, &request.shape, error, sizeof(error)))
        abort();
    for (unsigned d = 0; d < 3; d++)
        request.tolerate_missing[d] = tolerate;
    uint64_t *plan_ns = calloc(n_states, sizeof(*plan_ns)), *refuse_ns = calloc(n_states, sizeof(*refuse_ns));
    uint64_t *touch_ns = calloc(n_states, sizeof(*touch_ns));
    uint64_t moves = 0, least = 0, naive = 0, better = 0;
    unsigned planned = 0, refused = 0, proven = 0;
    for (unsigned i = 0; i < n_states; i++) {
        topology_state_draw(&state, &random, n_cubes, 40, damage);
        struct topo_plan plan, long_plan;
        struct topo_refusal refusal;
        uint64_t best = UINT64_MAX, floor = UINT64_MAX;
        int r = 0;
        for (unsigned repeat = 0; repeat < 5;
             repeat++) { /* the least of 15: what the plan costs, not the machine */
            uint64_t before = now_ns();
            r = topo_plan_create(&state.pod, &request, &plan, &refusal);
            uint64_t took = now_ns() - before;
            best = took < best ? took : best;
            before = now_ns();
            sink += touch(&state.pod);
            took = now_ns() - before;
            floor = took < floor ? took : floor;
        }
        touch_ns[i] = floor;
        if (r) {
            refuse_ns[refused++] = best;
            continue;
        }
        plan_ns[planned++] = best;
        moves += plan.removals + plan.additions;
        proven += plan.proven;
        least += plan.moves_at_least;
        naive += naive_moves(&state.pod, &request);
        request.effort = 20000;
        if (topo_plan_create(&state.pod, &request, &long_plan, &refusal) == 0)
            better += long_plan.removals + long_plan.additions;
        request.effort = 0;
    }
    qsort(plan_ns, planned, sizeof(*plan_ns), by_size);
    qsort(refuse_ns, refused, sizeof(*refuse_ns), by_size);
    qsort(touch_ns, n_states, sizeof(*touch_ns), by_size);
    if (planned)
        printf(
            "bench: plan %s in %u cubes, half full, damage %u %%, tolerance %u: p50 %.1f us, p99 %.1f us "
            "(budget %.0f), floor %.2f us; moves %.1f, naive %.1f, longer search %.1f, at least %.1f; %u %% "
            "proven best\n",
            shape, n_cubes, damage, tolerate, (double)plan_ns[planned / 2] / 1e3,
            (double)plan_ns[planned * 99 / 100] / 1e3, budget_us, (double)touch_ns[n_states / 2] / 1e3,
            (double)moves / planned, (double)naive / planned, (double)better / planned,
            (double)least / planned, 100 * proven / planned);
    char name[120], peer[40];
    if (planned) {
        snprintf(name, sizeof(name), "plan %s in %u cubes, damage %u %%, tolerance %u, p99", shape, n_cubes,
                 damage, tolerate);
        snprintf(peer, sizeof(peer), "%.0f us", budget_us);
        record(name, peer, (double)plan_ns[planned * 99 / 100] / 1e3, budget_us);
    }
    if (refused) {
        snprintf(name, sizeof(name), "refuse %s in %u cubes, damage %u %%, tolerance %u, p99", shape, n_cubes,
                 damage, tolerate);
        snprintf(peer, sizeof(peer), "%.0f us", 10 * budget_us);
        record(name, peer, (double)refuse_ns[refused * 99 / 100] / 1e3, 10 * budget_us);
    }
    if (refused)
        printf("bench: refuse %s in %u cubes: p50 %.1f us, p99 %.1f us (budget %.0f), %u of %u states\n",
               shape, n_cubes, (double)refuse_ns[refused / 2] / 1e3,
               (double)refuse_ns[refused * 99 / 100] / 1e3, 10 * budget_us, refused, n_states);
    free(plan_ns);
    free(refuse_ns);
    free(touch_ns);
}

static void measure_exact(uint64_t seed, unsigned n_states) {
    static struct topology_state state;
    struct topology_random random = {seed * 2654435761u + 88172645463325252u};
    static const char *const shapes[] = {"4x4x8", "4x8x8", "4x4x16", "8x8x8"};
    unsigned solved = 0, best = 0, unsolved = 0, wrong = 0;
    uint64_t moves = 0, exact_sum = 0, naive = 0, long_sum = 0, plan_time = 0, exact_time = 0;
    for (unsigned i = 0; i < n_states; i++) {
        topology_state_draw(&state, &random, 12, 30, 0);
        struct topo_request request = {0};
        struct topo_plan plan, long_plan;
        struct topo_refusal refusal;
        char error[200];
        if (topo_shape_parse(shapes[topology_random(&random, 4)], &request.shape, error, sizeof(error)))
            abort();
        uint64_t before = now_ns();
        int r = topo_plan_create(&state.pod, &request, &plan, &refusal);
        uint64_t took = now_ns() - before;
        if (r)
            continue;
        unsigned exact;
        before = now_ns();
        if (!exact_moves(&state.pod, &request, 3000, &exact)) {
            unsolved++;
            continue;
        }
        exact_time += now_ns() - before;
        plan_time += took;
        solved++;
        moves += plan.removals + plan.additions;
        exact_sum += exact;
        best += plan.removals + plan.additions == exact;
        naive += naive_moves(&state.pod, &request);
        request.effort = 1000000;
        if (topo_plan_create(&state.pod, &request, &long_plan, &refusal) == 0) {
            long_sum += long_plan.removals + long_plan.additions;
            wrong += long_plan.proven && long_plan.removals + long_plan.additions != exact;
        }
        wrong += plan.removals + plan.additions < exact;
    }
    if (solved) {
        printf("bench: 12-cube pods against GLPK: %u states, plan best in %u, moves %.1f, long search %.1f, "
               "GLPK "
               "%.1f, naive %.1f; plan %.1f us, GLPK %.1f ms on average; %u contradictions, %u not solved in "
               "3 s\n",
               solved, best, (double)moves / solved, (double)long_sum / solved, (double)exact_sum / solved,
               (double)naive / solved, (double)plan_time / solved / 1e3, (double)exact_time / solved / 1e6,
               wrong, unsolved);
        record("moves in 12-cube pods", "GLPK optimum x 1.05", (double)moves, 1.05 * (double)exact_sum);
    } else {
        printf("bench: built without GLPK, or nothing solved: no exact solver to compare with\n");
    }
}

static void measure_fleet(uint64_t seed) {
    enum { PODS = 256, REQUESTS = 400 };
    static const struct topo_pod *pods[PODS];
    static struct topo_pod_summary summaries[PODS];
    struct topology_random random = {seed * 2654435761u + 88172645463325252u};
    struct topology_state *states = malloc(PODS * sizeof(*states));
    if (!states)
        return;
    for (unsigned i = 0; i < PODS; i++) {
        topology_state_draw(&states[i], &random, 64, 20, 10);
        pods[i] = &states[i].pod;
        topo_pod_summarise(pods[i], &summaries[i]);
    }
    static const char *const shapes[] = {"8x8x8", "4x4x8", "8x8x16", "4x4x4"};
    uint64_t times[REQUESTS];
    unsigned planned = 0;
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct topo_request request = {0};
        struct topo_plan plan;
        struct topo_refusal refusal;
        char error[200];
        unsigned pod;
        if (topo_shape_parse(i % 2 ? "8x8x8" : shapes[topology_random(&random, 4)], &request.shape, error,
                             sizeof(error)))
            abort();
        int r = 0;
        times[i] = UINT64_MAX;
        for (unsigned repeat = 0; repeat < 15; repeat++) {
            uint64_t before = now_ns();
            r = topo_fleet_plan(pods, summaries, PODS, &request, &pod, &plan, &refusal);
            uint64_t took = now_ns() - before;
            times[i] = took < times[i] ? took : times[i];
        }
        if (r == 0) {
            planned++;
            topology_state_apply(&states[pod], &request.shape, plan.cubes);
            topo_pod_summarise(pods[pod], &summaries[pod]);
        }
    }
    qsort(times, REQUESTS, sizeof(*times), by_size);
    printf("bench: plan in a fleet of 256 pods, 16,384 cubes: %u of %u planned, p50 %.1f us, p99 %.1f us "
           "(budget "
           "100)\n",
           planned, REQUESTS, (double)times[REQUESTS / 2] / 1e3, (double)times[REQUESTS * 99 / 100] / 1e3);
    record("plan in a fleet of 256 pods, p99", "100 us", (double)times[REQUESTS * 99 / 100] / 1e3, 100);
    free(states);
}

static void measure_analysis(void) {
    static const char *const shapes[] = {"16x16x16", "8x16x16_twisted"};
    for (unsigned i = 0; i < 2; i++) {
        struct topo_shape shape;
        struct topo_analysis analysis;
        char error[200];
        static uint16_t missing[TOPO_POSITIONS_MAX][3];
        if (topo_shape_parse(shapes[i], &shape, error, sizeof(error)))
            abort();
        for (unsigned p = 0; p < shape.n_cubes; p++)
            missing[p][0] = 1u << 3; /* a dead switch */
        for (unsigned damaged = 0; damaged < 2; damaged++) {
            uint64_t before = now_ns();
            if (topo_analyze(&shape, damaged ? missing : NULL, &analysis))
                abort();
            double took_ms = (double)(now_ns() - before) / 1e6;
            printf(
                "bench: analyse %s, %u chips%s: %.1f ms (budget 100); diameter %u, %.3f hops, slow-down of "
                "all-to-all %.3f\n",
                shapes[i], shape.n_chips, damaged ? ", a dead switch" : "", took_ms, analysis.diameter,
                analysis.average_hops, analysis.all_to_all_slow_down);
            char name[80];
            snprintf(name, sizeof(name), "analyse %s%s", shapes[i], damaged ? ", a dead switch" : "");
            record(name, "100 ms", took_ms, 100);
        }
    }
    static const char *const pairs[][2] = {{"4x4x8_twisted", "4x4x8_untwisted"},
                                           {"4x8x8_twisted", "4x8x8_untwisted"}};
    for (unsigned i = 0; i < 2; i++) {
        struct topo_shape shape;
        struct topo_analysis analysis[2];
        char error[200];
        for (unsigned j = 0; j < 2; j++)
            if (topo_shape_parse(pairs[i][j], &shape, error, sizeof(error)) ||
                topo_analyze(&shape, NULL, &analysis[j]))
                abort();
        printf("bench: all-to-all of %s is %.2f times as fast as of %s (published, measured: %s)\n",
               pairs[i][0], analysis[1].load_max / analysis[0].load_max, pairs[i][1], i ? "1.31" : "1.63");
    }
}

int main(int argc, char **argv) {
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    unsigned n_states = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 500;
    if (argc > 3 && !(json = fopen(argv[3], "w"))) {
        perror(argv[3]);
        return 1;
    }
    printf("bench: seed %llu, %u states\n", (unsigned long long)seed, n_states);
    measure("8x8x8", 64, 0, 0, seed, n_states, 20);
    measure("8x8x8", 64, 10, 0, seed, n_states, 20);
    measure("8x8x8", 64, 60, 0, seed, n_states, 20);
    measure("8x8x8", 64, 60, 8, seed, n_states, 20);
    measure("8x8x8", 144, 10, 0, seed, n_states, 40);
    measure("8x8x8", 144, 60, 8, seed, n_states, 40);
    measure_fleet(seed);
    measure_analysis();
    measure_exact(seed, n_states / 5);
    if (json) {
        fprintf(json, "%s]\n", first_entry ? "[" : "\n");
        fclose(json);
    }
    return 0;
}
