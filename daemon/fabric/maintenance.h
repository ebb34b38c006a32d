#pragma once
/* Hands on the plant: a cube, host, fiber, port or switch that a person works on. Nothing connects what it
 * covers, from the moment it is accepted until it is gone; what is connected there goes, a slice's only with
 * somebody's word. The blocks on ports follow from the list of these, and are never stored. */
#include "daemon/fabric/change.h"
#include "daemon/fabric/stage.h"

enum maintenance_kind {
    MAINTENANCE_NONE,
    MAINTENANCE_CUBE,
    MAINTENANCE_HOST,
    MAINTENANCE_FIBER,
    MAINTENANCE_PORT,
    MAINTENANCE_OCS,
};

enum maintenance_state {
    MAINTENANCE_STATE_NONE,
    MAINTENANCE_WAITING,         /* for somebody's word */
    MAINTENANCE_CLEARING,        /* circuits are being removed and read back */
    MAINTENANCE_NOT_PROVEN_DARK, /* a switch cannot be read */
    MAINTENANCE_SAFE,            /* to touch */
    MAINTENANCE_FAILED,          /* a switch that is dead, by an operator's word */
    MAINTENANCE_RESTORING,       /* a switch that was replaced: its circuits return in stages */
    MAINTENANCE_STOPPED,         /* and too many of them did not come to light */
};

#define MAINTENANCE_STAGES 3
#define MAINTENANCE_OBJECT_MAX 48

/* What an object is. */
struct maintenance_object {
    enum maintenance_kind kind;
    uint16_t cube;       /* of a cube, host, fiber */
    uint8_t host;        /* of a host */
    uint8_t face, index; /* of a fiber */
    uint16_t ocs;        /* of a port, switch */
    uint8_t side;
    uint16_t port;    /* of a port */
    uint16_t move_to; /* of a port that is moved: the other one; 0: it is not moved */
};

/* What changes while it lasts. */
struct maintenance_terms {
    bool disrupt;                    /* an operator's word stands for all owners' */
    bool is_failed;                  /* of a switch */
    bool is_ending;                  /* the person is done */
    unsigned stage;                  /* of a switch that was replaced; 0: it was not */
    int64_t allowed[TOPO_CUBES_MAX]; /* uids of the slices whose owners agreed */
    unsigned n_allowed;
    enum maintenance_state told;
    int64_t safe_since_us; /* wall; 0: was never safe */
};

struct fabric_maintenance {
    struct fabric_maintenance *next; /* of the pod, in order of name */
    struct fabric_pod *pod;
    char name[MAINTENANCE_OBJECT_MAX]; /* "cube-07", "cube-07/host-03", "cube-07/+x/5", "ocs-x-05/A17",
                                          "ocs-x-05" */
    struct maintenance_object object;
    char reason[FABRIC_TEXT_MAX], begun_by[64];
    int64_t since_us; /* wall */
    int64_t uid_at;   /* slices with a larger uid never had circuits here */
    struct maintenance_terms accepted, durable;
    bool is_durable;
    bool is_dark;          /* as looked at last: nothing is connected and every switch was read */
    unsigned n_changes;    /* outstanding */
    int64_t read_after_us; /* monotonic: only younger maps prove anything */
};

/* From a row; 0, -EBADMSG (no such pod or object), -ENOMEM. */
__attribute__((warn_unused_result)) int maintenance_load(struct fabric *fabric,
                                                         const struct store_maintenance *row, int64_t now_us);
void maintenance_free_all(struct fabric_pod *pod);
/* A new inventory took the place of an old one. */
void maintenance_take_over(struct fabric_pod *old, struct fabric_pod *new);
struct fabric_maintenance *maintenance_find(const struct fabric_pod *pod, const char *name); /* NULL: none */
bool maintenance_exists(const struct fabric_pod *pod, const struct maintenance_object *object);

/* A port of a switch that is covered. */
struct maintenance_port {
    uint16_t ocs, port;
    uint8_t side;
};

/* All of them; their number. */
unsigned maintenance_ports(const struct fabric_maintenance *maintenance,
                           struct maintenance_port ret_ports[2 * TOPO_PORTS_MAX]);
/* The port is covered. */
bool maintenance_covers(const struct fabric_maintenance *maintenance, unsigned ocs, enum topo_side side,
                        unsigned port);
/* The ports that should be disabled are those that were read back dark under a block that still stands. */
bool maintenance_wants_disabled(const struct fabric_ocs *ocs, enum topo_side side, unsigned port);
/* Some port of any switch may have to be disabled or enabled. */
void maintenance_mark_ports(struct fabric_pod *pod);
/* is_blocked of every port of the pod. */
void maintenance_derive_blocks(struct fabric_pod *pod);
/* The slice gives the circuit of this link up: durable, so that the circuit may be removed. */
bool maintenance_takes(const struct fabric_slice *slice, const struct slice_version *version,
                       const struct slice_link *seen, const struct topo_link *link);
/* The cause to be told of a link that was given up. */
enum link_cause maintenance_cause(const struct fabric_pod *pod, const struct topo_link *link);
/* The slice gave up the whole cube. */
bool maintenance_takes_cube(const struct fabric_cube *cube, const struct fabric_slice *slice);
/* A dark circuit there goes: somebody works on one of its ends, and that is durable. */
bool maintenance_clears(const struct fabric_pod *pod, unsigned ocs, unsigned a, unsigned b);
/* An operator said that even a circuit that nobody explains goes. */
bool maintenance_disrupts(const struct fabric_pod *pod, unsigned ocs, unsigned a, unsigned b);
/* Into pod->plan: what may not be planned with. */
void maintenance_mark_plan(struct fabric_pod *pod);
/* The switch is drained, failed or not restored yet: not seeing it is no news. */
const struct fabric_maintenance *maintenance_of_ocs(const struct fabric_ocs *ocs); /* NULL: none */

/* Whose hands are there ends it, or an admin does. What was only marked failed has nobody's hands on it. 0 or
 * FABRIC_REFUSED. */
__attribute__((warn_unused_result)) int maintenance_check_hands(const struct fabric_maintenance *m,
                                                                const struct fabric_actor *actor,
                                                                const char *field,
                                                                struct fabric_refusal *refusal);
/* Cubes and switches have a revision, a host that of its cube; a request that wants one of another object is
 * refused. 0 or FABRIC_REFUSED. */
__attribute__((warn_unused_result)) int maintenance_check_revision(const struct fabric_pod *pod,
                                                                   const char *name,
                                                                   const struct maintenance_object *object,
                                                                   const struct fabric_actor *actor,
                                                                   struct fabric_refusal *refusal);

/* Steps on records: accepted now. */
void maintenance_change_begin(struct change *change, struct fabric_maintenance *maintenance);
void maintenance_change_terms(struct change *change, struct fabric_maintenance *maintenance,
                              const struct maintenance_terms *terms);
void maintenance_change_drop(struct change *change, struct fabric_maintenance *maintenance);

/* What has come of it: new states, stages, ports to disable or enable, ends. */
void maintenance_review(struct fabric_pod *pod, int64_t now_us);

/* From the switch: device_set_ports() ended; its session began. */
void maintenance_on_ports(struct fabric_ocs *ocs, enum device_result result, int64_t now_us);
void maintenance_on_session(struct fabric_ocs *ocs, int64_t now_us);
void maintenance_assume_disabled(struct fabric_maintenance *maintenance, int64_t now_us);

/* The slice's circuits there may go. */
bool maintenance_has_word(const struct fabric_maintenance *maintenance, const struct fabric_slice *slice);
const char *maintenance_state_name(enum maintenance_state state);

/* How it stands. */
struct maintenance_sight {
    enum maintenance_state state;
    char text[FABRIC_TEXT_MAX];
    unsigned n_ports, n_lit, n_waiting, n_in_the_way, n_settling, n_disabled, n_to_disable, n_to_enable;
    uint64_t unread;          /* a bit for each switch that cannot be read */
    struct stage_sight links; /* of the stages so far of a switch that was replaced */
};
void maintenance_look(const struct fabric_maintenance *maintenance, struct maintenance_sight *ret_sight);
/* The A port's link is not due before a later stage. */
bool maintenance_is_later(unsigned stage, unsigned a);
