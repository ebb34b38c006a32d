#pragma once
/* What was refused: one row for each distinct request, with a count. Counted in memory,
 * written by the housekeeping, so that a client that asks again and again costs one row a round. */
#include "daemon/fabric/state.h"

__attribute__((warn_unused_result)) int refusal_log_new(struct refusal_log **ret_log);
void refusal_log_free(struct refusal_log *log); /* NULL is fine */
/* From the store at start. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int refusal_log_load(struct fabric *fabric,
                                                         const struct store_refusal *row);
/* Writes what is new. */
void refusal_log_flush(struct fabric *fabric, int64_t now_us);
