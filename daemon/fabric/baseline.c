#include "daemon/fabric/baseline.h"
#include "daemon/fabric/attribution.h"

#include <errno.h>
#include <stdlib.h>

#define ROWS_PER_CHANGE 2048

int baseline_load(struct fabric *fabric, const struct store_baseline *row) {
    struct fabric_pod *pod = fabric->pods;
    while (pod && pod->pod_id != row->pod_id)
        pod = pod->next;
    if (!pod || row->ocs < 0 || row->ocs >= pod->n_ocses)
        return -EBADMSG;
    struct fabric_ocs *ocs = &pod->ocs[row->ocs];
    if (row->a < 1 || row->a > ocs->ports_a || row->port < 1 || row->port > ocs->ports_b)
        return -EBADMSG;
    if (!ocs->meter)
        ocs->meter = calloc(ocs->ports_a + 1u, sizeof(*ocs->meter));
    if (!ocs->meter)
        return -ENOMEM;
    struct fabric_meter *meter = &ocs->meter[row->a];
    if (meter->baseline.b && meter->baseline.since_us > row->since_us)
        return 0; /* the A port has been in another circuit since */
    meter->baseline.b = (uint16_t)row->port;
    meter->baseline.has_loss = row->has_loss;
    meter->baseline.has_back = row->has_back;
    meter->baseline.is_saved = true;
    meter->baseline.power_mdbm = (int32_t)row->power_mdbm;
    meter->baseline.loss_mdb = (int32_t)row->loss_mdb;
    meter->baseline.back_mdb = (int32_t)row->back_mdb;
    meter->baseline.since_us = row->since_us;
    return 0;
}

static void unsave(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_pod *pod = step->object;
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        struct fabric_ocs *ocs = &pod->ocs[i];
        ocs->baseline_unsaved = ocs->meter != NULL;
        for (unsigned a = 1; ocs->meter && a <= ocs->ports_a; a++)
            ocs->meter[a].baseline.is_saved = false;
    }
}

static void nothing(struct fabric *fabric, struct step *step, int64_t now_us) {
}

void baseline_save(struct fabric_pod *pod, int64_t now_us) {
    unsigned rows = 0;
    struct change *change = NULL;
    for (unsigned i = 0; i < pod->n_ocses && rows < ROWS_PER_CHANGE; i++) {
        struct fabric_ocs *ocs = &pod->ocs[i];
        if (!ocs->baseline_unsaved || pod->is_importing)
            continue;
        if (!change && !(change = change_begin(pod->fabric, "heliostatd", now_us)))
            return;
        ocs->baseline_unsaved = false;
        for (unsigned a = 1; a <= ocs->ports_a; a++) {
            struct fabric_meter *meter = &ocs->meter[a];
            if (!meter->baseline.b || meter->baseline.is_saved)
                continue;
            const struct store_baseline row = {.pod_id = pod->pod_id,
                                               .ocs = ocs->index,
                                               .port = meter->baseline.b,
                                               .a = a,
                                               .power_mdbm = meter->baseline.power_mdbm,
                                               .has_loss = meter->baseline.has_loss,
                                               .loss_mdb = meter->baseline.loss_mdb,
                                               .has_back = meter->baseline.has_back,
                                               .back_mdb = meter->baseline.back_mdb,
                                               .since_us = meter->baseline.since_us};
            store_put(change->rows, STORE_BASELINE, &row);
            meter->baseline.is_saved = true;
            rows++;
        }
    }
    if (!change)
        return;
    const struct step step = {.land = nothing, .revert = unsave, .object = pod};
    change_add_step(change, &step);
    if (change_submit(change) < 0)
        fabric_mark(pod->fabric);
}

/* The next reading takes it anew; a drop that is undone costs no more than that. */
static void forget(struct fabric_meter *meter) {
    meter->baseline.b = 0;
    meter->drifted = 0;
}

void baseline_drop_ocs(struct change *change, struct fabric_ocs *ocs) {
    const struct store_baseline key = {.pod_id = ocs->pod->pod_id, .ocs = ocs->index};
    store_delete(change->rows, STORE_BASELINE, &key, 2);
    for (unsigned a = 1; ocs->meter && a <= ocs->ports_a; a++)
        forget(&ocs->meter[a]);
}

void baseline_drop_hosts(struct change *change, const struct fabric_cube *cube, uint16_t hosts) {
    struct fabric_pod *pod = cube->pod;
    for (unsigned end = 0; end < TOPO_ENDS_PER_CUBE; end++) {
        const struct topo_port *at = &pod->wiring->port_of[cube->index * TOPO_ENDS_PER_CUBE + end];
        if (!(hosts >> attribution_host_of_end(topo_end_face((uint16_t)end), topo_end_index((uint16_t)end)) &
              1))
            continue;
        struct fabric_meter *meter = at->ocs < 0 ? NULL : pod->ocs[at->ocs].meter;
        for (unsigned a = 1; meter && a <= pod->ocs[at->ocs].ports_a; a++) {
            bool is_its = at->side == TOPO_SIDE_A ? a == at->port : meter[a].baseline.b == at->port;
            if (!is_its || !meter[a].baseline.b)
                continue;
            const struct store_baseline key = {
                .pod_id = pod->pod_id, .ocs = at->ocs, .port = meter[a].baseline.b};
            store_delete(change->rows, STORE_BASELINE, &key, 3);
            forget(&meter[a]);
        }
    }
}
