#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/health_times.h"
#include "daemon/fabric/observe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned host_of_end(uint16_t end) {
    unsigned face = topo_end_face(end), index = topo_end_index(end);
    unsigned low = index % 4, high = index / 4, edge = face % 2 ? 0 : 3;
    unsigned x = face / 2 == 0 ? edge : low;
    unsigned y = face / 2 == 1 ? edge : face / 2 == 0 ? low : high;
    unsigned z = face / 2 == 2 ? edge : high;
    return x / 2 + 2 * (y / 2) + 4 * z;
}

bool maintenance_exists(const struct fabric_pod *pod, const struct maintenance_object *object) {
    switch (object->kind) {
    case MAINTENANCE_CUBE:
        return object->cube < pod->n_cubes;
    case MAINTENANCE_HOST:
        return object->cube < pod->n_cubes && object->host < FABRIC_HOSTS_PER_CUBE;
    case MAINTENANCE_FIBER:
        return object->cube < pod->n_cubes && object->face < TOPO_FACES && object->index < TOPO_INDICES;
    case MAINTENANCE_PORT:
        if (object->ocs >= pod->n_ocses || object->port < 1)
            return false;
        unsigned most =
            object->side == TOPO_SIDE_A ? pod->ocs[object->ocs].ports_a : pod->ocs[object->ocs].ports_b;
        return object->port <= most && object->move_to <= most;
    case MAINTENANCE_OCS:
        return object->ocs < pod->n_ocses;
    case MAINTENANCE_NONE:
        break;
    }
    return false;
}

struct fabric_maintenance *maintenance_find(const struct fabric_pod *pod, const char *name) {
    for (struct fabric_maintenance *m = pod->maintenances; m; m = m->next)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
}

static void link_in(struct fabric_maintenance *m) {
    struct fabric_maintenance **at = &m->pod->maintenances;
    while (*at && strcmp((*at)->name, m->name) < 0)
        at = &(*at)->next;
    m->next = *at;
    *at = m;
}

static void link_out(struct fabric_maintenance *m) {
    for (struct fabric_maintenance **at = &m->pod->maintenances; *at; at = &(*at)->next)
        if (*at == m) {
            *at = m->next;
            return;
        }
}

void maintenance_free_all(struct fabric_pod *pod) {
    while (pod->maintenances) {
        struct fabric_maintenance *m = pod->maintenances;
        pod->maintenances = m->next;
        free(m);
    }
}

void maintenance_take_over(struct fabric_pod *old, struct fabric_pod *new) {
    new->maintenances = old->maintenances;
    old->maintenances = NULL;
    for (struct fabric_maintenance *m = new->maintenances; m; m = m->next) {
        m->pod = new;
        maintenance_assume_disabled(m, new->fabric->last_now_us);
    }
    maintenance_derive_blocks(new);
}

static void parse_allowed(const char *text, struct maintenance_terms *terms) {
    terms->n_allowed = 0;
    while (*text && terms->n_allowed < TOPO_CUBES_MAX) {
        char *end;
        long long uid = strtoll(text, &end, 10);
        if (end == text)
            break;
        terms->allowed[terms->n_allowed++] = uid;
        text = end;
    }
}

static char *format_allowed(const struct maintenance_terms *terms) {
    char *text = malloc(24 * (terms->n_allowed + 1u));
    size_t at = 0;
    if (!text)
        return NULL;
    text[0] = '\0';
    for (unsigned i = 0; i < terms->n_allowed; i++)
        at += (size_t)sprintf(text + at, "%s%" PRId64, i ? " " : "", terms->allowed[i]);
    return text;
}

int maintenance_load(struct fabric *fabric, const struct store_maintenance *row, int64_t now_us) {
    struct fabric_pod *pod = fabric->pods;
    while (pod && pod->pod_id != row->pod_id)
        pod = pod->next;
    struct fabric_maintenance *m = pod ? calloc(1, sizeof(*m)) : NULL;
    if (!m)
        return pod ? -ENOMEM : -EBADMSG;
    m->pod = pod;
    snprintf(m->name, sizeof(m->name), "%s", row->object);
    m->object = (struct maintenance_object){.kind = (enum maintenance_kind)row->kind,
                                            .cube = (uint16_t)row->cube,
                                            .host = (uint8_t)row->host,
                                            .face = (uint8_t)row->face,
                                            .index = (uint8_t)row->link_index,
                                            .ocs = (uint16_t)row->ocs,
                                            .side = (uint8_t)row->side,
                                            .port = (uint16_t)row->port,
                                            .move_to = (uint16_t)row->move_to};
    snprintf(m->reason, sizeof(m->reason), "%s", row->reason);
    snprintf(m->begun_by, sizeof(m->begun_by), "%s", row->begun_by);
    m->since_us = row->since_us;
    m->uid_at = row->uid_at;
    m->accepted = (struct maintenance_terms){.disrupt = row->disrupt,
                                             .is_failed = row->is_failed,
                                             .is_ending = row->is_ending,
                                             .stage = (unsigned)row->stage,
                                             .told = (enum maintenance_state)row->state,
                                             .safe_since_us = row->safe_since_us};
    parse_allowed(row->allowed, &m->accepted);
    m->durable = m->accepted;
    m->is_durable = true;
    m->read_after_us = now_us;
    if (!maintenance_exists(pod, &m->object)) {
        free(m);
        return -EBADMSG;
    }
    link_in(m);
    maintenance_derive_blocks(pod);
    maintenance_assume_disabled(m, now_us);
    return 0;
}

bool maintenance_covers(const struct fabric_maintenance *m, unsigned ocs, enum topo_side side,
                        unsigned port) {
    const struct maintenance_object *object = &m->object;
    if (object->kind == MAINTENANCE_OCS)
        return object->ocs == ocs;
    if (object->kind == MAINTENANCE_PORT)
        return object->ocs == ocs && object->side == side &&
               (object->port == port || (object->move_to && object->move_to == port));
    uint16_t end = m->pod->wiring->end_of[ocs][side][port];
    if (end == TOPO_NO_END || topo_end_cube(end) != object->cube)
        return false;
    switch (object->kind) {
    case MAINTENANCE_CUBE:
        return true;
    case MAINTENANCE_HOST:
        return host_of_end(end) == object->host;
    default:
        return topo_end_face(end) == object->face && topo_end_index(end) == object->index;
    }
}

static void add_port(struct maintenance_port *ports, unsigned *count, unsigned ocs, unsigned side,
                     unsigned port) {
    ports[(*count)++] =
        (struct maintenance_port){.ocs = (uint16_t)ocs, .port = (uint16_t)port, .side = (uint8_t)side};
}

unsigned maintenance_ports(const struct fabric_maintenance *m,
                           struct maintenance_port ret_ports[2 * TOPO_PORTS_MAX]) {
    const struct maintenance_object *object = &m->object;
    const struct fabric_ocs *ocs = &m->pod->ocs[object->ocs];
    unsigned count = 0;
    switch (object->kind) {
    case MAINTENANCE_OCS:
        for (unsigned a = 1; a <= ocs->ports_a; a++)
            add_port(ret_ports, &count, object->ocs, TOPO_SIDE_A, a);
        for (unsigned b = 1; b <= ocs->ports_b; b++)
            add_port(ret_ports, &count, object->ocs, TOPO_SIDE_B, b);
        break;
    case MAINTENANCE_PORT:
        add_port(ret_ports, &count, object->ocs, object->side, object->port);
        if (object->move_to && object->move_to != object->port)
            add_port(ret_ports, &count, object->ocs, object->side, object->move_to);
        break;
    default:
        for (unsigned face = 0; face < TOPO_FACES; face++)
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                const struct topo_port *at = &m->pod->wiring->port_of[topo_end(object->cube, face, index)];
                if (at->ocs >= 0 && maintenance_covers(m, (unsigned)at->ocs, at->side, at->port))
                    add_port(ret_ports, &count, (unsigned)at->ocs, at->side, at->port);
            }
    }
    return count;
}

/* A switch that is being restored blocks nothing as a whole: its links come back one stage after the other.
 */
static bool blocks(const struct fabric_maintenance *m) {
    return !m->accepted.stage;
}

void maintenance_mark_ports(struct fabric_pod *pod) {
    for (unsigned i = 0; i < pod->n_ocses; i++)
        pod->ocs[i].ports_are_old = true;
}

void maintenance_derive_blocks(struct fabric_pod *pod) {
    struct maintenance_port ports[2 * TOPO_PORTS_MAX];
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        struct fabric_ocs *ocs = &pod->ocs[i];
        for (unsigned a = 1; a <= ocs->ports_a; a++)
            ocs->port[a].is_blocked = false;
        memset(ocs->is_b_blocked, 0, sizeof(ocs->is_b_blocked));
        ocs->needs_reconcile = true;
    }
    for (const struct fabric_maintenance *m = pod->maintenances; m; m = m->next) {
        unsigned count = blocks(m) ? maintenance_ports(m, ports) : 0;
        for (unsigned i = 0; i < count; i++) {
            struct fabric_ocs *ocs = &pod->ocs[ports[i].ocs];
            if (ports[i].side == TOPO_SIDE_A)
                ocs->port[ports[i].port].is_blocked = true;
            else
                ocs->is_b_blocked[ports[i].port] = true;
        }
    }
    maintenance_mark_ports(pod);
    pod->wants_are_old = pod->classes_are_old = pod->plan_is_old = true;
    for (struct fabric_slice *slice = pod->fabric->slices; slice; slice = slice->next)
        if (slice->pod == pod)
            slice->needs_judging = true;
    fabric_mark(pod->fabric);
}

/* An eighth, half, all: so that a switch that was cabled wrong is found out by few links. */
bool maintenance_is_later(unsigned stage, unsigned a) {
    static const unsigned share[MAINTENANCE_STAGES + 1] = {8, 1, 4, 8};
    return a % 8 >= share[stage <= MAINTENANCE_STAGES ? stage : MAINTENANCE_STAGES];
}

static bool was_missing(const struct slice_version *version, const struct slice_link *seen) {
    for (unsigned i = 0; i < version->missing.count; i++) {
        const struct slice_link *link = &version->missing.link[i];
        if (link->position == seen->position && link->dimension == seen->dimension &&
            link->index == seen->index)
            return true;
    }
    return false;
}

static bool is_allowed(const struct maintenance_terms *terms, int64_t uid) {
    for (unsigned i = 0; i < terms->n_allowed; i++)
        if (terms->allowed[i] == uid)
            return true;
    return false;
}

static bool has_word(const struct fabric_maintenance *m, const struct maintenance_terms *terms,
                     const struct fabric_slice *slice, const struct slice_version *version) {
    return terms->disrupt || terms->is_failed || version->disruption == DISRUPTION_ANYTIME ||
           slice->uid > m->uid_at || is_allowed(terms, slice->uid);
}

bool maintenance_has_word(const struct fabric_maintenance *m, const struct fabric_slice *slice) {
    return has_word(m, &m->accepted, slice, slice->accepted);
}

bool maintenance_takes(const struct fabric_slice *slice, const struct slice_version *version,
                       const struct slice_link *seen, const struct topo_link *link) {
    for (const struct fabric_maintenance *m = slice->pod->maintenances; m; m = m->next) {
        if (!m->is_durable)
            continue;
        if (m->durable.stage) {
            if (m->object.ocs == link->ocs && maintenance_is_later(m->durable.stage, link->a))
                return true;
            continue;
        }
        if (!maintenance_covers(m, (unsigned)link->ocs, TOPO_SIDE_A, link->a) &&
            !maintenance_covers(m, (unsigned)link->ocs, TOPO_SIDE_B, link->b))
            continue;
        /* A link that is missing already is no loss: it was planned without it. */
        if (has_word(m, &m->durable, slice, version) || was_missing(version, seen))
            return true;
    }
    return false;
}

enum link_cause maintenance_cause(const struct fabric_pod *pod, const struct topo_link *link) {
    for (const struct fabric_maintenance *m = pod->maintenances; m; m = m->next)
        if (m->object.kind == MAINTENANCE_OCS && m->object.ocs == link->ocs && m->durable.is_failed)
            return LINK_CAUSE_OCS_LOST;
    return LINK_CAUSE_MAINTENANCE;
}

bool maintenance_takes_cube(const struct fabric_cube *cube, const struct fabric_slice *slice) {
    for (const struct fabric_maintenance *m = cube->pod->maintenances; m; m = m->next)
        if (m->is_durable && m->object.kind == MAINTENANCE_CUBE && m->object.cube == cube->index &&
            has_word(m, &m->durable, slice, slice->accepted))
            return true;
    return false;
}

bool maintenance_clears(const struct fabric_pod *pod, unsigned ocs, unsigned a, unsigned b) {
    for (const struct fabric_maintenance *m = pod->maintenances; m; m = m->next)
        if (m->is_durable && !m->durable.stage &&
            (maintenance_covers(m, ocs, TOPO_SIDE_A, a) || maintenance_covers(m, ocs, TOPO_SIDE_B, b)))
            return true;
    return false;
}

bool maintenance_disrupts(const struct fabric_pod *pod, unsigned ocs, unsigned a, unsigned b) {
    for (const struct fabric_maintenance *m = pod->maintenances; m; m = m->next)
        if (m->is_durable && m->durable.disrupt && !m->durable.stage &&
            (maintenance_covers(m, ocs, TOPO_SIDE_A, a) || maintenance_covers(m, ocs, TOPO_SIDE_B, b)))
            return true;
    return false;
}

void maintenance_mark_plan(struct fabric_pod *pod) {
    for (const struct fabric_maintenance *m = pod->maintenances; m; m = m->next) {
        if (m->object.kind == MAINTENANCE_OCS)
            pod->plan.bad_ocses |= UINT64_C(1) << m->object.ocs;
        if (m->object.kind == MAINTENANCE_HOST)
            pod->plan.bad_hosts[m->object.cube] |= (uint16_t)(1u << m->object.host);
    }
    for (unsigned i = 0; i < pod->n_ocses && pod->maintenances; i++)
        for (unsigned side = 0; side < 2; side++) {
            const struct fabric_ocs *ocs = &pod->ocs[i];
            unsigned ports = side == TOPO_SIDE_A ? ocs->ports_a : ocs->ports_b;
            for (unsigned port = 1; port <= ports; port++) {
                uint16_t end = pod->wiring->end_of[i][side][port];
                bool is_blocked = side == TOPO_SIDE_A ? ocs->port[port].is_blocked : ocs->is_b_blocked[port];
                if (is_blocked && end != TOPO_NO_END)
                    pod->plan.bad_ends[topo_end_cube(end)][topo_end_face(end)] |=
                        (uint16_t)(1u << topo_end_index(end));
            }
        }
}

const struct fabric_maintenance *maintenance_of_ocs(const struct fabric_ocs *ocs) {
    for (const struct fabric_maintenance *m = ocs->pod->maintenances; m; m = m->next)
        if (m->object.kind == MAINTENANCE_OCS && m->object.ocs == ocs->index)
            return m;
    return NULL;
}

static void put_row(struct change *change, const struct fabric_maintenance *m) {
    char *allowed = format_allowed(&m->accepted);
    if (!allowed) {
        change->has_failed = true;
        return;
    }
    struct store_maintenance row = {.pod_id = m->pod->pod_id,
                                    .object = m->name,
                                    .kind = m->object.kind,
                                    .cube = m->object.cube,
                                    .host = m->object.host,
                                    .face = m->object.face,
                                    .link_index = m->object.index,
                                    .ocs = m->object.ocs,
                                    .side = m->object.side,
                                    .port = m->object.port,
                                    .move_to = m->object.move_to,
                                    .reason = m->reason,
                                    .begun_by = m->begun_by,
                                    .since_us = m->since_us,
                                    .disrupt = m->accepted.disrupt,
                                    .is_failed = m->accepted.is_failed,
                                    .stage = m->accepted.stage,
                                    .is_stopped = m->accepted.told == MAINTENANCE_STOPPED,
                                    .is_ending = m->accepted.is_ending,
                                    .uid_at = m->uid_at,
                                    .allowed = allowed,
                                    .state = m->accepted.told,
                                    .safe_since_us = m->accepted.safe_since_us};
    store_put(change->rows, STORE_MAINTENANCE, &row);
    free(allowed);
}

/* Maps that were read before say nothing about what was sent before. */
static void read_again(struct fabric_maintenance *m, int64_t now_us) {
    m->read_after_us = now_us;
    for (unsigned i = 0; i < m->pod->n_ocses; i++)
        if (observe_is_usable(&m->pod->ocs[i]))
            device_read_map(m->pod->ocs[i].device, now_us);
}

static void land_begin(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_maintenance *m = step->object;
    m->is_durable = true;
    m->n_changes--;
    read_again(m, now_us);
    maintenance_derive_blocks(m->pod);
}

static void revert_begin(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_maintenance *m = step->object;
    link_out(m);
    maintenance_derive_blocks(m->pod);
    free(m);
}

void maintenance_change_begin(struct change *change, struct fabric_maintenance *m) {
    link_in(m);
    m->n_changes++;
    m->durable = m->accepted; /* what is added to it later lands later */
    put_row(change, m);
    maintenance_derive_blocks(m->pod);
    struct step step = {.land = land_begin, .revert = revert_begin, .object = m};
    change_add_step(change, &step);
}

static void land_terms(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_maintenance *m = step->object;
    struct maintenance_terms *after = step->after;
    bool has_moved = m->durable.disrupt != after->disrupt || m->durable.is_failed != after->is_failed ||
                     m->durable.stage != after->stage || m->durable.n_allowed != after->n_allowed;
    if (m->durable.told != after->told)
        m->pod->classes_are_old = true;
    m->durable = *after;
    m->n_changes--;
    maintenance_mark_ports(m->pod);
    if (has_moved) {
        read_again(m, now_us);
        maintenance_derive_blocks(m->pod);
    }
    free(step->before);
    free(after);
}

static void revert_terms(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_maintenance *m = step->object;
    m->accepted = *(struct maintenance_terms *)step->before;
    m->n_changes--;
    maintenance_derive_blocks(m->pod);
    free(step->before);
    free(step->after);
}

void maintenance_change_terms(struct change *change, struct fabric_maintenance *m,
                              const struct maintenance_terms *terms) {
    struct maintenance_terms *before = malloc(sizeof(*before)), *after = malloc(sizeof(*after));
    if (!before || !after) {
        free(before);
        free(after);
        change->has_failed = true;
        return;
    }
    bool stage_moves = (m->accepted.stage != 0) != (terms->stage != 0);
    *before = m->accepted;
    m->accepted = *after = *terms;
    m->n_changes++;
    put_row(change, m);
    maintenance_mark_ports(m->pod);
    if (stage_moves)
        maintenance_derive_blocks(m->pod);
    struct step step = {
        .land = land_terms, .revert = revert_terms, .object = m, .before = before, .after = after};
    change_add_step(change, &step);
}

static void land_drop(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_maintenance *m = step->object;
    struct fabric_pod *pod = m->pod;
    struct maintenance_port ports[2 * TOPO_PORTS_MAX];
    for (unsigned i = maintenance_ports(m, ports); i-- > 0;)
        health_port_moved(&pod->ocs[ports[i].ocs], ports[i].side, ports[i].port, now_us);
    link_out(m);
    free(m);
    maintenance_derive_blocks(pod);
}

static void revert_drop(struct fabric *fabric, struct step *step, int64_t now_us) {
    ((struct fabric_maintenance *)step->object)->n_changes--;
}

/* The block stays until the row is gone. */
void maintenance_change_drop(struct change *change, struct fabric_maintenance *m) {
    struct store_maintenance key = {.pod_id = m->pod->pod_id, .object = m->name};
    m->n_changes++;
    store_delete(change->rows, STORE_MAINTENANCE, &key, 2);
    struct step step = {.land = land_drop, .revert = revert_drop, .object = m};
    change_add_step(change, &step);
}
