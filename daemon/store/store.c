#include "daemon/store/store.h"
#include "daemon/fault/point.h"
#include "daemon/store/audit_chain.h"
#include "daemon/store/change.h"
#include "daemon/store/connection.h"
#include "daemon/store/migrations.h"
#include "daemon/store/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#define BUSY_MS 250
#define LOG_SIZE_LIMIT_BYTES (16 * 1024 * 1024) /* to which the log file is cut when it starts anew */

static const char *const counter_keys[STORE_COUNTERS] = {
    [STORE_COUNTER_REVISION] = "counter_revision",   [STORE_COUNTER_UID] = "counter_uid",
    [STORE_COUNTER_OPERATION] = "counter_operation", [STORE_COUNTER_POD] = "counter_pod",
    [STORE_COUNTER_ALARM] = "counter_alarm",         [STORE_COUNTER_AUDIT] = "counter_audit",
};

struct store {
    int lock_fd;
    sqlite3 *db;
    struct rows rows;
    char id[STORE_ID_MAX];
    enum store_origin origin;
    bool is_durable; /* synchronous = FULL */
    bool is_marked;  /* restored, and no commit since */
    int64_t counters[STORE_COUNTERS];
    struct audit_chain chain;
    int log_pages;
    char error[256];
};

__attribute__((format(printf, 4, 5))) static int refuse(int result, char *error, size_t error_size,
                                                        const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, error_size, format, arguments);
    va_end(arguments);
    return result;
}

/* The real path of a file that may not exist yet, so that the lock is one for all names of the file. */
static int resolve(const char *path, char ret_real[PATH_MAX]) {
    if (realpath(path, ret_real) != NULL)
        return 0;
    if (errno != ENOENT)
        return -errno;
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int)(slash - path + 1) : 1,
                 slash != NULL ? path : ".") >= (int)sizeof(folder))
        return -ENAMETOOLONG;
    char real_folder[PATH_MAX];
    if (realpath(folder, real_folder) == NULL)
        return -errno;
    if (snprintf(ret_real, PATH_MAX, "%s/%s", strcmp(real_folder, "/") == 0 ? "" : real_folder, name) >=
        PATH_MAX)
        return -ENAMETOOLONG;
    return 0;
}

static int take_lock(const char *path, int *ret_fd, char *error, size_t error_size) {
    char lock_path[PATH_MAX + 8];
    snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
    int fd = open(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return refuse(-errno, error, error_size, "cannot open %s: %s", lock_path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int result = errno == EWOULDBLOCK ? STORE_LOCKED : -errno;
        if (result == STORE_LOCKED)
            refuse(0, error, error_size, "another process holds %s: is a daemon running on this database?",
                   lock_path);
        else
            refuse(0, error, error_size, "cannot lock %s: %s", lock_path, strerror(-result));
        close(fd);
        return result;
    }
    *ret_fd = fd;
    return 0;
}

/* SQLite would create the file readable for all; its log files take the mode of the file. */
static int create_private(const char *path, char *error, size_t error_size) {
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return refuse(-errno, error, error_size, "cannot open %s: %s", path, strerror(errno));
    close(fd);
    return 0;
}

/* Reads what the file is, before anything is written. */
static int check_format(sqlite3 *db, const char *path, int64_t *ret_version, char *error, size_t error_size) {
    int64_t application_id = 0, version = 0, objects = 0;
    int result = connection_integer(db, "PRAGMA application_id", &application_id);
    if (result == 0)
        result = connection_integer(db, "PRAGMA user_version", &version);
    if (result == 0)
        result = connection_integer(db, "SELECT count(*) FROM sqlite_schema", &objects);
    if (result == -EUCLEAN)
        return refuse(STORE_FOREIGN, error, error_size, "%s is not a Heliostat database, or is damaged: %s",
                      path, sqlite3_errmsg(db));
    if (result < 0)
        return refuse(result, error, error_size, "cannot read %s: %s", path, sqlite3_errmsg(db));
    bool is_empty = application_id == 0 && version == 0 && objects == 0;
    if (!is_empty && application_id != STORE_APPLICATION_ID)
        return refuse(STORE_FOREIGN, error, error_size,
                      "%s is a database of another program: its application id is %" PRId64 ", expected %d",
                      path, application_id, STORE_APPLICATION_ID);
    if (version > STORE_SCHEMA_VERSION)
        return refuse(STORE_NEWER, error, error_size,
                      "%s has schema version %" PRId64 ", this program knows versions up to %d: use a newer "
                      "program, or a backup from before the upgrade",
                      path, version, STORE_SCHEMA_VERSION);
    *ret_version = version;
    return 0;
}

static int configure(sqlite3 *db, char *error, size_t error_size) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    bool is_wal = false;
    if (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *mode = (const char *)sqlite3_column_text(statement, 0);
        is_wal = mode != NULL && strcmp(mode, "wal") == 0;
    }
    sqlite3_finalize(statement);
    int result = connection_errno(db, code);
    if (result == 0 && !is_wal)
        return refuse(-ENOTSUP, error, error_size, "the file system does not allow a write-ahead log");
    char sql[160];
    snprintf(sql, sizeof(sql),
             "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = %d",
             LOG_SIZE_LIMIT_BYTES);
    if (result == 0)
        result = connection_run(db, sql);
    return result < 0
               ? refuse(result, error, error_size, "cannot set up the database: %s", sqlite3_errmsg(db))
               : 0;
}

static int make_id(char ret_id[STORE_ID_MAX]) {
    unsigned char b[16];
    if (getrandom(b, sizeof(b), 0) != sizeof(b))
        return -EIO;
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    snprintf(ret_id, STORE_ID_MAX, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return 0;
}

/* Migrates, and gives a new or restored store its id; inside one transaction. */
static int bring_up(struct store *store, int64_t version, bool is_restored) {
    sqlite3 *db = store->db;
    int result = 0;
    if (version < STORE_SCHEMA_VERSION)
        result = migrations_run(db, version);
    if (result < 0)
        return result;

    int64_t mark = 0;
    result = meta_get_integer(db, META_BACKUP_MARK, &mark);
    if (result < 0 && result != -ENODATA)
        return result;
    store->origin = version == 0 ? STORE_NEW : mark != 0 || is_restored ? STORE_RESTORED : STORE_EXISTING;
    store->is_marked = store->origin == STORE_RESTORED;
    if (store->origin == STORE_EXISTING)
        return meta_get_text(db, "store_id", store->id, sizeof(store->id));

    result = make_id(store->id);
    if (result == 0)
        result = meta_set_text(db, "store_id", store->id);
    if (result == 0 && store->is_marked)
        result = meta_set_integer(db, META_BACKUP_MARK, 1);
    return result;
}

static int load_counters(struct store *store) {
    for (int i = 0; i < STORE_COUNTERS; i++) {
        int result = meta_get_integer(store->db, counter_keys[i], &store->counters[i]);
        if (result < 0 && result != -ENODATA)
            return result;
    }
    return audit_chain_load(store->db, &store->chain);
}

static void end_transaction(sqlite3 *db) {
    /* SQLite has already rolled back after some errors. */
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

static int count_log_pages(void *userdata, sqlite3 *db, const char *name, int pages) {
    struct store *store = userdata;
    store->log_pages = pages;
    return SQLITE_OK;
}

static int open_database(struct store *store, const struct store_options *options, const char *path,
                         char *error, size_t error_size) {
    int code = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, options->vfs);
    if (code != SQLITE_OK)
        return refuse(connection_errno(store->db, code), error, error_size, "cannot open %s: %s", path,
                      store->db != NULL ? sqlite3_errmsg(store->db) : sqlite3_errstr(code));
    sqlite3 *db = store->db;
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_MS);

    int64_t version = 0;
    int result = check_format(db, path, &version, error, error_size);
    if (result == 0)
        result = configure(db, error, error_size);
    if (result != 0)
        return result;
    sqlite3_wal_hook(db, count_log_pages, store);

    result = connection_run(db, "BEGIN IMMEDIATE");
    if (result == 0)
        result = bring_up(store, version, options->is_restored);
    if (result == 0)
        result = connection_run(db, "COMMIT");
    if (result == 0)
        result = load_counters(store);
    /* Only now: a migration may have to rebuild a table that others refer to. */
    if (result == 0)
        result = connection_run(db, "PRAGMA foreign_keys = ON");
    if (result < 0) {
        refuse(0, error, error_size, "cannot bring %s up to schema version %d: %s", path,
               STORE_SCHEMA_VERSION, sqlite3_errmsg(db));
        end_transaction(db);
    }
    return result;
}

int store_open(const struct store_options *options, struct store **ret_store, char *error,
               size_t error_size) {
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return refuse(-ENOMEM, error, error_size, "out of memory");
    store->lock_fd = -1;
    char path[PATH_MAX];
    int result = resolve(options->path, path);
    if (result < 0)
        refuse(0, error, error_size, "cannot find %s: %s", options->path, strerror(-result));
    if (result == 0)
        result = take_lock(path, &store->lock_fd, error, error_size);
    if (result == 0)
        result = create_private(path, error, error_size);
    if (result == 0)
        result = open_database(store, options, path, error, error_size);
    if (result != 0) {
        store_close(store);
        return result;
    }
    store->is_durable = true;
    rows_init(&store->rows, store->db);
    *ret_store = store;
    return 0;
}

void store_close(struct store *store) {
    if (store == NULL)
        return;
    rows_deinit(&store->rows);
    sqlite3_close(store->db);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store);
}

const char *store_id(const struct store *store) {
    return store->id;
}

enum store_origin store_origin(const struct store *store) {
    return store->origin;
}

int64_t store_counter(const struct store *store, enum store_counter counter) {
    return store->counters[counter];
}

const char *store_error(const struct store *store) {
    return store->error;
}

static int load(struct store *store, enum store_table table, enum rows_selected selected, int64_t first_key,
                void (*row)(const void *record, void *userdata), void *userdata) {
    sqlite3_stmt *statement = NULL;
    int result = rows_prepare_select(store->db, table, selected, &statement);
    int code = SQLITE_DONE;
    if (result == 0 && selected == ROWS_WITH)
        sqlite3_bind_int64(statement, 1, first_key);
    while (result == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        union store_record record;
        result = rows_read(statement, table, &record);
        if (result == 0)
            row(&record, userdata);
    }
    if (result == 0)
        result = connection_errno(store->db, code);
    sqlite3_finalize(statement);
    return result;
}

int store_load(struct store *store, enum store_table table, void (*row)(const void *record, void *userdata),
               void *userdata) {
    return load(store, table, ROWS_ALL, 0, row, userdata);
}

int store_load_with(struct store *store, enum store_table table, int64_t first_key,
                    void (*row)(const void *record, void *userdata), void *userdata) {
    return load(store, table, ROWS_WITH, first_key, row, userdata);
}

/* What a transaction will leave behind in memory once it is durable. */
struct commit {
    int64_t counters[STORE_COUNTERS];
    struct audit_chain chain;
};

static void raise_counter(struct commit *commit, enum store_counter counter, int64_t value) {
    if (counter != STORE_COUNTERS && value > commit->counters[counter])
        commit->counters[counter] = value;
}

static int put(struct store *store, struct commit *commit, struct change_operation *operation) {
    const struct store_table_info *info = &store_table_info[operation->table];
    union store_record *record = &operation->record;
    char hash[AUDIT_HASH_SIZE];
    if (operation->table == STORE_AUDIT) {
        if (record->audit.audit_id <= commit->chain.head_id)
            return refuse(-EINVAL, store->error, sizeof(store->error),
                          "audit row %" PRId64 " does not come after the last one, %" PRId64,
                          record->audit.audit_id, commit->chain.head_id);
        audit_hash(commit->chain.head_hash, &record->audit, hash);
        record->audit.hash = hash;
        commit->chain.head_id = record->audit.audit_id;
        memcpy(commit->chain.head_hash, hash, sizeof(hash));
    }
    if (info->counter != STORE_COUNTERS)
        raise_counter(commit, info->counter, store_column_integer(&info->columns[0], record));
    return rows_put(&store->rows, operation->table, record);
}

static int apply(struct store *store, struct commit *commit, struct change_operation *operation) {
    switch (operation->kind) {
    case CHANGE_PUT:
        return put(store, commit, operation);
    case CHANGE_DELETE:
        return rows_delete(&store->rows, operation->table, &operation->record, operation->n_columns);
    case CHANGE_DELETE_THROUGH:
        if (operation->table == STORE_AUDIT) {
            int result = audit_chain_anchor(store->db, operation->value);
            if (result < 0)
                return result;
        }
        return rows_delete_through(&store->rows, operation->table, operation->value);
    case CHANGE_RAISE:
        raise_counter(commit, operation->counter, operation->value);
        return 0;
    }
    return -EINVAL;
}

static int apply_all(struct store *store, struct commit *commit, struct store_change *const *changes,
                     size_t n_changes) {
    for (size_t i = 0; i < n_changes; i++) {
        struct change_operation operation;
        for (size_t cursor = 0; store_change_next(changes[i], &cursor, &operation);) {
            int result = apply(store, commit, &operation);
            if (result < 0)
                return result;
        }
    }
    return 0;
}

static int save_counters(struct store *store, const struct commit *commit) {
    for (int i = 0; i < STORE_COUNTERS; i++) {
        if (commit->counters[i] == store->counters[i])
            continue;
        int result = meta_set_integer(store->db, counter_keys[i], commit->counters[i]);
        if (result < 0)
            return result;
    }
    return commit->chain.head_id != store->chain.head_id ? audit_chain_save(store->db, &commit->chain) : 0;
}

static int write_probe(struct store *store) {
    int result = connection_run(store->db, "BEGIN IMMEDIATE");
    if (result == 0)
        result = connection_run(store->db, "INSERT INTO meta(key, value) VALUES('probe', 1)"
                                           " ON CONFLICT(key) DO UPDATE SET value = value + 1");
    if (result == 0)
        result = connection_run(store->db, "COMMIT");
    return result;
}

/* Keeps what SQLite says, before another statement overwrites it. */
static void end_failed(struct store *store, int result) {
    if (store->error[0] == '\0')
        snprintf(store->error, sizeof(store->error), "%s",
                 sqlite3_errcode(store->db) != SQLITE_OK ? sqlite3_errmsg(store->db) : strerror(-result));
    end_transaction(store->db);
}

/* Commits wait for the disk: always, but for overwrite_failed_group(). */
static int make_durable(struct store *store) {
    if (store->is_durable)
        return 0;
    int result = connection_run(store->db, "PRAGMA synchronous = FULL");
    store->is_durable = result == 0;
    return result;
}

/* When only the sync of a commit failed, the log file holds the whole failed group. SQLite does not see it,
 * but recovery after a crash would. A small commit over its place makes it unreadable. That one needs no
 * sync, which would fail again before anything is written; the next durable commit syncs it too. */
static void overwrite_failed_group(struct store *store) {
    store->is_durable = false;
    if (connection_run(store->db, "PRAGMA synchronous = OFF") < 0 || write_probe(store) < 0)
        end_transaction(store->db);
    int result = make_durable(store);
    (void)result; /* tried again by the next commit, which fails if it cannot be had */
}

static int write_group(struct store *store, struct commit *commit, struct store_change *const *changes,
                       size_t n_changes) {
    int result = make_durable(store);
    if (result == 0)
        result = connection_run(store->db, "BEGIN IMMEDIATE");
    if (result == 0)
        result = apply_all(store, commit, changes, n_changes);
    if (result == 0)
        result = save_counters(store, commit);
    if (result == 0 && store->is_marked)
        result = meta_delete(store->db, META_BACKUP_MARK);
    return result;
}

int store_commit(struct store *store, struct store_change *const *changes, size_t n_changes) {
    for (size_t i = 0; i < n_changes; i++)
        if (changes[i]->status < 0)
            return changes[i]->status;

    store->error[0] = '\0';
    struct commit commit = {.chain = store->chain};
    memcpy(commit.counters, store->counters, sizeof(commit.counters));
    fault_point("store.begin");
    int result = write_group(store, &commit, changes, n_changes);
    bool is_written = result == 0;
    fault_point("store.written");
    if (result == 0)
        result = connection_run(store->db, "COMMIT");
    fault_point("store.committed");
    if (result < 0) {
        end_failed(store, result);
        if (is_written)
            overwrite_failed_group(store);
        return result;
    }
    memcpy(store->counters, commit.counters, sizeof(commit.counters));
    store->chain = commit.chain;
    store->is_marked = false;
    return 0;
}

int store_log_pages(const struct store *store) {
    return store->log_pages;
}

int store_checkpoint(struct store *store) {
    int pages = 0, copied = 0;
    int code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
    if (code == SQLITE_OK && pages >= 0)
        store->log_pages = pages - copied;
    return connection_errno(store->db, code);
}

int store_probe(struct store *store) {
    store->error[0] = '\0';
    int result = make_durable(store);
    if (result == 0)
        result = write_probe(store);
    if (result == 0)
        result = store_checkpoint(store);
    if (result < 0)
        end_failed(store, result);
    return result;
}
