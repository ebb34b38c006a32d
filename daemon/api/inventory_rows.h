#pragma once
/* Between inventory messages and the rows and the model of a pod. */
#include "daemon/api/arena.h"
#include "daemon/fabric/fabric.h"
#include "heliostat/v1/inventory.pb-c.h"

/* The model as a message; NULL (and arena->has_failed) without memory. Nothing in it points into the
 * model. */
Heliostat__V1__Pod *inventory_message_of(struct arena *arena, const struct fabric_pod *pod);
/* A message that inventory_check() found good, as sorted rows with canonical names. They live in the arena
 * and point into the message. 0, -ENOMEM, or -EINVAL when the message was not good. */
__attribute__((warn_unused_result)) int
inventory_rows_of(struct arena *arena, const Heliostat__V1__Pod *message, struct fabric_pod_rows *ret_rows);
