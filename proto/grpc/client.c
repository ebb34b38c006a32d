#include "proto/grpc/client.h"
#include "proto/grpc/server.h"
#include "proto/grpc/tls.h"
#include "proto/grpc/wire.h"
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct grpcx_client_call {
    struct grpcx_client *client;
    struct grpcx_client_call *next;
    int32_t id;
    const ProtobufCMessageDescriptor *response;
    struct grpcx_client_callbacks cb;
    struct grpcx_reader reader;
    struct grpcx_queue out;
    int64_t deadline_us;
    bool half_closed, ended, has_status;
    struct grpcx_result result;
};

struct grpcx_client {
    struct event_base *base;
    struct grpcx_client_options o;
    struct bufferevent *bev;
    nghttp2_session *session;
    struct event *pump;
    struct grpcx_client_call *calls;
    bool closed, told;
    bool is_tls, is_shaking_hands, was_heard;
    char why_lost[200];
};

#define NV(n, v)                                                                                             \
    (nghttp2_nv) {                                                                                           \
        (uint8_t *)(n), (uint8_t *)(v), strlen(n), strlen(v), NGHTTP2_NV_FLAG_NONE                           \
    }

static void kick(struct grpcx_client *c) {
    event_active(c->pump, 0, 0);
}

void grpcx_result_deinit(struct grpcx_result *result) {
    free(result->message);
    free(result->details);
    *result = (struct grpcx_result){0};
}

static void set_end(struct grpcx_client_call *call, enum grpcx_status status, const char *message) {
    if (call->ended)
        return;
    call->ended = true;
    if (!call->has_status) {
        free(call->result.message);
        call->result.status = status;
        call->result.message = strdup(message);
    }
    kick(call->client);
}

static void abort_call(struct grpcx_client_call *call, enum grpcx_status status, const char *message) {
    if (call->ended)
        return;
    call->has_status = false;
    set_end(call, status, message);
    if (!call->client->closed)
        nghttp2_submit_rst_stream(call->client->session, 0, call->id, NGHTTP2_CANCEL);
}

/* Owners hear of an end only from here, never inside a function that they called. */
static void tell_ended(struct grpcx_client *c) {
    for (struct grpcx_client_call **at = &c->calls; *at;) {
        struct grpcx_client_call *call = *at;
        if (!call->ended) {
            at = &call->next;
            continue;
        }
        *at = call->next;
        if (!c->closed)
            nghttp2_session_set_stream_user_data(c->session, call->id, NULL);
        call->cb.on_done(call, &call->result, call->cb.userdata);
        grpcx_result_deinit(&call->result);
        grpcx_reader_next(&call->reader);
        grpcx_queue_deinit(&call->out);
        free(call);
        at = &c->calls;
    }
}

static void lose(struct grpcx_client *c) {
    c->closed = true;
    bufferevent_disable(c->bev, EV_READ | EV_WRITE);
    for (struct grpcx_client_call *call = c->calls; call; call = call->next)
        set_end(call, GRPCX_UNAVAILABLE,
                *c->why_lost ? c->why_lost
                : c->is_tls && !c->was_heard
                    ? "it closed the connection at once: it may not accept your certificate"
                    : "the connection was lost");
    kick(c);
}

static void pump(evutil_socket_t fd, short what, void *userdata) {
    struct grpcx_client *c = userdata;
    struct evbuffer *out = bufferevent_get_output(c->bev);
    while (!c->closed && evbuffer_get_length(out) < 256 * 1024) {
        const uint8_t *bytes;
        ssize_t n = nghttp2_session_mem_send(c->session, &bytes);
        if (n < 0 || (n > 0 && evbuffer_add(out, bytes, (size_t)n) < 0))
            lose(c);
        if (n <= 0)
            break;
    }
    if (!c->closed && !nghttp2_session_want_read(c->session) && !nghttp2_session_want_write(c->session))
        lose(c);
    tell_ended(c);
    if (c->closed && !c->told) {
        c->told = true;
        if (c->o.on_closed)
            c->o.on_closed(c, c->o.userdata);
    }
}

static void on_readable(struct bufferevent *bev, void *userdata) {
    struct grpcx_client *c = userdata;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t len = evbuffer_get_length(in);
    if (c->closed)
        return;
    c->was_heard = true;
    if (nghttp2_session_mem_recv(c->session, evbuffer_pullup(in, -1), len) < 0)
        lose(c);
    evbuffer_drain(in, len);
    kick(c);
}

static void on_written(struct bufferevent *bev, void *userdata) {
    kick(userdata);
}

static void on_event(struct bufferevent *bev, short what, void *userdata) {
    struct grpcx_client *c = userdata;
    struct grpcx_peer peer = {0};
    if (what & BEV_EVENT_CONNECTED) {
        c->is_shaking_hands = false;
        bool is_good = grpcx_tls_peer(bev, &peer) == 0;
        grpcx_peer_deinit(&peer);
        if (is_good)
            return;
        snprintf(c->why_lost, sizeof(c->why_lost), "the server does not speak HTTP/2 over TLS");
    } else if (c->is_tls && (what & BEV_EVENT_ERROR || c->is_shaking_hands)) {
        grpcx_tls_failure(bev, c->why_lost, sizeof(c->why_lost));
    }
    lose(c);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t len, uint8_t flags, void *userdata) {
    struct grpcx_client_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!call || call->ended)
        return 0;
    if (name_len == 11 && !memcmp(name, "grpc-status", 11)) {
        int status = len <= 2 ? atoi((const char *)value) : -1; /* nghttp2 ends values with NUL */
        call->result.status = status >= 0 && status <= 16 ? (enum grpcx_status)status : GRPCX_UNKNOWN;
        call->has_status = true;
    } else if (name_len == 12 && !memcmp(name, "grpc-message", 12)) {
        free(call->result.message);
        call->result.message = grpcx_unpercent((const char *)value, len);
    } else if (name_len == 23 && !memcmp(name, "grpc-status-details-bin", 23)) {
        free(call->result.details);
        call->result.details = grpcx_unbase64((const char *)value, len, &call->result.details_len);
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
                   void *userdata) {
    struct grpcx_client *c = userdata;
    struct grpcx_client_call *call = nghttp2_session_get_stream_user_data(session, id);
    const uint8_t *p = data, *end = data + len;
    while (call && !call->ended && p < end) {
        enum grpcx_read r = grpcx_reader_feed(&call->reader, &p, end, c->o.max_recv_bytes);
        char error[200];
        ProtobufCMessage *msg;
        if (r == GRPCX_READ_MORE)
            continue;
        if (r != GRPCX_READ_MESSAGE) {
            abort_call(call, GRPCX_RESOURCE_EXHAUSTED, "the reply cannot be taken");
        } else if (grpcx_unpack(call->response, call->reader.body, call->reader.len, NULL, &msg, error,
                                sizeof(error))) {
            abort_call(call, GRPCX_INTERNAL, "malformed reply");
        } else {
            grpcx_reader_next(&call->reader);
            if (call->cb.on_message)
                call->cb.on_message(call, msg, call->cb.userdata);
            grpcx_unpack_free(msg);
        }
    }
    return 0;
}

/* "HTTP/2 Transport Mapping" of the gRPC protocol: what an error code stands for when no status came. */
static enum grpcx_status status_of(uint32_t code) {
    switch (code) {
    case NGHTTP2_REFUSED_STREAM:
        return GRPCX_UNAVAILABLE;
    case NGHTTP2_CANCEL:
        return GRPCX_CANCELLED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return GRPCX_RESOURCE_EXHAUSTED;
    case NGHTTP2_INADEQUATE_SECURITY:
        return GRPCX_PERMISSION_DENIED;
    case NGHTTP2_NO_ERROR:
        return GRPCX_UNKNOWN;
    default:
        return GRPCX_INTERNAL;
    }
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *userdata) {
    struct grpcx_client_call *call = nghttp2_session_get_stream_user_data(session, id);
    if (call)
        set_end(call, status_of(code), "the stream ended without a status");
    return 0;
}

/* tls NULL: none. */
static int adopt(struct event_base *base, int fd, struct grpcx_tls *tls, const char *server_name,
                 const struct grpcx_client_options *options, struct grpcx_client **ret_client) {
    nghttp2_session_callbacks *cb;
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                         {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}};
    struct grpcx_client *c = calloc(1, sizeof(*c));
    if (!c) {
        close(fd);
        return -ENOMEM;
    }
    evutil_make_socket_nonblocking(fd);
    c->base = base;
    if (options)
        c->o = *options;
    if (!c->o.max_recv_bytes)
        c->o.max_recv_bytes = (size_t)16 << 20;
    c->pump = event_new(base, -1, 0, pump, c);
    c->is_tls = c->is_shaking_hands = tls != NULL;
    c->bev = tls ? grpcx_tls_connect(tls, base, fd, server_name)
                 : bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!c->pump || !c->bev || nghttp2_session_callbacks_new(&cb) < 0) {
        if (!c->bev)
            close(fd);
        grpcx_client_free(c);
        return -ENOMEM;
    }
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    int r = nghttp2_session_client_new(&c->session, cb, c);
    nghttp2_session_callbacks_del(cb);
    if (r < 0 || nghttp2_submit_settings(c->session, 0, settings, 2) < 0) {
        grpcx_client_free(c);
        return -ENOMEM;
    }
    bufferevent_setcb(c->bev, on_readable, on_written, on_event, c);
    bufferevent_enable(c->bev, EV_READ | EV_WRITE);
    kick(c);
    *ret_client = c;
    return 0;
}

int grpcx_client_adopt(struct event_base *base, int fd, const struct grpcx_client_options *options,
                       struct grpcx_client **ret_client) {
    return adopt(base, fd, NULL, NULL, options, ret_client);
}

int grpcx_client_adopt_tls(struct event_base *base, int fd, struct grpcx_tls *tls, const char *server_name,
                           const struct grpcx_client_options *options, struct grpcx_client **ret_client) {
    return adopt(base, fd, tls, server_name, options, ret_client);
}

int grpcx_client_connect_unix(struct event_base *base, const char *path,
                              const struct grpcx_client_options *options, struct grpcx_client **ret_client) {
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(addr.sun_path))
        return -ENAMETOOLONG;
    strcpy(addr.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    return grpcx_client_adopt(base, fd, options, ret_client);
}

void grpcx_client_free(struct grpcx_client *c) {
    if (!c)
        return;
    for (struct grpcx_client_call *call = c->calls; call; call = call->next)
        set_end(call, GRPCX_CANCELLED, "the client was closed");
    c->closed = true;
    tell_ended(c);
    nghttp2_session_del(c->session);
    if (c->pump)
        event_free(c->pump);
    if (c->bev)
        bufferevent_free(c->bev);
    free(c);
}

bool grpcx_client_is_open(const struct grpcx_client *client) {
    return !client->closed;
}

int64_t grpcx_client_next_wakeup_us(const struct grpcx_client *client) {
    int64_t next = INT64_MAX;
    for (struct grpcx_client_call *call = client->calls; call; call = call->next)
        if (!call->ended && call->deadline_us < next)
            next = call->deadline_us;
    return next;
}

void grpcx_client_advance(struct grpcx_client *client, int64_t now_us) {
    for (struct grpcx_client_call *call = client->calls; call; call = call->next)
        if (call->deadline_us <= now_us)
            abort_call(call, GRPCX_DEADLINE_EXCEEDED, "deadline exceeded");
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t len, uint32_t *flags,
                         nghttp2_data_source *source, void *userdata) {
    struct grpcx_client_call *call = nghttp2_session_get_stream_user_data(session, id);
    if (!call)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    size_t n = grpcx_queue_take(&call->out, buf, len);
    if (call->out.at == call->out.len) {
        if (call->half_closed)
            *flags |= NGHTTP2_DATA_FLAG_EOF;
        else if (!n)
            return NGHTTP2_ERR_DEFERRED;
    }
    return (ssize_t)n;
}

int grpcx_client_call(struct grpcx_client *client, const char *method, const ProtobufCMessage *request,
                      const ProtobufCMessageDescriptor *response, int64_t timeout_ms,
                      const struct grpcx_client_callbacks *callbacks, struct grpcx_client_call **ret_call) {
    char timeout[24];
    nghttp2_nv nv[8] = {NV(":method", "POST"), NV(":scheme", "http"),
                        NV(":path", method),   NV(":authority", "localhost"),
                        NV("te", "trailers"),  NV("content-type", "application/grpc")};
    size_t n = 6;
    nghttp2_data_provider body = {.read_callback = read_body};
    if (client->closed)
        return -ENOTCONN;
    struct grpcx_client_call *call = calloc(1, sizeof(*call));
    if (!call)
        return -ENOMEM;
    call->client = client;
    call->response = response;
    call->cb = *callbacks;
    call->deadline_us = INT64_MAX;
    call->half_closed = request != NULL;
    if (timeout_ms > 0) {
        bool seconds = timeout_ms > 99999999;
        snprintf(timeout, sizeof(timeout), "%lld%c", (long long)(seconds ? timeout_ms / 1000 : timeout_ms),
                 seconds ? 'S' : 'm');
        nv[n++] = NV("grpc-timeout", timeout);
        if (client->o.clock.now_us)
            call->deadline_us = client->o.clock.now_us(client->o.clock.userdata) + timeout_ms * 1000;
    }
    if ((request && grpcx_queue_message(&call->out, request) < 0) ||
        (call->id = nghttp2_submit_request(client->session, NULL, nv, n, &body, call)) < 0) {
        grpcx_queue_deinit(&call->out);
        free(call);
        return -ENOMEM;
    }
    call->next = client->calls;
    client->calls = call;
    kick(client);
    if (call->deadline_us != INT64_MAX && client->o.wakeup_changed)
        client->o.wakeup_changed(client->o.userdata);
    *ret_call = call;
    return 0;
}

int grpcx_client_send(struct grpcx_client_call *call, const ProtobufCMessage *msg) {
    if (call->ended || call->half_closed)
        return -EPIPE;
    if (grpcx_queue_message(&call->out, msg) < 0)
        return -ENOMEM;
    nghttp2_session_resume_data(call->client->session, call->id);
    kick(call->client);
    return 0;
}

void grpcx_client_half_close(struct grpcx_client_call *call) {
    call->half_closed = true;
    nghttp2_session_resume_data(call->client->session, call->id);
    kick(call->client);
}

size_t grpcx_client_queued_bytes(const struct grpcx_client_call *call) {
    return call->out.len - call->out.at;
}

void grpcx_client_cancel(struct grpcx_client_call *call) {
    abort_call(call, GRPCX_CANCELLED, "cancelled");
}

struct event_base *grpcx_client_base(const struct grpcx_client *client) {
    return client->base;
}
