#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "topology/advice.h"

static struct topo_analysis analyze(const char *text, const uint16_t (*missing)[3]) {
    struct topo_shape shape;
    struct topo_analysis analysis;
    char error[200];
    cr_assert_eq(topo_shape_parse(text, &shape, error, sizeof(error)), 0, "%s", error);
    cr_assert_eq(topo_analyze(&shape, missing, &analysis), 0);
    return analysis;
}

static bool about(double one, double other) {
    return fabs(one - other) < 1e-6 * (1 + fabs(other));
}

/* A plain torus: distances add up over the dimensions. In a ring of L (even) the distances sum to L^2 / 4. */
Test(topology_analysis, agrees_with_the_closed_form_of_a_torus) {
    static const struct {
        const char *text;
        unsigned l[3];
    } rows[] = {{"4x4x4", {4, 4, 4}},       {"8x8x8", {8, 8, 8}},
                {"4x8x16", {4, 8, 16}},     {"4x4x8_untwisted", {4, 4, 8}},
                {"16x16x16", {16, 16, 16}}, {"8x16x16_untwisted", {8, 16, 16}}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct topo_analysis a = analyze(rows[i].text, NULL);
        const unsigned *l = rows[i].l;
        double n = (double)l[0] * l[1] * l[2], hops = 0;
        for (unsigned d = 0; d < 3; d++) {
            hops += l[d] * l[d] / 4.0 * (n / l[d]);
            /* Each chip: l/4 * n hops of a dimension, over two links. */
            cr_expect(about(a.load[d], l[d] / 4.0 * n / 2), "%s dimension %u: %f", rows[i].text, d,
                      a.load[d]);
            cr_expect_eq(a.ring_length[d], l[d]);
        }
        cr_expect(about(a.average_hops, hops / (n - 1)), "%s: %f", rows[i].text, a.average_hops);
        cr_expect_eq(a.diameter, (l[0] + l[1] + l[2]) / 2);
        cr_expect_eq(a.bisection, (unsigned)(2 * n / l[2]));
        cr_expect(a.connected);
        cr_expect(about(a.all_to_all_slow_down, 1));
    }
}

Test(topology_analysis, a_right_twist_is_exactly_balanced_and_gains_what_was_published) {
    static const struct {
        const char *twisted, *plain;
    } rows[] = {{"4x4x8_twisted", "4x4x8_untwisted"},
                {"4x8x8_twisted", "4x8x8_untwisted"},
                {"8x8x16_twisted", "8x8x16_untwisted"},
                {"8x16x16_twisted", "8x16x16_untwisted"},
                {"12x12x24_twisted", "12x12x24_untwisted"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct topo_analysis twisted = analyze(rows[i].twisted, NULL), plain = analyze(rows[i].plain, NULL);
        cr_expect(about(twisted.load[0], twisted.load[1]) && about(twisted.load[1], twisted.load[2]),
                  "%s: %f %f %f", rows[i].twisted, twisted.load[0], twisted.load[1], twisted.load[2]);
        cr_expect(about(twisted.load_max, twisted.load[0]));
        cr_expect_gt(plain.load_max, twisted.load_max);
        cr_expect_lt(twisted.diameter, plain.diameter);
        cr_expect_geq(twisted.bisection, plain.bisection);
    }
}

Test(topology_analysis, missing_links_cost) {
    uint16_t missing[8][3];
    memset(missing, 0, sizeof(missing));
    for (unsigned position = 0; position < 8; position++)
        missing[position][2] = 1u << 5; /* a dead switch: index 5 of z, from every cube */
    struct topo_analysis a = analyze("8x8x8", missing);
    cr_expect(a.connected);
    cr_expect_gt(a.all_to_all_slow_down, 1);
    cr_expect_eq(a.broken_rings[2], 4);
    cr_expect_eq(a.broken_rings[0], 0);
    cr_expect_eq(a.rings[2], 64);
    cr_expect_gt(a.all_reduce_slow_down, 1);
    cr_expect_eq(a.load_sources, 512);
    /* All of z between the halves, but one link each way round: cut off all but 16. */
    cr_expect_eq(a.bisection, 2 * 64 - 8);
    for (unsigned position = 0; position < 8; position++)
        missing[position][0] = missing[position][1] = missing[position][2] = UINT16_MAX;
    a = analyze("8x8x8", missing);
    cr_expect_not(a.connected);
    cr_expect_eq(a.bisection, 0);
}

Test(topology_analysis, parts_are_meshes) {
    struct topo_analysis a = analyze("2x2x4", NULL);
    cr_expect_eq(a.diameter, 5);
    cr_expect_eq(a.bisection, 4);
    cr_expect_eq(a.ring_length[0], 0);
    a = analyze("1x1x1", NULL);
    cr_expect_eq(a.diameter, 0);
    cr_expect(a.connected);
    struct topo_shape shape = {.n_cubes = 3};
    cr_expect_eq(topo_analyze(&shape, NULL, &a), TOPO_ANALYSIS_INVALID);
}

Test(topology_advice, ranks_shapes_by_the_traffic) {
    static struct topo_wiring wiring;
    static struct topo_pod pod;
    cr_assert_eq(topo_wiring_set_default(&wiring, 64, 136, 136), TOPO_WIRING_OK);
    topo_pod_init(&pod, &wiring, 64);
    struct topo_request request = {0};
    struct topo_advice advice[TOPO_ADVICE_MAX];
    struct topo_pattern pattern = {.all_to_all = 1};
    int n = topo_advise(&pod, &request, 512, &pattern, advice);
    cr_assert_eq(n, 3); /* 4x4x32, 4x8x16, 8x8x8 */
    cr_expect_eq(advice[0].shape.chips[0], 8);
    for (int i = 1; i < n; i++)
        cr_expect_leq(advice[i - 1].time, advice[i].time);
    pattern = (struct topo_pattern){.group_size = {32}, .group_weight = {1}, .n_groups = 1};
    n = topo_advise(&pod, &request, 512, &pattern, advice);
    cr_expect_eq(advice[0].shape.chips[0], 4, "4 and 8 are whole rings in 4x8x16");
    n = topo_advise(&pod, &request, 128, &(struct topo_pattern){.all_to_all = 1}, advice);
    cr_assert_eq(n, 2);
    cr_expect_neq(advice[0].shape.twist, TOPO_TWIST_NONE);
    pattern.all_to_all = 2;
    cr_expect_eq(topo_advise(&pod, &request, 512, &pattern, advice), 0);
    cr_expect_eq(topo_advise(&pod, &request, 500, &(struct topo_pattern){.all_to_all = 1}, advice), 0);
}
