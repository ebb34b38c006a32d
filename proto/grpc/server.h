#pragma once
/* gRPC server over HTTP/2 on libevent. Everything runs in the thread of the event_base. The program must
 * ignore SIGPIPE. */
#include "proto/grpc/clock.h"
#include "proto/grpc/status.h"
#include "proto/grpc/unpack.h"
#include <stdbool.h>
#include <sys/types.h>

struct event_base;
struct grpcx_server;
struct grpcx_call;

struct grpcx_tls;

/* Who is at the other end, as it was proved when the connection was made. groups and names are malloc'ed. */
struct grpcx_peer {
    uid_t uid; /* these of a Unix socket */
    gid_t gid;
    pid_t pid;
    gid_t *groups; /* supplementary */
    size_t n_groups;
    bool is_tls;
    char **names; /* of a client certificate: "URI:heliostat:host/pod/cube-07/host-03", "DNS:a.example" */
    size_t n_names;
    int64_t expires_s; /* of the certificate, since 1970 */
    int listener;      /* which socket it came in by: the owner's own number */
    char address[48];  /* numeric, without port, of a TLS one; "": not known */
};
void grpcx_peer_deinit(struct grpcx_peer *peer);

enum grpcx_kind {
    GRPCX_UNARY,
    GRPCX_SERVER_STREAMING,
    GRPCX_CLIENT_STREAMING,
    GRPCX_BIDI,
};

/* Unary and server streaming: called once with the request, which the call owns until it is freed.
 * Client streaming and bidi: called when the stream opens, with request NULL; the handler sets callbacks with
 * grpcx_call_set_callbacks(). The handler may finish at once or later. */
typedef void (*grpcx_handler)(struct grpcx_call *call, const ProtobufCMessage *request, void *userdata);

struct grpcx_method {
    const char *path; /* "/heliostat.v1.SliceService/CreateSlice" */
    const ProtobufCMessageDescriptor *request;
    enum grpcx_kind kind;
    grpcx_handler handler;
    void *userdata;
};

struct grpcx_server_options {
    struct grpcx_clock clock;
    size_t max_recv_bytes;        /* 0: 4 MiB */
    size_t max_send_bytes;        /* 0: 16 MiB */
    uint32_t max_streams;         /* concurrent, per connection; 0: 256 */
    size_t max_connections;       /* 0: 16384 */
    size_t max_connection_bytes;  /* received, unpacked or not yet sent, per connection; 0: 80 MiB */
    size_t max_total_bytes;       /* the same over all connections; 0: 1 GiB */
    size_t max_handshakes;        /* connections whose TLS handshake is not over; 0: 256 */
    int64_t handshake_timeout_us; /* to the client's SETTINGS; 0: 10 s */
    int64_t stall_timeout_us;     /* output waits and the client reads none of it; 0: 60 s */
    struct grpcx_unpack_limits unpack;
    void (*wakeup_changed)(void *userdata); /* grpcx_server_next_wakeup_us() moved; may be NULL */
    /* A piece of work for one connection is done: the owner may leave the rest to the next turn of its loop.
     * May be NULL. */
    void (*worked)(void *userdata);
    void *userdata;
};

/* methods[n_methods] and what it points to must outlive the server. 0, -EINVAL, -ENOMEM. */
__attribute__((warn_unused_result)) int grpcx_server_new(struct event_base *base,
                                                         const struct grpcx_server_options *options,
                                                         const struct grpcx_method *methods, size_t n_methods,
                                                         struct grpcx_server **ret_server);
/* Adds a further table, as above. */
__attribute__((warn_unused_result)) int
grpcx_server_add_methods(struct grpcx_server *server, const struct grpcx_method *methods, size_t n_methods);
/* Closes every connection (on_cancelled is called for open calls) and frees. NULL is fine. Not from a
 * callback. */
void grpcx_server_free(struct grpcx_server *server);
/* Who is let in. admit is called when the peer is known: at the adoption of a Unix connection, after the
 * handshake of a TLS one. False turns the connection away; *ret_session is for grpcx_call_session(). leave is
 * called when the connection is over, call_ended for every call that had reached its handler. */
struct grpcx_admission {
    bool (*admit)(void *userdata, const struct grpcx_peer *peer, void **ret_session);
    void (*leave)(void *userdata, void *session);
    void (*call_ended)(void *userdata, void *session);
    /* A TLS connection did not get as far as admit; text says why. May be NULL. */
    void (*turned_away)(void *userdata, const struct grpcx_peer *peer, const char *text);
    void *userdata;
};
/* Before the first connection; without it everybody is let in. */
void grpcx_server_set_admission(struct grpcx_server *server, const struct grpcx_admission *admission);
/* Takes over fd and what peer owns, also on failure; made non-blocking. 0, -ENOMEM, -ESHUTDOWN when draining,
 * -EUSERS when max_connections are open, -EACCES when it was not admitted. */
__attribute__((warn_unused_result)) int grpcx_server_adopt_connection(struct grpcx_server *server, int fd,
                                                                      const struct grpcx_peer *peer);
/* The same for a connection that begins with a TLS handshake. tls may be freed when this returns. -EUSERS
 * also when max_handshakes are under way. address: of the client, for grpcx_peer. */
__attribute__((warn_unused_result)) int grpcx_server_adopt_tls(struct grpcx_server *server, int fd,
                                                               struct grpcx_tls *tls, int listener,
                                                               const char *address);
/* Ends every connection for which is_over says so; not from a callback of the connection itself. */
void grpcx_server_review(struct grpcx_server *server,
                         bool (*is_over)(void *userdata, const struct grpcx_peer *peer), void *userdata);
/* GOAWAY to everybody; open calls go on; true from grpcx_server_drained() when no connection is left. */
void grpcx_server_drain(struct grpcx_server *server);
bool grpcx_server_drained(const struct grpcx_server *server);
size_t grpcx_server_connections(const struct grpcx_server *server);
/* Whether a method of "package.Service" is in a table. */
bool grpcx_server_serves(const struct grpcx_server *server, const char *service);

/* Not later than the earliest deadline or limit, INT64_MAX when there is none. */
int64_t grpcx_server_next_wakeup_us(const struct grpcx_server *server);
/* Applies what is due at now_us. */
void grpcx_server_advance(struct grpcx_server *server, int64_t now_us);

struct grpcx_call_callbacks {
    /* The client reset the call, its deadline passed, or the connection went. The call is freed after this
     * returns: drop every pointer to it and do not finish it. */
    void (*on_cancelled)(struct grpcx_call *call, void *userdata);
    void (*on_message)(struct grpcx_call *call, const ProtobufCMessage *msg, void *userdata);
    void (*on_half_close)(struct grpcx_call *call, void *userdata);
    /* grpcx_call_queued_bytes() went down to 0. */
    void (*on_drained)(struct grpcx_call *call, void *userdata);
    void *userdata;
};

void grpcx_call_set_callbacks(struct grpcx_call *call, const struct grpcx_call_callbacks *callbacks);
/* One message and OK, and the call is over: do not touch it any more. A failure to pack ends the call with a
 * status, so this cannot fail. */
void grpcx_call_reply(struct grpcx_call *call, const ProtobufCMessage *msg);
void grpcx_call_reply_packed(struct grpcx_call *call, const uint8_t *bytes, size_t len);
/* Queues one message of a stream. 0, -ENOMEM, -EMSGSIZE, or -ENOBUFS when the client reads too slowly (the
 * call stays open in each case); -EPIPE when it is over. */
__attribute__((warn_unused_result)) int grpcx_call_send(struct grpcx_call *call, const ProtobufCMessage *msg);
__attribute__((warn_unused_result)) int grpcx_call_send_packed(struct grpcx_call *call, const uint8_t *bytes,
                                                               size_t len);
/* Bytes given to grpcx_call_send() that the kernel has not taken, with those of the connection's other calls
 * that are framed. */
size_t grpcx_call_queued_bytes(const struct grpcx_call *call);
/* Keeps the call and its request in memory over its end, also that of its connection, until it is released
 * as often, or the server is freed. A call that is over may only be released. */
void grpcx_call_hold(struct grpcx_call *call);
void grpcx_call_release(struct grpcx_call *call);
/* Trailers after what is queued; message and details may be NULL. The call is over for the caller. Many
 * clients refuse trailers over 8 KiB: the message is cut at 2 KiB as percent-encoded, and details longer than
 * GRPCX_STATUS_DETAILS_MAX bytes are left out. */
#define GRPCX_STATUS_DETAILS_MAX 4096
void grpcx_call_finish(struct grpcx_call *call, enum grpcx_status status, const char *message,
                       const uint8_t *status_details_bin, size_t details_len);
const struct grpcx_peer *grpcx_call_peer(const struct grpcx_call *call);
/* What admit gave; NULL without it. */
void *grpcx_call_session(const struct grpcx_call *call);
/* The one request of a call that has one; NULL for a stream of them. */
const ProtobufCMessage *grpcx_call_request(const struct grpcx_call *call);
const struct grpcx_method *grpcx_call_method(const struct grpcx_call *call);
int64_t grpcx_call_deadline_us(const struct grpcx_call *call); /* INT64_MAX: none */
/* A slot for the handler's own pointer; starts NULL. */
void grpcx_call_set_data(struct grpcx_call *call, void *data);
void *grpcx_call_data(const struct grpcx_call *call);

/* A listening, non-blocking Unix socket at a pathname, with its lock on PATH.lock. */
struct grpcx_unix_listener {
    int fd;
    int lock_fd;
    char *path;
};

/* A dead socket file is removed only under the lock. 0, -EADDRINUSE when another process holds the lock,
 * -EEXIST when the path is no socket, or another negative errno. */
__attribute__((warn_unused_result)) int grpcx_listen_unix(const char *path, mode_t mode,
                                                          struct grpcx_unix_listener *ret_listener);
/* Closes, removes the socket file, releases the lock. */
void grpcx_unix_listener_deinit(struct grpcx_unix_listener *listener);
/* accept4() with SO_PEERCRED and SO_PEERGROUPS: as they were when the peer connected. *ret_fd is owned by the
 * caller, as is what *ret_peer owns. 0 or negative errno (-EAGAIN: nobody waits). */
__attribute__((warn_unused_result)) int grpcx_accept_unix(int listen_fd, int *ret_fd,
                                                          struct grpcx_peer *ret_peer);
