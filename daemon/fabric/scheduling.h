#pragma once
/* Who may be placed on a cube. */
#include "daemon/fabric/change.h"

/* In this change; by NULL: its actor; drain_by_us: wall, 0 for none. Tells of capacity where a cube can be
 * used again. */
void scheduling_set(struct change *change, struct fabric_cube *cube, enum scheduling scheduling,
                    const char *reason, const char *by, int64_t drain_by_us);
