#pragma once
/* What every change to a slice that is there asks first. */
#include "daemon/fabric/change.h"

/* The slice of that name (and uid, unless 0) that this actor may change. 0 or FABRIC_REFUSED. */
__attribute__((warn_unused_result)) int alter_find(struct fabric *fabric, const struct fabric_actor *actor,
                                                   const char *name, int64_t uid,
                                                   struct fabric_slice **ret_slice,
                                                   struct fabric_refusal *refusal);
/* 0 or FABRIC_REFUSED. */
int alter_check_owner(const struct fabric_slice *slice, const struct fabric_actor *actor,
                      struct fabric_refusal *refusal);
int alter_check_revision(const struct fabric_slice *slice, const struct fabric_actor *actor,
                         struct fabric_refusal *refusal);
int alter_check_held(const struct fabric_slice *slice, struct fabric_refusal *refusal);
int alter_check_importing(const struct fabric_slice *slice, struct fabric_refusal *refusal);
/* Ends the operation that a newer one takes over. */
void alter_end_operation(struct change *change, struct fabric_slice *slice, const char *text);
/* Plans the swap into a copy of the accepted version; what is held for the slice counts as free. 0,
 * FABRIC_REFUSED or -ENOMEM. */
__attribute__((warn_unused_result)) int alter_plan_swap(struct fabric_slice *slice,
                                                        const struct fabric_swap *swap,
                                                        struct slice_version *after,
                                                        struct fabric_refusal *refusal);
/* The planned version becomes the next one. Takes over version and operation (NULL: the one under way goes
 * on); nothing is pending any more,
 * and cubes that leave UNHEALTHY are quarantined. */
void alter_accept(struct change *change, struct fabric_slice *slice, struct slice_version *after,
                  struct fabric_operation *operation, const char *overtaken);
/* Gives the cubes of a slice back, in this change. -ENOMEM: nothing is done. */
__attribute__((warn_unused_result)) int alter_release(struct change *change, struct fabric_slice *slice,
                                                      const char *cause, int64_t *ret_operation_id);
