#pragma once
/* A store in a folder of its own, for each test. */
#include "daemon/store/store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];
static char path[96];
static char error[512];

static inline void set_up(void) {
    strcpy(folder, "/tmp/store-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof(path), "%s/heliostat.db", folder);
}

static inline void tear_down(void) {
    char command[96];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    cr_assert(system(command) == 0);
}

static inline struct store *open_at(const char *at) {
    struct store *store = NULL;
    int result = store_open(&(struct store_options){.path = at}, &store, error, sizeof(error));
    cr_assert(result == 0, "store_open: %d %s", result, error);
    return store;
}

static inline void commit(struct store *store, struct store_change *change) {
    cr_assert(store_change_status(change) == 0);
    int result = store_commit(store, &change, 1);
    cr_assert(result == 0, "store_commit: %d %s", result, store_error(store));
    store_change_free(change);
}

static inline sqlite3_int64 ask(sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement = NULL;
    cr_assert(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql,
              sqlite3_errmsg(db));
    cr_assert(sqlite3_step(statement) == SQLITE_ROW, "%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_int64 value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static inline sqlite3 *open_plain(const char *at) {
    sqlite3 *db = NULL;
    cr_assert(sqlite3_open(at, &db) == SQLITE_OK);
    return db;
}

static inline void run_plain(const char *at, const char *sql) {
    sqlite3 *db = open_plain(at);
    cr_assert(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}
