#pragma once
/* The plain records of the store, one struct for each table. They know columns, not meaning: enums of the
 * domain are kept as integers, text is UTF-8. In a record handed out by store_load() text lives as long as
 * the callback; in one handed to store_put() as long as the call. A NULL text is stored as "". */
#include <stdint.h>

enum store_table {
    STORE_POD,
    STORE_CUBE,
    STORE_HOST,
    STORE_CHIP,
    STORE_OCS,
    STORE_FIBER,
    STORE_SLICE,
    STORE_SLICE_LABEL,
    STORE_POSITION,
    STORE_OPERATION,
    STORE_REQUEST,
    STORE_EVENT,
    STORE_ALARM,
    STORE_AUDIT,
    STORE_REFUSAL,
    STORE_MAINTENANCE,
    STORE_QUALIFICATION,
    STORE_BASELINE,
    STORE_RESTORE,
    STORE_TABLES,
};

/* Key: pod_id. */
struct store_pod {
    int64_t pod_id;
    const char *name; /* unique */
    const char *model;
    int64_t largest_slice_cubes;
    int64_t frozen; /* why: an enum of the fabric; 0: not frozen */
    const char *frozen_text;
    int64_t revision;
    int64_t spares, spares_per_domain; /* cubes to hold back, of the pod or of each cube power domain */
};

/* Key: pod_id, cube. */
struct store_cube {
    int64_t pod_id, cube;
    const char *name; /* without the pod */
    int64_t row;
    const char *power_domain;
    int64_t health; /* as last derived */
    const char *health_cause, *health_source;
    int64_t health_since_us;
    int64_t mark; /* an operator's word on the health; 0: none */
    const char *mark_reason, *mark_by;
    int64_t scheduling;
    const char *scheduling_reason, *scheduling_by;
    int64_t is_spare;
    int64_t revision;
    int64_t scheduling_since_us;
    int64_t drain_by_us; /* wall; 0: no deadline */
};

/* Key: pod_id, cube, host. */
struct store_host {
    int64_t pod_id, cube, host;
    const char *node_name, *address;
};

/* Key: pod_id, cube, x, y, z. */
struct store_chip {
    int64_t pod_id, cube, x, y, z;
    const char *serial;
    int64_t host;
};

/* Key: pod_id, ocs. */
struct store_ocs {
    int64_t pod_id, ocs;
    const char *name; /* without the pod */
    const char *address;
    int64_t ports_a, ports_b;
    const char *product, *serial; /* pinned; "": not confirmed */
    const char *power_domain;
    int64_t revision;
    int64_t test_port_a, test_port_b; /* with a loopback plug; 0: none */
};

/* Key: pod_id, cube, face, link_index. face 0..5: +x -x +y -y +z -z; side 0 A, 1 B; port from 1. */
struct store_fiber {
    int64_t pod_id, cube, face, link_index;
    int64_t ocs, side, port;
};

/* A slice, or what a former slice or a former generation of one left behind. Key: uid, generation. */
struct store_slice {
    int64_t uid, generation;
    int64_t is_former; /* its mirrors may still be lit; nothing is owned any more */
    const char *name;
    int64_t pod_id;
    const char *topology; /* canonical */
    int64_t host_mask;    /* hosts of its cube that a part-cube slice has; 0xffff: whole cubes */
    int64_t state;
    const char *cause;
    const char *owner;
    int64_t disruption;
    int64_t tolerate_x, tolerate_y, tolerate_z;
    int64_t is_pinned, use_spares, is_held, was_ready, qualified;
    int64_t fingerprint; /* the 64 bits of the circuit set it was last committed with */
    const char *missing; /* links that are missing, as the fabric writes them */
    const char *failed;  /* links that did not qualify */
    int64_t created_us;
    int64_t connect_by_us; /* wall time at which a slice that is still CONNECTING fails; 0: never */
    int64_t unverified_since_us;
    int64_t operation_id; /* the one that is under way; 0: none */
    int64_t revision;
    const char *pending; /* cubes to be swapped, "out>in out>in"; in is empty where none is held */
    int64_t pending_why; /* an enum of the fabric; 0: nothing is pending */
    const char *pending_cause;
    int64_t pending_since_us, pending_by_us, is_overdue;
    const char *fresh; /* cubes that a repair put in and that did not qualify yet, as pending */
    int64_t tries;     /* swaps of this repair so far */
    int64_t lease_ttl_us, lease_grace_us;
    int64_t orphaned_since_us; /* wall; 0: its lease did not run out */
};

/* Key: uid, key. */
struct store_slice_label {
    int64_t uid;
    const char *key, *value;
};

/* Key: uid, generation, position. */
struct store_position {
    int64_t uid, generation, position;
    int64_t cube;
};

/* Key: operation_id. */
struct store_operation {
    int64_t operation_id;
    const char *kind;
    const char *slices; /* names, separated by commas */
    const char *owner;  /* of the slices; "": written before operations had one */
    int64_t state;
    const char *text;
    int64_t created_us, done_us;
    int64_t revision;
};

/* What was done for a request id. Key: principal, method, request_id. */
struct store_request {
    const char *principal, *method, *request_id;
    int64_t request_hash;
    int64_t uid;          /* of the object that it made or changed; 0: none */
    int64_t operation_id; /* 0: none */
    const char *object;   /* name of the object */
    int64_t completed_us; /* wall time; kept for 60 minutes after */
};

/* Key: revision. */
struct store_event {
    int64_t revision;
    int64_t time_us; /* wall */
    const char *kind, *pod, *object, *actor, *cause, *before, *after;
    int64_t slice_uid; /* 0: of no slice; -1: of one that was gone when events did not name it yet */
    const char *owner; /* of the slice */
};

/* Something that needs a person. Key: alarm_id. */
struct store_alarm {
    int64_t alarm_id;
    int64_t raised_us;
    const char *kind, *pod, *object, *text, *what_to_do;
};

/* Append-only. Key: audit_id. The hash is filled in by the store when it commits. */
struct store_audit {
    int64_t audit_id;
    int64_t time_us;
    const char *actor, *method, *object, *request, *outcome;
    const char *hash; /* SHA-256 in hex; ignored by store_put() */
};

/* A request that was refused. Key: principal, method, request_hash. */
struct store_refusal {
    const char *principal, *method;
    int64_t request_hash;
    int64_t reason;
    const char *object, *text;
    int64_t count;
    int64_t first_us, last_us;
};

/* Hands on the plant: nothing connects what the object covers. Key: pod_id, object. */
struct store_maintenance {
    int64_t pod_id;
    const char *object; /* as the fabric writes it, without the pod */
    int64_t kind;       /* an enum of the fabric */
    int64_t cube, host, face, link_index, ocs, side, port;
    int64_t move_to; /* of a port: where its fiber goes; 0: it is not moved */
    const char *reason, *begun_by;
    int64_t since_us;
    int64_t disrupt;
    int64_t is_failed;   /* of a switch: it is dead */
    int64_t stage;       /* of a switch that was replaced: how far its circuits are back; 0: not replaced */
    int64_t is_stopped;  /* and too many of them did not qualify */
    int64_t is_ending;   /* he is done; ports are being enabled */
    int64_t uid_at;      /* slices made later never had circuits there */
    const char *allowed; /* uids of the slices whose owners agreed, separated by spaces */
    int64_t state;       /* as last told */
    int64_t safe_since_us;
};

/* The test of a cube. Key: pod_id, cube. */
struct store_qualification {
    int64_t pod_id, cube;
    int64_t partner; /* -1: none */
    int64_t state;
    const char *begun_by;
    int64_t since_us, done_us;
    const char *text;
    const char *findings; /* a line for each link that is not good */
    int64_t hosts;        /* a bit for each host whose links are tested after it was replaced; 0: all links */
};

/* What the power meter of a B port said when its circuit was made. Key: pod_id, ocs, port. */
struct store_baseline {
    int64_t pod_id, ocs, port;
    int64_t a; /* the other port of the circuit */
    int64_t power_mdbm;
    int64_t has_loss, loss_mdb; /* from the chip at the A port to the switch */
    int64_t has_back, back_mdb; /* from the chip at the B port to the chip at the A port */
    int64_t since_us;
};

/* The stage of a restore of many slices that is at work. Key: pod_id. */
struct store_restore {
    int64_t pod_id;
    const char *domain; /* the OCS power domain */
    int64_t open_ocses; /* a bit for each switch whose turn has come */
    int64_t stage;      /* from 1 */
    int64_t since_us;
};
