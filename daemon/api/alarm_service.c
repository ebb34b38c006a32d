#include "daemon/api/convert.h"
#include "daemon/api/pending.h"

#include <string.h>

struct alarm_list {
    struct arena *arena;
    Heliostat__V1__Alarm **list;
    size_t count, room;
};

Heliostat__V1__Alarm *convert_alarm(struct arena *arena, const struct fabric_alarm *alarm) {
    Heliostat__V1__Alarm *message = arena_message(arena, &heliostat__v1__alarm__descriptor);
    if (!message)
        return NULL;
    message->kind = (char *)alarm->kind;
    message->pod = alarm->pod ? (char *)alarm->pod->name : (char *)protobuf_c_empty_string;
    message->object = arena_copy(arena, alarm->object);
    message->text = arena_copy(arena, alarm->text);
    message->what_to_do = arena_copy(arena, alarm->what_to_do);
    message->since = convert_time(arena, alarm->since_us);
    return message;
}

static void add_alarm(const struct fabric_alarm *alarm, void *userdata) {
    struct alarm_list *all = userdata;
    if (all->count == all->room) {
        size_t room = all->room ? 2 * all->room : 64;
        Heliostat__V1__Alarm **list = arena_array(all->arena, room, sizeof(*list));
        if (!list)
            return;
        if (all->count)
            memcpy(list, all->list, all->count * sizeof(*list));
        all->list = list;
        all->room = room;
    }
    all->list[all->count++] = convert_alarm(all->arena, alarm);
}

static void list_alarms(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    struct arena arena = {0};
    struct alarm_list all = {.arena = &arena};
    Heliostat__V1__ListAlarmsResponse reply = HELIOSTAT__V1__LIST_ALARMS_RESPONSE__INIT;
    fabric_alarms(api->fabric, add_alarm, &all);
    reply.meta = api_meta(api, &arena, false);
    reply.alarms = all.list;
    reply.n_alarms = all.count;
    pending_read(api, call, &arena, &reply.base, request, list_alarms);
    arena_deinit(&arena);
}

const struct service_method alarm_service[] = {
    {"/heliostat.v1.AlarmService/ListAlarms", &heliostat__v1__list_alarms_request__descriptor, GRPCX_UNARY,
     list_alarms},
    {0},
};
