#include "topology/change.h"

#include <string.h>

struct marks {
    uint16_t wanted[TOPO_OCSES_MAX][TOPO_PORTS_MAX + 1]; /* B port by A port */
    bool may_add[TOPO_OCSES_MAX][TOPO_PORTS_MAX + 1];
    bool touched[TOPO_OCSES_MAX][2][TOPO_PORTS_MAX + 1];
};

static void touch(const struct topo_wiring *wiring, unsigned cube, struct marks *marks) {
    for (unsigned end = cube * TOPO_ENDS_PER_CUBE; end < (cube + 1) * TOPO_ENDS_PER_CUBE; end++) {
        const struct topo_port *port = &wiring->port_of[end];
        if (port->ocs >= 0)
            marks->touched[port->ocs][port->side][port->port] = true;
    }
}

static bool find_wanted(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
                        struct marks *marks) {
    struct topo_cube_set seen = {0};
    if (!topo_shape_is_valid(shape) || !shape->whole_cubes)
        return false;
    for (unsigned position = 0; position < shape->n_cubes; position++) {
        if (cubes[position] >= pod->wiring->n_cubes || topo_set_has(&seen, cubes[position]))
            return false;
        topo_set_add(&seen, cubes[position]);
        touch(pod->wiring, cubes[position], marks);
    }
    for (unsigned position = 0; position < shape->n_cubes; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++) {
            unsigned next = topo_shape_next(shape, position, dimension);
            uint16_t missing = topo_bundle_missing(pod, cubes[position], cubes[next], dimension);
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                struct topo_link link = topo_link_at(pod->wiring, shape, cubes, position, dimension, index);
                if (link.ocs < 0)
                    continue;
                marks->wanted[link.ocs][link.a] = link.b;
                marks->may_add[link.ocs][link.a] = !(missing >> index & 1);
            }
        }
    return true;
}

struct list {
    struct topo_change *changes;
    size_t max, count;
};

static void append(struct list *list, unsigned ocs, unsigned a, unsigned b, uint8_t domain, bool add) {
    if (list->count < list->max)
        list->changes[list->count] =
            (struct topo_change){(uint16_t)ocs, (uint16_t)a, (uint16_t)b, domain, add};
    list->count++;
}

static void change_switch(const struct topo_wiring *wiring, const struct marks *marks, unsigned ocs,
                          const uint16_t *map, uint8_t domain, struct list *list) {
    unsigned ports = wiring->ports[ocs][TOPO_SIDE_A];
    for (unsigned a = 1; a <= ports && map; a++) {
        unsigned b = map[a];
        if (b && b <= wiring->ports[ocs][TOPO_SIDE_B] && b != marks->wanted[ocs][a] &&
            (marks->touched[ocs][TOPO_SIDE_A][a] || marks->touched[ocs][TOPO_SIDE_B][b]))
            append(list, ocs, a, b, domain, false);
    }
    for (unsigned a = 1; a <= ports; a++)
        if (marks->may_add[ocs][a] && (!map || map[a] != marks->wanted[ocs][a]))
            append(list, ocs, a, marks->wanted[ocs][a], domain, true);
}

enum topo_change_result topo_change_set(const struct topo_pod *pod, const uint16_t *const *b_of_a,
                                        const struct topo_shape *shape, const uint16_t *cubes,
                                        const struct topo_cube_set *leaving,
                                        const uint8_t *power_domain_of_ocs, struct topo_change *changes,
                                        size_t max_changes, size_t *ret_n_changes) {
    const struct topo_wiring *wiring = pod->wiring;
    struct marks marks;
    memset(&marks, 0, sizeof(marks));
    for (unsigned cube = 0; cube < wiring->n_cubes; cube++)
        if (leaving && topo_set_has(leaving, cube))
            touch(wiring, cube, &marks);
    if (shape && !find_wanted(pod, shape, cubes, &marks))
        return TOPO_CHANGE_INVALID_ARGUMENT;
    struct list list = {changes, max_changes, 0};
    for (unsigned domain = 0; domain < 256; domain++) {
        bool any = false;
        for (unsigned ocs = 0; ocs < wiring->n_ocses; ocs++) {
            unsigned own = power_domain_of_ocs ? power_domain_of_ocs[ocs] : 0;
            any |= own > domain;
            if (own == domain && !(pod->bad_ocses >> ocs & 1))
                change_switch(wiring, &marks, ocs, b_of_a[ocs], (uint8_t)own, &list);
        }
        if (!any)
            break;
    }
    *ret_n_changes = list.count;
    return list.count > max_changes ? TOPO_CHANGE_NO_ROOM : TOPO_CHANGE_OK;
}
