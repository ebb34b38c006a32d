#pragma once
/* The SQLite database: what must outlive the process. One thread at a time may use a store; after
 * store_thread_start() that is the store thread, and everybody else talks to the thread (store_thread.h). */
#include "daemon/store/record.h"
#include <stdbool.h>
#include <stddef.h>

struct store;
struct store_change;

#define STORE_ID_MAX 40
#define STORE_SCHEMA_VERSION 1

enum store_origin {
    STORE_EXISTING,
    STORE_NEW,      /* the file was not there or empty */
    STORE_RESTORED, /* a marked copy, or options.is_restored: it has a new store_id */
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

/* Calls row for every record of a table, in key order; record is the struct of the table. 0 or negative
 * errno. */
__attribute__((warn_unused_result)) int store_load(struct store *store, enum store_table table,
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
/* Raises a counter to at least value. */
void store_raise(struct store_change *change, enum store_counter counter, int64_t value);
/* 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int store_change_status(const struct store_change *change);

/* One transaction, durable when 0 is returned; otherwise nothing of it is there. */
__attribute__((warn_unused_result)) int store_commit(struct store *store, struct store_change *const *changes,
                                                     size_t n_changes);
/* Writes, syncs and rolls forward one row, to find out whether commits work again. 0 or negative errno. */
__attribute__((warn_unused_result)) int store_probe(struct store *store);

/* A marked copy through SQLite's backup interface, complete at path or not there at all. Opens its own
 * read-only connection, so any thread may call it while the store thread commits. */
__attribute__((warn_unused_result)) int store_backup(const char *source_path, const char *path, char *error,
                                                     size_t error_size);
/* Reads old events or audit rows, at most max, with its own read-only connection; any thread. row returns
 * false to stop. table is STORE_EVENT or STORE_AUDIT; rows with key > after, in key order. */
__attribute__((warn_unused_result)) int store_read_after(const char *path, enum store_table table,
                                                         int64_t after, size_t max,
                                                         bool (*row)(const void *record, void *userdata),
                                                         void *userdata);
