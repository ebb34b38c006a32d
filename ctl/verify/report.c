#include "ctl/verify/report.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    bool light;
} kinds[] = {
    [VERIFY_MISSING_CIRCUIT] = {"MISSING_CIRCUIT", false},
    [VERIFY_WRONG_CIRCUIT] = {"WRONG_CIRCUIT", false},
    [VERIFY_NO_FIBER] = {"NO_FIBER", false},
    [VERIFY_DARK] = {"DARK", true},
    [VERIFY_WRONG_FAR_END] = {"WRONG_FAR_END", true},
    [VERIFY_LISTED_BUT_THERE] = {"LISTED_BUT_THERE", true},
    [VERIFY_UNREAD] = {"UNREAD", false},
    [VERIFY_CROSSED_FIBERS] = {"CROSSED_FIBERS", true},
    [VERIFY_PORT_TAKEN_TWICE] = {"PORT_TAKEN_TWICE", false},
    [VERIFY_NO_SUCH_PORT] = {"NO_SUCH_PORT", false},
    [VERIFY_ISOLATION] = {"ISOLATION", false},
    [VERIFY_CUBE_TAKEN_TWICE] = {"CUBE_TAKEN_TWICE", false},
    [VERIFY_INCOMPLETE] = {"INCOMPLETE", false},
    [VERIFY_INCONSISTENT] = {"INCONSISTENT", false},
};

const char *verify_kind_name(enum verify_kind kind) {
    return kinds[kind].name;
}

bool verify_kind_is_light(enum verify_kind kind) {
    return kinds[kind].light;
}

const char *verify_verdict_name(enum verify_verdict verdict) {
    static const char *const names[] = {"PROVED", "NOT_PROVED", "BROKEN", "IN_FLIGHT", "NO_LINKS"};
    return names[verdict];
}

void verify_report_deinit(struct verify_report *report) {
    for (size_t i = 0; i < report->n_problems; i++)
        free(report->problems[i].text);
    free(report->problems);
    free(report->slices);
    *report = (struct verify_report){0};
}

void verify_add(struct verify_report *report, const struct verify_problem *problem, const char *format, ...) {
    va_list values;
    struct verify_problem *problems =
        realloc(report->problems, (report->n_problems + 1) * sizeof(*report->problems));
    if (!problems) {
        report->out_of_memory = true;
        return;
    }
    report->problems = problems;
    struct verify_problem *added = &problems[report->n_problems];
    *added = *problem;
    for (unsigned i = 0; i < 2; i++) {
        added->slices[i] = added->slices[i] ? added->slices[i] : "";
        added->cubes[i] = added->cubes[i] ? added->cubes[i] : "";
    }
    added->ocs = added->ocs ? added->ocs : "";
    va_start(values, format);
    int length = vasprintf(&added->text, format, values);
    va_end(values);
    if (length < 0)
        report->out_of_memory = true;
    else
        report->n_problems++;
}
