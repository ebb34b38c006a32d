#include "proto/grpc/unpack.h"
#include "proto/grpc/wire.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
    size_t count, max_count;
    unsigned max_depth;
    char *error;
    size_t error_size;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct walk *w, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    if (w->error && w->error_size)
        vsnprintf(w->error, w->error_size, format, ap);
    va_end(ap);
    return GRPCX_UNPACK_REFUSED;
}

static bool text_ok(const uint8_t *s, size_t len) {
    for (size_t i = 0; i < len;) {
        uint8_t c = s[i];
        size_t n = c < 0x80                 ? 0
                   : c >= 0xc2 && c <= 0xdf ? 1
                   : (c & 0xf0) == 0xe0     ? 2
                   : c >= 0xf0 && c <= 0xf4 ? 3
                                            : 9;
        if (!c || n > len - i - 1)
            return false;
        for (size_t k = 1; k <= n; k++)
            if ((s[i + k] & 0xc0) != 0x80)
                return false;
        if ((c == 0xe0 && s[i + 1] < 0xa0) || (c == 0xed && s[i + 1] > 0x9f) ||
            (c == 0xf0 && s[i + 1] < 0x90) || (c == 0xf4 && s[i + 1] > 0x8f))
            return false;
        i += n + 1;
    }
    return true;
}

static unsigned wire_type(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 1;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return 2;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return 5;
    default:
        return 0;
    }
}

static int walk_message(struct walk *w, const ProtobufCMessageDescriptor *d, const uint8_t *p,
                        const uint8_t *end, unsigned depth) {
    if (depth > w->max_depth)
        return refuse(w, "%s: nested deeper than %u", d->name, w->max_depth);
    while (p < end) {
        uint64_t tag, v = 0;
        if (grpcx_varint(&p, end, &tag) < 0 || tag >> 3 == 0 || tag >> 3 > 536870911)
            return refuse(w, "%s: bad tag", d->name);
        if (++w->count > w->max_count)
            return refuse(w, "%s: too many fields", d->name);
        const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(d, (unsigned)(tag >> 3));
        const char *name = f ? f->name : "unknown field";
        unsigned wire = tag & 7;
        if (wire == 0) {
            if (grpcx_varint(&p, end, &v) < 0)
                return refuse(w, "%s.%s: cut short", d->name, name);
        } else if (wire == 1 || wire == 5) {
            ptrdiff_t width = wire == 1 ? 8 : 4;
            if (end - p < width)
                return refuse(w, "%s.%s: cut short", d->name, name);
            p += width;
        } else if (wire == 2) {
            if (grpcx_varint(&p, end, &v) < 0 || v > (uint64_t)(end - p))
                return refuse(w, "%s.%s: length past the end", d->name, name);
        } else {
            return refuse(w, "%s.%s: bad wire type %u", d->name, name, wire);
        }
        const uint8_t *data = p;
        if (wire == 2)
            p += v;
        if (!f)
            continue;
        unsigned want = wire_type(f->type);
        if (wire != want) {
            if (wire != 2 || f->label != PROTOBUF_C_LABEL_REPEATED)
                return refuse(w, "%s.%s: bad wire type %u", d->name, name, wire);
            /* Packed elements: each takes at least one byte, four or eight when fixed. */
            w->count += v / (want == 1 ? 8 : want == 5 ? 4 : 1);
            if (w->count > w->max_count)
                return refuse(w, "%s.%s: too many elements", d->name, name);
        } else if (f->type == PROTOBUF_C_TYPE_STRING) {
            if (!text_ok(data, v))
                return refuse(w, "%s.%s: not UTF-8 without NUL", d->name, name);
        } else if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
            int r = walk_message(w, f->descriptor, data, p, depth + 1);
            if (r)
                return r;
        }
    }
    return 0;
}

struct budget {
    size_t left;
    bool out;
};

static void *budget_alloc(void *userdata, size_t size) {
    struct budget *b = userdata;
    if (size > b->left) {
        b->out = true;
        return NULL;
    }
    b->left -= size;
    return malloc(size ? size : 1);
}

static void budget_free(void *userdata, void *p) {
    free(p);
}

int grpcx_unpack_counted(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t len,
                         const struct grpcx_unpack_limits *limits, ProtobufCMessage **ret_msg,
                         size_t *ret_allocated, char *error, size_t error_size) {
    struct grpcx_unpack_limits l = limits ? *limits : (struct grpcx_unpack_limits){0};
    struct walk w = {.max_count = l.max_count ? l.max_count : 1000000,
                     .max_depth = l.max_depth ? l.max_depth : 32,
                     .error = error,
                     .error_size = error_size};
    size_t max_bytes = l.max_bytes_allocated ? l.max_bytes_allocated : (size_t)64 << 20;
    struct budget b = {.left = max_bytes};
    ProtobufCAllocator allocator = {.alloc = budget_alloc, .free = budget_free, .allocator_data = &b};
    if (len == 0)
        bytes = (const uint8_t *)""; /* may be NULL */
    int r = walk_message(&w, descriptor, bytes, bytes + len, 1);
    if (r)
        return r;
    ProtobufCMessage *msg = protobuf_c_message_unpack(descriptor, &allocator, len, bytes);
    if (!msg)
        return refuse(&w, "%s: %s", descriptor->name, b.out ? "takes too much memory" : "malformed");
    *ret_msg = msg;
    *ret_allocated = max_bytes - b.left;
    return 0;
}

int grpcx_unpack(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t len,
                 const struct grpcx_unpack_limits *limits, ProtobufCMessage **ret_msg, char *error,
                 size_t error_size) {
    size_t allocated;
    return grpcx_unpack_counted(descriptor, bytes, len, limits, ret_msg, &allocated, error, error_size);
}

void grpcx_unpack_free(ProtobufCMessage *msg) {
    if (msg)
        protobuf_c_message_free_unpacked(msg, NULL);
}
