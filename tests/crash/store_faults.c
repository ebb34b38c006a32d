/* Fails the N-th call that the store makes to the disk, for N = 1, 2, 3 ... until a run meets no failure;
 * once and from then on; with and without a power cut. After each run the database must hold every group of
 * changes that was acknowledged, none that was refused, and no half of one.
 *
 * Usage: store_faults FOLDER [SEED [--full]]; FOLDER should be on a fast file system, its content is lost. */
#include "daemon/store/fault_vfs.h"
#include "daemon/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GROUPS 10
#define EVENTS_PER_GROUP 3
#define POSITIONS 4
#define KEPT_SLICES 2 /* group g deletes the slice of group g - 2 */
#define KEPT_EVENTS 4 /* and the events up to group g - 4 */
#define REQUEST_BYTES 3000

enum outcome {
    NOT_TRIED,
    ACKNOWLEDGED,
    REFUSED,
};

enum ending {
    GO_ON,    /* to the end of the script, with a look at what a kill would leave after each refusal */
    CUT_ALL,  /* power cut at the first failure: unsynced writes are lost */
    CUT_SOME, /* the same, but some sectors reach the disk */
};

struct pass {
    const char *name;
    unsigned kinds;
    int code;
    bool is_lasting;
    enum ending ending;
    int stride; /* every N, or without --full every stride-th */
};

static const struct pass passes[] = {
    {"once", FAULT_VFS_ALL, 0, false, GO_ON, 1},
    {"from then on", FAULT_VFS_ALL, 0, true, GO_ON, 1},
    {"sync once", FAULT_VFS_SYNC, 0, false, GO_ON, 1},
    {"sync from then on", FAULT_VFS_SYNC, 0, true, GO_ON, 1},
    {"disk full once", FAULT_VFS_WRITE, SQLITE_FULL, false, GO_ON, 1},
    {"disk full from then on", FAULT_VFS_WRITE, SQLITE_FULL, true, GO_ON, 4},
    {"read-only from then on", FAULT_VFS_WRITE, SQLITE_READONLY, true, GO_ON, 4},
    {"memory once", FAULT_VFS_ALL, SQLITE_IOERR_NOMEM, false, GO_ON, 4},
    {"locked once", FAULT_VFS_LOCK | FAULT_VFS_SHM_LOCK, SQLITE_BUSY, false, GO_ON, 1},
    {"power cut", FAULT_VFS_ALL, 0, true, CUT_ALL, 3},
    {"power cut with torn writes", FAULT_VFS_ALL, 0, true, CUT_SOME, 3},
    {"power cut after a failed sync", FAULT_VFS_SYNC, 0, true, CUT_SOME, 1},
};

static char path[4096], killed_path[4096];
static uint64_t seed;

struct run {
    const struct pass *pass;
    int64_t nth;
    struct store *store;
    enum outcome outcomes[GROUPS + 1];
    int doubtful; /* the first group refused since the store last worked; 0: none */
    int refusals;
    bool is_over; /* the power was cut */
};

__attribute__((format(printf, 2, 3), noreturn)) static void fail(const struct run *run, const char *format,
                                                                 ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "FAILED pass '%s' N %" PRId64 " seed %" PRIu64 ": ", run->pass->name, run->nth, seed);
    vfprintf(stderr, format, arguments);
    fputs("\n", stderr);
    va_end(arguments);
    exit(1);
}

static void remove_database(const char *at) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock"};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        char name[4200];
        snprintf(name, sizeof(name), "%s%s", at, suffixes[i]);
        unlink(name);
    }
}

static void copy_file(const struct run *run, const char *suffix) {
    char from[4200], to[4200], buffer[65536];
    snprintf(from, sizeof(from), "%s%s", path, suffix);
    snprintf(to, sizeof(to), "%s%s", killed_path, suffix);
    int in = open(from, O_RDONLY);
    if (in < 0)
        return;
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (ssize_t n; (n = read(in, buffer, sizeof(buffer))) != 0;)
        if (n < 0 || write(out, buffer, n) != n)
            fail(run, "cannot copy %s: %s", from, strerror(errno));
    close(in);
    close(out);
}

/* What is in a database, and what should be. */
struct content {
    int events[GROUPS + 1], slices[GROUPS + 1], positions[GROUPS + 1], audit[GROUPS + 1];
    int64_t pod_revision;
};

static void count_pod(const void *record, void *userdata) {
    ((struct content *)userdata)->pod_revision = ((const struct store_pod *)record)->revision;
}

static void count_event(const void *record, void *userdata) {
    int64_t revision = ((const struct store_event *)record)->revision;
    ((struct content *)userdata)->events[(revision + EVENTS_PER_GROUP - 1) / EVENTS_PER_GROUP]++;
}

static void count_slice(const void *record, void *userdata) {
    ((struct content *)userdata)->slices[((const struct store_slice *)record)->uid]++;
}

static void count_position(const void *record, void *userdata) {
    ((struct content *)userdata)->positions[((const struct store_position *)record)->uid]++;
}

static void count_audit(const void *record, void *userdata) {
    ((struct content *)userdata)->audit[((const struct store_audit *)record)->audit_id]++;
}

static struct content expect(const bool is_there[GROUPS + 1]) {
    struct content content = {0};
    for (int g = 1; g <= GROUPS; g++) {
        if (!is_there[g])
            continue;
        content.events[g] = EVENTS_PER_GROUP;
        content.slices[g] = 1;
        content.positions[g] = POSITIONS;
        content.audit[g] = 1;
        content.pod_revision = g;
        if (g > KEPT_SLICES)
            content.slices[g - KEPT_SLICES] = content.positions[g - KEPT_SLICES] = 0;
        for (int old = 1; old <= g - KEPT_EVENTS; old++)
            content.events[old] = 0;
    }
    return content;
}

static void check_counters(const struct run *run, const struct store *store, int64_t last) {
    if (store_counter(store, STORE_COUNTER_REVISION) != last * EVENTS_PER_GROUP ||
        store_counter(store, STORE_COUNTER_UID) != last || store_counter(store, STORE_COUNTER_AUDIT) != last)
        fail(run, "the counters do not fit group %" PRId64, last);
}

static void check_integrity(const struct run *run, const char *at, const char *when) {
    struct store_audit_summary summary;
    char error[512] = "";
    if (store_audit_verify(at, &summary, error, sizeof(error)) != 0)
        fail(run, "%s: %s", when, error);
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_open(at, &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW ||
        strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0)
        fail(run, "%s: the integrity check fails", when);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

/* Opens a database without faults and compares it. With may_be_there the last group that was tried may
 * be there although it was refused: the disk died before the refused group could be made unreadable. */
static void check(const struct run *run, const char *at, const char *when, bool may_be_there) {
    struct store *store = NULL;
    char error[512] = "";
    int result = store_open(&(struct store_options){.path = at}, &store, error, sizeof(error));
    if (result != 0)
        fail(run, "%s: cannot open: %d %s", when, result, error);
    struct content content = {0};
    if (store_load(store, STORE_POD, count_pod, &content) < 0 ||
        store_load(store, STORE_EVENT, count_event, &content) < 0 ||
        store_load(store, STORE_SLICE, count_slice, &content) < 0 ||
        store_load(store, STORE_POSITION, count_position, &content) < 0 ||
        store_load(store, STORE_AUDIT, count_audit, &content) < 0)
        fail(run, "%s: cannot load", when);

    bool is_there[GROUPS + 1] = {false};
    for (int g = 1; g <= GROUPS; g++)
        is_there[g] = run->outcomes[g] == ACKNOWLEDGED;
    if (may_be_there && run->doubtful > 0 && content.audit[run->doubtful] > 0)
        is_there[run->doubtful] = true;
    struct content expected = expect(is_there);
    for (int g = 1; g <= GROUPS; g++)
        if (content.audit[g] != expected.audit[g])
            fail(run, "%s: group %d was %s, but is %s", when, g,
                 run->outcomes[g] == ACKNOWLEDGED ? "acknowledged" : "refused",
                 content.audit[g] > 0 ? "there" : "missing");
    if (memcmp(&content, &expected, sizeof(content)) != 0)
        fail(run, "%s: a group is half there", when);
    check_counters(run, store, expected.pod_revision);
    store_close(store);
}

/* What recovery would find if the process were killed now. */
static void check_killed(const struct run *run, const char *when, bool may_be_there) {
    remove_database(killed_path);
    copy_file(run, "");
    copy_file(run, "-wal");
    check(run, killed_path, when, may_be_there);
}

static int commit_group(struct run *run, int g) {
    static char request[REQUEST_BYTES + 1];
    memset(request, 'a' + g, REQUEST_BYTES);
    char name[16];
    snprintf(name, sizeof(name), "slice-%d", g);
    struct store_change *changes[2] = {store_change_new(), store_change_new()};
    store_put(changes[0], STORE_SLICE,
              &(struct store_slice){.uid = g, .name = name, .pod_id = 1, .state = 2, .topology = "4x4x4"});
    for (int i = 0; i < POSITIONS; i++)
        store_put(changes[0], STORE_POSITION, &(struct store_position){.uid = g, .position = i, .cube = i});
    for (int i = 0; i < EVENTS_PER_GROUP; i++)
        store_put(changes[0], STORE_EVENT,
                  &(struct store_event){.revision = (g - 1) * EVENTS_PER_GROUP + 1 + i, .after = request});
    store_put(changes[0], STORE_POD, &(struct store_pod){.pod_id = 1, .name = "alpha", .revision = g});
    store_put(changes[1], STORE_AUDIT, &(struct store_audit){.audit_id = g, .request = request});
    struct store_slice old = {.uid = g - KEPT_SLICES};
    store_delete(changes[1], STORE_POSITION, &(struct store_position){.uid = old.uid}, 1);
    store_delete(changes[1], STORE_SLICE, &old, 1);
    store_delete_through(changes[1], STORE_EVENT, (g - KEPT_EVENTS) * EVENTS_PER_GROUP);
    int result = store_commit(run->store, changes, 2);
    store_change_free(changes[0]);
    store_change_free(changes[1]);
    if (result == 0)
        run->doubtful = 0;
    else if (run->doubtful == 0)
        run->doubtful = g;
    run->outcomes[g] = result == 0 ? ACKNOWLEDGED : REFUSED;
    if (result > 0 || result == -EINVAL)
        fail(run, "group %d: result %d is not a fault of the disk", g, result);
    return result;
}

static void cut_power(struct run *run) {
    int result = fault_vfs_cut_power(run->pass->ending == CUT_SOME ? FAULT_VFS_CUT_SOME : FAULT_VFS_CUT_ALL,
                                     seed + run->nth);
    if (result < 0)
        fail(run, "cannot cut the power: %s", strerror(-result));
    store_close(run->store);
    run->store = NULL;
    run->is_over = true;
}

/* Whether the disk was so dead that a refused group could not be overwritten. */
static bool may_refused_remain(const struct run *run) {
    return run->pass->is_lasting && (run->pass->kinds & FAULT_VFS_WRITE) != 0;
}

/* After a failed operation. The disk is well again after the third one at the latest. */
static void meet_failure(struct run *run, bool was_commit) {
    run->refusals++;
    if (run->pass->ending != GO_ON) {
        cut_power(run);
        return;
    }
    if (was_commit)
        check_killed(run, "killed after a refusal", may_refused_remain(run));
    if (run->refusals == 3)
        fault_vfs_fail(0, 0, false, 0);
    if (run->store != NULL && (!run->pass->is_lasting || run->refusals == 3)) {
        int result = store_probe(run->store);
        if (result < 0)
            fail(run, "the store does not work on a disk that is well: %d %s", result,
                 store_error(run->store));
        run->doubtful = 0;
        check_killed(run, "killed after the probe", false);
    }
}

/* A store that was closed on a dead disk decides about the doubtful group when it is opened again: whole or
 * not at all, and for good. */
static void settle_doubt(struct run *run) {
    if (run->doubtful == 0)
        return;
    if (store_counter(run->store, STORE_COUNTER_UID) == run->doubtful) {
        if (!may_refused_remain(run))
            fail(run, "group %d was refused, but is there after reopening", run->doubtful);
        run->outcomes[run->doubtful] = ACKNOWLEDGED;
    }
    run->doubtful = 0;
}

static void open_store(struct run *run) {
    for (int attempt = 0; run->store == NULL && !run->is_over; attempt++) {
        char error[512] = "";
        int result = store_open(&(struct store_options){.path = path, .vfs = FAULT_VFS_NAME}, &run->store,
                                error, sizeof(error));
        if (result == 0) {
            settle_doubt(run);
            return;
        }
        if (result > 0 || error[0] == '\0' || attempt > 3)
            fail(run, "open: %d '%s', attempt %d", result, error, attempt);
        meet_failure(run, false);
    }
}

/* Returns whether the N-th call came. */
static bool play(const struct pass *pass, int64_t nth, int64_t *ret_calls) {
    struct run run = {.pass = pass, .nth = nth};
    remove_database(path);
    fault_vfs_reset();
    fault_vfs_forget();
    fault_vfs_fail(pass->kinds, nth, pass->is_lasting, pass->code);
    open_store(&run);
    for (int g = 1; g <= GROUPS && !run.is_over; g++) {
        if (commit_group(&run, g) < 0)
            meet_failure(&run, true);
        if ((g == 3 || g == 8) && !run.is_over && store_checkpoint(run.store) < 0)
            meet_failure(&run, false);
        if (g == 6 && !run.is_over) {
            store_close(run.store);
            run.store = NULL;
            open_store(&run);
        }
    }
    bool is_well = pass->ending == GO_ON && run.outcomes[GROUPS] == ACKNOWLEDGED;
    if (is_well)
        check_killed(&run, "killed at the end", false);
    if (is_well && fault_vfs_failures() > 0 && nth % 2 == 0)
        cut_power(&run);
    store_close(run.store);
    bool is_struck = fault_vfs_failures() > 0 || run.refusals > 0;
    *ret_calls = fault_vfs_calls();
    fault_vfs_reset();
    check(&run, path, "reopened", pass->ending != GO_ON || may_refused_remain(&run));
    check_integrity(&run, path, "reopened");
    return is_struck;
}

/* Returns whether every N that was to be tried met its call. */
static bool run_pass(const struct pass *pass, bool is_full, int64_t *covered, int64_t *calls) {
    int64_t stride = is_full ? 1 : pass->stride, first = 1 + (int64_t)(seed % (uint64_t)stride);
    int64_t n_calls = 0, unused, n_covered = 0;
    if (play(pass, 0, &n_calls))
        return false;
    for (int64_t nth = first; play(pass, nth, &unused); nth += stride)
        n_covered++;
    printf("%s: covered %" PRId64 " of %" PRId64 "\n", pass->name, n_covered, n_calls);
    fflush(stdout);
    *covered += n_covered;
    *calls += n_calls;
    return n_calls > 0 && n_covered == (n_calls - first + stride) / stride;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: store_faults FOLDER [SEED [--full]]\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/heliostat.db", argv[1]);
    snprintf(killed_path, sizeof(killed_path), "%s/killed.db", argv[1]);
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    bool is_full = argc > 3 && strcmp(argv[3], "--full") == 0, ok = true;
    printf("seed %" PRIu64 "\n", seed);
    fflush(stdout);
    if (fault_vfs_register(false) < 0)
        return 1;
    int64_t covered = 0, calls = 0;
    for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
        ok = run_pass(&passes[i], is_full, &covered, &calls) && ok;
    remove_database(path);
    remove_database(killed_path);
    fault_vfs_forget();
    printf("count: store faults: covered %" PRId64 " of %" PRId64 "\n", covered, calls);
    if (!ok)
        fputs("FAILED: a pass ended early or met no call\n", stderr);
    return ok ? 0 : 1;
}
