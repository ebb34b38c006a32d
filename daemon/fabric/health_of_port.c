#include "daemon/fabric/health_of_port.h"
#include "daemon/fabric/health_times.h"
#include "daemon/fabric/loss.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/meter.h"
#include "daemon/fabric/observe.h"

#include <stdio.h>

/* Whose hands keep it from being connected; NULL: nobody's. */
static const struct fabric_maintenance *hands_on(const struct fabric_ocs *ocs, enum topo_side side,
                                                 unsigned port) {
    bool is_blocked = side == TOPO_SIDE_A ? ocs->port[port].is_blocked : ocs->is_b_blocked[port];
    for (const struct fabric_maintenance *m = is_blocked ? ocs->pod->maintenances : NULL; m; m = m->next)
        if (!m->accepted.stage && maintenance_covers(m, ocs->index, side, port))
            return m;
    return NULL;
}

static void judge_light(const struct fabric_ocs *ocs, unsigned a, struct health_verdict *verdict) {
    enum loss_verdict loss = loss_verdict(ocs, a);
    char text[120];
    int32_t drift_mdb;
    loss_text(ocs, a, text, sizeof(text));
    if (text[0]) {
        verdict->health = loss == LOSS_DARK ? HEALTH_UNHEALTHY : HEALTH_DEGRADED;
        verdict->source = loss == LOSS_DARK || loss == LOSS_OVER ? "device" : "host report";
        snprintf(verdict->cause, sizeof(verdict->cause), "A%u-B%u %s", a, ocs->port[a].observed_b, text);
    } else if (ocs->meter && ocs->meter[a].drifted >= METER_CERTAIN &&
               meter_worse_drift(ocs, a, &drift_mdb)) {
        verdict->health = HEALTH_DEGRADED;
        snprintf(verdict->cause, sizeof(verdict->cause), "A%u-B%u loses %.2f dB more than when it was made",
                 a, ocs->port[a].observed_b, drift_mdb / 1000.0);
    }
}

void health_of_port(const struct fabric_ocs *ocs, enum topo_side side, unsigned port,
                    struct health_verdict *ret_verdict) {
    const struct fabric_maintenance *hands = hands_on(ocs, side, port);
    const struct fabric_port *at = &ocs->port[port];
    bool is_a = side == TOPO_SIDE_A, is_disabled = is_a ? at->is_disabled : ocs->is_b_disabled[port];
    bool may_be_disabled = is_a ? at->may_be_disabled : ocs->may_b_be_disabled[port];
    unsigned wanted_a = is_a ? port : ocs->want_a[port], observed_a = is_a ? port : ocs->observed_a[port];
    int64_t moved_us = health_port_since_us(ocs, side, port);
    struct health_verdict verdict = {.health = HEALTH_HEALTHY, .source = "device"};
    verdict.since_us = moved_us > ocs->sight_since_us ? moved_us : ocs->sight_since_us;
    if (hands) {
        verdict.health = HEALTH_UNHEALTHY;
        verdict.source = "operator";
        verdict.since_us = hands->since_us;
        snprintf(verdict.cause, sizeof(verdict.cause), "%s of %s%s: %.100s",
                 hands->accepted.is_failed ? "failure" : "maintenance", hands->name,
                 is_disabled ? ", disabled by the switch" : "", hands->reason);
    } else if (!observe_is_usable(ocs)) {
        verdict.health = HEALTH_UNKNOWN;
        verdict.source = "engine";
        snprintf(verdict.cause, sizeof(verdict.cause), "the switch cannot be read%s%.150s",
                 ocs->cause[0] ? ": " : "", ocs->cause);
    } else if (is_disabled || may_be_disabled) {
        verdict.health = is_disabled ? HEALTH_UNHEALTHY : HEALTH_UNKNOWN;
        verdict.source = is_disabled ? "device" : "engine";
        snprintf(verdict.cause, sizeof(verdict.cause), "%s",
                 is_disabled ? "disabled by the switch" : "may be disabled still; it is being enabled");
    } else if (wanted_a && ocs->port[wanted_a].is_failed) {
        verdict.health = HEALTH_UNHEALTHY;
        snprintf(verdict.cause, sizeof(verdict.cause), "the switch does not make A%u-B%u, tried %u times",
                 wanted_a, ocs->port[wanted_a].want_b, ocs->port[wanted_a].failures);
    } else if (observed_a && ocs->port[observed_a].observed_b) {
        judge_light(ocs, observed_a, &verdict);
    }
    *ret_verdict = verdict;
}
