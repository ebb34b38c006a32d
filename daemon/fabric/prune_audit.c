/* Old rows of the audit trail go; the hash of the last one stays as anchor, and a row says so. */
#include "daemon/fabric/change.h"

#include <stdio.h>

void fabric_prune_audit(struct fabric *fabric, int64_t through_id, int64_t now_us) {
    static const struct fabric_actor actor = {
        .principal = "heliostatd", .method = "PruneAudit", .request_id = ""};
    struct change *change = change_begin(fabric, actor.principal, now_us);
    char outcome[FABRIC_TEXT_MAX];
    if (!change)
        return;
    store_delete_through(change->rows, STORE_AUDIT, through_id);
    snprintf(outcome, sizeof(outcome),
             "rows to %lld were older than audit.keep_s; the chain goes on from the last",
             (long long)through_id);
    change_audit(change, &actor, "audit", outcome);
    if (change_submit(change) < 0)
        fabric_mark(fabric);
}
