/* Watch. A watch is either in its snapshot, which it sends slice by slice as the client reads, or it follows
 * the events, from the fabric's ring and not from a queue of its own: a client that reads slowly costs
 * nothing but its place in the ring, and when that place is overwritten it gets RESYNC and a new snapshot.
 *
 * Nothing is sent where it happens: watches that are owed something stand in a queue, and each turn of the
 * loop serves as many of them as fit into SERVE_US. */
#include "daemon/api/convert.h"
#include "daemon/api/event_cache.h"
#include "daemon/api/find.h"
#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"

#include <stdlib.h>
#include <string.h>

/* With one message more, and what the buffers need for themselves, it fits into 8 KiB. */
#define QUEUE_MAX_BYTES ((size_t)7 * 1024)
#define EVENTS_AT_ONCE 256 /* what a watch looks at before the next one has its turn */
#define SERVE_US 1000
#define PROGRESS_US 10000000

struct watch {
    struct watch *next, *next_ready;
    struct api *api;
    struct grpcx_call *call;
    char slice[64]; /* "": all */
    bool in_snapshot;
    int64_t snapshot_uid; /* the last slice that was sent */
    int64_t after;        /* revision: of the snapshot, or of the last event that was sent or left out */
    bool is_ready;        /* in the queue */
    bool is_behind;       /* more is to be sent when there is room */
    bool owes_progress;
};

static void make_ready(struct watch *watch) {
    struct api *api = watch->api;
    if (watch->is_ready)
        return;
    watch->is_ready = true;
    watch->next_ready = NULL;
    *api->ready_watches_end = watch;
    api->ready_watches_end = &watch->next_ready;
}

static void leave_ready(struct watch *watch) {
    struct api *api = watch->api;
    struct watch **at = &api->ready_watches;
    if (!watch->is_ready)
        return;
    while (*at != watch)
        at = &(*at)->next_ready;
    *at = watch->next_ready;
    if (!*at)
        api->ready_watches_end = at;
    watch->is_ready = false;
}

static void on_cancelled(struct grpcx_call *call, void *userdata) {
    struct watch *watch = userdata;
    leave_ready(watch);
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
    if (!watch->is_behind)
        return;
    make_ready(watch);
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

static bool send_event(struct watch *watch, const struct fabric_event *event) {
    if (session_rights(watch->call)->is_scoped) { /* its own copy, without the names of others */
        struct arena arena = {0};
        Heliostat__V1__WatchResponse message = HELIOSTAT__V1__WATCH_RESPONSE__INIT;
        message.type = HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_EVENT;
        message.revision = event->revision;
        message.event = convert_event(&arena, event);
        bool is_sent = message.event && send(watch, &message);
        arena_deinit(&arena);
        return is_sent;
    }
    size_t len;
    const uint8_t *bytes = event_cache_get(watch->api->event_cache, watch->api->fabric, event, &len);
    return bytes && grpcx_call_send_packed(watch->call, bytes, len) == 0;
}

enum sent { SENT_ALL, SENT_A_SHARE, SENT_WHAT_FITS };

static enum sent send_events(struct watch *watch, struct fabric_event *const *events, size_t count,
                             size_t *left) {
    for (size_t i = 0; i < count; i++) {
        if (!*left)
            return SENT_A_SHARE;
        --*left;
        if (wants(watch, events[i]) && (!has_room(watch) || !send_event(watch, events[i])))
            return SENT_WHAT_FITS;
        watch->after = events[i]->revision;
    }
    return SENT_ALL;
}

/* Sends what the client has room for, and not more than a share of it. */
static enum sent pump(struct watch *watch) {
    struct fabric_event *const *events, *const *more;
    size_t count, n_more, left = EVENTS_AT_ONCE;
    for (;;) {
        if (!has_room(watch) || (watch->in_snapshot && !send_snapshot(watch)))
            return SENT_WHAT_FITS;
        if (fabric_events_after(watch->api->fabric, watch->after, &events, &count, &more, &n_more) == 0) {
            enum sent sent = send_events(watch, events, count, &left);
            return sent == SENT_ALL ? send_events(watch, more, n_more, &left) : sent;
        }
        if (!begin_resync(watch))
            return SENT_WHAT_FITS;
    }
}

static void serve(struct watch *watch) {
    enum sent sent = pump(watch);
    watch->is_behind = sent != SENT_ALL;
    /* Whoever is behind has news enough. */
    if (watch->owes_progress && !watch->is_behind && has_room(watch))
        (void)send_mark(watch, HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_PROGRESS, watch->after);
    watch->owes_progress = false;
    if (sent == SENT_A_SHARE)
        make_ready(watch);
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
    *watch = (struct watch){.next = api->watches, .api = api, .call = call};
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
    make_ready(watch);
    api_needs_advance(api);
}

void watches_on_event(struct api *api) {
    api->has_events = true;
    api_needs_advance(api);
}

void watches_end(struct api *api) {
    while (api->watches) {
        struct watch *watch = api->watches;
        api->watches = watch->next;
        api_finish_stopping(watch->call);
        free(watch);
    }
    api->ready_watches = NULL;
    api->ready_watches_end = &api->ready_watches;
    api->progress_at_us = INT64_MAX;
}

/* Roles changed: who may go on? */
static void judge(struct api *api) {
    for (struct watch *watch = api->watches, *next; watch; watch = next) {
        struct grpcx_call *call = watch->call;
        next = watch->next;
        if (!api_may_go_on(call))
            on_cancelled(call, watch);
    }
}

void watches_advance(struct api *api, int64_t now_us) {
    bool is_progress_due = now_us >= api->progress_at_us;
    if (api->watches_epoch != sessions_epoch(api->sessions)) {
        api->watches_epoch = sessions_epoch(api->sessions);
        judge(api);
    }
    /* One that has no room is made ready when its client has read. */
    for (struct watch *watch = api->watches; watch && (api->has_events || is_progress_due);
         watch = watch->next) {
        watch->owes_progress = watch->owes_progress || is_progress_due;
        watch->is_behind = watch->is_behind || api->has_events;
        if (has_room(watch))
            make_ready(watch);
    }
    api->has_events = false;
    if (is_progress_due)
        api->progress_at_us = api->watches ? now_us + PROGRESS_US : INT64_MAX;
    int64_t end_us = api_now_us(api) + SERVE_US;
    while (api->ready_watches) {
        struct watch *watch = api->ready_watches;
        leave_ready(watch);
        serve(watch);
        if (api->ready_watches && api_now_us(api) >= end_us) {
            api_needs_advance(api);
            break;
        }
    }
}

const struct service_method event_service[] = {
    {"/heliostat.v1.EventService/Watch", &heliostat__v1__watch_request__descriptor, GRPCX_SERVER_STREAMING,
     watch_events},
    {0},
};
