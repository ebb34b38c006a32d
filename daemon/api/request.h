#pragma once
/* What every mutation carries: the checks of heliostat.v1.Mutation and the hash that tells a repeat from
 * another request under the same id. */
#include "daemon/fabric/fabric.h"
#include "heliostat/v1/common.pb-c.h"

#define REQUEST_ID_MAX 64

/* 0 or FABRIC_REFUSED; mutation may be NULL (left out). */
__attribute__((warn_unused_result)) int mutation_check(const Heliostat__V1__Mutation *mutation,
                                                       struct fabric_refusal *refusal);
/* Of the packed request without the id itself. mutation is the one inside request, or NULL. Stable: stored.
 */
uint64_t request_hash(const ProtobufCMessage *request, const Heliostat__V1__Mutation *mutation);
/* The name of what a request is about: its own field "name", or that of its spec or its first spec; "": none.
 */
const char *request_object(const ProtobufCMessage *request);
/* True for valid UTF-8 without control characters (the decoder has checked UTF-8). */
bool request_is_printable(const char *text);
/* Of the field "reason": one line that people read in the log and in tables. 0 or FABRIC_REFUSED. */
__attribute__((warn_unused_result)) int request_check_reason(const char *reason,
                                                             struct fabric_refusal *refusal);
