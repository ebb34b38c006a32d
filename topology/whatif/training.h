#pragma once
/* How much of the time a long training job really trains.
 *
 * The job runs on k cubes with s spares beside it. Any host fails after an exponential time; a failed cube is
 * away for a repair time. The job works for `checkpoint_every_ms`, then writes a checkpoint. A failure throws
 * it back to the last checkpoint; it goes on after a swap to a spare (with optical switches) or after the
 * repair of a failed cube when no spare is left, and a restart. Cubes fail during checkpoints, swaps and
 * restarts as well; spares fail too. */
#include "topology/whatif/duration.h"

#define WHATIF_TRAINING_CUBES_MAX 512

struct whatif_training {
    unsigned cubes, spares;
    int64_t host_mtbf_ms;
    struct whatif_duration repair;
    int64_t checkpoint_every_ms, checkpoint_cost_ms, swap_ms, restart_ms;
    int64_t horizon_ms; /* of one trial */
};

/* Milliseconds over all trials; they add up to trials * horizon_ms. */
struct whatif_training_sums {
    uint64_t trials;
    uint64_t useful_ms;     /* work that a checkpoint kept, or that stood at the end of the horizon */
    uint64_t lost_ms;       /* work that was done again */
    uint64_t checkpoint_ms; /* writing checkpoints */
    uint64_t restart_ms;    /* swaps and restarts */
    uint64_t waiting_ms;    /* no spare: waiting for a repair */
    uint64_t failures, swaps;
    /* The square of useful_ms in units of 1/65536 of the horizon: for the confidence interval. */
    uint64_t squares;
};

/* NULL, or what is wrong with the numbers. */
const char *whatif_training_check(const struct whatif_training *training);
void whatif_training_run(const struct whatif_training *training, uint64_t seed, uint64_t first,
                         uint64_t count, struct whatif_training_sums *sums);
/* Effective training time, 0..1, where a spare is always there, over an endless job. With failure rate r,
 * one checkpoint interval t, its cost c and a restart after D the mean time for one interval is
 * e^(rD) (e^(r(t+c)) - 1) / r (Daly, FGCS 2006, with failures during restarts). */
double whatif_training_exact(const struct whatif_training *training);
