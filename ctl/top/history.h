#pragma once
/* The last events, the newest first. */
#include "heliostat/v1/event.pb-c.h"

#define TOP_EVENTS_KEPT 200

struct top_history {
    Heliostat__V1__WatchResponse *items[TOP_EVENTS_KEPT];
    size_t n;
};

/* Takes item over, which holds an event. */
void top_history_add(struct top_history *history, Heliostat__V1__WatchResponse *item);
void top_history_deinit(struct top_history *history);
/* The events of the pod and of none. Returns how many. */
size_t top_history_of_pod(const struct top_history *history, const char *pod,
                          Heliostat__V1__Event *ret_events[TOP_EVENTS_KEPT]);
