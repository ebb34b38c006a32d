#include "daemon/store/rows.h"
#include "daemon/store/connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rows_init(struct rows *rows, sqlite3 *db) {
    *rows = (struct rows){.db = db};
}

void rows_deinit(struct rows *rows) {
    for (int table = 0; table < STORE_TABLES; table++) {
        sqlite3_finalize(rows->put[table]);
        sqlite3_finalize(rows->delete_through[table]);
        for (int n = 0; n <= STORE_KEYS_MAX; n++)
            sqlite3_finalize(rows->delete_prefix[table][n]);
    }
    *rows = (struct rows){0};
}

/* Writes the names first..last-1, each in the format, separated. */
static void write_names(FILE *sql, const struct store_table_info *info, unsigned first, unsigned last,
                        const char *format, const char *separator) {
    for (unsigned i = first; i < last; i++) {
        if (i > first)
            fputs(separator, sql);
        fprintf(sql, format, info->columns[i].name, info->columns[i].name);
    }
}

static void write_put(FILE *sql, const struct store_table_info *info) {
    fprintf(sql, "INSERT INTO %s(", info->name);
    write_names(sql, info, 0, info->n_columns, "\"%s\"", ", ");
    fputs(") VALUES(", sql);
    for (unsigned i = 0; i < info->n_columns; i++)
        fputs(i > 0 ? ", ?" : "?", sql);
    fputs(")", sql);
    if (info->is_append_only)
        return;
    fputs(" ON CONFLICT(", sql);
    write_names(sql, info, 0, info->n_keys, "\"%s\"", ", ");
    fputs(") DO UPDATE SET ", sql);
    write_names(sql, info, info->n_keys, info->n_columns, "\"%s\" = excluded.\"%s\"", ", ");
}

static void write_delete_prefix(FILE *sql, const struct store_table_info *info, unsigned n_keys) {
    fprintf(sql, "DELETE FROM %s", info->name);
    if (n_keys > 0)
        fputs(" WHERE ", sql);
    write_names(sql, info, 0, n_keys, "\"%s\" = ?", " AND ");
}

static void write_select(FILE *sql, const struct store_table_info *info, enum rows_selected selected) {
    fputs("SELECT ", sql);
    write_names(sql, info, 0, info->n_columns, "\"%s\"", ", ");
    fprintf(sql, " FROM %s", info->name);
    if (selected != ROWS_ALL)
        fprintf(sql, " WHERE \"%s\" %s ?", info->columns[0].name, selected == ROWS_WITH ? "=" : ">");
    fputs(" ORDER BY ", sql);
    write_names(sql, info, 0, info->n_keys, "\"%s\"", ", ");
    if (selected == ROWS_AFTER)
        fputs(" LIMIT ?", sql);
}

enum statement_kind {
    STATEMENT_PUT,
    STATEMENT_DELETE_PREFIX,
    STATEMENT_DELETE_THROUGH,
    STATEMENT_SELECT,
    STATEMENT_SELECT_WITH,
    STATEMENT_SELECT_AFTER,
};

static int prepare(sqlite3 *db, enum statement_kind kind, enum store_table table, unsigned n_keys,
                   sqlite3_stmt **ret_statement) {
    const struct store_table_info *info = &store_table_info[table];
    char *text = NULL;
    size_t size = 0;
    FILE *sql = open_memstream(&text, &size);
    if (sql == NULL)
        return -ENOMEM;
    switch (kind) {
    case STATEMENT_PUT:
        write_put(sql, info);
        break;
    case STATEMENT_DELETE_PREFIX:
        write_delete_prefix(sql, info, n_keys);
        break;
    case STATEMENT_DELETE_THROUGH:
        fprintf(sql, "DELETE FROM %s WHERE \"%s\" <= ?", info->name, info->columns[0].name);
        break;
    case STATEMENT_SELECT:
        write_select(sql, info, ROWS_ALL);
        break;
    case STATEMENT_SELECT_WITH:
        write_select(sql, info, ROWS_WITH);
        break;
    case STATEMENT_SELECT_AFTER:
        write_select(sql, info, ROWS_AFTER);
        break;
    }
    if (fclose(sql) != 0) {
        free(text);
        return -ENOMEM;
    }
    int code = sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, ret_statement, NULL);
    free(text);
    return connection_errno(db, code);
}

static int bind(sqlite3_stmt *statement, const struct store_table_info *info, const void *record,
                unsigned n_columns) {
    for (unsigned i = 0; i < n_columns; i++) {
        const struct store_column *column = &info->columns[i];
        int code =
            column->kind == STORE_COLUMN_INTEGER
                ? sqlite3_bind_int64(statement, i + 1, store_column_integer(column, record))
                : sqlite3_bind_text(statement, i + 1, store_column_text(column, record), -1, SQLITE_STATIC);
        if (code != SQLITE_OK)
            return connection_errno(sqlite3_db_handle(statement), code);
    }
    return 0;
}

static int run(sqlite3_stmt *statement) {
    sqlite3_step(statement);
    int code = sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return connection_errno(sqlite3_db_handle(statement), code);
}

int rows_put(struct rows *rows, enum store_table table, const void *record) {
    sqlite3_stmt **statement = &rows->put[table];
    const struct store_table_info *info = &store_table_info[table];
    int result = *statement != NULL ? 0 : prepare(rows->db, STATEMENT_PUT, table, 0, statement);
    if (result == 0)
        result = bind(*statement, info, record, info->n_columns);
    return result < 0 ? result : run(*statement);
}

int rows_delete(struct rows *rows, enum store_table table, const void *record, unsigned n_keys) {
    sqlite3_stmt **statement = &rows->delete_prefix[table][n_keys];
    int result =
        *statement != NULL ? 0 : prepare(rows->db, STATEMENT_DELETE_PREFIX, table, n_keys, statement);
    if (result == 0)
        result = bind(*statement, &store_table_info[table], record, n_keys);
    return result < 0 ? result : run(*statement);
}

int rows_delete_through(struct rows *rows, enum store_table table, int64_t last_key) {
    sqlite3_stmt **statement = &rows->delete_through[table];
    int result = *statement != NULL ? 0 : prepare(rows->db, STATEMENT_DELETE_THROUGH, table, 0, statement);
    if (result < 0)
        return result;
    sqlite3_bind_int64(*statement, 1, last_key);
    return run(*statement);
}

int rows_prepare_select(sqlite3 *db, enum store_table table, enum rows_selected selected,
                        sqlite3_stmt **ret_statement) {
    static const enum statement_kind kinds[] = {
        [ROWS_ALL] = STATEMENT_SELECT,
        [ROWS_WITH] = STATEMENT_SELECT_WITH,
        [ROWS_AFTER] = STATEMENT_SELECT_AFTER,
    };
    return prepare(db, kinds[selected], table, 0, ret_statement);
}

int rows_read(sqlite3_stmt *statement, enum store_table table, union store_record *ret_record) {
    const struct store_table_info *info = &store_table_info[table];
    for (unsigned i = 0; i < info->n_columns; i++) {
        const struct store_column *column = &info->columns[i];
        if (column->kind == STORE_COLUMN_INTEGER) {
            store_column_set_integer(column, ret_record, sqlite3_column_int64(statement, i));
            continue;
        }
        const char *text = (const char *)sqlite3_column_text(statement, i);
        if (text == NULL)
            return -ENOMEM;
        store_column_set_text(column, ret_record, text);
    }
    return 0;
}
