#pragma once
/* One answer to all that the view asks. */
#include "ctl/client.h"
#include "heliostat/v1/alarm.pb-c.h"
#include "heliostat/v1/ocs.pb-c.h"
#include "heliostat/v1/pod.pb-c.h"
#include "heliostat/v1/slice.pb-c.h"

struct top_reading {
    struct ctl ctl; /* owns the messages */
    Heliostat__V1__GetPodResponse *pod;
    Heliostat__V1__ListSlicesResponse *slices;
    Heliostat__V1__ListOcsesResponse *ocses;
    Heliostat__V1__Alarm **alarms; /* of this pod and of none */
    size_t n_alarms;
};

/* Asks over *client, which is made where it is NULL and stays the caller's. An exit status, with the error
 * printed unless is_quiet; *ret_reading: top_reading_free(). */
__attribute__((warn_unused_result)) int top_read(const struct ctl *ctl, struct ctl_client **client,
                                                 const char *pod, bool is_quiet,
                                                 struct top_reading **ret_reading);
void top_reading_free(struct top_reading *reading);

/* The pod after the one of that name, or the first; *ret_pod: free(). An exit status, with the error printed
 * unless is_quiet. */
__attribute__((warn_unused_result)) int top_next_pod(const struct ctl *ctl, struct ctl_client **client,
                                                     const char *pod, bool is_quiet, char **ret_pod);
