#include "daemon/fabric/qualify_cube.h"
#include "daemon/fabric/attribution.h"
#include "daemon/fabric/loss.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/observe.h"
#include "daemon/fabric/qualify_host.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"
#include "daemon/fabric/scheduling.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *qualification_state_name(enum qualification_state state) {
    static const char *const names[] = {"", "RUNNING", "PASSED", "FAILED", "ABORTED", "WAITING"};
    return (unsigned)state < sizeof(names) / sizeof(*names) ? names[state] : "UNKNOWN_NUMBER";
}

struct fabric_qualification *qualify_find(const struct fabric_pod *pod, unsigned cube) {
    for (struct fabric_qualification *q = pod->qualifications; q; q = q->next)
        if (q->cube == cube)
            return q;
    return NULL;
}

static void link_in(struct fabric_qualification *q) {
    struct fabric_qualification **at = &q->pod->qualifications;
    while (*at && (*at)->cube < q->cube)
        at = &(*at)->next;
    q->next = *at;
    *at = q;
}

static void link_out(struct fabric_qualification *q) {
    for (struct fabric_qualification **at = &q->pod->qualifications; *at; at = &(*at)->next)
        if (*at == q) {
            *at = q->next;
            return;
        }
}

static void free_one(struct fabric_qualification *q) {
    free(q->findings);
    free(q);
}

void qualify_free_all(struct fabric_pod *pod) {
    while (pod->qualifications) {
        struct fabric_qualification *q = pod->qualifications;
        pod->qualifications = q->next;
        free_one(q);
    }
}

void qualify_take_over(struct fabric_pod *old, struct fabric_pod *new) {
    new->qualifications = old->qualifications;
    old->qualifications = NULL;
    for (struct fabric_qualification *q = new->qualifications; q; q = q->next)
        q->pod = new;
}

int qualify_load(struct fabric *fabric, const struct store_qualification *row) {
    struct fabric_pod *pod = fabric->pods;
    while (pod && pod->pod_id != row->pod_id)
        pod = pod->next;
    if (!pod || row->cube < 0 || row->cube >= pod->n_cubes || row->partner >= pod->n_cubes)
        return -EBADMSG;
    struct fabric_qualification *q = calloc(1, sizeof(*q));
    char *findings = strdup(row->findings);
    if (!q || !findings) {
        free(q);
        free(findings);
        return -ENOMEM;
    }
    q->pod = pod;
    q->cube = (uint16_t)row->cube;
    q->partner = row->partner < 0 ? QUALIFY_NO_PARTNER : (uint16_t)row->partner;
    q->hosts = (uint16_t)row->hosts;
    q->state = (enum qualification_state)row->state;
    q->since_us = row->since_us;
    q->done_us = row->done_us;
    q->findings = findings;
    q->is_durable = true;
    snprintf(q->begun_by, sizeof(q->begun_by), "%s", row->begun_by);
    snprintf(q->text, sizeof(q->text), "%s", row->text);
    link_in(q);
    return 0;
}

bool qualify_tests(const struct fabric_qualification *q, unsigned face, unsigned index) {
    return !q->hosts || q->hosts >> attribution_host_of_end(face, index) & 1;
}

unsigned qualify_count_links(const struct fabric_qualification *q) {
    unsigned count = 0;
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++)
            count += qualify_tests(q, face, index);
    return count;
}

/* The A and B port that join the two ends; false: the fiber table cannot. */
static bool join(const struct fabric_pod *pod, uint16_t one, uint16_t other, unsigned *ret_ocs,
                 unsigned *ret_a, unsigned *ret_b) {
    const struct topo_port *p = &pod->wiring->port_of[one], *r = &pod->wiring->port_of[other];
    if (p->ocs < 0 || p->ocs != r->ocs || p->side == r->side)
        return false;
    *ret_ocs = (unsigned)p->ocs;
    *ret_a = p->side == TOPO_SIDE_A ? p->port : r->port;
    *ret_b = p->side == TOPO_SIDE_A ? r->port : p->port;
    return true;
}

/* The A and B port that light the end at the test port of its switch; false: there is none. */
static bool join_test_port(const struct fabric_pod *pod, uint16_t end, unsigned *ret_ocs, unsigned *ret_a,
                           unsigned *ret_b) {
    const struct topo_port *at = &pod->wiring->port_of[end];
    const uint16_t *test_port = at->ocs < 0 ? NULL : pod->ocs[at->ocs].test_port;
    if (!test_port || !test_port[at->side == TOPO_SIDE_A ? TOPO_SIDE_B : TOPO_SIDE_A])
        return false;
    *ret_ocs = (unsigned)at->ocs;
    *ret_a = at->side == TOPO_SIDE_A ? at->port : test_port[TOPO_SIDE_A];
    *ret_b = at->side == TOPO_SIDE_A ? test_port[TOPO_SIDE_B] : at->port;
    return true;
}

/* Of each pair one end is lit at a test port: the other must stay dark, or fibers that are exchanged could
 * not be told. */
static bool is_reflected(const struct fabric_qualification *q, unsigned face, unsigned index) {
    unsigned i, a, b;
    const uint16_t opposite = topo_end(q->cube, face ^ 1, index);
    return join_test_port(q->pod, topo_end(q->cube, face, index), &i, &a, &b) &&
           (face % 2 == 0 || !join_test_port(q->pod, opposite, &i, &a, &b));
}

static void want_pair(struct fabric_ocs *ocs, unsigned a, unsigned b) {
    struct fabric_port *port = &ocs->port[a];
    if (port->want_b || ocs->want_a[b] || port->is_locked || ocs->is_b_locked[b])
        return;
    /* The test goes on without the links that a person works on. */
    if (port->is_blocked || ocs->is_b_blocked[b])
        return;
    port->want_b = (uint16_t)b;
    port->is_test = true;
    ocs->want_a[b] = (uint16_t)a;
}

static void want_one(struct fabric_pod *pod, uint16_t one, uint16_t other) {
    unsigned i, a, b;
    if (join(pod, one, other, &i, &a, &b))
        want_pair(&pod->ocs[i], a, b);
}

static void want_reflection(const struct fabric_qualification *q, unsigned face, unsigned index) {
    unsigned i, a, b;
    if (is_reflected(q, face, index) && join_test_port(q->pod, topo_end(q->cube, face, index), &i, &a, &b))
        want_pair(&q->pod->ocs[i], a, b);
}

/* The two ends that a circuit of the round joins to the end at a + face: ends[0] + with ends[1] -. */
static void want_round(const struct fabric_qualification *q) {
    struct fabric_pod *pod = q->pod;
    for (unsigned dimension = 0; dimension < 3; dimension++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            uint16_t plus = topo_end(q->cube, topo_face(dimension, false), index);
            uint16_t minus = topo_end(q->cube, topo_face(dimension, true), index);
            bool tests_plus = qualify_tests(q, topo_face(dimension, false), index);
            bool tests_minus = qualify_tests(q, topo_face(dimension, true), index);
            if (!tests_plus && !tests_minus)
                continue;
            if (q->is_proof) {
                want_one(pod, plus, minus);
            } else if (q->round == q->n_coded && q->uses_test_ports) {
                want_reflection(q, topo_face(dimension, false), index);
                want_reflection(q, topo_face(dimension, true), index);
            } else if (q->round == q->n_coded) {
                if (tests_plus)
                    want_one(pod, plus, topo_end(q->partner, topo_face(dimension, true), index));
                if (tests_minus)
                    want_one(pod, topo_end(q->partner, topo_face(dimension, false), index), minus);
            } else if (pod->wiring->port_of[plus].ocs >= 0 &&
                       ((unsigned)pod->wiring->port_of[plus].ocs + 1) >> q->round & 1) {
                want_one(pod, plus, minus);
            }
        }
}

void qualify_want(struct fabric_pod *pod) {
    for (const struct fabric_qualification *q = pod->qualifications; q; q = q->next)
        if (q->is_on && q->is_durable && !q->is_clearing)
            want_round(q);
}

bool qualify_explains(const struct fabric_pod *pod, uint16_t end_a, uint16_t end_b) {
    unsigned one = topo_end_cube(end_a), other = topo_end_cube(end_b);
    for (const struct fabric_qualification *q = pod->qualifications; q; q = q->next)
        if (q->state == QUALIFICATION_RUNNING && q->is_durable && (one == q->cube || other == q->cube) &&
            (one == q->cube || one == q->partner) && (other == q->cube || other == q->partner) &&
            topo_end_face(end_a) == (topo_end_face(end_b) ^ 1) &&
            topo_end_index(end_a) == topo_end_index(end_b))
            return true;
    return false;
}

bool qualify_explains_test_port(const struct fabric_ocs *ocs, unsigned a, unsigned b) {
    const struct topo_wiring *wiring = ocs->pod->wiring;
    const uint16_t end = ocs->test_port[TOPO_SIDE_B] == b   ? wiring->end_of[ocs->index][TOPO_SIDE_A][a]
                         : ocs->test_port[TOPO_SIDE_A] == a ? wiring->end_of[ocs->index][TOPO_SIDE_B][b]
                                                            : TOPO_NO_END;
    const struct fabric_qualification *q =
        end == TOPO_NO_END ? NULL : qualify_find(ocs->pod, topo_end_cube(end));
    return q && q->state == QUALIFICATION_RUNNING && q->is_durable;
}

bool qualify_clears(const struct fabric_cube *cube) {
    const struct fabric_qualification *q = qualify_find(cube->pod, cube->index);
    return q && q->state == QUALIFICATION_RUNNING && q->is_on && q->is_durable && !q->is_proof &&
           !q->is_clearing;
}

void qualify_mark_plan(struct fabric_pod *pod) {
    for (const struct fabric_qualification *q = pod->qualifications; q; q = q->next)
        if (q->state == QUALIFICATION_RUNNING) {
            topo_set_add(&pod->plan.unschedulable, q->cube);
            if (q->partner != QUALIFY_NO_PARTNER)
                topo_set_add(&pod->plan.unschedulable, q->partner);
        }
}

static void put_row(struct change *change, const struct fabric_qualification *q) {
    struct store_qualification row = {.pod_id = q->pod->pod_id,
                                      .cube = q->cube,
                                      .partner = q->partner == QUALIFY_NO_PARTNER ? -1 : q->partner,
                                      .state = q->state,
                                      .begun_by = q->begun_by,
                                      .since_us = q->since_us,
                                      .done_us = q->done_us,
                                      .text = q->text,
                                      .findings = q->findings,
                                      .hosts = q->hosts};
    store_put(change->rows, STORE_QUALIFICATION, &row);
}

static void marks(struct fabric_pod *pod) {
    pod->wants_are_old = pod->classes_are_old = pod->plan_is_old = true;
    fabric_mark(pod->fabric);
}

static void land_begin(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_qualification *q = step->object, *old = step->before;
    q->is_durable = true;
    q->n_changes--;
    if (old)
        free_one(old);
    marks(q->pod);
}

static void revert_begin(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_qualification *q = step->object, *old = step->before;
    link_out(q);
    if (old)
        link_in(old);
    marks(q->pod);
    free_one(q);
}

static void land_end(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_qualification *q = step->object;
    q->n_changes--;
    q->is_on = q->is_clearing = false;
    q->pod->repair_at_us = now_us; /* a slice may wait for it */
    marks(q->pod);
}

static void revert_end(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_qualification *q = step->object;
    q->n_changes--;
    q->state = QUALIFICATION_RUNNING;
    q->done_us = 0;
    marks(q->pod);
}

static void revert_waiting_end(struct fabric *fabric, struct step *step, int64_t now_us) {
    revert_end(fabric, step, now_us);
    ((struct fabric_qualification *)step->object)->state = QUALIFICATION_WAITING;
}

bool qualify_is_under_test(const struct fabric_pod *pod, unsigned cube) {
    for (const struct fabric_qualification *q = pod->qualifications; q; q = q->next)
        if (q->state == QUALIFICATION_RUNNING && (q->cube == cube || q->partner == cube))
            return true;
    return false;
}

/* A cube that can stand at the other end: free, healthy, and not under test itself. */
static bool may_be_partner(const struct fabric_cube *cube) {
    return !qualify_is_under_test(cube->pod, cube->index) && !fabric_cube_is_used(cube) && !cube->held_for &&
           cube->health == HEALTH_HEALTHY && cube->scheduling == SCHEDULING_SCHEDULABLE &&
           !cube->has_unaccounted && !cube->may_be_lit;
}

uint16_t qualify_choose_partner(const struct fabric_cube *cube) {
    for (unsigned spare = 0; spare < 2; spare++) /* a spare only where nothing else is free */
        for (unsigned i = 0; i < cube->pod->n_cubes; i++)
            if (i != cube->index && cube->pod->cube[i].is_spare == spare &&
                may_be_partner(&cube->pod->cube[i]))
                return (uint16_t)i;
    return QUALIFY_NO_PARTNER;
}

int qualify_check_cube(const struct fabric_cube *cube, struct fabric_refusal *refusal) {
    char name[96];
    fabric_cube_name(cube, name);
    const struct fabric_qualification *q = qualify_find(cube->pod, cube->index);
    if (q && q->state == QUALIFICATION_RUNNING)
        return refuse_invalid(refusal, "cube", "%s is being tested already", name);
    if (fabric_cube_is_used(cube) || cube->held_for)
        return refuse(refusal, REASON_WOULD_DISRUPT, "cube",
                      "%s is %s%s: only a cube that no slice has is tested", name,
                      cube->slice        ? "used by slice "
                      : cube->part_hosts ? "used by parts"
                                         : "held for the repair of slice ",
                      cube->slice        ? cube->slice->name
                      : cube->part_hosts ? ""
                                         : cube->held_for->name);
    if (cube->scheduling == SCHEDULING_MAINTENANCE || maintenance_find(cube->pod, cube->name))
        return refuse_invalid(refusal, "cube",
                              "%s is under maintenance: say `helioctl cube maintain-done` first", name);
    if (cube->has_unaccounted)
        return refuse(refusal, REASON_UNACCOUNTED_CIRCUIT, "cube", "%s has a circuit that no slice explains",
                      name);
    if (cube->pod->frozen)
        return refuse(refusal, REASON_FROZEN, "cube", "pod %s is frozen: %s", cube->pod->name,
                      cube->pod->frozen_text);
    return 0;
}

static bool has_test_ports(const struct fabric_pod *pod) {
    for (unsigned i = 0; i < pod->n_ocses; i++)
        if (pod->ocs[i].test_port[TOPO_SIDE_A] || pod->ocs[i].test_port[TOPO_SIDE_B])
            return true;
    return false;
}

struct qualify_rounds qualify_plan_rounds(const struct fabric_pod *pod, uint16_t partner) {
    struct qualify_rounds rounds = {.uses_test_ports = partner == QUALIFY_NO_PARTNER && has_test_ports(pod)};
    while ((1u << rounds.n_coded) < pod->n_ocses + 1u)
        rounds.n_coded++;
    rounds.n_rounds = rounds.n_coded + (partner != QUALIFY_NO_PARTNER || rounds.uses_test_ports);
    return rounds;
}

struct fabric_qualification *qualify_begin(struct change *change, struct fabric_cube *cube,
                                           const struct qualify_beginning *beginning) {
    struct fabric_pod *pod = cube->pod;
    const bool is_proof = beginning->is_proof;
    const uint16_t partner = beginning->partner;
    const enum qualification_state state =
        beginning->is_waiting ? QUALIFICATION_WAITING : QUALIFICATION_RUNNING;
    struct fabric_qualification *q = calloc(1, sizeof(*q)), *old = qualify_find(pod, cube->index);
    char *findings = strdup(""), name[96];
    char text[96] = "no cube at the other end: signs are not proved";
    if (!q || !findings) {
        free(q);
        free(findings);
        return NULL;
    }
    *q = (struct fabric_qualification){.pod = pod,
                                       .cube = cube->index,
                                       .partner = partner,
                                       .hosts = beginning->hosts,
                                       .state = state,
                                       .since_us = fabric_wall_us(pod->fabric, change->now_us),
                                       .findings = findings,
                                       .is_on = !beginning->is_waiting,
                                       .is_proof = is_proof,
                                       .n_rounds = 1};
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            struct link_test *test = &q->test[face][index];
            test->loop_far = test->seen_far = test->partner_far = test->found_end = TOPO_NO_END;
        }
    if (!is_proof) {
        const struct qualify_rounds rounds = qualify_plan_rounds(pod, partner);
        q->n_coded = rounds.n_coded;
        q->n_rounds = rounds.n_rounds;
        q->uses_test_ports = rounds.uses_test_ports;
    }
    snprintf(q->begun_by, sizeof(q->begun_by), "%s", beginning->by);
    if (is_proof)
        snprintf(text, sizeof(text), "it is to take another cube's place");
    else if (beginning->is_waiting)
        snprintf(text, sizeof(text), "begins when nobody uses or touches the cube");
    else if (partner != QUALIFY_NO_PARTNER)
        fabric_cube_name(&pod->cube[partner], text);
    else if (q->uses_test_ports)
        snprintf(text, sizeof(text), "no cube at the other end: test ports");
    change_add_event(change, "CUBE_TEST", pod, fabric_cube_name(cube, name), NULL, text, "",
                     qualification_state_name(state));
    if (old)
        link_out(old);
    link_in(q);
    q->n_changes++;
    put_row(change, q);
    struct step step = {.land = land_begin, .revert = revert_begin, .object = q, .before = old};
    change_add_step(change, &step);
    marks(pod);
    return q;
}

int fabric_qualify_cube(struct fabric *fabric, const struct fabric_actor *actor,
                        const struct fabric_cube *read, const struct fabric_cube *partner, int64_t now_us,
                        struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    struct fabric_cube *cube = (struct fabric_cube *)read;
    char name[96];
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    if (cube->pod->is_importing)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "cube", "the inventory of pod %s is being replaced",
                      cube->pod->name);
    *ret_outcome = (struct fabric_outcome){0};
    r = request_check_revision(actor, fabric_cube_name(cube, name), cube->revision, refusal);
    if (r || (r = qualify_check_cube(cube, refusal)))
        return r;
    if (partner && (partner == cube || partner->pod != cube->pod || !may_be_partner(partner)))
        return refuse(refusal, REASON_PIN_UNHEALTHY, "partner",
                      "%s is not a free, healthy, schedulable cube of the same pod", partner->name);
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    const struct qualify_beginning beginning = {
        .partner = partner ? partner->index : qualify_choose_partner(cube), .by = actor->principal};
    if (!qualify_begin(change, cube, &beginning)) {
        change_abandon(change);
        return -ENOMEM;
    }
    return request_submit(change, actor, 0, 0, fabric_cube_name(cube, name), ret_outcome);
}

void qualify_begin_proof(struct fabric_cube *cube, int64_t now_us) {
    struct change *change = change_begin(cube->pod->fabric, "heliostatd", now_us);
    if (!change)
        return;
    const struct qualify_beginning beginning = {
        .partner = QUALIFY_NO_PARTNER, .by = "heliostatd", .is_proof = true};
    if (!qualify_begin(change, cube, &beginning))
        change_abandon(change);
    else if (change_submit(change) < 0)
        fabric_mark(cube->pod->fabric);
}

/* The circuit at an A port is not as the round wants it. */
static bool is_moving(const struct fabric_pod *pod, const struct fabric_ocs *ocs, unsigned a) {
    const struct fabric_port *port = &ocs->port[a];
    bool is_usable = observe_is_usable(ocs);
    uint16_t end = pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a];
    uint16_t far =
        port->observed_b ? pod->wiring->end_of[ocs->index][TOPO_SIDE_B][port->observed_b] : TOPO_NO_END;
    bool is_wanted_there = port->is_test && port->want_b && port->observed_b == port->want_b;
    bool is_due = is_usable && port->is_test && port->want_b && !is_wanted_there && !port->is_failed;
    bool has_ends = end != TOPO_NO_END && far != TOPO_NO_END;
    bool is_left =
        port->observed_b && !is_wanted_there &&
        (has_ends ? qualify_explains(pod, end, far) : qualify_explains_test_port(ocs, a, port->observed_b));
    bool is_going = is_usable && port->observed_b && port->circuit_class == CIRCUIT_STALE;
    return is_due || is_left || is_going || (port->sent_b && !is_wanted_there);
}

static bool is_cube_moving(const struct fabric_pod *pod, unsigned cube) {
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            const struct topo_port *at = &pod->wiring->port_of[topo_end(cube, face, index)];
            const struct fabric_ocs *ocs = at->ocs >= 0 ? &pod->ocs[at->ocs] : NULL;
            bool is_a = at->side == TOPO_SIDE_A;
            unsigned a = !ocs ? 0 : is_a ? at->port : ocs->observed_a[at->port];
            unsigned wanted = ocs && !is_a ? ocs->want_a[at->port] : 0; /* a test port is no other end's */
            if ((a && is_moving(pod, ocs, a)) || (wanted && is_moving(pod, ocs, wanted)))
                return true;
        }
    return false;
}

/* Test circuits that are not as the round wants them; switches that cannot be read do not count, unless at
 * the end, when they may hold one. */
static bool is_any_moving(const struct fabric_qualification *q) {
    return is_cube_moving(q->pod, q->cube) ||
           (q->partner != QUALIFY_NO_PARTNER && is_cube_moving(q->pod, q->partner));
}

static void begin_listening(struct fabric_qualification *q, int64_t now_us) {
    q->settled_at_us = now_us;
    memset(q->n_heard, 0, sizeof(q->n_heard));
    for (unsigned side = 0; side < 2; side++)
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
            unsigned cube = side ? q->partner : q->cube;
            q->heard_at_us[side][host] = cube < q->pod->n_cubes ? q->pod->cube[cube].host[host].heard_us : 0;
        }
}

/* The first report after the mirrors settled may have been written before; the second was not. */
static bool has_heard_all(struct fabric_qualification *q) {
    bool all = true;
    for (unsigned side = 0; side < 2; side++)
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
            unsigned cube = side ? q->partner : q->cube;
            if (cube >= q->pod->n_cubes || (side && q->round < q->n_coded))
                continue;
            int64_t heard_us = q->pod->cube[cube].host[host].heard_us;
            if (heard_us != q->heard_at_us[side][host]) {
                q->heard_at_us[side][host] = heard_us;
                q->n_heard[side][host] += q->n_heard[side][host] < UINT8_MAX;
            }
            all = all && q->n_heard[side][host] >= 2;
        }
    return all;
}

static const struct link_end *end_of(const struct fabric_pod *pod, uint16_t end) {
    return &pod->cube[topo_end_cube(end)].end[topo_end_face(end)][topo_end_index(end)];
}

/* From wherever the light comes. */
static void note_loss(struct fabric_qualification *q, struct link_test *test, uint16_t end) {
    const struct link_end *here = end_of(q->pod, end);
    test->receive_mdbm = here->receive_mdbm;
    test->has_loss = here->light && loss_end_to_end(q->pod, here->far_end, end, &test->loss_mdb);
}

/* In the round against test ports. */
static void note_reflection(struct fabric_qualification *q, unsigned face, unsigned index) {
    struct link_test *test = &q->test[face][index];
    const uint16_t own = topo_end(q->cube, face, index);
    unsigned i, a, b;
    test->partner_heard = q->n_heard[0][attribution_host_of_end(face, index)] >= 2;
    test->partner_far = end_of(q->pod, own)->light ? end_of(q->pod, own)->far_end : TOPO_NO_END;
    test->is_reflected = is_reflected(q, face, index) && join_test_port(q->pod, own, &i, &a, &b) &&
                         q->pod->ocs[i].port[a].is_test && q->pod->ocs[i].port[a].observed_b == b;
}

static void note_end(struct fabric_qualification *q, unsigned face, unsigned index) {
    struct link_test *test = &q->test[face][index];
    uint16_t own = topo_end(q->cube, face, index);
    const struct link_end *here = end_of(q->pod, own);
    const struct topo_port *at = &q->pod->wiring->port_of[own];
    bool is_heard = q->n_heard[0][attribution_host_of_end(face, index)] >= 2;
    bool is_partner_round = !q->is_proof && q->round == q->n_coded;
    unsigned i, a, b;
    uint16_t other =
        is_partner_round ? topo_end(q->partner, face ^ 1, index) : topo_end(q->cube, face ^ 1, index);
    bool is_due =
        is_partner_round || q->is_proof || (at->ocs >= 0 && ((unsigned)at->ocs + 1) >> q->round & 1);
    if (is_due && (!join(q->pod, own, other, &i, &a, &b) || q->pod->ocs[i].port[a].observed_b != b))
        test->failed |= (uint8_t)(1u << q->round);
    if (!is_partner_round) {
        test->heard |= (uint8_t)(is_heard << q->round);
        test->lit |= (uint8_t)((is_heard && here->light) << q->round);
        if (is_heard && here->light && is_due) {
            note_loss(q, test, own);
            test->loop_far = here->far_end;
        }
        test->partner_far = here->far_end;
        return;
    }
    const struct link_end *there = end_of(q->pod, other);
    test->partner_heard = is_heard && q->n_heard[1][attribution_host_of_end(face ^ 1, index)] >= 2;
    test->receives = here->light;
    test->partner_far = here->far_end;
    test->sends = there->light && there->far_end != TOPO_NO_END && topo_end_cube(there->far_end) == q->cube;
    test->seen_far = there->light ? there->far_end : TOPO_NO_END;
    note_loss(q, test, own);
}

static void write_findings(struct fabric_qualification *q, unsigned bad) {
    size_t room = 32 + (size_t)bad * (FABRIC_TEXT_MAX + 40), at = 0;
    char *text = malloc(room), advice[FABRIC_TEXT_MAX];
    if (!text)
        return;
    text[0] = '\0';
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            enum link_verdict verdict = q->test[face][index].verdict;
            if (qualify_tests(q, face, index) && qualify_is_bad(q, verdict) && at < room)
                at +=
                    (size_t)snprintf(text + at, room - at, "%s/%u %s: %s\n", topo_face_name(face), index,
                                     link_verdict_name(verdict), link_verdict_advice(q, face, index, advice));
        }
    free(q->findings);
    q->findings = text;
}

/* A link of the partner may be at fault itself: then it proves no sign. */
static unsigned n_unsigned(const struct fabric_qualification *q) {
    unsigned count = 0;
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++)
            count += qualify_tests(q, face, index) && q->test[face][index].verdict == LINK_GOOD_UNSIGNED;
    return count;
}

void qualify_end(struct fabric_qualification *q, enum qualification_state state, int64_t now_us) {
    struct fabric *fabric = q->pod->fabric;
    struct fabric_cube *cube = &q->pod->cube[q->cube];
    struct change *change = change_begin(fabric, "heliostatd", now_us);
    char name[96];
    if (!change)
        return;
    const enum qualification_state before = q->state;
    q->state = state;
    q->done_us = state == QUALIFICATION_WAITING ? 0 : fabric_wall_us(fabric, now_us);
    q->n_changes++;
    put_row(change, q);
    change_add_event(change, "CUBE_TEST", q->pod, fabric_cube_name(cube, name), NULL, q->text,
                     qualification_state_name(before), qualification_state_name(state));
    if (state == QUALIFICATION_PASSED && (q->partner != QUALIFY_NO_PARTNER || q->uses_test_ports) &&
        !n_unsigned(q))
        scheduling_happens(change, cube, CUBE_IS_PROVED, "its links are proved good", q->begun_by, 0);
    if (state == QUALIFICATION_FAILED && q->is_proof && cube->scheduling == SCHEDULING_SCHEDULABLE) {
        char reason[FABRIC_TEXT_MAX];
        snprintf(reason, sizeof(reason), "it was to take another cube's place: %.150s", q->text);
        scheduling_happens(change, cube, CUBE_IS_UNFIT, reason, NULL, 0);
    }
    struct step step = {.land = land_end,
                        .revert = before == QUALIFICATION_WAITING ? revert_waiting_end : revert_end,
                        .object = q};
    change_add_step(change, &step);
    if (change_submit(change) < 0)
        fabric_mark(fabric);
}

static void judge(struct fabric_qualification *q) {
    unsigned bad = qualify_judge(q);
    write_findings(q, bad);
    if (bad)
        snprintf(q->text, sizeof(q->text), "%u of %u links are not good", bad, qualify_count_links(q));
    else if (q->is_proof)
        snprintf(q->text, sizeof(q->text), "every link sees its own cube: it can take another's place");
    else if (q->uses_test_ports && n_unsigned(q))
        snprintf(
            q->text, sizeof(q->text),
            "all links are on their switches; the signs of %u are not proved: no test port of their switches "
            "gave light back, and no free cube stood at the other end",
            n_unsigned(q));
    else if (q->uses_test_ports)
        snprintf(q->text, sizeof(q->text),
                 "all %u links are good; test ports proved the signs, self-loops the rest",
                 qualify_count_links(q));
    else if (q->partner == QUALIFY_NO_PARTNER)
        snprintf(q->text, sizeof(q->text),
                 "all links are on their switches; no free cube stood at the other end, so signs "
                 "are not proved");
    else if (n_unsigned(q))
        snprintf(q->text, sizeof(q->text),
                 "all links are on their switches; the signs of %u are not proved: links of %s are at fault",
                 n_unsigned(q), q->pod->cube[q->partner].name);
    else
        snprintf(q->text, sizeof(q->text), "all %u links are good", qualify_count_links(q));
    q->is_clearing = true;
    marks(q->pod);
}

static void review_one(struct fabric_qualification *q, int64_t now_us) {
    const struct fabric_settings *settings = &q->pod->fabric->settings;
    if (!q->is_on) { /* left by the run before this one */
        snprintf(q->text, sizeof(q->text), "the controller was restarted in the middle: %s",
                 q->hosts ? "it begins again" : "test again");
        bool all_read = true;
        for (unsigned i = 0; i < q->pod->n_ocses; i++)
            all_read =
                all_read && (observe_is_usable(&q->pod->ocs[i]) || maintenance_of_ocs(&q->pod->ocs[i]));
        if (all_read && !is_any_moving(q))
            qualify_end(q, q->hosts ? QUALIFICATION_WAITING : QUALIFICATION_ABORTED, now_us);
        return;
    }
    if (is_any_moving(q)) {
        q->settled_at_us = 0;
        return;
    }
    if (q->is_clearing) {
        unsigned bad = 0;
        for (unsigned face = 0; face < TOPO_FACES; face++)
            for (unsigned index = 0; index < TOPO_INDICES; index++)
                bad += qualify_tests(q, face, index) && qualify_is_bad(q, q->test[face][index].verdict);
        qualify_end(q, bad ? QUALIFICATION_FAILED : QUALIFICATION_PASSED, now_us);
        return;
    }
    if (!q->settled_at_us) {
        begin_listening(q, now_us);
        return;
    }
    if (!has_heard_all(q) && now_us - q->settled_at_us < 2 * settings->report_ttl_us)
        return;
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++)
            (q->uses_test_ports && q->round == q->n_coded ? note_reflection : note_end)(q, face, index);
    q->settled_at_us = 0;
    if (++q->round == q->n_rounds)
        judge(q);
    marks(q->pod);
}

void qualify_review(struct fabric_pod *pod, int64_t now_us) {
    for (struct fabric_qualification *q = pod->qualifications, *next; q; q = next) {
        next = q->next;
        if (!q->is_durable || q->n_changes || pod->is_importing || pod->wants_are_old)
            continue;
        if (q->state == QUALIFICATION_RUNNING)
            review_one(q, now_us);
        else if (q->state == QUALIFICATION_WAITING)
            qualify_host_review(q, now_us);
    }
}

int64_t qualify_next_us(const struct fabric_pod *pod) {
    int64_t next = INT64_MAX;
    for (const struct fabric_qualification *q = pod->qualifications; q; q = q->next)
        if (q->state == QUALIFICATION_RUNNING && q->is_on && q->settled_at_us) {
            int64_t at_us = q->settled_at_us + 2 * pod->fabric->settings.report_ttl_us;
            next = at_us < next ? at_us : next;
        }
    return next;
}
