#pragma once
/* What was done for which request id: a change is done once, however often it is asked for. Kept for 60
 * minutes after it was made, across restarts. */
#include "daemon/fabric/change.h"

__attribute__((warn_unused_result)) int request_table_new(struct request_table **ret_table);
void request_table_free(struct request_table *table);
/* From the store at start. */
__attribute__((warn_unused_result)) int request_load(struct fabric *fabric, const struct store_request *row);

/* Before anything else in a mutation: 0 (go on), FABRIC_REPLAYED with the outcome, or FABRIC_REFUSED. */
__attribute__((warn_unused_result)) int request_check(struct fabric *fabric, const struct fabric_actor *actor,
                                                      struct fabric_outcome *ret_outcome,
                                                      struct fabric_refusal *refusal);
/* The request is for the object as it stood at `revision`, or for any. 0 or FABRIC_REFUSED. */
__attribute__((warn_unused_result)) int request_check_revision(const struct fabric_actor *actor,
                                                               const char *name, int64_t revision,
                                                               struct fabric_refusal *refusal);
/* Submits the change with its request id in the same transaction. 0 with the outcome, or negative errno. */
__attribute__((warn_unused_result)) int request_submit(struct change *change,
                                                       const struct fabric_actor *actor, int64_t uid,
                                                       int64_t operation_id, const char *object,
                                                       struct fabric_outcome *ret_outcome);
void request_prune(struct fabric *fabric, int64_t now_us);
