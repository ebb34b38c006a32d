#pragma once
/* The inside of a store_change: a list of operations, packed one after the other into one buffer. */
#include "daemon/store/columns.h"

enum change_kind {
    CHANGE_PUT,
    CHANGE_DELETE,
    CHANGE_DELETE_THROUGH,
    CHANGE_RAISE,
};

struct change_operation {
    enum change_kind kind;
    enum store_table table;    /* not for CHANGE_RAISE */
    unsigned n_columns;        /* of record that are set */
    union store_record record; /* text points into the change */
    enum store_counter counter;
    int64_t value; /* CHANGE_RAISE, CHANGE_DELETE_THROUGH */
};

struct store_change {
    struct store_change *next; /* for whoever queues it */
    char *buffer;
    size_t length, capacity;
    int status;
};

/* Reads the operation at *cursor (0: the first one) and moves the cursor on; false after the last one. */
bool store_change_next(const struct store_change *change, size_t *cursor,
                       struct change_operation *ret_operation);
