#include "daemon/store/audit_query.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

#define ROWS_A_TRANSACTION 4096

struct reader {
    const struct audit_query *query;
    struct audit_result *result;
    int64_t last_id;
    size_t n_seen;
    bool is_full;
};

static bool is_name_byte(char c) {
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* The name as a word: cube-1 is not in cube-17, and it is in pod/cube-1. */
static bool has_word(const char *text, const char *name) {
    size_t length = strlen(name);
    for (const char *at = strstr(text, name); at; at = strstr(at + 1, name))
        if ((at == text || !is_name_byte(at[-1])) && !is_name_byte(at[length]))
            return true;
    return false;
}

static bool take(const void *record, void *userdata) {
    const struct store_audit *row = record;
    struct reader *reader = userdata;
    const struct audit_query *query = reader->query;
    struct audit_result *result = reader->result;
    if (result->n_rows == query->limit) {
        reader->is_full = true;
        return false;
    }
    reader->last_id = row->audit_id;
    reader->n_seen++;
    if (row->time_us < query->since_us ||
        (*query->object && !has_word(row->object, query->object) && !has_word(row->outcome, query->object)))
        return true;
    struct audit_row *copy = &result->rows[result->n_rows++];
    *copy = (struct audit_row){.id = row->audit_id,
                               .time_us = row->time_us,
                               .actor = strdup(row->actor),
                               .method = strdup(row->method),
                               .object = strdup(row->object),
                               .request = strdup(row->request),
                               .outcome = strdup(row->outcome)};
    if (copy->actor && copy->method && copy->object && copy->request && copy->outcome)
        return true;
    result->result = -ENOMEM;
    return false;
}

void audit_query_run(const char *path, const struct audit_query *query, struct audit_result *ret_result) {
    struct reader reader = {.query = query, .result = ret_result, .last_id = query->after_id};
    *ret_result = (struct audit_result){0};
    if (query->is_verify) {
        ret_result->result =
            store_audit_verify(path, &ret_result->summary, ret_result->error, sizeof(ret_result->error));
        return;
    }
    if (query->is_survey) {
        int r = store_audit_survey(path, query->since_us, &ret_result->summary, &ret_result->prune_through);
        ret_result->result = r;
        if (r < 0)
            snprintf(ret_result->error, sizeof(ret_result->error), "%s", strerror(-r));
        return;
    }
    ret_result->rows = calloc(query->limit, sizeof(*ret_result->rows));
    int r = ret_result->rows ? 0 : -ENOMEM;
    do {
        reader.n_seen = 0;
        if (r == 0)
            r = store_read_after(path, STORE_AUDIT, reader.last_id, ROWS_A_TRANSACTION, take, &reader);
        if (r == 0)
            r = ret_result->result;
    } while (r == 0 && reader.n_seen && !reader.is_full);
    ret_result->result = r;
    if (r < 0)
        snprintf(ret_result->error, sizeof(ret_result->error), "the audit trail cannot be read: %s",
                 strerror(-r));
    ret_result->next_after_id = reader.is_full ? reader.last_id : 0;
}

void audit_result_deinit(struct audit_result *result) {
    for (size_t i = 0; i < result->n_rows; i++) {
        free(result->rows[i].actor);
        free(result->rows[i].method);
        free(result->rows[i].object);
        free(result->rows[i].request);
        free(result->rows[i].outcome);
    }
    free(result->rows);
    *result = (struct audit_result){0};
}
