#include "daemon/fabric/loss.h"
#include "daemon/fabric/attribution.h"
#include "daemon/fabric/meter.h"
#include "daemon/fabric/observe.h"

#include <stdio.h>

static const struct link_end *seen_at(const struct fabric_pod *pod, uint16_t end) {
    return &pod->cube[topo_end_cube(end)].end[topo_end_face(end)][topo_end_index(end)];
}

/* A host that died a moment ago has said that it sends, and is not missed yet: only its word since counts. */
static enum loss_verdict dark_verdict(const struct fabric_ocs *ocs, unsigned a) {
    const struct fabric_pod *pod = ocs->pod;
    const uint16_t end = pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a];
    int32_t launch_mdbm;
    if (!loss_launch(pod, end, &launch_mdbm))
        return LOSS_UNKNOWN;
    return seen_at(pod, end)->reported_us > ocs->meter[a].dark_since_us ? LOSS_DARK : LOSS_PENDING;
}

enum loss_verdict loss_verdict(const struct fabric_ocs *ocs, unsigned a) {
    if (!observe_is_usable(ocs) || !device_has_meters(ocs->device))
        return LOSS_UNKNOWN;
    if (!ocs->meter)
        return ocs->meter_due ? LOSS_PENDING : LOSS_UNKNOWN;
    const struct fabric_meter *meter = &ocs->meter[a];
    if (meter->is_due && (meter->b != ocs->port[a].observed_b || meter->over))
        return meter->over < METER_CERTAIN ? LOSS_PENDING : meter->is_dark ? dark_verdict(ocs, a) : LOSS_OVER;
    if (!meter->b || meter->b != ocs->port[a].observed_b || !meter->has_loss)
        return LOSS_UNKNOWN;
    if (meter->over < METER_CERTAIN)
        return LOSS_GOOD;
    return meter->is_dark ? dark_verdict(ocs, a) : LOSS_OVER;
}

bool loss_launch(const struct fabric_pod *pod, uint16_t end, int32_t *ret_mdbm) {
    if (end == TOPO_NO_END)
        return false;
    const struct link_end *seen = seen_at(pod, end);
    const struct fabric_host *host =
        &pod->cube[topo_end_cube(end)].host[attribution_host_of_end(topo_end_face(end), topo_end_index(end))];
    if (!seen->reported_us || pod->fabric->last_now_us >= host->silent_at_us || !seen->transmit_mdbm ||
        seen->transmit_mdbm <= LOSS_DARK_MDBM)
        return false;
    *ret_mdbm = seen->transmit_mdbm;
    return true;
}

bool loss_end_to_end(const struct fabric_pod *pod, uint16_t from, uint16_t to, int32_t *ret_loss_mdb) {
    int32_t launch_mdbm;
    if (to == TOPO_NO_END || !loss_launch(pod, from, &launch_mdbm))
        return false;
    const struct link_end *seen = seen_at(pod, to);
    if (!seen->light || !seen->reports || seen->far_end != from || !seen->receive_mdbm)
        return false;
    *ret_loss_mdb = launch_mdbm - seen->receive_mdbm;
    return true;
}

int32_t loss_budget_to_switch(const struct fabric *fabric) {
    return fabric->settings.insertion_loss_mdb + fabric->settings.fiber_loss_mdb;
}

int32_t loss_budget_end_to_end(const struct fabric *fabric) {
    return fabric->settings.insertion_loss_mdb + 2 * fabric->settings.fiber_loss_mdb;
}

static bool is_over_one_way(const struct fabric_pod *pod, uint16_t from, uint16_t to) {
    int32_t loss_mdb;
    return loss_end_to_end(pod, from, to, &loss_mdb) && loss_mdb > loss_budget_end_to_end(pod->fabric);
}

bool loss_is_over(const struct fabric_pod *pod, uint16_t one, uint16_t other) {
    return is_over_one_way(pod, one, other) || is_over_one_way(pod, other, one);
}

/* Either direction has its own sentence; of both the one that is measured closer to the fault. */
void loss_text(const struct fabric_ocs *ocs, unsigned a, char *text, size_t size) {
    const struct fabric_pod *pod = ocs->pod;
    const unsigned b = ocs->port[a].observed_b;
    const uint16_t ends[2] = {pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a],
                              b ? pod->wiring->end_of[ocs->index][TOPO_SIDE_B][b] : TOPO_NO_END};
    enum loss_verdict verdict = loss_verdict(ocs, a);
    int32_t loss_mdb = 0;
    text[0] = '\0';
    if (ends[0] == TOPO_NO_END)
        return;
    const char *from = pod->cube[topo_end_cube(ends[0])].name;
    if (verdict == LOSS_DARK) {
        snprintf(text, size, "no light leaves the switch, though %s sends it", from);
        return;
    }
    if (verdict == LOSS_OVER) {
        snprintf(text, size, "loses %.2f dB from %s to the switch, its budget is %.2f dB",
                 ocs->meter[a].loss_mdb / 1000.0, from, loss_budget_to_switch(pod->fabric) / 1000.0);
        return;
    }
    for (unsigned way = 0; way < 2 && ends[1] != TOPO_NO_END; way++)
        if (is_over_one_way(pod, ends[way], ends[1 - way]) &&
            loss_end_to_end(pod, ends[way], ends[1 - way], &loss_mdb)) {
            snprintf(text, size, "loses %.2f dB from %s to %s, its budget is %.2f dB", loss_mdb / 1000.0,
                     pod->cube[topo_end_cube(ends[way])].name, pod->cube[topo_end_cube(ends[1 - way])].name,
                     loss_budget_end_to_end(pod->fabric) / 1000.0);
            return;
        }
}

static const char *verdict_word(enum loss_verdict verdict, bool is_over, int32_t drift_mdb,
                                int32_t limit_mdb) {
    return verdict == LOSS_DARK              ? "no light"
           : verdict == LOSS_OVER || is_over ? "over budget"
           : drift_mdb > limit_mdb           ? "drifted"
           : verdict == LOSS_GOOD            ? "good"
                                             : "";
}

bool fabric_circuit_loss(const struct fabric_ocs *ocs, uint16_t a, struct fabric_circuit_loss *ret_loss) {
    const struct fabric_pod *pod = ocs->pod;
    const int32_t limit_mdb = pod->fabric->settings.loss_drift_mdb;
    const unsigned b = ocs->port[a].observed_b;
    const struct fabric_meter *meter = ocs->meter && ocs->meter[a].b == b ? &ocs->meter[a] : NULL;
    struct fabric_circuit_loss loss = {.to_switch_budget_mdb = loss_budget_to_switch(pod->fabric),
                                       .end_to_end_budget_mdb = loss_budget_end_to_end(pod->fabric)};
    if (!b)
        return false;
    const uint16_t one = pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a];
    const uint16_t other = pod->wiring->end_of[ocs->index][TOPO_SIDE_B][b];
    if (one != TOPO_NO_END && other != TOPO_NO_END) {
        loss.a_to_b.is_known = loss_end_to_end(pod, one, other, &loss.a_to_b.mdb);
        loss.b_to_a.is_known = loss_end_to_end(pod, other, one, &loss.b_to_a.mdb);
    }
    int32_t forward_mdb = 0, back_mdb = 0;
    enum loss_verdict verdict = loss_verdict(ocs, a);
    if (meter) {
        loss.is_metered = true;
        loss.power_mdbm = meter->power_mdbm;
        loss.to_switch.is_known = meter->has_loss && !meter->is_dark;
        loss.to_switch.mdb = loss.to_switch.is_known ? meter->loss_mdb : 0;
        loss.has_baseline = meter->baseline.b == b;
        loss.baseline.is_known = loss.has_baseline && meter->baseline.has_loss;
        loss.baseline.mdb = loss.baseline.is_known ? meter->baseline.loss_mdb : 0;
        if (meter_drift(ocs, a, &forward_mdb, &back_mdb))
            loss.drift_mdb = forward_mdb > back_mdb ? forward_mdb : back_mdb;
    }
    if (verdict == LOSS_UNKNOWN && loss.a_to_b.is_known)
        verdict = LOSS_GOOD;
    loss.a_to_b_verdict =
        verdict_word(verdict, loss.a_to_b.is_known && loss.a_to_b.mdb > loss.end_to_end_budget_mdb,
                     forward_mdb, limit_mdb);
    if (!*loss.a_to_b_verdict && loss.has_baseline)
        loss.a_to_b_verdict = "drift only";
    loss.b_to_a_verdict = verdict_word(loss.b_to_a.is_known ? LOSS_GOOD : LOSS_UNKNOWN,
                                       loss.b_to_a.is_known && loss.b_to_a.mdb > loss.end_to_end_budget_mdb,
                                       back_mdb, limit_mdb);
    if (!meter && !loss.a_to_b.is_known && !loss.b_to_a.is_known)
        return false;
    *ret_loss = loss;
    return true;
}
