/* Both ends of a circuit belong to the same slice, or both to free, healthy, schedulable cubes; or it is a
 * test circuit on no slice's cube; or it is on its way out. */
#include "ctl/verify/verify.h"
#include <string.h>

struct owner {
    const Heliostat__V1__Slice *slice; /* NULL: free */
    const Heliostat__V1__CubeStatus *status;
    int end; /* VERIFY_NONE: not cabled */
};

static struct owner owner_of(const struct verify_plant *plant, int end) {
    if (end < 0)
        return (struct owner){.end = VERIFY_NONE};
    unsigned cube = verify_end_cube(end);
    /* A reservation connects nothing yet: its cubes keep what a former slice left. */
    const Heliostat__V1__Slice *slice = plant->slice_of[cube];
    if (slice && slice->state == HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_RESERVED)
        slice = NULL;
    return (struct owner){slice, plant->status_of[cube], end};
}

/* Not seen is not failed: an UNKNOWN cube keeps its dark circuits. */
static bool is_fit(const struct owner *owner) {
    return owner->status && owner->status->health != HELIOSTAT__V1__HEALTH__HEALTH_UNHEALTHY &&
           owner->status->scheduling <= HELIOSTAT__V1__SCHEDULING__SCHEDULING_SCHEDULABLE;
}

static void judge(const struct verify_plant *plant, const Heliostat__V1__Circuit *c, struct owner a,
                  struct owner b, struct verify_report *report) {
    struct verify_problem problem = {.kind = VERIFY_ISOLATION, .ocs = c->ocs, .a = c->a, .b = c->b};
    struct verify_end_text ends[2] = {verify_end_name(plant, a.end), verify_end_name(plant, b.end)};
    bool on_its_way_out = c->circuit_class == HELIOSTAT__V1__CIRCUIT_CLASS__CIRCUIT_CLASS_STALE;
    bool is_test = c->circuit_class == HELIOSTAT__V1__CIRCUIT_CLASS__CIRCUIT_CLASS_TEST;
    problem.cubes[0] = a.end < 0 ? "" : plant->cube_names[verify_end_cube(a.end)];
    problem.cubes[1] = b.end < 0 ? "" : plant->cube_names[verify_end_cube(b.end)];
    problem.slices[0] = a.slice ? a.slice->name : "";
    problem.slices[1] = b.slice ? b.slice->name : "";
    if (a.slice && a.slice == b.slice)
        return;
    if (a.slice && b.slice) {
        verify_add(report, &problem, "%s A%u-B%u joins two slices: %s of %s and %s of %s", c->ocs, c->a, c->b,
                   ends[0].text, a.slice->name, ends[1].text, b.slice->name);
    } else if (a.slice || b.slice) {
        const Heliostat__V1__Slice *slice = a.slice ? a.slice : b.slice;
        if (!plant->moving[verify_end_cube(a.slice ? a.end : b.end)])
            verify_add(report, &problem, "%s A%u-B%u joins slice %s to what is not of it: %s and %s", c->ocs,
                       c->a, c->b, slice->name, ends[0].text, ends[1].text);
    } else if (a.end >= 0 && b.end >= 0 && !is_test && !on_its_way_out && (!is_fit(&a) || !is_fit(&b))) {
        const struct owner *unfit = is_fit(&a) ? &b : &a;
        verify_add(report, &problem, "%s A%u-B%u stays on %s, which is not fit for use (link to %s)", c->ocs,
                   c->a, c->b, ends[unfit == &b].text, ends[unfit == &a].text);
    }
}

void verify_isolation(const struct verify_plant *plant, const struct verify_input *input,
                      struct verify_report *report) {
    for (size_t i = 0; i < input->circuits->n_circuits; i++) {
        const Heliostat__V1__Circuit *c = input->circuits->circuits[i];
        if (!c->observed)
            continue;
        int number = verify_find_ocs(plant, c->ocs);
        const struct verify_ocs *ocs = number < 0 ? NULL : &plant->ocses[number];
        if (!ocs || c->a == 0 || c->a > ocs->ports[0] || c->b == 0 || c->b > ocs->ports[1])
            continue; /* told of when the circuits were read */
        int a = ocs->end_of[0][c->a], b = ocs->end_of[1][c->b];
        if (a >= 0 || b >= 0)
            judge(plant, c, owner_of(plant, a), owner_of(plant, b), report);
    }
}
