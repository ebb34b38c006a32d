/* Watch. A watch is either in its snapshot, which it sends slice by slice as the client reads, or it follows
 * the events, from the fabric's ring and not from a queue of its own: a client that reads slowly costs
 * nothing but its place in the ring, and when that place is overwritten it gets RESYNC and a new snapshot. */
#include "daemon/api/convert.h"
#include "daemon/api/find.h"
#include "daemon/api/refusal.h"
#include "daemon/api/pending.h"

#include <stdlib.h>
#include <string.h>

#define QUEUE_MAX_BYTES ((size_t)256 * 1024)
#define PROGRESS_US 10000000

struct watch {
    struct watch *next;
    struct api *api;
    struct grpcx_call *call;
    char slice[64]; /* "": all */
    bool in_snapshot;
    int64_t snapshot_uid;  /* the last slice that was sent */
    int64_t after;         /* revision: of the snapshot, or of the last event that was sent or left out */
    bool is_behind;        /* events after that wait until the client has read */
    uint64_t judged_epoch; /* of the roles under which it goes on */
};

static void on_cancelled(struct grpcx_call *call, void *userdata) {
    struct watch *watch = userdata;
    for (struct watch **at = &watch->api->watches; *at; at = &(*at)->next)
        if (*at == watch) {
            *at = watch->next;
            break;
        }
    if (!watch->api->watches)
        watch->api->progress_at_us = INT64_MAX;
    free(watch);
}

static void on_drained(struct grpcx_call *call, void *userdata) {
    struct watch *watch = userdata;
    if (watch->is_behind)
        api_needs_advance(watch->api);
}

/* False when the queue is full or memory is missing: the same message is due later. */
static bool send(struct watch *watch, Heliostat__V1__WatchResponse *message) {
    struct arena arena = {0};
    message->store_id = (char *)fabric_store_id(watch->api->fabric);
    scope_message(session_rights(watch->call), watch->api->fabric, &arena, &message->base);
    bool is_sent = !arena.has_failed && grpcx_call_send(watch->call, &message->base) == 0;
    arena_deinit(&arena);
    return is_sent;
}

static bool send_mark(struct watch *watch, Heliostat__V1__WatchType type, int64_t revision) {
    Heliostat__V1__WatchResponse message = HELIOSTAT__V1__WATCH_RESPONSE__INIT;
    message.type = type;
    message.revision = revision;
    return send(watch, &message);
}

static void begin_snapshot(struct watch *watch) {
    watch->in_snapshot = true;
    watch->snapshot_uid = 0;
    watch->after = fabric_revision(watch->api->fabric);
}

static bool begin_resync(struct watch *watch) {
    if (!send_mark(watch, HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_RESYNC, fabric_revision(watch->api->fabric)))
        return false;
    begin_snapshot(watch);
    return true;
}

static bool has_room(const struct watch *watch) {
    return grpcx_call_queued_bytes(watch->call) < QUEUE_MAX_BYTES;
}

static bool send_slice(struct watch *watch, const struct fabric_slice *slice) {
    struct arena arena = {0};
    Heliostat__V1__WatchResponse message = HELIOSTAT__V1__WATCH_RESPONSE__INIT;
    message.type = HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_SNAPSHOT;
    message.revision = watch->after;
    message.slice = convert_slice(&arena, slice, slice->durable, false);
    bool is_sent = message.slice && send(watch, &message);
    arena_deinit(&arena);
    return is_sent;
}

/* A slice that changes meanwhile is sent as it is then, and its event follows: the snapshot is complete as of
 * its revision and never older. */
static bool send_snapshot(struct watch *watch) {
    for (const struct fabric_slice *slice = fabric_slices(watch->api->fabric); slice; slice = slice->next) {
        if (slice->uid <= watch->snapshot_uid || !slice->durable || slice->durable->is_gone)
            continue;
        if ((*watch->slice && strcmp(watch->slice, slice->name)) ||
            !scope_sees(session_rights(watch->call), slice))
            continue;
        if (!has_room(watch) || !send_slice(watch, slice))
            return false;
        watch->snapshot_uid = slice->uid;
    }
    if (!send_mark(watch, HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_SYNCED, watch->after))
        return false;
    watch->in_snapshot = false;
    return true;
}

static bool may_see(const struct watch *watch, const struct fabric_event *event) {
    const struct rights *rights = session_rights(watch->call);
    return !rights->is_scoped || !event->slice_uid || !strcmp(event->owner, rights->principal);
}

static bool wants(const struct watch *watch, const struct fabric_event *event) {
    if (!may_see(watch, event))
        return false;
    if (!*watch->slice)
        return true;
    const struct fabric_slice *slice =
        event->slice_uid ? find_slice_uid(watch->api->fabric, event->slice_uid) : NULL;
    return event->slice_uid &&
           (!strcmp(event->object, watch->slice) || (slice && !strcmp(slice->name, watch->slice)));
}

static bool send_events(struct watch *watch, const struct fabric_event *events, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (wants(watch, &events[i])) {
            struct arena arena = {0};
            Heliostat__V1__WatchResponse message = HELIOSTAT__V1__WATCH_RESPONSE__INIT;
            message.type = HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_EVENT;
            message.revision = events[i].revision;
            message.event = convert_event(&arena, &events[i]);
            bool is_sent = has_room(watch) && message.event && send(watch, &message);
            arena_deinit(&arena);
            if (!is_sent)
                return false;
        }
        watch->after = events[i].revision;
    }
    return true;
}

/* Sends what the client has room for. */
static void pump(struct watch *watch) {
    const struct fabric_event *events, *more;
    size_t count, n_more;
    watch->is_behind = true;
    for (;;) {
        if (!has_room(watch) || (watch->in_snapshot && !send_snapshot(watch)))
            return;
        if (fabric_events_after(watch->api->fabric, watch->after, &events, &count, &more, &n_more) == 0) {
            watch->is_behind = !send_events(watch, events, count) || !send_events(watch, more, n_more);
            return;
        }
        if (!begin_resync(watch))
            return;
    }
}

static void watch_events(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__WatchRequest *q = (const void *)request;
    struct fabric_refusal refusal = {0};
    int r = 0;
    if (q->since_revision < 0)
        r = refuse_invalid(&refusal, "since_revision", "%lld is negative; use 0 to begin with a snapshot",
                           (long long)q->since_revision);
    else if (strlen(q->slice) >= sizeof(api->watches->slice))
        r = refuse_invalid(&refusal, "slice", "no slice has a name of %zu bytes", strlen(q->slice));
    if (r) {
        pending_refuse(api, call, request, &refusal, NULL);
        return;
    }
    struct watch *watch = calloc(1, sizeof(*watch));
    if (!watch) {
        api_fail_memory(call);
        return;
    }
    *watch = (struct watch){
        .next = api->watches, .api = api, .call = call, .judged_epoch = sessions_epoch(api->sessions)};
    strcpy(watch->slice, q->slice);
    if (!api->watches)
        api->progress_at_us = api_now_us(api) + PROGRESS_US;
    api->watches = watch;
    grpcx_call_set_callbacks(call, &(struct grpcx_call_callbacks){.on_cancelled = on_cancelled,
                                                                  .on_drained = on_drained,
                                                                  .userdata = watch});
    bool is_other_store = *q->store_id && strcmp(q->store_id, fabric_store_id(api->fabric));
    bool is_unknown = q->since_revision > fabric_revision(api->fabric) + 1;
    if (q->since_revision == 0)
        begin_snapshot(watch);
    else if (is_other_store || is_unknown)
        begin_resync(watch);
    else
        watch->after = q->since_revision - 1;
    pump(watch);
    api_needs_advance(api);
}

/* Readers that kept up get the event at once, packed once for all of them. */
void watches_on_event(struct api *api, const struct fabric_event *event) {
    struct arena arena = {0};
    uint8_t *bytes = NULL;
    size_t len = 0;
    for (struct watch *watch = api->watches; watch; watch = watch->next) {
        if (watch->is_behind || watch->after >= event->revision)
            continue;
        if (!wants(watch, event)) {
            watch->after = event->revision;
            continue;
        }
        if (session_rights(watch->call)->is_scoped) {
            watch->is_behind = true; /* it gets its own copy, without the names of others */
            continue;
        }
        if (!bytes) {
            Heliostat__V1__WatchResponse message = HELIOSTAT__V1__WATCH_RESPONSE__INIT;
            message.type = HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_EVENT;
            message.revision = event->revision;
            message.store_id = (char *)fabric_store_id(api->fabric);
            message.event = convert_event(&arena, event);
            bytes = message.event ? api_pack(&message.base, &len) : NULL;
        }
        if (bytes && has_room(watch) && grpcx_call_send_packed(watch->call, bytes, len) == 0)
            watch->after = event->revision;
        else
            watch->is_behind = true;
    }
    free(bytes);
    arena_deinit(&arena);
}

void watches_end(struct api *api) {
    while (api->watches) {
        struct watch *watch = api->watches;
        api->watches = watch->next;
        api_finish_stopping(watch->call);
        free(watch);
    }
    api->progress_at_us = INT64_MAX;
}

void watches_advance(struct api *api, int64_t now_us) {
    bool is_progress_due = now_us >= api->progress_at_us;
    for (struct watch *watch = api->watches, *next; watch; watch = next) {
        next = watch->next;
        if (watch->judged_epoch != sessions_epoch(api->sessions)) {
            watch->judged_epoch = sessions_epoch(api->sessions);
            struct grpcx_call *call = watch->call;
            if (!api_may_go_on(call)) {
                on_cancelled(call, watch);
                continue;
            }
        }
        if (watch->is_behind)
            pump(watch);
        /* One that finds no room is left out; whoever is behind has news enough. */
        if (is_progress_due && !watch->is_behind && has_room(watch) &&
            !send_mark(watch, HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_PROGRESS, watch->after))
            continue;
    }
    if (is_progress_due)
        api->progress_at_us = api->watches ? now_us + PROGRESS_US : INT64_MAX;
}

const struct service_method event_service[] = {
    {"/heliostat.v1.EventService/Watch", &heliostat__v1__watch_request__descriptor, GRPCX_SERVER_STREAMING,
     watch_events},
    {0},
};
