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

/* What hosts that are heard say of the link at an A port. */
enum sight { SIGHT_NONE, SIGHT_LIT, SIGHT_DARK };

static enum sight look_at_end(const struct fabric_pod *pod, uint16_t end, int64_t now_us) {
    const struct fabric_cube *cube = &pod->cube[topo_end_cube(end)];
    const struct link_end *seen = &cube->end[topo_end_face(end)][topo_end_index(end)];
    const struct fabric_host *host =
        &cube->host[attribution_host_of_end(topo_end_face(end), topo_end_index(end))];
    if (seen->reports < 2 || !host->heard_us || now_us >= host->silent_at_us)
        return SIGHT_NONE;
    return seen->light ? SIGHT_LIT : SIGHT_DARK;
}

/* Lit or dark at both ends; ret_cubes: whose they are. */
static enum sight look_at_link(const struct fabric_pod *pod, const struct fabric_ocs *ocs, unsigned a,
                               int64_t now_us, unsigned ret_cubes[2]) {
    unsigned b = ocs->port[a].observed_b;
    if (!b)
        return SIGHT_NONE;
    uint16_t plus = pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a];
    uint16_t minus = pod->wiring->end_of[ocs->index][TOPO_SIDE_B][b];
    if (plus == TOPO_NO_END || minus == TOPO_NO_END)
        return SIGHT_NONE;
    enum sight sight = look_at_end(pod, plus, now_us);
    if (sight == SIGHT_NONE || look_at_end(pod, minus, now_us) != sight)
        return SIGHT_NONE;
    ret_cubes[0] = topo_end_cube(plus);
    ret_cubes[1] = topo_end_cube(minus);
    return sight;
}

/* The dark links of a switch, but for those of the cubes in `but`, that one cube alone does not explain. */
static bool has_dark_of_several(const struct fabric_pod *pod, const struct fabric_ocs *ocs,
                                const struct topo_cube_set *but, int64_t now_us, bool *ret_is_any_lit) {
    unsigned cubes[2], common[2] = {0};
    bool is_any = false, are_several = false;
    *ret_is_any_lit = false;
    for (unsigned a = 1; a <= ocs->ports_a; a++) {
        enum sight sight = look_at_link(pod, ocs, a, now_us, cubes);
        if (sight == SIGHT_NONE || topo_set_has(but, cubes[0]) || topo_set_has(but, cubes[1]))
            continue;
        if (sight == SIGHT_LIT) {
            *ret_is_any_lit = true;
        } else if (!is_any) {
            memcpy(common, cubes, sizeof(common));
            is_any = true;
        } else {
            bool has_first = common[0] == cubes[0] || common[0] == cubes[1];
            bool has_second = common[1] == cubes[0] || common[1] == cubes[1];
            are_several = are_several || (!has_first && !has_second);
            common[0] = has_first ? common[0] : common[1];
            common[1] = has_second ? common[1] : common[0];
        }
    }
    return are_several;
}

/* Counts the dark links of each cube, without those of switches in doubt and of the cubes in `but`; a link
 * from a cube to itself counts twice, for it has two ends there. */
static void count_dark_ends(const struct fabric_pod *pod, const struct attribution *attribution,
                            const struct topo_cube_set *but, int64_t now_us,
                            uint16_t ret_ends[TOPO_CUBES_MAX]) {
    unsigned cubes[2];
    memset(ret_ends, 0, TOPO_CUBES_MAX * sizeof(*ret_ends));
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        if (!attribution->dark_links[i] || attribution->doubted_switches >> i & 1)
            continue;
        for (unsigned a = 1; a <= pod->ocs[i].ports_a; a++)
            if (look_at_link(pod, &pod->ocs[i], a, now_us, cubes) == SIGHT_DARK &&
                !topo_set_has(but, cubes[0]) && !topo_set_has(but, cubes[1])) {
                ret_ends[cubes[0]]++;
                ret_ends[cubes[1]]++;
            }
    }
}

/* Of two cubes that explain as much, the one that a repair put in and that was never proved. */
static bool is_darker(const struct fabric_pod *pod, const uint16_t *ends, unsigned one, unsigned other) {
    const struct fabric_slice *slice = pod->cube[one].slice;
    return ends[one] > ends[other] ||
           (ends[one] == ends[other] && slice && slice_version_is_fresh(slice->accepted, one));
}

/* The few cubes that explain the most: the darkest one first, then the darkest without its links, and so on.
 * Left out again is one all of whose links lead to others of them. */
static void find_dark_cubes(const struct fabric_pod *pod, int64_t now_us, struct attribution *attribution) {
    uint16_t ends[TOPO_CUBES_MAX];
    struct topo_cube_set *found = &attribution->dark_cubes;
    *found = (struct topo_cube_set){0};
    for (unsigned darkest = 0; darkest < pod->n_cubes;) {
        count_dark_ends(pod, attribution, found, now_us, ends);
        for (unsigned cube = darkest = 0; cube < pod->n_cubes; cube++)
            darkest = is_darker(pod, ends, cube, darkest) ? cube : darkest;
        if (ends[darkest] <= TOPO_ENDS_PER_CUBE / 2)
            break;
        topo_set_add(found, darkest);
    }
    for (unsigned cube = 0; cube < pod->n_cubes; cube++) {
        struct topo_cube_set others = *found;
        if (!topo_set_has(found, cube))
            continue;
        topo_set_remove(&others, cube);
        count_dark_ends(pod, attribution, &others, now_us, ends);
        if (!ends[cube])
            *found = others;
    }
}

/* Steps: 1 cubes that lost most of their links, if no switch is to blame; 2 switches with dark links that no
 * one cube explains. A few cubes of step 1 explain them when light of others goes through the switch; 3 the
 * cubes once more, without the links of switches that are not trusted. */
void attribution_of(const struct fabric_pod *pod, int64_t now_us, struct attribution *ret_attribution) {
    const struct topo_cube_set none = {0};
    unsigned cubes[2];
    *ret_attribution = (struct attribution){0};
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        const struct fabric_ocs *ocs = &pod->ocs[i];
        for (unsigned a = 1; a <= ocs->ports_a; a++)
            ret_attribution->dark_links[i] += look_at_link(pod, ocs, a, now_us, cubes) == SIGHT_DARK;
        if (ocs->lost_at_us || now_us < ocs->doubted_until_us)
            ret_attribution->doubted_switches |= UINT64_C(1) << i;
    }
    find_dark_cubes(pod, now_us, ret_attribution);
    bool are_few = topo_set_count(&ret_attribution->dark_cubes) <= pod->fabric->settings.repair_max_cubes;
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        bool is_any_lit, works;
        if (!ret_attribution->dark_links[i] ||
            !has_dark_of_several(pod, &pod->ocs[i], &none, now_us, &is_any_lit))
            continue;
        works = are_few &&
                !has_dark_of_several(pod, &pod->ocs[i], &ret_attribution->dark_cubes, now_us, &is_any_lit) &&
                is_any_lit;
        if (!works)
            ret_attribution->bad_switches |= UINT64_C(1) << i;
    }
    ret_attribution->doubted_switches |= ret_attribution->bad_switches;
    find_dark_cubes(pod, now_us, ret_attribution);
}

void attribution_review(struct fabric_pod *pod, int64_t now_us, struct attribution *ret_attribution) {
    attribution_of(pod, now_us, ret_attribution);
    for (unsigned i = 0; i < pod->n_ocses; i++)
        if (ret_attribution->bad_switches >> i & 1)
            attribution_doubt(&pod->ocs[i], now_us);
}

void attribution_doubt(struct fabric_ocs *ocs, int64_t now_us) {
    ocs->doubted_until_us = now_us + ocs->pod->fabric->settings.repair_settle_us;
}

bool attribution_is_unfit(const struct attribution *attribution, const struct slice_version *version,
                          const struct topo_wiring *wiring, unsigned cube) {
    unsigned failed = 0;
    for (unsigned i = 0; i < version->failed.count; i++) {
        const struct slice_link *link = &version->failed.link[i];
        struct topo_link at = topo_link_at(wiring, &version->shape, version->cubes, link->position,
                                           link->dimension, link->index);
        unsigned here = version->cubes[link->position];
        unsigned there = version->cubes[topo_shape_next(&version->shape, link->position, link->dimension)];
        unsigned other = here == cube ? there : here;
        if (at.ocs < 0 || attribution->doubted_switches >> at.ocs & 1 ||
            (other != cube && topo_set_has(&attribution->dark_cubes, other)))
            continue;
        failed += (here == cube) + (there == cube);
    }
    return failed > TOPO_ENDS_PER_CUBE / 2;
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
                 "switch %s: %u links through it are dark, and no one cube has an end of all", ocs->name,
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
