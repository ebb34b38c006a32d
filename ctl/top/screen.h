#pragma once
/* The terminal, through ncurses: it sends what changed and nothing else. One at a time. */
#include "ctl/ctl.h"
#include "ctl/top/cells.h"

enum top_key {
    TOP_KEY_NONE, /* none was pressed */
    TOP_KEY_OTHER,
    TOP_KEY_QUIT, /* q, an interrupt, or the terminal is gone */
    TOP_KEY_RESIZE,
    TOP_KEY_NEXT_PANE,
    TOP_KEY_PANE_1,
    TOP_KEY_PANE_2,
    TOP_KEY_PANE_3,
    TOP_KEY_UP,
    TOP_KEY_DOWN,
    TOP_KEY_PAGE_UP,
    TOP_KEY_PAGE_DOWN,
    TOP_KEY_FIRST,
    TOP_KEY_LAST,
    TOP_KEY_POD,
};

/* An exit status, with the error printed: there is no terminal, or one that is not known or cannot do it. */
__attribute__((warn_unused_result)) int top_screen_check(struct ctl *ctl);
/* Takes the terminal over; what is written to stderr from now on is kept until top_screen_close(). An exit
 * status, with the error printed. */
__attribute__((warn_unused_result)) int top_screen_open(struct ctl *ctl);
/* Gives the terminal back as it was. */
void top_screen_close(void);
void top_screen_size(unsigned *ret_width, unsigned *ret_height);
/* cells: of the size that top_screen_size() says. */
void top_screen_show(const struct top_cells *cells);
/* Does not wait. */
enum top_key top_screen_key(void);
