/* The step that gives a slice its next version. */
#include "daemon/fabric/change.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/swap_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_rows(struct change *change, const struct fabric_slice *slice,
                     const struct slice_version *version, bool is_former, bool with_positions) {
    char topology[64];
    topo_shape_format(&version->shape, topology, sizeof(topology));
    char *missing = link_list_format(&version->missing);
    char *failed = link_list_format(&version->failed);
    char *pending = swap_list_format(&version->pending);
    char *fresh = swap_list_format(&version->fresh);
    if (!missing || !failed || !pending || !fresh)
        change->has_failed = true;
    struct store_slice row = {
        .uid = slice->uid,
        .generation = version->generation,
        .is_former = is_former,
        .name = slice->name,
        .pod_id = slice->pod->pod_id,
        .topology = topology,
        .host_mask = version->host_mask,
        .state = version->state,
        .cause = version->cause,
        .owner = slice->owner,
        .disruption = version->disruption,
        .tolerate_x = version->tolerate_missing[0],
        .tolerate_y = version->tolerate_missing[1],
        .tolerate_z = version->tolerate_missing[2],
        .is_pinned = version->is_pinned,
        .use_spares = version->use_spares,
        .is_held = version->is_held,
        .was_ready = version->was_ready,
        .qualified = version->qualified,
        .fingerprint = (int64_t)version->fingerprint,
        .missing = missing,
        .failed = failed,
        .created_us = slice->created_us,
        .connect_by_us = version->connect_by_us,
        .unverified_since_us = version->unverified_since_us,
        .operation_id = version->operation_id,
        .revision = version->revision,
        .pending = pending,
        .pending_why = version->pending_why,
        .pending_cause = version->pending_cause,
        .pending_since_us = version->pending_since_us,
        .pending_by_us = version->pending_by_us,
        .is_overdue = version->is_overdue,
        .fresh = fresh,
        .tries = version->tries,
        .lease_ttl_us = version->lease_ttl_us,
        .lease_grace_us = version->lease_grace_us,
        .orphaned_since_us = version->orphaned_since_us,
    };
    store_put(change->rows, STORE_SLICE, &row);
    free(missing);
    free(failed);
    free(pending);
    free(fresh);
    for (unsigned position = 0; with_positions && position < version->shape.n_cubes; position++) {
        struct store_position place = {.uid = slice->uid,
                                       .generation = version->generation,
                                       .position = position,
                                       .cube = version->cubes[position]};
        store_put(change->rows, STORE_POSITION, &place);
    }
}

static void delete_rows(struct change *change, const struct fabric_slice *slice,
                        const struct slice_version *version) {
    struct store_position place = {.uid = slice->uid, .generation = version->generation};
    struct store_slice row = {.uid = slice->uid, .generation = version->generation};
    store_delete(change->rows, STORE_POSITION, &place, 2);
    store_delete(change->rows, STORE_SLICE, &row, 2);
}

/* The circuits of `before` become those of a former slice: `after` does not need them all. */
static bool leaves_former(const struct slice_version *before, const struct slice_version *after) {
    return slice_version_connects(before) &&
           (!slice_version_connects(after) || !slice_version_same_circuits(before, after));
}

static void write_rows(struct change *change, const struct fabric_slice *slice,
                       const struct slice_version *before, const struct slice_version *after) {
    bool same_key = before && !after->is_gone && before->generation == after->generation;
    if (before && !same_key) {
        if (leaves_former(before, after))
            put_rows(change, slice, before, true, false);
        else
            delete_rows(change, slice, before);
    }
    if (!after->is_gone)
        put_rows(change, slice, after, false, !same_key);
    struct store_slice_label label = {.uid = slice->uid};
    if (after->is_gone)
        store_delete(change->rows, STORE_SLICE_LABEL, &label, 1);
    for (unsigned i = 0; !before && i < slice->n_labels; i++) {
        label.key = slice->labels[i].key;
        label.value = slice->labels[i].value;
        store_put(change->rows, STORE_SLICE_LABEL, &label);
    }
}

static void land(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_slice *slice = step->object;
    struct slice_version *before = step->before, *after = step->after;
    if (before && leaves_former(before, after))
        pod_add_former(slice->pod, slice, before);
    slice_version_drop(slice->durable);
    slice->durable = slice_version_keep(after);
    if (!before || !slice_version_same_circuits(before, after) ||
        slice_version_connects(before) != slice_version_connects(after) ||
        slice_version_owns(before) != slice_version_owns(after) || before->is_held != after->is_held)
        slice->pod->wants_are_old = true;
    slice->pod->plan_is_old = true;
    slice->pod->repair_at_us = 0;
    slice->needs_judging = !after->is_gone;
    if (fabric->listener.on_slice)
        fabric->listener.on_slice(fabric->listener.userdata, slice);
    slice_version_drop(before);
    bool is_gone = after->is_gone;
    slice_version_drop(after);
    if (is_gone)
        slice_unlink_and_free(fabric, slice);
}

static void revert(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_slice *slice = step->object;
    struct slice_version *before = step->before, *after = step->after;
    slice_hold(slice, after, false);
    slice_hold(slice, before, true);
    slice_version_drop(slice->accepted);
    slice->accepted = before;
    slice->pod->repair_at_us = 0;
    slice_version_drop(after);
    if (!before)
        slice_unlink_and_free(fabric, slice);
    else
        slice->needs_judging = true;
}

static bool has_cube(const struct slice_version *version, unsigned cube) {
    for (unsigned position = 0; slice_version_owns(version) && position < version->shape.n_cubes; position++)
        if (version->cubes[position] == cube)
            return true;
    return false;
}

static void tell_cubes(struct change *change, const struct fabric_slice *slice,
                       const struct slice_version *of, const struct slice_version *not_in,
                       const char *where) {
    for (unsigned position = 0; slice_version_owns(of) && position < of->shape.n_cubes; position++)
        if (!has_cube(not_in, of->cubes[position]))
            change_add_detail(change, "%s/%s %s %s", slice->pod->name,
                              slice->pod->cube[of->cubes[position]].name, where, slice->name);
}

void change_slice(struct change *change, struct fabric_slice *slice, struct slice_version *after,
                  const char *kind, const char *cause) {
    struct slice_version *before = slice->accepted;
    if (!before) {
        char topology[48];
        topo_shape_format(&after->shape, topology, sizeof(topology));
        change_add_detail(change, "%s is %s", slice->name, topology);
    }
    if (!before || slice_version_owns(before) != slice_version_owns(after) ||
        !slice_version_same_circuits(before, after)) {
        tell_cubes(change, slice, before, after, "out of");
        tell_cubes(change, slice, after, before, "into");
    }
    after->revision = change_add_event(change, kind ? kind : "SLICE_STATE", slice->pod, slice->name, slice,
                                       cause, before ? slice_state_name(before->state) : "",
                                       after->is_gone ? "GONE" : slice_state_name(after->state));
    write_rows(change, slice, before, after);
    slice_hold(slice, before, false);
    slice_hold(slice, after, true);
    slice->accepted = slice_version_keep(after);
    struct step step = {.land = land, .revert = revert, .object = slice, .before = before, .after = after};
    change_add_step(change, &step);
}
