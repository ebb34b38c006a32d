/* Who may be placed on a cube: an operator's cordon, drain and release, and what the controller sets itself.
 */
#include "daemon/fabric/scheduling.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/repair.h"
#include "daemon/fabric/request.h"

#include <stdio.h>
#include <string.h>

static void set(struct change *change, struct fabric_cube *cube, enum scheduling scheduling,
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
    int64_t revision =
        change_add_event(change, "CUBE_SCHEDULING", cube->pod, fabric_cube_name(cube, name), cube->slice,
                         reason, scheduling_name(before), scheduling_name(scheduling));
    change_cube_done(change, cube, revision);
    if (is_open && !fabric_cube_is_used(cube))
        change_add_event(change, "CAPACITY_CHANGED", cube->pod, cube->pod->name, NULL,
                         "a cube can be used again", "", "");
}

void scheduling_happens(struct change *change, struct fabric_cube *cube, enum scheduling_event event,
                        const char *reason, const char *by, int64_t drain_by_us) {
    enum scheduling next;
    if (scheduling_follows(cube->scheduling, event, &next) && next != cube->scheduling)
        set(change, cube, next, reason, by, drain_by_us);
}

/* The words of an operator. */
static const struct verb {
    const char *word; /* for refusals */
    enum scheduling_event event;
} verbs[] = {
    [FABRIC_CORDON] = {"cordoned", CUBE_CORDON},   [FABRIC_UNCORDON] = {"uncordoned", CUBE_UNCORDON},
    [FABRIC_DRAIN] = {"drained", CUBE_DRAIN},      [FABRIC_CANCEL_DRAIN] = {"kept", CUBE_CANCEL_DRAIN},
    [FABRIC_RELEASE] = {"released", CUBE_RELEASE},
};

static void list_states(enum scheduling_event event, char *text, size_t size) {
    size_t at = 0;
    enum scheduling next;
    text[0] = '\0';
    for (unsigned state = SCHEDULING_SCHEDULABLE; state < SCHEDULINGS; state++)
        if (scheduling_follows((enum scheduling)state, event, &next) && at < size)
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
    if ((r = request_check_revision(actor, fabric_cube_name(cube, name), cube->revision, refusal)))
        return r;
    if (cube->pod->is_importing)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "cube", "the inventory of pod %s is being replaced",
                      cube->pod->name);
    enum scheduling next;
    if (!scheduling_follows(cube->scheduling, verb->event, &next)) {
        list_states(verb->event, states, sizeof(states));
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
    set(change, cube, next, reason, NULL, drain_by_us); /* a drain may get another deadline */
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, fabric_cube_name(cube, name), ret_outcome);
}
