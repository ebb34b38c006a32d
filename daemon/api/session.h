#pragma once
/* One for each connection: who its client is and what it may do, and how much it asks for. Clients are told
 * apart by their principal, however many connections they have. */
#include "daemon/api/roles.h"
#include "proto/grpc/clock.h"

/* Limits of one client and of all together; 0: none. Admins have none of their own. */
struct session_limits {
    int64_t requests_per_s, total_requests_per_s;
    int64_t connections, streams; /* of one client, at the same time */
    int64_t host_reports_per_s;   /* of one host, which may also send this many at once */
};

struct sessions;
struct sessions_options {
    struct grpcx_server *server;
    const struct roles *roles; /* the caller's, until it is replaced */
    struct session_limits limits;
    int read_only_listener; /* grpcx_peer.listener: clients from there only look */
    struct grpcx_clock clock, wall_clock;
    /* A connection was not let in. who: a principal, or "tls:ADDRESS". */
    void (*turned_away)(void *userdata, const char *who, const char *text);
    void *userdata;
};
/* Registers with the server. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int sessions_new(const struct sessions_options *options,
                                                     struct sessions **ret_sessions);
void sessions_free(struct sessions *sessions); /* free the server first; NULL is fine */
/* Another table: every session is judged anew at its next call; connections whose owner has no role any more
 * are closed. */
void sessions_set_roles(struct sessions *sessions, const struct roles *roles);
void sessions_set_limits(struct sessions *sessions, const struct session_limits *limits);
/* Closes the connections of certificates that have ended. */
void sessions_review(struct sessions *sessions);

/* What the client of a call may do, by the table as it is now. */
const struct rights *session_rights(const struct grpcx_call *call);
/* Counts a call that begins. False, with a sentence in text, when it is one too many. */
bool session_begin_call(const struct grpcx_call *call, bool is_report, char *text, size_t text_size);
/* Another number after every sessions_set_roles(). */
uint64_t sessions_epoch(const struct sessions *sessions);
