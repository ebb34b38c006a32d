#pragma once
/* Hands on the plant: the verbs that cubes, hosts, fibers, ports and switches share. */
#include "ctl/ctl.h"

/* The object is the first word of the command. */
int ctl_maintain(struct ctl *ctl);      /* cube, host, fiber, port */
int ctl_maintain_done(struct ctl *ctl); /* the same, and ocs undrain */
int ctl_ocs_drain(struct ctl *ctl);
int ctl_ocs_mark_failed(struct ctl *ctl);
int ctl_ocs_replace(struct ctl *ctl);
int ctl_cube_replace(struct ctl *ctl);
int ctl_host_replace(struct ctl *ctl);
int ctl_port_move(struct ctl *ctl);
int ctl_slice_allow(struct ctl *ctl);

extern const struct ctl_flag ctl_maintain_flags[], ctl_ocs_replace_flags[], ctl_cube_replace_flags[],
    ctl_host_replace_flags[];
