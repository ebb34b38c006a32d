#pragma once
/* The SQLite database: what must outlive the process. One thread at a time may use a store; after
 * store_thread_start() that is the store thread, and everybody else talks to the thread (store_thread.h). */
#include "daemon/store/record.h"
#include <stdbool.h>
#include <stddef.h>

struct store;
struct store_change;

#define STORE_ID_MAX 40
#define STORE_SCHEMA_VERSION 10

enum store_origin {
    STORE_EXISTING,
    STORE_NEW, /* the file was not there or empty */
    /* A marked copy, or options.is_restored: it has a new store_id. It stays restored, through restarts,
     * until the first store_commit(), which must therefore hold what follows from it (freezing the pods). */
    STORE_RESTORED,
};

struct store_options {
    const char *path;
    bool is_restored;
    const char *vfs; /* SQLite VFS name; NULL: the default one */
};

/* Named outcomes of store_open(). */
#define STORE_LOCKED 1  /* another process holds PATH.lock */
#define STORE_NEWER 2   /* written by a newer version */
#define STORE_FOREIGN 3 /* not a Heliostat database, or damaged */

/* Takes flock on PATH.lock, opens or creates, migrates, sets WAL and synchronous=FULL. 0, one of the outcomes
 * above or negative errno, with a sentence in error. */
__attribute__((warn_unused_result)) int store_open(const struct store_options *options,
                                                   struct store **ret_store, char *error, size_t error_size);
/* Checkpoints and closes. NULL is fine. */
void store_close(struct store *store);
const char *store_id(const struct store *store);
enum store_origin store_origin(const struct store *store);
/* The largest number ever given: revision, uid, operation, alarm or audit row, each its own count; 0 in a new
 * store. Kept in table meta by the commits, so that pruning never lets a number come again. */
enum store_counter {
    STORE_COUNTER_REVISION,
    STORE_COUNTER_UID,
    STORE_COUNTER_OPERATION,
    STORE_COUNTER_POD,
    STORE_COUNTER_ALARM,
    STORE_COUNTER_AUDIT,
    STORE_COUNTERS,
};
int64_t store_counter(const struct store *store, enum store_counter counter);

/* Calls row for every record of a table, in key order; record is the struct of the table, its texts live
 * during the call only. 0 or negative errno. */
__attribute__((warn_unused_result)) int store_load(struct store *store, enum store_table table,
                                                   void (*row)(const void *record, void *userdata),
                                                   void *userdata);
/* The same for the records whose first key is this one: those of one pod, where that is the first key. */
__attribute__((warn_unused_result)) int store_load_with(struct store *store, enum store_table table,
                                                        int64_t first_key,
                                                        void (*row)(const void *record, void *userdata),
                                                        void *userdata);

/* A list of row changes that become durable together or not at all. Memory errors are kept inside and
 * reported by store_change_status(), so that a builder checks once. Any thread, one at a time. */
struct store_change *store_change_new(void); /* NULL without memory */
void store_change_free(struct store_change *change);
/* Inserts or replaces the record with the same key. */
void store_put(struct store_change *change, enum store_table table, const void *record);
/* Deletes every record whose first n_keys key columns equal those of record. n_keys 0: the whole table. */
void store_delete(struct store_change *change, enum store_table table, const void *record, unsigned n_keys);
/* Deletes every record with a key <= last_key: how old events, operations and audit rows are pruned. Only for
 * tables with a single integer as key. For STORE_AUDIT the hash of the last row removed stays as anchor. */
void store_delete_through(struct store_change *change, enum store_table table, int64_t last_key);
/* Raises a counter to at least value. A put of a slice, operation, event, alarm, audit row or pod raises its
 * own counter by itself. */
void store_raise(struct store_change *change, enum store_counter counter, int64_t value);
/* 0, -ENOMEM, or -EINVAL for a delete that the table does not allow (audit rows are append-only). */
__attribute__((warn_unused_result)) int store_change_status(const struct store_change *change);

/* One transaction, durable when 0 is returned; otherwise nothing of it is there. -EINVAL: a row breaks a rule
 * of the schema (docs/schema.md), store_error() says which. */
__attribute__((warn_unused_result)) int store_commit(struct store *store, struct store_change *const *changes,
                                                     size_t n_changes);
/* Why the last store_commit() or store_probe() failed; "" when it did not. */
const char *store_error(const struct store *store);
/* Pages in the write-ahead log that store_checkpoint() has not yet copied. */
int store_log_pages(const struct store *store);
/* Copies committed pages from the log into the database file. Commits do not do that themselves, so that no
 * answer waits for it. What cannot be copied now, because a reader still needs it, stays in the log. 0 or
 * negative errno; committed changes are durable either way. */
__attribute__((warn_unused_result)) int store_checkpoint(struct store *store);
/* Writes, syncs and rolls forward one row, to find out whether commits work again. 0 or negative errno. */
__attribute__((warn_unused_result)) int store_probe(struct store *store);

/* A marked copy through SQLite's backup interface, complete at path or not there at all. Opens its own
 * read-only connection, so any thread may call it while the store thread commits. path must not exist
 * (-EEXIST). error gets a sentence. */
__attribute__((warn_unused_result)) int store_backup(const char *source_path, const char *path, char *error,
                                                     size_t error_size);
/* Reads old events or audit rows, at most max, with its own read-only connection; any thread. row returns
 * false to stop. table is STORE_EVENT or STORE_AUDIT; rows with key > after, in key order. */
__attribute__((warn_unused_result)) int store_read_after(const char *path, enum store_table table,
                                                         int64_t after, size_t max,
                                                         bool (*row)(const void *record, void *userdata),
                                                         void *userdata);

struct store_audit_summary {
    int64_t rows;
    int64_t anchor_id;         /* last row that was pruned; 0: none */
    int64_t first_id, last_id; /* of the rows that are there */
    char head_hash[65];        /* of the last row written */
};
#define STORE_BROKEN_CHAIN 1
/* Walks the hash chain of the audit trail (audit_chain.h) with its own read-only connection; any thread. 0, 1
 * with a sentence that names the first row that does not fit, or negative errno with a sentence. */
__attribute__((warn_unused_result)) int
store_audit_verify(const char *path, struct store_audit_summary *ret_summary, char *error, size_t error_size);
/* The head of the trail, without walking it (rows and first_id stay 0), with its own read-only connection;
 * any thread. *ret_prune_through: the rows to this id were all written before before_us (wall), at most
 * STORE_AUDIT_PRUNED of them; 0: none. 0 or negative errno. */
#define STORE_AUDIT_PRUNED 10000
__attribute__((warn_unused_result)) int store_audit_survey(const char *path, int64_t before_us,
                                                           struct store_audit_summary *ret_summary,
                                                           int64_t *ret_prune_through);
