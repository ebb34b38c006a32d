#pragma once
/* Cubes that a pod holds back for repairs. */
#include "daemon/fabric/state.h"

/* Chooses spares until there are as many as are wanted, and gives up those that are no good or too many. */
void spares_review(struct fabric_pod *pod, int64_t now_us);
