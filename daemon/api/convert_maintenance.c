#include "daemon/api/convert_maintenance.h"
#include "daemon/api/convert.h"

#include <stdio.h>
#include <string.h>

#define MOST_LINES 400

static bool covers_link(const struct fabric_maintenance *m, const struct topo_link *link) {
    return link->ocs >= 0 && (maintenance_covers(m, (unsigned)link->ocs, TOPO_SIDE_A, link->a) ||
                              maintenance_covers(m, (unsigned)link->ocs, TOPO_SIDE_B, link->b));
}

/* The links of the slice that are, or were, connected there. */
static void convert_links(struct arena *arena, const struct fabric_maintenance *m,
                          const struct fabric_slice *slice, Heliostat__V1__MaintenanceSlice *message) {
    const struct slice_version *version = slice->durable ? slice->durable : slice->accepted;
    const struct fabric_pod *pod = m->pod;
    unsigned room = version->shape.n_cubes * TOPO_LINKS_PER_POSITION;
    message->links = arena_array(arena, room, sizeof(*message->links));
    for (unsigned position = 0; message->links && position < version->shape.n_cubes; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++)
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                struct topo_link link =
                    topo_link_at(pod->wiring, &version->shape, version->cubes, position, dimension, index);
                if (!covers_link(m, &link))
                    continue;
                Heliostat__V1__MissingLink *entry =
                    arena_message(arena, &heliostat__v1__missing_link__descriptor);
                if (!entry)
                    return;
                entry->position = position;
                entry->face = (char *)topo_face_name(topo_face(dimension, false));
                entry->index = index;
                message->links[message->n_links++] = entry;
            }
}

static void convert_slices(struct arena *arena, const struct fabric_maintenance *m,
                           Heliostat__V1__Maintenance *message) {
    message->slices = arena_array(arena, m->pod->n_cubes, sizeof(*message->slices));
    for (const struct fabric_slice *slice = fabric_slices(m->pod->fabric); message->slices && slice;
         slice = slice->next) {
        const struct slice_version *version = slice->accepted;
        if (slice->pod != m->pod || version->is_gone || !version->shape.whole_cubes ||
            version->state == SLICE_FAILED || version->state == SLICE_RESERVED)
            continue;
        Heliostat__V1__MaintenanceSlice *entry =
            arena_message(arena, &heliostat__v1__maintenance_slice__descriptor);
        if (!entry)
            return;
        convert_links(arena, m, slice, entry);
        if (!entry->n_links)
            continue;
        entry->slice = (char *)slice->name;
        entry->owner = (char *)slice->owner;
        entry->allowed = maintenance_has_word(m, slice);
        message->slices[message->n_slices++] = entry;
    }
}

static char *circuit_text(struct arena *arena, const struct fabric_ocs *ocs, unsigned a, const char *what) {
    char text[160];
    snprintf(text, sizeof(text), "%s A%u-B%u: %s", ocs->name, a, ocs->port[a].observed_b, what);
    return arena_copy(arena, text);
}

static void convert_circuits_there(struct arena *arena, const struct fabric_maintenance *m,
                                   Heliostat__V1__Maintenance *message) {
    message->in_the_way = arena_array(arena, MOST_LINES, sizeof(*message->in_the_way));
    message->findings = arena_array(arena, MOST_LINES, sizeof(*message->findings));
    for (unsigned i = 0; message->in_the_way && message->findings && i < m->pod->n_ocses; i++) {
        const struct fabric_ocs *ocs = &m->pod->ocs[i];
        for (unsigned a = 1; a <= ocs->ports_a; a++) {
            const struct fabric_port *port = &ocs->port[a];
            bool is_there = maintenance_covers(m, i, TOPO_SIDE_A, a) ||
                            (port->observed_b && maintenance_covers(m, i, TOPO_SIDE_B, port->observed_b));
            if (!is_there || message->n_in_the_way == MOST_LINES || message->n_findings == MOST_LINES)
                continue;
            if (port->observed_b && port->circuit_class == CIRCUIT_UNACCOUNTED)
                message->in_the_way[message->n_in_the_way++] = circuit_text(
                    arena, ocs, a, "no slice explains it; `helioctl circuit clear`, or --disrupt");
            if (port->observed_b && port->is_locked)
                message->in_the_way[message->n_in_the_way++] =
                    circuit_text(arena, ocs, a, "of a slice that is held");
            if (m->accepted.stage && port->want_slice && stage_link_proof(ocs, a) < 0)
                message->findings[message->n_findings++] = circuit_text(
                    arena, ocs, a,
                    port->observed_b ? "no light, or light from elsewhere" : "the switch does not make it");
        }
    }
}

Heliostat__V1__Maintenance *convert_maintenance(struct arena *arena, const struct fabric_maintenance *m) {
    Heliostat__V1__Maintenance *message = arena_message(arena, &heliostat__v1__maintenance__descriptor);
    struct maintenance_sight sight;
    char text[FABRIC_TEXT_MAX];
    if (!message)
        return NULL;
    maintenance_look(m, &sight);
    snprintf(text, sizeof(text), "%.63s/%.47s", m->pod->name, m->name);
    message->object = arena_copy(arena, text);
    message->kind = (Heliostat__V1__MaintenanceKind)m->object.kind;
    message->reason = (char *)m->reason;
    message->by = (char *)m->begun_by;
    message->since = convert_time(arena, m->since_us);
    message->state = (Heliostat__V1__MaintenanceState)sight.state;
    message->text = arena_copy(arena, sight.text);
    message->ports = sight.n_ports;
    message->circuits_left = sight.n_lit;
    message->ports_disabled = sight.n_disabled;
    message->safe_since = convert_time(arena, m->accepted.safe_since_us);
    message->links = sight.links.n_links;
    message->links_proved = sight.links.n_proved;
    if (m->object.move_to) {
        snprintf(text, sizeof(text), "%c%u", m->object.side == TOPO_SIDE_A ? 'A' : 'B', m->object.move_to);
        message->move_to = arena_copy(arena, text);
    }
    message->unread_ocses = arena_array(arena, m->pod->n_ocses, sizeof(*message->unread_ocses));
    for (unsigned i = 0; message->unread_ocses && i < m->pod->n_ocses; i++)
        if (sight.unread >> i & 1)
            message->unread_ocses[message->n_unread_ocses++] = convert_ocs_name(arena, &m->pod->ocs[i]);
    convert_slices(arena, m, message);
    convert_circuits_there(arena, m, message);
    return message;
}
