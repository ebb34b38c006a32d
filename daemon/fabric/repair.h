#pragma once
/* What has to leave the cube it is on: who may move it, when, and to where. Level-triggered: it looks at the
 * whole pod, whatever woke it. Repairs and drains are the same work. */
#include "daemon/fabric/state.h"

/* Posts, moves or withdraws what is due in the pod; sets pod->repair_at_us. */
void repair_pod(struct fabric_pod *pod, int64_t now_us);
