/* Refused requests in the audit trail. */
#include "daemon/fabric/change.h"

#include <stdio.h>

void fabric_audit_refusal(struct fabric *fabric, const struct fabric_actor *actor, const char *object,
                          const char *text, int64_t now_us) {
    struct change *change = change_begin(fabric, actor->principal, now_us);
    char outcome[FABRIC_TEXT_MAX + 16];
    if (!change)
        return;
    snprintf(outcome, sizeof(outcome), "refused: %.*s", FABRIC_TEXT_MAX, text);
    change_audit(change, actor, object, outcome);
    if (change_submit(change) < 0)
        fabric_mark(fabric);
}
