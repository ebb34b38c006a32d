#include "tests/world/fleet.h"
#include "sim/plant/chance.h"
#include "sim/plant/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void shuffle(uint16_t *ports, unsigned count, struct chance *chance) {
    for (unsigned i = count; i > 1; i--) {
        unsigned other = (unsigned)chance_between(chance, 0, i - 1);
        uint16_t port = ports[i - 1];
        ports[i - 1] = ports[other];
        ports[other] = port;
    }
}

void fleet_init(struct fleet *fleet, unsigned variant) {
    static const unsigned cubes[FLEET_VARIANTS] = {8, 8, 8, 18, 27};
    struct chance chance = {variant};
    memset(fleet, 0, sizeof(*fleet));
    memset(fleet->end_at, 0xff, sizeof(fleet->end_at));
    fleet->n_cubes = cubes[variant];
    fleet->n_ports = fleet->n_cubes + 4;
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        for (unsigned side = 0; side < 2; side++) {
            uint16_t port[FLEET_PORTS_MAX];
            for (unsigned i = 0; i < fleet->n_ports; i++)
                port[i] = (uint16_t)(i + 1);
            if (variant)
                shuffle(port, fleet->n_ports, &chance);
            for (unsigned cube = 0; cube < fleet->n_cubes; cube++) {
                unsigned face = ocs / 16 * 2 + side, index = ocs % 16;
                if (variant == 2 && chance_between(&chance, 0, 399) == 0) {
                    fleet->n_missing++;
                    continue;
                }
                fleet->fiber[cube][face][index] = (struct fleet_fiber){true, side, (uint8_t)ocs, port[cube]};
                fleet->end_at[ocs][side][port[cube]] = (int16_t)(cube * 96 + face * 16 + index);
            }
        }
}

void fleet_make_plant(const struct fleet *fleet, uint64_t seed, int64_t now_us, struct sim_plant *plant) {
    *plant = (struct sim_plant){.seed = seed, .started_us = now_us, .sensitivity_mdbm = -7000};
    plant->pods = sim_calloc(1, sizeof(*plant->pods));
    plant->cubes = sim_calloc(fleet->n_cubes, sizeof(*plant->cubes));
    plant->switches = sim_calloc(FLEET_OCSES, sizeof(*plant->switches));
    plant->ends = sim_calloc(fleet->n_cubes * SIM_CUBE_LINKS, sizeof(*plant->ends));
    plant->pods[0] = (struct sim_pod){
        .name = sim_strdup(FLEET_POD), .n_cubes = (int32_t)fleet->n_cubes, .n_ocses = FLEET_OCSES};
    plant->n_pods = 1;
    char name[64];
    for (unsigned cube = 0; cube < fleet->n_cubes; cube++) {
        snprintf(name, sizeof(name), "%s/cube-%02u", FLEET_POD, cube);
        plant->cubes[cube] = (struct sim_cube){.index = cube, .name = sim_strdup(name)};
        for (unsigned i = 0; i < SIM_CUBE_LINKS; i++)
            plant->ends[cube * SIM_CUBE_LINKS + i] = (struct sim_link_end){.ocs = -1, .transmit_mdbm = 1000};
    }
    plant->n_cubes = (int32_t)fleet->n_cubes;
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++) {
        snprintf(name, sizeof(name), "%s/ocs-%c-%02u", FLEET_POD, "xyz"[ocs / 16], ocs % 16);
        sim_switch_init(&plant->switches[ocs], plant, (int32_t)ocs, 0, name, fleet->n_ports, fleet->n_ports,
                        "", "");
    }
    plant->n_switches = FLEET_OCSES;
    for (unsigned cube = 0; cube < fleet->n_cubes; cube++)
        for (unsigned face = 0; face < 6; face++)
            for (unsigned index = 0; index < 16; index++) {
                const struct fleet_fiber *fiber = &fleet->fiber[cube][face][index];
                if (fiber->is_there)
                    sim_plant_attach(plant, sim_end_of((int32_t)cube, face, index), fiber->ocs, fiber->side_b,
                                     fiber->port);
            }
}

int fleet_with_rows(const struct fleet *fleet, int (*put)(const struct fabric_pod_rows *rows, void *userdata),
                    void *userdata) {
    static struct store_cube cubes[FLEET_CUBES_MAX];
    static struct store_host hosts[FLEET_CUBES_MAX * 16];
    static struct store_chip chips[FLEET_CUBES_MAX * 64];
    static struct store_ocs ocses[FLEET_OCSES];
    static struct store_fiber fibers[FLEET_CUBES_MAX * 96];
    static char cube_names[FLEET_CUBES_MAX][16], ocs_names[FLEET_OCSES][16], addresses[FLEET_OCSES][24];
    struct store_pod pod = {.name = FLEET_POD, .model = "lab", .largest_slice_cubes = fleet->n_cubes};
    struct fabric_pod_rows rows = {
        .pod = &pod, .cubes = cubes, .hosts = hosts, .chips = chips, .ocses = ocses, .fibers = fibers};
    for (unsigned cube = 0; cube < fleet->n_cubes; cube++) {
        snprintf(cube_names[cube], sizeof(cube_names[cube]), "cube-%02u", cube);
        cubes[rows.n_cubes++] = (struct store_cube){
            .cube = cube, .name = cube_names[cube], .row = cube / 8, .power_domain = "row"};
        for (unsigned host = 0; host < 16; host++)
            hosts[rows.n_hosts++] =
                (struct store_host){.cube = cube, .host = host, .node_name = "", .address = ""};
        for (unsigned chip = 0; chip < 64; chip++)
            chips[rows.n_chips++] = (struct store_chip){
                .cube = cube, .x = chip % 4, .y = chip / 4 % 4, .z = chip / 16, .serial = ""};
        for (unsigned face = 0; face < 6; face++)
            for (unsigned index = 0; index < 16; index++) {
                const struct fleet_fiber *fiber = &fleet->fiber[cube][face][index];
                if (fiber->is_there)
                    fibers[rows.n_fibers++] = (struct store_fiber){.cube = cube,
                                                                   .face = face,
                                                                   .link_index = index,
                                                                   .ocs = fiber->ocs,
                                                                   .side = fiber->side_b,
                                                                   .port = fiber->port};
            }
    }
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++) {
        snprintf(ocs_names[ocs], sizeof(ocs_names[ocs]), "ocs-%c-%02u", "xyz"[ocs / 16], ocs % 16);
        snprintf(addresses[ocs], sizeof(addresses[ocs]), "127.0.0.1:%u", 5025 + ocs);
        ocses[rows.n_ocses++] = (struct store_ocs){.ocs = ocs,
                                                   .name = ocs_names[ocs],
                                                   .address = addresses[ocs],
                                                   .ports_a = fleet->n_ports,
                                                   .ports_b = fleet->n_ports,
                                                   .product = "",
                                                   .serial = "",
                                                   .power_domain = "domain"};
    }
    return put(&rows, userdata);
}
