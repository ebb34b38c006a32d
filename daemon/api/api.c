#include "daemon/api/service.h"
#include "daemon/api/identity.h"
#include "daemon/api/slice_cache.h"

#include <errno.h>
#include <stdlib.h>

struct api_method {
    struct api *api;
    service_handler handler;
};

static const struct service_method *const services[] = {
    slice_service, pod_service,  ocs_service,        circuit_service, operation_service,
    event_service, host_service, inventory_service,  alarm_service,   snapshot_service,
    store_service, cube_service, disruption_service, maintenance_service,
};
#define N_SERVICES (sizeof(services) / sizeof(services[0]))

static void dispatch(struct grpcx_call *call, const ProtobufCMessage *request, void *userdata) {
    const struct api_method *method = userdata;
    if (!identity_is_admin(grpcx_call_peer(call)->uid, method->api->options.own_uid)) {
        grpcx_call_finish(call, GRPCX_PERMISSION_DENIED,
                          "only root and the user that heliostatd runs as are let in", NULL, 0);
        return;
    }
    method->handler(method->api, call, request);
}

int api_new(const struct api_options *options, struct api **ret_api) {
    size_t n = 0;
    for (size_t i = 0; i < N_SERVICES; i++)
        for (const struct service_method *method = services[i]; method->path; method++)
            n++;
    struct api *api = calloc(1, sizeof(*api));
    if (!api)
        return -ENOMEM;
    api->options = *options;
    api->fabric = options->fabric;
    api->progress_at_us = INT64_MAX;
    api->methods = calloc(n, sizeof(*api->methods));
    api->bound = calloc(n, sizeof(*api->bound));
    api->slice_cache = slice_cache_new();
    if (!api->methods || !api->bound || !api->slice_cache) {
        api_free(api);
        return -ENOMEM;
    }
    for (size_t i = 0; i < N_SERVICES; i++)
        for (const struct service_method *method = services[i]; method->path; method++) {
            struct api_method *bound = &api->bound[api->n_methods];
            *bound = (struct api_method){.api = api, .handler = method->handler};
            api->methods[api->n_methods++] = (struct grpcx_method){.path = method->path,
                                                                   .request = method->request,
                                                                   .kind = method->kind,
                                                                   .handler = dispatch,
                                                                   .userdata = bound};
        }
    int r = grpcx_server_add_methods(options->server, api->methods, api->n_methods);
    if (r < 0) {
        api_free(api);
        return r;
    }
    *ret_api = api;
    return 0;
}

void api_free(struct api *api) {
    if (!api)
        return;
    slice_cache_free(api->slice_cache);
    free(api->methods);
    free(api->bound);
    free(api);
}

Heliostat__V1__ReplyMeta *api_meta(const struct api *api, struct arena *arena, bool is_replayed) {
    Heliostat__V1__ReplyMeta *meta = arena_message(arena, &heliostat__v1__reply_meta__descriptor);
    if (!meta)
        return NULL;
    meta->store_id = (char *)fabric_store_id(api->fabric);
    meta->revision = fabric_revision(api->fabric);
    meta->replayed = is_replayed;
    return meta;
}

void api_needs_advance(struct api *api) {
    if (api->options.needs_advance)
        api->options.needs_advance(api->options.userdata);
}

void api_end_streams(struct api *api) {
    watches_end(api);
    operation_waits_end(api);
}

void api_finish_stopping(struct grpcx_call *call) {
    grpcx_call_set_callbacks(call, &(struct grpcx_call_callbacks){0});
    grpcx_call_finish(call, GRPCX_UNAVAILABLE, "heliostatd stops", NULL, 0);
}

void api_fail_memory(struct grpcx_call *call) {
    grpcx_call_finish(call, GRPCX_RESOURCE_EXHAUSTED, "no memory", NULL, 0);
}

void api_reply(struct grpcx_call *call, const struct arena *arena, const ProtobufCMessage *message) {
    if (arena->has_failed || !message)
        api_fail_memory(call);
    else
        grpcx_call_reply(call, message);
}

uint8_t *api_pack(const ProtobufCMessage *message, size_t *ret_len) {
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(len ? len : 1);
    if (!bytes)
        return NULL;
    protobuf_c_message_pack(message, bytes);
    *ret_len = len;
    return bytes;
}

void api_on_event(struct api *api, const struct fabric_event *event) {
    watches_on_event(api, event);
}

void api_on_slice(struct api *api, const struct fabric_slice *slice) {
    slice_cache_drop(api->slice_cache, slice->uid);
    operation_waits_on_slice(api, slice);
    api_needs_advance(api);
}

void api_on_operation(struct api *api, const struct fabric_operation *operation) {
    operation_waits_on_operation(api, operation);
    api_needs_advance(api);
}

void api_on_read(struct api *api, const struct fabric_ocs *ocs, bool ok) {
    read_backs_on_read(api, ocs, ok);
    api_needs_advance(api);
}

int64_t api_next_wakeup_us(const struct api *api) {
    int64_t read_back_us = read_backs_next_wakeup_us(api);
    return read_back_us < api->progress_at_us ? read_back_us : api->progress_at_us;
}

void api_advance(struct api *api, int64_t now_us) {
    read_backs_advance(api, now_us);
    operation_waits_advance(api);
    watches_advance(api, now_us);
}
