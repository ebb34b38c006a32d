/* How a piece of maintenance stands: from what was read back, nothing else. */
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/observe.h"

#include <stdio.h>
#include <string.h>

#define NAMED_MAX 6 /* switches in a sentence */

static bool may_be_sent(const struct fabric_ocs *ocs, enum topo_side side, unsigned port) {
    if (side == TOPO_SIDE_A)
        return ocs->port[port].sent_b || ocs->port[port].is_leaving;
    for (unsigned a = 1; a <= ocs->ports_a; a++)
        if (ocs->port[a].sent_b == port || (ocs->port[a].is_leaving && ocs->port[a].observed_b == port))
            return true;
    return false;
}

static void look_at_port(const struct fabric_maintenance *m, const struct fabric_ocs *ocs,
                         enum topo_side side, unsigned port, struct maintenance_sight *sight) {
    unsigned a = side == TOPO_SIDE_A ? port : ocs->observed_a[port];
    bool is_lit = a && ocs->port[a].observed_b;
    bool is_disabled = side == TOPO_SIDE_A ? ocs->port[port].is_disabled : ocs->is_b_disabled[port];
    sight->n_ports++;
    sight->n_lit += is_lit;
    bool may_be_disabled =
        side == TOPO_SIDE_A ? ocs->port[port].may_be_disabled : ocs->may_b_be_disabled[port];
    const struct fabric_maintenance *work = maintenance_of_ocs(ocs);
    sight->n_disabled += is_disabled;
    /* What other work wants disabled is enabled when that ends. */
    sight->n_to_enable += may_be_disabled && device_can_disable_ports(ocs->device) &&
                          !(work && work->accepted.is_failed) && !maintenance_wants_disabled(ocs, side, port);
    sight->n_to_disable += !is_disabled && !ocs->disable_failed && device_can_disable_ports(ocs->device);
    if (!observe_is_usable(ocs))
        sight->unread |= UINT64_C(1) << ocs->index;
    else if (ocs->read_at_us <= m->read_after_us || may_be_sent(ocs, side, port))
        sight->n_settling++;
    if (!is_lit)
        return;
    enum circuit_class class = ocs->port[a].circuit_class;
    sight->n_waiting += class == CIRCUIT_INTENDED;
    sight->n_in_the_way += class == CIRCUIT_UNACCOUNTED || class == CIRCUIT_FOREIGN;
}

static void look_at_stage(const struct fabric_maintenance *m, struct maintenance_sight *sight) {
    const struct fabric_ocs *ocs = &m->pod->ocs[m->object.ocs];
    struct stage_sight *links = &sight->links;
    for (unsigned a = 1; a <= ocs->ports_a; a++)
        if (ocs->port[a].want_b && ocs->port[a].want_slice)
            stage_add(links, stage_link_proof(ocs, a));
    sight->state = stage_judge(links, m->pod->fabric->settings.restore_pass_percent) == STAGE_STOPPED
                       ? MAINTENANCE_STOPPED
                       : MAINTENANCE_RESTORING;
    if (sight->state == MAINTENANCE_STOPPED)
        snprintf(
            sight->text, sizeof(sight->text),
            "stage %u of %u: %u of %u links did not come to light where they should; put the fibers right",
            m->accepted.stage, MAINTENANCE_STAGES, links->n_wrong, links->n_links);
    else
        snprintf(sight->text, sizeof(sight->text), "stage %u of %u: %u of %u links are proved by light%s",
                 m->accepted.stage, MAINTENANCE_STAGES, links->n_proved, links->n_links,
                 observe_is_usable(ocs) ? "" : "; the switch cannot be read");
}

static void say(const struct fabric_maintenance *m, struct maintenance_sight *sight) {
    bool is_ocs = m->object.kind == MAINTENANCE_OCS;
    char *text = sight->text;
    size_t size = sizeof(sight->text), at = 0;
    switch (sight->state) {
    case MAINTENANCE_WAITING:
        if (sight->n_waiting)
            at = (size_t)snprintf(text, size, "%u ports carry circuits of slices that nobody gave up",
                                  sight->n_waiting);
        if (sight->n_in_the_way && at < size)
            snprintf(text + at, size - at, "%s%u ports carry circuits that no slice explains", at ? "; " : "",
                     sight->n_in_the_way);
        break;
    case MAINTENANCE_CLEARING:
        snprintf(text, size,
                 m->pod->frozen ? "%u of %u ports carry a circuit, and the pod is frozen: nothing is removed"
                                : "%u of %u ports still carry a circuit or were not read back yet",
                 sight->n_lit > sight->n_settling ? sight->n_lit : sight->n_settling, sight->n_ports);
        break;
    case MAINTENANCE_NOT_PROVEN_DARK:
        at = (size_t)snprintf(text, size, "NOT PROVEN DARK: cannot be read:");
        for (unsigned i = 0, named = 0; i < m->pod->n_ocses && at < size; i++)
            if (sight->unread >> i & 1 && ++named <= NAMED_MAX)
                at += (size_t)snprintf(text + at, size - at, " %s", m->pod->ocs[i].name);
        if ((unsigned)__builtin_popcountll(sight->unread) > NAMED_MAX && at < size)
            snprintf(text + at, size - at, " and %u more",
                     (unsigned)__builtin_popcountll(sight->unread) - NAMED_MAX);
        break;
    case MAINTENANCE_SAFE:
        if (m->accepted.is_ending)
            snprintf(text, size, "done; %u ports are being enabled", sight->n_to_enable);
        else if (is_ocs)
            snprintf(text, size, "safe to power off: no circuit is left on its %u ports", sight->n_ports);
        else
            snprintf(text, size, "safe to touch: %u ports were read back dark, %u of them are disabled",
                     sight->n_ports, sight->n_disabled);
        break;
    case MAINTENANCE_FAILED:
        snprintf(text, size, "marked failed: nothing uses it; its mirrors may stand as they stood");
        break;
    default:
        text[0] = '\0';
    }
}

void maintenance_look(const struct fabric_maintenance *m, struct maintenance_sight *ret_sight) {
    struct maintenance_sight sight = {0};
    struct maintenance_port ports[2 * TOPO_PORTS_MAX];
    unsigned count = maintenance_ports(m, ports);
    for (unsigned i = 0; i < count; i++)
        look_at_port(m, &m->pod->ocs[ports[i].ocs], ports[i].side, ports[i].port, &sight);
    if (m->accepted.stage) {
        look_at_stage(m, &sight);
        *ret_sight = sight;
        return;
    }
    if (m->accepted.is_failed)
        sight.state = MAINTENANCE_FAILED;
    else if (sight.n_waiting || sight.n_in_the_way)
        sight.state = MAINTENANCE_WAITING;
    else if (sight.unread && m->object.kind == MAINTENANCE_OCS && m->accepted.told == MAINTENANCE_SAFE)
        sight.state = MAINTENANCE_SAFE; /* it was dark when it was switched off */
    else if (sight.unread)
        sight.state = MAINTENANCE_NOT_PROVEN_DARK;
    else if (sight.n_lit || sight.n_settling || !m->is_durable)
        sight.state = MAINTENANCE_CLEARING;
    else if (sight.n_to_disable && !m->accepted.is_ending && m->object.kind != MAINTENANCE_OCS)
        sight.state = MAINTENANCE_CLEARING; /* where the switch can */
    else
        sight.state = MAINTENANCE_SAFE;
    say(m, &sight);
    *ret_sight = sight;
}
