/* New slices: planned one after the other, accepted together or not at all. */
#include "daemon/fabric/change.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/moves.h"
#include "daemon/fabric/operation.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GANG_MAX 64
#define LABELS_MAX 64
#define LABEL_TEXT_MAX 255

static bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

static bool is_letter_or_digit(char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
}

/* [a-z]([-a-z0-9]{0,61}[a-z0-9])? */
static bool is_slice_name(const char *name) {
    size_t len = strlen(name);
    if (len < 1 || len > 63 || !is_letter(name[0]) || !is_letter_or_digit(name[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_letter_or_digit(name[i]) && name[i] != '-')
            return false;
    return true;
}

static int check_labels(const struct fabric_slice_spec *spec, struct fabric_refusal *refusal) {
    if (spec->n_labels > LABELS_MAX)
        return refuse_invalid(refusal, "spec.labels", "%u labels; at most %u are taken", spec->n_labels,
                              LABELS_MAX);
    for (unsigned i = 0; i < spec->n_labels; i++) {
        const struct fabric_label *label = &spec->labels[i];
        if (!label->key[0] || strlen(label->key) > LABEL_TEXT_MAX || strlen(label->value) > LABEL_TEXT_MAX)
            return refuse_invalid(refusal, "spec.labels",
                                  "label \"%.40s\": a key has 1 to %u bytes, a value at most %u", label->key,
                                  LABEL_TEXT_MAX, LABEL_TEXT_MAX);
        for (unsigned k = 0; k < i; k++)
            if (strcmp(spec->labels[k].key, label->key) == 0)
                return refuse_invalid(refusal, "spec.labels", "label \"%.40s\" is given twice", label->key);
    }
    return 0;
}

static int check_spec(const struct fabric *fabric, const struct fabric_slice_spec *spec,
                      struct topo_shape *ret_shape, struct fabric_refusal *refusal) {
    if (!is_slice_name(spec->name))
        return refuse_invalid(
            refusal, "spec.name",
            "name \"%.80s\": 1 to 63 of a-z, 0-9 and -, beginning with a letter and not ending with -",
            spec->name);
    char error[300];
    if (topo_shape_parse(spec->topology, ret_shape, error, sizeof(error)) != 0)
        return refuse(refusal, REASON_INVALID_TOPOLOGY, "spec.topology", "%s", error);
    const struct fabric_slice *namesake = slice_find_accepted(fabric, spec->name);
    if (namesake) {
        refusal_set_fits(refusal, "another name is given, or slice %s is deleted", spec->name);
        return refuse(refusal, REASON_NAME_TAKEN, "spec.name",
                      "there is a slice %s already: uid %lld, state %s", spec->name, (long long)namesake->uid,
                      slice_state_name(namesake->accepted->state));
    }
    for (unsigned dimension = 0; dimension < 3; dimension++)
        if (spec->has_tolerance && spec->tolerate_missing[dimension] > TOPO_LINKS_MAX)
            return refuse_invalid(refusal, "spec.tolerate_missing", "%u links: at most %u are taken",
                                  spec->tolerate_missing[dimension], TOPO_LINKS_MAX);
    int r = check_labels(spec, refusal);
    if (r)
        return r;
    if (spec->pod->frozen) {
        refusal_set_fits(refusal,
                         "an operator looks at `helioctl pod diff` and then says `helioctl pod thaw`");
        return refuse(refusal, REASON_FROZEN, "spec.pod", "pod %s is frozen: %s", spec->pod->name,
                      spec->pod->frozen_text);
    }
    if (spec->pod->is_importing)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "spec.pod",
                      "the inventory of pod %s is being replaced", spec->pod->name);
    return 0;
}

static struct fabric_slice *slice_new(const struct fabric_slice_spec *spec, const char *owner) {
    struct fabric_slice *slice = calloc(1, sizeof(*slice));
    if (!slice)
        return NULL;
    snprintf(slice->name, sizeof(slice->name), "%s", spec->name);
    snprintf(slice->owner, sizeof(slice->owner), "%s", owner);
    slice->pod = (struct fabric_pod *)spec->pod;
    slice->labels = calloc(spec->n_labels ? spec->n_labels : 1, sizeof(*slice->labels));
    for (unsigned i = 0; slice->labels && i < spec->n_labels; i++) {
        slice->labels[i].key = strdup(spec->labels[i].key);
        slice->labels[i].value = strdup(spec->labels[i].value);
        slice->n_labels++;
        if (!slice->labels[i].key || !slice->labels[i].value) {
            slice_free(slice);
            return NULL;
        }
    }
    if (!slice->labels) {
        free(slice);
        return NULL;
    }
    return slice;
}

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
    int r = check_spec(fabric, spec, &shape, refusal);
    if (r)
        return r;
    struct slice_version *version = slice_version_new(NULL);
    struct fabric_slice *slice = version ? slice_new(spec, actor->principal) : NULL;
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
