#pragma once
/* GetSlice answers, packed once for each state of a slice: a job's launcher, and everybody who watches it,
 * asks for the same bytes again and again. */
#include "daemon/fabric/fabric.h"

struct slice_cache;

struct slice_cache *slice_cache_new(void); /* NULL without memory */
void slice_cache_free(struct slice_cache *cache);
/* The slice as field 2 of a GetSliceResponse, tag and length included. Valid until the next call. NULL
 * without memory. */
const uint8_t *slice_cache_get(struct slice_cache *cache, const struct fabric_slice *slice, size_t *ret_len);
void slice_cache_drop(struct slice_cache *cache, int64_t uid);
