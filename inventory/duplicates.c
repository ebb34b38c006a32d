#include "inventory/duplicates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void inventory_values_deinit(struct inventory_values *values) {
    free(values->items);
    *values = (struct inventory_values){0};
}

void inventory_values_add(struct inventory_values *values, const char *text, const char *more, size_t pod,
                          size_t outer, size_t inner) {
    if (!*text || values->out_of_memory)
        return;
    if ((values->n & (values->n - 1)) == 0) {
        size_t room = values->n ? 2 * values->n : 1;
        struct inventory_value *items = realloc(values->items, room * sizeof(*items));
        if (!items) {
            values->out_of_memory = true;
            return;
        }
        values->items = items;
    }
    values->items[values->n] = (struct inventory_value){text, more, pod, outer, inner, values->n};
    values->n++;
}

static int compare_text(const struct inventory_value *a, const struct inventory_value *b) {
    int text = strcmp(a->text, b->text);
    return text ? text : strcmp(a->more, b->more);
}

static int compare(const void *one, const void *other) {
    const struct inventory_value *a = one, *b = other;
    int text = compare_text(a, b);
    return text ? text : (a->order > b->order) - (a->order < b->order);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void write_path(char *text, size_t size, const char *path, const struct inventory_value *value) {
    snprintf(text, size, path, value->pod, value->outer, value->inner);
}
#pragma GCC diagnostic pop

void inventory_values_report(struct inventory_values *values, const char *path,
                             struct inventory_findings *findings) {
    if (values->out_of_memory)
        findings->out_of_memory = true;
    if (values->n == 0)
        return;
    qsort(values->items, values->n, sizeof(values->items[0]), compare);
    const struct inventory_value *first = &values->items[0];
    for (size_t i = 1; i < values->n; i++) {
        const struct inventory_value *value = &values->items[i];
        if (compare_text(first, value) != 0) {
            first = value;
            continue;
        }
        char here[120], there[120];
        write_path(here, sizeof(here), path, value);
        write_path(there, sizeof(there), path, first);
        inventory_error(findings, 0, here, "'%.60s' is that of %s already; wants another", value->text,
                        there);
    }
}
