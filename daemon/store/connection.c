#include "daemon/store/connection.h"

#include <errno.h>
#include <stdio.h>

#define READER_BUSY_MS 250

int connection_errno(sqlite3 *db, int code) {
    if (code == SQLITE_IOERR_NOMEM)
        return -ENOMEM;
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EUCLEAN;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
        return -EINVAL;
    case SQLITE_CANTOPEN: {
        int system = db != NULL ? sqlite3_system_errno(db) : 0;
        return system > 0 ? -system : -EIO;
    }
    default:
        return -EIO;
    }
}

int connection_run(sqlite3 *db, const char *sql) {
    return connection_errno(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

int connection_integer(sqlite3 *db, const char *sql, int64_t *ret_value) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code != SQLITE_OK)
        return connection_errno(db, code);
    code = sqlite3_step(statement);
    int result = code == SQLITE_DONE ? -ENODATA : connection_errno(db, code);
    if (code == SQLITE_ROW)
        *ret_value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result;
}

int connection_open_reader(const char *path, sqlite3 **ret_db) {
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        int result = connection_errno(db, code);
        sqlite3_close(db);
        return result;
    }
    sqlite3_busy_timeout(db, READER_BUSY_MS);
    *ret_db = db;
    return 0;
}

/* Runs a prepared statement on table meta with the key bound; leaves it at its row, if any. */
static int meta_prepare(sqlite3 *db, const char *sql, const char *key, sqlite3_stmt **ret_statement) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    if (code != SQLITE_OK) {
        sqlite3_finalize(statement);
        return connection_errno(db, code);
    }
    *ret_statement = statement;
    return 0;
}

static int meta_select(sqlite3 *db, const char *key, sqlite3_stmt **ret_statement) {
    sqlite3_stmt *statement = NULL;
    int result = meta_prepare(db, "SELECT value FROM meta WHERE key = ?", key, &statement);
    if (result < 0)
        return result;
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW) {
        sqlite3_finalize(statement);
        return code == SQLITE_DONE ? -ENODATA : connection_errno(db, code);
    }
    *ret_statement = statement;
    return 0;
}

int meta_get_integer(sqlite3 *db, const char *key, int64_t *ret_value) {
    sqlite3_stmt *statement = NULL;
    int result = meta_select(db, key, &statement);
    if (result < 0)
        return result;
    *ret_value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return 0;
}

int meta_get_text(sqlite3 *db, const char *key, char *ret_text, size_t size) {
    sqlite3_stmt *statement = NULL;
    int result = meta_select(db, key, &statement);
    if (result < 0)
        return result;
    const unsigned char *text = sqlite3_column_text(statement, 0);
    if (text == NULL)
        result = -ENOMEM;
    else
        snprintf(ret_text, size, "%s", (const char *)text);
    sqlite3_finalize(statement);
    return result;
}

static const char meta_upsert[] =
    "INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value";

int meta_set_integer(sqlite3 *db, const char *key, int64_t value) {
    sqlite3_stmt *statement = NULL;
    int result = meta_prepare(db, meta_upsert, key, &statement);
    if (result < 0)
        return result;
    sqlite3_bind_int64(statement, 2, value);
    sqlite3_step(statement);
    return connection_errno(db, sqlite3_finalize(statement));
}

int meta_set_text(sqlite3 *db, const char *key, const char *text) {
    sqlite3_stmt *statement = NULL;
    int result = meta_prepare(db, meta_upsert, key, &statement);
    if (result < 0)
        return result;
    sqlite3_bind_text(statement, 2, text, -1, SQLITE_STATIC);
    sqlite3_step(statement);
    return connection_errno(db, sqlite3_finalize(statement));
}

int meta_delete(sqlite3 *db, const char *key) {
    sqlite3_stmt *statement = NULL;
    int result = meta_prepare(db, "DELETE FROM meta WHERE key = ?", key, &statement);
    if (result < 0)
        return result;
    sqlite3_step(statement);
    return connection_errno(db, sqlite3_finalize(statement));
}
