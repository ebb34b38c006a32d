/* New slices: planned one after the other, accepted together or not at all. */
#include "daemon/fabric/change.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/moves.h"
#include "daemon/fabric/operation.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"
#include "daemon/fabric/spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GANG_MAX 64
static int plan(const struct fabric_slice_spec *spec, const struct topo_shape *shape,
                struct slice_version *version, struct fabric_refusal *refusal) {
    struct fabric_pod *pod = (struct fabric_pod *)spec->pod;
    if (pod->plan_is_old)
        derive_plan(pod);
    static struct topo_request request;
    memset(&request, 0, sizeof(request));
    request.shape = *shape;
    request.pin_mode = spec->pin_mode;
    request.use_spares = spec->use_spares;
    request.n_pins = spec->n_pins;
    for (unsigned i = 0; i < spec->n_pins && i < TOPO_POSITIONS_MAX; i++)
        request.pins[i] = spec->pins[i];
    for (unsigned i = 0; i < spec->n_exclude; i++)
        topo_set_add(&request.exclude, spec->exclude[i]);
    if (spec->has_tolerance)
        memcpy(request.tolerate_missing, spec->tolerate_missing, sizeof(request.tolerate_missing));
    static struct topo_plan planned;
    static struct topo_refusal why;
    if (topo_plan_create(&pod->plan, &request, &planned, &why) != 0)
        return refuse_plan(refusal, pod, spec->pin_mode == TOPO_PIN_NONE ? "spec" : "spec.cubes", &why);
    version->shape = *shape;
    memcpy(version->cubes, planned.cubes, sizeof(*planned.cubes) * shape->n_cubes);
    memcpy(version->tolerate_missing, request.tolerate_missing, sizeof(version->tolerate_missing));
    version->fingerprint = topo_fingerprint(pod->wiring, shape, version->cubes);
    return moves_find_missing(pod, version);
}

static int add_slice(struct change *change, const struct fabric_actor *actor,
                     const struct fabric_slice_spec *spec, int64_t connect_by_us, int64_t operation_id,
                     struct fabric_plan *plan_out, struct fabric_slice **ret_slice,
                     struct fabric_refusal *refusal) {
    struct fabric *fabric = change->fabric;
    struct topo_shape shape;
    int r = spec_check(fabric, spec, &shape, refusal);
    if (r)
        return r;
    if (spec->pod->frozen) {
        refusal_set_fits(refusal,
                         "an operator looks at `helioctl pod diff` and then says `helioctl pod thaw`");
        return refuse(refusal, REASON_FROZEN, "spec.pod", "pod %s is frozen: %s", spec->pod->name,
                      spec->pod->frozen_text);
    }
    struct slice_version *version = slice_version_new(NULL);
    struct fabric_slice *slice = version ? spec_new_slice(spec, actor->principal) : NULL;
    if (!slice) {
        slice_version_drop(version);
        return -ENOMEM;
    }
    r = plan(spec, &shape, version, refusal);
    if (r == 0) {
        version->state = SLICE_CONNECTING;
        version->disruption = spec->disruption ? spec->disruption : DISRUPTION_ASK;
        version->is_pinned = spec->pin_mode != TOPO_PIN_NONE;
        version->use_spares = spec->use_spares;
        version->qualified = QUALIFIED_NOT_CHECKED;
        version->connect_by_us = connect_by_us;
        version->operation_id = operation_id;
        slice->created_us = fabric_wall_us(fabric, change->now_us);
        slice->circuits_total = TOPO_LINKS_PER_POSITION * shape.n_cubes;
        if (plan_out)
            r = moves_describe(slice, NULL, version, plan_out);
    }
    if (r) {
        slice_version_drop(version);
        slice_free(slice);
        return r;
    }
    slice->uid = ++fabric->counter[STORE_COUNTER_UID];
    slice_link(fabric, slice);
    change_slice(change, slice, version, "SLICE_STATE", "created");
    *ret_slice = slice;
    return 0;
}

int fabric_create_slices(struct fabric *fabric, const struct fabric_actor *actor,
                         const struct fabric_slice_spec *specs, unsigned n_specs, int64_t connect_timeout_us,
                         int64_t now_us, struct fabric_plan *plans, struct fabric_outcome *ret_outcome,
                         struct fabric_refusal *refusal) {
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    if (n_specs < 1 || n_specs > GANG_MAX)
        return refuse_invalid(refusal, "specs", "%u slices asked for; 1 to %u are taken", n_specs, GANG_MAX);
    if (connect_timeout_us == 0)
        connect_timeout_us = fabric->settings.activation_timeout_us;
    /* Before the change begins: what is derived may submit changes of its own. */
    for (unsigned i = 0; i < n_specs; i++)
        derive_pod((struct fabric_pod *)specs[i].pod, now_us);
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    struct fabric_slice *slices[GANG_MAX];
    unsigned n_plans = 0;
    int64_t operation_id = fabric->counter[STORE_COUNTER_OPERATION] + 1;
    for (unsigned i = 0; r == 0 && i < n_specs; i++) {
        r = add_slice(change, actor, &specs[i], fabric_wall_us(fabric, now_us) + connect_timeout_us,
                      operation_id, plans ? &plans[i] : NULL, &slices[i], refusal);
        n_plans += r == 0;
    }
    if (r && n_specs > 1 && refusal->text[0] && n_plans < n_specs)
        refusal_add_item(refusal, "slice %s, number %u of %u", specs[n_plans].name, n_plans + 1, n_specs);
    struct fabric_operation *operation =
        r == 0 && !actor->validate_only ? operation_new("create", slices, n_specs, OPERATION_RUNNING) : NULL;
    if (r == 0 && !actor->validate_only && !operation)
        r = -ENOMEM;
    if (r || actor->validate_only) {
        for (unsigned i = 0; r && plans && i < n_plans; i++)
            fabric_plan_deinit(&plans[i]);
        change_abandon(change);
        *ret_outcome = (struct fabric_outcome){0};
        return r;
    }
    change_operation_new(change, operation);
    fabric_mark(fabric);
    return request_submit(change, actor, n_specs == 1 ? slices[0]->uid : 0, operation->id,
                          n_specs == 1 ? slices[0]->name : "several slices", ret_outcome);
}
