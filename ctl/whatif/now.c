/* helioctl whatif fit, fail, drain, buy, run: questions about now. */
#include "ctl/whatif/now.h"
#include "ctl/whatif/values.h"
#include "ctl/whatif/whatif.h"
#include <string.h>

/* One step a line; what follows a # is for people. */
static int run_script(struct ctl *ctl, struct whatif_steps *steps, const char *path) {
    char error[WHATIF_ERROR_MAX];
    size_t length;
    unsigned number = 0, done = 0;
    char *text = ctl_read_file(ctl, path, &length);
    if (!text)
        return CTL_EXIT_FAILED;
    if (strlen(text) != length)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "%s is no text: it has NUL bytes", path);
    for (char *line = strsep(&text, "\n"); line; line = strsep(&text, "\n")) {
        char *words[WHATIF_WORDS_MAX], *comment = strchr(line, '#');
        size_t n = 0;
        number++;
        if (comment)
            *comment = 0;
        for (char *word = strsep(&line, " \t\r"); word; word = strsep(&line, " \t\r"))
            if (*word && n < WHATIF_WORDS_MAX)
                words[n++] = word;
        if (!n)
            continue;
        if (n == WHATIF_WORDS_MAX)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "%s:%u: more than %d words", path, number,
                            WHATIF_WORDS_MAX - 1);
        if (!whatif_step(steps, words, n, error))
            return ctl_fail(ctl, CTL_EXIT_USAGE, "%s:%u: %s", path, number, error);
        done++;
    }
    if (!done)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "%s has no step", path);
    whatif_input(steps->report, "script", "%s", path);
    return 0;
}

int whatif_begin(struct ctl *ctl, struct whatif_steps *steps, struct whatif_start *start,
                 struct whatif_report *report) {
    int64_t keep_ports;
    if (!whatif_flag_count(ctl, "keep-ports", 4, 0, 320, &keep_ports))
        return CTL_EXIT_USAGE;
    int exit_status = whatif_start(ctl, start);
    if (exit_status)
        return exit_status;
    *steps = (struct whatif_steps){.ctl = ctl,
                                   .start = start,
                                   .report = report,
                                   .use_spares = ctl_has(ctl, "use-spares"),
                                   .degraded = ctl_has(ctl, "degraded"),
                                   .keep_ports = (unsigned)keep_ports};
    whatif_start_inputs(report, start);
    const char *path = ctl_flag_text(ctl, "file");
    return path ? run_script(ctl, steps, path) : 0;
}

static void draw_damage(struct whatif_steps *s) {
    static const char *names[] = {"lost", "stopped, repairable", "degraded"};
    const uint32_t chips[] = {s->last.chips_lost, s->last.chips_repairable, s->last.chips_degraded};
    struct whatif_chart *chart = whatif_chart_new(
        s->report, WHATIF_CHART_BARS, "Chips of the slices that the last failure or drain touches",
        "fate of the slice", "chips");
    size_t series = whatif_series_add(chart, "chips");
    chart->names = names;
    chart->n_names = 3;
    for (unsigned i = 0; i < 3; i++)
        whatif_point(s->ctl, chart, series, i, chips[i]);
}

static void draw_fits(struct whatif_steps *s) {
    size_t rows = s->fits->n_cells / s->fits->n_columns;
    struct whatif_chart *chart =
        whatif_chart_new(s->report, WHATIF_CHART_BARS, "How many slices fit", "topology", "slices");
    size_t asked = whatif_series_add(chart, "asked for"), alone = whatif_series_add(chart, "at most, alone");
    chart->names = ctl_alloc(s->ctl, rows * sizeof(*chart->names));
    for (size_t row = 0; row < rows; row++) {
        const struct whatif_cell *cells = &s->fits->cells[row * s->fits->n_columns];
        int64_t copies = 0, most = 0;
        chart->names[chart->n_names++] = cells[1].text;
        if (!ctl_parse_number(cells[2].text, &copies) || !ctl_parse_number(cells[5].text, &most))
            continue;
        whatif_point(s->ctl, chart, asked, (double)row, (double)copies);
        whatif_point(s->ctl, chart, alone, (double)row, (double)most);
    }
}

int whatif_now(struct ctl *ctl) {
    struct whatif_report *report =
        whatif_report_new(ctl, ctl_text(ctl, "What if: %s", ctl->arguments->command->verb));
    struct whatif_start start;
    struct whatif_steps steps;
    char error[WHATIF_ERROR_MAX], *words[WHATIF_WORDS_MAX];
    unsigned n = ctl->arguments->n_positionals;
    if (n + 1 >= WHATIF_WORDS_MAX)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "more than %d words", WHATIF_WORDS_MAX - 2);
    int exit_status = whatif_begin(ctl, &steps, &start, report);
    if (exit_status)
        return exit_status;
    words[0] = (char *)ctl->arguments->command->verb;
    for (unsigned i = 0; i < n; i++)
        words[i + 1] = ctl_positional(ctl, i);
    if (strcmp(words[0], "run") != 0 && !whatif_step(&steps, words, n + 1, error))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "%s", error);
    if (start.pod->bad_ocses && !steps.degraded)
        whatif_say(report, "A switch is dead, so no new slice has every link. --degraded shows what fits "
                           "without its links.");
    if (steps.slices)
        draw_damage(&steps);
    if (steps.fits)
        draw_fits(&steps);
    exit_status = whatif_report_print(report);
    return exit_status ? exit_status : steps.all_refused ? CTL_EXIT_NOT_NOW : 0;
}
