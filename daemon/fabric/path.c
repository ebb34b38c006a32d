/* The management network: a switch that cannot be reached is known at once, not after a timeout. */
#include "daemon/fabric/state.h"

#include <stdio.h>

/* The far end of a link that has carrier again needs a moment: the kernel asks once a second who has an
 * address, and the first question should not be lost. */
#define SETTLE_US 20000

void fabric_set_path(struct fabric *fabric, const struct fabric_ocs *ocs_read, const struct fabric_path *path,
                     int64_t now_us) {
    struct fabric_ocs *ocs = (struct fabric_ocs *)ocs_read;
    bool was_lost = ocs->path.is_known ? path->losses != ocs->path.losses : !path->is_up;
    bool came_back = ocs->path.is_known ? path->returns != ocs->path.returns : ocs->path.is_down;
    ocs->path.is_known = true;
    ocs->path.losses = path->losses;
    ocs->path.returns = path->returns;
    ocs->path.is_down = !path->is_up;
    if (was_lost) {
        char cause[FABRIC_TEXT_MAX];
        snprintf(cause, sizeof(cause), "MANAGEMENT_LINK: %.120s", path->text);
        device_hold(ocs->device, cause, now_us);
    }
    if (path->is_up && (was_lost || came_back))
        device_retry_at(ocs->device, now_us + SETTLE_US);
    if (was_lost || came_back)
        fabric_mark(fabric);
}
