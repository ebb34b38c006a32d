#pragma once
/* Pods, cubes, switches and slices as objects: made from rows, written as rows, found, freed. */
#include "daemon/fabric/state.h"

/* A pod with everything in it, its devices made and attached; not yet in the fabric's list. 0, -EINVAL when
 * the rows do not make a pod, -ENOMEM. */
__attribute__((warn_unused_result)) int pod_new(struct fabric *fabric, const struct fabric_pod_rows *rows,
                                                struct fabric_pod **ret_pod);
void pod_free(struct fabric_pod *pod);
void pod_link(struct fabric *fabric, struct fabric_pod *pod); /* in order of name */
void pod_unlink(struct fabric *fabric, struct fabric_pod *pod);

/* Rows that point into the object. */
struct store_pod pod_row(const struct fabric_pod *pod);
struct store_cube pod_cube_row(const struct fabric_cube *cube);
struct store_ocs pod_ocs_row(const struct fabric_ocs *ocs);

/* Remembers the mirrors of a version that ended; nothing happens without memory but that they become
 * unaccounted. */
void pod_add_former(struct fabric_pod *pod, const struct fabric_slice *slice,
                    const struct slice_version *version);
void pod_remove_former(struct fabric_pod *pod, struct fabric_former *former);
void slice_link(struct fabric *fabric, struct fabric_slice *slice); /* at the end */
void slice_unlink_and_free(struct fabric *fabric, struct fabric_slice *slice);
void slice_free(struct fabric_slice *slice);
/* The version's cubes, or hosts of one, are the slice's from now on, or no longer. */
void slice_hold(struct fabric_slice *slice, const struct slice_version *version, bool hold);
/* Accepted, not gone; NULL: none. */
struct fabric_slice *slice_find_accepted(const struct fabric *fabric, const char *name);
struct fabric_slice *slice_find_uid(const struct fabric *fabric, int64_t uid);
