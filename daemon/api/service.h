#pragma once
/* What the services share. Used inside daemon/api/ only. */
#include "daemon/api/api.h"
#include "daemon/api/arena.h"
#include "daemon/api/scope.h"
#include "heliostat/v1/common.pb-c.h"
#include "proto/grpc/server.h"

struct watch;
struct operation_wait;
struct read_back;
struct inventory_job;
struct slice_cache;
struct event_cache;
struct access_audit;

struct api {
    struct api_options options;
    struct fabric *fabric;
    struct grpcx_method *methods;
    struct api_method *bound; /* userdata of the methods */
    size_t n_methods;
    struct slice_cache *slice_cache;
    struct event_cache *event_cache;
    struct watch *watches;
    struct watch *ready_watches, **ready_watches_end; /* what they are owed is sent in this order */
    bool has_events;                                  /* since watches_advance() */
    uint64_t watches_epoch;                           /* of the roles under which they go on */
    int64_t progress_at_us;
    struct operation_wait *operation_waits;
    struct read_back *read_backs;
    struct inventory_job *inventory_jobs; /* the first one is under way */
    struct sessions *sessions;
    struct access_audit *access_audit;
    int64_t review_at_us; /* when certificates are looked at again */
};

/* request is NULL for client streaming. */
typedef void (*service_handler)(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request);

struct service_method {
    const char *path;
    const ProtobufCMessageDescriptor *request;
    enum grpcx_kind kind;
    service_handler handler;
};

/* One table for each service; the last entry has no path. */
/* A row of such a table: the request type is that of the method's own message, SERVICE_METHOD("PodService",
 * "GetPod", get_pod, GRPCX_UNARY, get_pod). */
#define SERVICE_METHOD(service, name, request, kind, handler)                                                \
    { "/heliostat.v1." service "/" name, &heliostat__v1__##request##_request__descriptor, kind, handler }
extern const struct service_method slice_service[], pod_service[], ocs_service[], circuit_service[],
    operation_service[], event_service[], host_service[], inventory_service[], alarm_service[],
    snapshot_service[], store_service[], cube_service[], disruption_service[], audit_service[],
    maintenance_service[];

static inline int64_t api_now_us(const struct api *api) {
    return api->options.clock.now_us(api->options.clock.userdata);
}
Heliostat__V1__ReplyMeta *api_meta(const struct api *api, struct arena *arena, bool is_replayed);
void api_needs_advance(struct api *api);

/* Ends a stream because the daemon stops. */
void api_finish_stopping(struct grpcx_call *call);
/* Ends a call for which memory is missing. */
void api_fail_memory(struct grpcx_call *call);
/* Replies at once, with what the client may see; RESOURCE_EXHAUSTED if the arena failed. */
void api_reply(struct api *api, struct grpcx_call *call, struct arena *arena,
               const ProtobufCMessage *message);
/* Ends a call with a refusal, in the words that the client may see, and puts those that are about rights into
 * the audit trail. */
void api_refuse(struct api *api, struct grpcx_call *call, struct fabric_refusal *refusal);
/* May a stream go on that was begun before roles may have changed? Ends it otherwise. */
bool api_may_go_on(struct grpcx_call *call);
/* NULL without memory. */
uint8_t *api_pack(const ProtobufCMessage *message, size_t *ret_len);

/* Streams and read-backs: event_service.c, operation_service.c, circuit_service.c. */
void watches_on_event(struct api *api);
void watches_end(struct api *api);
void watches_advance(struct api *api, int64_t now_us);
void operation_waits_on_slice(struct api *api, const struct fabric_slice *slice);
void operation_waits_on_operation(struct api *api, const struct fabric_operation *operation);
void operation_waits_advance(struct api *api);
void operation_waits_end(struct api *api);
void operation_waits_judge(struct api *api); /* roles changed */
void read_backs_on_read(struct api *api, const struct fabric_ocs *ocs, bool ok);
int64_t read_backs_next_wakeup_us(const struct api *api);
void read_backs_advance(struct api *api, int64_t now_us);
