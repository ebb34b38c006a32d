/* grpc_echo SOCKET: serves echo.proto, health and reflection until SIGTERM, which drains. */
#include "daemon/loop/loop.h"
#include "proto/grpc/health.h"
#include "proto/grpc/reflection.h"
#include "proto/grpc/server.h"
#include "tests/tools/echo.pb-c.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(r)                                                                                             \
    do {                                                                                                     \
        int check_r = (r);                                                                                   \
        if (check_r < 0) {                                                                                   \
            fprintf(stderr, "%s: %s\n", #r, strerror(-check_r));                                             \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

enum { WINDOW_BYTES = 65536 };

static struct loop *loop;
static struct loop_timer *timer;
static struct grpcx_server *server;
static struct grpcx_health *health;
static struct grpcx_unix_listener listener;
static uint64_t cancelled, open_streams;

/* One stream under way. */
struct stream {
    struct grpcx_call *call;
    uint32_t left, index, size;
    uint64_t received_bytes;
    enum grpcx_status status;
    char *message, *detail;
    bool hold, flood;
};

static void stream_free(struct stream *stream) {
    open_streams--;
    free(stream->message);
    free(stream->detail);
    free(stream);
}

static void finish(struct grpcx_call *call, enum grpcx_status status, const char *message,
                   const char *detail) {
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (detail && *detail)
        CHECK(grpcx_status_encode((int)status, message, "test/detail", (const uint8_t *)detail,
                                  strlen(detail), &bytes, &len));
    grpcx_call_finish(call, status, message, bytes, len);
    free(bytes);
}

static void on_cancelled(struct grpcx_call *call, void *userdata) {
    cancelled++;
    stream_free(userdata);
}

static int send_one(struct stream *stream) {
    uint8_t *payload = calloc(1, stream->size + 1u);
    Heliostat__Test__EchoReply reply = HELIOSTAT__TEST__ECHO_REPLY__INIT;
    reply.index = stream->index;
    reply.payload.len = stream->size;
    reply.payload.data = payload;
    int r = grpcx_call_send(stream->call, &reply.base);
    free(payload);
    return r;
}

static void produce(struct grpcx_call *call, void *userdata) {
    struct stream *stream = userdata;
    while (stream->left && (stream->flood || grpcx_call_queued_bytes(call) < WINDOW_BYTES)) {
        if (send_one(stream) < 0) {
            finish(call, GRPCX_RESOURCE_EXHAUSTED, "the reader is too slow", NULL);
            stream_free(stream);
            return;
        }
        stream->left--;
        stream->index++;
    }
    if (stream->left || stream->hold)
        return;
    finish(call, stream->status, stream->message, stream->detail);
    stream_free(stream);
}

static struct stream *stream_new(struct grpcx_call *call, const Heliostat__Test__EchoRequest *request,
                                 const struct grpcx_call_callbacks *callbacks) {
    struct stream *stream = calloc(1, sizeof(*stream));
    if (!stream)
        abort();
    stream->call = call;
    if (request) {
        stream->left = request->count;
        stream->size = request->size;
        stream->status = (enum grpcx_status)request->status;
        stream->message = strdup(request->message);
        stream->detail = strdup(request->detail);
        stream->hold = request->hold;
        stream->flood = request->flood;
    }
    struct grpcx_call_callbacks with = *callbacks;
    with.on_cancelled = on_cancelled;
    with.userdata = stream;
    grpcx_call_set_callbacks(call, &with);
    open_streams++;
    return stream;
}

static void serve_unary(struct grpcx_call *call, const ProtobufCMessage *msg, void *userdata) {
    const Heliostat__Test__EchoRequest *request = (const void *)msg;
    Heliostat__Test__EchoReply reply = HELIOSTAT__TEST__ECHO_REPLY__INIT;
    if (request->hold) {
        stream_new(call, request, &(struct grpcx_call_callbacks){0});
        return;
    }
    if (request->status) {
        finish(call, (enum grpcx_status)request->status, request->message, request->detail);
        return;
    }
    uint8_t *payload = calloc(1, request->size + request->payload.len + 1u);
    if (!payload)
        abort();
    if (request->payload.len)
        memcpy(payload, request->payload.data, request->payload.len);
    reply.text = request->text;
    reply.payload.len = request->size + request->payload.len;
    reply.payload.data = payload;
    reply.payload_bytes = request->payload.len;
    reply.has_deadline = grpcx_call_deadline_us(call) != INT64_MAX;
    grpcx_call_reply(call, &reply.base);
    free(payload);
}

static void serve_server_stream(struct grpcx_call *call, const ProtobufCMessage *msg, void *userdata) {
    struct stream *stream =
        stream_new(call, (const void *)msg, &(struct grpcx_call_callbacks){.on_drained = produce});
    produce(call, stream);
}

static void collect(struct grpcx_call *call, const ProtobufCMessage *msg, void *userdata) {
    struct stream *stream = userdata;
    const Heliostat__Test__EchoRequest *request = (const void *)msg;
    stream->index++;
    stream->received_bytes += request->payload.len;
}

static void answer_collected(struct grpcx_call *call, void *userdata) {
    struct stream *stream = userdata;
    Heliostat__Test__EchoReply reply = HELIOSTAT__TEST__ECHO_REPLY__INIT;
    reply.index = stream->index;
    reply.payload_bytes = stream->received_bytes;
    grpcx_call_reply(call, &reply.base);
    stream_free(stream);
}

static void serve_client_stream(struct grpcx_call *call, const ProtobufCMessage *msg, void *userdata) {
    stream_new(call, NULL,
               &(struct grpcx_call_callbacks){.on_message = collect, .on_half_close = answer_collected});
}

static void answer_each(struct grpcx_call *call, const ProtobufCMessage *msg, void *userdata) {
    struct stream *stream = userdata;
    const Heliostat__Test__EchoRequest *request = (const void *)msg;
    Heliostat__Test__EchoReply reply = HELIOSTAT__TEST__ECHO_REPLY__INIT;
    reply.text = request->text;
    reply.payload = request->payload;
    reply.index = stream->index++;
    if (request->status) {
        finish(call, (enum grpcx_status)request->status, request->message, request->detail);
        stream_free(stream);
    } else if (grpcx_call_send(call, &reply.base) < 0) {
        finish(call, GRPCX_RESOURCE_EXHAUSTED, "the reader is too slow", NULL);
        stream_free(stream);
    }
}

static void end_bidi(struct grpcx_call *call, void *userdata) {
    finish(call, GRPCX_OK, NULL, NULL);
    stream_free(userdata);
}

static void serve_bidi(struct grpcx_call *call, const ProtobufCMessage *msg, void *userdata) {
    stream_new(call, NULL,
               &(struct grpcx_call_callbacks){.on_message = answer_each, .on_half_close = end_bidi});
}

static void serve_count(struct grpcx_call *call, const ProtobufCMessage *msg, void *userdata) {
    Heliostat__Test__CountReply reply = HELIOSTAT__TEST__COUNT_REPLY__INIT;
    reply.cancelled = cancelled;
    reply.open = open_streams;
    reply.connections = grpcx_server_connections(server);
    grpcx_call_reply(call, &reply.base);
}

static void serve_set_health(struct grpcx_call *call, const ProtobufCMessage *msg, void *userdata) {
    const Heliostat__Test__EchoRequest *request = (const void *)msg;
    Heliostat__Test__EchoReply reply = HELIOSTAT__TEST__ECHO_REPLY__INIT;
    CHECK(grpcx_health_set(health, request->text, request->count != 0));
    grpcx_call_reply(call, &reply.base);
}

#define ECHO "/heliostat.test.EchoService/"
static const struct grpcx_method methods[] = {
    {ECHO "Unary", &heliostat__test__echo_request__descriptor, GRPCX_UNARY, serve_unary, NULL},
    {ECHO "ServerStream", &heliostat__test__echo_request__descriptor, GRPCX_SERVER_STREAMING,
     serve_server_stream, NULL},
    {ECHO "ClientStream", &heliostat__test__echo_request__descriptor, GRPCX_CLIENT_STREAMING,
     serve_client_stream, NULL},
    {ECHO "Bidi", &heliostat__test__echo_request__descriptor, GRPCX_BIDI, serve_bidi, NULL},
    {ECHO "Count", &heliostat__test__echo_request__descriptor, GRPCX_UNARY, serve_count, NULL},
    {ECHO "SetHealth", &heliostat__test__echo_request__descriptor, GRPCX_UNARY, serve_set_health, NULL},
};

static int64_t now(void *userdata) {
    return loop_now_us();
}

static void rearm(void *userdata) {
    loop_timer_arm(timer, grpcx_server_next_wakeup_us(server));
}

static void on_timer(int64_t now_us, void *userdata) {
    grpcx_server_advance(server, now_us);
    rearm(NULL);
}

static void on_waiting(void *userdata) {
    int fd;
    struct grpcx_peer peer;
    while (grpcx_accept_unix(listener.fd, &fd, &peer) == 0) {
        int r = grpcx_server_adopt_connection(server, fd, &peer);
        if (r < 0)
            fprintf(stderr, "refused: %s\n", strerror(-r));
    }
}

static void stop_when_drained(int64_t now_us, void *userdata) {
    struct loop_timer **again = userdata;
    if (grpcx_server_drained(server))
        loop_stop(loop);
    else
        loop_timer_arm(*again, now_us + 10000);
}

static void on_term(void *userdata) {
    struct loop_timer **drained = userdata;
    grpcx_server_drain(server);
    loop_timer_arm(*drained, loop_now_us());
}

int main(int argc, char **argv) {
    struct grpcx_server_options options = {.clock = {now, NULL}, .wakeup_changed = rearm};
    struct grpcx_reflection *reflection;
    struct loop_timer *drained;
    if (argc != 2) {
        fprintf(stderr, "usage: grpc_echo SOCKET\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    CHECK(loop_new(&loop));
    CHECK(loop_timer_new(loop, on_timer, NULL, &timer));
    CHECK(loop_timer_new(loop, stop_when_drained, &drained, &drained));
    CHECK(grpcx_server_new(loop_event_base(loop), &options, methods, sizeof(methods) / sizeof(*methods),
                           &server));
    CHECK(grpcx_health_new(server, &health));
    CHECK(grpcx_reflection_new(server, &reflection));
    CHECK(grpcx_reflection_add(reflection, grpcx_descriptor_set, grpcx_descriptor_set_len));
    CHECK(grpcx_listen_unix(argv[1], 0600, &listener));
    CHECK(loop_on_readable(loop, listener.fd, on_waiting, NULL));
    CHECK(loop_on_signal(loop, SIGTERM, on_term, &drained));
    printf("ready\n");
    fflush(stdout);
    CHECK(loop_run(loop));
    grpcx_server_free(server);
    grpcx_health_free(health);
    grpcx_reflection_free(reflection);
    grpcx_unix_listener_deinit(&listener);
    loop_timer_free(timer);
    loop_timer_free(drained);
    loop_free(loop);
    return 0;
}
