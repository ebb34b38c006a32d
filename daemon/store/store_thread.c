#include "daemon/store/store_thread.h"
#include "daemon/fault/point.h"
#include "daemon/store/change.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MAX_GROUP 1024
#define PROBE_FIRST_MS 100
#define PROBE_MAX_MS 5000
/* A checkpoint copies at most about this many pages and what one group added, so that the next group waits
 * only shortly for it. When nothing happens for a while the rest is copied as well. */
#define CHECKPOINT_PAGES 256
#define IDLE_MS 1000

struct store_thread {
    /* Of the store thread alone. */
    struct store *store;
    struct store_change **group;

    /* Never changed after the start. */
    size_t max_group;
    void (*wake_loop)(void *userdata);
    void *wake_userdata;
    struct store_executor_callbacks callbacks;
    pthread_t thread;

    /* Of the loop thread alone. */
    bool told_works; /* what on_works() said last */

    pthread_mutex_t mutex;
    pthread_cond_t wanted; /* for the store thread: work, a failure to report, or the end */
    bool stopping;
    struct store_change *first, **last; /* queue */
    size_t outstanding;                 /* submitted, and no result dispatched */
    size_t durable;                     /* of those, committed */
    bool works;                         /* commits do; while false nothing is queued */
    int failure;                        /* negative errno until it is dispatched, then 0 */
    int last_failure;
    char error[256]; /* in words */
    bool wake_due;   /* there is something to dispatch, and the loop was not woken for it */
    struct store_thread_stats stats;
};

static struct timespec monotonic_after(int64_t ms) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

static int64_t monotonic_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void drop_queue(struct store_thread *thread) {
    while (thread->first != NULL) {
        struct store_change *change = thread->first;
        thread->first = change->next;
        store_change_free(change);
    }
    thread->last = &thread->first;
}

/* With the mutex held: wakes the loop, outside the mutex, if there is something new for it. */
static void wake_if_due(struct store_thread *thread) {
    if (!thread->wake_due)
        return;
    thread->wake_due = false;
    pthread_mutex_unlock(&thread->mutex);
    thread->wake_loop(thread->wake_userdata);
    pthread_mutex_lock(&thread->mutex);
}

static size_t take_group(struct store_thread *thread) {
    size_t n = 0;
    while (n < thread->max_group && thread->first != NULL) {
        struct store_change *change = thread->first;
        thread->first = change->next;
        thread->group[n++] = change;
    }
    if (thread->first == NULL)
        thread->last = &thread->first;
    return n;
}

/* With the mutex held, which is released while the disk works. */
static void commit_group(struct store_thread *thread) {
    size_t n = take_group(thread);
    pthread_mutex_unlock(&thread->mutex);
    int64_t started_us = monotonic_us();
    int result = store_commit(thread->store, thread->group, n);
    int64_t took_us = monotonic_us() - started_us;
    for (size_t i = 0; i < n; i++)
        store_change_free(thread->group[i]);
    pthread_mutex_lock(&thread->mutex);

    thread->wake_due = true;
    if (result < 0) {
        thread->works = false;
        thread->failure = thread->last_failure = result;
        snprintf(thread->error, sizeof(thread->error), "%s", store_error(thread->store));
        drop_queue(thread);
        return;
    }
    thread->durable += n;
    thread->stats.commits++;
    thread->stats.changes += n;
    thread->stats.last_commit_us = took_us;
    thread->stats.total_commit_us += took_us;
}

static void checkpoint(struct store_thread *thread) {
    pthread_mutex_unlock(&thread->mutex);
    /* A failure here loses nothing: the log still has the pages, and a disk that is really sick fails the
     * next commit. */
    int result = store_checkpoint(thread->store);
    (void)result;
    pthread_mutex_lock(&thread->mutex);
}

static void probe(struct store_thread *thread, int64_t *wait_ms, struct timespec *probe_at) {
    pthread_mutex_unlock(&thread->mutex);
    int result = store_probe(thread->store);
    pthread_mutex_lock(&thread->mutex);
    if (result == 0) {
        thread->works = true;
        thread->wake_due = true;
        return;
    }
    *wait_ms = *wait_ms * 2 < PROBE_MAX_MS ? *wait_ms * 2 : PROBE_MAX_MS;
    *probe_at = monotonic_after(*wait_ms);
}

/* With the mutex held, until the store works again or the end. */
static void recover(struct store_thread *thread) {
    int64_t wait_ms = PROBE_FIRST_MS;
    struct timespec probe_at = monotonic_after(wait_ms);
    while (!thread->works && !thread->stopping) {
        wake_if_due(thread);
        if (thread->stopping || thread->wake_due)
            continue;
        if (pthread_cond_timedwait(&thread->wanted, &thread->mutex, &probe_at) == ETIMEDOUT)
            probe(thread, &wait_ms, &probe_at);
    }
}

/* With the mutex held. Returns when there is something to do. */
static void wait_for_work(struct store_thread *thread) {
    bool may_rest = store_log_pages(thread->store) == 0;
    struct timespec idle_at = monotonic_after(IDLE_MS);
    while (thread->first == NULL && !thread->stopping && !thread->wake_due) {
        if (may_rest) {
            pthread_cond_wait(&thread->wanted, &thread->mutex);
        } else if (pthread_cond_timedwait(&thread->wanted, &thread->mutex, &idle_at) == ETIMEDOUT) {
            checkpoint(thread);
            may_rest = true; /* what a reader still holds back is copied after the next commit */
        }
    }
}

static void *run(void *argument) {
    struct store_thread *thread = argument;
    pthread_mutex_lock(&thread->mutex);
    for (;;) {
        wake_if_due(thread);
        if (!thread->works && !thread->stopping)
            recover(thread);
        else if (thread->first != NULL)
            commit_group(thread);
        else if (thread->stopping)
            break;
        else
            wait_for_work(thread);
        wake_if_due(thread);
        if (thread->works && store_log_pages(thread->store) >= CHECKPOINT_PAGES)
            checkpoint(thread);
    }
    pthread_mutex_unlock(&thread->mutex);
    store_close(thread->store);
    return NULL;
}

static void submit(void *userdata, struct store_change *change) {
    struct store_thread *thread = userdata;
    change->next = NULL;
    pthread_mutex_lock(&thread->mutex);
    thread->outstanding++;
    bool is_taken = thread->works && thread->failure == 0;
    if (is_taken) {
        *thread->last = change;
        thread->last = &change->next;
    } else if (thread->failure == 0) {
        thread->failure = thread->last_failure;
        thread->wake_due = true;
    }
    pthread_cond_signal(&thread->wanted);
    pthread_mutex_unlock(&thread->mutex);
    if (!is_taken)
        store_change_free(change);
}

struct store_executor store_thread_executor(struct store_thread *thread) {
    return (struct store_executor){.submit = submit, .userdata = thread};
}

void store_thread_dispatch(struct store_thread *thread) {
    const struct store_executor_callbacks *callbacks = &thread->callbacks;
    pthread_mutex_lock(&thread->mutex);
    size_t durable = thread->durable;
    thread->durable = 0;
    thread->outstanding -= durable;
    pthread_mutex_unlock(&thread->mutex);
    if (durable > 0) {
        fault_point("store.telling");
        callbacks->on_result(callbacks->userdata, 0, durable);
        fault_point("store.told");
    }

    /* Changes that the callback submitted just now belong to the failure as well, so only now is it counted
     * and lifted. A group may have become durable meanwhile, before the failure: then the loop is woken again
     * and both are told in order. */
    pthread_mutex_lock(&thread->mutex);
    int failure = thread->durable == 0 ? thread->failure : 0;
    size_t failed = 0;
    if (failure != 0) {
        failed = thread->outstanding;
        thread->outstanding = 0;
        thread->failure = 0;
    }
    bool works = thread->works;
    bool is_told = thread->failure == 0;
    pthread_mutex_unlock(&thread->mutex);

    if (failure != 0) {
        callbacks->on_result(callbacks->userdata, failure, failed);
        if (thread->told_works) {
            thread->told_works = false;
            callbacks->on_works(callbacks->userdata, false);
        }
    }
    if (works && is_told && !thread->told_works) {
        thread->told_works = true;
        callbacks->on_works(callbacks->userdata, true);
    }
}

void store_thread_error(struct store_thread *thread, char *ret_error, size_t size) {
    pthread_mutex_lock(&thread->mutex);
    snprintf(ret_error, size, "%s", thread->error);
    pthread_mutex_unlock(&thread->mutex);
}

struct store_thread_stats store_thread_stats(const struct store_thread *thread) {
    pthread_mutex_t *mutex = (pthread_mutex_t *)&thread->mutex;
    pthread_mutex_lock(mutex);
    struct store_thread_stats stats = thread->stats;
    pthread_mutex_unlock(mutex);
    return stats;
}

static void thread_free(struct store_thread *thread) {
    pthread_cond_destroy(&thread->wanted);
    pthread_mutex_destroy(&thread->mutex);
    free(thread->group);
    free(thread);
}

int store_thread_start(const struct store_thread_options *options, struct store_thread **ret_thread) {
    struct store_thread *thread = calloc(1, sizeof(*thread));
    size_t max_group = options->max_group > 0 ? options->max_group : MAX_GROUP;
    struct store_change **group = calloc(max_group, sizeof(*group));
    if (thread == NULL || group == NULL) {
        free(thread);
        free(group);
        return -ENOMEM;
    }
    *thread = (struct store_thread){.store = options->store,
                                    .group = group,
                                    .max_group = max_group,
                                    .wake_loop = options->wake_loop,
                                    .wake_userdata = options->wake_userdata,
                                    .callbacks = options->callbacks,
                                    .told_works = true,
                                    .works = true};
    thread->last = &thread->first;
    pthread_mutex_init(&thread->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&thread->wanted, &attributes);
    pthread_condattr_destroy(&attributes);
    int result = pthread_create(&thread->thread, NULL, run, thread);
    if (result != 0) {
        thread_free(thread);
        return -result;
    }
    *ret_thread = thread;
    return 0;
}

void store_thread_stop(struct store_thread *thread) {
    if (thread == NULL)
        return;
    pthread_mutex_lock(&thread->mutex);
    thread->stopping = true;
    pthread_cond_signal(&thread->wanted);
    pthread_mutex_unlock(&thread->mutex);
    pthread_join(thread->thread, NULL);
    drop_queue(thread);
    thread_free(thread);
}
