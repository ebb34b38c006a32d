#include "ctl/json_value.h"

int ctl_print_value(struct ctl *ctl, json_t *value) {
    size_t flags = ctl->format == CTL_FORMAT_JSONL ? JSON_COMPACT : JSON_INDENT(2);
    int r = value ? json_dumpf(value, stdout, flags | JSON_REAL_PRECISION(9)) : -1;
    json_decref(value);
    putchar('\n');
    return r == 0 ? 0 : ctl_fail(ctl, CTL_EXIT_FAILED, "the answer cannot be written as JSON");
}
