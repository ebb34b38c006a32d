#pragma once
/* How a port of a switch is, in the words that cubes, hosts and switches have too. Derived from the model
 * whenever somebody asks; nothing of it is stored. */
#include "daemon/fabric/model.h"

struct health_verdict {
    enum health health;
    const char *source;          /* static: "operator", "device", "host report" or "engine" */
    char cause[FABRIC_TEXT_MAX]; /* "": it is HEALTHY */
    int64_t since_us;            /* wall; 0: before the daemon started */
};

/* An operator's hands go first, then whether the switch can be read, then what the switch and its meters say.
 * A port without a circuit is HEALTHY when nothing speaks against it. */
void health_of_port(const struct fabric_ocs *ocs, enum topo_side side, unsigned port,
                    struct health_verdict *ret_verdict);
