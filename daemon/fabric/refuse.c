#include "daemon/fabric/refuse.h"
#include "daemon/fabric/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 10000

void fabric_refusal_deinit(struct fabric_refusal *refusal) {
    for (size_t i = 0; i < refusal->n_items; i++)
        free(refusal->items[i]);
    free(refusal->items);
    *refusal = (struct fabric_refusal){0};
}

#define WRITE_TEXT(to, format)                                                                               \
    do {                                                                                                     \
        va_list arguments;                                                                                   \
        va_start(arguments, format);                                                                         \
        vsnprintf(to, sizeof(to), format, arguments);                                                        \
        va_end(arguments);                                                                                   \
    } while (0)

static int finish(struct fabric_refusal *refusal, enum reason reason, int kind, const char *field) {
    refusal->reason = reason;
    refusal->kind = kind;
    snprintf(refusal->field, sizeof(refusal->field), "%s", field);
    return FABRIC_REFUSED;
}

int refuse(struct fabric_refusal *refusal, enum reason reason, const char *field, const char *format, ...) {
    WRITE_TEXT(refusal->text, format);
    return finish(refusal, reason, FABRIC_REFUSAL_REASON, field);
}

int refuse_invalid(struct fabric_refusal *refusal, const char *field, const char *format, ...) {
    WRITE_TEXT(refusal->text, format);
    return finish(refusal, REASON_NONE, FABRIC_REFUSAL_INVALID, field);
}

int refuse_not_found(struct fabric_refusal *refusal, const char *field, const char *format, ...) {
    WRITE_TEXT(refusal->text, format);
    return finish(refusal, REASON_NONE, FABRIC_REFUSAL_NOT_FOUND, field);
}

void refusal_set_fits(struct fabric_refusal *refusal, const char *format, ...) {
    WRITE_TEXT(refusal->would_fit_if, format);
}

void refusal_add_item(struct fabric_refusal *refusal, const char *format, ...) {
    char text[256];
    WRITE_TEXT(text, format);
    if (refusal->n_items >= ITEMS_MAX)
        return;
    char **items = realloc(refusal->items, sizeof(*items) * (refusal->n_items + 1));
    if (!items)
        return;
    refusal->items = items;
    items[refusal->n_items] = strdup(text);
    refusal->n_items += items[refusal->n_items] != NULL;
}

int refuse_topology(struct fabric_refusal *refusal, const char *field, const char *topology,
                    struct topo_shape *ret_shape) {
    char error[300];
    int r = topo_shape_parse(topology, ret_shape, error, sizeof(error));
    if (r == 0)
        return 0;
    return refuse(refusal,
                  r == TOPO_SHAPE_TOO_LARGE ? REASON_LARGER_THAN_MODEL_LIMIT : REASON_INVALID_TOPOLOGY, field,
                  "%s", error);
}

static enum reason reason_of(enum topo_reason reason) {
    switch (reason) {
    case TOPO_REASON_NONE:
    case TOPO_REASON_INVALID_ARGUMENT:
    case TOPO_REASON_INVALID_TOPOLOGY:
        return REASON_INVALID_TOPOLOGY;
    case TOPO_REASON_LARGER_THAN_MODEL_LIMIT:
        return REASON_LARGER_THAN_MODEL_LIMIT;
    case TOPO_REASON_NOT_ENOUGH_CUBES:
        return REASON_NOT_ENOUGH_CUBES;
    case TOPO_REASON_NEEDS_TOLERANCE:
        return REASON_NEEDS_TOLERANCE;
    case TOPO_REASON_HELD_BY_SPARES:
        return REASON_HELD_BY_SPARES;
    case TOPO_REASON_PIN_USED:
        return REASON_PIN_USED;
    case TOPO_REASON_PIN_UNHEALTHY:
        return REASON_PIN_UNHEALTHY;
    case TOPO_REASON_OCS_UNREACHABLE:
        return REASON_OCS_UNREACHABLE;
    case TOPO_REASON_ISOLATION_UNPROVEN:
        return REASON_ISOLATION_UNPROVEN;
    case TOPO_REASON_UNACCOUNTED_CIRCUIT:
        return REASON_UNACCOUNTED_CIRCUIT;
    case TOPO_REASON_INVALID_PIN:
        return REASON_INVALID_PIN;
    }
    return REASON_NOT_ENOUGH_CUBES;
}

static void name_switches(struct fabric_refusal *refusal, const struct fabric_pod *pod, uint64_t ocses) {
    bool all_mismatch = ocses != 0;
    size_t at = strlen(refusal->text);
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        const struct fabric_ocs *ocs = &pod->ocs[i];
        char name[96];
        if (!(ocses >> i & 1))
            continue;
        all_mismatch = all_mismatch && device_state(ocs->device) == DEVICE_MISMATCH;
        refusal_add_item(refusal, "%s: %s: %s", fabric_ocs_name(ocs, name), ocs_state_name(ocs->state),
                         device_cause(ocs->device));
        if (refusal->n_items <= 4 && at < sizeof(refusal->text))
            at += (size_t)snprintf(refusal->text + at, sizeof(refusal->text) - at,
                                   refusal->n_items == 1 ? ": %s" : ", %s", name);
        else if (refusal->n_items == 5 && at < sizeof(refusal->text))
            at += (size_t)snprintf(refusal->text + at, sizeof(refusal->text) - at, " ...");
    }
    if (all_mismatch && refusal->reason == REASON_OCS_UNREACHABLE)
        refusal->reason = REASON_OCS_MISMATCH;
}

static void name_cubes(struct fabric_refusal *refusal, const struct fabric_pod *pod) {
    char name[96];
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        const struct fabric_cube *cube = &pod->cube[i];
        if (fabric_cube_is_used(cube))
            continue;
        if (cube->health != HEALTH_HEALTHY && cube->health != HEALTH_DEGRADED)
            refusal_add_item(refusal, "%s: %s: %s", fabric_cube_name(cube, name), health_name(cube->health),
                             cube->health_cause);
        else if (cube->scheduling != SCHEDULING_SCHEDULABLE)
            refusal_add_item(refusal, "%s: %s: %s", fabric_cube_name(cube, name),
                             scheduling_name(cube->scheduling), cube->scheduling_reason);
        else if (cube->has_unaccounted)
            refusal_add_item(refusal, "%s: carries a circuit that no slice explains",
                             fabric_cube_name(cube, name));
        else if (cube->is_unproven)
            refusal_add_item(refusal, "%s: may be connected to another cube on a switch that cannot be read",
                             fabric_cube_name(cube, name));
        else if (cube->is_spare)
            refusal_add_item(refusal, "%s: held as a spare", fabric_cube_name(cube, name));
    }
}

static void name_parts(struct fabric_refusal *refusal, const struct fabric_cube *cube) {
    char name[96];
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
        const struct fabric_slice *part = cube->host[host].part;
        if (part && (part->accepted->host_mask & ((1u << host) - 1)) == 0)
            refusal_add_item(refusal, "%s: %d of its hosts are of slice %s", fabric_cube_name(cube, name),
                             __builtin_popcount(part->accepted->host_mask), part->name);
    }
}

int refuse_plan(struct fabric_refusal *refusal, const struct fabric_pod *pod, const char *field,
                const struct topo_refusal *why) {
    refuse(refusal, reason_of(why->reason), field, "%s", why->text);
    refusal_set_fits(refusal, "%s", why->would_fit_if);
    uint64_t ocses = why->ocses;
    if (why->reason == TOPO_REASON_ISOLATION_UNPROVEN)
        ocses |= pod->plan.bad_ocses;
    if (ocses)
        name_switches(refusal, pod, ocses);
    else if (why->cube >= TOPO_CUBES_MAX)
        name_cubes(refusal, pod);
    else if (why->cube < pod->n_cubes) {
        const struct fabric_cube *cube = &pod->cube[why->cube];
        char name[96];
        if (cube->slice)
            refusal_add_item(refusal, "%s: used by slice %s", fabric_cube_name(cube, name),
                             cube->slice->name);
        else if (cube->part_hosts)
            name_parts(refusal, cube);
        else if (cube->scheduling != SCHEDULING_SCHEDULABLE)
            refusal_add_item(refusal, "%s: %s: %s", fabric_cube_name(cube, name),
                             scheduling_name(cube->scheduling), cube->scheduling_reason);
        else
            refusal_add_item(refusal, "%s: %s: %s", fabric_cube_name(cube, name), health_name(cube->health),
                             cube->health_cause);
    }
    return FABRIC_REFUSED;
}
