#include "daemon/fabric/request.h"
#include "daemon/fabric/refuse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096

struct request {
    struct request *next;
    char principal[64], method[32], request_id[65];
    uint64_t hash;
    int64_t uid, operation_id, completed_us, sequence;
};

struct request_table {
    struct request *bucket[BUCKETS];
};

int request_table_new(struct request_table **ret_table) {
    *ret_table = calloc(1, sizeof(**ret_table));
    return *ret_table ? 0 : -ENOMEM;
}

void request_table_free(struct request_table *table) {
    for (unsigned i = 0; table && i < BUCKETS; i++)
        while (table->bucket[i]) {
            struct request *request = table->bucket[i];
            table->bucket[i] = request->next;
            free(request);
        }
    free(table);
}

/* FNV-1a: the ids are the clients' own, a bucket that one of them fills hurts nobody's correctness. */
static struct request **bucket_of(struct request_table *table, const char *principal, const char *method,
                                  const char *request_id) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    const char *texts[] = {principal, method, request_id};
    for (unsigned i = 0; i < 3; i++)
        for (const char *c = texts[i];; c++) {
            hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
            if (!*c)
                break;
        }
    return &table->bucket[hash % BUCKETS];
}

static struct request *find(struct request_table *table, const char *principal, const char *method,
                            const char *request_id) {
    for (struct request *request = *bucket_of(table, principal, method, request_id); request;
         request = request->next)
        if (strcmp(request->request_id, request_id) == 0 && strcmp(request->method, method) == 0 &&
            strcmp(request->principal, principal) == 0)
            return request;
    return NULL;
}

static struct request *add(struct request_table *table, const char *principal, const char *method,
                           const char *request_id) {
    struct request *request = calloc(1, sizeof(*request));
    if (!request)
        return NULL;
    snprintf(request->principal, sizeof(request->principal), "%s", principal);
    snprintf(request->method, sizeof(request->method), "%s", method);
    snprintf(request->request_id, sizeof(request->request_id), "%s", request_id);
    struct request **at = bucket_of(table, request->principal, request->method, request->request_id);
    request->next = *at;
    *at = request;
    return request;
}

static void forget(struct request_table *table, struct request *request) {
    for (struct request **at = bucket_of(table, request->principal, request->method, request->request_id);
         *at; at = &(*at)->next)
        if (*at == request) {
            *at = request->next;
            free(request);
            return;
        }
}

int request_load(struct fabric *fabric, const struct store_request *row) {
    struct request *request = add(fabric->requests, row->principal, row->method, row->request_id);
    if (!request)
        return -ENOMEM;
    request->hash = (uint64_t)row->request_hash;
    request->uid = row->uid;
    request->operation_id = row->operation_id;
    request->completed_us = row->completed_us;
    return 0;
}

int request_check(struct fabric *fabric, const struct fabric_actor *actor, struct fabric_outcome *ret_outcome,
                  struct fabric_refusal *refusal) {
    const struct request *request =
        actor->request_id[0] ? find(fabric->requests, actor->principal, actor->method, actor->request_id)
                             : NULL;
    if (request && request->hash != actor->request_hash)
        return refuse(refusal, REASON_REQUEST_ID_REUSED, "mutation.request_id",
                      "request id \"%s\" was used for another request within the last hour",
                      actor->request_id);
    if (request && !actor->validate_only) {
        *ret_outcome = (struct fabric_outcome){
            .sequence = request->sequence, .uid = request->uid, .operation_id = request->operation_id};
        return FABRIC_REPLAYED;
    }
    if (!fabric->store_works)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    return 0;
}

int request_check_revision(const struct fabric_actor *actor, const char *name, int64_t revision,
                           struct fabric_refusal *refusal) {
    if (!actor->if_revision || actor->if_revision == revision)
        return 0;
    return refuse(refusal, REASON_REVISION_MOVED, "mutation.if_revision",
                  "%s is at revision %lld, the request is for %lld", name, (long long)revision,
                  (long long)actor->if_revision);
}

bool fabric_was_requested(const struct fabric *fabric, const struct fabric_actor *actor) {
    return actor->request_id[0] &&
           find(fabric->requests, actor->principal, actor->method, actor->request_id) != NULL;
}

static void land(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct request *request = step->object;
    request->sequence = 0;
}

static void revert(struct fabric *fabric, struct step *step, int64_t now_us) {
    forget(fabric->requests, step->object);
}

int request_submit(struct change *change, const struct fabric_actor *actor, int64_t uid, int64_t operation_id,
                   const char *object, struct fabric_outcome *ret_outcome) {
    struct fabric *fabric = change->fabric;
    struct request *request = NULL;
    if (actor->disrupts)
        change_add_detail(change, "--disrupt");
    if (actor->reason && actor->reason[0])
        change_add_detail(change, "%s", actor->reason);
    change_audit(change, actor, object, "accepted");
    if (actor->request_id[0]) {
        request = add(fabric->requests, actor->principal, actor->method, actor->request_id);
        if (!request) {
            change_abandon(change);
            return -ENOMEM;
        }
        request->hash = actor->request_hash;
        request->uid = uid;
        request->operation_id = operation_id;
        request->completed_us = fabric_wall_us(fabric, change->now_us);
        struct step step = {.land = land, .revert = revert, .object = request};
        change_add_step(change, &step);
        struct store_request row = {.principal = request->principal,
                                    .method = request->method,
                                    .request_id = request->request_id,
                                    .request_hash = (int64_t)request->hash,
                                    .uid = uid,
                                    .operation_id = operation_id,
                                    .object = object,
                                    .completed_us = request->completed_us};
        store_put(change->rows, STORE_REQUEST, &row);
    }
    int64_t sequence = change_submit(change);
    if (sequence < 0)
        return (int)sequence;
    if (request)
        request->sequence = sequence;
    *ret_outcome = (struct fabric_outcome){.sequence = sequence, .uid = uid, .operation_id = operation_id};
    return 0;
}

void request_prune(struct fabric *fabric, int64_t now_us) {
    int64_t wall_us = fabric_wall_us(fabric, now_us);
    struct change *change = NULL;
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct request **at = &fabric->requests->bucket[i]; *at;) {
            struct request *request = *at;
            if (request->sequence || wall_us - request->completed_us < REQUEST_KEPT_US) {
                at = &request->next;
                continue;
            }
            if (!change && !(change = change_begin(fabric, "heliostatd", now_us)))
                return;
            struct store_request row = {.principal = request->principal,
                                        .method = request->method,
                                        .request_id = request->request_id};
            store_delete(change->rows, STORE_REQUEST, &row, 3);
            *at = request->next;
            free(request);
        }
    if (change && change_submit(change) < 0)
        fabric_mark(fabric);
}
