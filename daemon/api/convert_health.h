#pragma once
/* The health of ports and links, as messages; see convert.h. */
#include "daemon/api/convert.h"

Heliostat__V1__PortStatus *convert_port(struct arena *arena, const struct fabric_ocs *ocs,
                                        enum topo_side side, unsigned port);
