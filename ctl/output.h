#pragma once
/* The answer of a command in the format that was asked for. */
#include "ctl/ctl.h"

struct ctl_view {
    const struct ctl_column *columns;
    size_t n_columns;
    /* Adds the rows for a message. */
    void (*fill)(struct ctl *ctl, struct ctl_table *table, const void *message);
    const char *none; /* said on stderr when there is no row; NULL: nothing is said */
};
#define CTL_VIEW(columns_, fill_, none_)                                                                     \
    { columns_, sizeof(columns_) / sizeof(*(columns_)), fill_, none_ }

/* Table, wide and name through the view; json and jsonl from the message itself. jsonl: one line for each
 * element of its first list of messages. An exit status. */
__attribute__((warn_unused_result)) int ctl_show(struct ctl *ctl, const void *message,
                                                 const struct ctl_view *view);
bool ctl_wants_json(const struct ctl *ctl); /* json or jsonl */
__attribute__((warn_unused_result)) int ctl_print_json(struct ctl *ctl, const void *message);
/* A table that no message stands behind, for people only. */
void ctl_show_table(struct ctl *ctl, const struct ctl_table *table);
/* Prints to stdout in the table formats, nothing in the others: what a change did, in a sentence. */
__attribute__((format(printf, 2, 3))) void ctl_say(const struct ctl *ctl, const char *format, ...);
