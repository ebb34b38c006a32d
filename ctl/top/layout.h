#pragma once
/* From what the daemon answered to what stands on the screen. Pure: no terminal, no socket, no clock. */
#include "ctl/top/cells.h"
#include "heliostat/v1/alarm.pb-c.h"
#include "heliostat/v1/event.pb-c.h"
#include "heliostat/v1/ocs.pb-c.h"
#include "heliostat/v1/pod.pb-c.h"
#include "heliostat/v1/slice.pb-c.h"

/* The smallest terminal that shows anything but a request for a larger one. */
#define TOP_MIN_WIDTH 80
#define TOP_MIN_HEIGHT 24

/* Lists that scroll. */
enum top_pane { TOP_PANE_SLICES, TOP_PANE_ALARMS, TOP_PANE_EVENTS, TOP_N_PANES };

/* What is shown; nothing here is owned. */
struct top_model {
    const Heliostat__V1__PodStatus *pod;
    Heliostat__V1__Slice *const *slices;
    size_t n_slices;
    const char *letters; /* [n_slices], the letter of each in the grid */
    Heliostat__V1__OcsStatus *const *ocses;
    size_t n_ocses;
    Heliostat__V1__Alarm *const *alarms;
    size_t n_alarms;
    Heliostat__V1__Event *const *events; /* the newest first */
    size_t n_events;
    const char *lost_since; /* since when the daemon does not answer; "": it does */
};

struct top_view {
    enum top_pane pane;          /* that the arrow keys move */
    size_t first[TOP_N_PANES];   /* the first line that each shows */
    unsigned lines[TOP_N_PANES]; /* set by the layout: how many each has room for */
};

/* Fills cells, which are blank. view->first is brought into the range of what there is. */
void top_layout(const struct top_model *model, struct top_view *view, struct top_cells *cells);
