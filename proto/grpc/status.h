#pragma once
/* gRPC status codes and the bytes of google.rpc.Status (grpc-status-details-bin). */
#include <stddef.h>
#include <stdint.h>

enum grpcx_status {
    GRPCX_OK = 0,
    GRPCX_CANCELLED = 1,
    GRPCX_UNKNOWN = 2,
    GRPCX_INVALID_ARGUMENT = 3,
    GRPCX_DEADLINE_EXCEEDED = 4,
    GRPCX_NOT_FOUND = 5,
    GRPCX_ALREADY_EXISTS = 6,
    GRPCX_PERMISSION_DENIED = 7,
    GRPCX_RESOURCE_EXHAUSTED = 8,
    GRPCX_FAILED_PRECONDITION = 9,
    GRPCX_ABORTED = 10,
    GRPCX_OUT_OF_RANGE = 11,
    GRPCX_UNIMPLEMENTED = 12,
    GRPCX_INTERNAL = 13,
    GRPCX_UNAVAILABLE = 14,
    GRPCX_DATA_LOSS = 15,
    GRPCX_UNAUTHENTICATED = 16,
};

/* "NOT_FOUND" and so on; a static string, "UNKNOWN" for a number outside the table. */
const char *grpcx_status_name(int code);

/* Encodes google.rpc.Status with at most one detail (type_url NULL: none). *ret_bytes is malloc'ed, the
 * caller frees it. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int grpcx_status_encode(int code, const char *message,
                                                            const char *type_url, const uint8_t *value,
                                                            size_t value_len, uint8_t **ret_bytes,
                                                            size_t *ret_len);

/* The fields of a google.rpc.Status; message, type_url and value point into the decoded bytes and are not
 * NUL-terminated. Only the first detail is kept; type_url is NULL when there is none. */
struct grpcx_status_view {
    int code;
    const char *message;
    size_t message_len;
    const char *type_url;
    size_t type_url_len;
    const uint8_t *value;
    size_t value_len;
};

/* 0 or -EBADMSG. */
__attribute__((warn_unused_result)) int grpcx_status_decode(const uint8_t *bytes, size_t len,
                                                            struct grpcx_status_view *ret_view);
