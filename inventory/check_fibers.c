#include "inventory/check.h"

#include "inventory/names.h"
#include "topology/wiring.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who has a link or a port: 1 + the place of the fiber in the list; 0 nobody. */
struct fiber_check {
    const Heliostat__V1__Pod *pod;
    Heliostat__V1__Fiber *const *fibers;
    const uint32_t *lines; /* NULL: none */
    const char *prefix;
    struct inventory_findings *findings;
    uint8_t ocs_of_name[3][100]; /* 1 + place in pod->ocses */
    uint32_t link_taken[TOPO_CUBES_MAX][TOPO_FACES][TOPO_INDICES];
    uint32_t port_taken[TOPO_OCSES_MAX][2][TOPO_PORTS_MAX + 1];
};

__attribute__((format(printf, 4, 5))) static void problem(struct fiber_check *check, size_t i,
                                                          const char *field, const char *format, ...) {
    char path[100], text[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (check->lines)
        snprintf(path, sizeof(path), "%s", field);
    else
        snprintf(path, sizeof(path), "%sfibers[%zu].%s", check->prefix, i, field);
    inventory_error(check->findings, check->lines ? check->lines[i] : 0, path, "%s", text);
}

/* "line 12", or "fibers[11]". */
static const char *place_of(const struct fiber_check *check, uint32_t taken, char text[40]) {
    if (check->lines)
        snprintf(text, 40, "line %u", check->lines[taken - 1]);
    else
        snprintf(text, 40, "fibers[%u]", taken - 1);
    return text;
}

static const Heliostat__V1__Ocs *find_ocs(const struct fiber_check *check, const char *text, size_t *ret_at) {
    struct inventory_name name;
    if (inventory_parse_ocs(text, &name, NULL) != 0 || (*name.pod && strcmp(name.pod, check->pod->name) != 0))
        return NULL;
    unsigned at = check->ocs_of_name[name.dimension][name.number];
    if (at == 0)
        return NULL;
    *ret_at = at - 1;
    return check->pod->ocses[at - 1];
}

static void check_link(struct fiber_check *check, size_t i) {
    const Heliostat__V1__Fiber *fiber = check->fibers[i];
    char error[INVENTORY_ERROR_MAX], place[40], name[INVENTORY_NAME_MAX];
    unsigned face = 0;
    bool good = fiber->cube < check->pod->n_cubes && fiber->index < TOPO_INDICES;
    if (fiber->cube >= check->pod->n_cubes)
        problem(check, i, "cube", "%u is not accepted; wants a cube of pod %s, 0 to %zu", fiber->cube,
                check->pod->name, check->pod->n_cubes - 1);
    if (fiber->index >= TOPO_INDICES)
        problem(check, i, "index", "%u is not accepted; wants 0 to %d", fiber->index, TOPO_INDICES - 1);
    if (inventory_parse_face(fiber->face, &face, error) != 0) {
        problem(check, i, "face", "%s", error);
        good = false;
    }
    if (!good)
        return;
    uint32_t *taken = &check->link_taken[fiber->cube][face][fiber->index];
    if (*taken)
        problem(check, i, "index", "%s %s %u has the fiber of %s already; wants each face link once",
                inventory_cube_name(name, NULL, (unsigned)check->pod->n_cubes, fiber->cube), fiber->face,
                fiber->index, place_of(check, *taken, place));
    else
        *taken = (uint32_t)(i + 1);
}

static void check_port(struct fiber_check *check, size_t i) {
    const Heliostat__V1__Fiber *fiber = check->fibers[i];
    char place[40];
    size_t at = 0;
    const Heliostat__V1__Ocs *ocs = find_ocs(check, fiber->ocs, &at);
    bool is_b = strcmp(fiber->side, "B") == 0;
    if (!ocs)
        problem(check, i, "ocs", "'%.60s' is not accepted; wants a switch of pod %s, such as %s", fiber->ocs,
                check->pod->name, check->pod->n_ocses ? check->pod->ocses[0]->name : "(it has none)");
    if (!is_b && strcmp(fiber->side, "A") != 0) {
        problem(check, i, "side", "'%.60s' is not accepted; wants A or B", fiber->side);
        return;
    }
    if (!ocs)
        return;
    unsigned ports = is_b ? ocs->ports_b : ocs->ports_a;
    if (ports < 1 || ports > TOPO_PORTS_MAX)
        return; /* an error of the switch, not of each of its fibers */
    if (fiber->port < 1 || fiber->port > ports) {
        problem(check, i, "port", "%u is not accepted; wants 1 to %u, the ports of side %s of %s",
                fiber->port, ports, fiber->side, ocs->name);
        return;
    }
    uint32_t *taken = &check->port_taken[at][is_b][fiber->port];
    if (*taken)
        problem(check, i, "port", "%s%u of %s has the fiber of %s already; wants each port once", fiber->side,
                fiber->port, ocs->name, place_of(check, *taken, place));
    else
        *taken = (uint32_t)(i + 1);
}

/* "3, 5-7" */
static void write_missing(const uint32_t taken[TOPO_INDICES], char *text, size_t size) {
    size_t len = 0;
    for (unsigned i = 0; i < TOPO_INDICES && len < size; i++) {
        unsigned last = i;
        if (taken[i])
            continue;
        while (last + 1 < TOPO_INDICES && !taken[last + 1])
            last++;
        len +=
            (size_t)snprintf(text + len, size - len, last > i ? "%s%u-%u" : "%s%u", len ? ", " : "", i, last);
        i = last;
    }
}

static void check_missing(struct fiber_check *check, bool complete) {
    char field[60], missing[80], name[INVENTORY_NAME_MAX];
    snprintf(field, sizeof(field), "%sfibers", check->prefix);
    for (unsigned cube = 0; cube < check->pod->n_cubes; cube++)
        for (unsigned face = 0; face < TOPO_FACES; face++) {
            missing[0] = 0;
            write_missing(check->link_taken[cube][face], missing, sizeof(missing));
            if (!*missing)
                continue;
            inventory_cube_name(name, NULL, (unsigned)check->pod->n_cubes, cube);
            if (complete)
                inventory_error(check->findings, 0, field,
                                "%s %s has no fiber on %s; wants one on every face link", name,
                                topo_face_name(face), missing);
            else
                inventory_warning(check->findings, 0, field, "%s %s has no fiber on %s", name,
                                  topo_face_name(face), missing);
        }
}

int inventory_check_fibers(const Heliostat__V1__Pod *pod, Heliostat__V1__Fiber *const *fibers, size_t n,
                           const uint32_t *lines, size_t n_lines, bool complete, const char *prefix,
                           struct inventory_findings *findings) {
    if (pod->n_cubes > TOPO_CUBES_MAX || pod->n_ocses > TOPO_OCSES_MAX || n > UINT32_MAX - 1) {
        inventory_error(findings, 0, "fibers", "the pod or the table is larger than this build can hold");
        return 0;
    }
    if (n_lines != 0 && n_lines != n)
        inventory_error(findings, 0, "lines",
                        "%zu are not accepted; wants none, or one for each of %zu fibers", n_lines, n);
    struct fiber_check *check = calloc(1, sizeof(*check));
    if (!check)
        return -ENOMEM;
    check->pod = pod;
    check->fibers = fibers;
    check->lines = n_lines == n ? lines : NULL;
    check->prefix = prefix;
    check->findings = findings;
    for (size_t i = 0; i < pod->n_ocses; i++) {
        struct inventory_name name;
        if (inventory_parse_ocs(pod->ocses[i]->name, &name, NULL) == 0)
            check->ocs_of_name[name.dimension][name.number] = (uint8_t)(i + 1);
    }
    for (size_t i = 0; i < n; i++) {
        check_link(check, i);
        check_port(check, i);
    }
    check_missing(check, complete);
    free(check);
    return findings->out_of_memory ? -ENOMEM : 0;
}
