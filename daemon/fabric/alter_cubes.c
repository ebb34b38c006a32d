/* Other cubes or another shape for a slice that is there. */
#include "daemon/fabric/alter.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/moves.h"
#include "daemon/fabric/operation.h"
#include "daemon/fabric/place.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/quota.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"
#include "daemon/fabric/scheduling.h"
#include "daemon/fabric/swap_list.h"
#include "daemon/fabric/transition.h"
#include "topology/change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The slice of that name, when this actor may move its circuits now. 0 or FABRIC_REFUSED. */
static int find_movable(struct fabric *fabric, const struct fabric_actor *actor, const char *name,
                        int64_t uid, bool disrupt, struct fabric_slice **ret_slice,
                        struct fabric_refusal *refusal) {
    struct fabric_slice *slice;
    int r = alter_find(fabric, actor, name, uid, &slice, refusal);
    if (r || (r = alter_check_held(slice, refusal)))
        return r;
    enum slice_state next;
    if (!slice_version_owns(slice->accepted) ||
        !slice_follows(slice->accepted->state, SLICE_IS_CHANGED, &next))
        return refuse_invalid(refusal, "name", "slice %s is %s: it has no cubes to change", slice->name,
                              slice_state_name(slice->accepted->state));
    if (slice->pod->frozen) {
        refusal_set_fits(refusal, "an operator says `helioctl pod thaw`");
        return refuse(refusal, REASON_FROZEN, "name", "pod %s is frozen: %s", slice->pod->name,
                      slice->pod->frozen_text);
    }
    if (strcmp(slice->owner, actor->principal) != 0 && slice->accepted->disruption == DISRUPTION_ASK &&
        !disrupt) {
        refusal_set_fits(refusal, "its owner asks, or an operator says --disrupt");
        return refuse(refusal, REASON_WOULD_DISRUPT, "disrupt",
                      "slice %s belongs to %s, who wants to be asked before its circuits move", slice->name,
                      slice->owner);
    }
    *ret_slice = slice;
    return 0;
}

static int find_positions(const struct fabric_slice *slice, const struct fabric_swap *swap,
                          struct topo_swap *swaps, struct fabric_refusal *refusal) {
    const struct slice_version *version = slice->accepted;
    for (unsigned i = 0; i < swap->n_cubes; i++) {
        unsigned position = 0;
        while (position < version->shape.n_cubes && version->cubes[position] != swap->cubes[i])
            position++;
        if (position == version->shape.n_cubes) {
            refusal_set_fits(refusal, "a cube of the slice is named: see `helioctl slice get %s`",
                             slice->name);
            return refuse(refusal, REASON_INVALID_PIN, "cubes", "%s is not part of slice %s",
                          swap->cubes[i] < slice->pod->n_cubes ? slice->pod->cube[swap->cubes[i]].name
                                                               : "that cube",
                          slice->name);
        }
        swaps[i] = (struct topo_swap){.position = position, .with = swap->with[i]};
    }
    return 0;
}

/* The block moves as a whole, to another cube. */
static int plan_part_swap(const struct fabric_slice *slice, const struct fabric_swap *swap,
                          struct slice_version *after, struct fabric_refusal *refusal) {
    const struct fabric_pod *pod = slice->pod;
    struct topo_part_request request = {.shape = after->shape,
                                        .use_spares = swap->use_spares || swap->with[0] >= 0,
                                        .pin_cube = swap->with[0] >= 0};
    struct topo_block block;
    struct topo_refusal why;
    if (request.pin_cube)
        request.cube = (uint16_t)swap->with[0];
    topo_set_add(&request.exclude, after->cubes[0]);
    if (topo_part_place(&pod->plan, &request, &block, &why) != 0)
        return refuse_plan(refusal, pod, "with_cubes", &why);
    after->cubes[0] = block.cube;
    after->host_mask = block.hosts;
    return moves_find_missing(pod, after);
}

/* What a plan for this slice may use: cubes that are held for it are free to it; while they are tested, only
 * for a look. */
static const struct topo_pod *plan_of(const struct fabric_slice *slice, bool while_tested) {
    const struct swap_list *held = &slice->accepted->pending;
    if (held->count == 0)
        return &slice->pod->plan;
    struct topo_pod *scratch = place_scratch();
    memcpy(scratch, &slice->pod->plan, sizeof(*scratch));
    for (unsigned i = 0; i < held->count; i++)
        if (held->swap[i].in != SWAP_NO_CUBE && !fabric_cube_is_used(&slice->pod->cube[held->swap[i].in])) {
            topo_set_remove(&scratch->used, held->swap[i].in);
            if (while_tested && slice->pod->cube[held->swap[i].in].scheduling == SCHEDULING_SCHEDULABLE)
                topo_set_remove(&scratch->unschedulable, held->swap[i].in);
        }
    return scratch;
}

int alter_plan_swap(struct fabric_slice *slice, const struct fabric_swap *swap, struct slice_version *after,
                    struct fabric_refusal *refusal) {
    struct fabric_pod *pod = slice->pod;
    static struct topo_swap swaps[TOPO_POSITIONS_MAX];
    static struct topo_plan planned;
    static struct topo_refusal why;
    struct topo_cube_set exclude = {0};
    int r = find_positions(slice, swap, swaps, refusal);
    if (r)
        return r;
    if (!after->shape.whole_cubes)
        return plan_part_swap(slice, swap, after, refusal);
    if (topo_plan_swap(plan_of(slice, swap->while_tested), &after->shape, slice->accepted->cubes, swaps,
                       swap->n_cubes, &exclude, after->tolerate_missing, swap->use_spares, &planned,
                       &why) != 0)
        return refuse_plan(refusal, pod, "with_cubes", &why);
    memcpy(after->cubes, planned.cubes, sizeof(*planned.cubes) * after->shape.n_cubes);
    after->fingerprint = topo_fingerprint(pod->wiring, &after->shape, after->cubes);
    return moves_find_missing(pod, after);
}

/* The own hosts count as free; the same cube is tried first. */
static int plan_part_reshape(const struct fabric_slice *slice, const struct topo_shape *shape,
                             const struct fabric_reshape *reshape, struct slice_version *after,
                             struct fabric_refusal *refusal) {
    const struct fabric_pod *pod = slice->pod;
    struct topo_pod *scratch = place_scratch();
    unsigned here = after->cubes[0];
    struct topo_part_request request = {
        .shape = *shape, .use_spares = true, .pin_cube = true, .cube = (uint16_t)here};
    struct topo_block block;
    struct topo_refusal why;
    memcpy(scratch, &pod->plan, sizeof(*scratch));
    scratch->used_hosts[here] &= (uint16_t)~after->host_mask;
    if (!scratch->used_hosts[here])
        topo_set_remove(&scratch->used, here);
    for (unsigned i = 0; i < reshape->n_exclude; i++)
        topo_set_add(&request.exclude, reshape->exclude[i]);
    if (topo_part_place(scratch, &request, &block, &why) != 0) {
        request.pin_cube = false;
        request.use_spares = reshape->use_spares;
        if (topo_part_place(scratch, &request, &block, &why) != 0)
            return refuse_plan(refusal, pod, "topology", &why);
    }
    after->shape = *shape;
    after->cubes[0] = block.cube;
    after->host_mask = block.hosts;
    return moves_find_missing(pod, after);
}

static int plan_reshape(struct fabric_slice *slice, const struct topo_shape *shape,
                        const struct fabric_reshape *reshape, struct slice_version *after,
                        struct fabric_refusal *refusal) {
    struct fabric_pod *pod = slice->pod;
    static struct topo_request request;
    static struct topo_plan planned;
    static struct topo_refusal why;
    struct topo_cube_set leaving;
    if (!shape->whole_cubes && !after->shape.whole_cubes)
        return plan_part_reshape(slice, shape, reshape, after, refusal);
    if (shape->whole_cubes != after->shape.whole_cubes)
        return refuse(
            refusal, REASON_INVALID_TOPOLOGY, "topology",
            "a part of a cube does not become whole cubes, nor whole cubes a part: create another slice");
    request = (struct topo_request){.shape = *shape, .use_spares = reshape->use_spares};
    memcpy(request.tolerate_missing, after->tolerate_missing, sizeof(request.tolerate_missing));
    for (unsigned i = 0; i < reshape->n_exclude; i++)
        topo_set_add(&request.exclude, reshape->exclude[i]);
    if (topo_plan_reshape(&pod->plan, &slice->accepted->shape, slice->accepted->cubes, &request, &planned,
                          &leaving, &why) != 0)
        return refuse_plan(refusal, pod, "topology", &why);
    after->shape = *shape;
    memcpy(after->cubes, planned.cubes, sizeof(*planned.cubes) * shape->n_cubes);
    after->fingerprint = topo_fingerprint(pod->wiring, &after->shape, after->cubes);
    return moves_find_missing(pod, after);
}

static bool has_cube(const struct slice_version *version, unsigned cube) {
    for (unsigned position = 0; position < version->shape.n_cubes; position++)
        if (version->cubes[position] == cube)
            return true;
    return false;
}

static void quarantine_leaving(struct change *change, const struct fabric_slice *slice,
                               const struct slice_version *before, const struct slice_version *after) {
    for (unsigned position = 0; before->shape.whole_cubes && position < before->shape.n_cubes; position++) {
        struct fabric_cube *cube = &slice->pod->cube[before->cubes[position]];
        char reason[FABRIC_TEXT_MAX];
        if (has_cube(after, cube->index) || cube->health != HEALTH_UNHEALTHY)
            continue;
        snprintf(reason, sizeof(reason), "left slice %s UNHEALTHY: %.100s", slice->name, cube->health_cause);
        scheduling_happens(change, cube, CUBE_LEFT_ILL, reason, NULL, 0);
    }
}

void alter_accept(struct change *change, struct fabric_slice *slice, struct slice_version *after,
                  struct fabric_operation *operation, const char *overtaken) {
    struct slice_version *before = slice_version_keep(slice->accepted);
    if (operation) {
        alter_end_operation(change, slice, overtaken);
        change_operation_new(change, operation);
        after->operation_id = operation->id;
    }
    after->generation++;
    after->state = slice_after(after->state, SLICE_IS_CHANGED);
    after->qualified = QUALIFIED_NOT_CHECKED;
    link_list_deinit(&after->failed);
    swap_list_deinit(&after->pending);
    after->pending_why = PENDING_NONE;
    after->pending_cause[0] = '\0';
    after->pending_since_us = after->pending_by_us = 0;
    after->is_overdue = false;
    change_slice(change, slice, after, NULL, after->cause);
    quarantine_leaving(change, slice, before, slice->accepted);
    slice_version_drop(before);
    fabric_mark(change->fabric);
}

static int accept(struct change *change, const struct fabric_actor *actor, struct fabric_slice *slice,
                  struct slice_version *after, struct fabric_operation *operation, const char *overtaken,
                  struct fabric_outcome *ret_outcome) {
    int64_t uid = slice->uid, operation_id;
    swap_list_deinit(&after->fresh);
    after->tries = 0;
    alter_accept(change, slice, after, operation, overtaken);
    operation_id = slice->accepted->operation_id;
    return request_submit(change, actor, uid, operation_id, slice->name, ret_outcome);
}

int fabric_swap_slice(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_swap *swap,
                      int64_t now_us, struct fabric_plan *plan, struct fabric_outcome *ret_outcome,
                      struct fabric_refusal *refusal) {
    struct fabric_slice *slice;
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r || (r = find_movable(fabric, actor, swap->name, swap->uid, swap->disrupt, &slice, refusal)))
        return r;
    struct slice_version *before = slice->accepted;
    if (swap->n_cubes < 1 || swap->n_cubes > before->shape.n_cubes)
        return refuse_invalid(refusal, "cubes", "%u cubes named; 1 to %u can be swapped", swap->n_cubes,
                              before->shape.n_cubes);
    derive_pod(slice->pod, now_us); /* before the change begins: it may submit changes of its own */
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    struct slice_version *after = slice_version_new(before);
    struct fabric_operation *operation = after ? operation_new("swap", &slice, 1, OPERATION_RUNNING) : NULL;
    r = operation ? alter_plan_swap(slice, swap, after, refusal) : -ENOMEM;
    if (r == 0 && plan)
        r = moves_describe(slice, before, after, plan);
    if (r || actor->validate_only) {
        slice_version_drop(after);
        if (operation)
            operation_free(operation);
        change_abandon(change);
        *ret_outcome = (struct fabric_outcome){.uid = slice->uid};
        return r;
    }
    snprintf(after->cause, sizeof(after->cause), "%u of %u cubes swapped", swap->n_cubes,
             before->shape.n_cubes);
    return accept(change, actor, slice, after, operation, "overtaken by a swap", ret_outcome);
}

static bool is_same_shape(const struct topo_shape *one, const struct topo_shape *other) {
    return one->twist == other->twist && memcmp(one->chips, other->chips, sizeof(one->chips)) == 0;
}

int fabric_reshape_slice(struct fabric *fabric, const struct fabric_actor *actor,
                         const struct fabric_reshape *reshape, int64_t now_us, struct fabric_plan *plan,
                         struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    struct fabric_slice *slice;
    struct topo_shape shape;
    char was[64], is[64];
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r ||
        (r = find_movable(fabric, actor, reshape->name, reshape->uid, reshape->disrupt, &slice, refusal)))
        return r;
    struct slice_version *before = slice->accepted;
    if (refuse_topology(refusal, "topology", reshape->topology, &shape))
        return FABRIC_REFUSED;
    topo_shape_format(&before->shape, was, sizeof(was));
    topo_shape_format(&shape, is, sizeof(is));
    if (is_same_shape(&shape, &before->shape))
        return refuse_invalid(refusal, "topology", "slice %s is %s already", slice->name, was);
    if ((r = quota_check(fabric, actor, (int64_t)shape.n_chips - before->shape.n_chips, 0, "topology",
                         refusal)))
        return r;
    derive_pod(slice->pod, now_us); /* before the change begins: it may submit changes of its own */
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    struct slice_version *after = slice_version_new(before);
    struct fabric_operation *operation =
        after ? operation_new("reshape", &slice, 1, OPERATION_RUNNING) : NULL;
    r = operation ? plan_reshape(slice, &shape, reshape, after, refusal) : -ENOMEM;
    if (r == 0 && plan)
        r = moves_describe(slice, before, after, plan);
    if (r || actor->validate_only) {
        slice_version_drop(after);
        if (operation)
            operation_free(operation);
        change_abandon(change);
        *ret_outcome = (struct fabric_outcome){.uid = slice->uid};
        return r;
    }
    snprintf(after->cause, sizeof(after->cause), "%s becomes %s", was, is);
    if (shape.n_cubes < before->shape.n_cubes || !shape.whole_cubes)
        change_add_event(change, "CAPACITY_CHANGED", slice->pod, slice->pod->name, NULL,
                         "a slice was made smaller", "", "");
    return accept(change, actor, slice, after, operation, "overtaken by a reshape", ret_outcome);
}
