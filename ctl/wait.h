#pragma once
/* --wait: follows the operation that a change left behind. */
#include "ctl/ctl.h"
#include "heliostat/v1/slice.pb-c.h"

enum ctl_goal { CTL_GOAL_NONE, CTL_GOAL_DEFAULT, CTL_GOAL_READY, CTL_GOAL_QUALIFIED };

/* From --wait, --no-wait and --dry-run. An exit status: 2 when they contradict each other. */
__attribute__((warn_unused_result)) int ctl_goal(struct ctl *ctl, enum ctl_goal *ret_goal);

/* Waits for the end of an operation, over a restart of the daemon too, with progress on a terminal.
 * *operation is replaced by its last state, which lives as long as ctl. NULL: nothing to wait for. An exit
 * status, with the reason printed: 1 it failed, 65 not within --timeout. */
__attribute__((warn_unused_result)) int
ctl_wait_operation(struct ctl *ctl, Heliostat__V1__Operation **operation, enum ctl_goal goal);

/* Waits, then reads the slices as they are then and judges them by the goal. slices[n] is replaced. */
__attribute__((warn_unused_result)) int ctl_wait_slices(struct ctl *ctl, Heliostat__V1__Operation **operation,
                                                        Heliostat__V1__Slice **slices, size_t n,
                                                        enum ctl_goal goal);
