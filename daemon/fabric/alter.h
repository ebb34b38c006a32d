#pragma once
/* What every change to a slice that is there asks first. */
#include "daemon/fabric/change.h"

/* 0 or FABRIC_REFUSED. */
int alter_check_owner(const struct fabric_slice *slice, const struct fabric_actor *actor,
                      struct fabric_refusal *refusal);
int alter_check_revision(const struct fabric_slice *slice, const struct fabric_actor *actor,
                         struct fabric_refusal *refusal);
int alter_check_held(const struct fabric_slice *slice, struct fabric_refusal *refusal);
int alter_check_importing(const struct fabric_slice *slice, struct fabric_refusal *refusal);
/* Ends the operation that a newer one takes over. */
void alter_end_operation(struct change *change, struct fabric_slice *slice, const char *text);
