#pragma once
/* A fabric with one lab pod, a store that commits when the test says so, and switches that never answer. */
#include "daemon/api/arena.h"
#include "daemon/fabric/fabric.h"
#include "heliostat/v1/inventory.pb-c.h"

struct world {
    struct fabric *fabric;
    const struct fabric_pod *pod;
    Heliostat__V1__Pod *message; /* what the pod was made from */
    size_t n_submitted;
    struct arena arena; /* for the test's own use */
};

void world_init(struct world *world);
void world_deinit(struct world *world);
void world_commit(struct world *world);
