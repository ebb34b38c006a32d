#pragma once
/* The test of a cube's links. */
#include "ctl/ctl.h"

int ctl_cube_qualify(struct ctl *ctl);
int ctl_cube_qualification(struct ctl *ctl);
extern const struct ctl_flag ctl_qualify_flags[];
