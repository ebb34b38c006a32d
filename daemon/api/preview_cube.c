/* Previews of drains, marks and tests of cubes. */
#include "daemon/api/preview_deed.h"
#include "daemon/fabric/qualify_cube.h"
#include "heliostat/v1/cube.pb-c.h"
#include "heliostat/v1/maintenance.pb-c.h"
#include "heliostat/v1/pod.pb-c.h"

#include <stdio.h>
#include <string.h>

#define FACE_LINKS (TOPO_FACES * TOPO_INDICES)

void preview_drain_cube(struct preview *p) {
    const Heliostat__V1__DrainCubeRequest *q = (const void *)p->request;
    const Heliostat__V1__DrainCubeResponse *tail = (const void *)p->tail;
    const struct fabric_cube *cube = preview_cube_named(p, q->cube);
    unsigned n_asked = 0, n_waits = 0, n_moved = 0;
    if (!cube)
        return;
    p->pod = cube->pod;
    p->needs_cubes = tail && tail->n_steps;
    for (size_t i = 0; tail && i < tail->n_steps; i++) {
        const Heliostat__V1__DrainStep *step = tail->steps[i];
        const struct fabric_cube *in = *step->replacement ? preview_cube_named(p, step->replacement) : NULL;
        n_moved += !strcmp(step->action, "swap");
        n_asked += !strcmp(step->action, "ask");
        n_waits += !strcmp(step->action, "wait");
        p->n_taken += in && !fabric_cube_is_used(in);
        if (in) {
            p->ocses |= preview_ocses_of_cube(p->pod, cube->index) | preview_ocses_of_cube(p->pod, in->index);
            topo_set_add(&p->cubes, in->index);
        }
        if (in && strcmp(step->action, "wait"))
            RISK("the links of slice %s that move are dark meanwhile (%u circuits go, %u come)%s",
                 step->slice, step->circuits_removed, step->circuits_added,
                 strcmp(step->action, "swap") ? "; its owner says when" : "; its rule is ANYTIME");
    }
    if (n_moved + n_asked) {
        if (cube->health != HEALTH_UNHEALTHY)
            preview_add_proof(p, p->ocses);
        preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
    }
    if (n_asked)
        RISK("%u owner%s asked first, and the drain lasts until %s: that time is not in it", n_asked,
             n_asked > 1 ? "s are" : " is", n_asked > 1 ? "they answer" : "he answers");
    if (n_waits)
        RISK("%u slice%s cannot move now: the drain does not end before", n_waits, n_waits > 1 ? "s" : "");
    if (q->deadline_s)
        FOLLOWS("an alarm is raised when it is not over in %u s", q->deadline_s);
}

static void note_failure(const struct fabric_drain_step *step, void *userdata) {
    struct preview *p = userdata;
    const struct fabric_slice *slice = step->slice;
    const struct slice_version *version = slice->accepted;
    const char *rule = version->disruption == DISRUPTION_ANYTIME ? "ANYTIME" : "ASK";
    char name[96] = "";
    if (step->replacement >= 0)
        snprintf(name, sizeof(name), "%.63s/%s", p->pod->name, p->pod->cube[step->replacement].name);
    if (version->state == SLICE_RESERVED) {
        FOLLOWS("slice %s of %s is RESERVED with it, and is not moved", slice->name, slice->owner);
        return;
    }
    FOLLOWS("slice %s of %s becomes INCOMPLETE: no job can run on it", slice->name, slice->owner);
    if (!strcmp(step->action, "wait")) {
        FOLLOWS("its rule is %s, and it cannot be repaired now: %s", rule, step->text);
        RISK("slice %s stays INCOMPLETE until a cube can take the place", slice->name);
        return;
    }
    p->n_taken++;
    p->needs_cubes = true;
    topo_set_add(&p->cubes, (unsigned)step->replacement);
    p->ocses |= preview_ocses_of_cube(p->pod, (unsigned)step->replacement);
    if (!strcmp(step->action, "swap")) {
        FOLLOWS("its rule is %s: %s takes the place at once, %u circuits go and %u come", rule, name,
                step->removed, step->added);
        return;
    }
    if (version->disruption == DISRUPTION_ANYTIME && version->is_pinned)
        FOLLOWS("its rule is ANYTIME, but its cubes were chosen by whoever asked for it: nothing moves "
                "before he names a cube for the place");
    else if (version->disruption == DISRUPTION_ANYTIME)
        FOLLOWS("its rule is ANYTIME, but it was repaired too often within an hour: nothing moves before "
                "somebody says `helioctl slice accept-disruption %s`",
                slice->name);
    else
        FOLLOWS("its rule is ASK: nothing moves before %s says `helioctl slice accept-disruption %s`; %s is "
                "held for it meanwhile",
                slice->owner, slice->name, name);
    RISK("slice %s stays INCOMPLETE until somebody says that word: that time is not in it", slice->name);
}

void preview_mark_cube(struct preview *p) {
    const Heliostat__V1__MarkCubeRequest *q = (const void *)p->request;
    const struct fabric_cube *cube = preview_cube_named(p, q->cube);
    if (!cube)
        return;
    p->pod = cube->pod;
    if (q->health == HELIOSTAT__V1__HEALTH__HEALTH_UNHEALTHY && cube->health != HEALTH_UNHEALTHY) {
        fabric_failure_steps(cube, p->now_us, note_failure, p);
        if (p->needs_cubes) {
            p->ocses |= preview_ocses_of_cube(p->pod, cube->index);
            preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
            preview_add_reports(&p->time, p->pod, 1, "until the repair is qualified");
            FOLLOWS("%s is QUARANTINED when it is out of its slice", cube->name);
        }
    } else if (q->health == HELIOSTAT__V1__HEALTH__HEALTH_UNKNOWN) {
        FOLLOWS("no new slice comes to it; a slice that is there stays as it is");
    } else if (q->health == HELIOSTAT__V1__HEALTH__HEALTH_HEALTHY && cube->mark) {
        FOLLOWS("what its hosts report counts again");
    } else if (q->health == HELIOSTAT__V1__HEALTH__HEALTH_DEGRADED && cube->health == HEALTH_UNHEALTHY) {
        RISK("this word counts for more than what hosts report: a job may get a cube that is UNHEALTHY "
             "(%.100s)",
             cube->health_cause);
    }
}

void preview_add_test(struct preview *p, const struct fabric_cube *cube, uint16_t partner, unsigned n_links) {
    const struct qualify_rounds rounds = qualify_plan_rounds(cube->pod, partner);
    const bool has_partner = partner != QUALIFY_NO_PARTNER;
    p->pod = cube->pod;
    p->is_blind_to_signs = !has_partner && !rounds.uses_test_ports;
    p->ocses = preview_ocses_of_cube(cube->pod, cube->index);
    topo_set_add(&p->cubes, cube->index);
    FOLLOWS("%u links are tested in %u rounds: %u of self-loops%s%s", n_links, rounds.n_rounds,
            rounds.n_coded,
            has_partner              ? ", one against "
            : rounds.uses_test_ports ? ", one against test ports"
                                     : "; nothing stands at the other end",
            has_partner ? cube->pod->cube[partner].name : "");
    if (has_partner) {
        topo_set_add(&p->cubes, partner);
        FOLLOWS("no slice comes to %s meanwhile; its dark circuits on these ports go",
                cube->pod->cube[partner].name);
    }
    preview_add_mirrors(&p->time, p->pod, p->ocses, rounds.n_rounds);
    preview_add_reports(&p->time, p->pod, rounds.n_rounds, "after each");
}

void preview_qualify_cube(struct preview *p) {
    const Heliostat__V1__QualifyCubeRequest *q = (const void *)p->request;
    const struct fabric_cube *cube = preview_cube_named(p, q->cube);
    const struct fabric_cube *partner = *q->partner ? preview_cube_named(p, q->partner) : NULL;
    if (cube)
        preview_add_test(p, cube, partner ? partner->index : qualify_choose_partner(cube), FACE_LINKS);
}
