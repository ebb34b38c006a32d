#include "ctl/top/history.h"
#include "proto/grpc/unpack.h"
#include <string.h>

void top_history_add(struct top_history *history, Heliostat__V1__WatchResponse *item) {
    if (history->n == TOP_EVENTS_KEPT)
        grpcx_unpack_free(&history->items[--history->n]->base);
    memmove(history->items + 1, history->items, history->n * sizeof(*history->items));
    history->items[0] = item;
    history->n++;
}

void top_history_deinit(struct top_history *history) {
    for (size_t i = 0; i < history->n; i++)
        grpcx_unpack_free(&history->items[i]->base);
    history->n = 0;
}

size_t top_history_of_pod(const struct top_history *history, const char *pod,
                          Heliostat__V1__Event *ret_events[TOP_EVENTS_KEPT]) {
    size_t n = 0;
    for (size_t i = 0; i < history->n; i++)
        if (!*history->items[i]->event->pod || strcmp(history->items[i]->event->pod, pod) == 0)
            ret_events[n++] = history->items[i]->event;
    return n;
}
