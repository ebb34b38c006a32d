#include "daemon/access.h"

#include <stdio.h>
#include <unistd.h>

static int read_roles(const struct config *config, struct roles **ret_roles, char *error) {
    const struct roles_text text = {.viewer = config->roles_viewer,
                                    .scheduler = config->roles_scheduler,
                                    .operator_ = config->roles_operator,
                                    .admin = config->roles_admin,
                                    .host = config->roles_host,
                                    .host_proxy = config->roles_host_proxy,
                                    .quota = config->roles_quota};
    char why[ROLES_ERROR_MAX];
    int r = roles_new(&text, geteuid(), ret_roles, why);
    if (r == ROLES_REFUSED)
        snprintf(error, CONFIG_ERROR_MAX, "%s", why);
    return r == ROLES_REFUSED ? ACCESS_REFUSED : r;
}

static int read_tls(const struct config *config, struct grpcx_tls **ret_tls, char *error) {
    const struct grpcx_tls_files files = {.certificate = config->listen_tls_certificate,
                                          .key = config->listen_tls_key,
                                          .authorities = config->listen_tls_authorities};
    int r = grpcx_tls_new(&files, true, ret_tls, error, CONFIG_ERROR_MAX);
    return r == GRPCX_TLS_REFUSED ? ACCESS_REFUSED : r;
}

int access_read(const struct config *config, struct access *ret_access, char *error) {
    struct access access = {.limits = {.requests_per_s = config->limits_requests_per_s,
                                       .total_requests_per_s = config->limits_total_requests_per_s,
                                       .connections = config->limits_connections,
                                       .streams = config->limits_streams,
                                       .host_reports_per_s = config->limits_host_reports_per_s}};
    int r = read_roles(config, &access.roles, error);
    if (r == 0 && *config->listen_tls_address)
        r = read_tls(config, &access.tls, error);
    if (r) {
        access_deinit(&access);
        return r;
    }
    *ret_access = access;
    return 0;
}

void access_deinit(struct access *access) {
    roles_free(access->roles);
    grpcx_tls_free(access->tls);
    *access = (struct access){0};
}
