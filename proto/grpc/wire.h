#pragma once
/* Shared by client and server: varints, base64, percent-encoding, grpc-timeout and the five-byte message
 * frames. */
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 or -EBADMSG. */
int grpcx_varint(const uint8_t **p, const uint8_t *end, uint64_t *ret);
/* One protobuf field; data and len only of wire type 2, value only of wire type 0. 0 or -EBADMSG. */
struct grpcx_field {
    uint64_t number, value;
    unsigned wire;
    const uint8_t *data;
    size_t len;
};
int grpcx_field_next(const uint8_t **p, const uint8_t *end, struct grpcx_field *ret_field);
/* malloc'ed strings, NULL without memory. */
char *grpcx_base64(const uint8_t *bytes, size_t len);
uint8_t *grpcx_unbase64(const char *text, size_t len, size_t *ret_len);
char *grpcx_percent(const char *text, size_t max); /* cut before the escape that would pass max bytes */
char *grpcx_unpercent(const char *text, size_t len);
/* "100m" to microseconds; -EINVAL. */
int64_t grpcx_parse_timeout(const char *text, size_t len);

/* Reassembles one frame at a time; memory grows with what came, never with what the length promises. */
struct grpcx_reader {
    uint8_t head[5];
    size_t head_len;
    uint8_t *body;
    size_t len, have, cap;
};
enum grpcx_read {
    GRPCX_READ_MORE,
    GRPCX_READ_MESSAGE, /* body[0..len) is whole; grpcx_reader_next() afterwards */
    GRPCX_READ_COMPRESSED,
    GRPCX_READ_TOO_BIG,
    GRPCX_READ_NOMEM,
};
enum grpcx_read grpcx_reader_feed(struct grpcx_reader *r, const uint8_t **p, const uint8_t *end, size_t max);
void grpcx_reader_next(struct grpcx_reader *r);

/* Bytes to send, with frame heads. */
struct grpcx_queue {
    uint8_t *bytes;
    size_t at, len, cap;
};
int grpcx_queue_packed(struct grpcx_queue *q, const uint8_t *bytes, size_t len); /* 0 or -ENOMEM */
int grpcx_queue_message(struct grpcx_queue *q, const ProtobufCMessage *msg);
size_t grpcx_queue_take(struct grpcx_queue *q, uint8_t *out, size_t max);
void grpcx_queue_drop(struct grpcx_queue *q, size_t len); /* the first len bytes are done with */
void grpcx_queue_deinit(struct grpcx_queue *q);
