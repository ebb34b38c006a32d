#pragma once
/* From the fabric's structs to messages. Every message lives in the arena and may point into the model, so it
 * is packed before the loop goes on. NULL (and arena->has_failed) without memory. */
#include "daemon/api/arena.h"
#include "daemon/fabric/fabric.h"
#include "heliostat/v1/alarm.pb-c.h"
#include "heliostat/v1/circuit.pb-c.h"
#include "heliostat/v1/event.pb-c.h"
#include "heliostat/v1/ocs.pb-c.h"
#include "heliostat/v1/operation.pb-c.h"
#include "heliostat/v1/pod.pb-c.h"
#include "heliostat/v1/slice.pb-c.h"

/* RFC 3339 with microseconds, UTC; "" for 0. */
char *convert_time(struct arena *arena, int64_t wall_us);
char *convert_cube_name(struct arena *arena, const struct fabric_cube *cube);
char *convert_ocs_name(struct arena *arena, const struct fabric_ocs *ocs);

/* One version of a slice: durable for readers, accepted for a reply that waits until it is durable. */
Heliostat__V1__Slice *convert_slice(struct arena *arena, const struct fabric_slice *slice,
                                    const struct slice_version *version, bool with_hosts);
Heliostat__V1__SlicePlan *convert_plan(struct arena *arena, const struct fabric_plan *plan);
Heliostat__V1__PodStatus *convert_pod(struct arena *arena, const struct fabric_pod *pod,
                                      int64_t heard_after_us);
/* heard_after_us: a host that was heard before (monotonic) counts as not heard. */
Heliostat__V1__CubeStatus *convert_cube(struct arena *arena, const struct fabric_cube *cube,
                                        int64_t heard_after_us);
Heliostat__V1__OcsStatus *convert_ocs(struct arena *arena, const struct fabric_ocs *ocs);
Heliostat__V1__Operation *convert_operation(struct arena *arena, const struct fabric *fabric,
                                            const struct fabric_operation *operation);
Heliostat__V1__Event *convert_event(struct arena *arena, const struct fabric_event *event);
Heliostat__V1__FabricDifference *convert_difference(struct arena *arena,
                                                    const struct fabric_difference *difference);
Heliostat__V1__Alarm *convert_alarm(struct arena *arena, const struct fabric_alarm *alarm);
/* Every circuit that is on the switches of the pod or should be; slice: only those that it needs, NULL: all.
 */
Heliostat__V1__Circuit **convert_circuits(struct arena *arena, const struct fabric_pod *pod,
                                          const struct fabric_slice *slice, size_t *ret_count);
/* Counts, without the largest slice. */
Heliostat__V1__Capacity *convert_capacity(struct arena *arena, const struct fabric_pod *pod);
