#include "topology/whatif/buy.h"

static unsigned free_port(const struct topo_wiring *wiring, unsigned ocs, enum topo_side side,
                          unsigned keep_ports) {
    unsigned n = 0, first = 0;
    for (unsigned port = wiring->ports[ocs][side]; port > 0; port--)
        if (wiring->end_of[ocs][side][port] == TOPO_NO_END) {
            n++;
            first = port;
        }
    return n > keep_ports ? first : 0;
}

/* The port for each end of one more cube; false where one is missing. A switch serves one + and one - end of
 * a cube, on different sides, so that no two ends want the same port. */
static bool find_ports(const struct topo_wiring *wiring, unsigned keep_ports,
                       unsigned ret_ports[TOPO_ENDS_PER_CUBE], int *ret_full) {
    for (unsigned end = 0; end < TOPO_ENDS_PER_CUBE; end++) {
        const struct topo_port *model = &wiring->port_of[end]; /* of cube 0 */
        ret_ports[end] = 0;
        if (model->ocs < 0)
            continue;
        ret_ports[end] = free_port(wiring, (unsigned)model->ocs, (enum topo_side)model->side, keep_ports);
        if (!ret_ports[end]) {
            *ret_full = model->ocs;
            return false;
        }
    }
    return true;
}

unsigned whatif_buy(struct topo_wiring *wiring, unsigned wanted, unsigned keep_ports, int *ret_full) {
    unsigned ports[TOPO_ENDS_PER_CUBE], added = 0;
    *ret_full = -1;
    for (; added < wanted && wiring->n_cubes < TOPO_CUBES_MAX; added++) {
        if (!find_ports(wiring, keep_ports, ports, ret_full))
            break;
        unsigned cube = wiring->n_cubes++;
        for (unsigned end = 0; end < TOPO_ENDS_PER_CUBE; end++) {
            const struct topo_port *model = &wiring->port_of[end];
            if (ports[end] &&
                topo_wiring_add_fiber(wiring, cube, topo_end_face((uint16_t)end),
                                      topo_end_index((uint16_t)end), (unsigned)model->ocs,
                                      (enum topo_side)model->side, ports[end]) != TOPO_WIRING_OK) {
                wiring->n_cubes--;
                return added;
            }
        }
    }
    topo_wiring_seal(wiring);
    return added;
}
