#include "daemon/fabric/refusal_log.h"
#include "daemon/fabric/change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 2048

struct row {
    char principal[64], method[32], object[64], text[FABRIC_TEXT_MAX];
    uint64_t hash;
    enum reason reason;
    int64_t count, first_us, last_us;
    bool is_new; /* not written yet */
};

struct refusal_log {
    struct row row[ROWS_MAX];
    unsigned count;
    bool has_new;
};

int refusal_log_new(struct refusal_log **ret_log) {
    *ret_log = calloc(1, sizeof(**ret_log));
    return *ret_log ? 0 : -ENOMEM;
}

void refusal_log_free(struct refusal_log *log) {
    free(log);
}

int refusal_log_load(struct fabric *fabric, const struct store_refusal *stored) {
    struct refusal_log *log = fabric->refusals;
    if (log->count == ROWS_MAX)
        return 0;
    struct row *row = &log->row[log->count++];
    *row = (struct row){.hash = (uint64_t)stored->request_hash,
                        .reason = (enum reason)stored->reason,
                        .count = stored->count,
                        .first_us = stored->first_us,
                        .last_us = stored->last_us};
    snprintf(row->principal, sizeof(row->principal), "%s", stored->principal);
    snprintf(row->method, sizeof(row->method), "%s", stored->method);
    snprintf(row->object, sizeof(row->object), "%s", stored->object);
    snprintf(row->text, sizeof(row->text), "%s", stored->text);
    return 0;
}

/* The row of that request, or a free one, or that of the request that was not made for the longest time. */
static struct row *place_of(struct refusal_log *log, const struct fabric_actor *actor) {
    struct row *oldest = &log->row[0];
    for (unsigned i = 0; i < log->count; i++) {
        struct row *row = &log->row[i];
        if (row->hash == actor->request_hash && strcmp(row->principal, actor->principal) == 0 &&
            strcmp(row->method, actor->method) == 0)
            return row;
        if (row->last_us < oldest->last_us)
            oldest = row;
    }
    return log->count < ROWS_MAX ? &log->row[log->count++] : oldest;
}

static void forget(struct fabric *fabric, const struct row *row, int64_t now_us) {
    struct change *change = change_begin(fabric, "heliostatd", now_us);
    struct store_refusal key = {
        .principal = row->principal, .method = row->method, .request_hash = (int64_t)row->hash};
    if (!change)
        return;
    store_delete(change->rows, STORE_REFUSAL, &key, 3);
    if (change_submit(change) < 0)
        fabric_mark(fabric);
}

void fabric_note_refusal(struct fabric *fabric, const struct fabric_actor *actor, const char *object,
                         const struct fabric_refusal *refusal, int64_t now_us) {
    struct refusal_log *log = fabric->refusals;
    if (actor->validate_only || refusal->kind != FABRIC_REFUSAL_REASON ||
        refusal->reason == REASON_STORE_UNAVAILABLE) /* which could not be written */
        return;
    int64_t wall_us = fabric_wall_us(fabric, now_us);
    struct row *row = place_of(log, actor);
    if (row->count && (row->hash != actor->request_hash || strcmp(row->principal, actor->principal) != 0 ||
                       strcmp(row->method, actor->method) != 0)) {
        forget(fabric, row, now_us);
        *row = (struct row){0};
    }
    if (!row->count) {
        row->hash = actor->request_hash;
        row->first_us = wall_us;
        snprintf(row->principal, sizeof(row->principal), "%s", actor->principal);
        snprintf(row->method, sizeof(row->method), "%s", actor->method);
        snprintf(row->object, sizeof(row->object), "%s", object);
    }
    row->reason = refusal->reason;
    row->count++;
    row->last_us = wall_us;
    row->is_new = log->has_new = true;
    snprintf(row->text, sizeof(row->text), "%s%.*s", actor->disrupts ? "with --disrupt: " : "",
             FABRIC_TEXT_MAX - 20, refusal->text);
}

void refusal_log_flush(struct fabric *fabric, int64_t now_us) {
    struct refusal_log *log = fabric->refusals;
    struct change *change = log->has_new ? change_begin(fabric, "heliostatd", now_us) : NULL;
    if (!change)
        return;
    for (unsigned i = 0; i < log->count; i++) {
        struct row *row = &log->row[i];
        if (!row->is_new)
            continue;
        struct store_refusal stored = {.principal = row->principal,
                                       .method = row->method,
                                       .request_hash = (int64_t)row->hash,
                                       .reason = row->reason,
                                       .object = row->object,
                                       .text = row->text,
                                       .count = row->count,
                                       .first_us = row->first_us,
                                       .last_us = row->last_us};
        store_put(change->rows, STORE_REFUSAL, &stored);
        row->is_new = false;
    }
    log->has_new = false;
    if (change_submit(change) < 0)
        fabric_mark(fabric);
}

void fabric_refusals(const struct fabric *fabric,
                     void (*visit)(const struct fabric_refused *, void *userdata), void *userdata) {
    const struct refusal_log *log = fabric->refusals;
    for (unsigned i = 0; i < log->count; i++) {
        const struct row *row = &log->row[i];
        const struct fabric_refused refused = {.principal = row->principal,
                                               .method = row->method,
                                               .object = row->object,
                                               .text = row->text,
                                               .reason = row->reason,
                                               .count = row->count,
                                               .first_us = row->first_us,
                                               .last_us = row->last_us};
        visit(&refused, userdata);
    }
}
