/* Fibers that are not where the table says, from what hosts see at the far end.
 *
 * By record end E leads to F. A host at E sees X instead.
 * 1. X leads to nobody by record: the strands of F and X are exchanged.
 * 2. E leads to nobody by record, X leads to G: the strands of E and G are exchanged.
 * 3. X leads to G: either those of F and X are exchanged, or those of E and G. Both look the same while these
 * two circuits stand; both pairs are named.
 * 4. F or G sees something that neither explains: only the end itself is named. */
#include "ctl/verify/verify.h"
#include <stdlib.h>

struct search {
    const struct verify_plant *plant;
    struct verify_report *report;
    bool *told; /* by end */
};

static bool sees_or_is_silent(const struct search *s, int end, int far) {
    const struct verify_sight *sight = &s->plant->sight[end];
    return !sight->heard || !sight->light || sight->far == far;
}

static const char *slice_at(const struct search *s, int end) {
    const Heliostat__V1__Slice *slice = end < 0 ? NULL : s->plant->slice_of[verify_end_cube(end)];
    return slice ? slice->name : "";
}

static const char *cube_at(const struct search *s, int end) {
    return s->plant->cube_names[verify_end_cube(end)];
}

static void tell_pair(struct search *s, int first, int second, int other, int other_second) {
    struct verify_problem problem = {.kind = VERIFY_CROSSED_FIBERS};
    struct verify_end_text a = verify_end_and_port(s->plant, first),
                           b = verify_end_and_port(s->plant, second);
    const int ends[4] = {first, second, other, other_second};
    problem.cubes[0] = cube_at(s, first);
    problem.cubes[1] = cube_at(s, second);
    if (s->plant->port_of[first].ocs >= 0)
        problem.ocs = s->plant->ocses[s->plant->port_of[first].ocs].name;
    for (unsigned i = 0, n = 0; i < 4 && n < 2; i++) {
        const char *slice = slice_at(s, ends[i]);
        if (*slice && (n == 0 || problem.slices[0] != slice))
            problem.slices[n++] = slice;
    }
    for (unsigned i = 0; i < 4; i++)
        if (ends[i] >= 0)
            s->told[ends[i]] = true;
    if (other < 0)
        verify_add(s->report, &problem, "the fibers of %s and %s are crossed", a.text, b.text);
    else
        verify_add(
            s->report, &problem,
            "the fibers of %s and %s are crossed, or those of %s and %s: while both circuits stand the light "
            "is the same",
            a.text, b.text, verify_end_and_port(s->plant, other).text,
            verify_end_and_port(s->plant, other_second).text);
}

static void tell_end(struct search *s, int end, int expected, int seen) {
    struct verify_problem problem = {.kind = VERIFY_WRONG_FAR_END, .slices = {slice_at(s, end)}};
    problem.cubes[0] = cube_at(s, end);
    s->told[end] = true;
    /* Links of slices were told of by their proof. */
    if (*problem.slices[0])
        return;
    if (expected < 0)
        verify_add(s->report, &problem, "%s sees %s, and no circuit leads there",
                   verify_end_and_port(s->plant, end).text, verify_end_name(s->plant, seen).text);
    else
        verify_add(s->report, &problem, "%s sees %s, not %s", verify_end_and_port(s->plant, end).text,
                   verify_end_name(s->plant, seen).text, verify_end_name(s->plant, expected).text);
}

/* Light of a slice whose mirrors are moving says nothing about fibers. */
static bool is_moving(const struct search *s, int end) {
    return end >= 0 && s->plant->moving[verify_end_cube(end)];
}

/* What a switch that cannot be read connects now is not known: no fiber can be blamed. */
static bool is_unread(const struct search *s, int end) {
    int ocs = end >= 0 ? s->plant->port_of[end].ocs : VERIFY_NONE;
    return ocs >= 0 && s->plant->ocses[ocs].unread;
}

static void look_at(struct search *s, int end) {
    const struct verify_sight *sight = &s->plant->sight[end];
    int expected = verify_record_peer(s->plant, end), seen = sight->far;
    if (s->told[end] || !sight->heard || !sight->light || seen == expected || is_moving(s, end) ||
        is_moving(s, expected) || is_moving(s, seen) || is_unread(s, end) || is_unread(s, seen))
        return;
    if (seen < 0) {
        tell_end(s, end, expected, seen);
        return;
    }
    int other = verify_record_peer(s->plant, seen);
    if (expected >= 0 && other < 0)
        tell_pair(s, expected, seen, VERIFY_NONE, VERIFY_NONE);
    else if (expected < 0 && other >= 0)
        tell_pair(s, end, other, VERIFY_NONE, VERIFY_NONE);
    else if (expected >= 0 && sees_or_is_silent(s, seen, end) && sees_or_is_silent(s, expected, other) &&
             sees_or_is_silent(s, other, expected))
        tell_pair(s, expected, seen, end, other);
    else
        tell_end(s, end, expected, seen);
}

void verify_crossed_fibers(const struct verify_plant *plant, struct verify_report *report) {
    size_t ends = (size_t)plant->n_cubes * VERIFY_ENDS_PER_CUBE;
    struct search search = {plant, report, calloc(ends + 1, sizeof(bool))};
    if (!search.told) {
        report->out_of_memory = true;
        return;
    }
    for (size_t end = 0; end < ends; end++)
        look_at(&search, (int)end);
    free(search.told);
}
