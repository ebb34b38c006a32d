#pragma once
/* Runs a job trace through a pod under one policy, event by event, with the production planner.
 *
 * Time is whole milliseconds. At one instant, in this order: jobs end, faults begin and end, jobs arrive,
 * spares are made up, and then the queue is walked once in order of arrival. FIFO: the first job that cannot
 * start stops the walk. BACKFILL: later ones may start when they do not delay it, counted in hosts: they end
 * before running jobs will have given back enough for it, or need no more than is left over then (EASY:
 * Lifka, JSSPP 1995). When a job has waited for longer than `patience_ms`, nothing behind it starts at all,
 * so that one that waits for a shape is not passed by for ever; unless faults alone keep it from starting
 * even in a pod with nothing else in it.
 *
 * A fault of a host takes the job on it back to its last checkpoint, which it takes every `checkpoint_ms` of
 * work. With optical switches the job goes on with another cube when one is free, spares included; otherwise,
 * and always in a fixed torus, it goes back to its place in the queue with the work that is left. Parts of a
 * cube always go back to the queue.
 *
 * While a job waits, it waits for *shape* when the hosts that are free would be enough and the policy still
 * refused it, and for *capacity* otherwise. A job behind one that nobody may overtake waits for what that one
 * waits for. */
#include "topology/fixed.h"
#include "topology/part.h"

#define WHATIF_SHAPES_MAX 64

enum whatif_placement {
    WHATIF_OCS_REUSE,     /* the production planner */
    WHATIF_OCS_FIRST_FIT, /* any free cubes, lowest numbers first; lit circuits are not looked at */
    WHATIF_FIXED_TORUS,   /* no switches: contiguous boxes, best fit */
};

enum whatif_queue { WHATIF_FIFO, WHATIF_BACKFILL };

struct whatif_policy {
    enum whatif_placement placement;
    enum whatif_queue queue;
    bool defragment;
    unsigned spares; /* cubes held back for repairs; none in a fixed torus */
    unsigned depth;  /* jobs of the queue that are looked at; 0: all */
    int64_t patience_ms;
    int64_t checkpoint_ms; /* 0: no checkpoints */
    int64_t restart_ms;    /* before a job works again */
    int64_t swap_ms;       /* more, when a cube was swapped */
    int64_t move_ms;       /* a job that defragmentation moves stands still for this long */
    int64_t defragment_every_ms;
};

struct whatif_job {
    int64_t arrival_ms, duration_ms;
    uint8_t shape; /* index of replay->shapes */
};

enum whatif_fault_kind { WHATIF_HOST_DOWN, WHATIF_HOST_UP, WHATIF_OCS_DOWN, WHATIF_OCS_UP };
#define WHATIF_ALL_HOSTS 16

struct whatif_fault {
    int64_t time_ms;
    uint8_t kind; /* enum whatif_fault_kind */
    uint8_t cube; /* or switch */
    uint8_t host; /* or WHATIF_ALL_HOSTS. Faults of one host are counted: it is up when all have ended. */
};

enum whatif_step {
    WHATIF_STEP_START,
    WHATIF_STEP_END,
    WHATIF_STEP_HIT, /* by a fault: back to the last checkpoint */
    WHATIF_STEP_SWAP,
    WHATIF_STEP_REQUEUE,
    WHATIF_STEP_MOVE,  /* by defragmentation */
    WHATIF_STEP_NEVER, /* this policy can never place it */
};

struct whatif_step_record {
    enum whatif_step step;
    int64_t time_ms;
    uint32_t job;
    const uint16_t *cubes; /* by position; one for a part */
    unsigned n_cubes;
    uint16_t hosts; /* of a part; 0: whole cubes */
    unsigned moves; /* of mirrors */
};

struct whatif_replay {
    const struct topo_pod *pod; /* what is used, unhealthy, ... when the trace begins */
    const struct topo_shape *shapes;
    unsigned n_shapes;             /* at most WHATIF_SHAPES_MAX */
    const struct whatif_job *jobs; /* sorted by arrival */
    uint32_t n_jobs;
    const struct whatif_fault *faults; /* sorted by time */
    uint32_t n_faults;
    int64_t sample_every_ms;
    unsigned n_samples; /* at 0, 1, ... times sample_every_ms; what happens later is not sampled */
    struct whatif_policy policy;
    /* Called at every step; NULL: not. */
    void (*on_step)(void *userdata, const struct whatif_step_record *record);
    void *userdata;
    /* Asked now and then with the number of events passed; true ends the run early. NULL: never. */
    bool (*stop)(void *userdata, uint64_t events);
    void *stop_userdata;
};

struct whatif_sample {
    uint32_t used_chips, healthy_chips; /* mean since the sample before */
    uint16_t largest_free_cubes;        /* now */
    uint32_t queued;                    /* now */
};

struct whatif_job_result {
    int64_t wait_ms, shape_wait_ms; /* shape_wait_ms is a part of wait_ms */
    int64_t end_ms;                 /* -1: not ended */
    int64_t lost_ms;                /* work done again, and standing still */
    uint32_t hits;
    bool never;
};

struct whatif_replay_result {
    uint32_t started, ended, never, unfinished, hits, swaps, requeues, defragments, moved_jobs;
    uint64_t mirror_moves, events;
    int64_t end_ms; /* of the last event */
    /* Host-milliseconds: in use, healthy, lost. Four chips a host. */
    int64_t used_host_ms, healthy_host_ms, lost_host_ms, work_host_ms;
    bool stopped; /* early, by stop() */
};

/* ret_jobs: n_jobs. ret_samples: n_samples. 0 or -ENOMEM. Any thread. */
__attribute__((warn_unused_result)) int whatif_replay_run(const struct whatif_replay *replay,
                                                          struct whatif_job_result *ret_jobs,
                                                          struct whatif_sample *ret_samples,
                                                          struct whatif_replay_result *ret_result);
