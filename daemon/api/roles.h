#pragma once
/* Who may do what: the table of the configuration, with every name resolved when it is loaded. */
#include "proto/grpc/server.h"
#include <stdbool.h>
#include <stdint.h>

/* Each contains those before it, but for ROLE_HOST, which reports and does nothing else. */
enum role { ROLE_NONE, ROLE_HOST, ROLE_VIEWER, ROLE_SCHEDULER, ROLE_OPERATOR, ROLE_ADMIN };

/* The texts of the configuration: entries separated by commas or blanks. An entry is user:NAME, user:#UID,
 * group:NAME, group:#GID, URI:... or DNS:... (a name in a client certificate). */
struct roles_text {
    const char *viewer, *scheduler, *operator_, *admin;
    const char *host_proxy; /* may report for every host; users and groups only */
    const char *host;       /* ENTRY=POD/cube-07/host-03: may report for that one */
    const char *quota;      /* ENTRY=CHIPS/SLICES; the first that matches counts; *=... for everybody else */
};

#define PRINCIPAL_MAX 64

/* What one client may do. */
struct rights {
    enum role role;
    char principal[PRINCIPAL_MAX]; /* "root", "uid:1001", "URI:heliostat:scheduler/a" */
    bool is_scoped;                /* a scheduler that sees no slices but its own */
    bool is_host_proxy;
    char host_pod[PRINCIPAL_MAX]; /* of a host; "" none */
    unsigned host_cube, host;
    int64_t quota_chips, quota_slices; /* -1: no limit */
};

struct roles;
#define ROLES_REFUSED 1
#define ROLES_ERROR_MAX 300
/* Root and own_uid are admin and host_proxy. 0, ROLES_REFUSED with a sentence in error, or -ENOMEM. */
__attribute__((warn_unused_result)) int roles_new(const struct roles_text *text, uid_t own_uid,
                                                  struct roles **ret_roles, char error[ROLES_ERROR_MAX]);
void roles_free(struct roles *roles); /* NULL is fine */
/* role ROLE_NONE: nobody that the table knows. */
void roles_find(const struct roles *roles, const struct grpcx_peer *peer, struct rights *ret_rights);
const char *role_name(enum role role); /* "scheduler" */
