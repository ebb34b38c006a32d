#include "ctl/top/panes.h"
#include <string.h>

#define SWITCHES_IN_LINE 16
#define LABEL_WIDTH 4

const struct top_switch_sign top_switch_signs[] = {
    {HELIOSTAT__V1__OCS_STATE__OCS_STATE_IN_SYNC, '.', TOP_GOOD, "in sync"},
    {HELIOSTAT__V1__OCS_STATE__OCS_STATE_DISCONNECTED, 'x', TOP_BAD, "disconnected"},
    {HELIOSTAT__V1__OCS_STATE__OCS_STATE_SYNCING, '~', TOP_WARNING, "syncing"},
    {HELIOSTAT__V1__OCS_STATE__OCS_STATE_DRIFTED, '!', TOP_BAD, "drifted"},
    {HELIOSTAT__V1__OCS_STATE__OCS_STATE_MISMATCH, 'M', TOP_BAD, "mismatch"},
    {HELIOSTAT__V1__OCS_STATE__OCS_STATE_DRAINED, '-', TOP_WARNING, "drained"},
    {HELIOSTAT__V1__OCS_STATE__OCS_STATE_UNSPECIFIED, '?', TOP_WARNING, "unknown"},
};
const size_t top_n_switch_signs = sizeof(top_switch_signs) / sizeof(*top_switch_signs);

/* "pod/ocs-x-05" -> "x"; another name has no group. */
static int group_of(const Heliostat__V1__OcsStatus *ocs, const char **ret_group) {
    const char *slash = strrchr(ocs->name, '/'), *name = slash ? slash + 1 : ocs->name;
    if (strncmp(name, "ocs-", 4) == 0)
        name += 4;
    const char *dash = strrchr(name, '-');
    *ret_group = name;
    return dash ? (int)(dash - name) : 0;
}

struct walk {
    unsigned line, column; /* lines count from 1 */
    const char *group;
    int group_length;
    bool is_new_group;
};

static void step(struct walk *walk, const Heliostat__V1__OcsStatus *ocs) {
    const char *group;
    int length = group_of(ocs, &group);
    walk->is_new_group =
        walk->line == 0 || length != walk->group_length || strncmp(group, walk->group, (size_t)length) != 0;
    bool is_new = walk->is_new_group || walk->column + 1 == SWITCHES_IN_LINE;
    walk->column = is_new ? 0 : walk->column + 1;
    walk->line += is_new;
    walk->group = group;
    walk->group_length = length;
}

unsigned top_switch_lines(const struct top_model *model) {
    struct walk walk = {0};
    for (size_t i = 0; i < model->n_ocses; i++)
        step(&walk, model->ocses[i]);
    return walk.line;
}

unsigned top_switch_width(void) {
    return LABEL_WIDTH + SWITCHES_IN_LINE + 1;
}

static const struct top_switch_sign *sign_of(const Heliostat__V1__OcsStatus *ocs) {
    for (size_t i = 0; i < top_n_switch_signs; i++)
        if (top_switch_signs[i].state == ocs->state)
            return &top_switch_signs[i];
    return &top_switch_signs[top_n_switch_signs - 1];
}

void top_print_switches(const struct top_model *model, struct top_cells *cells, const struct top_box *box) {
    struct walk walk = {0};
    for (size_t i = 0; i < model->n_ocses; i++) {
        const struct top_switch_sign *sign = sign_of(model->ocses[i]);
        step(&walk, model->ocses[i]);
        if (walk.is_new_group && walk.group_length)
            top_print(cells, box, 0, walk.line - 1, TOP_DIM,
                      "%2.*s:", walk.group_length < 2 ? walk.group_length : 2, walk.group);
        top_print(cells, box, LABEL_WIDTH + walk.column, walk.line - 1, sign->style, "%c", sign->sign);
    }
}
