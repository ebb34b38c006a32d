#include "daemon/fabric/restore.h"
#include "daemon/fabric/change.h"
#include "daemon/fabric/observe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A stage some of whose links say neither yes nor no for so long is told as held. */
#define PATIENCE_US 60000000
#define NAMED_MAX 4 /* links in a sentence */

/* What a look at the whole pod finds. */
struct found {
    unsigned n_slices;     /* seen for the first time */
    unsigned n_restorable; /* missing circuits that may be sent, or were */
    unsigned n_unread;     /* switches of the domain at work */
    int next;              /* the first switch with some whose turn has not come; -1: none */
    struct stage_sight sight;
};

static bool is_of_stage(const struct fabric_ocs *ocs) {
    return strcmp(ocs->power_domain, ocs->pod->restore.domain) == 0;
}

/* Nobody asked for the circuit just now: it comes back by itself. */
static bool comes_back(const struct fabric_port *port) {
    return port->want_b && port->want_slice && !port->is_test && !reconcile_is_asked_for(port);
}

/* What cannot be read is proved by nothing. */
static void look_at_unread(const struct fabric_ocs *ocs, struct found *found) {
    if (!ocs->pod->restore.is_running || !is_of_stage(ocs))
        return;
    found->n_unread++;
    for (unsigned a = 1; a <= ocs->ports_a; a++)
        if (comes_back(&ocs->port[a]) && ocs->port[a].want_slice->is_restored)
            stage_add(&found->sight, 0);
}

static void look_at_ocs(const struct fabric_ocs *ocs, int64_t now_us, struct found *found) {
    const struct fabric_restore *restore = &ocs->pod->restore;
    for (unsigned a = 1; a <= ocs->ports_a; a++) {
        const struct fabric_port *port = &ocs->port[a];
        if (!comes_back(port))
            continue;
        bool is_missing = port->observed_b != port->want_b;
        bool is_restorable = is_missing && reconcile_may_restore(ocs, a, now_us);
        if (is_restorable) {
            found->n_slices += !port->want_slice->is_restored;
            port->want_slice->is_restored = true;
            found->n_restorable++;
            if (found->next < 0 && !(restore->is_running && restore->open >> ocs->index & 1))
                found->next = ocs->index;
        }
        if (!restore->is_running || !is_of_stage(ocs) || !port->want_slice->is_restored)
            continue;
        stage_add(&found->sight, is_missing && !is_restorable ? -1 : stage_link_proof(ocs, a));
    }
}

/* Twice where slices are seen for the first time: their links count in the stage from the first port on. */
static struct found look(struct fabric_pod *pod, int64_t now_us) {
    struct found found;
    unsigned n_slices = 0;
    do {
        found = (struct found){.next = -1};
        for (unsigned i = 0; i < pod->n_ocses; i++)
            if (observe_is_usable(&pod->ocs[i]))
                look_at_ocs(&pod->ocs[i], now_us, &found);
            else
                look_at_unread(&pod->ocs[i], &found);
        n_slices += found.n_slices;
    } while (found.n_slices);
    found.n_slices = n_slices;
    return found;
}

static bool is_anything_missing(const struct fabric_pod *pod) {
    for (unsigned i = 0; i < pod->n_ocses; i++)
        if (pod->ocs[i].n_missing && observe_is_usable(&pod->ocs[i]))
            return true;
    return false;
}

/* After a start nothing is judged by the first switches that answer. */
static bool is_waiting_for_switches(const struct fabric_pod *pod) {
    for (unsigned i = 0; i < pod->n_ocses && !pod->fabric->grace_is_over; i++)
        if (!pod->ocs[i].map_known)
            return true;
    return false;
}

static void forget_slices(struct fabric_pod *pod) {
    for (struct fabric_slice *slice = pod->fabric->slices; slice; slice = slice->next)
        if (slice->pod == pod)
            slice->is_restored = false;
}

static void open_domain(struct fabric_pod *pod, const char *domain, int64_t now_us) {
    struct fabric_restore *restore = &pod->restore;
    if (!restore->is_running)
        *restore = (struct fabric_restore){.is_running = true};
    snprintf(restore->domain, sizeof(restore->domain), "%s", domain);
    restore->stage++;
    restore->since_us = fabric_wall_us(pod->fabric, now_us);
    restore->began_us = now_us;
    restore->is_held = false;
    restore->sight = (struct stage_sight){0};
    for (unsigned i = 0; i < pod->n_ocses; i++)
        if (is_of_stage(&pod->ocs[i])) {
            restore->open |= UINT64_C(1) << i;
            pod->ocs[i].needs_reconcile = true;
        }
    fabric_mark(pod->fabric);
}

static void end(struct fabric_pod *pod) {
    pod->restore.is_running = pod->restore.is_held = false;
    pod->restore.domain[0] = '\0';
    pod->restore.open = 0;
    forget_slices(pod);
}

static void put_row(struct change *change, const struct fabric_pod *pod) {
    const struct fabric_restore *restore = &pod->restore;
    const struct store_restore row = {.pod_id = pod->pod_id,
                                      .domain = restore->domain,
                                      .open_ocses = (int64_t)restore->open,
                                      .stage = restore->stage,
                                      .since_us = restore->since_us};
    if (restore->is_running)
        store_put(change->rows, STORE_RESTORE, &row);
    else
        store_delete(change->rows, STORE_RESTORE, &row, 1);
}

static void revert_told(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_pod *pod = step->object;
    pod->restore.is_told = false;
}

static void land_told(struct fabric *fabric, struct step *step, int64_t now_us) {
}

/* The stage at work, and whether it is held, into the store and to whoever watches. It moves on without
 * waiting for that: light comes back also while the disk is full. */
static void tell(struct fabric_pod *pod, int64_t now_us) {
    struct fabric_restore *restore = &pod->restore;
    char text[FABRIC_TEXT_MAX];
    if (restore->is_told)
        return;
    struct change *change = change_begin(pod->fabric, "heliostatd", now_us);
    if (!change)
        return;
    restore_text(pod, text, sizeof(text));
    put_row(change, pod);
    change_add_event(change, restore->is_held ? "RESTORE_HELD" : "RESTORE_STAGE", pod, pod->name, NULL, text,
                     restore->told_domain, restore->domain);
    const struct step step = {.land = land_told, .revert = revert_told, .object = pod};
    change_add_step(change, &step);
    restore->is_told = true;
    snprintf(restore->told_domain, sizeof(restore->told_domain), "%s", restore->domain);
    if (change_submit(change) < 0)
        fabric_mark(pod->fabric);
}

void restore_review(struct fabric_pod *pod, int64_t now_us) {
    struct fabric_restore *restore = &pod->restore;
    if (pod->frozen || pod->undurable_thaws || pod->is_blind || pod->is_importing)
        return;
    if (!restore->is_running && !is_anything_missing(pod)) {
        if (restore->stage)
            tell(pod, now_us);
        return;
    }
    if (restore->is_running && is_waiting_for_switches(pod))
        return;
    const struct fabric_settings *settings = &pod->fabric->settings;
    struct found found = look(pod, now_us);
    if (!restore->is_running) {
        if (found.n_slices < settings->restore_many_slices) {
            forget_slices(pod);
            return;
        }
        open_domain(pod, pod->ocs[found.next].power_domain, now_us);
        restore->is_told = false;
        found = look(pod, now_us);
    }
    enum stage_verdict verdict = found.n_unread && !found.sight.n_links
                                     ? STAGE_UNDER_WAY
                                     : stage_judge(&found.sight, settings->restore_pass_percent);
    bool is_held =
        verdict == STAGE_STOPPED || (verdict == STAGE_UNDER_WAY && now_us - restore->began_us >= PATIENCE_US);
    restore->sight = found.sight;
    if (verdict == STAGE_PASSED && found.next >= 0) {
        open_domain(pod, pod->ocs[found.next].power_domain, now_us);
        restore->sight = look(pod, now_us).sight;
        restore->is_told = false;
    } else if (verdict == STAGE_PASSED && !found.n_restorable) {
        end(pod);
        restore->is_told = false;
    } else if (is_held != restore->is_held) {
        restore->is_held = is_held;
        restore->is_told = restore->is_told && !is_held;
    }
    tell(pod, now_us);
}

bool restore_is_open(const struct fabric_ocs *ocs) {
    const struct fabric_restore *restore = &ocs->pod->restore;
    return !restore->is_running || restore->open >> ocs->index & 1;
}

bool restore_is_held(const struct fabric_pod *pod) {
    return pod->restore.is_running && pod->restore.is_held;
}

static void revert_go_on(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_pod *pod = step->object;
    pod->restore = *(const struct fabric_restore *)step->before;
    pod->restore.is_told = false;
    free(step->before);
}

void restore_go_on(struct change *change, struct fabric_pod *pod, int64_t now_us) {
    struct fabric_restore *before = malloc(sizeof(*before));
    if (!before) {
        change->has_failed = true;
        return;
    }
    *before = pod->restore;
    struct found found = look(pod, now_us);
    if (found.next >= 0) {
        open_domain(pod, pod->ocs[found.next].power_domain, now_us);
        pod->restore.sight = look(pod, now_us).sight;
    } else {
        end(pod);
    }
    put_row(change, pod);
    change_add_event(change, "RESTORE_STAGE", pod, pod->name, NULL, "an operator let it go on",
                     before->domain, pod->restore.domain);
    snprintf(pod->restore.told_domain, sizeof(pod->restore.told_domain), "%s", pod->restore.domain);
    pod->restore.is_told = true;
    const struct step step = {
        .land = step_forget_before, .revert = revert_go_on, .object = pod, .before = before};
    change_add_step(change, &step);
}

int restore_load(struct fabric *fabric, const struct store_restore *row, int64_t now_us) {
    struct fabric_pod *pod = fabric->pods;
    while (pod && pod->pod_id != row->pod_id)
        pod = pod->next;
    if (!pod)
        return -EBADMSG;
    struct fabric_restore *restore = &pod->restore;
    *restore = (struct fabric_restore){.is_running = true,
                                       .is_told = true,
                                       .open = (uint64_t)row->open_ocses,
                                       .stage = (unsigned)row->stage,
                                       .since_us = row->since_us,
                                       .began_us = now_us};
    snprintf(restore->domain, sizeof(restore->domain), "%s", row->domain);
    snprintf(restore->told_domain, sizeof(restore->told_domain), "%s", row->domain);
    return 0;
}

static void name_wrong(const struct fabric_pod *pod, char *text, size_t size) {
    size_t at = 0;
    unsigned named = 0;
    int64_t now_us = pod->fabric->last_now_us;
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        const struct fabric_ocs *ocs = &pod->ocs[i];
        if (!is_of_stage(ocs) || !observe_is_usable(ocs))
            continue;
        for (unsigned a = 1; a <= ocs->ports_a && at < size && named < NAMED_MAX; a++) {
            const struct fabric_port *port = &ocs->port[a];
            if (!comes_back(port) || !port->want_slice->is_restored)
                continue;
            bool is_missing = port->observed_b != port->want_b;
            if (stage_link_proof(ocs, a) > 0 || (is_missing && port->in_flight))
                continue;
            at += (size_t)snprintf(text + at, size - at, "%s%s A%u-B%u %s", named++ ? ", " : ": ", ocs->name,
                                   a, port->want_b,
                                   !is_missing                             ? "dark"
                                   : reconcile_may_restore(ocs, a, now_us) ? "missing"
                                                                           : "not made");
        }
    }
}

void restore_text(const struct fabric_pod *pod, char *text, size_t size) {
    const struct fabric_restore *restore = &pod->restore;
    if (!restore->is_running) {
        snprintf(text, size, "what could be restored is restored");
        return;
    }
    int at = snprintf(text, size, "stage %u, power domain %s: %u of %u links are proved", restore->stage,
                      restore->domain, restore->sight.n_proved, restore->sight.n_links);
    if (restore->is_held && (size_t)at < size)
        at += snprintf(text + at, size - (size_t)at, ", %u are wrong", restore->sight.n_wrong);
    if (restore->is_held && (size_t)at < size)
        name_wrong(pod, text + at, size - (size_t)at);
}
