#pragma once
/* What the files of this folder share: the fabric itself, changes on their way to the store, and the marks
 * that fabric_advance() works off. */
#include "daemon/fabric/fabric.h"
#include "daemon/fabric/version.h"

#define EVENT_RING 16384
#define OPERATIONS_KEPT 1000
#define SLICES_MAX 20000
#define REQUEST_KEPT_US (INT64_C(3600) * 1000000)

struct change;
struct request_table;
struct refusal_log;

struct waiter {
    struct waiter *next; /* ordered by sequence */
    int64_t ticket, sequence;
    void (*done)(void *userdata, int result);
    void *userdata;
};

struct fabric {
    struct fabric_settings settings;
    struct store_executor executor;
    struct fabric_listener listener;
    struct fabric_options options;
    char store_id[STORE_ID_MAX];
    int64_t wall_offset_us, last_now_us;
    int64_t started_us; /* monotonic */

    struct fabric_pod *pods;
    struct fabric_slice *slices, *last_slice;
    struct fabric_operation *operations;
    struct request_table *requests;
    struct refusal_log *refusals;

    int64_t counter[STORE_COUNTERS]; /* given out */
    int64_t durable_revision;
    uint64_t inventory_epoch;
    struct fabric_event **ring;    /* [EVENT_RING] */
    uint64_t ring_first, ring_end; /* counts of events; place = count % EVENT_RING */
    int64_t ring_lost;             /* revision of the newest event that is no longer in the ring */

    struct change *oldest, *newest; /* outstanding */
    int64_t next_sequence, durable_sequence;
    struct waiter *waiters;
    int64_t next_ticket;
    bool store_works;
    int64_t oldest_submitted_us;

    int64_t host_review_at_us; /* when the silence of hosts is looked at next */
    int64_t housekeeping_at_us;
    uint64_t rounds;    /* of housekeeping */
    bool grace_is_over; /* the switches had time to be read since the start */
    bool is_marked;     /* something waits for fabric_advance() */
    bool is_advancing;
};

/* Tells the owner that fabric_advance() is due. */
void fabric_mark(struct fabric *fabric);
static inline int64_t fabric_wall_us(const struct fabric *fabric, int64_t now_us) {
    return now_us + fabric->wall_offset_us;
}
/* "POD/cube-07"; text of at least 96 bytes. */
const char *fabric_cube_name(const struct fabric_cube *cube, char text[96]);
const char *fabric_ocs_name(const struct fabric_ocs *ocs, char text[96]);
