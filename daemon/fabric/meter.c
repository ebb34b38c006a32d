#include "daemon/fabric/meter.h"
#include "daemon/fabric/change.h"
#include "daemon/fabric/health_times.h"
#include "daemon/fabric/link_path.h"
#include "daemon/fabric/loss.h"
#include "daemon/fabric/observe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is due for so long goes before changes, however many there are. */
#define PATIENCE_US 1000000

static void note_due(struct fabric_ocs *ocs, int64_t now_us) {
    if (!ocs->meter_due)
        ocs->meter_due_since_us = now_us;
    ocs->meter_due = true;
    fabric_mark(ocs->pod->fabric);
}

void meter_on_circuit(struct fabric_ocs *ocs, unsigned a, int64_t now_us) {
    bool is_there = ocs->port[a].observed_b != 0;
    if (ocs->meter) {
        struct fabric_meter *meter = &ocs->meter[a];
        if (meter->over >= METER_CERTAIN || meter->drifted >= METER_CERTAIN)
            health_circuit_moved(ocs, a, meter->b, now_us);
        meter->b = 0;
        meter->over = meter->drifted = 0;
        meter->is_dark = meter->has_loss = meter->was_good = false;
        meter->is_due = meter->is_new = is_there;
    }
    if (is_there) {
        note_due(ocs, now_us);
        ocs->meter_first = true;
    }
}

void meter_audit(struct fabric_ocs *ocs, int64_t now_us) {
    bool some = false;
    for (unsigned a = 1; a <= ocs->ports_a; a++)
        if (ocs->port[a].observed_b) {
            some = true;
            if (ocs->meter)
                ocs->meter[a].is_due = true;
        }
    if (some)
        note_due(ocs, now_us);
}

/* The A port of the circuit that carries the light of an end on side A; 0: the end is not on side A, or its
 * port is in no circuit. */
static unsigned port_of(const struct fabric_pod *pod, uint16_t end, const struct fabric_ocs **ret_ocs) {
    const struct topo_port *at = &pod->wiring->port_of[end];
    if (at->ocs < 0 || at->side != TOPO_SIDE_A || !pod->ocs[at->ocs].port[at->port].observed_b)
        return 0;
    *ret_ocs = &pod->ocs[at->ocs];
    return at->port;
}

void meter_ask(struct fabric_pod *pod, uint16_t end, int64_t since_us, int64_t now_us) {
    const struct fabric_ocs *read;
    unsigned a = port_of(pod, end, &read);
    if (!a || !read->meter || read->meter[a].read_at_us > since_us)
        return;
    struct fabric_ocs *ocs = &pod->ocs[read->index];
    ocs->meter[a].is_due = true;
    note_due(ocs, now_us);
}

bool meter_sees_dark(const struct fabric_pod *pod, uint16_t end, int64_t since_us) {
    const struct fabric_ocs *ocs;
    unsigned a = port_of(pod, end, &ocs);
    return a && ocs->meter && ocs->meter[a].b == ocs->port[a].observed_b && ocs->meter[a].is_dark &&
           ocs->meter[a].read_at_us > since_us;
}

static bool has_array(struct fabric_ocs *ocs) {
    if (ocs->meter)
        return true;
    ocs->meter = calloc(ocs->ports_a + 1u, sizeof(*ocs->meter));
    for (unsigned a = 1; ocs->meter && a <= ocs->ports_a; a++)
        ocs->meter[a].is_due = ocs->meter[a].is_new = ocs->port[a].observed_b != 0;
    return ocs->meter != NULL;
}

/* What waits for the meters goes on without them. */
static void judge_slices(const struct fabric_ocs *ocs) {
    for (unsigned a = 1; a <= ocs->ports_a; a++)
        if (ocs->port[a].want_slice)
            ocs->port[a].want_slice->needs_judging = true;
    fabric_mark(ocs->pod->fabric);
}

static void send(struct fabric_ocs *ocs, int64_t now_us) {
    uint16_t b_ports[DEVICE_METERED_MAX];
    size_t count = 0;
    if (!device_has_meters(ocs->device) || !has_array(ocs)) {
        ocs->meter_due = ocs->meter_first = false;
        judge_slices(ocs);
        return;
    }
    for (unsigned a = 1; a <= ocs->ports_a && count < DEVICE_METERED_MAX; a++) {
        struct fabric_meter *meter = &ocs->meter[a];
        meter->is_due = meter->is_due && ocs->port[a].observed_b;
        if (meter->is_due)
            b_ports[count++] = ocs->port[a].observed_b;
    }
    if (count == 0)
        ocs->meter_due = ocs->meter_first = false;
    else
        ocs->is_metering = device_read_power(ocs->device, b_ports, count, now_us) == DEVICE_APPLY_STARTED;
}

void meter_pod(struct fabric_pod *pod, bool first, int64_t now_us) {
    for (unsigned i = 0; i < pod->n_ocses && !pod->is_importing; i++) {
        struct fabric_ocs *ocs = &pod->ocs[i];
        bool is_pressing = ocs->meter_first || now_us - ocs->meter_due_since_us > PATIENCE_US;
        if (ocs->meter_due && (is_pressing || !first) && observe_is_usable(ocs) &&
            !device_is_changing(ocs->device))
            send(ocs, now_us);
    }
}

bool meter_drift(const struct fabric_ocs *ocs, unsigned a, int32_t *ret_forward_mdb, int32_t *ret_back_mdb) {
    const struct fabric_pod *pod = ocs->pod;
    const struct fabric_meter *meter = ocs->meter ? &ocs->meter[a] : NULL;
    const unsigned b = ocs->port[a].observed_b;
    int32_t back_mdb;
    if (!meter || !meter->b || meter->b != b || meter->baseline.b != b || meter->is_dark)
        return false;
    *ret_forward_mdb = meter->has_loss && meter->baseline.has_loss
                           ? meter->loss_mdb - meter->baseline.loss_mdb
                           : meter->baseline.power_mdbm - meter->power_mdbm;
    bool has_back = loss_end_to_end(pod, pod->wiring->end_of[ocs->index][TOPO_SIDE_B][b],
                                    pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a], &back_mdb);
    *ret_back_mdb = has_back && meter->baseline.has_back ? back_mdb - meter->baseline.back_mdb : 0;
    return true;
}

bool meter_worse_drift(const struct fabric_ocs *ocs, unsigned a, int32_t *ret_drift_mdb) {
    int32_t forward_mdb, back_mdb;
    if (!meter_drift(ocs, a, &forward_mdb, &back_mdb))
        return false;
    *ret_drift_mdb = forward_mdb > back_mdb ? forward_mdb : back_mdb;
    return true;
}

/* A circuit that is good is the measure of what comes later. */
static void keep_baseline(struct fabric_ocs *ocs, unsigned a, int64_t now_us) {
    const struct fabric_pod *pod = ocs->pod;
    struct fabric_meter *meter = &ocs->meter[a];
    const unsigned b = meter->b;
    int32_t back_mdb = 0;
    bool has_back = loss_end_to_end(pod, pod->wiring->end_of[ocs->index][TOPO_SIDE_B][b],
                                    pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a], &back_mdb);
    bool is_first = meter->baseline.b != b || (meter->has_loss && !meter->baseline.has_loss);
    if (meter->is_dark || meter->over || meter->drifted ||
        (!is_first && (!has_back || meter->baseline.has_back)))
        return;
    if (is_first) {
        meter->baseline.b = (uint16_t)b;
        meter->baseline.has_loss = meter->has_loss;
        meter->baseline.loss_mdb = meter->has_loss ? meter->loss_mdb : 0;
        meter->baseline.power_mdbm = meter->power_mdbm;
        meter->baseline.has_back = false;
        meter->baseline.since_us = fabric_wall_us(pod->fabric, now_us);
    }
    if (has_back && !meter->baseline.has_back) {
        meter->baseline.has_back = true;
        meter->baseline.back_mdb = back_mdb;
    }
    meter->baseline.is_saved = false;
    ocs->baseline_unsaved = true;
}

struct news {
    unsigned wrong, first_wrong, drifted, first_drifted, sound;
};

/* Counts a reading in; `says`: it speaks against the circuit. True: that is certain from now on. */
static bool count_in(uint8_t *readings, bool says) {
    bool was_certain = *readings >= METER_CERTAIN;
    *readings = says ? (uint8_t)(*readings + !was_certain) : 0;
    return says && !was_certain && *readings >= METER_CERTAIN;
}

static bool is_bad(enum loss_verdict verdict) {
    return verdict == LOSS_OVER || verdict == LOSS_DARK;
}

static void take_one(struct fabric_ocs *ocs, unsigned a, int32_t power_mdbm, int64_t now_us,
                     struct news *news) {
    const struct fabric_pod *pod = ocs->pod;
    struct fabric_meter *meter = &ocs->meter[a];
    const struct fabric_settings *settings = &pod->fabric->settings;
    enum loss_verdict before = loss_verdict(ocs, a);
    bool was_drifted = meter->drifted >= METER_CERTAIN;
    int32_t launch_mdbm = 0, drift_mdb = 0;
    meter->b = ocs->port[a].observed_b;
    meter->power_mdbm = power_mdbm;
    meter->read_at_us = now_us;
    if (power_mdbm < LOSS_DARK_MDBM && !meter->is_dark)
        meter->dark_since_us = now_us;
    meter->is_dark = power_mdbm < LOSS_DARK_MDBM;
    meter->has_loss = loss_launch(pod, pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a], &launch_mdbm);
    meter->loss_mdb = launch_mdbm - power_mdbm;
    bool is_over = meter->has_loss && meter->loss_mdb > loss_budget_to_switch(pod->fabric);
    meter->was_good = meter->was_good || (meter->has_loss && !is_over);
    bool is_wrong = count_in(&meter->over, is_over);
    bool has_drifted = count_in(&meter->drifted, meter_worse_drift(ocs, a, &drift_mdb) &&
                                                     drift_mdb > settings->loss_drift_mdb);
    if (is_wrong && meter->is_new && !news->wrong++)
        news->first_wrong = a;
    if (has_drifted && !meter->is_new && !news->drifted++)
        news->first_drifted = a;
    news->sound += was_drifted && !meter->drifted;
    meter->is_due =
        (meter->over && meter->over < METER_CERTAIN) || (meter->drifted && meter->drifted < METER_CERTAIN);
    meter->is_new = meter->is_new && meter->is_due;
    keep_baseline(ocs, a, now_us);
    if (is_bad(loss_verdict(ocs, a)) != is_bad(before) || was_drifted != (meter->drifted >= METER_CERTAIN))
        health_circuit_moved(ocs, a, meter->b, now_us);
    if (loss_verdict(ocs, a) != before && ocs->port[a].want_slice)
        ocs->port[a].want_slice->needs_judging = true;
}

static void tell(struct fabric_ocs *ocs, const char *kind, const char *cause, const char *after,
                 int64_t now_us) {
    struct change *change = change_begin(ocs->pod->fabric, "heliostatd", now_us);
    char name[96];
    if (!change)
        return;
    change_add_event(change, kind, ocs->pod, fabric_ocs_name(ocs, name), NULL, cause, "", after);
    if (change_submit(change) < 0)
        fabric_mark(ocs->pod->fabric);
}

static void tell_news(struct fabric_ocs *ocs, const struct news *news, int64_t now_us) {
    char cause[FABRIC_TEXT_MAX], path[FABRIC_TEXT_MAX], what[120];
    int32_t drift_mdb = 0;
    if (news->wrong) {
        loss_text(ocs, news->first_wrong, what, sizeof(what));
        link_path_of_circuit(ocs, news->first_wrong, path, sizeof(path));
        snprintf(cause, sizeof(cause), "%u settled; %.100s: %.70s", news->wrong, path, what);
        tell(ocs, "OCS_WRONG_LOSS", cause, "OVER_BUDGET", now_us);
    }
    if (news->drifted) {
        (void)meter_worse_drift(ocs, news->first_drifted, &drift_mdb);
        link_path_of_circuit(ocs, news->first_drifted, path, sizeof(path));
        snprintf(cause, sizeof(cause), "%u lose more than when they were made; %.110s: %.2f dB more",
                 news->drifted, path, drift_mdb / 1000.0);
        tell(ocs, "OCS_LOSS_DRIFT", cause, "DRIFTED", now_us);
    }
    if (news->sound) {
        snprintf(cause, sizeof(cause), "%u lose no more than when they were made", news->sound);
        tell(ocs, "OCS_LOSS_DRIFT", cause, "GOOD", now_us);
    }
}

void meter_on_power(struct device *device, const uint16_t *b_ports, const int32_t *power_mdbm, size_t count,
                    int64_t now_us, void *userdata) {
    struct fabric_ocs *ocs = userdata;
    struct news news = {0};
    ocs->is_metering = false;
    if (count == 0) {
        ocs->meter_due = ocs->meter_first = false;
        judge_slices(ocs);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        unsigned a = ocs->observed_a[b_ports[i]];
        if (a && ocs->meter[a].is_due)
            take_one(ocs, a, power_mdbm[i], now_us, &news);
    }
    tell_news(ocs, &news, now_us);
    fabric_mark(ocs->pod->fabric);
}
