#include "daemon/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct task {
    struct task *next; /* younger */
    struct worker *worker;
    pthread_t thread;
    void (*run)(void *job);
    void (*done)(void *job);
    void *job;
    atomic_bool is_finished;
};

struct worker {
    void (*wake)(void *userdata);
    void *wake_userdata;
    struct task *tasks;
    bool is_closing;
};

int worker_new(void (*wake)(void *userdata), void *userdata, struct worker **ret_worker) {
    struct worker *worker = calloc(1, sizeof(*worker));
    if (!worker)
        return -ENOMEM;
    worker->wake = wake;
    worker->wake_userdata = userdata;
    *ret_worker = worker;
    return 0;
}

static void *run(void *userdata) {
    struct task *task = userdata;
    struct worker *worker = task->worker;
    task->run(task->job);
    atomic_store(&task->is_finished, true);
    worker->wake(worker->wake_userdata);
    return NULL;
}

int worker_run(struct worker *worker, void (*work)(void *job), void (*done)(void *job), void *job) {
    sigset_t all, before;
    struct task *task = worker->is_closing ? NULL : calloc(1, sizeof(*task));
    if (!task)
        return worker->is_closing ? -ECANCELED : -ENOMEM;
    *task = (struct task){.worker = worker, .run = work, .done = done, .job = job};
    /* Signals are for the loop's thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = -pthread_create(&task->thread, NULL, run, task);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r < 0) {
        free(task);
        return r;
    }
    struct task **at = &worker->tasks;
    while (*at)
        at = &(*at)->next;
    *at = task;
    return 0;
}

static void finish(struct task **at) {
    struct task *task = *at;
    pthread_join(task->thread, NULL);
    *at = task->next;
    task->done(task->job);
    free(task);
}

void worker_dispatch(struct worker *worker) {
    /* done may add tasks, at the end. */
    for (struct task **at = &worker->tasks; *at;)
        if (atomic_load(&(*at)->is_finished))
            finish(at);
        else
            at = &(*at)->next;
}

void worker_free(struct worker *worker) {
    if (!worker)
        return;
    worker->is_closing = true;
    while (worker->tasks)
        finish(&worker->tasks);
    free(worker);
}
