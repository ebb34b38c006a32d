#pragma once
/* Since when what is observed of a port or a link end is as it is. Only in memory, and only of what has moved
 * since the start: empty means "before that". Without memory for it a time stays empty. Kept as wall time, so
 * that it reads the same whenever it is shown; now_us is monotonic. */
#include "daemon/fabric/model.h"

void health_port_moved(struct fabric_ocs *ocs, enum topo_side side, unsigned port, int64_t now_us);
/* Both ports of a circuit; b 0: only the A port. */
void health_circuit_moved(struct fabric_ocs *ocs, unsigned a, unsigned b, int64_t now_us);
/* What is observed of a link end by its host, or the circuit at it. */
void health_end_moved(struct fabric_pod *pod, uint16_t end, int64_t now_us);
/* Wall; 0: not since the start. */
int64_t health_port_since_us(const struct fabric_ocs *ocs, enum topo_side side, unsigned port);
int64_t health_end_since_us(const struct fabric_pod *pod, uint16_t end);
