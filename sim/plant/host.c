#include "sim/plant/host.h"
#include "sim/plant/light.h"

bool sim_host_speaks(const struct sim_plant *plant, int32_t cube, uint32_t host) {
    const struct sim_host *is = &plant->cubes[cube].hosts[host];

    return !plant->cubes[cube].failed && !is->failed && !is->silent;
}

static bool chip_works(const struct sim_plant *plant, int32_t cube, const uint32_t chip[3]) {
    const struct sim_host *host = &plant->cubes[cube].hosts[sim_chip_host(chip)];

    return !plant->cubes[cube].failed && !host->failed && !host->chip_failed[chip[0] % 2 + 2 * (chip[1] % 2)];
}

/* The link end at that face of the chip, or SIM_NO_END: the link stays inside the cube. */
static int32_t end_at(int32_t cube, const uint32_t chip[3], uint32_t face) {
    uint32_t dimension = face / 2;
    uint32_t first = dimension == 0 ? 1 : 0, second = dimension == 2 ? 1 : 2;

    if (chip[dimension] != (face % 2 ? 0u : 3u))
        return SIM_NO_END;
    return sim_end_of(cube, face, chip[first] + 4 * chip[second]);
}

static void report_electrical(const struct sim_plant *plant, int32_t cube, const uint32_t chip[3],
                              uint32_t face, Heliostat__V1__LinkReport *link) {
    uint32_t next[3] = {chip[0], chip[1], chip[2]};

    next[face / 2] += face % 2 ? -1u : 1u;
    link->up = chip_works(plant, cube, chip) && chip_works(plant, cube, next);
}

static void report_optical(struct sim_plant *plant, int32_t end, int64_t now_us,
                           Heliostat__V1__LinkReport *link, Heliostat__V1__ChipPlace *place) {
    struct sim_light light = sim_light_at(plant, end, now_us);
    uint32_t chip[3];

    link->optical = true;
    link->index = sim_end_index(end);
    link->transmit_mdbm = (int32_t)sim_light_sent_mdbm(plant, end);
    link->receive_mdbm = (int32_t)light.receive_mdbm;
    link->light = light.light;
    if (!light.light)
        return;
    link->up = sim_light_at(plant, light.far_end, now_us).light;
    sim_end_chip(light.far_end, chip);
    heliostat__v1__chip_place__init(place);
    place->cube = plant->cubes[sim_end_cube(light.far_end)].index;
    place->x = chip[0];
    place->y = chip[1];
    place->z = chip[2];
    link->far_end = place;
    link->far_face = (char *)sim_face_names[sim_end_face(light.far_end)];
}

void sim_host_report(struct sim_plant *plant, int32_t cube, uint32_t host, int64_t now_us,
                     struct sim_report *report) {
    struct sim_host *is = &plant->cubes[cube].hosts[host];

    heliostat__v1__report_host_request__init(&report->request);
    heliostat__v1__host_report__init(&report->report);
    report->request.report = &report->report;
    report->report.pod = plant->pods[plant->cubes[cube].pod].name;
    report->report.cube = plant->cubes[cube].index;
    report->report.host = host;
    report->report.chips_in_use = is->chips_in_use;
    report->report.n_chips_ok = SIM_HOST_CHIPS;
    report->report.chips_ok = report->chips_ok;
    report->report.n_links = SIM_HOST_LINKS;
    report->report.links = report->link_pointers;
    for (uint32_t i = 0; i < SIM_HOST_LINKS; i++) {
        uint32_t number = i / SIM_FACES, face = i % SIM_FACES;
        uint32_t chip[3] = {2 * (host % 2) + number % 2, 2 * (host / 2 % 2) + number / 2, host / 4};
        Heliostat__V1__LinkReport *link = &report->links[i];
        int32_t end = end_at(cube, chip, face);

        report->chips_ok[number] = chip_works(plant, cube, chip);
        report->link_pointers[i] = link;
        heliostat__v1__link_report__init(link);
        link->x = chip[0];
        link->y = chip[1];
        link->z = chip[2];
        link->face = (char *)sim_face_names[face];
        if (end == SIM_NO_END)
            report_electrical(plant, cube, chip, face, link);
        else
            report_optical(plant, end, now_us, link, &report->far_ends[i]);
    }
    is->changed = false;
}
