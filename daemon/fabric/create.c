/* New slices: placed jointly, accepted together or not at all. */
#include "daemon/fabric/change.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/moves.h"
#include "daemon/fabric/operation.h"
#include "daemon/fabric/place.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/quota.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"
#include "daemon/fabric/spec.h"
#include "daemon/fabric/transition.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One request on its way; the arrays are in the order of the specs. */
struct creation {
    const struct fabric_slice_spec *specs;
    unsigned n;
    struct topo_shape shapes[PLACE_SLICES_MAX][TOPO_GANG_CHOICES_MAX];
    unsigned n_shapes[PLACE_SLICES_MAX];
    struct slice_version *versions[PLACE_SLICES_MAX];
    struct fabric_slice *slices[PLACE_SLICES_MAX];
};

static int check_specs(struct fabric *fabric, struct creation *creation, struct fabric_refusal *refusal) {
    for (unsigned i = 0; i < creation->n; i++) {
        const struct fabric_slice_spec *spec = &creation->specs[i];
        int r = spec_check(fabric, spec, &creation->shapes[i][0], refusal);
        if (r == 0)
            r = spec_check_alternatives(spec, &creation->shapes[i][1], refusal);
        if (r)
            return r;
        creation->n_shapes[i] = 1 + spec->n_alternatives;
        if (spec->pod->frozen) {
            refusal_set_fits(refusal,
                             "an operator looks at `helioctl pod diff` and then says `helioctl pod thaw`");
            return refuse(refusal, REASON_FROZEN, "spec.pod", "pod %s is frozen: %s", spec->pod->name,
                          spec->pod->frozen_text);
        }
        for (unsigned k = 0; k < i; k++)
            if (strcmp(creation->specs[k].name, spec->name) == 0)
                return refuse(refusal, REASON_NAME_TAKEN, "spec.name", "two slices are to be called %s",
                              spec->name);
    }
    return 0;
}

static int make_objects(struct creation *creation, const struct fabric_actor *actor) {
    for (unsigned i = 0; i < creation->n; i++) {
        creation->versions[i] = slice_version_new(NULL);
        creation->slices[i] = spec_new_slice(&creation->specs[i], actor->principal);
        if (!creation->versions[i] || !creation->slices[i])
            return -ENOMEM;
    }
    return 0;
}

static void free_objects(struct creation *creation) {
    for (unsigned i = 0; i < creation->n; i++) {
        slice_version_drop(creation->versions[i]);
        if (creation->slices[i])
            slice_free(creation->slices[i]);
    }
}

static void add_slice(struct change *change, struct creation *creation, unsigned i,
                      const struct fabric_gang *gang, int64_t operation_id) {
    struct fabric *fabric = change->fabric;
    const struct fabric_slice_spec *spec = &creation->specs[i];
    struct slice_version *version = creation->versions[i];
    struct fabric_slice *slice = creation->slices[i];
    int64_t timeout_us =
        gang->connect_timeout_us ? gang->connect_timeout_us : fabric->settings.activation_timeout_us;
    version->state = slice_after(SLICE_NONE, gang->reserve_us ? SLICE_IS_RESERVED : SLICE_IS_CREATED);
    version->disruption = spec->disruption ? spec->disruption : DISRUPTION_ASK;
    version->is_pinned = spec->pin_mode != TOPO_PIN_NONE;
    version->use_spares = spec->use_spares;
    version->qualified = QUALIFIED_NOT_CHECKED;
    version->connect_by_us =
        fabric_wall_us(fabric, change->now_us) + (gang->reserve_us ? gang->reserve_us : timeout_us);
    version->lease_ttl_us = spec->lease_ttl_us;
    version->lease_grace_us = spec->lease_grace_us;
    slice->lease_until_us = change->now_us + spec->lease_ttl_us;
    version->operation_id = gang->reserve_us ? 0 : operation_id;
    slice->created_us = fabric_wall_us(fabric, change->now_us);
    slice->circuits_total = version->shape.whole_cubes ? TOPO_LINKS_PER_POSITION * version->shape.n_cubes : 0;
    slice_link(fabric, slice);
    change_slice(change, slice, version, "SLICE_STATE", gang->reserve_us ? "reserved" : "created");
    creation->versions[i] = NULL;
}

int fabric_create_slices(struct fabric *fabric, const struct fabric_actor *actor,
                         const struct fabric_slice_spec *specs, unsigned n_specs, int64_t connect_timeout_us,
                         int64_t now_us, struct fabric_plan *plans, struct fabric_outcome *ret_outcome,
                         struct fabric_refusal *refusal) {
    const struct fabric_gang gang = {.connect_timeout_us = connect_timeout_us};
    return fabric_create_gang(fabric, actor, specs, n_specs, &gang, now_us, plans, ret_outcome, refusal);
}

/* A reservation is complete when it is durable. */
static struct fabric_operation *new_operation(const struct creation *creation,
                                              const struct fabric_gang *gang) {
    const char *kind = gang->reserve_us     ? "reserve"
                       : gang->keep_partial ? OPERATION_CREATE_PARTIAL
                                            : "create";
    return operation_new(kind, creation->slices, creation->n,
                         gang->reserve_us ? OPERATION_DONE : OPERATION_RUNNING);
}

int fabric_create_gang(struct fabric *fabric, const struct fabric_actor *actor,
                       const struct fabric_slice_spec *specs, unsigned n_specs,
                       const struct fabric_gang *gang, int64_t now_us, struct fabric_plan *plans,
                       struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    struct creation creation = {.specs = specs, .n = n_specs};
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    if (n_specs < 1 || n_specs > PLACE_SLICES_MAX)
        return refuse_invalid(refusal, "specs", "%u slices asked for; 1 to %u are taken", n_specs,
                              PLACE_SLICES_MAX);
    if ((r = check_specs(fabric, &creation, refusal)))
        return r;
    /* Before the change begins: what is derived may submit changes of its own. */
    for (unsigned i = 0; i < n_specs; i++)
        derive_pod((struct fabric_pod *)specs[i].pod, now_us);
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    for (unsigned i = 0; plans && i < n_specs; i++)
        plans[i] = (struct fabric_plan){0};
    r = make_objects(&creation, actor);
    if (r == 0)
        r = place_slices(specs, creation.shapes, creation.n_shapes, n_specs, creation.versions, plans,
                         refusal);
    int64_t chips = 0;
    for (unsigned i = 0; r == 0 && i < n_specs; i++)
        chips += creation.versions[i]->shape.n_chips;
    if (r == 0)
        r = quota_check(fabric, actor, chips, n_specs, "spec.topology", refusal);
    int64_t operation_id = fabric->counter[STORE_COUNTER_OPERATION] + 1;
    for (unsigned i = 0; r == 0 && i < n_specs; i++)
        creation.slices[i]->uid = ++fabric->counter[STORE_COUNTER_UID];
    for (unsigned i = 0; r == 0 && plans && i < n_specs; i++)
        r = moves_describe(creation.slices[i], NULL, creation.versions[i], &plans[i]);
    struct fabric_operation *operation =
        r == 0 && !actor->validate_only ? new_operation(&creation, gang) : NULL;
    if (r == 0 && !actor->validate_only && !operation)
        r = -ENOMEM;
    if (r || actor->validate_only) {
        for (unsigned i = 0; r && plans && i < n_specs; i++)
            fabric_plan_deinit(&plans[i]);
        free_objects(&creation);
        change_abandon(change);
        *ret_outcome = (struct fabric_outcome){0};
        return r;
    }
    for (unsigned i = 0; i < n_specs; i++)
        add_slice(change, &creation, i, gang, operation_id);
    change_operation_new(change, operation);
    fabric_mark(fabric);
    return request_submit(change, actor, n_specs == 1 ? creation.slices[0]->uid : 0, operation->id,
                          n_specs == 1 ? creation.slices[0]->name : "several slices", ret_outcome);
}
