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

/* So many links are told with their suspects: the first ones tell as much as all. */
#define LINKS_WITH_SUSPECTS 16

static void convert_suspects(struct arena *arena, const struct fabric_slice *slice,
                             const struct slice_version *version, const struct slice_link *link,
                             Heliostat__V1__MissingLink *message) {
    char text[FABRIC_SUSPECTS][160];
    unsigned n = fabric_link_suspects(slice, version, link, text);
    message->suspects = arena_array(arena, n, sizeof(*message->suspects));
    for (unsigned i = 0; message->suspects && i < n; i++)
        message->suspects[message->n_suspects++] = arena_copy(arena, text[i]);
}

static Heliostat__V1__MissingLink **convert_links(struct arena *arena, const struct fabric_slice *slice,
                                                  const struct slice_version *version,
                                                  const struct link_list *links) {
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
        message->over_loss_budget = link->cause == LINK_CAUSE_LOSS;
        if (slice && i < LINKS_WITH_SUSPECTS)
            convert_suspects(arena, slice, version, link, message);
        list[i] = message;
    }
    return list;
}

static Heliostat__V1__SliceHost *convert_host(struct arena *arena, const struct fabric_cube *cube,
                                              unsigned host, unsigned rank, const unsigned origin[3]) {
    Heliostat__V1__SliceHost *message = arena_message(arena, &heliostat__v1__slice_host__descriptor);
    uint32_t *chip = arena_array(arena, 3, sizeof(*chip));
    if (!message || !chip)
        return NULL;
    for (unsigned i = 0; i < 3; i++)
        chip[i] = origin[i];
    message->rank = rank;
    message->node_name = cube->host[host].node_name;
    message->address = cube->host[host].address;
    message->cube = convert_cube_name(arena, cube);
    message->host_index = host;
    message->chip_origin = chip;
    message->n_chip_origin = 3;
    return message;
}

static void convert_whole_hosts(struct arena *arena, const struct fabric_slice *slice,
                                const struct slice_version *version, Heliostat__V1__Slice *message) {
    const struct topo_shape *shape = &version->shape;
    for (unsigned position = 0; position < shape->n_cubes; position++) {
        const unsigned at[3] = {position % shape->cubes[0], position / shape->cubes[0] % shape->cubes[1],
                                position / shape->cubes[0] / shape->cubes[1]};
        for (unsigned host = 0; host < TOPO_HOSTS_PER_CUBE; host++) {
            unsigned rank = topo_host_rank(shape, position, host), origin[3];
            topo_host_origin(host, origin);
            for (unsigned i = 0; i < 3; i++)
                origin[i] += 4 * at[i];
            message->hosts[rank] =
                convert_host(arena, &slice->pod->cube[version->cubes[position]], host, rank, origin);
        }
    }
}

/* In the slice's own coordinates, whichever way its block is turned; ranks are x-fastest in these. */
static void convert_part_hosts(struct arena *arena, const struct fabric_slice *slice,
                               const struct slice_version *version, Heliostat__V1__Slice *message) {
    unsigned origins[TOPO_HOSTS_PER_CUBE][3];
    struct topo_block block;
    if (!fabric_part_block(version, &block))
        return;
    for (unsigned host = 0; host < TOPO_HOSTS_PER_CUBE; host++) {
        unsigned in_cube[3];
        topo_host_origin(host, in_cube);
        for (unsigned i = 0; i < 3; i++)
            origins[host][i] = in_cube[block.axis_map[i]] - block.origin[block.axis_map[i]];
    }
    for (unsigned host = 0; host < TOPO_HOSTS_PER_CUBE; host++) {
        unsigned rank = 0;
        for (unsigned other = 0; other < TOPO_HOSTS_PER_CUBE; other++) {
            const unsigned *one = origins[other], *this = origins[host];
            bool comes_before = one[2] != this[2]   ? one[2] < this[2]
                                : one[1] != this[1] ? one[1] < this[1]
                                                    : one[0] < this[0];
            rank += (block.hosts >> other & 1) && comes_before;
        }
        if (block.hosts >> host & 1)
            message->hosts[rank] =
                convert_host(arena, &slice->pod->cube[version->cubes[0]], host, rank, origins[host]);
    }
}

static void convert_hosts(struct arena *arena, const struct fabric_slice *slice,
                          const struct slice_version *version, Heliostat__V1__Slice *message) {
    unsigned per_cube = (unsigned)__builtin_popcount(version->host_mask);
    message->hosts = arena_array(arena, per_cube * version->shape.n_cubes, sizeof(*message->hosts));
    if (!message->hosts)
        return;
    message->n_hosts = per_cube * version->shape.n_cubes;
    if (version->shape.whole_cubes)
        convert_whole_hosts(arena, slice, version, message);
    else
        convert_part_hosts(arena, slice, version, message);
}

/* The hosts of a block of a cube, and how it lies there. */
static void convert_block(struct arena *arena, const struct topo_block *block, uint32_t **ret_hosts,
                          size_t *ret_n_hosts, uint32_t **ret_axis_map, size_t *ret_n_axis_map) {
    *ret_hosts = arena_array(arena, TOPO_HOSTS_PER_CUBE, sizeof(**ret_hosts));
    *ret_axis_map = arena_array(arena, 3, sizeof(**ret_axis_map));
    if (!*ret_hosts || !*ret_axis_map)
        return;
    for (unsigned host = 0; host < TOPO_HOSTS_PER_CUBE; host++)
        if (block->hosts >> host & 1)
            (*ret_hosts)[(*ret_n_hosts)++] = host;
    for (unsigned i = 0; i < 3; i++)
        (*ret_axis_map)[(*ret_n_axis_map)++] = block->axis_map[i];
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

static Heliostat__V1__PendingDisruption *
convert_pending(struct arena *arena, const struct fabric_slice *slice, const struct slice_version *version) {
    Heliostat__V1__PendingDisruption *message =
        arena_message(arena, &heliostat__v1__pending_disruption__descriptor);
    Heliostat__V1__PendingSwap **list = arena_array(arena, version->pending.count, sizeof(*list));
    if (!message || !list)
        return NULL;
    message->why = (Heliostat__V1__PendingWhy)version->pending_why;
    message->cause = (char *)version->pending_cause;
    message->since = convert_time(arena, version->pending_since_us);
    message->deadline = convert_time(arena, version->pending_by_us);
    message->overdue = version->is_overdue;
    for (unsigned i = 0; i < version->pending.count; i++) {
        const struct slice_swap *swap = &version->pending.swap[i];
        list[i] = arena_message(arena, &heliostat__v1__pending_swap__descriptor);
        if (!list[i])
            return NULL;
        list[i]->cube = convert_cube_name(arena, &slice->pod->cube[swap->out]);
        if (swap->in != SWAP_NO_CUBE)
            list[i]->replacement = convert_cube_name(arena, &slice->pod->cube[swap->in]);
    }
    message->swaps = list;
    message->n_swaps = version->pending.count;
    return message;
}

static Heliostat__V1__Lease *convert_lease(struct arena *arena, const struct fabric_slice *slice,
                                           const struct slice_version *version) {
    Heliostat__V1__Lease *message = arena_message(arena, &heliostat__v1__lease__descriptor);
    if (!message)
        return NULL;
    message->time_to_live_s = (uint32_t)(version->lease_ttl_us / 1000000);
    message->grace_s = (uint32_t)(version->lease_grace_us / 1000000);
    if (!version->orphaned_since_us)
        message->expires = convert_time(arena, fabric_lease_until_us(slice));
    message->orphaned_since = convert_time(arena, version->orphaned_since_us);
    return message;
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
    if (version->state == SLICE_RESERVED)
        message->reserved_until = convert_time(arena, version->connect_by_us);
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
    message->missing_links = convert_links(arena, slice, version, &version->missing);
    message->n_missing_links = version->missing.count;
    message->failed_links = convert_links(arena, slice, version, &version->failed);
    message->n_failed_links = version->failed.count;
    convert_labels(arena, slice, message);
    message->orphaned = version->orphaned_since_us != 0;
    if (version->lease_ttl_us)
        message->lease = convert_lease(arena, slice, version);
    if (version->pending.count)
        message->pending_disruption = convert_pending(arena, slice, version);
    struct topo_block block;
    if (fabric_part_block(version, &block))
        convert_block(arena, &block, &message->host_indices, &message->n_host_indices, &message->axis_map,
                      &message->n_axis_map);
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

static char *convert_choice(struct arena *arena, const struct fabric_plan *plan, unsigned position) {
    const struct fabric_cube *cube = &plan->pod->cube[plan->cubes[position]];
    const struct topo_choice *choice = &plan->choices[position];
    if (!plan->shape.whole_cubes)
        return arena_printf(
            arena, "%s: %s", cube->name,
            plan->opens_cube
                ? "no cube that is cut already has room; of the others it is worth least to a slice of "
                  "whole cubes"
                : "cut already, and the fewest free hosts that are enough");
    return arena_printf(arena, "%s: %s (%u of its links lit, %u missing)", cube->name,
                        topo_why_text(choice->why), choice->lit_links, choice->missing_links);
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
    message->missing_links = convert_links(arena, NULL, NULL, &plan->missing);
    message->n_missing_links = plan->missing.count;
    message->moves = arena_array(arena, plan->n_moves, sizeof(*message->moves));
    message->n_moves = plan->n_moves;
    for (unsigned i = 0; message->moves && i < plan->n_moves; i++)
        message->moves[i] = convert_moves(arena, &plan->moves[i]);
    message->circuits_removed = plan->removed;
    message->circuits_added = plan->added;
    message->circuits_kept = plan->kept;
    message->topology = arena_copy(arena, topology);
    struct slice_version part = {.shape = plan->shape, .host_mask = plan->host_mask};
    struct topo_block block;
    if (fabric_part_block(&part, &block))
        convert_block(arena, &block, &message->host_indices, &message->n_host_indices, &message->axis_map,
                      &message->n_axis_map);
    message->reasons =
        plan->choices ? arena_array(arena, plan->shape.n_cubes, sizeof(*message->reasons)) : NULL;
    for (unsigned i = 0; message->reasons && i < plan->shape.n_cubes; i++)
        message->reasons[message->n_reasons++] = convert_choice(arena, plan, i);
    message->text =
        arena_printf(arena,
                     "%s is %s on %u cube%s of pod %s: %u circuits to remove, %u to add, %u "
                     "stay, %u links missing",
                     plan->slice, topology, plan->shape.n_cubes, plan->shape.n_cubes == 1 ? "" : "s",
                     plan->pod->name, plan->removed, plan->added, plan->kept, plan->missing.count);
    return arena->has_failed ? NULL : message;
}
