#include "daemon/api/inventory_job.h"
#include "daemon/api/find.h"
#include "daemon/api/inventory_refusal.h"
#include "daemon/api/inventory_rows.h"
#include "daemon/fabric/request.h"
#include "inventory/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 4 /* beside the loop; then all of it in one turn, so that it comes to an end */

static void proceed(struct api *api);

struct inventory_job *inventory_job_new(struct api *api, struct grpcx_call *call,
                                        const struct inventory_job_kind *kind) {
    struct inventory_job *job = calloc(1, sizeof(*job));
    if (!job)
        return NULL;
    job->kind = kind;
    job->api = api;
    job->call = call;
    heliostat__v1__inventory__init(&job->inventory);
    return job;
}

void inventory_job_free(struct inventory_job *job) {
    job->kind->drop(job);
    inventory_findings_deinit(&job->findings);
    inventory_lines_deinit(&job->changes);
    arena_deinit(&job->copies);
    arena_deinit(&job->arena);
    arena_deinit(&job->other_arena);
    arena_deinit(&job->mutation.arena);
    fabric_refusal_deinit(&job->mutation.refusal);
    free(job);
}

static void free_there(void *userdata) {
    inventory_job_free(userdata);
}

static void freed(void *userdata) {
}

/* Anything but 0 is the job's result: done is not called. */
static int compute(struct inventory_job *job, void (*run)(void *job), void (*done)(void *job)) {
    const struct api_options *options = &job->api->options;
    if (!job->is_at_once)
        return options->compute(options->userdata, run, done, job);
    run(job);
    return job->result;
}

/* The first job is over, one way or the other. */
static void leave(struct inventory_job *job) {
    job->api->inventory_jobs = job->next;
    grpcx_call_release(job->call);
    /* Tens of thousands of pieces: on the other thread. */
    const struct api_options *options = &job->api->options;
    if (options->compute(options->userdata, free_there, freed, job) < 0)
        inventory_job_free(job);
}

static void end(struct inventory_job *job, int result) {
    grpcx_call_set_callbacks(job->call, &(struct grpcx_call_callbacks){0});
    if (result == -ECANCELED) {
        api_finish_stopping(job->call);
    } else {
        job->mutation.now_us = api_now_us(job->api);
        job->kind->end(job, result);
        job->mutation.arena = (struct arena){0};
        job->mutation.refusal = (struct fabric_refusal){0};
    }
    leave(job);
}

/* Another thread. */

static void prepare(void *userdata) {
    struct inventory_job *job = userdata;
    job->result = job->kind->prepare(job);
    if (job->result)
        return;
    job->rows = arena_array(&job->arena, job->inventory.n_pods, sizeof(*job->rows));
    job->before = arena_array(&job->arena, job->inventory.n_pods, sizeof(*job->before));
    job->result = job->rows && job->before ? 0 : -ENOMEM;
    for (size_t i = 0; job->result == 0 && i < job->inventory.n_pods; i++) {
        job->result = inventory_rows_of(&job->arena, job->inventory.pods[i], &job->rows[i]);
        if (job->result == 0)
            ((struct store_pod *)job->rows[i].pod)->frozen = job->kind->frozen_new;
    }
}

/* Names, serials and addresses may stand once in a daemon: looks at the new pods beside one that stays. */
static int check_beside(struct inventory_job *job) {
    const Heliostat__V1__Inventory *inventory = &job->inventory;
    Heliostat__V1__Inventory both = HELIOSTAT__V1__INVENTORY__INIT;
    struct inventory_findings findings = {0};
    both.pods = arena_array(&job->other_arena, inventory->n_pods + 1, sizeof(*both.pods));
    if (!both.pods)
        return -ENOMEM;
    both.pods[0] = job->other;
    memcpy(both.pods + 1, inventory->pods, inventory->n_pods * sizeof(*both.pods));
    both.n_pods = inventory->n_pods + 1;
    int r = inventory_check(&both, false, &findings);
    if (r == 0)
        r = inventory_findings_close(&findings);
    if (r == INVENTORY_REFUSED)
        r = refuse_findings(&job->mutation.refusal, "pods", &findings);
    inventory_findings_deinit(&findings);
    return r;
}

static void compare(void *userdata) {
    struct inventory_job *job = userdata;
    for (size_t i = 0; !job->is_compared && job->result == 0 && i < job->inventory.n_pods; i++)
        job->result = inventory_diff(job->before[i], job->inventory.pods[i], &job->changes);
    job->is_compared = true;
    if (job->result == 0 && job->other)
        job->result = check_beside(job);
}

/* Loop thread. */

/* Copies the next pod that stays, in the order of names. */
static int take_other(struct inventory_job *job) {
    const struct fabric_pod *pod = fabric_pods(job->api->fabric);
    arena_deinit(&job->other_arena);
    job->other = NULL;
    for (; pod; pod = pod->next) {
        bool stays = strcmp(pod->name, job->other_name) > 0;
        for (size_t i = 0; stays && i < job->inventory.n_pods; i++)
            stays = strcmp(job->inventory.pods[i]->name, pod->name) != 0;
        if (stays)
            break;
    }
    if (!pod)
        return 0;
    strcpy(job->other_name, pod->name);
    job->other = inventory_message_of(&job->other_arena, pod);
    return job->other ? 0 : -ENOMEM;
}

static int put(struct inventory_job *job) {
    struct mutation *m = &job->mutation;
    struct fabric *fabric = job->api->fabric;
    m->now_us = api_now_us(job->api);
    int r = job->kind->check ? job->kind->check(job) : 0;
    if (r)
        return r;
    /* What changes nothing must not end the sessions of the switches. */
    if (job->changes.n == 0)
        return request_check(fabric, &m->actor, &m->outcome, &m->refusal);
    return fabric_put_pods(fabric, &m->actor, job->rows, job->inventory.n_pods, m->now_us, &m->outcome,
                           &m->refusal);
}

static void on_done(void *userdata);
static void go_on(struct inventory_job *job, bool is_anew);

static void on_settled(void *userdata, int result) {
    struct inventory_job *job = userdata;
    if (!job->is_waiting)
        return;
    job->is_waiting = false;
    go_on(job, true);
}

/* What is accepted and not durable is not in the model yet, and this one may not stand beside it. */
static int wait_until_settled(struct inventory_job *job) {
    struct fabric *fabric = job->api->fabric;
    job->ticket = fabric_when_durable(fabric, fabric_last_sequence(fabric), on_settled, job);
    job->is_waiting = job->ticket != 0;
    return job->is_waiting ? 0 : -ENOMEM;
}

static bool is_settled(const struct fabric *fabric) {
    for (const struct fabric_pod *pod = fabric_pods(fabric); pod; pod = pod->next)
        if (pod->is_importing)
            return false;
    return true;
}

/* Begins the first job, or begins it anew. */
static int begin(struct inventory_job *job) {
    if (!is_settled(job->api->fabric))
        return wait_until_settled(job);
    job->is_at_once = ++job->tries > TRIES;
    job->epoch = fabric_inventory_epoch(job->api->fabric);
    job->is_compared = false;
    job->other_name[0] = 0;
    job->result = 0;
    inventory_lines_deinit(&job->changes);
    if (job->is_prepared && !job->kind->gather)
        return 0;
    job->is_prepared = false;
    inventory_findings_deinit(&job->findings);
    job->findings = (struct inventory_findings){0};
    arena_deinit(&job->arena);
    int r = job->kind->gather ? job->kind->gather(job) : 0;
    if (r == 0)
        r = compute(job, prepare, on_done);
    job->is_prepared = job->is_at_once;
    return r;
}

/* The next piece of a job that is prepared. is_over: there was none, and the fabric was asked. */
static int next(struct inventory_job *job, bool *is_over) {
    for (size_t i = 0; !job->is_compared && i < job->inventory.n_pods; i++) {
        const struct fabric_pod *pod = fabric_pod_find(job->api->fabric, job->inventory.pods[i]->name);
        job->before[i] = pod ? inventory_message_of(&job->arena, pod) : NULL;
        if (pod && !job->before[i])
            return -ENOMEM;
    }
    int r = take_other(job);
    *is_over = r == 0 && job->is_compared && !job->other;
    if (*is_over)
        return put(job);
    return r ? r : compute(job, compare, on_done);
}

static void go_on(struct inventory_job *job, bool is_anew) {
    struct api *api = job->api;
    int r = job->result;
    bool is_over = false;
    if (job->is_cancelled) {
        leave(job);
        proceed(api);
        return;
    }
    if (r == 0 && is_anew) {
        r = begin(job);
        if (r == 0 && (job->is_waiting || !job->is_prepared))
            return;
    }
    do {
        if (r == 0)
            r = next(job, &is_over);
    } while (r == 0 && !is_over && job->is_at_once);
    if (is_over || r) {
        end(job, r);
        proceed(api);
    }
}

static void on_done(void *userdata) {
    struct inventory_job *job = userdata;
    struct api *api = job->api;
    bool was_prepared = job->is_prepared;
    job->is_prepared = true;
    if (!job->is_cancelled && !was_prepared && job->tries == 1 && job->kind->begin &&
        !job->kind->begin(job)) {
        leave(job);
        proceed(api);
        return;
    }
    go_on(job, job->epoch != fabric_inventory_epoch(api->fabric));
}

static void proceed(struct api *api) {
    while (api->inventory_jobs && !api->inventory_jobs->is_under_way) {
        struct inventory_job *job = api->inventory_jobs;
        job->is_under_way = true;
        int r = begin(job);
        if (r == 0)
            return;
        if (job->kind->begin && !job->kind->begin(job))
            leave(job);
        else
            end(job, r);
    }
}

static void on_cancelled(struct grpcx_call *call, void *userdata) {
    struct inventory_job *job = userdata;
    job->is_cancelled = true;
    if (job->is_waiting) {
        fabric_forget(job->api->fabric, job->ticket);
        job->is_waiting = false;
        go_on(job, false);
        return;
    }
    if (job->is_under_way)
        return;
    for (struct inventory_job **at = &job->api->inventory_jobs; *at; at = &(*at)->next)
        if (*at == job) {
            *at = job->next;
            break;
        }
    grpcx_call_release(call);
    inventory_job_free(job);
}

void inventory_job_start(struct inventory_job *job) {
    struct inventory_job **at = &job->api->inventory_jobs;
    while (*at)
        at = &(*at)->next;
    *at = job;
    grpcx_call_hold(job->call); /* with the request, whatever the client does */
    grpcx_call_set_callbacks(job->call,
                             &(struct grpcx_call_callbacks){.on_cancelled = on_cancelled, .userdata = job});
    proceed(job->api);
}

void inventory_jobs_free(struct api *api) {
    while (api->inventory_jobs) {
        struct inventory_job *job = api->inventory_jobs;
        api->inventory_jobs = job->next;
        inventory_job_free(job);
    }
}
