#include "ctl/top/layout.h"
#include "ctl/top/panes.h"

#define HEADER_LINES 1
#define LEGEND_MOST 3
#define LOWER_WANTED 6      /* for alarms and events, */
#define LOWER_MIN 4         /* where the racks leave so much, or this */
#define GAP 1               /* between what stands beside each other */
#define SLICES_MIN_WIDTH 39 /* the racks take no more than this leaves */

static size_t least_size(size_t a, size_t b) {
    return a < b ? a : b;
}

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

static unsigned most(unsigned a, unsigned b) {
    return a > b ? a : b;
}

static void print_too_small(struct top_cells *cells) {
    struct top_box all = {0, 0, cells->width, cells->height};
    top_print(cells, &all, 0, 0, TOP_STRONG, "The terminal is too small:");
    top_print(cells, &all, 0, 1, TOP_STRONG, "%ux%u of at least %ux%u.", cells->width, cells->height,
              TOP_MIN_WIDTH, TOP_MIN_HEIGHT);
    top_print(cells, &all, 0, 2, TOP_PLAIN, "q quits.");
}

static void print_title(const struct top_model *model, struct top_cells *cells) {
    const Heliostat__V1__PodStatus *pod = model->pod;
    struct top_box line = {0, 0, cells->width, 1};
    unsigned healthy = 0, used = 0, unused = 0;
    for (size_t i = 0; i < pod->n_cubes; i++) {
        const Heliostat__V1__CubeStatus *cube = pod->cubes[i];
        bool is_healthy = cube->health == HELIOSTAT__V1__HEALTH__HEALTH_HEALTHY;
        bool is_used = *cube->slice || cube->part_hosts;
        healthy += is_healthy;
        used += is_used;
        unused +=
            !is_used && is_healthy && cube->scheduling <= HELIOSTAT__V1__SCHEDULING__SCHEDULING_SCHEDULABLE;
    }
    unsigned x = top_print(cells, &line, 0, 0, TOP_STRONG, "%.24s", pod->name);
    if (pod->frozen)
        x = top_print(cells, &line, x + 1, 0, TOP_BAD, "FROZEN");
    else
        x = top_print(cells, &line, x, 0, TOP_PLAIN, " (%.12s)", pod->model);
    if (*model->lost_since) {
        top_print(cells, &line, x + 2, 0, TOP_BAD, "not connected since %s; this is what was then",
                  model->lost_since);
        return;
    }
    x = top_print(cells, &line, x + 2, 0, TOP_PLAIN, "%zu cubes: %u healthy, %u in slices, %u free",
                  pod->n_cubes, healthy, used, unused);
    top_print(cells, &line, x + 2, 0, TOP_PLAIN, "%u/%u switches", pod->ocses_in_sync, pod->ocses);
}

static unsigned rack_room(unsigned width) {
    return width - GAP - SLICES_MIN_WIDTH;
}

static void print_upper(const struct top_model *model, struct top_view *view, struct top_cells *cells,
                        unsigned height) {
    unsigned lines = top_rack_lines(model);
    unsigned switch_lines = least(top_switch_lines(model), height / 2);
    unsigned rack_lines = least(lines, height - 2 - switch_lines);
    unsigned wanted = top_rack_width(lines, rack_lines);
    unsigned left = least(most(wanted, top_switch_width()), rack_room(cells->width));
    struct top_box racks = {0, HEADER_LINES, left, rack_lines + 1};
    struct top_box racks_body = {0, racks.y + 1, left, rack_lines};
    struct top_box switches = {0, racks.y + racks.height, left, 1};
    struct top_box switches_body = {0, switches.y + 1, left, switch_lines};
    struct top_box slices = {left + GAP, HEADER_LINES, cells->width - left - GAP, height};
    top_print_field(cells, &racks, 0, 0, left, TOP_HEADING, wanted > left ? "Racks (some hidden)" : "Racks");
    top_print_racks(model, cells, &racks_body);
    top_print_field(cells, &switches, 0, 0, left, TOP_HEADING, "Switches");
    top_print_switches(model, cells, &switches_body);
    top_print_list(model, view, TOP_PANE_SLICES, cells, &slices);
}

static void print_lower(const struct top_model *model, struct top_view *view, struct top_cells *cells,
                        unsigned y, unsigned height) {
    unsigned alarms = 1 + (unsigned)least_size(model->n_alarms, height);
    alarms = least(alarms, height / 2);
    struct top_box alarm_box = {0, y, cells->width, alarms};
    struct top_box event_box = {0, y + alarms, cells->width, height - alarms};
    top_print_list(model, view, TOP_PANE_ALARMS, cells, &alarm_box);
    top_print_list(model, view, TOP_PANE_EVENTS, cells, &event_box);
}

/* All racks come first, then what the slices need, then alarms and events. */
static unsigned upper_height(const struct top_model *model, unsigned width, unsigned room) {
    unsigned lines = top_rack_lines(model), others = 2 + top_switch_lines(model);
    unsigned slices = (unsigned)least_size(model->n_slices, room) + 1;
    unsigned wanted = least(most(others + lines, least(slices, room * 3 / 5)), room - LOWER_WANTED);
    return least(most(wanted, others + top_rack_height(lines, rack_room(width))), room - LOWER_MIN);
}

void top_layout(const struct top_model *model, struct top_view *view, struct top_cells *cells) {
    if (cells->width < TOP_MIN_WIDTH || cells->height < TOP_MIN_HEIGHT) {
        print_too_small(cells);
        return;
    }
    unsigned legend_lines = least(top_legend_lines(model, cells->width), LEGEND_MOST);
    unsigned room = cells->height - HEADER_LINES - legend_lines - 1;
    unsigned upper = upper_height(model, cells->width, room);
    struct top_box legend = {0, cells->height - 1 - legend_lines, cells->width, legend_lines};
    struct top_box keys = {0, cells->height - 1, cells->width, 1};
    print_title(model, cells);
    print_upper(model, view, cells, upper);
    print_lower(model, view, cells, HEADER_LINES + upper, room - upper);
    top_print_legend(model, cells, &legend);
    top_print(cells, &keys, 0, 0, TOP_DIM,
              "q quit   Tab or 1-3 choose a list   arrows, PgUp, PgDn scroll   p next pod");
}
