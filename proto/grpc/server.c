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
#include <unistd.h>

enum {
    OUTPUT_HIGH_BYTES = 64 * 1024,
    NOISE_PER_SECOND = 2000,
    FRAME_HEAD_BYTES = 9,
    COPIED_BYTES = 1024,      /* the end of a queue that is no smaller is handed over with its memory */
    HEADER_BYTES_MAX = 16384, /* as counted by RFC 9113, 6.5.2 */
    MESSAGE_BYTES_MAX = 2048, /* of grpc-message: many clients refuse trailers over 8 KiB */
    PARTING_US = 500000,      /* for the client to close first */
};

struct conn {
    struct grpcx_server *server;
    struct bufferevent *bev;
    nghttp2_session *session;
    struct event *pump;
    struct grpcx_peer peer;
    void *owner_session;
    bool is_admitted, is_shaking_hands;
    struct grpcx_call *calls;
    struct conn *next, *previous;
    size_t held;         /* bytes received, unpacked or not yet sent, over all calls */
    int64_t end_by_us;   /* of the handshake, or of a connection that is done; else INT64_MAX */
    int64_t progress_us; /* when output was last taken by the kernel, or began to wait */
    int64_t noise_since_us;
    unsigned noise;
    bool dead;
};

struct grpcx_call {
    struct conn *conn; /* gone when the call is */
    struct grpcx_server *server;
    unsigned holds;
    struct grpcx_call *next;
    int32_t id;
    const struct grpcx_method *method;
    char *path;
    bool content_ok, is_post, timeout_bad, whole, started, finished, responded, half_closed;
    size_t header_bytes;
    int64_t deadline_us;
    struct grpcx_reader reader;
    struct grpcx_queue out;
    ProtobufCMessage *request;
    size_t request_bytes, held; /* held: as last counted into the connection */
    struct grpcx_call_callbacks cb;
    void *data;
    int status;
    char *message, *details;
};

struct table {
    struct table *next;
    const struct grpcx_method *methods;
    size_t n;
};

struct grpcx_server {
    struct event_base *base;
    struct grpcx_server_options o;
    struct grpcx_admission admission;
    struct table *tables;
    struct conn *conns, *dead_conns;
    size_t n_conns, n_handshakes, held;
    int64_t next_us; /* not later than the earliest deadline */
    struct grpcx_call *dead_calls;
    struct event *reap;
    bool draining;
};

static int64_t now_us(struct grpcx_server *s) {
    return s->o.clock.now_us(s->o.clock.userdata);
}

static void wakeup(struct grpcx_server *s) {
    if (s->o.wakeup_changed)
        s->o.wakeup_changed(s->o.userdata);
}

static void worked(struct grpcx_server *s) {
    if (s->o.worked)
        s->o.worked(s->o.userdata);
}

static void due_at(struct grpcx_server *s, int64_t at_us) {
    if (at_us >= s->next_us)
        return;
    s->next_us = at_us;
    wakeup(s);
}

/* Counts what the call holds anew. To be called after every change of its reader, request or queue. */
static void recount(struct grpcx_call *call) {
    size_t now = call->reader.have + call->request_bytes + (call->out.len - call->out.at);
    call->conn->held += now - call->held;
    call->conn->server->held += now - call->held;
    call->held = now;
}

static size_t allowance(const struct conn *c) {
    const struct grpcx_server *s = c->server;
    size_t own = c->held < s->o.max_connection_bytes ? s->o.max_connection_bytes - c->held : 0;
    size_t total = s->held < s->o.max_total_bytes ? s->o.max_total_bytes - s->held : 0;
    return own < total ? own : total;
}

static void kick(struct conn *c) {
    if (!c->dead)
        event_active(c->pump, 0, 0);
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t len, uint32_t *flags,
                         nghttp2_data_source *source, void *userdata);

#define NV(n, v)                                                                                             \
    (nghttp2_nv) {                                                                                           \
        (uint8_t *)(n), (uint8_t *)(v), strlen(n), strlen(v), NGHTTP2_NV_FLAG_NONE                           \
    }

static size_t trailers(struct grpcx_call *call, nghttp2_nv *nv, char number[12]) {
    size_t n = 0;
    snprintf(number, 12, "%d", call->status);
    nv[n++] = NV("grpc-status", number);
    if (call->message)
        nv[n++] = NV("grpc-message", call->message);
    if (call->details)
        nv[n++] = NV("grpc-status-details-bin", call->details);
    if (call->status == GRPCX_UNIMPLEMENTED)
        nv[n++] = NV("grpc-accept-encoding", "identity");
    return n;
}

static void respond(struct grpcx_call *call) {
    nghttp2_data_provider body = {.source.ptr = call, .read_callback = read_body};
    nghttp2_nv nv[8] = {NV(":status", "200"), NV("content-type", "application/grpc")};
    char number[12];
    size_t n = 2;
    if (call->responded) {
        nghttp2_session_resume_data(call->conn->session, call->id);
    } else {
        bool bare = call->finished && call->out.at == call->out.len;
        if (bare)
            n += trailers(call, nv + 2, number);
        call->responded = true;
        if (nghttp2_submit_response(call->conn->session, call->id, nv, n, bare ? NULL : &body) < 0)
            nghttp2_submit_rst_stream(call->conn->session, 0, call->id, NGHTTP2_INTERNAL_ERROR);
    }
    kick(call->conn);
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t len, uint32_t *flags,
                         nghttp2_data_source *source, void *userdata) {
    struct grpcx_call *call = source->ptr;
    size_t queued = call->out.len - call->out.at, n = queued < len ? queued : len;
    if (n == queued && call->finished) {
        nghttp2_nv nv[5];
        char number[12];
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (nghttp2_submit_trailer(session, id, nv, trailers(call, nv, number)) < 0)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    } else if (n == 0) {
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    return (ssize_t)n;
}

void grpcx_call_finish(struct grpcx_call *call, enum grpcx_status status, const char *message,
                       const uint8_t *status_details_bin, size_t details_len) {
    if (call->finished)
        return;
    call->finished = true;
    call->status = status;
    call->message = message && *message ? grpcx_percent(message, MESSAGE_BYTES_MAX) : NULL;
    call->details = details_len && details_len <= GRPCX_STATUS_DETAILS_MAX
                        ? grpcx_base64(status_details_bin, details_len)
                        : NULL;
    call->deadline_us = INT64_MAX;
    respond(call);
}

static void fail_call(struct grpcx_call *call, enum grpcx_status status, const char *message) {
    if (call->finished)
        return;
    if (call->started && call->cb.on_cancelled)
        call->cb.on_cancelled(call, call->cb.userdata);
    memset(&call->cb, 0, sizeof(call->cb));
    grpcx_call_finish(call, status, message, NULL, 0);
}

static int sent(struct grpcx_call *call, size_t size, const ProtobufCMessage *msg, const uint8_t *bytes) {
    if (call->finished)
        return -EPIPE;
    if (size > call->conn->server->o.max_send_bytes)
        return -EMSGSIZE;
    if (size > allowance(call->conn))
        return -ENOBUFS;
    int r = msg ? grpcx_queue_message(&call->out, msg) : grpcx_queue_packed(&call->out, bytes, size);
    recount(call);
    return r;
}

static void finish_reply(struct grpcx_call *call, int r) {
    if (r == 0)
        grpcx_call_finish(call, GRPCX_OK, NULL, NULL, 0);
    else
        grpcx_call_finish(call, GRPCX_RESOURCE_EXHAUSTED,
                          r == -EMSGSIZE ? "the reply is too large"
                                         : "too much is waiting to be sent on this connection",
                          NULL, 0);
}

void grpcx_call_reply(struct grpcx_call *call, const ProtobufCMessage *msg) {
    finish_reply(call, sent(call, protobuf_c_message_get_packed_size(msg), msg, NULL));
}

void grpcx_call_reply_packed(struct grpcx_call *call, const uint8_t *bytes, size_t len) {
    finish_reply(call, sent(call, len, NULL, bytes));
}

int grpcx_call_send(struct grpcx_call *call, const ProtobufCMessage *msg) {
    int r = sent(call, protobuf_c_message_get_packed_size(msg), msg, NULL);
    if (r == 0)
        respond(call);
    return r;
}

int grpcx_call_send_packed(struct grpcx_call *call, const uint8_t *bytes, size_t len) {
    int r = sent(call, len, NULL, bytes);
    if (r == 0)
        respond(call);
    return r;
}

size_t grpcx_call_queued_bytes(const struct grpcx_call *call) {
    return call->out.len - call->out.at + evbuffer_get_length(bufferevent_get_output(call->conn->bev));
}
void grpcx_call_set_callbacks(struct grpcx_call *call, const struct grpcx_call_callbacks *callbacks) {
    call->cb = *callbacks;
}
const struct grpcx_peer *grpcx_call_peer(const struct grpcx_call *call) {
    return &call->conn->peer;
}
void *grpcx_call_session(const struct grpcx_call *call) {
    return call->conn->owner_session;
}
const struct grpcx_method *grpcx_call_method(const struct grpcx_call *call) {
    return call->method;
}
int64_t grpcx_call_deadline_us(const struct grpcx_call *call) {
    return call->deadline_us;
}
void grpcx_call_set_data(struct grpcx_call *call, void *data) {
    call->data = data;
}
const ProtobufCMessage *grpcx_call_request(const struct grpcx_call *call) {
    return call->request;
}
void *grpcx_call_data(const struct grpcx_call *call) {
    return call->data;
}

void grpcx_call_hold(struct grpcx_call *call) {
    call->holds++;
}

void grpcx_call_release(struct grpcx_call *call) {
    call->holds--;
    event_active(call->server->reap, 0, 0);
}

static void free_call(struct grpcx_call *call) {
    grpcx_unpack_free(call->request);
    grpcx_reader_next(&call->reader);
    grpcx_queue_deinit(&call->out);
    free(call->path);
    free(call->message);
    free(call->details);
    free(call);
}

/* The stream is gone: tell the owner if it still holds the call; the memory goes one loop turn later. */
static void drop_call(struct grpcx_call *call) {
    struct conn *c = call->conn;
    for (struct grpcx_call **at = &c->calls; *at; at = &(*at)->next)
        if (*at == call) {
            *at = call->next;
            break;
        }
    c->held -= call->held;
    c->server->held -= call->held;
    if (call->started && !call->finished) {
        call->finished = true;
        if (call->cb.on_cancelled)
            call->cb.on_cancelled(call, call->cb.userdata);
    }
    if (call->started && c->server->admission.call_ended)
        c->server->admission.call_ended(c->server->admission.userdata, c->owner_session);
    call->next = c->server->dead_calls;
    c->server->dead_calls = call;
    event_active(c->server->reap, 0, 0);
}

static void kill_conn(struct conn *c) {
    struct grpcx_server *s = c->server;
    if (c->dead)
        return;
    c->dead = true;
    bufferevent_disable(c->bev, EV_READ | EV_WRITE);
    while (c->calls)
        drop_call(c->calls);
    s->n_handshakes -= c->is_shaking_hands;
    if (c->is_admitted && s->admission.leave)
        s->admission.leave(s->admission.userdata, c->owner_session);
    *(c->previous ? &c->previous->next : &s->conns) = c->next;
    if (c->next)
        c->next->previous = c->previous;
    c->next = s->dead_conns;
    s->dead_conns = c;
    s->n_conns--;
    event_active(s->reap, 0, 0);
}

/* Frees what died, a loop turn later: nobody is inside it any more. */
static void reap(evutil_socket_t fd, short what, void *userdata) {
    struct grpcx_server *s = userdata;
    while (s->dead_conns) {
        struct conn *c = s->dead_conns;
        s->dead_conns = c->next;
        nghttp2_session_del(c->session);
        event_free(c->pump);
        bufferevent_free(c->bev);
        grpcx_peer_deinit(&c->peer);
        free(c);
    }
    for (struct grpcx_call **at = &s->dead_calls; *at;) {
        struct grpcx_call *call = *at;
        if (call->holds) {
            at = &call->next;
            continue;
        }
        *at = call->next;
        free_call(call);
    }
}

static void on_output(struct evbuffer *out, const struct evbuffer_cb_info *info, void *userdata) {
    struct conn *c = userdata;
    if (info->n_deleted || info->orig_size == 0)
        c->progress_us = now_us(c->server);
    if (info->n_deleted)
        worked(c->server);
}

static void free_bytes(const void *data, size_t len, void *bytes) {
    free(bytes);
}

/* What read_body() announced goes from the call's queue to the connection, past the session's own buffer. */
static int send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head, size_t len,
                     nghttp2_data_source *source, void *userdata) {
    struct conn *c = userdata;
    struct grpcx_call *call = source->ptr;
    struct evbuffer *out = bufferevent_get_output(c->bev);
    const uint8_t *bytes = call->out.bytes ? call->out.bytes + call->out.at : NULL;
    if (evbuffer_add(out, head, FRAME_HEAD_BYTES) < 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (len >= COPIED_BYTES && call->out.at + len == call->out.len) {
        if (evbuffer_add_reference(out, bytes, len, free_bytes, call->out.bytes) < 0)
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        call->out = (struct grpcx_queue){0};
    } else {
        if (len && evbuffer_add(out, bytes, len) < 0)
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        grpcx_queue_drop(&call->out, len);
    }
    recount(call);
    return 0;
}

/* Nothing is left to say. A client that still writes into a socket that was closed may take that for a
 * failure and never read the statuses that stand in it: when the server stops, the client closes first, or
 * has had time. */
static void part(struct conn *c) {
    if (!c->server->draining) {
        kill_conn(c);
    } else if (c->end_by_us == INT64_MAX) {
        c->end_by_us = now_us(c->server) + PARTING_US;
        due_at(c->server, c->end_by_us);
    }
}

static void pump(evutil_socket_t fd, short what, void *userdata) {
    struct conn *c = userdata;
    struct evbuffer *out = bufferevent_get_output(c->bev);
    while (!c->dead && c->is_admitted && evbuffer_get_length(out) < OUTPUT_HIGH_BYTES) {
        const uint8_t *bytes;
        ssize_t n = nghttp2_session_mem_send(c->session, &bytes);
        if (n < 0 || (n > 0 && evbuffer_add(out, bytes, (size_t)n) < 0))
            kill_conn(c);
        if (n <= 0)
            break;
    }
    if (!c->dead && !nghttp2_session_want_read(c->session) && !nghttp2_session_want_write(c->session) &&
        evbuffer_get_length(out) == 0)
        part(c);
    if (!c->dead && evbuffer_get_length(out) > 0)
        due_at(c->server, c->progress_us + c->server->o.stall_timeout_us);
    worked(c->server);
}

static void on_readable(struct bufferevent *bev, void *userdata) {
    struct conn *c = userdata;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t len = evbuffer_get_length(in);
    if (c->dead || !c->is_admitted)
        return;
    if (nghttp2_session_mem_recv(c->session, evbuffer_pullup(in, -1), len) < 0) {
        kill_conn(c);
        return;
    }
    evbuffer_drain(in, len);
    pump(-1, 0, c);
}

/* The kernel took all: there is room again. */
static void on_written(struct bufferevent *bev, void *userdata) {
    struct conn *c = userdata;
    for (struct grpcx_call *call = c->calls, *next; call; call = next) {
        next = call->next;
        if (call->cb.on_drained && call->out.at == call->out.len)
            call->cb.on_drained(call, call->cb.userdata);
    }
    pump(-1, 0, c);
}

static bool admit(struct conn *c) {
    const struct grpcx_admission *admission = &c->server->admission;
    c->is_admitted = !admission->admit || admission->admit(admission->userdata, &c->peer, &c->owner_session);
    return c->is_admitted;
}

static void turn_away(struct conn *c, const char *text) {
    const struct grpcx_admission *admission = &c->server->admission;
    if (admission->turned_away)
        admission->turned_away(admission->userdata, &c->peer, text);
    kill_conn(c);
}

static void on_event(struct bufferevent *bev, short what, void *userdata) {
    struct conn *c = userdata;
    char text[200];
    if (c->dead || !c->is_shaking_hands) {
        kill_conn(c);
        return;
    }
    if (!(what & BEV_EVENT_CONNECTED)) {
        grpcx_tls_failure(bev, text, sizeof(text));
        turn_away(c, text);
        return;
    }
    c->is_shaking_hands = false;
    c->server->n_handshakes--;
    int r = grpcx_tls_peer(bev, &c->peer);
    if (r < 0)
        turn_away(c, r == -EPROTO   ? "the client did not ask for h2 (ALPN)"
                     : r == -EACCES ? "the client showed no certificate that is accepted"
                                    : "no memory");
    else if (admit(c))
        kick(c);
    else
        kill_conn(c);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *userdata) {
    struct conn *c = userdata;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct grpcx_call *call = calloc(1, sizeof(*call));
    if (!call)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    call->conn = c;
    call->server = c->server;
    call->id = frame->hd.stream_id;
    call->deadline_us = INT64_MAX;
    call->next = c->calls;
    c->calls = call;
    nghttp2_session_set_stream_user_data(session, call->id, call);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t len, uint8_t flags, void *userdata) {
    struct conn *c = userdata;
    struct grpcx_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!call || call->started)
        return 0;
    call->header_bytes += name_len + len + 32;
    if (call->header_bytes > HEADER_BYTES_MAX)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (name_len == 5 && !memcmp(name, ":path", 5)) {
        free(call->path);
        call->path = strndup((const char *)value, len);
    } else if (name_len == 7 && !memcmp(name, ":method", 7)) {
        call->is_post = len == 4 && !memcmp(value, "POST", 4);
    } else if (name_len == 12 && !memcmp(name, "content-type", 12)) {
        call->content_ok = len >= 16 && !memcmp(value, "application/grpc", 16) &&
                           (len == 16 || value[16] == ';' || (len >= 22 && !memcmp(value + 16, "+proto", 6)));
    } else if (name_len == 12 && !memcmp(name, "grpc-timeout", 12)) {
        int64_t timeout = grpcx_parse_timeout((const char *)value, len);
        call->timeout_bad = timeout < 0;
        if (timeout >= 0)
            call->deadline_us = now_us(c->server) + timeout;
    }
    return 0;
}

static bool is_client_streaming(const struct grpcx_call *call) {
    return call->method->kind == GRPCX_CLIENT_STREAMING || call->method->kind == GRPCX_BIDI;
}

static void start_call(struct grpcx_call *call) {
    struct grpcx_server *s = call->conn->server;
    for (struct table *t = s->tables; t && !call->method; t = t->next)
        for (size_t i = 0; i < t->n; i++)
            if (call->path && !strcmp(t->methods[i].path, call->path))
                call->method = &t->methods[i];
    if (!call->is_post || !call->content_ok) {
        nghttp2_nv nv[] = {NV(":status", call->is_post ? "415" : "405")};
        call->finished = call->responded = true;
        nghttp2_submit_response(call->conn->session, call->id, nv, 1, NULL);
    } else if (!call->method) {
        grpcx_call_finish(call, GRPCX_UNIMPLEMENTED, "unknown method", NULL, 0);
    } else if (call->timeout_bad) {
        grpcx_call_finish(call, GRPCX_INVALID_ARGUMENT, "bad grpc-timeout", NULL, 0);
    } else {
        due_at(s, call->deadline_us);
        if (is_client_streaming(call)) {
            call->started = true;
            call->method->handler(call, NULL, call->method->userdata);
        }
    }
}

/* The whole message in the call's reader; NULL when it was refused, and the call with it. */
static ProtobufCMessage *take_message(struct grpcx_call *call) {
    char error[200];
    ProtobufCMessage *msg;
    struct grpcx_unpack_limits limits = call->conn->server->o.unpack;
    size_t allowed = allowance(call->conn);
    if (!limits.max_bytes_allocated || limits.max_bytes_allocated > allowed)
        limits.max_bytes_allocated = allowed ? allowed : 1;
    int r = grpcx_unpack_counted(call->method->request, call->reader.body, call->reader.len, &limits, &msg,
                                 &call->request_bytes, error, sizeof(error));
    grpcx_reader_next(&call->reader);
    recount(call);
    if (r == 0)
        return msg;
    fail_call(call, r < 0 ? GRPCX_RESOURCE_EXHAUSTED : GRPCX_INVALID_ARGUMENT, r < 0 ? "no memory" : error);
    return NULL;
}

static void take_streamed_message(struct grpcx_call *call) {
    ProtobufCMessage *msg = take_message(call);
    if (msg && call->cb.on_message)
        call->cb.on_message(call, msg, call->cb.userdata);
    grpcx_unpack_free(msg);
    call->request_bytes = 0;
    recount(call);
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
                   void *userdata) {
    struct conn *c = userdata;
    struct grpcx_call *call = nghttp2_session_get_stream_user_data(session, id);
    const uint8_t *p = data, *end = data + len;
    while (call && !call->finished && p < end) {
        if (call->whole) {
            fail_call(call, GRPCX_UNIMPLEMENTED, "more than one request");
            break;
        }
        bool fits = (size_t)(end - p) <= allowance(c);
        enum grpcx_read r = grpcx_reader_feed(&call->reader, &p, end, c->server->o.max_recv_bytes);
        recount(call);
        if (r == GRPCX_READ_COMPRESSED)
            fail_call(call, GRPCX_UNIMPLEMENTED, "compressed messages are not taken");
        else if (r == GRPCX_READ_TOO_BIG)
            fail_call(call, GRPCX_RESOURCE_EXHAUSTED, "the message is too large");
        else if (r == GRPCX_READ_NOMEM || !fits)
            fail_call(call, GRPCX_RESOURCE_EXHAUSTED, "too much is held for this connection");
        else if (r == GRPCX_READ_MESSAGE && is_client_streaming(call))
            take_streamed_message(call);
        else if (r == GRPCX_READ_MESSAGE)
            call->whole = true;
    }
    return 0;
}

/* Settings, pings, resets and empty data cost a client nothing. */
static bool is_noise(const nghttp2_frame *frame) {
    switch (frame->hd.type) {
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PING:
    case NGHTTP2_RST_STREAM:
    case NGHTTP2_PRIORITY:
        return true;
    case NGHTTP2_DATA:
        return frame->hd.length == 0 && !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    default:
        return false;
    }
}

static void count_noise(struct conn *c) {
    int64_t now = now_us(c->server);
    if (now - c->noise_since_us > 1000000) {
        c->noise_since_us = now;
        c->noise = 0;
    }
    if (++c->noise > NOISE_PER_SECOND)
        nghttp2_session_terminate_session(c->session, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void take_half_close(struct grpcx_call *call) {
    call->half_closed = true;
    if (call->finished)
        return;
    if (call->reader.head_len && !call->whole) {
        fail_call(call, GRPCX_INVALID_ARGUMENT, "the message is cut short");
    } else if (call->started) {
        if (call->cb.on_half_close)
            call->cb.on_half_close(call, call->cb.userdata);
    } else if (!call->whole) {
        grpcx_call_finish(call, GRPCX_INVALID_ARGUMENT, "no request message", NULL, 0);
    } else {
        call->request = take_message(call);
        if (!call->request)
            return;
        call->started = true;
        call->method->handler(call, call->request, call->method->userdata);
    }
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *userdata) {
    struct conn *c = userdata;
    struct grpcx_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    uint8_t type = frame->hd.type;
    if (type == NGHTTP2_SETTINGS)
        c->end_by_us = INT64_MAX;
    if (is_noise(frame))
        count_noise(c);
    if (!call)
        return 0;
    if (type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        start_call(call);
    if ((type == NGHTTP2_HEADERS || type == NGHTTP2_DATA) && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        take_half_close(call);
    return 0;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *userdata) {
    struct grpcx_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (call && !call->half_closed && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) &&
        (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA))
        nghttp2_submit_rst_stream(session, 0, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *userdata) {
    struct grpcx_call *call = nghttp2_session_get_stream_user_data(session, id);
    if (call) {
        nghttp2_session_set_stream_user_data(session, id, NULL);
        drop_call(call);
    }
    return 0;
}

int grpcx_server_new(struct event_base *base, const struct grpcx_server_options *options,
                     const struct grpcx_method *methods, size_t n_methods, struct grpcx_server **ret_server) {
    if (!options->clock.now_us)
        return -EINVAL;
    struct grpcx_server *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->base = base;
    s->o = *options;
    if (!s->o.max_recv_bytes)
        s->o.max_recv_bytes = (size_t)4 << 20;
    if (!s->o.max_send_bytes)
        s->o.max_send_bytes = (size_t)16 << 20;
    if (!s->o.max_streams)
        s->o.max_streams = 256;
    if (!s->o.max_connection_bytes)
        s->o.max_connection_bytes = (size_t)80 << 20;
    if (!s->o.max_total_bytes)
        s->o.max_total_bytes = (size_t)1 << 30;
    if (!s->o.max_connections)
        s->o.max_connections = 16384;
    if (!s->o.max_handshakes)
        s->o.max_handshakes = 256;
    if (!s->o.stall_timeout_us)
        s->o.stall_timeout_us = 60000000;
    s->next_us = INT64_MAX;
    if (!s->o.handshake_timeout_us)
        s->o.handshake_timeout_us = 10000000;
    s->reap = event_new(base, -1, 0, reap, s);
    if (!s->reap || grpcx_server_add_methods(s, methods, n_methods) < 0) {
        grpcx_server_free(s);
        return -ENOMEM;
    }
    *ret_server = s;
    return 0;
}

int grpcx_server_add_methods(struct grpcx_server *server, const struct grpcx_method *methods,
                             size_t n_methods) {
    struct table *t = malloc(sizeof(*t));
    if (!t)
        return -ENOMEM;
    *t = (struct table){.next = server->tables, .methods = methods, .n = n_methods};
    server->tables = t;
    return 0;
}

void grpcx_server_free(struct grpcx_server *server) {
    if (!server)
        return;
    while (server->conns)
        kill_conn(server->conns);
    if (server->reap) {
        for (struct grpcx_call *call = server->dead_calls; call; call = call->next)
            call->holds = 0;
        reap(-1, 0, server);
        event_free(server->reap);
    }
    while (server->tables) {
        struct table *t = server->tables;
        server->tables = t->next;
        free(t);
    }
    free(server);
}

static int open_session(struct conn *c) {
    nghttp2_session_callbacks *cb;
    nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, c->server->o.max_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 16384},
    };
    if (nghttp2_session_callbacks_new(&cb) < 0)
        return -ENOMEM;
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_sent);
    nghttp2_session_callbacks_set_send_data_callback(cb, send_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    int r = nghttp2_session_server_new(&c->session, cb, c);
    nghttp2_session_callbacks_del(cb);
    if (r < 0 || nghttp2_submit_settings(c->session, 0, settings, 3) < 0 ||
        nghttp2_session_set_local_window_size(c->session, 0, 0, 4 << 20) < 0)
        return -ENOMEM;
    return 0;
}

void grpcx_server_set_admission(struct grpcx_server *server, const struct grpcx_admission *admission) {
    server->admission = *admission;
}

void grpcx_peer_deinit(struct grpcx_peer *peer) {
    for (size_t i = 0; i < peer->n_names; i++)
        free(peer->names[i]);
    free(peer->names);
    free(peer->groups);
    peer->names = NULL;
    peer->groups = NULL;
    peer->n_names = peer->n_groups = 0;
}

/* Not in the server's list yet. */
static void free_new_conn(struct conn *c, int fd) {
    if (c->bev)
        bufferevent_free(c->bev);
    else
        close(fd);
    if (c->pump)
        event_free(c->pump);
    nghttp2_session_del(c->session);
    grpcx_peer_deinit(&c->peer);
    free(c);
}

/* tls NULL: none. */
static int adopt(struct grpcx_server *server, int fd, struct grpcx_peer *peer, struct grpcx_tls *tls) {
    int refused = server->draining                                          ? -ESHUTDOWN
                  : server->n_conns >= server->o.max_connections            ? -EUSERS
                  : tls && server->n_handshakes >= server->o.max_handshakes ? -EUSERS
                                                                            : 0;
    struct conn *c = refused ? NULL : calloc(1, sizeof(*c));
    if (!c) {
        close(fd);
        grpcx_peer_deinit(peer);
        return refused ? refused : -ENOMEM;
    }
    evutil_make_socket_nonblocking(fd);
    c->server = server;
    c->peer = *peer;
    c->noise_since_us = now_us(server);
    c->end_by_us = c->noise_since_us + server->o.handshake_timeout_us;
    c->bev = tls ? grpcx_tls_accept(tls, server->base, fd)
                 : bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    c->pump = event_new(server->base, -1, 0, pump, c);
    if (!c->bev || !c->pump || !evbuffer_add_cb(bufferevent_get_output(c->bev), on_output, c) ||
        open_session(c) < 0) {
        free_new_conn(c, fd);
        return -ENOMEM;
    }
    if (!tls && !admit(c)) {
        free_new_conn(c, fd);
        return -EACCES;
    }
    c->is_shaking_hands = tls != NULL;
    server->n_handshakes += c->is_shaking_hands;
    bufferevent_setcb(c->bev, on_readable, on_written, on_event, c);
    bufferevent_enable(c->bev, EV_READ | EV_WRITE);
    c->next = server->conns;
    if (c->next)
        c->next->previous = c;
    server->conns = c;
    server->n_conns++;
    kick(c);
    due_at(server, c->end_by_us);
    return 0;
}

int grpcx_server_adopt_connection(struct grpcx_server *server, int fd, const struct grpcx_peer *peer) {
    struct grpcx_peer own = *peer;
    return adopt(server, fd, &own, NULL);
}

int grpcx_server_adopt_tls(struct grpcx_server *server, int fd, struct grpcx_tls *tls, int listener,
                           const char *address) {
    struct grpcx_peer peer = {.uid = (uid_t)-1, .gid = (gid_t)-1, .is_tls = true, .listener = listener};
    snprintf(peer.address, sizeof(peer.address), "%s", address);
    return adopt(server, fd, &peer, tls);
}

void grpcx_server_review(struct grpcx_server *server,
                         bool (*is_over)(void *userdata, const struct grpcx_peer *peer), void *userdata) {
    for (struct conn *c = server->conns, *next; c; c = next) {
        next = c->next;
        if (c->is_admitted && is_over(userdata, &c->peer))
            kill_conn(c);
    }
}

void grpcx_server_drain(struct grpcx_server *server) {
    server->draining = true;
    for (struct conn *c = server->conns; c; c = c->next) {
        nghttp2_submit_goaway(c->session, 0, nghttp2_session_get_last_proc_stream_id(c->session),
                              NGHTTP2_NO_ERROR, NULL, 0);
        kick(c);
    }
}

bool grpcx_server_drained(const struct grpcx_server *server) {
    return server->n_conns == 0;
}

size_t grpcx_server_connections(const struct grpcx_server *server) {
    return server->n_conns;
}

bool grpcx_server_serves(const struct grpcx_server *server, const char *service) {
    size_t len = strlen(service);
    for (const struct table *t = server->tables; t; t = t->next)
        for (size_t i = 0; i < t->n; i++) {
            const char *path = t->methods[i].path;
            if (path[0] == '/' && !strncmp(path + 1, service, len) && path[1 + len] == '/')
                return true;
        }
    return false;
}

int64_t grpcx_server_next_wakeup_us(const struct grpcx_server *server) {
    return server->next_us;
}

/* When the connection has waited too long for its reader; INT64_MAX when nothing waits. */
static int64_t stalled_us(const struct conn *c) {
    return evbuffer_get_length(bufferevent_get_output(c->bev))
               ? c->progress_us + c->server->o.stall_timeout_us
               : INT64_MAX;
}

void grpcx_server_advance(struct grpcx_server *server, int64_t at_us) {
    if (at_us < server->next_us)
        return;
    /* Found anew below; a call that comes in meanwhile may lower it. */
    server->next_us = INT64_MAX;
    int64_t next_us = INT64_MAX;
    for (struct conn *c = server->conns, *next; c; c = next) {
        next = c->next;
        if (c->end_by_us <= at_us || stalled_us(c) <= at_us) {
            if (c->is_shaking_hands)
                turn_away(c, "the handshake was not done in time");
            else
                kill_conn(c);
            continue;
        }
        for (struct grpcx_call *call = c->calls; call; call = call->next) {
            if (call->deadline_us <= at_us)
                fail_call(call, GRPCX_DEADLINE_EXCEEDED, "deadline exceeded");
            else if (call->deadline_us < next_us)
                next_us = call->deadline_us;
        }
        if (c->end_by_us < next_us)
            next_us = c->end_by_us;
        if (stalled_us(c) < next_us)
            next_us = stalled_us(c);
    }
    if (next_us < server->next_us)
        server->next_us = next_us;
    wakeup(server);
}
