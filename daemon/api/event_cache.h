#pragma once
/* Events as watchers get them, packed once for all that hear of them. */
#include "daemon/fabric/fabric.h"

struct event_cache;

struct event_cache *event_cache_new(void); /* NULL without memory */
void event_cache_free(struct event_cache *cache);
/* A WatchResponse with the event. Valid until the next call. NULL without memory. */
const uint8_t *event_cache_get(struct event_cache *cache, const struct fabric *fabric,
                               const struct fabric_event *event, size_t *ret_len);
