#pragma once
/* What is wrong with an inventory, as a refusal. */
#include "daemon/fabric/fabric.h"
#include "inventory/findings.h"

/* Every finding becomes an item, errors first. FABRIC_REFUSED. */
int refuse_findings(struct fabric_refusal *refusal, const char *field,
                    const struct inventory_findings *findings);
