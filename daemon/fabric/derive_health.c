/* What reports, silence and an operator's word mean for hosts, cubes and link ends. The one place that
 * decides. */
#include "daemon/fabric/attribution.h"
#include "daemon/fabric/change.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/flap.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/meter.h"
#include "daemon/fabric/observe.h"

#include <stdio.h>
#include <string.h>

/* Hosts of other cubes, and power meters of switches, that see no light from links of the silent hosts of a
 * cube. */
struct witnesses {
    uint16_t hosts; /* a bit each: hosts of the cube that are seen dark */
    uint32_t first; /* who sees it: cube and host, or the switch whose meter does */
    bool are_several;
};

#define METER_WITNESS                                                                                        \
    (TOPO_CUBES_MAX * FABRIC_HOSTS_PER_CUBE) /* and the switch: beyond any cube and host                     \
                                              */

static void add_witness(struct witnesses *found, uint32_t witness, unsigned host) {
    found->are_several = found->are_several || (found->first != UINT32_MAX && found->first != witness);
    found->first = witness;
    found->hosts |= (uint16_t)(1u << host);
}

/* What a switch does to many cubes says nothing about one of them. */
static struct witnesses find_witnesses(struct fabric_cube *cube, const struct attribution *attribution,
                                       int64_t now_us) {
    struct fabric_pod *pod = cube->pod;
    struct witnesses found = {.first = UINT32_MAX};
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            unsigned host = attribution_host_of_end(face, index);
            uint16_t end = topo_end(cube->index, face, index);
            uint16_t far = attribution_connected_end(pod, end);
            int64_t silent_at_us = cube->host[host].silent_at_us;
            if (far == TOPO_NO_END || now_us < silent_at_us ||
                attribution->doubted_switches >> pod->wiring->port_of[end].ocs & 1)
                continue;
            if (meter_sees_dark(pod, end, silent_at_us))
                add_witness(&found, METER_WITNESS + (unsigned)pod->wiring->port_of[end].ocs, host);
            else
                meter_ask(pod, end, silent_at_us, now_us);
            if (topo_end_cube(far) == cube->index)
                continue;
            const struct link_end *seen =
                &pod->cube[topo_end_cube(far)].end[topo_end_face(far)][topo_end_index(far)];
            if (seen->light || seen->reports < 2)
                continue;
            uint32_t witness = (uint32_t)topo_end_cube(far) * FABRIC_HOSTS_PER_CUBE +
                               attribution_host_of_end(topo_end_face(far), topo_end_index(far));
            add_witness(&found, witness, host);
        }
    return found;
}

static bool is_blind_now(const struct fabric_pod *pod, int64_t now_us) {
    const struct fabric_settings *settings = &pod->fabric->settings;
    unsigned switches_out = 0, switches_fell = 0, hosts_out = 0, hosts_fell = 0, cubes_fell = 0;
    for (unsigned i = 0; i < pod->n_ocses; i++)
        if (pod->ocs[i].lost_at_us && !maintenance_of_ocs(&pod->ocs[i])) {
            switches_out++;
            switches_fell += now_us - pod->ocs[i].lost_at_us <= settings->blind_window_us;
        }
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        bool fell_here = false;
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
            const struct fabric_host *h = &pod->cube[i].host[host];
            if (!h->heard_us || now_us < h->silent_at_us)
                continue;
            hosts_out++;
            if (now_us - h->silent_at_us <= settings->blind_window_us)
                hosts_fell++, fell_here = true;
        }
        cubes_fell += fell_here;
    }
    unsigned n_hosts = pod->n_cubes * FABRIC_HOSTS_PER_CUBE;
    bool many_switches =
        (pod->is_blind ? switches_out : switches_fell) * 100 > settings->blind_percent * pod->n_ocses;
    bool many_hosts = (pod->is_blind ? hosts_out : hosts_fell) * 100 > settings->blind_percent * n_hosts &&
                      (pod->is_blind || cubes_fell >= 3);
    return many_switches || many_hosts;
}

static void tell_blind(struct fabric_pod *pod, bool is_blind, int64_t now_us) {
    struct change *change = change_begin(pod->fabric, "heliostatd", now_us);
    pod->is_blind = is_blind;
    for (unsigned i = 0; i < pod->n_ocses; i++)
        pod->ocs[i].needs_reconcile = true;
    if (!change)
        return;
    change_add_event(change, is_blind ? "BLIND" : "SEES_AGAIN", pod, pod->name, NULL,
                     is_blind ? "many switches or hosts fell silent at once: nothing moves by itself" : "",
                     is_blind ? "SEEING" : "BLIND", is_blind ? "BLIND" : "SEEING");
    if (change_submit(change) < 0)
        fabric_mark(pod->fabric);
}

struct verdict {
    enum health health;
    const char *source;
    char cause[FABRIC_TEXT_MAX];
};

const char *fabric_health_source(enum health health, const char *cause) {
    return health == HEALTH_UNKNOWN || strcmp(cause, "HOST_SILENT") == 0 ? "engine" : "host report";
}

/* The worst host decides; an operator's word goes over all but his word that it is healthy, which only stands
 * where no host was ever heard. */
static struct verdict judge(const struct fabric_cube *cube) {
    struct verdict verdict = {.health = HEALTH_HEALTHY, .source = "host report"};
    if (cube->mark && cube->mark != HEALTH_HEALTHY) {
        verdict = (struct verdict){.health = cube->mark, .source = "operator"};
        memcpy(verdict.cause, cube->mark_reason, sizeof(verdict.cause));
        return verdict;
    }
    unsigned count[5] = {0}, heard = 0;
    const char *cause[5] = {"", "", "", "", ""};
    unsigned first[5] = {0};
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
        const struct fabric_host *h = &cube->host[host];
        heard += h->heard_us != 0;
        if (!count[h->health]++)
            cause[h->health] = h->cause, first[h->health] = host;
    }
    if (!heard && cube->mark == HEALTH_HEALTHY) {
        verdict.source = "operator";
        memcpy(verdict.cause, cube->mark_reason, sizeof(verdict.cause));
        return verdict;
    }
    static const enum health worst_first[] = {HEALTH_UNHEALTHY, HEALTH_UNKNOWN, HEALTH_DEGRADED};
    for (unsigned i = 0; i < 3; i++) {
        enum health health = worst_first[i];
        if (!count[health])
            continue;
        verdict.health = health;
        verdict.source = fabric_health_source(health, cause[health]);
        if (count[health] == FABRIC_HOSTS_PER_CUBE)
            snprintf(verdict.cause, sizeof(verdict.cause), "%s: all hosts", cause[health]);
        else if (count[health] == 1)
            snprintf(verdict.cause, sizeof(verdict.cause), "%s: host-%02u", cause[health], first[health]);
        else
            snprintf(verdict.cause, sizeof(verdict.cause), "%s: host-%02u and %u more", cause[health],
                     first[health], count[health] - 1);
        break;
    }
    return verdict;
}

bool derive_health_into(struct change *change, struct fabric_cube *cube) {
    struct verdict verdict = judge(cube);
    enum health before = cube->health;
    if (before == verdict.health && strcmp(cube->health_cause, verdict.cause) == 0 &&
        strcmp(cube->health_source, verdict.source) == 0)
        return false;
    char name[96];
    change_cube_before(change, cube);
    if (before != verdict.health)
        cube->health_since_us = fabric_wall_us(change->fabric, change->now_us);
    cube->health = verdict.health;
    memcpy(cube->health_cause, verdict.cause, sizeof(cube->health_cause));
    snprintf(cube->health_source, sizeof(cube->health_source), "%s", verdict.source);
    int64_t revision = cube->revision;
    if (before != verdict.health) {
        revision =
            change_add_event(change, "CUBE_HEALTH", cube->pod, fabric_cube_name(cube, name), cube->slice,
                             verdict.cause, health_name(before), health_name(verdict.health));
        if (verdict.health == HEALTH_HEALTHY && !cube->slice)
            change_add_event(change, "CAPACITY_CHANGED", cube->pod, cube->pod->name, NULL,
                             "a cube is healthy again", "", "");
    }
    change_cube_done(change, cube, revision);
    return true;
}

static void derive_cube_health(struct fabric_cube *cube, int64_t now_us) {
    struct fabric *fabric = cube->pod->fabric;
    struct change *change = cube->pod->is_importing ? NULL : change_begin(fabric, "heliostatd", now_us);
    if (!change) {
        /* Tried again as long as a host counts as moved. */
        cube->host[0].has_moved = true;
        return;
    }
    if (!derive_health_into(change, cube))
        change_abandon(change);
    else if (change_submit(change) < 0)
        fabric_mark(fabric);
}

/* Since when nothing is heard of a host; 0: nothing is expected of it. A host of a slice that did not speak
 * since the start had a chance to from then on: a rack that died while the controller was down, or just
 * before, is found out like any other. */
static int64_t last_heard_us(const struct fabric_cube *cube, const struct fabric_host *host) {
    bool is_expected = cube->durable_slice || cube->durable_part_hosts;
    return host->heard_us ? host->heard_us : is_expected ? cube->pod->fabric->started_us : 0;
}

/* A host that is silent for long enough, of a cube that several hosts of other cubes see dark, is dead; once
 * it is dead by evidence it stays so until it speaks. */
static void judge_silence(struct fabric_cube *cube, const struct attribution *attribution, int64_t now_us) {
    struct fabric *fabric = cube->pod->fabric;
    struct witnesses witnesses = {0};
    bool has_looked = false;
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
        struct fabric_host *h = &cube->host[host];
        flap_review(fabric, h, now_us);
        enum health said = h->said ? h->said : h->health;
        const char *cause = h->said ? h->said_cause : h->cause;
        bool was_dead = said == HEALTH_UNHEALTHY &&
                        (strcmp(cause, "HOST_SILENT") == 0 || strcmp(cause, "BEFORE_RESTART") == 0);
        int64_t heard_us = last_heard_us(cube, h);
        if (!heard_us || now_us < h->silent_at_us || was_dead)
            continue;
        bool is_due = !cube->pod->is_blind && now_us - heard_us >= fabric->settings.host_silent_us;
        if (is_due && !has_looked) {
            witnesses = find_witnesses(cube, attribution, now_us);
            has_looked = true;
        }
        bool is_dead = is_due && witnesses.are_several && witnesses.hosts >> host & 1;
        flap_say(fabric, h, is_dead ? HEALTH_UNHEALTHY : HEALTH_UNKNOWN,
                 is_dead ? "HOST_SILENT" : "NOT_HEARD", now_us);
    }
}

/* And somebody speaks, who could be a witness. */
static bool is_anyone_silent(const struct fabric_pod *pod, int64_t now_us) {
    bool is_silent = false, is_heard = false;
    for (unsigned i = 0; i < pod->n_cubes && !(is_silent && is_heard); i++)
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
            const struct fabric_host *h = &pod->cube[i].host[host];
            int64_t heard_us = last_heard_us(&pod->cube[i], h);
            is_silent = is_silent || (heard_us && now_us - heard_us >= pod->fabric->settings.host_silent_us);
            is_heard = is_heard || (h->was_reported && now_us < h->silent_at_us);
        }
    return is_silent && is_heard;
}

void derive_health(struct fabric_pod *pod, int64_t now_us) {
    static struct attribution attribution;
    bool is_blind = is_blind_now(pod, now_us);
    if (is_blind != pod->is_blind)
        tell_blind(pod, is_blind, now_us);
    attribution = (struct attribution){0};
    if (pod->has_dark || is_anyone_silent(pod, now_us))
        attribution_review(pod, now_us, &attribution);
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        struct fabric_cube *cube = &pod->cube[i];
        bool has_moved = false;
        judge_silence(cube, &attribution, now_us);
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
            struct fabric_host *h = &cube->host[host];
            has_moved = has_moved || h->has_moved;
            h->has_moved = false;
        }
        if (!has_moved)
            continue;
        derive_cube_health(cube, now_us);
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE && cube->part_hosts; host++)
            if (cube->host[host].part)
                cube->host[host].part->needs_judging = true;
    }
}

void derive_dark(struct fabric_pod *pod, int64_t now_us) {
    pod->dark_review_at_us = INT64_MAX;
    pod->has_dark = false;
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        struct fabric_cube *cube = &pod->cube[i];
        bool has_moved = false;
        for (unsigned face = 0; face < TOPO_FACES; face++)
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                struct link_end *seen = &cube->end[face][index];
                uint16_t want = attribution_connected_end(pod, topo_end(i, face, index));
                bool is_wrong = !seen->light || (want != TOPO_NO_END && seen->far_end != want);
                bool is_dark = is_wrong && seen->reports >= 2;
                has_moved = has_moved || is_dark != seen->known_dark;
                seen->known_dark = is_dark;
                pod->has_dark = pod->has_dark || is_dark;
            }
        if (has_moved && cube->durable_slice)
            cube->durable_slice->needs_judging = true;
    }
}
