#pragma once
/* heliostatd as a whole: the one place that knows the loop, the store, the fabric and the API. */
#include "daemon/config.h"
#include <sys/types.h>

struct daemon_options {
    const char *db_path, *socket_path;
    bool is_restored; /* the database is a copy: take a new store_id */
    struct config config;
    /* Reads the configuration anew, for SIGHUP. 0, or nonzero with a sentence in error[CONFIG_ERROR_MAX]. */
    int (*read_config)(void *userdata, struct config *ret_config, char *error);
    void *userdata;
    const char *vfs; /* SQLite VFS; NULL: the default one */
};

struct heliostatd;

#define DAEMON_ERROR_MAX 400
#define DAEMON_REFUSED 1
/* Takes the socket and the database, loads, listens. 0, or DAEMON_REFUSED with a sentence in
 * error[DAEMON_ERROR_MAX]. */
__attribute__((warn_unused_result)) int daemon_new(const struct daemon_options *options,
                                                   struct heliostatd **ret_daemon, char *error);
/* Until SIGTERM or SIGINT: then no new connections, open calls end, at most DAEMON_DRAIN_S seconds; a second
 * signal ends at once. 0 or negative errno. */
#define DAEMON_DRAIN_S 5
__attribute__((warn_unused_result)) int daemon_run(struct heliostatd *daemon);
/* Commits what was accepted, closes everything. NULL is fine. */
void daemon_free(struct heliostatd *daemon);
