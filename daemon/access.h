#pragma once
/* The parts of the configuration that say who may connect and do what, made ready for use as one: all of them
 * are good, or none is taken. */
#include "daemon/api/api.h"
#include "daemon/config.h"
#include "proto/grpc/tls.h"

struct access {
    struct roles *roles;
    struct grpcx_tls *tls; /* NULL without TLS */
    struct session_limits limits;
};

#define ACCESS_REFUSED 1
/* Resolves users and groups, reads certificates. 0, ACCESS_REFUSED with a sentence in
 * error[CONFIG_ERROR_MAX], or -ENOMEM. */
__attribute__((warn_unused_result)) int access_read(const struct config *config, struct access *ret_access,
                                                    char *error);
void access_deinit(struct access *access);
