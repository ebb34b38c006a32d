#include "ctl/verify/plant.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORTS_MAX 4096
#define OCSES_MAX 4096

bool verify_read_face(const char *face, unsigned *ret_dimension, bool *ret_minus) {
    if ((face[0] != '+' && face[0] != '-') || face[1] < 'x' || face[1] > 'z' || face[2])
        return false;
    *ret_dimension = (unsigned)(face[1] - 'x');
    *ret_minus = face[0] == '-';
    return true;
}

/* A name may leave the pod out: "ocs-x-05" for "pod/ocs-x-05". */
static bool is_name(const char *full, const char *name) {
    const char *slash = strchr(full, '/');
    return strcmp(full, name) == 0 || (slash && strcmp(slash + 1, name) == 0);
}

int verify_find_cube(const struct verify_plant *plant, const char *name) {
    for (unsigned i = 0; i < plant->n_cubes; i++)
        if (plant->cube_names[i] && is_name(plant->cube_names[i], name))
            return (int)i;
    return VERIFY_NONE;
}

int verify_find_ocs(const struct verify_plant *plant, const char *name) {
    for (unsigned i = 0; i < plant->n_ocses; i++)
        if (is_name(plant->ocses[i].name, name))
            return (int)i;
    return VERIFY_NONE;
}

/* The end that a cube number, face and index name; VERIFY_NONE when they name none. */
static int end_named(const struct verify_plant *plant, uint32_t cube, const char *face, uint32_t index) {
    unsigned dimension;
    bool minus;
    if (cube >= plant->n_cubes || index >= 16 || !verify_read_face(face, &dimension, &minus))
        return VERIFY_NONE;
    return verify_end(cube, dimension, minus, index);
}

static int read_cubes(struct verify_plant *plant, const Heliostat__V1__Pod *pod,
                      const Heliostat__V1__PodStatus *status) {
    for (size_t i = 0; i < pod->n_cubes; i++) {
        if (pod->cubes[i]->index >= VERIFY_CUBES_MAX)
            return -EINVAL;
        if (pod->cubes[i]->index >= plant->n_cubes)
            plant->n_cubes = pod->cubes[i]->index + 1;
    }
    size_t ends = (size_t)plant->n_cubes * VERIFY_ENDS_PER_CUBE + 1;
    plant->cube_names = calloc(plant->n_cubes + 1, sizeof(*plant->cube_names));
    plant->slice_of = calloc(plant->n_cubes + 1, sizeof(*plant->slice_of));
    plant->status_of = calloc(plant->n_cubes + 1, sizeof(*plant->status_of));
    plant->moving = calloc(plant->n_cubes + 1, sizeof(*plant->moving));
    plant->port_of = calloc(ends, sizeof(*plant->port_of));
    plant->sight = calloc(ends, sizeof(*plant->sight));
    if (!plant->cube_names || !plant->slice_of || !plant->status_of || !plant->moving || !plant->port_of ||
        !plant->sight)
        return -ENOMEM;
    for (size_t i = 0; i < ends; i++) {
        plant->port_of[i].ocs = VERIFY_NONE;
        plant->sight[i].far = VERIFY_NONE;
    }
    for (size_t i = 0; i < pod->n_cubes; i++)
        plant->cube_names[pod->cubes[i]->index] = pod->cubes[i]->name;
    for (size_t i = 0; i < status->n_cubes; i++)
        if (status->cubes[i]->index < plant->n_cubes)
            plant->status_of[status->cubes[i]->index] = status->cubes[i];
    return 0;
}

static int read_ocses(struct verify_plant *plant, const Heliostat__V1__Pod *pod) {
    if (pod->n_ocses > OCSES_MAX)
        return -EINVAL;
    plant->ocses = calloc(pod->n_ocses + 1, sizeof(*plant->ocses));
    if (!plant->ocses)
        return -ENOMEM;
    for (; plant->n_ocses < pod->n_ocses; plant->n_ocses++) {
        struct verify_ocs *ocs = &plant->ocses[plant->n_ocses];
        const Heliostat__V1__Ocs *message = pod->ocses[plant->n_ocses];
        *ocs = (struct verify_ocs){.name = message->name, .ports = {message->ports_a, message->ports_b}};
        for (unsigned side = 0; side < 2; side++) {
            if (ocs->ports[side] > PORTS_MAX)
                return -EINVAL;
            ocs->end_of[side] = calloc(ocs->ports[side] + 1, sizeof(int));
            ocs->peer[side] = calloc(ocs->ports[side] + 1, sizeof(unsigned));
            if (!ocs->end_of[side] || !ocs->peer[side]) {
                plant->n_ocses++;
                return -ENOMEM;
            }
            for (unsigned port = 0; port <= ocs->ports[side]; port++)
                ocs->end_of[side][port] = VERIFY_NONE;
        }
    }
    return 0;
}

static void read_fibers(struct verify_plant *plant, const Heliostat__V1__Pod *pod,
                        struct verify_report *report) {
    for (size_t i = 0; i < pod->n_fibers; i++) {
        const Heliostat__V1__Fiber *f = pod->fibers[i];
        int end = end_named(plant, f->cube, f->face, f->index), ocs = verify_find_ocs(plant, f->ocs);
        unsigned side = f->side[0] == 'B';
        bool is_port = ocs >= 0 && (strcmp(f->side, "A") == 0 || strcmp(f->side, "B") == 0) && f->port > 0 &&
                       f->port <= plant->ocses[ocs].ports[side];
        struct verify_problem problem = {.kind = VERIFY_INCONSISTENT, .ocs = f->ocs};
        if (end < 0 || !is_port) {
            verify_add(report, &problem,
                       "the fiber table names what does not exist: cube %u %s %u at %s %s%u", f->cube,
                       f->face, f->index, f->ocs, f->side, f->port);
        } else if (plant->port_of[end].ocs >= 0 || plant->ocses[ocs].end_of[side][f->port] >= 0) {
            verify_add(report, &problem, "the fiber table has two fibers at %s or at %s %s%u",
                       verify_end_name(plant, end).text, f->ocs, f->side, f->port);
        } else {
            plant->port_of[end] = (struct verify_port){ocs, side, f->port};
            plant->ocses[ocs].end_of[side][f->port] = end;
        }
    }
}

static const char *cube_at(const struct verify_plant *plant, const struct verify_ocs *ocs, unsigned side,
                           unsigned port) {
    int end = ocs->end_of[side][port];
    return end < 0 ? "" : plant->cube_names[verify_end_cube(end)];
}

/* Invariant: a port is in at most one circuit, and exists. */
static void read_circuit(struct verify_plant *plant, const Heliostat__V1__Circuit *c,
                         struct verify_report *report) {
    int number = verify_find_ocs(plant, c->ocs);
    struct verify_problem problem = {.ocs = c->ocs, .a = c->a, .b = c->b};
    struct verify_ocs *ocs = number < 0 ? NULL : &plant->ocses[number];
    report->circuits++;
    if (!ocs || c->a == 0 || c->a > ocs->ports[0] || c->b == 0 || c->b > ocs->ports[1]) {
        problem.kind = VERIFY_NO_SUCH_PORT;
        verify_add(report, &problem, "%s: circuit A%u-B%u is on a port that the inventory does not know",
                   c->ocs, c->a, c->b);
        return;
    }
    problem.kind = VERIFY_PORT_TAKEN_TWICE;
    problem.cubes[0] = cube_at(plant, ocs, 0, c->a);
    problem.cubes[1] = cube_at(plant, ocs, 1, c->b);
    if (ocs->peer[0][c->a]) {
        verify_add(report, &problem, "%s: A%u is in two circuits, to B%u and to B%u", c->ocs, c->a,
                   ocs->peer[0][c->a], c->b);
        return;
    }
    if (ocs->peer[1][c->b]) {
        verify_add(report, &problem, "%s: B%u is in two circuits, to A%u and to A%u", c->ocs, c->b,
                   ocs->peer[1][c->b], c->a);
        return;
    }
    ocs->peer[0][c->a] = c->b;
    ocs->peer[1][c->b] = c->a;
}

int verify_plant_init(struct verify_plant *plant, const Heliostat__V1__Pod *pod,
                      const Heliostat__V1__PodStatus *status,
                      const Heliostat__V1__ListCircuitsResponse *circuits,
                      Heliostat__V1__OpticalLink *const *links, size_t n_links,
                      struct verify_report *report) {
    *plant = (struct verify_plant){0};
    int r = read_cubes(plant, pod, status);
    if (r == 0)
        r = read_ocses(plant, pod);
    if (r < 0)
        return r;
    read_fibers(plant, pod, report);
    for (size_t i = 0; i < circuits->n_circuits; i++)
        if (circuits->circuits[i]->observed)
            read_circuit(plant, circuits->circuits[i], report);
    for (size_t i = 0; i < circuits->n_unread_ocses; i++) {
        int ocs = verify_find_ocs(plant, circuits->unread_ocses[i]);
        if (ocs >= 0)
            plant->ocses[ocs].unread = true;
    }
    for (size_t i = 0; i < n_links; i++) {
        const Heliostat__V1__OpticalLink *l = links[i];
        int end = end_named(plant, l->cube, l->face, l->index);
        if (end >= 0)
            plant->sight[end] = (struct verify_sight){
                l->heard, l->light,
                l->light ? end_named(plant, l->far_cube, l->far_face, l->far_index) : VERIFY_NONE};
    }
    return 0;
}

void verify_plant_deinit(struct verify_plant *plant) {
    for (unsigned i = 0; i < plant->n_ocses; i++)
        for (unsigned side = 0; side < 2; side++) {
            free(plant->ocses[i].end_of[side]);
            free(plant->ocses[i].peer[side]);
        }
    free(plant->ocses);
    free(plant->cube_names);
    free(plant->slice_of);
    free(plant->status_of);
    free(plant->moving);
    free(plant->port_of);
    free(plant->sight);
}

int verify_record_peer(const struct verify_plant *plant, int end) {
    const struct verify_port *port = &plant->port_of[end];
    if (port->ocs < 0)
        return VERIFY_NONE;
    const struct verify_ocs *ocs = &plant->ocses[port->ocs];
    unsigned peer = ocs->peer[port->side][port->port];
    return peer ? ocs->end_of[!port->side][peer] : VERIFY_NONE;
}

struct verify_end_text verify_end_name(const struct verify_plant *plant, int end) {
    struct verify_end_text name;
    const char *cube = end < 0 ? NULL : plant->cube_names[verify_end_cube(end)];
    if (end < 0)
        snprintf(name.text, sizeof(name.text), "nothing that is known");
    else
        snprintf(name.text, sizeof(name.text), "%.60s %c%c %d", cube ? cube : "(no cube)",
                 end / 16 % 2 ? '-' : '+', 'x' + end / 32 % 3, end % 16);
    return name;
}

struct verify_end_text verify_end_and_port(const struct verify_plant *plant, int end) {
    struct verify_end_text name = verify_end_name(plant, end);
    if (end < 0 || plant->port_of[end].ocs < 0)
        return name;
    const struct verify_port *port = &plant->port_of[end];
    size_t length = strlen(name.text);
    snprintf(name.text + length, sizeof(name.text) - length, " (%s %c%u)", plant->ocses[port->ocs].name,
             port->side ? 'B' : 'A', port->port);
    return name;
}
