/* The store against a real database file. */
#include "daemon/store/columns.h"
#include "tests/unit/test_store_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(store, .init = set_up, .fini = tear_down);

static void refuse(struct store *store, struct store_change *change, int expected, const char *words) {
    int result = store_commit(store, &change, 1);
    cr_expect(result == expected, "store_commit: %d, expected %d", result, expected);
    cr_expect(strstr(store_error(store), words) != NULL, "error '%s' lacks '%s'", store_error(store), words);
    store_change_free(change);
}

static const struct store_pod pod = {.pod_id = 1, .name = "alpha", .model = "tpu-v4", .revision = 1};
static const struct store_cube cube = {
    .pod_id = 1, .cube = 7, .name = "cube-07", .health = 1, .scheduling = 1, .revision = 1};
static const struct store_ocs ocs = {
    .pod_id = 1, .ocs = 5, .name = "ocs-x-05", .ports_a = 136, .ports_b = 136};
static const struct store_slice slice = {
    .uid = 3, .generation = 1, .name = "train", .pod_id = 1, .topology = "4x4x8", .state = 3, .revision = 9};

/* A record with another value in every column, within what the schema allows. */
static void fill_record(enum store_table table, union store_record *record, char texts[][32]) {
    const struct store_table_info *info = &store_table_info[table];
    for (unsigned i = 0; i < info->n_columns; i++) {
        if (info->columns[i].kind == STORE_COLUMN_INTEGER) {
            store_column_set_integer(&info->columns[i], record, 1);
            continue;
        }
        snprintf(texts[i], 32, "%s é %u", info->columns[i].name, i);
        store_column_set_text(&info->columns[i], record, texts[i]);
    }
    /* A wide value where the schema does not limit it, so that no column is taken for its neighbour. */
    for (unsigned i = info->n_keys; i < info->n_columns; i++) {
        const char *name = info->columns[i].name;
        if (strcmp(name, "revision") == 0 || strstr(name, "_us") != NULL || strcmp(name, "port") == 0)
            store_column_set_integer(&info->columns[i], record, INT64_MAX - i);
        if (strcmp(name, "fingerprint") == 0 || strcmp(name, "request_hash") == 0)
            store_column_set_integer(&info->columns[i], record, INT64_MIN + i);
    }
}

struct compare {
    enum store_table table;
    const union store_record *expected;
    int seen;
};

static void compare_row(const void *record, void *userdata) {
    struct compare *compare = userdata;
    const struct store_table_info *info = &store_table_info[compare->table];
    compare->seen++;
    for (unsigned i = 0; i < info->n_columns; i++) {
        const struct store_column *column = &info->columns[i];
        if (compare->table == STORE_AUDIT && strcmp(column->name, "hash") == 0)
            cr_expect(strlen(store_column_text(column, record)) == 64);
        else if (column->kind == STORE_COLUMN_INTEGER)
            cr_expect(store_column_integer(column, record) == store_column_integer(column, compare->expected),
                      "%s.%s", info->name, column->name);
        else
            cr_expect(
                strcmp(store_column_text(column, record), store_column_text(column, compare->expected)) == 0,
                "%s.%s", info->name, column->name);
    }
}

Test(store, every_column_comes_back_after_a_restart) {
    static char texts[STORE_TABLES][STORE_COLUMNS_MAX][32];
    static union store_record records[STORE_TABLES];
    struct store *store = open_at(path);
    struct store_change *change = store_change_new();
    /* Backwards: children before their parents, which deferred foreign keys allow. */
    for (int table = STORE_TABLES - 1; table >= 0; table--) {
        fill_record(table, &records[table], texts[table]);
        store_put(change, table, &records[table]);
    }
    commit(store, change);
    store_close(store);
    store = open_at(path);
    for (int table = 0; table < STORE_TABLES; table++) {
        struct compare compare = {.table = table, .expected = &records[table]};
        cr_assert(store_load(store, table, compare_row, &compare) == 0);
        cr_expect(compare.seen == 1, "%s: %d rows", store_table_info[table].name, compare.seen);
    }
    store_close(store);
}

static void compare_table(sqlite3 *db, enum store_table table) {
    const struct store_table_info *info = &store_table_info[table];
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT name, type, pk, \"notnull\" FROM pragma_table_info('%s')", info->name);
    sqlite3_stmt *statement = NULL;
    cr_assert(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    unsigned i = 0;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        cr_assert(i < info->n_columns, "%s.%s is not in the column table", info->name, name);
        const struct store_column *column = &info->columns[i];
        cr_expect(strcmp(name, column->name) == 0, "%s: %s in SQL, %s in the column table", info->name, name,
                  column->name);
        cr_expect(strcmp((const char *)sqlite3_column_text(statement, 1),
                         column->kind == STORE_COLUMN_INTEGER ? "INTEGER" : "TEXT") == 0,
                  "%s.%s", info->name, name);
        cr_expect(sqlite3_column_int(statement, 2) == (i < info->n_keys ? (int)i + 1 : 0), "key of %s.%s",
                  info->name, name);
        bool is_rowid = info->n_keys == 1 && i == 0;
        cr_expect(sqlite3_column_int(statement, 3) == 1 || is_rowid, "%s.%s may be NULL", info->name, name);
        i++;
    }
    cr_expect(i == info->n_columns, "%s: %u columns in SQL, %u in the column table", info->name, i,
              info->n_columns);
    sqlite3_finalize(statement);
}

Test(store, column_table_is_the_schema) {
    store_close(open_at(path));
    sqlite3 *db = open_plain(path);
    for (int table = 0; table < STORE_TABLES; table++)
        compare_table(db, table);
    cr_expect(ask(db, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
                      " AND name NOT LIKE 'sqlite_%' AND strict = 0") == 0);
    cr_expect(ask(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'") == STORE_TABLES + 1);
    cr_expect(ask(db, "PRAGMA user_version") == STORE_SCHEMA_VERSION);
    cr_expect(ask(db, "PRAGMA application_id") == 0x48656c69);
    sqlite3_close(db);
}

Test(store, new_store_has_an_id_that_stays) {
    struct store *store = open_at(path);
    char id[STORE_ID_MAX];
    strcpy(id, store_id(store));
    cr_expect(strlen(id) == 36);
    cr_expect(store_origin(store) == STORE_NEW);
    for (int i = 0; i < STORE_COUNTERS; i++)
        cr_expect(store_counter(store, i) == 0);
    store_close(store);
    store = open_at(path);
    cr_expect(store_origin(store) == STORE_EXISTING);
    cr_expect(strcmp(id, store_id(store)) == 0);
    store_close(store);
}

Test(store, files_are_private_and_locked) {
    umask(0);
    struct store *store = open_at(path);
    struct store_change *change = store_change_new();
    store_put(change, STORE_POD, &pod);
    commit(store, change);
    const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (int i = 0; i < 4; i++) {
        char name[128];
        struct stat found;
        snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        cr_assert(stat(name, &found) == 0, "%s", name);
        cr_expect((found.st_mode & 0777) == 0600, "%s: %o", name, found.st_mode);
    }
    /* Another name of the same file does not get around the lock. */
    char other[128];
    snprintf(other, sizeof(other), "%s/other.db", folder);
    cr_assert(symlink(path, other) == 0);
    struct store *second = NULL;
    cr_expect(store_open(&(struct store_options){.path = path}, &second, error, sizeof(error)) ==
              STORE_LOCKED);
    cr_expect(strstr(error, "heliostat.db.lock") != NULL, "%s", error);
    cr_expect(store_open(&(struct store_options){.path = other}, &second, error, sizeof(error)) ==
              STORE_LOCKED);
    store_close(store);
    store_close(open_at(path));
}

static int open_result(const char *at) {
    struct store *store = NULL;
    int result = store_open(&(struct store_options){.path = at}, &store, error, sizeof(error));
    cr_expect(store == NULL || result == 0);
    store_close(store);
    return result;
}

Test(store, strangers_are_refused_untouched) {
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 2000; i++)
        fputs("these are not the rows you are looking for\n", file);
    fclose(file);
    cr_expect(open_result(path) == STORE_FOREIGN);
    cr_expect(strstr(error, path) != NULL && strstr(error, "not a Heliostat database") != NULL, "%s", error);

    char other[128];
    snprintf(other, sizeof(other), "%s/other.db", folder);
    run_plain(other, "CREATE TABLE bird(name)");
    cr_expect(open_result(other) == STORE_FOREIGN);
    cr_expect(strstr(error, "another program") != NULL, "%s", error);
    sqlite3 *db = open_plain(other);
    cr_expect(ask(db, "SELECT count(*) FROM sqlite_schema") == 1);
    sqlite3_close(db);
    run_plain(other,
              "PRAGMA journal_mode = DELETE"); /* fails unless nobody changed the mode: it is a no-op */

    char newer[128];
    snprintf(newer, sizeof(newer), "%s/newer.db", folder);
    store_close(open_at(newer));
    run_plain(newer, "PRAGMA user_version = 1000");
    cr_expect(open_result(newer) == STORE_NEWER);
    char versions[64];
    snprintf(versions, sizeof(versions), "up to %d", STORE_SCHEMA_VERSION);
    cr_expect(strstr(error, "1000") != NULL && strstr(error, versions) != NULL, "%s", error);

    cr_expect(open_result("/nonexistent/folder/x.db") == -ENOENT);
    cr_expect(strstr(error, "/nonexistent/folder/x.db") != NULL, "%s", error);
    cr_expect(open_result(folder) == -EISDIR, "%s", error);
}

Test(store, puts_replace_and_deletes_take_a_prefix) {
    struct store *store = open_at(path);
    struct store_change *change = store_change_new();
    store_put(change, STORE_POD, &pod);
    struct store_cube second = cube;
    second.cube = 8;
    second.name = "cube-08";
    store_put(change, STORE_CUBE, &cube);
    store_put(change, STORE_CUBE, &second);
    for (int i = 0; i < 16; i++) {
        store_put(change, STORE_HOST, &(struct store_host){.pod_id = 1, .cube = 7, .host = i});
        store_put(change, STORE_HOST, &(struct store_host){.pod_id = 1, .cube = 8, .host = i});
    }
    commit(store, change);
    change = store_change_new();
    struct store_pod renamed = pod;
    renamed.name = "beta";
    store_put(change, STORE_POD, &renamed); /* its cubes stay */
    store_delete(change, STORE_HOST, &(struct store_host){.pod_id = 1, .cube = 7}, 2);
    store_delete(change, STORE_HOST, &(struct store_host){.pod_id = 1, .cube = 8, .host = 3}, 3);
    commit(store, change);
    store_close(store);
    sqlite3 *db = open_plain(path);
    cr_expect(ask(db, "SELECT count(*) FROM host") == 15);
    cr_expect(ask(db, "SELECT count(*) FROM host WHERE cube = 7 OR host = 3") == 0);
    cr_expect(ask(db, "SELECT count(*) FROM v_cube WHERE pod = 'beta'") == 2);
    sqlite3_close(db);

    store = open_at(path);
    change = store_change_new();
    store_delete(change, STORE_HOST, NULL, 0);
    commit(store, change);
    store_close(store);
    db = open_plain(path);
    cr_expect(ask(db, "SELECT count(*) FROM host") == 0);
    cr_expect(ask(db, "SELECT count(*) FROM cube") == 2);
    sqlite3_close(db);
}

Test(store, rules_of_the_schema_refuse_the_whole_group) {
    struct store *store = open_at(path);
    struct store_change *change = store_change_new();
    store_put(change, STORE_POD, &pod);
    store_put(change, STORE_SLICE, &slice);
    commit(store, change);

    struct store_change *good = store_change_new(), *bad = store_change_new();
    store_put(good, STORE_OCS, &ocs);
    struct store_cube sick = cube;
    sick.health = 5;
    store_put(bad, STORE_CUBE, &sick);
    cr_expect(store_commit(store, (struct store_change *const[]){good, bad}, 2) == -EINVAL);
    cr_expect(strstr(store_error(store), "health BETWEEN 1 AND 4") != NULL, "%s", store_error(store));
    store_change_free(good);
    store_change_free(bad);

    change = store_change_new();
    store_put(change, STORE_HOST, &(struct store_host){.pod_id = 1, .cube = 7});
    refuse(store, change, -EINVAL, "FOREIGN KEY");
    change = store_change_new();
    store_put(change, STORE_POSITION, &(struct store_position){.uid = 3, .generation = 2});
    refuse(store, change, -EINVAL, "FOREIGN KEY");
    change = store_change_new();
    store_delete(change, STORE_POD, &pod, 1);
    refuse(store, change, -EINVAL, "FOREIGN KEY");

    /* A name is taken by a live slice, and free when that one became former. */
    struct store_slice namesake = slice, former = slice;
    namesake.uid = 4;
    former.is_former = 1;
    change = store_change_new();
    store_put(change, STORE_SLICE, &namesake);
    refuse(store, change, -EINVAL, "slice.name");
    change = store_change_new();
    store_put(change, STORE_SLICE, &former);
    store_put(change, STORE_SLICE, &namesake);
    commit(store, change);
    store_close(store);

    sqlite3 *db = open_plain(path);
    cr_expect(ask(db, "SELECT count(*) FROM ocs") == 0, "half of a failed group is there");
    cr_expect(ask(db, "SELECT count(*) FROM slice") == 2);
    sqlite3_close(db);
}

Test(store, counters_outlive_what_they_counted) {
    struct store *store = open_at(path);
    struct store_change *change = store_change_new();
    store_put(change, STORE_POD, &pod);
    store_put(change, STORE_SLICE, &slice);
    for (int i = 1; i <= 40; i++)
        store_put(change, STORE_EVENT, &(struct store_event){.revision = i});
    store_put(change, STORE_OPERATION, &(struct store_operation){.operation_id = 12});
    store_put(change, STORE_ALARM, &(struct store_alarm){.alarm_id = 5});
    store_raise(change, STORE_COUNTER_ALARM, 6);
    store_raise(change, STORE_COUNTER_ALARM, 2);
    commit(store, change);
    change = store_change_new();
    store_delete_through(change, STORE_EVENT, 39);
    store_delete_through(change, STORE_OPERATION, 100);
    store_delete(change, STORE_SLICE, &slice, 2);
    store_delete(change, STORE_POD, &pod, 1);
    commit(store, change);

    /* A failed change raises nothing. */
    change = store_change_new();
    store_raise(change, STORE_COUNTER_UID, 1000);
    store_put(change, STORE_POSITION, &(struct store_position){.uid = 3});
    refuse(store, change, -EINVAL, "FOREIGN KEY");
    cr_expect(store_counter(store, STORE_COUNTER_UID) == 3);
    store_close(store);

    store = open_at(path);
    cr_expect(store_counter(store, STORE_COUNTER_REVISION) == 40);
    cr_expect(store_counter(store, STORE_COUNTER_UID) == 3);
    cr_expect(store_counter(store, STORE_COUNTER_OPERATION) == 12);
    cr_expect(store_counter(store, STORE_COUNTER_POD) == 1);
    cr_expect(store_counter(store, STORE_COUNTER_ALARM) == 6);
    cr_expect(store_counter(store, STORE_COUNTER_AUDIT) == 0);
    store_close(store);
    sqlite3 *db = open_plain(path);
    cr_expect(ask(db, "SELECT count(*) * 1000 + max(revision) FROM event") == 1040);
    cr_expect(ask(db, "SELECT count(*) FROM operation") == 0);
    sqlite3_close(db);
}

Test(store, change_refuses_what_a_table_does_not_allow) {
    struct store_change *change = store_change_new();
    store_delete(change, STORE_AUDIT, &(struct store_audit){.audit_id = 1}, 1);
    cr_expect(store_change_status(change) == -EINVAL);
    store_change_free(change);
    change = store_change_new();
    store_delete_through(change, STORE_CUBE, 1);
    cr_expect(store_change_status(change) == -EINVAL);
    store_change_free(change);
    change = store_change_new();
    store_delete(change, STORE_POD, &pod, 2);
    cr_expect(store_change_status(change) == -EINVAL);
    store_change_free(change);
    store_change_free(NULL);
}

struct read {
    int64_t first, last;
    size_t n, stop_after;
};

static bool read_event(const void *record, void *userdata) {
    const struct store_event *event = record;
    struct read *read = userdata;
    if (read->n++ == 0)
        read->first = event->revision;
    read->last = event->revision;
    return read->n != read->stop_after;
}

Test(store, old_events_are_read_in_pages_beside_the_store) {
    struct store *store = open_at(path);
    struct store_change *change = store_change_new();
    for (int i = 10; i <= 100; i += 10)
        store_put(change, STORE_EVENT, &(struct store_event){.revision = i, .before = "a", .after = "b"});
    commit(store, change);
    struct read read = {0};
    cr_assert(store_read_after(path, STORE_EVENT, 0, 4, read_event, &read) == 0);
    cr_expect(read.n == 4 && read.first == 10 && read.last == 40);
    read = (struct read){0};
    cr_assert(store_read_after(path, STORE_EVENT, 40, SIZE_MAX, read_event, &read) == 0);
    cr_expect(read.n == 6 && read.first == 50 && read.last == 100);
    read = (struct read){.stop_after = 2};
    cr_assert(store_read_after(path, STORE_EVENT, 0, 100, read_event, &read) == 0);
    cr_expect(read.n == 2);
    cr_expect(store_read_after(path, STORE_POD, 0, 1, read_event, &read) == -EINVAL);
    store_close(store);
}

Test(store, checkpoint_empties_the_log) {
    struct store *store = open_at(path);
    struct store_change *change = store_change_new();
    for (int i = 1; i <= 2000; i++)
        store_put(change, STORE_EVENT, &(struct store_event){.revision = i});
    commit(store, change);
    cr_expect(store_log_pages(store) > 0);
    cr_expect(store_checkpoint(store) == 0);
    cr_expect(store_log_pages(store) == 0);
    cr_expect(store_probe(store) == 0);
    cr_expect(store_log_pages(store) == 0);
    store_close(store);
}

static char *read_document(void) {
    FILE *file = fopen(SCHEMA_DOCUMENT, "r");
    cr_assert(file != NULL, "cannot open %s", SCHEMA_DOCUMENT);
    char *text = calloc(1, 65536);
    size_t n = fread(text, 1, 65535, file);
    cr_assert(n > 0 && n < 65535);
    fclose(file);
    return text;
}

/* Every view has a section, with every column; and every view can be read. */
Test(store, document_describes_every_view) {
    store_close(open_at(path));
    char *document = read_document();
    sqlite3 *db = open_plain(path);
    sqlite3_stmt *statement = NULL;
    cr_assert(sqlite3_prepare_v2(db,
                                 "SELECT v.name, c.name FROM sqlite_schema v, pragma_table_info(v.name) c"
                                 " WHERE v.type = 'view' ORDER BY v.name, c.cid",
                                 -1, &statement, NULL) == SQLITE_OK);
    int columns = 0;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *view = (const char *)sqlite3_column_text(statement, 0);
        const char *column = (const char *)sqlite3_column_text(statement, 1);
        char heading[64], word[64];
        snprintf(heading, sizeof(heading), "### %s\n", view);
        snprintf(word, sizeof(word), "`%s`", column);
        const char *section = strstr(document, heading);
        cr_assert(section != NULL, "%s has no section", view);
        const char *end = strstr(section + strlen(heading), "\n#"), *found = strstr(section, word);
        cr_expect(found != NULL && found < end, "%s.%s is not described", view, column);
        columns++;
    }
    cr_expect(columns > 100);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    free(document);
}

static void expect_text(sqlite3 *db, const char *sql, const char *expected) {
    sqlite3_stmt *statement = NULL;
    cr_assert(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql,
              sqlite3_errmsg(db));
    cr_assert(sqlite3_step(statement) == SQLITE_ROW, "%s: no row", sql);
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    cr_expect(text != NULL && strcmp(text, expected) == 0, "%s: %s, expected %s", sql, text, expected);
    sqlite3_finalize(statement);
}

Test(store, views_speak_in_words) {
    struct store *store = open_at(path);
    struct store_change *change = store_change_new();
    store_put(change, STORE_POD, &pod);
    store_put(change, STORE_CUBE, &cube);
    store_put(change, STORE_OCS, &ocs);
    store_put(change, STORE_SLICE, &slice);
    store_put(change, STORE_POSITION, &(struct store_position){.uid = 3, .generation = 1, .cube = 7});
    store_put(change, STORE_FIBER,
              &(struct store_fiber){
                  .pod_id = 1, .cube = 7, .face = 3, .link_index = 15, .ocs = 5, .side = 1, .port = 8});
    store_put(change, STORE_CHIP, &(struct store_chip){.pod_id = 1, .cube = 7, .x = 1, .y = 2, .z = 3});
    store_put(change, STORE_HOST, &(struct store_host){.pod_id = 1, .cube = 7, .host = 3});
    commit(store, change);
    store_close(store);
    sqlite3 *db = open_plain(path);
    expect_text(db, "SELECT name || ' ' || health || ' ' || scheduling FROM v_cube",
                "alpha/cube-07 HEALTHY SCHEDULABLE");
    expect_text(db, "SELECT name || ' ' || state || ' ' || pod FROM v_slice", "train READY alpha");
    expect_text(db, "SELECT slice || ' ' || position || ' ' || cube FROM v_position",
                "train 0 alpha/cube-07");
    expect_text(
        db,
        "SELECT cube || ' ' || face || ' ' || \"index\" || ' ' || ocs || ' ' || side || port FROM v_fiber",
        "cube-07 -y 15 ocs-x-05 B8");
    expect_text(db, "SELECT name FROM v_chip", "alpha/cube-07/chip-1-2-3");
    expect_text(db, "SELECT name FROM v_host", "alpha/cube-07/host-03");
    expect_text(db, "SELECT name || is_confirmed FROM v_ocs", "alpha/ocs-x-050");
    expect_text(db, "SELECT name || cubes || is_frozen FROM v_pod", "alpha10");
    sqlite3_close(db);
}
