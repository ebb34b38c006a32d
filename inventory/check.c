#include "inventory/check.h"

#include "inventory/duplicates.h"
#include "inventory/models.h"
#include "inventory/names.h"
#include "topology/wiring.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct check {
    struct inventory_findings *findings;
    size_t pod; /* index of the pod at hand */
    const Heliostat__V1__Pod *of;
    bool pod_name_is_good;
    /* Over all pods. */
    struct inventory_values pod_names, node_names, chip_serials, ocs_addresses, ocs_serials;
};

/* Where an object stands: "pods[0].cubes[3]". */
struct place {
    char path[100];
};

__attribute__((format(printf, 1, 2))) static struct place place(const char *format, ...) {
    struct place at;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(at.path, sizeof(at.path), format, arguments);
    va_end(arguments);
    return at;
}

__attribute__((format(printf, 4, 5))) static void problem(struct check *check, const struct place *at,
                                                          const char *field, const char *format, ...) {
    char path[140], text[400];
    va_list arguments;
    snprintf(path, sizeof(path), "%s%s%s", at->path, *field ? "." : "", field);
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    inventory_error(check->findings, 0, path, "%s", text);
}

static void want_range(struct check *check, const struct place *at, const char *field, size_t value,
                       size_t min, size_t max) {
    if (value < min || value > max)
        problem(check, at, field, "%zu is not accepted; wants %zu to %zu", value, min, max);
}

static void want_count(struct check *check, const struct place *at, const char *field, size_t value,
                       size_t min, size_t max) {
    if (value >= min && value <= max)
        return;
    if (min == max)
        problem(check, at, field, "%zu are not accepted; wants %zu", value, min);
    else
        problem(check, at, field, "%zu are not accepted; wants %zu to %zu", value, min, max);
}

static void want_word(struct check *check, const struct place *at, const char *field, const char *value,
                      size_t min, size_t max) {
    if (!inventory_is_word(value, min, max))
        problem(check, at, field,
                "'%.60s' is not accepted; wants %zu to %zu printable characters without space", value, min,
                max);
}

/* As a switch says it of itself, spaces and all. */
static void want_text(struct check *check, const struct place *at, const char *field, const char *value,
                      size_t max) {
    bool good = strnlen(value, max + 1) <= max;
    for (const char *byte = value; good && *byte; byte++)
        good = *byte >= 0x20 && *byte <= 0x7e;
    if (!good)
        problem(check, at, field, "'%.60s' is not accepted; wants at most %zu printable characters", value,
                max);
}

/* Indices 0..count-1, each once. seen[i] is 1 + the place in the list that has it. */
static bool want_index(struct check *check, const struct place *at, const char *list, size_t i, size_t index,
                       size_t count, uint16_t *seen) {
    if (index >= count) {
        problem(check, at, "index", "%zu is not accepted; wants 0 to %zu, each once", index, count - 1);
        return false;
    }
    if (seen[index]) {
        problem(check, at, "index", "%zu is that of %s[%u] already; wants 0 to %zu, each once", index, list,
                seen[index] - 1u, count - 1);
        return false;
    }
    seen[index] = (uint16_t)(i + 1);
    return true;
}

/* Where the pod's own name is wrong, that is the one error. */
static bool is_own_pod(const struct check *check, const struct inventory_name *name) {
    return !*name->pod || !check->pod_name_is_good || strcmp(name->pod, check->of->name) == 0;
}

/* The names of the hosts of a cube whose own index is wrong are left alone: one error, not seventeen. */
static void check_host(struct check *check, const Heliostat__V1__Cube *cube, bool cube_is_good,
                       size_t cube_at, size_t i, uint16_t *seen) {
    const Heliostat__V1__Host *host = cube->hosts[i];
    struct place at = place("pods[%zu].cubes[%zu].hosts[%zu]", check->pod, cube_at, i);
    struct inventory_name name;
    char wanted[INVENTORY_NAME_MAX];
    if (want_index(check, &at, "hosts", i, host->index, INVENTORY_HOSTS_PER_CUBE, seen) && cube_is_good &&
        (inventory_parse_host(host->name, &name, NULL) != 0 || !is_own_pod(check, &name) ||
         name.cube != cube->index || name.host != host->index))
        problem(check, &at, "name", "'%.60s' is not accepted; wants '%s'", host->name,
                inventory_host_name(wanted, check->of->name, (unsigned)check->of->n_cubes, cube->index,
                                    host->index));
    want_word(check, &at, "nodeName", host->node_name, 1, INVENTORY_NODE_NAME_MAX);
    want_word(check, &at, "address", host->address, 0, INVENTORY_NODE_NAME_MAX);
    inventory_values_add(&check->node_names, host->node_name, "", check->pod, cube_at, i);
}

static void check_chip(struct check *check, const Heliostat__V1__Cube *cube, size_t cube_at, size_t i,
                       uint16_t *seen) {
    const Heliostat__V1__Chip *chip = cube->chips[i];
    struct place at = place("pods[%zu].cubes[%zu].chips[%zu]", check->pod, cube_at, i);
    want_range(check, &at, "x", chip->x, 0, 3);
    want_range(check, &at, "y", chip->y, 0, 3);
    want_range(check, &at, "z", chip->z, 0, 3);
    want_word(check, &at, "serial", chip->serial, 0, INVENTORY_CHIP_SERIAL_MAX);
    inventory_values_add(&check->chip_serials, chip->serial, "", check->pod, cube_at, i);
    if (chip->x > 3 || chip->y > 3 || chip->z > 3)
        return;
    uint16_t *place_taken = &seen[chip->x + 4 * (chip->y + 4 * chip->z)];
    unsigned host = inventory_host_of_chip(chip->x, chip->y, chip->z);
    if (*place_taken)
        problem(check, &at, "", "chip %u-%u-%u is chips[%u] already; wants each place of 4x4x4 once", chip->x,
                chip->y, chip->z, *place_taken - 1u);
    *place_taken = (uint16_t)(i + 1);
    if (chip->host != host)
        problem(check, &at, "host", "%u is not accepted; wants %u, which drives chip %u-%u-%u", chip->host,
                host, chip->x, chip->y, chip->z);
}

static void check_cube(struct check *check, size_t i, uint16_t *seen) {
    const Heliostat__V1__Cube *cube = check->of->cubes[i];
    struct place at = place("pods[%zu].cubes[%zu]", check->pod, i);
    struct inventory_name name;
    char wanted[INVENTORY_NAME_MAX];
    uint16_t hosts_seen[INVENTORY_HOSTS_PER_CUBE] = {0}, chips_seen[INVENTORY_CHIPS_PER_CUBE] = {0};
    bool is_good = want_index(check, &at, "cubes", i, cube->index, check->of->n_cubes, seen);
    if (is_good && (inventory_parse_cube(cube->name, &name, NULL) != 0 || !is_own_pod(check, &name) ||
                    name.cube != cube->index))
        problem(check, &at, "name", "'%.60s' is not accepted; wants '%s'", cube->name,
                inventory_cube_name(wanted, check->of->name, (unsigned)check->of->n_cubes, cube->index));
    want_range(check, &at, "row", cube->row, 0, INVENTORY_ROWS_MAX - 1);
    want_word(check, &at, "powerDomain", cube->power_domain, 1, INVENTORY_WORD_MAX);
    want_count(check, &at, "hosts", cube->n_hosts, INVENTORY_HOSTS_PER_CUBE, INVENTORY_HOSTS_PER_CUBE);
    for (size_t host = 0; host < cube->n_hosts && host < UINT16_MAX; host++)
        check_host(check, cube, is_good, i, host, hosts_seen);
    want_count(check, &at, "chips", cube->n_chips, INVENTORY_CHIPS_PER_CUBE, INVENTORY_CHIPS_PER_CUBE);
    for (size_t chip = 0; chip < cube->n_chips && chip < UINT16_MAX; chip++)
        check_chip(check, cube, i, chip, chips_seen);
}

static void check_ocs(struct check *check, size_t i, uint16_t *seen, uint16_t name_seen[3][100]) {
    const Heliostat__V1__Ocs *ocs = check->of->ocses[i];
    struct place at = place("pods[%zu].ocses[%zu]", check->pod, i);
    struct inventory_name name;
    char error[INVENTORY_ERROR_MAX];
    size_t host_len;
    unsigned port;
    (void)want_index(check, &at, "ocses", i, ocs->index, check->of->n_ocses, seen);
    if (inventory_parse_ocs(ocs->name, &name, error) != 0) {
        problem(check, &at, "name", "%s", error);
    } else if (!is_own_pod(check, &name)) {
        problem(check, &at, "name", "'%.60s' is not accepted; wants a switch of pod %.63s", ocs->name,
                check->of->name);
    } else if (name_seen[name.dimension][name.number]) {
        problem(check, &at, "name", "'%.60s' is that of ocses[%u] already; wants another", ocs->name,
                name_seen[name.dimension][name.number] - 1u);
    } else {
        name_seen[name.dimension][name.number] = (uint16_t)(i + 1);
    }
    if (*ocs->address && inventory_parse_address(ocs->address, &host_len, &port, error) != 0)
        problem(check, &at, "address", "%s", error);
    want_range(check, &at, "portsA", ocs->ports_a, 1, TOPO_PORTS_MAX);
    want_range(check, &at, "portsB", ocs->ports_b, 1, TOPO_PORTS_MAX);
    want_word(check, &at, "powerDomain", ocs->power_domain, 1, INVENTORY_WORD_MAX);
    want_text(check, &at, "product", ocs->product, INVENTORY_SERIAL_MAX);
    want_text(check, &at, "serial", ocs->serial, INVENTORY_SERIAL_MAX);
    if (!*ocs->product != !*ocs->serial)
        problem(check, &at, *ocs->product ? "serial" : "product",
                "'' is not accepted; wants product and serial, or neither of them");
    inventory_values_add(&check->ocs_addresses, ocs->address, "", check->pod, i, 0);
    inventory_values_add(&check->ocs_serials, ocs->serial, ocs->product, check->pod, i, 0);
}

static int check_pod(struct check *check, bool complete) {
    const Heliostat__V1__Pod *pod = check->of;
    struct place at = place("pods[%zu]", check->pod);
    char error[INVENTORY_ERROR_MAX], prefix[40];
    uint16_t cubes_seen[TOPO_CUBES_MAX] = {0}, ocses_seen[TOPO_OCSES_MAX] = {0}, names_seen[3][100] = {{0}};
    check->pod_name_is_good = inventory_parse_pod(pod->name, error) == 0;
    if (!check->pod_name_is_good)
        problem(check, &at, "name", "%s", error);
    inventory_values_add(&check->pod_names, pod->name, "", check->pod, 0, 0);
    if (!inventory_is_word(pod->model, 1, INVENTORY_WORD_MAX) || !inventory_model_find(pod->model))
        problem(check, &at, "model", "'%.60s' is not accepted; wants one of %s", pod->model,
                inventory_model_names());
    if (pod->largest_slice_chips < 64 || pod->largest_slice_chips > 64 * TOPO_CUBES_MAX ||
        pod->largest_slice_chips % 64 != 0)
        problem(check, &at, "largestSliceChips", "%u is not accepted; wants a multiple of 64 from 64 to %d",
                pod->largest_slice_chips, 64 * TOPO_CUBES_MAX);
    want_count(check, &at, "cubes", pod->n_cubes, 1, TOPO_CUBES_MAX);
    want_count(check, &at, "ocses", pod->n_ocses, 1, TOPO_OCSES_MAX);
    if (pod->n_cubes > TOPO_CUBES_MAX || pod->n_ocses > TOPO_OCSES_MAX)
        return 0;
    for (size_t i = 0; i < pod->n_cubes; i++)
        check_cube(check, i, cubes_seen);
    for (size_t i = 0; i < pod->n_ocses; i++)
        check_ocs(check, i, ocses_seen, names_seen);
    snprintf(prefix, sizeof(prefix), "pods[%zu].", check->pod);
    return inventory_check_fibers(pod, pod->fibers, pod->n_fibers, NULL, 0, complete, prefix,
                                  check->findings);
}

int inventory_check(const Heliostat__V1__Inventory *inventory, bool complete,
                    struct inventory_findings *findings) {
    struct check check = {.findings = findings};
    int r = 0;
    if (inventory->n_pods < 1 || inventory->n_pods > INVENTORY_PODS_MAX) {
        inventory_error(findings, 0, "pods", "%zu are not accepted; wants 1 to %d", inventory->n_pods,
                        INVENTORY_PODS_MAX);
        return 0;
    }
    for (; check.pod < inventory->n_pods && r == 0; check.pod++) {
        check.of = inventory->pods[check.pod];
        r = check_pod(&check, complete);
    }
    inventory_values_report(&check.pod_names, "pods[%zu].name", findings);
    inventory_values_report(&check.node_names, "pods[%zu].cubes[%zu].hosts[%zu].nodeName", findings);
    inventory_values_report(&check.chip_serials, "pods[%zu].cubes[%zu].chips[%zu].serial", findings);
    inventory_values_report(&check.ocs_addresses, "pods[%zu].ocses[%zu].address", findings);
    inventory_values_report(&check.ocs_serials, "pods[%zu].ocses[%zu].serial", findings);
    inventory_values_deinit(&check.pod_names);
    inventory_values_deinit(&check.node_names);
    inventory_values_deinit(&check.chip_serials);
    inventory_values_deinit(&check.ocs_addresses);
    inventory_values_deinit(&check.ocs_serials);
    return findings->out_of_memory ? -ENOMEM : r;
}
