#include <criterion/criterion.h>
#include <string.h>

#include "topology/fixed.h"
#include "topology/fleet.h"

static struct topo_shape parse(const char *text) {
    struct topo_shape shape;
    char error[200];
    cr_assert_eq(topo_shape_parse(text, &shape, error, sizeof(error)), 0, "%s", error);
    return shape;
}

static struct topo_cube_set all(unsigned n) {
    struct topo_cube_set set = {0};
    for (unsigned cube = 0; cube < n; cube++)
        topo_set_add(&set, cube);
    return set;
}

Test(topology_fixed, has_the_torus_of_each_model) {
    static const uint16_t rows[][4] = {{64, 4, 4, 4}, {140, 4, 5, 7}, {144, 4, 6, 6}, {8, 2, 2, 2}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct topo_fixed fixed;
        cr_assert(topo_fixed_of(rows[i][0], &fixed));
        cr_expect_eq(memcmp(fixed.size, &rows[i][1], sizeof(fixed.size)), 0);
    }
    struct topo_fixed fixed;
    cr_expect_not(topo_fixed_of(0, &fixed));
    cr_expect_not(topo_fixed_of(257, &fixed));
}

Test(topology_fixed, takes_only_contiguous_boxes) {
    struct topo_fixed fixed = {{4, 4, 4}};
    struct topo_cube_set set = all(64);
    struct topo_shape shape = parse("8x8x8");
    struct topo_fixed_place place;
    /* Every other cube: half is free, no two are neighbours. */
    for (unsigned cube = 0; cube < 64; cube++)
        if ((cube % 4 + cube / 4 % 4 + cube / 16) % 2)
            topo_set_remove(&set, cube);
    cr_expect_eq(topo_fixed_place(&fixed, &set, &shape, TOPO_FIXED_FIRST_FIT, &place), TOPO_FIXED_NO_BOX);
    struct topo_shape one = parse("4x4x4");
    cr_expect_eq(topo_fixed_place(&fixed, &set, &one, TOPO_FIXED_BEST_FIT, &place), 0);
}

Test(topology_fixed, goes_round_the_edge_and_turns) {
    struct topo_fixed fixed = {{4, 4, 4}};
    struct topo_cube_set set = {0};
    struct topo_fixed_place place;
    topo_set_add(&set, 3); /* x = 3 and x = 0 */
    topo_set_add(&set, 0);
    struct topo_shape shape = parse("4x4x8_untwisted");
    cr_assert_eq(topo_fixed_place(&fixed, &set, &shape, TOPO_FIXED_FIRST_FIT, &place), 0);
    cr_expect_eq(place.origin[0], 3);
    cr_expect_eq(place.axis_map[2], 0);
    cr_expect_eq(place.cubes[0], 3);
    cr_expect_eq(place.cubes[1], 0);
    cr_expect_not(place.wraps[2]);
    set = all(64);
    shape = parse("4x4x16");
    cr_assert_eq(topo_fixed_place(&fixed, &set, &shape, TOPO_FIXED_BEST_FIT, &place), 0);
    cr_expect(place.wraps[2]);
    shape = parse("4x4x20");
    cr_expect_eq(topo_fixed_place(&fixed, &set, &shape, TOPO_FIXED_BEST_FIT, &place), TOPO_FIXED_NO_BOX);
    shape = parse("4x4x8");
    cr_expect_eq(topo_fixed_place(&fixed, &set, &shape, TOPO_FIXED_BEST_FIT, &place), TOPO_FIXED_INVALID);
}

Test(topology_fixed, best_fit_nestles) {
    struct topo_fixed fixed = {{4, 4, 4}};
    struct topo_cube_set set = all(64);
    struct topo_fixed_place place;
    topo_set_remove(&set, 42);
    struct topo_shape one = parse("4x4x4");
    cr_assert_eq(topo_fixed_place(&fixed, &set, &one, TOPO_FIXED_BEST_FIT, &place), 0);
    unsigned cube = place.cubes[0];
    unsigned apart = (cube % 4 != 42 % 4) + (cube / 4 % 4 != 42 / 4 % 4) + (cube / 16 != 42 / 16);
    cr_expect_eq(apart, 1, "cube %u is no neighbour of 42", cube);
}

/* A box found or not, against all boxes written down plainly, over all sets of an 8-cube pod. */
Test(topology_fixed, misses_no_box_in_any_state_of_8_cubes) {
    struct topo_fixed fixed = {{2, 2, 2}};
    static const char *const shapes[] = {"4x4x4", "4x4x8_untwisted", "4x8x8_untwisted", "8x8x8"};
    for (unsigned state = 0; state < 256; state++) {
        struct topo_cube_set set = {{state}};
        for (size_t i = 0; i < 4; i++) {
            struct topo_shape shape = parse(shapes[i]);
            bool fits = false;
            for (unsigned box = 1; box < 256; box++) {
                unsigned low = 7, high = 0;
                for (unsigned cube = 0; cube < 8; cube++)
                    if (box >> cube & 1)
                        low &= cube, high |= cube;
                unsigned spread = low ^ high, members = 0;
                for (unsigned cube = 0; cube < 8; cube++)
                    members |= (cube & ~spread) == low ? 1u << cube : 0;
                fits |= members == box && (unsigned)__builtin_popcount(box) == shape.n_cubes &&
                        (box & ~state) == 0;
            }
            struct topo_fixed_place place;
            cr_expect_eq(topo_fixed_place(&fixed, &set, &shape, TOPO_FIXED_FIRST_FIT, &place) == 0, fits,
                         "%s in 0x%02x", shapes[i], state);
        }
    }
}

static struct topo_wiring wiring;
static struct topo_pod pods[3];

Test(topology_fleet, takes_the_tightest_pod_that_fits) {
    cr_assert_eq(topo_wiring_set_default(&wiring, 16, 24, 24), TOPO_WIRING_OK);
    const struct topo_pod *list[3];
    struct topo_pod_summary summaries[3];
    for (unsigned i = 0; i < 3; i++) {
        topo_pod_init(&pods[i], &wiring, 16);
        list[i] = &pods[i];
    }
    for (unsigned cube = 0; cube < 7; cube++)
        topo_set_add(&pods[1].used, cube);
    for (unsigned cube = 0; cube < 12; cube++)
        topo_set_add(&pods[2].used, cube);
    for (unsigned i = 0; i < 3; i++)
        topo_pod_summarise(&pods[i], &summaries[i]);
    struct topo_request request = {.shape = parse("8x8x8")};
    struct topo_plan plan;
    struct topo_refusal refusal;
    unsigned pod;
    cr_assert_eq(topo_fleet_plan(list, summaries, 3, &request, &pod, &plan, &refusal), 0);
    cr_expect_eq(pod, 1);
    request.shape = parse("4x4x8");
    cr_assert_eq(topo_fleet_plan(list, summaries, 3, &request, &pod, &plan, &refusal), 0);
    cr_expect_eq(pod, 2);
    request.shape = parse("8x8x20");
    cr_assert_eq(topo_fleet_plan(list, summaries, 3, &request, &pod, &plan, &refusal), TOPO_REFUSED);
    cr_expect_eq(refusal.reason, TOPO_REASON_LARGER_THAN_MODEL_LIMIT);
    topo_set_add(&pods[0].unhealthy, 3);
    topo_pod_summarise(&pods[0], &summaries[0]);
    request.shape = parse("8x8x16");
    cr_assert_eq(topo_fleet_plan(list, summaries, 3, &request, &pod, &plan, &refusal), TOPO_REFUSED);
    cr_expect_eq(refusal.reason, TOPO_REASON_NOT_ENOUGH_CUBES);
    cr_expect_eq(pod, 0);
    cr_expect_eq(topo_fleet_plan(list, summaries, 0, &request, &pod, &plan, &refusal), TOPO_REFUSED);
}
