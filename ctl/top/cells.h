#pragma once
/* What stands on the screen: a sign and a style for each place. Knows no terminal. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOP_N_SLICE_STYLES 6

enum top_style {
    TOP_PLAIN,
    TOP_DIM,
    TOP_STRONG,
    TOP_HEADING,
    TOP_FOCUS, /* the heading of the list that the arrow keys move */
    TOP_GOOD,
    TOP_WARNING,
    TOP_BAD,
    TOP_SLICE, /* the first of TOP_N_SLICE_STYLES */
    TOP_N_STYLES = TOP_SLICE + TOP_N_SLICE_STYLES,
};

struct top_cell {
    char sign; /* printable ASCII */
    uint8_t style;
};

struct top_cells {
    unsigned width, height;
    struct top_cell *cells; /* [height * width] */
};

/* A part of the screen; what is printed outside of it is not shown. */
struct top_box {
    unsigned x, y, width, height;
};

/* All blank. 0; -ENOMEM. */
__attribute__((warn_unused_result)) int top_cells_init(struct top_cells *cells, unsigned width,
                                                       unsigned height);
void top_cells_deinit(struct top_cells *cells);

/* Prints at column x of line y of the box and returns the column after the text. Text that does not fit is
 * cut. What is no printable ASCII becomes '?', one for each character, so that no text can drive a terminal.
 */
__attribute__((format(printf, 6, 7))) unsigned top_print(struct top_cells *cells, const struct top_box *box,
                                                         unsigned x, unsigned y, enum top_style style,
                                                         const char *format, ...);
/* The same in at most width columns, the rest of them blank. */
unsigned top_print_field(struct top_cells *cells, const struct top_box *box, unsigned x, unsigned y,
                         unsigned width, enum top_style style, const char *text);
