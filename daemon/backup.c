#include "daemon/backup.h"
#include "daemon/audit_keeper.h"
#include "daemon/store/store.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct backup {
    const char *db_path;
    void (*wake)(void *userdata);
    void *wake_userdata;

    bool is_running; /* the thread was started and not joined */
    pthread_t thread;
    char *path;
    void (*done)(void *userdata, int result, const char *error);
    void *done_userdata;
    /* Written by the thread before is_finished. */
    int result;
    char error[400];
    atomic_bool is_finished;
};

int backup_new(const char *db_path, void (*wake)(void *userdata), void *userdata,
               struct backup **ret_backup) {
    struct backup *backup = calloc(1, sizeof(*backup));
    if (!backup)
        return -ENOMEM;
    backup->db_path = db_path;
    backup->wake = wake;
    backup->wake_userdata = userdata;
    *ret_backup = backup;
    return 0;
}

static void *copy(void *userdata) {
    struct backup *backup = userdata;
    backup->result = store_backup(backup->db_path, backup->path, backup->error, sizeof(backup->error));
    atomic_store(&backup->is_finished, true);
    backup->wake(backup->wake_userdata);
    return NULL;
}

int backup_start(struct backup *backup, const char *path,
                 void (*done)(void *userdata, int result, const char *error), void *userdata) {
    sigset_t all, before;
    if (backup->is_running)
        return -EBUSY;
    backup->path = strdup(path);
    if (!backup->path)
        return -ENOMEM;
    backup->done = done;
    backup->done_userdata = userdata;
    backup->error[0] = 0;
    atomic_store(&backup->is_finished, false);
    /* Signals are for the loop's thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = -pthread_create(&backup->thread, NULL, copy, backup);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r < 0) {
        free(backup->path);
        backup->path = NULL;
        return r;
    }
    backup->is_running = true;
    return 0;
}

static void finish(struct backup *backup) {
    pthread_join(backup->thread, NULL);
    if (backup->result == 0)
        audit_keeper_tell_head(backup->path, backup->path);
    free(backup->path);
    backup->path = NULL;
    backup->is_running = false;
    backup->done(backup->done_userdata, backup->result, backup->error);
}

void backup_dispatch(struct backup *backup) {
    if (backup->is_running && atomic_load(&backup->is_finished))
        finish(backup);
}

void backup_free(struct backup *backup) {
    if (!backup)
        return;
    if (backup->is_running)
        finish(backup);
    free(backup);
}
