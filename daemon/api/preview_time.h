#pragma once
/* How long mirrors and host reports take, as measured lately. */
#include "daemon/api/arena.h"
#include "daemon/fabric/fabric.h"

struct preview_time {
    struct arena *arena;
    int64_t takes_us;
    char *text; /* NULL: nothing takes time; in the arena */
};

/* A step of so many times the same: one command to each of these switches (a bit each), all at once. */
void preview_add_mirrors(struct preview_time *time, const struct fabric_pod *pod, uint64_t ocses,
                         unsigned times);
/* Of so many times two reports of each host, of which the second was surely written after the mirrors
 * settled. what_for: "until it is qualified". */
void preview_add_reports(struct preview_time *time, const struct fabric_pod *pod, unsigned times,
                         const char *what_for);
/* Anything else. */
__attribute__((format(printf, 3, 4))) void preview_add_time(struct preview_time *time, int64_t takes_us,
                                                            const char *format, ...);
