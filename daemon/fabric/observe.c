#include "daemon/fabric/observe.h"
#include "daemon/fabric/attribution.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/health_times.h"
#include "daemon/fabric/link_retry.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/meter.h"
#include "daemon/fabric/flap.h"
#include "daemon/fabric/surprise.h"

#include <string.h>

#define RETRY_FIRST_US 100000
#define RETRY_MAX_US 30000000
#define PORT_TRIES 3
/* Of a port that was given up. */
#define TRY_AGAIN_FIRST_US 1000000
#define TRY_AGAIN_MAX_US 60000000

bool observe_is_usable(const struct fabric_ocs *ocs) {
    return ocs->is_readable && device_state(ocs->device) == DEVICE_READY;
}

static void judge_slices_of(struct fabric_pod *pod) {
    for (struct fabric_slice *slice = pod->fabric->slices; slice; slice = slice->next)
        if (slice->pod == pod)
            slice->needs_judging = true;
}

static void on_state(struct device *device, int64_t now_us, void *userdata) {
    struct fabric_ocs *ocs = userdata;
    struct fabric_pod *pod = ocs->pod;
    bool was_readable = ocs->is_readable;
    ocs->is_readable = device_state(device) == DEVICE_READY;
    if (was_readable && !ocs->is_readable) {
        ocs->lost_at_us = now_us;
        ocs->read_ended = READ_LOST;
    }
    if (!was_readable && ocs->is_readable) {
        if (ocs->lost_at_us)
            attribution_doubt(ocs, now_us);
        ocs->lost_at_us = 0;
        ocs->failed_tries = 0;
        ocs->retry_at_us = 0;
        ocs->is_split = false;
        maintenance_on_session(ocs, now_us);
        ocs->meter_audit_at_us = 0;
        for (unsigned a = 1; a <= ocs->ports_a; a++) {
            ocs->port[a].failures = 0;
            ocs->port[a].is_failed = ocs->port[a].in_flight = false;
        }
    }
    if (was_readable != ocs->is_readable) {
        ocs->sight_since_us = fabric_wall_us(pod->fabric, now_us);
        pod->plan_is_old = true;
        judge_slices_of(pod);
    }
    pod->classes_are_old = true;
    ocs->needs_reconcile = true;
    fabric_mark(pod->fabric);
}

/* The link end at a port saw another circuit before: what its host said about it counts no more, but for what
 * it said after the change was sent. */
static void forget_end(struct fabric_ocs *ocs, enum topo_side side, unsigned port, int64_t now_us) {
    uint16_t end = port ? ocs->pod->wiring->end_of[ocs->index][side][port] : TOPO_NO_END;
    if (end == TOPO_NO_END)
        return;
    struct link_end *seen = &ocs->pod->cube[topo_end_cube(end)].end[topo_end_face(end)][topo_end_index(end)];
    seen->reports = ocs->sent_at_us && seen->reported_us > ocs->sent_at_us;
    seen->known_dark = false;
    health_end_moved(ocs->pod, end, now_us);
}

static void on_map(struct device *device, const uint16_t *b_of_a, int64_t now_us, void *userdata) {
    struct fabric_ocs *ocs = userdata;
    struct fabric_pod *pod = ocs->pod;
    bool is_first = !ocs->map_known, has_moved = is_first;
    surprise_in_map(ocs, b_of_a, now_us);
    ocs->map_known = ocs->is_readable = true;
    ocs->read_at_us = now_us;
    ocs->lost_at_us = 0;
    for (unsigned a = 1; a <= ocs->ports_a; a++) {
        struct fabric_port *port = &ocs->port[a];
        if (port->is_leaving && port->want_slice)
            port->want_slice->needs_judging = true;
        port->is_leaving = false;
        if (b_of_a[a])
            port->unseen_b = 0;
        else if (port->sent_b)
            port->unseen_b = port->sent_b;
        port->sent_b = 0;
        if (port->observed_b == b_of_a[a]) {
            port->same_reads += port->same_reads < UINT8_MAX;
            if (is_first)
                port->same_reads = 1;
            continue;
        }
        has_moved = true;
        forget_end(ocs, TOPO_SIDE_A, a, now_us);
        forget_end(ocs, TOPO_SIDE_B, port->observed_b, now_us);
        forget_end(ocs, TOPO_SIDE_B, b_of_a[a], now_us);
        port->observed_b = b_of_a[a];
        port->same_reads = 1;
        port->clear_b = 0;
        if (!is_first)
            meter_on_circuit(ocs, a, now_us);
        if (port->want_slice)
            port->want_slice->needs_judging = true;
    }
    memset(ocs->observed_a, 0, sizeof(*ocs->observed_a) * (ocs->ports_b + 1u));
    for (unsigned a = 1; a <= ocs->ports_a; a++) {
        struct fabric_port *port = &ocs->port[a];
        if (port->observed_b)
            ocs->observed_a[port->observed_b] = (uint16_t)a;
        if (port->want_b && port->want_b == port->observed_b) {
            if (link_retry_is_over(port)) {
                forget_end(ocs, TOPO_SIDE_A, a, now_us);
                forget_end(ocs, TOPO_SIDE_B, port->observed_b, now_us);
                meter_on_circuit(ocs, a, now_us);
                if (port->want_slice)
                    port->want_slice->needs_judging = true;
            }
            port->confirmed_b = port->want_b;
            port->is_put_right = false;
            if (port->is_failed)
                health_circuit_moved(ocs, a, port->want_b, now_us);
            port->failures = 0;
            port->is_failed = port->in_flight = false;
        }
    }
    if (is_first)
        judge_slices_of(pod);
    if (is_first || now_us >= ocs->meter_audit_at_us) {
        meter_audit(ocs, now_us);
        ocs->meter_audit_at_us = now_us + pod->fabric->settings.audit_period_us;
    }
    for (struct fabric_slice *slice = pod->fabric->slices; slice; slice = slice->next)
        if (slice->pod == pod && !slice->accepted->shape.whole_cubes &&
            (slice->accepted->state == SLICE_CONNECTING || slice->accepted->state == SLICE_REPAIRING))
            slice->needs_judging = true;
    if (has_moved)
        pod->classes_are_old = pod->plan_is_old = true;
    ocs->read_ended = READ_OK;
    ocs->audit_at_us = now_us + pod->fabric->settings.audit_period_us;
    ocs->needs_reconcile = true;
    fabric_mark(pod->fabric);
}

/* When a port that was given up is due once more: twice as long after each failure. */
static int64_t try_again_us(const struct fabric *fabric, const struct fabric_port *port, int64_t now_us) {
    int64_t most_us = fabric->settings.audit_period_us < TRY_AGAIN_MAX_US ? fabric->settings.audit_period_us
                                                                          : TRY_AGAIN_MAX_US;
    unsigned doublings = port->failures < PORT_TRIES + 6 ? port->failures - PORT_TRIES : 6;
    int64_t wait_us = (int64_t)TRY_AGAIN_FIRST_US << doublings;
    return now_us + (wait_us < most_us ? wait_us : most_us);
}

void observe_try_again(struct fabric_ocs *ocs, int64_t now_us) {
    ocs->try_at_us = INT64_MAX;
    for (unsigned a = 1; a <= ocs->ports_a; a++) {
        struct fabric_port *port = &ocs->port[a];
        if (!port->is_failed || port->may_try)
            continue;
        if (port->try_at_us <= now_us) {
            port->may_try = ocs->needs_reconcile = true;
        } else if (port->try_at_us < ocs->try_at_us) {
            ocs->try_at_us = port->try_at_us;
        }
    }
}

/* The intended circuits that were sent and are not there: tried again, at first together with what else
 * waits, then slice by slice, then given up and named, and tried again now and then. False: every one of them
 * is given up by now, and no reason to let others wait. */
static bool count_failures(struct fabric_ocs *ocs, int64_t now_us) {
    bool is_any = false, is_waiting = false;
    for (unsigned a = 1; a <= ocs->ports_a; a++) {
        struct fabric_port *port = &ocs->port[a];
        if (!port->in_flight)
            continue;
        port->in_flight = false;
        if (!port->want_b || port->observed_b == port->want_b)
            continue;
        port->failures += port->failures < UINT8_MAX;
        is_any = true;
        is_waiting = is_waiting || port->failures < PORT_TRIES;
        if (port->failures >= PORT_TRIES) {
            if (!port->is_failed)
                health_circuit_moved(ocs, a, port->want_b, now_us);
            port->is_failed = true;
            port->try_at_us = try_again_us(ocs->pod->fabric, port, now_us);
            if (port->try_at_us < ocs->try_at_us)
                ocs->try_at_us = port->try_at_us;
            ocs->pod->classes_are_old = ocs->pod->plan_is_old = true;
            if (port->want_slice)
                port->want_slice->needs_judging = true;
        }
    }
    return is_waiting || !is_any;
}

static void on_change_done(struct device *device, enum device_result result, int64_t now_us, void *userdata) {
    struct fabric_ocs *ocs = userdata;
    ocs->sent_at_us = 0;
    if (result == DEVICE_DONE) {
        ocs->failed_tries = 0;
        ocs->is_split = false;
    } else if (result == DEVICE_PARTIAL) {
        surprise_in_change(ocs, now_us);
        if (count_failures(ocs, now_us)) {
            int64_t wait_us = RETRY_FIRST_US << (ocs->failed_tries < 10 ? ocs->failed_tries : 10);
            ocs->retry_at_us = now_us + (wait_us < RETRY_MAX_US ? wait_us : RETRY_MAX_US);
            ocs->failed_tries++;
            ocs->is_split = true;
        }
    } else {
        for (unsigned a = 1; a <= ocs->ports_a; a++)
            ocs->port[a].in_flight = false;
    }
    ocs->needs_reconcile = true;
    fabric_mark(ocs->pod->fabric);
}

static void on_ports(struct device *device, enum device_result result, int64_t now_us, void *userdata) {
    struct fabric_ocs *ocs = userdata;
    maintenance_on_ports(ocs, result, now_us);
    fabric_mark(ocs->pod->fabric);
}

static void on_fed(struct device *device, void *userdata) {
    struct fabric_ocs *ocs = userdata;
    fabric_mark(ocs->pod->fabric);
}

const struct device_callbacks *observe_callbacks(struct fabric_ocs *ocs) {
    static struct device_callbacks callbacks;
    callbacks = (struct device_callbacks){.on_state = on_state,
                                          .on_map = on_map,
                                          .on_change_done = on_change_done,
                                          .on_ports = on_ports,
                                          .on_power = meter_on_power,
                                          .on_fed = on_fed,
                                          .userdata = ocs};
    return &callbacks;
}

unsigned fabric_read_back(struct fabric *fabric, const struct fabric_pod *pod, int64_t now_us) {
    unsigned asked = 0;
    for (unsigned i = 0; i < pod->n_ocses; i++)
        if (observe_is_usable(&pod->ocs[i])) {
            device_read_map(pod->ocs[i].device, now_us);
            asked++;
        }
    fabric_mark(fabric);
    return asked;
}

void fabric_report_host(struct fabric *fabric, const struct fabric_report *report, int64_t now_us) {
    struct fabric_pod *pod = NULL;
    for (struct fabric_pod *p = fabric->pods; p; p = p->next)
        if (p == report->pod)
            pod = p;
    if (!pod || report->cube >= pod->n_cubes || report->host >= FABRIC_HOSTS_PER_CUBE)
        return;
    struct fabric_cube *cube = &pod->cube[report->cube];
    struct fabric_host *host = &cube->host[report->host];
    enum health health = report->chips_ok != 0xf  ? HEALTH_UNHEALTHY
                         : !report->electrical_ok ? HEALTH_DEGRADED
                                                  : HEALTH_HEALTHY;
    const char *cause = report->chips_ok != 0xf ? "CHIP_FAILED" : !report->electrical_ok ? "LINK_DOWN" : "";
    host->report_gap_us = host->heard_us ? now_us - host->heard_us : 0;
    bool was_heard = host->heard_us && now_us < host->silent_at_us;
    host->heard_us = now_us;
    host->silent_at_us = now_us + fabric->settings.report_ttl_us;
    host->chips_ok = report->chips_ok;
    host->electrical_ok = report->electrical_ok;
    host->chips_in_use = report->chips_in_use;
    host->was_reported = true;
    flap_say(fabric, host, health, cause, now_us);
    /* Its word may be what a slice waits for that connects; see loss.h. */
    if (cube->durable_slice && (cube->durable_slice->durable->state == SLICE_CONNECTING ||
                                cube->durable_slice->durable->state == SLICE_REPAIRING))
        cube->durable_slice->needs_judging = true;
    for (unsigned i = 0; i < report->n_ends; i++) {
        uint16_t end = report->ends[i].end;
        if (topo_end_cube(end) != report->cube)
            continue;
        struct link_end *seen = &cube->end[topo_end_face(end)][topo_end_index(end)];
        bool says_other = seen->light != report->ends[i].light || seen->far_end != report->ends[i].far_end;
        if (says_other || !seen->reports || !was_heard)
            health_end_moved(pod, end, now_us);
        seen->light = report->ends[i].light;
        seen->reported_us = now_us;
        seen->far_end = report->ends[i].light ? report->ends[i].far_end : TOPO_NO_END;
        seen->transmit_mdbm = report->ends[i].transmit_mdbm;
        seen->receive_mdbm = report->ends[i].receive_mdbm;
        /* Only the first two reports that agree since the circuit was read are news. */
        seen->reports = says_other ? 1 : seen->reports + (seen->reports < UINT8_MAX);
        bool counts = seen->reports <= 2;
        if (!counts || !cube->durable_slice)
            continue;
        if (seen->light)
            cube->durable_slice->needs_judging = true;
        if (pod->dark_review_at_us == INT64_MAX)
            pod->dark_review_at_us = now_us + DARK_SETTLE_US;
    }
    fabric_mark(fabric);
}
