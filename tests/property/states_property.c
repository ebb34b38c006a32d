/* Every state of a pod of four cubes: each cube free, used, unhealthy or a spare, whole or without one end,
 * with three histories of dark circuits; every shape, with and without tolerance and spares. Usage:
 * states_property STRIDE: every STRIDE-th combination of states, 1 for all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glue.h"

static const char *const shapes[] = {"4x4x4",  "4x4x8_twisted", "4x4x8_untwisted", "4x4x12",
                                     "4x4x16", "4x8x8_twisted", "4x8x8_untwisted"};
#define SHAPES 7

/* Dark bundles of the histories, all 16 links of each: from cube, to cube, dimension. */
static const int8_t dark[3][12][3] = {
    {{-1}},
    {{0, 1, 2},
     {1, 2, 2},
     {2, 3, 2},
     {3, 0, 2},
     {0, 0, 0},
     {1, 1, 0},
     {2, 2, 0},
     {3, 3, 0},
     {0, 0, 1},
     {1, 1, 1},
     {2, 2, 1},
     {3, 3, 1}},
    {{1, 3, 2}, {3, 1, 2}, {1, 3, 0}, {3, 1, 0}, {1, 1, 1}, {0, 0, 0}, {0, 0, 1}, {-1}},
};

struct state {
    int status[4]; /* free, used, unhealthy, spare */
    int damage[4]; /* none, +x 0, -x 0 */
    int history;
};

struct best {
    bool found;
    int spares, missing, moves;
};

static bool is_dark(int history, int from, int to, int dimension) {
    for (int i = 0; i < 12 && dark[history][i][0] >= 0; i++)
        if (dark[history][i][0] == from && dark[history][i][1] == to && dark[history][i][2] == dimension)
            return true;
    return false;
}

static void judge(const struct state *state, const struct plant_shape *shape, const int *at, int tolerate,
                  struct best *best) {
    struct best this = {.found = true};
    int n = plant_cubes_of(shape), needed = 0, kept = 0, circuits = 0;
    for (int p = 0; p < n; p++) {
        this.spares += state->status[at[p]] == 3;
        for (int d = 0; d < 3; d++) {
            int from = at[p], to = at[plant_next(shape, p, d)];
            bool bad = d == 0 && (state->damage[from] == 1 || state->damage[to] == 2);
            this.missing += bad;
            needed += 16 - bad;
            /* A circuit on a link that cannot be lit stays where it is as intended. */
            if (is_dark(state->history, from, to, d)) {
                kept += 16;
                needed -= 16 - bad;
            }
        }
    }
    if (this.missing > tolerate)
        return;
    for (int i = 0; i < 12 && dark[state->history][i][0] >= 0; i++) {
        bool touched = false;
        for (int p = 0; p < n; p++)
            touched |= at[p] == dark[state->history][i][0] || at[p] == dark[state->history][i][1];
        circuits += touched ? 16 : 0;
    }
    this.moves = needed + circuits - kept;
    if (!best->found || this.spares < best->spares ||
        (this.spares == best->spares &&
         (this.missing < best->missing || (this.missing == best->missing && this.moves < best->moves))))
        *best = this;
}

static void try_all(const struct state *state, const struct plant_shape *shape, int *at, int position,
                    int left, int tolerate, struct best *best) {
    if (position == plant_cubes_of(shape)) {
        judge(state, shape, at, tolerate, best);
        return;
    }
    for (int cube = 0; cube < 4; cube++)
        if (left >> cube & 1) {
            at[position] = cube;
            try_all(state, shape, at, position + 1, left & ~(1 << cube), tolerate, best);
        }
}

int main(int argc, char **argv) {
    unsigned stride = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1, states = 0;
    unsigned long plans = 0, refusals = 0;
    static struct plant plant;
    static struct glue glue;
    struct topo_shape parsed[SHAPES];
    for (int i = 0; i < SHAPES; i++) {
        char error[200];
        if (topo_shape_parse(shapes[i], &parsed[i], error, sizeof(error)))
            return 1;
    }
    for (unsigned number = 0; number < 256 * 81 * 3; number += stride ? stride : 1) {
        struct state state = {.history = (int)(number % 3)};
        unsigned rest = number / 3;
        for (int cube = 0; cube < 4; cube++) {
            state.damage[cube] = (int)(rest % 3);
            rest /= 3;
            state.status[cube] = (int)(rest % 4);
            rest /= 4;
        }
        plant_init(&plant, 4);
        for (int i = 0; i < 12 && dark[state.history][i][0] >= 0; i++)
            for (int index = 0; index < 16; index++) {
                const int8_t *bundle = dark[state.history][i];
                plant.b_of_a[16 * bundle[2] + index][bundle[0] + 1] = (uint16_t)(bundle[1] + 1);
            }
        int allowed = 0, allowed_with_spares = 0;
        for (int cube = 0; cube < 4; cube++)
            if (state.damage[cube])
                plant.bad_end[cube][state.damage[cube] - 1][0] = true;
        glue_load(&glue, &plant);
        for (int cube = 0; cube < 4; cube++) {
            allowed |= state.status[cube] == 0 ? 1 << cube : 0;
            allowed_with_spares |= state.status[cube] == 0 || state.status[cube] == 3 ? 1 << cube : 0;
            struct topo_cube_set *sets[] = {NULL, &glue.pod.used, &glue.pod.unhealthy, &glue.pod.spare};
            if (state.status[cube])
                topo_set_add(sets[state.status[cube]], (unsigned)cube);
        }
        states++;
        for (int i = 0; i < SHAPES * 4; i++) {
            struct topo_request request = {.shape = parsed[i % SHAPES], .use_spares = i / SHAPES % 2};
            int tolerate = i / SHAPES / 2;
            request.tolerate_missing[0] = (unsigned)tolerate;
            request.effort = 100000;
            struct plant_shape shape = glue_shape(&request.shape);
            struct best best = {.found = false};
            int at[4];
            try_all(&state, &shape, at, 0, request.use_spares ? allowed_with_spares : allowed, tolerate,
                    &best);
            struct topo_plan plan;
            struct topo_refusal refusal;
            int r = topo_plan_create(&glue.pod, &request, &plan, &refusal);
            if ((r == 0) != best.found)
                glue_fail(number, "%s: library says %s, brute force %s", shapes[i % SHAPES],
                          r ? refusal.text : "fits", best.found ? "fits" : "refuses");
            plans += r == 0;
            refusals += r != 0;
            if (r == 0 && ((int)plan.spares != best.spares ||
                           (int)(plan.missing[0] + plan.missing[1] + plan.missing[2]) != best.missing ||
                           (int)(plan.removals + plan.additions) != best.moves))
                glue_fail(number, "%s: %u spares, %u missing, %u moves; best %d, %d, %d", shapes[i % SHAPES],
                          plan.spares, plan.missing[0], plan.removals + plan.additions, best.spares,
                          best.missing, best.moves);
        }
    }
    printf("count: every state of a 4-cube pod, each %u.: %u states, %lu plans best, %lu refusals right\n",
           stride, states, plans, refusals);
    return 0;
}
