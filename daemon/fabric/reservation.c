#include "daemon/fabric/reservation.h"
#include "daemon/fabric/alter.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/operation.h"
#include "daemon/fabric/place.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"
#include "daemon/fabric/transition.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAMED 3 /* in the sentence; all are items */

static bool is_reserved(const struct fabric_slice *slice) {
    return !slice->accepted->is_gone && slice->accepted->state == SLICE_RESERVED;
}

static void end(struct fabric_slice *slice, int64_t now_us) {
    struct fabric *fabric = slice->pod->fabric;
    const struct fabric_actor actor = {
        .principal = "heliostatd", .method = "EndReservation", .request_id = ""};
    struct change *change = change_begin(fabric, "heliostatd", now_us);
    int64_t operation_id;
    if (!change)
        return;
    change_audit(change, &actor, slice->name, "the time of the reservation is over");
    if (alter_release(change, slice, "the time of the reservation is over", &operation_id) < 0)
        change_abandon(change);
    else if (change_submit(change) < 0)
        fabric_mark(fabric);
}

void reservation_review(struct fabric *fabric, int64_t now_us) {
    int64_t wall_us = fabric_wall_us(fabric, now_us);
    for (struct fabric_slice *slice = fabric->slices, *next; slice; slice = next) {
        next = slice->next;
        if (is_reserved(slice) && slice->accepted == slice->durable && !slice->pod->is_importing &&
            wall_us >= slice->accepted->connect_by_us)
            end(slice, now_us);
    }
}

bool reservation_stands_in_the_way(const struct fabric_pod *pod, const struct topo_gang_member *members,
                                   unsigned n_members) {
    static struct topo_pod without;
    static struct topo_gang_place places[PLACE_SLICES_MAX];
    static struct topo_gang_refusal refusal;
    bool has_any = false;
    without = pod->plan;
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        const struct fabric_cube *cube = &pod->cube[i];
        bool is_cut = cube->part_hosts != 0;
        if (cube->slice && is_reserved(cube->slice)) {
            topo_set_remove(&without.used, i);
            has_any = true;
        }
        for (unsigned host = 0; is_cut && host < FABRIC_HOSTS_PER_CUBE; host++)
            if (cube->host[host].part && is_reserved(cube->host[host].part)) {
                without.used_hosts[i] &= (uint16_t) ~(1u << host);
                has_any = true;
            }
        if (is_cut && !without.used_hosts[i])
            topo_set_remove(&without.used, i);
    }
    return has_any && topo_plan_gang(&without, members, n_members, place_scratch(), places, &refusal) == 0;
}

void reservation_name_all(const struct fabric_pod *pod, struct fabric_refusal *refusal) {
    const struct fabric *fabric = pod->fabric;
    int64_t wall_us = fabric_wall_us(fabric, fabric->last_now_us);
    char names[200] = "";
    int at = 0;
    unsigned count = 0;
    for (const struct fabric_slice *slice = fabric->slices; slice; slice = slice->next) {
        if (slice->pod != pod || !is_reserved(slice))
            continue;
        long long left_s = (long long)((slice->accepted->connect_by_us - wall_us) / 1000000);
        refusal_add_item(refusal, "reservation %s: %u chips for %lld s", slice->name,
                         slice->accepted->shape.n_chips, left_s > 0 ? left_s : 0);
        if (++count <= NAMED && at < (int)sizeof(names))
            at +=
                snprintf(names + at, sizeof(names) - (size_t)at, "%s%s", count > 1 ? ", " : "", slice->name);
    }
    refusal_set_fits(refusal, "%s%s end%s or %s released", names, count > NAMED ? " and others" : "",
                     count > 1 ? "" : "s", count > 1 ? "are" : "is");
}

/* The reservation of that name, if this actor may change it. 0 or FABRIC_REFUSED. */
static int find(struct fabric *fabric, const struct fabric_actor *actor, const char *name, int64_t uid,
                struct fabric_slice **ret_slice, struct fabric_refusal *refusal) {
    struct fabric_slice *slice;
    int r = alter_find(fabric, actor, name, uid, &slice, refusal);
    if (r || (r = alter_check_held(slice, refusal)))
        return r;
    if (!is_reserved(slice))
        return refuse_invalid(refusal, "name", "slice %s is %s: it is no reservation", slice->name,
                              slice_state_name(slice->accepted->state));
    *ret_slice = slice;
    return 0;
}

/* What was free and healthy when it was reserved may not be so any more. */
static int check_cubes(const struct fabric_slice *slice, struct fabric_refusal *refusal) {
    const struct slice_version *version = slice->accepted;
    if (slice->pod->frozen) {
        refusal_set_fits(refusal, "an operator says `helioctl pod thaw`");
        return refuse(refusal, REASON_FROZEN, "names", "pod %s is frozen: %s", slice->pod->name,
                      slice->pod->frozen_text);
    }
    for (unsigned position = 0; position < version->shape.n_cubes; position++) {
        const struct fabric_cube *cube = &slice->pod->cube[version->cubes[position]];
        char name[96];
        if (cube->health != HEALTH_UNHEALTHY)
            continue;
        refusal_add_item(refusal, "%s: %s: %s", fabric_cube_name(cube, name), health_name(cube->health),
                         cube->health_cause);
    }
    if (!refusal->n_items)
        return 0;
    refusal_set_fits(refusal, "it is deleted and asked for anew, or the cubes are repaired");
    return refuse(refusal, REASON_PIN_UNHEALTHY, "names", "%zu cubes of reservation %s are UNHEALTHY now",
                  refusal->n_items, slice->name);
}

/* What a switch that cannot be read may still hold never joins two slices: not one that is connected, nor one
 * that is activated with it. */
static int check_isolation(struct fabric_slice *const *slices, unsigned n, unsigned at,
                           struct fabric_refusal *refusal) {
    const struct fabric_slice *slice = slices[at];
    struct fabric_pod *pod = slice->pod;
    for (unsigned position = 0; position < slice->accepted->shape.n_cubes; position++) {
        const struct fabric_cube *cube = &pod->cube[slice->accepted->cubes[position]];
        for (unsigned i = 0; i < pod->n_cubes; i++) {
            const struct fabric_slice *other = pod->cube[i].slice;
            char name[96], other_name[96];
            if (!other || other == slice || !topo_set_has(&pod->plan.unproven_with[cube->index], i))
                continue;
            bool connects = !is_reserved(other);
            for (unsigned k = 0; k < n; k++)
                connects = connects || slices[k] == other;
            if (connects)
                refusal_add_item(refusal, "%s: may be connected to %s, which is of slice %s",
                                 fabric_cube_name(cube, name), fabric_cube_name(&pod->cube[i], other_name),
                                 other->name);
        }
    }
    if (!refusal->n_items)
        return 0;
    refusal_set_fits(refusal, "the switches that cannot be read are back");
    return refuse(refusal, REASON_ISOLATION_UNPROVEN, "names",
                  "a switch that cannot be read may still join reservation %s to another slice", slice->name);
}

int fabric_activate_slices(struct fabric *fabric, const struct fabric_actor *actor, const char *const *names,
                           unsigned n_names, int64_t uid, const struct fabric_gang *gang, int64_t now_us,
                           struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    struct fabric_slice *slices[PLACE_SLICES_MAX];
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    for (unsigned i = 0; i < n_names; i++) {
        if ((r = find(fabric, actor, names[i], uid, &slices[i], refusal)) ||
            (r = check_cubes(slices[i], refusal)))
            return r;
        for (unsigned k = 0; k < i; k++)
            if (slices[k] == slices[i])
                return refuse_invalid(refusal, "names", "slice %s is named twice", slices[i]->name);
    }
    for (unsigned i = 0; i < n_names; i++) {
        derive_pod(slices[i]->pod, now_us);
        if ((r = check_isolation(slices, n_names, i, refusal)))
            return r;
    }
    *ret_outcome = (struct fabric_outcome){.uid = n_names == 1 ? slices[0]->uid : 0};
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    struct fabric_operation *operation = operation_new(
        gang->keep_partial ? OPERATION_CREATE_PARTIAL : "activate", slices, n_names, OPERATION_RUNNING);
    if (!operation) {
        change_abandon(change);
        return -ENOMEM;
    }
    int64_t timeout_us =
        gang->connect_timeout_us ? gang->connect_timeout_us : fabric->settings.activation_timeout_us;
    change_operation_new(change, operation);
    for (unsigned i = 0; i < n_names; i++) {
        struct slice_version *after = slice_version_new(slices[i]->accepted);
        if (!after) {
            change_abandon(change);
            return -ENOMEM;
        }
        after->state = slice_after(after->state, SLICE_IS_ACTIVATED);
        after->connect_by_us = fabric_wall_us(fabric, now_us) + timeout_us;
        after->operation_id = operation->id;
        change_slice(change, slices[i], after, "SLICE_STATE", "activated");
    }
    fabric_mark(fabric);
    return request_submit(change, actor, n_names == 1 ? slices[0]->uid : 0, operation->id,
                          n_names == 1 ? slices[0]->name : "several slices", ret_outcome);
}

int fabric_extend_reservation(struct fabric *fabric, const struct fabric_actor *actor, const char *name,
                              int64_t uid, int64_t time_us, int64_t now_us,
                              struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    struct fabric_slice *slice;
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r || (r = find(fabric, actor, name, uid, &slice, refusal)))
        return r;
    *ret_outcome = (struct fabric_outcome){.uid = slice->uid};
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    struct slice_version *after = change ? slice_version_new(slice->accepted) : NULL;
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    if (!after) {
        change_abandon(change);
        return -ENOMEM;
    }
    after->connect_by_us = fabric_wall_us(fabric, now_us) + time_us;
    int64_t slice_uid = slice->uid;
    change_slice(change, slice, after, "SLICE_EXTENDED", "the reservation goes on");
    return request_submit(change, actor, slice_uid, 0, name, ret_outcome);
}

/* Only what connects new slices can be taken back: a swap goes forward only. */
static bool can_cancel(const struct fabric_operation *operation) {
    return !strcmp(operation->kind, "create") || !strcmp(operation->kind, "activate") ||
           !strcmp(operation->kind, OPERATION_CREATE_PARTIAL);
}

int fabric_cancel_operation(struct fabric *fabric, const struct fabric_actor *actor, int64_t id,
                            int64_t now_us, struct fabric_outcome *ret_outcome,
                            struct fabric_refusal *refusal) {
    struct fabric_slice *slices[PLACE_SLICES_MAX];
    unsigned n = 0;
    int64_t ended_id;
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    struct fabric_operation *operation = fabric_operation_of(fabric, id);
    if (!operation)
        return refuse_not_found(refusal, "id", "there is no operation %lld", (long long)id);
    if (operation->state != OPERATION_RUNNING || operation->is_ending)
        return refuse_invalid(refusal, "id", "operation %lld is over: %s", (long long)id, operation->text);
    if (!can_cancel(operation))
        return refuse_invalid(refusal, "id",
                              "operation %lld is a %s, which goes forward only; create and activate can be "
                              "cancelled",
                              (long long)id, operation->kind);
    bool is_partial = !strcmp(operation->kind, OPERATION_CREATE_PARTIAL);
    for (struct fabric_slice *slice = fabric->slices; slice; slice = slice->next) {
        bool is_member = false;
        for (unsigned i = 0; i < operation->n_uids; i++)
            is_member = is_member || operation->uid[i] == slice->uid;
        if (!is_member || slice->accepted->is_gone || (is_partial && slice->accepted->operation_id != id))
            continue;
        if ((r = alter_check_owner(slice, actor, refusal)) || (r = alter_check_held(slice, refusal)) ||
            (r = alter_check_importing(slice, refusal)))
            return r;
        slices[n++] = slice;
    }
    *ret_outcome = (struct fabric_outcome){.operation_id = id};
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    change_operation_end(change, operation, OPERATION_FAILED, "cancelled");
    for (unsigned i = 0; i < n; i++)
        if ((r = alter_release(change, slices[i], "its operation was cancelled", &ended_id)) < 0) {
            change_abandon(change);
            return r;
        }
    fabric_mark(fabric);
    return request_submit(change, actor, 0, id, "operation", ret_outcome);
}
