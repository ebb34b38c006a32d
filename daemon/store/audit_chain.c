/* The digest without a library context: it allocates nothing. The first use of a context where memory lacks
 * leaves it half made, and the next use of it crashes. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "daemon/store/audit_chain.h"
#include "daemon/store/connection.h"
#include "daemon/store/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_TEXT_OF(number) #number
#define NUMBER_TEXT(number) NUMBER_TEXT_OF(number)

static const char no_hash[AUDIT_HASH_SIZE] =
    "0000000000000000000000000000000000000000000000000000000000000000";

static void hash_field(SHA256_CTX *context, const char *bytes) {
    char length[24];
    size_t size = strlen(bytes);
    int n = snprintf(length, sizeof(length), "%zu:", size);
    SHA256_Update(context, length, n);
    SHA256_Update(context, bytes, size);
}

void audit_hash(const char *previous, const struct store_audit *row, char ret_hash[AUDIT_HASH_SIZE]) {
    SHA256_CTX context;
    SHA256_Init(&context);
    hash_field(&context, previous);
    const struct store_table_info *info = &store_table_info[STORE_AUDIT];
    for (unsigned i = 0; i < info->n_columns; i++) {
        const struct store_column *column = &info->columns[i];
        if (column->offset == offsetof(struct store_audit, hash))
            continue;
        if (column->kind == STORE_COLUMN_INTEGER) {
            char number[24];
            snprintf(number, sizeof(number), "%" PRId64, store_column_integer(column, row));
            hash_field(&context, number);
        } else {
            hash_field(&context, store_column_text(column, row));
        }
    }
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256_Final(digest, &context);
    for (unsigned i = 0; i < sizeof(digest); i++)
        sprintf(ret_hash + 2 * i, "%02x", digest[i]);
}

/* A row of the chain as table meta keeps it; absent: id 0 and the hash before the first row. */
static int load_link(sqlite3 *db, const char *id_key, const char *hash_key, int64_t *ret_id,
                     char ret_hash[AUDIT_HASH_SIZE]) {
    int result = meta_get_integer(db, id_key, ret_id);
    if (result == 0)
        result = meta_get_text(db, hash_key, ret_hash, AUDIT_HASH_SIZE);
    if (result != -ENODATA)
        return result;
    *ret_id = 0;
    memcpy(ret_hash, no_hash, AUDIT_HASH_SIZE);
    return 0;
}

static int save_link(sqlite3 *db, const char *id_key, const char *hash_key, int64_t id, const char *hash) {
    int result = meta_set_integer(db, id_key, id);
    return result < 0 ? result : meta_set_text(db, hash_key, hash);
}

int audit_chain_load(sqlite3 *db, struct audit_chain *ret_chain) {
    return load_link(db, "audit_head_id", "audit_head_hash", &ret_chain->head_id, ret_chain->head_hash);
}

int audit_chain_save(sqlite3 *db, const struct audit_chain *chain) {
    return save_link(db, "audit_head_id", "audit_head_hash", chain->head_id, chain->head_hash);
}

int audit_chain_anchor(sqlite3 *db, int64_t last_id) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(
        db, "SELECT audit_id, hash FROM audit WHERE audit_id <= ? ORDER BY audit_id DESC LIMIT 1", -1,
        &statement, NULL);
    if (code != SQLITE_OK)
        return connection_errno(db, code);
    sqlite3_bind_int64(statement, 1, last_id);
    code = sqlite3_step(statement);
    int result = connection_errno(db, code);
    if (code == SQLITE_ROW) {
        const char *hash = (const char *)sqlite3_column_text(statement, 1);
        result = hash == NULL ? -ENOMEM
                              : save_link(db, "audit_anchor_id", "audit_anchor_hash",
                                          sqlite3_column_int64(statement, 0), hash);
    }
    sqlite3_finalize(statement);
    return result;
}

__attribute__((format(printf, 3, 4))) static int broken(char *error, size_t error_size, const char *format,
                                                        ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, error_size, format, arguments);
    va_end(arguments);
    return STORE_BROKEN_CHAIN;
}

/* Walks the rows of an open select from `previous` on. */
static int walk(sqlite3_stmt *statement, int64_t anchor_id, char previous[AUDIT_HASH_SIZE],
                struct store_audit_summary *summary, char *error, size_t error_size) {
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        union store_record record;
        char hash[AUDIT_HASH_SIZE];
        int result = rows_read(statement, STORE_AUDIT, &record);
        if (result < 0)
            return result;
        audit_hash(previous, &record.audit, hash);
        if (record.audit.audit_id <= anchor_id)
            return broken(error, error_size,
                          "audit row %" PRId64 " is not after the last pruned one, %" PRId64,
                          record.audit.audit_id, anchor_id);
        if (strcmp(hash, record.audit.hash) != 0)
            return broken(error, error_size,
                          "audit row %" PRId64 " does not fit the row before it: its hash is %s, expected %s",
                          record.audit.audit_id, record.audit.hash, hash);
        if (summary->rows++ == 0)
            summary->first_id = record.audit.audit_id;
        summary->last_id = record.audit.audit_id;
        memcpy(previous, hash, AUDIT_HASH_SIZE);
    }
    return connection_errno(sqlite3_db_handle(statement), code);
}

static int verify(sqlite3 *db, struct store_audit_summary *summary, char *error, size_t error_size) {
    struct audit_chain head;
    int64_t anchor_id;
    char hash[AUDIT_HASH_SIZE];
    int result = audit_chain_load(db, &head);
    if (result == 0)
        result = load_link(db, "audit_anchor_id", "audit_anchor_hash", &anchor_id, hash);
    if (result < 0)
        return result;
    summary->last_id = summary->anchor_id = anchor_id;

    sqlite3_stmt *statement = NULL;
    result = rows_prepare_select(db, STORE_AUDIT, ROWS_ALL, &statement);
    if (result == 0)
        result = walk(statement, anchor_id, hash, summary, error, error_size);
    sqlite3_finalize(statement);
    if (result != 0)
        return result;
    if (summary->last_id != head.head_id || strcmp(hash, head.head_hash) != 0)
        return broken(error, error_size,
                      "the last audit row is %" PRId64 " with hash %s, but the last one written was %" PRId64
                      " with hash %s",
                      summary->last_id, hash, head.head_id, head.head_hash);
    memcpy(summary->head_hash, hash, AUDIT_HASH_SIZE);
    return 0;
}

int store_audit_verify(const char *path, struct store_audit_summary *ret_summary, char *error,
                       size_t error_size) {
    sqlite3 *db = NULL;
    int result = connection_open_reader(path, &db);
    if (result < 0) {
        snprintf(error, error_size, "cannot open %s: %s", path, strerror(-result));
        return result;
    }
    struct store_audit_summary summary = {0};
    result = connection_run(db, "BEGIN");
    if (result == 0)
        result = verify(db, &summary, error, error_size);
    if (result < 0)
        snprintf(error, error_size, "cannot read %s: %s", path, sqlite3_errmsg(db));
    sqlite3_close(db);
    if (result == 0)
        *ret_summary = summary;
    return result;
}

/* The first number of a select with one parameter; 0 where there is no row. */
static int ask_number(sqlite3 *db, const char *sql, int64_t parameter, int64_t *ret_number) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code != SQLITE_OK)
        return connection_errno(db, code);
    sqlite3_bind_int64(statement, 1, parameter);
    code = sqlite3_step(statement);
    *ret_number = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    int result = connection_errno(db, code);
    sqlite3_finalize(statement);
    return result;
}

static int survey(sqlite3 *db, int64_t before_us, struct store_audit_summary *summary,
                  int64_t *ret_prune_through) {
    struct audit_chain head;
    char hash[AUDIT_HASH_SIZE];
    int64_t first_kept = 0, last = 0;
    int result = audit_chain_load(db, &head);
    if (result == 0)
        result = load_link(db, "audit_anchor_id", "audit_anchor_hash", &summary->anchor_id, hash);
    if (result == 0 && before_us)
        result = ask_number(db, "SELECT audit_id FROM audit WHERE time_us >= ? ORDER BY audit_id LIMIT 1",
                            before_us, &first_kept);
    if (result == 0 && before_us)
        result = ask_number(db,
                            "SELECT max(audit_id) FROM (SELECT audit_id FROM audit WHERE audit_id < ?"
                            " ORDER BY audit_id LIMIT " NUMBER_TEXT(STORE_AUDIT_PRUNED) ")",
                            first_kept ? first_kept : INT64_MAX, &last);
    summary->last_id = head.head_id;
    memcpy(summary->head_hash, head.head_hash, sizeof(head.head_hash));
    *ret_prune_through = last;
    return result;
}

int store_audit_survey(const char *path, int64_t before_us, struct store_audit_summary *ret_summary,
                       int64_t *ret_prune_through) {
    sqlite3 *db = NULL;
    int result = connection_open_reader(path, &db);
    if (result < 0)
        return result;
    struct store_audit_summary summary = {0};
    int64_t prune_through = 0;
    result = connection_run(db, "BEGIN");
    if (result == 0)
        result = survey(db, before_us, &summary, &prune_through);
    sqlite3_close(db);
    if (result == 0) {
        *ret_summary = summary;
        *ret_prune_through = prune_through;
    }
    return result;
}
