#pragma once
/* From a SliceSpec message to the fabric's own. */
#include "daemon/api/arena.h"
#include "daemon/fabric/fabric.h"
#include "heliostat/v1/slice.pb-c.h"

#define LABELS_MAX 64
#define LABEL_KEY_MAX 63
#define LABEL_VALUE_MAX 255

/* prefix: "spec." or "specs[3].", put before the field in a refusal. *ret_spec points into the arena and into
 * the message. 0, FABRIC_REFUSED or -ENOMEM. */
__attribute__((warn_unused_result)) int
slice_spec_read(const struct fabric *fabric, const Heliostat__V1__SliceSpec *message, const char *prefix,
                struct arena *arena, struct fabric_slice_spec *ret_spec, struct fabric_refusal *refusal);
