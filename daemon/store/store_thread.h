#pragma once
/* The thread that owns the database handle. It commits in groups: whatever was queued while the last commit
 * ran goes into the next one. After a failed commit it drops what is queued, reports, and probes the store
 * until it works again (first after 100 ms, then doubling to 5 s). */
#include "daemon/store/executor.h"

struct store_thread;

struct store_thread_options {
    struct store *store; /* taken over: the thread closes it */
    size_t max_group;    /* changes in one transaction; 0: 1,024 */
    /* Called by the store thread when results wait; must make the loop call store_thread_dispatch(). */
    void (*wake_loop)(void *userdata);
    void *wake_userdata;
    struct store_executor_callbacks callbacks; /* called by store_thread_dispatch(), in the loop's thread */
};

__attribute__((warn_unused_result)) int store_thread_start(const struct store_thread_options *options,
                                                           struct store_thread **ret_thread);
/* Commits what is queued, stops, closes the store. Results that were not dispatched are dropped. */
void store_thread_stop(struct store_thread *thread);
/* Loop thread. */
void store_thread_dispatch(struct store_thread *thread);
struct store_executor store_thread_executor(struct store_thread *thread);
/* Why the last failed commit failed, in words, for the log; "" before one. Loop thread. */
void store_thread_error(struct store_thread *thread, char *ret_error, size_t size);
/* Time spent in the last and in all commits, and their number (for the benchmark). Loop thread. */
struct store_thread_stats {
    int64_t commits, changes, total_commit_us, last_commit_us;
};
struct store_thread_stats store_thread_stats(const struct store_thread *thread);
