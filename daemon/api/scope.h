#pragma once
/* What a scheduler sees that shares a pod with others: its own slices, and of the rest that it is there, not
 * what it is called. */
#include "daemon/api/arena.h"
#include "daemon/api/roles.h"
#include "daemon/fabric/fabric.h"

#define SCOPE_HIDDEN "(hidden)" /* no name of anything: it has brackets */

/* Any version of the slice may be meant. */
bool scope_sees(const struct rights *rights, const struct fabric_slice *slice);
/* It is of slices of this client. Of an operation that was stored without its owner: of every slice that is
 * still there, and at least one. */
bool scope_sees_operation(const struct rights *rights, const struct fabric *fabric,
                          const struct fabric_operation *operation);
/* Writes SCOPE_HIDDEN over the names of others' slices and of their owners, in the fields that hold one and
 * in sentences. New strings live in the arena. Does nothing for those who see everything. */
void scope_message(const struct rights *rights, const struct fabric *fabric, struct arena *arena,
                   const ProtobufCMessage *message);
void scope_refusal(const struct rights *rights, const struct fabric *fabric, struct fabric_refusal *refusal);
/* The slice that a request names, where it is somebody else's: NOT_OWNER for a change, not found for a read.
 * 0 or FABRIC_REFUSED. */
__attribute__((warn_unused_result)) int scope_check_request(const struct rights *rights,
                                                            const struct fabric *fabric, bool is_mutation,
                                                            const ProtobufCMessage *request,
                                                            struct fabric_refusal *refusal);
