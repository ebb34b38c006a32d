/* Where dark links place a fault: a pod of eight cubes, all in one torus, whose links this test darkens. */
#include "daemon/fabric/attribution.h"
#include "topology/circuit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define CUBES 8
#define PORTS 16
#define SECOND_US 1000000
#define SETTLE_US (20 * SECOND_US)

static struct fabric fabric;
static struct fabric_pod pod;
static struct slice_version version;
static struct attribution attribution;
static int64_t now_us;

static void wire(const char *topology, unsigned n_cubes) {
    char error[200];
    cr_assert_eq(topo_shape_parse(topology, &version.shape, error, sizeof(error)), 0, "%s", error);
    cr_assert_eq(version.shape.n_cubes, n_cubes);
    for (unsigned i = 0; i < n_cubes; i++)
        version.cubes[i] = (uint16_t)i;
    for (unsigned position = 0; position < n_cubes; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++)
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                struct topo_link link =
                    topo_link_at(pod.wiring, &version.shape, version.cubes, position, dimension, index);
                pod.ocs[link.ocs].port[link.a].observed_b = (uint16_t)link.b;
            }
}

static void setup(void) {
    now_us = 1000 * (int64_t)SECOND_US;
    fabric.settings.repair_settle_us = SETTLE_US;
    fabric.settings.repair_max_cubes = 3;
    pod = (struct fabric_pod){.fabric = &fabric, .n_cubes = CUBES, .n_ocses = 48};
    pod.wiring = calloc(1, sizeof(*pod.wiring));
    pod.cube = calloc(CUBES, sizeof(*pod.cube));
    pod.ocs = calloc(48, sizeof(*pod.ocs));
    cr_assert(pod.wiring && pod.cube && pod.ocs);
    cr_assert_eq(topo_wiring_set_default(pod.wiring, CUBES, PORTS, PORTS), TOPO_WIRING_OK);
    for (unsigned i = 0; i < 48; i++) {
        pod.ocs[i].pod = &pod;
        pod.ocs[i].index = (uint16_t)i;
        pod.ocs[i].ports_a = pod.ocs[i].ports_b = PORTS;
        pod.ocs[i].port = calloc(PORTS + 1, sizeof(*pod.ocs[i].port));
    }
    for (unsigned i = 0; i < CUBES; i++) {
        pod.cube[i].pod = &pod;
        pod.cube[i].index = (uint16_t)i;
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
            pod.cube[i].host[host].heard_us = now_us;
            pod.cube[i].host[host].silent_at_us = INT64_MAX;
        }
        for (unsigned face = 0; face < TOPO_FACES; face++)
            for (unsigned index = 0; index < TOPO_INDICES; index++)
                pod.cube[i].end[face][index] = (struct link_end){.light = true, .reports = 9};
    }
}

static void teardown(void) {
    for (unsigned i = 0; i < 48; i++)
        free(pod.ocs[i].port);
    free(pod.ocs);
    free(pod.cube);
    free(pod.wiring);
    free(version.failed.link);
    version = (struct slice_version){0};
}

TestSuite(attribution, .init = setup, .fini = teardown);

/* The link that starts at the + face of the position; its two hosts have said so twice. */
static void set_link(unsigned position, unsigned dimension, unsigned index, bool light) {
    unsigned there = topo_shape_next(&version.shape, position, dimension);
    pod.cube[position].end[topo_face(dimension, false)][index].light = light;
    pod.cube[there].end[topo_face(dimension, true)][index].light = light;
}

static void set_switch(unsigned ocs, bool light) {
    for (unsigned position = 0; position < version.shape.n_cubes; position++)
        set_link(position, ocs / TOPO_INDICES, ocs % TOPO_INDICES, light);
}

/* The first n indices of all six faces. */
static void break_fibers(unsigned cube, unsigned n) {
    for (unsigned position = 0; position < version.shape.n_cubes; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++)
            for (unsigned index = 0; index < n; index++)
                if (position == cube || topo_shape_next(&version.shape, position, dimension) == cube)
                    set_link(position, dimension, index, false);
}

/* What the slice would list: links that one of their ends sees dark. */
static bool is_unfit(unsigned cube) {
    free(version.failed.link);
    version.failed.link = calloc(TOPO_LINKS_MAX, sizeof(*version.failed.link));
    version.failed.count = 0;
    cr_assert_not_null(version.failed.link);
    for (unsigned position = 0; position < version.shape.n_cubes; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++)
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                unsigned there = topo_shape_next(&version.shape, position, dimension);
                if (!pod.cube[position].end[topo_face(dimension, false)][index].light ||
                    !pod.cube[there].end[topo_face(dimension, true)][index].light)
                    version.failed.link[version.failed.count++] = (struct slice_link){
                        (uint16_t)position, (uint8_t)dimension, (uint8_t)index, LINK_CAUSE_DARK};
            }
    attribution_review(&pod, now_us, &attribution);
    return attribution_is_unfit(&attribution, &version, pod.wiring, cube);
}

Test(attribution, one_dark_link_is_nobodys) {
    wire("8x8x8", 8);
    set_link(3, 1, 7, false);
    cr_assert_not(is_unfit(3));
    cr_assert_eq(attribution.bad_switches, 0);
    cr_assert_eq(attribution.dark_links[16 + 7], 1);
}

Test(attribution, two_dark_links_of_one_cube_are_no_switch) {
    wire("4x4x16", 4);
    set_link(1, 2, 3, false);
    set_link(2, 2, 3, false);
    attribution_of(&pod, now_us, &attribution);
    cr_assert_eq(attribution.dark_links[32 + 3], 2);
    cr_assert_eq(attribution.bad_switches, 0, "cube 2 has an end of both");
}

Test(attribution, dark_links_of_several_cubes_are_the_switch) {
    wire("4x4x16", 4);
    set_link(0, 2, 3, false);
    set_link(2, 2, 3, false);
    set_link(0, 0, 5, false);
    set_link(3, 0, 5, false);
    attribution_of(&pod, now_us, &attribution);
    cr_assert_eq(attribution.bad_switches, UINT64_C(1) << (32 + 3) | UINT64_C(1) << 5);
}

Test(attribution, three_dark_links_in_a_ring_of_three_are_the_switch) {
    wire("4x4x12", 3);
    for (unsigned position = 0; position < 3; position++)
        set_link(position, 2, 3, false);
    attribution_of(&pod, now_us, &attribution);
    cr_assert_eq(attribution.bad_switches, UINT64_C(1) << (32 + 3));
}

Test(attribution, a_bad_cube_explains_its_links) {
    wire("8x8x8", 8);
    break_fibers(5, 10);
    set_link(2, 0, 3, false); /* and one elsewhere, on a switch that has one of them */
    cr_assert(is_unfit(5));
    cr_assert_not(is_unfit(4), "its neighbour");
    cr_assert_eq(attribution.bad_switches & ~(UINT64_C(1) << 3), 0);
}

Test(attribution, two_bad_cubes_are_no_switch_faults) {
    wire("8x8x8", 8);
    break_fibers(0, 16);
    break_fibers(7, 16);
    cr_assert(is_unfit(0));
    cr_assert(is_unfit(7));
    cr_assert_not(is_unfit(1));
    cr_assert_eq(attribution.bad_switches, 0, "light goes through them for others");
}

Test(attribution, a_cube_among_bad_ones_is_not_bad) {
    wire("8x8x8", 8);
    break_fibers(1, 16);
    break_fibers(2, 16);
    break_fibers(4, 16);
    cr_assert_not(is_unfit(0), "all of its links lead to bad cubes");
    cr_assert(is_unfit(1));
    cr_assert(is_unfit(2));
    cr_assert(is_unfit(4));
}

/* All links of either lead to the other: the one that was proved before is not to blame. */
Test(attribution, of_two_cubes_the_one_that_was_never_proved) {
    for (unsigned fresh = 0; fresh < 2; fresh++) {
        struct slice_swap swap = {.out = 7, .in = (uint16_t)fresh};
        struct fabric_slice slice = {.pod = &pod, .accepted = &version};
        wire("4x4x8_twisted", 2);
        version.fresh = (struct swap_list){&swap, 1};
        pod.cube[0].slice = pod.cube[1].slice = &slice;
        break_fibers(fresh, 10);
        cr_assert(is_unfit(fresh), "cube %u", fresh);
        cr_assert_not(is_unfit(1 - fresh), "cube %u", 1 - fresh);
        cr_assert_eq(attribution.bad_switches, 0);
        version.fresh = (struct swap_list){0};
        teardown(), setup();
    }
}

/* However few others show whose fault it is. */
static void many_dark_switches(const char *topology, unsigned n_cubes, unsigned n_switches) {
    wire(topology, n_cubes);
    for (unsigned ocs = 0; ocs < n_switches; ocs++)
        set_switch(ocs, false);
    for (unsigned index = 6; index < 16; index++)
        set_link(1, 2, index, false); /* ten bad fibers */
    cr_assert_not(is_unfit(1), "%s, %u dark switches", topology, n_switches);
    cr_assert_eq(attribution.bad_switches, (UINT64_C(1) << n_switches) - 1, "%s, %u dark switches", topology,
                 n_switches);
}

Test(attribution, dark_switches_and_bad_fibers_are_told_apart) {
    many_dark_switches("8x8x8", 8, 20);
    teardown(), setup();
    many_dark_switches("8x8x8", 8, 30);
    teardown(), setup();
    many_dark_switches("4x4x8_untwisted", 2, 20);
    teardown(), setup();
    many_dark_switches("4x4x8_untwisted", 2, 30);
}

/* Light comes back for one cube before the other's hosts have said so. */
Test(attribution, blame_lasts_for_the_settling_time) {
    wire("8x8x8", 8);
    for (unsigned ocs = 0; ocs < 30; ocs++)
        set_switch(ocs, false);
    cr_assert_not(is_unfit(5));
    for (unsigned ocs = 0; ocs < 30; ocs++)
        set_switch(ocs, true);
    break_fibers(5, 10);
    now_us += SETTLE_US - 1;
    cr_assert_not(is_unfit(5), "its switches were to blame a moment ago");
    cr_assert_eq(attribution.bad_switches, 0, "and are not now");
    now_us += 1;
    cr_assert(is_unfit(5));
}

Test(attribution, silent_switches_are_no_evidence) {
    wire("8x8x8", 8);
    break_fibers(5, 10);
    for (unsigned ocs = 0; ocs < 7; ocs++)
        pod.ocs[ocs].lost_at_us = 1;
    cr_assert_not(is_unfit(5), "46 of its links are dark beside those");
    cr_assert_not(topo_set_has(&attribution.dark_cubes, 5));
    cr_assert_eq(attribution.bad_switches, 0);
    for (unsigned ocs = 0; ocs < 7; ocs++) {
        attribution_doubt(&pod.ocs[ocs], now_us);
        pod.ocs[ocs].lost_at_us = 0;
    }
    cr_assert_not(is_unfit(5), "they came back just now");
    now_us += SETTLE_US;
    cr_assert(is_unfit(5));
}

Test(attribution, hosts_that_are_not_heard_say_nothing) {
    wire("8x8x8", 8);
    set_switch(3, false);
    for (unsigned cube = 0; cube < CUBES; cube++)
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++)
            pod.cube[cube].host[host].silent_at_us = now_us;
    attribution_of(&pod, now_us, &attribution);
    cr_assert_eq(attribution.bad_switches, 0);
    cr_assert_eq(attribution.dark_links[3], 0);
}
