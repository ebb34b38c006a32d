#pragma once
/* A link of a new circuit that stays dark is made anew once, before it is called failed: a mirror may have
 * settled badly. Only where nothing is disturbed by it: the slice has not qualified yet, or its circuits may
 * be moved at any time. */
#include "daemon/fabric/reconcile.h"

/* The link at the port is dark: true while it is to be made anew, or is under way, and not to be judged. */
bool link_retry_holds(const struct slice_version *version, struct fabric_ocs *ocs, struct fabric_port *port);
/* Fills an empty wish with the circuits that are to be removed and added again. */
void link_retry_wish(const struct fabric_ocs *ocs, struct reconcile_wish *wish);
/* The circuit was sent as part of such a wish. True: it is no drift. */
bool link_retry_sent(struct fabric_port *port);
/* The link is not dark any more. */
void link_retry_drop(struct fabric_port *port);
/* A map shows the circuit there. True: it was made anew, what was said of its light before counts no more. */
bool link_retry_is_over(struct fabric_port *port);
