#include <criterion/criterion.h>
#include <string.h>

#include "topology/change.h"

static struct topo_wiring wiring;
static struct topo_pod pod;
static uint16_t b_of_a[48][137];
static const uint16_t *maps[TOPO_OCSES_MAX];
static struct topo_change changes[TOPO_CHANGES_MAX];
static uint8_t domain_of[48];

static void load(void) {
    for (unsigned ocs = 0; ocs < 48; ocs++) {
        maps[ocs] = b_of_a[ocs];
        domain_of[ocs] = (uint8_t)(ocs % 16 / 4);
    }
    topo_pod_refresh_lit(&pod, maps);
}

static void start(unsigned n_cubes) {
    cr_assert_eq(topo_wiring_set_default(&wiring, n_cubes, 136, 136), TOPO_WIRING_OK);
    topo_pod_init(&pod, &wiring, n_cubes);
    memset(b_of_a, 0, sizeof(b_of_a));
    load();
}

static struct topo_request request_for(const char *text) {
    struct topo_request request = {0};
    char error[200];
    cr_assert_eq(topo_shape_parse(text, &request.shape, error, sizeof(error)), 0, "%s", error);
    return request;
}

/* Sends the changes one by one as a switch would take them; a port is never in two circuits. */
static void apply(size_t n, unsigned *removals, unsigned *additions) {
    *removals = *additions = 0;
    for (size_t i = 0; i < n; i++) {
        const struct topo_change *change = &changes[i];
        uint16_t *map = b_of_a[change->ocs];
        if (i > 0) {
            const struct topo_change *last = &changes[i - 1];
            cr_assert_leq(last->power_domain, change->power_domain);
            if (last->power_domain == change->power_domain)
                cr_assert_leq(last->ocs, change->ocs);
            if (last->ocs == change->ocs)
                cr_assert(change->add || !last->add, "a removal follows an addition");
        }
        if (change->add) {
            cr_assert_eq(map[change->a], 0);
            for (unsigned a = 1; a <= 136; a++)
                cr_assert_neq(map[a], change->b);
            map[change->a] = change->b;
            ++*additions;
        } else {
            cr_assert_eq(map[change->a], change->b);
            map[change->a] = 0;
            ++*removals;
        }
    }
    load();
}

static struct topo_plan create(const char *text, struct topo_shape *ret_shape) {
    struct topo_request request = request_for(text);
    struct topo_plan plan;
    struct topo_refusal refusal;
    cr_assert_eq(topo_plan_create(&pod, &request, &plan, &refusal), 0, "%s", refusal.text);
    size_t n;
    cr_assert_eq(topo_change_set(&pod, maps, &request.shape, plan.cubes, NULL, domain_of, changes,
                                 TOPO_CHANGES_MAX, &n),
                 TOPO_CHANGE_OK);
    unsigned removals, additions;
    apply(n, &removals, &additions);
    cr_assert_eq(removals, plan.removals);
    cr_assert_eq(additions, plan.additions);
    for (unsigned p = 0; p < request.shape.n_cubes; p++)
        topo_set_add(&pod.used, plan.cubes[p]);
    *ret_shape = request.shape;
    return plan;
}

static void check_slice(const struct topo_shape *shape, const uint16_t *cubes) {
    for (unsigned p = 0; p < shape->n_cubes; p++)
        for (unsigned d = 0; d < 3; d++)
            for (unsigned i = 0; i < 16; i++) {
                struct topo_link link = topo_link_at(&wiring, shape, cubes, p, d, i);
                cr_assert_eq(b_of_a[link.ocs][link.a], link.b);
            }
}

/* Creates one shape, makes the other of it, and returns the circuits that moved. */
static unsigned reshape(const char *from, const char *to, unsigned *ret_new_cubes) {
    start(64);
    struct topo_shape shape;
    struct topo_plan plan = create(from, &shape), after;
    struct topo_shape bystander;
    struct topo_plan other = create("4x4x8", &bystander);
    struct topo_request request = request_for(to);
    struct topo_cube_set leaving;
    struct topo_refusal refusal;
    cr_assert_eq(topo_plan_reshape(&pod, &shape, plan.cubes, &request, &after, &leaving, &refusal), 0, "%s",
                 refusal.text);
    *ret_new_cubes = 0;
    for (unsigned p = 0; p < request.shape.n_cubes; p++) {
        bool own = false;
        for (unsigned q = 0; q < shape.n_cubes; q++)
            own |= plan.cubes[q] == after.cubes[p];
        *ret_new_cubes += !own;
    }
    size_t n;
    cr_assert_eq(topo_change_set(&pod, maps, &request.shape, after.cubes, NULL, domain_of, changes,
                                 TOPO_CHANGES_MAX, &n),
                 TOPO_CHANGE_OK);
    unsigned removals, additions;
    apply(n, &removals, &additions);
    cr_expect_eq(removals, after.removals, "%s to %s", from, to);
    cr_expect_eq(additions, after.additions, "%s to %s", from, to);
    check_slice(&request.shape, after.cubes);
    check_slice(&bystander, other.cubes);
    return removals + additions;
}

Test(topology_change, reshaping_moves_no_more_than_the_closing_links) {
    static const struct {
        const char *from, *to;
        unsigned moves, new_cubes;
    } rows[] = {
        /* Growing z from 2 to 4: 4 rings open (4 x 16 out), 4 x 3 bundles close them, the new cubes' own
         * rings (2 cubes in x and y: 8 cubes x 32) are lit. */
        {"8x8x8", "8x8x16_untwisted", 64 + 4 * 3 * 16 + 8 * 32, 8},
        {"8x8x16_untwisted", "8x8x8", 8 * 16 + 4 * 16, 0},
        /* Untwisting moves the closing links of x and y only: 8 + 8 bundles out and in. */
        {"8x8x16_twisted", "8x8x16_untwisted", 2 * (8 + 8) * 16, 0},
        {"8x8x16_untwisted", "8x8x16_twisted", 2 * (8 + 8) * 16, 0},
        {"8x16x16_twisted", "8x16x16_untwisted", 2 * 16 * 16, 0},
        {"4x4x8_twisted", "4x4x8_untwisted", 2 * 4 * 16, 0},
        {"4x4x4", "4x4x12", 16 + 48 + 64, 2},
        {"8x8x8", "8x8x8", 0, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned new_cubes, moves = reshape(rows[i].from, rows[i].to, &new_cubes);
        cr_expect_leq(moves, rows[i].moves, "%s to %s: %u moves", rows[i].from, rows[i].to, moves);
        cr_expect_eq(new_cubes, rows[i].new_cubes, "%s to %s: %u new", rows[i].from, rows[i].to, new_cubes);
    }
}

Test(topology_change, a_swap_sends_exactly_the_circuits_of_the_swapped_cube) {
    start(16);
    struct topo_shape shape;
    struct topo_plan plan = create("8x8x8", &shape), after;
    struct topo_swap swap = {5, -1};
    struct topo_cube_set none = {0}, leaving = {0};
    unsigned tolerate[3] = {0};
    struct topo_refusal refusal;
    cr_assert_eq(topo_plan_swap(&pod, &shape, plan.cubes, &swap, 1, &none, tolerate, false, &after, &refusal),
                 0);
    topo_set_add(&leaving, plan.cubes[5]);
    size_t n;
    cr_assert_eq(
        topo_change_set(&pod, maps, &shape, after.cubes, &leaving, domain_of, changes, TOPO_CHANGES_MAX, &n),
        TOPO_CHANGE_OK);
    unsigned removals, additions;
    apply(n, &removals, &additions);
    cr_expect_eq(removals, 96);
    cr_expect_eq(additions, 96);
    check_slice(&shape, after.cubes);
}

Test(topology_change, answers_bad_arguments) {
    start(8);
    struct topo_request request = request_for("8x8x8");
    uint16_t cubes[8] = {0, 1, 2, 3, 4, 5, 6, 6};
    size_t n = 0;
    cr_expect_eq(
        topo_change_set(&pod, maps, &request.shape, cubes, NULL, NULL, changes, TOPO_CHANGES_MAX, &n),
        TOPO_CHANGE_INVALID_ARGUMENT);
    cubes[7] = 7;
    cr_expect_eq(topo_change_set(&pod, maps, &request.shape, cubes, NULL, NULL, changes, 10, &n),
                 TOPO_CHANGE_NO_ROOM);
    cr_expect_eq(n, 384);
    struct topo_plan plan;
    struct topo_cube_set leaving;
    struct topo_refusal refusal;
    struct topo_request larger = request_for("8x8x16");
    cr_expect_eq(topo_plan_reshape(&pod, &request.shape, cubes, &larger, &plan, &leaving, &refusal),
                 TOPO_REFUSED);
    cr_expect_eq(refusal.reason, TOPO_REASON_LARGER_THAN_MODEL_LIMIT);
    pod.largest_slice_cubes = 16;
    wiring.n_cubes = 8;
    request.shape.n_cubes = 99;
    cr_expect_eq(topo_plan_reshape(&pod, &request.shape, cubes, &larger, &plan, &leaving, &refusal),
                 TOPO_REFUSED);
    cr_expect_eq(refusal.reason, TOPO_REASON_INVALID_ARGUMENT);
}
