#include "ctl/whatif/steps.h"
#include "ctl/whatif/target.h"
#include "ctl/whatif/values.h"
#include "topology/explain.h"
#include "topology/gang.h"
#include "topology/whatif/buy.h"
#include "topology/whatif/trial_pod.h"
#include <string.h>

#define COPIES_MAX 4096

static const char *join(struct ctl *ctl, char *const *words, size_t n) {
    char *line = ctl_text(ctl, "%s", n ? words[0] : "");
    for (size_t i = 1; i < n; i++)
        line = ctl_text(ctl, "%s %s", line, words[i]);
    return line;
}

static uint32_t largest_now(const struct whatif_steps *s) {
    struct topo_shape shape;
    return whatif_largest(s->start->pod, s->degraded, &shape) ? shape.n_chips : 0;
}

/* One line for a step: what it did and what is left. */
static void add_step(struct whatif_steps *s, const char *what, uint32_t before, const char *result) {
    static const char *const columns[] = {"STEP|step",
                                          "WHAT|what",
                                          "RESULT|result",
                                          "LARGEST BEFORE|largestChipsBefore",
                                          "LARGEST AFTER|largestChipsAfter",
                                          "FREE CUBES|freeCubes",
                                          NULL};
    if (!s->steps)
        s->steps =
            whatif_table_new(s->report, "steps", "Steps (largest: chips of the largest new slice)", columns);
    whatif_number(s->report, s->steps, "%u", s->number);
    whatif_text(s->report, s->steps, "%s", what);
    whatif_text(s->report, s->steps, "%s", result);
    whatif_number(s->report, s->steps, "%u", before);
    whatif_number(s->report, s->steps, "%u", largest_now(s));
    whatif_number(s->report, s->steps, "%u", whatif_free_cubes(s->start->pod, s->degraded));
}

static const char *cube_list(struct whatif_steps *s, const uint16_t *cubes, unsigned n) {
    char *list = ctl_text(s->ctl, "%s", n ? whatif_cube_name(s->ctl, s->start, cubes[0]) : "");
    for (unsigned i = 1; i < n && i < 8; i++)
        list = ctl_text(s->ctl, "%s %s", list, whatif_cube_name(s->ctl, s->start, cubes[i]));
    return n > 8 ? ctl_text(s->ctl, "%s and %u more", list, n - 8) : list;
}

static void add_fate(struct whatif_steps *s, unsigned i, const struct whatif_slice_fate *fate, bool drain) {
    static const char *const columns[] = {"STEP|step",
                                          "SLICE|slice",
                                          "TOPOLOGY|topology",
                                          "FATE|fate",
                                          "CUBES OUT|cubesOut",
                                          "CUBES IN|cubesIn",
                                          "LINKS MISSING|linksMissing",
                                          "MIRROR MOVES|mirrorMoves",
                                          "WHY NOT|reason",
                                          NULL};
    static const char *const fates[] = {"untouched", "degraded", "repairable", "lost"};
    static const char *const drain_fates[] = {"untouched", "degraded", "can move", "must stay"};
    char shape[48];
    if (fate->fate == WHATIF_UNTOUCHED)
        return;
    if (!s->slices)
        s->slices = whatif_table_new(s->report, "slices", "Slices that it touches", columns);
    topo_shape_format(&s->start->slices[i].shape, shape, sizeof(shape));
    whatif_number(s->report, s->slices, "%u", s->number);
    whatif_text(s->report, s->slices, "%s", s->start->slice_names[i]);
    whatif_text(s->report, s->slices, "%s", shape);
    whatif_text(s->report, s->slices, "%s", (drain ? drain_fates : fates)[fate->fate]);
    whatif_text(s->report, s->slices, "%s", cube_list(s, fate->lost, fate->n_swaps));
    whatif_text(s->report, s->slices, "%s",
                fate->fate == WHATIF_REPAIRABLE ? cube_list(s, fate->replaced, fate->n_swaps) : "");
    whatif_number(s->report, s->slices, "%u", fate->missing_links);
    whatif_number(s->report, s->slices, "%u", fate->moves);
    whatif_text(s->report, s->slices, "%s", fate->fate == WHATIF_LOST ? topo_reason_name(fate->reason) : "");
}

/* Slices that were repaired stand on their new cubes from now on. */
static void keep_repairs(struct whatif_steps *s, const struct whatif_slice_fate *fates) {
    for (unsigned i = 0; i < s->start->n_slices; i++) {
        struct whatif_slice *slice = &s->start->slices[i];
        if (fates[i].fate != WHATIF_REPAIRABLE)
            continue;
        for (unsigned j = 0; j < fates[i].n_swaps; j++)
            for (unsigned p = 0; p < slice->shape.n_cubes; p++)
                if (slice->cubes[p] == fates[i].lost[j]) {
                    slice->cubes[p] = fates[i].replaced[j];
                    break;
                }
    }
}

static bool step_break(struct whatif_steps *s, char *const *words, size_t n, char *error) {
    bool drain = strcmp(words[0], "drain") == 0;
    struct whatif_loss *loss = ctl_alloc(s->ctl, sizeof(*loss));
    struct whatif_slice_fate *fates = ctl_alloc(s->ctl, (s->start->n_slices + 1) * sizeof(*fates));
    struct whatif_world world = {s->start->pod, s->start->slices, s->start->n_slices};
    uint32_t before = largest_now(s);
    if (n < 2) {
        snprintf(error, WHATIF_ERROR_MAX,
                 "%s needs the name of a cube, host, link end, switch, row or power domain", words[0]);
        return false;
    }
    for (size_t i = 1; i < n; i++)
        if (!whatif_add_target(s->start, words[i], loss, error))
            return false;
    if (drain && loss->ocses) {
        snprintf(error, WHATIF_ERROR_MAX,
                 "only cubes can be drained here; for a switch ask what its failure would do");
        return false;
    }
    (drain ? whatif_drain : whatif_break)(&world, loss, s->scratch, fates, &s->last);
    for (unsigned i = 0; i < s->start->n_slices; i++)
        add_fate(s, i, &fates[i], drain);
    keep_repairs(s, fates);
    *s->start->pod = *s->scratch;
    const struct whatif_damage *d = &s->last;
    const char *result =
        drain
            ? ctl_text(s->ctl, "%u slices (%u chips) can move with %u mirror moves, %u (%u chips) must stay",
                       d->repairable, d->chips_repairable, d->moves, d->lost, d->chips_lost)
            : ctl_text(s->ctl,
                       "%u slices (%u chips) lost, %u (%u) stop and can be repaired, %u (%u) lack %u links",
                       d->lost, d->chips_lost, d->repairable, d->chips_repairable, d->degraded,
                       d->chips_degraded, d->missing_links);
    add_step(s, join(s->ctl, words, n), before, result);
    s->all_refused |= d->lost > 0;
    return true;
}

static bool step_repair(struct whatif_steps *s, char *const *words, size_t n, char *error) {
    struct whatif_loss *loss = ctl_alloc(s->ctl, sizeof(*loss));
    struct topo_pod *pod = s->start->pod;
    uint32_t before = largest_now(s);
    for (size_t i = 1; i < n; i++)
        if (!whatif_add_target(s->start, words[i], loss, error))
            return false;
    for (unsigned word = 0; word < TOPO_CUBE_WORDS; word++) {
        pod->unhealthy.word[word] &= ~loss->cubes.word[word];
        pod->unschedulable.word[word] &= ~loss->cubes.word[word];
    }
    pod->bad_ocses &= ~loss->ocses;
    for (unsigned cube = 0; cube < s->start->wiring->n_cubes; cube++) {
        pod->bad_hosts[cube] &=
            (uint16_t) ~(topo_set_has(&loss->cubes, cube) ? UINT16_MAX : loss->hosts[cube]);
        for (unsigned face = 0; face < TOPO_FACES; face++)
            pod->bad_ends[cube][face] &= (uint16_t)~loss->ends[cube][face];
    }
    topo_pod_refresh_ends(pod);
    add_step(s, join(s->ctl, words, n), before, "works again");
    return true;
}

static bool step_buy(struct whatif_steps *s, char *const *words, size_t n, char *error) {
    struct topo_pod *pod = s->start->pod;
    uint32_t before = largest_now(s);
    int64_t wanted;
    int full;
    if (n < 2 || n > 3 || !ctl_parse_number(words[1], &wanted) || wanted < 1 || wanted > TOPO_CUBES_MAX ||
        (n == 3 && strcmp(words[2], "cubes") != 0)) {
        snprintf(error, WHATIF_ERROR_MAX, "write buy N, with 1 to %d cubes", TOPO_CUBES_MAX);
        return false;
    }
    unsigned first = s->start->wiring->n_cubes;
    unsigned added = whatif_buy(s->start->wiring, (unsigned)wanted, s->keep_ports, &full);
    unsigned last_row = whatif_rows(s->start);
    for (unsigned cube = first; cube < s->start->wiring->n_cubes; cube++) {
        pod->row[cube] = (uint8_t)(last_row + (cube - first) / 8);
        pod->power_domain[cube] = pod->row[cube];
    }
    topo_pod_refresh_ends(pod);
    const char *result = ctl_text(s->ctl, "%u cubes more, %u in all, %u chips", added,
                                  s->start->wiring->n_cubes, 64u * s->start->wiring->n_cubes);
    if (added < wanted && full >= 0)
        result =
            ctl_text(s->ctl, "%s; stops there: %s has no port free on a side (%u kept for tests and repairs)",
                     result, s->start->ocs_names[full], s->keep_ports);
    else if (added < wanted)
        result = ctl_text(s->ctl, "%s; stops there: a pod has at most %d cubes", result, TOPO_CUBES_MAX);
    if (largest_now(s) == 64u * pod->largest_slice_cubes)
        result = ctl_text(s->ctl, "%s; the largest slice of this model stays %u chips", result,
                          64u * pod->largest_slice_cubes);
    add_step(s, join(s->ctl, words, n), before, result);
    s->all_refused |= added < wanted;
    return true;
}

struct wanted {
    const char *text;
    struct topo_shape shape;
    unsigned copies;
};

static bool read_wanted(const char *word, struct wanted *ret, char *error) {
    char text[64];
    const char *star = strchr(word, '*');
    int64_t copies = 1;
    snprintf(text, sizeof(text), "%.*s", star ? (int)(star - word) : (int)strlen(word), word);
    if (star && (!ctl_parse_number(star + 1, &copies) || copies < 1 || copies > TOPO_GANG_MEMBERS_MAX)) {
        snprintf(error, WHATIF_ERROR_MAX, "\"%.60s\": write 4x8x8*3, with 1 to %d copies", word,
                 TOPO_GANG_MEMBERS_MAX);
        return false;
    }
    if (topo_shape_parse(text, &ret->shape, error, WHATIF_ERROR_MAX) != 0)
        return false;
    ret->text = word;
    ret->copies = (unsigned)copies;
    return true;
}

static struct topo_request whole_request(const struct whatif_steps *s, const struct topo_shape *shape) {
    struct topo_request request = {.shape = *shape, .use_spares = s->use_spares};
    if (s->degraded)
        whatif_tolerance(s->start->pod, shape->n_cubes, request.tolerate_missing);
    return request;
}

/* Places one slice on a pod; true with what it took. */
static bool place_one(const struct whatif_steps *s, struct topo_pod *pod, const struct topo_shape *shape,
                      struct whatif_slice *ret_slice, unsigned *ret_moves, struct topo_refusal *refusal) {
    ret_slice->shape = *shape;
    ret_slice->hosts = 0;
    if (shape->whole_cubes) {
        struct topo_request request = whole_request(s, shape);
        struct topo_plan plan;
        if (topo_plan_create(pod, &request, &plan, refusal))
            return false;
        memcpy(ret_slice->cubes, plan.cubes, sizeof(*plan.cubes) * shape->n_cubes);
        *ret_moves = plan.removals + plan.additions;
        whatif_occupy(pod, shape, plan.cubes);
        return true;
    }
    struct topo_part_request request = {.shape = *shape, .use_spares = s->use_spares};
    struct topo_block block;
    if (topo_part_place(pod, &request, &block, refusal))
        return false;
    ret_slice->cubes[0] = block.cube;
    ret_slice->hosts = block.hosts;
    *ret_moves = whatif_occupy_part(pod, block.cube, block.hosts);
    return true;
}

static unsigned count_alone(struct whatif_steps *s, const struct topo_shape *shape) {
    struct whatif_slice slice;
    struct topo_refusal refusal;
    unsigned moves, copies = 0;
    *s->scratch = *s->start->pod;
    while (copies < COPIES_MAX && place_one(s, s->scratch, shape, &slice, &moves, &refusal))
        copies++;
    return copies;
}

static const char *what_would_help(struct whatif_steps *s, const struct wanted *wanted,
                                   const struct topo_refusal *refusal) {
    struct topo_remedy remedies[TOPO_REMEDIES_MAX];
    if (*refusal->would_fit_if)
        return ctl_text(s->ctl, "%s", refusal->would_fit_if);
    if (!wanted->shape.whole_cubes)
        return "";
    struct topo_request request = whole_request(s, &wanted->shape);
    unsigned n = topo_find_remedies(s->start->pod, &request, s->scratch, remedies);
    char *text = ctl_text(s->ctl, "%s", "");
    for (unsigned i = 0; i < n; i++) {
        char one[160];
        topo_format_remedy(s->start->pod, &remedies[i], one, sizeof(one));
        if (remedies[i].kind == TOPO_REMEDY_RELEASE_SLICE && remedies[i].slice &&
            remedies[i].slice <= s->start->n_slices)
            snprintf(one, sizeof(one), "release slice %.64s", s->start->slice_names[remedies[i].slice - 1]);
        text = ctl_text(s->ctl, "%s%s%s", text, i ? ", " : "", one);
    }
    return text;
}

static void add_fit(struct whatif_steps *s, const struct wanted *w, const struct topo_gang_place *places,
                    const struct topo_refusal *refusal) {
    static const char *const columns[] = {"STEP|step",
                                          "TOPOLOGY|topology",
                                          "COPIES|copies",
                                          "TOGETHER|together",
                                          "CUBES|cubes",
                                          "ALONE AT MOST|aloneAtMost",
                                          "MIRROR MOVES|mirrorMoves",
                                          "IN THE WAY|reason",
                                          "WOULD FIT IF|wouldFitIf",
                                          NULL};
    unsigned moves = 0;
    char *cubes = ctl_text(s->ctl, "%s", "");
    if (!s->fits)
        s->fits = whatif_table_new(s->report, "fits",
                                   "What fits (alone: how often, if nothing else is asked for)", columns);
    for (unsigned i = 0; places && i < w->copies; i++) {
        const struct topo_plan *plan = &places[i].plan;
        if (!places[i].is_part)
            moves += plan->removals + plan->additions;
        cubes =
            ctl_text(s->ctl, "%s%s%s", cubes, i ? "; " : "",
                     cube_list(s, places[i].is_part ? &places[i].block.cube : plan->cubes, w->shape.n_cubes));
    }
    whatif_number(s->report, s->fits, "%u", s->number);
    whatif_text(s->report, s->fits, "%s", w->text);
    whatif_number(s->report, s->fits, "%u", w->copies);
    whatif_text(s->report, s->fits, "%s", places ? "yes" : "no");
    whatif_text(s->report, s->fits, "%s", cubes);
    whatif_number(s->report, s->fits, "%u", count_alone(s, &w->shape));
    whatif_number(s->report, s->fits, "%u", moves);
    whatif_text(s->report, s->fits, "%s",
                refusal ? ctl_text(s->ctl, "%s: %s", topo_reason_name(refusal->reason), refusal->text) : "");
    whatif_text(s->report, s->fits, "%s", refusal ? what_would_help(s, w, refusal) : "");
}

static bool step_fit(struct whatif_steps *s, char *const *words, size_t n, char *error) {
    struct wanted *wanted = ctl_alloc(s->ctl, n * sizeof(*wanted));
    struct topo_gang_choice *choices = ctl_alloc(s->ctl, TOPO_GANG_MEMBERS_MAX * sizeof(*choices));
    struct topo_gang_member *members = ctl_alloc(s->ctl, TOPO_GANG_MEMBERS_MAX * sizeof(*members));
    struct topo_gang_place *places = ctl_alloc(s->ctl, TOPO_GANG_MEMBERS_MAX * sizeof(*places));
    struct topo_gang_refusal refusal = {0};
    unsigned n_members = 0;
    uint32_t before = largest_now(s);
    if (n < 2) {
        snprintf(error, WHATIF_ERROR_MAX, "fit needs a topology such as 8x8x8 or 4x8x8*3");
        return false;
    }
    for (size_t i = 1; i < n; i++) {
        struct wanted *w = &wanted[i - 1];
        if (!read_wanted(words[i], w, error))
            return false;
        if (n_members + w->copies > TOPO_GANG_MEMBERS_MAX) {
            snprintf(error, WHATIF_ERROR_MAX, "at most %d slices are placed together", TOPO_GANG_MEMBERS_MAX);
            return false;
        }
        for (unsigned copy = 0; copy < w->copies; copy++) {
            struct topo_gang_choice *choice = &choices[n_members];
            if (w->shape.whole_cubes)
                choice->whole = whole_request(s, &w->shape);
            else
                choice->part = (struct topo_part_request){.shape = w->shape, .use_spares = s->use_spares};
            members[n_members++] = (struct topo_gang_member){choice, 1};
        }
    }
    bool fits = topo_plan_gang(s->start->pod, members, n_members, s->scratch, places, &refusal) == 0;
    for (size_t i = 0, first = 0; i + 1 < n; first += wanted[i++].copies) {
        bool blamed = !fits && (refusal.member == n_members ||
                                (refusal.member >= first && refusal.member < first + wanted[i].copies));
        add_fit(s, &wanted[i], fits ? &places[first] : NULL, blamed ? &refusal.refusal : NULL);
    }
    add_step(s, join(s->ctl, words, n), before,
             fits                          ? "fits, all together"
             : refusal.member == n_members ? "does not fit together"
                                           : "does not fit");
    s->all_refused |= !fits;
    return true;
}

static bool step_place(struct whatif_steps *s, char *const *words, size_t n, char *error) {
    struct whatif_slice *slice = ctl_alloc(s->ctl, sizeof(*slice));
    struct topo_refusal refusal;
    struct wanted w;
    unsigned moves;
    uint32_t before = largest_now(s);
    if (n != 3 || !read_wanted(words[2], &w, error) || w.copies != 1) {
        if (n != 3 || w.copies != 1)
            snprintf(error, WHATIF_ERROR_MAX, "write place NAME TOPOLOGY");
        return false;
    }
    for (unsigned i = 0; i < s->start->n_slices; i++)
        if (strcmp(s->start->slice_names[i], words[1]) == 0) {
            snprintf(error, WHATIF_ERROR_MAX, "there is a slice %.60s already", words[1]);
            return false;
        }
    const char *result;
    if (place_one(s, s->start->pod, &w.shape, slice, &moves, &refusal)) {
        whatif_start_add(s->ctl, s->start, ctl_text(s->ctl, "%s", words[1]), slice);
        result = ctl_text(s->ctl, "placed with %u mirror moves", moves);
    } else {
        s->all_refused = true;
        result = ctl_text(s->ctl, "refused, %s: %s", topo_reason_name(refusal.reason), refusal.text);
    }
    add_step(s, join(s->ctl, words, n), before, result);
    return true;
}

static bool step_release(struct whatif_steps *s, char *const *words, size_t n, char *error) {
    struct whatif_start *start = s->start;
    uint32_t before = largest_now(s);
    for (unsigned i = 0; n == 2 && i < start->n_slices; i++) {
        if (strcmp(start->slice_names[i], words[1]) != 0)
            continue;
        if (start->slices[i].hosts)
            whatif_release_part(start->pod, start->slices[i].cubes[0], start->slices[i].hosts);
        else
            whatif_release(start->pod, &start->slices[i].shape, start->slices[i].cubes);
        start->n_slices--;
        memmove(&start->slices[i], &start->slices[i + 1], (start->n_slices - i) * sizeof(*start->slices));
        memmove(&start->slice_names[i], &start->slice_names[i + 1],
                (start->n_slices - i) * sizeof(*start->slice_names));
        for (; i < start->n_slices; i++)
            for (unsigned p = 0; p < start->slices[i].shape.n_cubes; p++)
                start->pod->slice_of[start->slices[i].cubes[p]] = i + 1;
        add_step(s, join(s->ctl, words, n), before, "released");
        return true;
    }
    snprintf(error, WHATIF_ERROR_MAX, n == 2 ? "there is no slice %.60s" : "write release NAME",
             n == 2 ? words[1] : "");
    return false;
}

bool whatif_step(struct whatif_steps *s, char *const *words, size_t n, char *error) {
    static const struct {
        const char *word;
        bool (*run)(struct whatif_steps *s, char *const *words, size_t n, char *error);
    } table[] = {{"fit", step_fit}, {"fail", step_break},  {"drain", step_break},    {"repair", step_repair},
                 {"buy", step_buy}, {"place", step_place}, {"release", step_release}};
    if (!s->scratch)
        s->scratch = ctl_alloc(s->ctl, sizeof(*s->scratch));
    s->number++;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        if (strcmp(words[0], table[i].word) == 0)
            return table[i].run(s, words, n, error);
    snprintf(error, WHATIF_ERROR_MAX,
             "\"%.40s\" is no step; write fit, fail, drain, repair, buy, place or release", words[0]);
    return false;
}
