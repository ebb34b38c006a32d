#include "proto/grpc/status.h"
#include "proto/grpc/wire.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *grpcx_status_name(int code) {
    static const char *const names[] = {
        "OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
        "NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
        "DATA_LOSS", "UNAUTHENTICATED",
    };
    return code >= 0 && code <= 16 ? names[code] : "UNKNOWN";
}

static size_t put_varint(uint8_t *out, uint64_t v) {
    size_t n = 0;
    while (v >= 0x80) {
        out[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    out[n++] = (uint8_t)v;
    return n;
}

static size_t put_bytes(uint8_t *out, uint8_t tag, const void *bytes, size_t len) {
    size_t n = 0;
    out[n++] = tag;
    n += put_varint(out + n, len);
    if (len)
        memcpy(out + n, bytes, len);
    return n + len;
}

int grpcx_status_encode(int code, const char *message, const char *type_url, const uint8_t *value,
                        size_t value_len, uint8_t **ret_bytes, size_t *ret_len) {
    size_t message_len = message ? strlen(message) : 0, url_len = type_url ? strlen(type_url) : 0;
    uint8_t *out = malloc(message_len + 2 * (url_len + value_len) + 80);
    uint8_t *any = malloc(url_len + value_len + 40);
    size_t n = 0, any_len = 0;
    if (!out || !any) {
        free(out);
        free(any);
        return -ENOMEM;
    }
    out[n++] = 0x08;
    n += put_varint(out + n, (uint64_t)(int64_t)code);
    n += put_bytes(out + n, 0x12, message, message_len);
    if (type_url) {
        any_len += put_bytes(any, 0x0a, type_url, url_len);
        any_len += put_bytes(any + any_len, 0x12, value, value_len);
        n += put_bytes(out + n, 0x1a, any, any_len);
    }
    free(any);
    *ret_bytes = out;
    *ret_len = n;
    return 0;
}

static int decode_any(const struct grpcx_field *any, struct grpcx_status_view *view) {
    const uint8_t *p = any->data, *end = any->data + any->len;
    struct grpcx_field field;
    while (p < end) {
        if (grpcx_field_next(&p, end, &field) < 0)
            return -EBADMSG;
        if (field.number == 1 && field.wire == 2) {
            view->type_url = (const char *)field.data;
            view->type_url_len = field.len;
        } else if (field.number == 2 && field.wire == 2) {
            view->value = field.data;
            view->value_len = field.len;
        }
    }
    return 0;
}

int grpcx_status_decode(const uint8_t *bytes, size_t len, struct grpcx_status_view *ret_view) {
    struct grpcx_status_view view = {0};
    const uint8_t *p = bytes, *end = len ? bytes + len : bytes; /* NULL when empty */
    struct grpcx_field field;
    while (p < end) {
        if (grpcx_field_next(&p, end, &field) < 0)
            return -EBADMSG;
        if (field.number == 1 && field.wire == 0) {
            view.code = (int)field.value;
        } else if (field.number == 2 && field.wire == 2) {
            view.message = (const char *)field.data;
            view.message_len = field.len;
        } else if (field.number == 3 && field.wire == 2 && !view.type_url) {
            if (decode_any(&field, &view) < 0)
                return -EBADMSG;
        }
    }
    *ret_view = view;
    return 0;
}
