/* An operator's word that an unaccounted circuit goes. */
#include "daemon/fabric/change.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"

#include <errno.h>
#include <stdio.h>

static void land(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_ocs *ocs = step->object;
    ocs->port[step->number >> 16].clear_b = (uint16_t)(step->number & 0xffff);
    ocs->needs_reconcile = true;
}

static void revert(struct fabric *fabric, struct step *step, int64_t now_us) {
}

int fabric_clear_circuit(struct fabric *fabric, const struct fabric_actor *actor,
                         const struct fabric_ocs *ocs, unsigned a, unsigned b, int64_t now_us,
                         struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    char name[96], circuit[140];
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    if ((r = request_check_revision(actor, fabric_ocs_name(ocs, name), ocs->revision, refusal)))
        return r;
    snprintf(circuit, sizeof(circuit), "%s A%u-B%u", name, a, b);
    if (a < 1 || a > ocs->ports_a || b < 1 || b > ocs->ports_b)
        return refuse_invalid(refusal, "a", "%s: side A has ports 1 to %u, side B 1 to %u", circuit,
                              ocs->ports_a, ocs->ports_b);
    if (!ocs->is_readable)
        return refuse(refusal, REASON_OCS_UNREACHABLE, "ocs", "%s cannot be read: %s", name,
                      device_cause(ocs->device));
    if (ocs->pod->frozen) {
        refusal_set_fits(refusal, "an operator says `helioctl pod thaw`");
        return refuse(refusal, REASON_FROZEN, "ocs", "pod %s is frozen: %s", ocs->pod->name,
                      ocs->pod->frozen_text);
    }
    if (ocs->port[a].observed_b != b)
        return refuse_not_found(refusal, "a", "%s is not connected", circuit);
    if (ocs->port[a].circuit_class != CIRCUIT_UNACCOUNTED)
        return refuse_invalid(refusal, "a", "%s is %s; only an UNACCOUNTED circuit can be cleared", circuit,
                              circuit_class_name(ocs->port[a].circuit_class));
    *ret_outcome = (struct fabric_outcome){0};
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    change_add_event(change, "CIRCUIT_CLEARED", ocs->pod, name, NULL, circuit, "UNACCOUNTED", "");
    struct step step = {
        .land = land, .revert = revert, .object = (void *)ocs, .number = (int64_t)a << 16 | (int64_t)b};
    change_add_step(change, &step);
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, circuit, ret_outcome);
}
