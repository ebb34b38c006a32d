#include "ctl/snapshot.h"
#include "ctl/client.h"
#include "inventory/models.h"
#include "inventory/names.h"
#include "inventory/wiring.h"
#include <errno.h>
#include <string.h>

static void free_message(void *message) {
    grpcx_unpack_free(message);
}

static void add_pod(struct ctl *ctl, Heliostat__V1__Snapshot *snapshot,
                    const Heliostat__V1__GetSnapshotResponse *piece) {
    Heliostat__V1__PodSnapshot **pods = ctl_alloc(ctl, (snapshot->n_pods + 1) * sizeof(*pods));
    if (snapshot->n_pods)
        memcpy(pods, snapshot->pods, snapshot->n_pods * sizeof(*pods));
    pods[snapshot->n_pods++] = piece->pod;
    snapshot->pods = pods;
    snapshot->time = piece->time;
    if (piece->meta) {
        snapshot->store_id = piece->meta->store_id;
        snapshot->revision = piece->meta->revision;
    }
}

int ctl_read_pods(struct ctl *ctl, const char *pod_name, Heliostat__V1__Snapshot **ret_snapshot) {
    Heliostat__V1__GetSnapshotRequest request = HELIOSTAT__V1__GET_SNAPSHOT_REQUEST__INIT;
    Heliostat__V1__Snapshot *snapshot = ctl_alloc(ctl, sizeof(*snapshot));
    struct grpcx_stream_reader *reader;
    ProtobufCMessage *message;
    int exit_status = ctl_connect(ctl, false);
    if (exit_status)
        return exit_status;
    heliostat__v1__snapshot__init(snapshot);
    request.pod = (char *)pod_name;
    if (grpcx_stream_open(ctl_grpc(ctl), "/heliostat.v1.SnapshotService/GetSnapshot", &request.base,
                          &heliostat__v1__get_snapshot_response__descriptor, CTL_CALL_TIMEOUT_MS,
                          &reader) < 0)
        return ctl_fail(ctl, CTL_EXIT_UNREACHABLE, "heliostatd does not answer");
    int r;
    while ((r = grpcx_stream_next(reader, -1, &message)) == 0) {
        const Heliostat__V1__GetSnapshotResponse *response = (const void *)message;
        ctl_keep(ctl, message, free_message);
        if (response->pod)
            add_pod(ctl, snapshot, response);
    }
    const struct grpcx_result *result = r == GRPCX_STREAM_END ? grpcx_stream_result(reader) : NULL;
    if (!result)
        exit_status = ctl_fail(ctl, CTL_EXIT_UNREACHABLE, "heliostatd does not answer");
    else if (result->status != GRPCX_OK)
        exit_status = ctl_report_failure(ctl, result);
    grpcx_stream_close(reader);
    if (exit_status == 0)
        *ret_snapshot = snapshot;
    return exit_status;
}

static void set_if(struct topo_cube_set *set, unsigned cube, bool yes) {
    if (yes)
        topo_set_add(set, cube);
}

static void fill_cube(struct ctl_snapshot *snapshot, const Heliostat__V1__CubeStatus *c) {
    struct topo_pod *pod = &snapshot->pod;
    bool is_fit = c->health == HELIOSTAT__V1__HEALTH__HEALTH_HEALTHY ||
                  c->health == HELIOSTAT__V1__HEALTH__HEALTH_DEGRADED;
    if (c->index >= snapshot->wiring.n_cubes)
        return;
    for (size_t i = 0; i < c->n_unfit_hosts; i++)
        if (c->unfit_hosts[i] < TOPO_HOSTS_PER_CUBE)
            pod->bad_hosts[c->index] |= (uint16_t)(1u << c->unfit_hosts[i]);
    set_if(&pod->used, c->index, *c->slice || c->part_hosts);
    set_if(&pod->unhealthy, c->index, !is_fit && !pod->bad_hosts[c->index]);
    set_if(&pod->unschedulable, c->index, c->scheduling != HELIOSTAT__V1__SCHEDULING__SCHEDULING_SCHEDULABLE);
    set_if(&pod->unaccounted, c->index, c->unaccounted_circuit);
    set_if(&pod->unproven, c->index, c->isolation_unproven);
    set_if(&pod->spare, c->index, c->spare);
    if (c->may_hold_circuits)
        topo_set_add(&pod->unproven_with[c->index], c->index);
}

/* Rows and power domains as small numbers: the first cube that has the same. */
static void fill_domains(struct ctl_snapshot *snapshot) {
    const Heliostat__V1__Pod *pod = snapshot->message->pod;
    for (size_t i = 0; i < pod->n_cubes && i < TOPO_CUBES_MAX; i++) {
        size_t row = 0, power = 0;
        while (pod->cubes[row]->row != pod->cubes[i]->row)
            row++;
        while (strcmp(pod->cubes[power]->power_domain, pod->cubes[i]->power_domain) != 0)
            power++;
        snapshot->pod.row[i] = (uint8_t)row;
        snapshot->pod.power_domain[i] = (uint8_t)power;
    }
}

static void fill_slices(struct ctl_snapshot *snapshot) {
    const Heliostat__V1__PodSnapshot *message = snapshot->message;
    for (size_t i = 0; i < message->n_slices; i++) {
        const Heliostat__V1__Slice *slice = message->slices[i];
        if (slice->state == HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_FAILED)
            continue;
        for (size_t p = 0; p < slice->n_positions; p++) {
            int cube = ctl_snapshot_cube(snapshot, slice->positions[p]->cube);
            if (cube >= 0 && slice->n_host_indices == 0)
                snapshot->pod.slice_of[cube] = (uint32_t)i + 1;
            for (size_t h = 0; cube >= 0 && h < slice->n_host_indices; h++)
                if (slice->host_indices[h] < TOPO_HOSTS_PER_CUBE)
                    snapshot->pod.used_hosts[cube] |= (uint16_t)(1u << slice->host_indices[h]);
        }
    }
}

static int find_ocs(const struct ctl_snapshot *snapshot, const char *name) {
    for (size_t i = 0; i < snapshot->message->n_ocses; i++)
        if (strcmp(snapshot->message->ocses[i]->name, name) == 0)
            return (int)snapshot->message->ocses[i]->index;
    return -1;
}

static void fill_switches(struct ctl *ctl, struct ctl_snapshot *snapshot) {
    const Heliostat__V1__PodSnapshot *message = snapshot->message;
    struct topo_pod *pod = &snapshot->pod;
    uint16_t(*lit)[TOPO_PORTS_MAX + 1] = ctl_alloc(ctl, sizeof(*lit) * TOPO_OCSES_MAX);
    const uint16_t *b_of_a[TOPO_OCSES_MAX] = {NULL};
    for (size_t i = 0; i < message->n_ocses; i++) {
        const Heliostat__V1__OcsStatus *ocs = message->ocses[i];
        bool is_usable = ocs->state == HELIOSTAT__V1__OCS_STATE__OCS_STATE_IN_SYNC ||
                         ocs->state == HELIOSTAT__V1__OCS_STATE__OCS_STATE_DRIFTED;
        if (ocs->index >= TOPO_OCSES_MAX)
            continue;
        if (is_usable)
            b_of_a[ocs->index] = lit[ocs->index];
        else
            pod->bad_ocses |= UINT64_C(1) << ocs->index;
    }
    for (size_t i = 0; i < message->n_circuits; i++) {
        const Heliostat__V1__Circuit *c = message->circuits[i];
        int ocs = find_ocs(snapshot, c->ocs);
        if (ocs < 0 || ocs >= TOPO_OCSES_MAX || c->a > TOPO_PORTS_MAX)
            continue;
        uint16_t end = snapshot->wiring.end_of[ocs][TOPO_SIDE_A][c->a];
        if (c->observed)
            lit[ocs][c->a] = (uint16_t)c->b;
        if (c->failed && end != TOPO_NO_END)
            pod->bad_ends[topo_end_cube(end)][topo_end_face(end)] |= (uint16_t)(1u << topo_end_index(end));
    }
    topo_pod_refresh_ends(pod);
    topo_pod_refresh_lit(pod, b_of_a);
}

int ctl_take_snapshot(struct ctl *ctl, const Heliostat__V1__PodSnapshot *message,
                      struct ctl_snapshot **ret_snapshot) {
    char error[INVENTORY_ERROR_MAX];
    struct ctl_snapshot *snapshot = ctl_alloc(ctl, sizeof(*snapshot));
    if (!message->pod || !message->status)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "the snapshot of a pod lacks its inventory or its status");
    snapshot->message = message;
    snapshot->pod_name = message->status->name;
    if (inventory_wiring(message->pod, &snapshot->wiring, error) != 0)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "the pod that was sent is none: %s", error);
    topo_pod_init(&snapshot->pod, &snapshot->wiring, message->status->largest_slice_chips / 64);
    for (size_t i = 0; i < message->status->n_cubes; i++)
        fill_cube(snapshot, message->status->cubes[i]);
    fill_domains(snapshot);
    fill_slices(snapshot);
    fill_switches(ctl, snapshot);
    *ret_snapshot = snapshot;
    return 0;
}

int ctl_read_snapshot(struct ctl *ctl, const char *pod_name, struct ctl_snapshot **ret_snapshot) {
    Heliostat__V1__Snapshot *pods;
    int exit_status = ctl_read_pods(ctl, pod_name, &pods);
    if (exit_status)
        return exit_status;
    if (pods->n_pods == 0)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "there is no pod");
    if (pods->n_pods > 1)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "there are %zu pods: name one with --pod", pods->n_pods);
    return ctl_take_snapshot(ctl, pods->pods[0], ret_snapshot);
}

int ctl_snapshot_cube(const struct ctl_snapshot *snapshot, const char *name) {
    for (size_t i = 0; i < snapshot->message->status->n_cubes; i++) {
        const Heliostat__V1__CubeStatus *c = snapshot->message->status->cubes[i];
        const char *slash = strchr(c->name, '/');
        if (strcmp(c->name, name) == 0 || (slash && strcmp(slash + 1, name) == 0))
            return c->index < TOPO_CUBES_MAX ? (int)c->index : -1;
    }
    return -1;
}

const Heliostat__V1__CubeStatus *ctl_snapshot_status(const struct ctl_snapshot *snapshot, unsigned cube) {
    for (size_t i = 0; i < snapshot->message->status->n_cubes; i++)
        if (snapshot->message->status->cubes[i]->index == cube)
            return snapshot->message->status->cubes[i];
    return NULL;
}

const char *ctl_snapshot_cube_name(const struct ctl_snapshot *snapshot, unsigned cube) {
    const Heliostat__V1__CubeStatus *status = ctl_snapshot_status(snapshot, cube);
    return status ? status->name : "?";
}

const Heliostat__V1__Slice *ctl_snapshot_slice(const struct ctl_snapshot *snapshot, const char *name) {
    for (size_t i = 0; i < snapshot->message->n_slices; i++)
        if (strcmp(snapshot->message->slices[i]->name, name) == 0)
            return snapshot->message->slices[i];
    return NULL;
}
