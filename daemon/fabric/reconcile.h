#pragma once
/* Turns the difference between durable intent and what was read back into one command for a switch.
 * Level-triggered: it looks at the whole switch, whatever woke it. */
#include "daemon/fabric/state.h"

/* Sends what may be sent now to every switch of the pod that is marked. */
void reconcile_pod(struct fabric_pod *pod, int64_t now_us);
/* When a switch of the pod wants to be looked at again by itself; INT64_MAX: never. */
int64_t reconcile_next_us(const struct fabric_pod *pod);
/* What would be sent to a switch if nothing held it back. remove and add have room for ports_a pairs each. */
struct reconcile_wish {
    struct device_pair *remove, *add;
    size_t n_remove, n_add;
    bool wants_second_read; /* something unexpected must be seen twice before it is removed */
};
void reconcile_wish(const struct fabric_ocs *ocs, int64_t now_us, bool as_if_thawed,
                    struct reconcile_wish *wish);
/* Why the circuit that is intended at A port a, and missing, is not added. Static. */
const char *reconcile_why_not(const struct fabric_ocs *ocs, unsigned a, int64_t now_us);
/* Somebody asked for the port's circuit and waits for it; anything else comes back by itself. */
bool reconcile_is_asked_for(const struct fabric_port *port);
/* The intended circuit at A port a, which is missing and which nobody waits for, may be put right. */
bool reconcile_may_restore(const struct fabric_ocs *ocs, unsigned a, int64_t now_us);
/* A person says that the pod may be put right: what was given up, or fought over, counts from the beginning.
 */
void reconcile_begin_anew(struct fabric_pod *pod);
