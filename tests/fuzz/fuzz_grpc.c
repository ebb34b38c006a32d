/* Any bytes on a connection of the gRPC server, in pieces. An odd first byte puts a valid greeting in front.
 * The server has one method of each kind, health and reflection. */
#include "proto/grpc/health.h"
#include "proto/grpc/health.pb-c.h"
#include "proto/grpc/reflection.h"
#include "proto/grpc/server.h"
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char greeting[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
static int64_t time_us;

static int64_t now(void *userdata) {
    return time_us;
}

static void answer(struct grpcx_call *call, const ProtobufCMessage *request, void *userdata) {
    Grpc__Health__V1__HealthCheckResponse reply = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    grpcx_call_reply(call, &reply.base);
}

static void answer_each(struct grpcx_call *call, const ProtobufCMessage *msg, void *userdata) {
    int r = grpcx_call_send(call, msg);
    if (r < 0)
        grpcx_call_finish(call, GRPCX_RESOURCE_EXHAUSTED, NULL, NULL, 0);
}

static void end(struct grpcx_call *call, void *userdata) {
    grpcx_call_finish(call, GRPCX_OK, NULL, NULL, 0);
}

static void open_stream(struct grpcx_call *call, const ProtobufCMessage *request, void *userdata) {
    grpcx_call_set_callbacks(call,
                             &(struct grpcx_call_callbacks){.on_message = answer_each, .on_half_close = end});
}

static const struct grpcx_method methods[] = {
    {"/t/u", &grpc__health__v1__health_check_request__descriptor, GRPCX_UNARY, answer, NULL},
    {"/t/c", &grpc__health__v1__health_check_request__descriptor, GRPCX_CLIENT_STREAMING, open_stream, NULL},
    {"/t/b", &grpc__health__v1__health_check_request__descriptor, GRPCX_BIDI, open_stream, NULL},
};

static void turn(struct event_base *base, int fd) {
    char bytes[4096];
    event_base_loop(base, EVLOOP_NONBLOCK);
    while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        event_base_loop(base, EVLOOP_NONBLOCK);
    event_base_loop(base, EVLOOP_NONBLOCK);
}

static void give(struct event_base *base, int fd, const void *bytes, size_t len) {
    if (send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len)
        turn(base, fd);
}

static struct event_base *base;
static struct grpcx_server *server;

/* One for all inputs: building the reflection takes longer than most inputs do. */
static void build_server(void) {
    static struct grpcx_health *health;
    static struct grpcx_reflection *reflection;
    struct grpcx_server_options options = {.clock = {now, NULL}, .max_connection_bytes = 1 << 20};
    base = event_base_new();
    signal(SIGPIPE, SIG_IGN); /* as every owner of a server must */
    if (grpcx_server_new(base, &options, methods, 3, &server) < 0 || grpcx_health_new(server, &health) < 0 ||
        grpcx_reflection_new(server, &reflection) < 0 ||
        grpcx_reflection_add(reflection, grpcx_descriptor_set, grpcx_descriptor_set_len) < 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct grpcx_peer peer = {0};
    int fd[2];
    if (size < 2)
        return 0;
    if (!base)
        build_server();
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0 ||
        grpcx_server_adopt_connection(server, fd[0], &peer) < 0)
        abort();
    if (data[0] & 1)
        give(base, fd[1], greeting, sizeof(greeting) - 1);
    size_t piece = 1 + data[1] * 8u;
    for (size_t at = 2; at < size; at += piece) {
        time_us += 1000;
        give(base, fd[1], data + at, size - at < piece ? size - at : piece);
        grpcx_server_advance(server, time_us);
    }
    close(fd[1]);
    event_base_loop(base, EVLOOP_NONBLOCK);
    event_base_loop(base, EVLOOP_NONBLOCK);
    if (grpcx_server_connections(server) != 0)
        abort();
    return 0;
}
