/* helioctl cube qualify and qualification */
#include "ctl/qualify.h"
#include "heliostat/v1/maintenance.pb-c.h"
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/word.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 240000
#define TURN_MS 100
#define TELL_AFTER_MS 2000 /* what a test waits for is told when it lasts */

static const struct ctl_column columns[] = {
    {"FACE"},
    {"LINK", CTL_COLUMN_RIGHT},
    {"VERDICT"},
    {"BELONGS ON"},
    {"FOUND ON", CTL_COLUMN_WHERE_GIVEN},
    {"LOSS dB", CTL_COLUMN_RIGHT | CTL_COLUMN_WHERE_GIVEN},
    {"WHAT TO DO", CTL_COLUMN_WHERE_GIVEN},
};

/* What is good is left out, but for -o wide. */
static void fill(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__GetQualificationResponse *response = message;
    const Heliostat__V1__Qualification *q = response->qualification;
    for (size_t i = 0; i < q->n_links; i++) {
        const Heliostat__V1__LinkVerdict *l = q->links[i];
        if (ctl->format != CTL_FORMAT_WIDE && strncmp(l->verdict, "good", 4) == 0)
            continue;
        ctl_table_cell(table, "%s", l->face);
        ctl_table_cell(table, "%u", l->index);
        ctl_table_cell(table, "%s", l->verdict);
        ctl_table_cell(table, "%s", l->expected_port);
        ctl_table_cell(table, "%s", l->found_port);
        ctl_table_cell(table, "%s", l->loss_mdb ? ctl_text(ctl, "%.2f", l->loss_mdb / 1000.0) : "");
        ctl_table_cell(table, "%s", l->what_to_do);
    }
}

static int read_qualification(struct ctl *ctl, const char *cube,
                              Heliostat__V1__GetQualificationResponse **ret_response) {
    Heliostat__V1__GetQualificationRequest request = HELIOSTAT__V1__GET_QUALIFICATION_REQUEST__INIT;
    request.cube = (char *)cube;
    return ctl_call(ctl, "MaintenanceService/GetQualification", &request.base,
                    &heliostat__v1__get_qualification_response__descriptor, ret_response);
}

static int show(struct ctl *ctl, const Heliostat__V1__GetQualificationResponse *response) {
    static const struct ctl_view view = CTL_VIEW(columns, fill, NULL);
    const Heliostat__V1__Qualification *q = response->qualification;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, q);
    ctl_say(ctl, "%s %s%s%s: %s", q->cube,
            ctl_enum_word(&heliostat__v1__qualification_state__descriptor, (int)q->state),
            *q->partner     ? " against "
            : q->test_ports ? " against test ports"
                            : "",
            q->partner, *q->text ? q->text : ctl_text(ctl, "round %u of %u", q->round, q->rounds));
    return ctl_show(ctl, response, &view);
}

int ctl_cube_qualification(struct ctl *ctl) {
    Heliostat__V1__GetQualificationResponse *response;
    int exit_status = read_qualification(ctl, ctl_positional(ctl, 0), &response);
    return exit_status ? exit_status : show(ctl, response);
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int ctl_await_qualification(struct ctl *ctl, const char *cube) {
    int64_t timeout_ms = ctl_flag_ms(ctl, "timeout", DEFAULT_TIMEOUT_MS), until_ms = now_ms() + timeout_ms;
    int64_t tell_at_ms = now_ms() + TELL_AFTER_MS;
    bool is_terminal = isatty(STDERR_FILENO) && ctl->format == CTL_FORMAT_TABLE;
    for (;;) {
        Heliostat__V1__GetQualificationResponse *response;
        int exit_status = read_qualification(ctl, cube, &response);
        if (exit_status)
            return exit_status;
        const Heliostat__V1__Qualification *q = response->qualification;
        bool is_waiting = q->state == HELIOSTAT__V1__QUALIFICATION_STATE__QUALIFICATION_STATE_WAITING;
        if (is_terminal && !is_waiting)
            fprintf(stderr, "\r\033[Kround %u of %u", q->round, q->rounds);
        if (is_waiting && now_ms() >= tell_at_ms) {
            ctl_say(ctl, "%s %s", q->cube, q->text);
            fflush(stdout);
            tell_at_ms = INT64_MAX;
        }
        if (!is_waiting && q->state != HELIOSTAT__V1__QUALIFICATION_STATE__QUALIFICATION_STATE_RUNNING) {
            if (is_terminal)
                fputs("\r\033[K", stderr);
            exit_status = show(ctl, response);
            return exit_status ? exit_status
                   : q->state == HELIOSTAT__V1__QUALIFICATION_STATE__QUALIFICATION_STATE_PASSED
                       ? 0
                       : CTL_EXIT_FAILED;
        }
        if (now_ms() >= until_ms && is_waiting)
            return ctl_fail(ctl, CTL_EXIT_NOT_REACHED, "%s: not tested after %lld s: %s", cube,
                            (long long)timeout_ms / 1000, q->text);
        if (now_ms() >= until_ms)
            return ctl_fail(ctl, CTL_EXIT_NOT_REACHED, "%s: in round %u of %u after %lld s", cube, q->round,
                            q->rounds, (long long)timeout_ms / 1000);
        nanosleep(&(struct timespec){.tv_nsec = TURN_MS * 1000000}, NULL);
    }
}

int ctl_cube_qualify(struct ctl *ctl) {
    Heliostat__V1__QualifyCubeRequest request = HELIOSTAT__V1__QUALIFY_CUBE_REQUEST__INIT;
    Heliostat__V1__QualifyCubeResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.cube = ctl_positional(ctl, 0);
    request.partner = ctl_flag_text_or(ctl, "against", "");
    int exit_status = ctl_call(ctl, "MaintenanceService/QualifyCube", &request.base,
                               &heliostat__v1__qualify_cube_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (request.mutation->validate_only) {
        if (ctl_wants_json(ctl))
            return ctl_print_json(ctl, response);
        ctl_say(ctl, "%s can be tested. Nothing was changed.", request.cube);
        return 0;
    }
    if (ctl_has(ctl, "no-wait"))
        return ctl_wants_json(ctl) ? ctl_print_json(ctl, response) : 0;
    return ctl_await_qualification(ctl, request.cube);
}

const struct ctl_flag ctl_qualify_flags[] = {
    {"against", 0, CTL_VALUE_TEXT, "CUBE", .object = CTL_OBJECT_CUBE,
     .help = "The free healthy cube at the other end (default: one is chosen)"},
    {0},
};
