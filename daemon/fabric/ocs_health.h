#pragma once
/* How a switch is, in the words that cubes and hosts have too. */
#include "daemon/fabric/attribution.h"

/* The worst that the switch itself, its ports and the light through it say. UNKNOWN while it is not read.
 * ret_source: "operator", "device", "host report" or "engine"; ret_cause: "" where it is HEALTHY. */
enum health ocs_health(const struct fabric_ocs *ocs, const struct attribution *attribution,
                       const char **ret_source, char ret_cause[FABRIC_TEXT_MAX]);
