#include "daemon/api/convert.h"
#include "daemon/api/find.h"
#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"

#include <stdlib.h>
#include <string.h>

#define READ_BACK_LIMIT_US 30000000

/* A list that waits until the switches of a pod were read again. */
struct read_back {
    struct read_back *next;
    struct api *api;
    struct grpcx_call *call;
    const ProtobufCMessage *request;
    char pod[64];
    uint64_t asked;  /* switches that have not answered yet, a bit each */
    uint64_t unread; /* that did not answer, or were not there to be asked */
    int64_t give_up_us;
};

static void list_now(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request,
                     const struct fabric_pod *pod, const struct fabric_slice *slice, uint64_t unread,
                     service_handler again) {
    struct arena arena = {0};
    Heliostat__V1__ListCircuitsResponse reply = HELIOSTAT__V1__LIST_CIRCUITS_RESPONSE__INIT;
    reply.meta = api_meta(api, &arena, false);
    reply.circuits = convert_circuits(&arena, pod, slice, &reply.n_circuits);
    reply.unread_ocses = arena_array(&arena, pod->n_ocses, sizeof(*reply.unread_ocses));
    for (unsigned i = 0; reply.unread_ocses && i < pod->n_ocses; i++)
        if ((unread >> i & 1) || !pod->ocs[i].map_known || !pod->ocs[i].is_readable)
            reply.unread_ocses[reply.n_unread_ocses++] = convert_ocs_name(&arena, &pod->ocs[i]);
    pending_read(api, call, &arena, &reply.base, request, again);
    arena_deinit(&arena);
}

/* The pod and the slice that a request names. */
static int read_request(const struct fabric *fabric, const Heliostat__V1__ListCircuitsRequest *q,
                        const struct fabric_pod **ret_pod, const struct fabric_slice **ret_slice,
                        struct fabric_refusal *refusal) {
    *ret_slice = NULL;
    if (*q->slice && find_slice(fabric, q->slice, "slice", ret_slice, refusal))
        return FABRIC_REFUSED;
    if (!*q->pod && *ret_slice) {
        *ret_pod = (*ret_slice)->pod;
        return 0;
    }
    if (find_pod(fabric, q->pod, "pod", ret_pod, refusal))
        return FABRIC_REFUSED;
    if (*ret_slice && (*ret_slice)->pod != *ret_pod)
        return refuse_not_found(refusal, "slice", "slice %s is in pod %s", q->slice, (*ret_slice)->pod->name);
    return 0;
}

static void remove_read_back(struct read_back *read_back) {
    for (struct read_back **at = &read_back->api->read_backs; *at; at = &(*at)->next)
        if (*at == read_back) {
            *at = read_back->next;
            break;
        }
}

static void on_cancelled(struct grpcx_call *call, void *userdata) {
    remove_read_back(userdata);
    free(userdata);
}

/* As list_circuits(), the switches having been read. */
static void list_again(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const struct fabric_pod *pod;
    const struct fabric_slice *slice;
    struct fabric_refusal refusal = {0};
    if (read_request(api->fabric, (const void *)request, &pod, &slice, &refusal))
        pending_refuse(api, call, request, &refusal, NULL);
    else
        list_now(api, call, request, pod, slice, 0, list_again);
}

static void read_back_finish(struct read_back *read_back) {
    struct api *api = read_back->api;
    const struct fabric_pod *pod;
    const struct fabric_slice *slice;
    struct fabric_refusal refusal = {0};
    remove_read_back(read_back);
    grpcx_call_set_callbacks(read_back->call, &(struct grpcx_call_callbacks){0});
    if (read_request(api->fabric, (const void *)read_back->request, &pod, &slice, &refusal))
        pending_refuse(api, read_back->call, read_back->request, &refusal, NULL);
    else
        list_now(api, read_back->call, read_back->request, pod, slice, read_back->unread | read_back->asked,
                 list_again);
    free(read_back);
}

static void begin_read_back(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request,
                            const struct fabric_pod *pod) {
    struct read_back *read_back = calloc(1, sizeof(*read_back));
    if (!read_back) {
        api_fail_memory(call);
        return;
    }
    int64_t now_us = api_now_us(api);
    *read_back = (struct read_back){.next = api->read_backs,
                                    .api = api,
                                    .call = call,
                                    .request = request,
                                    .give_up_us = now_us + READ_BACK_LIMIT_US};
    memcpy(read_back->pod, pod->name, sizeof(read_back->pod));
    for (unsigned i = 0; i < pod->n_ocses; i++)
        *(pod->ocs[i].is_readable ? &read_back->asked : &read_back->unread) |= UINT64_C(1) << i;
    api->read_backs = read_back;
    grpcx_call_set_callbacks(
        call, &(struct grpcx_call_callbacks){.on_cancelled = on_cancelled, .userdata = read_back});
    fabric_read_back(api->fabric, pod, now_us);
    api_needs_advance(api);
}

static void list_circuits(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ListCircuitsRequest *q = (const void *)request;
    const struct fabric_pod *pod;
    const struct fabric_slice *slice;
    struct fabric_refusal refusal = {0};
    if (read_request(api->fabric, q, &pod, &slice, &refusal))
        pending_refuse(api, call, request, &refusal, NULL);
    else if (q->read_back)
        begin_read_back(api, call, request, pod);
    else
        list_now(api, call, request, pod, slice, 0, list_circuits);
}

void read_backs_on_read(struct api *api, const struct fabric_ocs *ocs, bool ok) {
    for (struct read_back *read_back = api->read_backs; read_back; read_back = read_back->next) {
        uint64_t bit = UINT64_C(1) << ocs->index;
        if (!(read_back->asked & bit) || strcmp(read_back->pod, ocs->pod->name))
            continue;
        read_back->asked &= ~bit;
        if (!ok)
            read_back->unread |= bit;
    }
}

int64_t read_backs_next_wakeup_us(const struct api *api) {
    int64_t next = INT64_MAX;
    for (const struct read_back *read_back = api->read_backs; read_back; read_back = read_back->next)
        if (read_back->give_up_us < next)
            next = read_back->give_up_us;
    return next;
}

void read_backs_advance(struct api *api, int64_t now_us) {
    for (struct read_back *read_back = api->read_backs, *next; read_back; read_back = next) {
        next = read_back->next;
        if (!read_back->asked || now_us >= read_back->give_up_us)
            read_back_finish(read_back);
    }
}

static ProtobufCMessage *clear_circuit_head(struct api *api, struct arena *arena,
                                            const struct pending *pending) {
    Heliostat__V1__ClearCircuitResponse *reply =
        arena_message(arena, &heliostat__v1__clear_circuit_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    return &reply->base;
}

static void clear_circuit(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ClearCircuitRequest *q = (const void *)request;
    const struct fabric_ocs *ocs = NULL;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, clear_circuit))
        return;
    int r = find_ocs(api->fabric, NULL, q->ocs, "ocs", &ocs, &m.refusal);
    if (!r && (q->a < 1 || q->a > ocs->ports_a))
        r = refuse_invalid(&m.refusal, "a", "A%u: %s has A1 to A%u", q->a, ocs->name, ocs->ports_a);
    if (!r && (q->b < 1 || q->b > ocs->ports_b))
        r = refuse_invalid(&m.refusal, "b", "B%u: %s has B1 to B%u", q->b, ocs->name, ocs->ports_b);
    if (!r)
        r = fabric_clear_circuit(api->fabric, &m.actor, ocs, q->a, q->b, m.now_us, &m.outcome, &m.refusal);
    mutation_end(&m, r, clear_circuit_head, NULL);
}

#define METHOD(name, request, handler) SERVICE_METHOD("CircuitService", name, request, GRPCX_UNARY, handler)

const struct service_method circuit_service[] = {
    METHOD("ListCircuits", list_circuits, list_circuits),
    METHOD("ClearCircuit", clear_circuit, clear_circuit),
    {0},
};
