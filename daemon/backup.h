#pragma once
/* Copies of the database, written by a thread of their own while the daemon goes on. Loop thread. */

struct backup;

/* wake is called by the copying thread and must make the loop call backup_dispatch(). db_path lives as
 * long as this. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int backup_new(const char *db_path, void (*wake)(void *userdata),
                                                   void *userdata, struct backup **ret_backup);
/* Waits for a copy under way, whose done is called. NULL is fine. */
void backup_free(struct backup *backup);
/* done is called by backup_dispatch() with 0, or a negative errno and a sentence. 0, -EBUSY while another
 * copy is written, or another negative errno. */
__attribute__((warn_unused_result)) int
backup_start(struct backup *backup, const char *path,
             void (*done)(void *userdata, int result, const char *error), void *userdata);
void backup_dispatch(struct backup *backup);
