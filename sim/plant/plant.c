#include "sim/plant/plant.h"
#include "sim/plant/light.h"
#include <stdlib.h>

const char *const sim_face_names[SIM_FACES] = {"+x", "-x", "+y", "-y", "+z", "-z"};

void sim_plant_deinit(struct sim_plant *plant) {
    for (int32_t i = 0; i < plant->n_pods; i++)
        free(plant->pods[i].name);
    for (int32_t i = 0; i < plant->n_cubes; i++)
        free(plant->cubes[i].name);
    for (int32_t i = 0; i < plant->n_switches; i++)
        sim_switch_deinit(&plant->switches[i]);
    free(plant->pods);
    free(plant->cubes);
    free(plant->switches);
    free(plant->ends);
    *plant = (struct sim_plant){0};
}

void sim_end_chip(int32_t end, uint32_t ret_chip[3]) {
    uint32_t face = sim_end_face(end), index = sim_end_index(end), dimension = face / 2;
    uint32_t first = dimension == 0 ? 1 : 0, second = dimension == 2 ? 1 : 2;

    ret_chip[dimension] = face % 2 ? 0 : 3;
    ret_chip[first] = index % 4;
    ret_chip[second] = index / 4;
}

uint32_t sim_chip_host(const uint32_t chip[3]) {
    return chip[0] / 2 + 2 * (chip[1] / 2) + 4 * chip[2];
}

struct sim_host *sim_end_host(struct sim_plant *plant, int32_t end) {
    uint32_t chip[3];

    sim_end_chip(end, chip);
    return &plant->cubes[sim_end_cube(end)].hosts[sim_chip_host(chip)];
}

void sim_plant_touch(struct sim_plant *plant, int32_t end) {
    int32_t other;

    if (end == SIM_NO_END)
        return;
    sim_end_host(plant, end)->changed = true;
    other = sim_light_joined(plant, end);
    if (other != SIM_NO_END)
        sim_end_host(plant, other)->changed = true;
    if (plant->watcher.light_changed)
        plant->watcher.light_changed(plant->watcher.userdata);
}

void sim_plant_attach(struct sim_plant *plant, int32_t end, int32_t ocs, bool side_b, uint32_t port) {
    struct sim_link_end *link = &plant->ends[end];

    sim_plant_touch(plant, end);
    if (link->ocs >= 0) {
        struct sim_port *old = sim_switch_port(&plant->switches[link->ocs], link->side_b, link->port);

        if (old->end == end)
            old->end = SIM_NO_END;
    }
    link->ocs = ocs;
    link->side_b = side_b;
    link->port = port;
    if (ocs >= 0)
        sim_switch_port(&plant->switches[ocs], side_b, port)->end = end;
    sim_plant_touch(plant, end);
}
