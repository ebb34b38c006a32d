/* helioctl event */
#include "ctl/client.h"
#include "ctl/event_stream.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include "ctl/word.h"

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

static int event_watch(struct ctl *ctl) {
    struct ctl_event_stream stream;
    Heliostat__V1__WatchResponse *item;
    enum ctl_event_result result;
    int exit_status, printed = 0;
    ctl_event_stream_init(&stream, ctl, ctl_flag_number(ctl, "since", 0), ctl_flag_text_or(ctl, "slice", ""));
    while ((result = ctl_event_stream_next(&stream, -1, &item, &exit_status)) != CTL_EVENT_END) {
        if (result != CTL_EVENT_ITEM)
            continue;
        printed = print_item(ctl, item);
        grpcx_unpack_free(&item->base);
        if (printed || fflush(stdout) != 0)
            break;
    }
    ctl_event_stream_deinit(&stream);
    return exit_status ? exit_status : printed;
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
