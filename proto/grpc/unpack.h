#pragma once
/* Unpacking hostile protobuf bytes: checked on the wire along the descriptor, then unpacked under a budget.
 */
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct grpcx_unpack_limits {
    size_t max_bytes_allocated; /* 0: 64 MiB */
    size_t max_count;           /* fields and packed elements over the whole message; 0: 1,000,000 */
    unsigned max_depth;         /* nested messages; 0: 32 */
};

#define GRPCX_UNPACK_REFUSED 1

/* Checks lengths, wire types, field count, depth, and that strings are UTF-8 without NUL. limits NULL:
 * defaults. On success *ret_msg is owned by the caller: grpcx_unpack_free(). 0, GRPCX_UNPACK_REFUSED with a
 * text in error that names the field (error may be NULL), or -ENOMEM. */
__attribute__((warn_unused_result)) int grpcx_unpack(const ProtobufCMessageDescriptor *descriptor,
                                                     const uint8_t *bytes, size_t len,
                                                     const struct grpcx_unpack_limits *limits,
                                                     ProtobufCMessage **ret_msg, char *error,
                                                     size_t error_size);

/* The same; *ret_allocated is what the message took of max_bytes_allocated. */
__attribute__((warn_unused_result)) int
grpcx_unpack_counted(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t len,
                     const struct grpcx_unpack_limits *limits, ProtobufCMessage **ret_msg,
                     size_t *ret_allocated, char *error, size_t error_size);

/* Frees an unpacked message; NULL is fine. */
void grpcx_unpack_free(ProtobufCMessage *msg);
