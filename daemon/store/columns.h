#pragma once
/* What the tables look like, once: from this table come all SQL statements that put, delete and read rows. */
#include "daemon/store/store.h"

#define STORE_KEYS_MAX 5
#define STORE_COLUMNS_MAX 48

enum store_column_kind {
    STORE_COLUMN_INTEGER, /* int64_t */
    STORE_COLUMN_TEXT,    /* const char * */
};

struct store_column {
    const char *name; /* in SQL and in the record */
    enum store_column_kind kind;
    size_t offset; /* in the record */
};

struct store_table_info {
    const char *name; /* in SQL */
    size_t record_size;
    unsigned n_keys; /* the first columns are the primary key */
    unsigned n_columns;
    const struct store_column *columns;
    /* Raised by every put to the value of the first column; STORE_COUNTERS: none. */
    enum store_counter counter;
    bool is_append_only; /* a put never replaces, store_delete() is refused */
};

extern const struct store_table_info store_table_info[STORE_TABLES];

/* Room for any record. */
union store_record {
    struct store_pod pod;
    struct store_cube cube;
    struct store_host host;
    struct store_chip chip;
    struct store_ocs ocs;
    struct store_fiber fiber;
    struct store_slice slice;
    struct store_slice_label slice_label;
    struct store_position position;
    struct store_operation operation;
    struct store_request request;
    struct store_event event;
    struct store_alarm alarm;
    struct store_audit audit;
    struct store_refusal refusal;
    struct store_maintenance maintenance;
    struct store_qualification qualification;
    struct store_baseline baseline;
    struct store_restore restore;
};

int64_t store_column_integer(const struct store_column *column, const void *record);
/* NULL becomes "". */
const char *store_column_text(const struct store_column *column, const void *record);
void store_column_set_integer(const struct store_column *column, void *record, int64_t value);
void store_column_set_text(const struct store_column *column, void *record, const char *text);
