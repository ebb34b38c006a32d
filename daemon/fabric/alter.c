/* What can be done to a slice that is there: delete it, release its hold. */
#include "daemon/fabric/alter.h"
#include "daemon/fabric/change.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/moves.h"
#include "daemon/fabric/operation.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"
#include "daemon/fabric/transition.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int alter_check_owner(const struct fabric_slice *slice, const struct fabric_actor *actor,
                      struct fabric_refusal *refusal) {
    if (actor->is_operator || strcmp(slice->owner, actor->principal) == 0)
        return 0;
    refusal_set_fits(refusal, "its owner or an operator asks");
    return refuse(refusal, REASON_NOT_OWNER, "name", "slice %s belongs to %s, not to %s", slice->name,
                  slice->owner, actor->principal);
}

int alter_check_revision(const struct fabric_slice *slice, const struct fabric_actor *actor,
                         struct fabric_refusal *refusal) {
    if (!actor->if_revision || actor->if_revision == slice->accepted->revision)
        return 0;
    return refuse(refusal, REASON_REVISION_MOVED, "mutation.if_revision",
                  "slice %s is at revision %lld, the request is for %lld", slice->name,
                  (long long)slice->accepted->revision, (long long)actor->if_revision);
}

int alter_check_importing(const struct fabric_slice *slice, struct fabric_refusal *refusal) {
    if (!slice->pod->is_importing)
        return 0;
    return refuse(refusal, REASON_STORE_UNAVAILABLE, "name", "the inventory of pod %s is being replaced",
                  slice->pod->name);
}

int alter_check_held(const struct fabric_slice *slice, struct fabric_refusal *refusal) {
    if (!slice->accepted->is_held)
        return 0;
    refusal_set_fits(refusal, "an operator says `helioctl slice release-hold %s --keep` or `--rederive`",
                     slice->name);
    return refuse(refusal, REASON_SLICE_HELD, "name",
                  "slice %s is held: the fiber table now gives other circuits than those it was made with",
                  slice->name);
}

/* Ends the operation that a newer one takes over. */
void alter_end_operation(struct change *change, struct fabric_slice *slice, const char *text) {
    struct fabric_operation *operation = fabric_operation_of(change->fabric, slice->accepted->operation_id);
    if (!operation || operation->state != OPERATION_RUNNING || operation->is_ending)
        return;
    for (const struct fabric_slice *other = change->fabric->slices; other; other = other->next)
        if (other != slice && !other->accepted->is_gone && other->accepted->operation_id == operation->id)
            return;
    change_operation_end(change, operation, OPERATION_DONE, text);
}

int alter_find(struct fabric *fabric, const struct fabric_actor *actor, const char *name, int64_t uid,
               struct fabric_slice **ret_slice, struct fabric_refusal *refusal) {
    struct fabric_slice *slice = slice_find_accepted(fabric, name);
    int r;
    if (!slice)
        return refuse_not_found(refusal, "name", "there is no slice %.80s", name);
    if (uid && slice->uid != uid)
        return refuse_not_found(refusal, "uid", "slice %s has uid %lld, not %lld", slice->name,
                                (long long)slice->uid, (long long)uid);
    if ((r = alter_check_owner(slice, actor, refusal)) || (r = alter_check_revision(slice, actor, refusal)) ||
        (r = alter_check_importing(slice, refusal)))
        return r;
    *ret_slice = slice;
    return 0;
}

/* A deletion that comes late is done already; one whose name and uid are of two live slices is a mistake. */
static int check_deleted(const struct fabric *fabric, const char *name, int64_t uid,
                         struct fabric_refusal *refusal) {
    const struct fabric_slice *other = slice_find_uid(fabric, uid);
    if (uid < 0 || uid > fabric->counter[STORE_COUNTER_UID])
        return refuse_not_found(refusal, "uid", "no slice ever had uid %lld", (long long)uid);
    if (other && !other->accepted->is_gone)
        return refuse_invalid(refusal, "uid", "uid %lld is of slice %s, not of %.80s", (long long)uid,
                              other->name, name);
    return 0;
}

int fabric_delete_slice(struct fabric *fabric, const struct fabric_actor *actor, const char *name,
                        int64_t uid, int64_t now_us, struct fabric_outcome *ret_outcome,
                        struct fabric_refusal *refusal) {
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    struct fabric_slice *slice = slice_find_accepted(fabric, name);
    if (uid && (!slice || slice->uid != uid)) {
        /* That one is gone; a namesake is not touched. */
        *ret_outcome = (struct fabric_outcome){.uid = uid};
        return check_deleted(fabric, name, uid, refusal);
    }
    if ((r = alter_find(fabric, actor, name, uid, &slice, refusal)) || (r = alter_check_held(slice, refusal)))
        return r;
    *ret_outcome = (struct fabric_outcome){.uid = slice->uid};
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    int64_t slice_uid = slice->uid, operation_id;
    if ((r = alter_release(change, slice, "deleted", &operation_id))) {
        change_abandon(change);
        return r;
    }
    fabric_mark(fabric);
    return request_submit(change, actor, slice_uid, operation_id, name, ret_outcome);
}

int alter_release(struct change *change, struct fabric_slice *slice, const char *cause,
                  int64_t *ret_operation_id) {
    struct slice_version *after = slice_version_new(slice->accepted);
    struct fabric_operation *operation = after ? operation_new("delete", &slice, 1, OPERATION_DONE) : NULL;
    if (!operation) {
        slice_version_drop(after);
        return -ENOMEM;
    }
    alter_end_operation(change, slice, "the slice was deleted");
    after->is_gone = true;
    after->state = slice_after(after->state, SLICE_IS_DELETED);
    after->operation_id = 0;
    change_slice(change, slice, after, "SLICE_STATE", cause);
    change_add_event(change, "CAPACITY_CHANGED", slice->pod, slice->pod->name, NULL, "a slice was deleted",
                     "", "");
    change_operation_new(change, operation);
    *ret_operation_id = operation->id;
    return 0;
}

/* Every circuit that the fiber table now gives the slice is lit. */
static bool stands_as_derived(const struct fabric_slice *slice, const struct slice_version *version) {
    const struct fabric_pod *pod = slice->pod;
    for (unsigned position = 0; position < version->shape.n_cubes; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++)
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                struct topo_link link =
                    topo_link_at(pod->wiring, &version->shape, version->cubes, position, dimension, index);
                if (link.ocs >= 0 && pod->ocs[link.ocs].port[link.a].observed_b != link.b)
                    return false;
            }
    return true;
}

int fabric_release_hold(struct fabric *fabric, const struct fabric_actor *actor, const char *name,
                        bool rederive, int64_t now_us, struct fabric_outcome *ret_outcome,
                        struct fabric_refusal *refusal) {
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    struct fabric_slice *slice = slice_find_accepted(fabric, name);
    if (!slice)
        return refuse_not_found(refusal, "name", "there is no slice %.80s", name);
    if (!slice->accepted->is_held)
        return refuse_invalid(refusal, "name", "slice %s is not held", name);
    if ((r = alter_check_revision(slice, actor, refusal)) || (r = alter_check_importing(slice, refusal)))
        return r;
    if (!rederive && !stands_as_derived(slice, slice->accepted)) {
        refusal_set_fits(refusal,
                         "the fiber table is put back as it was, or --rederive lets the mirrors move");
        return refuse(
            refusal, REASON_SLICE_HELD, "action",
            "the mirrors of slice %s do not stand as the fiber table now says: they cannot just be kept",
            name);
    }
    *ret_outcome = (struct fabric_outcome){.uid = slice->uid};
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    struct slice_version *after = slice_version_new(slice->accepted);
    if (!after) {
        change_abandon(change);
        return -ENOMEM;
    }
    after->is_held = false;
    after->fingerprint = topo_fingerprint(slice->pod->wiring, &after->shape, after->cubes);
    if (rederive)
        after->state = slice_after(after->state, SLICE_IS_REDERIVED);
    int64_t uid = slice->uid;
    change_slice(change, slice, after, "SLICE_HOLD_RELEASED", rederive ? "rederived" : "kept");
    fabric_mark(fabric);
    return request_submit(change, actor, uid, 0, name, ret_outcome);
}
