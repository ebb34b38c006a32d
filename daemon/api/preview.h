#pragma once
/* What a dry run says beside its plan: how long it takes, what follows for slices and cubes, what could go
 * wrong. Judged by what the daemon knows now, in words; nothing depends on it. */
#include "daemon/api/arena.h"
#include "daemon/fabric/fabric.h"
#include "heliostat/v1/common.pb-c.h"

struct api;
struct grpcx_call;

/* Of a request that would be accepted; tail: its reply as far as it is known, or NULL. Lives in the arena and
 * points nowhere else. NULL: nothing is said of this method, or (arena->has_failed) no memory. */
Heliostat__V1__Preview *preview_make(struct api *api, struct arena *arena, struct grpcx_call *call,
                                     const ProtobufCMessage *request, const ProtobufCMessage *tail,
                                     int64_t now_us);
