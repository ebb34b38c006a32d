#include "daemon/api/pending.h"
#include "daemon/api/preview.h"
#include "daemon/api/refusal.h"
#include "daemon/api/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void pending_free(struct pending *pending) {
    free(pending->tail);
    arena_deinit(&pending->preview_arena);
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

static const ProtobufCFieldDescriptor *meta_field(const ProtobufCMessage *message) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "meta");
    return field && field->descriptor == (const void *)&heliostat__v1__reply_meta__descriptor ? field : NULL;
}

/* Of all that a validate_only reply says, but for where it stands in history. */
static bool hash_plan(const struct mutation *mutation, struct arena *arena, pending_head head,
                      const ProtobufCMessage *tail, char text[17]) {
    const struct pending shown = {.api = mutation->api,
                                  .call = mutation->call,
                                  .request = mutation->request,
                                  .outcome = mutation->outcome,
                                  .reply = mutation->reply};
    ProtobufCMessage *message = head ? head(mutation->api, arena, &shown) : NULL;
    if (arena->has_failed || (head && !message))
        return false;
    const ProtobufCFieldDescriptor *field = message ? meta_field(message) : NULL;
    if (field)
        *(void **)((char *)message + field->offset) = NULL;
    uint64_t hash = (message ? request_hash(message, NULL) : 0) * 31 + (tail ? request_hash(tail, NULL) : 0);
    snprintf(text, 17, "%016llx", (unsigned long long)hash);
    return true;
}

static void set_plan(ProtobufCMessage *message, const struct pending *pending) {
    const ProtobufCFieldDescriptor *field = meta_field(message);
    Heliostat__V1__ReplyMeta *meta =
        field ? *(Heliostat__V1__ReplyMeta **)((char *)message + field->offset) : NULL;
    if (!meta)
        return;
    meta->plan_hash = (char *)pending->plan_hash;
    meta->preview = pending->preview;
}

static void send(struct pending *pending) {
    struct api *api = pending->api;
    struct arena arena = {0};
    ProtobufCMessage *head = pending->head ? pending->head(api, &arena, pending) : NULL;
    if (head && *pending->plan_hash)
        set_plan(head, pending);
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

static char rehearsed; /* its address marks a call */

/* The field of that name that requests have which ask for one; "": none. request may be NULL. */
static const char *reason_in(const ProtobufCMessage *request) {
    const ProtobufCFieldDescriptor *field =
        request ? protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "reason") : NULL;
    if (!field || field->type != PROTOBUF_C_TYPE_STRING)
        return "";
    return *(char *const *)((const char *)request + field->offset);
}

/* An operator's word instead of the owners', in requests that take one. request may be NULL. */
static bool disrupts(const ProtobufCMessage *request) {
    const ProtobufCFieldDescriptor *field =
        request ? protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "disrupt") : NULL;
    return field && field->type == PROTOBUF_C_TYPE_BOOL &&
           *(const protobuf_c_boolean *)((const char *)request + field->offset);
}

/* request NULL: its hash is given. */
static bool begin(struct mutation *mutation, struct api *api, struct grpcx_call *call,
                  const ProtobufCMessage *request, const Heliostat__V1__Mutation *message,
                  service_handler again, uint64_t hash) {
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
        .is_admin = rights->role >= ROLE_ADMIN,
        .has_quota = rights->quota_chips >= 0,
        .quota_chips = rights->quota_chips,
        .quota_slices = rights->quota_slices,
        .method = strrchr(path, '/') + 1,
        .request_id = message->request_id,
        .reason = reason_in(request),
        .disrupts = disrupts(request),
        .request_hash = request ? request_hash(request, message) : hash,
        .validate_only = message->validate_only,
        .if_revision = message->if_revision,
    };
    if (!*message->if_plan)
        return true;
    if (!again) {
        refuse_invalid(&mutation->refusal, "mutation.if_plan", "this request has no plan");
        api_refuse(api, call, &mutation->refusal);
        return false;
    }
    /* The second of the two runs of one request: the first one found the plan to be the same. */
    bool is_rehearsed = grpcx_call_data(call) == &rehearsed;
    grpcx_call_set_data(call, NULL);
    mutation->is_rehearsal =
        !is_rehearsed && !message->validate_only && !fabric_was_requested(api->fabric, &mutation->actor);
    mutation->actor.validate_only = message->validate_only || mutation->is_rehearsal;
    return true;
}

bool mutation_begin(struct mutation *mutation, struct api *api, struct grpcx_call *call,
                    const ProtobufCMessage *request, const Heliostat__V1__Mutation *message,
                    service_handler again) {
    return begin(mutation, api, call, request, message, again, 0);
}

bool mutation_begin_hashed(struct mutation *mutation, struct api *api, struct grpcx_call *call,
                           const Heliostat__V1__Mutation *message, uint64_t hash) {
    return begin(mutation, api, call, NULL, message, NULL, hash);
}

static const Heliostat__V1__Mutation *mutation_of(const ProtobufCMessage *request) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "mutation");
    return *(const Heliostat__V1__Mutation *const *)((const char *)request + field->offset);
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
                                    .reply = mutation->reply,
                                    .again = is_plan ? mutation->again : NULL};
    if (pending && is_plan)
        pending->preview = preview_make(api, &pending->preview_arena, mutation->call, mutation->request, tail,
                                        mutation->now_us);
    if (!pending || pending->preview_arena.has_failed || !pack_tail(pending, tail) ||
        (is_plan && !hash_plan(mutation, &mutation->arena, head, tail, pending->plan_hash))) {
        if (pending)
            pending_free(pending);
        api_fail_memory(mutation->call);
        return;
    }
    wait_for(pending, is_plan ? fabric_last_sequence(api->fabric) : mutation->outcome.sequence);
}

/* The request as it would be done now against the plan that its sender saw. 0: it is the same. */
static int compare_plan(struct mutation *mutation, pending_head head, const ProtobufCMessage *tail) {
    const char *if_plan = mutation_of(mutation->request)->if_plan;
    char text[17];
    if (!hash_plan(mutation, &mutation->arena, head, tail, text))
        return -ENOMEM;
    if (!strcmp(text, if_plan))
        return 0;
    refusal_set_fits(&mutation->refusal, "the plan is made and looked at anew");
    return refuse(&mutation->refusal, REASON_REVISION_MOVED, "mutation.if_plan",
                  "the plan is another one now, or something that it names has moved");
}

void mutation_end(struct mutation *mutation, int result, pending_head head, const ProtobufCMessage *tail) {
    struct api *api = mutation->api;
    if (mutation->is_rehearsal && result == 0) {
        result = compare_plan(mutation, head, tail);
        if (result == 0) {
            grpcx_call_set_data(mutation->call, &rehearsed);
            fabric_refusal_deinit(&mutation->refusal);
            arena_deinit(&mutation->arena);
            mutation->again(api, mutation->call, mutation->request);
            return;
        }
    }
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
