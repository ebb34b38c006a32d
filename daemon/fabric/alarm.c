/* What needs a person now. A table of conditions; each is looked at when somebody asks. */
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/alarm_operations.h"
#include "daemon/fabric/link_path.h"
#include "daemon/fabric/loss.h"
#include "daemon/fabric/meter.h"
#include "daemon/fabric/observe.h"
#include "daemon/fabric/restore.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct teller {
    const struct fabric *fabric;
    void (*visit)(const struct fabric_alarm *, void *userdata);
    void *userdata;
};

__attribute__((format(printf, 7, 8))) static void tell(const struct teller *teller, const char *kind,
                                                       const struct fabric_pod *pod, const char *object,
                                                       int64_t since_us, const char *what_to_do,
                                                       const char *format, ...) {
    struct fabric_alarm alarm = {.kind = kind, .pod = pod, .what_to_do = what_to_do, .since_us = since_us};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(alarm.text, sizeof(alarm.text), format, arguments);
    va_end(arguments);
    snprintf(alarm.object, sizeof(alarm.object), "%s", object);
    teller->visit(&alarm, teller->userdata);
}

static void look_at_pod(const struct teller *teller, const struct fabric_pod *pod) {
    if (pod->frozen)
        tell(teller, "POD_FROZEN", pod, pod->name, 0,
             "look at `helioctl pod diff`, then say `helioctl pod thaw`", "%s", pod->frozen_text);
    if (restore_is_held(pod)) {
        char text[FABRIC_TEXT_MAX];
        restore_text(pod, text, sizeof(text));
        tell(teller, "RESTORING_STOPPED", pod, pod->name, pod->restore.since_us,
             "put the links right, it goes on by itself; or `helioctl pod thaw` goes on without them", "%s",
             text);
    }
    if (pod->is_blind)
        tell(teller, "BLIND", pod, pod->name, 0,
             "look for what many switches or hosts have in common: the management network, power",
             "many switches or hosts fell silent at once: nothing moves by itself");
}

/* Monotonic; 0: it is seen, or there is none yet. One that never answered is missed since the start. */
static int64_t missed_since_us(const struct fabric_ocs *ocs) {
    bool never_seen = !ocs->map_known && ocs->address[0] && ocs->pod->fabric->grace_is_over;
    return never_seen && !ocs->lost_at_us ? ocs->pod->fabric->started_us : ocs->lost_at_us;
}

static void look_at_ocs(const struct teller *teller, const struct fabric_ocs *ocs) {
    char name[96];
    fabric_ocs_name(ocs, name);
    int64_t since_us = missed_since_us(ocs);
    if (ocs->state == OCS_MISMATCH)
        tell(teller, "OCS_MISMATCH", ocs->pod, name, 0,
             "check the switch and its address, then `helioctl ocs confirm`", "%s",
             device_cause(ocs->device));
    else if (since_us && !maintenance_of_ocs(ocs))
        tell(teller, "OCS_DISCONNECTED", ocs->pod, name, since_us + teller->fabric->wall_offset_us,
             "bring the switch or the way to it back; its mirrors stay as they are", "%s",
             device_cause(ocs->device));
    unsigned unaccounted = 0, failed = 0, fought = 0, first_unaccounted = 0, first_failed = 0,
             first_fought = 0, drifted = 0, first_drifted = 0;
    for (unsigned a = 1; a <= ocs->ports_a; a++) {
        const struct fabric_port *port = &ocs->port[a];
        bool is_missing = port->want_b && !port->is_test && port->observed_b != port->want_b;
        if (port->observed_b && port->circuit_class == CIRCUIT_UNACCOUNTED && !unaccounted++)
            first_unaccounted = a;
        if (is_missing && port->is_failed && !failed++)
            first_failed = a;
        if (is_missing && !port->is_failed && port->confirmed_b == port->want_b &&
            !teller->fabric->settings.repair_drift && !drifted++)
            first_drifted = a;
        if (is_missing && !port->is_failed && port->put_right_us[0] && !port->is_put_right &&
            port->confirmed_b == port->want_b && !fought++)
            first_fought = a;
    }
    if (unaccounted)
        tell(teller, "UNACCOUNTED_CIRCUIT", ocs->pod, name, 0,
             "`helioctl circuit clear`, or `helioctl slice adopt` if a job runs over it",
             "%u circuits that no slice explains; first: A%u-B%u", unaccounted, first_unaccounted,
             ocs->port[first_unaccounted ? first_unaccounted : 0].observed_b);
    if (failed)
        tell(teller, "PORT_FAILED", ocs->pod, name, 0,
             "move the fibers to spare ports, or swap the cubes; the slices say which links miss",
             "%u circuits that the switch does not make; first: A%u-B%u", failed, first_failed,
             ocs->port[first_failed].want_b);
    if (drifted)
        tell(teller, "CIRCUIT_DRIFTED", ocs->pod, name, 0,
             "find out who took them down; put them right by hand, or restart with ocs.repair_drift = true",
             "%u intended circuits are gone, and the policy is to raise an alarm only; first: A%u-B%u",
             drifted, first_drifted, ocs->port[first_drifted].want_b);
    if (fought)
        tell(teller, "CIRCUIT_FOUGHT_OVER", ocs->pod, name, 0,
             "find the other controller of this switch; `helioctl pod freeze` and `thaw` let it be put right "
             "again",
             "%u circuits went away again after they were put right twice within an hour; first: A%u-B%u",
             fought, first_fought, ocs->port[first_fought].want_b);
}

static void look_at_light(const struct teller *teller, const struct fabric_ocs *ocs) {
    unsigned over = 0, first_over = 0, drifted = 0, first_drifted = 0;
    char name[96], path[FABRIC_TEXT_MAX], what[120];
    int32_t drift_mdb = 0;
    for (unsigned a = 1; ocs->meter && a <= ocs->ports_a; a++) {
        if (!ocs->port[a].want_slice || ocs->port[a].observed_b != ocs->port[a].want_b)
            continue;
        if (loss_verdict(ocs, a) == LOSS_OVER && !over++)
            first_over = a;
        else if (ocs->meter[a].drifted >= METER_CERTAIN && !drifted++)
            first_drifted = a;
    }
    fabric_ocs_name(ocs, name);
    if (over) {
        link_path_of_circuit(ocs, first_over, path, sizeof(path));
        loss_text(ocs, first_over, what, sizeof(what));
        tell(teller, "LOSS_OVER_BUDGET", ocs->pod, name, 0,
             "clean the connectors of the fiber on side A; if it stays so, `helioctl port move` to a spare "
             "port",
             "%u circuits; first: %s: %s", over, path, what);
    }
    if (drifted) {
        link_path_of_circuit(ocs, first_drifted, path, sizeof(path));
        (void)meter_worse_drift(ocs, first_drifted, &drift_mdb);
        tell(teller, "LOSS_DRIFT", ocs->pod, name, 0,
             "nothing has moved and the job goes on; clean the connectors when the cube is free",
             "%u circuits lose more than when they were made; first: %s: %.2f dB more", drifted, path,
             drift_mdb / 1000.0);
    }
}

static void look_at_cube(const struct teller *teller, const struct fabric_cube *cube, int64_t now_wall_us) {
    char name[96];
    const struct fabric_slice *user = cube->slice;
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE && !user; host++)
        user = cube->host[host].part;
    fabric_cube_name(cube, name);
    if (cube->health == HEALTH_UNHEALTHY)
        tell(teller, user ? "CUBE_OF_SLICE_UNHEALTHY" : "CUBE_UNHEALTHY", cube->pod, name,
             cube->health_since_us,
             user ? "`helioctl slice swap`, then repair the rack" : "repair or replace the rack", "%s%s%s%s",
             cube->health_cause, user ? "; used by slice " : "", user ? user->name : "",
             user && !cube->slice ? " and maybe others: it is cut into parts" : "");
    else if (cube->health == HEALTH_UNKNOWN && cube->health_since_us &&
             now_wall_us - cube->health_since_us > INT64_C(600) * 1000000)
        tell(teller, "CUBE_UNKNOWN", cube->pod, name, cube->health_since_us,
             "look at its hosts, then `helioctl cube mark`", "%s for more than 10 minutes",
             cube->health_cause);
}

static void look_at_maintenance(const struct teller *teller, const struct fabric_maintenance *m) {
    static const struct {
        const char *kind, *what_to_do;
    } alarms[] = {
        [MAINTENANCE_WAITING] = {"MAINTENANCE_WAITS",
                                 "`helioctl maintenance list OBJECT` names who has to say `slice allow`"},
        [MAINTENANCE_NOT_PROVEN_DARK] = {"NOT_PROVEN_DARK", "do not touch it; bring the switches back first"},
        [MAINTENANCE_STOPPED] =
            {"RESTORING_STOPPED",
             "`helioctl maintenance list OBJECT` names the circuits; put their fibers right"},
    };
    struct maintenance_sight sight;
    char name[112];
    maintenance_look(m, &sight);
    if (sight.state >= sizeof(alarms) / sizeof(*alarms) || !alarms[sight.state].kind)
        return;
    snprintf(name, sizeof(name), "%.63s/%.47s", m->pod->name, m->name);
    tell(teller, alarms[sight.state].kind, m->pod, name, m->since_us, alarms[sight.state].what_to_do, "%s",
         sight.text);
}

static void look_at_slice(const struct teller *teller, const struct fabric_slice *slice) {
    const struct slice_version *version = slice->durable;
    if (!version || version->is_gone)
        return;
    if (version->is_held)
        tell(teller, "SLICE_HELD", slice->pod, slice->name, 0,
             "put the fiber table right, or `helioctl slice release-hold --rederive`",
             "the fiber table gives other circuits than those it was made with");
    if (version->state == SLICE_FAILED)
        tell(teller, "SLICE_FAILED", slice->pod, slice->name, 0, "`helioctl slice delete`, then ask again",
             "%s", version->cause);
    if (version->qualified == QUALIFIED_FAILED)
        tell(teller, "LINKS_NOT_QUALIFIED", slice->pod, slice->name, 0,
             "`helioctl verify` names the fibers; clean or re-cable them, or swap the cube",
             "%u links carry no light, light from another chip, or lose more than their budget",
             version->failed.count);
}

void fabric_alarms(const struct fabric *fabric, void (*visit)(const struct fabric_alarm *, void *userdata),
                   void *userdata) {
    const struct teller teller = {.fabric = fabric, .visit = visit, .userdata = userdata};
    if (!fabric->store_works)
        tell(&teller, "STORE_UNAVAILABLE", NULL, "store", 0,
             "make room on the disk of the database, look at its log",
             "changes are refused until the store works again");
    for (const struct fabric_pod *pod = fabric->pods; pod; pod = pod->next) {
        look_at_pod(&teller, pod);
        for (unsigned i = 0; i < pod->n_ocses; i++)
            look_at_ocs(&teller, &pod->ocs[i]), look_at_light(&teller, &pod->ocs[i]);
        for (unsigned i = 0; i < pod->n_cubes; i++)
            look_at_cube(&teller, &pod->cube[i], fabric->last_now_us + fabric->wall_offset_us);
        for (const struct fabric_maintenance *m = pod->maintenances; m; m = m->next)
            look_at_maintenance(&teller, m);
    }
    for (const struct fabric_slice *slice = fabric->slices; slice; slice = slice->next)
        look_at_slice(&teller, slice);
    alarm_operations(fabric, visit, userdata);
}
