#include "daemon/fabric/baseline.h"
#include "daemon/fabric/change.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/lease.h"
#include "daemon/fabric/meter.h"
#include "daemon/fabric/observe.h"
#include "daemon/fabric/operation.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/qualify_cube.h"
#include "daemon/fabric/reconcile.h"
#include "daemon/fabric/refusal_log.h"
#include "daemon/fabric/repair.h"
#include "daemon/fabric/request.h"
#include "daemon/fabric/reservation.h"
#include "daemon/fabric/restore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUSEKEEPING_US 250000
#define SAME_OFFSET_US 1000
#define PRUNE_EVERY 240 /* rounds of housekeeping */
#define EVENTS_KEPT 1000000

struct fabric_settings fabric_default_settings(void) {
    return (struct fabric_settings){
        .report_ttl_us = 10000000,
        .host_silent_us = 60000000,
        .activation_timeout_us = 180000000,
        .audit_period_us = 60000000,
        .store_stall_us = 5000000,
        .blind_window_us = 30000000,
        .blind_percent = 10,
        .repair_drift = true,
        .insertion_loss_mdb = 2000,
        .fiber_loss_mdb = 1000,
        .loss_drift_mdb = 1000,
        .repair_settle_us = 20000000,
        .repair_answer_us = INT64_C(3600) * 1000000,
        .repair_limit_per_hour = 6,
        .repair_max_cubes = 3,
        .repair_tries = 3,
        .restore_many_slices = 2,
        .restore_pass_percent = 90,
        .flap_count = 4,
        .flap_window_us = 600000000,
        .flap_quiet_us = 300000000,
    };
}

int fabric_new(const struct fabric_options *options, struct fabric **ret_fabric) {
    struct fabric *fabric = calloc(1, sizeof(*fabric));
    if (!fabric)
        return -ENOMEM;
    fabric->options = *options;
    fabric->settings = options->settings;
    fabric->executor = options->executor;
    fabric->listener = options->listener;
    fabric->store_works = true;
    fabric->ring = calloc(EVENT_RING, sizeof(*fabric->ring));
    if (!fabric->ring || request_table_new(&fabric->requests) < 0 || refusal_log_new(&fabric->refusals) < 0) {
        fabric_free(fabric);
        return -ENOMEM;
    }
    *ret_fabric = fabric;
    return 0;
}

static void undo_outstanding(struct fabric *fabric) {
    struct fabric_listener none = {0};
    fabric->listener = none;
    while (fabric->waiters) {
        struct waiter *waiter = fabric->waiters;
        fabric->waiters = waiter->next;
        free(waiter);
    }
    if (fabric->oldest)
        fabric_on_store_result(fabric, -ECANCELED, 0, 0);
}

void fabric_free(struct fabric *fabric) {
    if (!fabric)
        return;
    undo_outstanding(fabric);
    while (fabric->slices)
        slice_unlink_and_free(fabric, fabric->slices);
    while (fabric->pods) {
        struct fabric_pod *pod = fabric->pods;
        fabric->pods = pod->next;
        pod_free(pod);
    }
    while (fabric->operations) {
        struct fabric_operation *operation = fabric->operations;
        fabric->operations = operation->next;
        operation_free(operation);
    }
    request_table_free(fabric->requests);
    refusal_log_free(fabric->refusals);
    for (uint64_t i = fabric->ring_first; i < fabric->ring_end; i++)
        free(fabric->ring[i % EVENT_RING]);
    free(fabric->ring);
    free(fabric);
}

void fabric_mark(struct fabric *fabric) {
    fabric->is_marked = true;
    if (!fabric->is_advancing && fabric->options.needs_advance)
        fabric->options.needs_advance(fabric->options.advance_userdata);
}

void fabric_set_clock(struct fabric *fabric, int64_t now_us, int64_t wall_us) {
    int64_t offset_us = wall_us - now_us;
    /* The two clocks were not read at the same instant: a time that is shown twice must not differ by that.
     */
    if (offset_us > fabric->wall_offset_us + SAME_OFFSET_US ||
        offset_us < fabric->wall_offset_us - SAME_OFFSET_US)
        fabric->wall_offset_us = offset_us;
    fabric->last_now_us = now_us;
}

int64_t fabric_wall_of(const struct fabric *fabric, int64_t monotonic_us) {
    return monotonic_us ? fabric_wall_us(fabric, monotonic_us) : 0;
}

const char *fabric_cube_name(const struct fabric_cube *cube, char text[96]) {
    snprintf(text, 96, "%s/%s", cube->pod->name, cube->name);
    return text;
}

const char *fabric_ocs_name(const struct fabric_ocs *ocs, char text[96]) {
    snprintf(text, 96, "%s/%s", ocs->pod->name, ocs->name);
    return text;
}

/* A pod leaves the frozen state by itself only when every switch answered and none carries a circuit of ours.
 */
static void thaw_if_empty(struct fabric_pod *pod, int64_t now_us) {
    if (!pod->frozen || pod->frozen == FROZEN_BY_OPERATOR || pod->is_importing || pod->n_ocses == 0)
        return;
    for (unsigned i = 0; i < pod->n_ocses; i++)
        if (!observe_is_usable(&pod->ocs[i]) || pod->ocs[i].n_circuits)
            return;
    struct change *change = change_begin(pod->fabric, "heliostatd", now_us);
    if (!change)
        return;
    change_pod_frozen(change, pod, FROZEN_NOT, "every switch was read and none carries a circuit");
    if (change_submit(change) < 0)
        fabric_mark(pod->fabric);
}

static void prune_events(struct fabric *fabric, int64_t now_us) {
    if (fabric->durable_revision <= EVENTS_KEPT)
        return;
    struct change *change = change_begin(fabric, "heliostatd", now_us);
    if (!change)
        return;
    store_delete_through(change->rows, STORE_EVENT, fabric->durable_revision - EVENTS_KEPT);
    if (change_submit(change) < 0)
        fabric_mark(fabric);
}

static void keep_house(struct fabric *fabric, int64_t now_us) {
    int64_t wall_us = fabric_wall_us(fabric, now_us);
    int64_t late_us = fabric->housekeeping_at_us ? now_us - fabric->housekeeping_at_us : 0;
    lease_review(fabric, late_us, now_us);
    reservation_review(fabric, now_us);
    refusal_log_flush(fabric, now_us);
    fabric->housekeeping_at_us = now_us + HOUSEKEEPING_US;
    for (struct fabric_slice *slice = fabric->slices; slice; slice = slice->next) {
        const struct slice_version *version = slice->accepted;
        if (version->state == SLICE_CONNECTING && version->connect_by_us && wall_us >= version->connect_by_us)
            slice->needs_judging = true;
        if (!fabric->grace_is_over && now_us >= fabric->started_us + 3000000)
            slice->needs_judging = true;
    }
    fabric->grace_is_over = now_us >= fabric->started_us + 3000000;
    for (struct fabric_pod *pod = fabric->pods; pod; pod = pod->next) {
        thaw_if_empty(pod, now_us);
        if (pod->formers)
            derive_formers(pod, now_us);
        baseline_save(pod, now_us);
    }
    if (++fabric->rounds % PRUNE_EVERY == 0) {
        request_prune(fabric, now_us);
        operation_prune(fabric, now_us);
        prune_events(fabric, now_us);
    }
}

static void advance_devices(struct fabric_pod *pod, int64_t now_us) {
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        struct fabric_ocs *ocs = &pod->ocs[i];
        if (device_next_wakeup_us(ocs->device) <= now_us)
            device_advance(ocs->device, now_us);
        if (observe_is_usable(ocs) && ocs->audit_at_us <= now_us) {
            ocs->audit_at_us = now_us + pod->fabric->settings.audit_period_us;
            device_read_map(ocs->device, now_us);
        }
        if (observe_is_usable(ocs) && ocs->try_at_us <= now_us)
            observe_try_again(ocs, now_us);
        if (ocs->retry_at_us && ocs->retry_at_us <= now_us) {
            /* Read before what is sent again: the map that missed it may have been an old one. */
            if (ocs->failed_tries)
                device_read_map(ocs->device, now_us);
            ocs->retry_at_us = 0;
            ocs->needs_reconcile = true;
        }
    }
}

static void tell_reads(struct fabric_pod *pod) {
    struct fabric *fabric = pod->fabric;
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        struct fabric_ocs *ocs = &pod->ocs[i];
        int ended = ocs->read_ended;
        ocs->read_ended = READ_NONE;
        if (ended != READ_NONE && fabric->listener.on_read)
            fabric->listener.on_read(fabric->listener.userdata, ocs, ended == READ_OK);
    }
}

static void advance_once(struct fabric *fabric, int64_t now_us) {
    fabric->is_marked = false;
    for (struct fabric_pod *pod = fabric->pods; pod; pod = pod->next) {
        advance_devices(pod, now_us);
        if (now_us >= pod->dark_review_at_us)
            derive_dark(pod, now_us);
    }
    if (now_us >= fabric->host_review_at_us) {
        int64_t period_us = fabric->settings.report_ttl_us / 10;
        fabric->host_review_at_us = now_us + (period_us < 1000000 ? period_us : 1000000);
        for (struct fabric_pod *pod = fabric->pods; pod; pod = pod->next)
            derive_health(pod, now_us);
    }
    if (now_us >= fabric->housekeeping_at_us)
        keep_house(fabric, now_us);
    for (struct fabric_pod *pod = fabric->pods; pod; pod = pod->next)
        derive_pod(pod, now_us);
    for (struct fabric_slice *slice = fabric->slices, *next; slice; slice = next) {
        next = slice->next;
        if (slice->needs_judging)
            derive_slice(slice, now_us);
    }
    for (struct fabric_pod *pod = fabric->pods; pod; pod = pod->next)
        if (now_us >= pod->repair_at_us)
            repair_pod(pod, now_us);
    for (struct fabric_pod *pod = fabric->pods; pod; pod = pod->next) {
        derive_pod(pod, now_us);
        maintenance_review(pod, now_us);
        if (pod->qualifications)
            qualify_review(pod, now_us);
        meter_pod(pod, true, now_us);
        restore_review(pod, now_us);
        reconcile_pod(pod, now_us);
        meter_pod(pod, false, now_us);
        tell_reads(pod);
    }
}

void fabric_advance(struct fabric *fabric, int64_t now_us) {
    if (fabric->is_advancing)
        return;
    fabric->is_advancing = true;
    advance_once(fabric, now_us);
    fabric->is_advancing = false;
    if (fabric->is_marked && fabric->options.needs_advance)
        fabric->options.needs_advance(fabric->options.advance_userdata);
}

static int64_t earlier(int64_t one, int64_t other) {
    return one < other ? one : other;
}

int64_t fabric_next_wakeup_us(const struct fabric *fabric) {
    if (!fabric->pods)
        return INT64_MAX;
    int64_t next = earlier(fabric->host_review_at_us, fabric->housekeeping_at_us);
    for (const struct fabric_pod *pod = fabric->pods; pod; pod = pod->next) {
        next = earlier(next, pod->dark_review_at_us);
        next = earlier(next, pod->repair_at_us);
        next = earlier(next, reconcile_next_us(pod));
        next = earlier(next, qualify_next_us(pod));
        for (unsigned i = 0; i < pod->n_ocses; i++) {
            next = earlier(next, device_next_wakeup_us(pod->ocs[i].device));
            if (observe_is_usable(&pod->ocs[i])) {
                next = earlier(next, pod->ocs[i].audit_at_us);
                next = earlier(next, pod->ocs[i].try_at_us);
            }
        }
    }
    return next;
}

const char *fabric_store_id(const struct fabric *fabric) {
    return fabric->store_id;
}

int64_t fabric_revision(const struct fabric *fabric) {
    return fabric->durable_revision;
}

bool fabric_store_works(const struct fabric *fabric) {
    return fabric->store_works;
}

uint64_t fabric_inventory_epoch(const struct fabric *fabric) {
    return fabric->inventory_epoch;
}

const struct fabric_pod *fabric_pods(const struct fabric *fabric) {
    return fabric->pods;
}

const struct fabric_pod *fabric_pod_find(const struct fabric *fabric, const char *name) {
    for (const struct fabric_pod *pod = fabric->pods; pod; pod = pod->next)
        if (strcmp(pod->name, name) == 0)
            return pod;
    return NULL;
}

const struct fabric_slice *fabric_slices(const struct fabric *fabric) {
    return fabric->slices;
}

const struct fabric_slice *fabric_slice_find(const struct fabric *fabric, const char *name) {
    for (const struct fabric_slice *slice = fabric->slices; slice; slice = slice->next)
        if (slice->durable && !slice->durable->is_gone && strcmp(slice->name, name) == 0)
            return slice;
    return NULL;
}

int fabric_events_after(const struct fabric *fabric, int64_t after, struct fabric_event *const **ret_events,
                        size_t *ret_count, struct fabric_event *const **ret_more, size_t *ret_n_more) {
    if (after < fabric->ring_lost)
        return FABRIC_TOO_OLD;
    uint64_t first = fabric->ring_first, end = fabric->ring_end;
    while (first < end) {
        uint64_t middle = first + (end - first) / 2;
        if (fabric->ring[middle % EVENT_RING]->revision <= after)
            first = middle + 1;
        else
            end = middle;
    }
    size_t count = (size_t)(fabric->ring_end - first);
    size_t to_edge = EVENT_RING - (size_t)(first % EVENT_RING);
    *ret_events = &fabric->ring[first % EVENT_RING];
    *ret_count = count < to_edge ? count : to_edge;
    *ret_more = fabric->ring;
    *ret_n_more = count - *ret_count;
    return 0;
}
