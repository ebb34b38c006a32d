#pragma once
/* --watch: a command that reads is run again whenever something happened, and prints what is new. */
#include "ctl/ctl.h"
#include "ctl/seen.h"

struct ctl_watch {
    struct ctl_seen seen;
    char *header, *text; /* last printed: the header of a table, all of what is no table */
    bool is_first, has_changed;
};

/* Runs the command until it fails, the reader of stdout goes away, or the program is interrupted. An exit
 * status. */
__attribute__((warn_unused_result)) int ctl_watch_command(struct ctl *ctl);

/* The rows of a table that are new. */
void ctl_watch_print_table(struct ctl *ctl, const struct ctl_table *table);
/* Whether a message is new; text: how it is printed, without newline. */
bool ctl_watch_is_new_message(struct ctl *ctl, const ProtobufCMessage *message, const char *text);
