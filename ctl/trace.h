#pragma once
/* Where things are: a rack on the floor, a link from chip to chip. */
#include "ctl/ctl.h"

int ctl_cube_locate(struct ctl *ctl);
int ctl_fiber_trace(struct ctl *ctl);
