#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"
#include "daemon/api/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void pending_free(struct pending *pending) {
    free(pending->tail);
    free(pending);
}

static void on_cancelled(struct grpcx_call *call, void *userdata) {
    struct pending *pending = userdata;
    fabric_forget(pending->api->fabric, pending->ticket);
    pending_free(pending);
}

static void finish_undone(struct grpcx_call *call) {
    struct fabric_refusal refusal = {0};
    refuse(&refusal, REASON_STORE_UNAVAILABLE, "",
           "the change could not be made durable and was undone: the store does not work");
    refusal_finish(call, &refusal);
    fabric_refusal_deinit(&refusal);
}

static void send(struct pending *pending) {
    struct api *api = pending->api;
    struct arena arena = {0};
    const ProtobufCMessage *head = pending->head ? pending->head(api, &arena, pending) : NULL;
    if (arena.has_failed || (pending->head && !head)) {
        api_fail_memory(pending->call);
    } else if (!head) {
        grpcx_call_reply_packed(pending->call, pending->tail, pending->tail_len);
    } else if (!pending->tail) {
        grpcx_call_reply(pending->call, head);
    } else {
        size_t head_len = protobuf_c_message_get_packed_size(head);
        uint8_t *bytes = malloc(head_len + pending->tail_len + 1);
        if (bytes) {
            protobuf_c_message_pack(head, bytes);
            memcpy(bytes + head_len, pending->tail, pending->tail_len);
            grpcx_call_reply_packed(pending->call, bytes, head_len + pending->tail_len);
        } else {
            api_fail_memory(pending->call);
        }
        free(bytes);
    }
    arena_deinit(&arena);
}

static void on_durable(void *userdata, int result) {
    struct pending *pending = userdata;
    grpcx_call_set_callbacks(pending->call, &(struct grpcx_call_callbacks){0});
    if (result == 0)
        send(pending);
    else if (pending->again)
        pending->again(pending->api, pending->call, pending->request);
    else
        finish_undone(pending->call);
    pending_free(pending);
}

/* Takes over the pending. */
static void wait_for(struct pending *pending, int64_t sequence) {
    grpcx_call_set_callbacks(
        pending->call, &(struct grpcx_call_callbacks){.on_cancelled = on_cancelled, .userdata = pending});
    int64_t ticket = fabric_when_durable(pending->api->fabric, sequence, on_durable, pending);
    if (ticket)
        pending->ticket = ticket;
}

static bool pack_tail(struct pending *pending, const ProtobufCMessage *tail) {
    if (!tail)
        return true;
    pending->tail = api_pack(tail, &pending->tail_len);
    return pending->tail != NULL;
}

void pending_read(struct api *api, struct grpcx_call *call, struct arena *arena,
                  const ProtobufCMessage *message, const ProtobufCMessage *request, service_handler again) {
    int64_t sequence = fabric_last_sequence(api->fabric);
    if (sequence == 0) {
        api_reply(api, call, arena, message);
        return;
    }
    scope_message(session_rights(call), api->fabric, arena, message);
    struct pending *pending = arena->has_failed ? NULL : calloc(1, sizeof(*pending));
    if (pending)
        *pending = (struct pending){.api = api, .call = call, .request = request, .again = again};
    if (!pending || !pack_tail(pending, message)) {
        free(pending);
        api_fail_memory(call);
        return;
    }
    wait_for(pending, sequence);
}

/* A refusal that waits: kept apart from replies, since it ends in a status. */
struct refused {
    struct pending pending;
    struct fabric_refusal refusal;
};

static void refused_free(struct refused *refused) {
    fabric_refusal_deinit(&refused->refusal);
    free(refused);
}

static void refused_on_cancelled(struct grpcx_call *call, void *userdata) {
    struct refused *refused = userdata;
    fabric_forget(refused->pending.api->fabric, refused->pending.ticket);
    refused_free(refused);
}

static void refused_on_durable(void *userdata, int result) {
    struct refused *refused = userdata;
    struct pending *pending = &refused->pending;
    grpcx_call_set_callbacks(pending->call, &(struct grpcx_call_callbacks){0});
    if (result == 0)
        api_refuse(pending->api, pending->call, &refused->refusal);
    else
        pending->again(pending->api, pending->call, pending->request);
    refused_free(refused);
}

void pending_refuse(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request,
                    struct fabric_refusal *refusal, service_handler again) {
    int64_t sequence = fabric_last_sequence(api->fabric);
    bool is_about_others =
        refusal->kind != FABRIC_REFUSAL_INVALID && refusal->reason != REASON_STORE_UNAVAILABLE;
    struct refused *refused = sequence && is_about_others && again ? calloc(1, sizeof(*refused)) : NULL;
    if (!refused) {
        api_refuse(api, call, refusal);
        return;
    }
    refused->pending = (struct pending){.api = api, .call = call, .request = request, .again = again};
    refused->refusal = *refusal;
    *refusal = (struct fabric_refusal){0};
    grpcx_call_set_callbacks(
        call, &(struct grpcx_call_callbacks){.on_cancelled = refused_on_cancelled, .userdata = refused});
    int64_t ticket = fabric_when_durable(api->fabric, sequence, refused_on_durable, refused);
    if (ticket)
        refused->pending.ticket = ticket;
}

bool mutation_begin(struct mutation *mutation, struct api *api, struct grpcx_call *call,
                    const ProtobufCMessage *request, const Heliostat__V1__Mutation *message,
                    service_handler again) {
    const char *path = grpcx_call_method(call)->path;
    const struct rights *rights = session_rights(call);
    *mutation = (struct mutation){
        .api = api, .call = call, .request = request, .again = again, .now_us = api_now_us(api)};
    if (mutation_check(message, &mutation->refusal)) {
        refusal_finish(call, &mutation->refusal);
        fabric_refusal_deinit(&mutation->refusal);
        return false;
    }
    strcpy(mutation->principal, rights->principal);
    mutation->actor = (struct fabric_actor){
        .principal = mutation->principal,
        .is_operator = rights->role >= ROLE_OPERATOR,
        .has_quota = rights->quota_chips >= 0,
        .quota_chips = rights->quota_chips,
        .quota_slices = rights->quota_slices,
        .method = strrchr(path, '/') + 1,
        .request_id = message->request_id,
        .request_hash = request_hash(request, message),
        .validate_only = message->validate_only,
        .if_revision = message->if_revision,
    };
    return true;
}

static void reply_later(struct mutation *mutation, bool is_replayed, pending_head head,
                        const ProtobufCMessage *tail) {
    struct api *api = mutation->api;
    bool is_plan = mutation->actor.validate_only && !is_replayed;
    struct pending *pending = mutation->arena.has_failed ? NULL : calloc(1, sizeof(*pending));
    if (pending)
        *pending = (struct pending){.api = api,
                                    .call = mutation->call,
                                    .request = mutation->request,
                                    .outcome = mutation->outcome,
                                    .is_replayed = is_replayed,
                                    .head = head,
                                    .again = is_plan ? mutation->again : NULL};
    if (!pending || !pack_tail(pending, tail)) {
        free(pending);
        api_fail_memory(mutation->call);
        return;
    }
    wait_for(pending, is_plan ? fabric_last_sequence(api->fabric) : mutation->outcome.sequence);
}

void mutation_end(struct mutation *mutation, int result, pending_head head, const ProtobufCMessage *tail) {
    struct api *api = mutation->api;
    if (result == 0 || result == FABRIC_REPLAYED) {
        reply_later(mutation, result == FABRIC_REPLAYED, head, result == 0 ? tail : NULL);
    } else if (result == FABRIC_REFUSED) {
        fabric_note_refusal(api->fabric, &mutation->actor, request_object(mutation->request),
                            &mutation->refusal, mutation->now_us);
        pending_refuse(api, mutation->call, mutation->request, &mutation->refusal, mutation->again);
    } else if (mutation->arena.has_failed || result == -ENOMEM) {
        api_fail_memory(mutation->call);
    } else {
        char text[120];
        snprintf(text, sizeof(text), "the change failed inside: %s", strerror(-result));
        grpcx_call_finish(mutation->call, GRPCX_INTERNAL, text, NULL, 0);
    }
    fabric_refusal_deinit(&mutation->refusal);
    arena_deinit(&mutation->arena);
    api_needs_advance(api);
}
