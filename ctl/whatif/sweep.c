/* helioctl whatif sweep: every failure, and every two at once, the worst first. */
#include "ctl/whatif/now.h"
#include "ctl/whatif/pool.h"
#include "ctl/whatif/target.h"
#include "ctl/whatif/values.h"
#include "ctl/whatif/whatif.h"
#include <stdlib.h>
#include <string.h>

#define ELEMENTS_MAX 512
#define ROWS_SHOWN 25

struct element {
    const char *name;
    struct whatif_loss loss;
};

struct case_of {
    uint16_t a, b; /* a == b: one failure */
    struct whatif_damage damage;
    bool done;
};

struct sweep {
    struct whatif_world world;
    struct element *elements;
    unsigned n_elements;
    struct case_of *cases;
    unsigned n_cases, cases_per_task;
    bool slow_down; /* is counted too */
};

static void add_element(struct ctl *ctl, struct sweep *sweep, const struct whatif_start *start,
                        const char *name) {
    char error[WHATIF_ERROR_MAX];
    struct element *e = &sweep->elements[sweep->n_elements];
    if (sweep->n_elements == ELEMENTS_MAX || !whatif_add_target(start, name, &e->loss, error))
        return;
    /* A power domain that is the same as a row would only be counted twice. */
    for (unsigned i = 0; i < sweep->n_elements; i++)
        if (memcmp(&sweep->elements[i].loss, &e->loss, sizeof(e->loss)) == 0) {
            memset(&e->loss, 0, sizeof(e->loss));
            return;
        }
    e->name = name;
    sweep->n_elements++;
}

static int add_elements(struct ctl *ctl, struct sweep *sweep, const struct whatif_start *start) {
    static const char *const kinds[] = {"cube", "row", "power", "ocs", "ocs-power"};
    bool wanted[5];
    size_t n;
    char **of = ctl_flag_list(ctl, "of", &n);
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        for (unsigned k = 0; k < 5; k++)
            known |= strcmp(of[i], kinds[k]) == 0;
        if (!known)
            return ctl_fail(ctl, CTL_EXIT_USAGE,
                            "--of: \"%s\" is not one of cube, row, power, ocs, ocs-power", of[i]);
    }
    for (unsigned k = 0; k < 5; k++) {
        wanted[k] = n == 0;
        for (size_t i = 0; i < n; i++)
            wanted[k] |= strcmp(of[i], kinds[k]) == 0;
    }
    for (unsigned i = 0; wanted[0] && i < start->wiring->n_cubes; i++)
        add_element(ctl, sweep, start, whatif_cube_name(ctl, start, i));
    for (unsigned i = 0; wanted[1] && i < whatif_rows(start); i++)
        add_element(ctl, sweep, start, ctl_text(ctl, "row-%u", i));
    for (unsigned i = 0; wanted[2] && i < whatif_power_domains(start); i++)
        add_element(ctl, sweep, start, ctl_text(ctl, "power-%u", i));
    for (unsigned i = 0; wanted[3] && i < start->wiring->n_ocses; i++)
        add_element(ctl, sweep, start, start->ocs_names[i]);
    for (unsigned i = 0; wanted[4] && i < whatif_ocs_domains(start); i++)
        add_element(ctl, sweep, start, ctl_text(ctl, "ocs-power-%u", i));
    return 0;
}

static void join_losses(struct whatif_loss *into, const struct whatif_loss *more) {
    for (unsigned word = 0; word < TOPO_CUBE_WORDS; word++)
        into->cubes.word[word] |= more->cubes.word[word];
    into->ocses |= more->ocses;
}

static void run_task(void *input, unsigned task, bool (*tick)(uint64_t more)) {
    struct sweep *sweep = input;
    struct topo_pod *scratch = malloc(sizeof(*scratch));
    struct whatif_slice_fate *fates = calloc(sweep->world.n_slices + 1, sizeof(*fates));
    unsigned first = task * sweep->cases_per_task, end = first + sweep->cases_per_task;
    for (unsigned i = first; scratch && fates && i < end && i < sweep->n_cases; i++) {
        struct case_of *c = &sweep->cases[i];
        struct whatif_loss loss = sweep->elements[c->a].loss;
        if (c->b != c->a)
            join_losses(&loss, &sweep->elements[c->b].loss);
        whatif_break(&sweep->world, &loss, scratch, fates, &c->damage);
        c->done = !sweep->slow_down || whatif_count_slow_down(&sweep->world, scratch, fates, &c->damage) == 0;
        if (tick(1))
            break;
    }
    free(scratch);
    free(fates);
}

static int worst_first(const void *one, const void *other) {
    const struct case_of *a = one, *b = other;
    if (a->done != b->done)
        return a->done ? -1 : 1;
    int order = whatif_compare_damage(&a->damage, &b->damage);
    if (order)
        return order;
    return a->a != b->a ? (a->a < b->a ? -1 : 1) : a->b < b->b ? -1 : a->b > b->b;
}

static void add_rows(struct ctl *ctl, struct whatif_report *report, const struct sweep *sweep,
                     struct whatif_table *table) {
    for (unsigned i = 0; i < sweep->n_cases && sweep->cases[i].done; i++) {
        const struct case_of *c = &sweep->cases[i];
        const struct whatif_damage *d = &c->damage;
        if (c->a == c->b)
            whatif_text(report, table, "%s", sweep->elements[c->a].name);
        else
            whatif_text(report, table, "%s + %s", sweep->elements[c->a].name, sweep->elements[c->b].name);
        const uint32_t values[] = {
            d->lost,           d->chips_lost,    d->repairable,    d->chips_repairable,      d->degraded,
            d->chips_degraded, d->missing_links, d->largest_chips, d->largest_degraded_chips};
        for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++)
            whatif_number(report, table, "%u", values[v]);
        if (sweep->slow_down)
            whatif_number(report, table, "%.1f", (double)d->slowed_millichips / 1000);
        else
            whatif_number(report, table, "%s", "");
    }
}

/* What the map shows: the worst kind of harm that occurs at all. */
static double harm(const struct whatif_damage *d, unsigned kind, uint32_t largest) {
    switch (kind) {
    case 0:
        return d->chips_lost;
    case 1:
        return d->chips_repairable;
    default:
        return largest > d->largest_degraded_chips ? largest - d->largest_degraded_chips : 0;
    }
}

/* The worst single failures; the cases are sorted. */
static void draw_bars(struct ctl *ctl, struct whatif_report *report, const struct sweep *sweep) {
    static const char *const fates[] = {"lost", "stopped, repairable", "degraded"};
    unsigned n = sweep->n_cases < 24 ? sweep->n_cases : 24;
    struct whatif_chart *bars =
        whatif_chart_new(report, WHATIF_CHART_BARS, ctl_text(ctl, "The %u worst single failures", n),
                         "what fails", "chips of the slices that are hit");
    bars->names = ctl_alloc(ctl, (n + 1) * sizeof(*bars->names));
    for (unsigned i = 0; i < n && sweep->cases[i].done; i++)
        bars->names[bars->n_names++] = sweep->elements[sweep->cases[i].a].name;
    for (unsigned fate = 0; fate < 3; fate++) {
        uint32_t chips[24], most = 0;
        for (unsigned i = 0; i < bars->n_names; i++) {
            const struct whatif_damage *d = &sweep->cases[i].damage;
            chips[i] = fate == 0 ? d->chips_lost : fate == 1 ? d->chips_repairable : d->chips_degraded;
            most = chips[i] > most ? chips[i] : most;
        }
        size_t series = most ? whatif_series_add(bars, fates[fate]) : 0;
        for (unsigned i = 0; most && i < bars->n_names; i++)
            whatif_point(ctl, bars, series, i, chips[i]);
    }
    if (!n || !sweep->cases[0].damage.slowed_millichips)
        return;
    struct whatif_chart *slowed =
        whatif_chart_new(report, WHATIF_CHART_BARS, "What missing links cost the slices that lack them",
                         "what fails", "all-to-all time lost (as chips)");
    size_t series = whatif_series_add(slowed, "chips x slow-down of a uniform all-to-all");
    slowed->names = bars->names;
    slowed->n_names = bars->n_names;
    for (unsigned i = 0; i < bars->n_names; i++)
        whatif_point(ctl, slowed, series, i, (double)sweep->cases[i].damage.slowed_millichips / 1000);
}

static void draw_map(struct ctl *ctl, struct whatif_report *report, const struct sweep *sweep,
                     uint32_t largest) {
    static const char *const titles[] = {"chips of slices that are lost",
                                         "chips of slices that stop and can be repaired",
                                         "chips by which the largest new slice shrinks"};
    unsigned kind = 0;
    for (; kind < 2; kind++) {
        bool any = false;
        for (unsigned i = 0; i < sweep->n_cases; i++)
            any |= harm(&sweep->cases[i].damage, kind, largest) > 0;
        if (any)
            break;
    }
    size_t n = sweep->n_elements;
    struct whatif_chart *map =
        whatif_chart_new(report, WHATIF_CHART_HEAT, "Two failures at once (on the diagonal: one)",
                         "first failure", "second failure");
    map->heat_title = titles[kind];
    map->names = ctl_alloc(ctl, n * sizeof(*map->names));
    map->heat = ctl_alloc(ctl, n * n * sizeof(*map->heat));
    map->n_names = n;
    for (size_t i = 0; i < n; i++)
        map->names[i] = sweep->elements[i].name;
    for (size_t i = 0; i < n * n; i++)
        map->heat[i] = -1;
    for (unsigned i = 0; i < sweep->n_cases; i++) {
        const struct case_of *c = &sweep->cases[i];
        if (c->done)
            map->heat[c->a * n + c->b] = map->heat[c->b * n + c->a] = harm(&c->damage, kind, largest);
    }
}

int whatif_sweep(struct ctl *ctl) {
    static const char *const columns[] = {"FAILURE|failure",
                                          "LOST|slicesLost",
                                          "CHIPS|chipsLost",
                                          "STOP|slicesStopped",
                                          "CHIPS|chipsStopped",
                                          "DEGRADED|slicesDegraded",
                                          "CHIPS|chipsDegraded",
                                          "LINKS|linksMissing",
                                          "LARGEST NEW|largestChips",
                                          "WITH DEAD LINKS|largestDegradedChips",
                                          "SLOWED BY, CHIPS|slowedChips",
                                          NULL};
    struct whatif_report *report = whatif_report_new(ctl, "What every failure would do, the worst first");
    struct whatif_start start;
    struct whatif_steps steps;
    struct sweep *sweep = ctl_alloc(ctl, sizeof(*sweep));
    struct whatif_loss *nothing = ctl_alloc(ctl, sizeof(*nothing));
    struct topo_pod *scratch = ctl_alloc(ctl, sizeof(*scratch));
    struct whatif_damage now;
    int64_t depth;
    if (!whatif_flag_count(ctl, "depth", 1, 1, 2, &depth))
        return CTL_EXIT_USAGE;
    int exit_status = whatif_begin(ctl, &steps, &start, report);
    if (exit_status)
        return exit_status;
    sweep->elements = ctl_alloc(ctl, ELEMENTS_MAX * sizeof(*sweep->elements));
    sweep->world = (struct whatif_world){start.pod, start.slices, start.n_slices};
    exit_status = add_elements(ctl, sweep, &start);
    if (exit_status)
        return exit_status;
    unsigned n = sweep->n_elements;
    sweep->cases = ctl_alloc(ctl, (size_t)n * (n + 1) / 2 * sizeof(*sweep->cases));
    for (unsigned a = 0; a < n; a++)
        for (unsigned b = a; b < (depth == 2 ? n : a + 1); b++) {
            sweep->cases[sweep->n_cases].a = (uint16_t)a;
            sweep->cases[sweep->n_cases++].b = (uint16_t)b;
        }
    sweep->slow_down = depth == 1;
    sweep->cases_per_task = depth == 1 ? 1 : 16;
    struct whatif_tasks tasks = {"sweep", sweep,
                                 (sweep->n_cases + sweep->cases_per_task - 1) / sweep->cases_per_task,
                                 sweep->n_cases, run_task};
    if (!whatif_pool_tasks(ctl, &tasks, whatif_threads(ctl))) {
        unsigned done = 0;
        for (unsigned i = 0; i < sweep->n_cases; i++)
            done += sweep->cases[i].done;
        report->partial = ctl_text(ctl, "%u of %u failures were looked at.", done, sweep->n_cases);
    }
    whatif_break(&sweep->world, nothing, scratch, NULL, &now);
    if (depth == 2)
        draw_map(ctl, report, sweep, now.largest_degraded_chips);
    qsort(sweep->cases, sweep->n_cases, sizeof(*sweep->cases), worst_first);
    if (depth == 1)
        draw_bars(ctl, report, sweep);
    whatif_input(report, "failures looked at", "%u, %lld at once", sweep->n_cases, (long long)depth);
    whatif_say(
        report,
        "Now %u slices stand, and the largest new slice has %u chips. Largest new: with every link; "
        "with dead links: "
        "where a slice may lack the links of dead switches. Slowed by (one failure only): what missing "
        "links cost the slices that lack them, in all-to-all time, as chips.",
        start.n_slices, now.largest_chips);
    struct whatif_table *table =
        whatif_table_new(report, "failures", "Failures, the worst first (chips of the slices hit)", columns);
    table->shown = ROWS_SHOWN;
    add_rows(ctl, report, sweep, table);
    return whatif_report_print(report);
}
