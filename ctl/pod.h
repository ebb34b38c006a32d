#pragma once
/* What the commands on pods share. */
#include "ctl/ctl.h"
#include "heliostat/v1/inventory.pb-c.h"
#include "heliostat/v1/pod.pb-c.h"
#include "heliostat/v1/slice.pb-c.h"

int ctl_pod_import(struct ctl *ctl);
int ctl_pod_shapes(struct ctl *ctl);
int ctl_pod_diff(struct ctl *ctl);
int ctl_pod_thaw(struct ctl *ctl);
int ctl_pod_show(struct ctl *ctl);

__attribute__((warn_unused_result)) int ctl_read_pod(struct ctl *ctl, const char *name,
                                                     Heliostat__V1__GetPodResponse **ret_response);
/* The racks in rows of eight, who has which cube, and a legend of what is shown. */
void ctl_print_grid(struct ctl *ctl, const Heliostat__V1__PodStatus *pod,
                    const Heliostat__V1__ListSlicesResponse *slices);
/* Errors and warnings of an import, and the changes. */
void ctl_print_findings(const struct ctl *ctl, const char *path, Heliostat__V1__Finding *const *findings,
                        size_t n_findings, char *const *changes, size_t n_changes, bool dry_run);
