#include "daemon/api/field_value.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES_MAX 120

struct place {
    const ProtobufCMessageDescriptor *message; /* that has the field */
    const ProtobufCFieldDescriptor *field;
    const void *first; /* of the elements, or the value itself */
    size_t count, size;
};

static size_t size_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

static bool find_field(const ProtobufCMessage *message, const char *name, struct place *ret_place) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (!field)
        return false;
    const char *at = (const char *)message + field->offset;
    bool is_list = field->label == PROTOBUF_C_LABEL_REPEATED;
    *ret_place = (struct place){
        .message = message->descriptor,
        .field = field,
        .first = is_list ? *(void *const *)at : at,
        .count = is_list ? *(const size_t *)((const char *)message + field->quantifier_offset) : 1,
        .size = size_of(field->type)};
    return true;
}

/* Narrows to one element: "cubes[1]". */
static bool take_index(const char *index, struct place *place) {
    char *end;
    unsigned long at = strtoul(index, &end, 10);
    if (end == index || *end != ']' || at >= place->count)
        return false;
    place->first = (const char *)place->first + at * place->size;
    place->count = 1;
    return true;
}

static bool find_place(const ProtobufCMessage *message, const char *path, struct place *ret_place) {
    char words[160], *rest = words, *word;
    if (!message || strlen(path) >= sizeof(words))
        return false;
    strcpy(words, path);
    while ((word = strsep(&rest, "."))) {
        char *bracket = strchr(word, '[');
        if (bracket)
            *bracket = '\0';
        if (!message || !find_field(message, word, ret_place) ||
            (bracket && !take_index(bracket + 1, ret_place)))
            return false;
        bool is_message = ret_place->field->type == PROTOBUF_C_TYPE_MESSAGE && ret_place->count == 1;
        message = is_message ? *(const ProtobufCMessage *const *)ret_place->first : NULL;
    }
    return *path != '\0';
}

static void write_one(const struct place *place, const void *at, char *text, size_t size) {
    const ProtobufCEnumValue *value;
    switch (place->field->type) {
    case PROTOBUF_C_TYPE_STRING:
        snprintf(text, size, "%s", *(char *const *)at);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        snprintf(text, size, "%s", *(const protobuf_c_boolean *)at ? "true" : "false");
        break;
    case PROTOBUF_C_TYPE_ENUM:
        value = protobuf_c_enum_descriptor_get_value(place->field->descriptor, *(const int *)at);
        if (value)
            snprintf(text, size, "%s", value->name);
        else
            snprintf(text, size, "%d", *(const int *)at);
        break;
    case PROTOBUF_C_TYPE_UINT32:
        snprintf(text, size, "%u", *(const uint32_t *)at);
        break;
    case PROTOBUF_C_TYPE_INT32:
        snprintf(text, size, "%d", *(const int32_t *)at);
        break;
    case PROTOBUF_C_TYPE_INT64:
        snprintf(text, size, "%lld", (long long)*(const int64_t *)at);
        break;
    default:
        *text = '\0';
    }
}

/* Not in the middle of a character. */
static void cut(char *text) {
    size_t at = VALUE_BYTES_MAX;
    if (strlen(text) <= at)
        return;
    while (at && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    strcpy(text + at, "...");
}

void field_value(const ProtobufCMessage *request, const char *path, char *text) {
    struct place place;
    size_t used = 0;
    *text = '\0';
    if (!find_place(request, path, &place))
        return;
    for (size_t i = 0; i < place.count && used < VALUE_BYTES_MAX; i++) {
        used += (size_t)snprintf(text + used, FIELD_TEXT_MAX - used, "%s", i ? "," : "");
        write_one(&place, (const char *)place.first + i * place.size, text + used, FIELD_TEXT_MAX - used);
        used += strlen(text + used);
    }
    cut(text);
}

#define CUBE_TEXT "the name of a cube of the pod: POD/cube-07, or cube-07"
#define SLICE_TEXT "the name of a slice, as ListSlices has it"

/* By the name of the field, and of the message that has it where that matters; the first that fits. */
static const struct {
    const char *message, *field, *text;
} accepted[] = {
    {"SliceSpec", "name",
     "1 to 63 of a-z, 0-9 and -, beginning with a letter, not ending with -; a name that no slice has"},
    {"CreatePodRequest", "name",
     "1 to 63 of a-z, 0-9 and -, beginning with a letter; a name that no pod has"},
    {NULL, "name", SLICE_TEXT},
    {NULL, "names", SLICE_TEXT},
    {NULL, "slice", SLICE_TEXT},
    {NULL, "topology",
     "chips in x, y, z, smallest first: 1x1x1 1x1x2 1x2x2 2x2x2 2x2x4 2x4x4, or multiples of 4 such as "
     "8x8x8; "
     "k x k x 2k and k x 2k x 2k may end with _twisted or _untwisted"},
    {NULL, "alternatives", "up to 7 topologies, each like topology"},
    {NULL, "pod", "the name of a pod, as ListPods has it; empty where there is one"},
    {NULL, "cube", CUBE_TEXT},
    {NULL, "cubes", CUBE_TEXT ", each once"},
    {NULL, "cube_set", CUBE_TEXT ", each once"},
    {NULL, "exclude", CUBE_TEXT ", each once"},
    {NULL, "with_cubes", CUBE_TEXT ", one for each cube that leaves, or empty"},
    {NULL, "hosts", "node names of hosts of the pod, each of which stands for its whole cube"},
    {NULL, "ocs", "the name of a switch: POD/ocs-x-05, or ocs-x-05"},
    {NULL, "uid", "0, or the uid of the slice of that name"},
    {NULL, "request_id", "1 to 64 printable ASCII characters, others for another request"},
    {NULL, "if_revision", "0, or the revision of the object, as it was read"},
    {NULL, "since_revision", "0, or the first revision that is not known yet"},
    {NULL, "reason", "one line of 1 to 199 bytes without control characters"},
    {NULL, "object", "POD/cube-07, POD/cube-07/host-03, POD/cube-07/+x/5, POD/ocs-x-05/A17 or POD/ocs-x-05"},
    {NULL, "connect_timeout_s", "0, or 1 to 86400 seconds"},
    {NULL, "reserve_s", "1 to 86400 seconds"},
    {NULL, "tolerate_missing", "nothing, or three numbers: links that may be missing in x, y, z"},
    {NULL, "labels", "up to 64 keys and values of up to 255 bytes, each key once"},
};

static void list_values(const ProtobufCEnumDescriptor *type, char *text) {
    size_t used = 0;
    for (unsigned i = 0; i < type->n_values && used < FIELD_TEXT_MAX - 80; i++)
        if (type->values[i].value)
            used += (size_t)snprintf(text + used, FIELD_TEXT_MAX - used, "%s%s", used ? ", " : "",
                                     type->values[i].name);
}

void field_accepted(const ProtobufCMessage *request, const char *path, char *text) {
    struct place place = {0};
    bool is_there = find_place(request, path, &place);
    const char *dot = strrchr(path, '.'), *name = dot ? dot + 1 : path;
    *text = '\0';
    if (is_there && place.field->type == PROTOBUF_C_TYPE_ENUM) {
        list_values(place.field->descriptor, text);
        return;
    }
    /* A refusal of one of several says "spec." too. */
    const char *message = place.message              ? place.message->short_name
                          : strncmp(path, "spec", 4) ? ""
                                                     : "SliceSpec";
    for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        size_t len = strlen(accepted[i].field);
        bool is_name = !strncmp(name, accepted[i].field, len) && (!name[len] || name[len] == '[');
        if (is_name && (!accepted[i].message || !strcmp(accepted[i].message, message))) {
            snprintf(text, FIELD_TEXT_MAX, "%s", accepted[i].text);
            return;
        }
    }
}
