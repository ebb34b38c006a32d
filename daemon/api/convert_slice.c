#include "daemon/api/convert.h"

#include <stdlib.h>

static Heliostat__V1__SlicePosition *convert_position(struct arena *arena, const struct topo_shape *shape,
                                                      unsigned position, const struct fabric_cube *cube) {
    Heliostat__V1__SlicePosition *message = arena_message(arena, &heliostat__v1__slice_position__descriptor);
    if (!message)
        return NULL;
    message->x = position % shape->cubes[0];
    message->y = position / shape->cubes[0] % shape->cubes[1];
    message->z = position / shape->cubes[0] / shape->cubes[1];
    message->index = position;
    message->cube = convert_cube_name(arena, cube);
    /* A cube is a rack, so a rack is written as the row it stands in and the cube: row-2/cube-17. */
    message->rack = arena_printf(arena, "row-%u/%s", cube->row, cube->name);
    return message;
}

static Heliostat__V1__SlicePosition **convert_positions(struct arena *arena, const struct topo_shape *shape,
                                                        const struct fabric_pod *pod, const uint16_t *cubes) {
    Heliostat__V1__SlicePosition **list = arena_array(arena, shape->n_cubes, sizeof(*list));
    for (unsigned position = 0; list && position < shape->n_cubes; position++)
        list[position] = convert_position(arena, shape, position, &pod->cube[cubes[position]]);
    return list;
}

static Heliostat__V1__MissingLink **convert_links(struct arena *arena, const struct link_list *links) {
    Heliostat__V1__MissingLink **list = arena_array(arena, links->count, sizeof(*list));
    for (unsigned i = 0; list && i < links->count; i++) {
        const struct slice_link *link = &links->link[i];
        Heliostat__V1__MissingLink *message = arena_message(arena, &heliostat__v1__missing_link__descriptor);
        if (!message)
            return NULL;
        message->position = link->position;
        message->face = (char *)topo_face_name(topo_face(link->dimension, false));
        message->index = link->index;
        message->cause = (char *)link_cause_text(link->cause);
        list[i] = message;
    }
    return list;
}

static Heliostat__V1__SliceHost *convert_host(struct arena *arena, const struct slice_version *version,
                                              const struct fabric_cube *cube, unsigned position,
                                              unsigned host, unsigned rank, const unsigned first[3]) {
    const struct topo_shape *shape = &version->shape;
    const unsigned at[3] = {position % shape->cubes[0], position / shape->cubes[0] % shape->cubes[1],
                            position / shape->cubes[0] / shape->cubes[1]};
    unsigned origin[3];
    Heliostat__V1__SliceHost *message = arena_message(arena, &heliostat__v1__slice_host__descriptor);
    uint32_t *chip = arena_array(arena, 3, sizeof(*chip));
    if (!message || !chip)
        return NULL;
    topo_host_origin(host, origin);
    for (unsigned i = 0; i < 3; i++)
        chip[i] = 4 * at[i] + origin[i] - first[i];
    message->rank = rank;
    message->node_name = cube->host[host].node_name;
    message->address = cube->host[host].address;
    message->cube = convert_cube_name(arena, cube);
    message->host_index = host;
    message->chip_origin = chip;
    message->n_chip_origin = 3;
    return message;
}

/* Hosts of a part of a cube are counted in order of their index, which is x-fastest as well. */
static void convert_hosts(struct arena *arena, const struct fabric_slice *slice,
                          const struct slice_version *version, Heliostat__V1__Slice *message) {
    unsigned per_cube = (unsigned)__builtin_popcount(version->host_mask);
    unsigned count = per_cube * version->shape.n_cubes, next_part = 0, first[3] = {0, 0, 0};
    if (!version->shape.whole_cubes && version->host_mask)
        topo_host_origin((unsigned)__builtin_ctz(version->host_mask), first);
    Heliostat__V1__SliceHost **list = arena_array(arena, count, sizeof(*list));
    if (!list)
        return;
    for (unsigned position = 0; position < version->shape.n_cubes; position++)
        for (unsigned host = 0; host < TOPO_HOSTS_PER_CUBE; host++) {
            if (!(version->host_mask >> host & 1))
                continue;
            unsigned rank =
                version->shape.whole_cubes ? topo_host_rank(&version->shape, position, host) : next_part++;
            if (rank < count)
                list[rank] = convert_host(arena, version, &slice->pod->cube[version->cubes[position]],
                                          position, host, rank, first);
        }
    message->hosts = list;
    message->n_hosts = count;
}

/* The hosts that a part of one cube has. */
static void convert_part(struct arena *arena, const struct slice_version *version,
                         Heliostat__V1__Slice *message) {
    if (version->shape.whole_cubes)
        return;
    message->host_indices = arena_array(arena, TOPO_HOSTS_PER_CUBE, sizeof(*message->host_indices));
    for (unsigned host = 0; message->host_indices && host < TOPO_HOSTS_PER_CUBE; host++)
        if (version->host_mask >> host & 1)
            message->host_indices[message->n_host_indices++] = host;
}

static void convert_labels(struct arena *arena, const struct fabric_slice *slice,
                           Heliostat__V1__Slice *message) {
    Heliostat__V1__Label **list = arena_array(arena, slice->n_labels, sizeof(*list));
    for (unsigned i = 0; list && i < slice->n_labels; i++) {
        list[i] = arena_message(arena, &heliostat__v1__label__descriptor);
        if (!list[i])
            return;
        list[i]->key = slice->labels[i].key;
        list[i]->value = slice->labels[i].value;
    }
    message->labels = list;
    message->n_labels = list ? slice->n_labels : 0;
}

static void convert_shape(struct arena *arena, const struct slice_version *version,
                          Heliostat__V1__Slice *message) {
    const struct topo_shape *shape = &version->shape;
    char topology[64];
    topo_shape_format(shape, topology, sizeof(topology));
    message->topology = arena_copy(arena, topology);
    message->twisted = shape->twist != TOPO_TWIST_NONE;
    message->chips = shape->n_chips;
    message->wrap = arena_array(arena, 3, sizeof(*message->wrap));
    message->tolerate_missing = arena_array(arena, 3, sizeof(*message->tolerate_missing));
    if (!message->wrap || !message->tolerate_missing)
        return;
    message->n_wrap = message->n_tolerate_missing = 3;
    for (unsigned i = 0; i < 3; i++) {
        message->wrap[i] = shape->whole_cubes;
        message->tolerate_missing[i] = version->tolerate_missing[i];
    }
}

Heliostat__V1__Slice *convert_slice(struct arena *arena, const struct fabric_slice *slice,
                                    const struct slice_version *version, bool with_hosts) {
    Heliostat__V1__Slice *message = arena_message(arena, &heliostat__v1__slice__descriptor);
    if (!message)
        return NULL;
    message->name = (char *)slice->name;
    message->uid = slice->uid;
    message->pod = (char *)slice->pod->name;
    message->state = (Heliostat__V1__SliceState)version->state;
    message->generation = version->generation;
    message->revision = version->revision;
    message->qualified = (Heliostat__V1__Qualified)version->qualified;
    message->owner = (char *)slice->owner;
    message->disruption = (Heliostat__V1__Disruption)version->disruption;
    message->held = version->is_held;
    message->unverified_since = convert_time(arena, version->unverified_since_us);
    message->created_at = convert_time(arena, slice->created_us);
    message->cause = (char *)version->cause;
    message->circuits_done = slice->circuits_done;
    message->circuits_total = slice->circuits_total;
    convert_shape(arena, version, message);
    message->positions = convert_positions(arena, &version->shape, slice->pod, version->cubes);
    message->n_positions = version->shape.n_cubes;
    message->missing_links = convert_links(arena, &version->missing);
    message->n_missing_links = version->missing.count;
    message->failed_links = convert_links(arena, &version->failed);
    message->n_failed_links = version->failed.count;
    convert_labels(arena, slice, message);
    convert_part(arena, version, message);
    if (with_hosts)
        convert_hosts(arena, slice, version, message);
    return arena->has_failed ? NULL : message;
}

static Heliostat__V1__OcsMoves *convert_moves(struct arena *arena, const struct fabric_moves *moves) {
    Heliostat__V1__OcsMoves *message = arena_message(arena, &heliostat__v1__ocs_moves__descriptor);
    if (!message)
        return NULL;
    message->ocs = convert_ocs_name(arena, moves->ocs);
    message->removed = moves->removed;
    message->added = moves->added;
    message->kept = moves->kept;
    return message;
}

Heliostat__V1__SlicePlan *convert_plan(struct arena *arena, const struct fabric_plan *plan) {
    Heliostat__V1__SlicePlan *message = arena_message(arena, &heliostat__v1__slice_plan__descriptor);
    if (!message)
        return NULL;
    char topology[64];
    topo_shape_format(&plan->shape, topology, sizeof(topology));
    message->slice = arena_copy(arena, plan->slice);
    message->positions = convert_positions(arena, &plan->shape, plan->pod, plan->cubes);
    message->n_positions = plan->shape.n_cubes;
    message->missing_links = convert_links(arena, &plan->missing);
    message->n_missing_links = plan->missing.count;
    message->moves = arena_array(arena, plan->n_moves, sizeof(*message->moves));
    message->n_moves = plan->n_moves;
    for (unsigned i = 0; message->moves && i < plan->n_moves; i++)
        message->moves[i] = convert_moves(arena, &plan->moves[i]);
    message->circuits_removed = plan->removed;
    message->circuits_added = plan->added;
    message->circuits_kept = plan->kept;
    message->text =
        arena_printf(arena,
                     "%s is %s on %u cube%s of pod %s: %u circuits to remove, %u to add, %u "
                     "stay, %u links missing",
                     plan->slice, topology, plan->shape.n_cubes, plan->shape.n_cubes == 1 ? "" : "s",
                     plan->pod->name, plan->removed, plan->added, plan->kept, plan->missing.count);
    return arena->has_failed ? NULL : message;
}
