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
    u->done(result->status == GRPCX_OK ? u->msg : NULL,
            result->status == GRPCX_OK && !u->msg ? &lost : result, u->userdata);
    grpcx_unpack_free(u->msg);
    free(u);
}

int grpcx_client_call_unary(struct grpcx_client *client, const char *method, const ProtobufCMessage *request,
                            const ProtobufCMessageDescriptor *response, int64_t timeout_ms,
                            grpcx_unary_done done, void *userdata) {
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

/* Ends event_base_loop() when the limit passes: a command line tool has no other timer of its own. */
static void on_limit(evutil_socket_t fd, short what, void *userdata) {
    *(bool *)userdata = true;
}

static bool spin(struct event_base *base, const bool *done, int64_t limit_ms) {
    bool late = false;
    struct timeval tv = {.tv_sec = limit_ms / 1000, .tv_usec = limit_ms % 1000 * 1000};
    struct event *timer = limit_ms > 0 ? event_new(base, -1, 0, on_limit, &late) : NULL;
    if (timer)
        event_add(timer, &tv);
    while (!*done && !late)
        if (event_base_loop(base, EVLOOP_ONCE) != 0)
            break;
    if (timer)
        event_free(timer);
    return *done;
}

struct item {
    struct item *next;
    ProtobufCMessage *msg;
};

struct grpcx_stream_reader {
    struct event_base *base;
    struct grpcx_client_call *call;
    const ProtobufCMessageDescriptor *response;
    struct item *first, **last;
    bool ready, ended;
    struct grpcx_result result;
};

static void stream_message(struct grpcx_client_call *call, const ProtobufCMessage *msg, void *userdata) {
    struct grpcx_stream_reader *r = userdata;
    size_t len = protobuf_c_message_get_packed_size(msg);
    struct item *item = calloc(1, sizeof(*item));
    uint8_t *bytes = malloc(len + 1);
    if (item && bytes) {
        protobuf_c_message_pack(msg, bytes);
        item->msg = protobuf_c_message_unpack(r->response, NULL, len, bytes);
    }
    free(bytes);
    if (!item || !item->msg) {
        free(item);
        grpcx_client_cancel(call);
        return;
    }
    *r->last = item;
    r->last = &item->next;
    r->ready = true;
}

static void stream_done(struct grpcx_client_call *call, const struct grpcx_result *result, void *userdata) {
    struct grpcx_stream_reader *r = userdata;
    r->call = NULL;
    r->ended = r->ready = true;
    r->result.status = result->status;
    r->result.message = strdup(result->message ? result->message : "");
    if (result->details_len && (r->result.details = malloc(result->details_len))) {
        memcpy(r->result.details, result->details, result->details_len);
        r->result.details_len = result->details_len;
    }
}

int grpcx_stream_open(struct grpcx_client *client, const char *method, const ProtobufCMessage *request,
                      const ProtobufCMessageDescriptor *response, int64_t timeout_ms,
                      struct grpcx_stream_reader **ret_reader) {
    struct grpcx_stream_reader *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    struct grpcx_client_callbacks cb = {stream_message, stream_done, r};
    r->base = grpcx_client_base(client);
    r->response = response;
    r->last = &r->first;
    int e = grpcx_client_call(client, method, request, response, timeout_ms, &cb, &r->call);
    if (e < 0) {
        free(r);
        return e;
    }
    *ret_reader = r;
    return 0;
}

int grpcx_stream_next(struct grpcx_stream_reader *reader, int64_t wait_ms, ProtobufCMessage **ret_msg) {
    reader->ready = reader->first || reader->ended;
    if (!reader->ready && (wait_ms == 0 || !spin(reader->base, &reader->ready, wait_ms)))
        return -ETIMEDOUT;
    struct item *item = reader->first;
    if (!item)
        return GRPCX_STREAM_END;
    reader->first = item->next;
    if (!reader->first)
        reader->last = &reader->first;
    *ret_msg = item->msg;
    free(item);
    return 0;
}

const struct grpcx_result *grpcx_stream_result(const struct grpcx_stream_reader *reader) {
    return &reader->result;
}

void grpcx_stream_close(struct grpcx_stream_reader *reader) {
    if (!reader)
        return;
    if (reader->call) {
        grpcx_client_cancel(reader->call);
        spin(reader->base, &reader->ended, 1000);
    }
    while (reader->first) {
        struct item *item = reader->first;
        reader->first = item->next;
        grpcx_unpack_free(item->msg);
        free(item);
    }
    grpcx_result_deinit(&reader->result);
    free(reader);
}

int grpcx_client_unary_blocking(struct grpcx_client *client, const char *method,
                                const ProtobufCMessage *request, const ProtobufCMessageDescriptor *response,
                                int64_t timeout_ms, ProtobufCMessage **ret_response,
                                struct grpcx_result *ret_result) {
    struct grpcx_stream_reader *r;
    int e = grpcx_stream_open(client, method, request, response, timeout_ms, &r);
    if (e < 0)
        return e;
    bool done = spin(r->base, &r->ended, timeout_ms);
    *ret_response = NULL;
    if (!done) {
        *ret_result =
            (struct grpcx_result){.status = GRPCX_DEADLINE_EXCEEDED, .message = strdup("deadline exceeded")};
    } else {
        *ret_result = r->result;
        r->result = (struct grpcx_result){0};
        if (ret_result->status == GRPCX_OK && r->first) {
            *ret_response = r->first->msg;
            r->first->msg = NULL;
        } else if (ret_result->status == GRPCX_OK) {
            ret_result->status = GRPCX_INTERNAL;
        }
    }
    grpcx_stream_close(r);
    return 0;
}
