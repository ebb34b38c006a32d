#include "ctl/cube_mark.h"
#include "ctl/top/panes.h"
#include <stdlib.h>
#include <string.h>

#define CUBES_IN_LINE 8
#define LABEL_WIDTH 4 /* "12: " */
#define LINE_WIDTH (LABEL_WIDTH + 2 * CUBES_IN_LINE)

enum top_style top_slice_style(char letter) {
    return (enum top_style)(TOP_SLICE + (unsigned char)letter % TOP_N_SLICE_STYLES);
}

size_t top_find_slice(const struct top_model *model, const char *name) {
    size_t i = 0;
    while (i < model->n_slices && strcmp(model->slices[i]->name, name) != 0)
        i++;
    return i;
}

/* A line of the grid begins with each row, and after CUBES_IN_LINE cubes of one. */
struct walk {
    unsigned line, column; /* of the cube that was reached; lines count from 1 */
    unsigned row;
};

static int compare_cubes(const void *a, const void *b) {
    const Heliostat__V1__CubeStatus *const *x = a, *const *y = b;
    if ((*x)->row != (*y)->row)
        return (*x)->row < (*y)->row ? -1 : 1;
    return ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
}

/* NULL: no memory. */
static const Heliostat__V1__CubeStatus **sorted_cubes(const struct top_model *model) {
    size_t size = model->pod->n_cubes * sizeof(void *);
    const Heliostat__V1__CubeStatus **cubes = malloc(size ? size : 1);
    if (!cubes)
        return NULL;
    for (size_t i = 0; i < model->pod->n_cubes; i++)
        cubes[i] = model->pod->cubes[i];
    qsort(cubes, model->pod->n_cubes, sizeof(*cubes), compare_cubes);
    return cubes;
}

static void step(struct walk *walk, const Heliostat__V1__CubeStatus *cube) {
    bool is_new = walk->line == 0 || cube->row != walk->row || walk->column + 1 == CUBES_IN_LINE;
    walk->column = is_new ? 0 : walk->column + 1;
    walk->line += is_new;
    walk->row = cube->row;
}

unsigned top_rack_lines(const struct top_model *model) {
    const Heliostat__V1__CubeStatus **cubes = sorted_cubes(model);
    struct walk walk = {0};
    for (size_t i = 0; cubes && i < model->pod->n_cubes; i++)
        step(&walk, cubes[i]);
    free(cubes);
    return walk.line;
}

unsigned top_rack_width(unsigned lines, unsigned height) {
    return height ? LINE_WIDTH * ((lines + height - 1) / height) : 0;
}

unsigned top_rack_height(unsigned lines, unsigned width) {
    unsigned beside = width / LINE_WIDTH;
    return beside ? (lines + beside - 1) / beside : lines;
}

static void print_cube(const struct top_model *model, struct top_cells *cells, const struct top_box *box,
                       unsigned x, unsigned y, const Heliostat__V1__CubeStatus *cube) {
    static const enum top_style styles[] = {[CTL_TONE_BAD] = TOP_BAD,
                                            [CTL_TONE_WARNING] = TOP_WARNING,
                                            [CTL_TONE_STRONG] = TOP_STRONG,
                                            [CTL_TONE_PLAIN] = TOP_PLAIN};
    const struct ctl_cube_mark *mark = ctl_cube_mark(cube);
    if (*cube->slice) {
        size_t slice = top_find_slice(model, cube->slice);
        char letter = slice < model->n_slices ? model->letters[slice] : '@';
        x = top_print(cells, box, x, y, top_slice_style(letter), "%c", letter);
    }
    if (mark)
        top_print(cells, box, x, y, styles[mark->tone], "%c", mark->sign);
    else if (!*cube->slice)
        top_print(cells, box, x, y, TOP_DIM, ".");
}

void top_print_racks(const struct top_model *model, struct top_cells *cells, const struct top_box *box) {
    const Heliostat__V1__CubeStatus **cubes = sorted_cubes(model);
    struct walk walk = {0};
    for (size_t i = 0; cubes && box->height && i < model->pod->n_cubes; i++) {
        unsigned row_before = walk.row, line_before = walk.line;
        step(&walk, cubes[i]);
        unsigned x = (walk.line - 1) / box->height * LINE_WIDTH, y = (walk.line - 1) % box->height;
        if (line_before == 0 || walk.row != row_before)
            top_print(cells, box, x, y, TOP_DIM, "%2u:", walk.row);
        print_cube(model, cells, box, x + LABEL_WIDTH + 2 * walk.column, y, cubes[i]);
    }
    free(cubes);
}
