#pragma once
/* Names to things. Cubes and switches are written cube-07 or POD/cube-07; the pod may be left out where there
 * is one pod. */
#include "daemon/fabric/fabric.h"

/* name "": the only pod. 0 or FABRIC_REFUSED. */
__attribute__((warn_unused_result)) int find_pod(const struct fabric *fabric, const char *name,
                                                 const char *field, const struct fabric_pod **ret_pod,
                                                 struct fabric_refusal *refusal);
/* pod NULL: from the name, or the only one. reason: of the refusal when no such cube exists; REASON_NONE: not
 * found. */
__attribute__((warn_unused_result)) int find_cube(const struct fabric *fabric, const struct fabric_pod *pod,
                                                  const char *name, const char *field, enum reason reason,
                                                  const struct fabric_cube **ret_cube,
                                                  struct fabric_refusal *refusal);
__attribute__((warn_unused_result)) int find_ocs(const struct fabric *fabric, const struct fabric_pod *pod,
                                                 const char *name, const char *field,
                                                 const struct fabric_ocs **ret_ocs,
                                                 struct fabric_refusal *refusal);
/* Durable and not gone, or NULL. */
const struct fabric_slice *find_slice_uid(const struct fabric *fabric, int64_t uid);
/* 0 or FABRIC_REFUSED. */
__attribute__((warn_unused_result)) int find_slice(const struct fabric *fabric, const char *name,
                                                   const char *field, const struct fabric_slice **ret_slice,
                                                   struct fabric_refusal *refusal);
