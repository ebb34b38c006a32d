#include "proto/grpc/health.h"
#include "proto/grpc/health.pb-c.h"
#include <errno.h>
#include <stdlib.h>

struct grpcx_health {
    struct grpcx_method methods[1];
};

static void check(struct grpcx_call *call, const ProtobufCMessage *request, void *userdata) {
    const Grpc__Health__V1__HealthCheckRequest *q = (const void *)request;
    Grpc__Health__V1__HealthCheckResponse reply = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    reply.status = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
    if (*q->service)
        grpcx_call_finish(call, GRPCX_NOT_FOUND, "unknown service", NULL, 0);
    else
        grpcx_call_reply(call, &reply.base);
}

int grpcx_health_new(struct grpcx_server *server, struct grpcx_health **ret_health) {
    struct grpcx_health *h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    h->methods[0] = (struct grpcx_method){"/grpc.health.v1.Health/Check",
                                          &grpc__health__v1__health_check_request__descriptor, GRPCX_UNARY, check, h};
    int r = grpcx_server_add_methods(server, h->methods, 1);
    if (r < 0) {
        free(h);
        return r;
    }
    *ret_health = h;
    return 0;
}

void grpcx_health_free(struct grpcx_health *health) {
    free(health);
}
