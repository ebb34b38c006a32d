#include "ctl/top/cells.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 512 /* no terminal line that anybody reads is longer */

int top_cells_init(struct top_cells *cells, unsigned width, unsigned height) {
    size_t n = (size_t)width * height;
    struct top_cell *all = malloc((n ? n : 1) * sizeof(*all));
    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        all[i] = (struct top_cell){' ', TOP_PLAIN};
    *cells = (struct top_cells){width, height, all};
    return 0;
}

void top_cells_deinit(struct top_cells *cells) {
    free(cells->cells);
    cells->cells = NULL;
}

static void put(struct top_cells *cells, const struct top_box *box, unsigned x, unsigned y,
                enum top_style style, char sign) {
    if (x < box->width && y < box->height && box->x + x < cells->width && box->y + y < cells->height)
        cells->cells[(size_t)(box->y + y) * cells->width + box->x + x] =
            (struct top_cell){sign, (uint8_t)style};
}

static bool is_continuation(char byte) {
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static unsigned print_text(struct top_cells *cells, const struct top_box *box, unsigned x, unsigned y,
                           unsigned end, enum top_style style, const char *text) {
    for (; *text && x < end; text++)
        if (!is_continuation(*text))
            put(cells, box, x++, y, style, *text >= ' ' && *text <= '~' ? *text : '?');
    return x;
}

unsigned top_print(struct top_cells *cells, const struct top_box *box, unsigned x, unsigned y,
                   enum top_style style, const char *format, ...) {
    char text[TEXT_MAX];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    return print_text(cells, box, x, y, box->width, style, text);
}

unsigned top_print_field(struct top_cells *cells, const struct top_box *box, unsigned x, unsigned y,
                         unsigned width, enum top_style style, const char *text) {
    unsigned end = x + width < box->width ? x + width : box->width;
    x = print_text(cells, box, x, y, end, style, text);
    while (x < end)
        put(cells, box, x++, y, style, ' ');
    return x;
}
