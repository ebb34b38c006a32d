#include "daemon/api/convert.h"
#include "daemon/api/find.h"
#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"
#include "daemon/api/slice_cache.h"
#include "daemon/api/slice_spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GANG_MAX 64
#define CONNECT_TIMEOUT_MAX_S 86400
#define RESERVE_MAX_S 86400u

/* What creations and activations say of time. */
static int read_gang_rule(struct mutation *m, uint32_t connect_timeout_s, Heliostat__V1__CreateMode mode,
                          uint32_t reserve_s, bool keep_partial, struct fabric_gang *ret_gang) {
    bool is_reserve = mode == HELIOSTAT__V1__CREATE_MODE__CREATE_MODE_RESERVE;
    if (m->actor.if_revision)
        return refuse_invalid(&m->refusal, "mutation.if_revision", "a slice that is new has no revision");
    if ((unsigned)mode > HELIOSTAT__V1__CREATE_MODE__CREATE_MODE_RESERVE)
        return refuse_invalid(&m->refusal, "mode", "%d is not CONNECT or RESERVE", (int)mode);
    if (is_reserve ? reserve_s < 1 || reserve_s > RESERVE_MAX_S : reserve_s != 0)
        return refuse_invalid(&m->refusal, "reserve_s",
                              is_reserve ? "%u s: a reservation lasts 1 to %u s"
                                         : "%u s is for mode RESERVE (1 to %u s)",
                              reserve_s, RESERVE_MAX_S);
    if (is_reserve && (connect_timeout_s || keep_partial))
        return refuse_invalid(&m->refusal, connect_timeout_s ? "connect_timeout_s" : "keep_partial",
                              "a reservation connects nothing: say it when it is activated");
    *ret_gang = (struct fabric_gang){.connect_timeout_us = (int64_t)connect_timeout_s * 1000000,
                                     .keep_partial = keep_partial,
                                     .reserve_us = (int64_t)reserve_s * 1000000};
    return 0;
}

static int check_timeout(uint32_t connect_timeout_s, struct fabric_refusal *refusal) {
    if (connect_timeout_s > CONNECT_TIMEOUT_MAX_S)
        return refuse_invalid(refusal, "connect_timeout_s",
                              "%u s is more than a day; 0 takes the daemon's own limit", connect_timeout_s);
    return 0;
}

static void create_slice(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__CreateSliceRequest *q = (const void *)request;
    struct fabric_plan plan = {0};
    struct fabric_slice_spec spec;
    struct fabric_gang gang;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, create_slice))
        return;
    int r = check_timeout(q->connect_timeout_s, &m.refusal);
    if (!r && !q->spec)
        r = refuse_invalid(&m.refusal, "spec", "say what is asked for");
    if (!r)
        r = slice_spec_read(api->fabric, q->spec, "spec.", &m.arena, &spec, &m.refusal);
    if (!r)
        r = read_gang_rule(&m, q->connect_timeout_s, q->mode, q->reserve_s, false, &gang);
    if (!r)
        r = fabric_create_gang(api->fabric, &m.actor, &spec, 1, &gang, m.now_us, &plan, &m.outcome,
                               &m.refusal);
    mutation_end_slices(&m, r, &heliostat__v1__create_slice_response__descriptor, &plan, 1);
}

static int read_gang(struct mutation *m, const Heliostat__V1__CreateSlicesRequest *q,
                     struct fabric_slice_spec *specs) {
    if (q->n_specs < 1 || q->n_specs > GANG_MAX)
        return refuse_invalid(&m->refusal, "specs", "%zu slices are asked for; 1 to %d are taken", q->n_specs,
                              GANG_MAX);
    for (size_t i = 0; i < q->n_specs; i++) {
        char prefix[32];
        snprintf(prefix, sizeof(prefix), "specs[%zu].", i);
        int r = slice_spec_read(m->api->fabric, q->specs[i], prefix, &m->arena, &specs[i], &m->refusal);
        if (r)
            return r;
    }
    return check_timeout(q->connect_timeout_s, &m->refusal);
}

static void create_slices(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__CreateSlicesRequest *q = (const void *)request;
    struct fabric_slice_spec specs[GANG_MAX];
    struct fabric_gang gang;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, create_slices))
        return;
    /* A plan lists every switch and position, so a gang's plans are too large for the stack. */
    struct fabric_plan *plans = calloc(GANG_MAX, sizeof(*plans));
    int r = plans ? read_gang(&m, q, specs) : -ENOMEM;
    if (!r)
        r = read_gang_rule(&m, q->connect_timeout_s, q->mode, q->reserve_s, q->keep_partial, &gang);
    if (!r)
        r = fabric_create_gang(api->fabric, &m.actor, specs, (unsigned)q->n_specs, &gang, m.now_us, plans,
                               &m.outcome, &m.refusal);
    mutation_end_slices(&m, r, &heliostat__v1__create_slices_response__descriptor, plans,
                        q->n_specs < GANG_MAX ? q->n_specs : GANG_MAX);
    free(plans);
}

static int check_uid(int64_t uid, struct fabric_refusal *refusal) {
    if (uid < 0)
        return refuse_invalid(refusal, "uid", "%lld is negative; use 0 for any", (long long)uid);
    return 0;
}

static void activate_slice(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ActivateSliceRequest *q = (const void *)request;
    struct fabric_gang gang = {.keep_partial = q->keep_partial,
                               .connect_timeout_us = (int64_t)q->connect_timeout_s * 1000000};
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, activate_slice))
        return;
    int r = 0;
    if (q->n_names < 1 || q->n_names > GANG_MAX)
        r = refuse_invalid(&m.refusal, "names", "%zu reservations are named; 1 to %d are taken", q->n_names,
                           GANG_MAX);
    else if (q->uid && q->n_names > 1)
        r = refuse_invalid(&m.refusal, "uid", "a uid goes with one name; %zu are given", q->n_names);
    else if (q->mutation->if_revision && q->n_names > 1)
        r = refuse_invalid(&m.refusal, "mutation.if_revision", "a revision goes with one name; %zu are given",
                           q->n_names);
    if (!r)
        r = check_uid(q->uid, &m.refusal);
    if (!r)
        r = check_timeout(q->connect_timeout_s, &m.refusal);
    if (!r)
        r = fabric_activate_slices(api->fabric, &m.actor, (const char *const *)q->names, (unsigned)q->n_names,
                                   q->uid, &gang, m.now_us, &m.outcome, &m.refusal);
    mutation_end_slices(&m, r, &heliostat__v1__activate_slice_response__descriptor, NULL, 0);
}

static void extend_reservation(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ExtendReservationRequest *q = (const void *)request;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, extend_reservation))
        return;
    int r = check_uid(q->uid, &m.refusal);
    if (!r && !*q->name)
        r = refuse_invalid(&m.refusal, "name", "name a reservation");
    if (!r && (q->reserve_s < 1 || q->reserve_s > RESERVE_MAX_S))
        r = refuse_invalid(&m.refusal, "reserve_s", "%u s: a reservation lasts 1 to %u s", q->reserve_s,
                           RESERVE_MAX_S);
    if (!r)
        r = fabric_extend_reservation(api->fabric, &m.actor, q->name, q->uid, (int64_t)q->reserve_s * 1000000,
                                      m.now_us, &m.outcome, &m.refusal);
    mutation_end_slices(&m, r, &heliostat__v1__extend_reservation_response__descriptor, NULL, 0);
}

/* The meta in front, the slice as it was packed for its version. */
static void get_slice(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__GetSliceRequest *q = (const void *)request;
    const struct fabric_slice *slice;
    struct fabric_refusal refusal = {0};
    if (find_slice(api->fabric, q->name, "name", &slice, &refusal)) {
        pending_refuse(api, call, request, &refusal, NULL);
        return;
    }
    Heliostat__V1__ReplyMeta meta = HELIOSTAT__V1__REPLY_META__INIT;
    Heliostat__V1__GetSliceResponse head = HELIOSTAT__V1__GET_SLICE_RESPONSE__INIT;
    meta.store_id = (char *)fabric_store_id(api->fabric);
    meta.revision = fabric_revision(api->fabric);
    head.meta = &meta;
    size_t head_len = protobuf_c_message_get_packed_size(&head.base), slice_len;
    const uint8_t *packed = slice_cache_get(api->slice_cache, slice, &slice_len);
    uint8_t *bytes = packed ? malloc(head_len + slice_len) : NULL;
    if (!bytes) {
        api_fail_memory(call);
        return;
    }
    protobuf_c_message_pack(&head.base, bytes);
    memcpy(bytes + head_len, packed, slice_len);
    grpcx_call_reply_packed(call, bytes, head_len + slice_len);
    free(bytes);
}

static void list_slices(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ListSlicesRequest *q = (const void *)request;
    const struct fabric_pod *pod = NULL;
    struct fabric_refusal refusal = {0};
    if (*q->pod && find_pod(api->fabric, q->pod, "pod", &pod, &refusal)) {
        pending_refuse(api, call, request, &refusal, NULL);
        return;
    }
    const struct rights *rights = session_rights(call);
    struct arena arena = {0};
    Heliostat__V1__ListSlicesResponse reply = HELIOSTAT__V1__LIST_SLICES_RESPONSE__INIT;
    size_t count = 0;
    for (const struct fabric_slice *slice = fabric_slices(api->fabric); slice; slice = slice->next)
        count++;
    reply.meta = api_meta(api, &arena, false);
    reply.slices = arena_array(&arena, count, sizeof(*reply.slices));
    for (const struct fabric_slice *slice = fabric_slices(api->fabric); slice && reply.slices;
         slice = slice->next) {
        if (!slice->durable || slice->durable->is_gone || (pod && slice->pod != pod) ||
            !scope_sees(rights, slice))
            continue;
        reply.slices[reply.n_slices] = convert_slice(&arena, slice, slice->durable, false);
        if (!reply.slices[reply.n_slices++])
            break;
    }
    api_reply(api, call, &arena, &reply.base);
    arena_deinit(&arena);
}

static void adopt_slice(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__AdoptSliceRequest *q = (const void *)request;
    struct fabric_plan plan = {0};
    struct fabric_slice_spec spec;
    const struct fabric_cube *cube = NULL;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, adopt_slice))
        return;
    int r = 0;
    if (!q->spec)
        r = refuse_invalid(&m.refusal, "spec", "say what is asked for");
    else if (q->spec->n_alternatives)
        r = refuse_invalid(&m.refusal, "spec.alternatives", "what stands has one topology");
    else if (q->spec->n_cubes || q->spec->n_cube_set || q->spec->n_hosts || q->spec->n_exclude)
        r = refuse_invalid(&m.refusal, "spec.cubes", "only the cube at position 0 is named, in field cube");
    if (!r)
        r = slice_spec_read(api->fabric, q->spec, "spec.", &m.arena, &spec, &m.refusal);
    if (!r)
        r = find_cube(api->fabric, spec.pod, q->cube, "cube", REASON_INVALID_PIN, &cube, &m.refusal);
    if (!r)
        r = fabric_adopt_slice(api->fabric, &m.actor, &spec, cube->index, m.now_us, &plan, &m.outcome,
                               &m.refusal);
    mutation_end_slices(&m, r, &heliostat__v1__adopt_slice_response__descriptor, &plan, 1);
}

static Heliostat__V1__DeletionPlan *convert_deletion(struct arena *arena, const struct fabric_slice *slice) {
    struct fabric_deletion deletion;
    const struct slice_version *version = slice->accepted;
    Heliostat__V1__DeletionPlan *message = arena_message(arena, &heliostat__v1__deletion_plan__descriptor);
    size_t room = version->shape.n_cubes + FABRIC_HOSTS_PER_CUBE;
    char text[160], name[96];
    if (!message)
        return NULL;
    fabric_plan_deletion(slice, &deletion);
    message->circuits_stay_dark = deletion.stay_dark;
    message->circuits_removed = deletion.removed;
    message->freed = arena_array(arena, room, sizeof(*message->freed));
    message->closed = arena_array(arena, room, sizeof(*message->closed));
    for (unsigned i = 0; message->freed && message->closed && i < version->shape.n_cubes; i++) {
        const struct fabric_cube *cube = &slice->pod->cube[version->cubes[i]];
        snprintf(name, sizeof(name), "%.63s/%s", slice->pod->name, cube->name);
        snprintf(text, sizeof(text), "%s is %s, %s", name, health_name(cube->health),
                 scheduling_name(cube->scheduling));
        if (!deletion.is_open[i])
            message->closed[message->n_closed++] = arena_copy(arena, text);
        else if (version->shape.whole_cubes)
            message->freed[message->n_freed++] = arena_copy(arena, name);
        for (unsigned host = 0; deletion.is_open[i] && host < FABRIC_HOSTS_PER_CUBE; host++) {
            snprintf(text, sizeof(text), "%s/host-%02u", name, host);
            if (!version->shape.whole_cubes && version->host_mask >> host & 1)
                message->freed[message->n_freed++] = arena_copy(arena, text);
        }
    }
    return message;
}

static void delete_slice(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__DeleteSliceRequest *q = (const void *)request;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, delete_slice))
        return;
    int r = check_uid(q->uid, &m.refusal);
    if (!r && !*q->name)
        r = refuse_invalid(&m.refusal, "name", "name a slice");
    if (!r)
        r = fabric_delete_slice(api->fabric, &m.actor, q->name, q->uid, m.now_us, &m.outcome, &m.refusal);
    Heliostat__V1__DeleteSliceResponse tail = HELIOSTAT__V1__DELETE_SLICE_RESPONSE__INIT;
    const struct fabric_slice *slice =
        r == 0 && m.actor.validate_only ? find_slice_uid(api->fabric, m.outcome.uid) : NULL;
    if (slice)
        tail.deletion = convert_deletion(&m.arena, slice);
    mutation_end_slice(&m, r, &heliostat__v1__delete_slice_response__descriptor, slice ? &tail.base : NULL);
}

static int read_swap(struct mutation *m, const Heliostat__V1__SwapSliceRequest *q,
                     struct fabric_swap *ret_swap) {
    const struct fabric_slice *slice;
    const struct fabric_cube *cube;
    char field[48];
    if (find_slice(m->api->fabric, q->name, "name", &slice, &m->refusal))
        return FABRIC_REFUSED;
    if (q->n_cubes < 1 || q->n_cubes > TOPO_POSITIONS_MAX)
        return refuse_invalid(&m->refusal, "cubes", "%zu cubes are named; name at least one to take out",
                              q->n_cubes);
    if (q->n_with_cubes && q->n_with_cubes != q->n_cubes)
        return refuse_invalid(&m->refusal, "with_cubes",
                              "%zu cubes go in for %zu; give none, or one for each (empty: chosen)",
                              q->n_with_cubes, q->n_cubes);
    uint16_t *cubes = arena_array(&m->arena, q->n_cubes, sizeof(*cubes));
    int *with = arena_array(&m->arena, q->n_cubes, sizeof(*with));
    if (!cubes || !with)
        return -ENOMEM;
    for (size_t i = 0; i < q->n_cubes; i++) {
        snprintf(field, sizeof(field), "cubes[%zu]", i);
        if (find_cube(m->api->fabric, slice->pod, q->cubes[i], field, REASON_INVALID_PIN, &cube, &m->refusal))
            return FABRIC_REFUSED;
        cubes[i] = cube->index;
        with[i] = -1;
        if (!q->n_with_cubes || !*q->with_cubes[i])
            continue;
        snprintf(field, sizeof(field), "with_cubes[%zu]", i);
        if (find_cube(m->api->fabric, slice->pod, q->with_cubes[i], field, REASON_INVALID_PIN, &cube,
                      &m->refusal))
            return FABRIC_REFUSED;
        with[i] = cube->index;
    }
    *ret_swap = (struct fabric_swap){.name = q->name,
                                     .uid = q->uid,
                                     .cubes = cubes,
                                     .with = with,
                                     .n_cubes = (unsigned)q->n_cubes,
                                     .disrupt = q->disrupt,
                                     .use_spares = q->use_spares};
    return check_uid(q->uid, &m->refusal);
}

static void swap_slice(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__SwapSliceRequest *q = (const void *)request;
    struct fabric_plan plan = {0};
    struct fabric_swap swap;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, swap_slice))
        return;
    int r = read_swap(&m, q, &swap);
    if (!r)
        r = fabric_swap_slice(api->fabric, &m.actor, &swap, m.now_us, &plan, &m.outcome, &m.refusal);
    mutation_end_slices(&m, r, &heliostat__v1__swap_slice_response__descriptor, &plan, 1);
}

static void release_hold(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ReleaseHoldRequest *q = (const void *)request;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, release_hold))
        return;
    int r = 0;
    if (!*q->name)
        r = refuse_invalid(&m.refusal, "name", "name a slice");
    else if (q->action != HELIOSTAT__V1__HOLD_ACTION__HOLD_ACTION_KEEP &&
             q->action != HELIOSTAT__V1__HOLD_ACTION__HOLD_ACTION_REDERIVE)
        r = refuse_invalid(&m.refusal, "action", "%d is no way to release a hold: KEEP or REDERIVE",
                           (int)q->action);
    if (!r)
        r = fabric_release_hold(api->fabric, &m.actor, q->name,
                                q->action == HELIOSTAT__V1__HOLD_ACTION__HOLD_ACTION_REDERIVE, m.now_us,
                                &m.outcome, &m.refusal);
    mutation_end_slices(&m, r, &heliostat__v1__release_hold_response__descriptor, NULL, 0);
}

static int read_reshape(struct mutation *m, const Heliostat__V1__ReshapeSliceRequest *q,
                        struct fabric_reshape *ret_reshape) {
    const struct fabric_slice *slice;
    const struct fabric_cube *cube;
    char field[48];
    if (find_slice(m->api->fabric, q->name, "name", &slice, &m->refusal))
        return FABRIC_REFUSED;
    if (q->n_exclude > slice->pod->n_cubes)
        return refuse_invalid(&m->refusal, "exclude", "%zu cubes are named; pod %s has %u", q->n_exclude,
                              slice->pod->name, slice->pod->n_cubes);
    uint16_t *exclude = arena_array(&m->arena, q->n_exclude, sizeof(*exclude));
    if (!exclude)
        return -ENOMEM;
    for (size_t i = 0; i < q->n_exclude; i++) {
        snprintf(field, sizeof(field), "exclude[%zu]", i);
        if (find_cube(m->api->fabric, slice->pod, q->exclude[i], field, REASON_INVALID_PIN, &cube,
                      &m->refusal))
            return FABRIC_REFUSED;
        exclude[i] = cube->index;
    }
    *ret_reshape = (struct fabric_reshape){.name = q->name,
                                           .uid = q->uid,
                                           .topology = q->topology,
                                           .exclude = exclude,
                                           .n_exclude = (unsigned)q->n_exclude,
                                           .disrupt = q->disrupt,
                                           .use_spares = q->use_spares};
    return check_uid(q->uid, &m->refusal);
}

static void reshape_slice(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ReshapeSliceRequest *q = (const void *)request;
    struct fabric_plan plan = {0};
    struct fabric_reshape reshape;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, reshape_slice))
        return;
    int r = read_reshape(&m, q, &reshape);
    if (!r)
        r = fabric_reshape_slice(api->fabric, &m.actor, &reshape, m.now_us, &plan, &m.outcome, &m.refusal);
    mutation_end_slices(&m, r, &heliostat__v1__reshape_slice_response__descriptor, &plan, 1);
}

#define METHOD(name, request, handler) SERVICE_METHOD("SliceService", name, request, GRPCX_UNARY, handler)

const struct service_method slice_service[] = {
    METHOD("CreateSlice", create_slice, create_slice),
    METHOD("CreateSlices", create_slices, create_slices),
    METHOD("ActivateSlice", activate_slice, activate_slice),
    METHOD("ExtendReservation", extend_reservation, extend_reservation),
    METHOD("GetSlice", get_slice, get_slice),
    METHOD("ListSlices", list_slices, list_slices),
    METHOD("DeleteSlice", delete_slice, delete_slice),
    METHOD("SwapSlice", swap_slice, swap_slice),
    METHOD("ReleaseHold", release_hold, release_hold),
    METHOD("AdoptSlice", adopt_slice, adopt_slice),
    METHOD("ReshapeSlice", reshape_slice, reshape_slice),
    {0},
};
