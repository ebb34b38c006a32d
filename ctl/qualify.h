#pragma once
/* The test of a cube's links. */
#include "ctl/ctl.h"

int ctl_cube_qualify(struct ctl *ctl);
int ctl_cube_qualification(struct ctl *ctl);
/* Until the test of the cube is over, which may have to wait first; shows what it found. */
int ctl_await_qualification(struct ctl *ctl, const char *cube);
extern const struct ctl_flag ctl_qualify_flags[];
