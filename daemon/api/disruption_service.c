/* What an owner says to what is pending on a slice, and to its lease. */
#include "daemon/api/convert.h"
#include "daemon/api/find.h"
#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"

#include <errno.h>
#include <stdio.h>

static int read_with(struct mutation *m, const Heliostat__V1__AcceptDisruptionRequest *q, int **ret_with) {
    const struct fabric_slice *slice;
    const struct fabric_cube *cube;
    char field[48];
    if (find_slice(m->api->fabric, q->name, "name", &slice, &m->refusal))
        return FABRIC_REFUSED;
    if (q->uid < 0)
        return refuse_invalid(&m->refusal, "uid", "%lld is negative; use 0 for any", (long long)q->uid);
    if (q->n_with_cubes > TOPO_POSITIONS_MAX)
        return refuse_invalid(&m->refusal, "with_cubes", "%zu cubes are named; at most %d", q->n_with_cubes,
                              TOPO_POSITIONS_MAX);
    *ret_with = arena_array(&m->arena, q->n_with_cubes + 1, sizeof(**ret_with));
    if (!*ret_with)
        return -ENOMEM;
    for (size_t i = 0; i < q->n_with_cubes; i++) {
        (*ret_with)[i] = -1;
        if (!*q->with_cubes[i])
            continue;
        snprintf(field, sizeof(field), "with_cubes[%zu]", i);
        if (find_cube(m->api->fabric, slice->pod, q->with_cubes[i], field, REASON_INVALID_PIN, &cube,
                      &m->refusal))
            return FABRIC_REFUSED;
        (*ret_with)[i] = cube->index;
    }
    return 0;
}

static void accept_disruption(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__AcceptDisruptionRequest *q = (const void *)request;
    struct fabric_plan plan = {0};
    int *with = NULL;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, accept_disruption))
        return;
    int r = read_with(&m, q, &with);
    if (!r)
        r = fabric_accept_disruption(api->fabric, &m.actor, q->name, q->uid, with, (unsigned)q->n_with_cubes,
                                     m.now_us, &plan, &m.outcome, &m.refusal);
    mutation_end_slices(&m, r, &heliostat__v1__accept_disruption_response__descriptor, &plan, 1);
}

static void renew_slice(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__RenewSliceRequest *q = (const void *)request;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, renew_slice))
        return;
    int r = 0;
    if (q->uid < 0)
        r = refuse_invalid(&m.refusal, "uid", "%lld is negative; use 0 for any", (long long)q->uid);
    if (!r && !*q->name)
        r = refuse_invalid(&m.refusal, "name", "name a slice");
    if (!r)
        r = fabric_renew_slice(api->fabric, &m.actor, q->name, q->uid, m.now_us, &m.outcome, &m.refusal);
    mutation_end_slices(&m, r, &heliostat__v1__renew_slice_response__descriptor, NULL, 0);
}

const struct service_method disruption_service[] = {
    {"/heliostat.v1.SliceService/AcceptDisruption", &heliostat__v1__accept_disruption_request__descriptor,
     GRPCX_UNARY, accept_disruption},
    {"/heliostat.v1.SliceService/RenewSlice", &heliostat__v1__renew_slice_request__descriptor, GRPCX_UNARY,
     renew_slice},
    {0},
};
