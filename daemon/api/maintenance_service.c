#include "daemon/api/convert.h"
#include "daemon/api/convert_maintenance.h"
#include "daemon/api/find.h"
#include "daemon/api/find_object.h"
#include "daemon/api/pending.h"
#include "daemon/api/qualification_service.h"
#include "daemon/api/refusal.h"
#include "daemon/api/request.h"
#include "daemon/fabric/qualify_cube.h"
#include "heliostat/v1/maintenance.pb-c.h"
#include "inventory/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHIPS_PER_HOST 4

/* The maintenance of a named object; NULL: there is none. */
static const struct fabric_maintenance *find_by_name(const struct api *api, const char *name) {
    struct found_object found;
    struct fabric_refusal refusal = {0};
    int r = find_object(api->fabric, name, "object", &found, &refusal);
    fabric_refusal_deinit(&refusal);
    return r ? NULL : maintenance_find(found.pod, found.name);
}

static ProtobufCMessage *begin_head(struct api *api, struct arena *arena, const struct pending *pending) {
    const Heliostat__V1__BeginMaintenanceRequest *q = (const void *)pending->request;
    Heliostat__V1__BeginMaintenanceResponse *reply =
        arena_message(arena, &heliostat__v1__begin_maintenance_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    const struct fabric_maintenance *m = q->mutation->validate_only ? NULL : find_by_name(api, q->object);
    if (m)
        reply->maintenance = convert_maintenance(arena, m);
    return &reply->base;
}

static void begin(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__BeginMaintenanceRequest *q = (const void *)request;
    struct mutation m;
    struct found_object found;
    struct fabric_maintenance *preview = NULL;
    Heliostat__V1__BeginMaintenanceResponse tail = HELIOSTAT__V1__BEGIN_MAINTENANCE_RESPONSE__INIT;
    if (!mutation_begin(&m, api, call, request, q->mutation, begin))
        return;
    int r = request_check_reason(q->reason, &m.refusal);
    if (!r)
        r = find_object(api->fabric, q->object, "object", &found, &m.refusal);
    if (!r && *q->move_to)
        r = find_move_to(&found, q->move_to, "move_to", &m.refusal);
    const struct fabric_maintenance_request what = {
        .reason = q->reason, .disrupt = q->disrupt, .is_failed = q->failed};
    if (!r)
        r = fabric_begin_maintenance(api->fabric, &m.actor, found.pod, found.name, &found.object, &what,
                                     m.now_us, &preview, &m.outcome, &m.refusal);
    if (preview)
        tail.maintenance = convert_maintenance(&m.arena, preview);
    mutation_end(&m, r, begin_head, preview ? &tail.base : NULL);
    free(preview);
}

static ProtobufCMessage *allow_head(struct api *api, struct arena *arena, const struct pending *pending) {
    const Heliostat__V1__AllowMaintenanceRequest *q = (const void *)pending->request;
    Heliostat__V1__AllowMaintenanceResponse *reply =
        arena_message(arena, &heliostat__v1__allow_maintenance_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    const struct fabric_maintenance *m = find_by_name(api, q->object);
    if (m)
        reply->maintenance = convert_maintenance(arena, m);
    return &reply->base;
}

/* 0 or FABRIC_REFUSED. */
static int find_maintenance(struct mutation *m, const char *name, const struct fabric_maintenance **ret) {
    struct found_object found;
    if (find_object(m->api->fabric, name, "object", &found, &m->refusal))
        return FABRIC_REFUSED;
    *ret = maintenance_find(found.pod, found.name);
    if (!*ret)
        return refuse_not_found(&m->refusal, "object", "%s/%s is not under maintenance", found.pod->name,
                                found.name);
    return 0;
}

static void allow(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__AllowMaintenanceRequest *q = (const void *)request;
    struct mutation m;
    const struct fabric_maintenance *maintenance;
    const struct fabric_slice *slice;
    if (!mutation_begin(&m, api, call, request, q->mutation, allow))
        return;
    int r = find_maintenance(&m, q->object, &maintenance);
    if (!r)
        r = find_slice(api->fabric, q->slice, "slice", &slice, &m.refusal);
    if (!r)
        r = fabric_allow_maintenance(api->fabric, &m.actor, maintenance, slice, m.now_us, &m.outcome,
                                     &m.refusal);
    mutation_end(&m, r, allow_head, NULL);
}

static ProtobufCMessage *end_head(struct api *api, struct arena *arena, const struct pending *pending) {
    const Heliostat__V1__EndMaintenanceRequest *q = (const void *)pending->request;
    Heliostat__V1__EndMaintenanceResponse *reply =
        arena_message(arena, &heliostat__v1__end_maintenance_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    const struct fabric_maintenance *m = find_by_name(api, q->object);
    if (m)
        reply->maintenance = convert_maintenance(arena, m);
    return &reply->base;
}

static void end(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__EndMaintenanceRequest *q = (const void *)request;
    struct mutation m;
    const struct fabric_maintenance *maintenance;
    if (!mutation_begin(&m, api, call, request, q->mutation, end))
        return;
    int r = find_maintenance(&m, q->object, &maintenance);
    if (!r)
        r = fabric_end_maintenance(api->fabric, &m.actor, maintenance, m.now_us, &m.outcome, &m.refusal);
    mutation_end(&m, r, end_head, NULL);
}

static void list(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ListMaintenanceRequest *q = (const void *)request;
    struct fabric_refusal refusal = {0};
    struct arena arena = {0};
    struct found_object found = {0};
    Heliostat__V1__ListMaintenanceResponse reply = HELIOSTAT__V1__LIST_MAINTENANCE_RESPONSE__INIT;
    const struct fabric_pod *pod = NULL;
    int r = *q->object ? find_object(api->fabric, q->object, "object", &found, &refusal)
            : *q->pod  ? find_pod(api->fabric, q->pod, "pod", &pod, &refusal)
                       : 0;
    if (r) {
        pending_refuse(api, call, request, &refusal, list);
        return;
    }
    reply.meta = api_meta(api, &arena, false);
    size_t count = 0;
    for (const struct fabric_pod *p = fabric_pods(api->fabric); p; p = p->next)
        for (const struct fabric_maintenance *m = p->maintenances; m; m = m->next)
            count++;
    reply.maintenances = arena_array(&arena, count, sizeof(*reply.maintenances));
    for (const struct fabric_pod *p = fabric_pods(api->fabric); reply.maintenances && p; p = p->next)
        for (const struct fabric_maintenance *m = p->maintenances; m; m = m->next)
            if ((!pod || pod == p) && (!*q->object || (found.pod == p && !strcmp(found.name, m->name))))
                reply.maintenances[reply.n_maintenances++] = convert_maintenance(&arena, m);
    pending_read(api, call, &arena, &reply.base, request, list);
    arena_deinit(&arena);
}

static ProtobufCMessage *replace_cube_head(struct api *api, struct arena *arena,
                                           const struct pending *pending) {
    Heliostat__V1__ReplaceCubeResponse *reply =
        arena_message(arena, &heliostat__v1__replace_cube_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    return &reply->base;
}

/* By chip, NULL where none is given. */
static int read_serials(struct mutation *m, Heliostat__V1__ChipSerial *const *given, size_t n_given,
                        size_t n_wanted, const char *of, const char *serials[FABRIC_CHIPS_PER_CUBE]) {
    for (size_t i = 0; i < n_given; i++) {
        const Heliostat__V1__ChipSerial *s = given[i];
        if (s->x > 3 || s->y > 3 || s->z > 3)
            return refuse_invalid(&m->refusal, "serials", "there is no chip-%u-%u-%u; each number is 0 to 3",
                                  s->x, s->y, s->z);
        const char **place = &serials[s->x + 4 * (s->y + 4 * s->z)];
        if (*place)
            return refuse_invalid(&m->refusal, "serials", "chip-%u-%u-%u is given twice", s->x, s->y, s->z);
        if (!inventory_is_word(s->serial, 1, 63))
            return refuse_invalid(&m->refusal, "serials",
                                  "chip-%u-%u-%u: a serial is 1 to 63 printable characters without space",
                                  s->x, s->y, s->z);
        for (unsigned k = 0; k < FABRIC_CHIPS_PER_CUBE; k++)
            if (serials[k] && !strcmp(serials[k], s->serial))
                return refuse_invalid(&m->refusal, "serials", "serial %s is given twice", s->serial);
        *place = s->serial;
    }
    if (n_given != n_wanted)
        return refuse_invalid(&m->refusal, "serials", "%zu serials are given; a %s has %zu chips", n_given,
                              of, n_wanted);
    return 0;
}

static void replace_cube(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ReplaceCubeRequest *q = (const void *)request;
    struct mutation m;
    const struct fabric_cube *cube;
    const char *serials[FABRIC_CHIPS_PER_CUBE] = {NULL};
    if (!mutation_begin(&m, api, call, request, q->mutation, replace_cube))
        return;
    int r = find_cube(api->fabric, NULL, q->cube, "cube", REASON_NONE, &cube, &m.refusal);
    if (!r)
        r = read_serials(&m, q->serials, q->n_serials, FABRIC_CHIPS_PER_CUBE, "cube", serials);
    if (!r)
        r = fabric_replace_cube(api->fabric, &m.actor, cube, serials, m.now_us, &m.outcome, &m.refusal);
    mutation_end(&m, r, replace_cube_head, NULL);
}

static ProtobufCMessage *replace_host_head(struct api *api, struct arena *arena,
                                           const struct pending *pending) {
    const Heliostat__V1__ReplaceHostRequest *q = (const void *)pending->request;
    struct found_object found;
    struct fabric_refusal refusal = {0};
    Heliostat__V1__ReplaceHostResponse *reply =
        arena_message(arena, &heliostat__v1__replace_host_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    const struct fabric_qualification *test =
        q->mutation->validate_only || find_object(api->fabric, q->host, "host", &found, &refusal)
            ? NULL
            : qualify_find(found.pod, found.object.cube);
    fabric_refusal_deinit(&refusal);
    if (test)
        reply->qualification = convert_qualification(arena, test);
    return &reply->base;
}

static void replace_host(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ReplaceHostRequest *q = (const void *)request;
    struct mutation m;
    struct found_object found;
    const char *serials[FABRIC_CHIPS_PER_CUBE] = {NULL};
    if (!mutation_begin(&m, api, call, request, q->mutation, replace_host))
        return;
    int r = find_object(api->fabric, q->host, "host", &found, &m.refusal);
    if (!r && found.object.kind != MAINTENANCE_HOST)
        r = refuse_invalid(&m.refusal, "host", "%s is no host; the name of one is cube-07/host-03",
                           found.name);
    if (!r)
        r = read_serials(&m, q->serials, q->n_serials, CHIPS_PER_HOST, "host", serials);
    if (!r)
        r = fabric_replace_host(api->fabric, &m.actor, &found.pod->cube[found.object.cube], found.object.host,
                                serials, m.now_us, &m.outcome, &m.refusal);
    mutation_end(&m, r, replace_host_head, NULL);
}

static ProtobufCMessage *replace_ocs_head(struct api *api, struct arena *arena,
                                          const struct pending *pending) {
    const Heliostat__V1__ReplaceOcsRequest *q = (const void *)pending->request;
    Heliostat__V1__ReplaceOcsResponse *reply =
        arena_message(arena, &heliostat__v1__replace_ocs_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    const struct fabric_maintenance *m = find_by_name(api, q->ocs);
    if (m)
        reply->maintenance = convert_maintenance(arena, m);
    return &reply->base;
}

static void replace_ocs(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ReplaceOcsRequest *q = (const void *)request;
    struct mutation m;
    const struct fabric_ocs *ocs;
    if (!mutation_begin(&m, api, call, request, q->mutation, replace_ocs))
        return;
    int r = find_ocs(api->fabric, NULL, q->ocs, "ocs", &ocs, &m.refusal);
    if (!r && !inventory_is_word(q->serial, 1, 63))
        r = refuse_invalid(&m.refusal, "serial", "a serial is 1 to 63 printable characters without space");
    if (!r && !inventory_is_word(q->product, 0, 63))
        r = refuse_invalid(&m.refusal, "product",
                           "a product is at most 63 printable characters without space");
    if (!r)
        r = fabric_replace_ocs(api->fabric, &m.actor, ocs, q->product, q->serial, m.now_us, &m.outcome,
                               &m.refusal);
    mutation_end(&m, r, replace_ocs_head, NULL);
}

static ProtobufCMessage *finish_move_head(struct api *api, struct arena *arena,
                                          const struct pending *pending) {
    Heliostat__V1__FinishPortMoveResponse *reply =
        arena_message(arena, &heliostat__v1__finish_port_move_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    return &reply->base;
}

static void finish_move(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__FinishPortMoveRequest *q = (const void *)request;
    struct mutation m;
    const struct fabric_maintenance *maintenance;
    if (!mutation_begin(&m, api, call, request, q->mutation, finish_move))
        return;
    int r = find_maintenance(&m, q->object, &maintenance);
    if (!r)
        r = fabric_finish_port_move(api->fabric, &m.actor, maintenance, m.now_us, &m.outcome, &m.refusal);
    mutation_end(&m, r, finish_move_head, NULL);
}

#define METHOD(name, request, handler)                                                                       \
    SERVICE_METHOD("MaintenanceService", name, request, GRPCX_UNARY, handler)

const struct service_method maintenance_service[] = {
    METHOD("BeginMaintenance", begin_maintenance, begin),
    METHOD("AllowMaintenance", allow_maintenance, allow),
    METHOD("EndMaintenance", end_maintenance, end),
    METHOD("ListMaintenance", list_maintenance, list),
    METHOD("ReplaceCube", replace_cube, replace_cube),
    METHOD("ReplaceHost", replace_host, replace_host),
    METHOD("ReplaceOcs", replace_ocs, replace_ocs),
    METHOD("FinishPortMove", finish_port_move, finish_move),
    METHOD("QualifyCube", qualify_cube, qualify_cube_call),
    METHOD("GetQualification", get_qualification, get_qualification_call),
    {0},
};
