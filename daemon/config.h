#pragma once
/* The daemon's configuration: a file of [section] and `key = value` lines, and --set section.key=value. One
 * table (config_table.c) says what there is. */
#include "daemon/fabric/fabric.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_TEXT_MAX 2048 /* bytes of a text with its NUL */

/* Units are in the names. */
struct config {
    int64_t health_report_ttl_ms, health_host_silent_ms;
    int64_t slice_activation_timeout_s;
    int64_t ocs_audit_period_s, ocs_answer_timeout_ms, ocs_guard_ms, ocs_late_guard_ms;
    int64_t store_stall_ms;
    int64_t blind_window_ms, blind_percent;
    bool ocs_repair_drift;
    int64_t ocs_insertion_loss_mdb, ocs_fiber_loss_mdb, ocs_loss_drift_mdb;
    char roles_viewer[CONFIG_TEXT_MAX], roles_scheduler[CONFIG_TEXT_MAX], roles_operator[CONFIG_TEXT_MAX],
        roles_admin[CONFIG_TEXT_MAX], roles_host[CONFIG_TEXT_MAX], roles_host_proxy[CONFIG_TEXT_MAX],
        roles_quota[CONFIG_TEXT_MAX];
    int64_t limits_requests_per_s, limits_total_requests_per_s, limits_connections, limits_total_connections,
        limits_streams, limits_host_reports_per_s;
    int64_t listen_socket_mode, listen_read_only_socket_mode;
    char listen_read_only_socket[CONFIG_TEXT_MAX], listen_tls_address[CONFIG_TEXT_MAX],
        listen_tls_certificate[CONFIG_TEXT_MAX], listen_tls_key[CONFIG_TEXT_MAX],
        listen_tls_authorities[CONFIG_TEXT_MAX];
    int64_t repair_settle_ms, repair_answer_within_s, repair_limit_per_hour, repair_max_cubes_at_once,
        repair_new_cube_tries;
    int64_t restore_many_slices, restore_pass_percent;
    int64_t health_flap_count, health_flap_window_s, health_flap_quiet_s;
    int64_t audit_keep_s, audit_head_period_s;
};

enum config_kind { CONFIG_INTEGER, CONFIG_BOOLEAN, CONFIG_MODE /* octal */, CONFIG_TEXT };

struct config_key {
    const char *section, *name;
    enum config_kind kind;
    const char *unit;         /* "" : none */
    int64_t min, max, preset; /* not of a text: its preset is "" */
    size_t offset;            /* in struct config */
    bool is_reloadable;       /* takes effect without a restart */
    const char *help;         /* a sentence */
};

extern const struct config_key config_keys[];
extern const size_t config_n_keys;

#define CONFIG_REFUSED 1
#define CONFIG_ERROR_MAX 400

void config_init(struct config *config);
/* "section.key=value". 0 or CONFIG_REFUSED with a sentence in error[CONFIG_ERROR_MAX]. */
__attribute__((warn_unused_result)) int config_set(struct config *config, const char *assignment,
                                                   char *error);
/* A whole file; name is for messages ("NAME:12: ..."). Nothing of config is changed unless all of it is good.
 * 0, CONFIG_REFUSED or -ENOMEM. */
__attribute__((warn_unused_result)) int config_read_text(struct config *config, const char *name,
                                                         const char *text, size_t length, char *error);
__attribute__((warn_unused_result)) int config_read_file(struct config *config, const char *path,
                                                         char *error);
/* What no single key can say. 0 or CONFIG_REFUSED. After the last set. */
__attribute__((warn_unused_result)) int config_check(const struct config *config, char *error);
/* As a file that config_read_file() takes, with every key, its bounds and its help. */
void config_print(const struct config *config, FILE *to);
/* The first key that differs and takes effect at a start only; NULL: none. */
const struct config_key *config_fixed_difference(const struct config *before, const struct config *after);
struct fabric_settings config_fabric_settings(const struct config *config);
