#pragma once
/* How much one owner may have. */
#include "daemon/fabric/state.h"

/* What the actor would have with so many chips and slices more: 0, or FABRIC_REFUSED with QUOTA. */
int quota_check(const struct fabric *fabric, const struct fabric_actor *actor, int64_t more_chips,
                int64_t more_slices, const char *field, struct fabric_refusal *refusal);
