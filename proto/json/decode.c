#include "proto/json/json.h"

#include "proto/grpc/wire.h"
#include "proto/json/field.h"
#include "proto/json/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 256
#define SHOWN_MAX 60 /* bytes of a value or name in an error */

/* Where a value stands, from the inside out: a member of an object, or with name NULL an element of a list.
 */
struct path {
    const struct path *outer;
    const char *name;
    size_t index;
};

struct decoder {
    char *error;
    size_t error_size;
};

static size_t path_text(const struct path *path, char *text, size_t size) {
    if (!path)
        return 0;
    size_t len = path_text(path->outer, text, size);
    if (len >= size)
        return len;
    int more = path->name ? snprintf(text + len, size - len, "%s%.*s", len ? "." : "", SHOWN_MAX, path->name)
                          : snprintf(text + len, size - len, "[%zu]", path->index);
    return len + (size_t)more;
}

/* Errors are shown on terminals and sent as protobuf strings: no control characters, whole characters only.
 */
static void clean(char *text) {
    size_t len = strlen(text);
    while (len > 0 && !proto_json_is_utf8(text, len))
        text[--len] = 0;
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
}

__attribute__((format(printf, 3, 4))) static int refuse(struct decoder *d, const struct path *path,
                                                        const char *format, ...) {
    if (d->error_size == 0)
        return PROTO_JSON_REFUSED;
    char where[400] = "";
    va_list arguments;
    path_text(path, where, sizeof(where));
    int len = snprintf(d->error, d->error_size, "%s%s", where, path ? ": " : "");
    va_start(arguments, format);
    if (len >= 0 && (size_t)len < d->error_size)
        vsnprintf(d->error + len, d->error_size - (size_t)len, format, arguments);
    va_end(arguments);
    clean(d->error);
    return PROTO_JSON_REFUSED;
}

static void show(const json_t *value, char text[SHOWN_MAX + 8]) {
    if (json_is_object(value) || json_is_array(value)) {
        strcpy(text, json_is_object(value) ? "an object" : "a list");
        return;
    }
    if (json_is_string(value)) {
        const char *string = json_string_value(value);
        int cut = (int)strnlen(string, SHOWN_MAX);
        while (!proto_json_is_utf8(string, (size_t)cut))
            cut--;
        snprintf(text, SHOWN_MAX + 8, "\"%.*s%s\"", cut, string, string[cut] ? "..." : "");
        return;
    }
    size_t len = json_dumpb(value, text, SHOWN_MAX, JSON_ENCODE_ANY);
    text[len < SHOWN_MAX ? len : SHOWN_MAX] = 0;
}

static int refuse_value(struct decoder *d, const struct path *path, const json_t *value, const char *wanted) {
    char shown[SHOWN_MAX + 8];
    show(value, shown);
    return refuse(d, path, "%s is not accepted; wants %s", shown, wanted);
}

static int refuse_unknown(struct decoder *d, const struct path *path,
                          const ProtobufCMessageDescriptor *descriptor) {
    char names[400] = "", name[PROTO_JSON_NAME_MAX];
    const ProtobufCFieldDescriptor *near = proto_json_near_field(descriptor, path->name);
    if (near) {
        proto_json_name(near, name);
        return refuse(d, path, "unknown field; did you mean %s", name);
    }
    for (unsigned i = 0; i < descriptor->n_fields && strlen(names) < 300; i++) {
        proto_json_name(&descriptor->fields[i], name);
        size_t len = strlen(names);
        snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "", name);
    }
    return refuse(d, path, "unknown field; %s has %s", descriptor->short_name, *names ? names : "no fields");
}

static int refuse_enum(struct decoder *d, const struct path *path, const json_t *value,
                       const ProtobufCEnumDescriptor *descriptor) {
    char names[800] = "one of";
    for (unsigned i = 0; i < descriptor->n_values && strlen(names) < 700; i++) {
        size_t len = strlen(names);
        snprintf(names + len, sizeof(names) - len, "%s %s", i ? "," : "", descriptor->values[i].name);
    }
    return refuse_value(d, path, value, names);
}

/* A JSON integer, a real without a fraction, or a string of digits, as sign and magnitude. */
static bool integer_of(const json_t *value, bool *ret_minus, uint64_t *ret_magnitude) {
    if (json_is_integer(value)) {
        json_int_t i = json_integer_value(value);
        *ret_minus = i < 0;
        *ret_magnitude = i < 0 ? -(uint64_t)i : (uint64_t)i;
        return true;
    }
    if (json_is_real(value)) {
        double real = json_real_value(value);
        if (real != floor(real) || fabs(real) > 9007199254740992.0)
            return false;
        *ret_minus = real < 0;
        *ret_magnitude = (uint64_t)fabs(real);
        return true;
    }
    const char *text = json_string_value(value);
    if (!text)
        return false;
    bool minus = *text == '-';
    uint64_t magnitude = 0;
    text += minus;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (!isdigit((unsigned char)*text) || __builtin_mul_overflow(magnitude, 10u, &magnitude) ||
            __builtin_add_overflow(magnitude, (uint64_t)(*text - '0'), &magnitude))
            return false;
    }
    *ret_minus = minus && magnitude > 0;
    *ret_magnitude = magnitude;
    return true;
}

static int decode_signed(struct decoder *d, const struct path *path, const json_t *value, unsigned bits,
                         int64_t *ret) {
    uint64_t most = bits == 32 ? INT32_MAX : INT64_MAX, magnitude;
    bool minus;
    if (!integer_of(value, &minus, &magnitude) || magnitude > most + minus) {
        char wanted[100];
        snprintf(wanted, sizeof(wanted), "an integer from -%" PRIu64 " to %" PRIu64, most + 1, most);
        return refuse_value(d, path, value, wanted);
    }
    *ret = minus ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
    return 0;
}

static int decode_unsigned(struct decoder *d, const struct path *path, const json_t *value, unsigned bits,
                           uint64_t *ret) {
    uint64_t most = bits == 32 ? UINT32_MAX : UINT64_MAX, magnitude;
    bool minus;
    if (!integer_of(value, &minus, &magnitude) || minus || magnitude > most) {
        char wanted[100];
        snprintf(wanted, sizeof(wanted), "an integer from 0 to %" PRIu64, most);
        return refuse_value(d, path, value, wanted);
    }
    *ret = magnitude;
    return 0;
}

static int decode_real(struct decoder *d, const struct path *path, const json_t *value, bool is_float,
                       double *ret) {
    static const struct {
        const char *name;
        double value;
    } words[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
    const char *text = json_string_value(value);
    for (unsigned i = 0; text && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(text, words[i].name) == 0) {
            *ret = words[i].value;
            return 0;
        }
    /* A number in quotes is read by the same rules as one without. */
    json_t *unquoted = text ? json_loads(text, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL) : NULL;
    const json_t *number = text ? unquoted : value;
    bool good = json_is_number(number);
    double real = good ? json_number_value(number) : 0;
    json_decref(unquoted);
    if (!good || (is_float && fabs(real) > (double)FLT_MAX))
        return refuse_value(d, path, value,
                            is_float
                                ? "a number within +-3.4028235e38, \"NaN\", \"Infinity\" or \"-Infinity\""
                                : "a number, \"NaN\", \"Infinity\" or \"-Infinity\"");
    *ret = real;
    return 0;
}

static int decode_enum(struct decoder *d, const struct path *path, const json_t *value,
                       const ProtobufCEnumDescriptor *descriptor, int *ret) {
    const char *name = json_string_value(value);
    const ProtobufCEnumValue *known =
        name ? protobuf_c_enum_descriptor_get_value_by_name(descriptor, name) : NULL;
    if (json_is_integer(value) && json_integer_value(value) >= INT32_MIN &&
        json_integer_value(value) <= INT32_MAX)
        known = protobuf_c_enum_descriptor_get_value(descriptor, (int)json_integer_value(value));
    if (!known)
        return refuse_enum(d, path, value, descriptor);
    *ret = known->value;
    return 0;
}

static int decode_string(struct decoder *d, const struct path *path, const json_t *value, char **ret) {
    if (!json_is_string(value))
        return refuse_value(d, path, value, "a string");
    char *text = strdup(json_string_value(value));
    if (!text)
        return -ENOMEM;
    *ret = text;
    return 0;
}

/* Both alphabets, with or without padding. */
static int decode_bytes(struct decoder *d, const struct path *path, const json_t *value,
                        ProtobufCBinaryData *ret) {
    const char *text = json_string_value(value);
    size_t len = text ? json_string_length(value) : 0, padding = 0;
    while (len > 0 && padding < 2 && text[len - 1] == '=') {
        len--;
        padding++;
    }
    bool good = text && len % 4 != 1 && (padding == 0 || (len + padding) % 4 == 0);
    for (size_t i = 0; i < len && good; i++)
        good = isalnum((unsigned char)text[i]) || strchr("+/-_", text[i]);
    if (!good)
        return refuse_value(d, path, value, "a string in base64");
    if (len == 0)
        return 0;
    char *plain = strndup(text, len);
    if (!plain)
        return -ENOMEM;
    for (char *at = plain; *at; at++)
        *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
    ProtobufCBinaryData data;
    data.data = grpcx_unbase64(plain, len, &data.len);
    free(plain);
    if (!data.data)
        return -ENOMEM;
    *ret = data;
    return 0;
}

static int decode_message(struct decoder *d, const struct path *path, const json_t *object,
                          const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret_msg);

/* target is the place of one value in a message or in an array of a repeated field. */
static int decode_value(struct decoder *d, const struct path *path, const json_t *value,
                        const ProtobufCFieldDescriptor *field, void *target) {
    int64_t whole = 0;
    uint64_t natural = 0;
    double real = 0;
    int r;
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        r = decode_signed(d, path, value, 32, &whole);
        *(int32_t *)target = (int32_t)whole;
        return r;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return decode_signed(d, path, value, 64, target);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        r = decode_unsigned(d, path, value, 32, &natural);
        *(uint32_t *)target = (uint32_t)natural;
        return r;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return decode_unsigned(d, path, value, 64, target);
    case PROTOBUF_C_TYPE_FLOAT:
        r = decode_real(d, path, value, true, &real);
        *(float *)target = (float)real;
        return r;
    case PROTOBUF_C_TYPE_DOUBLE:
        return decode_real(d, path, value, false, target);
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(value))
            return refuse_value(d, path, value, "true or false");
        *(protobuf_c_boolean *)target = json_is_true(value);
        return 0;
    case PROTOBUF_C_TYPE_ENUM:
        return decode_enum(d, path, value, field->descriptor, target);
    case PROTOBUF_C_TYPE_STRING:
        return decode_string(d, path, value, target);
    case PROTOBUF_C_TYPE_BYTES:
        return decode_bytes(d, path, value, target);
    case PROTOBUF_C_TYPE_MESSAGE:
        return decode_message(d, path, value, field->descriptor, target);
    }
    return refuse(d, path, "a field of a type that this program does not know");
}

/* The count grows with each element that is whole, so that the message can be freed at any moment. */
static int decode_list(struct decoder *d, const struct path *path, const json_t *list,
                       const ProtobufCFieldDescriptor *field, ProtobufCMessage *msg) {
    if (!json_is_array(list))
        return refuse_value(d, path, list, "a list");
    size_t n = json_array_size(list), size = proto_json_value_size(field->type);
    if (n == 0)
        return 0;
    char *values = calloc(n, size);
    if (!values)
        return -ENOMEM;
    size_t *count = (size_t *)((char *)msg + field->quantifier_offset);
    *(char **)((char *)msg + field->offset) = values;
    for (size_t i = 0; i < n; i++) {
        struct path element = {.outer = path, .index = i};
        int r = decode_value(d, &element, json_array_get(list, i), field, values + i * size);
        if (r != 0)
            return r;
        *count = i + 1;
    }
    return 0;
}

static int decode_members(struct decoder *d, const struct path *path, const json_t *object,
                          ProtobufCMessage *msg) {
    bool seen[FIELDS_MAX] = {false};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        struct path member = {.outer = path, .name = key};
        const ProtobufCFieldDescriptor *field = proto_json_field(msg->descriptor, key);
        if (!field)
            return refuse_unknown(d, &member, msg->descriptor);
        size_t number = (size_t)(field - msg->descriptor->fields);
        if (number >= FIELDS_MAX)
            return refuse(d, &member, "a message of more than %d fields", FIELDS_MAX);
        if (seen[number])
            return refuse(d, &member, "given twice, under its two names");
        seen[number] = true;
        if (json_is_null(value))
            continue;
        int r = field->label == PROTOBUF_C_LABEL_REPEATED
                    ? decode_list(d, &member, value, field, msg)
                    : decode_value(d, &member, value, field, (char *)msg + field->offset);
        if (r != 0)
            return r;
    }
    return 0;
}

static int decode_message(struct decoder *d, const struct path *path, const json_t *object,
                          const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret_msg) {
    if (!json_is_object(object))
        return refuse_value(d, path, object, "an object");
    ProtobufCMessage *msg = calloc(1, descriptor->sizeof_message);
    if (!msg)
        return -ENOMEM;
    protobuf_c_message_init(descriptor, msg);
    int r = decode_members(d, path, object, msg);
    if (r != 0) {
        protobuf_c_message_free_unpacked(msg, NULL);
        return r;
    }
    *ret_msg = msg;
    return 0;
}

/* Counts what the parser would have to build, before it builds anything. */
static int check_size(struct decoder *d, const char *text, size_t len) {
    if (len > PROTO_JSON_TEXT_MAX)
        return refuse(d, NULL, "%zu bytes; wants at most %u", len, PROTO_JSON_TEXT_MAX);
    size_t values = 1, line = 1;
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        line += c == '\n';
        if (in_string) {
            if (c == '\\')
                i++;
            in_string = c != '"';
            continue;
        }
        in_string = c == '"';
        if (c == '{' || c == '[') {
            values++;
            if (++depth > PROTO_JSON_DEPTH_MAX)
                return refuse(d, NULL, "line %zu: objects and lists go more than %u deep", line,
                              PROTO_JSON_DEPTH_MAX);
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
        values += c == ',';
    }
    if (values > PROTO_JSON_VALUES_MAX)
        return refuse(d, NULL, "%zu values; wants at most %u", values, PROTO_JSON_VALUES_MAX);
    return 0;
}

int proto_json_decode(const ProtobufCMessageDescriptor *descriptor, const char *text, size_t len,
                      ProtobufCMessage **ret_msg, char *error, size_t error_size) {
    struct decoder d = {.error = error, .error_size = error ? error_size : 0};
    json_error_t syntax;
    int r = check_size(&d, text, len);
    if (r != 0)
        return r;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &syntax);
    if (!root) {
        if (json_error_code(&syntax) == json_error_out_of_memory || !*syntax.text)
            return -ENOMEM;
        return refuse(&d, NULL, "line %d, column %d: %s", syntax.line, syntax.column, syntax.text);
    }
    r = decode_message(&d, NULL, root, descriptor, ret_msg);
    json_decref(root);
    return r;
}
