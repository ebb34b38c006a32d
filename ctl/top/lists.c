#include "ctl/top/panes.h"
#include "ctl/word.h"
#include <stdio.h>
#include <string.h>

/* Where the columns of the slices begin; the cause is left out where it would begin at the end. */
struct columns {
    unsigned topology, state, qualified, missing, cause;
    int missing_width;
};

#define STATE_WIDTH 11
#define TOPOLOGY_LEAST 8
#define NAME_LEAST 7
#define NAME_EASY 9   /* the heading fits */
#define NAME_ROOMY 14 /* and says which lines are seen */
#define NAME_MOST 32
#define CAUSE_LEAST 16

struct widths {
    size_t name, topology, qualified, missing;
};

static size_t sum(const struct widths *w) {
    return 2 + w->name + 1 + w->topology + 1 + STATE_WIDTH + w->qualified + w->missing;
}

/* By how much they are too wide. */
static size_t excess(const struct widths *w, size_t width) {
    return sum(w) > width ? sum(w) - width : 0;
}

static void narrow(size_t *width, size_t least, size_t by) {
    *width -= *width - least < by ? *width - least : by;
}

/* In a narrow box the proof is one word, then the number of missing links gets less room, then topologies are
 * cut, then names. */
static struct columns columns_of(const struct top_model *model, unsigned width) {
    struct widths w = {NAME_EASY, TOPOLOGY_LEAST, 12, 8};
    for (size_t i = 0; i < model->n_slices; i++) {
        size_t name = strlen(model->slices[i]->name), topology = strlen(model->slices[i]->topology);
        w.name = name > w.name ? name : w.name;
        w.topology = topology > w.topology ? topology : w.topology;
    }
    w.name = w.name < NAME_MOST ? w.name : NAME_MOST;
    if (excess(&w, width))
        w.qualified = 5;
    if (excess(&w, width))
        w.missing = 4;
    narrow(&w.topology, TOPOLOGY_LEAST, excess(&w, width));
    narrow(&w.name, NAME_LEAST, excess(&w, width));
    while (w.name < NAME_ROOMY && sum(&w) < width)
        w.name++;
    struct columns columns = {.topology = (unsigned)(2 + w.name + 1), .missing_width = (int)w.missing - 1};
    columns.state = columns.topology + (unsigned)w.topology + 1;
    columns.qualified = columns.state + STATE_WIDTH;
    columns.missing = columns.qualified + (unsigned)w.qualified;
    columns.cause = columns.missing + (unsigned)w.missing;
    if (columns.cause + CAUSE_LEAST > width)
        columns.cause = width;
    return columns;
}

static enum top_style style_of_state(Heliostat__V1__SliceState state) {
    static const enum top_style styles[] = {
        [HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_RESERVED] = TOP_PLAIN,
        [HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_CONNECTING] = TOP_WARNING,
        [HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_READY] = TOP_GOOD,
        [HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_DEGRADED] = TOP_WARNING,
        [HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_INCOMPLETE] = TOP_BAD,
        [HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_REPAIRING] = TOP_WARNING,
        [HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_FAILED] = TOP_BAD,
        [HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_RELEASING] = TOP_PLAIN,
    };
    return (size_t)state < sizeof(styles) / sizeof(*styles) ? styles[state] : TOP_PLAIN;
}

/* How the proof by the hosts is written where there is room for four letters. */
static const char *qualified_word(const Heliostat__V1__Slice *slice, unsigned width) {
    if (width >= 11)
        return ctl_enum_word(&heliostat__v1__qualified__descriptor, (int)slice->qualified);
    return slice->qualified == HELIOSTAT__V1__QUALIFIED__QUALIFIED_PASSED   ? "yes"
           : slice->qualified == HELIOSTAT__V1__QUALIFIED__QUALIFIED_FAILED ? "NO"
                                                                            : "-";
}

static void print_slice(const struct top_model *model, size_t i, struct top_cells *cells,
                        const struct top_box *box, unsigned y) {
    const Heliostat__V1__Slice *slice = model->slices[i];
    struct columns columns = columns_of(model, box->width);
    bool is_whole = slice->n_missing_links == 0;
    top_print(cells, box, 0, y, top_slice_style(model->letters[i]), "%c", model->letters[i]);
    top_print_field(cells, box, 2, y, columns.topology - 3, TOP_PLAIN, slice->name);
    top_print_field(cells, box, columns.topology, y, columns.state - columns.topology - 1, TOP_PLAIN,
                    slice->topology);
    top_print(cells, box, columns.state, y, style_of_state(slice->state), "%s",
              ctl_enum_word(&heliostat__v1__slice_state__descriptor, (int)slice->state));
    top_print_field(cells, box, columns.qualified, y, columns.missing - columns.qualified,
                    slice->qualified == HELIOSTAT__V1__QUALIFIED__QUALIFIED_FAILED ? TOP_BAD : TOP_PLAIN,
                    qualified_word(slice, columns.missing - columns.qualified - 1));
    top_print(cells, box, columns.missing, y, is_whole ? TOP_PLAIN : TOP_WARNING, "%*zu",
              columns.missing_width, slice->n_missing_links);
    if (columns.cause < box->width)
        top_print(cells, box, columns.cause, y, TOP_PLAIN, "%s", slice->cause);
}

/* "2026-01-31T07:33:01.123Z" -> "07:33:01". Returns the column after it. */
static unsigned print_time(struct top_cells *cells, const struct top_box *box, unsigned y, const char *time) {
    return strlen(time) >= 19 ? top_print(cells, box, 0, y, TOP_DIM, "%.8s ", time + 11) : 0;
}

static void print_alarm(const struct top_model *model, size_t i, struct top_cells *cells,
                        const struct top_box *box, unsigned y) {
    const Heliostat__V1__Alarm *alarm = model->alarms[i];
    unsigned x = print_time(cells, box, y, alarm->since);
    x = top_print(cells, box, x, y, TOP_BAD, "%s", alarm->kind);
    x = top_print(cells, box, x, y, TOP_PLAIN, " %s: %s", *alarm->object ? alarm->object : alarm->pod,
                  alarm->text);
    if (*alarm->what_to_do)
        top_print(cells, box, x, y, TOP_DIM, ". %s", alarm->what_to_do);
}

static void print_event(const struct top_model *model, size_t i, struct top_cells *cells,
                        const struct top_box *box, unsigned y) {
    const Heliostat__V1__Event *event = model->events[i];
    unsigned x = print_time(cells, box, y, event->time);
    x = top_print(cells, box, x, y, TOP_PLAIN, "%-16s %s", event->kind, event->object);
    if (*event->before || *event->after)
        x = top_print(cells, box, x, y, TOP_PLAIN, "  %s -> %s", *event->before ? event->before : "-",
                      *event->after ? event->after : "-");
    if (*event->cause)
        top_print(cells, box, x, y, TOP_DIM, "  (%s)", event->cause);
}

static void head_slices(const struct top_model *model, struct top_cells *cells, const struct top_box *box,
                        enum top_style style) {
    struct columns columns = columns_of(model, box->width);
    top_print(cells, box, columns.topology, 0, style, "TOPOLOGY");
    top_print(cells, box, columns.state, 0, style, "STATE");
    top_print(cells, box, columns.qualified, 0, style,
              columns.missing - columns.qualified > 9 ? "QUALIFIED" : "QUAL");
    top_print(cells, box, columns.missing, 0, style, columns.missing_width >= 7 ? "MISSING" : "MIS");
    if (columns.cause < box->width)
        top_print(cells, box, columns.cause, 0, style, "CAUSE");
}

static const struct {
    const char *title;
    void (*head)(const struct top_model *model, struct top_cells *cells, const struct top_box *box,
                 enum top_style style); /* the titles of its columns; NULL: none */
    void (*print)(const struct top_model *model, size_t i, struct top_cells *cells, const struct top_box *box,
                  unsigned y);
} lists[TOP_N_PANES] = {
    [TOP_PANE_SLICES] = {"Slices", head_slices, print_slice},
    [TOP_PANE_ALARMS] = {"Alarms", NULL, print_alarm},
    [TOP_PANE_EVENTS] = {"Events", NULL, print_event},
};

/* "1 Slices 9-16/40": which of them are seen. Where that has no room the word is left out. */
static void print_heading(const struct top_view *view, enum top_pane pane, size_t n, unsigned room,
                          struct top_cells *cells, const struct top_box *box, enum top_style style) {
    char text[64] = "";
    size_t first = view->first[pane], last = first + view->lines[pane];
    last = last < n ? last : n;
    for (int has_word = 1; has_word >= 0; has_word--) {
        int length = snprintf(text, sizeof(text), "%u %s", pane + 1u, has_word ? lists[pane].title : "");
        char *end = text + length - !has_word;
        size_t size = sizeof(text) - (size_t)(end - text);
        if (first == 0 && n <= last)
            snprintf(end, size, " %zu", n);
        else
            snprintf(end, size, " %zu-%zu/%zu", first + 1, last, n);
        if (strlen(text) <= room)
            break;
    }
    top_print_field(cells, box, 0, 0, box->width, style, text);
}

void top_print_list(const struct top_model *model, struct top_view *view, enum top_pane pane,
                    struct top_cells *cells, const struct top_box *box) {
    const size_t ns[TOP_N_PANES] = {model->n_slices, model->n_alarms, model->n_events};
    size_t n = ns[pane];
    enum top_style style = view->pane == pane ? TOP_FOCUS : TOP_HEADING;
    unsigned lines = view->lines[pane] = box->height ? box->height - 1 : 0;
    if (n <= lines)
        view->first[pane] = 0;
    else if (view->first[pane] > n - lines)
        view->first[pane] = n - lines;
    unsigned room = pane == TOP_PANE_SLICES ? columns_of(model, box->width).topology - 1 : box->width;
    print_heading(view, pane, n, room, cells, box, style);
    if (lists[pane].head)
        lists[pane].head(model, cells, box, style);
    for (unsigned y = 0; y < lines && view->first[pane] + y < n; y++)
        lists[pane].print(model, view->first[pane] + y, cells, box, y + 1);
}
