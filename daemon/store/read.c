/* Reads beside the store thread, each with its own short-lived connection. */
#include "daemon/store/connection.h"
#include "daemon/store/rows.h"

#include <errno.h>

static int read_rows(sqlite3_stmt *statement, enum store_table table,
                     bool (*row)(const void *record, void *userdata), void *userdata) {
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        union store_record record;
        int result = rows_read(statement, table, &record);
        if (result < 0)
            return result;
        if (!row(&record, userdata))
            return 0;
    }
    return connection_errno(sqlite3_db_handle(statement), code);
}

int store_read_after(const char *path, enum store_table table, int64_t after, size_t max,
                     bool (*row)(const void *record, void *userdata), void *userdata) {
    if (table != STORE_EVENT && table != STORE_AUDIT)
        return -EINVAL;
    sqlite3 *db = NULL;
    int result = connection_open_reader(path, &db);
    if (result < 0)
        return result;
    sqlite3_stmt *statement = NULL;
    result = rows_prepare_select(db, table, ROWS_AFTER, &statement);
    if (result == 0) {
        sqlite3_bind_int64(statement, 1, after);
        sqlite3_bind_int64(statement, 2, max > INT64_MAX ? INT64_MAX : (int64_t)max);
        result = read_rows(statement, table, row, userdata);
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return result;
}
