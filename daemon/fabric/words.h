#pragma once
/* The closed sets of the fabric. Their numbers are stored and are those of proto/heliostat/v1. */

enum health { HEALTH_NONE, HEALTH_HEALTHY, HEALTH_DEGRADED, HEALTH_UNHEALTHY, HEALTH_UNKNOWN };

enum scheduling {
    SCHEDULING_NONE,
    SCHEDULING_SCHEDULABLE,
    SCHEDULING_CORDONED,
    SCHEDULING_DRAINING,
    SCHEDULING_DRAINED,
    SCHEDULING_MAINTENANCE,
    SCHEDULING_QUARANTINED,
};

enum slice_state {
    SLICE_NONE,
    SLICE_RESERVED,
    SLICE_CONNECTING,
    SLICE_READY,
    SLICE_DEGRADED,
    SLICE_INCOMPLETE,
    SLICE_REPAIRING,
    SLICE_FAILED,
    SLICE_RELEASING,
};

enum qualified { QUALIFIED_NONE, QUALIFIED_NOT_CHECKED, QUALIFIED_PASSED, QUALIFIED_FAILED };

enum disruption { DISRUPTION_NONE, DISRUPTION_ASK, DISRUPTION_ANYTIME };

/* What a disruption that is pending waits for. */
enum pending_why {
    PENDING_NONE,
    PENDING_OWNER,         /* his word */
    PENDING_NO_CUBE,       /* a cube that can take the place */
    PENDING_TOO_MANY,      /* a person: many cubes failed at once */
    PENDING_LIMIT,         /* a person: too many repairs within an hour */
    PENDING_PINNED,        /* whoever chose the cubes */
    PENDING_NOT_QUALIFIED, /* a person: the cubes that were put in did not qualify */
    PENDING_PROVING,       /* the cubes that are held for it are tested; then it moves */
};

enum ocs_state {
    OCS_NONE,
    OCS_DISCONNECTED,
    OCS_SYNCING,
    OCS_IN_SYNC,
    OCS_DRIFTED,
    OCS_MISMATCH,
    OCS_DRAINED,
};

enum circuit_class {
    CIRCUIT_NONE,
    CIRCUIT_INTENDED,
    CIRCUIT_DARK,
    CIRCUIT_STALE,
    CIRCUIT_TEST,
    CIRCUIT_UNACCOUNTED,
    CIRCUIT_FOREIGN,
};

enum operation_state { OPERATION_NONE, OPERATION_RUNNING, OPERATION_DONE, OPERATION_FAILED };

enum reason {
    REASON_NONE,
    REASON_INVALID_TOPOLOGY,
    REASON_LARGER_THAN_MODEL_LIMIT,
    REASON_NOT_ENOUGH_CUBES,
    REASON_NEEDS_TOLERANCE,
    REASON_HELD_BY_SPARES,
    REASON_HELD_BY_RESERVATION,
    REASON_PIN_USED,
    REASON_PIN_UNHEALTHY,
    REASON_OCS_UNREACHABLE,
    REASON_ISOLATION_UNPROVEN,
    REASON_UNACCOUNTED_CIRCUIT,
    REASON_FROZEN,
    REASON_BLIND,
    REASON_QUOTA,
    REASON_NAME_TAKEN,
    REASON_REQUEST_ID_REUSED,
    REASON_REVISION_MOVED,
    REASON_NOT_OWNER,
    REASON_WOULD_DISRUPT,
    REASON_INVALID_PIN,
    REASON_SLICE_HELD,
    REASON_OCS_MISMATCH,
    REASON_STORE_UNAVAILABLE,
    REASONS,
};

enum retry { RETRY_NONE, RETRY_NEVER, RETRY_WHEN_FREED, RETRY_LATER, RETRY_AFTER_OPERATOR };

/* Why a pod is frozen. */
enum frozen { FROZEN_NOT, FROZEN_NEW, FROZEN_IMPORTED, FROZEN_RESTORED, FROZEN_BY_OPERATOR };

/* Why a link of a slice is missing. */
enum link_cause {
    LINK_CAUSE_NONE,
    LINK_CAUSE_NO_FIBER,      /* the fiber table cannot make it */
    LINK_CAUSE_NOT_CONNECTED, /* no circuit read back */
    LINK_CAUSE_PORT_FAILED,   /* the switch did not make it, again and again */
    LINK_CAUSE_DARK,          /* connected, and a host sees no light */
    LINK_CAUSE_MISCABLED,     /* connected, and light arrives from elsewhere */
    LINK_CAUSE_OCS_LOST,      /* the switch came back without it, or cannot be used */
    LINK_CAUSE_MAINTENANCE,   /* given up for maintenance */
    LINK_CAUSE_LOSS,          /* connected, and loses more light than its budget allows */
    LINK_CAUSES,
};

/* "HEALTHY" and so on; "UNKNOWN_NUMBER" outside the set. Static strings. */
const char *health_name(enum health health);
const char *scheduling_name(enum scheduling scheduling);
const char *slice_state_name(enum slice_state state);
const char *qualified_name(enum qualified qualified);
const char *ocs_state_name(enum ocs_state state);
const char *circuit_class_name(enum circuit_class circuit_class);
const char *reason_name(enum reason reason);
const char *frozen_text(enum frozen frozen);        /* a sentence */
const char *link_cause_text(enum link_cause cause); /* words for a person */
/* When it helps to ask again after a refusal. */
enum retry reason_retry(enum reason reason);
