/* Light through the emulated plant, and what the hosts say of it. Numbered by what stands in its way. */
#include "test_sim_fixture.h"
#include "sim/plant/host.h"
#include "sim/plant/light.h"

static struct session_log wire;

static void up(void) {
    plant_up();
    session_up(&wire, ocs("ocs-x-05"));
    ask(&wire, ":oxc:swit:conn:add (@1),(@10);*opc?"); /* cube 0 +x 5 to cube 1 -x 5 */
}

static void down(void) {
    session_down(&wire);
    plant_down();
}

TestSuite(sim_light, .init = up, .fini = down);

static int32_t end_named(const char *name) {
    struct sim_target target;
    struct text why = {0};

    cr_assert(sim_find(&plant, name, &target, &why), "%s", why.data);
    cr_assert_eq(target.part, SIM_FIBER);
    return target.end;
}

/* "" means dark. */
static void sees(const char *end, const char *far_end) {
    struct sim_light light = sim_light_at(&plant, end_named(end), now_us);

    if (!*far_end)
        cr_expect_not(light.light, "%s should be dark", end);
    else
        cr_expect(light.light && light.far_end == end_named(far_end), "%s should see %s", end, far_end);
}

static void both_dark(void) {
    sees("cube-00/+x/5", "");
    sees("cube-01/-x/5", "");
}

static void both_lit(void) {
    sees("cube-00/+x/5", "cube-01/-x/5");
    sees("cube-01/-x/5", "cube-00/+x/5");
}

Test(sim_light, goes_both_ways_and_only_through_the_circuit) {
    both_lit();
    sees("cube-01/+x/5", "");
    sees("cube-00/-x/5", "");
    sees("cube-00/+x/4", "");
}

Test(sim_light, a_loopback_plug_gives_back_what_comes) {
    struct text why = {0};
    const char *reflects = "reflects=yes";
    ask(&wire, ":oxc:swit:conn:sub (@1),(@10);*opc?");
    ask(&wire, ":oxc:swit:conn:add (@1),(@15);*opc?"); /* cube 0 +x 5 to B7, where no fiber is */
    sees("cube-00/+x/5", "");
    cr_assert(sim_set(&plant, "ocs-x-05/B7", &reflects, 1, &why), "%s", why.data);
    sees("cube-00/+x/5", "cube-00/+x/5");
    sees("cube-00/-x/5", "");
    cr_assert(sim_set(&plant, "ocs-x-05/B2", &reflects, 1, &why), "%s", why.data);
    ask(&wire, ":oxc:swit:conn:sub (@1),(@15);*opc?");
    ask(&wire, ":oxc:swit:conn:add (@1),(@10);*opc?");
    both_lit(); /* a fiber is in B2: no plug is */
}

Test(sim_light, a_cube_can_see_itself) {
    ask(&wire, ":oxc:swit:conn:add (@3),(@11);*opc?");
    sees("cube-02/+x/5", "cube-02/-x/5");
    sees("cube-02/-x/5", "cube-02/+x/5");
}

Test(sim_light, not_before_the_mirrors_have_settled) {
    int64_t settled_us;

    say(&wire, ":oxc:swit:conn:add (@2),(@9)\n");
    settled_us = wire.session.sw->circuits[2].settled_at_us;
    cr_expect_gt(settled_us, now_us);
    now_us = settled_us - 1;
    sees("cube-01/+x/5", "");
    now_us = settled_us;
    sees("cube-01/+x/5", "cube-00/-x/5");
}

Test(sim_light, is_gone_at_once_when_the_circuit_is) {
    say(&wire, ":oxc:swit:conn:sub (@1),(@10)\n");
    both_dark();
}

Test(sim_light, crossed_fibers_show_at_the_far_end) {
    struct text why = {0};

    cr_assert(sim_cross(&plant, "cube-00/+x/5", "cube-02/+x/5", &why), "%s", why.data);
    sees("cube-00/+x/5", "");
    sees("cube-02/+x/5", "cube-01/-x/5");
    sees("cube-01/-x/5", "cube-02/+x/5");
    cr_assert(sim_cross(&plant, "cube-02/+x/5", "cube-00/+x/5", &why), "%s", why.data);
    both_lit();
    /* Over two switches and two sides: light goes where the strand goes. */
    cr_assert(sim_cross(&plant, "cube-00/+x/5", "cube-03/-y/2", &why), "%s", why.data);
    sees("cube-03/-y/2", "cube-01/-x/5");
    cr_expect_not(sim_cross(&plant, "cube-03/-y/2", "cube-03/-y/2", &why));
    text_deinit(&why);
}

struct hindrance {
    const char *part, *name;
};

Test(sim_light, what_fails_makes_dark_and_what_comes_back_makes_light) {
    static const struct hindrance rows[] = {
        {"fiber", "cube-00/+x/5"},
        {"fiber", "cube-01/-x/5"},
        {"port", "ocs-x-05/A1"},
        {"port", "pod/ocs-x-05/B2"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set_failed(rows[i].part, rows[i].name, true);
        both_dark();
        set_failed(rows[i].part, rows[i].name, false);
        both_lit();
    }
}

Test(sim_light, a_dead_sender_is_dark_for_its_neighbour) {
    /* Index 5 on an x face is the chip y 1, z 1; on +x x is 3: host 1 + 0 + 4. */
    static const struct hindrance rows[] = {{"cube", "cube-00"}, {"host", "cube-00/host-05"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set_failed(rows[i].part, rows[i].name, true);
        sees("cube-01/-x/5", "");
        set_failed(rows[i].part, rows[i].name, false);
        both_lit();
    }
    set_failed("host", "cube-00/host-04", true);
    both_lit();
    set("cube-00/+x/5", "transmitter-failed=yes");
    sees("cube-01/-x/5", "");
    sees("cube-00/+x/5", "cube-01/-x/5");
}

Test(sim_light, a_dirty_connector_costs_power_until_nothing_is_seen) {
    int64_t clean_mdbm = sim_light_at(&plant, end_named("cube-01/-x/5"), now_us).receive_mdbm;

    cr_expect_gt(clean_mdbm, -2000);
    set("cube-00/+x/5", "loss-mdb=3000");
    cr_expect_eq(sim_light_at(&plant, end_named("cube-01/-x/5"), now_us).receive_mdbm, clean_mdbm - 3000);
    both_lit();
    set("cube-00/+x/5", "loss-mdb=12000");
    both_dark();
}

Test(sim_light, a_switch_without_power_carries_nothing) {
    set("ocs-x-05", "restart=preserved");
    set_failed("ocs", "ocs-x-05", true);
    both_dark();
    set_failed("ocs", "ocs-x-05", false);
    both_dark();
    now_us += 1020000;
    both_lit();
}

Test(sim_light, loss_is_below_2_db_and_drifts_when_told) {
    struct sim_switch *sw = wire.session.sw;
    int64_t before_mdb = sim_switch_loss_mdb(sw, 1, now_us);

    cr_expect_geq(before_mdb, 600);
    cr_expect_leq(before_mdb, 1900);
    set("ocs-x-05", "drift-mdb-per-hour=2000");
    cr_expect_geq(sim_switch_loss_mdb(sw, 1, now_us + 3600000000), before_mdb + 1800);
}

static size_t hosts_with_news(void) {
    size_t count = 0;

    for (int c = 0; c < CUBES; c++)
        for (int h = 0; h < SIM_CUBE_HOSTS; h++) {
            count += plant.cubes[c].hosts[h].changed;
            plant.cubes[c].hosts[h].changed = false;
        }
    return count;
}

Test(sim_light, exactly_the_hosts_at_both_ends_have_news) {
    hosts_with_news();
    say(&wire, ":oxc:swit:conn:add (@3),(@12)\n");
    cr_expect(plant.cubes[2].hosts[5].changed); /* chip 3,1,1 */
    cr_expect(plant.cubes[3].hosts[4].changed); /* chip 0,1,1 */
    cr_expect_eq(hosts_with_news(), 2);
    now_us = sim_switch_advance(wire.session.sw, now_us);
    hosts_with_news(); /* of the circuit that up() made */
    cr_expect_eq(sim_switch_advance(wire.session.sw, now_us), INT64_MAX);
    cr_expect_eq(hosts_with_news(), 2, "and again when the mirrors rest");
    say(&wire, ":oxc:swit:conn:sub (@1),(@10)\n");
    cr_expect_eq(hosts_with_news(), 2);
    set_failed("fiber", "cube-02/+x/5", true);
    cr_expect_eq(hosts_with_news(), 2);
    set_failed("port", "ocs-x-05/B4", true);
    cr_expect_geq(hosts_with_news(), 2);
}

Test(sim_light, hosts_report_24_link_ends_and_every_face_link_is_some_hosts) {
    static struct sim_report report;
    int seen[6][16] = {0};

    for (uint32_t host = 0; host < 16; host++) {
        sim_host_report(&plant, 0, host, now_us, &report);
        cr_assert_eq(report.report.n_links, 24);
        cr_assert_eq(report.report.n_chips_ok, 4);
        cr_expect_str_eq(report.report.pod, "pod");
        for (size_t i = 0; i < 24; i++) {
            const Heliostat__V1__LinkReport *link = report.report.links[i];
            uint32_t x = link->x, y = link->y, z = link->z;
            uint32_t face = (uint32_t)(link->face[1] - 'x') * 2 + (link->face[0] == '-');
            uint32_t along = link->face[1] == 'x' ? x : link->face[1] == 'y' ? y : z;

            cr_assert_eq(z, host / 4);
            cr_assert(x / 2 == host % 2 && y / 2 == host / 2 % 2, "host %u drives chip %u,%u,%u", host, x, y,
                      z);
            cr_assert_eq(link->optical, along == (link->face[0] == '+' ? 3 : 0));
            if (!link->optical) {
                cr_expect(link->up);
                continue;
            }
            cr_assert_eq(link->index, link->face[1] == 'x'   ? y + 4 * z
                                      : link->face[1] == 'y' ? x + 4 * z
                                                             : x + 4 * y);
            seen[face][link->index]++;
            cr_expect_eq(link->light, !strcmp(link->face, "+x") && link->index == 5);
        }
    }
    for (int f = 0; f < 6; f++)
        for (int i = 0; i < 16; i++)
            cr_expect_eq(seen[f][i], 1);
}

static const Heliostat__V1__LinkReport *link_of(struct sim_report *report, uint32_t x, uint32_t y, uint32_t z,
                                                const char *face) {
    for (size_t i = 0; i < report->report.n_links; i++) {
        const Heliostat__V1__LinkReport *link = report->report.links[i];

        if (link->x == x && link->y == y && link->z == z && !strcmp(link->face, face))
            return link;
    }
    cr_assert(false, "no such link");
    return NULL;
}

/* Index 6 on a y face is the chip x 2, z 1; on a z face x 2, y 1; on an x face y 2, z 1. */
Test(sim_light, every_dimension_has_its_own_face_index) {
    static const struct {
        char dimension;
        uint32_t host, far_host, chip[3], far_chip[3];
    } rows[] = {
        {'x', 1 + 2 + 4, 2 + 4, {3, 2, 1}, {0, 2, 1}},
        {'y', 1 + 2 + 4, 1 + 4, {2, 3, 1}, {2, 0, 1}},
        {'z', 1 + 12, 1, {2, 1, 3}, {2, 1, 0}},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[] = "ocs-?-06", plus[] = "+?", minus[] = "-?";
        static struct sim_report report;
        const Heliostat__V1__LinkReport *link;
        struct session_log on_6;

        name[4] = plus[1] = minus[1] = rows[i].dimension;
        session_up(&on_6, ocs(name));
        ask(&on_6, ":oxc:swit:conn:add (@3),(@12);*opc?"); /* cube 2 to cube 3 */
        sim_host_report(&plant, 2, rows[i].host, now_us, &report);
        link = link_of(&report, rows[i].chip[0], rows[i].chip[1], rows[i].chip[2], plus);
        cr_assert(link->light && link->index == 6);
        cr_expect(link->far_end->cube == 3 && link->far_end->x == rows[i].far_chip[0] &&
                  link->far_end->y == rows[i].far_chip[1] && link->far_end->z == rows[i].far_chip[2]);
        cr_expect_str_eq(link->far_face, minus);
        sim_host_report(&plant, 3, rows[i].far_host, now_us, &report);
        cr_expect(
            link_of(&report, rows[i].far_chip[0], rows[i].far_chip[1], rows[i].far_chip[2], minus)->light);
        session_down(&on_6);
    }
}

Test(sim_light, a_report_names_the_chip_at_the_far_end) {
    static struct sim_report report;
    const Heliostat__V1__LinkReport *link;

    sim_host_report(&plant, 0, 5, now_us, &report);
    link = link_of(&report, 3, 1, 1, "+x");
    cr_assert(link->light && link->up && link->far_end);
    cr_expect(link->far_end->cube == 1 && link->far_end->x == 0 && link->far_end->y == 1 &&
              link->far_end->z == 1);
    cr_expect_str_eq(link->far_face, "-x");
    /* One way dark is down, but light is seen. */
    set("cube-00/+x/5", "transmitter-failed=yes");
    sim_host_report(&plant, 0, 5, now_us, &report);
    link = link_of(&report, 3, 1, 1, "+x");
    cr_expect(link->light && !link->up);
    cr_expect_eq(link->transmit_mdbm, SIM_DARK_MDBM);
}

Test(sim_light, a_dead_host_takes_its_neighbours_inner_links_down) {
    static struct sim_report report;

    set_failed("host", "cube-00/host-04", true);
    cr_expect_not(sim_host_speaks(&plant, 0, 4));
    cr_expect(sim_host_speaks(&plant, 0, 5));
    sim_host_report(&plant, 0, 5, now_us, &report);
    cr_expect_not(link_of(&report, 2, 0, 1, "-x")->up);
    cr_expect(link_of(&report, 2, 0, 1, "+x")->up);
    set_failed("host", "cube-00/host-04", false);
    set("cube-00/host-05", "chip-0-failed=yes");
    sim_host_report(&plant, 0, 5, now_us, &report);
    cr_expect_not(report.chips_ok[0]);
    cr_expect(report.chips_ok[1]);
    cr_expect_not(link_of(&report, 2, 0, 1, "-x")->up);
    set_failed("cube", "cube-00", true);
    cr_expect_not(sim_host_speaks(&plant, 0, 5));
}

Test(sim_light, names_and_values_that_are_not_there_are_explained) {
    static const char *const rows[][3] = {
        {"cube", "cube-09",
         "pod pod has nothing called 'cube-09', only pod/cube-00..pod/cube-03 and "
         "pod/ocs-x-00..pod/ocs-z-15"},
        {"cube", "ocs-x-05", "'ocs-x-05' is an ocs, not a cube; such a name looks like cube-07"},
        {"port", "ocs-x-05/A9", "pod/ocs-x-05 has no port 'A9', only A1..A8 and B1..B8"},
        {"port", "ocs-x-05/C1", "pod/ocs-x-05 has no port 'C1', only A1..A8 and B1..B8"},
        {"fiber", "cube-00/+x/16", "pod/cube-00 has no fiber '+x/16', only +x/0..15, -x, +y, -y, +z, -z"},
        {"host", "cube-00/host-16", "pod/cube-00 has no host 'host-16', only host-00..host-15"},
        {"rack", "cube-00", "'rack' cannot fail, only cube, host, ocs, port, fiber"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct text why = {0};

        cr_expect_not(sim_fail(&plant, rows[i][0], rows[i][1], true, now_us, &why));
        cr_expect_str_eq(why.data, rows[i][2]);
        text_deinit(&why);
    }
}

Test(sim_light, a_bad_setting_changes_nothing) {
    const char *pairs[] = {"boot-ms=5", "stat=sometimes"};
    struct text why = {0};

    cr_expect_not(sim_set(&plant, "ocs-x-05", pairs, 2, &why));
    cr_expect_str_eq(why.data, "stat: 'sometimes' is not accepted, only commanded|settled");
    cr_expect_eq(wire.session.sw->behaviour.boot_ms, 1000);
    text_clear(&why);
    pairs[0] = "loss-mdb=5000";
    pairs[1] = "failed=maybe";
    cr_expect_not(sim_set(&plant, "cube-00/+x/5", pairs, 2, &why));
    cr_expect_eq(plant.ends[end_named("cube-00/+x/5")].fiber_loss_mdb, 0);
    text_deinit(&why);
}

Test(sim_light, a_plant_file_may_differ_from_the_inventory) {
    json_t *root = plant_json();
    struct sim_plant other;
    struct text why = {0};

    json_object_set_new(root, "plant",
                        json_pack("{s:[[s,s]],s:[s],s:[[s,s]],s:[[s,s]]}", "crossed", "cube-00/+x/5",
                                  "cube-02/+x/5", "missing", "cube-03/-y/1", "failed", "host",
                                  "cube-01/host-02", "set", "cube-01/+z/3", "loss-mdb=4000"));
    cr_assert(sim_plant_load(root, 7, now_us, &other, &why), "%s", why.data);
    cr_expect_eq(other.ends[sim_end_of(0, 0, 5)].port, 3);
    cr_expect_eq(other.ends[sim_end_of(2, 0, 5)].port, 1);
    cr_expect_eq(other.ends[sim_end_of(3, 3, 1)].ocs, -1);
    cr_expect(other.cubes[1].hosts[2].failed);
    cr_expect_eq(other.ends[sim_end_of(1, 4, 3)].fiber_loss_mdb, 4000);
    sim_plant_deinit(&other);
    json_decref(root);
}

Test(sim_light, a_bad_plant_file_is_refused_with_the_place) {
    static const struct {
        const char *field;
        const char *value; /* JSON */
        const char *why;
    } rows[] = {
        {"port", "9", "pods[0].fibers[7]: port: the switch has no such port"},
        {"port", "1", "pods[0].fibers[7]: port: a fiber ends on this port already"},
        {"cube", "4", "pods[0].fibers[7]: cube: expected a number 0..3"},
        {"cube", "-1", "pods[0].fibers[7]: cube: expected a number 0..3"},
        {"face", "\"x\"", "pods[0].fibers[7]: face: expected one of +x -x +y -y +z -z"},
        {"ocs", "\"pod/ocs-w-00\"", "pods[0].fibers[7]: ocs: the pod has no switch of that name"},
        {"side", "\"C\"", "pods[0].fibers[7]: side: expected A or B"},
        {"index", "16", "pods[0].fibers[7]: index: expected a number 0..15"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *root = plant_json();
        json_t *fibers = json_object_get(json_array_get(json_object_get(root, "pods"), 0), "fibers");
        struct sim_plant other;
        struct text why = {0};

        json_object_set_new(json_array_get(fibers, 7), rows[i].field,
                            json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
        cr_expect_not(sim_plant_load(root, 7, now_us, &other, &why));
        cr_expect_str_eq(why.data, rows[i].why);
        text_deinit(&why);
        json_decref(root);
    }
}
