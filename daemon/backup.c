#include "daemon/backup.h"
#include "daemon/audit_keeper.h"
#include "daemon/store/store.h"
#include "daemon/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct backup {
    const char *db_path;
    struct worker *worker;
    char *path; /* of the copy under way; NULL: none */
    void (*done)(void *userdata, int result, const char *error);
    void *done_userdata;
    int result;
    char error[400];
};

int backup_new(const char *db_path, struct worker *worker, struct backup **ret_backup) {
    struct backup *backup = calloc(1, sizeof(*backup));
    if (!backup)
        return -ENOMEM;
    backup->db_path = db_path;
    backup->worker = worker;
    *ret_backup = backup;
    return 0;
}

static void copy(void *job) {
    struct backup *backup = job;
    backup->result = store_backup(backup->db_path, backup->path, backup->error, sizeof(backup->error));
}

static void finish(void *job) {
    struct backup *backup = job;
    if (backup->result == 0)
        audit_keeper_tell_head(backup->path, backup->path);
    free(backup->path);
    backup->path = NULL;
    backup->done(backup->done_userdata, backup->result, backup->error);
}

int backup_start(struct backup *backup, const char *path,
                 void (*done)(void *userdata, int result, const char *error), void *userdata) {
    if (backup->path)
        return -EBUSY;
    backup->path = strdup(path);
    if (!backup->path)
        return -ENOMEM;
    backup->done = done;
    backup->done_userdata = userdata;
    backup->error[0] = 0;
    int r = worker_run(backup->worker, copy, finish, backup);
    if (r < 0) {
        free(backup->path);
        backup->path = NULL;
    }
    return r;
}

void backup_free(struct backup *backup) {
    free(backup);
}
