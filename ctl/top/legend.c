#include "ctl/cube_mark.h"
#include "ctl/top/panes.h"
#include <stdio.h>
#include <string.h>

static bool has_mark(const struct top_model *model, const struct ctl_cube_mark *mark) {
    for (size_t i = 0; i < model->pod->n_cubes; i++)
        if (ctl_cube_mark(model->pod->cubes[i]) == mark)
            return true;
    return false;
}

static bool has_state(const struct top_model *model, Heliostat__V1__OcsState state) {
    for (size_t i = 0; i < model->n_ocses; i++)
        if (model->ocses[i]->state == state)
            return true;
    return false;
}

/* Where the next item goes: on this line, or on the next where it would be cut. */
struct pen {
    struct top_cells *cells; /* NULL: lines are counted only */
    struct top_box box;
    unsigned x, y;
};

static void put(struct pen *pen, const char *lead, const char *text) {
    unsigned length = (unsigned)(strlen(lead) + strlen(text));
    if (pen->x && pen->x + length > pen->box.width) {
        pen->x = 0;
        pen->y++;
        lead = "";
    }
    if (pen->cells)
        top_print(pen->cells, &pen->box, pen->x, pen->y, TOP_DIM, "%s%s", lead, text);
    pen->x += (unsigned)(strlen(lead) + strlen(text));
}

static void put_sign(struct pen *pen, const char *lead, char sign, const char *word) {
    char text[32];
    snprintf(text, sizeof(text), "%c %s", sign, word);
    put(pen, lead, text);
}

static unsigned print_legend(const struct top_model *model, struct pen *pen) {
    put(pen, "", "Racks: . free");
    put_sign(pen, "  ", 'A', "slice");
    for (size_t i = 0; i < ctl_n_cube_marks; i++)
        if (has_mark(model, &ctl_cube_marks[i]))
            put_sign(pen, "  ", ctl_cube_marks[i].sign, ctl_cube_marks[i].word);
    put(pen, "   ", "Switches:");
    const char *lead = " ";
    for (size_t i = 0; i < top_n_switch_signs; i++)
        if (has_state(model, top_switch_signs[i].state)) {
            put_sign(pen, lead, top_switch_signs[i].sign, top_switch_signs[i].word);
            lead = "  ";
        }
    return pen->y + 1;
}

unsigned top_legend_lines(const struct top_model *model, unsigned width) {
    struct pen pen = {.box = {.width = width}};
    return print_legend(model, &pen);
}

void top_print_legend(const struct top_model *model, struct top_cells *cells, const struct top_box *box) {
    struct pen pen = {.cells = cells, .box = *box};
    print_legend(model, &pen);
}
