/* Replies to changes of slices. They differ in their type and in which of the fields meta, slice, slices,
 * operation, plan and plans they have. */
#include "daemon/api/convert.h"
#include "daemon/api/find.h"
#include "daemon/api/pending.h"

#include <string.h>

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessage *message, const char *name) {
    return protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
}

static void set_message(ProtobufCMessage *message, const char *name, void *value) {
    const ProtobufCFieldDescriptor *field = field_of(message, name);
    if (field)
        memcpy((char *)message + field->offset, &value, sizeof(value));
}

static void set_list(ProtobufCMessage *message, const char *name, void *values, size_t n) {
    const ProtobufCFieldDescriptor *field = field_of(message, name);
    memcpy((char *)message + field->offset, &values, sizeof(values));
    memcpy((char *)message + field->quantifier_offset, &n, sizeof(n));
}

/* As it is now; NULL where it is gone, or somebody else's. */
static Heliostat__V1__Slice *slice_now(struct api *api, struct arena *arena, const struct pending *pending,
                                       int64_t uid) {
    const struct fabric_slice *slice = uid ? find_slice_uid(api->fabric, uid) : NULL;
    if (!slice || !scope_sees(session_rights(pending->call), slice))
        return NULL;
    return convert_slice(arena, slice, slice->durable, true);
}

static void set_slices(ProtobufCMessage *message, struct api *api, struct arena *arena,
                       const struct pending *pending, const struct fabric_operation *operation) {
    Heliostat__V1__Slice **slices = arena_array(arena, operation->n_uids, sizeof(*slices));
    size_t n = 0;
    for (unsigned i = 0; slices && i < operation->n_uids; i++)
        if ((slices[n] = slice_now(api, arena, pending, operation->uid[i])))
            n++;
    if (slices)
        set_list(message, "slices", slices, n);
}

static ProtobufCMessage *outcome_head(struct api *api, struct arena *arena, const struct pending *pending) {
    ProtobufCMessage *message = arena_message(arena, pending->reply);
    int64_t id = pending->outcome.operation_id;
    const struct fabric_operation *operation = id ? fabric_operation_find(api->fabric, id) : NULL;
    if (!message)
        return NULL;
    set_message(message, "meta", api_meta(api, arena, pending->is_replayed));
    if (field_of(message, "slice"))
        set_message(message, "slice", slice_now(api, arena, pending, pending->outcome.uid));
    if (operation && field_of(message, "slices"))
        set_slices(message, api, arena, pending, operation);
    if (operation && field_of(message, "operation"))
        set_message(message, "operation", convert_operation(arena, api->fabric, operation));
    return message;
}

static ProtobufCMessage *plan_tail(struct arena *arena, const ProtobufCMessageDescriptor *reply,
                                   const struct fabric_plan *plans, size_t n_plans) {
    ProtobufCMessage *message = arena_message(arena, reply);
    Heliostat__V1__SlicePlan **converted = arena_array(arena, n_plans, sizeof(*converted));
    if (!message || !converted)
        return NULL;
    for (size_t i = 0; i < n_plans; i++)
        converted[i] = convert_plan(arena, &plans[i]);
    if (field_of(message, "plans"))
        set_list(message, "plans", converted, n_plans);
    else
        set_message(message, "plan", converted[0]);
    return message;
}

void mutation_end_slice(struct mutation *mutation, int result, const ProtobufCMessageDescriptor *reply,
                        const ProtobufCMessage *tail) {
    mutation->reply = reply;
    mutation_end(mutation, result, outcome_head, tail);
}

void mutation_end_slices(struct mutation *mutation, int result, const ProtobufCMessageDescriptor *reply,
                         struct fabric_plan *plans, size_t n_plans) {
    const ProtobufCMessage *tail = NULL;
    if (result == 0 && plans)
        tail = plan_tail(&mutation->arena, reply, plans, n_plans);
    mutation_end_slice(mutation, result, reply, tail);
    for (size_t i = 0; plans && i < n_plans; i++)
        fabric_plan_deinit(&plans[i]);
}
