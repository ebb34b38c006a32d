/* Ports without a fiber in which a loopback plug sits: light that a link sends there comes back to it. */
#include "daemon/fabric/change.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"

#include <stdio.h>
#include <stdlib.h>

struct before {
    unsigned side;
    uint16_t port;
    int64_t revision;
};

static void revert(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_ocs *ocs = step->object;
    const struct before *before = step->before;
    ocs->test_port[before->side] = before->port;
    ocs->revision = before->revision;
    free(step->before);
}

/* A port that a fiber moves to is blocked by that. */
static bool is_blocked(const struct fabric_ocs *ocs, unsigned side, unsigned port) {
    return side == TOPO_SIDE_A ? ocs->port[port].is_blocked : ocs->is_b_blocked[port];
}

static int check_port(const struct fabric_ocs *ocs, unsigned side, unsigned port, bool is_removed,
                      struct fabric_refusal *refusal) {
    const char letter = side == TOPO_SIDE_A ? 'A' : 'B';
    const uint16_t now = ocs->test_port[side];
    const uint16_t end = ocs->pod->wiring->end_of[ocs->index][side][port];
    if (is_removed && now != port)
        return refuse_not_found(refusal, "port", "%s %c%u is no test port", ocs->name, letter, port);
    if (!is_removed && end != TOPO_NO_END)
        return refuse_invalid(refusal, "port", "%s %c%u has the fiber of %s %s link %u; a test port has none",
                              ocs->name, letter, port, ocs->pod->cube[topo_end_cube(end)].name,
                              topo_face_name(topo_end_face(end)), topo_end_index(end));
    if ((side == TOPO_SIDE_A ? ocs->port[port].observed_b : ocs->observed_a[port]) != 0)
        return refuse(refusal, REASON_WOULD_DISRUPT, "port", "%s %c%u carries a circuit", ocs->name, letter,
                      port);
    if (is_removed)
        return 0;
    if (is_blocked(ocs, side, port))
        return refuse_invalid(refusal, "port", "a person works on %s %c%u", ocs->name, letter, port);
    if (now && now != port)
        return refuse_invalid(refusal, "port", "%c%u is the test port of side %c of %s; remove it first",
                              letter, now, letter, ocs->name);
    return 0;
}

int fabric_set_test_port(struct fabric *fabric, const struct fabric_actor *actor,
                         const struct fabric_ocs *read, unsigned side, unsigned port, bool is_removed,
                         int64_t now_us, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    struct fabric_ocs *ocs = (struct fabric_ocs *)read;
    char name[96], object[112], words[2][16] = {"", ""};
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    if (ocs->pod->is_importing)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "port", "the inventory of pod %s is being replaced",
                      ocs->pod->name);
    *ret_outcome = (struct fabric_outcome){0};
    fabric_ocs_name(ocs, name);
    if ((r = request_check_revision(actor, name, ocs->revision, refusal)) ||
        (r = check_port(ocs, side, port, is_removed, refusal)))
        return r;
    const uint16_t next = is_removed ? 0 : (uint16_t)port;
    if (actor->validate_only || ocs->test_port[side] == next)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    struct before *before = malloc(sizeof(*before));
    if (!change || !before) {
        free(before);
        if (change)
            change_abandon(change);
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    }
    *before = (struct before){side, ocs->test_port[side], ocs->revision};
    const char letter = side == TOPO_SIDE_A ? 'A' : 'B';
    snprintf(words[!is_removed], sizeof(*words), "%c%u", letter, port);
    ocs->test_port[side] = next;
    ocs->revision = change_add_event(change, "OCS_TEST_PORT", ocs->pod, name, NULL, "", words[0], words[1]);
    const struct store_ocs row = pod_ocs_row(ocs);
    store_put(change->rows, STORE_OCS, &row);
    const struct step step = {.land = step_forget_before, .revert = revert, .object = ocs, .before = before};
    change_add_step(change, &step);
    snprintf(object, sizeof(object), "%s/%c%u", name, letter, port);
    return request_submit(change, actor, 0, 0, object, ret_outcome);
}
