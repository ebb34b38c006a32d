#include "topology/whatif/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "topology/whatif/replay_state.h"

#define EVENTS_BETWEEN_STOPS 1024

/* The heap of ends: by time, then by job. */
static bool ends_before(const struct whatif_replay_state *s, uint32_t a, uint32_t b) {
    return s->end_ms[a] != s->end_ms[b] ? s->end_ms[a] < s->end_ms[b] : a < b;
}

static void put(struct whatif_replay_state *s, uint32_t at, uint32_t job) {
    s->heap[at] = job;
    s->runs[job].heap = at;
}

static void settle(struct whatif_replay_state *s, uint32_t at) {
    uint32_t job = s->heap[at];
    while (at && ends_before(s, job, s->heap[(at - 1) / 2])) {
        put(s, at, s->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < s->n_heap && ends_before(s, s->heap[child + 1], s->heap[child]))
            child++;
        if (child >= s->n_heap || !ends_before(s, s->heap[child], job))
            break;
        put(s, at, s->heap[child]);
        at = child;
    }
    put(s, at, job);
}

void whatif_set_end(struct whatif_replay_state *s, uint32_t job, int64_t end_ms) {
    s->end_ms[job] = end_ms;
    if (s->runs[job].heap == WHATIF_NONE)
        put(s, s->n_heap++, job);
    settle(s, s->runs[job].heap);
}

static void remove_end(struct whatif_replay_state *s, uint32_t job) {
    uint32_t at = s->runs[job].heap, last = s->heap[--s->n_heap];
    s->runs[job].heap = WHATIF_NONE;
    if (last != job) {
        put(s, at, last);
        settle(s, at);
    }
}

/* The queue: by number, which is the order of arrival. */
static void enqueue(struct whatif_replay_state *s, uint32_t job) {
    struct whatif_run *run = &s->runs[job];
    uint32_t after = s->queue_last, before = WHATIF_NONE;
    if (after != WHATIF_NONE && after > job)
        for (after = WHATIF_NONE, before = s->queue_first; before < job; before = s->runs[before].next)
            after = before;
    run->previous = after;
    run->next = before;
    *(after == WHATIF_NONE ? &s->queue_first : &s->runs[after].next) = job;
    *(before == WHATIF_NONE ? &s->queue_last : &s->runs[before].previous) = job;
    uint8_t shape = s->input->jobs[job].shape;
    run->state = WHATIF_QUEUED;
    run->queued_ms = s->now_ms;
    run->shape_clock_ms = s->shape_clock_ms[shape];
    s->waiting[shape]++;
    s->n_queued++;
}

static void count_wait(struct whatif_replay_state *s, uint32_t job) {
    const struct whatif_run *run = &s->runs[job];
    s->results[job].wait_ms += s->now_ms - run->queued_ms;
    s->results[job].shape_wait_ms += s->shape_clock_ms[s->input->jobs[job].shape] - run->shape_clock_ms;
}

static void dequeue(struct whatif_replay_state *s, uint32_t job) {
    struct whatif_run *run = &s->runs[job];
    *(run->previous == WHATIF_NONE ? &s->queue_first : &s->runs[run->previous].next) = run->next;
    *(run->next == WHATIF_NONE ? &s->queue_last : &s->runs[run->next].previous) = run->previous;
    s->waiting[s->input->jobs[job].shape]--;
    s->n_queued--;
    count_wait(s, job);
}

static unsigned hosts_of(const struct topo_shape *shape) {
    return shape->whole_cubes ? shape->n_cubes * 16u : topo_part_hosts(shape);
}

static void grow(struct whatif_replay_state *s) {
    memset(s->refused, 0, sizeof(s->refused));
}

static void start(struct whatif_replay_state *s, uint32_t job) {
    struct whatif_run *run = &s->runs[job];
    dequeue(s, job);
    run->state = WHATIF_RUNNING;
    run->begin_ms = s->now_ms + (run->has_run ? s->input->policy.restart_ms : 0);
    run->has_run = true;
    s->result.started++;
    whatif_set_end(s, job, run->begin_ms + run->left_ms);
}

static void end(struct whatif_replay_state *s, uint32_t job) {
    whatif_note(s, WHATIF_STEP_END, job, 0);
    remove_end(s, job);
    whatif_leave(s, job);
    s->runs[job].state = WHATIF_GONE;
    s->results[job].end_ms = s->now_ms;
    s->result.ended++;
    s->result.work_host_ms += s->input->jobs[job].duration_ms * (int64_t)hosts_of(whatif_shape_of(s, job));
    grow(s);
}

/* Back to the last checkpoint. */
static void roll_back(struct whatif_replay_state *s, uint32_t job) {
    struct whatif_run *run = &s->runs[job];
    int64_t every = s->input->policy.checkpoint_ms;
    int64_t done = s->now_ms > run->begin_ms ? s->now_ms - run->begin_ms : 0;
    int64_t kept = every ? done - done % every : 0, lost = done - kept;
    run->left_ms -= kept;
    s->results[job].lost_ms += lost;
    s->results[job].hits++;
    s->result.hits++;
    s->result.lost_host_ms += lost * (int64_t)hosts_of(whatif_shape_of(s, job));
    whatif_note(s, WHATIF_STEP_HIT, job, 0);
}

static void go_on(struct whatif_replay_state *s, uint32_t job, int64_t still_ms) {
    struct whatif_run *run = &s->runs[job];
    run->begin_ms = s->now_ms + still_ms;
    s->results[job].lost_ms += still_ms;
    s->result.lost_host_ms += still_ms * (int64_t)hosts_of(whatif_shape_of(s, job));
    whatif_set_end(s, job, run->begin_ms + run->left_ms);
}

static void requeue(struct whatif_replay_state *s, uint32_t job) {
    whatif_note(s, WHATIF_STEP_REQUEUE, job, 0);
    remove_end(s, job);
    whatif_leave(s, job);
    s->result.requeues++;
    enqueue(s, job);
    grow(s);
}

static void hit_cube(struct whatif_replay_state *s, unsigned cube, uint16_t hosts) {
    for (uint32_t i = 0; i < s->n_places; i++) {
        struct whatif_place *place = &s->places[i];
        uint32_t job = place->job;
        if (job == WHATIF_NONE)
            continue;
        if (place->hosts) {
            if (place->cubes[0] == cube && place->hosts & hosts) {
                roll_back(s, job);
                requeue(s, job);
            }
            continue;
        }
        for (unsigned position = 0; position < whatif_shape_of(s, job)->n_cubes; position++)
            if (place->cubes[position] == cube) {
                roll_back(s, job);
                if (whatif_swap_cube(s, job, position)) {
                    s->result.swaps++;
                    go_on(s, job, s->input->policy.swap_ms + s->input->policy.restart_ms);
                } else {
                    requeue(s, job);
                }
                return;
            }
    }
}

/* Jobs choose their routes at a start: a dead switch makes every job that uses it start again. */
static void hit_switch(struct whatif_replay_state *s) {
    if (s->input->policy.placement == WHATIF_FIXED_TORUS)
        return;
    for (uint32_t i = 0; i < s->n_places; i++)
        if (s->places[i].job != WHATIF_NONE && !s->places[i].hosts) {
            roll_back(s, s->places[i].job);
            go_on(s, s->places[i].job, s->input->policy.restart_ms);
        }
}

static void take_host_fault(struct whatif_replay_state *s, const struct whatif_fault *fault) {
    bool down = fault->kind == WHATIF_HOST_DOWN;
    uint16_t before = s->pod.bad_hosts[fault->cube], changed;
    for (unsigned host = 0; host < 16; host++) {
        if (fault->host != WHATIF_ALL_HOSTS && fault->host != host)
            continue;
        uint8_t *n = &s->down[fault->cube][host];
        if (down && *n < UINT8_MAX)
            ++*n;
        else if (!down && *n)
            --*n;
        uint16_t bit = (uint16_t)(1u << host);
        s->pod.bad_hosts[fault->cube] =
            (uint16_t)(*n ? s->pod.bad_hosts[fault->cube] | bit : s->pod.bad_hosts[fault->cube] & ~bit);
    }
    changed = before ^ s->pod.bad_hosts[fault->cube];
    if (down && changed) {
        topo_set_remove(&s->pod.spare, fault->cube);
        hit_cube(s, fault->cube, changed);
    } else if (changed) {
        grow(s);
    }
}

static void take_fault(struct whatif_replay_state *s, const struct whatif_fault *fault) {
    memset(s->fits_now, 0, sizeof(s->fits_now));
    if (fault->kind == WHATIF_HOST_DOWN || fault->kind == WHATIF_HOST_UP) {
        take_host_fault(s, fault);
        return;
    }
    uint64_t before = s->pod.bad_ocses, bit = UINT64_C(1) << fault->cube;
    uint8_t *n = &s->ocs_down[fault->cube];
    if (fault->kind == WHATIF_OCS_DOWN && *n < UINT8_MAX)
        ++*n;
    else if (fault->kind == WHATIF_OCS_UP && *n)
        --*n;
    s->pod.bad_ocses = *n ? before | bit : before & ~bit;
    if (before == s->pod.bad_ocses)
        return;
    topo_pod_refresh_ends(&s->pod);
    grow(s);
    if (s->pod.bad_ocses & bit)
        hit_switch(s);
}

static void arrive(struct whatif_replay_state *s, uint32_t job) {
    uint8_t shape = s->input->jobs[job].shape;
    s->runs[job].left_ms = s->input->jobs[job].duration_ms;
    if (s->never[shape]) {
        s->runs[job].state = WHATIF_GONE;
        s->results[job].never = true;
        s->result.never++;
        whatif_note(s, WHATIF_STEP_NEVER, job, 0);
        return;
    }
    enqueue(s, job);
}

/* The highest numbers that are free become spares until there are enough. */
static void make_up_spares(struct whatif_replay_state *s) {
    if (s->input->policy.placement == WHATIF_FIXED_TORUS)
        return;
    unsigned there = topo_set_count(&s->pod.spare);
    for (unsigned cube = s->pod.wiring->n_cubes; cube-- > 0 && there < s->input->policy.spares;)
        if (!topo_set_has(&s->pod.spare, cube) && !topo_pod_is_barred(&s->pod, cube, NULL)) {
            topo_set_add(&s->pod.spare, cube);
            memset(s->fits_now, 0, sizeof(s->fits_now));
            there++;
        }
}

/* When the first job that cannot start will be able to, by the number of hosts that running jobs give back,
 * and how many hosts are left over then. Jobs that start meanwhile must not delay it. */
struct reservation {
    int64_t start_ms;
    int64_t extra_hosts;
};

static int by_end(const void *one, const void *other, void *userdata) {
    const struct whatif_replay_state *s = userdata;
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return a == b ? 0 : ends_before(s, a, b) ? -1 : 1;
}

static struct reservation reserve(struct whatif_replay_state *s, uint32_t job) {
    const struct topo_shape *shape = whatif_shape_of(s, job);
    int64_t there = whatif_free_hosts(s, shape), needed = hosts_of(shape);
    struct reservation none = {INT64_MAX, INT64_MAX};
    if (there >= needed) /* it waits for a shape: nobody can say when it comes */
        return none;
    memcpy(s->order, s->heap, sizeof(*s->heap) * s->n_heap);
    qsort_r(s->order, s->n_heap, sizeof(*s->order), by_end, s);
    for (uint32_t i = 0; i < s->n_heap; i++) {
        there += hosts_of(whatif_shape_of(s, s->order[i]));
        if (there >= needed)
            return (struct reservation){s->end_ms[s->order[i]], there - needed};
    }
    return none; /* cubes must be repaired first */
}

static bool may_overtake(const struct whatif_replay_state *s, const struct reservation *reservation,
                         uint32_t job) {
    const struct whatif_run *run = &s->runs[job];
    int64_t end_ms = s->now_ms + (run->has_run ? s->input->policy.restart_ms : 0) + run->left_ms;
    return end_ms <= reservation->start_ms || hosts_of(whatif_shape_of(s, job)) <= reservation->extra_hosts;
}

static bool could_place_now(struct whatif_replay_state *s, uint32_t job) {
    int8_t *fits = &s->fits_now[s->input->jobs[job].shape];
    if (*fits == 0)
        *fits = whatif_could_place_now(s, whatif_shape_of(s, job)) ? 1 : -1;
    return *fits > 0;
}

static void walk_queue(struct whatif_replay_state *s) {
    const struct whatif_policy *policy = &s->input->policy;
    struct reservation reservation = {INT64_MAX, INT64_MAX};
    bool blocked = false, reserved = false;
    unsigned looked_at = 0;
    s->blocker = WHATIF_NONE;
    for (uint32_t job = s->queue_first, next; job != WHATIF_NONE; job = next) {
        uint8_t shape = s->input->jobs[job].shape;
        bool tried = !s->refused[shape], placed = false;
        next = s->runs[job].next;
        if (policy->depth && looked_at++ == policy->depth)
            return;
        if (tried && blocked && !reserved) {
            reservation = reserve(s, s->queue_first);
            reserved = true;
        }
        if (tried && blocked && !may_overtake(s, &reservation, job))
            continue;
        if (tried) {
            placed = whatif_place_job(s, job) || whatif_defragment(s, job);
            s->refused[shape] = !placed;
        }
        if (s->out_of_memory)
            return;
        if (placed) {
            start(s, job);
            if (blocked && s->end_ms[job] > reservation.start_ms)
                reservation.extra_hosts -= hosts_of(whatif_shape_of(s, job));
            continue;
        }
        blocked = true;
        bool is_late = s->now_ms - s->runs[job].queued_ms > policy->patience_ms;
        if (policy->queue == WHATIF_FIFO || (is_late && could_place_now(s, job))) {
            s->blocker = job;
            return;
        }
    }
}

static bool waits_for_shape(const struct whatif_replay_state *s, uint8_t shape) {
    const struct topo_shape *what = &s->input->shapes[shape];
    return whatif_free_hosts(s, what) >= hosts_of(what);
}

/* Jobs of one shape wait for the same. Those that were not tried wait for what the one waits for that nobody
 * may overtake. */
static void count_shape_waits(struct whatif_replay_state *s, int64_t passed_ms) {
    uint8_t stopped_by = s->blocker == WHATIF_NONE ? 0 : s->input->jobs[s->blocker].shape;
    bool behind_shape = s->blocker != WHATIF_NONE && s->refused[stopped_by] && waits_for_shape(s, stopped_by);
    for (unsigned shape = 0; shape < s->input->n_shapes; shape++)
        if (s->waiting[shape] && (s->refused[shape] || behind_shape) && waits_for_shape(s, (uint8_t)shape))
            s->shape_clock_ms[shape] += passed_ms;
}

struct meter {
    int64_t sampled_ms; /* time of the last sample */
    int64_t used, healthy;
    unsigned n;
};

static void count_hosts(const struct whatif_replay_state *s, int64_t *ret_used, int64_t *ret_healthy) {
    const struct topo_pod *pod = &s->pod;
    *ret_used = *ret_healthy = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        if (topo_set_has(&pod->used, cube))
            *ret_used += pod->used_hosts[cube] ? __builtin_popcount(pod->used_hosts[cube]) : 16;
        if (!topo_set_has(&pod->unhealthy, cube))
            *ret_healthy += 16 - __builtin_popcount(pod->bad_hosts[cube]);
    }
}

/* Lets time pass with nothing happening, and takes the samples that fall into it. */
static void pass(struct whatif_replay_state *s, int64_t until, struct meter *meter,
                 struct whatif_sample *samples) {
    int64_t used, healthy;
    count_hosts(s, &used, &healthy);
    count_shape_waits(s, until - s->now_ms);
    while (s->now_ms < until || meter->n == 0) {
        int64_t sample_ms = (int64_t)meter->n * s->input->sample_every_ms;
        bool samples_now = meter->n < s->input->n_samples && sample_ms <= until;
        int64_t to = samples_now ? sample_ms : until, passed = to - s->now_ms;
        s->result.used_host_ms += used * passed;
        s->result.healthy_host_ms += healthy * passed;
        meter->used += used * passed;
        meter->healthy += healthy * passed;
        s->now_ms = to;
        if (!samples_now)
            break;
        int64_t span = to - meter->sampled_ms;
        samples[meter->n++] = (struct whatif_sample){(uint32_t)(4 * (span ? meter->used / span : used)),
                                                     (uint32_t)(4 * (span ? meter->healthy / span : healthy)),
                                                     (uint16_t)whatif_largest_free(s), s->n_queued};
        meter->sampled_ms = to;
        meter->used = meter->healthy = 0;
    }
    s->now_ms = until;
}

static int64_t sooner(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static void run(struct whatif_replay_state *s, struct whatif_sample *samples) {
    const struct whatif_replay *input = s->input;
    struct meter meter = {0};
    uint32_t job = 0, fault = 0;
    uint64_t next_stop = EVENTS_BETWEEN_STOPS;
    make_up_spares(s);
    while (!s->out_of_memory &&
           (job < input->n_jobs || s->n_heap || (s->n_queued && fault < input->n_faults))) {
        int64_t then = INT64_MAX;
        if (s->n_heap)
            then = s->end_ms[s->heap[0]];
        if (fault < input->n_faults)
            then = sooner(then, input->faults[fault].time_ms);
        if (job < input->n_jobs)
            then = sooner(then, input->jobs[job].arrival_ms);
        pass(s, then, &meter, samples);
        for (; s->n_heap && s->end_ms[s->heap[0]] == then; s->result.events++)
            end(s, s->heap[0]);
        for (; fault < input->n_faults && input->faults[fault].time_ms == then; s->result.events++)
            take_fault(s, &input->faults[fault++]);
        for (; job < input->n_jobs && input->jobs[job].arrival_ms == then; s->result.events++)
            arrive(s, job++);
        make_up_spares(s);
        walk_queue(s);
        if (input->stop && s->result.events >= next_stop) {
            next_stop = s->result.events + EVENTS_BETWEEN_STOPS;
            if (input->stop(input->stop_userdata, s->result.events)) {
                s->result.stopped = true;
                break;
            }
        }
    }
    for (uint32_t left = s->queue_first; left != WHATIF_NONE; left = s->runs[left].next)
        count_wait(s, left);
    s->result.end_ms = s->now_ms;
    s->result.unfinished = input->n_jobs - s->result.ended - s->result.never;
}

int whatif_replay_run(const struct whatif_replay *input, struct whatif_job_result *ret_jobs,
                      struct whatif_sample *ret_samples, struct whatif_replay_result *ret_result) {
    struct whatif_replay_state *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->input = input;
    s->pod = *input->pod;
    s->results = ret_jobs;
    s->runs = calloc((size_t)input->n_jobs + 1, sizeof(*s->runs));
    s->heap = malloc(((size_t)input->n_jobs + 1) * sizeof(*s->heap));
    s->order = malloc(((size_t)input->n_jobs + 1) * sizeof(*s->order));
    s->end_ms = malloc(((size_t)input->n_jobs + 1) * sizeof(*s->end_ms));
    s->free_place = s->queue_first = s->queue_last = s->blocker = WHATIF_NONE;
    s->out_of_memory =
        !s->runs || !s->heap || !s->order || !s->end_ms || !topo_fixed_of(s->pod.wiring->n_cubes, &s->fixed);
    if (!s->out_of_memory) {
        memset(ret_jobs, 0, sizeof(*ret_jobs) * input->n_jobs);
        memset(ret_samples, 0, sizeof(*ret_samples) * input->n_samples);
        for (uint32_t job = 0; job < input->n_jobs; job++) {
            s->runs[job].place = s->runs[job].heap = WHATIF_NONE;
            ret_jobs[job].end_ms = -1;
        }
        for (unsigned shape = 0; shape < input->n_shapes; shape++)
            s->never[shape] = !whatif_could_place(s, &input->shapes[shape]);
        run(s, ret_samples);
        *ret_result = s->result;
    }
    int r = s->out_of_memory ? -ENOMEM : 0;
    free(s->runs);
    free(s->heap);
    free(s->order);
    free(s->end_ms);
    free(s->places);
    free(s);
    return r;
}
