#pragma once
/* The state of one replay. Used inside topology/whatif/ only. */
#include "topology/whatif/replay.h"
#include "topology/whatif/trial_pod.h"

#define WHATIF_NONE UINT32_MAX

enum whatif_job_state { WHATIF_COMING, WHATIF_QUEUED, WHATIF_RUNNING, WHATIF_GONE };

struct whatif_run {
    int64_t left_ms;                   /* work that is left at begin_ms */
    int64_t begin_ms;                  /* work begins, or began */
    int64_t queued_ms, shape_clock_ms; /* when it was queued */
    uint32_t previous, next;           /* in the queue */
    uint32_t place;                    /* of places */
    uint32_t heap;                     /* of the heap of ends */
    uint8_t state;
    bool has_run;
};

struct whatif_place {
    uint16_t cubes[TOPO_POSITIONS_MAX];
    uint16_t hosts; /* of a part */
    uint32_t next_free;
    uint32_t job; /* WHATIF_NONE: free */
};

struct whatif_replay_state {
    const struct whatif_replay *input;
    struct topo_pod pod;
    struct topo_fixed fixed;
    struct whatif_run *runs;
    struct whatif_job_result *results;
    struct whatif_place *places;
    uint32_t n_places, free_place, max_places;
    uint32_t *heap;  /* running jobs, the one that ends first on top */
    uint32_t *order; /* room to sort them */
    int64_t *end_ms; /* by job */
    uint32_t n_heap;
    uint32_t queue_first, queue_last, n_queued;
    uint32_t blocker; /* the job at which the last walk of the queue ended, that nobody may overtake */
    uint8_t down[TOPO_CUBES_MAX][16]; /* faults of each host */
    uint8_t ocs_down[TOPO_OCSES_MAX];
    bool refused[WHATIF_SHAPES_MAX]; /* since capacity last grew */
    bool never[WHATIF_SHAPES_MAX];
    int8_t fits_now[WHATIF_SHAPES_MAX];  /* what whatif_could_place_now said: 1 or -1; 0: not asked since a
                                            fault */
    uint32_t waiting[WHATIF_SHAPES_MAX]; /* queued jobs of each shape */
    int64_t shape_clock_ms[WHATIF_SHAPES_MAX];
    int64_t now_ms, next_defragment_ms;
    struct whatif_replay_result result;
    bool out_of_memory;
};

static inline const struct topo_shape *whatif_shape_of(const struct whatif_replay_state *state,
                                                       uint32_t job) {
    return &state->input->shapes[state->input->jobs[job].shape];
}

/* Placing; replay_place.c. */
void whatif_note(struct whatif_replay_state *state, enum whatif_step step, uint32_t job, unsigned moves);
bool whatif_place_job(struct whatif_replay_state *state, uint32_t job);
void whatif_leave(struct whatif_replay_state *state, uint32_t job);
/* A cube of a running whole-cube job is gone: puts another one in. False: there is none. */
bool whatif_swap_cube(struct whatif_replay_state *state, uint32_t job, unsigned position);
/* Whether the policy could place a shape in an empty, healthy pod. */
bool whatif_could_place(const struct whatif_replay_state *state, const struct topo_shape *shape);
/* The same with the faults of now: false where only a repair can help. */
bool whatif_could_place_now(const struct whatif_replay_state *state, const struct topo_shape *shape);
/* Hosts that a job of this shape could use, were it not for where they are. */
unsigned whatif_free_hosts(const struct whatif_replay_state *state, const struct topo_shape *shape);
unsigned whatif_largest_free(const struct whatif_replay_state *state);
/* Moves running jobs so that the job can be placed, and places it; replay_defragment.c. */
bool whatif_defragment(struct whatif_replay_state *state, uint32_t job);

/* The heap of ends; replay.c. */
void whatif_set_end(struct whatif_replay_state *state, uint32_t job, int64_t end_ms);
