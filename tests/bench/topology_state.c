#include "topology_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const mix[] = {"4x4x4",  "4x4x8",  "4x4x8_untwisted", "4x8x8",  "4x4x16", "8x8x8",
                                  "4x8x16", "8x8x12", "8x8x16",          "4x4x12", "4x8x12"};

uint32_t topology_random(struct topology_random *random, uint32_t below) {
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return (uint32_t)((random->state * UINT64_C(2685821657736338717)) >> 33) % below;
}

static void refresh(struct topology_state *state) {
    const uint16_t *maps[TOPO_OCSES_MAX] = {0};
    for (unsigned ocs = 0; ocs < 48; ocs++)
        maps[ocs] = state->b_of_a[ocs];
    topo_pod_refresh_lit(&state->pod, maps);
}

static void clear_port(uint16_t *map, unsigned ports, unsigned a, unsigned b) {
    map[a] = 0;
    for (unsigned other = 1; other <= ports; other++)
        if (map[other] == b)
            map[other] = 0;
}

void topology_state_apply(struct topology_state *state, const struct topo_shape *shape,
                          const uint16_t *cubes) {
    const struct topo_wiring *wiring = &state->wiring;
    for (unsigned p = 0; p < shape->n_cubes; p++) {
        topo_set_add(&state->pod.used, cubes[p]);
        for (unsigned d = 0; d < 3; d++)
            for (unsigned i = 0; i < TOPO_INDICES; i++) {
                struct topo_link link = topo_link_at(wiring, shape, cubes, p, d, i);
                if (link.ocs < 0 || state->pod.bad_ocses >> link.ocs & 1)
                    continue;
                clear_port(state->b_of_a[link.ocs], wiring->n_cubes, link.a, link.b);
                state->b_of_a[link.ocs][link.a] = link.b;
            }
    }
    refresh(state);
}

void topology_state_draw(struct topology_state *state, struct topology_random *random, unsigned n_cubes,
                         unsigned events, unsigned damage_percent) {
    if (topo_wiring_set_default(&state->wiring, n_cubes, n_cubes + 8, n_cubes + 8))
        abort();
    topo_pod_init(&state->pod, &state->wiring, n_cubes);
    memset(state->b_of_a, 0, sizeof(state->b_of_a));
    struct {
        struct topo_shape shape;
        uint16_t cubes[TOPO_POSITIONS_MAX];
    } live[TOPO_CUBES_MAX];
    unsigned n_live = 0, used = 0;
    for (unsigned event = 0; event < events || used * 2 < n_cubes - 4 || used * 2 > n_cubes + 4; event++) {
        bool release = n_live && (used * 2 > n_cubes + 4 || topology_random(random, 3) == 0);
        if (release) {
            unsigned i = topology_random(random, n_live);
            for (unsigned p = 0; p < live[i].shape.n_cubes; p++)
                topo_set_remove(&state->pod.used, live[i].cubes[p]);
            used -= live[i].shape.n_cubes;
            live[i] = live[--n_live];
            continue;
        }
        struct topo_request request = {0};
        struct topo_plan plan;
        struct topo_refusal refusal;
        char error[200];
        if (topo_shape_parse(mix[topology_random(random, sizeof(mix) / sizeof(mix[0]))], &request.shape,
                             error, sizeof(error)))
            abort();
        /* A random exclusion, so that slices lie scattered. */
        for (unsigned cube = 0; cube < n_cubes; cube++)
            if (topology_random(random, 3) == 0)
                topo_set_add(&request.exclude, cube);
        if (topo_plan_create(&state->pod, &request, &plan, &refusal))
            continue;
        topology_state_apply(state, &request.shape, plan.cubes);
        used += request.shape.n_cubes;
        live[n_live].shape = request.shape;
        memcpy(live[n_live++].cubes, plan.cubes, sizeof(plan.cubes));
    }
    for (unsigned cube = 0; cube < n_cubes; cube++)
        if (topology_random(random, 100) < damage_percent)
            state->pod.bad_ends[cube][topology_random(random, 6)] |=
                (uint16_t)(1u << topology_random(random, 16));
    if (topology_random(random, 1000) < damage_percent)
        state->pod.bad_ocses |= UINT64_C(1) << topology_random(random, 48);
    topo_pod_refresh_ends(&state->pod);
}
