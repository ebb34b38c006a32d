#pragma once
/* Statements made from the column table, prepared once for each connection. */
#include "daemon/store/columns.h"

#include <sqlite3.h>

struct rows {
    sqlite3 *db;
    sqlite3_stmt *put[STORE_TABLES];
    sqlite3_stmt *delete_prefix[STORE_TABLES][STORE_KEYS_MAX + 1];
    sqlite3_stmt *delete_through[STORE_TABLES];
};

void rows_init(struct rows *rows, sqlite3 *db);
void rows_deinit(struct rows *rows);
/* All return 0 or negative errno. Text of the record must live during the call only. */
__attribute__((warn_unused_result)) int rows_put(struct rows *rows, enum store_table table,
                                                 const void *record);
__attribute__((warn_unused_result)) int rows_delete(struct rows *rows, enum store_table table,
                                                    const void *record, unsigned n_keys);
__attribute__((warn_unused_result)) int rows_delete_through(struct rows *rows, enum store_table table,
                                                            int64_t last_key);

enum rows_selected {
    ROWS_ALL,
    ROWS_WITH,  /* the first column = ?1 */
    ROWS_AFTER, /* the first column > ?1, at most ?2 rows */
};

/* Prepares "SELECT every column in key order" of those rows. */
__attribute__((warn_unused_result)) int rows_prepare_select(sqlite3 *db, enum store_table table,
                                                            enum rows_selected selected,
                                                            sqlite3_stmt **ret_statement);
/* The row at which a select stands. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int rows_read(sqlite3_stmt *statement, enum store_table table,
                                                  union store_record *ret_record);
