/* Durable changes per second: 64 closed-loop clients through the store thread, against one commit for each
 * change with the same rows. Both on the same disk, once as it is and once with every sync made 2 ms slower.
 *
 * Usage: bench_store FOLDER [CHANGES] */
#include "daemon/store/fault_vfs.h"
#include "daemon/store/store_thread.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 64
#define POSITIONS 8
#define SYNC_DELAY_US 2000
#define CHECKPOINT_PAGES 256

static char path[4096];

struct measured {
    double per_s, syncs_per_change;
};

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void fail(const char *what) {
    fprintf(stderr, "bench_store: %s\n", what);
    exit(1);
}

/* The rows of an accepted request for an eight-cube slice. */
static struct store_change *make_change(int64_t number) {
    struct store_change *change = store_change_new();
    if (change == NULL)
        fail("out of memory");
    char name[32], request_id[32];
    snprintf(name, sizeof(name), "slice-%lld", (long long)number);
    snprintf(request_id, sizeof(request_id), "request-%lld", (long long)number);
    store_put(change, STORE_SLICE,
              &(struct store_slice){.uid = number,
                                    .generation = 1,
                                    .name = name,
                                    .pod_id = 1,
                                    .topology = "8x8x8",
                                    .host_mask = 0xffff,
                                    .state = 2,
                                    .owner = "uid:1000",
                                    .disruption = 1,
                                    .qualified = 1,
                                    .operation_id = number,
                                    .revision = number});
    for (int i = 0; i < POSITIONS; i++)
        store_put(change, STORE_POSITION,
                  &(struct store_position){.uid = number, .generation = 1, .position = i, .cube = i});
    store_put(
        change, STORE_OPERATION,
        &(struct store_operation){.operation_id = number, .kind = "create", .slices = name, .state = 1});
    store_put(change, STORE_REQUEST,
              &(struct store_request){.principal = "uid:1000",
                                      .method = "CreateSlice",
                                      .request_id = request_id,
                                      .uid = number,
                                      .operation_id = number,
                                      .object = name});
    store_put(change, STORE_EVENT,
              &(struct store_event){.revision = number,
                                    .kind = "SLICE_CREATED",
                                    .pod = "pod",
                                    .object = name,
                                    .after = "CONNECTING"});
    store_put(change, STORE_AUDIT,
              &(struct store_audit){
                  .audit_id = number, .actor = "uid:1000", .method = "CreateSlice", .object = name});
    return change;
}

static struct store *open_new(void) {
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        char name[4200];
        snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        unlink(name);
    }
    fault_vfs_forget();
    struct store *store = NULL;
    char error[512];
    if (store_open(&(struct store_options){.path = path, .vfs = FAULT_VFS_NAME}, &store, error,
                   sizeof(error)) != 0)
        fail(error);
    struct store_change *change = store_change_new();
    store_put(change, STORE_POD, &(struct store_pod){.pod_id = 1, .name = "pod", .model = "tpu-v4"});
    if (store_commit(store, &change, 1) < 0)
        fail(store_error(store));
    store_change_free(change);
    return store;
}

static struct measured measure_single(int64_t n) {
    struct store *store = open_new();
    int64_t syncs = fault_vfs_syncs(), started_us = now_us();
    for (int64_t i = 1; i <= n; i++) {
        struct store_change *change = make_change(i);
        if (store_commit(store, &change, 1) < 0)
            fail(store_error(store));
        store_change_free(change);
        if (store_log_pages(store) >= CHECKPOINT_PAGES && store_checkpoint(store) < 0)
            fail("the checkpoint failed");
    }
    struct measured measured = {.per_s = n * 1e6 / (double)(now_us() - started_us),
                                .syncs_per_change = (double)(fault_vfs_syncs() - syncs) / (double)n};
    store_close(store);
    return measured;
}

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_woken;
} loop = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};

static void wake_loop(void *userdata) {
    pthread_mutex_lock(&loop.mutex);
    loop.is_woken = true;
    pthread_cond_signal(&loop.changed);
    pthread_mutex_unlock(&loop.mutex);
}

struct clients {
    struct store_executor executor;
    int64_t submitted, answered, n;
};

/* A client asks again when it is answered. */
static void on_result(void *userdata, int result, size_t n) {
    struct clients *clients = userdata;
    if (result < 0)
        fail("a commit failed");
    clients->answered += n;
    for (; n > 0 && clients->submitted < clients->n; n--)
        clients->executor.submit(clients->executor.userdata, make_change(++clients->submitted));
}

static void on_works(void *userdata, bool works) {
}

static struct measured measure_clients(int64_t n) {
    struct clients clients = {.n = n};
    struct store_thread *thread = NULL;
    struct store_thread_options options = {
        .store = open_new(),
        .wake_loop = wake_loop,
        .callbacks = {.on_result = on_result, .on_works = on_works, .userdata = &clients},
    };
    if (store_thread_start(&options, &thread) < 0)
        fail("cannot start the thread");
    clients.executor = store_thread_executor(thread);
    int64_t syncs = fault_vfs_syncs(), started_us = now_us();
    while (clients.submitted < CLIENTS && clients.submitted < n)
        clients.executor.submit(clients.executor.userdata, make_change(++clients.submitted));
    while (clients.answered < n) {
        pthread_mutex_lock(&loop.mutex);
        while (!loop.is_woken)
            pthread_cond_wait(&loop.changed, &loop.mutex);
        loop.is_woken = false;
        pthread_mutex_unlock(&loop.mutex);
        store_thread_dispatch(thread);
    }
    struct measured measured = {.per_s = n * 1e6 / (double)(now_us() - started_us),
                                .syncs_per_change = (double)(fault_vfs_syncs() - syncs) / (double)n};
    store_thread_stop(thread);
    return measured;
}

static void compare(const char *disk, int64_t n, bool has_budget) {
    struct measured clients = measure_clients(n), single = measure_single(n / 8);
    double ratio = clients.per_s / single.per_s;
    printf(
        "bench: durable changes, %s: %d clients %.0f/s, %.4f syncs per change; one commit each %.0f/s, %.2f "
        "syncs per change; ratio %.1f",
        disk, CLIENTS, clients.per_s, clients.syncs_per_change, single.per_s, single.syncs_per_change, ratio);
    if (has_budget)
        printf("; budget >= 10 and <= 1/16 sync per change: %s",
               ratio >= 10 && clients.syncs_per_change <= 1.0 / 16 ? "met" : "missed");
    printf("\n");
    if (has_budget)
        printf("bench: [{\"name\": \"durable changes, 64 clients\", \"peer\": \"one commit per change\", "
               "\"ratio\": %.1f, "
               "\"budget\": \">= 10\", \"met\": %s}, {\"name\": \"syncs per durable change\", \"peer\": \"a "
               "change\", "
               "\"ratio\": %.4f, \"budget\": \"<= 0.0625\", \"met\": %s}]\n",
               ratio, ratio >= 10 ? "true" : "false", clients.syncs_per_change,
               clients.syncs_per_change <= 1.0 / 16 ? "true" : "false");
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: bench_store FOLDER [CHANGES]\n");
        return 2;
    }
    int64_t n = argc > 2 ? atoll(argv[2]) : 4096;
    if (n < 8)
        fail("CHANGES must be at least 8");
    snprintf(path, sizeof(path), "%s/bench.db", argv[1]);
    if (fault_vfs_register(false) < 0)
        fail("out of memory");
    fault_vfs_delay_syncs(SYNC_DELAY_US);
    compare("sync 2 ms slower", n, true);
    fault_vfs_delay_syncs(0);
    compare("raw disk", n, false);
    fault_vfs_forget();
    return 0;
}
