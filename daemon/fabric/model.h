#pragma once
/* What the controller knows, in memory. Written by this folder only; daemon/api reads it. Loop thread only.
 *
 * A slice has two versions: the accepted one, which planning sees at once, and the durable one, which readers
 * and the reconciler see. Versions are immutable once accepted and counted by reference. Everything about
 * cubes, switches and pods exists once, in its accepted form; a reply that shows it is held until what was
 * accepted before is durable (fabric_when_durable()). */
#include "daemon/device/device.h"
#include "daemon/fabric/words.h"
#include "topology/part.h"

#define FABRIC_HOSTS_PER_CUBE 16
#define FABRIC_CHIPS_PER_CUBE 64
#define FABRIC_TEXT_MAX 200
#define FABRIC_PENDING_MAX 560

struct fabric;
struct fabric_pod;

/* What a host last said of one optical link end. */
struct link_end {
    bool light;
    uint8_t reports;  /* that agree, since the circuit at this end last changed; stops at 255 */
    bool known_dark;  /* no light, or light from elsewhere, in two reports since the circuit was there */
    uint16_t far_end; /* TOPO_NO_END: none */
    int32_t transmit_mdbm, receive_mdbm;
    int64_t reported_us; /* monotonic; 0: never */
};

struct fabric_host {
    char *node_name, *address;
    int64_t heard_us;      /* monotonic; 0: never */
    int64_t report_gap_us; /* between its last two reports; 0: not heard twice */
    int64_t silent_at_us;  /* when it is UNKNOWN unless heard again */
    enum health health;
    const char *cause;       /* static */
    int64_t health_since_us; /* monotonic; 0: before the start */
    /* What was said of it last, before flapping is damped; see flap.h. */
    enum health said;
    const char *said_cause; /* static */
    bool is_flapping, was_reported;
    unsigned n_flaps;
    int64_t first_flap_us, quiet_since_us; /* monotonic */
    bool has_moved;                        /* since the cube's health was derived */
    struct fabric_slice *part;             /* accepted; the part of the cube that has this host, NULL: none */
    uint8_t chips_ok;                      /* a bit each */
    bool electrical_ok;
    bool chips_in_use;
};

struct fabric_cube {
    struct fabric_pod *pod;
    uint16_t index;
    char name[24]; /* cube-07 */
    uint16_t row;
    char power_domain[40];
    enum health health;
    char health_cause[FABRIC_TEXT_MAX], health_source[40];
    int64_t health_since_us; /* wall */
    enum health mark;        /* an operator's word; HEALTH_NONE: none */
    char mark_reason[FABRIC_TEXT_MAX], mark_by[64];
    enum scheduling scheduling;
    char scheduling_reason[FABRIC_TEXT_MAX], scheduling_by[64];
    int64_t scheduling_since_us; /* wall */
    int64_t drain_by_us;         /* wall; 0: no deadline */
    bool is_spare;
    int64_t revision;
    unsigned n_undurable; /* changes of what stands above that are not durable */

    struct fabric_slice *slice; /* accepted, of whole cubes; NULL: free, or cut into parts */
    struct fabric_slice *durable_slice;
    bool is_occupied; /* a durable slice, or part of one, is there that is more than a reservation */
    uint16_t position;
    struct fabric_slice *held_for; /* accepted; whose repair this free cube is held for; NULL: nobody's */
    uint16_t part_hosts, durable_part_hosts; /* a bit each: hosts that parts have */
    int64_t unfit_since_us; /* monotonic: a repair put it in, and most of its links failed since; 0: not so */
    bool has_unaccounted, is_unproven;
    bool may_be_lit; /* a switch that cannot be read may hold a circuit here */
    struct fabric_host host[FABRIC_HOSTS_PER_CUBE];
    char *serial[FABRIC_CHIPS_PER_CUBE]; /* x + 4 (y + 4 z) */
    struct link_end end[TOPO_FACES][TOPO_INDICES];
};

struct slice_link {
    uint16_t position;
    uint8_t dimension, index; /* at the + face of the cube at the position */
    uint8_t cause;            /* enum link_cause */
};

/* One A port of a switch: what should be there and what is. */
struct fabric_port {
    uint16_t want_b;                  /* 0: nothing is intended */
    struct fabric_slice *want_slice;  /* whose circuit that is */
    struct slice_link want_link;      /* which of its links */
    uint16_t observed_b;              /* as last read; 0: none */
    enum circuit_class circuit_class; /* of the observed circuit */
    uint16_t confirmed_b;             /* the last B port that was read as intended here */
    uint8_t same_reads;               /* full reads in a row that showed observed_b; stops at 255 */
    uint16_t clear_b;                 /* an operator said that this circuit goes; 0: none */
    bool is_locked;                   /* of a held slice: nothing is sent about it */
    bool in_flight;                   /* the intended circuit was sent and is not read back yet */
    bool is_leaving;                  /* its removal was sent: observed_b may be gone already */
    uint16_t sent_b;                  /* its addition was sent and no map was read since; 0: none */
    uint16_t unseen_b;                /* was sent, and is in no map since: it may not have settled; 0: none */
    uint8_t failures;                 /* tries in a row after which the intended circuit was not there */
    bool is_failed;                   /* given up: tried again now and then, by itself */
    int64_t try_at_us;                /* given up: when it is due once more */
    bool is_blocked;                  /* a person works there: nothing connects it; see maintenance.h */
    bool is_disabled;                 /* by the switch itself, as we asked */
    bool may_be_disabled;             /* was asked for, and nothing proves that it was enabled since */
    bool is_test;                     /* want_b is of a test circuit: want_slice is NULL */
    uint16_t yielded_b;               /* the circuit of a slice that was given up for maintenance; 0: none */
    int64_t put_right_us[2];          /* the last two times a drifted circuit was put right; 0: never */
    bool is_put_right;                /* the last of these was sent, and the circuit was not read since */
    bool may_try;                     /* given up, and due once more */
    enum { REMAKE_NEVER, REMAKE_DUE, REMAKE_SENT, REMAKE_DONE } remake; /* of a dark link; see link_retry.h */
};

/* What the power meter at the B port of a circuit says, by A port; see meter.h. */
struct fabric_meter {
    uint16_t b;      /* the circuit that was read; 0: none since it was made */
    bool is_due;     /* is to be read */
    bool is_new;     /* made, and not judged yet */
    bool was_good;   /* within its budget once since it was made */
    bool is_dark;    /* no light leaves the switch */
    bool has_loss;   /* the host at the A port said what it sends */
    uint8_t over;    /* readings in a row beyond the budget; stops at METER_CERTAIN */
    uint8_t drifted; /* and beyond the baseline */
    int32_t power_mdbm, loss_mdb;
    int64_t read_at_us, dark_since_us; /* monotonic */
    struct {
        uint16_t b; /* of which circuit; 0: none */
        bool has_loss, has_back, is_saved;
        int32_t power_mdbm, loss_mdb, back_mdb; /* back: from B to A, end to end */
        int64_t since_us;                       /* wall */
    } baseline;
};

/* A slice, or parts of the cube, have it; a cube that is held for a repair is not used yet. */
static inline bool fabric_cube_is_used(const struct fabric_cube *cube) {
    return cube->slice || cube->part_hosts;
}

struct fabric_ocs {
    struct fabric_pod *pod;
    uint16_t index;
    char name[24]; /* ocs-x-05 */
    char address[DEVICE_WORD_MAX];
    char product[DEVICE_WORD_MAX], serial[DEVICE_WORD_MAX]; /* pinned */
    char power_domain[40];
    uint16_t ports_a, ports_b;
    uint16_t test_port[2]; /* by side: no fiber, but a loopback plug is there, as an operator says; 0: none */
    int64_t revision;

    struct device *device;
    void *transport;        /* of the device, the owner's */
    enum ocs_state state;   /* as shown */
    int64_t state_since_us; /* monotonic; 0: since the start */
    char cause[FABRIC_TEXT_MAX];
    int64_t sight_since_us;   /* wall: since when it can, or cannot, be read; 0: since the start */
    int64_t *port_moved_us;   /* see health_times.h; NULL: no port has moved since the start */
    bool map_known;           /* observed_b was read by this process */
    bool is_readable;         /* and the session is up */
    int64_t lost_at_us;       /* when the session was lost; 0: is there, or never was */
    int64_t doubted_until_us; /* its dark links say nothing about cubes before; see attribution.h */
    struct {
        bool is_known, is_down;
        uint32_t losses, returns; /* as last told */
    } path;                       /* of the management network; see fabric_set_path() */
    struct fabric_port *port;     /* by A port, from 1; [ports_a + 1] */
    uint16_t *want_a;             /* by B port, from 1: the intended A port, 0 none */
    uint16_t *observed_a;         /* by B port: the observed A port, 0 none */
    bool *is_b_locked;
    bool is_b_blocked[TOPO_PORTS_MAX + 1], is_b_disabled[TOPO_PORTS_MAX + 1],
        may_b_be_disabled[TOPO_PORTS_MAX + 1];
    /* The ports that the switch is asked to disable or enable. */
    uint16_t setting[TOPO_PORTS_MAX], n_setting;
    uint8_t setting_side;
    bool is_setting, setting_enabled, disable_failed;
    bool ports_are_old;          /* some port may have to be disabled or enabled */
    int64_t enable_at_us;        /* monotonic: not tried again before */
    int64_t read_at_us;          /* monotonic; the last map */
    struct fabric_meter *meter;  /* by A port; NULL: no meter of this switch was ever read */
    bool meter_due, is_metering; /* some port is to be read; a reading is under way */
    bool meter_first;            /* before other changes: mirrors have settled and somebody waits for it */
    int64_t meter_due_since_us, meter_audit_at_us; /* monotonic */
    bool baseline_unsaved;
    unsigned n_missing;    /* intended circuits that are not observed */
    unsigned n_circuits;   /* observed, foreign ones left out */
    int64_t sent_at_us;    /* of the change under way; 0: none */
    int64_t retry_at_us;   /* nothing is sent before */
    unsigned failed_tries; /* in a row */
    bool is_split;         /* a merged command failed: one slice at a time */
    bool needs_reconcile;
    enum { READ_NONE, READ_OK, READ_LOST } read_ended; /* to be told to the listener */
    int64_t audit_at_us;                               /* next full read */
    int64_t try_at_us; /* the next try of a port that was given up; INT64_MAX: none */
};

struct link_list {
    struct slice_link *link;
    unsigned count;
};

/* A cube that leaves a slice, and the one for its place. */
#define SWAP_NO_CUBE UINT16_MAX
struct slice_swap {
    uint16_t out, in; /* in SWAP_NO_CUBE: none is held */
};

struct swap_list {
    struct slice_swap *swap;
    unsigned count;
};

/* Immutable once accepted. */
struct slice_version {
    unsigned references;
    int64_t generation, revision;
    bool is_gone; /* released, or failed and given back: owns nothing */
    enum slice_state state;
    char cause[FABRIC_TEXT_MAX];
    struct topo_shape shape;
    uint16_t cubes[TOPO_POSITIONS_MAX];
    uint16_t host_mask; /* 0xffff: whole cubes */
    unsigned tolerate_missing[3];
    enum disruption disruption;
    bool is_pinned, use_spares, is_held, was_ready;
    enum qualified qualified;
    uint64_t fingerprint;
    struct link_list missing;    /* sorted */
    struct link_list failed;     /* did not qualify; sorted */
    int64_t connect_by_us;       /* wall; 0: no limit; of a reservation: when it ends */
    int64_t unverified_since_us; /* wall; 0: every switch is seen */
    int64_t operation_id;        /* under way; 0: none */

    /* What has to move and waits for somebody or something; count 0: nothing. */
    struct swap_list pending;
    enum pending_why pending_why;
    char pending_cause[FABRIC_PENDING_MAX];
    int64_t pending_since_us, pending_by_us; /* wall */
    bool is_overdue;
    /* Cubes that a repair put in and whose links hosts have not confirmed yet, and its swaps so far. */
    struct swap_list fresh;
    unsigned tries;

    int64_t lease_ttl_us;      /* 0: no lease */
    int64_t lease_grace_us;    /* of an orphan, until it may be released; 0: never */
    int64_t orphaned_since_us; /* wall; 0: the lease did not run out */
};

struct fabric_label {
    char *key, *value;
};

struct fabric_slice {
    struct fabric_slice *next; /* of the daemon, in order of uid */
    int64_t uid;
    char name[64];
    struct fabric_pod *pod;
    char owner[64];
    int64_t created_us; /* wall */
    struct fabric_label *labels;
    unsigned n_labels;
    struct slice_version *accepted, *durable; /* durable NULL: creation is not durable yet */
    bool needs_judging;
    bool is_restored; /* its circuits come back in stages; see restore.h */
    unsigned circuits_done, circuits_total;
    int64_t lease_until_us; /* monotonic: when the lease runs out; of an orphan: when it may be released */
};

/* Mirrors that a former slice, or a former generation of one, may have left. */
struct fabric_former {
    struct fabric_former *next;
    int64_t uid, generation;
    char name[64];
    struct topo_shape shape;
    uint16_t cubes[TOPO_POSITIONS_MAX];
    bool is_going; /* its rows are being deleted */
};

/* The links of a stage; see stage.h. */
struct stage_sight {
    unsigned n_links, n_proved, n_wrong;
};

/* Circuits of many slices that come back in stages; see restore.h. */
struct fabric_restore {
    bool is_running;
    bool is_held;                     /* the stage does not pass by itself */
    bool is_told;                     /* the row and the event say so */
    char domain[40], told_domain[40]; /* the OCS power domain at work */
    unsigned stage;                   /* from 1 */
    uint64_t open;                    /* a bit for each switch whose turn has come */
    int64_t since_us, began_us;       /* of the stage: wall, monotonic */
    struct stage_sight sight;
};

struct fabric_pod {
    struct fabric_pod *next;
    int64_t pod_id;
    char name[64];
    char model[32];
    uint32_t largest_slice_cubes;
    enum frozen frozen;
    char frozen_text[FABRIC_TEXT_MAX];
    unsigned undurable_thaws; /* while there are any, nothing is sent */
    int64_t revision;
    struct fabric *fabric;
    struct fabric_cube *cube; /* [n_cubes] */
    struct fabric_ocs *ocs;   /* [n_ocses] */
    uint16_t n_cubes, n_ocses;
    struct topo_wiring *wiring;
    int64_t *end_moved_us; /* by link end; see health_times.h; NULL: none has moved since the start */
    struct topo_pod plan;  /* for the planner; see refresh.h */
    struct fabric_former *formers;
    struct fabric_restore restore;
    struct fabric_maintenance *maintenances;     /* see maintenance.h */
    struct fabric_qualification *qualifications; /* see qualify_cube.h */
    unsigned spares; /* cubes to hold back, of the pod or of each cube power domain */
    bool spares_per_domain;
    int64_t repair_at_us; /* monotonic: when the review of repairs, drains and spares is due */
    bool is_blind;
    bool has_dark; /* some end is known dark */
    bool plan_is_old, classes_are_old, wants_are_old;
    bool is_importing;         /* its inventory is being replaced: nothing else may change it meanwhile */
    int64_t dark_review_at_us; /* when reports of dark links are looked at; INT64_MAX: nothing new */
};

struct fabric_operation {
    struct fabric_operation *next; /* newest first */
    int64_t id;
    char kind[16];
    char *slices;   /* names, separated by commas */
    char owner[64]; /* of the slices; "": stored before operations had one */
    int64_t uid[64];
    unsigned n_uids;
    enum operation_state state;
    bool is_ending; /* its end is not durable yet: readers see it running */
    char text[FABRIC_TEXT_MAX];
    int64_t created_us, done_us; /* wall */
    int64_t durable_revision;    /* 0: not durable yet */
};
