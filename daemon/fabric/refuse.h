#pragma once
/* Writing refusals. All return FABRIC_REFUSED. */
#include "daemon/fabric/fabric.h"

__attribute__((format(printf, 4, 5))) int refuse(struct fabric_refusal *refusal, enum reason reason,
                                                 const char *field, const char *format, ...);
__attribute__((format(printf, 3, 4))) int refuse_invalid(struct fabric_refusal *refusal, const char *field,
                                                         const char *format, ...);
__attribute__((format(printf, 3, 4))) int refuse_not_found(struct fabric_refusal *refusal, const char *field,
                                                           const char *format, ...);
__attribute__((format(printf, 2, 3))) void refusal_add_item(struct fabric_refusal *refusal,
                                                            const char *format, ...);
__attribute__((format(printf, 2, 3))) void refusal_set_fits(struct fabric_refusal *refusal,
                                                            const char *format, ...);
/* Reads a topology. 0, or the refusal of one that cannot be read or is larger than any pod. */
__attribute__((warn_unused_result)) int refuse_topology(struct fabric_refusal *refusal, const char *field,
                                                        const char *topology, struct topo_shape *ret_shape);
/* A refusal of the planner, with the names of this pod. */
int refuse_plan(struct fabric_refusal *refusal, const struct fabric_pod *pod, const char *field,
                const struct topo_refusal *why);
