#include "daemon/fabric/reconcile.h"
#include "daemon/fabric/change.h"
#include "daemon/fabric/link_retry.h"
#include "daemon/fabric/observe.h"
#include "daemon/fabric/restore.h"
#include "daemon/fabric/surprise.h"

#include <stdio.h>
#include <string.h>

#define SECOND_READ_US 50000
#define SUSPECT_AFTER 2 /* failures; a port is given up after the next */

/* A circuit that was there as intended and is gone: put right at most twice an hour, or two controllers that
 * repair each other would flap a job for ever. */
static bool is_drift(const struct fabric_port *port) {
    return port->confirmed_b == port->want_b;
}

/* Somebody asked for the circuit and waits for it; anything else is a move that nobody asked for. That holds
 * through a restart, which forgets what was confirmed. */
bool reconcile_is_asked_for(const struct fabric_port *port) {
    if (!port->want_slice)
        return port->is_test; /* whoever tests a cube waits for it */
    enum slice_state state = port->want_slice->durable->state;
    return !is_drift(port) && (state == SLICE_CONNECTING || state == SLICE_REPAIRING);
}

static bool is_fought_over(const struct fabric_port *port, int64_t now_us) {
    /* What the switch did not do is tried again; nobody took it away. */
    return !port->is_put_right && port->put_right_us[0] &&
           now_us - port->put_right_us[0] < SURPRISE_FIGHT_WINDOW_US;
}

/* Nothing connects to what a person works on. */
static bool may_connect(const struct fabric_ocs *ocs, const struct fabric_port *port) {
    return !port->is_blocked && !port->is_disabled && !ocs->is_b_blocked[port->want_b] &&
           !ocs->is_b_disabled[port->want_b];
}

/* A thaw is the word of a person who looked: what was given up is tried again. */
static bool is_thaw_ahead(const struct fabric_ocs *ocs, bool as_if_thawed) {
    return as_if_thawed && ocs->pod->frozen;
}

static bool may_add(const struct fabric_ocs *ocs, const struct fabric_port *port, int64_t now_us,
                    bool as_if_thawed) {
    bool anew = is_thaw_ahead(ocs, as_if_thawed);
    if (port->is_test)
        return !port->is_failed && !ocs->pod->is_blind;
    if ((port->is_failed && !port->may_try && !anew) || !port->want_slice)
        return false;
    if (reconcile_is_asked_for(port))
        return true;
    if (!anew && !restore_is_open(ocs))
        return false;
    bool is_put_right = ocs->pod->fabric->settings.repair_drift || port->remake == REMAKE_SENT;
    return is_put_right && !ocs->pod->is_blind && (anew || !is_fought_over(port, now_us));
}

bool reconcile_may_restore(const struct fabric_ocs *ocs, unsigned a, int64_t now_us) {
    const struct fabric_port *port = &ocs->port[a];
    return !port->is_failed && may_connect(ocs, port) && !is_fought_over(port, now_us) &&
           (ocs->pod->fabric->settings.repair_drift || port->remake == REMAKE_SENT);
}

const char *reconcile_why_not(const struct fabric_ocs *ocs, unsigned a, int64_t now_us) {
    const struct fabric_port *port = &ocs->port[a];
    if (port->is_locked || ocs->is_b_locked[port->want_b])
        return "missing: its slice is held until an operator decides";
    if (!may_connect(ocs, port))
        return "missing: a person works there";
    if (port->is_failed && !port->may_try && !ocs->pod->frozen)
        return "missing: given up, the switch does not make it; tried again within a minute";
    if (ocs->pod->is_blind)
        return "missing: too much of the pod is silent, nothing is put right";
    if (!ocs->pod->fabric->settings.repair_drift && !reconcile_is_asked_for(port))
        return "missing: ocs.repair_drift is off, an operator puts it right";
    if (!reconcile_is_asked_for(port) && !restore_is_open(ocs))
        return "missing: many slices are restored, and the turn of this power domain has not come";
    if (is_fought_over(port, now_us) && !ocs->pod->frozen)
        return "missing: put right twice within an hour and gone again; pod freeze and thaw begin anew";
    return "missing: something is in its way";
}

void reconcile_begin_anew(struct fabric_pod *pod) {
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        struct fabric_ocs *ocs = &pod->ocs[i];
        for (unsigned a = 1; a <= ocs->ports_a; a++) {
            memset(ocs->port[a].put_right_us, 0, sizeof(ocs->port[a].put_right_us));
            ocs->port[a].may_try = ocs->port[a].is_failed;
        }
        ocs->needs_reconcile = true;
    }
}

/* Steps: 1 what is missing and may be sent; 2 what stands in its way; 3 what is stale. A circuit that was
 * never seen as intended is only removed after two reads showed it. */
void reconcile_wish(const struct fabric_ocs *ocs, int64_t now_us, bool as_if_thawed,
                    struct reconcile_wish *wish) {
    bool remove[TOPO_PORTS_MAX + 1] = {false};
    wish->n_remove = wish->n_add = 0;
    wish->wants_second_read = false;
    for (unsigned a = 1; a <= ocs->ports_a; a++) {
        const struct fabric_port *port = &ocs->port[a];
        bool is_missing = port->want_b && port->observed_b != port->want_b && may_connect(ocs, port) &&
                          may_add(ocs, port, now_us, as_if_thawed);
        bool is_stale = port->observed_b && port->circuit_class == CIRCUIT_STALE && !ocs->pod->is_blind;
        bool is_cleared =
            port->clear_b && port->clear_b == port->observed_b && port->circuit_class == CIRCUIT_UNACCOUNTED;
        if (!is_missing && !is_stale && !is_cleared)
            continue;
        bool blocked = false;
        unsigned in_the_way[2] = {port->observed_b ? a : 0, is_missing ? ocs->observed_a[port->want_b] : 0};
        for (unsigned i = 0; i < 2; i++) {
            unsigned at = in_the_way[i];
            if (!at || remove[at])
                continue;
            const struct fabric_port *other = &ocs->port[at];
            bool is_certain =
                other->same_reads >= 2 || other->confirmed_b == other->observed_b || as_if_thawed;
            if (other->is_locked || ocs->is_b_locked[other->observed_b] ||
                (other->circuit_class == CIRCUIT_INTENDED && other->want_b == other->observed_b)) {
                blocked = true;
            } else if (!is_certain) {
                blocked = wish->wants_second_read = true;
            } else {
                remove[at] = true;
                wish->remove[wish->n_remove++] = (struct device_pair){(uint16_t)at, other->observed_b};
            }
        }
        if (is_missing && !blocked)
            wish->add[wish->n_add++] = (struct device_pair){(uint16_t)a, port->want_b};
    }
}

/* Keeps what belongs to one slice: the one whose circuits failed least, the oldest of several. Removals stay:
 * they restore isolation. So does, while many slices are restored, what somebody waits for. */
static void keep_one_slice(const struct fabric_ocs *ocs, struct reconcile_wish *wish) {
    const struct fabric_port *best = NULL;
    for (size_t i = 0; i < wish->n_add; i++) {
        const struct fabric_port *port = &ocs->port[wish->add[i].a];
        if (!ocs->is_split && reconcile_is_asked_for(port))
            continue;
        if (!best || port->failures < best->failures ||
            (port->failures == best->failures && port->want_slice && best->want_slice &&
             port->want_slice->uid < best->want_slice->uid))
            best = port;
    }
    size_t kept = 0;
    for (size_t i = 0; i < wish->n_add; i++) {
        const struct fabric_port *port = &ocs->port[wish->add[i].a];
        if (!best || port->want_slice == best->want_slice || (!ocs->is_split && reconcile_is_asked_for(port)))
            wish->add[kept++] = wish->add[i];
    }
    wish->n_add = kept;
}

/* A switch may refuse a whole list for one bad pair. Pairs that failed with others and then with those of
 * their slice only are sent last, each alone, so that no good one is given up for a bad one. */
static void keep_suspects_apart(const struct fabric_ocs *ocs, struct reconcile_wish *wish) {
    size_t kept = 0, least = 0;
    for (size_t i = 0; i < wish->n_add; i++) {
        const struct fabric_port *port = &ocs->port[wish->add[i].a];
        if (port->failures < ocs->port[wish->add[least].a].failures)
            least = i;
    }
    if (wish->n_add && ocs->port[wish->add[least].a].failures >= SUSPECT_AFTER) {
        wish->add[0] = wish->add[least];
        wish->n_add = 1;
        return;
    }
    for (size_t i = 0; i < wish->n_add; i++)
        if (ocs->port[wish->add[i].a].failures < SUSPECT_AFTER)
            wish->add[kept++] = wish->add[i];
    wish->n_add = kept;
}

static void tell_drift(struct fabric_ocs *ocs, unsigned n_drifted, const char *slice, int64_t now_us) {
    struct change *change = change_begin(ocs->pod->fabric, "heliostatd", now_us);
    char name[96], cause[FABRIC_TEXT_MAX];
    if (!change)
        return;
    snprintf(cause, sizeof(cause), "%u intended circuits were gone and are put right; slice %.63s", n_drifted,
             slice);
    change_add_event(change, "CIRCUITS_PUT_RIGHT", ocs->pod, fabric_ocs_name(ocs, name), NULL, cause, "", "");
    if (change_submit(change) < 0)
        fabric_mark(ocs->pod->fabric);
}

static void send(struct fabric_ocs *ocs, int64_t now_us) {
    static struct device_pair remove[TOPO_PORTS_MAX + 1], add[TOPO_PORTS_MAX + 1];
    struct reconcile_wish wish = {.remove = remove, .add = add};
    reconcile_wish(ocs, now_us, false, &wish);
    if (wish.wants_second_read) {
        ocs->retry_at_us = now_us + SECOND_READ_US;
        device_read_map(ocs->device, now_us);
    }
    if ((ocs->is_split || ocs->pod->restore.is_running) && wish.n_add)
        keep_one_slice(ocs, &wish);
    keep_suspects_apart(ocs, &wish);
    if (wish.n_remove + wish.n_add == 0 && !wish.wants_second_read)
        link_retry_wish(ocs, &wish);
    if (wish.n_remove + wish.n_add == 0)
        return;
    if (device_apply(ocs->device, wish.remove, wish.n_remove, wish.add, wish.n_add, now_us) !=
        DEVICE_APPLY_STARTED) {
        ocs->needs_reconcile = true;
        return;
    }
    for (size_t i = 0; i < wish.n_remove; i++)
        ocs->port[wish.remove[i].a].is_leaving = true;
    ocs->sent_at_us = now_us;
    unsigned n_drifted = 0;
    const char *slice = "";
    for (size_t i = 0; i < wish.n_add; i++) {
        struct fabric_port *port = &ocs->port[wish.add[i].a];
        port->in_flight = true;
        port->may_try = false;
        port->sent_b = wish.add[i].b;
        if (!link_retry_sent(port) && !port->is_test && is_drift(port) && !port->is_put_right) {
            port->is_put_right = true;
            port->put_right_us[0] = port->put_right_us[1];
            port->put_right_us[1] = now_us;
            n_drifted++;
            slice = port->want_slice->name;
        }
    }
    if (n_drifted)
        tell_drift(ocs, n_drifted, slice, now_us);
}

void reconcile_pod(struct fabric_pod *pod, int64_t now_us) {
    if (pod->frozen || pod->undurable_thaws || pod->is_importing)
        return;
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        struct fabric_ocs *ocs = &pod->ocs[i];
        if (ocs->needs_reconcile && observe_is_usable(ocs) && !device_is_changing(ocs->device) &&
            now_us >= ocs->retry_at_us) {
            ocs->needs_reconcile = false;
            send(ocs, now_us);
        }
    }
}

int64_t reconcile_next_us(const struct fabric_pod *pod) {
    int64_t next = INT64_MAX;
    if (pod->frozen || pod->undurable_thaws)
        return next;
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        const struct fabric_ocs *ocs = &pod->ocs[i];
        if (ocs->needs_reconcile && observe_is_usable(ocs) && ocs->retry_at_us && ocs->retry_at_us < next &&
            !device_is_changing(ocs->device))
            next = ocs->retry_at_us;
    }
    return next;
}
