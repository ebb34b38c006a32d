#include "topology/pod.h"

#include <string.h>

void topo_pod_init(struct topo_pod *pod, const struct topo_wiring *wiring, unsigned largest_slice_cubes) {
    memset(pod, 0, sizeof(*pod));
    pod->wiring = wiring;
    pod->largest_slice_cubes = (uint16_t)largest_slice_cubes;
    memset(pod->lit_next, 0xff, sizeof(pod->lit_next));
    memset(pod->lit_previous, 0xff, sizeof(pod->lit_previous));
    memset(pod->lit_far, 0xff, sizeof(pod->lit_far));
    for (unsigned cube = 0; cube < TOPO_CUBES_MAX; cube++)
        pod->row[cube] = pod->power_domain[cube] = (uint8_t)(cube / 8);
    topo_pod_refresh_ends(pod);
}

/* The ends of a face whose switch can be commanded. */
static uint16_t commandable(const struct topo_pod *pod, unsigned cube, unsigned face) {
    const struct topo_wiring *wiring = pod->wiring;
    uint16_t mask = wiring->has_fiber[cube][face];
    if (pod->bad_ocses)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            int ocs = wiring->port_of[topo_end(cube, face, index)].ocs;
            if (ocs >= 0 && pod->bad_ocses >> ocs & 1)
                mask &= (uint16_t) ~(1u << index);
        }
    return mask;
}

static void summarise_lit(struct topo_pod *pod, unsigned cube, unsigned face, uint16_t mask) {
    const int16_t *far_of = pod->lit_far[cube][face];
    unsigned ends = 0, most = 0;
    int16_t to = -1;
    uint16_t mask_to = 0, seen = 0;
    for (unsigned index = 0; index < TOPO_INDICES; index++) {
        if (far_of[index] == TOPO_LIT_NONE || !(mask >> index & 1))
            continue;
        ends++;
        if (far_of[index] < 0 || seen >> index & 1)
            continue;
        uint16_t same = 0;
        for (unsigned other = index; other < TOPO_INDICES; other++)
            if (far_of[other] == far_of[index])
                same |= (uint16_t)(1u << other);
        seen |= same;
        same &= mask;
        unsigned count = (unsigned)__builtin_popcount(same);
        if (count > most)
            most = count, to = far_of[index], mask_to = same;
    }
    pod->lit_mask[cube][face] = mask_to;
    pod->lit_ends[cube][face] = (uint8_t)ends;
    pod->lit_most[cube][face] = (uint8_t)most;
    pod->lit_to[cube][face] = to;
    unsigned dimension = face / 2;
    if (face % 2) {
        pod->lit_previous[cube][dimension] = to;
    } else {
        pod->lit_next[cube][dimension] = to;
        pod->lit_count[cube][dimension] = (uint8_t)most;
    }
}

void topo_pod_refresh_ends(struct topo_pod *pod) {
    const struct topo_wiring *wiring = pod->wiring;
    for (unsigned cube = 0; cube < wiring->n_cubes; cube++) {
        unsigned damage = 0;
        for (unsigned face = 0; face < TOPO_FACES; face++) {
            uint16_t mask = commandable(pod, cube, face);
            uint16_t good = mask & (uint16_t)~pod->bad_ends[cube][face];
            pod->good_ends[cube][face] = good;
            damage += TOPO_INDICES - (unsigned)__builtin_popcount(good);
            summarise_lit(pod, cube, face, mask);
        }
        pod->damage[cube] = (uint16_t)damage;
    }
}

void topo_pod_refresh_lit(struct topo_pod *pod, const uint16_t *const *b_of_a) {
    const struct topo_wiring *wiring = pod->wiring;
    memset(pod->lit_far, 0xff, sizeof(pod->lit_far));
    for (unsigned ocs = 0; ocs < wiring->n_ocses; ocs++) {
        if (!b_of_a[ocs])
            continue;
        for (unsigned a = 1; a <= wiring->ports[ocs][TOPO_SIDE_A]; a++) {
            unsigned b = b_of_a[ocs][a];
            if (b == 0 || b > wiring->ports[ocs][TOPO_SIDE_B])
                continue;
            uint16_t ends[2] = {wiring->end_of[ocs][TOPO_SIDE_A][a], wiring->end_of[ocs][TOPO_SIDE_B][b]};
            bool is_link = ends[0] != TOPO_NO_END && ends[1] != TOPO_NO_END &&
                           topo_end_index(ends[0]) == topo_end_index(ends[1]) &&
                           (topo_end_face(ends[0]) ^ topo_end_face(ends[1])) == 1;
            for (unsigned side = 0; side < 2; side++)
                if (ends[side] != TOPO_NO_END)
                    pod->lit_far[topo_end_cube(ends[side])][topo_end_face(ends[side])]
                                [topo_end_index(ends[side])] =
                        is_link ? (int16_t)topo_end_cube(ends[1 - side]) : TOPO_LIT_OTHER;
        }
    }
    for (unsigned cube = 0; cube < wiring->n_cubes; cube++)
        topo_pod_refresh_cube(pod, cube);
}

void topo_pod_refresh_cube(struct topo_pod *pod, unsigned cube) {
    for (unsigned face = 0; face < TOPO_FACES; face++)
        summarise_lit(pod, cube, face, commandable(pod, cube, face));
}

bool topo_pod_is_barred(const struct topo_pod *pod, unsigned cube, const struct topo_cube_set *own) {
    unsigned word = cube / 64;
    uint64_t bars = pod->used.word[word] | pod->unhealthy.word[word] | pod->unschedulable.word[word] |
                    pod->unaccounted.word[word] | pod->unproven.word[word];
    if ((bars >> (cube % 64) & 1) || pod->used_hosts[cube] || pod->bad_hosts[cube])
        return true;
    for (word = 0; word < TOPO_CUBE_WORDS; word++) {
        uint64_t foreign = pod->used.word[word] & ~(own ? own->word[word] : 0);
        if (pod->unproven_with[cube].word[word] & foreign)
            return true;
    }
    return false;
}
