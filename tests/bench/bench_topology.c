/* How fast the topology library plans, and how many mirrors its plans move. Usage: bench_topology [SEED]
 * [STATES] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "topology_state.h"

static uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
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
             repeat++) { /* the least of five: what the plan costs, not the machine */
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
    if (refused)
        printf("bench: refuse %s in %u cubes: p50 %.1f us, p99 %.1f us (budget %.0f), %u of %u states\n",
               shape, n_cubes, (double)refuse_ns[refused / 2] / 1e3,
               (double)refuse_ns[refused * 99 / 100] / 1e3, 10 * budget_us, refused, n_states);
    free(plan_ns);
    free(refuse_ns);
    free(touch_ns);
}

int main(int argc, char **argv) {
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    unsigned n_states = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 500;
    measure("8x8x8", 64, 0, 0, seed, n_states, 20);
    measure("8x8x8", 64, 10, 0, seed, n_states, 20);
    measure("8x8x8", 64, 60, 0, seed, n_states, 20);
    measure("8x8x8", 64, 60, 8, seed, n_states, 20);
    measure("8x8x8", 144, 10, 0, seed, n_states, 40);
    measure("8x8x16", 64, 10, 0, seed, n_states, 20);
    return 0;
}
