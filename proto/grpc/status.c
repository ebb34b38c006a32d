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

static int next_field(const uint8_t **p, const uint8_t *end, uint64_t *tag, const uint8_t **data,
                      uint64_t *v) {
    if (grpcx_varint(p, end, tag) < 0)
        return -EBADMSG;
    switch (*tag & 7) {
    case 0:
        return grpcx_varint(p, end, v);
    case 2:
        if (grpcx_varint(p, end, v) < 0 || *v > (uint64_t)(end - *p))
            return -EBADMSG;
        *data = *p;
        *p += *v;
        return 0;
    case 1:
    case 5: {
        ptrdiff_t width = (*tag & 7) == 1 ? 8 : 4;
        if (end - *p < width)
            return -EBADMSG;
        *p += width;
        return 0;
    }
    default:
        return -EBADMSG;
    }
}

int grpcx_status_decode(const uint8_t *bytes, size_t len, struct grpcx_status_view *ret_view) {
    struct grpcx_status_view view = {0};
    const uint8_t *p = bytes, *end = bytes + len, *data = NULL;
    uint64_t tag, v = 0;
    while (p < end) {
        if (next_field(&p, end, &tag, &data, &v) < 0)
            return -EBADMSG;
        if (tag == 0x08)
            view.code = (int)v;
        else if (tag == 0x12) {
            view.message = (const char *)data;
            view.message_len = v;
        } else if (tag == 0x1a && !view.type_url) {
            const uint8_t *q = data, *any_end = data + v;
            while (q < any_end) {
                if (next_field(&q, any_end, &tag, &data, &v) < 0)
                    return -EBADMSG;
                if (tag == 0x0a) {
                    view.type_url = (const char *)data;
                    view.type_url_len = v;
                } else if (tag == 0x12) {
                    view.value = data;
                    view.value_len = v;
                }
            }
        }
    }
    *ret_view = view;
    return 0;
}
