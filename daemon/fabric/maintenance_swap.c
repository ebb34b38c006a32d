/* What a person changed while it was dark: another rack, or a fiber on another port. */
#include "daemon/fabric/baseline.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_pod *pod,
                 struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    if (pod->is_importing)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "object",
                      "the inventory of pod %s is being replaced", pod->name);
    *ret_outcome = (struct fabric_outcome){0};
    return 0;
}

static int refuse_unsafe(const char *name, const struct fabric_maintenance *m,
                         struct fabric_refusal *refusal) {
    refusal_set_fits(refusal, "it is under maintenance and safe to touch");
    return refuse(refusal, REASON_WOULD_DISRUPT, "object", "%s is %s", name,
                  !m                      ? "not under maintenance"
                  : m->accepted.is_ending ? "done already"
                                          : "not proven dark yet");
}

static bool is_safe(const struct fabric_maintenance *m) {
    return m && m->is_durable && m->durable.told == MAINTENANCE_SAFE && !m->accepted.is_ending;
}

struct serials {
    char *serial[FABRIC_CHIPS_PER_CUBE];
};

static void serials_free(struct serials *serials) {
    for (unsigned i = 0; serials && i < FABRIC_CHIPS_PER_CUBE; i++)
        free(serials->serial[i]);
    free(serials);
}

/* Nothing that was heard of the old rack counts for the new one. */
static void forget_rack(struct fabric_cube *cube) {
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
        cube->host[host].heard_us = 0;
        cube->host[host].health = HEALTH_UNKNOWN;
        cube->host[host].cause = "NOT_HEARD";
        cube->host[host].has_moved = true;
    }
    memset(cube->end, 0, sizeof(cube->end));
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++)
            cube->end[face][index].far_end = TOPO_NO_END;
}

static void land_serials(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_cube *cube = step->object;
    struct serials *serials = step->after;
    for (unsigned i = 0; i < FABRIC_CHIPS_PER_CUBE; i++) {
        char *old = cube->serial[i];
        cube->serial[i] = serials->serial[i];
        serials->serial[i] = old;
    }
    serials_free(serials);
    forget_rack(cube);
    fabric_mark(fabric);
}

static void revert_serials(struct fabric *fabric, struct step *step, int64_t now_us) {
    serials_free(step->after);
}

int fabric_replace_cube(struct fabric *fabric, const struct fabric_actor *actor,
                        const struct fabric_cube *read, const char *const serials[FABRIC_CHIPS_PER_CUBE],
                        int64_t now_us, struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    struct fabric_cube *cube = (struct fabric_cube *)read;
    char name[96];
    int r = check(fabric, actor, cube->pod, ret_outcome, refusal);
    if (r)
        return r;
    if ((r = request_check_revision(actor, fabric_cube_name(cube, name), cube->revision, refusal)))
        return r;
    const struct fabric_maintenance *m = maintenance_find(cube->pod, cube->name);
    if (!is_safe(m))
        return refuse_unsafe(name, m, refusal);
    if (actor->validate_only)
        return 0;
    struct serials *new = calloc(1, sizeof(*new));
    struct change *change = new ? change_begin(fabric, actor->principal, now_us) : NULL;
    if (new && !change) {
        free(new);
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    }
    if (!change)
        return -ENOMEM;
    for (unsigned i = 0; i < FABRIC_CHIPS_PER_CUBE; i++) {
        unsigned x = i % 4, y = i / 4 % 4, z = i / 16;
        struct store_chip row = {.pod_id = cube->pod->pod_id,
                                 .cube = cube->index,
                                 .x = x,
                                 .y = y,
                                 .z = z,
                                 .serial = serials[i],
                                 .host = x / 2 + 2 * (y / 2) + 4 * z};
        store_put(change->rows, STORE_CHIP, &row);
        new->serial[i] = strdup(serials[i]);
        change->has_failed = change->has_failed || !new->serial[i];
    }
    baseline_drop_cube(change, cube);
    change_cube_before(change, cube);
    cube->mark = HEALTH_NONE; /* what was said of the old rack */
    cube->mark_reason[0] = cube->mark_by[0] = '\0';
    int64_t revision =
        change_add_event(change, "CUBE_REPLACED", cube->pod, name, NULL, m->reason, "", serials[0]);
    change_cube_done(change, cube, revision);
    struct step step = {.land = land_serials, .revert = revert_serials, .object = cube, .after = new};
    change_add_step(change, &step);
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, name, ret_outcome);
}

static void move_fiber(struct topo_wiring *wiring, const struct maintenance_object *object) {
    uint16_t end = wiring->end_of[object->ocs][object->side][object->port];
    wiring->end_of[object->ocs][object->side][object->port] = TOPO_NO_END;
    wiring->end_of[object->ocs][object->side][object->move_to] = end;
    wiring->port_of[end].port = object->move_to;
    topo_wiring_seal(wiring);
}

static void land_move(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_maintenance *m = step->object;
    uint16_t end = m->pod->wiring->end_of[m->object.ocs][m->object.side][m->object.port];
    struct link_end *seen = &m->pod->cube[topo_end_cube(end)].end[topo_end_face(end)][topo_end_index(end)];
    move_fiber(m->pod->wiring, &m->object);
    seen->reports = 0;
    seen->known_dark = false;
    maintenance_derive_blocks(m->pod);
}

static void revert_nothing(struct fabric *fabric, struct step *step, int64_t now_us) {
}

/* A slice over the fiber is committed with the circuit set that the fiber table gives from now on. */
static void recommit_slices(struct change *change, const struct fabric_maintenance *m,
                            const struct topo_wiring *moved) {
    for (struct fabric_slice *slice = change->fabric->slices; slice; slice = slice->next) {
        struct slice_version *version = slice->accepted;
        if (slice->pod != m->pod || !slice_version_connects(version))
            continue;
        uint64_t fingerprint = topo_fingerprint(moved, &version->shape, version->cubes);
        if (fingerprint == version->fingerprint || version->is_held)
            continue;
        struct slice_version *after = slice_version_new(version);
        if (!after) {
            change->has_failed = true;
            return;
        }
        after->fingerprint = fingerprint;
        change_slice(change, slice, after, "SLICE_REWIRED", m->name);
    }
}

int fabric_finish_port_move(struct fabric *fabric, const struct fabric_actor *actor,
                            const struct fabric_maintenance *read, int64_t now_us,
                            struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    struct fabric_maintenance *m = (struct fabric_maintenance *)read;
    int r = check(fabric, actor, m->pod, ret_outcome, refusal);
    if (r || (r = maintenance_check_revision(m->pod, m->name, &m->object, actor, refusal)))
        return r;
    if (m->object.kind != MAINTENANCE_PORT || !m->object.move_to)
        return refuse_invalid(refusal, "object", "%s is not prepared for a move", m->name);
    if (!is_safe(m))
        return refuse_unsafe(m->name, m, refusal);
    if (!actor->is_operator && strcmp(actor->principal, m->begun_by) != 0)
        return refuse(refusal, REASON_NOT_OWNER, "object", "%s works on %s", m->begun_by, m->name);
    if (actor->validate_only)
        return 0;
    struct topo_wiring *moved = malloc(sizeof(*moved));
    struct change *change = moved ? change_begin(fabric, actor->principal, now_us) : NULL;
    if (moved && !change) {
        free(moved);
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    }
    if (!change)
        return -ENOMEM;
    *moved = *m->pod->wiring;
    move_fiber(moved, &m->object);
    uint16_t end = moved->end_of[m->object.ocs][m->object.side][m->object.move_to];
    struct store_fiber row = {.pod_id = m->pod->pod_id,
                              .cube = topo_end_cube(end),
                              .face = topo_end_face(end),
                              .link_index = topo_end_index(end),
                              .ocs = m->object.ocs,
                              .side = m->object.side,
                              .port = m->object.move_to};
    store_put(change->rows, STORE_FIBER, &row);
    char name[112], before[16], after[16], side = m->object.side == TOPO_SIDE_A ? 'A' : 'B';
    snprintf(name, sizeof(name), "%.63s/%.47s", m->pod->name, m->name);
    snprintf(before, sizeof(before), "%c%u", side, m->object.port);
    snprintf(after, sizeof(after), "%c%u", side, m->object.move_to);
    change_add_event(change, "FIBER_MOVED", m->pod, name, NULL, m->reason, before, after);
    struct step step = {.land = land_move, .revert = revert_nothing, .object = m};
    change_add_step(change, &step);
    recommit_slices(change, m, moved);
    free(moved);
    struct maintenance_terms terms = m->accepted;
    terms.is_ending = true;
    maintenance_change_terms(change, m, &terms);
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, name, ret_outcome);
}
