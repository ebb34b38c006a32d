#include "daemon/fabric/change.h"
#include "daemon/fabric/event.h"
#include "daemon/fabric/pod.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct change *change_begin(struct fabric *fabric, const char *actor, int64_t now_us) {
    if (!fabric->store_works)
        return NULL;
    if (fabric->oldest && now_us - fabric->oldest->submitted_us > fabric->settings.store_stall_us)
        return NULL;
    struct change *change = calloc(1, sizeof(*change));
    if (!change)
        return NULL;
    change->fabric = fabric;
    change->now_us = now_us;
    memcpy(change->counters, fabric->counter, sizeof(change->counters));
    change->rows = store_change_new();
    snprintf(change->actor, sizeof(change->actor), "%s", actor);
    if (!change->rows) {
        free(change);
        return NULL;
    }
    return change;
}

void change_add_step(struct change *change, const struct step *step) {
    struct step *copy = malloc(sizeof(*copy));
    if (!copy) {
        change->has_failed = true;
        struct step undone = *step;
        undone.revert(change->fabric, &undone, change->now_us);
        return;
    }
    *copy = *step;
    copy->next = change->steps;
    change->steps = copy;
}

int64_t change_add_event(struct change *change, const char *kind, const struct fabric_pod *pod,
                         const char *object, const struct fabric_slice *slice, const char *cause,
                         const char *before, const char *after) {
    struct fabric *fabric = change->fabric;
    struct fabric_event **events = realloc(change->events, sizeof(*events) * (change->n_events + 1));
    int64_t revision = ++fabric->counter[STORE_COUNTER_REVISION];
    struct store_event row = {.revision = revision,
                              .time_us = fabric_wall_us(fabric, change->now_us),
                              .kind = kind,
                              .pod = pod ? pod->name : "",
                              .object = object,
                              .actor = change->actor,
                              .cause = cause,
                              .before = before,
                              .after = after,
                              .slice_uid = slice ? slice->uid : 0,
                              .owner = slice ? slice->owner : ""};
    struct fabric_event *event = event_of_row(&row);
    if (events)
        change->events = events;
    if (!events || !event) {
        free(event);
        change->has_failed = true;
        return revision;
    }
    events[change->n_events++] = event;
    row.kind = event->kind, row.pod = event->pod, row.object = event->object, row.actor = event->actor;
    row.cause = event->cause, row.before = event->before, row.after = event->after, row.owner = event->owner;
    store_put(change->rows, STORE_EVENT, &row);
    return revision;
}

static void change_free(struct change *change) {
    store_change_free(change->rows);
    for (unsigned i = 0; i < change->n_events; i++)
        free(change->events[i]);
    free(change->events);
    free(change->detail);
    free(change);
}

static void revert(struct change *change, int64_t now_us) {
    while (change->steps) {
        struct step *step = change->steps;
        change->steps = step->next;
        step->revert(change->fabric, step, now_us);
        free(step);
    }
}

void change_abandon(struct change *change) {
    struct fabric *fabric = change->fabric;
    revert(change, change->now_us);
    memcpy(fabric->counter, change->counters, sizeof(change->counters));
    change_free(change);
}

void step_forget_before(struct fabric *fabric, struct step *step, int64_t now_us) {
    free(step->before);
}

int64_t change_submit(struct change *change) {
    struct fabric *fabric = change->fabric;
    if (change->has_failed || store_change_status(change->rows) < 0) {
        change_abandon(change);
        return -ENOMEM;
    }
    change->sequence = ++fabric->next_sequence;
    change->submitted_us = change->now_us;
    if (fabric->newest)
        fabric->newest->next = change;
    else
        fabric->oldest = change;
    fabric->newest = change;
    struct store_change *rows = change->rows;
    change->rows = NULL;
    fabric->executor.submit(fabric->executor.userdata, rows);
    return change->sequence;
}

static void land(struct change *change, int64_t now_us) {
    struct fabric *fabric = change->fabric;
    if (change->n_events)
        fabric->durable_revision = change->events[change->n_events - 1]->revision;
    struct step *ordered = NULL;
    while (change->steps) {
        struct step *step = change->steps;
        change->steps = step->next;
        step->next = ordered;
        ordered = step;
    }
    while (ordered) {
        struct step *step = ordered;
        ordered = step->next;
        step->land(fabric, step, now_us);
        free(step);
    }
    fabric->durable_sequence = change->sequence;
    for (unsigned i = 0; i < change->n_events; i++) {
        if (fabric->listener.on_event)
            fabric->listener.on_event(fabric->listener.userdata, change->events[i]);
        event_remember(fabric, change->events[i]);
    }
    change->n_events = 0; /* they are in the ring */
    change_free(change);
}

/* Waiters are called after the model is consistent again; one may forget another. */
static void answer_waiters(struct fabric *fabric, int64_t sequence, int result) {
    while (fabric->waiters && fabric->waiters->sequence <= sequence) {
        struct waiter *waiter = fabric->waiters;
        fabric->waiters = waiter->next;
        waiter->done(waiter->userdata, result);
        free(waiter);
    }
}

void fabric_on_store_result(struct fabric *fabric, int result, size_t n, int64_t now_us) {
    int64_t sequence = 0;
    if (result == 0) {
        for (size_t i = 0; i < n && fabric->oldest; i++) {
            struct change *change = fabric->oldest;
            fabric->oldest = change->next;
            if (!fabric->oldest)
                fabric->newest = NULL;
            sequence = change->sequence;
            land(change, now_us);
        }
    } else {
        struct change *newest_first = NULL;
        while (fabric->oldest) {
            struct change *change = fabric->oldest;
            fabric->oldest = change->next;
            change->next = newest_first;
            newest_first = change;
        }
        fabric->newest = NULL;
        sequence = newest_first ? newest_first->sequence : 0;
        while (newest_first) {
            struct change *change = newest_first;
            newest_first = change->next;
            revert(change, now_us);
            change_free(change);
        }
        fabric->durable_sequence = sequence;
    }
    answer_waiters(fabric, sequence, result);
    fabric_mark(fabric);
}

void fabric_on_store_works(struct fabric *fabric, bool works, int64_t now_us) {
    fabric->store_works = works;
    for (struct fabric_slice *slice = fabric->slices; works && slice; slice = slice->next)
        slice->needs_judging = true;
    for (struct fabric_pod *pod = fabric->pods; pod; pod = pod->next)
        pod->repair_at_us = 0;
    fabric_mark(fabric);
}

int64_t fabric_last_sequence(const struct fabric *fabric) {
    return fabric->newest ? fabric->newest->sequence : 0;
}

int64_t fabric_when_durable(struct fabric *fabric, int64_t sequence, void (*done)(void *userdata, int result),
                            void *userdata) {
    if (sequence <= fabric->durable_sequence || !fabric->oldest) {
        done(userdata, 0);
        return 0;
    }
    struct waiter *waiter = malloc(sizeof(*waiter));
    if (!waiter) {
        done(userdata, -ENOMEM);
        return 0;
    }
    *waiter = (struct waiter){
        .ticket = ++fabric->next_ticket, .sequence = sequence, .done = done, .userdata = userdata};
    struct waiter **at = &fabric->waiters;
    while (*at && (*at)->sequence <= sequence)
        at = &(*at)->next;
    waiter->next = *at;
    *at = waiter;
    return waiter->ticket;
}

void fabric_forget(struct fabric *fabric, int64_t ticket) {
    for (struct waiter **at = &fabric->waiters; *at; at = &(*at)->next)
        if ((*at)->ticket == ticket) {
            struct waiter *waiter = *at;
            *at = waiter->next;
            free(waiter);
            return;
        }
}
