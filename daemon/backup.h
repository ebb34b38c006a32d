#pragma once
/* Copies of the database, written by a thread of their own while the daemon goes on. Loop thread. */

struct backup;
struct worker;

/* db_path and worker live as long as this. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int backup_new(const char *db_path, struct worker *worker,
                                                   struct backup **ret_backup);
/* After worker_free(), which ends a copy under way. NULL is fine. */
void backup_free(struct backup *backup);
/* done is called by worker_dispatch() with 0, or a negative errno and a sentence. 0, -EBUSY while another
 * copy is written, or another negative errno. */
__attribute__((warn_unused_result)) int
backup_start(struct backup *backup, const char *path,
             void (*done)(void *userdata, int result, const char *error), void *userdata);
