#include "topology/pod.h"

#include <string.h>

void topo_pod_init(struct topo_pod *pod, const struct topo_wiring *wiring, unsigned largest_slice_cubes) {
    memset(pod, 0, sizeof(*pod));
    pod->wiring = wiring;
    pod->largest_slice_cubes = (uint16_t)largest_slice_cubes;
    memset(pod->lit_next, 0xff, sizeof(pod->lit_next));
    memset(pod->lit_previous, 0xff, sizeof(pod->lit_previous));
    topo_pod_refresh_ends(pod);
}

void topo_pod_refresh_ends(struct topo_pod *pod) {
    const struct topo_wiring *wiring = pod->wiring;
    for (unsigned cube = 0; cube < wiring->n_cubes; cube++) {
        unsigned damage = 0;
        for (unsigned face = 0; face < TOPO_FACES; face++) {
            uint16_t good = wiring->has_fiber[cube][face] & (uint16_t)~pod->bad_ends[cube][face];
            if (pod->bad_ocses)
                for (unsigned index = 0; index < TOPO_INDICES; index++) {
                    int ocs = wiring->port_of[topo_end(cube, face, index)].ocs;
                    if (ocs >= 0 && pod->bad_ocses >> ocs & 1)
                        good &= (uint16_t) ~(1u << index);
                }
            pod->good_ends[cube][face] = good;
            damage += TOPO_INDICES - (unsigned)__builtin_popcount(good);
        }
        pod->damage[cube] = (uint16_t)damage;
    }
}

void topo_pod_refresh_lit(struct topo_pod *pod, const uint16_t *const *b_of_a) {
    const struct topo_wiring *wiring = pod->wiring;
    memset(pod->lit_next, 0xff, sizeof(pod->lit_next));
    memset(pod->lit_previous, 0xff, sizeof(pod->lit_previous));
    memset(pod->lit_count, 0, sizeof(pod->lit_count));
    for (unsigned cube = 0; cube < wiring->n_cubes; cube++)
        for (unsigned dimension = 0; dimension < 3; dimension++) {
            /* Majority vote (Boyer, Moore 1991), then a count: dark circuits of one cube usually agree. */
            int candidate = -1, lead = 0;
            int far_of[TOPO_INDICES];
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                const struct topo_port *plus =
                    &wiring->port_of[topo_end(cube, topo_face(dimension, false), index)];
                far_of[index] = -1;
                if (plus->ocs < 0 || plus->side != TOPO_SIDE_A || !b_of_a[plus->ocs])
                    continue;
                uint16_t b = b_of_a[plus->ocs][plus->port];
                uint16_t end = b ? wiring->end_of[plus->ocs][TOPO_SIDE_B][b] : TOPO_NO_END;
                if (end == TOPO_NO_END || topo_end_face(end) != topo_face(dimension, true) ||
                    topo_end_index(end) != index)
                    continue;
                far_of[index] = (int)topo_end_cube(end);
                if (lead == 0)
                    candidate = far_of[index];
                lead += far_of[index] == candidate ? 1 : -1;
            }
            if (candidate < 0)
                continue;
            unsigned count = 0;
            for (unsigned index = 0; index < TOPO_INDICES; index++)
                count += far_of[index] == candidate;
            pod->lit_next[cube][dimension] = (int16_t)candidate;
            pod->lit_count[cube][dimension] = (uint8_t)count;
            pod->lit_previous[candidate][dimension] = (int16_t)cube;
        }
}
