#include "daemon/fabric/attribution.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint16_t attribution_connected_end(const struct fabric_pod *pod, uint16_t end) {
    const struct topo_port *at = &pod->wiring->port_of[end];
    if (at->ocs < 0)
        return TOPO_NO_END;
    const struct fabric_ocs *ocs = &pod->ocs[at->ocs];
    if (at->side == TOPO_SIDE_A) {
        unsigned b = ocs->port[at->port].observed_b;
        return b ? pod->wiring->end_of[at->ocs][TOPO_SIDE_B][b] : TOPO_NO_END;
    }
    unsigned a = ocs->observed_a[at->port];
    return a ? pod->wiring->end_of[at->ocs][TOPO_SIDE_A][a] : TOPO_NO_END;
}

unsigned attribution_host_of_end(unsigned face, unsigned index) {
    unsigned low = index % 4, high = index / 4, edge = face % 2 ? 0 : 3;
    unsigned x = face / 2 == 0 ? edge : low;
    unsigned y = face / 2 == 1 ? edge : face / 2 == 0 ? low : high;
    unsigned z = face / 2 == 2 ? edge : high;
    return x / 2 + 2 * (y / 2) + 4 * z;
}

/* A host that is heard says that no light arrives. */
static bool is_dark(const struct fabric_pod *pod, uint16_t end, int64_t now_us) {
    const struct fabric_cube *cube = &pod->cube[topo_end_cube(end)];
    const struct link_end *seen = &cube->end[topo_end_face(end)][topo_end_index(end)];
    const struct fabric_host *host =
        &cube->host[attribution_host_of_end(topo_end_face(end), topo_end_index(end))];
    return seen->reports >= 2 && !seen->light && host->heard_us && now_us < host->silent_at_us;
}

/* The ends of the link at an A port, when it is dark at both. */
static bool is_dark_link(const struct fabric_pod *pod, const struct fabric_ocs *ocs, unsigned a,
                         int64_t now_us, uint16_t ends[2]) {
    unsigned b = ocs->port[a].observed_b;
    if (!b)
        return false;
    ends[0] = pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a];
    ends[1] = pod->wiring->end_of[ocs->index][TOPO_SIDE_B][b];
    return ends[0] != TOPO_NO_END && ends[1] != TOPO_NO_END && is_dark(pod, ends[0], now_us) &&
           is_dark(pod, ends[1], now_us);
}

/* Steps: 1 the dark links of each cube; a cube that lost most of them explains them all; 2 what is left,
 * switch by switch. */
void attribution_of(const struct fabric_pod *pod, int64_t now_us, struct attribution *ret_attribution) {
    uint16_t dark_of[TOPO_CUBES_MAX] = {0}, ends[2];
    *ret_attribution = (struct attribution){0};
    for (unsigned i = 0; i < pod->n_ocses; i++)
        for (unsigned a = 1; a <= pod->ocs[i].ports_a; a++)
            if (is_dark_link(pod, &pod->ocs[i], a, now_us, ends)) {
                ret_attribution->dark_links[i]++;
                dark_of[topo_end_cube(ends[0])]++;
                dark_of[topo_end_cube(ends[1])]++;
            }
    for (unsigned cube = 0; cube < pod->n_cubes; cube++)
        if (dark_of[cube] > TOPO_FACES * TOPO_INDICES / 2)
            topo_set_add(&ret_attribution->dark_cubes, cube);
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        unsigned unexplained = 0;
        for (unsigned a = 1; ret_attribution->dark_links[i] && a <= pod->ocs[i].ports_a; a++)
            unexplained += is_dark_link(pod, &pod->ocs[i], a, now_us, ends) &&
                           !topo_set_has(&ret_attribution->dark_cubes, topo_end_cube(ends[0])) &&
                           !topo_set_has(&ret_attribution->dark_cubes, topo_end_cube(ends[1]));
        if (unexplained >= 2)
            ret_attribution->bad_switches |= UINT64_C(1) << i;
    }
}

static bool is_failure(const struct fabric_cube *cube) {
    return cube->health == HEALTH_UNHEALTHY && !cube->mark;
}

struct failure_wave attribution_wave(const struct fabric_cube *cube, int64_t settle_us) {
    const struct fabric_pod *pod = cube->pod;
    int64_t oldest_us = cube->health_since_us, newest_us = oldest_us;
    struct failure_wave wave = {0};
    bool has_grown = is_failure(cube);
    while (has_grown) {
        has_grown = false;
        for (unsigned i = 0; i < pod->n_cubes; i++) {
            int64_t since_us = pod->cube[i].health_since_us;
            if (!is_failure(&pod->cube[i]) || since_us < oldest_us - settle_us ||
                since_us > newest_us + settle_us || (since_us >= oldest_us && since_us <= newest_us))
                continue;
            oldest_us = since_us < oldest_us ? since_us : oldest_us;
            newest_us = since_us > newest_us ? since_us : newest_us;
            has_grown = true;
        }
    }
    wave.newest_us = newest_us;
    uint16_t in_row[UINT8_MAX + 1] = {0}, failed_in_row[UINT8_MAX + 1] = {0};
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        int64_t since_us = pod->cube[i].health_since_us;
        bool is_in = is_failure(&pod->cube[i]) && since_us >= oldest_us && since_us <= newest_us;
        wave.n_cubes += is_in;
        in_row[pod->plan.row[i]]++;
        failed_in_row[pod->plan.row[i]] += is_in;
    }
    for (unsigned row = 0; row <= UINT8_MAX; row++)
        wave.has_whole_row = wave.has_whole_row || (in_row[row] > 1 && failed_in_row[row] == in_row[row]);
    return wave;
}

unsigned fabric_link_suspects(const struct fabric_slice *slice, const struct slice_version *version,
                              const struct slice_link *link, char text[FABRIC_SUSPECTS][160]) {
    const struct fabric_pod *pod = slice->pod;
    static struct attribution attribution;
    struct topo_link at = topo_link_at(pod->wiring, &version->shape, version->cubes, link->position,
                                       link->dimension, link->index);
    if (at.ocs < 0 || (link->cause != LINK_CAUSE_DARK && link->cause != LINK_CAUSE_MISCABLED))
        return 0;
    const struct fabric_ocs *ocs = &pod->ocs[at.ocs];
    const struct fabric_cube *here = &pod->cube[version->cubes[link->position]];
    const struct fabric_cube *there =
        &pod->cube[version->cubes[topo_shape_next(&version->shape, link->position, link->dimension)]];
    const char *plus = topo_face_name(topo_face(link->dimension, false));
    const char *minus = topo_face_name(topo_face(link->dimension, true));
    attribution_of(pod, pod->fabric->last_now_us, &attribution);
    if (attribution.bad_switches >> at.ocs & 1) {
        snprintf(text[0], sizeof(text[0]),
                 "switch %s: %u links through it are dark, of cubes that have no other in common", ocs->name,
                 attribution.dark_links[at.ocs]);
        return 1;
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct fabric_cube *cube = i ? there : here;
        if (cube->health == HEALTH_UNHEALTHY) {
            snprintf(text[0], sizeof(text[0]), "%s, which is UNHEALTHY: %.100s", cube->name,
                     cube->health_cause);
            return 1;
        }
        if (!topo_set_has(&attribution.dark_cubes, cube->index))
            continue;
        snprintf(text[0], sizeof(text[0]), "%s: most of its links are dark", cube->name);
        return 1;
    }
    snprintf(text[0], sizeof(text[0]), "transceiver of %s, face %s, link %u", here->name, plus, link->index);
    snprintf(text[1], sizeof(text[1]), "transceiver of %s, face %s, link %u", there->name, minus,
             link->index);
    snprintf(text[2], sizeof(text[2]), "fiber from %s %s %u to %s", here->name, plus, link->index, ocs->name);
    snprintf(text[3], sizeof(text[3]), "fiber from %s %s %u to %s", there->name, minus, link->index,
             ocs->name);
    snprintf(text[4], sizeof(text[4]), "mirrors A%u-B%u of %s", at.a, at.b, ocs->name);
    return FABRIC_SUSPECTS;
}
