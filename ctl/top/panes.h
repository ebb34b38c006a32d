#pragma once
/* The parts of the screen, each in a box of its own. */
#include "ctl/top/layout.h"

/* The style of the slice's letter, the same in the grid and in the list. */
enum top_style top_slice_style(char letter);
/* The slice of that name; n_slices: it is not in the list. */
size_t top_find_slice(const struct top_model *model, const char *name);

/* Who has which cube. Lines that do not fit below each other go on beside them. */
unsigned top_rack_lines(const struct top_model *model);
/* The width that so many lines take in that height, and the height in that width. */
unsigned top_rack_width(unsigned lines, unsigned height);
unsigned top_rack_height(unsigned lines, unsigned width);
void top_print_racks(const struct top_model *model, struct top_cells *cells, const struct top_box *box);

/* One sign for each switch, a line for each group of names (x, y, z). */
unsigned top_switch_lines(const struct top_model *model);
unsigned top_switch_width(void);
void top_print_switches(const struct top_model *model, struct top_cells *cells, const struct top_box *box);

/* What the signs mean, those that are there now: as many lines as they need. */
unsigned top_legend_lines(const struct top_model *model, unsigned width);
void top_print_legend(const struct top_model *model, struct top_cells *cells, const struct top_box *box);

/* Lists with a heading. */
void top_print_list(const struct top_model *model, struct top_view *view, enum top_pane pane,
                    struct top_cells *cells, const struct top_box *box);

/* How a state of a switch is shown. */
struct top_switch_sign {
    Heliostat__V1__OcsState state;
    char sign;
    enum top_style style;
    const char *word;
};
extern const struct top_switch_sign top_switch_signs[];
extern const size_t top_n_switch_signs;
