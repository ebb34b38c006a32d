#pragma once
/* Random pods in use: slices come and go until the wanted share of cubes is taken, circuits of former slices
 * stay dark, things break. Deterministic for a seed. */
#include "topology/plan.h"

struct topology_state {
    struct topo_wiring wiring;
    struct topo_pod pod;
    uint16_t b_of_a[48][TOPO_PORTS_MAX + 1];
};

struct topology_random {
    uint64_t state;
};
uint32_t topology_random(struct topology_random *random, uint32_t below);

/* events: creations and releases before the state is handed over. damage_percent: share of cubes with a bad
 * end, and of switches that are down in a tenth of that many states. */
void topology_state_draw(struct topology_state *state, struct topology_random *random, unsigned n_cubes,
                         unsigned events, unsigned damage_percent);
/* Turns the mirrors for a plan; the cubes are marked as used. */
void topology_state_apply(struct topology_state *state, const struct topo_shape *shape,
                          const uint16_t *cubes);
