#include "inventory/wiring.h"

#include "inventory/findings.h"
#include "inventory/names.h"

#include <stdio.h>
#include <string.h>

/* 1 + the index of the switch of each name. */
struct ocs_table {
    uint8_t of_name[3][100];
};

static int refuse(char *error, const char *thing, enum topo_wiring_result result) {
    snprintf(error, INVENTORY_ERROR_MAX, "%.100s: %s", thing, topo_wiring_result_text(result));
    inventory_make_printable(error);
    return INVENTORY_REFUSED;
}

static int add_ocs(const Heliostat__V1__Ocs *ocs, struct ocs_table *table, struct topo_wiring *wiring,
                   char *error) {
    struct inventory_name name;
    if (inventory_parse_ocs(ocs->name, &name, error) != 0)
        return INVENTORY_REFUSED;
    enum topo_wiring_result result = topo_wiring_set_ocs(wiring, ocs->index, ocs->ports_a, ocs->ports_b);
    if (result != TOPO_WIRING_OK)
        return refuse(error, ocs->name, result);
    table->of_name[name.dimension][name.number] = (uint8_t)(ocs->index + 1);
    return 0;
}

static int add_fiber(const Heliostat__V1__Fiber *fiber, const struct ocs_table *table,
                     struct topo_wiring *wiring, char *error) {
    struct inventory_name name;
    unsigned face;
    char thing[100];
    if (inventory_parse_face(fiber->face, &face, error) != 0 ||
        inventory_parse_ocs(fiber->ocs, &name, error) != 0)
        return INVENTORY_REFUSED;
    /* An unknown switch becomes one out of range, an unknown side too. */
    unsigned ocs = table->of_name[name.dimension][name.number] - 1u;
    enum topo_side side = strcmp(fiber->side, "A") == 0   ? TOPO_SIDE_A
                          : strcmp(fiber->side, "B") == 0 ? TOPO_SIDE_B
                                                          : (enum topo_side)2;
    enum topo_wiring_result result =
        topo_wiring_add_fiber(wiring, fiber->cube, face, fiber->index, ocs, side, fiber->port);
    if (result == TOPO_WIRING_OK)
        return 0;
    snprintf(thing, sizeof(thing), "fiber of cube %u %s %u to %.30s %.4s%u", fiber->cube, fiber->face,
             fiber->index, fiber->ocs, fiber->side, fiber->port);
    return refuse(error, thing, result);
}

int inventory_wiring(const Heliostat__V1__Pod *pod, struct topo_wiring *ret_wiring, char *error) {
    struct ocs_table table = {0};
    if (pod->n_cubes > TOPO_CUBES_MAX || pod->n_ocses > TOPO_OCSES_MAX)
        return refuse(error, pod->name, TOPO_WIRING_TOO_LARGE);
    enum topo_wiring_result result =
        topo_wiring_init(ret_wiring, (unsigned)pod->n_cubes, (unsigned)pod->n_ocses);
    int r = result == TOPO_WIRING_OK ? 0 : refuse(error, pod->name, result);
    for (size_t i = 0; i < pod->n_ocses && r == 0; i++)
        r = add_ocs(pod->ocses[i], &table, ret_wiring, error);
    for (size_t i = 0; i < pod->n_fibers && r == 0; i++)
        r = add_fiber(pod->fibers[i], &table, ret_wiring, error);
    if (r == 0)
        topo_wiring_seal(ret_wiring);
    return r;
}
