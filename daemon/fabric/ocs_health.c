#include "daemon/fabric/ocs_health.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/observe.h"

#include <stdio.h>

enum health ocs_health(const struct fabric_ocs *ocs, const struct attribution *attribution,
                       const char **ret_source, char ret_cause[FABRIC_TEXT_MAX]) {
    const struct fabric_maintenance *work = maintenance_of_ocs(ocs);
    unsigned failed = 0, first = 0;
    for (unsigned a = 1; a <= ocs->ports_a; a++)
        if (ocs->port[a].is_failed && !failed++)
            first = a;
    *ret_source = "device";
    if (work && work->accepted.is_failed) {
        *ret_source = "operator";
        snprintf(ret_cause, FABRIC_TEXT_MAX, "marked failed: %.150s", work->reason);
        return HEALTH_UNHEALTHY;
    }
    if (ocs->state == OCS_MISMATCH) {
        snprintf(ret_cause, FABRIC_TEXT_MAX, "%s", ocs->cause);
        return HEALTH_UNHEALTHY;
    }
    if (!observe_is_usable(ocs)) {
        *ret_source = "engine";
        snprintf(ret_cause, FABRIC_TEXT_MAX, "cannot be read%s%.150s", ocs->cause[0] ? ": " : "", ocs->cause);
        return HEALTH_UNKNOWN;
    }
    if (attribution->bad_switches >> ocs->index & 1) {
        *ret_source = "host report";
        snprintf(ret_cause, FABRIC_TEXT_MAX, "%u links through it are dark",
                 attribution->dark_links[ocs->index]);
        return HEALTH_UNHEALTHY;
    }
    if (failed) {
        snprintf(ret_cause, FABRIC_TEXT_MAX, "%u ports do not make their circuit; first: A%u", failed, first);
        return HEALTH_DEGRADED;
    }
    if (ocs->state == OCS_DRIFTED) {
        snprintf(ret_cause, FABRIC_TEXT_MAX, "%s", ocs->cause);
        return HEALTH_DEGRADED;
    }
    ret_cause[0] = '\0';
    return HEALTH_HEALTHY;
}
