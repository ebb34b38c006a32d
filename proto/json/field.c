#include "proto/json/field.h"

#include <ctype.h>
#include <string.h>

void proto_json_name(const ProtobufCFieldDescriptor *field, char ret_name[PROTO_JSON_NAME_MAX]) {
    size_t len = 0;
    int upper = 0;
    for (const char *at = field->name; *at && len < PROTO_JSON_NAME_MAX - 1; at++) {
        if (*at == '_') {
            upper = 1;
            continue;
        }
        ret_name[len++] = upper ? (char)toupper((unsigned char)*at) : *at;
        upper = 0;
    }
    ret_name[len] = 0;
}

const ProtobufCFieldDescriptor *proto_json_field(const ProtobufCMessageDescriptor *descriptor,
                                                 const char *name) {
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        char json_name[PROTO_JSON_NAME_MAX];
        if (descriptor->fields[i].name[0] != name[0])
            continue;
        proto_json_name(&descriptor->fields[i], json_name);
        if (strcmp(json_name, name) == 0 || strcmp(descriptor->fields[i].name, name) == 0)
            return &descriptor->fields[i];
    }
    return NULL;
}

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* How many letters must be inserted, left out, replaced or swapped with their neighbour. */
static unsigned distance(const char *one, const char *other) {
    size_t n = strlen(one), m = strlen(other);
    unsigned before_last[PROTO_JSON_NAME_MAX + 1], last[PROTO_JSON_NAME_MAX + 1],
        row[PROTO_JSON_NAME_MAX + 1];
    if (n > PROTO_JSON_NAME_MAX || m > PROTO_JSON_NAME_MAX)
        return PROTO_JSON_NAME_MAX;
    memset(before_last, 0, sizeof(before_last));
    for (size_t j = 0; j <= m; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = least(least(last[j] + 1, row[j - 1] + 1), last[j - 1] + (one[i - 1] != other[j - 1]));
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                row[j] = least(row[j], before_last[j - 2] + 1);
        }
        memcpy(before_last, last, sizeof(last));
        memcpy(last, row, sizeof(row));
    }
    return last[m];
}

const ProtobufCFieldDescriptor *proto_json_near_field(const ProtobufCMessageDescriptor *descriptor,
                                                      const char *name) {
    const ProtobufCFieldDescriptor *nearest = NULL;
    unsigned nearest_distance = 2 + (unsigned)(strlen(name) / 4);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        char json_name[PROTO_JSON_NAME_MAX];
        proto_json_name(&descriptor->fields[i], json_name);
        unsigned d = distance(name, json_name);
        if (d < nearest_distance && d < strlen(json_name)) {
            nearest = &descriptor->fields[i];
            nearest_distance = d;
        }
    }
    return nearest;
}

size_t proto_json_value_size(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}
