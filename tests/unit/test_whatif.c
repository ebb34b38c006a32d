#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "topology/whatif/buy.h"
#include "topology/whatif/damage.h"
#include "topology/whatif/draw.h"
#include "topology/whatif/goodput.h"
#include "topology/whatif/training.h"
#include "topology/whatif/trial_pod.h"
#include "topology/fixed.h"

#define SEED 20221107

static struct topo_shape parse(const char *text) {
    struct topo_shape shape;
    char error[200];
    cr_assert_eq(topo_shape_parse(text, &shape, error, sizeof(error)), 0, "%s", error);
    return shape;
}

static struct topo_wiring wiring;
static struct topo_pod pod, scratch;

static void make_pod(unsigned n_cubes, unsigned ports) {
    cr_assert_eq(topo_wiring_set_default(&wiring, n_cubes, ports, ports), TOPO_WIRING_OK);
    topo_pod_init(&pod, &wiring, n_cubes);
}

/* 4.5 standard deviations: a right program fails once in 150,000 comparisons. */
static void expect_close(double drawn, double exact, double trials, const char *what) {
    double spread = 4.5 * sqrt(exact * (1 - exact) / trials) + 2 / trials;
    cr_expect(fabs(drawn - exact) <= spread, "%s: drawn %.6f, exact %.6f, allowed %.6f", what, drawn, exact,
              spread);
}

Test(whatif_draw, events_have_their_probability) {
    static const double shares[] = {0, 0.001, 0.01, 0.25, 1.0 / 3, 0.5, 0.9, 1};
    for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
        uint64_t hits = 0, both = 0, words = 20000;
        for (uint64_t trial = 0; trial < words; trial++) {
            struct whatif_stream stream = whatif_stream_of(SEED, trial);
            uint64_t word = whatif_events(&stream, whatif_threshold(shares[i]));
            hits += (uint64_t)__builtin_popcountll(word);
            both += (uint64_t)__builtin_popcountll(word & word >> 1 & INT64_MAX);
        }
        expect_close((double)hits / (64.0 * (double)words), shares[i], 64.0 * (double)words, "events");
        expect_close((double)both / (63.0 * (double)words), shares[i] * shares[i], 16.0 * (double)words,
                     "neighbours are independent");
    }
}

Test(whatif_draw, logarithm_and_exponential_agree_with_libm) {
    for (double x = 1e-12; x < 1e12; x *= 1.7)
        cr_expect_lt(fabs(whatif_log(x) - log(x)), 1e-13 * (1 + fabs(log(x))), "log %g", x);
    for (double x = -30; x < 30; x += 0.37)
        cr_expect_lt(fabs(whatif_exp(x) / exp(x) - 1), 1e-12, "exp %g", x);
}

Test(whatif_draw, normal_has_mean_0_and_variance_1) {
    double sum = 0, squares = 0;
    unsigned n = 200000, tails = 0;
    struct whatif_stream stream = whatif_stream_of(SEED, 1);
    for (unsigned i = 0; i < n; i++) {
        double x = whatif_normal(&stream);
        sum += x;
        squares += x * x;
        tails += fabs(x) > 1.959963985;
    }
    cr_expect_lt(fabs(sum / n), 4.5 / sqrt(n));
    cr_expect_lt(fabs(squares / n - 1), 4.5 * sqrt(2.0 / n));
    expect_close((double)tails / n, 0.05, n, "tails");
}

static struct whatif_goodput tpu_v4(double host_up) {
    return (struct whatif_goodput){.n_cubes = 64,
                                   .n_ocses = 48,
                                   .host_up = host_up,
                                   .link_up = 1,
                                   .ocs_up = 1,
                                   .domain_up = 1,
                                   .cubes_per_domain = 8,
                                   .size = {1, 2, 4, 8, 16, 32, 48, 64},
                                   .n_sizes = 8};
}

/* Printed in the text of TPU v4, ISCA 2023: goodput in percent with optics. */
Test(whatif_goodput, gives_the_printed_figures) {
    static const struct {
        double host_up;
        unsigned size;
        int percent;
    } anchors[] = {{0.99, 4, 75},  {0.995, 4, 75}, {0.99, 5, 50},
                   {0.995, 5, 50}, {0.99, 6, 75},  {0.995, 6, 75}};
    for (size_t i = 0; i < sizeof(anchors) / sizeof(*anchors); i++) {
        struct whatif_goodput g = tpu_v4(anchors[i].host_up);
        unsigned chips = 64 * g.size[anchors[i].size];
        int slices = whatif_goodput_slices(&g, NULL, anchors[i].size, true, 0.97);
        cr_expect_eq(100 * slices * (int)g.size[anchors[i].size] / 64, anchors[i].percent, "%u chips at %.4f",
                     chips, anchors[i].host_up);
    }
    struct whatif_goodput g = tpu_v4(0.999);
    cr_expect_eq(whatif_goodput_slices(&g, NULL, 5, true, 0.97), 1,
                 "two slices of 2,048 chips cannot be had");
}

static void compare(const struct whatif_goodput *g, const char *what) {
    static struct whatif_goodput_sums sums;
    uint64_t trials = 40000;
    unsigned compared = 0;
    memset(&sums, 0, sizeof(sums));
    cr_assert_null(whatif_goodput_check(g));
    whatif_goodput_run(g, SEED, 0, trials, &sums);
    for (unsigned i = 0; i < g->n_sizes; i++)
        for (unsigned optics = 0; optics < 2; optics++)
            for (unsigned m = 1; m <= g->n_cubes / g->size[i]; m++) {
                double exact = whatif_goodput_exact(g, i, optics, m);
                if (exact < 0)
                    continue;
                expect_close(whatif_goodput_chance(g, &sums, i, optics, m), exact, (double)trials, what);
                compared++;
            }
    cr_expect_gt(compared, 50, "%s", what);
}

Test(whatif_goodput, drawn_and_closed_form_agree) {
    static const double hosts[] = {0.9, 0.99, 0.995, 0.999};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
        struct whatif_goodput g = tpu_v4(hosts[i]);
        compare(&g, "hosts");
        g.link_up = 0.9999;
        compare(&g, "links");
        g.ocs_up = 0.999;
        compare(&g, "switches");
        g.tolerated_ocses = 1;
        compare(&g, "switches, one tolerated");
        g.domain_up = 0.98;
        compare(&g, "power domains");
        g.n_cubes = 144;
        g.size[7] = 130;
        compare(&g, "a larger pod");
    }
}

Test(whatif_goodput, has_no_closed_form_across_power_domains) {
    struct whatif_goodput g = tpu_v4(0.99);
    g.domain_up = 0.99;
    g.size[0] = 12;
    cr_expect_lt(whatif_goodput_exact(&g, 0, false, 1), 0);
    cr_expect_geq(whatif_goodput_exact(&g, 0, true, 1), 0);
}

Test(whatif_goodput, trials_may_be_run_in_any_pieces) {
    struct whatif_goodput g = tpu_v4(0.99);
    static struct whatif_goodput_sums whole, pieces;
    g.ocs_up = 0.999;
    g.domain_up = 0.99;
    memset(&whole, 0, sizeof(whole));
    memset(&pieces, 0, sizeof(pieces));
    whatif_goodput_run(&g, SEED, 0, 1000, &whole);
    whatif_goodput_run(&g, SEED, 617, 383, &pieces);
    whatif_goodput_run(&g, SEED, 0, 1, &pieces);
    whatif_goodput_run(&g, SEED, 1, 616, &pieces);
    cr_expect_eq(memcmp(&whole, &pieces, sizeof(whole)), 0);
    memset(&pieces, 0, sizeof(pieces));
    whatif_goodput_run(&g, SEED + 1, 0, 1000, &pieces);
    cr_expect_neq(memcmp(&whole, &pieces, sizeof(whole)), 0, "another seed gives something else");
}

/* The value is part of the contract: the same seed gives the same answer on every machine, for ever. */
Test(whatif_goodput, a_seed_means_the_same_everywhere) {
    struct whatif_goodput g = tpu_v4(0.99);
    static struct whatif_goodput_sums sums;
    memset(&sums, 0, sizeof(sums));
    whatif_goodput_run(&g, 1, 0, 1000, &sums);
    uint64_t weighted = 0;
    for (unsigned n = 0; n <= 64; n++)
        weighted += n * sums.up[n];
    cr_expect_eq(weighted, 54461, "%llu", (unsigned long long)weighted);
}

static struct whatif_training job(void) {
    return (struct whatif_training){.cubes = 48,
                                    .spares = 200,
                                    .host_mtbf_ms = INT64_C(108000000000),
                                    .repair = {.kind = WHATIF_FIXED, .a_ms = 3600000},
                                    .checkpoint_every_ms = 1800000,
                                    .checkpoint_cost_ms = 30000,
                                    .swap_ms = 60000,
                                    .restart_ms = 300000,
                                    .horizon_ms = INT64_C(2592000000)};
}

Test(whatif_training, simulation_and_closed_form_agree) {
    static const int64_t mtbf_days[] = {50, 300, 1250};
    for (size_t i = 0; i < 3; i++) {
        struct whatif_training t = job();
        struct whatif_training_sums sums = {0};
        t.host_mtbf_ms = mtbf_days[i] * 86400000;
        uint64_t trials = 400;
        whatif_training_run(&t, SEED, 0, trials, &sums);
        double whole = (double)trials * (double)t.horizon_ms, mean = (double)sums.useful_ms / whole;
        double square = (double)sums.squares / (double)trials / (65536.0 * 65536.0);
        double spread = sqrt((square > mean * mean ? square - mean * mean : 0) / (double)trials);
        /* Half a checkpoint interval of the horizon may stand at its end. */
        double edge = (double)t.checkpoint_every_ms / (double)t.horizon_ms;
        cr_expect_lt(fabs(mean - whatif_training_exact(&t)), 4.5 * spread + edge,
                     "MTBF %lld days: %.5f, exact %.5f", (long long)mtbf_days[i], mean,
                     whatif_training_exact(&t));
        cr_expect_eq(sums.useful_ms + sums.lost_ms + sums.checkpoint_ms + sums.restart_ms + sums.waiting_ms,
                     trials * (uint64_t)t.horizon_ms, "every millisecond is accounted for");
    }
}

Test(whatif_training, without_spares_it_waits_for_repairs) {
    struct whatif_training t = job();
    struct whatif_training_sums none = {0}, some = {0};
    t.repair.a_ms = 7 * INT64_C(86400000);
    t.spares = 0;
    whatif_training_run(&t, SEED, 0, 50, &none);
    t.spares = 12;
    whatif_training_run(&t, SEED, 0, 50, &some);
    cr_expect_gt(none.waiting_ms, 10 * some.waiting_ms);
    cr_expect_gt(some.useful_ms, none.useful_ms);
}

/* 1,024 chips are free, no 512 of them in one block: the story that optics are for. */
Test(whatif_story, optics_give_512_of_1024_scattered_chips) {
    make_pod(64, 72);
    struct topo_fixed fixed;
    struct topo_fixed_place box;
    struct topo_cube_set open = {0};
    struct topo_shape shape = parse("8x8x8");
    cr_assert(topo_fixed_of(64, &fixed));
    unsigned n = 0;
    for (unsigned cube = 0; cube < 64; cube++) {
        bool is_free = (cube % 4 + cube / 4 % 4 + cube / 16) % 4 == 0;
        n += is_free;
        if (is_free)
            topo_set_add(&open, cube);
        else
            topo_set_add(&pod.used, cube);
    }
    cr_assert_eq(64 * n, 1024);
    cr_expect_eq(topo_fixed_place(&fixed, &open, &shape, TOPO_FIXED_BEST_FIT, &box), TOPO_FIXED_NO_BOX);
    struct topo_request request = {.shape = shape};
    struct topo_plan plan;
    struct topo_refusal refusal;
    cr_assert_eq(topo_plan_create(&pod, &request, &plan, &refusal), 0, "%s", refusal.text);
    for (unsigned i = 0; i < 8; i++)
        cr_expect(topo_set_has(&open, plan.cubes[i]));
}

Test(whatif_trial_pod, circuits_follow_slices) {
    make_pod(64, 72);
    struct topo_shape shape = parse("4x8x8"), other = parse("4x4x4");
    struct topo_request request = {.shape = shape};
    struct topo_plan plan;
    struct topo_refusal refusal;
    cr_assert_eq(topo_plan_create(&pod, &request, &plan, &refusal), 0);
    cr_expect_eq(plan.additions, 4 * 48);
    whatif_occupy(&pod, &shape, plan.cubes);
    whatif_release(&pod, &shape, plan.cubes);
    unsigned removals, additions;
    topo_plan_count_moves(&pod, &shape, plan.cubes, NULL, &removals, &additions);
    cr_expect_eq(removals + additions, 0, "the same again moves no mirror");
    topo_plan_count_moves(&pod, &other, plan.cubes, NULL, &removals, &additions);
    whatif_occupy(&pod, &other, plan.cubes);
    unsigned again_removals, again_additions;
    topo_plan_count_moves(&pod, &other, plan.cubes, NULL, &again_removals, &again_additions);
    cr_expect_eq(again_removals + again_additions, 0);
    cr_expect_gt(removals, 0);
    cr_expect_eq(whatif_darken(&pod, plan.cubes[0]), 48, "its own loops");
    cr_expect_eq(whatif_darken(&pod, plan.cubes[0]), 0);
}

Test(whatif_damage, tells_lost_from_repairable_and_degraded) {
    make_pod(64, 72);
    static struct whatif_slice slices[2];
    static struct whatif_slice_fate fates[2];
    slices[0].shape = parse("12x16x16");
    slices[1].shape = parse("8x8x8");
    for (unsigned i = 0; i < 48; i++)
        slices[0].cubes[i] = (uint16_t)i;
    for (unsigned i = 0; i < 8; i++)
        slices[1].cubes[i] = (uint16_t)(48 + i);
    whatif_occupy(&pod, &slices[0].shape, slices[0].cubes);
    whatif_occupy(&pod, &slices[1].shape, slices[1].cubes);
    struct whatif_world world = {&pod, slices, 2};
    struct whatif_damage damage;
    static struct whatif_loss loss;
    memset(&loss, 0, sizeof(loss));
    topo_set_add(&loss.cubes, 3);
    whatif_break(&world, &loss, &scratch, fates, &damage);
    cr_expect_eq(fates[0].fate, WHATIF_REPAIRABLE);
    cr_expect_eq(fates[0].moves, 192, "96 out and 96 in");
    cr_expect_eq(fates[0].lost[0], 3);
    cr_expect_geq(fates[0].replaced[0], 56);
    cr_expect_eq(fates[1].fate, WHATIF_UNTOUCHED);
    cr_expect_eq(damage.largest_chips, 7 * 64);
    for (unsigned cube = 4; cube < 12; cube++) /* nine in all; eight are free */
        topo_set_add(&loss.cubes, cube);
    whatif_break(&world, &loss, &scratch, fates, &damage);
    cr_expect_eq(fates[0].fate, WHATIF_LOST);
    cr_expect_eq(damage.chips_lost, 3072);
    memset(&loss, 0, sizeof(loss));
    loss.ocses = 1u << 5;
    whatif_break(&world, &loss, &scratch, fates, &damage);
    cr_expect_eq(fates[0].fate, WHATIF_DEGRADED);
    cr_expect_eq(fates[0].missing_links, 48);
    cr_expect_eq(fates[1].missing_links, 8);
    cr_expect_eq(damage.slowed_millichips, 0, "counted only when asked for");
    cr_assert_eq(whatif_count_slow_down(&world, &scratch, fates, &damage), 0);
    cr_expect_gt(damage.slowed_millichips, 0);
    cr_expect_lt(damage.slowed_millichips, 1000 * 3584);
    cr_expect_eq(damage.largest_chips, 0);
    cr_expect_eq(damage.largest_degraded_chips, 8 * 64);
}

Test(whatif_damage, a_drain_leaves_cubes_standing_until_they_move) {
    make_pod(8, 12);
    static struct whatif_slice slices[1];
    static struct whatif_slice_fate fates[1];
    struct whatif_world world = {&pod, slices, 1};
    struct whatif_damage damage;
    static struct whatif_loss loss;
    memset(&loss, 0, sizeof(loss));
    slices[0].shape = parse("4x8x8");
    for (unsigned i = 0; i < 4; i++)
        slices[0].cubes[i] = (uint16_t)i;
    whatif_occupy(&pod, &slices[0].shape, slices[0].cubes);
    topo_set_add(&loss.cubes, 0);
    whatif_drain(&world, &loss, &scratch, fates, &damage);
    cr_expect_eq(fates[0].fate, WHATIF_REPAIRABLE);
    cr_expect(topo_set_has(&scratch.unschedulable, 0));
    cr_expect_not(topo_set_has(&scratch.unhealthy, 0));
}

Test(whatif_buy, stops_at_the_free_ports) {
    static const struct {
        unsigned cubes, ports, wanted, keep, added;
        bool full;
    } cases[] = {{64, 136, 10, 4, 10, false},  {64, 136, 100, 4, 68, true}, {64, 136, 100, 0, 72, true},
                 {140, 160, 100, 4, 16, true}, {8, 16, 9, 4, 4, true},      {200, 320, 100, 4, 56, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int full;
        make_pod(cases[i].cubes, cases[i].ports);
        cr_expect_eq(whatif_buy(&wiring, cases[i].wanted, cases[i].keep, &full), cases[i].added, "case %zu",
                     i);
        cr_expect_eq(full >= 0, cases[i].full, "case %zu", i);
        cr_expect(wiring.uniform);
        cr_expect_eq(wiring.n_cubes, cases[i].cubes + cases[i].added);
    }
}
