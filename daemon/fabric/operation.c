#include "daemon/fabric/operation.h"
#include "daemon/fabric/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fabric_operation *fabric_operation_of(const struct fabric *fabric, int64_t id) {
    for (struct fabric_operation *operation = id ? fabric->operations : NULL; operation;
         operation = operation->next)
        if (operation->id == id)
            return operation;
    return NULL;
}

const struct fabric_operation *fabric_operation_find(const struct fabric *fabric, int64_t id) {
    const struct fabric_operation *operation = fabric_operation_of(fabric, id);
    return operation && operation->durable_revision ? operation : NULL;
}

const struct fabric_operation *fabric_operations(const struct fabric *fabric) {
    return fabric->operations;
}

struct fabric_operation *operation_new(const char *kind, struct fabric_slice *const *slices,
                                       unsigned n_slices, enum operation_state state) {
    struct fabric_operation *operation = calloc(1, sizeof(*operation));
    char *names = malloc(n_slices * sizeof(slices[0]->name) + 1);
    if (!operation || !names) {
        free(operation);
        free(names);
        return NULL;
    }
    size_t at = 0;
    names[0] = '\0';
    for (unsigned i = 0; i < n_slices && i < sizeof(operation->uid) / sizeof(*operation->uid); i++) {
        at += (size_t)sprintf(names + at, i ? ",%s" : "%s", slices[i]->name);
        operation->uid[operation->n_uids++] = slices[i]->uid;
    }
    snprintf(operation->kind, sizeof(operation->kind), "%s", kind);
    operation->slices = names;
    if (n_slices)
        snprintf(operation->owner, sizeof(operation->owner), "%s", slices[0]->owner);
    operation->state = state;
    return operation;
}

void operation_free(struct fabric_operation *operation) {
    free(operation->slices);
    free(operation);
}

void operation_prune(struct fabric *fabric, int64_t now_us) {
    unsigned count = 0;
    struct fabric_operation **at = &fabric->operations;
    if (fabric->oldest)
        return; /* a step may hold one */
    struct change *change = NULL;
    while (*at) {
        struct fabric_operation *operation = *at;
        if (++count <= OPERATIONS_KEPT || operation->state == OPERATION_RUNNING) {
            at = &operation->next;
            continue;
        }
        if (!change && !(change = change_begin(fabric, "heliostatd", now_us)))
            return;
        struct store_operation row = {.operation_id = operation->id};
        store_delete(change->rows, STORE_OPERATION, &row, 1);
        *at = operation->next;
        operation_free(operation);
    }
    if (change && change_submit(change) < 0)
        fabric_mark(fabric);
}
