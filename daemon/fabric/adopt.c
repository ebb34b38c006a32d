/* Taking over a slice as the switches stand. */
#include "daemon/fabric/change.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/moves.h"
#include "daemon/fabric/operation.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/qualify_cube.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"
#include "daemon/fabric/spec.h"
#include "daemon/fabric/transition.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define UNPLACED UINT16_MAX
/* More than half of a bundle must lead to the same cube. */
#define BUNDLE_MAJORITY 9

/* The cube that most circuits from the + face of a cube lead to; UNPLACED: none does for sure. */
static uint16_t next_cube(const struct fabric_pod *pod, unsigned cube, unsigned dimension) {
    uint8_t votes[TOPO_CUBES_MAX] = {0};
    for (unsigned index = 0; index < TOPO_INDICES; index++) {
        const struct topo_port *at =
            &pod->wiring->port_of[topo_end(cube, topo_face(dimension, false), index)];
        if (at->ocs < 0)
            continue;
        const struct fabric_ocs *ocs = &pod->ocs[at->ocs];
        unsigned far = at->side == TOPO_SIDE_A ? ocs->port[at->port].observed_b : ocs->observed_a[at->port];
        uint16_t end =
            far ? pod->wiring->end_of[at->ocs][at->side == TOPO_SIDE_A ? TOPO_SIDE_B : TOPO_SIDE_A][far]
                : TOPO_NO_END;
        if (end == TOPO_NO_END || topo_end_face(end) != topo_face(dimension, true) ||
            topo_end_index(end) != index)
            continue;
        if (++votes[topo_end_cube(end)] >= BUNDLE_MAJORITY)
            return topo_end_cube(end);
    }
    return UNPLACED;
}

static int follow(const struct fabric_pod *pod, const struct topo_shape *shape, unsigned first,
                  uint16_t *cubes, struct fabric_refusal *refusal) {
    uint16_t queue[TOPO_POSITIONS_MAX];
    unsigned head = 0, tail = 0;
    struct topo_cube_set taken = {0};
    memset(cubes, 0xff, sizeof(*cubes) * TOPO_POSITIONS_MAX);
    cubes[0] = (uint16_t)first;
    topo_set_add(&taken, first);
    queue[tail++] = 0;
    while (head < tail) {
        unsigned position = queue[head++];
        for (unsigned dimension = 0; dimension < 3; dimension++) {
            unsigned place = topo_shape_next(shape, position, dimension);
            uint16_t far = next_cube(pod, cubes[position], dimension);
            const char *here = pod->cube[cubes[position]].name;
            if (far == UNPLACED)
                return refuse(refusal, REASON_INVALID_PIN, "cube",
                              "no cube is connected to the %s face of %s at position %u",
                              topo_face_name(topo_face(dimension, false)), here, position);
            if (cubes[place] == UNPLACED && !topo_set_has(&taken, far)) {
                cubes[place] = far;
                topo_set_add(&taken, far);
                queue[tail++] = (uint16_t)place;
            } else if (cubes[place] != far) {
                return refuse(
                    refusal, REASON_INVALID_PIN, "spec.topology",
                    "the circuits do not form this topology: the %s face of %s at position %u leads to %s",
                    topo_face_name(topo_face(dimension, false)), here, position, pod->cube[far].name);
            }
        }
    }
    for (unsigned position = 0; position < shape->n_cubes; position++) {
        const struct fabric_cube *cube = cubes[position] == UNPLACED ? NULL : &pod->cube[cubes[position]];
        if (!cube)
            return refuse(refusal, REASON_INVALID_PIN, "spec.topology",
                          "the circuits do not form this topology: nothing leads to position %u", position);
        if (cube->slice)
            return refuse(refusal, REASON_PIN_USED, "cube", "%s is used by slice %s", cube->name,
                          cube->slice->name);
        if (cube->part_hosts)
            return refuse(refusal, REASON_PIN_USED, "cube", "%s is cut into parts", cube->name);
        if (qualify_is_under_test(pod, cube->index))
            return refuse(refusal, REASON_PIN_USED, "cube",
                          "%s is being tested: what is lit there is the test's", cube->name);
        if (cube->scheduling == SCHEDULING_DRAINED || cube->scheduling == SCHEDULING_MAINTENANCE)
            return refuse(refusal, REASON_PIN_UNHEALTHY, "cube",
                          "%s is %s: somebody may have his hands on it; give it back first", cube->name,
                          scheduling_name(cube->scheduling));
    }
    return 0;
}

int fabric_adopt_slice(struct fabric *fabric, const struct fabric_actor *actor,
                       const struct fabric_slice_spec *spec, unsigned first_cube, int64_t now_us,
                       struct fabric_plan *plan, struct fabric_outcome *ret_outcome,
                       struct fabric_refusal *refusal) {
    struct topo_shape shape;
    uint16_t cubes[TOPO_POSITIONS_MAX];
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r || (r = spec_check(fabric, spec, &shape, refusal)))
        return r;
    if (!shape.whole_cubes)
        return refuse(refusal, REASON_INVALID_TOPOLOGY, "spec.topology",
                      "a part of a cube has no circuits to take over; create it instead");
    if (first_cube >= spec->pod->n_cubes || shape.n_cubes > spec->pod->n_cubes)
        return refuse(refusal, REASON_INVALID_PIN, "cube", "pod %s has %u cubes", spec->pod->name,
                      spec->pod->n_cubes);
    if ((r = follow(spec->pod, &shape, first_cube, cubes, refusal)))
        return r;
    derive_pod((struct fabric_pod *)spec->pod,
               now_us); /* before the change begins: it may submit changes of its own */
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    struct slice_version *version = slice_version_new(NULL);
    struct fabric_slice *slice = version ? spec_new_slice(spec, actor->principal) : NULL;
    if (!slice) {
        slice_version_drop(version);
        change_abandon(change);
        return -ENOMEM;
    }
    version->shape = shape;
    memcpy(version->cubes, cubes, sizeof(*cubes) * shape.n_cubes);
    version->fingerprint = topo_fingerprint(slice->pod->wiring, &shape, cubes);
    if (spec->has_tolerance)
        memcpy(version->tolerate_missing, spec->tolerate_missing, sizeof(version->tolerate_missing));
    version->disruption = spec->disruption ? spec->disruption : DISRUPTION_ASK;
    version->is_pinned = true;
    /* A job may run on it: it is never failed for want of a link. */
    version->state = slice_after(SLICE_NONE, SLICE_IS_ADOPTED);
    version->was_ready = true;
    version->qualified = QUALIFIED_NOT_CHECKED;
    slice->created_us = fabric_wall_us(fabric, now_us);
    slice->circuits_total = TOPO_LINKS_PER_POSITION * shape.n_cubes;
    if (plan)
        *plan = (struct fabric_plan){0};
    r = plan ? moves_describe(slice, NULL, version, plan) : 0;
    if (r || actor->validate_only) {
        slice_version_drop(version);
        slice_free(slice);
        change_abandon(change);
        *ret_outcome = (struct fabric_outcome){0};
        return r;
    }
    slice->uid = ++fabric->counter[STORE_COUNTER_UID];
    slice_link(fabric, slice);
    struct fabric_operation *operation = operation_new("adopt", &slice, 1, OPERATION_RUNNING);
    if (!operation) {
        change->has_failed = true;
    } else {
        change_operation_new(change, operation);
        version->operation_id = operation->id;
    }
    int64_t uid = slice->uid, operation_id = version->operation_id;
    change_slice(change, slice, version, "SLICE_ADOPTED", "taken over as the switches stand");
    fabric_mark(fabric);
    return request_submit(change, actor, uid, operation_id, spec->name, ret_outcome);
}
