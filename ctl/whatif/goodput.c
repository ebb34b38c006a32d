/* helioctl whatif goodput, spares: what a pod can promise when things are down. */
#include "topology/whatif/goodput.h"
#include "ctl/whatif/pool.h"
#include "ctl/whatif/report.h"
#include "ctl/whatif/start.h"
#include "ctl/whatif/values.h"
#include "ctl/whatif/whatif.h"
#include "inventory/models.h"
#include <string.h>

#define CHUNK 4096
#define AVAILABILITIES_MAX 8
#define SPARES_MAX 64

static void run_goodput(const void *input, uint64_t first, uint64_t count, uint64_t *sums) {
    struct {
        const struct whatif_goodput *goodput;
        uint64_t seed;
    } const *in = input;
    whatif_goodput_run(in->goodput, in->seed, first, count, (struct whatif_goodput_sums *)sums);
}

_Static_assert(sizeof(struct whatif_goodput_sums) % sizeof(uint64_t) == 0, "sums are counts only");

/* Returns the trials that were done. */
static uint64_t draw(struct ctl *ctl, const struct whatif_goodput *goodput, const char *what, uint64_t seed,
                     uint64_t trials, struct whatif_goodput_sums *sums) {
    struct {
        const struct whatif_goodput *goodput;
        uint64_t seed;
    } input = {goodput, seed};
    struct whatif_work work = {.what = what,
                               .input = &input,
                               .total = trials,
                               .chunk = CHUNK,
                               .n_sums = sizeof(*sums) / sizeof(uint64_t),
                               .run = run_goodput};
    return whatif_pool_run(ctl, &work, whatif_threads(ctl), (uint64_t *)sums);
}

/* What both commands are told about the pod and its parts. An exit status. */
static int read_model(struct ctl *ctl, struct whatif_goodput *g, struct whatif_report *report) {
    const char *name = ctl_flag_text_or(ctl, "model", "tpu-v4");
    const struct inventory_model *model = inventory_model_find(name);
    int64_t tolerated, per_domain;
    if (!model)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--model: there is no model \"%s\"; there are %s", name,
                        inventory_model_names());
    *g = (struct whatif_goodput){.n_cubes = model->cubes, .n_ocses = 48};
    if (!whatif_flag_share(ctl, "link", "1", &g->link_up) ||
        !whatif_flag_share(ctl, "ocs", "1", &g->ocs_up) ||
        !whatif_flag_share(ctl, "power", "1", &g->domain_up) ||
        !whatif_flag_count(ctl, "tolerate-ocses", 0, 0, 48, &tolerated) ||
        !whatif_flag_count(ctl, "cubes-per-domain", 8, 4, 256, &per_domain))
        return CTL_EXIT_USAGE;
    g->tolerated_ocses = (unsigned)tolerated;
    g->cubes_per_domain = (unsigned)per_domain;
    whatif_input(report, "model", "%s (%u cubes of 16 hosts, 48 switches)", name, g->n_cubes);
    whatif_input(report, "link availability", "%.8g", g->link_up);
    whatif_input(report, "switch availability", "%.8g", g->ocs_up);
    whatif_input(report, "dead switches tolerated", "%u", g->tolerated_ocses);
    whatif_input(report, "power domain availability", "%.8g (domains of %u cubes)", g->domain_up,
                 g->cubes_per_domain);
    return 0;
}

static int read_availabilities(struct ctl *ctl, double ret[AVAILABILITIES_MAX], size_t *ret_n) {
    char error[WHATIF_ERROR_MAX];
    char **texts = ctl_flag_list(ctl, "host", ret_n);
    if (!*ret_n) {
        ret[0] = 0.99;
        ret[1] = 0.995;
        ret[2] = 0.999;
        *ret_n = 3;
        return 0;
    }
    if (*ret_n > AVAILABILITIES_MAX)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--host: at most %d values", AVAILABILITIES_MAX);
    for (size_t i = 0; i < *ret_n; i++)
        if (!whatif_read_share(texts[i], &ret[i], error))
            return ctl_fail(ctl, CTL_EXIT_USAGE, "--host: %s", error);
    return 0;
}

static int read_sizes(struct ctl *ctl, struct whatif_goodput *g, uint32_t largest_chips) {
    static const unsigned chips[] = {64, 128, 256, 512, 1024, 2048, 3072, 4096};
    size_t n;
    char **texts = ctl_flag_list(ctl, "size", &n);
    for (size_t i = 0; !n && i < sizeof(chips) / sizeof(*chips); i++)
        if (chips[i] <= largest_chips)
            g->size[g->n_sizes++] = chips[i] / 64;
    for (size_t i = 0; i < n; i++) {
        int64_t number;
        if (!ctl_parse_number(texts[i], &number) || number < 64 || number % 64 ||
            number > (int64_t)g->n_cubes * 64)
            return ctl_fail(ctl, CTL_EXIT_USAGE,
                            "--size: \"%s\" is not a number of chips: a multiple of 64, at most %u", texts[i],
                            g->n_cubes * 64);
        if (g->n_sizes == WHATIF_SIZES_MAX)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "--size: at most %d sizes", WHATIF_SIZES_MAX);
        g->size[g->n_sizes++] = (unsigned)(number / 64);
    }
    return 0;
}

struct figure {
    struct ctl *ctl;
    struct whatif_report *report;
    struct whatif_table *table;
    struct whatif_chart *chart;
    double confidence;
};

static void add_points(struct figure *f, const struct whatif_goodput *g,
                       const struct whatif_goodput_sums *sums) {
    for (unsigned optics = 2; optics-- > 0;) {
        size_t line = whatif_series_add(f->chart, ctl_text(f->ctl, "hosts %.6g %%, %s", 100 * g->host_up,
                                                           optics ? "with optics" : "without"));
        for (unsigned i = 0; i < g->n_sizes; i++) {
            int m = whatif_goodput_slices(g, sums, i, optics, f->confidence);
            int exact = whatif_goodput_slices(g, NULL, i, optics, f->confidence);
            unsigned shown = m > 0 ? (unsigned)m : 1;
            double chance = whatif_goodput_chance(g, sums, i, optics, shown);
            double closed = whatif_goodput_exact(g, i, optics, shown);
            double percent = 100.0 * m * g->size[i] / g->n_cubes;
            whatif_number(f->report, f->table, "%.6g", 100 * g->host_up);
            whatif_text(f->report, f->table, "%s", optics ? "yes" : "no");
            whatif_number(f->report, f->table, "%u", 64 * g->size[i]);
            whatif_number(f->report, f->table, "%d", m);
            whatif_number(f->report, f->table, "%.2f", percent);
            if (exact < 0)
                whatif_number(f->report, f->table, "%s", "");
            else
                whatif_number(f->report, f->table, "%.2f", 100.0 * exact * g->size[i] / g->n_cubes);
            whatif_number(f->report, f->table, "%u", shown);
            whatif_number(f->report, f->table, "%.6f", chance);
            if (closed < 0)
                whatif_number(f->report, f->table, "%s", "");
            else
                whatif_number(f->report, f->table, "%.6f", closed);
            whatif_point(f->ctl, f->chart, line, 64.0 * g->size[i], percent);
        }
    }
}

int whatif_goodput(struct ctl *ctl) {
    static const char *const columns[] = {"HOSTS UP %|hostsUpPercent",    "OPTICS|optics",
                                          "SLICE CHIPS|sliceChips",       "SLICES|slices",
                                          "GOODPUT %|goodputPercent",     "CLOSED FORM %|closedFormPercent",
                                          "CHANCE OF|chanceOf",           "IS|chance",
                                          "CLOSED FORM|closedFormChance", NULL};
    struct whatif_report *report =
        whatif_report_new(ctl, "Goodput against slice size: what the pod can promise");
    struct figure figure = {ctl, report, NULL, NULL, 0};
    double hosts[AVAILABILITIES_MAX];
    struct whatif_goodput g;
    size_t n;
    int64_t trials, seed;
    int exit_status = read_model(ctl, &g, report);
    if (exit_status == 0)
        exit_status = read_availabilities(ctl, hosts, &n);
    if (exit_status == 0)
        exit_status = read_sizes(
            ctl, &g, inventory_model_find(ctl_flag_text_or(ctl, "model", "tpu-v4"))->largest_slice_chips);
    if (exit_status)
        return exit_status;
    if (!whatif_flag_share(ctl, "confidence", "97%", &figure.confidence) ||
        !whatif_flag_count(ctl, "trials", 1000000, 1, INT64_C(1000000000000), &trials))
        return CTL_EXIT_USAGE;
    seed = ctl_flag_number(ctl, "seed", WHATIF_SEED_DEFAULT);
    whatif_input(report, "confidence", "%.8g", figure.confidence);
    whatif_input(report, "trials", "%lld", (long long)trials);
    whatif_input(report, "seed", "%lld", (long long)seed);
    whatif_say(report,
               "Goodput: the share of all chips in the largest number of slices of one size that are all "
               "there at once "
               "with a probability of %.4g %%.",
               100 * figure.confidence);
    figure.table = whatif_table_new(report, "goodput", "Goodput by slice size", columns);
    figure.chart = whatif_chart_new(report, WHATIF_CHART_LINES,
                                    ctl_text(ctl, "Goodput promised with %.4g %% confidence, %u chips",
                                             100 * figure.confidence, g.n_cubes * 64),
                                    "slice size (chips, each step doubles)", "goodput (% of all chips)");
    figure.chart->y_most = 100;
    figure.chart->log_x = figure.chart->log_2 = figure.chart->dot_marks = true;
    uint64_t done = 0;
    for (size_t i = 0; i < n; i++) {
        struct whatif_goodput_sums *sums = ctl_alloc(ctl, sizeof(*sums));
        g.host_up = hosts[i];
        const char *wrong = whatif_goodput_check(&g);
        if (wrong)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "%s", wrong);
        uint64_t here = draw(ctl, &g, "goodput", (uint64_t)seed, (uint64_t)trials, sums);
        done += here;
        if (here)
            add_points(&figure, &g, sums);
        if (here < (uint64_t)trials) {
            report->partial = ctl_text(ctl, "%llu of %llu trials were drawn.", (unsigned long long)done,
                                       (unsigned long long)((uint64_t)trials * n));
            break;
        }
    }
    return whatif_report_print(report);
}

/* Spare cubes so that k cubes are there with a probability. */

static void fill_spares(struct whatif_report *report, const struct whatif_goodput *g,
                        const struct whatif_goodput_sums *sums, unsigned k, unsigned s,
                        struct whatif_table *table) {
    struct whatif_goodput one = *g;
    one.size[0] = k;
    one.n_sizes = 1;
    whatif_number(report, table, "%u", s);
    whatif_number(report, table, "%u", k + s);
    whatif_number(report, table, "%.6f", 100 * whatif_goodput_at_least(g, k + s, k));
    if (sums)
        whatif_number(report, table, "%.6f", 100 * whatif_goodput_chance(&one, sums, 0, true, 1));
    else
        whatif_number(report, table, "%s", "");
}

int whatif_spares(struct ctl *ctl) {
    static const char *const columns[] = {"SPARES|spares", "CUBES|cubes",
                                          "CHANCE %, CLOSED FORM|chancePercent",
                                          "CHANCE %, DRAWN|drawnPercent", NULL};
    static const char *const answers[] = {"WANTED %|wantedPercent", "SPARES|spares", "CHANCE %|chancePercent",
                                          NULL};
    struct whatif_report *report = whatif_report_new(ctl, "How many spare cubes");
    struct whatif_goodput g;
    int64_t k, trials, seed = ctl_flag_number(ctl, "seed", WHATIF_SEED_DEFAULT);
    char error[WHATIF_ERROR_MAX];
    size_t n;
    int exit_status = read_model(ctl, &g, report);
    if (exit_status)
        return exit_status;
    if (!whatif_flag_count(ctl, "cubes", g.n_cubes, 1, TOPO_CUBES_MAX, &k) ||
        !whatif_flag_share(ctl, "host", "99.9%", &g.host_up) ||
        !whatif_flag_count(ctl, "trials", 200000, 0, INT64_C(1000000000000), &trials))
        return CTL_EXIT_USAGE;
    char **wanted = ctl_flag_list(ctl, "want", &n);
    if (!n) {
        static char *standard[] = {"95%", "99%", "99.9%"};
        wanted = standard;
        n = 3;
    }
    whatif_input(report, "host availability", "%.8g", g.host_up);
    whatif_input(report, "cubes wanted", "%lld", (long long)k);
    whatif_input(report, "trials", "%lld", (long long)trials);
    whatif_input(report, "seed", "%lld", (long long)seed);
    struct whatif_table *answer = whatif_table_new(report, "answers", "Spares needed", answers);
    struct whatif_table *table =
        whatif_table_new(report, "spares", "Chance that enough cubes are up", columns);
    struct whatif_chart *chart = whatif_chart_new(
        report, WHATIF_CHART_LINES, ctl_text(ctl, "Chance that %lld cubes are up", (long long)k),
        "spare cubes", "chance (%)");
    double most_wanted = 0;
    for (size_t i = 0; i < n; i++) {
        double share;
        if (!whatif_read_share(wanted[i], &share, error) || share >= 1)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "--want: %s", share >= 1 ? "100% is never reached" : error);
        most_wanted = share > most_wanted ? share : most_wanted;
        unsigned s = 0, room = TOPO_CUBES_MAX - (unsigned)k;
        while (s < room && whatif_goodput_at_least(&g, (unsigned)k + s, (unsigned)k) < share)
            s++;
        double chance = whatif_goodput_at_least(&g, (unsigned)k + s, (unsigned)k);
        whatif_number(report, answer, "%.6g", 100 * share);
        if (chance >= share)
            whatif_number(report, answer, "%u", s);
        else
            whatif_number(report, answer, "%s", "");
        whatif_number(report, answer, "%.6f", 100 * chance);
        if (chance < share)
            whatif_say(report, "%.6g %% is not reached with any number of spares up to %u: at most %.6g %%.",
                       100 * share, room, 100 * chance);
    }
    size_t closed_line = whatif_series_add(chart, "closed form"),
           drawn_line = trials ? whatif_series_add(chart, "drawn") : 0;
    for (unsigned s = 0; s <= SPARES_MAX && k + s <= TOPO_CUBES_MAX; s++) {
        struct whatif_goodput here = g;
        struct whatif_goodput_sums *sums = NULL;
        here.n_cubes = (unsigned)k + s;
        const char *wrong = whatif_goodput_check(&here);
        if (wrong)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "%s", wrong);
        double chance = whatif_goodput_at_least(&g, (unsigned)k + s, (unsigned)k);
        if (trials) {
            sums = ctl_alloc(ctl, sizeof(*sums));
            uint64_t done = draw(ctl, &here, "spares", (uint64_t)seed, (uint64_t)trials, sums);
            if (done < (uint64_t)trials) {
                report->partial = ctl_text(ctl, "the table ends at %u spares.", s);
                break;
            }
            struct whatif_goodput one = here;
            one.size[0] = (unsigned)k;
            one.n_sizes = 1;
            whatif_point(ctl, chart, drawn_line, s, 100 * whatif_goodput_chance(&one, sums, 0, true, 1));
        }
        fill_spares(report, &here, sums, (unsigned)k, s, table);
        whatif_point(ctl, chart, closed_line, s, 100 * chance);
        if (chance > 1 - (1 - most_wanted) / 4 ||
            (s && chance - whatif_goodput_at_least(&g, (unsigned)k + s - 1, (unsigned)k) < 1e-9 &&
             chance > 0.01))
            break;
    }
    chart->y_most = 100;
    chart->dot_marks = true;
    return whatif_report_print(report);
}
