#pragma once
/* How a refusal (daemon/fabric/refuse.h) goes out: as a gRPC status with a heliostat.v1.Refusal. */
#include "daemon/fabric/refuse.h"
#include "proto/grpc/status.h"
#include <protobuf-c/protobuf-c.h>

struct grpcx_call;

/* FABRIC_REFUSED with RESOURCE_EXHAUSTED. */
__attribute__((format(printf, 3, 4))) int refuse_limit(struct fabric_refusal *refusal, const char *field,
                                                       const char *format, ...);

enum grpcx_status refusal_status(const struct fabric_refusal *refusal);
/* request: what is refused, for its value in the field; may be NULL.
 * google.rpc.Status with one Refusal, at most GRPCX_STATUS_DETAILS_MAX bytes: items that find no room
 * are counted in the last one. *ret_bytes is malloc'ed. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int refusal_encode(const struct fabric_refusal *refusal,
                                                       const ProtobufCMessage *request, uint8_t **ret_bytes,
                                                       size_t *ret_len);
/* Ends the call with the refusal. */
void refusal_finish(struct grpcx_call *call, const struct fabric_refusal *refusal);
