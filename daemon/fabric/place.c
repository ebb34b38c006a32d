#include "daemon/fabric/place.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/moves.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/relief.h"
#include "daemon/fabric/reservation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct topo_pod *place_scratch(void) {
    static struct topo_pod scratch;
    return &scratch;
}

/* The members of one pod's gang; member i is specs[spec[i]]. Too large for the stack; one loop thread plans.
 */
struct gang {
    struct topo_gang_choice choices[PLACE_SLICES_MAX][TOPO_GANG_CHOICES_MAX];
    struct topo_gang_member members[PLACE_SLICES_MAX];
    struct topo_gang_place places[PLACE_SLICES_MAX];
    unsigned spec[PLACE_SLICES_MAX];
    unsigned n;
};

static void fill_whole(const struct fabric_slice_spec *spec, struct topo_request *request) {
    request->pin_mode = spec->pin_mode;
    request->use_spares = spec->use_spares;
    request->n_pins = spec->n_pins;
    for (unsigned i = 0; i < spec->n_pins && i < TOPO_POSITIONS_MAX; i++)
        request->pins[i] = spec->pins[i];
    for (unsigned i = 0; i < spec->n_exclude; i++)
        topo_set_add(&request->exclude, spec->exclude[i]);
    if (spec->has_tolerance)
        memcpy(request->tolerate_missing, spec->tolerate_missing, sizeof(request->tolerate_missing));
    request->domain_aim = spec->domain_aim;
    request->domain_kind = spec->domain_kind;
}

static int fill_choice(const struct fabric_slice_spec *spec, const struct topo_shape *shape,
                       struct topo_gang_choice *choice, struct fabric_refusal *refusal) {
    memset(choice, 0, sizeof(*choice));
    if (shape->whole_cubes) {
        choice->whole.shape = *shape;
        fill_whole(spec, &choice->whole);
        return 0;
    }
    if (spec->pin_mode != TOPO_PIN_NONE && spec->n_pins != 1) {
        refusal_set_fits(refusal, "one cube is named, or none");
        return refuse(refusal, REASON_INVALID_PIN, "spec.cubes",
                      "a part of a cube lies in one cube; %u are named", spec->n_pins);
    }
    choice->part = (struct topo_part_request){
        .shape = *shape, .use_spares = spec->use_spares, .pin_cube = spec->pin_mode != TOPO_PIN_NONE};
    if (choice->part.pin_cube)
        choice->part.cube = spec->pins[0];
    for (unsigned i = 0; i < spec->n_exclude; i++)
        topo_set_add(&choice->part.exclude, spec->exclude[i]);
    return 0;
}

static int refuse_gang(const struct fabric_slice_spec *specs, const struct gang *gang,
                       const struct fabric_pod *pod, const struct topo_gang_refusal *why,
                       struct fabric_refusal *refusal) {
    if (why->member >= gang->n) {
        refuse_plan(refusal, pod, "specs", &why->refusal);
        if (refusal->reason == REASON_NOT_ENOUGH_CUBES &&
            reservation_stands_in_the_way(pod, gang->members, gang->n)) {
            refusal->reason = REASON_HELD_BY_RESERVATION;
            reservation_name_all(pod, refusal);
        }
        return FABRIC_REFUSED;
    }
    const struct fabric_slice_spec *spec = &specs[gang->spec[why->member]];
    const struct topo_gang_choice *choice = &gang->choices[why->member][0];
    bool is_pinned = spec->pin_mode != TOPO_PIN_NONE;
    refuse_plan(refusal, pod, is_pinned ? "spec.cubes" : "spec", &why->refusal);
    if (refusal->reason == REASON_NOT_ENOUGH_CUBES &&
        reservation_stands_in_the_way(pod, gang->members, gang->n)) {
        refusal->reason = REASON_HELD_BY_RESERVATION;
        reservation_name_all(pod, refusal);
    } else if (!is_pinned)
        relief_add(refusal, pod, choice->whole.shape.n_cubes ? &choice->whole : NULL, &choice->part);
    if (gang->n > 1)
        refusal_add_item(refusal, "slice %s, number %u of %u", spec->name, gang->spec[why->member] + 1,
                         gang->n);
    return FABRIC_REFUSED;
}

static int take_place(const struct fabric_slice_spec *spec, const struct topo_gang_place *place,
                      const struct topo_gang_choice *choice, struct slice_version *version,
                      struct fabric_plan *plan) {
    const struct fabric_pod *pod = spec->pod;
    if (place->is_part) {
        version->shape = choice->part.shape;
        version->cubes[0] = place->block.cube;
        version->host_mask = place->block.hosts;
    } else {
        version->shape = choice->whole.shape;
        memcpy(version->cubes, place->plan.cubes, sizeof(*version->cubes) * version->shape.n_cubes);
        memcpy(version->tolerate_missing, choice->whole.tolerate_missing, sizeof(version->tolerate_missing));
        version->fingerprint = topo_fingerprint(pod->wiring, &version->shape, version->cubes);
    }
    if (plan) {
        plan->choices = calloc(version->shape.n_cubes, sizeof(*plan->choices));
        if (!plan->choices)
            return -ENOMEM;
        plan->opens_cube = place->is_part && place->block.opens_cube;
        if (!place->is_part)
            topo_explain_plan(&pod->plan, &choice->whole, &place->plan, plan->choices);
    }
    return moves_find_missing(pod, version);
}

static int place_pod(const struct fabric_slice_spec *specs, const struct gang *gang, struct fabric_pod *pod,
                     struct topo_gang_place *places, struct slice_version *const *versions,
                     struct fabric_plan *plans, struct fabric_refusal *refusal) {
    static struct topo_gang_refusal why;
    if (pod->plan_is_old)
        derive_plan(pod);
    if (topo_plan_gang(&pod->plan, gang->members, gang->n, place_scratch(), places, &why) != 0)
        return refuse_gang(specs, gang, pod, &why, refusal);
    for (unsigned i = 0; i < gang->n; i++) {
        unsigned at = gang->spec[i];
        int r = take_place(&specs[at], &places[i], &gang->choices[i][places[i].choice], versions[at],
                           plans ? &plans[at] : NULL);
        if (r)
            return r;
    }
    return 0;
}

int place_slices(const struct fabric_slice_spec *specs, struct topo_shape (*shapes)[TOPO_GANG_CHOICES_MAX],
                 const unsigned *n_shapes, unsigned n_specs, struct slice_version *const *versions,
                 struct fabric_plan *plans, struct fabric_refusal *refusal) {
    static struct gang gang;
    for (unsigned first = 0; first < n_specs; first++) {
        bool is_done = false;
        for (unsigned i = 0; i < first; i++)
            is_done = is_done || specs[i].pod == specs[first].pod;
        if (is_done)
            continue;
        gang.n = 0;
        for (unsigned i = first; i < n_specs; i++) {
            if (specs[i].pod != specs[first].pod)
                continue;
            for (unsigned k = 0; k < n_shapes[i]; k++) {
                int r = fill_choice(&specs[i], &shapes[i][k], &gang.choices[gang.n][k], refusal);
                if (r)
                    return r;
            }
            gang.members[gang.n] = (struct topo_gang_member){gang.choices[gang.n], n_shapes[i]};
            gang.spec[gang.n++] = i;
        }
        int r = place_pod(specs, &gang, (struct fabric_pod *)specs[first].pod, gang.places, versions, plans,
                          refusal);
        if (r)
            return r;
    }
    return 0;
}
