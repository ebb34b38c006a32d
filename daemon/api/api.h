#pragma once
/* The public services on a gRPC server, over one fabric. Loop thread only. Nothing here blocks, reads a clock
 * or arms a timer. */
#include "daemon/fabric/fabric.h"
#include "daemon/store/audit_query.h"
#include "daemon/api/session.h"

struct api;
struct grpcx_server;

struct api_options {
    struct fabric *fabric;
    struct grpcx_server *server;
    struct grpcx_clock clock, wall_clock; /* monotonic; since 1970 */
    int64_t report_ttl_us;                /* told to hosts in every reply */
    const struct roles *roles;            /* the caller's, until api_set_roles() */
    struct session_limits limits;
    int read_only_listener; /* grpcx_peer.listener of the socket on which clients only look */
    /* Writes a marked copy of the database to path on another thread; done is called later in the loop's
     * thread, with 0 or a negative errno and a sentence. 0, or -ENOMEM, -EBUSY while another one runs. */
    int (*backup)(void *userdata, const char *path,
                  void (*done)(void *done_userdata, int result, const char *error), void *done_userdata);
    /* Reads the audit trail on another thread; done is called later in the loop's thread. 0, or -ENOMEM,
     * -EBUSY while others do. */
    int (*audit)(void *userdata, const struct audit_query *query,
                 void (*done)(void *done_userdata, const struct audit_result *result), void *done_userdata);
    /* Calls run(job) on another thread and then done(job) in the loop's. 0, or a negative errno: neither is
     * called; -ECANCELED: the daemon stops. */
    int (*compute)(void *userdata, void (*run)(void *job), void (*done)(void *job), void *job);
    /* A connection was turned away, and that is not the same as within the last hour: for the log. */
    void (*turned_away)(void *userdata, const char *who, const char *text);
    /* Something was asked of the fabric: fabric_advance() and then api_advance() are due at the end of this
     * turn. */
    void (*needs_advance)(void *userdata);
    void *userdata;
};

/* Registers every service. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int api_new(const struct api_options *options, struct api **ret_api);
/* Ends every stream that would go on for ever, with UNAVAILABLE: the daemon stops. */
void api_end_streams(struct api *api);
/* Free the server first: its open calls end inside the API. */
void api_free(struct api *api);

/* Other roles or limits, for the connections that are there too. */
void api_set_roles(struct api *api, const struct roles *roles);
void api_set_limits(struct api *api, const struct session_limits *limits);

/* What the fabric's listener says, passed on. */
void api_on_event(struct api *api, const struct fabric_event *event);
void api_on_slice(struct api *api, const struct fabric_slice *slice);
void api_on_operation(struct api *api, const struct fabric_operation *operation);
void api_on_read(struct api *api, const struct fabric_ocs *ocs, bool ok);

int64_t api_next_wakeup_us(const struct api *api);
/* Sends what was collected, then what is due. At the end of every turn in which something was fed in. */
void api_advance(struct api *api, int64_t now_us);
