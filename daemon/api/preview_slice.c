/* Previews of changes to slices. */
#include "daemon/api/preview_deed.h"
#include "heliostat/v1/slice.pb-c.h"

#include <string.h>

static const Heliostat__V1__SlicePlan *const *plans_of(const struct preview *p, size_t *ret_n,
                                                       const Heliostat__V1__SlicePlan **one) {
    const ProtobufCMessageDescriptor *descriptor = p->tail ? p->tail->descriptor : NULL;
    const ProtobufCFieldDescriptor *field =
        descriptor ? protobuf_c_message_descriptor_get_field_by_name(descriptor, "plans") : NULL;
    *ret_n = 0;
    if (field) {
        *ret_n = *(const size_t *)((const char *)p->tail + field->quantifier_offset);
        return *(const Heliostat__V1__SlicePlan *const *const *)((const char *)p->tail + field->offset);
    }
    field = descriptor ? protobuf_c_message_descriptor_get_field_by_name(descriptor, "plan") : NULL;
    *one = field ? *(const Heliostat__V1__SlicePlan *const *)((const char *)p->tail + field->offset) : NULL;
    *ret_n = *one != NULL;
    return one;
}

static void note_plan(struct preview *p, const Heliostat__V1__SlicePlan *plan) {
    const struct fabric_slice *slice = fabric_slice_find(p->fabric, plan->slice);
    bool may_run = slice && (slice->durable->state == SLICE_READY || slice->durable->state == SLICE_DEGRADED);
    for (size_t i = 0; i < plan->n_positions; i++) {
        const struct fabric_cube *cube = preview_cube_named(p, plan->positions[i]->cube);
        if (!cube)
            continue;
        p->pod = cube->pod;
        topo_set_add(&p->cubes, cube->index);
        p->n_taken += !fabric_cube_is_used(cube);
    }
    for (size_t i = 0; p->pod && i < plan->n_moves; i++)
        for (unsigned k = 0; k < p->pod->n_ocses; k++) {
            const char *slash = strrchr(plan->moves[i]->ocs, '/');
            if (!strcmp(p->pod->ocs[k].name, slash ? slash + 1 : plan->moves[i]->ocs) &&
                plan->moves[i]->removed + plan->moves[i]->added)
                p->ocses |= UINT64_C(1) << k;
        }
    if (may_run && plan->circuits_removed + plan->circuits_added)
        RISK("the links of slice %s that move are dark meanwhile (%u circuits go, %u come): a job that runs "
             "on it must be stopped or at a checkpoint",
             plan->slice, plan->circuits_removed, plan->circuits_added);
    if (plan->n_missing_links)
        RISK("slice %s is DEGRADED then: %zu of its links cannot be made", plan->slice,
             plan->n_missing_links);
}

static void note_plans(struct preview *p) {
    const Heliostat__V1__SlicePlan *one;
    size_t n;
    const Heliostat__V1__SlicePlan *const *plans = plans_of(p, &n, &one);
    for (size_t i = 0; i < n; i++)
        note_plan(p, plans[i]);
}

static void add_connection(struct preview *p) {
    preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
    preview_add_reports(&p->time, p->pod, 1, "until it is qualified");
}

void preview_move_slices(struct preview *p) {
    note_plans(p);
    if (!p->pod)
        return;
    add_connection(p);
}

void preview_create_slices(struct preview *p) {
    bool reserves = !strcmp(p->method, "CreateSlice")
                        ? ((const Heliostat__V1__CreateSliceRequest *)p->request)->mode ==
                              HELIOSTAT__V1__CREATE_MODE__CREATE_MODE_RESERVE
                        : ((const Heliostat__V1__CreateSlicesRequest *)p->request)->mode ==
                              HELIOSTAT__V1__CREATE_MODE__CREATE_MODE_RESERVE;
    if (!reserves) {
        preview_move_slices(p);
        return;
    }
    FOLLOWS("cubes are held and no mirror moves; the time counts from its activation");
    preview_move_slices(p);
}

void preview_swap_slice(struct preview *p) {
    p->needs_cubes = true;
    preview_move_slices(p);
}

void preview_accept_disruption(struct preview *p) {
    const Heliostat__V1__AcceptDisruptionRequest *q = (const void *)p->request;
    const struct fabric_slice *slice = fabric_slice_find(p->fabric, q->name);
    const struct swap_list *pending = slice ? &slice->accepted->pending : NULL;
    bool works = slice && slice->accepted->shape.whole_cubes;
    for (unsigned i = 0; pending && i < pending->count; i++)
        works = works && slice->pod->cube[pending->swap[i].out].health != HEALTH_UNHEALTHY;
    note_plans(p);
    p->needs_cubes = true;
    if (!p->pod)
        return;
    if (works)
        preview_add_proof(p, p->ocses);
    add_connection(p);
}

void preview_delete_slice(struct preview *p) {
    const Heliostat__V1__DeleteSliceResponse *tail = (const void *)p->tail;
    const Heliostat__V1__DeleteSliceRequest *q = (const void *)p->request;
    const struct fabric_slice *slice = fabric_slice_find(p->fabric, q->name);
    p->pod = slice ? slice->pod : NULL;
    if (slice && tail && tail->deletion && tail->deletion->circuits_removed) {
        for (unsigned i = 0; i < slice->accepted->shape.n_cubes; i++)
            p->ocses |= preview_ocses_of_cube(slice->pod, slice->accepted->cubes[i]);
        preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
    }
    for (unsigned i = 0; slice && i < slice->accepted->shape.n_cubes; i++)
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++)
            if (slice->accepted->host_mask >> host & 1 &&
                slice->pod->cube[slice->accepted->cubes[i]].host[host].chips_in_use) {
                RISK("a host says that a process uses chips of slice %s: its job ends", slice->name);
                return;
            }
}

/* Every switch that the fibers of the slice's cubes end on. */
static void note_cubes(struct preview *p, const struct fabric_slice *slice) {
    p->pod = slice->pod;
    for (unsigned i = 0; slice->accepted->shape.whole_cubes && i < slice->accepted->shape.n_cubes; i++) {
        topo_set_add(&p->cubes, slice->accepted->cubes[i]);
        p->ocses |= preview_ocses_of_cube(slice->pod, slice->accepted->cubes[i]);
    }
}

void preview_activate_slice(struct preview *p) {
    const Heliostat__V1__ActivateSliceRequest *q = (const void *)p->request;
    for (size_t i = 0; i < q->n_names; i++) {
        const struct fabric_slice *slice = fabric_slice_find(p->fabric, q->names[i]);
        if (slice)
            note_cubes(p, slice);
    }
    if (p->pod)
        add_connection(p);
}

void preview_release_hold(struct preview *p) {
    const Heliostat__V1__ReleaseHoldRequest *q = (const void *)p->request;
    const struct fabric_slice *slice = fabric_slice_find(p->fabric, q->name);
    if (!slice || q->action != HELIOSTAT__V1__HOLD_ACTION__HOLD_ACTION_REDERIVE)
        return;
    note_cubes(p, slice);
    add_connection(p);
    RISK("circuits of the live slice %s move: a job that runs on it must be stopped or at a checkpoint",
         slice->name);
}
