/* helioctl top: a live view that fills the terminal. */
#include "ctl/event_stream.h"
#include "ctl/registry.h"
#include "ctl/top/history.h"
#include "ctl/top/layout.h"
#include "ctl/top/letters.h"
#include "ctl/top/reading.h"
#include "ctl/top/screen.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRAMES_DEFAULT 5
#define FRAMES_MAX 30
#define KEY_WAIT_MS 50    /* how long a key may have to wait */
#define RETRY_WAIT_MS 200 /* between two attempts while the daemon is away */
#define EVENTS_BEFORE 50  /* that happened before it was started */

struct top {
    struct ctl *ctl;
    struct ctl_event_stream stream;
    struct ctl_client *client; /* for reading; the stream has its own */
    struct top_reading *reading;
    struct top_history history;
    struct top_letters letters;
    struct top_view view;
    char *pod;
    char lost_since[16]; /* "": not */
    bool is_due;         /* something happened since the last reading */
    bool is_changed;     /* the screen is not what it should be */
    int64_t frame_us, read_us, shown_us;
};

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void show(struct top *top) {
    const struct top_reading *reading = top->reading;
    size_t n_slices = reading->slices->n_slices;
    char *letters = malloc(n_slices + 1);
    Heliostat__V1__Event *events[TOP_EVENTS_KEPT];
    struct top_cells cells;
    unsigned width, height;
    top_screen_size(&width, &height);
    if (!letters || top_cells_init(&cells, width, height) < 0) {
        free(letters);
        return;
    }
    top_letters_give(&top->letters, reading->slices->slices, n_slices, letters);
    struct top_model model = {
        .pod = reading->pod->pod,
        .slices = reading->slices->slices,
        .n_slices = n_slices,
        .letters = letters,
        .ocses = reading->ocses->ocses,
        .n_ocses = reading->ocses->n_ocses,
        .alarms = reading->alarms,
        .n_alarms = reading->n_alarms,
        .events = events,
        .n_events = top_history_of_pod(&top->history, top->pod, events),
        .lost_since = top->lost_since,
    };
    top_layout(&model, &top->view, &cells);
    top_screen_show(&cells);
    top_cells_deinit(&cells);
    free(letters);
    top->is_changed = false;
}

/* A daemon that does not answer is no error: the view goes on when it is back. */
static int read_again(struct top *top, bool is_quiet) {
    struct top_reading *reading;
    int exit_status = top_read(top->ctl, &top->client, top->pod, is_quiet, &reading);
    if (exit_status == CTL_EXIT_UNREACHABLE && is_quiet) {
        ctl_client_free(top->client);
        top->client = NULL;
        return 0;
    }
    if (exit_status)
        return is_quiet ? read_again(top, false) : exit_status;
    top_reading_free(top->reading);
    top->reading = reading;
    top->lost_since[0] = 0;
    top->is_due = false;
    top->is_changed = true;
    return 0;
}

static void lose(struct top *top) {
    time_t now = time(NULL);
    struct tm parts;
    if (*top->lost_since)
        return;
    gmtime_r(&now, &parts);
    strftime(top->lost_since, sizeof(top->lost_since), "%H:%M:%SZ", &parts);
    top->is_due = top->is_changed = true;
}

static int choose_next_pod(struct top *top) {
    char *next;
    int exit_status = top_next_pod(top->ctl, &top->client, top->pod, true, &next);
    if (exit_status)
        return 0;
    free(top->pod);
    top->pod = next;
    top->view = (struct top_view){.pane = top->view.pane};
    top->letters = (struct top_letters){0};
    return read_again(top, true);
}

static void scroll(struct top *top, enum top_key key) {
    size_t *first = &top->view.first[top->view.pane], page = top->view.lines[top->view.pane];
    switch (key) {
    case TOP_KEY_UP:
        *first -= *first > 0;
        break;
    case TOP_KEY_DOWN:
        ++*first;
        break;
    case TOP_KEY_PAGE_UP:
        *first -= *first < page ? *first : page;
        break;
    case TOP_KEY_PAGE_DOWN:
        *first += page;
        break;
    case TOP_KEY_FIRST:
        *first = 0;
        break;
    case TOP_KEY_LAST:
        *first = SIZE_MAX / 2; /* the layout brings it into range */
        break;
    default:
        break;
    }
}

static int press(struct top *top, enum top_key key) {
    top->is_changed = true;
    if (key == TOP_KEY_POD)
        return choose_next_pod(top);
    if (key == TOP_KEY_NEXT_PANE)
        top->view.pane = (enum top_pane)((top->view.pane + 1) % TOP_N_PANES);
    else if (key >= TOP_KEY_PANE_1 && key <= TOP_KEY_PANE_3)
        top->view.pane = (enum top_pane)(key - TOP_KEY_PANE_1);
    else
        scroll(top, key);
    return 0;
}

static void take(struct top *top, Heliostat__V1__WatchResponse *item) {
    top->is_due = top->is_due || (item->type != HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_SNAPSHOT &&
                                  item->type != HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_PROGRESS);
    if (item->event)
        top_history_add(&top->history, item);
    else
        grpcx_unpack_free(&item->base);
}

/* Not more often than a frame may be shown. */
static int keep_up(struct top *top) {
    int exit_status = 0;
    int64_t now = now_us();
    if (top->is_due && top->stream.reader && now - top->read_us >= top->frame_us) {
        exit_status = read_again(top, true);
        top->read_us = now_us();
    }
    if (top->is_changed && now - top->shown_us >= top->frame_us) {
        show(top);
        top->shown_us = now;
    }
    return exit_status;
}

static int follow(struct top *top) {
    int exit_status = 0;
    while (exit_status == 0) {
        Heliostat__V1__WatchResponse *item;
        enum top_key key;
        enum ctl_event_result result = ctl_event_stream_next(
            &top->stream, top->stream.reader ? KEY_WAIT_MS : RETRY_WAIT_MS, &item, &exit_status);
        if (result == CTL_EVENT_END)
            return exit_status;
        if (result == CTL_EVENT_ITEM)
            take(top, item);
        if (!top->stream.reader)
            lose(top);
        while (exit_status == 0 && (key = top_screen_key()) != TOP_KEY_NONE) {
            if (key == TOP_KEY_QUIT)
                return 0;
            exit_status = press(top, key);
        }
        if (exit_status == 0)
            exit_status = keep_up(top);
    }
    return exit_status;
}

static void begin_stream(struct top *top) {
    const Heliostat__V1__ReplyMeta *meta = top->reading->pod->meta;
    int64_t since = meta->revision > EVENTS_BEFORE ? meta->revision - EVENTS_BEFORE : 1;
    ctl_event_stream_init(&top->stream, top->ctl, since, "");
    snprintf(top->stream.store_id, sizeof(top->stream.store_id), "%s", meta->store_id);
    top->stream.is_silent = true;
    top->stream.has_answered = true; /* it answered the reading */
}

static int run_top(struct ctl *ctl) {
    struct top top = {.ctl = ctl, .is_changed = true};
    int64_t frames = ctl_flag_number(ctl, "frames", FRAMES_DEFAULT);
    char *pod = ctl_flag_text(ctl, "pod");
    if (frames < 1 || frames > FRAMES_MAX)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--frames: %lld is not within 1 to %d", (long long)frames,
                        FRAMES_MAX);
    top.frame_us = 1000000 / frames;
    int exit_status = top_screen_check(ctl);
    if (exit_status == 0)
        exit_status = pod ? (top.pod = strdup(pod)) ? 0 : ctl_fail(ctl, CTL_EXIT_FAILED, "out of memory")
                          : top_next_pod(ctl, &top.client, "", false, &top.pod);
    if (exit_status == 0)
        exit_status = read_again(&top, false);
    if (exit_status == 0) {
        begin_stream(&top);
        exit_status = top_screen_open(ctl);
        if (exit_status == 0) {
            exit_status = follow(&top);
            top_screen_close();
        }
        ctl_event_stream_deinit(&top.stream);
    }
    top_reading_free(top.reading);
    top_history_deinit(&top.history);
    ctl_client_free(top.client);
    free(top.pod);
    return exit_status;
}

static const struct ctl_flag flags[] = {
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD,
     .help = "Begin with this pod (default: the first)"},
    {"frames", 0, CTL_VALUE_NUMBER, "NUMBER",
     .help = "Show at most so many pictures a second, 1 to 30 (default 5); fewer for a slow line"},
    {0},
};

static const struct ctl_command commands[] = {
    {NULL,
     "Watch racks, slices, switches, alarms and events on the whole terminal",
     "q or Ctrl-C quits; Tab or 1, 2, 3 choose a list, the arrow keys, PgUp, PgDn, Home and End move it; p "
     "shows the next pod. It needs 80 columns and 24 lines, and sends the terminal only what changed.",
     {{0}},
     flags,
     0,
     NULL,
     run_top},
    {0},
};

const struct ctl_noun ctl_noun_top = {"top", "A live view of a pod that fills the terminal", commands};
