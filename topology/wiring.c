#include "topology/wiring.h"

#include <string.h>

enum topo_wiring_result topo_wiring_init(struct topo_wiring *wiring, unsigned n_cubes, unsigned n_ocses) {
    if (n_cubes > TOPO_CUBES_MAX || n_ocses > TOPO_OCSES_MAX)
        return TOPO_WIRING_TOO_LARGE;
    memset(wiring, 0, sizeof(*wiring));
    wiring->n_cubes = (uint16_t)n_cubes;
    wiring->n_ocses = (uint16_t)n_ocses;
    for (unsigned i = 0; i < TOPO_CUBES_MAX * TOPO_ENDS_PER_CUBE; i++)
        wiring->port_of[i].ocs = -1;
    memset(wiring->end_of, 0xff, sizeof(wiring->end_of));
    return TOPO_WIRING_OK;
}

enum topo_wiring_result topo_wiring_set_ocs(struct topo_wiring *wiring, unsigned ocs, unsigned ports_a,
                                            unsigned ports_b) {
    if (ocs >= wiring->n_ocses)
        return TOPO_WIRING_BAD_OCS;
    if (ports_a > TOPO_PORTS_MAX || ports_b > TOPO_PORTS_MAX)
        return TOPO_WIRING_TOO_LARGE;
    wiring->ports[ocs][TOPO_SIDE_A] = (uint16_t)ports_a;
    wiring->ports[ocs][TOPO_SIDE_B] = (uint16_t)ports_b;
    return TOPO_WIRING_OK;
}

enum topo_wiring_result topo_wiring_add_fiber(struct topo_wiring *wiring, unsigned cube, unsigned face,
                                              unsigned index, unsigned ocs, enum topo_side side,
                                              unsigned port) {
    if (cube >= wiring->n_cubes)
        return TOPO_WIRING_BAD_CUBE;
    if (face >= TOPO_FACES)
        return TOPO_WIRING_BAD_FACE;
    if (index >= TOPO_INDICES)
        return TOPO_WIRING_BAD_INDEX;
    if (ocs >= wiring->n_ocses)
        return TOPO_WIRING_BAD_OCS;
    if (side > TOPO_SIDE_B || port < 1 || port > wiring->ports[ocs][side])
        return TOPO_WIRING_BAD_PORT;
    uint16_t end = topo_end(cube, face, index);
    if (wiring->port_of[end].ocs >= 0)
        return TOPO_WIRING_END_TAKEN;
    if (wiring->end_of[ocs][side][port] != TOPO_NO_END)
        return TOPO_WIRING_PORT_TAKEN;
    wiring->port_of[end] = (struct topo_port){(int16_t)ocs, (uint8_t)side, (uint16_t)port};
    wiring->end_of[ocs][side][port] = end;
    wiring->has_fiber[cube][face] |= (uint16_t)(1u << index);
    return TOPO_WIRING_OK;
}

void topo_wiring_seal(struct topo_wiring *wiring) {
    wiring->uniform = true;
    for (unsigned dimension = 0; dimension < 3; dimension++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            int ocs = -1, plus_side = -1;
            for (unsigned cube = 0; cube < wiring->n_cubes; cube++)
                for (unsigned minus = 0; minus < 2; minus++) {
                    const struct topo_port *port =
                        &wiring->port_of[topo_end(cube, topo_face(dimension, minus), index)];
                    if (port->ocs < 0)
                        continue;
                    int plus = minus ? 1 - port->side : port->side;
                    if (ocs < 0) {
                        ocs = port->ocs;
                        plus_side = plus;
                    } else if (ocs != port->ocs || plus_side != plus) {
                        wiring->uniform = false;
                    }
                }
        }
}

enum topo_wiring_result topo_wiring_set_default(struct topo_wiring *wiring, unsigned n_cubes,
                                                unsigned ports_a, unsigned ports_b) {
    enum topo_wiring_result result = topo_wiring_init(wiring, n_cubes, 48);
    for (unsigned ocs = 0; ocs < 48 && result == TOPO_WIRING_OK; ocs++)
        result = topo_wiring_set_ocs(wiring, ocs, ports_a, ports_b);
    for (unsigned cube = 0; cube < n_cubes; cube++)
        for (unsigned face = 0; face < TOPO_FACES; face++)
            for (unsigned index = 0; index < TOPO_INDICES && result == TOPO_WIRING_OK; index++)
                result = topo_wiring_add_fiber(wiring, cube, face, index, face / 2 * 16 + index,
                                               face % 2 ? TOPO_SIDE_B : TOPO_SIDE_A, cube + 1);
    if (result == TOPO_WIRING_OK)
        topo_wiring_seal(wiring);
    return result;
}

const char *topo_wiring_result_text(enum topo_wiring_result result) {
    static const char *const text[] = {
        [TOPO_WIRING_OK] = "ok",
        [TOPO_WIRING_BAD_CUBE] = "no such cube",
        [TOPO_WIRING_BAD_FACE] = "no such face",
        [TOPO_WIRING_BAD_INDEX] = "a face has links 0 to 15",
        [TOPO_WIRING_BAD_OCS] = "no such switch",
        [TOPO_WIRING_BAD_PORT] = "port out of range",
        [TOPO_WIRING_END_TAKEN] = "this face link has a fiber already",
        [TOPO_WIRING_PORT_TAKEN] = "this port has a fiber already",
        [TOPO_WIRING_TOO_LARGE] = "larger than the limits of this build",
    };
    return (unsigned)result < sizeof(text) / sizeof(text[0]) ? text[result] : "unknown";
}

const char *topo_face_name(unsigned face) {
    static const char *const names[TOPO_FACES] = {"+x", "-x", "+y", "-y", "+z", "-z"};
    return face < TOPO_FACES ? names[face] : NULL;
}
