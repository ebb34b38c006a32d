#include "ctl/wait.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/slice.h"
#include "ctl/word.h"
#include "heliostat/v1/circuit.pb-c.h"
#include "heliostat/v1/ocs.pb-c.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 240000
#define PROGRESS_AFTER_MS 500
#define TURN_MS 100
#define RECONNECT_MS 200
#define SWITCHES_SHOWN 4

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int ctl_goal(struct ctl *ctl, enum ctl_goal *ret_goal) {
    const char *wait = ctl_flag_text(ctl, "wait");
    bool no_wait = ctl_has(ctl, "no-wait");
    if (wait && no_wait)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--wait and --no-wait contradict each other");
    if (no_wait || ctl_has(ctl, "dry-run"))
        *ret_goal = CTL_GOAL_NONE;
    else if (!wait || !*wait)
        *ret_goal = CTL_GOAL_DEFAULT;
    else
        *ret_goal = strcmp(wait, "ready") == 0 ? CTL_GOAL_READY : CTL_GOAL_QUALIFIED;
    return 0;
}

struct progress {
    bool terminal, shown;
    int64_t started_ms, shown_ms;
};

static void show_progress(struct progress *progress, const Heliostat__V1__Operation *operation,
                          bool connected) {
    int64_t passed_ms = now_ms() - progress->started_ms;
    if (!progress->terminal || passed_ms < PROGRESS_AFTER_MS || passed_ms < progress->shown_ms + TURN_MS)
        return;
    progress->shown = true;
    progress->shown_ms = passed_ms;
    if (!connected)
        fprintf(stderr, "\r\033[K%.1f s  heliostatd does not answer, trying again", (double)passed_ms / 1000);
    else if (operation->circuits_total && operation->circuits_done < operation->circuits_total)
        fprintf(stderr, "\r\033[K%.1f s  %u of %u circuits", (double)passed_ms / 1000,
                operation->circuits_done, operation->circuits_total);
    else
        fprintf(stderr, "\r\033[K%.1f s  %s", (double)passed_ms / 1000,
                *operation->text            ? operation->text
                : operation->circuits_total ? "all circuits are in place, waiting for the hosts to see light"
                                            : "waiting");
    fflush(stderr);
}

static void end_progress(struct progress *progress) {
    if (progress->shown)
        fputs("\r\033[K", stderr);
}

static void free_message(void *message) {
    grpcx_unpack_free(message);
}

static Heliostat__V1__WaitFor wait_for(enum ctl_goal goal) {
    switch (goal) {
    case CTL_GOAL_READY:
        return HELIOSTAT__V1__WAIT_FOR__WAIT_FOR_READY;
    case CTL_GOAL_QUALIFIED:
        return HELIOSTAT__V1__WAIT_FOR__WAIT_FOR_QUALIFIED;
    default:
        return HELIOSTAT__V1__WAIT_FOR__WAIT_FOR_UNSPECIFIED;
    }
}

enum follow { FOLLOW_ENDED, FOLLOW_LATE, FOLLOW_LOST, FOLLOW_FAILED };

/* One stream, until it ends, breaks or the time is over. */
static enum follow follow(struct ctl *ctl, Heliostat__V1__Operation **operation, enum ctl_goal goal,
                          int64_t until_ms, struct progress *progress, int *ret_exit_status) {
    Heliostat__V1__WaitOperationRequest request = HELIOSTAT__V1__WAIT_OPERATION_REQUEST__INIT;
    struct grpcx_stream_reader *reader;
    ProtobufCMessage *message;
    request.id = (*operation)->id;
    request.wait_for = wait_for(goal);
    if (ctl_connect(ctl, true) != 0 ||
        grpcx_stream_open(ctl_grpc(ctl), "/heliostat.v1.OperationService/WaitOperation", &request.base,
                          &heliostat__v1__wait_operation_response__descriptor, 0, &reader) < 0)
        return FOLLOW_LOST;
    int r;
    do {
        r = grpcx_stream_next(reader, TURN_MS, &message);
        if (r == 0) {
            Heliostat__V1__WaitOperationResponse *response = (Heliostat__V1__WaitOperationResponse *)message;
            ctl_keep(ctl, message, free_message);
            if (response->operation)
                *operation = response->operation;
        }
        if (r != GRPCX_STREAM_END)
            show_progress(progress, *operation, true);
    } while (r != GRPCX_STREAM_END && now_ms() < until_ms);
    enum follow outcome = FOLLOW_LATE;
    if (r == GRPCX_STREAM_END) {
        const struct grpcx_result *result = grpcx_stream_result(reader);
        outcome = result->status == GRPCX_OK            ? FOLLOW_ENDED
                  : result->status == GRPCX_UNAVAILABLE ? FOLLOW_LOST
                                                        : FOLLOW_FAILED;
        end_progress(progress);
        if (outcome == FOLLOW_FAILED)
            *ret_exit_status = ctl_report_failure(ctl, result);
    }
    grpcx_stream_close(reader);
    return outcome;
}

static const Heliostat__V1__OcsStatus *ocs_of(const Heliostat__V1__ListOcsesResponse *ocses,
                                              const char *name) {
    for (size_t i = 0; ocses && i < ocses->n_ocses; i++)
        if (strcmp(ocses->ocses[i]->name, name) == 0)
            return ocses->ocses[i];
    return NULL;
}

/* Names the switches that lack circuits of a slice. The list goes switch by switch. */
static void print_missing(struct ctl *ctl, const char *slice) {
    Heliostat__V1__ListCircuitsRequest request = HELIOSTAT__V1__LIST_CIRCUITS_REQUEST__INIT;
    Heliostat__V1__ListOcsesRequest ocses_request = HELIOSTAT__V1__LIST_OCSES_REQUEST__INIT;
    Heliostat__V1__ListCircuitsResponse *circuits;
    Heliostat__V1__ListOcsesResponse *ocses = NULL;
    unsigned shown = 0, more = 0;
    request.slice = (char *)slice;
    if (ctl_call_quietly(ctl, "CircuitService/ListCircuits", &request.base,
                         &heliostat__v1__list_circuits_response__descriptor, &circuits))
        return;
    for (size_t i = 0, next; i < circuits->n_circuits; i = next) {
        const Heliostat__V1__Circuit *first = NULL;
        const char *name = circuits->circuits[i]->ocs;
        unsigned missing = 0;
        for (next = i; next < circuits->n_circuits && strcmp(circuits->circuits[next]->ocs, name) == 0;
             next++)
            if (!circuits->circuits[next]->observed && !missing++)
                first = circuits->circuits[next];
        if (!missing)
            continue;
        if (++shown > SWITCHES_SHOWN) {
            more++;
            continue;
        }
        if (!ocses) {
            ocses_request.pod = (char *)ctl_text(ctl, "%.*s", (int)strcspn(name, "/"), name);
            if (ctl_call_quietly(ctl, "OcsService/ListOcses", &ocses_request.base,
                                 &heliostat__v1__list_ocses_response__descriptor, &ocses))
                ocses = NULL;
        }
        const Heliostat__V1__OcsStatus *ocs = ocs_of(ocses, name);
        fprintf(stderr, "  %s lacks %u circuit%s of %s, A%u-B%u%s", name, missing, missing == 1 ? "" : "s",
                slice, first->a, first->b, missing == 1 ? "" : " first");
        if (ocs)
            fprintf(stderr, "; it is %s%s%s",
                    ctl_enum_word(&heliostat__v1__ocs_state__descriptor, (int)ocs->state),
                    *ocs->cause ? ": " : "", ocs->cause);
        fputc('\n', stderr);
    }
    if (more)
        fprintf(stderr, "  %u more switches: helioctl circuit list --slice %s\n", more, slice);
}

int ctl_wait_operation(struct ctl *ctl, Heliostat__V1__Operation **operation, enum ctl_goal goal) {
    struct progress progress = {.terminal = isatty(STDERR_FILENO), .started_ms = now_ms()};
    int64_t timeout_ms = ctl_flag_ms(ctl, "timeout", DEFAULT_TIMEOUT_MS);
    int64_t until_ms = progress.started_ms + timeout_ms;
    int exit_status = CTL_EXIT_FAILED;
    if (goal == CTL_GOAL_NONE || !*operation)
        return 0;
    enum follow outcome = follow(ctl, operation, goal, until_ms, &progress, &exit_status);
    while (outcome == FOLLOW_LOST && now_ms() < until_ms) {
        show_progress(&progress, *operation, false);
        ctl_disconnect(ctl);
        poll(NULL, 0, RECONNECT_MS);
        outcome = follow(ctl, operation, goal, until_ms, &progress, &exit_status);
    }
    end_progress(&progress);
    if (outcome == FOLLOW_FAILED)
        return exit_status;
    if (outcome != FOLLOW_ENDED) {
        ctl_fail(ctl, CTL_EXIT_NOT_REACHED,
                 "accepted, but not there within %lld s: %s (operation %lld goes on)",
                 (long long)timeout_ms / 1000,
                 outcome == FOLLOW_LOST ? "heliostatd does not answer"
                 : *(*operation)->text  ? (*operation)->text
                                        : "still running",
                 (long long)(*operation)->id);
        for (size_t i = 0; outcome == FOLLOW_LATE && !ctl_wants_json(ctl) && i < (*operation)->n_slices; i++)
            print_missing(ctl, (*operation)->slices[i]);
        return CTL_EXIT_NOT_REACHED;
    }
    if ((*operation)->state == HELIOSTAT__V1__OPERATION_STATE__OPERATION_STATE_FAILED)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "%s failed: %s", (*operation)->kind,
                        *(*operation)->text ? (*operation)->text : "no reason was given");
    return 0;
}

static int judge(struct ctl *ctl, const Heliostat__V1__Slice *slice, enum ctl_goal goal) {
    if (slice->state == HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_FAILED)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "%s FAILED: %s", slice->name, slice->cause);
    if (goal != CTL_GOAL_READY && slice->qualified == HELIOSTAT__V1__QUALIFIED__QUALIFIED_FAILED) {
        ctl_fail(ctl, CTL_EXIT_FAILED, "%s is %s, but not qualified: %zu links are not what the hosts see",
                 slice->name, ctl_enum_word(&heliostat__v1__slice_state__descriptor, (int)slice->state),
                 slice->n_failed_links);
        if (!ctl_wants_json(ctl)) /* the answer that follows has them */
            ctl_print_links(slice, slice->failed_links, slice->n_failed_links, stderr);
        return CTL_EXIT_FAILED;
    }
    return 0;
}

int ctl_wait_slices(struct ctl *ctl, Heliostat__V1__Operation **operation, Heliostat__V1__Slice **slices,
                    size_t n, enum ctl_goal goal) {
    if (goal == CTL_GOAL_NONE || !*operation)
        return 0;
    int exit_status = ctl_wait_operation(ctl, operation, goal);
    if (exit_status != 0 && exit_status != CTL_EXIT_FAILED)
        return exit_status;
    for (size_t i = 0; i < n; i++) {
        Heliostat__V1__GetSliceRequest request = HELIOSTAT__V1__GET_SLICE_REQUEST__INIT;
        Heliostat__V1__GetSliceResponse *response = NULL;
        request.name = slices[i]->name;
        /* A slice that failed may be gone already. */
        if ((exit_status ? ctl_call_quietly : ctl_call)(ctl, "SliceService/GetSlice", &request.base,
                                                        &heliostat__v1__get_slice_response__descriptor,
                                                        &response) != 0 ||
            !response->slice)
            exit_status = CTL_EXIT_FAILED;
        else
            slices[i] = response->slice;
    }
    for (size_t i = 0; i < n && !exit_status; i++)
        exit_status = judge(ctl, slices[i], goal);
    return exit_status;
}
