#include "daemon/api/refusal.h"
#include "daemon/api/field_value.h"
#include "heliostat/v1/common.pb-c.h"
#include "proto/grpc/server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_URL "type.googleapis.com/heliostat.v1.Refusal"

/* Reasons that are not about capacity. */
static const enum grpcx_status status_of_reason[REASONS] = {
    [REASON_INVALID_TOPOLOGY] = GRPCX_INVALID_ARGUMENT,
    [REASON_INVALID_PIN] = GRPCX_INVALID_ARGUMENT,
    [REASON_REQUEST_ID_REUSED] = GRPCX_INVALID_ARGUMENT,
    [REASON_NAME_TAKEN] = GRPCX_ALREADY_EXISTS,
    [REASON_REVISION_MOVED] = GRPCX_ABORTED,
    [REASON_NOT_OWNER] = GRPCX_PERMISSION_DENIED,
    [REASON_QUOTA] = GRPCX_RESOURCE_EXHAUSTED,
    [REASON_STORE_UNAVAILABLE] = GRPCX_UNAVAILABLE,
};

static const enum grpcx_status status_of_kind[] = {
    [FABRIC_REFUSAL_REASON] = GRPCX_FAILED_PRECONDITION,
    [FABRIC_REFUSAL_NOT_FOUND] = GRPCX_NOT_FOUND,
    [FABRIC_REFUSAL_INVALID] = GRPCX_INVALID_ARGUMENT,
    [FABRIC_REFUSAL_LIMIT] = GRPCX_RESOURCE_EXHAUSTED,
};

enum grpcx_status refusal_status(const struct fabric_refusal *refusal) {
    if (refusal->reason > REASON_NONE && refusal->reason < REASONS && status_of_reason[refusal->reason])
        return status_of_reason[refusal->reason];
    return status_of_kind[refusal->kind];
}

int refuse_limit(struct fabric_refusal *refusal, const char *field, const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(refusal->text, sizeof(refusal->text), format, list);
    va_end(list);
    snprintf(refusal->field, sizeof(refusal->field), "%s", field);
    refusal->reason = REASON_NONE;
    refusal->kind = FABRIC_REFUSAL_LIMIT;
    return FABRIC_REFUSED;
}

/* How many of the first items find room. */
static size_t items_that_fit(const struct fabric_refusal *refusal, size_t room) {
    size_t n = 0, used = 0;
    while (n < refusal->n_items && used + strlen(refusal->items[n]) + 4 <= room)
        used += strlen(refusal->items[n++]) + 4;
    return n;
}

int refusal_encode(const struct fabric_refusal *refusal, const ProtobufCMessage *request, uint8_t **ret_bytes,
                   size_t *ret_len) {
    Heliostat__V1__Refusal message = HELIOSTAT__V1__REFUSAL__INIT;
    message.reason = (Heliostat__V1__Reason)refusal->reason;
    message.retry =
        (Heliostat__V1__Retry)(refusal->reason == REASON_NONE ? RETRY_NEVER : reason_retry(refusal->reason));
    message.text = (char *)refusal->text;
    message.field = (char *)refusal->field;
    message.would_fit_if = (char *)refusal->would_fit_if;
    message.nearest_topology = (char *)refusal->nearest;
    char value[FIELD_TEXT_MAX], takes[FIELD_TEXT_MAX] = "";
    field_value(request, refusal->field, value);
    if (message.retry == HELIOSTAT__V1__RETRY__RETRY_NEVER && refusal->reason != REASON_NOT_OWNER)
        field_accepted(request, refusal->field, takes);
    message.value = value;
    message.accepted = takes;
    size_t fixed = protobuf_c_message_get_packed_size(&message.base) + strlen(refusal->text) + 160;
    size_t n =
        items_that_fit(refusal, fixed < GRPCX_STATUS_DETAILS_MAX ? GRPCX_STATUS_DETAILS_MAX - fixed : 0);
    char more[64];
    char **items = malloc((n + 1) * sizeof(*items));
    if (!items)
        return -ENOMEM;
    if (n)
        memcpy(items, refusal->items, n * sizeof(*items));
    message.items = items;
    message.n_items = n;
    if (n < refusal->n_items) {
        snprintf(more, sizeof(more), "and %zu more", refusal->n_items - n);
        items[message.n_items++] = more;
    }
    size_t len = protobuf_c_message_get_packed_size(&message.base);
    uint8_t *bytes = malloc(len ? len : 1);
    int r = -ENOMEM;
    if (bytes) {
        protobuf_c_message_pack(&message.base, bytes);
        r = grpcx_status_encode(refusal_status(refusal), refusal->text, TYPE_URL, bytes, len, ret_bytes,
                                ret_len);
    }
    free(bytes);
    free(items);
    return r;
}

void refusal_finish(struct grpcx_call *call, const struct fabric_refusal *refusal) {
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (refusal_encode(refusal, grpcx_call_request(call), &bytes, &len) < 0)
        len = 0;
    grpcx_call_finish(call, refusal_status(refusal), refusal->text, bytes, len);
    free(bytes);
}
