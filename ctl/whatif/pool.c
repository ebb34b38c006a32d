#include "ctl/whatif/pool.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 256
#define PROGRESS_EVERY_MS 200
#define PROGRESS_AFTER_MS 500

/* A program runs one piece of work at a time; a signal handler can reach nothing else. */
static atomic_bool interrupted;
static atomic_uint_fast64_t done_steps;

static void on_interrupt(int signal_number) {
    atomic_store(&interrupted, true);
}

struct job {
    const struct whatif_work *work;
    const struct whatif_tasks *tasks;
    atomic_uint_fast64_t next;
    atomic_uint running;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    uint64_t *sums;
};

static bool tick(uint64_t more) {
    atomic_fetch_add(&done_steps, more);
    return atomic_load(&interrupted);
}

static void run_chunks(struct job *job) {
    const struct whatif_work *work = job->work;
    uint64_t *sums = calloc(work->n_sums, sizeof(*sums));
    if (!sums)
        return; /* the other threads do it; with none left the result says how much was done */
    while (!atomic_load(&interrupted)) {
        uint64_t first = atomic_fetch_add(&job->next, work->chunk);
        if (first >= work->total)
            break;
        uint64_t count = work->total - first < work->chunk ? work->total - first : work->chunk;
        work->run(work->input, first, count, sums);
        tick(count);
    }
    pthread_mutex_lock(&job->lock);
    for (size_t i = 0; i < work->n_sums; i++)
        job->sums[i] += sums[i];
    pthread_mutex_unlock(&job->lock);
    free(sums);
}

static void *thread_main(void *userdata) {
    struct job *job = userdata;
    if (job->work)
        run_chunks(job);
    else
        for (uint64_t task;
             !atomic_load(&interrupted) && (task = atomic_fetch_add(&job->next, 1)) < job->tasks->n;)
            job->tasks->run(job->tasks->input, (unsigned)task, tick);
    pthread_mutex_lock(&job->lock);
    atomic_fetch_sub(&job->running, 1);
    pthread_cond_signal(&job->ended);
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void show_progress(const char *what, uint64_t total, int64_t passed_ms) {
    uint64_t done = atomic_load(&done_steps);
    double share = total ? (double)done / (double)total : 0;
    share = share > 1 ? 1 : share;
    fprintf(stderr, "\r\033[K%s: %.0f %%", what, 100 * share);
    if (share > 0.01)
        fprintf(stderr, ", %.0f s left", (double)passed_ms / 1000 * (1 - share) / share);
    fputs("  (Ctrl-C: stop with what there is)", stderr);
    fflush(stderr);
}

static void wait_for_end(struct job *job, const char *what, uint64_t total) {
    bool terminal = isatty(STDERR_FILENO), shown = false;
    int64_t started_ms = now_ms();
    pthread_mutex_lock(&job->lock);
    while (atomic_load(&job->running)) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += PROGRESS_EVERY_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&job->ended, &job->lock, &until);
        if (terminal && atomic_load(&job->running) && now_ms() - started_ms >= PROGRESS_AFTER_MS) {
            shown = true;
            show_progress(what, total, now_ms() - started_ms);
        }
    }
    pthread_mutex_unlock(&job->lock);
    if (shown)
        fputs("\r\033[K", stderr);
}

static void run_all(struct job *job, unsigned threads, const char *what, uint64_t total) {
    pthread_t ids[THREADS_MAX];
    pthread_condattr_t attributes;
    struct sigaction action = {.sa_handler = on_interrupt}, before;
    unsigned started = 0;
    atomic_store(&done_steps, 0);
    pthread_mutex_init(&job->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&job->ended, &attributes);
    sigaction(SIGINT, &action, &before);
    for (; started < threads && started < THREADS_MAX; started++) {
        atomic_fetch_add(&job->running, 1);
        if (pthread_create(&ids[started], NULL, thread_main, job) != 0) {
            atomic_fetch_sub(&job->running, 1);
            break;
        }
    }
    if (!started) {
        atomic_fetch_add(&job->running, 1);
        thread_main(job);
    }
    wait_for_end(job, what, total);
    for (unsigned i = 0; i < started; i++)
        pthread_join(ids[i], NULL);
    sigaction(SIGINT, &before, NULL);
    pthread_cond_destroy(&job->ended);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_destroy(&job->lock);
}

uint64_t whatif_pool_run(struct ctl *ctl, const struct whatif_work *work, unsigned threads, uint64_t *sums) {
    struct job job = {.work = work, .sums = sums};
    run_all(&job, threads, work->what, work->total);
    return atomic_load(&done_steps);
}

bool whatif_pool_tasks(struct ctl *ctl, const struct whatif_tasks *tasks, unsigned threads) {
    struct job job = {.tasks = tasks};
    run_all(&job, threads < tasks->n ? threads : tasks->n, tasks->what, tasks->steps);
    return !atomic_load(&interrupted);
}

unsigned whatif_threads(struct ctl *ctl) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t threads = ctl_flag_number(ctl, "threads", cores > 0 ? cores : 1);
    return threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : (unsigned)threads;
}
