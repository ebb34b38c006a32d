#include <criterion/criterion.h>
#include <string.h>

#include "topology/explain.h"

static struct topo_wiring wiring;
static struct topo_pod pod, scratch;

static void start(unsigned n_cubes) {
    cr_assert_eq(topo_wiring_set_default(&wiring, n_cubes, n_cubes + 8, n_cubes + 8), TOPO_WIRING_OK);
    topo_pod_init(&pod, &wiring, n_cubes);
}

static struct topo_request request_for(const char *text) {
    struct topo_request request = {0};
    char error[200];
    cr_assert_eq(topo_shape_parse(text, &request.shape, error, sizeof(error)), 0, "%s", error);
    return request;
}

static const char *nearest(const char *text) {
    static char name[40];
    struct topo_request request = request_for(text);
    struct topo_shape shape;
    if (!topo_nearest_fit(&pod, &request, &shape))
        return "nothing";
    topo_shape_format(&shape, name, sizeof(name));
    return name;
}

Test(topology_explain, names_the_nearest_shape_that_fits) {
    start(16);
    for (unsigned cube = 0; cube < 4; cube++)
        topo_set_add(&pod.used, cube);
    cr_expect_str_eq(nearest("8x8x16"), "8x8x12");
    for (unsigned cube = 4; cube < 9; cube++)
        topo_set_add(&pod.used, cube);
    cr_expect_str_eq(nearest("8x8x8"), "4x4x28");
    for (unsigned cube = 9; cube < 15; cube++)
        topo_set_add(&pod.used, cube);
    cr_expect_str_eq(nearest("8x8x8"), "4x4x4");
    pod.used_hosts[15] = 0x00ff;
    cr_expect_str_eq(nearest("8x8x8"), "2x4x4");
    pod.used_hosts[15] = 0xffff;
    cr_expect_str_eq(nearest("8x8x8"), "nothing");
}

Test(topology_explain, names_the_fewest_things_that_help) {
    start(16);
    for (unsigned cube = 0; cube < 12; cube++) {
        topo_set_add(&pod.used, cube);
        pod.slice_of[cube] = cube < 2 ? 1 : cube < 6 ? 2 : 3;
    }
    topo_set_add(&pod.spare, 15);
    struct topo_request request = request_for("8x8x8");
    struct topo_remedy remedies[TOPO_REMEDIES_MAX];
    /* 3 are free; one slice of 6 is enough alone, 4 + the spare would be two things. */
    cr_assert_eq(topo_find_remedies(&pod, &request, &scratch, remedies), 1);
    cr_expect_eq(remedies[0].kind, TOPO_REMEDY_RELEASE_SLICE);
    cr_expect_eq(remedies[0].slice, 3);
    char text[100];
    topo_format_remedy(&pod, &remedies[0], text, sizeof(text));
    cr_expect_str_eq(text, "release slice 3");
    request = request_for("4x8x8");
    cr_assert_eq(topo_find_remedies(&pod, &request, &scratch, remedies), 1);
    cr_expect_eq(remedies[0].kind, TOPO_REMEDY_GIVE_UP_SPARE);
    topo_format_remedy(&pod, &remedies[0], text, sizeof(text));
    cr_expect_str_eq(text, "give up the spare cube-15");
    pod.bad_ends[12][3] = 1u << 6;
    pod.bad_ocses = UINT64_C(1) << 7;
    topo_pod_refresh_ends(&pod);
    request = request_for("4x4x12");
    cr_assert_eq(topo_find_remedies(&pod, &request, &scratch, remedies), 2);
    cr_expect_eq(remedies[0].kind, TOPO_REMEDY_RESTORE_SWITCH);
    cr_expect_eq(remedies[1].kind, TOPO_REMEDY_GIVE_UP_SPARE);
    topo_set_remove(&pod.spare, 15);
    topo_set_add(&pod.unhealthy, 15);
    cr_assert_eq(topo_find_remedies(&pod, &request, &scratch, remedies), 2);
    topo_format_remedy(&pod, &remedies[1], text, sizeof(text));
    cr_expect_str_eq(text, "repair cube-15");
    topo_set_add(&pod.used, 15);
    cr_assert_eq(topo_find_remedies(&pod, &request, &scratch, remedies), 2);
    topo_format_remedy(&pod, &remedies[1], text, sizeof(text));
    cr_expect_str_eq(text, "repair cube-12, link -y 6");
}

Test(topology_explain, says_why_each_cube) {
    start(16);
    struct topo_request request = request_for("4x4x8_untwisted");
    struct topo_plan plan;
    struct topo_refusal refusal;
    struct topo_choice choices[8];
    cr_assert_eq(topo_plan_create(&pod, &request, &plan, &refusal), 0);
    topo_explain_plan(&pod, &request, &plan, choices);
    cr_expect_eq(choices[0].why, TOPO_WHY_LOWEST_NUMBER);
    request.pin_mode = TOPO_PIN_SET;
    topo_explain_plan(&pod, &request, &plan, choices);
    cr_expect_eq(choices[1].why, TOPO_WHY_PINNED);
    request.pin_mode = TOPO_PIN_NONE;
    for (unsigned index = 0; index < 16; index++)
        pod.lit_far[9][0][index] = pod.lit_far[9][1][index] = 9;
    topo_pod_refresh_ends(&pod);
    cr_assert_eq(topo_plan_create(&pod, &request, &plan, &refusal), 0);
    topo_explain_plan(&pod, &request, &plan, choices);
    unsigned lit = plan.cubes[0] == 9 ? 0 : 1;
    cr_expect_eq(plan.cubes[lit], 9);
    cr_expect_eq(choices[lit].why, TOPO_WHY_LIT);
    cr_expect_eq(choices[lit].lit_links, 16);
    for (unsigned cube = 2; cube < 16; cube++)
        topo_set_add(&pod.used, cube);
    cr_assert_eq(topo_plan_create(&pod, &request, &plan, &refusal), 0);
    topo_explain_plan(&pod, &request, &plan, choices);
    cr_expect_eq(choices[0].why, TOPO_WHY_NO_OTHER);
    cr_expect_str_eq(topo_why_text(choices[0].why), "no other cube would do");
}
