/* The audit chain and backups. The expected hashes come from the coreutils, not from our code. */
#include "tests/unit/test_store_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

TestSuite(store_audit, .init = set_up, .fini = tear_down);
TestSuite(store_backup, .init = set_up, .fini = tear_down);

static void add_audit_rows(struct store *store, int first, int last) {
    struct store_change *change = store_change_new();
    for (int i = first; i <= last; i++)
        store_put(change, STORE_AUDIT,
                  &(struct store_audit){.audit_id = i,
                                        .time_us = 1700000000000000 + i,
                                        .actor = "uid:1000",
                                        .method = "CreateSlice",
                                        .object = "train",
                                        .request = "{\"a\":\"é:3:\"}",
                                        .outcome = "OK"});
    commit(store, change);
}

static int verify(struct store_audit_summary *ret_summary) {
    error[0] = '\0';
    return store_audit_verify(path, ret_summary, error, sizeof(error));
}

static bool keep_hash(const void *record, void *userdata) {
    const struct store_audit *row = record;
    snprintf(userdata, 65, "%s", row->hash);
    return true;
}

Test(store_audit, hash_is_the_documented_one) {
    struct store *store = open_at(path);
    add_audit_rows(store, 1, 1);
    char hash[65], expected[65];
    cr_assert(store_read_after(path, STORE_AUDIT, 0, 1, keep_hash, hash) == 0);
    FILE *sum =
        popen("printf '%s' '64:0000000000000000000000000000000000000000000000000000000000000000"
              "1:116:17000000000000018:uid:100011:CreateSlice5:train13:{\"a\":\"é:3:\"}2:OK' | sha256sum",
              "r");
    cr_assert(sum != NULL && fscanf(sum, "%64s", expected) == 1 && pclose(sum) == 0);
    cr_expect(strcmp(hash, expected) == 0, "hash %s, sha256sum says %s", hash, expected);
    store_close(store);
}

Test(store_audit, chain_holds_over_restarts_and_pruning) {
    struct store_audit_summary summary;
    struct store *store = open_at(path);
    cr_assert(verify(&summary) == 0, "%s", error);
    cr_expect(summary.rows == 0 && summary.last_id == 0);
    add_audit_rows(store, 1, 5);
    add_audit_rows(store, 6, 6);
    store_close(store);
    store = open_at(path);
    add_audit_rows(store, 9, 10); /* numbers may be left out */
    cr_assert(verify(&summary) == 0, "%s", error);
    cr_expect(summary.rows == 8 && summary.first_id == 1 && summary.last_id == 10 && summary.anchor_id == 0);

    struct store_change *change = store_change_new();
    store_delete_through(change, STORE_AUDIT, 7);
    commit(store, change);
    cr_assert(verify(&summary) == 0, "%s", error);
    cr_expect(summary.rows == 2 && summary.first_id == 9 && summary.anchor_id == 6);

    change = store_change_new();
    store_delete_through(change, STORE_AUDIT, 1000);
    store_delete_through(change, STORE_AUDIT, 1000); /* nothing left: the anchor stays */
    commit(store, change);
    store_close(store);
    store = open_at(path);
    cr_assert(verify(&summary) == 0, "%s", error);
    cr_expect(summary.rows == 0 && summary.anchor_id == 10 && summary.last_id == 10);
    add_audit_rows(store, 11, 12);
    cr_assert(verify(&summary) == 0, "%s", error);
    cr_expect(summary.rows == 2 && summary.anchor_id == 10 && summary.last_id == 12);
    store_close(store);
    cr_assert(verify(&summary) == 0, "without a daemon: %s", error);
}

Test(store_audit, rows_never_change_and_never_go_back) {
    struct store *store = open_at(path);
    add_audit_rows(store, 1, 3);
    for (int id = 2; id <= 3; id++) {
        struct store_change *change = store_change_new();
        store_put(change, STORE_AUDIT, &(struct store_audit){.audit_id = id});
        cr_expect(store_commit(store, &change, 1) == -EINVAL);
        cr_expect(strstr(store_error(store), "audit") != NULL, "%s", store_error(store));
        store_change_free(change);
    }
    /* A failed group leaves no trace in the chain. */
    struct store_change *change = store_change_new();
    store_put(change, STORE_AUDIT, &(struct store_audit){.audit_id = 4});
    store_put(change, STORE_POSITION, &(struct store_position){.uid = 1});
    cr_expect(store_commit(store, &change, 1) == -EINVAL);
    store_change_free(change);
    add_audit_rows(store, 4, 5);
    store_close(store);
    struct store_audit_summary summary;
    cr_expect(verify(&summary) == 0, "%s", error);
    sqlite3 *db = open_plain(path);
    cr_expect(sqlite3_exec(db, "UPDATE audit SET actor = 'nobody' WHERE audit_id = 2", NULL, NULL, NULL) ==
              SQLITE_CONSTRAINT);
    sqlite3_close(db);
}

struct forgery {
    const char *sql, *words;
};

Test(store_audit, every_forgery_is_found_and_named) {
    const struct forgery forgeries[] = {
        {"UPDATE audit SET actor = 'nobody' WHERE audit_id = 3", "audit row 3 "},
        {"UPDATE audit SET actor = 'uid:100011:', method = 'reateSlice' WHERE audit_id = 3", "audit row 3 "},
        {"UPDATE audit SET hash = replace(hash, '0', '1') WHERE audit_id = 5", "audit row 5 "},
        {"DELETE FROM audit WHERE audit_id = 1", "audit row 2 "},
        {"DELETE FROM audit WHERE audit_id = 3", "audit row 4 "},
        {"DELETE FROM audit WHERE audit_id = 5", "last audit row is 4"},
        {"DELETE FROM audit", "last audit row is 0"},
        {"UPDATE audit SET audit_id = 10 - audit_id WHERE audit_id IN (3, 4)", "audit row 5 "},
    };
    store_close(open_at(path));
    char copy[128], command[512];
    snprintf(copy, sizeof(copy), "%s/kept.db", folder);
    struct store *store = open_at(path);
    add_audit_rows(store, 1, 5);
    store_close(store);
    snprintf(command, sizeof(command), "cp '%s' '%s'", path, copy);
    cr_assert(system(command) == 0);
    for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
        snprintf(command, sizeof(command), "cp '%s' '%s'", copy, path);
        cr_assert(system(command) == 0);
        run_plain(path, "DROP TRIGGER audit_is_append_only");
        run_plain(path, forgeries[i].sql);
        struct store_audit_summary summary = {.rows = -1};
        cr_expect(verify(&summary) == STORE_BROKEN_CHAIN, "%s", forgeries[i].sql);
        cr_expect(strstr(error, forgeries[i].words) != NULL, "%s: '%s' lacks '%s'", forgeries[i].sql, error,
                  forgeries[i].words);
        cr_expect(summary.rows == -1);
    }
}

static void add_event(struct store *store, int64_t revision) {
    struct store_change *change = store_change_new();
    store_put(change, STORE_EVENT, &(struct store_event){.revision = revision});
    commit(store, change);
}

Test(store_backup, copy_is_marked_until_its_first_commit) {
    char copy[128];
    snprintf(copy, sizeof(copy), "%s/copy.db", folder);
    struct store *store = open_at(path);
    char id[STORE_ID_MAX];
    strcpy(id, store_id(store));
    add_event(store, 7);
    add_audit_rows(store, 1, 3);
    cr_assert(store_backup(path, copy, error, sizeof(error)) == 0, "%s", error);
    add_event(store, 8); /* not in the copy */
    struct stat found;
    cr_assert(stat(copy, &found) == 0);
    cr_expect((found.st_mode & 0777) == 0600);
    char command[160];
    snprintf(command, sizeof(command), "test $(ls '%s' | grep -c -e part -e copy) = 1", folder);
    cr_expect(system(command) == 0, "the backup left other files");
    store_close(store);

    store = open_at(copy);
    cr_expect(store_origin(store) == STORE_RESTORED);
    cr_expect(store_counter(store, STORE_COUNTER_REVISION) == 7);
    cr_expect(strcmp(store_id(store), id) != 0);
    strcpy(id, store_id(store));
    store_close(store);
    /* A crash before the pods were frozen must not make it look like an ordinary store. */
    store = open_at(copy);
    cr_expect(store_origin(store) == STORE_RESTORED);
    cr_expect(strcmp(store_id(store), id) != 0);
    strcpy(id, store_id(store));
    cr_expect(store_probe(store) == 0);
    store_close(store);
    store = open_at(copy);
    cr_expect(store_origin(store) == STORE_RESTORED);
    strcpy(id, store_id(store));
    add_event(store, 9);
    add_audit_rows(store, 4, 4);
    store_close(store);
    store = open_at(copy);
    cr_expect(store_origin(store) == STORE_EXISTING);
    cr_expect(strcmp(store_id(store), id) == 0);
    store_close(store);
    struct store_audit_summary summary;
    cr_expect(store_audit_verify(copy, &summary, error, sizeof(error)) == 0, "%s", error);
    cr_expect(summary.rows == 4);

    store = open_at(path);
    cr_expect(store_origin(store) == STORE_EXISTING);
    store_close(store);
}

Test(store_backup, option_restored_gives_a_new_id) {
    struct store *store = open_at(path);
    char id[STORE_ID_MAX];
    strcpy(id, store_id(store));
    store_close(store);
    cr_assert(store_open(&(struct store_options){.path = path, .is_restored = true}, &store, error,
                         sizeof(error)) == 0);
    cr_expect(store_origin(store) == STORE_RESTORED);
    cr_expect(strcmp(store_id(store), id) != 0);
    store_close(store);
    store = open_at(path);
    cr_expect(store_origin(store) == STORE_RESTORED);
    store_close(store);
}

Test(store_backup, refusals_name_the_file_and_leave_nothing) {
    char copy[128], beside[140];
    snprintf(copy, sizeof(copy), "%s/copy.db", folder);
    snprintf(beside, sizeof(beside), "%s-journal", copy);
    struct store *store = open_at(path);
    cr_expect(store_backup(path, path, error, sizeof(error)) == -EEXIST);
    cr_expect(strstr(error, path) != NULL, "%s", error);
    FILE *file = fopen(beside, "w");
    fclose(file);
    cr_expect(store_backup(path, copy, error, sizeof(error)) == -EEXIST);
    cr_expect(strstr(error, beside) != NULL, "%s", error);
    unlink(beside);
    cr_expect(store_backup(path, "/nonexistent/copy.db", error, sizeof(error)) == -ENOENT);
    cr_expect(strstr(error, "/nonexistent/copy.db") != NULL, "%s", error);
    cr_expect(store_backup("/nonexistent/heliostat.db", copy, error, sizeof(error)) == -ENOENT);
    cr_expect(strstr(error, "/nonexistent/heliostat.db") != NULL, "%s", error);
    char command[160];
    snprintf(command, sizeof(command), "test $(ls '%s' | grep -c -e part -e copy) = 0", folder);
    cr_expect(system(command) == 0, "a refused backup left a file");
    store_close(store);
}
