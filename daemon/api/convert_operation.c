#include "daemon/api/convert.h"
#include "daemon/api/find.h"

#include <string.h>

static void convert_names(struct arena *arena, const char *names, Heliostat__V1__Operation *message) {
    char *text = arena_copy(arena, names);
    size_t count = *names ? 1 : 0;
    for (const char *c = names; *c; c++)
        count += *c == ',';
    char **list = arena_array(arena, count, sizeof(*list));
    if (!text || !list)
        return;
    message->slices = list;
    char *rest = NULL;
    for (char *name = strtok_r(text, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
        list[message->n_slices++] = name;
}

Heliostat__V1__Operation *convert_operation(struct arena *arena, const struct fabric *fabric,
                                            const struct fabric_operation *operation) {
    Heliostat__V1__Operation *message = arena_message(arena, &heliostat__v1__operation__descriptor);
    if (!message)
        return NULL;
    message->id = operation->id;
    message->kind = (char *)operation->kind;
    message->owner = (char *)operation->owner;
    message->created_at = convert_time(arena, operation->created_us);
    message->state = HELIOSTAT__V1__OPERATION_STATE__OPERATION_STATE_RUNNING;
    if (!operation->is_ending) {
        message->state = (Heliostat__V1__OperationState)operation->state;
        message->text = (char *)operation->text;
        message->done_at = convert_time(arena, operation->done_us);
    }
    if (operation->slices)
        convert_names(arena, operation->slices, message);
    for (unsigned i = 0; i < operation->n_uids; i++) {
        const struct fabric_slice *slice = find_slice_uid(fabric, operation->uid[i]);
        if (slice) {
            message->circuits_done += slice->circuits_done;
            message->circuits_total += slice->circuits_total;
        }
    }
    return arena->has_failed ? NULL : message;
}

Heliostat__V1__Event *convert_event(struct arena *arena, const struct fabric_event *event) {
    Heliostat__V1__Event *message = arena_message(arena, &heliostat__v1__event__descriptor);
    if (!message)
        return NULL;
    message->revision = event->revision;
    message->time = convert_time(arena, event->time_us);
    message->kind = (char *)event->kind;
    message->pod = (char *)event->pod;
    message->object = (char *)event->object;
    message->actor = (char *)event->actor;
    message->cause = (char *)event->cause;
    message->before = (char *)event->before;
    message->after = (char *)event->after;
    return arena->has_failed ? NULL : message;
}
