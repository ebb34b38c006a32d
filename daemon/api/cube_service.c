/* An operator's words on who may be placed on a cube, and on spares. */
#include "daemon/api/convert.h"
#include "daemon/api/find.h"
#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"
#include "daemon/api/request.h"
#include "heliostat/v1/cube.pb-c.h"

#include <string.h>

#define DEADLINE_MAX_S (31u * 86400)

/* Every reply of these begins with meta and cube. */
static ProtobufCMessage *head(struct api *api, struct arena *arena, const struct pending *pending,
                              const ProtobufCMessageDescriptor *descriptor, const char *name) {
    struct shared {
        ProtobufCMessage base;
        Heliostat__V1__ReplyMeta *meta;
        Heliostat__V1__CubeStatus *cube;
    } *reply = arena_message(arena, descriptor);
    _Static_assert(offsetof(struct shared, cube) == offsetof(Heliostat__V1__CordonCubeResponse, cube),
                   "layout");
    _Static_assert(offsetof(struct shared, cube) == offsetof(Heliostat__V1__UncordonCubeResponse, cube),
                   "layout");
    _Static_assert(offsetof(struct shared, cube) == offsetof(Heliostat__V1__DrainCubeResponse, cube),
                   "layout");
    _Static_assert(offsetof(struct shared, cube) == offsetof(Heliostat__V1__CancelDrainResponse, cube),
                   "layout");
    _Static_assert(offsetof(struct shared, cube) == offsetof(Heliostat__V1__ReleaseCubeResponse, cube),
                   "layout");
    const struct fabric_cube *cube;
    struct fabric_refusal refusal = {0};
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    if (find_cube(api->fabric, NULL, name, "cube", REASON_NONE, &cube, &refusal) == 0)
        reply->cube = convert_cube(arena, cube, api_now_us(api) - api->options.report_ttl_us);
    fabric_refusal_deinit(&refusal);
    return &reply->base;
}

struct step_list {
    struct arena *arena;
    Heliostat__V1__DrainStep **list;
    size_t count;
};

static void add_step(const struct fabric_drain_step *step, void *userdata) {
    struct step_list *all = userdata;
    Heliostat__V1__DrainStep *message = arena_message(all->arena, &heliostat__v1__drain_step__descriptor);
    if (!message || !all->list || all->count == FABRIC_HOSTS_PER_CUBE)
        return;
    message->slice = arena_copy(all->arena, step->slice->name);
    message->action = (char *)step->action;
    if (step->replacement >= 0)
        message->replacement = convert_cube_name(all->arena, &step->slice->pod->cube[step->replacement]);
    message->circuits_removed = step->removed;
    message->circuits_added = step->added;
    message->text = arena_copy(all->arena, step->text);
    all->list[all->count++] = message;
}

/* One word on one cube. tail: NULL, or told what a drain does. */
static void schedule(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request,
                     const Heliostat__V1__Mutation *mutation, const char *name, const char *reason,
                     uint32_t deadline_s, enum fabric_scheduling_verb verb, service_handler again,
                     pending_head build) {
    Heliostat__V1__DrainCubeResponse tail = HELIOSTAT__V1__DRAIN_CUBE_RESPONSE__INIT;
    const struct fabric_cube *cube = NULL;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, mutation, again))
        return;
    struct step_list all = {.arena = &m.arena};
    int r = find_cube(api->fabric, NULL, name, "cube", REASON_NONE, &cube, &m.refusal);
    if (!r && reason)
        r = request_check_reason(reason, &m.refusal);
    if (!r && deadline_s > DEADLINE_MAX_S)
        r = refuse_invalid(&m.refusal, "deadline_s", "%u s is more than 31 days; 0 for none", deadline_s);
    if (!r && verb == FABRIC_DRAIN) {
        all.list = arena_array(&m.arena, FABRIC_HOSTS_PER_CUBE, sizeof(*all.list));
        fabric_drain_steps(cube, m.now_us, add_step, &all);
        tail.steps = all.list;
        tail.n_steps = all.count;
    }
    if (!r)
        r = fabric_schedule_cube(api->fabric, &m.actor, cube, verb, reason ? reason : "",
                                 (int64_t)deadline_s * 1000000, m.now_us, &m.outcome, &m.refusal);
    mutation_end(&m, r, build, r == 0 && verb == FABRIC_DRAIN ? &tail.base : NULL);
}

#define VERB(function, Message, message, verb, reason, deadline)                                             \
    static ProtobufCMessage *function##_head(struct api *api, struct arena *arena,                           \
                                             const struct pending *pending) {                                \
        const Heliostat__V1__##Message##Request *q = (const void *)pending->request;                         \
        return head(api, arena, pending, &heliostat__v1__##message##_response__descriptor, q->cube);         \
    }                                                                                                        \
    static void function(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {        \
        const Heliostat__V1__##Message##Request *q = (const void *)request;                                  \
        schedule(api, call, request, q->mutation, q->cube, reason, deadline, verb, function,                 \
                 function##_head);                                                                           \
    }

VERB(cordon_cube, CordonCube, cordon_cube, FABRIC_CORDON, q->reason, 0)
VERB(uncordon_cube, UncordonCube, uncordon_cube, FABRIC_UNCORDON, NULL, 0)
VERB(drain_cube, DrainCube, drain_cube, FABRIC_DRAIN, q->reason, q->deadline_s)
VERB(cancel_drain, CancelDrain, cancel_drain, FABRIC_CANCEL_DRAIN, NULL, 0)
VERB(release_cube, ReleaseCube, release_cube, FABRIC_RELEASE, q->reason, 0)

static ProtobufCMessage *set_spares_head(struct api *api, struct arena *arena,
                                         const struct pending *pending) {
    Heliostat__V1__SetSparesResponse *reply =
        arena_message(arena, &heliostat__v1__set_spares_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    return &reply->base;
}

static void set_spares(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__SetSparesRequest *q = (const void *)request;
    Heliostat__V1__SetSparesResponse tail = HELIOSTAT__V1__SET_SPARES_RESPONSE__INIT;
    const struct fabric_pod *pod = NULL;
    struct topo_cube_set spares;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, set_spares))
        return;
    int r = find_pod(api->fabric, q->pod, "pod", &pod, &m.refusal);
    if (!r)
        r = fabric_set_spares(api->fabric, &m.actor, pod, q->count, q->per_power_domain, m.now_us, &spares,
                              &m.outcome, &m.refusal);
    if (r == 0)
        tail.cubes = arena_array(&m.arena, pod->n_cubes, sizeof(*tail.cubes));
    for (unsigned i = 0; r == 0 && tail.cubes && i < pod->n_cubes; i++)
        if (topo_set_has(&spares, i))
            tail.cubes[tail.n_cubes++] = convert_cube_name(&m.arena, &pod->cube[i]);
    mutation_end(&m, r, set_spares_head, r == 0 ? &tail.base : NULL);
}

#define METHOD(name, request, handler) SERVICE_METHOD("CubeService", name, request, GRPCX_UNARY, handler)

const struct service_method cube_service[] = {
    METHOD("CordonCube", cordon_cube, cordon_cube),
    METHOD("UncordonCube", uncordon_cube, uncordon_cube),
    METHOD("DrainCube", drain_cube, drain_cube),
    METHOD("CancelDrain", cancel_drain, cancel_drain),
    METHOD("ReleaseCube", release_cube, release_cube),
    METHOD("SetSpares", set_spares, set_spares),
    {0},
};
