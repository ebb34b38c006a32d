#include "daemon/store/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct packed_header {
    uint8_t kind, table, counter, n_columns;
};

struct store_change *store_change_new(void) {
    return calloc(1, sizeof(struct store_change));
}

void store_change_free(struct store_change *change) {
    if (change == NULL)
        return;
    free(change->buffer);
    free(change);
}

int store_change_status(const struct store_change *change) {
    return change->status;
}

static void append(struct store_change *change, const void *data, size_t size) {
    if (change->status != 0)
        return;
    if (size > change->capacity - change->length) {
        size_t capacity = change->capacity > 0 ? change->capacity : 512;
        while (size > capacity - change->length)
            capacity *= 2;
        char *buffer = realloc(change->buffer, capacity);
        if (buffer == NULL) {
            change->status = -ENOMEM;
            return;
        }
        change->buffer = buffer;
        change->capacity = capacity;
    }
    memcpy(change->buffer + change->length, data, size);
    change->length += size;
}

static void append_columns(struct store_change *change, enum change_kind kind, enum store_table table,
                           const void *record, unsigned n_columns) {
    const struct store_table_info *info = &store_table_info[table];
    struct packed_header header = {.kind = kind, .table = table, .n_columns = n_columns};
    append(change, &header, sizeof(header));
    for (unsigned i = 0; i < n_columns; i++) {
        const struct store_column *column = &info->columns[i];
        if (column->kind == STORE_COLUMN_INTEGER) {
            int64_t value = store_column_integer(column, record);
            append(change, &value, sizeof(value));
        } else {
            const char *text = store_column_text(column, record);
            append(change, text, strlen(text) + 1);
        }
    }
}

void store_put(struct store_change *change, enum store_table table, const void *record) {
    append_columns(change, CHANGE_PUT, table, record, store_table_info[table].n_columns);
}

void store_delete(struct store_change *change, enum store_table table, const void *record, unsigned n_keys) {
    const struct store_table_info *info = &store_table_info[table];
    if (info->is_append_only || n_keys > info->n_keys) {
        if (change->status == 0)
            change->status = -EINVAL;
        return;
    }
    append_columns(change, CHANGE_DELETE, table, record, n_keys);
}

void store_delete_through(struct store_change *change, enum store_table table, int64_t last_key) {
    const struct store_table_info *info = &store_table_info[table];
    if (info->n_keys != 1 || info->columns[0].kind != STORE_COLUMN_INTEGER) {
        if (change->status == 0)
            change->status = -EINVAL;
        return;
    }
    struct packed_header header = {.kind = CHANGE_DELETE_THROUGH, .table = table};
    append(change, &header, sizeof(header));
    append(change, &last_key, sizeof(last_key));
}

void store_raise(struct store_change *change, enum store_counter counter, int64_t value) {
    struct packed_header header = {.kind = CHANGE_RAISE, .counter = counter};
    append(change, &header, sizeof(header));
    append(change, &value, sizeof(value));
}

bool store_change_next(const struct store_change *change, size_t *cursor,
                       struct change_operation *ret_operation) {
    if (*cursor >= change->length)
        return false;
    const char *at = change->buffer + *cursor;
    struct packed_header header;
    memcpy(&header, at, sizeof(header));
    at += sizeof(header);

    struct change_operation operation = {
        .kind = header.kind, .table = header.table, .counter = header.counter, .n_columns = header.n_columns};
    if (header.kind == CHANGE_RAISE || header.kind == CHANGE_DELETE_THROUGH) {
        memcpy(&operation.value, at, sizeof(operation.value));
        at += sizeof(operation.value);
    }
    for (unsigned i = 0; i < header.n_columns; i++) {
        const struct store_column *column = &store_table_info[header.table].columns[i];
        if (column->kind == STORE_COLUMN_INTEGER) {
            int64_t value;
            memcpy(&value, at, sizeof(value));
            store_column_set_integer(column, &operation.record, value);
            at += sizeof(value);
        } else {
            store_column_set_text(column, &operation.record, at);
            at += strlen(at) + 1;
        }
    }
    *cursor = at - change->buffer;
    *ret_operation = operation;
    return true;
}
