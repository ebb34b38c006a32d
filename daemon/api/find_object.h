#pragma once
/* Names of what hands are laid on: cube-07, cube-07/host-03, cube-07/+x/5, ocs-x-05/A17, ocs-x-05, each with
 * or without the pod in front. */
#include "daemon/fabric/maintenance.h"

struct found_object {
    const struct fabric_pod *pod;
    char name[MAINTENANCE_OBJECT_MAX]; /* canonical, without the pod */
    struct maintenance_object object;
};

/* 0 or FABRIC_REFUSED. */
__attribute__((warn_unused_result)) int find_object(const struct fabric *fabric, const char *name,
                                                    const char *field, struct found_object *ret_found,
                                                    struct fabric_refusal *refusal);
/* The other port of a move, "A69", into found->object. 0 or FABRIC_REFUSED. */
__attribute__((warn_unused_result)) int find_move_to(struct found_object *found, const char *port,
                                                     const char *field, struct fabric_refusal *refusal);
