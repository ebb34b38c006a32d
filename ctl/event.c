/* helioctl event */
#include "heliostat/v1/event.pb-c.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include "ctl/word.h"
#include <errno.h>
#include <poll.h>
#include <unistd.h>

static void print_event(const Heliostat__V1__Event *e) {
    printf("%lld  %s  %-16s %s", (long long)e->revision, e->time, e->kind, e->object);
    if (*e->before || *e->after)
        printf("  %s -> %s", *e->before ? e->before : "-", *e->after ? e->after : "-");
    if (*e->cause)
        printf("  (%s)", e->cause);
    if (*e->actor)
        printf("  by %s", e->actor);
    putchar('\n');
}

static int print_item(struct ctl *ctl, const Heliostat__V1__WatchResponse *item) {
    if (ctl_wants_json(ctl)) {
        ctl->format = CTL_FORMAT_JSONL;
        return ctl_print_json(ctl, item);
    }
    switch (item->type) {
    case HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_SNAPSHOT:
        if (item->slice)
            printf("%lld  now  %-16s %s  %s\n", (long long)item->revision, "SLICE", item->slice->name,
                   ctl_enum_word(&heliostat__v1__slice_state__descriptor, (int)item->slice->state));
        break;
    case HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_EVENT:
        if (item->event)
            print_event(item->event);
        break;
    case HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_RESYNC:
        puts("RESYNC: the events since then are not known any more; what is there now follows");
        break;
    default:
        break;
    }
    return 0;
}

/* A pipe whose reader went away; nothing else tells while there is nothing to print. The daemon's PROGRESS
 * makes the question come up every ten seconds. */
static bool is_reader_gone(void) {
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) > 0 && (out.revents & POLLERR);
}

static int event_watch(struct ctl *ctl) {
    Heliostat__V1__WatchRequest request = HELIOSTAT__V1__WATCH_REQUEST__INIT;
    struct grpcx_stream_reader *reader;
    ProtobufCMessage *message;
    request.since_revision = ctl_flag_number(ctl, "since", 0);
    request.slice = ctl_flag_text_or(ctl, "slice", "");
    int exit_status = ctl_connect(ctl, false);
    if (exit_status)
        return exit_status;
    if (grpcx_stream_open(ctl_grpc(ctl), "/heliostat.v1.EventService/Watch", &request.base,
                          &heliostat__v1__watch_response__descriptor, 0, &reader) < 0)
        return ctl_fail(ctl, CTL_EXIT_UNREACHABLE, "heliostatd at %s does not answer", ctl->socket_path);
    int r = 0;
    while (exit_status == 0 && !is_reader_gone() && (r = grpcx_stream_next(reader, -1, &message)) == 0) {
        exit_status = print_item(ctl, (const Heliostat__V1__WatchResponse *)message);
        grpcx_unpack_free(message);
        if (fflush(stdout) != 0)
            break;
    }
    if (exit_status == 0 && r == GRPCX_STREAM_END && grpcx_stream_result(reader)->status != GRPCX_OK)
        exit_status = ctl_report_failure(ctl, grpcx_stream_result(reader));
    grpcx_stream_close(reader);
    return exit_status;
}

static const struct ctl_flag watch_flags[] = {
    {"since", 0, CTL_VALUE_NUMBER, "REVISION",
     .help = "From this revision on (default: what is there now, then what happens)"},
    {"slice", 0, CTL_VALUE_TEXT, "SLICE", .object = CTL_OBJECT_SLICE, .help = "Only of this slice"},
    {0},
};

static const struct ctl_command commands[] = {
    {"watch",
     "Print changes as they happen, until interrupted",
     NULL,
     {{0}},
     watch_flags,
     0,
     NULL,
     event_watch},
    {0},
};

const struct ctl_noun ctl_noun_event = {"event", "Changes of intent and of what is observed", commands};
