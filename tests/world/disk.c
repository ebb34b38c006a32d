#include "tests/world/disk.h"
#include "daemon/fabric/fabric.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_FIRST_US 100000
#define PROBE_MAX_US 5000000

static void submit(void *userdata, struct store_change *change) {
    struct disk *disk = userdata;
    disk->outstanding++;
    if (disk->works && !disk->failure_due && disk->n_queue < DISK_QUEUE_MAX) {
        disk->queue[disk->n_queue++] = change;
        return;
    }
    store_change_free(change);
    disk->failure_due = true;
    disk->tell_at_us = disk->now_us;
}

struct store_executor disk_executor(struct disk *disk) {
    return (struct store_executor){.submit = submit, .userdata = disk};
}

void disk_init(struct disk *disk, struct ledger *ledger, uint64_t seed) {
    memset(disk, 0, sizeof(*disk));
    disk->ledger = ledger;
    disk->chance.state = chance_mix(seed);
    disk->works = disk->told_works = true;
    disk->tell_at_us = disk->probe_at_us = INT64_MAX;
}

static void write_group(struct disk *disk) {
    int result = store_commit(disk->store, disk->group, disk->n_group);
    if (result < 0)
        snprintf(disk->error, sizeof(disk->error), "the store refused a group: %s: %s", strerror(-result),
                 store_error(disk->store));
    disk->is_written = true;
}

static void start_group(struct disk *disk) {
    memcpy(disk->group, disk->queue, sizeof(*disk->queue) * disk->n_queue);
    disk->n_group = disk->n_queue;
    disk->n_queue = 0;
    disk->is_busy = true;
    disk->is_written = false;
    int64_t longest_us = disk->is_slow && chance_percent(&disk->chance, 30) ? 300000 : 4000;
    disk->done_at_us = disk->now_us + chance_between(&disk->chance, 300, longest_us);
    if (disk->done_at_us < disk->stalled_until_us)
        disk->done_at_us = disk->stalled_until_us;
    bool is_broken = disk->now_us < disk->broken_until_us;
    if (!is_broken && chance_percent(&disk->chance, 50))
        write_group(disk);
}

static void free_all(struct store_change **changes, unsigned *count) {
    for (unsigned i = 0; i < *count; i++)
        store_change_free(changes[i]);
    *count = 0;
}

static void end_group(struct disk *disk) {
    disk->is_busy = false;
    if (!disk->is_written && disk->now_us < disk->broken_until_us) {
        disk->n_failures++;
        disk->works = false;
        disk->failure_due = true;
        disk->probe_wait_us = PROBE_FIRST_US;
        disk->probe_at_us = disk->now_us + PROBE_FIRST_US;
        free_all(disk->group, &disk->n_group);
        free_all(disk->queue, &disk->n_queue);
    } else {
        if (!disk->is_written)
            write_group(disk);
        disk->n_groups++;
        disk->n_changes += disk->n_group;
        memcpy(disk->landed + disk->n_landed, disk->group, sizeof(*disk->group) * disk->n_group);
        disk->n_landed += disk->n_group;
        disk->n_group = 0;
    }
    disk->tell_at_us = disk->now_us + chance_between(&disk->chance, 10, 300);
}

static void probe(struct disk *disk) {
    if (disk->now_us >= disk->broken_until_us && store_probe(disk->store) == 0) {
        disk->works = true;
        disk->probe_at_us = INT64_MAX;
        disk->tell_at_us = disk->now_us;
        return;
    }
    disk->probe_wait_us = disk->probe_wait_us * 2 < PROBE_MAX_US ? disk->probe_wait_us * 2 : PROBE_MAX_US;
    disk->probe_at_us = disk->now_us + disk->probe_wait_us;
}

/* In the order in which store_thread_dispatch() tells. */
static void tell(struct disk *disk, struct fabric *fabric) {
    disk->tell_at_us = INT64_MAX;
    if (disk->n_landed) {
        unsigned count = disk->n_landed;
        for (unsigned i = 0; i < count; i++)
            ledger_apply(disk->ledger, disk->landed[i]);
        ledger_derive(disk->ledger);
        free_all(disk->landed, &disk->n_landed);
        disk->outstanding -= count;
        fabric_on_store_result(fabric, 0, count, disk->now_us);
    }
    if (disk->failure_due && !disk->is_busy) {
        unsigned count = disk->outstanding;
        disk->outstanding = 0;
        disk->failure_due = false;
        fabric_on_store_result(fabric, -EIO, count, disk->now_us);
        if (disk->told_works) {
            disk->told_works = false;
            fabric_on_store_works(fabric, false, disk->now_us);
        }
    }
    if (disk->works && !disk->failure_due && !disk->told_works) {
        disk->told_works = true;
        fabric_on_store_works(fabric, true, disk->now_us);
    }
}

static int64_t earlier(int64_t one, int64_t other) {
    return one < other ? one : other;
}

int64_t disk_next_us(const struct disk *disk) {
    int64_t next = earlier(disk->tell_at_us, disk->probe_at_us);
    if (disk->is_busy)
        return earlier(next, disk->done_at_us);
    return disk->n_queue ? disk->now_us : next;
}

void disk_run(struct disk *disk, struct fabric *fabric, int64_t now_us) {
    disk->now_us = now_us;
    if (disk->is_busy && now_us >= disk->done_at_us)
        end_group(disk);
    if (now_us >= disk->probe_at_us)
        probe(disk);
    if (now_us >= disk->tell_at_us)
        tell(disk, fabric);
    if (!disk->is_busy && disk->works && disk->n_queue)
        start_group(disk);
}

void disk_crash(struct disk *disk) {
    if (disk->is_busy && !disk->is_written && disk->now_us >= disk->broken_until_us &&
        chance_percent(&disk->chance, 50))
        write_group(disk);
    free_all(disk->group, &disk->n_group);
    free_all(disk->queue, &disk->n_queue);
    free_all(disk->landed, &disk->n_landed);
    disk->is_busy = disk->failure_due = false;
    disk->outstanding = 0;
    disk->works = disk->told_works = true;
    disk->tell_at_us = disk->probe_at_us = INT64_MAX;
}
