#include "proto/grpc/wire.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int grpcx_varint(const uint8_t **p, const uint8_t *end, uint64_t *ret) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (*p == end)
            return -EBADMSG;
        uint8_t byte = *(*p)++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret = v;
            return 0;
        }
    }
    return -EBADMSG;
}

int grpcx_field_next(const uint8_t **p, const uint8_t *end, struct grpcx_field *ret_field) {
    uint64_t tag, value = 0;
    if (grpcx_varint(p, end, &tag) < 0)
        return -EBADMSG;
    struct grpcx_field field = {.number = tag >> 3, .wire = tag & 7};
    switch (field.wire) {
    case 0:
    case 2:
        if (grpcx_varint(p, end, &value) < 0)
            return -EBADMSG;
        break;
    case 1:
        field.len = 8;
        break;
    case 5:
        field.len = 4;
        break;
    default:
        return -EBADMSG;
    }
    if (field.wire == 0)
        field.value = value;
    if (field.wire == 2) {
        field.data = *p;
        field.len = value;
    }
    if (field.len > (size_t)(end - *p))
        return -EBADMSG;
    *p += field.len;
    *ret_field = field;
    return 0;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *grpcx_base64(const uint8_t *bytes, size_t len) {
    char *out = malloc(len / 3 * 4 + 5), *o = out;
    if (!out)
        return NULL;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t v = (uint32_t)bytes[i] << 16;
        if (left > 1)
            v |= (uint32_t)bytes[i + 1] << 8;
        if (left > 2)
            v |= bytes[i + 2];
        *o++ = alphabet[v >> 18];
        *o++ = alphabet[v >> 12 & 63];
        if (left > 1)
            *o++ = alphabet[v >> 6 & 63];
        if (left > 2)
            *o++ = alphabet[v & 63];
    }
    *o = 0;
    return out;
}

uint8_t *grpcx_unbase64(const char *text, size_t len, size_t *ret_len) {
    uint8_t *out = malloc(len + 1);
    size_t n = 0;
    uint32_t v = 0;
    unsigned bits = 0;
    if (!out)
        return NULL;
    for (size_t i = 0; i < len && text[i] != '='; i++) {
        const char *at = text[i] ? strchr(alphabet, text[i]) : NULL;
        if (!at)
            continue;
        v = v << 6 | (uint32_t)(at - alphabet);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[n++] = (uint8_t)(v >> bits);
        }
    }
    *ret_len = n;
    return out;
}

char *grpcx_percent(const char *text, size_t max) {
    size_t len = strlen(text), n = 0;
    char *out = malloc((len < max ? 3 * len : max) + 4);
    if (!out)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool escape = c < 0x20 || c > 0x7e || c == '%';
        if (n + (escape ? 3 : 1) > max)
            break;
        if (escape)
            n += (size_t)sprintf(out + n, "%%%02X", c);
        else
            out[n++] = (char)c;
    }
    out[n] = 0;
    return out;
}

static int hex(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

char *grpcx_unpercent(const char *text, size_t len) {
    char *out = malloc(len + 1), *o = out;
    if (!out)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%' && i + 2 < len && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
            *o++ = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        } else {
            *o++ = text[i];
        }
    }
    *o = 0;
    return out;
}

int64_t grpcx_parse_timeout(const char *text, size_t len) {
    int64_t v = 0;
    if (len < 2 || len > 9)
        return -EINVAL;
    for (size_t i = 0; i + 1 < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
        v = v * 10 + (text[i] - '0');
    }
    switch (text[len - 1]) {
    case 'H':
        return v * 3600000000;
    case 'M':
        return v * 60000000;
    case 'S':
        return v * 1000000;
    case 'm':
        return v * 1000;
    case 'u':
        return v;
    case 'n':
        return (v + 999) / 1000;
    default:
        return -EINVAL;
    }
}

enum grpcx_read grpcx_reader_feed(struct grpcx_reader *r, const uint8_t **p, const uint8_t *end, size_t max) {
    while (r->head_len < 5) {
        if (*p == end)
            return GRPCX_READ_MORE;
        r->head[r->head_len++] = *(*p)++;
        if (r->head_len == 5) {
            r->len =
                (size_t)r->head[1] << 24 | (size_t)r->head[2] << 16 | (size_t)r->head[3] << 8 | r->head[4];
            if (r->head[0])
                return GRPCX_READ_COMPRESSED;
            if (r->len > max)
                return GRPCX_READ_TOO_BIG;
        }
    }
    size_t n = (size_t)(end - *p);
    if (n > r->len - r->have)
        n = r->len - r->have;
    if (r->have + n > r->cap) {
        size_t cap = r->cap ? r->cap : 256;
        while (cap < r->have + n)
            cap *= 2;
        uint8_t *body = realloc(r->body, cap);
        if (!body)
            return GRPCX_READ_NOMEM;
        r->body = body;
        r->cap = cap;
    }
    if (n)
        memcpy(r->body + r->have, *p, n);
    r->have += n;
    *p += n;
    return r->have == r->len ? GRPCX_READ_MESSAGE : GRPCX_READ_MORE;
}

void grpcx_reader_next(struct grpcx_reader *r) {
    free(r->body);
    *r = (struct grpcx_reader){0};
}

enum { QUEUE_KEPT_BYTES = 1024 }; /* an empty queue gives larger memory back */

static uint8_t *reserve(struct grpcx_queue *q, size_t len) {
    if (q->at == q->len)
        q->at = q->len = 0;
    if (q->len + len + 5 > q->cap) {
        /* Moving pays only where it frees half; otherwise a long queue would be moved for every message. */
        if (q->at && q->at >= q->len / 2) {
            memmove(q->bytes, q->bytes + q->at, q->len - q->at);
            q->len -= q->at;
            q->at = 0;
        }
        size_t cap = q->cap ? q->cap : 256;
        while (cap < q->len + len + 5)
            cap *= 2;
        if (cap > q->cap) {
            uint8_t *bytes = realloc(q->bytes, cap);
            if (!bytes)
                return NULL;
            q->bytes = bytes;
            q->cap = cap;
        }
    }
    uint8_t *at = q->bytes + q->len;
    at[0] = 0;
    for (int i = 0; i < 4; i++)
        at[1 + i] = (uint8_t)(len >> (24 - 8 * i));
    q->len += len + 5;
    return at + 5;
}

int grpcx_queue_packed(struct grpcx_queue *q, const uint8_t *bytes, size_t len) {
    uint8_t *at = reserve(q, len);
    if (!at)
        return -ENOMEM;
    if (len)
        memcpy(at, bytes, len);
    return 0;
}

int grpcx_queue_message(struct grpcx_queue *q, const ProtobufCMessage *msg) {
    uint8_t *at = reserve(q, protobuf_c_message_get_packed_size(msg));
    if (!at)
        return -ENOMEM;
    protobuf_c_message_pack(msg, at);
    return 0;
}

void grpcx_queue_drop(struct grpcx_queue *q, size_t len) {
    q->at += len;
    if (q->at == q->len && q->cap > QUEUE_KEPT_BYTES)
        grpcx_queue_deinit(q);
}

size_t grpcx_queue_take(struct grpcx_queue *q, uint8_t *out, size_t max) {
    size_t n = q->len - q->at < max ? q->len - q->at : max;
    if (n)
        memcpy(out, q->bytes + q->at, n);
    grpcx_queue_drop(q, n);
    return n;
}

void grpcx_queue_deinit(struct grpcx_queue *q) {
    free(q->bytes);
    *q = (struct grpcx_queue){0};
}
