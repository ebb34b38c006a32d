#pragma once
/* The health of ports and links, as messages; see convert.h. */
#include "daemon/api/convert.h"
#include "heliostat/v1/host.pb-c.h"

Heliostat__V1__PortStatus *convert_port(struct arena *arena, const struct fabric_ocs *ocs,
                                        enum topo_side side, unsigned port);
/* NULL also for one that is HEALTHY, as is what it is joined to, where only others are wanted. */
Heliostat__V1__FiberStatus *convert_fiber(struct arena *arena, const struct fabric_pod *pod, uint16_t end,
                                          bool unfit_only, int64_t now_us);
