/* An operator's words on cubes, switches and pods. */
#include "daemon/fabric/change.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/reconcile.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"
#include "daemon/fabric/restore.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int refuse_store(struct fabric_refusal *refusal) {
    return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
}

static int check(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_pod *pod,
                 int64_t revision, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    if (actor->if_revision && revision && actor->if_revision != revision)
        return refuse(refusal, REASON_REVISION_MOVED, "mutation.if_revision",
                      "the object is at revision %lld, the request is for %lld", (long long)revision,
                      (long long)actor->if_revision);
    if (pod->is_importing)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "pod", "the inventory of pod %s is being replaced",
                      pod->name);
    *ret_outcome = (struct fabric_outcome){0};
    return 0;
}

int fabric_mark_cube(struct fabric *fabric, const struct fabric_actor *actor,
                     const struct fabric_cube *cube_read, enum health health, const char *reason,
                     int64_t now_us, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    struct fabric_cube *cube = (struct fabric_cube *)cube_read;
    char name[96];
    int r = check(fabric, actor, cube->pod, cube->revision, ret_outcome, refusal);
    if (r)
        return r;
    if (health < HEALTH_HEALTHY || health > HEALTH_UNKNOWN)
        return refuse_invalid(refusal, "health", "health %d: HEALTHY, DEGRADED, UNHEALTHY or UNKNOWN",
                              (int)health);
    if (!reason[0] || strlen(reason) >= FABRIC_TEXT_MAX)
        return refuse_invalid(refusal, "reason", "a reason of 1 to %d bytes is needed", FABRIC_TEXT_MAX - 1);
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse_store(refusal);
    change_cube_before(change, cube);
    enum health before = cube->mark;
    cube->mark = health;
    snprintf(cube->mark_reason, sizeof(cube->mark_reason), "%s", reason);
    snprintf(cube->mark_by, sizeof(cube->mark_by), "%s", actor->principal);
    int64_t revision = change_add_event(change, "CUBE_MARKED", cube->pod, fabric_cube_name(cube, name),
                                        cube->slice, reason, health_name(before), health_name(health));
    change_cube_done(change, cube, revision);
    derive_health_into(change, cube);
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, name, ret_outcome);
}

/* The switch whose unit answers in the place of this one; NULL: none. */
static const struct fabric_ocs *pinned_to_another(const struct fabric *fabric, const struct fabric_ocs *ocs) {
    const struct device_identity *identity = device_identity(ocs->device);
    for (const struct fabric_pod *pod = fabric->pods; pod && identity->serial[0]; pod = pod->next)
        for (unsigned i = 0; i < pod->n_ocses; i++)
            if (&pod->ocs[i] != ocs && strcmp(pod->ocs[i].serial, identity->serial) == 0 &&
                strcmp(pod->ocs[i].product, identity->product) == 0)
                return &pod->ocs[i];
    return NULL;
}

int fabric_confirm_ocses(struct fabric *fabric, const struct fabric_actor *actor,
                         const struct fabric_ocs *const *ocses, size_t n_ocses, int64_t now_us,
                         struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    char name[96];
    int r = n_ocses ? check(fabric, actor, ocses[0]->pod, n_ocses == 1 ? ocses[0]->revision : 0, ret_outcome,
                            refusal)
                    : refuse_invalid(refusal, "ocs", "no switch is named");
    if (r)
        return r;
    for (size_t i = 0; i < n_ocses; i++) {
        const struct device_identity *identity = device_identity(ocses[i]->device);
        if (!identity->serial[0])
            refusal_add_item(refusal, "%s: %s", fabric_ocs_name(ocses[i], name),
                             device_cause(ocses[i]->device));
        else if (identity->ports_a != ocses[i]->ports_a || identity->ports_b != ocses[i]->ports_b)
            refusal_add_item(refusal, "%s: the inventory says %u,%u ports, the switch says %u,%u",
                             fabric_ocs_name(ocses[i], name), ocses[i]->ports_a, ocses[i]->ports_b,
                             identity->ports_a, identity->ports_b);
    }
    for (size_t i = 0; i < n_ocses; i++)
        for (size_t k = 0; k < i; k++)
            if (device_identity(ocses[i]->device)->serial[0] &&
                strcmp(device_identity(ocses[i]->device)->serial,
                       device_identity(ocses[k]->device)->serial) == 0 &&
                strcmp(device_identity(ocses[i]->device)->product,
                       device_identity(ocses[k]->device)->product) == 0)
                refusal_add_item(refusal, "%s: says the same serial %s as %s",
                                 fabric_ocs_name(ocses[i], name), device_identity(ocses[i]->device)->serial,
                                 ocses[k]->name);
    for (size_t i = 0; i < n_ocses; i++) {
        const struct fabric_ocs *other = pinned_to_another(fabric, ocses[i]);
        char other_name[96];
        if (other)
            refusal_add_item(refusal,
                             "%s: says serial %s, which is pinned for %s: were the addresses exchanged?",
                             fabric_ocs_name(ocses[i], name), device_identity(ocses[i]->device)->serial,
                             fabric_ocs_name(other, other_name));
    }
    if (refusal->n_items) {
        refusal_set_fits(refusal, "these switches are reachable, have the size of the inventory, and are not "
                                  "the units of other switches");
        return refuse(refusal, REASON_OCS_MISMATCH, "ocs",
                      "%zu of %zu switches cannot be confirmed; first: %s", refusal->n_items, n_ocses,
                      refusal->items[0]);
    }
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse_store(refusal);
    for (size_t i = 0; i < n_ocses; i++) {
        const struct device_identity *identity = device_identity(ocses[i]->device);
        change_ocs(change, (struct fabric_ocs *)ocses[i], NULL, identity->product, identity->serial,
                   "OCS_CONFIRMED");
    }
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0,
                          n_ocses == 1 ? fabric_ocs_name(ocses[0], name) : "several switches", ret_outcome);
}

int fabric_set_addresses(struct fabric *fabric, const struct fabric_actor *actor,
                         const struct fabric_ocs *const *ocses, const char *const *addresses, size_t n_ocses,
                         int64_t now_us, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    char name[96];
    int r = n_ocses ? check(fabric, actor, ocses[0]->pod, n_ocses == 1 ? ocses[0]->revision : 0, ret_outcome,
                            refusal)
                    : refuse_invalid(refusal, "addresses", "no address is given");
    if (r)
        return r;
    for (size_t i = 0; i < n_ocses; i++) {
        if (strlen(addresses[i]) >= DEVICE_WORD_MAX)
            return refuse_invalid(refusal, "addresses", "address \"%.80s\" is longer than %d bytes",
                                  addresses[i], DEVICE_WORD_MAX - 1);
        for (size_t k = 0; k < i; k++)
            if (ocses[i] == ocses[k] || (addresses[i][0] && strcmp(addresses[i], addresses[k]) == 0))
                return refuse_invalid(refusal, "addresses", "%s: the switch or its address %s is given twice",
                                      fabric_ocs_name(ocses[i], name), addresses[i]);
    }
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse_store(refusal);
    for (size_t i = 0; i < n_ocses; i++)
        change_ocs(change, (struct fabric_ocs *)ocses[i], addresses[i], NULL, NULL, "OCS_ADDRESS");
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0,
                          n_ocses == 1 ? fabric_ocs_name(ocses[0], name) : "several switches", ret_outcome);
}

static int set_frozen(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_pod *pod,
                      enum frozen frozen, const char *text, int64_t now_us,
                      struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    int r = check(fabric, actor, pod, pod->revision, ret_outcome, refusal);
    if (r)
        return r;
    if ((pod->frozen != FROZEN_NOT) == (frozen != FROZEN_NOT) || actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse_store(refusal);
    change_pod_frozen(change, (struct fabric_pod *)pod, frozen, text);
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, pod->name, ret_outcome);
}

static int let_go_on(struct fabric *fabric, const struct fabric_actor *actor, struct fabric_pod *pod,
                     int64_t now_us, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    int r = check(fabric, actor, pod, pod->revision, ret_outcome, refusal);
    if (r || actor->validate_only)
        return r;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse_store(refusal);
    restore_go_on(change, pod, now_us);
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, pod->name, ret_outcome);
}

bool fabric_thaw_does_something(const struct fabric_pod *pod) {
    return pod->frozen != FROZEN_NOT || restore_is_held(pod);
}

int fabric_thaw(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_pod *pod,
                int64_t now_us, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    bool was_frozen = pod->frozen != FROZEN_NOT;
    if (!was_frozen && restore_is_held(pod))
        return let_go_on(fabric, actor, (struct fabric_pod *)pod, now_us, ret_outcome, refusal);
    int r = set_frozen(fabric, actor, pod, FROZEN_NOT, "", now_us, ret_outcome, refusal);
    if (r == 0 && was_frozen && pod->frozen == FROZEN_NOT)
        reconcile_begin_anew((struct fabric_pod *)pod);
    return r;
}

int fabric_freeze(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_pod *pod,
                  const char *reason, int64_t now_us, struct fabric_outcome *ret_outcome,
                  struct fabric_refusal *refusal) {
    return set_frozen(fabric, actor, pod, FROZEN_BY_OPERATOR, reason, now_us, ret_outcome, refusal);
}
