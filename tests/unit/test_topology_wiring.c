#include <criterion/criterion.h>

#include "topology/circuit.h"
#include "topology/pod.h"

static struct topo_wiring wiring;
static struct topo_pod pod;

Test(topology_wiring, wires_a_model_as_published) {
    cr_assert_eq(topo_wiring_set_default(&wiring, 64, 136, 136), TOPO_WIRING_OK);
    struct topo_port port = wiring.port_of[topo_end(7, topo_face(0, true), 5)];
    cr_expect_eq(port.ocs, 5);
    cr_expect_eq(port.side, TOPO_SIDE_B);
    cr_expect_eq(port.port, 8);
    cr_expect(wiring.uniform);
}

Test(topology_wiring, names_what_is_wrong) {
    cr_expect_eq(topo_wiring_init(&wiring, TOPO_CUBES_MAX + 1, 1), TOPO_WIRING_TOO_LARGE);
    cr_expect_eq(topo_wiring_init(&wiring, 4, TOPO_OCSES_MAX + 1), TOPO_WIRING_TOO_LARGE);
    cr_assert_eq(topo_wiring_init(&wiring, 4, 2), TOPO_WIRING_OK);
    cr_expect_eq(topo_wiring_set_ocs(&wiring, 2, 8, 8), TOPO_WIRING_BAD_OCS);
    cr_expect_eq(topo_wiring_set_ocs(&wiring, 0, TOPO_PORTS_MAX + 1, 8), TOPO_WIRING_TOO_LARGE);
    cr_assert_eq(topo_wiring_set_ocs(&wiring, 0, 8, 8), TOPO_WIRING_OK);
    cr_expect_eq(topo_wiring_add_fiber(&wiring, 4, 0, 0, 0, TOPO_SIDE_A, 1), TOPO_WIRING_BAD_CUBE);
    cr_expect_eq(topo_wiring_add_fiber(&wiring, 0, 6, 0, 0, TOPO_SIDE_A, 1), TOPO_WIRING_BAD_FACE);
    cr_expect_eq(topo_wiring_add_fiber(&wiring, 0, 0, 16, 0, TOPO_SIDE_A, 1), TOPO_WIRING_BAD_INDEX);
    cr_expect_eq(topo_wiring_add_fiber(&wiring, 0, 0, 0, 2, TOPO_SIDE_A, 1), TOPO_WIRING_BAD_OCS);
    cr_expect_eq(topo_wiring_add_fiber(&wiring, 0, 0, 0, 0, TOPO_SIDE_A, 0), TOPO_WIRING_BAD_PORT);
    cr_expect_eq(topo_wiring_add_fiber(&wiring, 0, 0, 0, 0, TOPO_SIDE_A, 9), TOPO_WIRING_BAD_PORT);
    cr_expect_eq(topo_wiring_add_fiber(&wiring, 0, 0, 0, 0, (enum topo_side)2, 1), TOPO_WIRING_BAD_PORT);
    cr_expect_eq(topo_wiring_add_fiber(&wiring, 0, 0, 0, 0, TOPO_SIDE_A, 1), TOPO_WIRING_OK);
    cr_expect_eq(topo_wiring_add_fiber(&wiring, 0, 0, 0, 0, TOPO_SIDE_A, 2), TOPO_WIRING_END_TAKEN);
    cr_expect_eq(topo_wiring_add_fiber(&wiring, 1, 0, 0, 0, TOPO_SIDE_A, 1), TOPO_WIRING_PORT_TAKEN);
    for (unsigned result = 0; result <= TOPO_WIRING_TOO_LARGE; result++)
        cr_expect_str_neq(topo_wiring_result_text((enum topo_wiring_result)result), "unknown");
}

Test(topology_wiring, sees_crossed_fibers) {
    cr_assert_eq(topo_wiring_init(&wiring, 2, 1), TOPO_WIRING_OK);
    cr_assert_eq(topo_wiring_set_ocs(&wiring, 0, 4, 4), TOPO_WIRING_OK);
    cr_assert_eq(topo_wiring_add_fiber(&wiring, 0, 0, 0, 0, TOPO_SIDE_A, 1), TOPO_WIRING_OK);
    cr_assert_eq(topo_wiring_add_fiber(&wiring, 1, 0, 0, 0, TOPO_SIDE_B, 1), TOPO_WIRING_OK);
    topo_wiring_seal(&wiring);
    cr_expect_not(wiring.uniform);
}

Test(topology_wiring, a_link_joins_plus_to_minus_on_one_switch) {
    cr_assert_eq(topo_wiring_set_default(&wiring, 8, 16, 16), TOPO_WIRING_OK);
    struct topo_shape shape;
    char error[200];
    cr_assert_eq(topo_shape_parse("4x4x8_untwisted", &shape, error, sizeof(error)), 0);
    uint16_t cubes[] = {3, 6};
    struct topo_link link = topo_link_at(&wiring, &shape, cubes, 1, 2, 9);
    cr_expect_eq(link.ocs, 41);
    cr_expect_eq(link.a, 7);
    cr_expect_eq(link.b, 4);
    cr_expect_lt(topo_link_at(&wiring, &shape, cubes, 2, 2, 9).ocs, 0);
    cr_expect_lt(topo_link_at(&wiring, &shape, cubes, 0, 2, 16).ocs, 0);
    uint16_t other[] = {6, 3};
    cr_expect_eq(topo_fingerprint(&wiring, &shape, cubes), topo_fingerprint(&wiring, &shape, other));
    other[0] = 2;
    cr_expect_neq(topo_fingerprint(&wiring, &shape, cubes), topo_fingerprint(&wiring, &shape, other));
}

Test(topology_wiring, ranks_count_hosts_x_first_over_the_slice) {
    struct topo_shape shape;
    char error[200];
    cr_assert_eq(topo_shape_parse("8x8x8", &shape, error, sizeof(error)), 0);
    bool seen[128] = {false};
    for (unsigned position = 0; position < 8; position++)
        for (unsigned host = 0; host < 16; host++) {
            unsigned rank = topo_host_rank(&shape, position, host);
            cr_assert_lt(rank, 128);
            cr_expect_not(seen[rank]);
            seen[rank] = true;
        }
    cr_expect_eq(topo_host_rank(&shape, 1, 0), 2);
    cr_expect_eq(topo_host_rank(&shape, 0, 4), 16);
}

Test(topology_pod, a_dead_switch_takes_one_end_pair_from_every_cube) {
    cr_assert_eq(topo_wiring_set_default(&wiring, 8, 16, 16), TOPO_WIRING_OK);
    topo_pod_init(&pod, &wiring, 8);
    pod.bad_ocses = UINT64_C(1) << 20;
    topo_pod_refresh_ends(&pod);
    for (unsigned cube = 0; cube < 8; cube++) {
        cr_expect_eq(pod.damage[cube], 2);
        cr_expect_eq(pod.good_ends[cube][topo_face(1, false)], 0xffff & ~(1u << 4));
    }
}

Test(topology_pod, reads_circuits_from_either_side) {
    cr_assert_eq(topo_wiring_init(&wiring, 2, 1), TOPO_WIRING_OK);
    cr_assert_eq(topo_wiring_set_ocs(&wiring, 0, 4, 4), TOPO_WIRING_OK);
    cr_assert_eq(topo_wiring_add_fiber(&wiring, 0, 0, 0, 0, TOPO_SIDE_B, 1), TOPO_WIRING_OK);
    cr_assert_eq(topo_wiring_add_fiber(&wiring, 1, 1, 0, 0, TOPO_SIDE_A, 2), TOPO_WIRING_OK);
    cr_assert_eq(topo_wiring_add_fiber(&wiring, 1, 0, 1, 0, TOPO_SIDE_A, 3), TOPO_WIRING_OK);
    topo_wiring_seal(&wiring);
    topo_pod_init(&pod, &wiring, 2);
    uint16_t map[5] = {0, 0, 1, 4, 0};
    const uint16_t *maps[TOPO_OCSES_MAX] = {map};
    topo_pod_refresh_lit(&pod, maps);
    cr_expect_eq(pod.lit_next[0][0], 1);
    cr_expect_eq(pod.lit_previous[1][0], 0);
    cr_expect_eq(pod.lit_far[1][0][1], TOPO_LIT_OTHER);
}
