#pragma once
/* Intent, observed state and what follows from the two. Loop thread only; never blocks, never reads a clock.
 *
 * A change is planned and accepted at once, handed to the store, and becomes visible to readers and to the
 * reconciler when it is durable. Each accepted change has a sequence number; changes become durable in that
 * order. When the store fails, every change that is not durable is undone, newest first. */
#include "daemon/fabric/model.h"
#include "daemon/store/executor.h"
#include "topology/explain.h"

struct fabric_event {
    int64_t revision, time_us; /* wall */
    int64_t slice_uid;         /* 0: not of a slice; -1: of one that cannot be told any more */
    const char *kind, *pod, *object, *actor, *cause, *before, *after;
    const char *owner; /* of the slice; "": not of a slice, or not known any more */
};

struct fabric_settings {
    int64_t report_ttl_us;                              /* 10 s */
    int64_t host_silent_us;                             /* 60 s */
    int64_t activation_timeout_us;                      /* 180 s */
    int64_t audit_period_us;                            /* between full reads of a switch; 60 s */
    int64_t answer_timeout_us, guard_us, late_guard_us; /* of a switch; see device.h */
    int64_t store_stall_us;                             /* 5 s */
    int64_t blind_window_us;                            /* 30 s */
    unsigned blind_percent;                             /* 10 */
    bool repair_drift;                                  /* true: put right; false: alarm only */
    int32_t insertion_loss_mdb;     /* budget of a switch, its mirrors and connectors; 2 dB */
    int32_t fiber_loss_mdb;         /* budget of one fiber with its connectors; 1 dB */
    int32_t loss_drift_mdb;         /* 1 dB: more than that beyond the baseline is an alarm */
    int64_t repair_settle_us;       /* 20 s: failures of one cause show within this time */
    int64_t repair_answer_us;       /* 1 h: an owner who is asked answers within */
    unsigned repair_limit_per_hour; /* 6, of one slice */
    unsigned repair_max_cubes;      /* 3: when more fail at once, a person is asked */
    unsigned repair_tries;          /* 3: cubes put in that do not qualify, one after another */
    unsigned restore_many_slices;   /* 2: so many slices come back in stages */
    unsigned restore_pass_percent;  /* 90, of the links of a stage */
    unsigned flap_count;            /* 4 times within ... */
    int64_t flap_window_us;         /* 10 min, and a host flaps until it was quiet ... */
    int64_t flap_quiet_us;          /* 5 min */
};
struct fabric_settings fabric_default_settings(void);
/* For what happens from now on. The times of switch sessions stay as they were at the start. */
void fabric_set_settings(struct fabric *fabric, const struct fabric_settings *settings);

struct fabric_listener {
    /* After the change is durable, in order of revision. */
    void (*on_event)(void *userdata, const struct fabric_event *event);
    /* A slice's durable version, or its progress, moved; or it is gone (slice->durable->is_gone). */
    void (*on_slice)(void *userdata, const struct fabric_slice *slice);
    void (*on_operation)(void *userdata, const struct fabric_operation *operation);
    /* A full read of a switch ended (ok), or its session did. */
    void (*on_read)(void *userdata, const struct fabric_ocs *ocs, bool ok);
    void *userdata;
};

struct fabric_options {
    struct fabric_settings settings;
    struct store_executor executor;
    struct fabric_listener listener; /* callbacks may be NULL */
    /* Gives a new device its transport; called before the first device_advance(). 0 or negative errno. */
    int (*attach)(void *userdata, struct device *device, void **ret_transport);
    void (*detach)(void *userdata, void *transport); /* before device_free() */
    void *device_userdata;
    /* Something was fed in, maybe not for the first time: fabric_advance() is due at the end of this turn. */
    void (*needs_advance)(void *userdata);
    void *advance_userdata;
    uint64_t seed;
};

__attribute__((warn_unused_result)) int fabric_new(const struct fabric_options *options,
                                                   struct fabric **ret_fabric);
void fabric_free(struct fabric *fabric);
/* Once, before the first change: everything from the store. 0 or negative errno. */
__attribute__((warn_unused_result)) int fabric_load(struct fabric *fabric, struct store *store,
                                                    int64_t now_us, int64_t wall_us);
/* Wall clock = now_us + offset; the owner tells whenever it wakes. */
void fabric_set_clock(struct fabric *fabric, int64_t now_us, int64_t wall_us);
int64_t fabric_next_wakeup_us(const struct fabric *fabric);
/* Timers, then everything that was marked: classes, plans, judgements, reconciliation. Call it at the end of
 * every loop turn in which something was fed in. */
void fabric_advance(struct fabric *fabric, int64_t now_us);
/* The way over the management network to a switch. losses and returns only grow: a session ends when the way
 * was lost since the last call, and no other begins until it is up; a new one is tried at once when it came
 * back. */
struct fabric_path {
    bool is_up;
    uint32_t losses, returns;
    const char *text; /* why it was lost */
};
void fabric_set_path(struct fabric *fabric, const struct fabric_ocs *ocs, const struct fabric_path *path,
                     int64_t now_us);
/* From the executor's callbacks. */
void fabric_on_store_result(struct fabric *fabric, int result, size_t n, int64_t now_us);
void fabric_on_store_works(struct fabric *fabric, bool works, int64_t now_us);

/* Reading. */
const char *fabric_store_id(const struct fabric *fabric);
int64_t fabric_revision(const struct fabric *fabric); /* of the last durable event */
/* Another number after every change of an inventory, accepted, durable or undone. */
uint64_t fabric_inventory_epoch(const struct fabric *fabric);
bool fabric_store_works(const struct fabric *fabric);
const struct fabric_pod *fabric_pods(const struct fabric *fabric);                       /* list by next */
const struct fabric_pod *fabric_pod_find(const struct fabric *fabric, const char *name); /* NULL: none */
const struct fabric_slice *fabric_slices(const struct fabric *fabric); /* list by next; durable may be NULL */
/* The live slice of that name that is durable; NULL: none. */
const struct fabric_slice *fabric_slice_find(const struct fabric *fabric, const char *name);
const struct fabric_operation *fabric_operations(const struct fabric *fabric);
const struct fabric_operation *fabric_operation_find(const struct fabric *fabric, int64_t id);
/* Events with revision > after that are still in memory, oldest first: the first one's place in the ring, or
 * FABRIC_TOO_OLD. */
#define FABRIC_TOO_OLD 1
__attribute__((warn_unused_result)) int
fabric_events_after(const struct fabric *fabric, int64_t after, struct fabric_event *const **ret_events,
                    size_t *ret_count, struct fabric_event *const **ret_more, size_t *ret_n_more);

/* Why not. */
struct fabric_refusal {
    enum reason reason; /* REASON_NONE: not a matter of the closed set, see kind */
    enum {
        FABRIC_REFUSAL_REASON,
        FABRIC_REFUSAL_NOT_FOUND,
        FABRIC_REFUSAL_INVALID,
        FABRIC_REFUSAL_LIMIT
    } kind;
    char text[600];
    char field[64];
    char would_fit_if[320];
    char nearest[40]; /* the nearest topology that fits now; "": none, or not looked for */
    char **items;     /* owned */
    size_t n_items;
};
void fabric_refusal_deinit(struct fabric_refusal *refusal);

#define FABRIC_REFUSED 1
#define FABRIC_REPLAYED 2 /* the request id was used for this same request before */

/* Who asks, and under which request id. */
struct fabric_actor {
    const char *principal; /* proved by the kernel: "root" or "uid:1001" */
    bool is_operator, is_admin;
    const char *method;     /* "CreateSlice" */
    const char *request_id; /* "": none */
    const char *reason;     /* why, in the words of who asks, for the audit trail; NULL or "": none */
    bool disrupts;          /* an operator's word stands for the owners'; for the audit trail */
    uint64_t request_hash;
    bool has_quota; /* of what the principal may have in all */
    int64_t quota_chips, quota_slices;
    bool validate_only;
    int64_t if_revision; /* 0: any */
};

/* Puts a refused request into the audit trail. The caller bounds how often. */
void fabric_audit_refusal(struct fabric *fabric, const struct fabric_actor *actor, const char *object,
                          const char *text, int64_t now_us);

/* Deletes the audit rows with an id of at most through_id; a new row says so. */
void fabric_prune_audit(struct fabric *fabric, int64_t through_id, int64_t now_us);

/* What became of an accepted or repeated change. */
struct fabric_outcome {
    int64_t sequence;     /* wait for it with fabric_when_durable(); 0 after validate_only */
    int64_t uid;          /* of the slice; 0: none or several */
    int64_t operation_id; /* 0: none */
};

/* Calls done once: result 0 when every change up to sequence is durable, or the negative errno of the failure
 * that undid it. May call at once. Returns a ticket for fabric_forget(), 0 when it was called at once. */
int64_t fabric_when_durable(struct fabric *fabric, int64_t sequence, void (*done)(void *userdata, int result),
                            void *userdata);
void fabric_forget(struct fabric *fabric, int64_t ticket);
/* The newest accepted change; 0 when none is outstanding. */
int64_t fabric_last_sequence(const struct fabric *fabric);

/* How mirrors move for a change. */
struct fabric_moves {
    const struct fabric_ocs *ocs;
    unsigned removed, added, kept;
};
struct fabric_plan {
    char slice[64];
    const struct fabric_pod *pod;
    struct topo_shape shape;
    uint16_t cubes[TOPO_POSITIONS_MAX];
    struct link_list missing; /* owned */
    struct fabric_moves moves[TOPO_OCSES_MAX];
    unsigned n_moves, removed, added, kept;
    uint16_t host_mask;          /* of a part of one cube */
    bool opens_cube;             /* a part, and no other part uses the cube yet */
    struct topo_choice *choices; /* why each cube, by position; owned; NULL: not said */
};
void fabric_plan_deinit(struct fabric_plan *plan);

/* What a deletion would leave behind. */
struct fabric_deletion {
    unsigned stay_dark;               /* circuits that stay, for whoever gets the cubes */
    unsigned removed;                 /* circuits with an end where no slice may come now */
    bool is_open[TOPO_POSITIONS_MAX]; /* by position: the cube is free for other slices then */
};
void fabric_plan_deletion(const struct fabric_slice *slice, struct fabric_deletion *ret_deletion);

struct fabric_slice_spec {
    const char *name;
    const char *topology;
    const struct fabric_pod *pod;
    const char *const *alternatives; /* topologies to take when `topology` does not fit, in this order */
    unsigned n_alternatives;
    enum topo_pin_mode pin_mode;
    const uint16_t *pins; /* cube numbers */
    unsigned n_pins;
    const uint16_t *exclude;
    unsigned n_exclude;
    bool has_tolerance;
    unsigned tolerate_missing[3];
    bool use_spares;
    enum topo_domain_aim domain_aim;
    enum topo_domain_kind domain_kind;
    enum disruption disruption;           /* DISRUPTION_NONE: ASK */
    int64_t lease_ttl_us, lease_grace_us; /* 0: none; an orphan is never released */
    const struct fabric_label *labels;
    unsigned n_labels;
};

/* All of these: 0 with *ret_outcome, FABRIC_REFUSED with *refusal filled in, FABRIC_REPLAYED with
 * *ret_outcome, or negative errno. Nothing is changed unless 0 is returned without validate_only. */

/* n_specs 1..64, placed jointly, all or none; plans[n_specs] is filled in (caller: fabric_plan_deinit())
 * unless NULL. connect_timeout_us 0: the setting. */
__attribute__((warn_unused_result)) int
fabric_create_slices(struct fabric *fabric, const struct fabric_actor *actor,
                     const struct fabric_slice_spec *specs, unsigned n_specs, int64_t connect_timeout_us,
                     int64_t now_us, struct fabric_plan *plans, struct fabric_outcome *ret_outcome,
                     struct fabric_refusal *refusal);
/* How several slices are made together. */
struct fabric_gang {
    int64_t connect_timeout_us; /* 0: the setting */
    bool keep_partial;          /* members that connect stay when others do not */
    int64_t reserve_us;         /* not 0: cubes are held so long, and no mirror moves */
};
/* The same. */
__attribute__((warn_unused_result)) int
fabric_create_gang(struct fabric *fabric, const struct fabric_actor *actor,
                   const struct fabric_slice_spec *specs, unsigned n_specs, const struct fabric_gang *gang,
                   int64_t now_us, struct fabric_plan *plans, struct fabric_outcome *ret_outcome,
                   struct fabric_refusal *refusal);
/* Connects reserved slices: n_names 1..64, all or none; uid only with one. */
__attribute__((warn_unused_result)) int
fabric_activate_slices(struct fabric *fabric, const struct fabric_actor *actor, const char *const *names,
                       unsigned n_names, int64_t uid, const struct fabric_gang *gang, int64_t now_us,
                       struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
/* The reservation ends time_us from now. */
__attribute__((warn_unused_result)) int
fabric_extend_reservation(struct fabric *fabric, const struct fabric_actor *actor, const char *name,
                          int64_t uid, int64_t time_us, int64_t now_us, struct fabric_outcome *ret_outcome,
                          struct fabric_refusal *refusal);
/* The same principal made this request before, and its id is remembered. */
bool fabric_was_requested(const struct fabric *fabric, const struct fabric_actor *actor);
/* Takes back what a running operation makes: its slices go. */
__attribute__((warn_unused_result)) int
fabric_cancel_operation(struct fabric *fabric, const struct fabric_actor *actor, int64_t id, int64_t now_us,
                        struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
/* Deletes by name; uid 0 or the uid it must have. A slice that is gone already (uid given, or the request id
 * was seen) is a success with sequence 0. */
__attribute__((warn_unused_result)) int
fabric_delete_slice(struct fabric *fabric, const struct fabric_actor *actor, const char *name, int64_t uid,
                    int64_t now_us, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
struct fabric_swap {
    const char *name;
    int64_t uid;           /* 0: any */
    const uint16_t *cubes; /* to take out */
    const int *with;       /* to put in; -1: choose */
    unsigned n_cubes;
    bool disrupt, use_spares;
    bool while_tested; /* only to show: as if the tests of cubes that are held for the slice were over */
};
__attribute__((warn_unused_result)) int
fabric_swap_slice(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_swap *swap,
                  int64_t now_us, struct fabric_plan *plan, struct fabric_outcome *ret_outcome,
                  struct fabric_refusal *refusal);
/* Another shape for a live slice: larger, smaller, twisted or not. */
struct fabric_reshape {
    const char *name;
    int64_t uid; /* 0: any */
    const char *topology;
    const uint16_t *exclude;
    unsigned n_exclude;
    bool disrupt, use_spares;
};
__attribute__((warn_unused_result)) int
fabric_reshape_slice(struct fabric *fabric, const struct fabric_actor *actor,
                     const struct fabric_reshape *reshape, int64_t now_us, struct fabric_plan *plan,
                     struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
__attribute__((warn_unused_result)) int
fabric_release_hold(struct fabric *fabric, const struct fabric_actor *actor, const char *name, bool rederive,
                    int64_t now_us, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
__attribute__((warn_unused_result)) int
fabric_mark_cube(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_cube *cube,
                 enum health health, const char *reason, int64_t now_us, struct fabric_outcome *ret_outcome,
                 struct fabric_refusal *refusal);
enum fabric_scheduling_verb {
    FABRIC_CORDON,
    FABRIC_UNCORDON,
    FABRIC_DRAIN,
    FABRIC_CANCEL_DRAIN,
    FABRIC_RELEASE,
};
/* deadline_us: of a drain, from now; 0: none. */
__attribute__((warn_unused_result)) int
fabric_schedule_cube(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_cube *cube,
                     enum fabric_scheduling_verb verb, const char *reason, int64_t deadline_us,
                     int64_t now_us, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
/* What a drain of the cube does, or would do, to each slice on it. */
struct fabric_drain_step {
    const struct fabric_slice *slice;
    const char *action; /* "swap", "ask", "wait"; static */
    int replacement;    /* a cube; -1: none */
    unsigned removed, added;
    char text[400];
};
void fabric_drain_steps(const struct fabric_cube *cube, int64_t now_us,
                        void (*visit)(const struct fabric_drain_step *, void *userdata), void *userdata);
/* The same when an operator calls the cube UNHEALTHY; the text of a "swap" is that of a drain. */
void fabric_failure_steps(const struct fabric_cube *cube, int64_t now_us,
                          void (*visit)(const struct fabric_drain_step *, void *userdata), void *userdata);
/* What keeps a drain from its end, as of the last look; only slice and text of a step count. */
void fabric_drain_blockers(const struct fabric_cube *cube,
                           void (*visit)(const struct fabric_drain_step *, void *userdata), void *userdata);
/* The owner's word, or an operator's, that what is pending may move. with[i]: a cube instead of the held one,
 * -1: none; n_with 0, or as many as are pending. ret_plan zeroed; caller: fabric_plan_deinit(). */
__attribute__((warn_unused_result)) int
fabric_accept_disruption(struct fabric *fabric, const struct fabric_actor *actor, const char *name,
                         int64_t uid, const int *with, unsigned n_with, int64_t now_us,
                         struct fabric_plan *ret_plan, struct fabric_outcome *ret_outcome,
                         struct fabric_refusal *refusal);
/* How many cubes the pod holds back for repairs; per_domain: of each cube power domain. ret_spares: those
 * that are held back now, or would be. */
__attribute__((warn_unused_result)) int
fabric_set_spares(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_pod *pod,
                  unsigned count, bool per_domain, int64_t now_us, struct topo_cube_set *ret_spares,
                  struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
/* The lease begins anew; an orphan is one no longer. */
__attribute__((warn_unused_result)) int
fabric_renew_slice(struct fabric *fabric, const struct fabric_actor *actor, const char *name, int64_t uid,
                   int64_t now_us, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
/* When the lease runs out, wall; of an orphan: when it may be released. */
int64_t fabric_lease_until_us(const struct fabric_slice *slice);
/* Where the fault of a dark link may be: so many lines of text; 0 where it is not dark. */
#define FABRIC_SUSPECTS 5
unsigned fabric_link_suspects(const struct fabric_slice *slice, const struct slice_version *version,
                              const struct slice_link *link, char text[FABRIC_SUSPECTS][160]);
/* Pins product and serial as last reported; n_ocses switches, all or none. */
__attribute__((warn_unused_result)) int
fabric_confirm_ocses(struct fabric *fabric, const struct fabric_actor *actor,
                     const struct fabric_ocs *const *ocses, size_t n_ocses, int64_t now_us,
                     struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
__attribute__((warn_unused_result)) int
fabric_set_addresses(struct fabric *fabric, const struct fabric_actor *actor,
                     const struct fabric_ocs *const *ocses, const char *const *addresses, size_t n_ocses,
                     int64_t now_us, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
/* It is frozen, or a restore of it is held; otherwise fabric_thaw() changes nothing. */
bool fabric_thaw_does_something(const struct fabric_pod *pod);
__attribute__((warn_unused_result)) int fabric_thaw(struct fabric *fabric, const struct fabric_actor *actor,
                                                    const struct fabric_pod *pod, int64_t now_us,
                                                    struct fabric_outcome *ret_outcome,
                                                    struct fabric_refusal *refusal);
__attribute__((warn_unused_result)) int fabric_freeze(struct fabric *fabric, const struct fabric_actor *actor,
                                                      const struct fabric_pod *pod, const char *reason,
                                                      int64_t now_us, struct fabric_outcome *ret_outcome,
                                                      struct fabric_refusal *refusal);

/* Removes a circuit that nobody explains, on an operator's word; once the word is durable. */
__attribute__((warn_unused_result)) int
fabric_clear_circuit(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_ocs *ocs,
                     unsigned a, unsigned b, int64_t now_us, struct fabric_outcome *ret_outcome,
                     struct fabric_refusal *refusal);
/* Takes over a slice as the switches stand: the cube at position 0 is given, the others follow from the
 * circuits that were read. No mirror moves. Also in a frozen pod. plan may be NULL. */
__attribute__((warn_unused_result)) int
fabric_adopt_slice(struct fabric *fabric, const struct fabric_actor *actor,
                   const struct fabric_slice_spec *spec, unsigned first_cube, int64_t now_us,
                   struct fabric_plan *plan, struct fabric_outcome *ret_outcome,
                   struct fabric_refusal *refusal);

/* A request that was refused, as often as it was made. */
struct fabric_refused {
    const char *principal, *method, *object, *text;
    enum reason reason;
    int64_t count, first_us, last_us; /* wall */
};
/* Counts a refusal when it is one of capacity and not of a trial. */
void fabric_note_refusal(struct fabric *fabric, const struct fabric_actor *actor, const char *object,
                         const struct fabric_refusal *refusal, int64_t now_us);
void fabric_refusals(const struct fabric *fabric,
                     void (*visit)(const struct fabric_refused *, void *userdata), void *userdata);

/* Something that needs a person now, and what to do about it. Derived from the state, never stored. */
struct fabric_alarm {
    const char *kind; /* "OCS_MISMATCH"; static */
    const struct fabric_pod *pod;
    char object[96];
    char text[FABRIC_PENDING_MAX];
    const char *what_to_do; /* lives as long as the visit */
    int64_t since_us;       /* wall; 0: not known */
};
void fabric_alarms(const struct fabric *fabric, void (*visit)(const struct fabric_alarm *, void *userdata),
                   void *userdata);

/* A pod as rows. pod_id fields are ignored. The arrays are sorted by key and complete: every cube 0..n-1 with
 * 16 hosts and 64 chips, every switch 0..n-1. */
struct fabric_pod_rows {
    const struct store_pod *pod;
    const struct store_cube *cubes;
    size_t n_cubes;
    const struct store_host *hosts;
    size_t n_hosts;
    const struct store_chip *chips;
    size_t n_chips;
    const struct store_ocs *ocses;
    size_t n_ocses;
    const struct store_fiber *fibers;
    size_t n_fibers;
};
/* Creates pods, or replaces their inventory; all or none. A new pod starts frozen. Refused when a circuit of
 * a live slice would change, or a cube, port or switch in use would go: refusal->items lists them. */
__attribute__((warn_unused_result)) int fabric_put_pods(struct fabric *fabric,
                                                        const struct fabric_actor *actor,
                                                        const struct fabric_pod_rows *pods, size_t n_pods,
                                                        int64_t now_us, struct fabric_outcome *ret_outcome,
                                                        struct fabric_refusal *refusal);

/* What a host says. ends[i] of its own optical links: end = topo_end(). */
struct fabric_report {
    const struct fabric_pod *pod;
    uint16_t cube;
    uint8_t host;
    uint8_t chips_ok; /* a bit each */
    bool electrical_ok, chips_in_use;
    unsigned n_ends;
    struct {
        uint16_t end;
        bool light;
        uint16_t far_end; /* TOPO_NO_END: none, or not a place of this pod */
        int32_t transmit_mdbm, receive_mdbm;
    } ends[24];
};
void fabric_report_host(struct fabric *fabric, const struct fabric_report *report, int64_t now_us);

/* Asks every readable switch of the pod for a full read; listener.on_read tells when each ended. Returns how
 * many were asked. */
unsigned fabric_read_back(struct fabric *fabric, const struct fabric_pod *pod, int64_t now_us);

/* One difference between intent and fabric. */
struct fabric_difference {
    const struct fabric_ocs *ocs;
    uint16_t a, b;
    /* What a thaw would do; KEEP and WAIT are shown only: there, and not removed; missing, and not added. */
    enum { FABRIC_ADD, FABRIC_REMOVE, FABRIC_KEEP, FABRIC_WAIT } action;
    enum circuit_class circuit_class;
    const struct fabric_slice *slice; /* NULL: none */
    const char *text;                 /* static */
};
/* Calls visit for every difference, switch by switch. */
void fabric_diff(const struct fabric_pod *pod,
                 void (*visit)(const struct fabric_difference *, void *userdata), void *userdata);

/* Of an observed or intended circuit at an A port: position and link of the intended one. */
bool fabric_intended_at(const struct fabric_ocs *ocs, uint16_t a, struct slice_link *ret_link);
/* What light loses over the circuit that was last read at an A port; see loss.h. Texts are static. */
struct fabric_loss {
    bool is_known;
    int32_t mdb;
};
struct fabric_circuit_loss {
    const char *a_to_b_verdict, *b_to_a_verdict; /* "good" and so on; "": not known */
    bool is_metered, has_baseline;
    int32_t power_mdbm, drift_mdb, to_switch_budget_mdb, end_to_end_budget_mdb;
    struct fabric_loss to_switch, a_to_b, b_to_a, baseline;
};
/* False: nothing is known. */
bool fabric_circuit_loss(const struct fabric_ocs *ocs, uint16_t a, struct fabric_circuit_loss *ret_loss);
/* Which block of its cube a part of a cube is; false for whole cubes. */
bool fabric_part_block(const struct slice_version *version, struct topo_block *ret_block);
/* Who says so of a host: "host report" or "engine". */
const char *fabric_health_source(enum health health, const char *cause);
/* Wall time of a monotonic time; 0 of 0. */
int64_t fabric_wall_of(const struct fabric *fabric, int64_t monotonic_us);
/* The hosts of the slice's cubes report at present, so that it can be qualified. */
bool fabric_slice_can_qualify(const struct fabric_slice *slice);

/* Hands on the plant; see maintenance.h. */
struct fabric_maintenance;
struct maintenance_object;
struct fabric_maintenance_request {
    const char *reason;
    bool disrupt;   /* an operator's word for all owners' */
    bool is_failed; /* of a switch: it is dead */
};
/* Begins, or, where the object is under maintenance already, adds disrupt and is_failed. After validate_only
 * *ret_preview (owned by the caller) is what it would be; NULL otherwise. */
__attribute__((warn_unused_result)) int fabric_begin_maintenance(
    struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_pod *pod, const char *name,
    const struct maintenance_object *object, const struct fabric_maintenance_request *request, int64_t now_us,
    struct fabric_maintenance **ret_preview, struct fabric_outcome *ret_outcome,
    struct fabric_refusal *refusal);
/* The owner's word, or an operator's, for one slice. */
__attribute__((warn_unused_result)) int
fabric_allow_maintenance(struct fabric *fabric, const struct fabric_actor *actor,
                         const struct fabric_maintenance *maintenance, const struct fabric_slice *slice,
                         int64_t now_us, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
/* By who began it, or an admin. */
__attribute__((warn_unused_result)) int
fabric_end_maintenance(struct fabric *fabric, const struct fabric_actor *actor,
                       const struct fabric_maintenance *maintenance, int64_t now_us,
                       struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
/* Another unit in the place of a drained or failed switch; product "": as before. Its circuits return in
 * stages. */
__attribute__((warn_unused_result)) int
fabric_replace_ocs(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_ocs *ocs,
                   const char *product, const char *serial, int64_t now_us,
                   struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
/* A loopback plug sits in the port, which has no fiber, or does not any more: qualification may light links
 * there. At most one on each side of a switch. */
__attribute__((warn_unused_result)) int
fabric_set_test_port(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_ocs *ocs,
                     unsigned side, unsigned port, bool is_removed, int64_t now_us,
                     struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
/* Another rack in the place of one under maintenance; serials[x + 4 (y + 4 z)]. */
__attribute__((warn_unused_result)) int
fabric_replace_cube(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_cube *cube,
                    const char *const serials[FABRIC_CHIPS_PER_CUBE], int64_t now_us,
                    struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
/* Another host in the place of one under maintenance, which ends with it; serials[x + 4 (y + 4 z)], NULL but
 * for its 4 chips. Its cube is QUARANTINED until its links are proved; see qualify_host.h. */
__attribute__((warn_unused_result)) int
fabric_replace_host(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_cube *cube,
                    unsigned host, const char *const serials[FABRIC_CHIPS_PER_CUBE], int64_t now_us,
                    struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
/* The fiber of a port that was prepared for a move is on the other port now. */
__attribute__((warn_unused_result)) int
fabric_finish_port_move(struct fabric *fabric, const struct fabric_actor *actor,
                        const struct fabric_maintenance *maintenance, int64_t now_us,
                        struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal);
/* Tests all face links of a free cube; partner NULL: one is chosen, if there is one. See qualify_cube.h. */
__attribute__((warn_unused_result)) int
fabric_qualify_cube(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_cube *cube,
                    const struct fabric_cube *partner, int64_t now_us, struct fabric_outcome *ret_outcome,
                    struct fabric_refusal *refusal);
