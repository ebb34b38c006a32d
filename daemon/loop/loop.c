#include "daemon/loop/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define WATCHES_MAX 16

struct watch {
    struct event *event;
    void (*callback)(void *userdata);
    void *userdata;
};

struct loop {
    struct event_base *base;
    struct watch watch[WATCHES_MAX];
    unsigned n_watches;
    struct loop_turns turns;
    int64_t turn_began_us; /* CPU time */
    /* The CPU time that was read last in this turn, and the monotonic time then; 0: none yet. */
    int64_t read_cpu_us, read_at_us;
    bool is_stopped;
};

struct loop_timer {
    struct event *event;
    void (*callback)(int64_t now_us, void *userdata);
    void *userdata;
    int64_t armed_us;
};

struct loop_wakeup {
    struct event *event;
    int fd;
    void (*callback)(void *userdata);
    void *userdata;
};

static int64_t clock_us(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t loop_now_us(void) {
    return clock_us(CLOCK_MONOTONIC);
}

int64_t loop_wall_us(void) {
    return clock_us(CLOCK_REALTIME);
}

int loop_new(struct loop **ret_loop) {
    struct loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        return -ENOMEM;
    struct event_config *config = event_config_new();
    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
        loop->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (!loop->base) {
        free(loop);
        return -ENOMEM;
    }
    *ret_loop = loop;
    return 0;
}

void loop_free(struct loop *loop) {
    if (!loop)
        return;
    for (unsigned i = 0; i < loop->n_watches; i++)
        event_free(loop->watch[i].event);
    event_base_free(loop->base);
    free(loop);
}

struct event_base *loop_event_base(struct loop *loop) {
    return loop->base;
}

void loop_set_turns(struct loop *loop, const struct loop_turns *turns) {
    loop->turns = *turns;
}

int loop_run(struct loop *loop) {
    loop->is_stopped = false;
    while (!loop->is_stopped) {
        loop->turn_began_us = clock_us(CLOCK_THREAD_CPUTIME_ID);
        loop->read_at_us = 0;
        if (event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY) < 0)
            return -EIO;
        int64_t end_began_us = clock_us(CLOCK_THREAD_CPUTIME_ID);
        if (loop->turns.on_end)
            loop->turns.on_end(loop->turns.userdata);
        int64_t now_us = clock_us(CLOCK_THREAD_CPUTIME_ID), cpu_us = now_us - loop->turn_began_us;
        if (loop->turns.on_slow && cpu_us > loop->turns.slow_us)
            loop->turns.on_slow(cpu_us, now_us - end_began_us, loop->turns.userdata);
    }
    return 0;
}

/* Reading CPU time is a system call; the monotonic clock is none, and CPU time runs no faster. */
bool loop_end_long_turn(struct loop *loop, int64_t limit_us) {
    int64_t now_us = loop_now_us(), end_us = loop->turn_began_us + limit_us;
    if (loop->read_at_us && loop->read_cpu_us + (now_us - loop->read_at_us) <= end_us)
        return false;
    loop->read_cpu_us = clock_us(CLOCK_THREAD_CPUTIME_ID);
    loop->read_at_us = now_us;
    bool is_long = loop->read_cpu_us > end_us;
    if (is_long)
        event_base_loopbreak(loop->base);
    return is_long;
}

void loop_stop(struct loop *loop) {
    loop->is_stopped = true;
    event_base_loopbreak(loop->base);
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
    struct loop_timer *timer = arg;
    timer->armed_us = INT64_MAX;
    timer->callback(loop_now_us(), timer->userdata);
}

int loop_timer_new(struct loop *loop, void (*callback)(int64_t now_us, void *userdata), void *userdata,
                   struct loop_timer **ret_timer) {
    struct loop_timer *timer = calloc(1, sizeof(*timer));
    if (!timer)
        return -ENOMEM;
    timer->callback = callback;
    timer->userdata = userdata;
    timer->armed_us = INT64_MAX;
    timer->event = evtimer_new(loop->base, on_timer, timer);
    if (!timer->event) {
        free(timer);
        return -ENOMEM;
    }
    *ret_timer = timer;
    return 0;
}

void loop_timer_free(struct loop_timer *timer) {
    if (!timer)
        return;
    event_free(timer->event);
    free(timer);
}

void loop_timer_arm(struct loop_timer *timer, int64_t at_us) {
    if (at_us == timer->armed_us)
        return;
    timer->armed_us = at_us;
    if (at_us == INT64_MAX) {
        evtimer_del(timer->event);
        return;
    }
    int64_t wait_us = at_us - loop_now_us();
    if (wait_us < 0)
        wait_us = 0;
    struct timeval wait = {.tv_sec = wait_us / 1000000, .tv_usec = wait_us % 1000000};
    if (evtimer_add(timer->event, &wait) < 0)
        timer->armed_us = INT64_MAX; /* no memory: the next turn arms it */
}

static void on_wakeup(evutil_socket_t fd, short what, void *arg) {
    struct loop_wakeup *wakeup = arg;
    uint64_t count;
    if (read(wakeup->fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        wakeup->callback(wakeup->userdata);
}

int loop_wakeup_new(struct loop *loop, void (*callback)(void *userdata), void *userdata,
                    struct loop_wakeup **ret_wakeup) {
    struct loop_wakeup *wakeup = calloc(1, sizeof(*wakeup));
    if (!wakeup)
        return -ENOMEM;
    wakeup->callback = callback;
    wakeup->userdata = userdata;
    wakeup->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    wakeup->event =
        wakeup->fd < 0 ? NULL : event_new(loop->base, wakeup->fd, EV_READ | EV_PERSIST, on_wakeup, wakeup);
    if (!wakeup->event || event_add(wakeup->event, NULL) < 0) {
        loop_wakeup_free(wakeup);
        return -ENOMEM;
    }
    *ret_wakeup = wakeup;
    return 0;
}

void loop_wakeup_free(struct loop_wakeup *wakeup) {
    if (!wakeup)
        return;
    if (wakeup->event)
        event_free(wakeup->event);
    if (wakeup->fd >= 0)
        close(wakeup->fd);
    free(wakeup);
}

void loop_wakeup_signal(struct loop_wakeup *wakeup) {
    uint64_t one = 1;
    /* A full counter means that a wakeup is under way already. */
    ssize_t written = write(wakeup->fd, &one, sizeof(one));
    (void)written;
}

static void on_watch(evutil_socket_t fd, short what, void *arg) {
    struct watch *watch = arg;
    watch->callback(watch->userdata);
}

static int add_watch(struct loop *loop, int fd, short what, void (*callback)(void *userdata),
                     void *userdata) {
    if (loop->n_watches == WATCHES_MAX)
        return -ENOSPC;
    struct watch *watch = &loop->watch[loop->n_watches];
    *watch = (struct watch){.callback = callback, .userdata = userdata};
    watch->event = event_new(loop->base, fd, what, on_watch, watch);
    if (!watch->event)
        return -ENOMEM;
    if (event_add(watch->event, NULL) < 0) {
        event_free(watch->event);
        return -ENOMEM;
    }
    loop->n_watches++;
    return 0;
}

int loop_on_signal(struct loop *loop, int signal_number, void (*callback)(void *userdata), void *userdata) {
    return add_watch(loop, signal_number, EV_SIGNAL | EV_PERSIST, callback, userdata);
}

int loop_on_readable(struct loop *loop, int fd, void (*callback)(void *userdata), void *userdata) {
    return add_watch(loop, fd, EV_READ | EV_PERSIST, callback, userdata);
}
