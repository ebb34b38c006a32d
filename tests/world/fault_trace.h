#pragma once
/* Failures and repairs of the servers of a public trace (tests/data), dealt over the hosts of a pod. */
#include "sim/plant/chance.h"

#include <stdbool.h>
#include <stdint.h>

#define FAULT_TRACE_DAYS 348
#define FAULT_TRACE_SERVERS 400
#define FAULT_TRACE_HOSTS 1024 /* of the pod that has the trace's servers among its hosts */
#define FAULT_TRACE_EVENTS_MAX 4096

struct fault_event {
    int64_t at_us; /* since the beginning of the span */
    unsigned host; /* of n_hosts */
    bool is_start;
};

struct fault_trace {
    struct fault_event event[FAULT_TRACE_EVENTS_MAX]; /* in order of time */
    unsigned n_events, n_servers;
};

/* The days from `first` on, as a CSV "day,server,event" tells them. As many servers are drawn as there would
 * be if all 400 were among 1,024 hosts, each on a host of its own; who failed before the span and is not
 * repaired fails at its beginning. False: the file cannot be read, or has too many events. */
bool fault_trace_read(const char *path, double first, double days, unsigned n_hosts, struct chance *chance,
                      struct fault_trace *ret_trace);
