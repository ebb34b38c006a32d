#include "ctl/whatif/target.h"
#include "ctl/arguments.h"
#include "ctl/whatif/values.h"
#include "inventory/findings.h"
#include "inventory/names.h"
#include <string.h>

static unsigned most_of(const uint8_t *values, unsigned n) {
    unsigned most = 0;
    for (unsigned i = 0; i < n; i++)
        most = values[i] + 1u > most ? values[i] + 1u : most;
    return most;
}

unsigned whatif_rows(const struct whatif_start *start) {
    return most_of(start->pod->row, start->wiring->n_cubes);
}

unsigned whatif_power_domains(const struct whatif_start *start) {
    return most_of(start->pod->power_domain, start->wiring->n_cubes);
}

unsigned whatif_ocs_domains(const struct whatif_start *start) {
    return most_of(start->ocs_domain, start->wiring->n_ocses);
}

static bool add_domain(const char *number_text, const char *what, const uint8_t *values, unsigned n,
                       struct topo_cube_set *cubes, uint64_t *ocses, char *error) {
    unsigned domains = most_of(values, n);
    int64_t number;
    bool found = false;
    if (ctl_parse_number(number_text, &number))
        for (unsigned i = 0; i < n; i++)
            if (values[i] == number) {
                found = true;
                if (cubes)
                    topo_set_add(cubes, i);
                else
                    *ocses |= UINT64_C(1) << i;
            }
    if (!found)
        snprintf(error, WHATIF_ERROR_MAX, "there is no %s %.40s; this pod has 0 to %u", what, number_text,
                 domains ? domains - 1 : 0);
    return found;
}

static bool add_end(const struct whatif_start *start, const char *name, const char *colon,
                    struct whatif_loss *loss, char *error) {
    struct inventory_name parsed;
    char cube[INVENTORY_NAME_MAX], face_text[4];
    const char *second = strchr(colon + 1, ':');
    unsigned face;
    int64_t index;
    snprintf(cube, sizeof(cube), "%.*s", (int)(colon - name), name);
    snprintf(face_text, sizeof(face_text), "%.*s", second ? (int)(second - colon - 1) : 0, colon + 1);
    if (!second || inventory_parse_cube(cube, &parsed, NULL) != 0 || parsed.cube >= start->wiring->n_cubes ||
        inventory_parse_face(face_text, &face, NULL) != 0 || !ctl_parse_number(second + 1, &index) ||
        index > 15) {
        snprintf(error, WHATIF_ERROR_MAX, "\"%.60s\" is no link end; write cube-07:+x:5", name);
        return false;
    }
    loss->ends[parsed.cube][face] |= (uint16_t)(1u << index);
    return true;
}

static bool is_own_pod(const struct whatif_start *start, const char *pod, char *error) {
    if (!*pod || strcmp(pod, start->pod_name) == 0)
        return true;
    snprintf(error, WHATIF_ERROR_MAX, "this is about pod %.60s, not %.60s", start->pod_name, pod);
    return false;
}

bool whatif_add_target(const struct whatif_start *start, const char *name, struct whatif_loss *loss,
                       char *error) {
    struct inventory_name parsed;
    const char *colon = strchr(name, ':');
    if (strncmp(name, "row-", 4) == 0)
        return add_domain(name + 4, "row", start->pod->row, start->wiring->n_cubes, &loss->cubes, NULL,
                          error);
    if (strncmp(name, "power-", 6) == 0)
        return add_domain(name + 6, "power domain", start->pod->power_domain, start->wiring->n_cubes,
                          &loss->cubes, NULL, error);
    if (strncmp(name, "ocs-power-", 10) == 0)
        return add_domain(name + 10, "power domain of switches", start->ocs_domain, start->wiring->n_ocses,
                          NULL, &loss->ocses, error);
    if (colon)
        return add_end(start, name, colon, loss, error);
    if (inventory_parse_host(name, &parsed, NULL) == 0 && parsed.cube < start->wiring->n_cubes) {
        loss->hosts[parsed.cube] |= (uint16_t)(1u << parsed.host);
        return is_own_pod(start, parsed.pod, error);
    }
    if (inventory_parse_cube(name, &parsed, NULL) == 0) {
        if (parsed.cube >= start->wiring->n_cubes) {
            snprintf(error, WHATIF_ERROR_MAX, "there is no %.60s; this pod has cubes 0 to %u", name,
                     start->wiring->n_cubes - 1u);
            return false;
        }
        topo_set_add(&loss->cubes, parsed.cube);
        return is_own_pod(start, parsed.pod, error);
    }
    const char *slash = strrchr(name, '/');
    for (unsigned i = 0; i < start->wiring->n_ocses; i++)
        if (start->ocs_names[i] && strcmp(start->ocs_names[i], slash ? slash + 1 : name) == 0) {
            loss->ocses |= UINT64_C(1) << i;
            return true;
        }
    snprintf(
        error, WHATIF_ERROR_MAX,
        "\"%.60s\" is nothing that can fail; write cube-07, cube-07/host-03, cube-07:+x:5, ocs-x-03, row-2, "
        "power-2 or ocs-power-1",
        name);
    return false;
}
