#pragma once
/* Finds values that may stand once only, over a whole inventory. */
#include "inventory/findings.h"

#include <stddef.h>

struct inventory_value {
    const char *text; /* borrowed */
    const char *more; /* tells apart what has the same text; borrowed, "" where there is no such thing */
    size_t pod, outer, inner;
    size_t order;
};

/* Zeroed memory is an empty set. */
struct inventory_values {
    struct inventory_value *items;
    size_t n;
    bool out_of_memory;
};

void inventory_values_deinit(struct inventory_values *values);
/* An empty text is no value. */
void inventory_values_add(struct inventory_values *values, const char *text, const char *more, size_t pod,
                          size_t outer, size_t inner);
/* An error for each value that stood before. path is a printf format for pod, outer and inner, all %zu. */
void inventory_values_report(struct inventory_values *values, const char *path,
                             struct inventory_findings *findings);
