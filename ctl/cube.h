#pragma once
/* What the commands on cubes share. */
#include "ctl/ctl.h"
#include "heliostat/v1/cube.pb-c.h"

int ctl_cube_cordon(struct ctl *ctl);
int ctl_cube_uncordon(struct ctl *ctl);
int ctl_cube_drain(struct ctl *ctl);
int ctl_cube_cancel_drain(struct ctl *ctl);
int ctl_cube_release(struct ctl *ctl);
int ctl_cube_get(struct ctl *ctl);
