#pragma once
/* Long work over what nobody else touches: computations, and what waits for the disk. Each piece on a thread
 * of its own. Loop thread. */

struct worker;

/* wake is called by a thread that is done and must make the loop call worker_dispatch(). 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int worker_new(void (*wake)(void *userdata), void *userdata,
                                                   struct worker **ret_worker);
/* Waits for what is under way, whose done is called; takes nothing more. NULL is fine. */
void worker_free(struct worker *worker);
/* run is called by another thread; after it, done by worker_dispatch(). 0, or a negative errno: neither is
 * called. */
__attribute__((warn_unused_result)) int worker_run(struct worker *worker, void (*run)(void *job),
                                                   void (*done)(void *job), void *job);
void worker_dispatch(struct worker *worker);
