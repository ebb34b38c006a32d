/* Who may be placed on a cube: an operator's cordon, drain and release, and what the controller sets itself.
 */
#include "daemon/fabric/scheduling.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/repair.h"
#include "daemon/fabric/request.h"

#include <stdio.h>
#include <string.h>

void scheduling_set(struct change *change, struct fabric_cube *cube, enum scheduling scheduling,
                    const char *reason, const char *by, int64_t drain_by_us) {
    char name[96];
    enum scheduling before = cube->scheduling;
    bool is_open = scheduling == SCHEDULING_SCHEDULABLE;
    change_cube_before(change, cube);
    cube->scheduling = scheduling;
    snprintf(cube->scheduling_reason, sizeof(cube->scheduling_reason), "%s", is_open ? "" : reason);
    snprintf(cube->scheduling_by, sizeof(cube->scheduling_by), "%s", is_open ? "" : by ? by : change->actor);
    cube->scheduling_since_us = is_open ? 0 : fabric_wall_us(change->fabric, change->now_us);
    cube->drain_by_us = drain_by_us;
    int64_t revision = change_add_event(change, "CUBE_SCHEDULING", cube->pod, fabric_cube_name(cube, name),
                                        cube->slice ? cube->slice->uid : 0, reason, scheduling_name(before),
                                        scheduling_name(scheduling));
    change_cube_done(change, cube, revision);
    if (is_open && !fabric_cube_is_used(cube))
        change_add_event(change, "CAPACITY_CHANGED", cube->pod, cube->pod->name, 0,
                         "a cube can be used again", "", "");
}

/* From which states each word of an operator leads where. */
static const struct verb {
    const char *word, *done; /* for refusals */
    unsigned from;           /* a bit for each scheduling */
    enum scheduling to;
} verbs[] = {
#define FROM(state) (1u << SCHEDULING_##state)
    [FABRIC_CORDON] = {"cordoned", "CORDONED", FROM(SCHEDULABLE), SCHEDULING_CORDONED},
    [FABRIC_UNCORDON] = {"uncordoned", "SCHEDULABLE", FROM(CORDONED) | FROM(DRAINED), SCHEDULING_SCHEDULABLE},
    [FABRIC_DRAIN] = {"drained", "DRAINING", FROM(SCHEDULABLE) | FROM(CORDONED) | FROM(DRAINING),
                      SCHEDULING_DRAINING},
    [FABRIC_CANCEL_DRAIN] = {"kept", "SCHEDULABLE", FROM(DRAINING), SCHEDULING_SCHEDULABLE},
    [FABRIC_RELEASE] = {"released", "SCHEDULABLE", FROM(QUARANTINED), SCHEDULING_SCHEDULABLE},
#undef FROM
};

static void list_states(unsigned from, char *text, size_t size) {
    size_t at = 0;
    text[0] = '\0';
    for (unsigned state = SCHEDULING_SCHEDULABLE; state <= SCHEDULING_QUARANTINED; state++)
        if (from >> state & 1 && at < size)
            at += (size_t)snprintf(text + at, size - at, "%s%s", at ? " or " : "",
                                   scheduling_name((enum scheduling)state));
}

int fabric_schedule_cube(struct fabric *fabric, const struct fabric_actor *actor,
                         const struct fabric_cube *cube_read, enum fabric_scheduling_verb word,
                         const char *reason, int64_t deadline_us, int64_t now_us,
                         struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    struct fabric_cube *cube = (struct fabric_cube *)cube_read;
    const struct verb *verb = &verbs[word];
    char name[96], states[96];
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    if (actor->if_revision && actor->if_revision != cube->revision)
        return refuse(refusal, REASON_REVISION_MOVED, "mutation.if_revision",
                      "%s is at revision %lld, the request is for %lld", fabric_cube_name(cube, name),
                      (long long)cube->revision, (long long)actor->if_revision);
    if (cube->pod->is_importing)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "cube", "the inventory of pod %s is being replaced",
                      cube->pod->name);
    if (!(verb->from >> cube->scheduling & 1)) {
        list_states(verb->from, states, sizeof(states));
        return refuse_invalid(refusal, "cube", "%s is %s and cannot be %s: it must be %s",
                              fabric_cube_name(cube, name), scheduling_name(cube->scheduling), verb->word,
                              states);
    }
    *ret_outcome = (struct fabric_outcome){0};
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    int64_t drain_by_us =
        word == FABRIC_DRAIN && deadline_us ? fabric_wall_us(fabric, now_us) + deadline_us : 0;
    scheduling_set(change, cube, verb->to, reason, NULL, drain_by_us);
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, fabric_cube_name(cube, name), ret_outcome);
}
