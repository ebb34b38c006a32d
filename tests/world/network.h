#pragma once
/* The management network between the daemon's devices and the emulated switches: connections with latency
 * that break, hang and deliver late. */
#include "daemon/device/device.h"
#include "sim/plant/chance.h"
#include "sim/plant/scpi.h"
#include "tests/world/fleet.h"

#define NETWORK_SESSIONS_MAX 12 /* of one switch, dead ones that still execute included */

struct network;

struct packet {
    struct packet *next;
    int64_t at_us;
    bool is_close;
    size_t len;
    char bytes[];
};

struct packets {
    struct packet *first, **last;
};

struct connection {
    struct network *network;
    unsigned ocs;
    bool in_use, is_live; /* live: the device has it open */
    bool is_reset;        /* by the switch */
    struct scpi_session session;
    struct packets to_switch, to_device;
    bool has_set_unanswered; /* a set command went out and its *opc? is not answered yet */
    unsigned n_lines;
};

struct link {
    struct network *network;
    unsigned ocs;
    struct device *device; /* NULL: the daemon is dead */
    struct connection *live;
    int64_t connect_at_us; /* INT64_MAX: not connecting */
    int64_t next_us;       /* of everything at this switch */
    struct connection connection[NETWORK_SESSIONS_MAX];
    bool close_is_lost; /* the switch does not hear of closed connections for now: half-open */
    bool is_cut;        /* nothing passes, either way, and nobody is told */
};

struct network_watcher {
    /* A line goes out to a switch on the live connection. */
    void (*sent)(void *userdata, struct connection *connection, const char *line, size_t len);
    /* Bytes come to a device. */
    void (*answered)(void *userdata, struct connection *connection, const char *bytes, size_t len);
    /* The switch executed a line. */
    void (*executed)(void *userdata, struct connection *connection, const struct scpi_record *record);
    /* The live connection ended, from either end; the daemon may have died. */
    void (*ended)(void *userdata, struct connection *connection);
    void *userdata;
};

/* What may happen to an answer on its way to the device. */
enum answer_fault {
    ANSWER_FINE,
    ANSWER_LOST,      /* nothing arrives */
    ANSWER_RESET,     /* the connection ends instead */
    ANSWER_TRUNCATED, /* half of it, and no end of line */
    ANSWER_GARBLED,   /* other bytes */
    ANSWER_DOUBLED,
    ANSWER_LATE, /* long after the device stopped waiting */
    ANSWER_FAULTS,
};

struct network {
    struct sim_plant *plant;
    struct chance chance;
    int64_t now_us;
    int64_t grid_us; /* arrivals are rounded up to it */
    int64_t latency_min_us, latency_max_us;
    struct network_watcher watcher;
    /* Asked for each answer; NULL: all are fine. */
    enum answer_fault (*spoil)(void *userdata, unsigned ocs);
    struct link link[FLEET_OCSES];
};

void network_init(struct network *network, struct sim_plant *plant, uint64_t seed);
void network_deinit(struct network *network);
/* As fabric_options wants them; userdata is the network. */
int network_attach(void *userdata, struct device *device, void **ret_transport);
void network_detach(void *userdata, void *transport);
int64_t network_next_us(const struct network *network);
void network_run(struct network *network, int64_t now_us);
/* The switch or the way to it breaks every connection. */
void network_drop(struct network *network, unsigned ocs, int64_t now_us);
/* The switch changed: when it acts next has to be found out again. */
void network_touch(struct network *network, unsigned ocs);
