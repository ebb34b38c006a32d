/* What a person changed while it was dark: another rack, another host in it, or a fiber on another port. */
#include "daemon/fabric/attribution.h"
#include "daemon/fabric/baseline.h"
#include "daemon/fabric/health_times.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/qualify_host.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"
#include "daemon/fabric/scheduling.h"

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

static int refuse_unsafe(const char *field, const char *name, const struct fabric_maintenance *m,
                         struct fabric_refusal *refusal) {
    refusal_set_fits(refusal, "it is under maintenance and safe to touch");
    return refuse(refusal, REASON_WOULD_DISRUPT, field, "%s is %s", name,
                  !m                      ? "not under maintenance"
                  : m->accepted.is_ending ? "done already"
                                          : "not proven dark yet");
}

static bool is_safe(const struct fabric_maintenance *m) {
    return m && m->is_durable && m->durable.told == MAINTENANCE_SAFE && !m->accepted.is_ending;
}

#define ALL_HOSTS UINT16_MAX

struct serials {
    uint16_t hosts;                      /* a bit each: whose chips these are */
    char *serial[FABRIC_CHIPS_PER_CUBE]; /* NULL: of another host */
};

static void serials_free(struct serials *serials) {
    for (unsigned i = 0; serials && i < FABRIC_CHIPS_PER_CUBE; i++)
        free(serials->serial[i]);
    free(serials);
}

static unsigned host_of_chip(unsigned chip) {
    return chip % 4 / 2 + 2 * (chip / 4 % 4 / 2) + 4 * (chip / 16);
}

/* Nothing that was heard of the old hosts counts for the new ones. */
static void forget_hosts(struct fabric_cube *cube, uint16_t hosts) {
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
        if (!(hosts >> host & 1))
            continue;
        cube->host[host].heard_us = 0;
        cube->host[host].health = HEALTH_UNKNOWN;
        cube->host[host].cause = "NOT_HEARD";
        cube->host[host].has_moved = true;
    }
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++)
            if (hosts >> attribution_host_of_end(face, index) & 1)
                cube->end[face][index] = (struct link_end){.far_end = TOPO_NO_END};
}

static void land_serials(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_cube *cube = step->object;
    struct serials *serials = step->after;
    for (unsigned i = 0; i < FABRIC_CHIPS_PER_CUBE; i++) {
        if (!(serials->hosts >> host_of_chip(i) & 1))
            continue;
        char *old = cube->serial[i];
        cube->serial[i] = serials->serial[i];
        serials->serial[i] = old;
    }
    forget_hosts(cube, serials->hosts);
    serials_free(serials);
    fabric_mark(fabric);
}

static void revert_serials(struct fabric *fabric, struct step *step, int64_t now_us) {
    serials_free(step->after);
}

/* The serials of the hosts' chips are another's from now on. */
static void change_serials(struct change *change, struct fabric_cube *cube, uint16_t hosts,
                           const char *const serials[FABRIC_CHIPS_PER_CUBE]) {
    struct serials *new = calloc(1, sizeof(*new));
    if (!new) {
        change->has_failed = true;
        return;
    }
    new->hosts = hosts;
    for (unsigned i = 0; i < FABRIC_CHIPS_PER_CUBE; i++) {
        unsigned host = host_of_chip(i);
        if (!(hosts >> host & 1))
            continue;
        struct store_chip row = {.pod_id = cube->pod->pod_id,
                                 .cube = cube->index,
                                 .x = i % 4,
                                 .y = i / 4 % 4,
                                 .z = i / 16,
                                 .serial = serials[i],
                                 .host = host};
        store_put(change->rows, STORE_CHIP, &row);
        new->serial[i] = strdup(serials[i]);
        change->has_failed = change->has_failed || !new->serial[i];
    }
    struct step step = {.land = land_serials, .revert = revert_serials, .object = cube, .after = new};
    change_add_step(change, &step);
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
        return refuse_unsafe("cube", name, m, refusal);
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    baseline_drop_hosts(change, cube, ALL_HOSTS);
    change_cube_before(change, cube);
    cube->mark = HEALTH_NONE; /* what was said of the old rack */
    cube->mark_reason[0] = cube->mark_by[0] = '\0';
    int64_t revision =
        change_add_event(change, "CUBE_REPLACED", cube->pod, name, NULL, m->reason, "", serials[0]);
    change_cube_done(change, cube, revision);
    change_serials(change, cube, ALL_HOSTS, serials);
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, name, ret_outcome);
}

static int check_serials(const struct fabric_cube *cube, unsigned host,
                         const char *const serials[FABRIC_CHIPS_PER_CUBE], struct fabric_refusal *refusal) {
    for (unsigned i = 0; i < FABRIC_CHIPS_PER_CUBE; i++) {
        if (host_of_chip(i) != host && serials[i])
            return refuse_invalid(refusal, "serials",
                                  "chip-%u-%u-%u is not of host-%02u; its 4 chips are x %u "
                                  "and %u, y %u and %u, z %u",
                                  i % 4, i / 4 % 4, i / 16, host, host % 2 * 2, host % 2 * 2 + 1,
                                  host / 2 % 2 * 2, host / 2 % 2 * 2 + 1, host / 4);
        if (host_of_chip(i) != host)
            continue;
        if (!serials[i])
            return refuse_invalid(refusal, "serials", "the serial of chip-%u-%u-%u is not given", i % 4,
                                  i / 4 % 4, i / 16);
        for (unsigned c = 0; c < cube->pod->n_cubes; c++)
            for (unsigned k = 0; k < FABRIC_CHIPS_PER_CUBE; k++) {
                const struct fabric_cube *other = &cube->pod->cube[c];
                if (!(other == cube && host_of_chip(k) == host) && other->serial[k] &&
                    strcmp(other->serial[k], serials[i]) == 0)
                    return refuse_invalid(refusal, "serials", "serial %s is that of %s/chip-%u-%u-%u",
                                          serials[i], other->name, k % 4, k / 4 % 4, k / 16);
            }
    }
    return 0;
}

/* The host whose links are lit as long as its slice runs cannot be tested; its cube stays out for others. */
int fabric_replace_host(struct fabric *fabric, const struct fabric_actor *actor,
                        const struct fabric_cube *read, unsigned host,
                        const char *const serials[FABRIC_CHIPS_PER_CUBE], int64_t now_us,
                        struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    struct fabric_cube *cube = (struct fabric_cube *)read;
    char name[112], object[MAINTENANCE_OBJECT_MAX], reason[FABRIC_TEXT_MAX];
    int r = check(fabric, actor, cube->pod, ret_outcome, refusal);
    if (r)
        return r;
    snprintf(object, sizeof(object), "%s/host-%02u", cube->name, host);
    struct fabric_maintenance *m = maintenance_find(cube->pod, object);
    if ((r = request_check_revision(actor, object, cube->revision, refusal)) ||
        (r = check_serials(cube, host, serials, refusal)))
        return r;
    if (!is_safe(m))
        return refuse_unsafe("host", object, m, refusal);
    if ((r = maintenance_check_hands(m, actor, "host", refusal)))
        return r;
    const struct fabric_qualification *test = qualify_find(cube->pod, cube->index);
    if (test && test->state == QUALIFICATION_RUNNING)
        return refuse_invalid(refusal, "host", "%s is being tested: say it again when that is over",
                              cube->name);
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    const uint16_t extent = qualify_host_extent(cube, host);
    const char *old = cube->serial[2 * (host % 2) + 4 * (2 * (host / 2 % 2) + 4 * (host / 4))];
    snprintf(name, sizeof(name), "%.63s/%.47s", cube->pod->name, object);
    change_add_event(change, "HOST_REPLACED", cube->pod, name, NULL, m->reason, old ? old : "",
                     serials[2 * (host % 2) + 4 * (2 * (host / 2 % 2) + 4 * (host / 4))]);
    baseline_drop_hosts(change, cube, (uint16_t)(1u << host));
    snprintf(reason, sizeof(reason), "host-%02u was replaced: its links are to be proved first", host);
    scheduling_happens(change, cube, CUBE_HOST_REPLACED, reason, NULL, 0);
    change_serials(change, cube, (uint16_t)(1u << host), serials);
    if (!qualify_host_await(change, cube, extent, actor->principal))
        change->has_failed = true;
    struct maintenance_terms terms = m->accepted;
    terms.is_ending = true;
    maintenance_change_terms(change, m, &terms);
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
    health_end_moved(m->pod, end, now_us);
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
        return refuse_unsafe("object", m->name, m, refusal);
    if ((r = maintenance_check_hands(m, actor, "object", refusal)))
        return r;
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
