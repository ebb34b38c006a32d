#pragma once
/* The disk and the store thread in virtual time: the real store, group commits that take as long as the
 * schedule says, failures, stalls, and a crash at any instant. */
#include "daemon/store/executor.h"
#include "sim/plant/chance.h"
#include "tests/world/ledger.h"

#define DISK_QUEUE_MAX 4096

struct disk {
    struct store *store;
    struct ledger *ledger;
    struct chance chance;
    int64_t now_us;
    bool is_slow;             /* commits take up to 300 ms */
    int64_t broken_until_us;  /* every commit fails */
    int64_t stalled_until_us; /* no commit ends */
    struct store_change *queue[DISK_QUEUE_MAX], *group[DISK_QUEUE_MAX], *landed[DISK_QUEUE_MAX];
    unsigned n_queue, n_group, n_landed;
    unsigned outstanding;     /* submitted and not answered */
    bool is_busy, is_written; /* written: the group is on the disk, though its end is not told */
    int64_t done_at_us, tell_at_us, probe_at_us, probe_wait_us;
    bool works, told_works, failure_due;
    unsigned long n_groups, n_changes, n_failures;
    char error[300]; /* the real store refused something; "": no */
};

/* One with fabric; NULL while the daemon is dead. */
struct fabric;
void disk_init(struct disk *disk, struct ledger *ledger, uint64_t seed);
struct store_executor disk_executor(struct disk *disk);
int64_t disk_next_us(const struct disk *disk);
void disk_run(struct disk *disk, struct fabric *fabric, int64_t now_us);
/* What is queued is lost; a group under way lands or not; what landed is there, told or not. */
void disk_crash(struct disk *disk);
