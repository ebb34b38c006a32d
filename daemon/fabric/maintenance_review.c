/* What has come of maintenance: called whenever something was fed in. */
#include "daemon/fabric/health_times.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/observe.h"

#include <stdio.h>
#include <string.h>

#define ENABLE_RETRY_US 1000000
/* A command that was lost with its session may be carried out after the next one began. */
#define LATE_DISABLE_US 10000000

const char *maintenance_state_name(enum maintenance_state state) {
    static const char *const names[] = {"",     "WAITING", "CLEARING",  "NOT_PROVEN_DARK",
                                        "SAFE", "FAILED",  "RESTORING", "STOPPED"};
    return (unsigned)state < sizeof(names) / sizeof(*names) ? names[state] : "UNKNOWN_NUMBER";
}

bool maintenance_wants_disabled(const struct fabric_ocs *ocs, enum topo_side side, unsigned port) {
    /* Few are blocked. */
    if (!(side == TOPO_SIDE_A ? ocs->port[port].is_blocked : ocs->is_b_blocked[port]))
        return false;
    for (const struct fabric_maintenance *m = ocs->pod->maintenances; m; m = m->next)
        if (m->is_durable && m->is_dark && !m->accepted.is_ending && m->object.kind != MAINTENANCE_OCS &&
            maintenance_covers(m, ocs->index, side, port))
            return true;
    return false;
}

static bool *disabled_flag(struct fabric_ocs *ocs, unsigned side, unsigned port) {
    return side == TOPO_SIDE_A ? &ocs->port[port].is_disabled : &ocs->is_b_disabled[port];
}

static bool *doubt_flag(struct fabric_ocs *ocs, unsigned side, unsigned port) {
    return side == TOPO_SIDE_A ? &ocs->port[port].may_be_disabled : &ocs->may_b_be_disabled[port];
}

static unsigned ports_of_side(const struct fabric_ocs *ocs, unsigned side) {
    return side == TOPO_SIDE_A ? ocs->ports_a : ocs->ports_b;
}

/* Whether there is, or soon will be, something to ask for on this side. */
static bool set_ports(struct fabric_ocs *ocs, unsigned side, int64_t now_us) {
    bool is_left = false;
    for (unsigned enabled = 0; enabled < 2; enabled++) {
        size_t count = 0;
        for (unsigned port = 1; port <= ports_of_side(ocs, side); port++) {
            bool is_due =
                enabled ? *doubt_flag(ocs, side, port) && !maintenance_wants_disabled(ocs, side, port)
                        : !*disabled_flag(ocs, side, port) && maintenance_wants_disabled(ocs, side, port);
            if (is_due)
                ocs->setting[count++] = (uint16_t)port;
        }
        is_left = is_left || count;
        if (!count || (enabled ? now_us < ocs->enable_at_us : ocs->disable_failed))
            continue;
        if (device_set_ports(ocs->device, side == TOPO_SIDE_B, ocs->setting, count, enabled, now_us) ==
            DEVICE_APPLY_STARTED) {
            ocs->is_setting = true;
            ocs->setting_side = (uint8_t)side;
            ocs->setting_enabled = enabled;
            ocs->n_setting = (uint16_t)count;
            for (size_t i = 0; i < count && !enabled; i++)
                *doubt_flag(ocs, side, ocs->setting[i]) = true;
        }
        break;
    }
    return is_left;
}

static int64_t later(int64_t one, int64_t other) {
    return one > other ? one : other;
}

/* A port whose disabling got lost on the way may be disabled: it is enabled before anything else uses it. */
void maintenance_on_ports(struct fabric_ocs *ocs, enum device_result result, int64_t now_us) {
    bool is_known = device_can_disable_ports(ocs->device);
    ocs->is_setting = false;
    ocs->ports_are_old = true;
    if (result != DEVICE_DONE && ocs->setting_enabled)
        ocs->enable_at_us = later(ocs->enable_at_us, now_us + ENABLE_RETRY_US);
    else if (result != DEVICE_DONE)
        ocs->disable_failed = true;
    for (unsigned i = 0; i < ocs->n_setting; i++) {
        bool *doubt = doubt_flag(ocs, ocs->setting_side, ocs->setting[i]);
        bool *flag = disabled_flag(ocs, ocs->setting_side, ocs->setting[i]), was_disabled = *flag || *doubt;
        *flag = result == DEVICE_DONE && !ocs->setting_enabled;
        if (!is_known || (ocs->setting_enabled && result == DEVICE_DONE))
            *doubt = false;
        if (was_disabled && !*flag && !*doubt)
            health_port_moved(ocs, ocs->setting_side, ocs->setting[i], now_us);
    }
    ocs->needs_reconcile = true;
}

/* A switch may have forgotten what was disabled; what is not wanted so any more is enabled in any case. */
void maintenance_on_session(struct fabric_ocs *ocs, int64_t now_us) {
    if (ocs->is_setting && !ocs->setting_enabled)
        ocs->enable_at_us = later(ocs->enable_at_us, now_us + LATE_DISABLE_US);
    ocs->is_setting = ocs->disable_failed = false;
    ocs->ports_are_old = true;
    for (unsigned side = 0; side < 2; side++)
        for (unsigned port = 1; port <= ports_of_side(ocs, side); port++)
            if (maintenance_wants_disabled(ocs, side, port))
                *disabled_flag(ocs, side, port) = false;
}

/* Work on a fiber may have ended while its switch was marked failed: any port may still be disabled. */
static void doubt_every_port(struct fabric_ocs *ocs) {
    for (unsigned side = 0; side < 2; side++)
        for (unsigned port = 1; port <= ports_of_side(ocs, side); port++)
            *doubt_flag(ocs, side, port) = true;
    ocs->ports_are_old = true;
}

/* After a restart nobody knows what is disabled: any port of it may be. */
void maintenance_assume_disabled(struct fabric_maintenance *m, int64_t now_us) {
    if (m->object.kind == MAINTENANCE_OCS)
        return;
    struct maintenance_port ports[2 * TOPO_PORTS_MAX];
    unsigned count = maintenance_ports(m, ports);
    for (unsigned i = 0; i < count; i++) {
        struct fabric_ocs *ocs = &m->pod->ocs[ports[i].ocs];
        *doubt_flag(ocs, ports[i].side, ports[i].port) = true;
        ocs->enable_at_us = later(ocs->enable_at_us, now_us + LATE_DISABLE_US);
        ocs->ports_are_old = true;
    }
}

static void full_name(const struct fabric_maintenance *m, char text[112]) {
    snprintf(text, 112, "%.63s/%.47s", m->pod->name, m->name);
}

static bool is_over(const struct fabric_maintenance *m, const struct maintenance_sight *sight) {
    if (m->accepted.is_ending)
        return sight->n_to_enable == 0;
    return m->accepted.stage == MAINTENANCE_STAGES && sight->links.n_proved == sight->links.n_links;
}

static bool stage_is_done(const struct fabric_maintenance *m, const struct maintenance_sight *sight) {
    return m->accepted.stage && m->accepted.stage < MAINTENANCE_STAGES &&
           sight->state == MAINTENANCE_RESTORING && observe_is_usable(&m->pod->ocs[m->object.ocs]) &&
           stage_judge(&sight->links, m->pod->fabric->settings.restore_pass_percent) == STAGE_PASSED;
}

static void review_one(struct fabric_maintenance *m, int64_t now_us) {
    struct fabric *fabric = m->pod->fabric;
    struct maintenance_sight sight;
    char name[112];
    maintenance_look(m, &sight);
    bool was_dark = m->is_dark;
    m->is_dark = !sight.n_lit && !sight.n_settling && !sight.unread && !m->accepted.stage;
    if (m->is_dark != was_dark)
        maintenance_mark_ports(m->pod);
    struct maintenance_terms terms = m->accepted;
    bool ends = is_over(m, &sight), next_stage = stage_is_done(m, &sight);
    if (sight.state == m->accepted.told && !ends && !next_stage)
        return;
    struct change *change = change_begin(fabric, "heliostatd", now_us);
    if (!change)
        return;
    full_name(m, name);
    if (ends) {
        change_add_event(change, "MAINTENANCE_ENDED", m->pod, name, NULL, m->reason,
                         maintenance_state_name(m->accepted.told), "");
        if (m->object.kind == MAINTENANCE_OCS && m->accepted.is_failed)
            doubt_every_port(&m->pod->ocs[m->object.ocs]);
        maintenance_change_drop(change, m);
    } else {
        terms.told = sight.state;
        terms.stage += next_stage;
        if (sight.state == MAINTENANCE_SAFE && m->accepted.told != MAINTENANCE_SAFE)
            terms.safe_since_us = fabric_wall_us(fabric, now_us);
        change_add_event(change, "MAINTENANCE_STATE", m->pod, name, NULL, sight.text,
                         maintenance_state_name(m->accepted.told), maintenance_state_name(terms.told));
        maintenance_change_terms(change, m, &terms);
    }
    if (change_submit(change) < 0)
        fabric_mark(fabric);
}

static void review_ports(struct fabric_ocs *ocs, int64_t now_us) {
    if (!ocs->ports_are_old || ocs->is_setting || ocs->pod->frozen || !observe_is_usable(ocs))
        return;
    bool is_left = false;
    for (unsigned side = 0; side < 2 && !ocs->is_setting; side++)
        is_left = set_ports(ocs, side, now_us) || is_left;
    ocs->ports_are_old = is_left;
}

void maintenance_review(struct fabric_pod *pod, int64_t now_us) {
    for (struct fabric_maintenance *m = pod->maintenances, *next; m; m = next) {
        next = m->next;
        if (m->is_durable && !m->n_changes && !pod->is_importing)
            review_one(m, now_us);
    }
    for (unsigned i = 0; i < pod->n_ocses; i++)
        review_ports(&pod->ocs[i], now_us);
}
