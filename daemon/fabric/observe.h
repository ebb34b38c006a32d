#pragma once
/* What the switches and the hosts say, taken into the model. Marks what follows from it; fabric_advance()
 * works it off. */
#include "daemon/fabric/state.h"

/* A burst of reports about dark links is judged once. */
#define DARK_SETTLE_US 1000000

/* The callbacks of a switch's device; the pointer is valid until the next call. */
const struct device_callbacks *observe_callbacks(struct fabric_ocs *ocs);
/* The switch can be read and written now. */
bool observe_is_usable(const struct fabric_ocs *ocs);
/* Ports that were given up, and are due, may be tried once more; sets ocs->try_at_us. */
void observe_try_again(struct fabric_ocs *ocs, int64_t now_us);
