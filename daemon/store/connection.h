#pragma once
/* Small helpers over one SQLite connection. */
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/* Negative errno for a SQLite result code (extended or not); 0 for SQLITE_OK, SQLITE_ROW and SQLITE_DONE. */
int connection_errno(sqlite3 *db, int code);
/* Runs SQL text that returns no rows. 0 or negative errno. */
__attribute__((warn_unused_result)) int connection_run(sqlite3 *db, const char *sql);
/* The first column of the only row. 0, -ENODATA without a row, or negative errno. */
__attribute__((warn_unused_result)) int connection_integer(sqlite3 *db, const char *sql, int64_t *ret_value);
/* Opens an existing database for reading only, with the default VFS. */
__attribute__((warn_unused_result)) int connection_open_reader(const char *path, sqlite3 **ret_db);

/* Key in table meta: the file is a copy, and nothing was committed to it since it was opened as a store. */
#define META_BACKUP_MARK "backup_mark"

/* Rows of table meta. Get: 0, -ENODATA without the row, or negative errno. */
__attribute__((warn_unused_result)) int meta_get_integer(sqlite3 *db, const char *key, int64_t *ret_value);
__attribute__((warn_unused_result)) int meta_get_text(sqlite3 *db, const char *key, char *ret_text,
                                                      size_t size);
__attribute__((warn_unused_result)) int meta_set_integer(sqlite3 *db, const char *key, int64_t value);
__attribute__((warn_unused_result)) int meta_set_text(sqlite3 *db, const char *key, const char *text);
__attribute__((warn_unused_result)) int meta_delete(sqlite3 *db, const char *key);
