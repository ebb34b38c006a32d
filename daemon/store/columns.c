#include "daemon/store/columns.h"

#include <string.h>

#define COLUMN(record, field)                                                                                \
    {                                                                                                        \
#field,                                                                                              \
            _Generic(((struct record *)0)->field,                                                            \
                     int64_t: STORE_COLUMN_INTEGER,                                                          \
                     const char *: STORE_COLUMN_TEXT),                                                       \
            offsetof(struct record, field)       \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct store_column pod_columns[] = {
    COLUMN(store_pod, pod_id),
    COLUMN(store_pod, name),
    COLUMN(store_pod, model),
    COLUMN(store_pod, largest_slice_cubes),
    COLUMN(store_pod, frozen),
    COLUMN(store_pod, frozen_text),
    COLUMN(store_pod, revision),
    COLUMN(store_pod, spares),
    COLUMN(store_pod, spares_per_domain),
};

static const struct store_column cube_columns[] = {
    COLUMN(store_cube, pod_id),
    COLUMN(store_cube, cube),
    COLUMN(store_cube, name),
    COLUMN(store_cube, row),
    COLUMN(store_cube, power_domain),
    COLUMN(store_cube, health),
    COLUMN(store_cube, health_cause),
    COLUMN(store_cube, health_source),
    COLUMN(store_cube, health_since_us),
    COLUMN(store_cube, mark),
    COLUMN(store_cube, mark_reason),
    COLUMN(store_cube, mark_by),
    COLUMN(store_cube, scheduling),
    COLUMN(store_cube, scheduling_reason),
    COLUMN(store_cube, scheduling_by),
    COLUMN(store_cube, is_spare),
    COLUMN(store_cube, revision),
    COLUMN(store_cube, scheduling_since_us),
    COLUMN(store_cube, drain_by_us),
};

static const struct store_column host_columns[] = {
    COLUMN(store_host, pod_id),    COLUMN(store_host, cube),    COLUMN(store_host, host),
    COLUMN(store_host, node_name), COLUMN(store_host, address),
};

static const struct store_column chip_columns[] = {
    COLUMN(store_chip, pod_id), COLUMN(store_chip, cube),   COLUMN(store_chip, x),    COLUMN(store_chip, y),
    COLUMN(store_chip, z),      COLUMN(store_chip, serial), COLUMN(store_chip, host),
};

static const struct store_column ocs_columns[] = {
    COLUMN(store_ocs, pod_id),   COLUMN(store_ocs, ocs),         COLUMN(store_ocs, name),
    COLUMN(store_ocs, address),  COLUMN(store_ocs, ports_a),     COLUMN(store_ocs, ports_b),
    COLUMN(store_ocs, product),  COLUMN(store_ocs, serial),      COLUMN(store_ocs, power_domain),
    COLUMN(store_ocs, revision), COLUMN(store_ocs, test_port_a), COLUMN(store_ocs, test_port_b),
};

static const struct store_column fiber_columns[] = {
    COLUMN(store_fiber, pod_id),     COLUMN(store_fiber, cube), COLUMN(store_fiber, face),
    COLUMN(store_fiber, link_index), COLUMN(store_fiber, ocs),  COLUMN(store_fiber, side),
    COLUMN(store_fiber, port),
};

static const struct store_column slice_columns[] = {
    COLUMN(store_slice, uid),
    COLUMN(store_slice, generation),
    COLUMN(store_slice, is_former),
    COLUMN(store_slice, name),
    COLUMN(store_slice, pod_id),
    COLUMN(store_slice, topology),
    COLUMN(store_slice, host_mask),
    COLUMN(store_slice, state),
    COLUMN(store_slice, cause),
    COLUMN(store_slice, owner),
    COLUMN(store_slice, disruption),
    COLUMN(store_slice, tolerate_x),
    COLUMN(store_slice, tolerate_y),
    COLUMN(store_slice, tolerate_z),
    COLUMN(store_slice, is_pinned),
    COLUMN(store_slice, use_spares),
    COLUMN(store_slice, is_held),
    COLUMN(store_slice, was_ready),
    COLUMN(store_slice, qualified),
    COLUMN(store_slice, fingerprint),
    COLUMN(store_slice, missing),
    COLUMN(store_slice, failed),
    COLUMN(store_slice, created_us),
    COLUMN(store_slice, connect_by_us),
    COLUMN(store_slice, unverified_since_us),
    COLUMN(store_slice, operation_id),
    COLUMN(store_slice, revision),
    COLUMN(store_slice, pending),
    COLUMN(store_slice, pending_why),
    COLUMN(store_slice, pending_cause),
    COLUMN(store_slice, pending_since_us),
    COLUMN(store_slice, pending_by_us),
    COLUMN(store_slice, is_overdue),
    COLUMN(store_slice, fresh),
    COLUMN(store_slice, tries),
    COLUMN(store_slice, lease_ttl_us),
    COLUMN(store_slice, lease_grace_us),
    COLUMN(store_slice, orphaned_since_us),
};

static const struct store_column slice_label_columns[] = {
    COLUMN(store_slice_label, uid),
    COLUMN(store_slice_label, key),
    COLUMN(store_slice_label, value),
};

static const struct store_column position_columns[] = {
    COLUMN(store_position, uid),
    COLUMN(store_position, generation),
    COLUMN(store_position, position),
    COLUMN(store_position, cube),
};

static const struct store_column operation_columns[] = {
    COLUMN(store_operation, operation_id), COLUMN(store_operation, kind),
    COLUMN(store_operation, slices),       COLUMN(store_operation, state),
    COLUMN(store_operation, text),         COLUMN(store_operation, created_us),
    COLUMN(store_operation, done_us),      COLUMN(store_operation, revision),
    COLUMN(store_operation, owner),
};

static const struct store_column request_columns[] = {
    COLUMN(store_request, principal),  COLUMN(store_request, method),
    COLUMN(store_request, request_id), COLUMN(store_request, request_hash),
    COLUMN(store_request, uid),        COLUMN(store_request, operation_id),
    COLUMN(store_request, object),     COLUMN(store_request, completed_us),
};

static const struct store_column event_columns[] = {
    COLUMN(store_event, revision),  COLUMN(store_event, time_us), COLUMN(store_event, kind),
    COLUMN(store_event, pod),       COLUMN(store_event, object),  COLUMN(store_event, actor),
    COLUMN(store_event, cause),     COLUMN(store_event, before),  COLUMN(store_event, after),
    COLUMN(store_event, slice_uid), COLUMN(store_event, owner),
};

static const struct store_column alarm_columns[] = {
    COLUMN(store_alarm, alarm_id),   COLUMN(store_alarm, raised_us), COLUMN(store_alarm, kind),
    COLUMN(store_alarm, pod),        COLUMN(store_alarm, object),    COLUMN(store_alarm, text),
    COLUMN(store_alarm, what_to_do),
};

static const struct store_column audit_columns[] = {
    COLUMN(store_audit, audit_id), COLUMN(store_audit, time_us), COLUMN(store_audit, actor),
    COLUMN(store_audit, method),   COLUMN(store_audit, object),  COLUMN(store_audit, request),
    COLUMN(store_audit, outcome),  COLUMN(store_audit, hash),
};

static const struct store_column refusal_columns[] = {
    COLUMN(store_refusal, principal), COLUMN(store_refusal, method),   COLUMN(store_refusal, request_hash),
    COLUMN(store_refusal, reason),    COLUMN(store_refusal, object),   COLUMN(store_refusal, text),
    COLUMN(store_refusal, count),     COLUMN(store_refusal, first_us), COLUMN(store_refusal, last_us),
};

static const struct store_column maintenance_columns[] = {
    COLUMN(store_maintenance, pod_id),        COLUMN(store_maintenance, object),
    COLUMN(store_maintenance, kind),          COLUMN(store_maintenance, cube),
    COLUMN(store_maintenance, host),          COLUMN(store_maintenance, face),
    COLUMN(store_maintenance, link_index),    COLUMN(store_maintenance, ocs),
    COLUMN(store_maintenance, side),          COLUMN(store_maintenance, port),
    COLUMN(store_maintenance, move_to),       COLUMN(store_maintenance, reason),
    COLUMN(store_maintenance, begun_by),      COLUMN(store_maintenance, since_us),
    COLUMN(store_maintenance, disrupt),       COLUMN(store_maintenance, is_failed),
    COLUMN(store_maintenance, stage),         COLUMN(store_maintenance, is_stopped),
    COLUMN(store_maintenance, is_ending),     COLUMN(store_maintenance, uid_at),
    COLUMN(store_maintenance, allowed),       COLUMN(store_maintenance, state),
    COLUMN(store_maintenance, safe_since_us),
};

static const struct store_column qualification_columns[] = {
    COLUMN(store_qualification, pod_id),   COLUMN(store_qualification, cube),
    COLUMN(store_qualification, partner),  COLUMN(store_qualification, state),
    COLUMN(store_qualification, begun_by), COLUMN(store_qualification, since_us),
    COLUMN(store_qualification, done_us),  COLUMN(store_qualification, text),
    COLUMN(store_qualification, findings), COLUMN(store_qualification, hosts),
};

static const struct store_column baseline_columns[] = {
    COLUMN(store_baseline, pod_id),   COLUMN(store_baseline, ocs),        COLUMN(store_baseline, port),
    COLUMN(store_baseline, a),        COLUMN(store_baseline, power_mdbm), COLUMN(store_baseline, has_loss),
    COLUMN(store_baseline, loss_mdb), COLUMN(store_baseline, has_back),   COLUMN(store_baseline, back_mdb),
    COLUMN(store_baseline, since_us),
};

static const struct store_column restore_columns[] = {
    COLUMN(store_restore, pod_id), COLUMN(store_restore, domain),   COLUMN(store_restore, open_ocses),
    COLUMN(store_restore, stage),  COLUMN(store_restore, since_us),
};

#define TABLE(table, keys, raised, append_only)                                                              \
    {                                                                                                        \
        .name = #table, .record_size = sizeof(struct store_##table), .n_keys = keys,                         \
        .n_columns = COUNT(table##_columns), .columns = table##_columns, .counter = raised,                  \
        .is_append_only = append_only                                                                        \
    }

const struct store_table_info store_table_info[STORE_TABLES] = {
    [STORE_POD] = TABLE(pod, 1, STORE_COUNTER_POD, false),
    [STORE_CUBE] = TABLE(cube, 2, STORE_COUNTERS, false),
    [STORE_HOST] = TABLE(host, 3, STORE_COUNTERS, false),
    [STORE_CHIP] = TABLE(chip, 5, STORE_COUNTERS, false),
    [STORE_OCS] = TABLE(ocs, 2, STORE_COUNTERS, false),
    [STORE_FIBER] = TABLE(fiber, 4, STORE_COUNTERS, false),
    [STORE_SLICE] = TABLE(slice, 2, STORE_COUNTER_UID, false),
    [STORE_SLICE_LABEL] = TABLE(slice_label, 2, STORE_COUNTERS, false),
    [STORE_POSITION] = TABLE(position, 3, STORE_COUNTERS, false),
    [STORE_OPERATION] = TABLE(operation, 1, STORE_COUNTER_OPERATION, false),
    [STORE_REQUEST] = TABLE(request, 3, STORE_COUNTERS, false),
    [STORE_EVENT] = TABLE(event, 1, STORE_COUNTER_REVISION, false),
    [STORE_ALARM] = TABLE(alarm, 1, STORE_COUNTER_ALARM, false),
    [STORE_AUDIT] = TABLE(audit, 1, STORE_COUNTER_AUDIT, true),
    [STORE_REFUSAL] = TABLE(refusal, 3, STORE_COUNTERS, false),
    [STORE_MAINTENANCE] = TABLE(maintenance, 2, STORE_COUNTERS, false),
    [STORE_QUALIFICATION] = TABLE(qualification, 2, STORE_COUNTERS, false),
    [STORE_BASELINE] = TABLE(baseline, 3, STORE_COUNTERS, false),
    [STORE_RESTORE] = TABLE(restore, 1, STORE_COUNTERS, false),
};

int64_t store_column_integer(const struct store_column *column, const void *record) {
    int64_t value;
    memcpy(&value, (const char *)record + column->offset, sizeof(value));
    return value;
}

const char *store_column_text(const struct store_column *column, const void *record) {
    const char *text;
    memcpy(&text, (const char *)record + column->offset, sizeof(text));
    return text != NULL ? text : "";
}

void store_column_set_integer(const struct store_column *column, void *record, int64_t value) {
    memcpy((char *)record + column->offset, &value, sizeof(value));
}

void store_column_set_text(const struct store_column *column, void *record, const char *text) {
    memcpy((char *)record + column->offset, &text, sizeof(text));
}
