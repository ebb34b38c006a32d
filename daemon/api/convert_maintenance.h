#pragma once
/* Maintenance as a message; see convert.h. */
#include "daemon/api/arena.h"
#include "daemon/fabric/maintenance.h"
#include "heliostat/v1/maintenance.pb-c.h"

Heliostat__V1__Maintenance *convert_maintenance(struct arena *arena,
                                                const struct fabric_maintenance *maintenance);
