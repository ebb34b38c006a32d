#include <criterion/criterion.h>
#include <string.h>

#include "topology/defrag.h"

static struct topo_wiring wiring;
static struct topo_pod pod;

static void start(unsigned n_cubes) {
    cr_assert_eq(topo_wiring_set_default(&wiring, n_cubes, n_cubes + 8, n_cubes + 8), TOPO_WIRING_OK);
    topo_pod_init(&pod, &wiring, n_cubes);
}

static struct topo_part_request request_for(const char *text) {
    struct topo_part_request request = {0};
    char error[200];
    cr_assert_eq(topo_shape_parse(text, &request.shape, error, sizeof(error)), 0, "%s", error);
    return request;
}

static struct topo_block place(const char *text) {
    struct topo_part_request request = request_for(text);
    struct topo_block block;
    struct topo_refusal refusal;
    cr_assert_eq(topo_part_place(&pod, &request, &block, &refusal), 0, "%s", refusal.text);
    cr_assert_eq(pod.used_hosts[block.cube] & block.hosts, 0);
    pod.used_hosts[block.cube] |= block.hosts;
    return block;
}

/* Hosts of a block, told from its chips: host h has chips x in 2(h mod 2)+{0,1}, y in 2(h/2 mod 2)+{0,1}, z =
 * h/4. */
static uint16_t hosts_by_chips(const struct topo_block *block) {
    uint16_t hosts = 0;
    for (unsigned host = 0; host < 16; host++)
        for (unsigned x = 2 * (host % 2); x < 2 * (host % 2) + 2; x++)
            for (unsigned y = 2 * (host / 2 % 2); y < 2 * (host / 2 % 2) + 2; y++) {
                unsigned chip[3] = {x, y, host / 4};
                bool in = true;
                for (unsigned d = 0; d < 3; d++)
                    in &= chip[d] >= block->origin[d] && chip[d] < block->origin[d] + block->size[d];
                if (in)
                    hosts |= (uint16_t)(1u << host);
            }
    return hosts;
}

Test(topology_part, blocks_are_whole_hosts_and_say_how_they_lie) {
    static const struct {
        const char *shape;
        unsigned hosts, blocks;
    } rows[] = {{"1x1x1", 1, 16}, {"1x1x2", 1, 16}, {"1x2x2", 1, 16},
                {"2x2x2", 2, 12}, {"2x2x4", 4, 16}, {"2x4x4", 8, 7}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct topo_part_request request = request_for(rows[i].shape);
        struct topo_block blocks[TOPO_BLOCK_TURNS_MAX];
        unsigned n = topo_part_blocks(&request.shape, blocks);
        cr_expect_eq(n, rows[i].blocks, "%s: %u", rows[i].shape, n);
        cr_expect_eq(topo_part_hosts(&request.shape), rows[i].hosts);
        for (unsigned j = 0; j < n; j++) {
            cr_expect_eq(blocks[j].hosts, hosts_by_chips(&blocks[j]));
            cr_expect_eq((unsigned)__builtin_popcount(blocks[j].hosts), rows[i].hosts);
            for (unsigned d = 0; d < 3; d++)
                cr_expect_eq(blocks[j].size[blocks[j].axis_map[d]], request.shape.chips[d]);
        }
    }
}

Test(topology_part, fills_cut_cubes_before_it_opens_another) {
    start(4);
    cr_expect(place("2x2x4").opens_cube);
    unsigned first = place("2x4x4").cube;
    for (unsigned i = 0; i < 4; i++)
        cr_expect_eq(place("1x1x1").cube, first);
    cr_expect_eq(pod.used_hosts[first], 0xffff);
    cr_expect(place("1x2x2").opens_cube);
}

Test(topology_part, keeps_the_largest_blocks_whole) {
    start(1);
    place("1x1x1");
    place("2x2x2");
    place("1x1x2");
    place("2x2x4"); /* 8 hosts used */
    cr_expect_eq((unsigned)__builtin_popcount(pod.used_hosts[0]), 8);
    place("2x4x4"); /* the other half is still in one piece */
}

Test(topology_part, takes_the_cube_that_whole_slices_want_least) {
    start(8);
    pod.bad_ends[5][0] = 7;
    topo_pod_refresh_ends(&pod);
    topo_set_add(&pod.spare, 6);
    cr_expect_eq(place("1x1x1").cube, 5);
    pod.bad_hosts[3] = 1;
    pod.used_hosts[5] = 0xffff;
    struct topo_block block = place("2x4x4");
    cr_expect_eq(block.cube, 3);
    cr_expect_eq(block.hosts & 1, 0);
}

Test(topology_part, says_why_not) {
    start(2);
    struct topo_part_request request = request_for("2x4x4");
    struct topo_block block;
    struct topo_refusal refusal;
    pod.used_hosts[0] = 0x0180; /* in the middle: no half is whole */
    topo_set_add(&pod.used, 1);
    pod.used_hosts[0] = 0x8001;
    pod.used_hosts[0] |= 0x0810;
    cr_expect_eq(topo_part_place(&pod, &request, &block, &refusal), TOPO_REFUSED);
    cr_expect_eq(refusal.reason, TOPO_REASON_NOT_ENOUGH_CUBES);
    topo_set_remove(&pod.used, 1);
    topo_set_add(&pod.spare, 1);
    cr_expect_eq(topo_part_place(&pod, &request, &block, &refusal), TOPO_REFUSED);
    cr_expect_eq(refusal.reason, TOPO_REASON_HELD_BY_SPARES);
    request.use_spares = true;
    cr_expect_eq(topo_part_place(&pod, &request, &block, &refusal), 0);
    topo_set_add(&pod.unproven_with[1], 0);
    cr_expect_eq(topo_part_place(&pod, &request, &block, &refusal), TOPO_REFUSED);
    request.pin_cube = true;
    request.cube = 9;
    cr_expect_eq(topo_part_place(&pod, &request, &block, &refusal), TOPO_REFUSED);
    cr_expect_eq(refusal.reason, TOPO_REASON_INVALID_PIN);
    request = (struct topo_part_request){0};
    cr_expect_eq(topo_part_place(&pod, &request, &block, &refusal), TOPO_REFUSED);
    cr_expect_eq(refusal.reason, TOPO_REASON_INVALID_ARGUMENT);
}

Test(topology_part, a_cut_cube_takes_no_whole_slice) {
    start(2);
    pod.used_hosts[0] = 1;
    struct topo_request request = {0};
    char error[200];
    cr_assert_eq(topo_shape_parse("4x4x4", &request.shape, error, sizeof(error)), 0);
    struct topo_plan plan;
    struct topo_refusal refusal;
    cr_assert_eq(topo_plan_create(&pod, &request, &plan, &refusal), 0);
    cr_expect_eq(plan.cubes[0], 1);
    pod.bad_hosts[1] = 2;
    cr_expect_eq(topo_plan_create(&pod, &request, &plan, &refusal), TOPO_REFUSED);
}

Test(topology_defrag, moves_the_fewest_parts) {
    start(4);
    struct topo_part parts[4];
    memset(parts, 0, sizeof(parts));
    const char *shapes[] = {"2x4x4", "2x2x2", "1x1x1", "2x2x4"};
    const uint16_t cubes[] = {0, 1, 1, 2}, hosts[] = {0x5555, 0x0011, 0x0002, 0x1111};
    for (unsigned i = 0; i < 4; i++) {
        parts[i].shape = request_for(shapes[i]).shape;
        parts[i].cube = cubes[i];
        parts[i].hosts = hosts[i];
        pod.used_hosts[cubes[i]] |= hosts[i];
    }
    struct topo_defrag_plan plan;
    struct topo_refusal refusal;
    cr_assert_eq(topo_defrag(&pod, parts, 4, 1, 0, &plan, &refusal), 0, "%s", refusal.text);
    cr_expect_eq(plan.n_moves, 1);
    cr_assert_eq(topo_defrag(&pod, parts, 4, 2, 0, &plan, &refusal), 0, "%s", refusal.text);
    cr_expect_eq(plan.n_moves, 2); /* 8 + 4 hosts together; the third cube keeps its two */
    cr_expect_eq(topo_defrag(&pod, parts, 4, 3, 0, &plan, &refusal), TOPO_REFUSED);
    cr_expect_not(refusal.unproven);
    parts[3].hosts = 0x1110;
    cr_expect_eq(topo_defrag(&pod, parts, 4, 1, 0, &plan, &refusal), TOPO_REFUSED);
    cr_expect_eq(refusal.reason, TOPO_REASON_INVALID_ARGUMENT);
}
