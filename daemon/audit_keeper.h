#pragma once
/* Keeps the audit trail: tells the log what its head is, so that a trail that is cut off at its end is found
 * out, and has old rows pruned. Loop thread. */
#include "daemon/audit_reader.h"
#include "daemon/fabric/fabric.h"
#include "daemon/loop/loop.h"

struct audit_keeper;

struct audit_keeper_options {
    struct loop *loop;
    struct audit_reader *reader;
    struct fabric *fabric;
    int64_t period_us; /* between two looks; the first is at once */
    int64_t keep_us;   /* rows that are older are pruned; 0: none is */
};

/* All in options live as long as this. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int audit_keeper_new(const struct audit_keeper_options *options,
                                                         struct audit_keeper **ret_keeper);
/* After audit_reader_free(), which answers what was asked. NULL is fine. */
void audit_keeper_free(struct audit_keeper *keeper);
/* One line about the head of the trail in a database file, such as a backup. Reads the file. */
void audit_keeper_tell_head(const char *what, const char *path);
