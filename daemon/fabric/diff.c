/* Intent against fabric, and what an A port's circuit is for. */
#include "daemon/fabric/observe.h"
#include "daemon/fabric/reconcile.h"

#include <string.h>

static const char *removal_text(const struct fabric_port *port) {
    switch (port->circuit_class) {
    case CIRCUIT_STALE:
        return "left by a former slice, an end is no longer on a free healthy cube";
    case CIRCUIT_DARK:
        return "left by a former slice, in the way of an intended circuit";
    case CIRCUIT_UNACCOUNTED:
        return "unaccounted, in the way of an intended circuit";
    default:
        return "in the way of an intended circuit";
    }
}

void fabric_diff(const struct fabric_pod *pod,
                 void (*visit)(const struct fabric_difference *, void *userdata), void *userdata) {
    static struct device_pair remove[TOPO_PORTS_MAX + 1], add[TOPO_PORTS_MAX + 1];
    int64_t now_us = pod->fabric->last_now_us;
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        const struct fabric_ocs *ocs = &pod->ocs[i];
        bool is_removed[TOPO_PORTS_MAX + 1] = {false}, is_added[TOPO_PORTS_MAX + 1] = {false};
        struct reconcile_wish wish = {.remove = remove, .add = add};
        if (!ocs->map_known)
            continue;
        reconcile_wish(ocs, now_us, true, &wish);
        for (size_t k = 0; k < wish.n_remove; k++) {
            const struct fabric_port *port = &ocs->port[wish.remove[k].a];
            is_removed[wish.remove[k].a] = true;
            struct fabric_difference difference = {.ocs = ocs,
                                                   .a = wish.remove[k].a,
                                                   .b = wish.remove[k].b,
                                                   .action = FABRIC_REMOVE,
                                                   .circuit_class = port->circuit_class,
                                                   .text = removal_text(port)};
            visit(&difference, userdata);
        }
        for (size_t k = 0; k < wish.n_add; k++) {
            is_added[wish.add[k].a] = true;
            struct fabric_difference difference = {.ocs = ocs,
                                                   .a = wish.add[k].a,
                                                   .b = wish.add[k].b,
                                                   .action = FABRIC_ADD,
                                                   .circuit_class = CIRCUIT_INTENDED,
                                                   .slice = ocs->port[wish.add[k].a].want_slice,
                                                   .text = "a slice needs it and it is not there"};
            visit(&difference, userdata);
        }
        for (unsigned a = 1; a <= ocs->ports_a; a++) {
            const struct fabric_port *port = &ocs->port[a];
            if (port->want_b && port->want_slice && port->observed_b != port->want_b && !is_added[a]) {
                struct fabric_difference difference = {.ocs = ocs,
                                                       .a = (uint16_t)a,
                                                       .b = port->want_b,
                                                       .action = FABRIC_WAIT,
                                                       .circuit_class = CIRCUIT_INTENDED,
                                                       .slice = port->want_slice,
                                                       .text = reconcile_why_not(ocs, a, now_us)};
                visit(&difference, userdata);
            }
            if (port->observed_b && port->circuit_class == CIRCUIT_UNACCOUNTED && !is_removed[a]) {
                struct fabric_difference difference = {
                    .ocs = ocs,
                    .a = (uint16_t)a,
                    .b = port->observed_b,
                    .action = FABRIC_KEEP,
                    .circuit_class = CIRCUIT_UNACCOUNTED,
                    .text = "no present or former slice explains it; its cubes "
                            "are not given to slices until it is gone"};
                visit(&difference, userdata);
            }
        }
    }
}

bool fabric_intended_at(const struct fabric_ocs *ocs, uint16_t a, struct slice_link *ret_link) {
    if (a < 1 || a > ocs->ports_a || !ocs->port[a].want_slice)
        return false;
    *ret_link = ocs->port[a].want_link;
    return true;
}

bool fabric_slice_can_qualify(const struct fabric_slice *slice) {
    const struct slice_version *version = slice->durable ? slice->durable : slice->accepted;
    if (!version->shape.whole_cubes)
        return false;
    for (unsigned position = 0; position < version->shape.n_cubes; position++) {
        const struct fabric_cube *cube = &slice->pod->cube[version->cubes[position]];
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++)
            if (!cube->host[host].heard_us || cube->host[host].health == HEALTH_UNKNOWN)
                return false;
    }
    return true;
}
