#pragma once
/* Who may be placed on a cube. */
#include "daemon/fabric/change.h"
#include "daemon/fabric/transition.h"

/* What the event makes of the cube, in this change; nothing where it stays as it is. by NULL: the change's
 * actor; drain_by_us: wall, 0 for none. Tells of capacity where a cube can be used again. */
void scheduling_happens(struct change *change, struct fabric_cube *cube, enum scheduling_event event,
                        const char *reason, const char *by, int64_t drain_by_us);
