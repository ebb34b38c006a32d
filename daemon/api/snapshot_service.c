/* GetSnapshot: the accepted state, which is one revision, packed at once and sent when it is durable. */
#include "daemon/api/convert.h"
#include "daemon/api/find.h"
#include "daemon/api/inventory_rows.h"
#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"
#include "heliostat/v1/snapshot.pb-c.h"

#include <stdlib.h>

/* Below what a connection may have queued. */
#define SNAPSHOT_BYTES_MAX ((size_t)64 << 20)

struct snapshot {
    struct api *api;
    struct grpcx_call *call;
    const ProtobufCMessage *request;
    int64_t ticket, revision;
    struct packed {
        struct packed *next;
        uint8_t *bytes;
        size_t len;
    } * first, **last;
    size_t total;
};

static void get_snapshot(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request);

static void snapshot_free(struct snapshot *snapshot) {
    while (snapshot->first) {
        struct packed *packed = snapshot->first;
        snapshot->first = packed->next;
        free(packed->bytes);
        free(packed);
    }
    free(snapshot);
}

static int64_t later(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* Of the newest change that can be seen; what is accepted has its revision already. */
static int64_t accepted_revision(const struct fabric *fabric) {
    int64_t revision = fabric_revision(fabric);
    for (const struct fabric_slice *slice = fabric_slices(fabric); slice; slice = slice->next)
        revision = later(revision, slice->accepted->revision);
    for (const struct fabric_pod *pod = fabric_pods(fabric); pod; pod = pod->next) {
        revision = later(revision, pod->revision);
        for (unsigned i = 0; i < pod->n_cubes; i++)
            revision = later(revision, pod->cube[i].revision);
        for (unsigned i = 0; i < pod->n_ocses; i++)
            revision = later(revision, pod->ocs[i].revision);
    }
    return revision;
}

static Heliostat__V1__Slice **convert_slices(struct arena *arena, const struct fabric *fabric,
                                             const struct fabric_pod *pod, size_t *ret_count) {
    size_t room = 0;
    for (const struct fabric_slice *slice = fabric_slices(fabric); slice; slice = slice->next)
        room += slice->pod == pod;
    Heliostat__V1__Slice **list = arena_array(arena, room, sizeof(*list));
    *ret_count = 0;
    for (const struct fabric_slice *slice = fabric_slices(fabric); slice && list; slice = slice->next)
        if (slice->pod == pod && !slice->accepted->is_gone)
            list[(*ret_count)++] = convert_slice(arena, slice, slice->accepted, false);
    return list;
}

static bool add_pod(struct snapshot *snapshot, const struct fabric_pod *pod) {
    struct api *api = snapshot->api;
    const struct grpcx_clock *wall_clock = &api->options.wall_clock;
    struct arena arena = {0};
    Heliostat__V1__GetSnapshotResponse message = HELIOSTAT__V1__GET_SNAPSHOT_RESPONSE__INIT;
    Heliostat__V1__PodSnapshot whole = HELIOSTAT__V1__POD_SNAPSHOT__INIT;
    message.meta = api_meta(api, &arena, false);
    message.time = convert_time(&arena, wall_clock->now_us(wall_clock->userdata));
    message.pod = &whole;
    whole.pod = inventory_message_of(&arena, pod);
    whole.status = convert_pod(&arena, pod, api_now_us(api) - api->options.report_ttl_us);
    whole.ocses = arena_array(&arena, pod->n_ocses, sizeof(*whole.ocses));
    for (unsigned i = 0; whole.ocses && i < pod->n_ocses; i++)
        whole.ocses[whole.n_ocses++] = convert_ocs(&arena, &pod->ocs[i]);
    whole.circuits = convert_circuits(&arena, pod, NULL, &whole.n_circuits);
    whole.slices = convert_slices(&arena, api->fabric, pod, &whole.n_slices);
    for (size_t i = 0; whole.pod && i < whole.pod->n_cubes; i++)
        whole.pod->cubes[i]->n_hosts = whole.pod->cubes[i]->n_chips = 0;
    struct packed *packed = arena.has_failed ? NULL : calloc(1, sizeof(*packed));
    if (packed) {
        message.meta->revision = snapshot->revision;
        packed->bytes = api_pack(&message.base, &packed->len);
        snapshot->total += packed->len;
        *snapshot->last = packed;
        snapshot->last = &packed->next;
    }
    arena_deinit(&arena);
    return packed && packed->bytes;
}

static void on_cancelled(struct grpcx_call *call, void *userdata) {
    struct snapshot *snapshot = userdata;
    fabric_forget(snapshot->api->fabric, snapshot->ticket);
    snapshot_free(snapshot);
}

static void on_durable(void *userdata, int result) {
    struct snapshot *snapshot = userdata;
    struct grpcx_call *call = snapshot->call;
    grpcx_call_set_callbacks(call, &(struct grpcx_call_callbacks){0});
    if (result < 0) {
        get_snapshot(snapshot->api, call, snapshot->request);
    } else {
        int r = 0;
        for (const struct packed *packed = snapshot->first; r == 0 && packed; packed = packed->next)
            r = grpcx_call_send_packed(call, packed->bytes, packed->len);
        grpcx_call_finish(call, r < 0 ? GRPCX_RESOURCE_EXHAUSTED : GRPCX_OK,
                          r < 0 ? "the snapshot is too large for this connection: ask for one pod" : NULL,
                          NULL, 0);
    }
    snapshot_free(snapshot);
}

static int fill(struct snapshot *snapshot, const struct fabric_pod *only, struct fabric_refusal *refusal) {
    for (const struct fabric_pod *pod = fabric_pods(snapshot->api->fabric); pod; pod = pod->next) {
        if (only && pod != only)
            continue;
        if (!add_pod(snapshot, pod))
            return -1;
        if (snapshot->total > SNAPSHOT_BYTES_MAX)
            return refuse_limit(refusal, "pod", "the snapshot has more than %zu bytes: ask for one pod",
                                SNAPSHOT_BYTES_MAX);
    }
    return 0;
}

static void get_snapshot(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__GetSnapshotRequest *q = (const void *)request;
    const struct fabric_pod *only = NULL;
    struct fabric_refusal refusal = {0};
    if (*q->pod && find_pod(api->fabric, q->pod, "pod", &only, &refusal)) {
        pending_refuse(api, call, request, &refusal, NULL);
        return;
    }
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    if (!snapshot) {
        api_fail_memory(call);
        return;
    }
    *snapshot = (struct snapshot){.api = api, .call = call, .request = request, .last = &snapshot->first};
    snapshot->revision = accepted_revision(api->fabric);
    int r = fill(snapshot, only, &refusal);
    if (r) {
        snapshot_free(snapshot);
        if (r == FABRIC_REFUSED)
            pending_refuse(api, call, request, &refusal, NULL);
        else
            api_fail_memory(call);
        return;
    }
    grpcx_call_set_callbacks(
        call, &(struct grpcx_call_callbacks){.on_cancelled = on_cancelled, .userdata = snapshot});
    int64_t ticket =
        fabric_when_durable(api->fabric, fabric_last_sequence(api->fabric), on_durable, snapshot);
    if (ticket)
        snapshot->ticket = ticket;
}

const struct service_method snapshot_service[] = {
    {"/heliostat.v1.SnapshotService/GetSnapshot", &heliostat__v1__get_snapshot_request__descriptor,
     GRPCX_SERVER_STREAMING, get_snapshot},
    {0},
};
