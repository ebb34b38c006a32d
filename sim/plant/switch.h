#pragma once
/* One emulated optical circuit switch: ports, mirrors that take time to settle, circuits, power, and the
 * behaviour that a test selects. What its SCPI sessions say is in scpi.h. */
#include "sim/plant/chance.h"
#include "sim/plant/setting.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_MAX_SIDE_PORTS 1024
#define SIM_MAX_SESSIONS 64
#define SIM_MAX_ERRORS 256

struct sim_plant;

enum sim_add_on_used { SIM_ADD_TAKES_OVER, SIM_ADD_REFUSES };
enum sim_bad_pair { SIM_BAD_PAIR_REFUSES_LIST, SIM_BAD_PAIR_APPLIES_REST };
enum sim_sub_unmatched { SIM_SUB_ERROR, SIM_SUB_IGNORE, SIM_SUB_DISCONNECT };
enum sim_failed_port { SIM_FAILED_PORT_REFUSES, SIM_FAILED_PORT_ACCEPTS };
enum sim_restart { SIM_RESTART_VOLATILE, SIM_RESTART_PRESERVED };
enum sim_stat { SIM_STAT_COMMANDED, SIM_STAT_SETTLED };
enum sim_answers { SIM_ANSWERS_JOINED, SIM_ANSWERS_LINES };
enum sim_error_queue { SIM_ERRORS_PER_SESSION, SIM_ERRORS_SHARED };
enum sim_meters { SIM_METERS_EGRESS, SIM_METERS_NONE, SIM_METERS_BOTH, SIM_METERS_SILENT };

/* What a switch is and how it behaves; sim_switch_settings names each field and says what it does. */
struct sim_behaviour {
    char vendor[32], product[64], serial[64], version[32];
    int64_t settle_min_us, settle_max_us;
    int64_t add_on_used, bad_pair, sub_unmatched, failed_port;
    int64_t restart, boot_ms, stat, stat_lag_ms, answers;
    int64_t port_ranges, error_drops_line;
    int64_t error_queue, error_queue_depth;
    int64_t meters, drift_mdb_per_hour;
    int64_t session_limit;
    int64_t refuse, frozen;
    int64_t answer_delay_ms, bulk_read_ms, execute_delay_ms, reads_wait;
    int64_t truncate_percent, garble_percent, double_percent, reset_percent;
    int64_t settle_fail_percent, wrong_loss_percent, wrong_loss_mdb, batch_share_percent;
};

extern const struct setting sim_switch_settings[];
extern const size_t sim_switch_settings_count;

struct sim_port {
    int64_t failed, disabled;
    int64_t settle_fail; /* a mirror sent here never settles */
    int64_t loss_mdb;    /* on top of the loss table */
    int64_t reflects;    /* a loopback plug is fitted: light that comes in goes back */
    uint32_t was_b;      /* of a side A port: what it was connected to before its last move */
    int64_t moved_at_us;
    int32_t end; /* the link end whose fiber is plugged in here, or SIM_NO_END */
};

struct sim_circuit {
    uint32_t b; /* 0: none */
    bool stuck; /* the mirrors did not settle and never will */
    bool seen_lit;
    int64_t wrong_loss_mdb;
    int64_t settled_at_us;
};

/* from and to are side B port numbers, 0: nothing. */
struct sim_move {
    uint32_t a, from, to;
    int64_t settle_us;
};

struct sim_errors {
    int codes[SIM_MAX_ERRORS];
    size_t count;
};

struct sim_switch {
    struct sim_plant *plant;
    int32_t index, pod;
    char *name;       /* POD/ocs-x-05 */
    char *short_name; /* ocs-x-05 */
    char *address;    /* HOST:PORT as the plant file has it, or ""; owned */
    uint32_t ports_a, ports_b;
    struct sim_port *port_a, *port_b; /* [1..] */
    struct sim_circuit *circuits;     /* by side A port, [1..] */
    uint32_t *ingress_of;             /* by side B port, 0: none */
    struct sim_behaviour behaviour;
    struct chance chance;
    int64_t ready_at_us; /* INT64_MAX: no power; later than now: booting */
    bool boot_announced;
    int64_t settled_at_us; /* when the last mirror that was ever told to move is at rest */
    uint64_t set_commands;
    struct sim_errors errors; /* for error-queue=shared */
    struct sim_move *moves;   /* since the last sim_switch_clear_moves() */
    size_t n_moves, moves_capacity;
};

struct sim_pair {
    uint32_t a, b;
};

/* What a command came to; the first that went wrong. */
enum sim_verdict {
    SIM_DONE,
    SIM_OUT_OF_RANGE,
    SIM_CONFLICT,    /* a port named twice, a port in use, a pair not connected as named */
    SIM_PORT_FAILED, /* failed or disabled */
};

/* Port numbers start at 1; every port without a fiber. name is copied. product and serial may be "": made up.
 */
void sim_switch_init(struct sim_switch *sw, struct sim_plant *plant, int32_t index, int32_t pod,
                     const char *name, uint32_t ports_a, uint32_t ports_b, const char *product,
                     const char *serial);
void sim_switch_deinit(struct sim_switch *sw);

static inline struct sim_port *sim_switch_port(struct sim_switch *sw, bool side_b, uint32_t port) {
    return side_b ? &sw->port_b[port] : &sw->port_a[port];
}

bool sim_switch_is_up(const struct sim_switch *sw, int64_t now_us);

__attribute__((warn_unused_result)) enum sim_verdict
sim_switch_add(struct sim_switch *sw, const struct sim_pair *pairs, size_t count, int64_t now_us);
/* b or a may be 0: whatever it is connected to. */
__attribute__((warn_unused_result)) enum sim_verdict
sim_switch_sub(struct sim_switch *sw, const struct sim_pair *pairs, size_t count, int64_t now_us);
/* Exactly these and no others. */
__attribute__((warn_unused_result)) enum sim_verdict
sim_switch_only(struct sim_switch *sw, const struct sim_pair *pairs, size_t count, int64_t now_us);
void sim_switch_clear(struct sim_switch *sw, int64_t now_us);

/* The circuit at a port carries light: settled, power on, ports in order. */
bool sim_switch_carries(const struct sim_switch *sw, uint32_t a, int64_t now_us);
/* Through the circuit at side A port a, now. */
int64_t sim_switch_loss_mdb(const struct sim_switch *sw, uint32_t a, int64_t now_us);

void sim_switch_power_off(struct sim_switch *sw, int64_t now_us);
void sim_switch_power_on(struct sim_switch *sw, int64_t now_us);
/* Tells the hosts of circuits that settled up to now; returns when to be called again, INT64_MAX: no need. */
int64_t sim_switch_advance(struct sim_switch *sw, int64_t now_us);
void sim_switch_clear_moves(struct sim_switch *sw);
/* Tells the watcher of an event: the moves from number first on are its own, and taken off the list. */
void sim_switch_report_event(struct sim_switch *sw, const char *cause, size_t first);
/* All ports' link ends have news. */
void sim_switch_touch(struct sim_switch *sw);
