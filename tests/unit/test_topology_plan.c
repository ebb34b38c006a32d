#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "topology/plan.h"

static struct topo_wiring wiring;
static struct topo_pod pod;
static uint16_t b_of_a[48][137];

static void load(void) {
    const uint16_t *maps[TOPO_OCSES_MAX] = {0};
    for (unsigned ocs = 0; ocs < 48; ocs++)
        maps[ocs] = b_of_a[ocs];
    topo_pod_refresh_lit(&pod, maps);
}

static void start(unsigned n_cubes) {
    cr_assert_eq(topo_wiring_set_default(&wiring, n_cubes, 136, 136), TOPO_WIRING_OK);
    topo_pod_init(&pod, &wiring, n_cubes);
    memset(b_of_a, 0, sizeof(b_of_a));
}

static struct topo_request request_for(const char *text) {
    struct topo_request request = {0};
    char error[200];
    cr_assert_eq(topo_shape_parse(text, &request.shape, error, sizeof(error)), 0, "%s", error);
    return request;
}

static void light(const struct topo_shape *shape, const uint16_t *cubes) {
    for (unsigned p = 0; p < shape->n_cubes; p++)
        for (unsigned d = 0; d < 3; d++)
            for (unsigned i = 0; i < 16; i++) {
                struct topo_link link = topo_link_at(&wiring, shape, cubes, p, d, i);
                b_of_a[link.ocs][link.a] = link.b;
            }
    load();
}

static struct topo_plan create(const struct topo_request *request) {
    struct topo_plan plan;
    struct topo_refusal refusal;
    cr_assert_eq(topo_plan_create(&pod, request, &plan, &refusal), 0, "%s", refusal.text);
    return plan;
}

static enum topo_reason refused(const struct topo_request *request, struct topo_refusal *refusal) {
    struct topo_plan plan;
    cr_assert_eq(topo_plan_create(&pod, request, &plan, refusal), TOPO_REFUSED);
    return refusal->reason;
}

static void use(const struct topo_plan *plan, unsigned n) {
    for (unsigned p = 0; p < n; p++)
        topo_set_add(&pod.used, plan->cubes[p]);
}

Test(topology_plan, takes_the_lowest_numbers_of_a_fresh_pod) {
    start(64);
    struct topo_request request = request_for("8x8x8");
    struct topo_plan plan = create(&request);
    for (unsigned p = 0; p < 8; p++)
        cr_expect_eq(plan.cubes[p], p);
    cr_expect_eq(plan.additions, 384);
    cr_expect_eq(plan.removals, 0);
    cr_expect(plan.proven);
}

Test(topology_plan, creating_what_was_just_released_moves_no_mirror) {
    static const char *const shapes[] = {"4x4x4",  "4x4x8",  "4x4x8_untwisted", "4x8x8",    "8x8x8",
                                         "4x4x32", "8x8x16", "8x16x16",         "12x16x16", "16x16x16"};
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        start(64);
        struct topo_request request = request_for(shapes[i]);
        uint16_t cubes[64]; /* scattered: 37 is prime to 64 */
        for (unsigned p = 0; p < 64; p++)
            cubes[p] = (uint16_t)((p * 37 + 11) % 64);
        light(&request.shape, cubes);
        struct topo_plan plan = create(&request);
        cr_expect_eq(plan.removals + plan.additions, 0, "%s: %u moves", shapes[i],
                     plan.removals + plan.additions);
        cr_expect_eq(plan.reused, 3u * request.shape.n_cubes);
        cr_expect(plan.proven, "%s", shapes[i]);
    }
}

Test(topology_plan, swaps_no_more_than_the_lower_bound) {
    static const struct {
        const char *shape;
        unsigned k, circuits;
    } rows[] = {
        {"8x8x8", 1, 96},           {"16x16x16", 1, 96},        {"4x4x4", 1, 48},
        {"4x4x8_untwisted", 1, 64}, {"4x8x8_untwisted", 1, 80}, {"4x4x8_twisted", 1, 96},
        {"4x8x8_twisted", 1, 96},   {"8x16x16_twisted", 1, 96}, {"12x16x16", 1, 96},
        {"8x8x8", 2, 160},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        start(72);
        struct topo_request request = request_for(rows[i].shape);
        struct topo_plan plan = create(&request), after;
        light(&request.shape, plan.cubes);
        use(&plan, request.shape.n_cubes);
        struct topo_swap swaps[] = {{0, -1}, {1, -1}};
        struct topo_cube_set none = {0};
        unsigned tolerate[3] = {0, 0, 0};
        struct topo_refusal refusal;
        cr_assert_eq(topo_plan_swap(&pod, &request.shape, plan.cubes, swaps, rows[i].k, &none, tolerate,
                                    false, &after, &refusal),
                     0, "%s: %s", rows[i].shape, refusal.text);
        cr_expect_eq(after.removals, rows[i].circuits, "%s: %u out", rows[i].shape, after.removals);
        cr_expect_eq(after.additions, rows[i].circuits, "%s: %u in", rows[i].shape, after.additions);
        for (unsigned p = rows[i].k; p < request.shape.n_cubes; p++)
            cr_expect_eq(after.cubes[p], plan.cubes[p]);
    }
}

Test(topology_plan, finds_the_whole_cubes_among_damaged_ones) {
    start(16);
    for (unsigned cube = 0; cube < 8; cube++)
        pod.bad_ends[2 * cube][cube % 6] = (uint16_t)(1u << cube);
    topo_pod_refresh_ends(&pod);
    struct topo_request request = request_for("8x8x8");
    struct topo_plan plan = create(&request);
    cr_expect_eq(plan.missing[0] + plan.missing[1] + plan.missing[2], 0);
    for (unsigned p = 0; p < 8; p++)
        cr_expect_eq(plan.cubes[p] % 2, 1);
    /* One more than there are whole cubes: refused, with what would be enough. */
    topo_set_add(&pod.unhealthy, 1);
    struct topo_refusal refusal;
    cr_expect_eq(refused(&request, &refusal), TOPO_REASON_NEEDS_TOLERANCE);
    memcpy(request.tolerate_missing, refusal.tolerance, sizeof(request.tolerate_missing));
    plan = create(&request);
    cr_expect_eq(plan.missing[0] + plan.missing[1] + plan.missing[2], 1);
}

Test(topology_plan, pairs_a_bad_plus_end_with_a_bad_minus_end) {
    start(2);
    pod.bad_ends[0][topo_face(2, false)] = 1;
    pod.bad_ends[1][topo_face(2, true)] = 1;
    topo_pod_refresh_ends(&pod);
    struct topo_request request = request_for("4x4x8_untwisted");
    request.tolerate_missing[2] = 1;
    cr_expect_eq(create(&request).missing[2], 1);
}

Test(topology_plan, a_dead_switch_is_named) {
    start(8);
    pod.bad_ocses = UINT64_C(1) << 33;
    topo_pod_refresh_ends(&pod);
    struct topo_request request = request_for("8x8x8");
    struct topo_refusal refusal;
    cr_expect_eq(refused(&request, &refusal), TOPO_REASON_OCS_UNREACHABLE);
    cr_expect_eq(refusal.ocses, UINT64_C(1) << 33);
    request.tolerate_missing[2] = 8;
    cr_expect_eq(create(&request).missing[2], 8);
    request.tolerate_missing[2] = 7;
    cr_expect_eq(refused(&request, &refusal), TOPO_REASON_OCS_UNREACHABLE);
    cr_expect_eq(refusal.tolerance[2], 8);
}

Test(topology_plan, keeps_spares_unless_they_are_needed) {
    start(9);
    topo_set_add(&pod.spare, 0);
    struct topo_request request = request_for("8x8x8");
    request.use_spares = true;
    cr_expect_eq(create(&request).spares, 0);
    topo_set_add(&pod.used, 4);
    cr_expect_eq(create(&request).spares, 1);
    request.use_spares = false;
    struct topo_refusal refusal;
    cr_expect_eq(refused(&request, &refusal), TOPO_REASON_HELD_BY_SPARES);
    cr_expect_eq(refusal.held_spares, 1);
}

Test(topology_plan, a_pinned_set_is_arranged_and_pinned_positions_stand) {
    start(16);
    struct topo_request request = request_for("4x4x16");
    uint16_t former[4] = {3, 9, 1, 12};
    light(&request.shape, former);
    request.pin_mode = TOPO_PIN_SET;
    request.n_pins = 4;
    memcpy(request.pins, (uint16_t[]){1, 3, 9, 12}, 8);
    struct topo_plan plan = create(&request);
    cr_expect_eq(plan.removals + plan.additions, 0);
    request.pin_mode = TOPO_PIN_POSITIONS;
    plan = create(&request);
    cr_expect_eq(memcmp(plan.cubes, request.pins, 8), 0);
    cr_expect_gt(plan.removals, 0);
    struct topo_refusal refusal;
    request.n_pins = 3;
    cr_expect_eq(refused(&request, &refusal), TOPO_REASON_INVALID_PIN);
    request.n_pins = 4;
    request.pins[1] = 1;
    cr_expect_eq(refused(&request, &refusal), TOPO_REASON_INVALID_PIN);
    request.pins[1] = 200;
    cr_expect_eq(refused(&request, &refusal), TOPO_REASON_INVALID_PIN);
    request.pins[1] = 3;
    topo_set_add(&pod.used, 3);
    cr_expect_eq(refused(&request, &refusal), TOPO_REASON_PIN_USED);
}

Test(topology_plan, cubes_that_may_be_joined_by_a_blind_switch_share_a_slice) {
    start(4);
    topo_set_add(&pod.unproven_with[0], 1);
    topo_set_add(&pod.unproven_with[1], 0);
    struct topo_request one = request_for("4x4x4");
    cr_expect_eq(create(&one).cubes[0], 2);
    struct topo_request two = request_for("4x8x8");
    (void)create(&two);
    topo_set_add(&pod.used, 1);
    topo_set_add(&pod.used, 2);
    struct topo_request pair = request_for("4x4x8");
    struct topo_refusal refusal;
    cr_expect_eq(refused(&pair, &refusal), TOPO_REASON_ISOLATION_UNPROVEN);
    cr_expect_eq(refusal.isolation_unproven, 1);
}

Test(topology_plan, packs_into_rows_or_spreads_over_them) {
    start(64);
    struct topo_request request = request_for("8x8x8");
    for (unsigned cube = 0; cube < 64; cube += 8) /* row 5 alone is all free */
        if (cube != 40)
            topo_set_add(&pod.used, cube);
    request.domain_aim = TOPO_DOMAIN_PACK;
    struct topo_plan plan = create(&request);
    for (unsigned p = 0; p < 8; p++)
        cr_expect_eq(plan.cubes[p] / 8, 5);
    request.domain_aim = TOPO_DOMAIN_SPREAD;
    plan = create(&request);
    unsigned rows = 0;
    for (unsigned p = 0; p < 8; p++)
        rows |= 1u << plan.cubes[p] / 8;
    cr_expect_eq(rows, 255);
}

Test(topology_plan, refuses_bad_arguments_by_name) {
    start(8);
    struct topo_refusal refusal;
    struct topo_request request = request_for("8x8x8");
    request.shape.n_cubes = 300;
    cr_expect_eq(refused(&request, &refusal), TOPO_REASON_INVALID_ARGUMENT);
    request = request_for("2x2x2");
    cr_expect_eq(refused(&request, &refusal), TOPO_REASON_INVALID_TOPOLOGY);
    request = request_for("8x8x12");
    cr_expect_eq(refused(&request, &refusal), TOPO_REASON_LARGER_THAN_MODEL_LIMIT);
    request = request_for("8x8x8");
    request.domain_aim = 9;
    cr_expect_eq(refused(&request, &refusal), TOPO_REASON_INVALID_ARGUMENT);
    topo_set_add(&pod.unhealthy, 3);
    request = request_for("8x8x8");
    cr_expect_eq(refused(&request, &refusal), TOPO_REASON_NOT_ENOUGH_CUBES);
    cr_expect_eq(refusal.unhealthy, 1);
    struct topo_plan plan;
    struct topo_cube_set none = {0};
    unsigned tolerate[3] = {0};
    struct topo_swap swap = {9, -1};
    uint16_t cubes[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    cr_expect_eq(
        topo_plan_swap(&pod, &request.shape, cubes, &swap, 1, &none, tolerate, false, &plan, &refusal),
        TOPO_REFUSED);
    cr_expect_eq(refusal.reason, TOPO_REASON_INVALID_PIN);
    cubes[1] = 0;
    swap.position = 0;
    cr_expect_eq(
        topo_plan_swap(&pod, &request.shape, cubes, &swap, 1, &none, tolerate, false, &plan, &refusal),
        TOPO_REFUSED);
    cr_expect_eq(refusal.reason, TOPO_REASON_INVALID_ARGUMENT);
}
