#pragma once
/* The event loop of the daemon: the only place that reads clocks and arms timers. Everything is for the
 * loop's thread, but for loop_wakeup_signal(). */
#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct loop;
struct loop_timer;
struct loop_wakeup;

__attribute__((warn_unused_result)) int loop_new(struct loop **ret_loop);
void loop_free(struct loop *loop);
struct event_base *loop_event_base(struct loop *loop);
int64_t loop_now_us(void);  /* monotonic */
int64_t loop_wall_us(void); /* since 1970 */
/* Until loop_stop(). 0 or negative errno. */
__attribute__((warn_unused_result)) int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* What happens around a turn: everything that was ready at one time has run. */
struct loop_turns {
    void (*on_end)(void *userdata); /* at the end of every turn */
    /* The turn took more than slow_us of this thread's CPU time, on_end included, which took end_us. */
    void (*on_slow)(int64_t cpu_us, int64_t end_us, void *userdata);
    int64_t slow_us;
    void *userdata;
};
void loop_set_turns(struct loop *loop, const struct loop_turns *turns);
/* Ends the turn after the callback that runs, when the turn took more than limit_us of this thread's CPU time
 * so far; what else was ready runs in the next one. True: it did. */
bool loop_end_long_turn(struct loop *loop, int64_t limit_us);

/* A one-shot timer; the callback gets the time at which it runs. */
__attribute__((warn_unused_result)) int loop_timer_new(struct loop *loop,
                                                       void (*callback)(int64_t now_us, void *userdata),
                                                       void *userdata, struct loop_timer **ret_timer);
void loop_timer_free(struct loop_timer *timer);
/* INT64_MAX disarms. A time in the past runs in the next turn. */
void loop_timer_arm(struct loop_timer *timer, int64_t at_us);

/* Lets another thread run a callback in the loop's thread; signals before a turn are joined. */
__attribute__((warn_unused_result)) int loop_wakeup_new(struct loop *loop, void (*callback)(void *userdata),
                                                        void *userdata, struct loop_wakeup **ret_wakeup);
void loop_wakeup_free(struct loop_wakeup *wakeup);
void loop_wakeup_signal(struct loop_wakeup *wakeup); /* any thread */

/* The callback runs in the loop's thread, not in the signal's context. */
__attribute__((warn_unused_result)) int loop_on_signal(struct loop *loop, int signal_number,
                                                       void (*callback)(void *userdata), void *userdata);
/* The callback runs whenever fd can be read. fd stays the caller's. */
__attribute__((warn_unused_result)) int loop_on_readable(struct loop *loop, int fd,
                                                         void (*callback)(void *userdata), void *userdata);
