#pragma once
#include "heliostat/v1/inventory.pb-c.h"

#include <stddef.h>

/* A whole pod of a model: cubes, hosts, chips, switches and the default wiring, under the default names and
 * domains. ocs_address is "" (addresses stay empty) or HOST:BASE: switch k is at port BASE + k. Products and
 * serials of the switches stay empty: they are pinned when an operator confirms them. The pod is the caller's
 * to free with protobuf_c_message_free_unpacked(). 0, INVENTORY_REFUSED with field (static) and error
 * (INVENTORY_ERROR_MAX bytes), or -ENOMEM. */
__attribute__((warn_unused_result)) int inventory_fill(const char *name, const char *model,
                                                       const char *ocs_address, Heliostat__V1__Pod **ret_pod,
                                                       const char **ret_field, char *error);
