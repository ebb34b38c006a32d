#include "proto/grpc/health.h"
#include "proto/grpc/health.pb-c.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct grpcx_health {
    struct grpcx_method methods[2];
    struct entry {
        struct entry *next;
        char *service;
        bool serving;
    } * entries;
    struct watcher {
        struct watcher *next;
        struct grpcx_call *call;
        struct grpcx_health *health;
        char *service;
    } * watchers;
};

static int state(const struct grpcx_health *h, const char *service) {
    for (const struct entry *e = h->entries; e; e = e->next)
        if (!strcmp(e->service, service))
            return e->serving ? GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
                              : GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;
    return *service ? GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN
                    : GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
}

static int tell(struct watcher *w) {
    Grpc__Health__V1__HealthCheckResponse reply = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    reply.status = state(w->health, w->service);
    return grpcx_call_send(w->call, &reply.base);
}

static void unwatch(struct grpcx_call *call, void *userdata) {
    struct watcher *w = userdata;
    for (struct watcher **at = &w->health->watchers; *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            break;
        }
    free(w->service);
    free(w);
}

static void watch(struct grpcx_call *call, const ProtobufCMessage *request, void *userdata) {
    const Grpc__Health__V1__HealthCheckRequest *q = (const void *)request;
    struct grpcx_health *h = userdata;
    struct watcher *w = calloc(1, sizeof(*w));
    char *service = strdup(q->service);
    if (!w || !service) {
        free(w);
        free(service);
        grpcx_call_finish(call, GRPCX_RESOURCE_EXHAUSTED, "no memory", NULL, 0);
        return;
    }
    *w = (struct watcher){.next = h->watchers, .call = call, .health = h, .service = service};
    h->watchers = w;
    struct grpcx_call_callbacks cb = {.on_cancelled = unwatch, .userdata = w};
    grpcx_call_set_callbacks(call, &cb);
    if (tell(w) < 0) {
        unwatch(call, w);
        grpcx_call_finish(call, GRPCX_RESOURCE_EXHAUSTED, "no memory", NULL, 0);
    }
}

int grpcx_health_set(struct grpcx_health *health, const char *service, bool serving) {
    struct entry *e = health->entries;
    while (e && strcmp(e->service, service))
        e = e->next;
    if (!e) {
        e = calloc(1, sizeof(*e));
        if (!e || !(e->service = strdup(service))) {
            free(e);
            return -ENOMEM;
        }
        e->next = health->entries;
        health->entries = e;
    }
    e->serving = serving;
    int r = 0;
    for (struct watcher *w = health->watchers; w; w = w->next)
        if (!strcmp(w->service, service) && tell(w) < 0)
            r = -ENOMEM;
    return r;
}

static void check(struct grpcx_call *call, const ProtobufCMessage *request, void *userdata) {
    const Grpc__Health__V1__HealthCheckRequest *q = (const void *)request;
    Grpc__Health__V1__HealthCheckResponse reply = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    int now = state(userdata, q->service);
    reply.status = now;
    if (now == GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN)
        grpcx_call_finish(call, GRPCX_NOT_FOUND, "unknown service", NULL, 0);
    else
        grpcx_call_reply(call, &reply.base);
}

int grpcx_health_new(struct grpcx_server *server, struct grpcx_health **ret_health) {
    struct grpcx_health *h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    h->methods[0] =
        (struct grpcx_method){"/grpc.health.v1.Health/Check",
                              &grpc__health__v1__health_check_request__descriptor, GRPCX_UNARY, check, h};
    h->methods[1] = (struct grpcx_method){"/grpc.health.v1.Health/Watch",
                                          &grpc__health__v1__health_check_request__descriptor,
                                          GRPCX_SERVER_STREAMING, watch, h};
    int r = grpcx_server_add_methods(server, h->methods, 2);
    if (r < 0) {
        free(h);
        return r;
    }
    *ret_health = h;
    return 0;
}

void grpcx_health_free(struct grpcx_health *health) {
    while (health && health->entries) {
        struct entry *e = health->entries;
        health->entries = e->next;
        free(e->service);
        free(e);
    }
    free(health);
}
