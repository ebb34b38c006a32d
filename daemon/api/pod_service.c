#include "daemon/api/capacity.h"
#include "daemon/api/convert.h"
#include "daemon/api/find.h"
#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"
#include "daemon/api/request.h"

#include <string.h>

static int64_t heard_after_us(const struct api *api) {
    return api_now_us(api) - api->options.report_ttl_us;
}

static void list_pods(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    struct arena arena = {0};
    Heliostat__V1__ListPodsResponse reply = HELIOSTAT__V1__LIST_PODS_RESPONSE__INIT;
    size_t count = 0;
    for (const struct fabric_pod *pod = fabric_pods(api->fabric); pod; pod = pod->next)
        count++;
    reply.meta = api_meta(api, &arena, false);
    reply.pods = arena_array(&arena, count, sizeof(*reply.pods));
    for (const struct fabric_pod *pod = fabric_pods(api->fabric); pod && reply.pods; pod = pod->next)
        reply.pods[reply.n_pods++] = convert_pod(&arena, pod, heard_after_us(api));
    pending_read(api, call, &arena, &reply.base, request, list_pods);
    arena_deinit(&arena);
}

static void get_pod(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__GetPodRequest *q = (const void *)request;
    const struct fabric_pod *pod;
    struct fabric_refusal refusal = {0};
    struct arena arena = {0};
    Heliostat__V1__GetPodResponse reply = HELIOSTAT__V1__GET_POD_RESPONSE__INIT;
    if (find_pod(api->fabric, q->pod, "pod", &pod, &refusal)) {
        pending_refuse(api, call, request, &refusal, get_pod);
        return;
    }
    reply.meta = api_meta(api, &arena, false);
    reply.pod = convert_pod(&arena, pod, heard_after_us(api));
    pending_read(api, call, &arena, &reply.base, request, get_pod);
    arena_deinit(&arena);
}

static void get_capacity(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__GetCapacityRequest *q = (const void *)request;
    const struct fabric_pod *pod;
    struct fabric_refusal refusal = {0};
    struct arena arena = {0};
    struct topo_shape shape;
    char topology[64];
    Heliostat__V1__GetCapacityResponse reply = HELIOSTAT__V1__GET_CAPACITY_RESPONSE__INIT;
    if (find_pod(api->fabric, q->pod, "pod", &pod, &refusal)) {
        pending_refuse(api, call, request, &refusal, get_capacity);
        return;
    }
    reply.meta = api_meta(api, &arena, false);
    reply.capacity = convert_capacity(&arena, pod);
    if (reply.capacity && capacity_largest(pod, &shape)) {
        topo_shape_format(&shape, topology, sizeof(topology));
        reply.capacity->largest_topology = topology;
        reply.capacity->largest_chips = shape.n_chips;
    }
    pending_read(api, call, &arena, &reply.base, request, get_capacity);
    arena_deinit(&arena);
}

struct difference_list {
    struct arena *arena;
    Heliostat__V1__FabricDifference **list;
    size_t count, room;
    bool moves_only;
};

static void add_difference(const struct fabric_difference *difference, void *userdata) {
    struct difference_list *all = userdata;
    if (all->moves_only && (difference->action == FABRIC_KEEP || difference->action == FABRIC_WAIT))
        return;
    if (all->count == all->room) {
        size_t room = all->room ? 2 * all->room : 64;
        Heliostat__V1__FabricDifference **list = arena_array(all->arena, room, sizeof(*list));
        if (!list)
            return;
        if (all->count)
            memcpy(list, all->list, all->count * sizeof(*list));
        all->list = list;
        all->room = room;
    }
    all->list[all->count++] = convert_difference(all->arena, difference);
}

static void list_unread(struct arena *arena, const struct fabric_pod *pod, char ***ret_list,
                        size_t *ret_count) {
    char **list = arena_array(arena, pod->n_ocses, sizeof(*list));
    size_t count = 0;
    for (unsigned i = 0; list && i < pod->n_ocses; i++)
        if (!pod->ocs[i].map_known || !pod->ocs[i].is_readable)
            list[count++] = convert_ocs_name(arena, &pod->ocs[i]);
    *ret_list = list;
    *ret_count = count;
}

static void diff_pod(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__DiffPodRequest *q = (const void *)request;
    const struct fabric_pod *pod;
    struct fabric_refusal refusal = {0};
    struct arena arena = {0};
    struct difference_list all = {.arena = &arena};
    Heliostat__V1__DiffPodResponse reply = HELIOSTAT__V1__DIFF_POD_RESPONSE__INIT;
    if (find_pod(api->fabric, q->pod, "pod", &pod, &refusal)) {
        pending_refuse(api, call, request, &refusal, diff_pod);
        return;
    }
    fabric_diff(pod, add_difference, &all);
    reply.meta = api_meta(api, &arena, false);
    reply.frozen = pod->frozen != FROZEN_NOT;
    reply.frozen_reason = (char *)pod->frozen_text;
    reply.differences = all.list;
    reply.n_differences = all.count;
    list_unread(&arena, pod, &reply.unread_ocses, &reply.n_unread_ocses);
    pending_read(api, call, &arena, &reply.base, request, diff_pod);
    arena_deinit(&arena);
}

static ProtobufCMessage *thaw_pod_head(struct api *api, struct arena *arena, const struct pending *pending) {
    Heliostat__V1__ThawPodResponse *reply =
        arena_message(arena, &heliostat__v1__thaw_pod_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    return &reply->base;
}

static void thaw_pod(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ThawPodRequest *q = (const void *)request;
    Heliostat__V1__ThawPodResponse tail = HELIOSTAT__V1__THAW_POD_RESPONSE__INIT;
    const struct fabric_pod *pod = NULL;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, thaw_pod))
        return;
    struct difference_list all = {.arena = &m.arena, .moves_only = true};
    int r = find_pod(api->fabric, q->pod, "pod", &pod, &m.refusal);
    if (!r) {
        tail.was_waiting = fabric_thaw_does_something(pod);
        if (tail.was_waiting)
            fabric_diff(pod, add_difference, &all);
        r = fabric_thaw(api->fabric, &m.actor, pod, m.now_us, &m.outcome, &m.refusal);
    }
    tail.differences = all.list;
    tail.n_differences = all.count;
    mutation_end(&m, r, thaw_pod_head, r == 0 ? &tail.base : NULL);
}

static ProtobufCMessage *freeze_pod_head(struct api *api, struct arena *arena,
                                         const struct pending *pending) {
    Heliostat__V1__FreezePodResponse *reply =
        arena_message(arena, &heliostat__v1__freeze_pod_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    return &reply->base;
}

static void freeze_pod(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__FreezePodRequest *q = (const void *)request;
    const struct fabric_pod *pod = NULL;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, freeze_pod))
        return;
    int r = find_pod(api->fabric, q->pod, "pod", &pod, &m.refusal);
    if (!r)
        r = request_check_reason(q->reason, &m.refusal);
    if (!r)
        r = fabric_freeze(api->fabric, &m.actor, pod, q->reason, m.now_us, &m.outcome, &m.refusal);
    mutation_end(&m, r, freeze_pod_head, NULL);
}

static ProtobufCMessage *mark_cube_head(struct api *api, struct arena *arena, const struct pending *pending) {
    const Heliostat__V1__MarkCubeRequest *q = (const void *)pending->request;
    const struct fabric_cube *cube;
    struct fabric_refusal refusal = {0};
    Heliostat__V1__MarkCubeResponse *reply =
        arena_message(arena, &heliostat__v1__mark_cube_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    if (find_cube(api->fabric, NULL, q->cube, "cube", REASON_NONE, &cube, &refusal) == 0)
        reply->cube = convert_cube(arena, cube, heard_after_us(api));
    fabric_refusal_deinit(&refusal);
    return &reply->base;
}

static void mark_cube(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__MarkCubeRequest *q = (const void *)request;
    const struct fabric_cube *cube = NULL;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, mark_cube))
        return;
    int r = find_cube(api->fabric, NULL, q->cube, "cube", REASON_NONE, &cube, &m.refusal);
    if (!r && ((int)q->health < HEALTH_HEALTHY || (int)q->health > HEALTH_UNKNOWN))
        r = refuse_invalid(&m.refusal, "health", "a cube is marked HEALTHY, DEGRADED, UNHEALTHY or UNKNOWN");
    if (!r)
        r = request_check_reason(q->reason, &m.refusal);
    if (!r)
        r = fabric_mark_cube(api->fabric, &m.actor, cube, (enum health)q->health, q->reason, m.now_us,
                             &m.outcome, &m.refusal);
    mutation_end(&m, r, mark_cube_head, NULL);
}

#define METHOD(name, request, handler) SERVICE_METHOD("PodService", name, request, GRPCX_UNARY, handler)

const struct service_method pod_service[] = {
    METHOD("ListPods", list_pods, list_pods),
    METHOD("GetPod", get_pod, get_pod),
    METHOD("GetCapacity", get_capacity, get_capacity),
    METHOD("DiffPod", diff_pod, diff_pod),
    METHOD("ThawPod", thaw_pod, thaw_pod),
    METHOD("FreezePod", freeze_pod, freeze_pod),
    METHOD("MarkCube", mark_cube, mark_cube),
    {0},
};
