#include "daemon/fabric/lease.h"
#include "daemon/fabric/alter.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"

#include <errno.h>
#include <string.h>

/* A daemon that was this late was stopped or starved: whoever renewed was not heard. */
#define DEAF_US 2000000
#define MASS_WINDOW_US 60000000
#define MASS_AT_LEAST 3

static void orphan(struct fabric_slice *slice, int64_t now_us) {
    struct fabric *fabric = slice->pod->fabric;
    struct slice_version *after = slice_version_new(slice->accepted);
    struct change *change = after ? change_begin(fabric, "heliostatd", now_us) : NULL;
    if (!change) {
        slice_version_drop(after);
        return;
    }
    after->orphaned_since_us = fabric_wall_us(fabric, now_us);
    slice->lease_until_us = now_us + after->lease_grace_us;
    change_slice(change, slice, after, "SLICE_ORPHANED", "its lease ran out; its mirrors stay");
    if (change_submit(change) < 0)
        fabric_mark(fabric);
}

/* Every host of the slice reports, and says that no process uses its chips. */
static bool is_idle(const struct fabric_slice *slice, int64_t now_us) {
    const struct slice_version *version = slice->accepted;
    for (unsigned position = 0; position < version->shape.n_cubes; position++)
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
            const struct fabric_host *h = &slice->pod->cube[version->cubes[position]].host[host];
            if (version->host_mask >> host & 1 &&
                (!h->was_reported || now_us >= h->silent_at_us || h->chips_in_use))
                return false;
        }
    return true;
}

static void release(struct fabric_slice *slice, int64_t now_us) {
    struct fabric *fabric = slice->pod->fabric;
    const struct fabric_actor actor = {
        .principal = "heliostatd", .method = "ReleaseOrphan", .request_id = ""};
    struct change *change = change_begin(fabric, "heliostatd", now_us);
    int64_t operation_id;
    if (!change)
        return;
    change_audit(change, &actor, slice->name,
                 "its lease ran out, the grace time is over and no process uses its chips");
    if (alter_release(change, slice, "its lease ran out and no process used its chips", &operation_id) < 0)
        change_abandon(change);
    else if (change_submit(change) < 0)
        fabric_mark(fabric);
}

void lease_review(struct fabric *fabric, int64_t late_us, int64_t now_us) {
    for (struct fabric_slice *slice = fabric->slices, *next; slice; slice = next) {
        const struct slice_version *version = slice->accepted;
        next = slice->next;
        if (!version->lease_ttl_us || version != slice->durable || version->is_gone)
            continue;
        if (late_us > DEAF_US || !fabric->store_works)
            slice->lease_until_us =
                now_us + (version->orphaned_since_us ? version->lease_grace_us : version->lease_ttl_us);
        if (now_us < slice->lease_until_us || slice->pod->is_importing)
            continue;
        if (!version->orphaned_since_us)
            orphan(slice, now_us);
        else if (version->lease_grace_us && !version->is_held && slice_version_owns(version) &&
                 is_idle(slice, now_us))
            release(slice, now_us);
    }
}

unsigned lease_mass_expiry(const struct fabric *fabric, int64_t *ret_since_us) {
    unsigned n_leases = 0, most = 0;
    for (const struct fabric_slice *slice = fabric->slices; slice; slice = slice->next) {
        int64_t since_us = slice->durable ? slice->durable->orphaned_since_us : 0;
        unsigned together = 0;
        n_leases += slice->durable && !slice->durable->is_gone && slice->durable->lease_ttl_us != 0;
        for (const struct fabric_slice *other = since_us ? fabric->slices : NULL; other;
             other = other->next) {
            int64_t other_us =
                other->durable && !other->durable->is_gone ? other->durable->orphaned_since_us : 0;
            together += other_us && other_us <= since_us && since_us - other_us <= MASS_WINDOW_US;
        }
        if (together > most) {
            most = together;
            *ret_since_us = since_us;
        }
    }
    return most >= MASS_AT_LEAST && most * 2 >= n_leases ? most : 0;
}

int64_t fabric_lease_until_us(const struct fabric_slice *slice) {
    return slice->lease_until_us + slice->pod->fabric->wall_offset_us;
}

int fabric_renew_slice(struct fabric *fabric, const struct fabric_actor *actor, const char *name, int64_t uid,
                       int64_t now_us, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    struct fabric_slice *slice;
    if ((r = alter_find(fabric, actor, name, uid, &slice, refusal)))
        return r;
    if (!slice->accepted->lease_ttl_us)
        return refuse_invalid(refusal, "name", "slice %s has no lease: it stays until it is deleted", name);
    *ret_outcome = (struct fabric_outcome){.uid = slice->uid};
    if (actor->validate_only)
        return 0;
    /* A lease that did not run out has nothing to store: after a restart it is a full one anyway. */
    if (!slice->accepted->orphaned_since_us) {
        slice->lease_until_us = now_us + slice->accepted->lease_ttl_us;
        return 0;
    }
    struct change *change = change_begin(fabric, actor->principal, now_us);
    struct slice_version *after = change ? slice_version_new(slice->accepted) : NULL;
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    if (!after) {
        change_abandon(change);
        return -ENOMEM;
    }
    after->orphaned_since_us = 0;
    slice->lease_until_us = now_us + after->lease_ttl_us;
    int64_t slice_uid = slice->uid;
    change_slice(change, slice, after, "SLICE_RENEWED", "its lease begins anew");
    fabric_mark(fabric);
    return request_submit(change, actor, slice_uid, 0, name, ret_outcome);
}
