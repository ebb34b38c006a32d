#include "daemon/api/inventory_rows.h"
#include "inventory/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static Heliostat__V1__Host *host_message(struct arena *arena, const struct fabric_cube *cube, unsigned host) {
    Heliostat__V1__Host *message = arena_message(arena, &heliostat__v1__host__descriptor);
    char name[INVENTORY_NAME_MAX];
    if (!message)
        return NULL;
    message->name =
        arena_copy(arena, inventory_host_name(name, cube->pod->name, cube->pod->n_cubes, cube->index, host));
    message->index = host;
    message->node_name = arena_copy(arena, cube->host[host].node_name);
    message->address = arena_copy(arena, cube->host[host].address);
    return message;
}

static Heliostat__V1__Chip *chip_message(struct arena *arena, const struct fabric_cube *cube, unsigned chip) {
    Heliostat__V1__Chip *message = arena_message(arena, &heliostat__v1__chip__descriptor);
    if (!message)
        return NULL;
    message->x = chip % 4;
    message->y = chip / 4 % 4;
    message->z = chip / 16;
    message->serial = arena_copy(arena, cube->serial[chip]);
    message->host = inventory_host_of_chip(message->x, message->y, message->z);
    return message;
}

static Heliostat__V1__Cube *cube_message(struct arena *arena, const struct fabric_cube *cube) {
    Heliostat__V1__Cube *message = arena_message(arena, &heliostat__v1__cube__descriptor);
    Heliostat__V1__Host **hosts = arena_array(arena, FABRIC_HOSTS_PER_CUBE, sizeof(*hosts));
    Heliostat__V1__Chip **chips = arena_array(arena, FABRIC_CHIPS_PER_CUBE, sizeof(*chips));
    if (!message || !hosts || !chips)
        return NULL;
    message->name = arena_printf(arena, "%s/%s", cube->pod->name, cube->name);
    message->index = cube->index;
    message->row = cube->row;
    message->power_domain = arena_copy(arena, cube->power_domain);
    message->hosts = hosts;
    message->n_hosts = FABRIC_HOSTS_PER_CUBE;
    message->chips = chips;
    message->n_chips = FABRIC_CHIPS_PER_CUBE;
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++)
        hosts[host] = host_message(arena, cube, host);
    for (unsigned chip = 0; chip < FABRIC_CHIPS_PER_CUBE; chip++)
        chips[chip] = chip_message(arena, cube, chip);
    return message;
}

static Heliostat__V1__Ocs *ocs_message(struct arena *arena, const struct fabric_ocs *ocs) {
    Heliostat__V1__Ocs *message = arena_message(arena, &heliostat__v1__ocs__descriptor);
    if (!message)
        return NULL;
    message->name = arena_printf(arena, "%s/%s", ocs->pod->name, ocs->name);
    message->index = ocs->index;
    message->address = arena_copy(arena, ocs->address);
    message->ports_a = ocs->ports_a;
    message->ports_b = ocs->ports_b;
    message->product = arena_copy(arena, ocs->product);
    message->serial = arena_copy(arena, ocs->serial);
    message->power_domain = arena_copy(arena, ocs->power_domain);
    return message;
}

/* ocs_names: of the pod's switches, without the pod. */
static Heliostat__V1__Fiber *fiber_message(struct arena *arena, const struct fabric_pod *pod,
                                           char **ocs_names, uint16_t end) {
    static const char *const sides[] = {[TOPO_SIDE_A] = "A", [TOPO_SIDE_B] = "B"};
    const struct topo_port *port = &pod->wiring->port_of[end];
    Heliostat__V1__Fiber *message = arena_message(arena, &heliostat__v1__fiber__descriptor);
    if (!message)
        return NULL;
    message->cube = topo_end_cube(end);
    message->face = (char *)topo_face_name(topo_end_face(end));
    message->index = topo_end_index(end);
    message->ocs = ocs_names[port->ocs];
    message->side = (char *)sides[port->side];
    message->port = port->port;
    return message;
}

Heliostat__V1__Pod *inventory_message_of(struct arena *arena, const struct fabric_pod *pod) {
    size_t n_ends = (size_t)pod->n_cubes * TOPO_ENDS_PER_CUBE;
    Heliostat__V1__Pod *message = arena_message(arena, &heliostat__v1__pod__descriptor);
    Heliostat__V1__Cube **cubes = arena_array(arena, pod->n_cubes, sizeof(*cubes));
    Heliostat__V1__Ocs **ocses = arena_array(arena, pod->n_ocses, sizeof(*ocses));
    Heliostat__V1__Fiber **fibers = arena_array(arena, n_ends, sizeof(*fibers));
    char **ocs_names = arena_array(arena, pod->n_ocses, sizeof(*ocs_names));
    if (!message || !cubes || !ocses || !fibers || !ocs_names)
        return NULL;
    message->name = arena_copy(arena, pod->name);
    message->model = arena_copy(arena, pod->model);
    message->largest_slice_chips = pod->largest_slice_cubes * FABRIC_CHIPS_PER_CUBE;
    message->cubes = cubes;
    message->ocses = ocses;
    message->fibers = fibers;
    for (; message->n_cubes < pod->n_cubes; message->n_cubes++)
        cubes[message->n_cubes] = cube_message(arena, &pod->cube[message->n_cubes]);
    for (; message->n_ocses < pod->n_ocses; message->n_ocses++) {
        ocs_names[message->n_ocses] = arena_copy(arena, pod->ocs[message->n_ocses].name);
        ocses[message->n_ocses] = ocs_message(arena, &pod->ocs[message->n_ocses]);
    }
    for (size_t end = 0; end < n_ends; end++)
        if (pod->wiring->port_of[end].ocs >= 0)
            fibers[message->n_fibers++] = fiber_message(arena, pod, ocs_names, (uint16_t)end);
    return arena->has_failed ? NULL : message;
}

static int order(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

static int compare_cubes(const void *a, const void *b) {
    return order(((const struct store_cube *)a)->cube, ((const struct store_cube *)b)->cube);
}

static int compare_hosts(const void *left, const void *right) {
    const struct store_host *a = left, *b = right;
    return order(a->cube * FABRIC_HOSTS_PER_CUBE + a->host, b->cube * FABRIC_HOSTS_PER_CUBE + b->host);
}

static int64_t chip_key(const struct store_chip *chip) {
    return ((chip->cube * 4 + chip->x) * 4 + chip->y) * 4 + chip->z;
}

static int compare_chips(const void *a, const void *b) {
    return order(chip_key(a), chip_key(b));
}

static int compare_ocses(const void *a, const void *b) {
    return order(((const struct store_ocs *)a)->ocs, ((const struct store_ocs *)b)->ocs);
}

static int64_t fiber_key(const struct store_fiber *fiber) {
    return (fiber->cube * TOPO_FACES + fiber->face) * TOPO_INDICES + fiber->link_index;
}

static int compare_fibers(const void *a, const void *b) {
    return order(fiber_key(a), fiber_key(b));
}

static int cube_rows(struct arena *arena, const Heliostat__V1__Pod *message, struct fabric_pod_rows *rows) {
    struct store_cube *cubes = arena_array(arena, message->n_cubes, sizeof(*cubes));
    struct store_host *hosts = arena_array(arena, message->n_cubes * FABRIC_HOSTS_PER_CUBE, sizeof(*hosts));
    struct store_chip *chips = arena_array(arena, message->n_cubes * FABRIC_CHIPS_PER_CUBE, sizeof(*chips));
    if (!cubes || !hosts || !chips)
        return -ENOMEM;
    for (size_t i = 0; i < message->n_cubes; i++) {
        const Heliostat__V1__Cube *cube = message->cubes[i];
        char name[INVENTORY_NAME_MAX];
        if (cube->n_hosts != FABRIC_HOSTS_PER_CUBE || cube->n_chips != FABRIC_CHIPS_PER_CUBE)
            return -EINVAL;
        cubes[i] = (struct store_cube){
            .cube = cube->index,
            .name =
                arena_copy(arena, inventory_cube_name(name, NULL, (unsigned)message->n_cubes, cube->index)),
            .row = cube->row,
            .power_domain = cube->power_domain};
        for (size_t k = 0; k < cube->n_hosts; k++)
            hosts[rows->n_hosts++] = (struct store_host){.cube = cube->index,
                                                         .host = cube->hosts[k]->index,
                                                         .node_name = cube->hosts[k]->node_name,
                                                         .address = cube->hosts[k]->address};
        for (size_t k = 0; k < cube->n_chips; k++)
            chips[rows->n_chips++] = (struct store_chip){.cube = cube->index,
                                                         .x = cube->chips[k]->x,
                                                         .y = cube->chips[k]->y,
                                                         .z = cube->chips[k]->z,
                                                         .serial = cube->chips[k]->serial,
                                                         .host = cube->chips[k]->host};
    }
    qsort(cubes, message->n_cubes, sizeof(*cubes), compare_cubes);
    qsort(hosts, rows->n_hosts, sizeof(*hosts), compare_hosts);
    qsort(chips, rows->n_chips, sizeof(*chips), compare_chips);
    rows->cubes = cubes;
    rows->n_cubes = message->n_cubes;
    rows->hosts = hosts;
    rows->chips = chips;
    return arena->has_failed ? -ENOMEM : 0;
}

/* A switch's place among the names of a pod. */
static unsigned ocs_key(const struct inventory_name *name) {
    return name->dimension * 100 + name->number;
}

/* index_of[key]: 1 + index, 0 for none. */
static int ocs_rows(struct arena *arena, const Heliostat__V1__Pod *message, uint16_t index_of[300],
                    struct fabric_pod_rows *rows) {
    struct store_ocs *ocses = arena_array(arena, message->n_ocses, sizeof(*ocses));
    if (!ocses)
        return -ENOMEM;
    for (size_t i = 0; i < message->n_ocses; i++) {
        const Heliostat__V1__Ocs *ocs = message->ocses[i];
        struct inventory_name parsed;
        char name[INVENTORY_NAME_MAX];
        if (inventory_parse_ocs(ocs->name, &parsed, NULL))
            return -EINVAL;
        index_of[ocs_key(&parsed)] = (uint16_t)(ocs->index + 1);
        ocses[i] = (struct store_ocs){
            .ocs = ocs->index,
            .name = arena_copy(arena, inventory_ocs_name(name, NULL, parsed.dimension, parsed.number)),
            .address = ocs->address,
            .ports_a = ocs->ports_a,
            .ports_b = ocs->ports_b,
            .product = ocs->product,
            .serial = ocs->serial,
            .power_domain = ocs->power_domain};
    }
    qsort(ocses, message->n_ocses, sizeof(*ocses), compare_ocses);
    rows->ocses = ocses;
    rows->n_ocses = message->n_ocses;
    return arena->has_failed ? -ENOMEM : 0;
}

static int fiber_rows(struct arena *arena, const Heliostat__V1__Pod *message, const uint16_t index_of[300],
                      struct fabric_pod_rows *rows) {
    struct store_fiber *fibers = arena_array(arena, message->n_fibers, sizeof(*fibers));
    if (!fibers)
        return -ENOMEM;
    for (size_t i = 0; i < message->n_fibers; i++) {
        const Heliostat__V1__Fiber *fiber = message->fibers[i];
        struct inventory_name parsed;
        unsigned face;
        if (inventory_parse_ocs(fiber->ocs, &parsed, NULL) || !index_of[ocs_key(&parsed)] ||
            inventory_parse_face(fiber->face, &face, NULL))
            return -EINVAL;
        fibers[i] = (struct store_fiber){.cube = fiber->cube,
                                         .face = face,
                                         .link_index = fiber->index,
                                         .ocs = index_of[ocs_key(&parsed)] - 1,
                                         .side = strcmp(fiber->side, "A") ? TOPO_SIDE_B : TOPO_SIDE_A,
                                         .port = fiber->port};
    }
    qsort(fibers, message->n_fibers, sizeof(*fibers), compare_fibers);
    rows->fibers = fibers;
    rows->n_fibers = message->n_fibers;
    return 0;
}

int inventory_rows_of(struct arena *arena, const Heliostat__V1__Pod *message,
                      struct fabric_pod_rows *ret_rows) {
    struct fabric_pod_rows rows = {0};
    uint16_t index_of[300] = {0};
    struct store_pod *pod = arena_alloc(arena, sizeof(*pod));
    if (!pod)
        return -ENOMEM;
    *pod = (struct store_pod){.name = message->name,
                              .model = message->model,
                              .largest_slice_cubes = message->largest_slice_chips / FABRIC_CHIPS_PER_CUBE};
    rows.pod = pod;
    int r = cube_rows(arena, message, &rows);
    if (r == 0)
        r = ocs_rows(arena, message, index_of, &rows);
    if (r == 0)
        r = fiber_rows(arena, message, index_of, &rows);
    if (r == 0)
        *ret_rows = rows;
    return r;
}
