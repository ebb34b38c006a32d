#pragma once
/* Leases: their clock runs only while the daemon could have heard a renewal. */
#include "daemon/fabric/state.h"

/* late_us: by how much the daemon came too late to this: it may have missed renewals. */
void lease_review(struct fabric *fabric, int64_t late_us, int64_t now_us);
/* Many leases ran out together: the number, with the time of the newest (wall); 0: no. */
unsigned lease_mass_expiry(const struct fabric *fabric, int64_t *ret_since_us);
