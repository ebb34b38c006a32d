#include "daemon/api/slice_cache.h"
#include "daemon/api/convert.h"

#include <stdlib.h>

#define PLACES 512
#define BYTES_MAX ((size_t)8 << 20)

struct place {
    int64_t uid; /* 0: empty */
    /* What the bytes were made from. */
    int64_t revision, pod_revision, lease_until_us;
    unsigned circuits_done, circuits_total;
    uint8_t *bytes;
    size_t len;
};

struct slice_cache {
    struct place place[PLACES];
    size_t bytes;
};

struct slice_cache *slice_cache_new(void) {
    return calloc(1, sizeof(struct slice_cache));
}

static void empty(struct slice_cache *cache, struct place *place) {
    cache->bytes -= place->len;
    free(place->bytes);
    *place = (struct place){0};
}

void slice_cache_free(struct slice_cache *cache) {
    if (!cache)
        return;
    for (unsigned i = 0; i < PLACES; i++)
        free(cache->place[i].bytes);
    free(cache);
}

void slice_cache_drop(struct slice_cache *cache, int64_t uid) {
    struct place *place = &cache->place[(uint64_t)uid % PLACES];
    if (place->uid == uid)
        empty(cache, place);
}

static bool fill(struct place *place, const struct fabric_slice *slice) {
    struct arena arena = {0};
    Heliostat__V1__GetSliceResponse response = HELIOSTAT__V1__GET_SLICE_RESPONSE__INIT;
    response.slice = convert_slice(&arena, slice, slice->durable, true);
    size_t len = response.slice ? protobuf_c_message_get_packed_size(&response.base) : 0;
    uint8_t *bytes = len ? malloc(len) : NULL;
    if (bytes) {
        protobuf_c_message_pack(&response.base, bytes);
        *place = (struct place){.uid = slice->uid,
                                .revision = slice->durable->revision,
                                .pod_revision = slice->pod->revision,
                                .lease_until_us = slice->lease_until_us,
                                .circuits_done = slice->circuits_done,
                                .circuits_total = slice->circuits_total,
                                .bytes = bytes,
                                .len = len};
    }
    arena_deinit(&arena);
    return bytes != NULL;
}

const uint8_t *slice_cache_get(struct slice_cache *cache, const struct fabric_slice *slice, size_t *ret_len) {
    struct place *place = &cache->place[(uint64_t)slice->uid % PLACES];
    bool is_current =
        place->uid == slice->uid && place->revision == slice->durable->revision &&
        place->pod_revision == slice->pod->revision && place->lease_until_us == slice->lease_until_us &&
        place->circuits_done == slice->circuits_done && place->circuits_total == slice->circuits_total;
    if (!is_current) {
        empty(cache, place);
        for (unsigned i = 0; cache->bytes > BYTES_MAX && i < PLACES; i++)
            empty(cache, &cache->place[i]);
        if (!fill(place, slice))
            return NULL;
        cache->bytes += place->len;
    }
    *ret_len = place->len;
    return place->bytes;
}
