#include "daemon/api/report.h"
#include "daemon/api/find.h"
#include "daemon/api/refusal.h"
#include "inventory/names.h"

#include <stdio.h>
#include <string.h>

#define FIELD_MAX 64

int report_face_index(unsigned face, const unsigned chip[3]) {
    unsigned dimension = face / 2;
    if (chip[dimension] != (face % 2 ? 0 : 3))
        return -1;
    /* x face y + 4z, y face x + 4z, z face x + 4y */
    unsigned low = dimension == 0 ? chip[1] : chip[0];
    unsigned high = dimension == 2 ? chip[1] : chip[2];
    return (int)(low + 4 * high);
}

static void write_field(char field[FIELD_MAX], size_t i, const char *name) {
    snprintf(field, FIELD_MAX, "report.links[%zu].%s", i, name);
}

static int read_far_end(const struct fabric_pod *pod, const Heliostat__V1__LinkReport *link, size_t i,
                        uint16_t *ret_end, struct fabric_refusal *refusal) {
    const Heliostat__V1__ChipPlace *place = link->far_end;
    char field[FIELD_MAX];
    unsigned face;
    *ret_end = TOPO_NO_END;
    if (!link->light || !place)
        return 0;
    if (place->x > 3 || place->y > 3 || place->z > 3) {
        write_field(field, i, "far_end");
        return refuse_invalid(refusal, field, "chip %u, %u, %u is not in a cube; each is 0 to 3", place->x,
                              place->y, place->z);
    }
    write_field(field, i, "far_face");
    if (inventory_parse_face(link->far_face, &face, NULL))
        return refuse_invalid(refusal, field, "\"%.16s\" is no face; +x -x +y -y +z -z are", link->far_face);
    int index = report_face_index(face, (unsigned[3]){place->x, place->y, place->z});
    if (index < 0)
        return refuse_invalid(refusal, field, "chip %u, %u, %u is not at face %s of its cube", place->x,
                              place->y, place->z, link->far_face);
    if (place->cube < pod->n_cubes)
        *ret_end = topo_end(place->cube, face, (unsigned)index);
    return 0;
}

/* seen: a bit for each face of each chip of the host. */
static int read_link(const struct fabric_pod *pod, const Heliostat__V1__HostReport *message, size_t i,
                     uint32_t *seen, struct fabric_report *report, struct fabric_refusal *refusal) {
    const Heliostat__V1__LinkReport *link = message->links[i];
    const unsigned chip[3] = {link->x, link->y, link->z};
    char field[FIELD_MAX];
    unsigned face;
    write_field(field, i, "x");
    if (chip[0] > 3 || chip[1] > 3 || chip[2] > 3 ||
        inventory_host_of_chip(chip[0], chip[1], chip[2]) != message->host)
        return refuse_invalid(refusal, field, "chip %u, %u, %u is not one of host %u", chip[0], chip[1],
                              chip[2], message->host);
    write_field(field, i, "face");
    if (inventory_parse_face(link->face, &face, NULL))
        return refuse_invalid(refusal, field, "\"%.16s\" is no face; +x -x +y -y +z -z are", link->face);
    uint32_t bit = UINT32_C(1) << ((chip[0] % 2 + 2 * (chip[1] % 2)) * TOPO_FACES + face);
    if (*seen & bit)
        return refuse_invalid(refusal, field, "face %s of chip %u, %u, %u is reported twice", link->face,
                              chip[0], chip[1], chip[2]);
    *seen |= bit;
    int index = report_face_index(face, chip);
    write_field(field, i, "optical");
    if ((index >= 0) != (link->optical != 0))
        return refuse_invalid(refusal, field, "face %s of chip %u, %u, %u %s the cube", link->face, chip[0],
                              chip[1], chip[2], index >= 0 ? "leaves" : "does not leave");
    if (index < 0) {
        report->electrical_ok = report->electrical_ok && link->up;
        return 0;
    }
    write_field(field, i, "index");
    if (link->index != (unsigned)index)
        return refuse_invalid(refusal, field, "face %s of chip %u, %u, %u has index %d, not %u", link->face,
                              chip[0], chip[1], chip[2], index, link->index);
    uint16_t far_end;
    if (read_far_end(pod, link, i, &far_end, refusal))
        return FABRIC_REFUSED;
    report->ends[report->n_ends].end = topo_end(message->cube, face, (unsigned)index);
    report->ends[report->n_ends].light = link->light;
    report->ends[report->n_ends].far_end = far_end;
    report->ends[report->n_ends].transmit_mdbm = link->transmit_mdbm;
    report->ends[report->n_ends].receive_mdbm = link->receive_mdbm;
    report->n_ends++;
    return 0;
}

int report_read(const struct fabric *fabric, const Heliostat__V1__HostReport *message,
                struct fabric_report *ret_report, struct fabric_refusal *refusal) {
    const struct fabric_pod *pod;
    if (!message)
        return refuse_invalid(refusal, "report", "the report is missing");
    if (find_pod(fabric, message->pod, "report.pod", &pod, refusal))
        return FABRIC_REFUSED;
    if (message->cube >= pod->n_cubes)
        return refuse_invalid(refusal, "report.cube", "cube %u: pod %s has cubes 0 to %u", message->cube,
                              pod->name, pod->n_cubes - 1);
    if (message->host >= TOPO_HOSTS_PER_CUBE)
        return refuse_invalid(refusal, "report.host", "host %u: a cube has hosts 0 to %d", message->host,
                              TOPO_HOSTS_PER_CUBE - 1);
    if (message->n_chips_ok != CHIPS_PER_HOST)
        return refuse_invalid(refusal, "report.chips_ok", "%zu chips are reported; a host has %d",
                              message->n_chips_ok, CHIPS_PER_HOST);
    if (message->n_links > REPORT_LINKS_MAX)
        return refuse_invalid(refusal, "report.links", "%zu links are reported; a host has %d",
                              message->n_links, REPORT_LINKS_MAX);
    struct fabric_report report = {.pod = pod,
                                   .cube = (uint16_t)message->cube,
                                   .host = (uint8_t)message->host,
                                   .electrical_ok = true,
                                   .chips_in_use = message->chips_in_use};
    for (unsigned chip = 0; chip < CHIPS_PER_HOST; chip++)
        report.chips_ok |= (uint8_t)((message->chips_ok[chip] ? 1 : 0) << chip);
    uint32_t seen = 0;
    for (size_t i = 0; i < message->n_links; i++)
        if (read_link(pod, message, i, &seen, &report, refusal))
            return FABRIC_REFUSED;
    *ret_report = report;
    return 0;
}
