/* The steps on cubes, pods, switches, operations, former slices and the audit trail. */
#include "daemon/fabric/baseline.h"
#include "daemon/fabric/change.h"
#include "daemon/fabric/pod.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy_record(struct fabric_cube *to, const struct fabric_cube *from) {
    to->health = from->health;
    memcpy(to->health_cause, from->health_cause, sizeof(to->health_cause));
    memcpy(to->health_source, from->health_source, sizeof(to->health_source));
    to->health_since_us = from->health_since_us;
    to->mark = from->mark;
    memcpy(to->mark_reason, from->mark_reason, sizeof(to->mark_reason));
    memcpy(to->mark_by, from->mark_by, sizeof(to->mark_by));
    to->scheduling = from->scheduling;
    memcpy(to->scheduling_reason, from->scheduling_reason, sizeof(to->scheduling_reason));
    memcpy(to->scheduling_by, from->scheduling_by, sizeof(to->scheduling_by));
    to->scheduling_since_us = from->scheduling_since_us;
    to->drain_by_us = from->drain_by_us;
    to->is_spare = from->is_spare;
    to->revision = from->revision;
}

static void cube_moved(struct fabric_cube *cube) {
    cube->pod->plan_is_old = cube->pod->classes_are_old = true;
    cube->pod->repair_at_us = 0;
    if (cube->slice)
        cube->slice->needs_judging = true;
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++)
        if (cube->host[host].part)
            cube->host[host].part->needs_judging = true;
}

static void land_cube(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_cube *cube = step->object;
    cube->n_undurable--;
    cube_moved(cube);
    free(step->before);
}

static void revert_cube(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_cube *cube = step->object;
    copy_record(cube, step->before);
    cube->n_undurable--;
    free(step->before);
    cube_moved(cube);
    cube->host[0].has_moved = true; /* what was undone may follow from reports: derived again */
}

void change_cube_before(struct change *change, struct fabric_cube *cube) {
    struct fabric_cube *before = malloc(sizeof(*before));
    if (!before) {
        change->has_failed = true;
        return;
    }
    copy_record(before, cube);
    cube->n_undurable++;
    struct step step = {.land = land_cube, .revert = revert_cube, .object = cube, .before = before};
    change_add_step(change, &step);
}

void change_cube_done(struct change *change, struct fabric_cube *cube, int64_t revision) {
    cube->revision = revision;
    struct store_cube row = pod_cube_row(cube);
    store_put(change->rows, STORE_CUBE, &row);
    cube_moved(cube);
}

struct frozen_before {
    enum frozen frozen;
    char text[FABRIC_TEXT_MAX];
    int64_t revision;
};

static void land_frozen(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_pod *pod = step->object;
    pod->undurable_thaws -= step->number;
    free(step->before);
    for (unsigned ocs = 0; ocs < pod->n_ocses; ocs++)
        pod->ocs[ocs].needs_reconcile = true;
}

static void revert_frozen(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_pod *pod = step->object;
    struct frozen_before *before = step->before;
    pod->undurable_thaws -= step->number;
    pod->frozen = before->frozen;
    memcpy(pod->frozen_text, before->text, sizeof(pod->frozen_text));
    pod->revision = before->revision;
    free(before);
}

void change_pod_frozen(struct change *change, struct fabric_pod *pod, enum frozen frozen, const char *text) {
    struct frozen_before *before = malloc(sizeof(*before));
    if (!before) {
        change->has_failed = true;
        return;
    }
    before->frozen = pod->frozen;
    before->revision = pod->revision;
    memcpy(before->text, pod->frozen_text, sizeof(before->text));
    pod->revision = change_add_event(change, frozen ? "POD_FROZEN" : "POD_THAWED", pod, pod->name, NULL, text,
                                     pod->frozen ? "FROZEN" : "LIVE", frozen ? "FROZEN" : "LIVE");
    pod->frozen = frozen;
    snprintf(pod->frozen_text, sizeof(pod->frozen_text), "%s", frozen ? text : "");
    struct store_pod row = pod_row(pod);
    store_put(change->rows, STORE_POD, &row);
    bool is_thaw = before->frozen && !frozen;
    pod->undurable_thaws += is_thaw;
    struct step step = {
        .land = land_frozen, .revert = revert_frozen, .object = pod, .before = before, .number = is_thaw};
    change_add_step(change, &step);
}

struct ocs_before {
    char address[DEVICE_WORD_MAX], product[DEVICE_WORD_MAX], serial[DEVICE_WORD_MAX];
    int64_t revision;
    bool has_address;
};

static void land_ocs(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_ocs *ocs = step->object;
    struct ocs_before *before = step->before;
    if (before->has_address) {
        ocs->path.is_known = false;
        device_set_address(ocs->device, ocs->address, now_us);
    } else {
        device_set_pin(ocs->device, ocs->product, ocs->serial, now_us);
    }
    free(before);
    fabric_mark(fabric);
}

static void revert_ocs(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_ocs *ocs = step->object;
    struct ocs_before *before = step->before;
    fabric->inventory_epoch++;
    memcpy(ocs->address, before->address, sizeof(ocs->address));
    memcpy(ocs->product, before->product, sizeof(ocs->product));
    memcpy(ocs->serial, before->serial, sizeof(ocs->serial));
    ocs->revision = before->revision;
    free(before);
}

void change_ocs(struct change *change, struct fabric_ocs *ocs, const char *address, const char *product,
                const char *serial, const char *kind) {
    struct ocs_before *before = malloc(sizeof(*before));
    if (!before) {
        change->has_failed = true;
        return;
    }
    char name[96], after[64];
    memcpy(before->address, ocs->address, sizeof(before->address));
    memcpy(before->product, ocs->product, sizeof(before->product));
    memcpy(before->serial, ocs->serial, sizeof(before->serial));
    before->revision = ocs->revision;
    before->has_address = address != NULL;
    change->fabric->inventory_epoch++;
    if (address)
        snprintf(ocs->address, sizeof(ocs->address), "%s", address);
    if (product)
        snprintf(ocs->product, sizeof(ocs->product), "%s", product);
    if (serial)
        snprintf(ocs->serial, sizeof(ocs->serial), "%s", serial);
    if (strcmp(before->serial, ocs->serial) || strcmp(before->product, ocs->product))
        baseline_drop_ocs(change, ocs);
    snprintf(after, sizeof(after), "%s", address ? ocs->address : ocs->serial);
    ocs->revision = change_add_event(change, kind, ocs->pod, fabric_ocs_name(ocs, name), NULL, "",
                                     address ? before->address : before->serial, after);
    struct store_ocs row = pod_ocs_row(ocs);
    store_put(change->rows, STORE_OCS, &row);
    struct step step = {.land = land_ocs, .revert = revert_ocs, .object = ocs, .before = before};
    change_add_step(change, &step);
}

static void put_operation(struct change *change, const struct fabric_operation *operation) {
    struct store_operation row = {.operation_id = operation->id,
                                  .kind = operation->kind,
                                  .slices = operation->slices,
                                  .owner = operation->owner,
                                  .state = operation->state,
                                  .text = operation->text,
                                  .created_us = operation->created_us,
                                  .done_us = operation->done_us};
    store_put(change->rows, STORE_OPERATION, &row);
}

static void free_operation(struct fabric_operation *operation) {
    free(operation->slices);
    free(operation);
}

static void land_operation(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_operation *operation = step->object;
    operation->durable_revision = fabric->durable_revision;
    if (step->before)
        operation->is_ending = false;
    free(step->before);
    if (fabric->listener.on_operation)
        fabric->listener.on_operation(fabric->listener.userdata, operation);
}

static void revert_operation(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_operation *operation = step->object, *before = step->before;
    if (before) {
        operation->state = before->state;
        operation->is_ending = before->is_ending;
        operation->done_us = before->done_us;
        memcpy(operation->text, before->text, sizeof(operation->text));
        free(before);
        return;
    }
    for (struct fabric_operation **at = &fabric->operations; *at; at = &(*at)->next)
        if (*at == operation) {
            *at = operation->next;
            break;
        }
    free_operation(operation);
}

void change_operation_new(struct change *change, struct fabric_operation *operation) {
    struct fabric *fabric = change->fabric;
    operation->id = ++fabric->counter[STORE_COUNTER_OPERATION];
    operation->created_us = fabric_wall_us(fabric, change->now_us);
    if (operation->state != OPERATION_RUNNING)
        operation->done_us = operation->created_us;
    operation->next = fabric->operations;
    fabric->operations = operation;
    put_operation(change, operation);
    struct step step = {.land = land_operation, .revert = revert_operation, .object = operation};
    change_add_step(change, &step);
}

void change_operation_end(struct change *change, struct fabric_operation *operation,
                          enum operation_state state, const char *text) {
    struct fabric_operation *before = malloc(sizeof(*before));
    if (!before) {
        change->has_failed = true;
        return;
    }
    *before = *operation;
    operation->state = state;
    operation->is_ending = true;
    operation->done_us = fabric_wall_us(change->fabric, change->now_us);
    snprintf(operation->text, sizeof(operation->text), "%s", text);
    put_operation(change, operation);
    struct step step = {
        .land = land_operation, .revert = revert_operation, .object = operation, .before = before};
    change_add_step(change, &step);
}

static void land_former(struct fabric *fabric, struct step *step, int64_t now_us) {
    pod_remove_former(step->object, step->before);
}

static void revert_former(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_former *former = step->before;
    former->is_going = false;
}

void change_former_drop(struct change *change, struct fabric_pod *pod, struct fabric_former *former) {
    struct store_position place = {.uid = former->uid, .generation = former->generation};
    struct store_slice row = {.uid = former->uid, .generation = former->generation};
    store_delete(change->rows, STORE_POSITION, &place, 2);
    store_delete(change->rows, STORE_SLICE, &row, 2);
    former->is_going = true;
    struct step step = {.land = land_former, .revert = revert_former, .object = pod, .before = former};
    change_add_step(change, &step);
}

void change_add_detail(struct change *change, const char *format, ...) {
    char text[FABRIC_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    size_t length = change->detail ? strlen(change->detail) : 0;
    char *grown = realloc(change->detail, length + strlen(text) + 3);
    if (!grown) {
        change->has_failed = true;
        return;
    }
    sprintf(grown + length, "%s%s", length ? ", " : "", text);
    change->detail = grown;
}

void change_audit(struct change *change, const struct fabric_actor *actor, const char *object,
                  const char *outcome) {
    char *whole = NULL;
    if (change->detail) {
        size_t size = strlen(outcome) + strlen(change->detail) + 3;
        whole = malloc(size);
        if (whole)
            snprintf(whole, size, "%s: %s", outcome, change->detail);
        else
            change->has_failed = true;
    }
    struct store_audit row = {.audit_id = ++change->fabric->counter[STORE_COUNTER_AUDIT],
                              .time_us = fabric_wall_us(change->fabric, change->now_us),
                              .actor = actor->principal,
                              .method = actor->method,
                              .object = object,
                              .request = actor->request_id,
                              .outcome = whole ? whole : outcome};
    store_put(change->rows, STORE_AUDIT, &row);
    free(whole);
}
