#include "inventory/diff.h"

#include "inventory/message.h"
#include "inventory/names.h"
#include "topology/wiring.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS 16
#define CHIPS 64
#define OCS_NAMES 300 /* 3 dimensions, numbers 0..99 */

/* A pod by place instead of by list; NULL: not there. */
struct view {
    const Heliostat__V1__Pod *pod;
    const Heliostat__V1__Cube *cube[TOPO_CUBES_MAX];
    const Heliostat__V1__Ocs *ocs[OCS_NAMES];
    const Heliostat__V1__Fiber *fiber[TOPO_CUBES_MAX * TOPO_ENDS_PER_CUBE];
    unsigned n_fibers[TOPO_CUBES_MAX];
};

struct diff {
    struct inventory_lines *lines;
    struct view before, after;
    unsigned n_cubes; /* for the digits of names */
    int error;
};

void inventory_lines_deinit(struct inventory_lines *lines) {
    for (size_t i = 0; i < lines->n; i++)
        free(lines->items[i]);
    free(lines->items);
    *lines = (struct inventory_lines){0};
}

__attribute__((format(printf, 2, 3))) static void add(struct diff *diff, const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    if (diff->error)
        return;
    va_start(arguments, format);
    int len = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (len < 0 || inventory_append(&diff->lines->items, &diff->lines->n, text) != 0) {
        if (len >= 0)
            free(text);
        diff->error = -ENOMEM;
        return;
    }
    inventory_make_printable(text);
}

static unsigned ocs_place(const char *text) {
    struct inventory_name name;
    return inventory_parse_ocs(text, &name, NULL) == 0 ? name.dimension * 100 + name.number : OCS_NAMES;
}

static void look(struct view *view, const Heliostat__V1__Pod *pod) {
    view->pod = pod;
    for (size_t i = 0; pod && i < pod->n_cubes; i++)
        if (pod->cubes[i]->index < TOPO_CUBES_MAX)
            view->cube[pod->cubes[i]->index] = pod->cubes[i];
    for (size_t i = 0; pod && i < pod->n_ocses; i++) {
        unsigned place = ocs_place(pod->ocses[i]->name);
        if (place < OCS_NAMES)
            view->ocs[place] = pod->ocses[i];
    }
    for (size_t i = 0; pod && i < pod->n_fibers; i++) {
        const Heliostat__V1__Fiber *fiber = pod->fibers[i];
        unsigned face;
        if (inventory_parse_face(fiber->face, &face, NULL) != 0 || fiber->cube >= TOPO_CUBES_MAX ||
            fiber->index >= TOPO_INDICES)
            continue;
        view->fiber[topo_end(fiber->cube, face, fiber->index)] = fiber;
        view->n_fibers[fiber->cube]++;
    }
}

static void compare_text(struct diff *diff, const char *thing, const char *field, const char *before,
                         const char *after) {
    if (strcmp(before, after) != 0)
        add(diff, "%s %s: %s -> %s", thing, field, *before ? before : "(none)", *after ? after : "(none)");
}

static void compare_number(struct diff *diff, const char *thing, const char *field, unsigned before,
                           unsigned after) {
    if (before != after)
        add(diff, "%s %s: %u -> %u", thing, field, before, after);
}

static void compare_pods(struct diff *diff) {
    const Heliostat__V1__Pod *before = diff->before.pod, *after = diff->after.pod;
    char thing[INVENTORY_NAME_MAX];
    if (before && after) {
        snprintf(thing, sizeof(thing), "pod %.63s", after->name);
        compare_text(diff, thing, "model", before->model, after->model);
        compare_number(diff, thing, "largest slice in chips", before->largest_slice_chips,
                       after->largest_slice_chips);
        return;
    }
    const Heliostat__V1__Pod *pod = before ? before : after;
    if (pod)
        add(diff, "pod %s %s: model %s, %zu cubes, %zu switches, %zu fibers", pod->name,
            before ? "removed" : "added", pod->model, pod->n_cubes, pod->n_ocses, pod->n_fibers);
}

static void compare_hosts(struct diff *diff, const Heliostat__V1__Cube *before,
                          const Heliostat__V1__Cube *after) {
    const Heliostat__V1__Host *old[HOSTS] = {NULL};
    char name[INVENTORY_NAME_MAX];
    for (size_t i = 0; i < before->n_hosts; i++)
        if (before->hosts[i]->index < HOSTS)
            old[before->hosts[i]->index] = before->hosts[i];
    for (size_t i = 0; i < after->n_hosts; i++) {
        const Heliostat__V1__Host *host = after->hosts[i],
                                  *was = host->index < HOSTS ? old[host->index] : NULL;
        if (!was)
            continue;
        inventory_host_name(name, NULL, diff->n_cubes, after->index, host->index);
        compare_text(diff, name, "node name", was->node_name, host->node_name);
        compare_text(diff, name, "address", was->address, host->address);
    }
}

static void compare_chips(struct diff *diff, const Heliostat__V1__Cube *before,
                          const Heliostat__V1__Cube *after) {
    const Heliostat__V1__Chip *old[CHIPS] = {NULL};
    char name[INVENTORY_NAME_MAX];
    for (size_t i = 0; i < before->n_chips; i++) {
        const Heliostat__V1__Chip *chip = before->chips[i];
        if (chip->x < 4 && chip->y < 4 && chip->z < 4)
            old[chip->x + 4 * (chip->y + 4 * chip->z)] = chip;
    }
    for (size_t i = 0; i < after->n_chips; i++) {
        const Heliostat__V1__Chip *chip = after->chips[i];
        if (chip->x > 3 || chip->y > 3 || chip->z > 3 || !old[chip->x + 4 * (chip->y + 4 * chip->z)])
            continue;
        inventory_chip_name(name, NULL, diff->n_cubes, after->index, chip->x, chip->y, chip->z);
        compare_text(diff, name, "serial", old[chip->x + 4 * (chip->y + 4 * chip->z)]->serial, chip->serial);
    }
}

static void compare_cubes(struct diff *diff) {
    char name[INVENTORY_NAME_MAX];
    for (unsigned i = 0; i < TOPO_CUBES_MAX; i++) {
        const Heliostat__V1__Cube *before = diff->before.cube[i], *after = diff->after.cube[i];
        inventory_cube_name(name, NULL, diff->n_cubes, i);
        if (before && after) {
            compare_number(diff, name, "row", before->row, after->row);
            compare_text(diff, name, "power domain", before->power_domain, after->power_domain);
            compare_hosts(diff, before, after);
            compare_chips(diff, before, after);
        } else if (before || after) {
            add(diff, "%s %s, with %u fibers", name, before ? "removed" : "added",
                before ? diff->before.n_fibers[i] : diff->after.n_fibers[i]);
        }
    }
}

static void compare_ocses(struct diff *diff) {
    char name[INVENTORY_NAME_MAX];
    for (unsigned i = 0; i < OCS_NAMES; i++) {
        const Heliostat__V1__Ocs *before = diff->before.ocs[i], *after = diff->after.ocs[i];
        inventory_ocs_name(name, NULL, i / 100, i % 100);
        if (before && after) {
            compare_number(diff, name, "index", before->index, after->index);
            compare_text(diff, name, "address", before->address, after->address);
            compare_number(diff, name, "A ports", before->ports_a, after->ports_a);
            compare_number(diff, name, "B ports", before->ports_b, after->ports_b);
            compare_text(diff, name, "product", before->product, after->product);
            compare_text(diff, name, "serial", before->serial, after->serial);
            compare_text(diff, name, "power domain", before->power_domain, after->power_domain);
        } else if (before || after) {
            add(diff, "%s %s", name, before ? "removed" : "added");
        }
    }
}

/* "ocs-x-05 A8", or "(none)". */
static const char *port_text(const Heliostat__V1__Fiber *fiber, char text[INVENTORY_NAME_MAX]) {
    char ocs[INVENTORY_NAME_MAX];
    if (!fiber)
        return "(none)";
    unsigned place = ocs_place(fiber->ocs);
    snprintf(text, INVENTORY_NAME_MAX, "%.60s %.4s%u",
             inventory_ocs_name(ocs, NULL, place / 100, place % 100), fiber->side, fiber->port);
    return text;
}

static void compare_fibers(struct diff *diff) {
    char name[INVENTORY_NAME_MAX], was[INVENTORY_NAME_MAX], is[INVENTORY_NAME_MAX];
    for (unsigned end = 0; end < TOPO_CUBES_MAX * TOPO_ENDS_PER_CUBE; end++) {
        unsigned cube = end / TOPO_ENDS_PER_CUBE;
        const Heliostat__V1__Fiber *before = diff->before.fiber[end], *after = diff->after.fiber[end];
        if ((!before && !after) || !diff->before.cube[cube] != !diff->after.cube[cube])
            continue;
        const char *from = port_text(before, was), *to = port_text(after, is);
        if (strcmp(from, to) != 0)
            add(diff, "fiber %s %s %u: %s -> %s", inventory_cube_name(name, NULL, diff->n_cubes, cube),
                topo_face_name(end / TOPO_INDICES % TOPO_FACES), end % TOPO_INDICES, from, to);
    }
}

int inventory_diff(const Heliostat__V1__Pod *before, const Heliostat__V1__Pod *after,
                   struct inventory_lines *lines) {
    struct diff *diff = calloc(1, sizeof(*diff));
    if (!diff)
        return -ENOMEM;
    diff->lines = lines;
    look(&diff->before, before);
    look(&diff->after, after);
    const Heliostat__V1__Pod *named = after ? after : before;
    diff->n_cubes = named ? (unsigned)named->n_cubes : 0;
    compare_pods(diff);
    if (before && after) {
        compare_cubes(diff);
        compare_ocses(diff);
        compare_fibers(diff);
    }
    int r = diff->error;
    free(diff);
    return r;
}
