#pragma once
/* Looking things up in the audit trail, beside the daemon's own work: its own read-only connection, short
 * transactions, any thread. */
#include "daemon/store/store.h"

#define AUDIT_PAGE_MAX 1000

struct audit_query {
    bool is_verify;   /* walk the whole hash chain; the rest counts not */
    bool is_survey;   /* the head, and what is older than since_us; the rest counts not */
    char object[160]; /* a name that object or outcome of a row must hold as a word; "": any */
    int64_t since_us; /* wall; 0: from the first */
    int64_t after_id;
    unsigned limit; /* 1..AUDIT_PAGE_MAX */
};

struct audit_row {
    int64_t id, time_us;
    char *actor, *method, *object, *request, *outcome;
};

struct audit_result {
    int result;      /* 0, STORE_BROKEN_CHAIN or negative errno */
    char error[400]; /* a sentence where result is not 0 */
    struct audit_row *rows;
    size_t n_rows;
    int64_t next_after_id;              /* 0: there is no more */
    struct store_audit_summary summary; /* of is_verify and is_survey */
    int64_t prune_through;              /* of is_survey; 0: nothing is as old */
};

/* ret_result is filled in whatever happens; audit_result_deinit(). */
void audit_query_run(const char *path, const struct audit_query *query, struct audit_result *ret_result);
void audit_result_deinit(struct audit_result *result);
