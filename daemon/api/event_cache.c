#include "daemon/api/event_cache.h"
#include "daemon/api/convert.h"
#include "daemon/api/service.h"

#include <stdlib.h>

/* Watchers hear of the same events at about the same time: more than one of them is sent at once. */
#define PLACES 256

struct place {
    int64_t revision; /* 0: empty; none is given to two durable events */
    uint8_t *bytes;
    size_t len;
};

struct event_cache {
    struct place place[PLACES];
};

struct event_cache *event_cache_new(void) {
    return calloc(1, sizeof(struct event_cache));
}

void event_cache_free(struct event_cache *cache) {
    if (!cache)
        return;
    for (unsigned i = 0; i < PLACES; i++)
        free(cache->place[i].bytes);
    free(cache);
}

const uint8_t *event_cache_get(struct event_cache *cache, const struct fabric *fabric,
                               const struct fabric_event *event, size_t *ret_len) {
    struct place *place = &cache->place[(uint64_t)event->revision % PLACES];
    if (place->revision != event->revision) {
        struct arena arena = {0};
        Heliostat__V1__WatchResponse message = HELIOSTAT__V1__WATCH_RESPONSE__INIT;
        message.type = HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_EVENT;
        message.revision = event->revision;
        message.store_id = (char *)fabric_store_id(fabric);
        message.event = convert_event(&arena, event);
        free(place->bytes);
        *place = (struct place){0};
        place->bytes = message.event ? api_pack(&message.base, &place->len) : NULL;
        place->revision = place->bytes ? event->revision : 0;
        arena_deinit(&arena);
    }
    *ret_len = place->len;
    return place->bytes;
}
