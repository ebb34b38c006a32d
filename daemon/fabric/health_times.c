#include "daemon/fabric/health_times.h"
#include "daemon/fabric/state.h"

#include <stdlib.h>

static unsigned place(const struct fabric_ocs *ocs, enum topo_side side, unsigned port) {
    return side == TOPO_SIDE_A ? port : ocs->ports_a + 1u + port;
}

void health_port_moved(struct fabric_ocs *ocs, enum topo_side side, unsigned port, int64_t now_us) {
    if (!ocs->port_moved_us)
        ocs->port_moved_us = calloc(ocs->ports_a + ocs->ports_b + 2u, sizeof(*ocs->port_moved_us));
    if (ocs->port_moved_us)
        ocs->port_moved_us[place(ocs, side, port)] = fabric_wall_us(ocs->pod->fabric, now_us);
}

void health_circuit_moved(struct fabric_ocs *ocs, unsigned a, unsigned b, int64_t now_us) {
    health_port_moved(ocs, TOPO_SIDE_A, a, now_us);
    if (b)
        health_port_moved(ocs, TOPO_SIDE_B, b, now_us);
}

int64_t health_port_since_us(const struct fabric_ocs *ocs, enum topo_side side, unsigned port) {
    return ocs->port_moved_us ? ocs->port_moved_us[place(ocs, side, port)] : 0;
}

void health_end_moved(struct fabric_pod *pod, uint16_t end, int64_t now_us) {
    if (!pod->end_moved_us)
        pod->end_moved_us = calloc((size_t)pod->n_cubes * TOPO_ENDS_PER_CUBE, sizeof(*pod->end_moved_us));
    if (pod->end_moved_us)
        pod->end_moved_us[end] = fabric_wall_us(pod->fabric, now_us);
}

int64_t health_end_since_us(const struct fabric_pod *pod, uint16_t end) {
    return pod->end_moved_us ? pod->end_moved_us[end] : 0;
}
