#include "daemon/api/convert.h"

struct circuit_list {
    struct arena *arena;
    const struct fabric_slice *slice; /* NULL: all */
    Heliostat__V1__Circuit **list;
    size_t count;
};

/* Which link of a slice, or which face link of a cube, the circuit is on. */
static void name_link(const struct fabric_ocs *ocs, uint16_t a, uint16_t b, bool is_intended,
                      Heliostat__V1__Circuit *message) {
    static const char *const names[] = {"x", "y", "z"};
    struct slice_link link;
    if (is_intended && fabric_intended_at(ocs, a, &link)) {
        message->slice = ocs->port[a].want_slice->name;
        message->position = link.position;
        message->dimension = (char *)names[link.dimension];
        message->index = link.index;
        return;
    }
    const struct topo_wiring *wiring = ocs->pod->wiring;
    uint16_t end = wiring->end_of[ocs->index][TOPO_SIDE_A][a];
    if (end == TOPO_NO_END)
        end = wiring->end_of[ocs->index][TOPO_SIDE_B][b];
    if (end != TOPO_NO_END) {
        message->dimension = (char *)names[topo_end_face(end) / 2];
        message->index = topo_end_index(end);
    }
}

static Heliostat__V1__CircuitLoss *convert_loss(struct arena *arena, const struct fabric_ocs *ocs,
                                                uint16_t a) {
    struct fabric_circuit_loss loss;
    if (!fabric_circuit_loss(ocs, a, &loss))
        return NULL;
    Heliostat__V1__CircuitLoss *message = arena_message(arena, &heliostat__v1__circuit_loss__descriptor);
    if (!message)
        return NULL;
    message->a_to_b_verdict = (char *)loss.a_to_b_verdict;
    message->b_to_a_verdict = (char *)loss.b_to_a_verdict;
    message->metered = loss.is_metered;
    message->power_mdbm = loss.power_mdbm;
    message->to_switch_known = loss.to_switch.is_known;
    message->to_switch_mdb = loss.to_switch.mdb;
    message->to_switch_budget_mdb = loss.to_switch_budget_mdb;
    message->a_to_b_known = loss.a_to_b.is_known;
    message->a_to_b_mdb = loss.a_to_b.mdb;
    message->b_to_a_known = loss.b_to_a.is_known;
    message->b_to_a_mdb = loss.b_to_a.mdb;
    message->end_to_end_budget_mdb = loss.end_to_end_budget_mdb;
    message->has_baseline = loss.has_baseline;
    message->baseline_known = loss.baseline.is_known;
    message->baseline_mdb = loss.baseline.mdb;
    message->drift_mdb = loss.drift_mdb;
    return message;
}

static void add_circuit(struct circuit_list *all, const struct fabric_ocs *ocs, uint16_t a, uint16_t b,
                        enum circuit_class circuit_class, bool is_observed) {
    Heliostat__V1__Circuit *message = arena_message(all->arena, &heliostat__v1__circuit__descriptor);
    if (!message)
        return;
    message->ocs = convert_ocs_name(all->arena, ocs);
    message->a = a;
    message->b = b;
    message->circuit_class = (Heliostat__V1__CircuitClass)circuit_class;
    message->observed = is_observed;
    message->failed = !is_observed && ocs->port[a].is_failed;
    name_link(ocs, a, b, circuit_class == CIRCUIT_INTENDED, message);
    if (is_observed)
        message->loss = convert_loss(all->arena, ocs, a);
    all->list[all->count++] = message;
}

static void add_port(struct circuit_list *all, const struct fabric_ocs *ocs, uint16_t a) {
    const struct fabric_port *port = &ocs->port[a];
    bool is_wanted = port->want_b && (!all->slice || port->want_slice == all->slice);
    bool is_there = port->observed_b && port->observed_b == port->want_b;
    if (port->observed_b && (is_there ? is_wanted : !all->slice))
        add_circuit(all, ocs, a, port->observed_b,
                    is_there && !port->is_test ? CIRCUIT_INTENDED : port->circuit_class, true);
    if (is_wanted && !is_there)
        add_circuit(all, ocs, a, port->want_b, port->is_test ? CIRCUIT_TEST : CIRCUIT_INTENDED, false);
}

static size_t count_ports(const struct fabric_pod *pod) {
    size_t count = 0;
    for (unsigned i = 0; i < pod->n_ocses; i++)
        count += pod->ocs[i].ports_a;
    return count;
}

Heliostat__V1__Circuit **convert_circuits(struct arena *arena, const struct fabric_pod *pod,
                                          const struct fabric_slice *slice, size_t *ret_count) {
    /* A port gives at most two: the one that is there and the one that should be. */
    struct circuit_list all = {
        .arena = arena, .slice = slice, .list = arena_array(arena, 2 * count_ports(pod), sizeof(*all.list))};
    for (unsigned i = 0; i < pod->n_ocses; i++)
        for (unsigned a = 1; a <= pod->ocs[i].ports_a && !arena->has_failed; a++)
            add_port(&all, &pod->ocs[i], (uint16_t)a);
    *ret_count = all.count;
    return all.list;
}
