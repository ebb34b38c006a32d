#pragma once
/* Is this a pod that can be? Everything is looked at and every error is found, not the first only. Fields are
 * named by their path in JSON: pods[0].cubes[3].row. */
#include "heliostat/v1/inventory.pb-c.h"
#include "inventory/findings.h"

#include <stdbool.h>

#define INVENTORY_PODS_MAX 256
#define INVENTORY_ROWS_MAX 1000
#define INVENTORY_WORD_MAX 39         /* bytes of a power domain */
#define INVENTORY_SERIAL_MAX 63       /* of a switch's product or serial */
#define INVENTORY_CHIP_SERIAL_MAX 127 /* fits the pod's name too */
#define INVENTORY_NODE_NAME_MAX 253   /* of a node name or a host's address */
#define INVENTORY_HOSTS_PER_CUBE 16
#define INVENTORY_CHIPS_PER_CUBE 64

/* A whole inventory. complete: a face link without a fiber is an error, not a warning. Findings are added;
 * the list is not closed. 0 or -ENOMEM; what was found is in findings. */
__attribute__((warn_unused_result)) int inventory_check(const Heliostat__V1__Inventory *inventory,
                                                        bool complete, struct inventory_findings *findings);

/* A fiber table for a pod whose cubes and switches are good. lines[i] is where fibers[i] stood; n_lines is n,
 * or 0 for an input without lines. prefix is put before the fields: "pods[0]." or "". 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int inventory_check_fibers(const Heliostat__V1__Pod *pod,
                                                               Heliostat__V1__Fiber *const *fibers, size_t n,
                                                               const uint32_t *lines, size_t n_lines,
                                                               bool complete, const char *prefix,
                                                               struct inventory_findings *findings);
