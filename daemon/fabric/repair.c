#include "daemon/fabric/repair.h"
#include "daemon/fabric/alter.h"
#include "daemon/fabric/attribution.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/moves.h"
#include "daemon/fabric/operation.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/prove_replacement.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"
#include "daemon/fabric/scheduling.h"
#include "daemon/fabric/spares.h"
#include "daemon/fabric/swap_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_AGAIN_US 1000000
#define HOUR_US (INT64_C(3600) * 1000000)

/* What one slice needs. */
struct need {
    uint16_t cubes[TOPO_POSITIONS_MAX]; /* that have to leave, by position */
    bool is_unfit[TOPO_POSITIONS_MAX];  /* a cube that was put in and does not qualify */
    unsigned n;
    bool has_failed, has_drained, has_unfit;
    int64_t drain_by_us; /* wall, the earliest; 0: none */
    int64_t settled_us;  /* wall: before, more failures of the same cause may show */
    bool is_too_many;
    char cause[FABRIC_TEXT_MAX];
};

/* Hosts say that most links of the cube are dark or lead elsewhere, nothing else is to blame for them, and it
 * has been so for the time in which more may show. */
static bool is_unfit(const struct slice_version *version, const struct fabric_cube *cube, int64_t now_us) {
    return slice_version_is_fresh(version, cube->index) && cube->unfit_since_us &&
           now_us - cube->unfit_since_us >= cube->pod->fabric->settings.repair_settle_us;
}

static void add_need(struct need *need, const struct fabric_cube *cube, bool unfit) {
    if (need->n == 0 && unfit)
        snprintf(need->cause, sizeof(need->cause), "%s did not qualify: most of its links are dark",
                 cube->name);
    else if (need->n == 0 && cube->health == HEALTH_UNHEALTHY)
        snprintf(need->cause, sizeof(need->cause), "%s is UNHEALTHY: %.120s", cube->name, cube->health_cause);
    else if (need->n == 0)
        snprintf(need->cause, sizeof(need->cause), "%s is drained: %.120s", cube->name,
                 cube->scheduling_reason);
    need->is_unfit[need->n] = unfit;
    need->cubes[need->n++] = cube->index;
}

static void find_need(const struct fabric_slice *slice, const struct slice_version *version, int64_t now_us,
                      struct need *need) {
    const struct fabric_pod *pod = slice->pod;
    const struct fabric_settings *settings = &pod->fabric->settings;
    need->n = 0;
    need->has_failed = need->has_drained = need->has_unfit = need->is_too_many = false;
    need->drain_by_us = need->settled_us = 0;
    for (unsigned position = 0; position < version->shape.n_cubes; position++) {
        const struct fabric_cube *cube = &pod->cube[version->cubes[position]];
        bool is_part = !version->shape.whole_cubes;
        bool failed = is_part ? version->state == SLICE_INCOMPLETE : cube->health == HEALTH_UNHEALTHY;
        bool drained = cube->scheduling == SCHEDULING_DRAINING;
        bool unfit = !failed && !is_part && is_unfit(version, cube, now_us);
        if (!failed && !drained && !unfit)
            continue;
        add_need(need, cube, unfit);
        need->has_failed = need->has_failed || failed;
        need->has_drained = need->has_drained || drained;
        need->has_unfit = need->has_unfit || unfit;
        if (drained && cube->drain_by_us && (!need->drain_by_us || cube->drain_by_us < need->drain_by_us))
            need->drain_by_us = cube->drain_by_us;
        if (failed && !cube->mark && cube->health == HEALTH_UNHEALTHY) {
            struct failure_wave wave = attribution_wave(cube, settings->repair_settle_us);
            if (wave.newest_us + settings->repair_settle_us > need->settled_us)
                need->settled_us = wave.newest_us + settings->repair_settle_us;
            need->is_too_many =
                need->is_too_many || wave.n_cubes > settings->repair_max_cubes || wave.has_whole_row;
        }
    }
    size_t at = strlen(need->cause);
    if (need->n > 1 && at < sizeof(need->cause))
        snprintf(need->cause + at, sizeof(need->cause) - at, "; %u cubes in all", need->n);
}

static unsigned repairs_within_hour(const struct fabric_slice *slice, int64_t wall_us) {
    unsigned count = 0;
    for (const struct fabric_operation *operation = slice->pod->fabric->operations; operation;
         operation = operation->next)
        count += strcmp(operation->kind, "repair") == 0 && strcmp(operation->slices, slice->name) == 0 &&
                 operation->created_us >= slice->created_us && wall_us - operation->created_us < HOUR_US;
    return count;
}

/* All that leave still work: a job may be running, and goes on until the replacements are proved. */
static bool leaves_working(const struct fabric_slice *slice, const struct need *need) {
    return slice->accepted->shape.whole_cubes && !need->has_failed && !need->has_unfit;
}

/* Who has to say a word first; PENDING_NONE: nobody. A repair that its owner agreed to goes on until the
 * cubes that it put in qualify. */
static enum pending_why who_decides(const struct fabric_slice *slice, const struct slice_version *version,
                                    const struct need *need, int64_t wall_us) {
    const struct fabric_settings *settings = &slice->pod->fabric->settings;
    if (need->is_too_many || version->pending_why == PENDING_TOO_MANY)
        return PENDING_TOO_MANY;
    if (need->has_unfit)
        return version->tries >= settings->repair_tries ? PENDING_NOT_QUALIFIED : PENDING_NONE;
    if (leaves_working(slice, need) && version->tries >= settings->repair_tries)
        return PENDING_NOT_QUALIFIED;
    if (version->pending_why == PENDING_PROVING && version->operation_id)
        return PENDING_NONE; /* its owner agreed */
    if (version->disruption != DISRUPTION_ANYTIME)
        return PENDING_OWNER;
    if (version->is_pinned)
        return PENDING_PINNED;
    if (need->has_failed && repairs_within_hour(slice, wall_us) >= settings->repair_limit_per_hour)
        return PENDING_LIMIT;
    return PENDING_NONE;
}

static void list_swaps(const struct slice_version *before, const struct slice_version *after,
                       const struct need *need, struct slice_swap *swaps) {
    for (unsigned i = 0; i < need->n; i++) {
        unsigned position = 0;
        while (position < before->shape.n_cubes && before->cubes[position] != need->cubes[i])
            position++;
        uint16_t in = position < before->shape.n_cubes ? after->cubes[position] : SWAP_NO_CUBE;
        swaps[i] = (struct slice_swap){need->cubes[i], in == need->cubes[i] ? SWAP_NO_CUBE : in};
    }
}

/* A cube that is held for the slice, and still good. */
static bool is_held_for(const struct fabric_slice *slice, unsigned in) {
    const struct fabric_cube *cube = in == SWAP_NO_CUBE ? NULL : &slice->pod->cube[in];
    return cube && cube->held_for == slice && !fabric_cube_is_used(cube) &&
           (cube->health == HEALTH_HEALTHY || cube->health == HEALTH_DEGRADED) &&
           cube->scheduling == SCHEDULING_SCHEDULABLE && !cube->has_unaccounted;
}

static int plan(struct fabric_slice *slice, const struct need *need, const int *with, bool while_tested,
                struct slice_version *after, struct fabric_refusal *refusal) {
    int chosen[TOPO_POSITIONS_MAX];
    for (unsigned i = 0; i < need->n; i++)
        chosen[i] = with ? with[i] : -1;
    const struct fabric_swap swap = {.name = slice->name,
                                     .cubes = need->cubes,
                                     .with = chosen,
                                     .n_cubes = need->n,
                                     .while_tested = while_tested,
                                     .use_spares = need->has_failed || need->has_unfit};
    return alter_plan_swap(slice, &swap, after, refusal);
}

/* The planned version goes into the change as the next one. */
static void move(struct change *change, struct fabric_slice *slice, struct slice_version *after,
                 struct fabric_operation *operation, const struct need *need) {
    const struct slice_version *before = slice->accepted;
    struct slice_swap swaps[TOPO_POSITIONS_MAX];
    struct fabric_pod *pod = slice->pod;
    char reason[FABRIC_TEXT_MAX];
    list_swaps(before, after, need, swaps);
    after->tries = need->has_unfit ? before->tries + 1 : 1;
    if (swap_list_set(&after->fresh, swaps, need->n) < 0)
        change->has_failed = true;
    snprintf(after->cause, sizeof(after->cause), "%s", need->cause);
    alter_accept(change, slice, after, operation, "overtaken by a repair");
    for (unsigned i = 0; i < need->n; i++)
        if (need->is_unfit[i]) {
            snprintf(reason, sizeof(reason), "did not qualify in slice %s: most of its links are dark",
                     slice->name);
            scheduling_happens(change, &pod->cube[need->cubes[i]], CUBE_IS_UNFIT, reason, NULL, 0);
        }
}

static const char *kind_of(const struct need *need) {
    return need->has_failed || need->has_unfit ? "repair" : "drain";
}

static bool move_by_itself(struct fabric_slice *slice, struct slice_version *after, const struct need *need,
                           int64_t now_us) {
    struct fabric *fabric = slice->pod->fabric;
    struct change *change = change_begin(fabric, "heliostatd", now_us);
    bool is_under_way = slice->accepted->pending_why == PENDING_PROVING && slice->accepted->operation_id;
    struct fabric_operation *operation =
        change && !is_under_way ? operation_new(kind_of(need), &slice, 1, OPERATION_RUNNING) : NULL;
    if (!change || (!operation && !is_under_way)) {
        slice_version_drop(after);
        if (change)
            change_abandon(change);
        return false;
    }
    const struct fabric_actor actor = {.principal = "heliostatd",
                                       .method = strcmp(kind_of(need), "drain") == 0 ? "Drain" : "Repair",
                                       .request_id = ""};
    move(change, slice, after, operation, need);
    change_audit(change, &actor, slice->name, need->cause);
    return change_submit(change) >= 0;
}

/* What would help, beside what the planner says. */
static void add_help(const struct fabric_pod *pod, char *text, size_t size) {
    size_t at = strlen(text);
    unsigned shown = 0;
    for (unsigned i = 0; i < pod->n_cubes && shown < 4 && at < size; i++) {
        const struct fabric_cube *cube = &pod->cube[i];
        if (fabric_cube_is_used(cube) || cube->health == HEALTH_UNHEALTHY || cube->held_for ||
            cube->scheduling == SCHEDULING_SCHEDULABLE || cube->scheduling == SCHEDULING_MAINTENANCE)
            continue;
        at += (size_t)snprintf(text + at, size - at, "%s %s (%s)",
                               shown++ ? "," : "; healthy, and not open to slices:", cube->name,
                               scheduling_name(cube->scheduling));
    }
}

static void say_pending(const struct fabric_slice *slice, enum pending_why why, const struct need *need,
                        const struct fabric_refusal *refusal, char *text) {
    const struct fabric_settings *settings = &slice->pod->fabric->settings;
    int at = snprintf(text, FABRIC_PENDING_MAX, "%s", need->cause);
    char *rest = text + at;
    size_t size = FABRIC_PENDING_MAX - (size_t)at;
    switch (why) {
    case PENDING_NO_CUBE:
        snprintf(rest, size, "; no cube can take the place: %.200s%s%.120s", refusal->text,
                 refusal->would_fit_if[0] ? "; it would fit if " : "", refusal->would_fit_if);
        add_help(slice->pod, text, FABRIC_PENDING_MAX);
        break;
    case PENDING_TOO_MANY:
        snprintf(rest, size,
                 "; more than %u cubes, or a whole row, failed at once: find the common cause first",
                 settings->repair_max_cubes);
        break;
    case PENDING_LIMIT:
        snprintf(rest, size, "; repaired %u times within an hour already", settings->repair_limit_per_hour);
        break;
    case PENDING_PROVING:
        snprintf(rest, size,
                 "; it works still, and moves when the links of the cube for its place are proved");
        break;
    case PENDING_NOT_QUALIFIED:
        snprintf(rest, size, "; %u cubes were tried one after the other", slice->accepted->tries);
        break;
    case PENDING_PINNED:
        snprintf(rest, size, "; its cubes were chosen by whoever asked for it, and so is the replacement");
        break;
    default:
        break;
    }
}

static void put_pending(struct fabric_slice *slice, enum pending_why why, const struct slice_swap *swaps,
                        unsigned n, bool has_failed_proof, const char *cause, int64_t by_us, int64_t now_us) {
    struct fabric *fabric = slice->pod->fabric;
    struct slice_version *before = slice->accepted, *after = slice_version_new(before);
    if (!after)
        return;
    bool is_new =
        n && !swap_list_same_out(&after->pending, &(struct swap_list){(struct slice_swap *)swaps, n});
    if (swap_list_set(&after->pending, swaps, n) < 0) {
        slice_version_drop(after);
        return;
    }
    after->pending_why = why;
    snprintf(after->pending_cause, sizeof(after->pending_cause), "%s", cause);
    if (is_new || n == 0) {
        after->pending_since_us = n ? fabric_wall_us(fabric, now_us) : 0;
        after->pending_by_us = n ? by_us : 0;
        after->is_overdue = false;
    }
    struct change *change = change_begin(fabric, "heliostatd", now_us);
    if (!change) {
        slice_version_drop(after);
        return;
    }
    if (n == 0 && before->fresh.count == 0)
        after->tries = 0;
    else if (has_failed_proof)
        after->tries++;
    if (before->pending_why == PENDING_PROVING && before->operation_id && why != PENDING_PROVING) {
        struct fabric_operation *operation = fabric_operation_of(fabric, before->operation_id);
        if (operation && operation->state == OPERATION_RUNNING && !operation->is_ending)
            change_operation_end(change, operation, n ? OPERATION_FAILED : OPERATION_DONE,
                                 n ? cause : "nothing has to move any more");
        after->operation_id = 0;
    }
    change_slice(change, slice, after, n ? "DISRUPTION_PENDING" : "DISRUPTION_WITHDRAWN",
                 n ? cause : "nothing has to move any more");
    if (change_submit(change) < 0)
        fabric_mark(fabric);
}

static void tell_overdue(struct fabric_slice *slice, int64_t now_us) {
    struct slice_version *after = slice_version_new(slice->accepted);
    struct change *change = after ? change_begin(slice->pod->fabric, "heliostatd", now_us) : NULL;
    if (!change) {
        slice_version_drop(after);
        return;
    }
    after->is_overdue = true;
    change_slice(change, slice, after, "DISRUPTION_OVERDUE", after->pending_cause);
    if (change_submit(change) < 0)
        fabric_mark(slice->pod->fabric);
}

/* What is posted still says what is the case. */
static bool is_posted(const struct fabric_slice *slice, const struct need *need, enum pending_why why) {
    const struct slice_version *version = slice->accepted;
    if (version->pending.count != need->n || version->pending_why != why)
        return false;
    for (unsigned i = 0; i < need->n; i++)
        if (version->pending.swap[i].out != need->cubes[i] ||
            (why != PENDING_PINNED && !is_held_for(slice, version->pending.swap[i].in) &&
             slice->accepted->shape.whole_cubes))
            return false;
    return true;
}

static void sooner(struct fabric_pod *pod, int64_t at_us) {
    if (at_us < pod->repair_at_us)
        pod->repair_at_us = at_us;
}

static bool may_look(const struct fabric_slice *slice) {
    const struct slice_version *version = slice->accepted;
    return version == slice->durable && slice_version_owns(version) && !version->is_held &&
           (version->state == SLICE_READY || version->state == SLICE_DEGRADED ||
            version->state == SLICE_INCOMPLETE);
}

/* Moves the slice, or posts what has to be said first. */
static void move_or_post(struct fabric_slice *slice, const struct need *need, int64_t now_us) {
    struct fabric_pod *pod = slice->pod;
    int64_t wall_us = fabric_wall_us(pod->fabric, now_us);
    const struct slice_version *version = slice->accepted;
    bool works = leaves_working(slice, need);
    enum proof proof = works && version->pending.count
                           ? prove_state(pod, &version->pending, version->pending_since_us)
                           : PROOF_NONE;
    bool has_failed_proof = proof == PROOF_FAILED;
    enum pending_why why = who_decides(slice, version, need, wall_us);
    if (works && why == PENDING_NONE)
        why = PENDING_PROVING;
    if (why != PENDING_NONE && is_posted(slice, need, why)) {
        if (works && proof == PROOF_NONE && (why == PENDING_PROVING || why == PENDING_OWNER))
            prove_begin(pod, &version->pending, version->pending_since_us, now_us);
        if (why != PENDING_PROVING || proof != PROOF_PASSED)
            return;
        why = PENDING_NONE;
    }
    struct fabric_refusal refusal = {0};
    struct slice_swap swaps[TOPO_POSITIONS_MAX];
    struct slice_version *after = slice_version_new(version);
    if (!after)
        return;
    int chosen[TOPO_POSITIONS_MAX];
    for (unsigned i = 0; i < need->n; i++)
        chosen[i] = works && why == PENDING_NONE ? version->pending.swap[i].in : -1;
    int r = plan(slice, need, chosen, false, after, &refusal);
    if (r == 0 && why == PENDING_NONE) {
        if (!move_by_itself(slice, after, need, now_us))
            sooner(pod, now_us + LOOK_AGAIN_US);
        return;
    }
    if (r == 0)
        list_swaps(version, after, need, swaps);
    for (unsigned i = 0; i < need->n && (r || why == PENDING_PINNED); i++)
        swaps[i] = (struct slice_swap){need->cubes[i], SWAP_NO_CUBE};
    /* The block of a part is found anew when it moves. */
    if (!version->shape.whole_cubes)
        swaps[0].in = SWAP_NO_CUBE;
    slice_version_drop(after);
    if (r == FABRIC_REFUSED && why != PENDING_TOO_MANY)
        why = PENDING_NO_CUBE;
    char cause[FABRIC_PENDING_MAX];
    say_pending(slice, why, need, &refusal, cause);
    fabric_refusal_deinit(&refusal);
    const struct swap_list posted = {swaps, need->n};
    if (version->pending_why == why && swap_list_equal(&version->pending, &posted) &&
        strcmp(version->pending_cause, cause) == 0)
        return;
    put_pending(slice, why, swaps, need->n, has_failed_proof, cause,
                need->drain_by_us ? need->drain_by_us : wall_us + pod->fabric->settings.repair_answer_us,
                now_us);
}

static void review_slice(struct fabric_slice *slice, int64_t now_us) {
    static struct need need;
    struct fabric_pod *pod = slice->pod;
    const struct slice_version *version = slice->accepted;
    int64_t wall_us = fabric_wall_us(pod->fabric, now_us);
    if (!may_look(slice))
        return;
    find_need(slice, version, now_us, &need);
    if (need.n == 0) {
        if (version->pending.count)
            put_pending(slice, PENDING_NONE, NULL, 0, false, "", 0, now_us);
        return;
    }
    sooner(pod, now_us + LOOK_AGAIN_US);
    if (pod->frozen || pod->is_blind)
        return;
    if (version->pending.count && version->pending_by_us && !version->is_overdue &&
        wall_us >= version->pending_by_us) {
        tell_overdue(slice, now_us);
        return;
    }
    if (wall_us < need.settled_us) {
        sooner(pod, now_us + (need.settled_us - wall_us));
        return;
    }
    move_or_post(slice, &need, now_us);
}

static void end_drains(struct fabric_pod *pod, int64_t now_us) {
    struct change *change = NULL;
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        struct fabric_cube *cube = &pod->cube[i];
        if (cube->scheduling != SCHEDULING_DRAINING || fabric_cube_is_used(cube) || cube->durable_slice ||
            cube->durable_part_hosts)
            continue;
        if (!change && !(change = change_begin(pod->fabric, "heliostatd", now_us)))
            return;
        char reason[FABRIC_TEXT_MAX], by[64];
        memcpy(reason, cube->scheduling_reason, sizeof(reason));
        memcpy(by, cube->scheduling_by, sizeof(by));
        scheduling_happens(change, cube, CUBE_IS_EMPTY, reason, by, 0);
    }
    if (change && change_submit(change) < 0)
        fabric_mark(pod->fabric);
}

/* Since when cubes that repairs put in look unfit. */
static void note_unfit(struct fabric_pod *pod, int64_t now_us) {
    static struct attribution attribution;
    bool has_looked = false;
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        struct fabric_cube *cube = &pod->cube[i];
        const struct slice_version *version = cube->slice ? cube->slice->accepted : NULL;
        int64_t since_us = cube->unfit_since_us ? cube->unfit_since_us : now_us;
        cube->unfit_since_us = 0;
        if (!version || !version->failed.count || !slice_version_is_fresh(version, cube->index))
            continue;
        if (!has_looked)
            attribution_review(pod, now_us, &attribution);
        has_looked = true;
        if (attribution_is_unfit(&attribution, version, pod->wiring, cube->index))
            cube->unfit_since_us = since_us;
    }
    if (has_looked)
        sooner(pod, now_us + LOOK_AGAIN_US);
}

void repair_pod(struct fabric_pod *pod, int64_t now_us) {
    struct fabric *fabric = pod->fabric;
    pod->repair_at_us = INT64_MAX;
    /* After a start the hosts and the switches have to be heard first. */
    int64_t heard_us = fabric->started_us + fabric->settings.report_ttl_us;
    if (pod->is_importing || !fabric->store_works || !fabric->grace_is_over || now_us < heard_us) {
        pod->repair_at_us = now_us + LOOK_AGAIN_US / 4;
        return;
    }
    derive_pod(pod, now_us);
    note_unfit(pod, now_us);
    for (struct fabric_slice *slice = fabric->slices, *next; slice; slice = next) {
        next = slice->next;
        if (slice->pod != pod)
            continue;
        derive_pod(pod, now_us);
        review_slice(slice, now_us);
    }
    end_drains(pod, now_us);
    derive_pod(pod, now_us);
    spares_review(pod, now_us);
}

/* The words of owners. */

static int find_pending(struct fabric *fabric, const struct fabric_actor *actor, const char *name,
                        int64_t uid, struct fabric_slice **ret_slice, struct fabric_refusal *refusal) {
    struct fabric_slice *slice;
    int r = alter_find(fabric, actor, name, uid, &slice, refusal);
    if (r || (r = alter_check_held(slice, refusal)))
        return r;
    if (slice->accepted->pending.count == 0)
        return refuse_invalid(refusal, "name", "nothing of slice %s waits to be moved: it is %s", slice->name,
                              slice_state_name(slice->accepted->state));
    if (slice->pod->frozen) {
        refusal_set_fits(refusal, "an operator says `helioctl pod thaw`");
        return refuse(refusal, REASON_FROZEN, "name", "pod %s is frozen: %s", slice->pod->name,
                      slice->pod->frozen_text);
    }
    *ret_slice = slice;
    return 0;
}

/* The owner agreed: it moves when the cubes that `planned` puts in are proved. */
static void await_proof(struct change *change, struct fabric_slice *slice, struct slice_version *after,
                        const struct slice_version *planned, struct fabric_operation *operation,
                        const struct need *need) {
    struct slice_swap swaps[TOPO_POSITIONS_MAX];
    list_swaps(slice->accepted, planned, need, swaps);
    alter_end_operation(change, slice, "its owner agreed again");
    change_operation_new(change, operation);
    after->operation_id = operation->id;
    if (after->pending_why == PENDING_NOT_QUALIFIED)
        after->tries = 0;
    after->pending_why = PENDING_PROVING;
    if (swap_list_set(&after->pending, swaps, need->n) < 0)
        change->has_failed = true;
    say_pending(slice, PENDING_PROVING, need, NULL, after->pending_cause);
    change_slice(change, slice, after, "DISRUPTION_PENDING", after->pending_cause);
    fabric_mark(change->fabric);
}

static bool is_proved(const struct fabric_slice *slice, const struct slice_version *planned,
                      const struct need *need) {
    struct slice_swap swaps[TOPO_POSITIONS_MAX];
    const struct swap_list list = {swaps, need->n};
    list_swaps(slice->accepted, planned, need, swaps);
    return prove_state(slice->pod, &list, slice->accepted->pending_since_us) == PROOF_PASSED;
}

int fabric_accept_disruption(struct fabric *fabric, const struct fabric_actor *actor, const char *name,
                             int64_t uid, const int *with, unsigned n_with, int64_t now_us,
                             struct fabric_plan *ret_plan, struct fabric_outcome *ret_outcome,
                             struct fabric_refusal *refusal) {
    static struct need need;
    struct fabric_slice *slice;
    int chosen[TOPO_POSITIONS_MAX];
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r || (r = find_pending(fabric, actor, name, uid, &slice, refusal)))
        return r;
    const struct slice_version *before = slice->accepted;
    const struct swap_list *pending = &before->pending;
    if (n_with && n_with != pending->count)
        return refuse_invalid(refusal, "with_cubes",
                              "%u cubes are given for %u that have to leave; give none, or one for each",
                              n_with, pending->count);
    for (unsigned i = 0; before->pending_why == PENDING_PINNED && i < pending->count; i++)
        if (!n_with || with[i] < 0)
            return refuse_invalid(
                refusal, "with_cubes",
                "whoever asked for slice %s chose its cubes, and chooses the one for the place "
                "of %s: name it",
                slice->name, slice->pod->cube[pending->swap[i].out].name);
    derive_pod(slice->pod, now_us);
    find_need(slice, before, now_us, &need);
    need.n = pending->count;
    for (unsigned i = 0; i < pending->count; i++) {
        need.cubes[i] = pending->swap[i].out;
        need.is_unfit[i] = is_unfit(before, &slice->pod->cube[need.cubes[i]], now_us);
        chosen[i] = n_with && with[i] >= 0                    ? with[i]
                    : is_held_for(slice, pending->swap[i].in) ? pending->swap[i].in
                                                              : -1;
    }
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    struct slice_version *after = slice_version_new(before);
    struct fabric_operation *operation =
        after ? operation_new(kind_of(&need), &slice, 1, OPERATION_RUNNING) : NULL;
    bool works = leaves_working(slice, &need);
    r = operation ? plan(slice, &need, chosen, works, after, refusal) : -ENOMEM;
    if (r == 0)
        r = moves_describe(slice, before, after, ret_plan);
    int64_t slice_uid = slice->uid;
    struct slice_version *waits = NULL;
    if (r == 0 && !actor->validate_only && works && !is_proved(slice, after, &need) &&
        !(waits = slice_version_new(before)))
        r = -ENOMEM;
    if (r || actor->validate_only) {
        slice_version_drop(after);
        if (operation)
            operation_free(operation);
        change_abandon(change);
        *ret_outcome = (struct fabric_outcome){.uid = slice_uid};
        return r;
    }
    if (waits) {
        await_proof(change, slice, waits, after, operation, &need);
        slice_version_drop(after);
    } else {
        move(change, slice, after, operation, &need);
    }
    return request_submit(change, actor, slice_uid, slice->accepted->operation_id, slice->name, ret_outcome);
}

/* What a drain would do, or the repair of a cube that an operator calls UNHEALTHY, and what keeps a drain
 * from its end. */

static void visit_steps(const struct fabric_cube *cube, bool is_marked, int64_t now_us,
                        void (*visit)(const struct fabric_drain_step *, void *userdata), void *userdata) {
    struct fabric_pod *pod = cube->pod;
    int64_t wall_us = fabric_wall_us(pod->fabric, now_us);
    static struct need need;
    static struct fabric_plan described;
    derive_pod(pod, now_us);
    for (struct fabric_slice *slice = pod->fabric->slices; slice; slice = slice->next) {
        const struct slice_version *version = slice->accepted;
        bool is_here = false;
        for (unsigned position = 0; slice_version_owns(version) && position < version->shape.n_cubes;
             position++)
            is_here = is_here || version->cubes[position] == cube->index;
        if (slice->pod != pod || !is_here)
            continue;
        struct fabric_drain_step step = {.slice = slice, .replacement = -1};
        struct fabric_refusal refusal = {0};
        struct slice_version *after = slice_version_new(version);
        need = (struct need){.n = 1, .cubes = {cube->index}, .has_drained = !is_marked};
        need.has_failed = is_marked || cube->health == HEALTH_UNHEALTHY;
        described = (struct fabric_plan){0};
        int r = after ? plan(slice, &need, NULL, true, after, &refusal) : -ENOMEM;
        enum pending_why why = who_decides(slice, version, &need, wall_us);
        if (r == 0 && moves_describe(slice, version, after, &described) == 0) {
            for (unsigned position = 0; position < version->shape.n_cubes; position++)
                if (version->cubes[position] == cube->index)
                    step.replacement = after->cubes[position];
            step.removed = described.removed;
            step.added = described.added;
        }
        step.action = r || !may_look(slice) ? "wait" : why == PENDING_NONE ? "swap" : "ask";
        if (r)
            snprintf(step.text, sizeof(step.text), "slice %s: no cube can take the place: %.300s",
                     slice->name, refusal.text);
        else if (version->state == SLICE_REPAIRING || version->state == SLICE_CONNECTING)
            snprintf(step.text, sizeof(step.text), "slice %s is %s", slice->name,
                     slice_state_name(version->state));
        else if (version->is_held || !may_look(slice))
            snprintf(step.text, sizeof(step.text), "slice %s cannot be moved now: it is %s", slice->name,
                     version->is_held ? "held" : slice_state_name(version->state));
        else if (why != PENDING_NONE)
            snprintf(step.text, sizeof(step.text),
                     "slice %s waits for %s: helioctl slice accept-disruption %s", slice->name, slice->owner,
                     slice->name);
        else
            snprintf(step.text, sizeof(step.text),
                     "slice %s moves by itself when the cube for its place is proved", slice->name);
        visit(&step, userdata);
        fabric_plan_deinit(&described);
        fabric_refusal_deinit(&refusal);
        slice_version_drop(after);
    }
}

void fabric_drain_steps(const struct fabric_cube *cube, int64_t now_us,
                        void (*visit)(const struct fabric_drain_step *, void *userdata), void *userdata) {
    visit_steps(cube, false, now_us, visit, userdata);
}

void fabric_failure_steps(const struct fabric_cube *cube, int64_t now_us,
                          void (*visit)(const struct fabric_drain_step *, void *userdata), void *userdata) {
    visit_steps(cube, true, now_us, visit, userdata);
}

void fabric_drain_blockers(const struct fabric_cube *cube,
                           void (*visit)(const struct fabric_drain_step *, void *userdata), void *userdata) {
    for (const struct fabric_slice *slice = cube->pod->fabric->slices; slice; slice = slice->next) {
        const struct slice_version *version = slice->accepted;
        bool is_here = cube->slice == slice;
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++)
            is_here = is_here || cube->host[host].part == slice;
        if (!is_here)
            continue;
        struct fabric_drain_step step = {.slice = slice, .action = "wait", .replacement = -1};
        if (version->pending_why == PENDING_OWNER || version->pending_why == PENDING_PINNED)
            snprintf(step.text, sizeof(step.text),
                     "slice %s waits for %s: helioctl slice accept-disruption %s", slice->name, slice->owner,
                     slice->name);
        else if (version->pending.count)
            snprintf(step.text, sizeof(step.text), "slice %s: %.300s", slice->name, version->pending_cause);
        else
            snprintf(step.text, sizeof(step.text), "slice %s is %s%s", slice->name,
                     slice_state_name(version->state), version->is_held ? " and held" : "");
        visit(&step, userdata);
    }
}
