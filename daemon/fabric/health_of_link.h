#pragma once
/* How a link is, in the words that ports have too; see health_of_port.h. Derived from the model whenever
 * somebody asks. */
#include "daemon/fabric/health_of_port.h"

/* Of a face link of a cube: from its chip over its fiber to its port. Hands on it and what speaks against the
 * port go first, then what the host sees there. Where its host is not heard, or nothing is joined to it, it
 * is UNKNOWN: not seeing is not failure. */
void health_of_link(const struct fabric_pod *pod, uint16_t end, int64_t now_us,
                    struct health_verdict *ret_verdict);
/* Of the two that a circuit joins, as last read: the worse one, its name in the cause. own: of `end`, from
 * health_of_link(); other TOPO_NO_END: nothing is joined to it. */
void health_of_joined_link(const struct fabric_pod *pod, uint16_t end, const struct health_verdict *own,
                           uint16_t other, int64_t now_us, struct health_verdict *ret_verdict);
