#include "inventory/fill.h"

#include "inventory/findings.h"
#include "inventory/message.h"
#include "inventory/models.h"
#include "inventory/names.h"
#include "topology/wiring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CUBES_PER_ROW 8
#define OCSES_PER_DIMENSION 16
#define OCSES (3 * OCSES_PER_DIMENSION)
#define INDICES_PER_DOMAIN 4
#define HOSTS_PER_CUBE 16

struct plan {
    const char *pod;
    const struct inventory_model *model;
    const char *ocs_address; /* "" or HOST:BASE, checked */
    size_t ocs_host_len;
    unsigned ocs_base;
};

static int digits(const struct plan *plan) {
    return plan->model->cubes > 100 ? 3 : 2;
}

/* Each add_... makes one message, hands it to its list and fills it there, so that a failure in the middle
 * frees. */
static int add_host(const struct plan *plan, Heliostat__V1__Cube *cube, unsigned index) {
    char name[INVENTORY_NAME_MAX];
    Heliostat__V1__Host *host = inventory_message_new(&heliostat__v1__host__descriptor);
    if (!host || inventory_append(&cube->hosts, &cube->n_hosts, host) != 0) {
        inventory_message_free(host);
        return -ENOMEM;
    }
    host->index = index;
    inventory_host_name(name, plan->pod, plan->model->cubes, cube->index, index);
    int r = inventory_set(&host->name, "%s", name);
    if (r == 0)
        r = inventory_set(&host->node_name, "%s-c%0*u-h%02u", plan->pod, digits(plan), cube->index, index);
    if (r == 0)
        r = inventory_set(&host->address, "%s", host->node_name);
    return r;
}

static int add_chip(const struct plan *plan, Heliostat__V1__Cube *cube, unsigned x, unsigned y, unsigned z) {
    Heliostat__V1__Chip *chip = inventory_message_new(&heliostat__v1__chip__descriptor);
    if (!chip || inventory_append(&cube->chips, &cube->n_chips, chip) != 0) {
        inventory_message_free(chip);
        return -ENOMEM;
    }
    chip->x = x;
    chip->y = y;
    chip->z = z;
    chip->host = inventory_host_of_chip(x, y, z);
    return inventory_set(&chip->serial, "%s-c%0*u-%u%u%u", plan->pod, digits(plan), cube->index, x, y, z);
}

static int add_cube(const struct plan *plan, Heliostat__V1__Pod *pod, unsigned index) {
    char name[INVENTORY_NAME_MAX];
    Heliostat__V1__Cube *cube = inventory_message_new(&heliostat__v1__cube__descriptor);
    if (!cube || inventory_append(&pod->cubes, &pod->n_cubes, cube) != 0) {
        inventory_message_free(cube);
        return -ENOMEM;
    }
    cube->index = index;
    cube->row = index / CUBES_PER_ROW;
    int r = inventory_set(&cube->name, "%s", inventory_cube_name(name, plan->pod, plan->model->cubes, index));
    if (r == 0)
        r = inventory_set(&cube->power_domain, "row-%u", cube->row);
    for (unsigned host = 0; host < HOSTS_PER_CUBE && r == 0; host++)
        r = add_host(plan, cube, host);
    for (unsigned chip = 0; chip < 64 && r == 0; chip++)
        r = add_chip(plan, cube, chip % 4, chip / 4 % 4, chip / 16);
    return r;
}

static int add_ocs(const struct plan *plan, Heliostat__V1__Pod *pod, unsigned index) {
    char name[INVENTORY_NAME_MAX];
    Heliostat__V1__Ocs *ocs = inventory_message_new(&heliostat__v1__ocs__descriptor);
    if (!ocs || inventory_append(&pod->ocses, &pod->n_ocses, ocs) != 0) {
        inventory_message_free(ocs);
        return -ENOMEM;
    }
    unsigned number = index % OCSES_PER_DIMENSION;
    ocs->index = index;
    ocs->ports_a = ocs->ports_b = plan->model->ports;
    int r = inventory_set(&ocs->name, "%s",
                          inventory_ocs_name(name, plan->pod, index / OCSES_PER_DIMENSION, number));
    if (r == 0)
        r = inventory_set(&ocs->power_domain, "ocs-domain-%u", number / INDICES_PER_DOMAIN);
    if (r == 0 && *plan->ocs_address)
        r = inventory_set(&ocs->address, "%.*s:%u", (int)plan->ocs_host_len, plan->ocs_address,
                          plan->ocs_base + index);
    return r;
}

static int add_fiber(Heliostat__V1__Pod *pod, unsigned cube, unsigned face, unsigned index,
                     const struct topo_port *port) {
    char name[INVENTORY_NAME_MAX];
    Heliostat__V1__Fiber *fiber = inventory_message_new(&heliostat__v1__fiber__descriptor);
    if (!fiber || inventory_append(&pod->fibers, &pod->n_fibers, fiber) != 0) {
        inventory_message_free(fiber);
        return -ENOMEM;
    }
    unsigned ocs = (unsigned)port->ocs;
    fiber->cube = cube;
    fiber->index = index;
    fiber->port = port->port;
    int r = inventory_set(&fiber->face, "%s", topo_face_name(face));
    if (r == 0)
        r = inventory_set(
            &fiber->ocs, "%s",
            inventory_ocs_name(name, NULL, ocs / OCSES_PER_DIMENSION, ocs % OCSES_PER_DIMENSION));
    if (r == 0)
        r = inventory_set(&fiber->side, "%s", port->side == TOPO_SIDE_A ? "A" : "B");
    return r;
}

static int add_fibers(const struct plan *plan, Heliostat__V1__Pod *pod) {
    struct topo_wiring *wiring = malloc(sizeof(*wiring));
    if (!wiring)
        return -ENOMEM;
    int r = topo_wiring_set_default(wiring, plan->model->cubes, plan->model->ports, plan->model->ports) ==
                    TOPO_WIRING_OK
                ? 0
                : -EINVAL;
    for (unsigned end = 0; end < plan->model->cubes * TOPO_ENDS_PER_CUBE && r == 0; end++)
        r = add_fiber(pod, topo_end_cube((uint16_t)end), topo_end_face((uint16_t)end),
                      topo_end_index((uint16_t)end), &wiring->port_of[end]);
    free(wiring);
    return r;
}

static int fill(const struct plan *plan, Heliostat__V1__Pod *pod) {
    int r = inventory_set(&pod->name, "%s", plan->pod);
    if (r == 0)
        r = inventory_set(&pod->model, "%s", plan->model->name);
    pod->largest_slice_chips = plan->model->largest_slice_chips;
    for (unsigned cube = 0; cube < plan->model->cubes && r == 0; cube++)
        r = add_cube(plan, pod, cube);
    for (unsigned ocs = 0; ocs < OCSES && r == 0; ocs++)
        r = add_ocs(plan, pod, ocs);
    return r == 0 ? add_fibers(plan, pod) : r;
}

int inventory_fill(const char *name, const char *model, const char *ocs_address, Heliostat__V1__Pod **ret_pod,
                   const char **ret_field, char *error) {
    struct plan plan = {.pod = name, .model = inventory_model_find(model), .ocs_address = ocs_address};
    if (inventory_parse_pod(name, error) != 0) {
        *ret_field = "name";
        return INVENTORY_REFUSED;
    }
    if (!plan.model) {
        *ret_field = "model";
        snprintf(error, INVENTORY_ERROR_MAX, "'%.60s' is not accepted; wants one of %s", model,
                 inventory_model_names());
        inventory_make_printable(error);
        return INVENTORY_REFUSED;
    }
    if (*ocs_address) {
        *ret_field = "ocs_address";
        if (inventory_parse_address(ocs_address, &plan.ocs_host_len, &plan.ocs_base, error) != 0)
            return INVENTORY_REFUSED;
        if (plan.ocs_base + OCSES - 1 > 65535) {
            snprintf(error, INVENTORY_ERROR_MAX,
                     "'%.63s' is not accepted; wants HOST:BASE with BASE from 1 to %d", ocs_address,
                     65535 - OCSES + 1);
            return INVENTORY_REFUSED;
        }
    }
    Heliostat__V1__Pod *pod = inventory_message_new(&heliostat__v1__pod__descriptor);
    int r = pod ? fill(&plan, pod) : -ENOMEM;
    if (r != 0) {
        inventory_message_free(pod);
        return r;
    }
    *ret_pod = pod;
    return 0;
}
