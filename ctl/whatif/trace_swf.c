/* Standard Workload Format 2.2 (Chapin and others, JSSPP 1999): lines of 18 numbers, -1 for what is not
 * known; lines with ; are comments. */
#include "ctl/whatif/lines.h"
#include "ctl/whatif/trace.h"
#include "ctl/whatif/values.h"
#include <stdlib.h>
#include <string.h>

#define FIELDS 18
enum field { NUMBER, SUBMIT, WAIT, RUN, ALLOCATED, CPU, MEMORY, REQUESTED };

/* Decimal, maybe negative. */
static bool read_fields(char *line, double ret[FIELDS], char *error) {
    unsigned n = 0;
    for (char *word = strsep(&line, " \t"); word; word = strsep(&line, " \t")) {
        if (!*word)
            continue;
        if (n == FIELDS || !whatif_read_decimal(word + (*word == '-'), &ret[n])) {
            snprintf(error, WHATIF_ERROR_MAX,
                     n == FIELDS ? "more than %d fields" : "field %d: \"%.40s\" is not a number",
                     n == FIELDS ? FIELDS : (int)n + 1, word);
            return false;
        }
        if (*word == '-')
            ret[n] = -ret[n];
        n++;
    }
    if (n && n != FIELDS) {
        snprintf(error, WHATIF_ERROR_MAX, "%u fields instead of %d", n, FIELDS);
        return false;
    }
    ret[NUMBER] = n ? ret[NUMBER] : -2; /* an empty line */
    return true;
}

static bool take(struct whatif_trace *trace, const double field[FIELDS], uint64_t chips_per_processor,
                 char *error) {
    double processors = field[REQUESTED] > 0 ? field[REQUESTED] : field[ALLOCATED];
    double longest_s = (double)WHATIF_TIME_MAX_MS / 1000;
    if (field[NUMBER] == -2)
        return true;
    if (field[SUBMIT] < 0 || field[SUBMIT] > longest_s || field[RUN] > longest_s) {
        snprintf(error, WHATIF_ERROR_MAX,
                 "submit time %.0f, run time %.0f: negative, or longer than a hundred years", field[SUBMIT],
                 field[RUN]);
        return false;
    }
    if (field[RUN] < 0 || processors <= 0) { /* never ran */
        trace->skipped++;
        return true;
    }
    int shape = whatif_trace_size(
        trace, (uint64_t)(processors < 1e12 ? processors : 1e12) * chips_per_processor, error);
    return shape >= 0 && whatif_trace_add(trace, (int64_t)(field[SUBMIT] * 1000),
                                          (int64_t)(field[RUN] * 1000), (unsigned)shape, error);
}

int whatif_read_swf(struct whatif_trace *trace, const char *path, uint64_t chips_per_processor) {
    struct whatif_lines lines;
    char error[WHATIF_ERROR_MAX];
    double field[FIELDS];
    int r = 0, exit_status = whatif_lines_open(&lines, trace->ctl, path);
    if (exit_status)
        return exit_status;
    while (exit_status == 0 && (r = whatif_lines_next(&lines)) > 0)
        if (lines.line[strspn(lines.line, " \t")] != ';' &&
            (!read_fields(lines.line, field, error) || !take(trace, field, chips_per_processor, error)))
            exit_status = whatif_lines_fail(&lines, "%s", error);
    whatif_lines_close(&lines);
    if (exit_status == 0 && r < 0)
        return CTL_EXIT_USAGE;
    if (exit_status == 0 && !trace->n_jobs && !trace->skipped)
        return ctl_fail(trace->ctl, CTL_EXIT_USAGE, "%s is empty", path);
    return exit_status;
}
