#pragma once
/* Many trials on all cores, with progress and remaining time on a terminal, until done or interrupted
 * (SIGINT). Sums are arrays of uint64_t that are added up, so that the order of the threads does not matter.
 */
#include "ctl/ctl.h"

struct whatif_work {
    const char *what; /* for the progress line */
    const void *input;
    uint64_t total, chunk; /* trials in all, trials a thread takes at once */
    size_t n_sums;         /* uint64_t */
    void (*run)(const void *input, uint64_t first, uint64_t count, uint64_t *sums);
};

/* sums: n_sums, zeroed by the caller. threads: 0 for one a core. Returns the trials that were done; fewer
 * than total when interrupted. */
uint64_t whatif_pool_run(struct ctl *ctl, const struct whatif_work *work, unsigned threads, uint64_t *sums);

/* Independent tasks 0..n - 1, for which order does not matter because each writes only its own result.
 * tick: adds to the shared count of steps done of `steps`; true: stop. Returns false when interrupted. */
struct whatif_tasks {
    const char *what;
    void *input;
    unsigned n;
    uint64_t steps;
    void (*run)(void *input, unsigned task, bool (*tick)(uint64_t more));
};
bool whatif_pool_tasks(struct ctl *ctl, const struct whatif_tasks *tasks, unsigned threads);
/* --threads, or one a core. */
unsigned whatif_threads(struct ctl *ctl);
