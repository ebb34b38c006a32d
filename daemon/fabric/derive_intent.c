/* From durable intent and observation to ports: what is wanted, what each circuit is, what a plan may use. */
#include "daemon/fabric/change.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/health_times.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/observe.h"
#include "daemon/fabric/qualify_cube.h"
#include "daemon/fabric/transition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void want(struct fabric_pod *pod, struct fabric_slice *slice, const struct slice_version *version) {
    for (unsigned position = 0; position < version->shape.n_cubes; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++)
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                struct topo_link link =
                    topo_link_at(pod->wiring, &version->shape, version->cubes, position, dimension, index);
                if (link.ocs < 0)
                    continue;
                struct fabric_ocs *ocs = &pod->ocs[link.ocs];
                struct fabric_port *port = &ocs->port[link.a];
                if (version->is_held) {
                    port->is_locked = true;
                    ocs->is_b_locked[link.b] = true;
                    continue;
                }
                struct slice_link seen = {(uint16_t)position, (uint8_t)dimension, (uint8_t)index,
                                          LINK_CAUSE_NONE};
                if (maintenance_takes(slice, version, &seen, &link)) {
                    port->yielded_b = link.b;
                    continue;
                }
                port->want_b = link.b;
                port->want_slice = slice;
                port->want_link = seen;
                ocs->want_a[link.b] = link.a;
            }
}

/* Every port of a held slice's cubes is left alone, whatever the circuits on it are. */
static void lock_ports(struct fabric_pod *pod, const struct slice_version *version) {
    for (unsigned position = 0; position < version->shape.n_cubes; position++)
        for (unsigned face = 0; face < TOPO_FACES; face++)
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                const struct topo_port *at =
                    &pod->wiring->port_of[topo_end(version->cubes[position], face, index)];
                if (at->ocs < 0)
                    continue;
                if (at->side == TOPO_SIDE_A)
                    pod->ocs[at->ocs].port[at->port].is_locked = true;
                else
                    pod->ocs[at->ocs].is_b_locked[at->port] = true;
            }
}

void derive_wants(struct fabric_pod *pod) {
    static uint16_t wanted[TOPO_OCSES_MAX][TOPO_PORTS_MAX + 1];
    pod->wants_are_old = false;
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        struct fabric_ocs *ocs = &pod->ocs[i];
        for (unsigned a = 1; a <= ocs->ports_a; a++) {
            wanted[i][a] = ocs->port[a].want_b;
            ocs->port[a].want_b = 0;
            ocs->port[a].want_slice = NULL;
            ocs->port[a].yielded_b = 0;
            ocs->port[a].is_test = false;
            ocs->port[a].is_locked = false;
        }
        memset(ocs->want_a, 0, sizeof(*ocs->want_a) * (ocs->ports_b + 1u));
        memset(ocs->is_b_locked, 0, sizeof(*ocs->is_b_locked) * (ocs->ports_b + 1u));
    }
    for (unsigned cube = 0; cube < pod->n_cubes; cube++) {
        pod->cube[cube].durable_slice = NULL;
        pod->cube[cube].durable_part_hosts = 0;
        pod->cube[cube].is_occupied = false;
    }
    for (struct fabric_slice *slice = pod->fabric->slices; slice; slice = slice->next) {
        const struct slice_version *version = slice->durable;
        if (slice->pod != pod || !slice_version_owns(version))
            continue;
        if (!version->shape.whole_cubes)
            pod->cube[version->cubes[0]].durable_part_hosts |= version->host_mask;
        for (unsigned position = 0; version->shape.whole_cubes && position < version->shape.n_cubes;
             position++)
            pod->cube[version->cubes[position]].durable_slice = slice;
        for (unsigned position = 0; version->state != SLICE_RESERVED && position < version->shape.n_cubes;
             position++)
            pod->cube[version->cubes[position]].is_occupied = true;
        if (slice_version_connects(version))
            want(pod, slice, version);
        if (version->is_held)
            lock_ports(pod, version);
    }
    qualify_want(pod);
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        struct fabric_ocs *ocs = &pod->ocs[i];
        for (unsigned a = 1; a <= ocs->ports_a; a++) {
            struct fabric_port *port = &ocs->port[a];
            if (port->want_b == wanted[i][a])
                continue;
            if (port->is_failed)
                health_circuit_moved(ocs, a, wanted[i][a], pod->fabric->last_now_us);
            if (port->want_b)
                ocs->retry_at_us = 0; /* what waits for another try must not delay what is new */
            port->failures = 0;
            port->remake = REMAKE_NEVER;
            port->is_put_right = false;
            port->is_failed = port->in_flight = false;
            memset(port->put_right_us, 0, sizeof(port->put_right_us));
            if (port->want_b && port->observed_b == port->want_b && !port->is_leaving)
                port->confirmed_b = port->want_b;
            else if (port->confirmed_b == port->want_b)
                port->confirmed_b = 0; /* it is to be made anew: nothing that drifted */
        }
        ocs->needs_reconcile = true;
    }
    pod->classes_are_old = pod->plan_is_old = true;
}

/* For each cube and dimension: the cubes that a former slice had at its + side. */
struct explained {
    struct topo_cube_set next[TOPO_CUBES_MAX][3];
};

static void explain(const struct fabric_pod *pod, struct explained *explained) {
    memset(explained, 0, sizeof(*explained));
    for (const struct fabric_former *former = pod->formers; former; former = former->next)
        for (unsigned position = 0; position < former->shape.n_cubes; position++)
            for (unsigned dimension = 0; dimension < 3; dimension++)
                topo_set_add(&explained->next[former->cubes[position]][dimension],
                             former->cubes[topo_shape_next(&former->shape, position, dimension)]);
}

static bool may_be_dark(const struct fabric_cube *cube) {
    if (cube->is_occupied || qualify_clears(cube))
        return false;
    /* A word that is not durable moves no mirror, and neither does a reservation, nor not knowing a cube's
     * health. */
    return cube->n_undurable || ((cube->health == HEALTH_HEALTHY || cube->health == HEALTH_UNKNOWN) &&
                                 cube->scheduling == SCHEDULING_SCHEDULABLE);
}

static enum circuit_class classify(const struct fabric_pod *pod, const struct explained *explained,
                                   const struct fabric_ocs *ocs, unsigned a) {
    const struct fabric_port *port = &ocs->port[a];
    unsigned b = port->observed_b;
    uint16_t end_a = pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a];
    uint16_t end_b = pod->wiring->end_of[ocs->index][TOPO_SIDE_B][b];
    if (end_a == TOPO_NO_END && end_b == TOPO_NO_END)
        return CIRCUIT_FOREIGN;
    if (port->want_b == b && port->is_test)
        return CIRCUIT_TEST;
    if (port->want_b == b || port->is_locked || ocs->is_b_locked[b])
        return CIRCUIT_INTENDED;
    if (port->yielded_b == b || maintenance_disrupts(pod, ocs->index, a, b))
        return CIRCUIT_STALE;
    if (end_a == TOPO_NO_END || end_b == TOPO_NO_END)
        return qualify_explains_test_port(ocs, a, b) ? CIRCUIT_STALE : CIRCUIT_UNACCOUNTED;
    if (qualify_explains(pod, end_a, end_b))
        return CIRCUIT_STALE;
    bool a_is_minus = topo_end_face(end_a) & 1;
    uint16_t plus = a_is_minus ? end_b : end_a, minus = a_is_minus ? end_a : end_b;
    unsigned dimension = topo_end_face(plus) / 2;
    if (topo_end_face(plus) != topo_face(dimension, false) ||
        topo_end_face(minus) != topo_face(dimension, true) || topo_end_index(plus) != topo_end_index(minus) ||
        !topo_set_has(&explained->next[topo_end_cube(plus)][dimension], topo_end_cube(minus)))
        return CIRCUIT_UNACCOUNTED;
    if (maintenance_clears(pod, ocs->index, a, b))
        return CIRCUIT_STALE;
    return may_be_dark(&pod->cube[topo_end_cube(plus)]) && may_be_dark(&pod->cube[topo_end_cube(minus)])
               ? CIRCUIT_DARK
               : CIRCUIT_STALE;
}

/* A circuit inside a slice isolates nobody from nobody. Which slice has a cube is asked of the accepted
 * intent: a cube that was just given back can be planned with at once. */
static void mark_unproven(struct fabric_pod *pod, uint16_t one, uint16_t other) {
    if (one != TOPO_NO_END)
        pod->cube[topo_end_cube(one)].may_be_lit = true;
    if (other != TOPO_NO_END)
        pod->cube[topo_end_cube(other)].may_be_lit = true;
    if (one == TOPO_NO_END || other == TOPO_NO_END || topo_end_cube(one) == topo_end_cube(other))
        return;
    struct fabric_cube *here = &pod->cube[topo_end_cube(one)], *there = &pod->cube[topo_end_cube(other)];
    if (here->slice && here->slice == there->slice)
        return;
    here->is_unproven = there->is_unproven = true;
    topo_set_add(&pod->plan.unproven_with[here->index], there->index);
    topo_set_add(&pod->plan.unproven_with[there->index], here->index);
}

/* What may be lit at an A port of a switch that cannot be read: what was there, what was on its way or was
 * sent and has not shown, and, when this process never read it, what the run before it may have made. */
static void mark_unproven_port(struct fabric_pod *pod, const struct fabric_ocs *ocs, unsigned a) {
    const struct fabric_port *port = &ocs->port[a];
    const uint16_t maybe_b[] = {port->observed_b, port->sent_b, port->unseen_b,
                                ocs->map_known ? 0 : port->want_b};
    for (unsigned i = 0; i < sizeof(maybe_b) / sizeof(*maybe_b); i++)
        if (maybe_b[i])
            mark_unproven(pod, pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a],
                          pod->wiring->end_of[ocs->index][TOPO_SIDE_B][maybe_b[i]]);
}

/* A part is there and not on its way: the cube was read back without a circuit, and nothing adds one to it.
 */
bool derive_was_cleared(const struct fabric_cube *cube) {
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
        const struct slice_version *part = cube->host[host].part ? cube->host[host].part->accepted : NULL;
        if (part &&
            (part->state == SLICE_READY || part->state == SLICE_DEGRADED || part->state == SLICE_INCOMPLETE))
            return true;
    }
    return false;
}

/* The map of a switch that was not read by this process: what former slices may have left there, and what
 * nobody knows of. */
static void mark_unproven_formers(struct fabric_pod *pod, const struct explained *explained,
                                  const struct fabric_ocs *ocs) {
    const struct topo_wiring *wiring = pod->wiring;
    for (unsigned cube = 0; cube < pod->n_cubes; cube++)
        for (unsigned face = 0; face < TOPO_FACES; face++)
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                if (wiring->port_of[topo_end(cube, face, index)].ocs != ocs->index)
                    continue;
                if (!derive_was_cleared(&pod->cube[cube]))
                    pod->cube[cube].may_be_lit = true;
                if (face % 2)
                    continue;
                for (unsigned far = 0; far < pod->n_cubes; far++)
                    if (topo_set_has(&explained->next[cube][face / 2], far))
                        mark_unproven(pod, topo_end(cube, face, index), topo_end(far, face + 1, index));
            }
}

struct counts {
    unsigned missing, unaccounted, stale;
};

static enum ocs_event last_seen(const struct fabric_ocs *ocs, const struct counts *counts, char *cause) {
    const struct fabric_maintenance *work = maintenance_of_ocs(ocs);
    if (work && !work->accepted.stage) {
        snprintf(cause, FABRIC_TEXT_MAX, "%s: %.150s", work->accepted.is_failed ? "marked failed" : "drained",
                 work->reason);
        if (work->accepted.is_failed)
            return OCS_WORK_FAILED;
        if (work->accepted.told == MAINTENANCE_SAFE)
            return OCS_WORK_SAFE;
    }
    snprintf(cause, FABRIC_TEXT_MAX, "%s", device_cause(ocs->device));
    switch (device_state(ocs->device)) {
    case DEVICE_DISCONNECTED:
        return OCS_SESSION_LOST;
    case DEVICE_SYNCING:
        return OCS_IS_ASKED;
    case DEVICE_MISMATCH:
        return OCS_IS_ANOTHER;
    case DEVICE_READY:
        break;
    }
    cause[0] = '\0';
    if (!counts->unaccounted && !counts->missing && !(counts->stale && ocs->pod->frozen))
        return OCS_MAP_AGREES;
    snprintf(cause, FABRIC_TEXT_MAX, "%u intended circuits missing, %u unaccounted, %u stale",
             counts->missing, counts->unaccounted, counts->stale);
    return OCS_MAP_DIFFERS;
}

/* A circuit that is being made is not missing yet. */
static bool is_being_made(const struct fabric_ocs *ocs, const struct fabric_port *port) {
    return !port->is_failed && !ocs->pod->frozen && port->confirmed_b != port->want_b;
}

static void tell_state(struct change **change, struct fabric_ocs *ocs, enum ocs_state state,
                       const char *cause, int64_t now_us) {
    if (state == ocs->state) {
        snprintf(ocs->cause, sizeof(ocs->cause), "%s", cause);
        return;
    }
    char name[96];
    if (!*change)
        *change = change_begin(ocs->pod->fabric, "heliostatd", now_us);
    if (*change)
        change_add_event(*change, "OCS_STATE", ocs->pod, fabric_ocs_name(ocs, name), NULL, cause,
                         ocs_state_name(ocs->state), ocs_state_name(state));
    ocs->state = state;
    ocs->state_since_us = now_us;
    snprintf(ocs->cause, sizeof(ocs->cause), "%s", cause);
}

void derive_classes(struct fabric_pod *pod, int64_t now_us) {
    static struct explained explained;
    struct change *change = NULL;
    pod->classes_are_old = false;
    explain(pod, &explained);
    for (unsigned cube = 0; cube < pod->n_cubes; cube++)
        pod->cube[cube].has_unaccounted = pod->cube[cube].is_unproven = pod->cube[cube].may_be_lit = false;
    memset(pod->plan.unproven_with, 0, sizeof(pod->plan.unproven_with));
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        struct fabric_ocs *ocs = &pod->ocs[i];
        struct counts counts = {0};
        ocs->n_circuits = ocs->n_missing = 0;
        for (unsigned a = 1; a <= ocs->ports_a; a++) {
            struct fabric_port *port = &ocs->port[a];
            if (!observe_is_usable(ocs))
                mark_unproven_port(pod, ocs, a);
            ocs->n_missing += port->want_b && !port->is_test && port->observed_b != port->want_b;
            counts.missing += port->want_b && !port->is_test && port->observed_b != port->want_b &&
                              !is_being_made(ocs, port);
            if (!port->observed_b) {
                port->circuit_class = CIRCUIT_NONE;
                continue;
            }
            uint16_t end_a = pod->wiring->end_of[i][TOPO_SIDE_A][a];
            uint16_t end_b = pod->wiring->end_of[i][TOPO_SIDE_B][port->observed_b];
            enum circuit_class before = port->circuit_class;
            port->circuit_class = classify(pod, &explained, ocs, a);
            ocs->n_circuits += port->circuit_class != CIRCUIT_FOREIGN;
            counts.stale += port->circuit_class == CIRCUIT_STALE;
            if (port->circuit_class == CIRCUIT_UNACCOUNTED) {
                counts.unaccounted++;
                if (end_a != TOPO_NO_END)
                    pod->cube[topo_end_cube(end_a)].has_unaccounted = true;
                if (end_b != TOPO_NO_END)
                    pod->cube[topo_end_cube(end_b)].has_unaccounted = true;
            }
            if ((before == CIRCUIT_STALE) != (port->circuit_class == CIRCUIT_STALE))
                ocs->needs_reconcile = true;
        }
        if (!ocs->map_known)
            mark_unproven_formers(pod, &explained, ocs);
        char cause[FABRIC_TEXT_MAX];
        enum ocs_state state = ocs_follows(last_seen(ocs, &counts, cause));
        tell_state(&change, ocs, state, cause, now_us);
    }
    pod->plan_is_old = true;
    if (change && change_submit(change) < 0)
        fabric_mark(pod->fabric);
}

static void set_if(struct topo_cube_set *set, unsigned cube, bool yes) {
    if (yes)
        topo_set_add(set, cube);
    else
        topo_set_remove(set, cube);
}

static bool is_usable_health(enum health health) {
    return health == HEALTH_HEALTHY || health == HEALTH_DEGRADED;
}

/* The hosts that make the cube unfit, so that parts of it may use the others; 0 where the cube is fit, or
 * unfit as a whole. */
static uint16_t bad_hosts_of(const struct fabric_cube *cube) {
    uint16_t bad = 0;
    if (is_usable_health(cube->health) || (cube->mark && cube->mark != HEALTH_HEALTHY))
        return 0;
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++)
        if (!is_usable_health(cube->host[host].health))
            bad |= (uint16_t)(1u << host);
    return bad == UINT16_MAX ? 0 : bad;
}

/* Domains as small numbers: the first cube that has the name. */
static void number_domains(struct fabric_pod *pod) {
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        unsigned row = 0, power = 0;
        while (pod->cube[row].row != pod->cube[i].row)
            row++;
        while (strcmp(pod->cube[power].power_domain, pod->cube[i].power_domain) != 0)
            power++;
        pod->plan.row[i] = (uint8_t)row;
        pod->plan.power_domain[i] = (uint8_t)power;
    }
}

void derive_plan(struct fabric_pod *pod) {
    struct topo_pod *plan = &pod->plan;
    pod->plan_is_old = false;
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        const struct fabric_cube *cube = &pod->cube[i];
        plan->used_hosts[i] = cube->part_hosts;
        plan->bad_hosts[i] = bad_hosts_of(cube);
        const struct fabric_slice *holder = cube->slice ? cube->slice : cube->held_for;
        plan->slice_of[i] = holder ? (uint32_t)holder->uid : 0;
        set_if(&plan->used, i, fabric_cube_is_used(cube) || cube->held_for);
        set_if(&plan->unhealthy, i, !is_usable_health(cube->health) && !plan->bad_hosts[i]);
        set_if(&plan->unschedulable, i, cube->scheduling != SCHEDULING_SCHEDULABLE);
        set_if(&plan->unaccounted, i, cube->has_unaccounted);
        /* To itself: it may go into any slice of whole cubes, and is not cut. */
        if (cube->may_be_lit)
            topo_set_add(&plan->unproven_with[i], i);
        set_if(&plan->spare, i, cube->is_spare);
    }
    number_domains(pod);
    static uint16_t lit[TOPO_OCSES_MAX][TOPO_PORTS_MAX + 1];
    const uint16_t *b_of_a[TOPO_OCSES_MAX] = {NULL};
    plan->bad_ocses = 0;
    memset(plan->bad_ends, 0, sizeof(plan->bad_ends));
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        const struct fabric_ocs *ocs = &pod->ocs[i];
        if (!observe_is_usable(ocs)) {
            plan->bad_ocses |= UINT64_C(1) << i;
            continue;
        }
        for (unsigned a = 1; a <= ocs->ports_a; a++) {
            lit[i][a] = ocs->port[a].observed_b;
            uint16_t end = pod->wiring->end_of[i][TOPO_SIDE_A][a];
            if (ocs->port[a].is_failed && end != TOPO_NO_END)
                plan->bad_ends[topo_end_cube(end)][topo_end_face(end)] |=
                    (uint16_t)(1u << topo_end_index(end));
        }
        b_of_a[i] = lit[i];
    }
    maintenance_mark_plan(pod);
    qualify_mark_plan(pod);
    topo_pod_refresh_ends(plan);
    topo_pod_refresh_lit(plan, b_of_a);
}

void derive_pod(struct fabric_pod *pod, int64_t now_us) {
    if (pod->wants_are_old) {
        derive_wants(pod);
        /* What the hosts said of links that nobody wanted until now is news. */
        if (pod->dark_review_at_us == INT64_MAX)
            pod->dark_review_at_us = now_us + DARK_SETTLE_US;
    }
    if (pod->classes_are_old)
        derive_classes(pod, now_us);
    if (pod->plan_is_old)
        derive_plan(pod);
}

/* A younger former slice (the list is newest first) explains the same circuits. */
static bool is_repeated(const struct fabric_pod *pod, const struct fabric_former *former) {
    if (former->is_going)
        return false;
    for (const struct fabric_former *younger = pod->formers; younger != former; younger = younger->next)
        if (younger->shape.twist == former->shape.twist &&
            memcmp(younger->shape.cubes, former->shape.cubes, sizeof(former->shape.cubes)) == 0 &&
            memcmp(younger->cubes, former->cubes, sizeof(*former->cubes) * former->shape.n_cubes) == 0)
            return true;
    return false;
}

void derive_formers(struct fabric_pod *pod, int64_t now_us) {
    bool all_read = true;
    for (unsigned i = 0; i < pod->n_ocses; i++)
        all_read = all_read && observe_is_usable(&pod->ocs[i]) && !device_is_changing(pod->ocs[i].device);
    if (!all_read || pod->is_importing || pod->frozen)
        return;
    struct change *change = NULL;
    for (struct fabric_former *former = pod->formers; former; former = former->next) {
        bool is_lit = former->is_going;
        for (unsigned position = 0; position < former->shape.n_cubes && !is_lit; position++)
            for (unsigned dimension = 0; dimension < 3 && !is_lit; dimension++)
                for (unsigned index = 0; index < TOPO_INDICES && !is_lit; index++) {
                    struct topo_link link =
                        topo_link_at(pod->wiring, &former->shape, former->cubes, position, dimension, index);
                    if (link.ocs < 0)
                        continue;
                    const struct fabric_port *port = &pod->ocs[link.ocs].port[link.a];
                    /* One read that lacks a circuit does not prove that it is gone. */
                    is_lit = port->same_reads < 2 || (port->observed_b == link.b && port->want_b != link.b);
                }
        if (is_lit && !is_repeated(pod, former))
            continue;
        if (!change && !(change = change_begin(pod->fabric, "heliostatd", now_us)))
            return;
        change_former_drop(change, pod, former);
    }
    if (change && change_submit(change) < 0)
        fabric_mark(pod->fabric);
}
