#include "proto/json/json.h"

#include "proto/grpc/wire.h"
#include "proto/json/field.h"
#include "proto/json/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text grows; the first failure stays in error and later calls do nothing. */
struct writer {
    char *text;
    size_t len, cap;
    bool pretty;
    unsigned depth;
    int error;
};

static void put(struct writer *w, const char *bytes, size_t len) {
    if (w->error)
        return;
    if (w->cap - w->len <= len) {
        size_t cap = (w->cap + len) * 2 + 256;
        char *text = realloc(w->text, cap);
        if (!text) {
            w->error = -ENOMEM;
            return;
        }
        w->text = text;
        w->cap = cap;
    }
    memcpy(w->text + w->len, bytes, len);
    w->len += len;
    w->text[w->len] = 0;
}

static void put_text(struct writer *w, const char *text) {
    put(w, text, strlen(text));
}

static void put_line_start(struct writer *w) {
    if (!w->pretty)
        return;
    put(w, "\n", 1);
    for (unsigned i = 0; i < w->depth; i++)
        put(w, "  ", 2);
}

static void put_string(struct writer *w, const char *text) {
    if (!text)
        text = "";
    size_t len = strlen(text);
    if (!proto_json_is_utf8(text, len)) {
        if (!w->error)
            w->error = -EILSEQ;
        return;
    }
    put(w, "\"", 1);
    const char *plain = text;
    for (const char *at = text; at < text + len; at++) {
        if ((unsigned char)*at >= 0x20 && *at != '"' && *at != '\\')
            continue;
        put(w, plain, (size_t)(at - plain));
        plain = at + 1;
        char escape[8];
        if (*at == '"' || *at == '\\')
            snprintf(escape, sizeof(escape), "\\%c", *at);
        else if (*at == '\n')
            snprintf(escape, sizeof(escape), "\\n");
        else if (*at == '\t')
            snprintf(escape, sizeof(escape), "\\t");
        else
            snprintf(escape, sizeof(escape), "\\u%04x", (unsigned char)*at);
        put_text(w, escape);
    }
    put(w, plain, (size_t)(text + len - plain));
    put(w, "\"", 1);
}

static void put_bytes(struct writer *w, const ProtobufCBinaryData *data) {
    char *text = grpcx_base64(data->data, data->len);
    if (!text) {
        w->error = -ENOMEM;
        return;
    }
    put(w, "\"", 1);
    put_text(w, text);
    put(w, "==", (3 - data->len % 3) % 3);
    put(w, "\"", 1);
    free(text);
}

/* The shortest of a few precisions that reads back as the same number. */
static void put_real(struct writer *w, double value, bool is_float) {
    if (isnan(value) || isinf(value)) {
        put_text(w, isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return;
    }
    char text[40];
    for (int digits = is_float ? 6 : 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (is_float ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value)
            break;
    }
    char *comma = strchr(text, ','); /* of the locale */
    if (comma)
        *comma = '.';
    put_text(w, text);
}

static void put_enum(struct writer *w, const ProtobufCEnumDescriptor *descriptor, int value) {
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, value);
    char number[16];
    if (known) {
        put(w, "\"", 1);
        put_text(w, known->name);
        put(w, "\"", 1);
        return;
    }
    snprintf(number, sizeof(number), "%d", value);
    put_text(w, number);
}

static void put_message(struct writer *w, const ProtobufCMessage *msg);

static void put_value(struct writer *w, const ProtobufCFieldDescriptor *field, const void *value) {
    char number[32];
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        snprintf(number, sizeof(number), "%" PRId32, *(const int32_t *)value);
        put_text(w, number);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        snprintf(number, sizeof(number), "%" PRIu32, *(const uint32_t *)value);
        put_text(w, number);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        snprintf(number, sizeof(number), "\"%" PRId64 "\"", *(const int64_t *)value);
        put_text(w, number);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        snprintf(number, sizeof(number), "\"%" PRIu64 "\"", *(const uint64_t *)value);
        put_text(w, number);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        put_real(w, (double)*(const float *)value, true);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        put_real(w, *(const double *)value, false);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        put_text(w, *(const protobuf_c_boolean *)value ? "true" : "false");
        break;
    case PROTOBUF_C_TYPE_ENUM:
        put_enum(w, field->descriptor, *(const int *)value);
        break;
    case PROTOBUF_C_TYPE_STRING:
        put_string(w, *(char *const *)value);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        put_bytes(w, value);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        put_message(w, *(ProtobufCMessage *const *)value);
        break;
    }
}

/* Numbers of one list share a line; messages have a line for each field. */
static void put_list(struct writer *w, const ProtobufCFieldDescriptor *field, const char *first, size_t n) {
    size_t size = proto_json_value_size(field->type);
    bool lines = field->type == PROTOBUF_C_TYPE_MESSAGE;
    put(w, "[", 1);
    w->depth++;
    for (size_t i = 0; i < n && !w->error; i++) {
        if (i > 0)
            put(w, ", ", w->pretty && !lines ? 2 : 1);
        if (lines)
            put_line_start(w);
        put_value(w, field, first + i * size);
    }
    w->depth--;
    if (n > 0 && lines)
        put_line_start(w);
    put(w, "]", 1);
}

static void put_message(struct writer *w, const ProtobufCMessage *msg) {
    bool any = false;
    put(w, "{", 1);
    w->depth++;
    for (unsigned i = 0; i < msg->descriptor->n_fields && !w->error; i++) {
        const ProtobufCFieldDescriptor *field = &msg->descriptor->fields[i];
        const char *value = (const char *)msg + field->offset;
        bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        char name[PROTO_JSON_NAME_MAX];
        if (!repeated && field->type == PROTOBUF_C_TYPE_MESSAGE && !*(ProtobufCMessage *const *)value)
            continue;
        if (any)
            put(w, ",", 1);
        any = true;
        put_line_start(w);
        proto_json_name(field, name);
        put(w, "\"", 1);
        put_text(w, name);
        put(w, "\": ", w->pretty ? 3 : 2);
        if (repeated)
            put_list(w, field, *(const char *const *)value,
                     *(const size_t *)((const char *)msg + field->quantifier_offset));
        else
            put_value(w, field, value);
    }
    w->depth--;
    if (any)
        put_line_start(w);
    put(w, "}", 1);
}

int proto_json_encode(const ProtobufCMessage *msg, unsigned flags, char **ret_text) {
    struct writer w = {.pretty = flags & PROTO_JSON_PRETTY};
    put_message(&w, msg);
    if (w.error) {
        free(w.text);
        return w.error;
    }
    *ret_text = w.text;
    return 0;
}
