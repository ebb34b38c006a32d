#include "daemon/api/convert.h"
#include "daemon/api/find.h"
#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"

#include <stdlib.h>
#include <string.h>

/* A WaitOperation stream: what changed is sent once for each turn of the loop. */
struct operation_wait {
    struct operation_wait *next;
    struct api *api;
    struct grpcx_call *call;
    int64_t id;
    Heliostat__V1__WaitFor wait_for;
    bool is_dirty;
    uint8_t *sent; /* the last message, packed */
    size_t sent_len;
};

static int find_operation(const struct fabric *fabric, const struct rights *rights, int64_t id,
                          const struct fabric_operation **ret_operation, struct fabric_refusal *refusal) {
    const struct fabric_operation *operation = fabric_operation_find(fabric, id);
    if (!operation || !operation->durable_revision || !scope_sees_operation(rights, fabric, operation))
        return refuse_not_found(refusal, "id",
                                "there is no operation %lld; ended ones are forgotten after a while",
                                (long long)id);
    *ret_operation = operation;
    return 0;
}

static void get_operation(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__GetOperationRequest *q = (const void *)request;
    const struct fabric_operation *operation = NULL;
    struct fabric_refusal refusal = {0};
    struct arena arena = {0};
    Heliostat__V1__GetOperationResponse reply = HELIOSTAT__V1__GET_OPERATION_RESPONSE__INIT;
    if (find_operation(api->fabric, session_rights(call), q->id, &operation, &refusal)) {
        pending_refuse(api, call, request, &refusal, NULL);
        return;
    }
    reply.meta = api_meta(api, &arena, false);
    reply.operation = convert_operation(&arena, api->fabric, operation);
    pending_read(api, call, &arena, &reply.base, request, get_operation);
    arena_deinit(&arena);
}

static void list_operations(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    struct arena arena = {0};
    Heliostat__V1__ListOperationsResponse reply = HELIOSTAT__V1__LIST_OPERATIONS_RESPONSE__INIT;
    const struct rights *rights = session_rights(call);
    size_t count = 0;
    const struct fabric_operation *operation;
    for (operation = fabric_operations(api->fabric); operation; operation = operation->next)
        count++;
    reply.meta = api_meta(api, &arena, false);
    reply.operations = arena_array(&arena, count, sizeof(*reply.operations));
    for (operation = fabric_operations(api->fabric); operation && !arena.has_failed;
         operation = operation->next)
        if (operation->durable_revision && scope_sees_operation(rights, api->fabric, operation))
            reply.operations[reply.n_operations++] = convert_operation(&arena, api->fabric, operation);
    pending_read(api, call, &arena, &reply.base, request, list_operations);
    arena_deinit(&arena);
}

static ProtobufCMessage *cancel_operation_head(struct api *api, struct arena *arena,
                                               const struct pending *pending) {
    Heliostat__V1__CancelOperationResponse *reply =
        arena_message(arena, &heliostat__v1__cancel_operation_response__descriptor);
    const struct fabric_operation *operation =
        fabric_operation_find(api->fabric, pending->outcome.operation_id);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    reply->operation = operation ? convert_operation(arena, api->fabric, operation) : NULL;
    return &reply->base;
}

static void cancel_operation(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__CancelOperationRequest *q = (const void *)request;
    const struct fabric_operation *operation;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, cancel_operation))
        return;
    int r = 0;
    if (q->mutation->if_revision)
        r = refuse_invalid(&m.refusal, "mutation.if_revision", "an operation has no revision");
    else if (session_rights(call)->is_scoped)
        r = fabric_was_requested(api->fabric, &m.actor)
                ? 0
                : find_operation(api->fabric, session_rights(call), q->id, &operation, &m.refusal);
    if (!r)
        r = fabric_cancel_operation(api->fabric, &m.actor, q->id, m.now_us, &m.outcome, &m.refusal);
    mutation_end(&m, r, cancel_operation_head, NULL);
}

static void wait_free(struct operation_wait *wait) {
    for (struct operation_wait **at = &wait->api->operation_waits; *at; at = &(*at)->next)
        if (*at == wait) {
            *at = wait->next;
            break;
        }
    free(wait->sent);
    free(wait);
}

static void on_cancelled(struct grpcx_call *call, void *userdata) {
    wait_free(userdata);
}

/* Every slice of the operation that is still there has been judged by what its hosts see. Where nobody can
 * see anything, only WAIT_FOR_QUALIFIED waits for it. */
static bool is_qualified(const struct operation_wait *wait, const struct fabric_operation *operation) {
    if (wait->wait_for == HELIOSTAT__V1__WAIT_FOR__WAIT_FOR_READY || operation->state == OPERATION_FAILED)
        return true;
    for (unsigned i = 0; i < operation->n_uids; i++) {
        const struct fabric_slice *slice = find_slice_uid(wait->api->fabric, operation->uid[i]);
        if (!slice || slice->durable->state == SLICE_RESERVED ||
            slice->durable->qualified == QUALIFIED_PASSED || slice->durable->qualified == QUALIFIED_FAILED)
            continue;
        if (wait->wait_for == HELIOSTAT__V1__WAIT_FOR__WAIT_FOR_QUALIFIED || fabric_slice_can_qualify(slice))
            return false;
    }
    return true;
}

static void send_if_new(struct operation_wait *wait, const struct fabric_operation *operation) {
    struct arena arena = {0};
    Heliostat__V1__WaitOperationResponse reply = HELIOSTAT__V1__WAIT_OPERATION_RESPONSE__INIT;
    size_t len = 0;
    reply.operation = convert_operation(&arena, wait->api->fabric, operation);
    uint8_t *bytes = reply.operation ? api_pack(&reply.base, &len) : NULL;
    arena_deinit(&arena);
    if (!bytes || (wait->sent && wait->sent_len == len && !memcmp(wait->sent, bytes, len))) {
        free(bytes);
        return;
    }
    /* A client that reads too slowly misses steps between, and gets the last one. */
    if (grpcx_call_send_packed(wait->call, bytes, len) < 0) {
        free(bytes);
        return;
    }
    free(wait->sent);
    wait->sent = bytes;
    wait->sent_len = len;
}

static void wait_advance(struct operation_wait *wait) {
    const struct fabric_operation *operation = fabric_operation_find(wait->api->fabric, wait->id);
    wait->is_dirty = false;
    if (!api_may_go_on(wait->call)) {
        wait_free(wait);
        return;
    }
    if (operation) {
        send_if_new(wait, operation);
        if (operation->state == OPERATION_RUNNING || operation->is_ending || !is_qualified(wait, operation))
            return;
    }
    struct grpcx_call *call = wait->call;
    grpcx_call_set_callbacks(call, &(struct grpcx_call_callbacks){0});
    wait_free(wait);
    grpcx_call_finish(call, GRPCX_OK, NULL, NULL, 0);
}

static void wait_operation(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__WaitOperationRequest *q = (const void *)request;
    const struct fabric_operation *operation = NULL;
    struct fabric_refusal refusal = {0};
    int r = (unsigned)q->wait_for > HELIOSTAT__V1__WAIT_FOR__WAIT_FOR_QUALIFIED
                ? refuse_invalid(&refusal, "wait_for", "%d is not READY or QUALIFIED", (int)q->wait_for)
                : find_operation(api->fabric, session_rights(call), q->id, &operation, &refusal);
    if (r) {
        pending_refuse(api, call, request, &refusal, NULL);
        return;
    }
    struct operation_wait *wait = calloc(1, sizeof(*wait));
    if (!wait) {
        api_fail_memory(call);
        return;
    }
    *wait = (struct operation_wait){
        .next = api->operation_waits, .api = api, .call = call, .id = q->id, .wait_for = q->wait_for};
    api->operation_waits = wait;
    grpcx_call_set_callbacks(call,
                             &(struct grpcx_call_callbacks){.on_cancelled = on_cancelled, .userdata = wait});
    wait_advance(wait);
}

void operation_waits_on_operation(struct api *api, const struct fabric_operation *operation) {
    for (struct operation_wait *wait = api->operation_waits; wait; wait = wait->next)
        if (wait->id == operation->id)
            wait->is_dirty = true;
}

void operation_waits_on_slice(struct api *api, const struct fabric_slice *slice) {
    for (struct operation_wait *wait = api->operation_waits; wait; wait = wait->next) {
        if (wait->is_dirty)
            continue;
        const struct fabric_operation *operation = fabric_operation_find(api->fabric, wait->id);
        for (unsigned i = 0; operation && i < operation->n_uids && !wait->is_dirty; i++)
            wait->is_dirty = operation->uid[i] == slice->uid;
    }
}

void operation_waits_advance(struct api *api) {
    for (struct operation_wait *wait = api->operation_waits, *next; wait; wait = next) {
        next = wait->next;
        if (wait->is_dirty)
            wait_advance(wait);
    }
}

void operation_waits_judge(struct api *api) {
    for (struct operation_wait *wait = api->operation_waits; wait; wait = wait->next)
        wait->is_dirty = true;
}

void operation_waits_end(struct api *api) {
    while (api->operation_waits) {
        struct operation_wait *wait = api->operation_waits;
        struct grpcx_call *call = wait->call;
        wait_free(wait);
        api_finish_stopping(call);
    }
}

#define METHOD(name, request, kind, handler) SERVICE_METHOD("OperationService", name, request, kind, handler)

const struct service_method operation_service[] = {
    METHOD("GetOperation", get_operation, GRPCX_UNARY, get_operation),
    METHOD("ListOperations", list_operations, GRPCX_UNARY, list_operations),
    METHOD("CancelOperation", cancel_operation, GRPCX_UNARY, cancel_operation),
    METHOD("WaitOperation", wait_operation, GRPCX_SERVER_STREAMING, wait_operation),
    {0},
};
