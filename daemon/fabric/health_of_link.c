#include "daemon/fabric/health_of_link.h"
#include "daemon/fabric/attribution.h"
#include "daemon/fabric/health_times.h"
#include "daemon/fabric/observe.h"

#include <stdio.h>
#include <string.h>

#define END_MAX 48
#define CERTAIN_REPORTS 2

static const char *end_name(const struct fabric_pod *pod, uint16_t end, char text[END_MAX]) {
    if (end == TOPO_NO_END)
        return "elsewhere";
    snprintf(text, END_MAX, "%s/%s/%u", pod->cube[topo_end_cube(end)].name,
             topo_face_name(topo_end_face(end)), topo_end_index(end));
    return text;
}

static const struct link_end *seen_at(const struct fabric_pod *pod, uint16_t end) {
    return &pod->cube[topo_end_cube(end)].end[topo_end_face(end)][topo_end_index(end)];
}

static const struct fabric_host *host_of(const struct fabric_pod *pod, uint16_t end) {
    return &pod->cube[topo_end_cube(end)]
                .host[attribution_host_of_end(topo_end_face(end), topo_end_index(end))];
}

static bool is_heard(const struct fabric_host *host, int64_t now_us) {
    return host->heard_us && now_us < host->silent_at_us;
}

static int64_t later(int64_t one, int64_t other) {
    return one > other ? one : other;
}

/* When it fell silent; 0: never heard. */
static int64_t silent_since_us(const struct fabric_pod *pod, uint16_t end) {
    return fabric_wall_of(pod->fabric, host_of(pod, end)->silent_at_us);
}

static void say(struct health_verdict *verdict, enum health health, const char *source, int64_t since_us) {
    verdict->health = health;
    verdict->source = source;
    verdict->since_us = since_us;
}

/* A circuit joins it to the other end, and its host is heard. */
static void judge_light(const struct fabric_pod *pod, uint16_t end, uint16_t other, int64_t now_us,
                        struct health_verdict *verdict) {
    const struct link_end *seen = seen_at(pod, end);
    bool is_right = seen->light && seen->far_end == other;
    int64_t since_us = health_end_since_us(pod, end);
    char name[END_MAX], far_name[END_MAX];
    end_name(pod, other, name);
    if (!seen->reports) {
        say(verdict, HEALTH_UNKNOWN, "engine", since_us);
        snprintf(verdict->cause, sizeof(verdict->cause),
                 "its host has said nothing since it was joined to %s", name);
    } else if (!seen->light && !is_heard(host_of(pod, other), now_us)) {
        say(verdict, HEALTH_UNKNOWN, "engine", later(since_us, silent_since_us(pod, other)));
        snprintf(verdict->cause, sizeof(verdict->cause), "no light, and the host of %s is not heard", name);
    } else if (!is_right && seen->reports < CERTAIN_REPORTS) {
        say(verdict, HEALTH_UNKNOWN, "engine", since_us);
        snprintf(verdict->cause, sizeof(verdict->cause), "%s in one report; the next one decides",
                 seen->light ? "other light" : "no light");
    } else if (!seen->light) {
        say(verdict, HEALTH_UNHEALTHY, "host report", since_us);
        snprintf(verdict->cause, sizeof(verdict->cause), "no light from %s", name);
    } else if (!is_right) {
        say(verdict, HEALTH_UNHEALTHY, "host report", since_us);
        snprintf(verdict->cause, sizeof(verdict->cause), "light from %s instead of %s",
                 end_name(pod, seen->far_end, far_name), name);
    }
}

void health_of_link(const struct fabric_pod *pod, uint16_t end, int64_t now_us,
                    struct health_verdict *ret_verdict) {
    const struct topo_port *at = &pod->wiring->port_of[end];
    const struct link_end *seen = seen_at(pod, end);
    struct health_verdict verdict = {.health = HEALTH_HEALTHY, .source = "host report"}, port;
    char name[END_MAX];
    int64_t since_us = health_end_since_us(pod, end);
    if (at->ocs < 0) {
        say(&verdict, HEALTH_UNKNOWN, "engine", 0);
        snprintf(verdict.cause, sizeof(verdict.cause), "no fiber in the fiber table");
        *ret_verdict = verdict;
        return;
    }
    const struct fabric_ocs *ocs = &pod->ocs[at->ocs];
    uint16_t other = attribution_connected_end(pod, end);
    bool is_joined = at->side == TOPO_SIDE_A ? ocs->port[at->port].observed_b : ocs->observed_a[at->port];
    bool is_right = seen->light && seen->reports && other != TOPO_NO_END && seen->far_end == other;
    verdict.since_us = later(since_us, health_port_since_us(ocs, at->side, at->port));
    health_of_port(ocs, at->side, at->port, &port);
    /* Where a circuit is there, the host at its end is asked first: a meter sees one direction only. */
    if (port.health == HEALTH_UNHEALTHY && !(is_joined && strcmp(port.source, "device") == 0)) {
        verdict = port;
    } else if (!is_heard(host_of(pod, end), now_us)) {
        say(&verdict, HEALTH_UNKNOWN, "engine", silent_since_us(pod, end));
        snprintf(verdict.cause, sizeof(verdict.cause), "its host is not heard");
    } else if (!observe_is_usable(ocs) && !is_right) {
        say(&verdict, HEALTH_UNKNOWN, "engine", later(since_us, port.since_us));
        memcpy(verdict.cause, port.cause, sizeof(verdict.cause));
    } else if (!is_joined && seen->light && seen->reports >= CERTAIN_REPORTS) {
        say(&verdict, HEALTH_UNHEALTHY, "host report", since_us);
        snprintf(verdict.cause, sizeof(verdict.cause), "light from %s, and its port is joined to none",
                 end_name(pod, seen->far_end, name));
    } else if (other == TOPO_NO_END) {
        say(&verdict, HEALTH_UNKNOWN, "engine", later(since_us, port.since_us));
        snprintf(verdict.cause, sizeof(verdict.cause), "%s",
                 is_joined ? "its port is joined to one without a fiber" : "its port is joined to none");
    } else {
        judge_light(pod, end, other, now_us, &verdict);
        if (verdict.health == HEALTH_HEALTHY &&
            (port.health == HEALTH_DEGRADED || port.health == HEALTH_UNHEALTHY))
            verdict = port;
    }
    *ret_verdict = verdict;
}

/* The order in which the worst host of a cube decides, too. */
static unsigned badness(enum health health) {
    return health == HEALTH_UNHEALTHY ? 3 : health == HEALTH_UNKNOWN ? 2 : health == HEALTH_DEGRADED;
}

void health_of_joined_link(const struct fabric_pod *pod, uint16_t end, const struct health_verdict *own,
                           uint16_t other, int64_t now_us, struct health_verdict *ret_verdict) {
    struct health_verdict far;
    char name[END_MAX];
    *ret_verdict = *own;
    if (other == TOPO_NO_END)
        return;
    health_of_link(pod, other, now_us, &far);
    bool is_far = badness(far.health) > badness(own->health);
    const struct health_verdict *worse = is_far ? &far : own;
    ret_verdict->health = worse->health;
    ret_verdict->source = worse->source;
    ret_verdict->since_us = worse->since_us;
    if (own->health == far.health) {
        bool is_first = own->since_us < far.since_us;
        ret_verdict->since_us = is_first == (own->health != HEALTH_HEALTHY) ? own->since_us : far.since_us;
    }
    if (worse->health != HEALTH_HEALTHY)
        snprintf(ret_verdict->cause, sizeof(ret_verdict->cause), "%s: %.150s",
                 end_name(pod, is_far ? other : end, name), worse->cause);
}
