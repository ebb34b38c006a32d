/* An operator's and an owner's words on maintenance. */
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/observe.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"
#include "daemon/fabric/scheduling.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse_store(struct fabric_refusal *refusal) {
    return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
}

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

int maintenance_check_revision(const struct fabric_pod *pod, const char *name,
                               const struct maintenance_object *object, const struct fabric_actor *actor,
                               struct fabric_refusal *refusal) {
    if (object->kind == MAINTENANCE_CUBE || object->kind == MAINTENANCE_HOST)
        return request_check_revision(actor, name, pod->cube[object->cube].revision, refusal);
    if (object->kind == MAINTENANCE_OCS)
        return request_check_revision(actor, name, pod->ocs[object->ocs].revision, refusal);
    return actor->if_revision
               ? refuse_invalid(refusal, "mutation.if_revision",
                                "%s has no revision; cubes with their hosts, and switches, have one", name)
               : 0;
}

static const char *full_name(const struct fabric_maintenance *m, char text[112]) {
    snprintf(text, 112, "%.63s/%.47s", m->pod->name, m->name);
    return text;
}

/* What nobody's word can give: a change that is under way, parts of the cube. */
static int check_users(const struct fabric_maintenance *m, bool disrupt, struct fabric_refusal *refusal) {
    const struct maintenance_object *object = &m->object;
    bool is_chips = object->kind == MAINTENANCE_CUBE || object->kind == MAINTENANCE_HOST;
    const struct fabric_cube *cube = is_chips ? &m->pod->cube[object->cube] : NULL;
    for (unsigned host = 0; cube && host < FABRIC_HOSTS_PER_CUBE; host++) {
        bool is_meant = object->kind == MAINTENANCE_CUBE || object->host == host;
        if (is_meant && cube->host[host].part)
            refusal_add_item(refusal, "slice %s uses host-%02u", cube->host[host].part->name, host);
    }
    for (unsigned i = 0; i < m->pod->n_ocses; i++)
        for (unsigned a = 1; a <= m->pod->ocs[i].ports_a; a++) {
            const struct fabric_port *port = &m->pod->ocs[i].port[a];
            const struct fabric_slice *slice = port->want_slice;
            if (slice && slice->pod == m->pod &&
                (slice->accepted->state == SLICE_CONNECTING || slice->accepted->state == SLICE_REPAIRING) &&
                (maintenance_covers(m, i, TOPO_SIDE_A, a) ||
                 maintenance_covers(m, i, TOPO_SIDE_B, port->want_b)))
                refusal_add_item(refusal, "slice %s is %s over %s A%u-B%u", slice->name,
                                 slice_state_name(slice->accepted->state), m->pod->ocs[i].name, a,
                                 port->want_b);
        }
    if (!refusal->n_items || disrupt)
        return 0;
    refusal_set_fits(refusal, "the slices are moved or connected first, or --disrupt is given");
    return refuse(refusal, REASON_WOULD_DISRUPT, "object", "%s is in use; first: %s", m->name,
                  refusal->items[0]);
}

static int check_move(const struct fabric_maintenance *m, struct fabric_refusal *refusal) {
    const struct maintenance_object *object = &m->object;
    if (!object->move_to)
        return 0;
    const struct topo_wiring *wiring = m->pod->wiring;
    const struct fabric_ocs *ocs = &m->pod->ocs[object->ocs];
    char side = object->side == TOPO_SIDE_A ? 'A' : 'B';
    if (wiring->end_of[object->ocs][object->side][object->port] == TOPO_NO_END)
        return refuse_invalid(refusal, "object", "%s has no fiber", m->name);
    if (wiring->end_of[object->ocs][object->side][object->move_to] != TOPO_NO_END)
        return refuse_invalid(refusal, "move_to",
                              "%s %c%u has a fiber already; name a port that is not cabled", ocs->name, side,
                              object->move_to);
    if (ocs->test_port[object->side] == object->move_to)
        return refuse_invalid(refusal, "move_to", "%s %c%u is a test port; remove it first", ocs->name, side,
                              object->move_to);
    unsigned other = object->side == TOPO_SIDE_A ? ocs->port[object->move_to].observed_b
                                                 : ocs->observed_a[object->move_to];
    if (other)
        return refuse_invalid(refusal, "move_to", "%s %c%u carries a circuit", ocs->name, side,
                              object->move_to);
    return 0;
}

static struct fabric_maintenance *make(struct fabric *fabric, const struct fabric_actor *actor,
                                       const struct fabric_pod *pod, const char *name,
                                       const struct maintenance_object *object,
                                       const struct fabric_maintenance_request *request, int64_t now_us) {
    struct fabric_maintenance *m = calloc(1, sizeof(*m));
    if (!m)
        return NULL;
    m->pod = (struct fabric_pod *)pod;
    snprintf(m->name, sizeof(m->name), "%s", name);
    m->object = *object;
    snprintf(m->reason, sizeof(m->reason), "%s", request->reason);
    snprintf(m->begun_by, sizeof(m->begun_by), "%s", actor->principal);
    m->since_us = fabric_wall_us(fabric, now_us);
    m->uid_at = fabric->counter[STORE_COUNTER_UID];
    m->read_after_us = now_us;
    m->accepted.disrupt = request->disrupt;
    m->accepted.is_failed = request->is_failed;
    return m;
}

/* A second word on the same object only adds to the first. */
static int add_to(struct fabric *fabric, const struct fabric_actor *actor, struct fabric_maintenance *m,
                  const struct fabric_maintenance_request *request, int64_t now_us,
                  struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    char name[112];
    bool adds = (request->disrupt && !m->accepted.disrupt) || (request->is_failed && !m->accepted.is_failed);
    if (m->accepted.is_ending || !adds)
        return refuse_invalid(refusal, "object", "%s is under maintenance already, by %s: %s", m->name,
                              m->begun_by, m->reason);
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse_store(refusal);
    struct maintenance_terms terms = m->accepted;
    terms.disrupt |= request->disrupt;
    terms.is_failed |= request->is_failed;
    terms.stage = 0;
    change_add_event(change, "MAINTENANCE_TERMS", m->pod, full_name(m, name), NULL, request->reason, "",
                     request->is_failed ? "FAILED" : "DISRUPT");
    maintenance_change_terms(change, m, &terms);
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, name, ret_outcome);
}

int fabric_begin_maintenance(struct fabric *fabric, const struct fabric_actor *actor,
                             const struct fabric_pod *pod, const char *object_name,
                             const struct maintenance_object *object,
                             const struct fabric_maintenance_request *request, int64_t now_us,
                             struct fabric_maintenance **ret_preview, struct fabric_outcome *ret_outcome,
                             struct fabric_refusal *refusal) {
    char name[112];
    *ret_preview = NULL;
    int r = check(fabric, actor, pod, ret_outcome, refusal);
    if (r || (r = maintenance_check_revision(pod, object_name, object, actor, refusal)))
        return r;
    if (request->is_failed && object->kind != MAINTENANCE_OCS)
        return refuse_invalid(refusal, "failed", "only a switch is marked failed");
    struct fabric_maintenance *there = maintenance_find(pod, object_name);
    if (there)
        return add_to(fabric, actor, there, request, now_us, ret_outcome, refusal);
    struct fabric_maintenance *m = make(fabric, actor, pod, object_name, object, request, now_us);
    if (!m)
        return -ENOMEM;
    r = check_move(m, refusal);
    if (!r)
        r = check_users(m, request->disrupt || request->is_failed, refusal);
    if (r || actor->validate_only) {
        if (r)
            free(m);
        else
            *ret_preview = m;
        return r;
    }
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change) {
        free(m);
        return refuse_store(refusal);
    }
    full_name(m, name);
    change_add_event(change, "MAINTENANCE_BEGUN", pod, name, NULL, request->reason, "",
                     request->is_failed ? "FAILED" : "WAITING");
    if (object->kind == MAINTENANCE_CUBE)
        scheduling_happens(change, &m->pod->cube[object->cube], CUBE_WORK_BEGINS, request->reason, NULL, 0);
    maintenance_change_begin(change, m);
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, name, ret_outcome);
}

int fabric_allow_maintenance(struct fabric *fabric, const struct fabric_actor *actor,
                             const struct fabric_maintenance *read, const struct fabric_slice *slice,
                             int64_t now_us, struct fabric_outcome *ret_outcome,
                             struct fabric_refusal *refusal) {
    struct fabric_maintenance *m = (struct fabric_maintenance *)read;
    char name[112];
    int r = check(fabric, actor, m->pod, ret_outcome, refusal);
    if (r || (r = maintenance_check_revision(m->pod, m->name, &m->object, actor, refusal)))
        return r;
    if (!actor->is_operator && strcmp(actor->principal, slice->owner) != 0)
        return refuse(refusal, REASON_NOT_OWNER, "slice", "slice %s belongs to %s", slice->name,
                      slice->owner);
    if (slice->pod != m->pod)
        return refuse_invalid(refusal, "slice", "slice %s is in another pod", slice->name);
    if (maintenance_has_word(m, slice) || actor->validate_only)
        return 0;
    if (m->accepted.n_allowed == TOPO_CUBES_MAX)
        return refuse_invalid(refusal, "slice", "too many slices gave their word; the limit is %d",
                              TOPO_CUBES_MAX);
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse_store(refusal);
    struct maintenance_terms terms = m->accepted;
    terms.allowed[terms.n_allowed++] = slice->uid;
    change_add_event(change, "MAINTENANCE_ALLOWED", m->pod, full_name(m, name), slice, slice->name, "", "");
    maintenance_change_terms(change, m, &terms);
    fabric_mark(fabric);
    return request_submit(change, actor, slice->uid, 0, name, ret_outcome);
}

int maintenance_check_hands(const struct fabric_maintenance *m, const struct fabric_actor *actor,
                            const char *field, struct fabric_refusal *refusal) {
    bool is_only_marked = m->accepted.is_failed && !m->accepted.safe_since_us;
    if (actor->is_admin || is_only_marked || strcmp(actor->principal, m->begun_by) == 0)
        return 0;
    return refuse(refusal, REASON_NOT_OWNER, field, "%s works on %s, and ends it; else an admin does",
                  m->begun_by, m->name);
}

int fabric_end_maintenance(struct fabric *fabric, const struct fabric_actor *actor,
                           const struct fabric_maintenance *read, int64_t now_us,
                           struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    struct fabric_maintenance *m = (struct fabric_maintenance *)read;
    char name[112];
    int r = check(fabric, actor, m->pod, ret_outcome, refusal);
    if (r || (r = maintenance_check_revision(m->pod, m->name, &m->object, actor, refusal)))
        return r;
    if ((r = maintenance_check_hands(m, actor, "object", refusal)))
        return r;
    if (m->accepted.is_ending || actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse_store(refusal);
    struct maintenance_terms terms = m->accepted;
    terms.is_ending = true;
    terms.stage = 0;
    change_add_event(change, "MAINTENANCE_DONE", m->pod, full_name(m, name), NULL, m->reason,
                     maintenance_state_name(m->accepted.told), "");
    if (m->object.kind == MAINTENANCE_CUBE) {
        struct fabric_cube *cube = &m->pod->cube[m->object.cube];
        bool was_safe = m->accepted.safe_since_us != 0;
        scheduling_happens(change, cube, was_safe ? CUBE_WORK_ENDS : CUBE_WORK_CALLED_OFF,
                           was_safe ? "was under maintenance: `helioctl cube qualify` it"
                                    : "its maintenance was called off before it began",
                           NULL, 0);
    }
    maintenance_change_terms(change, m, &terms);
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, name, ret_outcome);
}

/* What hosts said of a link end before other hands were there proves nothing. */
static void forget_end(struct fabric_pod *pod, uint16_t end) {
    if (end == TOPO_NO_END)
        return;
    struct link_end *seen = &pod->cube[topo_end_cube(end)].end[topo_end_face(end)][topo_end_index(end)];
    seen->reports = 0;
    seen->known_dark = false;
}

int fabric_replace_ocs(struct fabric *fabric, const struct fabric_actor *actor, const struct fabric_ocs *read,
                       const char *product, const char *serial, int64_t now_us,
                       struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    struct fabric_ocs *ocs = (struct fabric_ocs *)read;
    char name[96];
    int r = check(fabric, actor, ocs->pod, ret_outcome, refusal);
    if (r || (r = request_check_revision(actor, fabric_ocs_name(ocs, name), ocs->revision, refusal)))
        return r;
    struct fabric_maintenance *m = (struct fabric_maintenance *)maintenance_of_ocs(ocs);
    if (!m || !(m->accepted.is_failed || m->accepted.stage || m->accepted.safe_since_us))
        return refuse(
            refusal, REASON_WOULD_DISRUPT, "ocs",
            "%s is neither drained nor marked failed: `helioctl ocs drain` or `mark-failed` it first",
            fabric_ocs_name(ocs, name));
    if ((r = maintenance_check_hands(m, actor, "ocs", refusal)))
        return r;
    if (!serial[0] || strlen(serial) >= DEVICE_WORD_MAX || strlen(product) >= DEVICE_WORD_MAX)
        return refuse_invalid(refusal, "serial", "a serial of 1 to %d bytes is needed", DEVICE_WORD_MAX - 1);
    if (!product[0] && !ocs->product[0])
        return refuse_invalid(refusal, "product", "%s was never confirmed: say which product it is",
                              ocs->name);
    for (const struct fabric_pod *pod = fabric->pods; pod; pod = pod->next)
        for (unsigned i = 0; i < pod->n_ocses; i++)
            if (&pod->ocs[i] != ocs && strcmp(pod->ocs[i].serial, serial) == 0 &&
                strcmp(pod->ocs[i].product, product[0] ? product : ocs->product) == 0)
                return refuse(refusal, REASON_OCS_MISMATCH, "serial", "serial %s is %s/%s", serial, pod->name,
                              pod->ocs[i].name);
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse_store(refusal);
    change_ocs(change, ocs, NULL, product[0] ? product : NULL, serial, "OCS_REPLACED");
    struct maintenance_terms terms = m->accepted;
    terms.is_failed = terms.disrupt = false;
    terms.stage = 1;
    terms.told = MAINTENANCE_RESTORING;
    for (unsigned side = 0; side < 2; side++)
        for (unsigned port = 1; port <= TOPO_PORTS_MAX; port++)
            forget_end(ocs->pod, ocs->pod->wiring->end_of[ocs->index][side][port]);
    maintenance_change_terms(change, m, &terms);
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, fabric_ocs_name(ocs, name), ret_outcome);
}
