#include "daemon/api/report.h"
#include "test_api_world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;
static Heliostat__V1__HostReport message;
static Heliostat__V1__LinkReport links[25], *link_list[25];
static Heliostat__V1__ChipPlace far_end;
static protobuf_c_boolean chips_ok[4];
static struct fabric_report report;
static struct fabric_refusal refusal;

/* Host 5 of cube 2 drives chips 2..3, 0..1, 1: the only face it is at is +x and -y. */
static void setup(void) {
    static const char *const faces[] = {"+x", "-x", "+y", "-y", "+z", "-z"};
    world_init(&world);
    heliostat__v1__host_report__init(&message);
    heliostat__v1__chip_place__init(&far_end);
    message.cube = 2;
    message.host = 5;
    message.chips_ok = chips_ok;
    message.n_chips_ok = 4;
    message.links = link_list;
    message.n_links = 24;
    for (unsigned i = 0; i < 25; i++) {
        Heliostat__V1__LinkReport *link = &links[i];
        heliostat__v1__link_report__init(link);
        link_list[i] = link;
        link->x = 2 + i / 6 % 2;
        link->y = i / 12 % 2;
        link->z = 1;
        link->face = (char *)faces[i % 6];
        link->up = true;
        if (link->x == 3 && i % 6 == 0) {
            link->optical = true;
            link->index = link->y + 4 * link->z;
        }
        if (link->y == 0 && i % 6 == 3) {
            link->optical = true;
            link->index = link->x + 4 * link->z;
        }
    }
    memset(chips_ok, 1, sizeof(chips_ok));
}

static void teardown(void) {
    fabric_refusal_deinit(&refusal);
    world_deinit(&world);
}

TestSuite(api_report, .init = setup, .fini = teardown);

static void refuses(const char *field) {
    cr_assert_eq(report_read(world.fabric, &message, &report, &refusal), FABRIC_REFUSED, "taken, not %s",
                 field);
    cr_assert_str_eq(refusal.field, field, "%s", refusal.text);
}

Test(api_report, a_whole_report) {
    links[6].light = true;
    links[6].far_end = &far_end;
    links[6].far_face = (char *)"-x";
    far_end.cube = 7;
    far_end.y = 3;
    far_end.z = 2;
    links[6].receive_mdbm = -3100;
    chips_ok[2] = 0;
    cr_assert_eq(report_read(world.fabric, &message, &report, &refusal), 0, "%s", refusal.text);
    cr_assert_eq(report.pod, world.pod);
    cr_assert_eq(report.chips_ok, 0xb);
    cr_assert(report.electrical_ok);
    cr_assert_eq(report.n_ends, 4);
    /* links[6] is +x of chip 3, 0, 1: index 0 + 4 * 1 of face 0; the far chip is 0, 3, 2 of cube 7 */
    bool found = false;
    for (unsigned i = 0; i < report.n_ends; i++)
        if (report.ends[i].end == 2 * 96 + 0 * 16 + 4) {
            found = true;
            cr_assert(report.ends[i].light);
            cr_assert_eq(report.ends[i].far_end, 7 * 96 + 1 * 16 + 3 + 4 * 2);
            cr_assert_eq(report.ends[i].receive_mdbm, -3100);
        }
    cr_assert(found);
}

Test(api_report, an_electrical_link_that_is_down) {
    links[1].up = false;
    cr_assert_eq(report_read(world.fabric, &message, &report, &refusal), 0);
    cr_assert_not(report.electrical_ok);
}

Test(api_report, a_far_end_outside_the_pod_is_no_place) {
    links[6].light = true;
    links[6].far_end = &far_end;
    links[6].far_face = (char *)"-x";
    far_end.cube = 4000000000u;
    cr_assert_eq(report_read(world.fabric, &message, &report, &refusal), 0);
    for (unsigned i = 0; i < report.n_ends; i++)
        cr_assert_eq(report.ends[i].far_end, TOPO_NO_END);
}

Test(api_report, places_that_do_not_exist) {
    message.cube = 8;
    refuses("report.cube");
    message.cube = 2;
    message.host = 16;
    refuses("report.host");
    message.host = 5;
    message.pod = (char *)"other";
    refuses("report.pod");
}

Test(api_report, counts) {
    message.n_chips_ok = 3;
    refuses("report.chips_ok");
    message.n_chips_ok = 4;
    message.n_links = 25;
    refuses("report.links");
}

Test(api_report, chips_of_another_host) {
    links[3].x = 1;
    refuses("report.links[3].x");
    links[3].x = 4000000000u;
    refuses("report.links[3].x");
}

Test(api_report, faces) {
    links[3].face = (char *)"+w";
    refuses("report.links[3].face");
    links[3].face = (char *)"+x";
    refuses("report.links[3].face"); /* reported twice */
}

Test(api_report, optical_only_where_the_link_leaves_the_cube) {
    links[6].optical = false;
    refuses("report.links[6].optical");
    links[6].optical = true;
    links[1].optical = true;
    refuses("report.links[1].optical");
}

Test(api_report, the_index_is_that_of_the_chip) {
    links[6].index++;
    refuses("report.links[6].index");
}

Test(api_report, far_ends) {
    links[6].light = true;
    links[6].far_end = &far_end;
    links[6].far_face = (char *)"-x";
    far_end.x = 1;
    refuses("report.links[6].far_face");
    far_end.x = 9;
    refuses("report.links[6].far_end");
    far_end.x = 0;
    links[6].far_face = (char *)"";
    refuses("report.links[6].far_face");
}

Test(api_report, nothing_at_all) {
    cr_assert_eq(report_read(world.fabric, NULL, &report, &refusal), FABRIC_REFUSED);
}

/* Every face has each index once, and the chips of the 16 hosts cover all 96. */
Test(api_report, face_indices_cover_a_cube) {
    unsigned seen[6] = {0};
    for (unsigned chip = 0; chip < 64; chip++)
        for (unsigned face = 0; face < 6; face++) {
            int index = report_face_index(face, (unsigned[3]){chip % 4, chip / 4 % 4, chip / 16});
            if (index >= 0) {
                cr_assert_lt(index, 16);
                seen[face] |= 1u << index;
            }
        }
    for (unsigned face = 0; face < 6; face++)
        cr_assert_eq(seen[face], 0xffff);
}
