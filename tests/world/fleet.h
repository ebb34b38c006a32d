#pragma once
/* The pods that the seeded world plays with: their fiber table, the emulated plant behind it, and the rows
 * that a daemon gets. */
#include "daemon/fabric/fabric.h"
#include "sim/plant/plant.h"

#define FLEET_CUBES_MAX 27
#define FLEET_OCSES 48
#define FLEET_PORTS_MAX 32 /* a side */
#define FLEET_VARIANTS 5
#define FLEET_POD "pod"

struct fleet_fiber {
    bool is_there, side_b;
    uint8_t ocs;
    uint16_t port; /* from 1 */
};

struct fleet {
    unsigned n_cubes, n_ports; /* ports a side of each switch; some have no fiber */
    unsigned n_missing;        /* fibers */
    struct fleet_fiber fiber[FLEET_CUBES_MAX][6][16];
    int16_t end_at[FLEET_OCSES][2][FLEET_PORTS_MAX + 1]; /* cube x 96 + face x 16 + index; -1: no fiber */
};

/* 0: 8 cubes in order; 1: 8 cubes, ports shuffled; 2: as 1, with fibers missing; 3: 18 cubes; 4: 27 cubes. */
void fleet_init(struct fleet *fleet, unsigned variant);
/* Filled in where it stands: switches point to it. */
void fleet_make_plant(const struct fleet *fleet, uint64_t seed, int64_t now_us, struct sim_plant *plant);
/* Calls put with the pod as rows; its result. */
int fleet_with_rows(const struct fleet *fleet, int (*put)(const struct fabric_pod_rows *rows, void *userdata),
                    void *userdata);
