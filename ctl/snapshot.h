#pragma once
/* A pod as the daemon sees it at one revision, in the terms of the planner: for commands that compute. */
#include "ctl/ctl.h"
#include "heliostat/v1/snapshot.pb-c.h"
#include "topology/part.h"

struct ctl_snapshot {
    const Heliostat__V1__PodSnapshot *message;
    const char *pod_name;
    struct topo_wiring wiring;
    struct topo_pod pod; /* slice_of: place in message->slices + 1 */
};

/* pod_name "": the only one. Lives as long as ctl. An exit status, with the error printed. */
__attribute__((warn_unused_result)) int ctl_read_snapshot(struct ctl *ctl, const char *pod_name,
                                                          struct ctl_snapshot **ret_snapshot);
/* The steps of it: all pods at one revision, or the one named; one of them in the planner's terms. */
__attribute__((warn_unused_result)) int ctl_read_pods(struct ctl *ctl, const char *pod_name,
                                                      Heliostat__V1__Snapshot **ret_snapshot);
__attribute__((warn_unused_result)) int ctl_take_snapshot(struct ctl *ctl,
                                                          const Heliostat__V1__PodSnapshot *message,
                                                          struct ctl_snapshot **ret_snapshot);
/* The number of a cube by its name, with or without the pod; -1: there is none. */
int ctl_snapshot_cube(const struct ctl_snapshot *snapshot, const char *name);
const char *ctl_snapshot_cube_name(const struct ctl_snapshot *snapshot, unsigned cube);
/* NULL: there is none. */
const Heliostat__V1__Slice *ctl_snapshot_slice(const struct ctl_snapshot *snapshot, const char *name);
const Heliostat__V1__CubeStatus *ctl_snapshot_status(const struct ctl_snapshot *snapshot, unsigned cube);
