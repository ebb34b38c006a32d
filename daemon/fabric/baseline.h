#pragma once
/* What a circuit lost when it was made, one record for each B port with a power meter, kept in the store.
 * Written behind: a baseline that a crash takes away is taken again at the next reading. */
#include "daemon/fabric/change.h"

/* 0, -EBADMSG or -ENOMEM. */
__attribute__((warn_unused_result)) int baseline_load(struct fabric *fabric,
                                                      const struct store_baseline *row);
/* Writes what is new, all switches of a pod in one change. */
void baseline_save(struct fabric_pod *pod, int64_t now_us);
/* Another unit stands there, or other hosts (a bit each): what was measured through it counts no more. */
void baseline_drop_ocs(struct change *change, struct fabric_ocs *ocs);
void baseline_drop_hosts(struct change *change, const struct fabric_cube *cube, uint16_t hosts);
