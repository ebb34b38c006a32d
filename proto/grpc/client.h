#pragma once
/* gRPC client over a Unix socket, or TLS, on libevent; many clients may share one event_base and its thread.
 */
#include "proto/grpc/clock.h"
#include "proto/grpc/status.h"
#include "proto/grpc/unpack.h"
#include <stdbool.h>

struct event_base;
struct grpcx_client;
struct grpcx_client_call;

struct grpcx_client_options {
    struct grpcx_clock clock; /* now_us may be NULL: the client then keeps no deadlines of its own */
    size_t max_recv_bytes;    /* 0: 16 MiB */
    void (*wakeup_changed)(void *userdata); /* may be NULL */
    void (*on_closed)(struct grpcx_client *c,
                      void *userdata); /* once, after every call has ended; may be NULL */
    void *userdata;
};

/* How a call ended. Strings and bytes are valid during the callback; a blocking call hands over copies. */
struct grpcx_result {
    enum grpcx_status status;
    char *message;
    uint8_t *details; /* google.rpc.Status, or NULL */
    size_t details_len;
};
void grpcx_result_deinit(struct grpcx_result *result);

struct grpcx_client_callbacks {
    void (*on_message)(struct grpcx_client_call *call, const ProtobufCMessage *msg,
                       void *userdata); /* may be NULL */
    /* Exactly once, unless the owner frees the client; the call is gone after it. */
    void (*on_done)(struct grpcx_client_call *call, const struct grpcx_result *result, void *userdata);
    void *userdata;
};

/* Connects at once (a Unix socket does not wait). options NULL: defaults. 0 or negative errno. */
__attribute__((warn_unused_result)) int grpcx_client_connect_unix(struct event_base *base, const char *path,
                                                                  const struct grpcx_client_options *options,
                                                                  struct grpcx_client **ret_client);
/* With TLS on a connected TCP socket, which is taken over, also on failure. server_name: the name or address
 * that the server's certificate must be for. tls may be freed when this returns. A handshake that fails ends
 * every call with UNAVAILABLE and the reason. */
struct grpcx_tls;
__attribute__((warn_unused_result)) int grpcx_client_adopt_tls(struct event_base *base, int fd,
                                                               struct grpcx_tls *tls, const char *server_name,
                                                               const struct grpcx_client_options *options,
                                                               struct grpcx_client **ret_client);
/* The same on a connected fd, which is taken over, also on failure. */
__attribute__((warn_unused_result)) int grpcx_client_adopt(struct event_base *base, int fd,
                                                           const struct grpcx_client_options *options,
                                                           struct grpcx_client **ret_client);
/* Open calls end with CANCELLED first. NULL is fine. Not from a callback. */
void grpcx_client_free(struct grpcx_client *client);
struct event_base *grpcx_client_base(const struct grpcx_client *client);
bool grpcx_client_is_open(const struct grpcx_client *client);
int64_t grpcx_client_next_wakeup_us(const struct grpcx_client *client);
void grpcx_client_advance(struct grpcx_client *client, int64_t now_us);

/* Opens a call. request NULL: the stream stays open for grpcx_client_send(); otherwise it is sent and the
 * sending side closed (unary, server streaming). timeout_ms 0: no deadline; otherwise sent as grpc-timeout.
 * The callbacks never run inside this function. 0, -ENOTCONN, -ENOMEM. */
__attribute__((warn_unused_result)) int
grpcx_client_call(struct grpcx_client *client, const char *method, const ProtobufCMessage *request,
                  const ProtobufCMessageDescriptor *response, int64_t timeout_ms,
                  const struct grpcx_client_callbacks *callbacks, struct grpcx_client_call **ret_call);
__attribute__((warn_unused_result)) int grpcx_client_send(struct grpcx_client_call *call,
                                                          const ProtobufCMessage *msg);
void grpcx_client_half_close(struct grpcx_client_call *call);
size_t grpcx_client_queued_bytes(const struct grpcx_client_call *call);
/* RST_STREAM(CANCEL); on_done follows with CANCELLED, a loop turn later. */
void grpcx_client_cancel(struct grpcx_client_call *call);

typedef void (*grpcx_unary_done)(const ProtobufCMessage *response, const struct grpcx_result *result,
                                 void *userdata);
/* response is NULL unless the status is OK. Same results as grpcx_client_call(). */
__attribute__((warn_unused_result)) int
grpcx_client_call_unary(struct grpcx_client *client, const char *method, const ProtobufCMessage *request,
                        const ProtobufCMessageDescriptor *response, int64_t timeout_ms, grpcx_unary_done done,
                        void *userdata);

/* For command line tools: spin the event_base until the call ends. *ret_response (grpcx_unpack_free()) is
 * NULL unless the status is OK; *ret_result is set whenever 0 is returned: grpcx_result_deinit(). The limit
 * is kept on this side too. 0, -ENOTCONN, -ENOMEM. */
__attribute__((warn_unused_result)) int
grpcx_client_unary_blocking(struct grpcx_client *client, const char *method, const ProtobufCMessage *request,
                            const ProtobufCMessageDescriptor *response, int64_t timeout_ms,
                            ProtobufCMessage **ret_response, struct grpcx_result *ret_result);

struct grpcx_stream_reader;
__attribute__((warn_unused_result)) int grpcx_stream_open(struct grpcx_client *client, const char *method,
                                                          const ProtobufCMessage *request,
                                                          const ProtobufCMessageDescriptor *response,
                                                          int64_t timeout_ms,
                                                          struct grpcx_stream_reader **ret_reader);
#define GRPCX_STREAM_END 1
/* Waits for the next message (owned by the caller). 0, GRPCX_STREAM_END (see grpcx_stream_result()),
 * -ETIMEDOUT after wait_ms (negative: no limit). */
__attribute__((warn_unused_result)) int grpcx_stream_next(struct grpcx_stream_reader *reader, int64_t wait_ms,
                                                          ProtobufCMessage **ret_msg);
/* Owned by the reader; valid after GRPCX_STREAM_END. */
const struct grpcx_result *grpcx_stream_result(const struct grpcx_stream_reader *reader);
void grpcx_stream_close(struct grpcx_stream_reader *reader); /* cancels what is still open */
