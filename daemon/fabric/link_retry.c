#include "daemon/fabric/link_retry.h"

/* Only what no job can run on yet: a link that went dark under a slice that was proved is a fault to be
 * found, not a circuit to be made anew. */
static bool may_be_disturbed(const struct slice_version *version) {
    return version->state == SLICE_CONNECTING || version->state == SLICE_REPAIRING ||
           version->qualified == QUALIFIED_NOT_CHECKED;
}

/* The light of a cube that is ill, or not heard, is missing for another reason. */
static bool is_well(const struct fabric_ocs *ocs, enum topo_side side, unsigned port) {
    uint16_t end = ocs->pod->wiring->end_of[ocs->index][side][port];
    if (end == TOPO_NO_END)
        return false;
    enum health health = ocs->pod->cube[topo_end_cube(end)].health;
    return health == HEALTH_HEALTHY || health == HEALTH_DEGRADED;
}

bool link_retry_holds(const struct slice_version *version, struct fabric_ocs *ocs, struct fabric_port *port) {
    if (port->remake == REMAKE_DUE && !may_be_disturbed(version))
        port->remake = REMAKE_NEVER; /* it was proved before its turn came */
    if (port->remake == REMAKE_DUE || port->remake == REMAKE_SENT)
        return !ocs->pod->frozen && !ocs->pod->is_blind;
    if (port->remake == REMAKE_DONE || port->is_locked || port->is_blocked || port->is_disabled ||
        ocs->pod->frozen || ocs->pod->is_blind || !may_be_disturbed(version) ||
        !is_well(ocs, TOPO_SIDE_A, (unsigned)(port - ocs->port)) || !is_well(ocs, TOPO_SIDE_B, port->want_b))
        return false;
    port->remake = REMAKE_DUE;
    ocs->needs_reconcile = true;
    fabric_mark(ocs->pod->fabric);
    return true;
}

void link_retry_wish(const struct fabric_ocs *ocs, struct reconcile_wish *wish) {
    for (unsigned a = 1; a <= ocs->ports_a; a++) {
        const struct fabric_port *port = &ocs->port[a];
        if (port->remake != REMAKE_DUE || !port->want_slice ||
            !may_be_disturbed(port->want_slice->accepted) || port->observed_b != port->want_b ||
            port->is_locked || port->is_blocked || port->is_disabled || ocs->is_b_blocked[port->want_b] ||
            ocs->is_b_disabled[port->want_b])
            continue;
        const struct device_pair pair = {(uint16_t)a, port->want_b};
        wish->remove[wish->n_remove++] = pair;
        wish->add[wish->n_add++] = pair;
    }
}

bool link_retry_sent(struct fabric_port *port) {
    if (port->remake != REMAKE_DUE)
        return false;
    bool was_there = port->observed_b == port->want_b;
    port->remake =
        was_there ? REMAKE_SENT : REMAKE_DONE; /* it went away meanwhile: made anew by other rules */
    return was_there;
}

void link_retry_drop(struct fabric_port *port) {
    if (port->remake == REMAKE_DUE)
        port->remake = REMAKE_NEVER;
}

bool link_retry_is_over(struct fabric_port *port) {
    if (port->remake != REMAKE_SENT)
        return false;
    port->remake = REMAKE_DONE;
    return true;
}
