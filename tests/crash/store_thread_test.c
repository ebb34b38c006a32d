/* The store thread on a disk that stalls and fails. Also built and run under ThreadSanitizer.
 *
 * Usage: store_thread_test FOLDER [SEED]; the database in FOLDER is lost. */
#include "daemon/store/fault_vfs.h"
#include "daemon/store/store_thread.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "FAILED %s:%d: %s (seed %" PRIu64 ")\n", __FILE__, __LINE__, #condition, seed);  \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define HAMMER_CHANGES 4000
#define OUTSTANDING_MAX 64

static uint64_t seed;
static char path[4096];

/* A loop as small as it can be: it sleeps until it is woken. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int wakes;
} loop = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

static void wake_loop(void *userdata) {
    pthread_mutex_lock(&loop.mutex);
    loop.wakes++;
    pthread_cond_signal(&loop.changed);
    pthread_mutex_unlock(&loop.mutex);
}

static void sleep_until_woken(void) {
    pthread_mutex_lock(&loop.mutex);
    while (loop.wakes == 0)
        pthread_cond_wait(&loop.changed, &loop.mutex);
    loop.wakes = 0;
    pthread_mutex_unlock(&loop.mutex);
}

static bool was_woken(void) {
    pthread_mutex_lock(&loop.mutex);
    bool woken = loop.wakes > 0;
    loop.wakes = 0;
    pthread_mutex_unlock(&loop.mutex);
    return woken;
}

/* The owner's side: what it submitted and how it was answered. Change i puts event i. */
static struct owner {
    struct store_thread *thread;
    struct store_executor executor;
    int64_t submitted, answered;
    bool is_durable[100 * 1000];
    int results, failures; /* calls of on_result */
    int last_result;
    size_t last_n;
    bool works;
    int works_calls;
    bool is_in_submit;
    int submit_in_callback; /* that many changes, from the next on_result() */
} owner;

static void submit(void) {
    int64_t revision = ++owner.submitted;
    CHECK(revision < (int64_t)(sizeof(owner.is_durable) / sizeof(owner.is_durable[0])));
    struct store_change *change = store_change_new();
    CHECK(change != NULL);
    store_put(change, STORE_EVENT, &(struct store_event){.revision = revision, .kind = "TEST"});
    store_put(change, STORE_AUDIT, &(struct store_audit){.audit_id = revision});
    owner.is_in_submit = true;
    owner.executor.submit(owner.executor.userdata, change);
    owner.is_in_submit = false;
}

static void on_result(void *userdata, int result, size_t n) {
    CHECK(!owner.is_in_submit);
    CHECK(n > 0 && result <= 0);
    owner.results++;
    owner.last_result = result;
    owner.last_n = n;
    CHECK(owner.answered + (int64_t)n <= owner.submitted);
    if (result < 0) {
        owner.failures++;
        CHECK(owner.answered + (int64_t)n == owner.submitted);
    }
    for (size_t i = 0; i < n; i++)
        owner.is_durable[++owner.answered] = result == 0;
    for (; owner.submit_in_callback > 0; owner.submit_in_callback--)
        submit();
}

static void on_works(void *userdata, bool works) {
    CHECK(!owner.is_in_submit);
    CHECK(works != owner.works);
    owner.works = works;
    owner.works_calls++;
}

static void start(size_t max_group) {
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        char name[4200];
        snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        unlink(name);
    }
    fault_vfs_reset();
    fault_vfs_forget();
    struct store *store = NULL;
    char error[512];
    CHECK(store_open(&(struct store_options){.path = path, .vfs = FAULT_VFS_NAME}, &store, error,
                     sizeof(error)) == 0);
    memset(&owner, 0, sizeof(owner));
    owner.works = true;
    loop.wakes = 0;
    struct store_thread_options options = {
        .store = store,
        .max_group = max_group,
        .wake_loop = wake_loop,
        .callbacks = {.on_result = on_result, .on_works = on_works},
    };
    CHECK(store_thread_start(&options, &owner.thread) == 0);
    owner.executor = store_thread_executor(owner.thread);
}

static void dispatch(void) {
    store_thread_dispatch(owner.thread);
}

static void dispatch_until_answered(void) {
    while (owner.answered < owner.submitted) {
        sleep_until_woken();
        dispatch();
    }
}

static void dispatch_until_works(void) {
    while (!owner.works) {
        sleep_until_woken();
        dispatch();
    }
}

static void count_event(const void *record, void *userdata) {
    int64_t revision = ((const struct store_event *)record)->revision;
    CHECK(revision <= owner.submitted && owner.is_durable[revision]);
    (*(int64_t *)userdata)++;
}

/* After the stop: exactly the acknowledged changes are there. */
static void check_database(void) {
    struct store *store = NULL;
    char error[512];
    int64_t expected = 0, found = 0;
    for (int64_t i = 1; i <= owner.submitted; i++)
        expected += owner.is_durable[i];
    fault_vfs_reset();
    CHECK(store_open(&(struct store_options){.path = path}, &store, error, sizeof(error)) == 0);
    CHECK(store_load(store, STORE_EVENT, count_event, &found) == 0);
    CHECK(found == expected);
    store_close(store);
    struct store_audit_summary summary;
    CHECK(store_audit_verify(path, &summary, error, sizeof(error)) == 0);
    CHECK(summary.rows == expected);
}

static void what_queues_during_a_sync_is_one_group(void) {
    start(0);
    fault_vfs_hold_syncs(true);
    submit();
    fault_vfs_wait_for_held_sync();
    for (int i = 0; i < 50; i++)
        submit();
    dispatch();
    CHECK(owner.answered == 0);
    fault_vfs_hold_syncs(false);
    dispatch_until_answered();
    struct store_thread_stats stats = store_thread_stats(owner.thread);
    CHECK(stats.commits == 2 && stats.changes == 51 && stats.total_commit_us >= stats.last_commit_us);
    CHECK(owner.failures == 0 && owner.works_calls == 0);
    store_thread_stop(owner.thread);
    check_database();
}

static void groups_have_a_limit(void) {
    start(8);
    fault_vfs_hold_syncs(true);
    submit();
    fault_vfs_wait_for_held_sync();
    for (int i = 0; i < 20; i++)
        submit();
    fault_vfs_hold_syncs(false);
    dispatch_until_answered();
    CHECK(store_thread_stats(owner.thread).commits == 4);
    store_thread_stop(owner.thread);
    check_database();
}

static void stop_commits_what_is_queued(void) {
    start(0);
    fault_vfs_hold_syncs(true);
    submit();
    fault_vfs_wait_for_held_sync();
    for (int i = 0; i < 5; i++)
        submit();
    fault_vfs_hold_syncs(false);
    store_thread_stop(owner.thread);
    for (int i = 1; i <= 6; i++)
        owner.is_durable[i] = true;
    check_database();
}

static void failure_takes_everything_outstanding(void) {
    start(0);
    submit();
    dispatch_until_answered();
    CHECK(owner.is_durable[1]);

    fault_vfs_fail(FAULT_VFS_SYNC, 1, true, 0);
    fault_vfs_hold_syncs(true);
    submit();
    fault_vfs_wait_for_held_sync();
    submit(); /* queued behind the one that fails */
    submit();
    fault_vfs_hold_syncs(false);
    sleep_until_woken();
    submit(); /* after the failure, before it is dispatched */
    CHECK(owner.answered == 1);
    owner.submit_in_callback = 1; /* and one from inside the answer: a failure of its own */
    dispatch();
    CHECK(owner.failures == 1 && owner.last_result == -EIO && owner.last_n == 4);
    CHECK(!owner.works && owner.works_calls == 1);
    char error[256];
    store_thread_error(owner.thread, error, sizeof(error));
    CHECK(strstr(error, "I/O") != NULL);
    dispatch_until_answered();
    CHECK(owner.failures == 2 && owner.last_n == 1 && owner.works_calls == 1);

    submit();
    dispatch_until_answered();
    CHECK(owner.failures == 3 && owner.last_n == 1 && owner.works_calls == 1);

    fault_vfs_fail(0, 0, false, 0);
    dispatch_until_works();
    submit();
    dispatch_until_answered();
    CHECK(owner.is_durable[owner.submitted] && owner.works_calls == 2);
    store_thread_stop(owner.thread);
    check_database();
}

static void durable_ones_are_answered_before_the_failure(void) {
    start(0);
    submit();
    sleep_until_woken(); /* durable, not dispatched */
    fault_vfs_fail(FAULT_VFS_WRITE, 1, true, 13 /* SQLITE_FULL */);
    submit();
    sleep_until_woken(); /* failed */
    owner.submit_in_callback = 1;
    dispatch();
    while (owner.answered < owner.submitted) {
        sleep_until_woken();
        dispatch();
    }
    CHECK(owner.is_durable[1] && !owner.is_durable[2] && !owner.is_durable[3]);
    CHECK(owner.last_result == -ENOSPC && owner.failures == 1 && owner.last_n == 2);
    fault_vfs_fail(0, 0, false, 0);
    dispatch_until_works();
    store_thread_stop(owner.thread);
    check_database();
}

/* A disk that works again before the loop has even heard of the failure. */
static void failure_is_told_although_it_is_over(void) {
    start(0);
    fault_vfs_fail(FAULT_VFS_SYNC, 1, false, 0);
    submit();
    sleep_until_woken();
    sleep_until_woken(); /* the probe */
    submit();            /* still belongs to the failure */
    CHECK(owner.answered == 0);
    dispatch();
    CHECK(owner.failures == 1 && owner.last_n == 2 && owner.works && owner.works_calls == 2);
    submit();
    dispatch_until_answered();
    CHECK(owner.is_durable[3]);
    store_thread_stop(owner.thread);
    check_database();
}

static void stop_does_not_wait_for_a_dead_disk(void) {
    start(0);
    fault_vfs_fail(FAULT_VFS_ALL & ~FAULT_VFS_WRITE, 1, true, 0);
    submit();
    dispatch_until_answered();
    CHECK(!owner.works);
    submit();
    store_thread_stop(owner.thread);
    owner.is_durable[1] = owner.is_durable[2] = false;
    check_database();
}

static uint64_t next_random(uint64_t *random) {
    uint64_t z = *random += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static atomic_bool reader_stops;

static bool count_row(const void *record, void *userdata) {
    (*(int64_t *)userdata)++;
    return true;
}

/* Readers and backups beside the store thread. */
static void *read_beside(void *userdata) {
    int64_t *backups = userdata;
    char copy[4200], error[512];
    snprintf(copy, sizeof(copy), "%s.copy", path);
    while (!atomic_load(&reader_stops)) {
        int64_t rows = 0;
        CHECK(store_read_after(path, STORE_EVENT, 0, 100, count_row, &rows) == 0);
        struct store_audit_summary summary;
        CHECK(store_audit_verify(path, &summary, error, sizeof(error)) == 0);
        unlink(copy);
        CHECK(store_backup(path, copy, error, sizeof(error)) == 0);
        CHECK(store_audit_verify(copy, &summary, error, sizeof(error)) == 0);
        (*backups)++;
    }
    unlink(copy);
    return NULL;
}

static void hammer(int64_t *ret_failures, int64_t *ret_backups) {
    uint64_t random = seed;
    start(0);
    pthread_t reader;
    atomic_store(&reader_stops, false);
    CHECK(pthread_create(&reader, NULL, read_beside, ret_backups) == 0);
    while (owner.submitted < HAMMER_CHANGES) {
        uint64_t dice = next_random(&random) % 1000;
        if (dice < 4)
            fault_vfs_fail(FAULT_VFS_SYNC | FAULT_VFS_WRITE, 1 + next_random(&random) % 20, dice < 1, 0);
        else if (dice < 600 && owner.submitted - owner.answered < OUTSTANDING_MAX)
            submit();
        else if (dice < 605)
            owner.submit_in_callback = (int)(next_random(&random) % 4);
        else if (was_woken())
            dispatch();
        if (owner.submitted - owner.answered >= OUTSTANDING_MAX)
            sleep_until_woken(), dispatch();
        if (!owner.works && next_random(&random) % 8 == 0) {
            fault_vfs_fail(0, 0, false, 0);
            dispatch_until_works();
        }
    }
    owner.submit_in_callback = 0;
    fault_vfs_fail(0, 0, false, 0);
    dispatch_until_answered();
    dispatch_until_works();
    atomic_store(&reader_stops, true);
    pthread_join(reader, NULL);
    *ret_failures = owner.failures;
    store_thread_stop(owner.thread);
    check_database();
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: store_thread_test FOLDER [SEED]\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/thread.db", argv[1]);
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    printf("seed %" PRIu64 "\n", seed);
    CHECK(fault_vfs_register(false) == 0);
    what_queues_during_a_sync_is_one_group();
    groups_have_a_limit();
    stop_commits_what_is_queued();
    failure_takes_everything_outstanding();
    durable_ones_are_answered_before_the_failure();
    failure_is_told_although_it_is_over();
    stop_does_not_wait_for_a_dead_disk();
    int64_t failures = 0, backups = 0;
    hammer(&failures, &backups);
    printf("count: store thread: %d changes, %" PRId64 " failed groups, %" PRId64
           " backups beside it, nothing lost\n",
           HAMMER_CHANGES, failures, backups);
    fault_vfs_forget();
    return 0;
}
