#include "daemon/fabric/words.h"

#include <stddef.h>

#define NAME_OF(table, number)                                                                               \
    ((size_t)(number) < sizeof(table) / sizeof((table)[0]) ? (table)[number] : "UNKNOWN_NUMBER")

const char *health_name(enum health health) {
    static const char *const names[] = {"NONE", "HEALTHY", "DEGRADED", "UNHEALTHY", "UNKNOWN"};
    return NAME_OF(names, health);
}

const char *scheduling_name(enum scheduling scheduling) {
    static const char *const names[] = {"NONE",    "SCHEDULABLE", "CORDONED",   "DRAINING",
                                        "DRAINED", "MAINTENANCE", "QUARANTINED"};
    return NAME_OF(names, scheduling);
}

const char *slice_state_name(enum slice_state state) {
    static const char *const names[] = {"NONE",       "RESERVED",  "CONNECTING", "READY",    "DEGRADED",
                                        "INCOMPLETE", "REPAIRING", "FAILED",     "RELEASING"};
    return NAME_OF(names, state);
}

const char *qualified_name(enum qualified qualified) {
    static const char *const names[] = {"NONE", "NOT_CHECKED", "PASSED", "FAILED"};
    return NAME_OF(names, qualified);
}

const char *ocs_state_name(enum ocs_state state) {
    static const char *const names[] = {"NONE",    "DISCONNECTED", "SYNCING", "IN_SYNC",
                                        "DRIFTED", "MISMATCH",     "DRAINED"};
    return NAME_OF(names, state);
}

const char *circuit_class_name(enum circuit_class circuit_class) {
    static const char *const names[] = {"NONE", "INTENDED",    "DARK",   "STALE",
                                        "TEST", "UNACCOUNTED", "FOREIGN"};
    return NAME_OF(names, circuit_class);
}

const char *frozen_text(enum frozen frozen) {
    static const char *const texts[] = {
        [FROZEN_NOT] = "",
        [FROZEN_NEW] = "the pod is new and its switches were not all read yet",
        [FROZEN_IMPORTED] = "the pod was imported and its switches were not all read yet",
        [FROZEN_RESTORED] = "the database was restored: it may not know every live slice",
        [FROZEN_BY_OPERATOR] = "frozen by an operator",
    };
    return NAME_OF(texts, frozen);
}

const char *link_cause_text(enum link_cause cause) {
    static const char *const texts[] = {
        [LINK_CAUSE_NONE] = "",
        [LINK_CAUSE_NO_FIBER] = "the fiber table has no path for it",
        [LINK_CAUSE_NOT_CONNECTED] = "no circuit was read back",
        [LINK_CAUSE_PORT_FAILED] = "the switch does not make this circuit",
        [LINK_CAUSE_DARK] = "connected, but no light arrives",
        [LINK_CAUSE_MISCABLED] = "connected, but light arrives from another chip",
        [LINK_CAUSE_OCS_LOST] = "its switch cannot be used",
        [LINK_CAUSE_MAINTENANCE] = "given up for maintenance",
        [LINK_CAUSE_LOSS] = "connected, but loses more light than its budget",
    };
    return NAME_OF(texts, cause);
}

static const struct {
    const char *name;
    enum retry retry;
} reasons[REASONS] = {
    [REASON_NONE] = {"NONE", RETRY_NONE},
    [REASON_INVALID_TOPOLOGY] = {"INVALID_TOPOLOGY", RETRY_NEVER},
    [REASON_LARGER_THAN_MODEL_LIMIT] = {"LARGER_THAN_MODEL_LIMIT", RETRY_NEVER},
    [REASON_NOT_ENOUGH_CUBES] = {"NOT_ENOUGH_CUBES", RETRY_WHEN_FREED},
    [REASON_NEEDS_TOLERANCE] = {"NEEDS_TOLERANCE", RETRY_AFTER_OPERATOR},
    [REASON_HELD_BY_SPARES] = {"HELD_BY_SPARES", RETRY_WHEN_FREED},
    [REASON_HELD_BY_RESERVATION] = {"HELD_BY_RESERVATION", RETRY_WHEN_FREED},
    [REASON_PIN_USED] = {"PIN_USED", RETRY_WHEN_FREED},
    [REASON_PIN_UNHEALTHY] = {"PIN_UNHEALTHY", RETRY_AFTER_OPERATOR},
    [REASON_OCS_UNREACHABLE] = {"OCS_UNREACHABLE", RETRY_LATER},
    [REASON_ISOLATION_UNPROVEN] = {"ISOLATION_UNPROVEN", RETRY_LATER},
    [REASON_UNACCOUNTED_CIRCUIT] = {"UNACCOUNTED_CIRCUIT", RETRY_AFTER_OPERATOR},
    [REASON_FROZEN] = {"FROZEN", RETRY_AFTER_OPERATOR},
    [REASON_BLIND] = {"BLIND", RETRY_LATER},
    [REASON_QUOTA] = {"QUOTA", RETRY_WHEN_FREED},
    [REASON_NAME_TAKEN] = {"NAME_TAKEN", RETRY_NEVER},
    [REASON_REQUEST_ID_REUSED] = {"REQUEST_ID_REUSED", RETRY_NEVER},
    [REASON_REVISION_MOVED] = {"REVISION_MOVED", RETRY_NEVER},
    [REASON_NOT_OWNER] = {"NOT_OWNER", RETRY_NEVER},
    [REASON_WOULD_DISRUPT] = {"WOULD_DISRUPT", RETRY_NEVER},
    [REASON_INVALID_PIN] = {"INVALID_PIN", RETRY_NEVER},
    [REASON_SLICE_HELD] = {"SLICE_HELD", RETRY_AFTER_OPERATOR},
    [REASON_OCS_MISMATCH] = {"OCS_MISMATCH", RETRY_AFTER_OPERATOR},
    [REASON_STORE_UNAVAILABLE] = {"STORE_UNAVAILABLE", RETRY_LATER},
};

const char *reason_name(enum reason reason) {
    return (unsigned)reason < REASONS ? reasons[reason].name : "UNKNOWN_NUMBER";
}

enum retry reason_retry(enum reason reason) {
    return (unsigned)reason < REASONS ? reasons[reason].retry : RETRY_NONE;
}
