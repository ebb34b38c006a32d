#include "daemon/api/service.h"
#include "daemon/api/access_audit.h"
#include "daemon/api/event_cache.h"
#include "daemon/api/inventory_job.h"
#include "daemon/api/methods.h"
#include "daemon/api/refusal.h"
#include "daemon/api/slice_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REVIEW_US 10000000

struct api_method {
    struct api *api;
    service_handler handler;
    struct method_rule rule;
    bool is_report, is_mutation;
};

static const struct service_method *const services[] = {
    slice_service, pod_service,  ocs_service,        circuit_service, operation_service,
    event_service, host_service, inventory_service,  alarm_service,   snapshot_service,
    store_service, cube_service, disruption_service, audit_service,   maintenance_service,
};
#define N_SERVICES (sizeof(services) / sizeof(services[0]))

static bool may_call(const struct api_method *method, const struct rights *rights, char *text, size_t size) {
    const char *name = strrchr(method->rule.path, '/') + 1;
    bool is_host = rights->is_host_proxy || *rights->host_pod;
    if (rights->role == ROLE_NONE)
        snprintf(text, size, "%s has no role here: see [roles] in the configuration", rights->principal);
    else if (method->rule.least == ROLE_HOST ? !is_host : rights->role < method->rule.least)
        snprintf(text, size, "%s is for role %s; %s is %s", name,
                 method->rule.least == ROLE_HOST ? "host or host_proxy" : role_name(method->rule.least),
                 rights->principal, role_name(rights->role));
    else if (method->rule.shows_everybody && rights->is_scoped)
        snprintf(text, size, "%s shows the slices of everybody; %s sees its own", name, rights->principal);
    else
        return true;
    return false;
}

static void note_refusal(struct api *api, const struct grpcx_call *call, const char *object,
                         const char *text) {
    const char *method = strrchr(grpcx_call_method(call)->path, '/') + 1;
    (void)access_audit_note(api->access_audit, session_rights(call)->principal, method, object, text,
                            api_now_us(api));
}

static void turned_away(void *userdata, const char *who, const char *text) {
    struct api *api = userdata;
    if (!access_audit_note(api->access_audit, who, "Connect", "", text, api_now_us(api)))
        return;
    if (api->options.turned_away)
        api->options.turned_away(api->options.userdata, who, text);
    api_needs_advance(api);
}

static void dispatch(struct grpcx_call *call, const ProtobufCMessage *request, void *userdata) {
    const struct api_method *method = userdata;
    struct api *api = method->api;
    const struct rights *rights = session_rights(call);
    struct fabric_refusal refusal = {0};
    char text[200];
    if (!session_begin_call(call, method->is_report, text, sizeof(text))) {
        note_refusal(api, call, "", text);
        grpcx_call_finish(call, GRPCX_RESOURCE_EXHAUSTED, text, NULL, 0);
    } else if (!may_call(method, rights, text, sizeof(text))) {
        note_refusal(api, call, "", text);
        grpcx_call_finish(call, GRPCX_PERMISSION_DENIED, text, NULL, 0);
    } else if (grpcx_call_method(call)->kind == GRPCX_UNARY &&
               scope_check_request(rights, api->fabric, method->is_mutation, request, &refusal)) {
        api_refuse(api, call, &refusal);
    } else {
        method->handler(api, call, request);
    }
}

static void bind(struct api *api, const struct service_method *method) {
    struct api_method *bound = &api->bound[api->n_methods];
    *bound = (struct api_method){
        .api = api,
        .handler = method->handler,
        .rule = method_rule_of(method->path),
        .is_report = strstr(method->path, "/ReportHost") != NULL,
        .is_mutation = protobuf_c_message_descriptor_get_field_by_name(method->request, "mutation") != NULL};
    api->methods[api->n_methods++] = (struct grpcx_method){.path = method->path,
                                                           .request = method->request,
                                                           .kind = method->kind,
                                                           .handler = dispatch,
                                                           .userdata = bound};
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
    api->ready_watches_end = &api->ready_watches;
    api->slice_cache = slice_cache_new();
    api->event_cache = event_cache_new();
    api->access_audit = access_audit_new(options->fabric);
    if (!api->methods || !api->bound || !api->slice_cache || !api->event_cache || !api->access_audit) {
        api_free(api);
        return -ENOMEM;
    }
    for (size_t i = 0; i < N_SERVICES; i++)
        for (const struct service_method *method = services[i]; method->path; method++)
            bind(api, method);
    const struct sessions_options sessions_options = {.server = options->server,
                                                      .roles = options->roles,
                                                      .limits = options->limits,
                                                      .read_only_listener = options->read_only_listener,
                                                      .clock = options->clock,
                                                      .wall_clock = options->wall_clock,
                                                      .turned_away = turned_away,
                                                      .userdata = api};
    int r = sessions_new(&sessions_options, &api->sessions);
    if (r == 0)
        r = grpcx_server_add_methods(options->server, api->methods, api->n_methods);
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
    inventory_jobs_free(api);
    slice_cache_free(api->slice_cache);
    event_cache_free(api->event_cache);
    access_audit_free(api->access_audit);
    sessions_free(api->sessions);
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

void api_set_roles(struct api *api, const struct roles *roles) {
    sessions_set_roles(api->sessions, roles);
    operation_waits_judge(api);
    api_needs_advance(api);
}

void api_set_limits(struct api *api, const struct session_limits *limits) {
    sessions_set_limits(api->sessions, limits);
}

void api_refuse(struct api *api, struct grpcx_call *call, struct fabric_refusal *refusal) {
    const struct rights *rights = session_rights(call);
    scope_refusal(rights, api->fabric, refusal);
    if (refusal->reason == REASON_NOT_OWNER || refusal->reason == REASON_QUOTA)
        note_refusal(api, call, refusal->field, refusal->text);
    refusal_finish(call, refusal);
    fabric_refusal_deinit(refusal);
}

bool api_may_go_on(struct grpcx_call *call) {
    const struct api_method *method = grpcx_call_method(call)->userdata;
    char text[200];
    if (may_call(method, session_rights(call), text, sizeof(text)))
        return true;
    grpcx_call_set_callbacks(call, &(struct grpcx_call_callbacks){0});
    grpcx_call_finish(call, GRPCX_PERMISSION_DENIED, text, NULL, 0);
    return false;
}

void api_reply(struct api *api, struct grpcx_call *call, struct arena *arena,
               const ProtobufCMessage *message) {
    scope_message(session_rights(call), api->fabric, arena, message);
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
    watches_on_event(api);
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
    int64_t at_us = read_back_us < api->progress_at_us ? read_back_us : api->progress_at_us;
    return at_us < api->review_at_us ? at_us : api->review_at_us;
}

void api_advance(struct api *api, int64_t now_us) {
    if (now_us >= api->review_at_us) {
        sessions_review(api->sessions);
        api->review_at_us = now_us + REVIEW_US;
    }
    read_backs_advance(api, now_us);
    operation_waits_advance(api);
    watches_advance(api, now_us);
}
