#pragma once
/* What the commands on slices share. */
#include "ctl/ctl.h"
#include "ctl/wait.h"
#include "heliostat/v1/slice.pb-c.h"

int ctl_slice_create(struct ctl *ctl);
int ctl_slice_reserve(struct ctl *ctl);
int ctl_slice_activate(struct ctl *ctl);
int ctl_slice_extend(struct ctl *ctl);
int ctl_slice_adopt(struct ctl *ctl);
int ctl_slice_resize(struct ctl *ctl);
int ctl_slice_retwist(struct ctl *ctl);
int ctl_slice_swap(struct ctl *ctl);
int ctl_slice_hosts(struct ctl *ctl);
int ctl_slice_env(struct ctl *ctl);
int ctl_slice_get(struct ctl *ctl);
int ctl_slice_accept_disruption(struct ctl *ctl);
int ctl_slice_renew(struct ctl *ctl);
/* What waits to be moved, and who is asked. */
void ctl_print_pending(struct ctl *ctl, const Heliostat__V1__PendingDisruption *pending);

/* Reads a slice. An exit status, with the error printed. */
__attribute__((warn_unused_result)) int ctl_read_slice(struct ctl *ctl, const char *name,
                                                       Heliostat__V1__GetSliceResponse **ret_response);
/* One indented line for each link, with the cube at its position. */
void ctl_print_links(const Heliostat__V1__Slice *slice, Heliostat__V1__MissingLink *const *links, size_t n,
                     FILE *out);
/* The plan of a --dry-run. */
void ctl_print_plan(struct ctl *ctl, const Heliostat__V1__SlicePlan *plan);
/* "train-a READY: 8x8x8 on 8 cubes" and what a person should know besides. */
void ctl_say_slice(struct ctl *ctl, const Heliostat__V1__Slice *slice);
/* After a change: the message in JSON, the plan of a --dry-run, or the slice. Returns exit_status, or what
 * went wrong while printing. */
__attribute__((warn_unused_result)) int ctl_show_change(struct ctl *ctl, const void *message,
                                                        const Heliostat__V1__Slice *slice,
                                                        const Heliostat__V1__SlicePlan *plan,
                                                        int exit_status);
/* A change to one slice: asks, waits for the goal, and shows the answer as it is then. response: has fields
 * slice and, maybe, operation and plan. An exit status. */
__attribute__((warn_unused_result)) int ctl_change_slice(struct ctl *ctl, const char *method,
                                                         const ProtobufCMessage *request,
                                                         const ProtobufCMessageDescriptor *response,
                                                         enum ctl_goal goal);
/* From the flags of slice_flags.h. An exit status. */
__attribute__((warn_unused_result)) int ctl_read_spec(struct ctl *ctl, char *name,
                                                      Heliostat__V1__SliceSpec *spec);
/* What the slice's network is worth, for slice get --analyze. */
__attribute__((warn_unused_result)) int ctl_print_analysis(struct ctl *ctl,
                                                           const Heliostat__V1__Slice *slice);
