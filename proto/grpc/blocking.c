#include "proto/grpc/client.h"
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

struct unary {
    grpcx_unary_done done;
    void *userdata;
    const ProtobufCMessageDescriptor *response;
    ProtobufCMessage *msg;
};

static void unary_message(struct grpcx_client_call *call, const ProtobufCMessage *msg, void *userdata) {
    struct unary *u = userdata;
    size_t len = protobuf_c_message_get_packed_size(msg);
    uint8_t *bytes = u->msg ? NULL : malloc(len + 1);
    if (!bytes)
        return;
    protobuf_c_message_pack(msg, bytes);
    u->msg = protobuf_c_message_unpack(u->response, NULL, len, bytes);
    free(bytes);
}

static void unary_done(struct grpcx_client_call *call, const struct grpcx_result *result, void *userdata) {
    struct unary *u = userdata;
    struct grpcx_result lost = {.status = GRPCX_INTERNAL, .message = (char *)"no reply message"};
    u->done(result->status == GRPCX_OK ? u->msg : NULL, result->status == GRPCX_OK && !u->msg ? &lost : result,
            u->userdata);
    grpcx_unpack_free(u->msg);
    free(u);
}

int grpcx_client_call_unary(struct grpcx_client *client, const char *method, const ProtobufCMessage *request,
                            const ProtobufCMessageDescriptor *response, int64_t timeout_ms, grpcx_unary_done done,
                            void *userdata) {
    struct unary *u = calloc(1, sizeof(*u));
    struct grpcx_client_call *call;
    if (!u)
        return -ENOMEM;
    *u = (struct unary){.done = done, .userdata = userdata, .response = response};
    struct grpcx_client_callbacks cb = {unary_message, unary_done, u};
    int r = grpcx_client_call(client, method, request, response, timeout_ms, &cb, &call);
    if (r < 0)
        free(u);
    return r;
}
