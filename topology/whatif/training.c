#include "topology/whatif/training.h"

#include <stddef.h>

#define HOSTS 16

const char *whatif_training_check(const struct whatif_training *t) {
    if (t->cubes == 0 || t->cubes + t->spares > WHATIF_TRAINING_CUBES_MAX)
        return "job and spares are not 1..512 cubes";
    if (t->host_mtbf_ms <= 0 || t->checkpoint_every_ms <= 0 || t->horizon_ms <= 0)
        return "MTBF, checkpoint interval and horizon must be longer than 0";
    if (t->checkpoint_cost_ms < 0 || t->swap_ms < 0 || t->restart_ms < 0)
        return "a time is negative";
    if (t->horizon_ms > WHATIF_TIME_MAX_MS || t->host_mtbf_ms > WHATIF_TIME_MAX_MS ||
        t->checkpoint_every_ms > WHATIF_TIME_MAX_MS || t->checkpoint_cost_ms > WHATIF_TIME_MAX_MS ||
        t->swap_ms > WHATIF_TIME_MAX_MS || t->restart_ms > WHATIF_TIME_MAX_MS)
        return "a time is longer than a hundred years";
    return NULL;
}

struct trial {
    const struct whatif_training *t;
    struct whatif_stream stream;
    int64_t now_ms;
    unsigned active, spares; /* cubes that work: of the job, beside it */
    int64_t back_ms[WHATIF_TRAINING_CUBES_MAX];
    unsigned n_away;
    int64_t failure_ms; /* the next one */
    int64_t useful_ms;
};

static void draw_failure(struct trial *trial) {
    unsigned cubes = trial->active + trial->spares;
    struct whatif_duration gap = {.kind = WHATIF_EXPONENTIAL};
    if (cubes == 0) {
        trial->failure_ms = INT64_MAX;
        return;
    }
    gap.a_ms = trial->t->host_mtbf_ms;
    /* The mean is scaled after the draw, so that it keeps its fraction. */
    double mean = (double)gap.a_ms / (HOSTS * (double)cubes);
    double ms = -mean * whatif_log(whatif_uniform(&trial->stream));
    trial->failure_ms = trial->now_ms + (ms > (double)WHATIF_TIME_MAX_MS ? WHATIF_TIME_MAX_MS : (int64_t)ms);
}

static unsigned next_back(const struct trial *trial) {
    unsigned best = 0;
    for (unsigned i = 1; i < trial->n_away; i++)
        if (trial->back_ms[i] < trial->back_ms[best])
            best = i;
    return best;
}

/* One cube fails; true when it was the job's. */
static bool fail(struct trial *trial) {
    uint64_t pick = whatif_next(&trial->stream);
    unsigned cubes = trial->active + trial->spares;
    bool hits_job = (uint64_t)((unsigned __int128)pick * cubes >> 64) < trial->active;
    trial->back_ms[trial->n_away++] = trial->now_ms + whatif_draw_duration(&trial->t->repair, &trial->stream);
    if (hits_job)
        trial->active--;
    else
        trial->spares--;
    draw_failure(trial);
    return hits_job;
}

/* Lets time pass until at most `until`; returns true when a failure of a cube of the job ended it early. */
static bool pass(struct trial *trial, int64_t until) {
    for (;;) {
        unsigned back = next_back(trial);
        int64_t back_ms = trial->n_away ? trial->back_ms[back] : INT64_MAX;
        if (back_ms <= until && back_ms <= trial->failure_ms) {
            trial->now_ms = back_ms;
            trial->back_ms[back] = trial->back_ms[--trial->n_away];
            trial->spares++;
            draw_failure(trial); /* memoryless: a new draw with the new number of cubes */
        } else if (trial->failure_ms < until) {
            trial->now_ms = trial->failure_ms;
            if (fail(trial))
                return true;
        } else {
            trial->now_ms = until;
            return false;
        }
    }
}

static int64_t sooner(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Until the job has all its cubes and has restarted, or the horizon ends. */
static void recover(struct trial *trial, struct whatif_training_sums *sums) {
    const struct whatif_training *t = trial->t;
    while (trial->now_ms < t->horizon_ms) {
        int64_t from = trial->now_ms;
        while (trial->active < t->cubes && trial->spares) {
            trial->spares--;
            trial->active++;
            sums->swaps++;
        }
        if (trial->active < t->cubes) {
            int64_t back = trial->n_away ? trial->back_ms[next_back(trial)] : INT64_MAX;
            sums->failures += pass(trial, sooner(back, t->horizon_ms));
            sums->waiting_ms += (uint64_t)(trial->now_ms - from);
            continue;
        }
        bool again = pass(trial, sooner(trial->now_ms + t->swap_ms + t->restart_ms, t->horizon_ms));
        sums->restart_ms += (uint64_t)(trial->now_ms - from);
        if (!again)
            return;
        sums->failures++;
    }
}

static void run(struct trial *trial, struct whatif_training_sums *sums) {
    const struct whatif_training *t = trial->t;
    draw_failure(trial);
    while (trial->now_ms < t->horizon_ms) {
        int64_t from = trial->now_ms, work_end = from + t->checkpoint_every_ms;
        bool failed = pass(trial, sooner(work_end, t->horizon_ms));
        int64_t worked = trial->now_ms - from, written = 0;
        if (!failed && trial->now_ms < t->horizon_ms) {
            failed = pass(trial, sooner(work_end + t->checkpoint_cost_ms, t->horizon_ms));
            written = trial->now_ms - work_end;
        }
        sums->checkpoint_ms += (uint64_t)written;
        if (failed) {
            sums->failures++;
            sums->lost_ms += (uint64_t)worked;
            recover(trial, sums);
        } else {
            trial->useful_ms += worked;
        }
    }
}

void whatif_training_run(const struct whatif_training *t, uint64_t seed, uint64_t first, uint64_t count,
                         struct whatif_training_sums *sums) {
    for (uint64_t i = first; i < first + count; i++) {
        struct trial trial = {.t = t, .stream = whatif_stream_of(seed, i)};
        trial.active = t->cubes;
        trial.spares = t->spares;
        run(&trial, sums);
        sums->useful_ms += (uint64_t)trial.useful_ms;
        uint64_t share = (uint64_t)(((unsigned __int128)trial.useful_ms << 16) / (uint64_t)t->horizon_ms);
        sums->squares += share * share;
    }
    sums->trials += count;
}

double whatif_training_exact(const struct whatif_training *t) {
    double rate = HOSTS * (double)t->cubes / (double)t->host_mtbf_ms;
    double restart = (double)(t->swap_ms + t->restart_ms), every = (double)t->checkpoint_every_ms;
    double growth = rate * (every + (double)t->checkpoint_cost_ms);
    /* e^x - 1 without cancellation for small x */
    double over = growth < 1e-5 ? growth * (1 + growth / 2) : whatif_exp(growth) - 1;
    double mean = whatif_exp(rate * restart) * over / rate;
    return every / mean;
}
