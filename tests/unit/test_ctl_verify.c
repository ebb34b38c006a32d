/* The proof against fabrics made by hand: right ones are accepted, each kind of break is named.
 *
 * The circuits are made here per cube, from the published rule in cubes; the proof works per chip. */
#include "ctl/verify/torus.h"
#include "ctl/verify/verify.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUBES 16
#define OCSES 48
#define PORTS 20
#define ENDS (CUBES * 96)
#define MAX_SLICES 4

/* Ports are a permutation of cubes, another one on every switch and side: nothing may assume a formula. */
static unsigned port_of(unsigned cube, unsigned ocs, unsigned side) {
    return (cube * 7 + ocs * 3 + side * 5) % CUBES + 1 + (ocs + side) % 4;
}

static struct world {
    Heliostat__V1__Pod pod;
    Heliostat__V1__Cube cubes[CUBES], *cube_list[CUBES];
    Heliostat__V1__Ocs ocses[OCSES], *ocs_list[OCSES];
    Heliostat__V1__Fiber fibers[ENDS], *fiber_list[ENDS];
    Heliostat__V1__PodStatus status;
    Heliostat__V1__CubeStatus cube_statuses[CUBES], *status_list[CUBES];
    Heliostat__V1__Slice slices[MAX_SLICES], *slice_list[MAX_SLICES];
    size_t n_slices;
    Heliostat__V1__SlicePosition positions[MAX_SLICES][CUBES], *position_lists[MAX_SLICES][CUBES];
    protobuf_c_boolean wraps[3];
    Heliostat__V1__MissingLink missing, *missing_list[1];
    Heliostat__V1__ListCircuitsResponse circuits;
    Heliostat__V1__Circuit circuit[CUBES * OCSES], *circuit_list[CUBES * OCSES];
    Heliostat__V1__OpticalLink links[ENDS], *link_list[ENDS];
    char names[CUBES + OCSES][24];
    char *unread[1];
    bool with_light;
} w;

static struct verify_report report;
static const char *const faces[] = {"+x", "-x", "+y", "-y", "+z", "-z"};

static void begin(void) {
    memset(&w, 0, sizeof(w));
    heliostat__v1__pod__init(&w.pod);
    heliostat__v1__pod_status__init(&w.status);
    heliostat__v1__list_circuits_response__init(&w.circuits);
    w.pod.name = "pod";
    w.wraps[0] = w.wraps[1] = w.wraps[2] = true;
    for (unsigned c = 0; c < CUBES; c++) {
        heliostat__v1__cube__init(&w.cubes[c]);
        heliostat__v1__cube_status__init(&w.cube_statuses[c]);
        snprintf(w.names[c], sizeof(w.names[c]), "pod/cube-%02u", c);
        w.cubes[c].name = w.cube_statuses[c].name = w.names[c];
        w.cubes[c].index = w.cube_statuses[c].index = c;
        w.cube_statuses[c].health = HELIOSTAT__V1__HEALTH__HEALTH_HEALTHY;
        w.cube_statuses[c].scheduling = HELIOSTAT__V1__SCHEDULING__SCHEDULING_SCHEDULABLE;
        w.cube_list[c] = &w.cubes[c];
        w.status_list[c] = &w.cube_statuses[c];
    }
    for (unsigned o = 0; o < OCSES; o++) {
        heliostat__v1__ocs__init(&w.ocses[o]);
        snprintf(w.names[CUBES + o], sizeof(w.names[0]), "pod/ocs-%c-%02u", 'x' + o / 16, o % 16);
        w.ocses[o].name = w.names[CUBES + o];
        w.ocses[o].ports_a = w.ocses[o].ports_b = PORTS;
        w.ocs_list[o] = &w.ocses[o];
    }
    for (unsigned e = 0; e < ENDS; e++) {
        unsigned cube = e / 96, face = e / 16 % 6, index = e % 16, ocs = face / 2 * 16 + index,
                 side = face % 2;
        heliostat__v1__fiber__init(&w.fibers[e]);
        heliostat__v1__optical_link__init(&w.links[e]);
        w.fibers[e].cube = w.links[e].cube = cube;
        w.fibers[e].face = w.links[e].face = (char *)faces[face];
        w.fibers[e].index = w.links[e].index = index;
        w.fibers[e].ocs = w.names[CUBES + ocs] + (e % 2 ? 4 : 0); /* with and without the pod */
        w.fibers[e].side = side ? "B" : "A";
        w.fibers[e].port = port_of(cube, ocs, side);
        w.fiber_list[e] = &w.fibers[e];
        w.link_list[e] = &w.links[e];
    }
    w.pod.cubes = w.cube_list;
    w.pod.ocses = w.ocs_list;
    w.pod.fibers = w.fiber_list;
    w.status.cubes = w.status_list;
    w.pod.n_cubes = w.status.n_cubes = CUBES;
    w.pod.n_ocses = OCSES;
    w.pod.n_fibers = ENDS;
    w.circuits.circuits = w.circuit_list;
    w.with_light = true;
}

static void end(void) {
    verify_report_deinit(&report);
}

TestSuite(ctl_verify, .init = begin, .fini = end);

static Heliostat__V1__Circuit *connect_ports(unsigned ocs, unsigned a, unsigned b) {
    Heliostat__V1__Circuit *c = &w.circuit[w.circuits.n_circuits];
    heliostat__v1__circuit__init(c);
    c->ocs = w.names[CUBES + ocs];
    c->a = a;
    c->b = b;
    c->observed = true;
    w.circuit_list[w.circuits.n_circuits++] = c;
    return c;
}

static void see(unsigned end_number, unsigned far) {
    Heliostat__V1__OpticalLink *l = &w.links[end_number];
    l->heard = l->light = true;
    l->far_cube = far / 96;
    l->far_face = (char *)faces[far / 16 % 6];
    l->far_index = far % 16;
}

static unsigned end_at(unsigned cube, unsigned face, unsigned index) {
    return cube * 96 + face * 16 + index;
}

static void join(unsigned from, unsigned to, unsigned ocs) {
    unsigned plus = end_at(from, ocs / 16 * 2, ocs % 16), minus = end_at(to, ocs / 16 * 2 + 1, ocs % 16);
    connect_ports(ocs, port_of(from, ocs, 0), port_of(to, ocs, 1));
    see(plus, minus);
    see(minus, plus);
}

/* A slice of a x b x c cubes on cubes first, first + step, ... and all its circuits. twist: 0, 1: k x k x 2k,
 * 2: k x 2k x 2k. */
static Heliostat__V1__Slice *add_slice(const char *name, const char *topology, unsigned a, unsigned b,
                                       unsigned c, unsigned twist, unsigned first, unsigned step) {
    size_t number = w.n_slices++;
    Heliostat__V1__Slice *s = &w.slices[number];
    unsigned n = a * b * c, k = a, size[3] = {a, b, c};
    heliostat__v1__slice__init(s);
    s->name = (char *)name;
    s->topology = (char *)topology;
    s->uid = (int64_t)number + 1;
    s->state = HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_READY;
    s->twisted = twist != 0;
    s->wrap = w.wraps;
    s->n_wrap = 3;
    s->positions = w.position_lists[number];
    s->n_positions = n;
    w.slice_list[number] = s;
    for (unsigned p = 0; p < n; p++) {
        Heliostat__V1__SlicePosition *position = &w.positions[number][p];
        unsigned cube = first + p * step, at[3] = {p % a, p / a % b, p / a / b};
        heliostat__v1__slice_position__init(position);
        position->index = p;
        position->x = at[0];
        position->y = at[1];
        position->z = at[2];
        position->cube = w.names[cube];
        w.position_lists[number][p] = position;
        w.cube_statuses[cube].slice = (char *)name;
        w.cube_statuses[cube].position = p;
        for (unsigned ocs = 0; ocs < OCSES; ocs++) {
            unsigned d = ocs / 16, next[3] = {at[0], at[1], at[2]};
            next[d] = (at[d] + 1) % size[d];
            if (next[d] == 0 && twist == 1 && d < 2)
                next[2] = (at[2] + k) % c;
            if (next[d] == 0 && twist == 2 && d == 0) {
                next[1] = (at[1] + k) % b;
                next[2] = (at[2] + k) % c;
            }
            join(cube, first + (next[0] + a * (next[1] + b * next[2])) * step, ocs);
        }
    }
    return s;
}

static void run(void) {
    struct verify_input input = {.pod = &w.pod,
                                 .status = &w.status,
                                 .slices = w.slice_list,
                                 .n_slices = w.n_slices,
                                 .circuits = &w.circuits,
                                 .links = w.link_list,
                                 .n_links = w.with_light ? ENDS : 0};
    verify_report_deinit(&report);
    cr_assert_eq(verify_run(&input, &report), 0);
}

static void expect_right(unsigned links) {
    run();
    cr_assert_eq(report.n_problems, 0, "%s", report.n_problems ? report.problems[0].text : "");
    cr_assert_eq(report.slices[0].verdict, VERIFY_PROVED);
    cr_assert_eq(report.slices[0].links, links);
}

static const struct verify_problem *problem_of(enum verify_kind kind) {
    for (size_t i = 0; i < report.n_problems; i++)
        if (report.problems[i].kind == kind)
            return &report.problems[i];
    for (size_t i = 0; i < report.n_problems; i++)
        printf("instead: %s\n", report.problems[i].text);
    cr_assert_fail("no problem is %s", verify_kind_name(kind));
    return NULL;
}

static Heliostat__V1__Circuit *circuit_at(unsigned ocs, unsigned a) {
    for (size_t i = 0; i < w.circuits.n_circuits; i++)
        if (strcmp(w.circuit[i].ocs, w.names[CUBES + ocs]) == 0 && w.circuit[i].a == a)
            return &w.circuit[i];
    cr_assert_fail("no circuit");
    return NULL;
}

Test(ctl_verify, right_tori_are_accepted) {
    static const struct {
        const char *topology;
        unsigned size[3], twist;
    } rows[] = {
        {"4x4x4", {1, 1, 1}, 0},          {"4x4x8_untwisted", {1, 1, 2}, 0}, {"4x4x8_twisted", {1, 1, 2}, 1},
        {"4x4x8", {1, 1, 2}, 1},          {"4x8x8_twisted", {1, 2, 2}, 2},   {"8x8x8", {2, 2, 2}, 0},
        {"8x8x16_twisted", {2, 2, 4}, 1}, {"4x8x16", {1, 2, 4}, 0},          {"4x4x12", {1, 1, 3}, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        begin();
        const unsigned *s = rows[i].size, n = s[0] * s[1] * s[2];
        add_slice("a", rows[i].topology, s[0], s[1], s[2], rows[i].twist, 0, 16 / n);
        expect_right(48 * n);
        cr_assert_eq(report.slices[0].by_light, 48 * n);
        w.with_light = false;
        expect_right(48 * n);
        cr_assert_eq(report.slices[0].by_record, 48 * n);
    }
}

Test(ctl_verify, a_plain_torus_is_no_twisted_one) {
    Heliostat__V1__Slice *s = add_slice("a", "4x4x8_twisted", 1, 1, 2, 0, 0, 1);
    s->twisted = true;
    run();
    cr_assert_eq(report.slices[0].verdict, VERIFY_BROKEN);
    cr_assert_eq(report.slices[0].wrong, 64, "x and y of both cubes, not z");
    problem_of(VERIFY_WRONG_CIRCUIT);
    s->topology = "4x4x8_untwisted";
    run();
    problem_of(VERIFY_INCONSISTENT);
}

Test(ctl_verify, a_missing_circuit_is_named) {
    add_slice("a", "8x8x8", 2, 2, 2, 0, 0, 2);
    Heliostat__V1__Circuit *c = circuit_at(21, port_of(4, 21, 0));
    unsigned b = c->b;
    c->observed = false;
    run();
    cr_assert_eq(report.n_problems, 1);
    const struct verify_problem *p = problem_of(VERIFY_MISSING_CIRCUIT);
    cr_assert_str_eq(p->ocs, "pod/ocs-y-05");
    cr_assert_eq(p->a, port_of(4, 21, 0));
    cr_assert_eq(p->b, b);
    cr_assert_str_eq(p->cubes[0], "pod/cube-04");
    cr_assert_str_eq(p->cubes[1], "pod/cube-00", "position 2 is y = 1, its ring closes at position 0");
    cr_assert_str_eq(p->slices[0], "a");
    cr_assert_eq(report.slices[0].wrong, 1);
}

Test(ctl_verify, exchanged_circuits_are_named_on_both_links) {
    add_slice("a", "4x4x16", 1, 1, 4, 0, 0, 1);
    Heliostat__V1__Circuit *c = circuit_at(40, port_of(0, 40, 0)), *d = circuit_at(40, port_of(2, 40, 0));
    unsigned b = c->b;
    c->b = d->b;
    d->b = b;
    w.with_light = false;
    run();
    cr_assert_eq(report.n_problems, 2);
    cr_assert_eq(report.problems[0].kind, VERIFY_WRONG_CIRCUIT);
    cr_assert_eq(report.problems[1].kind, VERIFY_WRONG_CIRCUIT);
    cr_assert(
        strstr(report.problems[0].text, "pod/cube-00 +z 8 meets pod/cube-03 -z 8, not pod/cube-01 -z 8"),
        "%s", report.problems[0].text);
}

Test(ctl_verify, a_link_to_another_slice_breaks_both_and_isolation) {
    add_slice("a", "4x4x4", 1, 1, 1, 0, 0, 1);
    add_slice("b", "4x4x4", 1, 1, 1, 0, 5, 1);
    Heliostat__V1__Circuit *c = circuit_at(3, port_of(0, 3, 0)), *d = circuit_at(3, port_of(5, 3, 0));
    unsigned b = c->b;
    c->b = d->b;
    d->b = b;
    w.with_light = false;
    run();
    const struct verify_problem *p = problem_of(VERIFY_ISOLATION);
    cr_assert_str_eq(p->ocs, "pod/ocs-x-03");
    cr_assert(strcmp(p->slices[0], p->slices[1]) != 0);
    cr_assert(strstr(p->text, "joins two slices"), "%s", p->text);
    cr_assert_eq(report.slices[0].verdict, VERIFY_BROKEN);
    cr_assert_eq(report.slices[1].verdict, VERIFY_BROKEN);
}

Test(ctl_verify, a_slice_in_flight_is_neither_right_nor_wrong) {
    Heliostat__V1__Slice *s = add_slice("a", "4x4x8_twisted", 1, 1, 2, 1, 0, 1);
    circuit_at(3, port_of(0, 3, 0))->observed = false;
    s->state = HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_REPAIRING;
    connect_ports(3, port_of(0, 3, 0), port_of(9, 3, 1)); /* on its way out */
    run();
    cr_assert_eq(report.slices[0].verdict, VERIFY_IN_FLIGHT);
    cr_assert_eq(report.n_problems, 0, "%s", report.n_problems ? report.problems[0].text : "");
}

static void list_missing(Heliostat__V1__Slice *s, unsigned position, const char *face, unsigned index) {
    heliostat__v1__missing_link__init(&w.missing);
    w.missing.position = position;
    w.missing.face = (char *)face;
    w.missing.index = index;
    w.missing_list[0] = &w.missing;
    s->missing_links = w.missing_list;
    s->n_missing_links = 1;
    s->state = HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_DEGRADED;
}

Test(ctl_verify, exactly_the_listed_links_may_be_missing) {
    Heliostat__V1__Slice *s = add_slice("a", "4x4x12", 1, 1, 3, 0, 0, 1);
    circuit_at(40, port_of(1, 40, 0))->observed = false;
    w.links[end_at(1, 4, 8)].light = w.links[end_at(2, 5, 8)].light = false;
    list_missing(s, 1, "+z", 8);
    expect_right(144);
    cr_assert_eq(report.slices[0].listed_missing, 1);
    list_missing(s, 2, "-z", 8); /* its other end */
    expect_right(144);
    list_missing(s, 0, "+z", 8); /* another one */
    run();
    problem_of(VERIFY_MISSING_CIRCUIT);
    problem_of(VERIFY_LISTED_BUT_THERE);
}

Test(ctl_verify, a_listed_dark_link_keeps_its_circuit) {
    Heliostat__V1__Slice *s = add_slice("a", "4x4x12", 1, 1, 3, 0, 0, 1);
    w.links[end_at(2, 5, 8)].light = false;
    run();
    const struct verify_problem *p = problem_of(VERIFY_DARK);
    cr_assert(strstr(p->text, "pod/cube-02 -z 8 sees no light"), "%s", p->text);
    list_missing(s, 1, "+z", 8);
    expect_right(144);
}

Test(ctl_verify, silent_hosts_prove_nothing) {
    add_slice("a", "4x4x4", 1, 1, 1, 0, 0, 1);
    for (unsigned e = 0; e < 96; e++)
        w.links[e].heard = e % 2 == 0;
    expect_right(48);
    cr_assert_eq(report.slices[0].by_light, 24);
    cr_assert_eq(report.slices[0].by_record, 24);
}

/* What the host at each end of two circuits sees when the strands of two ends are exchanged. */
Test(ctl_verify, crossed_fibers_of_two_lit_links_are_named) {
    add_slice("a", "4x4x12", 1, 1, 3, 0, 0, 1);
    /* By record 0 -> 1 and 1 -> 2 in z; the strands of 1 -z 8 and 2 -z 8 are exchanged. */
    unsigned e0 = end_at(0, 4, 8), e1 = end_at(1, 4, 8), f1 = end_at(1, 5, 8), f2 = end_at(2, 5, 8);
    see(e0, f2);
    see(f2, e0);
    see(e1, f1);
    see(f1, e1);
    run();
    const struct verify_problem *p = problem_of(VERIFY_CROSSED_FIBERS);
    cr_assert(strstr(p->text, "pod/cube-01 -z 8 (pod/ocs-z-08 B"), "%s", p->text);
    cr_assert(strstr(p->text, "pod/cube-02 -z 8 (pod/ocs-z-08 B"), "%s", p->text);
    cr_assert_str_eq(p->slices[0], "a");
    cr_assert_eq(report.slices[0].wrong, 2);
    cr_assert_eq(report.n_problems, 3, "two links and one crossing");
}

Test(ctl_verify, crossed_fibers_with_a_free_end_are_certain) {
    add_slice("a", "4x4x12", 1, 1, 3, 0, 0, 1);
    unsigned e0 = end_at(0, 4, 8), f1 = end_at(1, 5, 8), f9 = end_at(9, 5, 8);
    see(e0, f9);
    see(f9, e0);
    w.links[f1].light = false;
    w.links[f9].heard = false;
    run();
    const struct verify_problem *p = problem_of(VERIFY_CROSSED_FIBERS);
    cr_assert(strstr(p->text, "pod/cube-01 -z 8"), "%s", p->text);
    cr_assert(strstr(p->text, "pod/cube-09 -z 8"), "%s", p->text);
    cr_assert_null(strstr(p->text, "or those of"), "%s", p->text);
}

Test(ctl_verify, dark_circuits_join_fit_cubes_only) {
    add_slice("a", "4x4x4", 1, 1, 1, 0, 0, 1);
    join(7, 8, 5);
    expect_right(48);
    w.cube_statuses[8].health = HELIOSTAT__V1__HEALTH__HEALTH_UNKNOWN;
    expect_right(48);
    w.cube_statuses[8].health = HELIOSTAT__V1__HEALTH__HEALTH_UNHEALTHY;
    run();
    cr_assert_str_eq(problem_of(VERIFY_ISOLATION)->cubes[1], "pod/cube-08");
    w.circuit[w.circuits.n_circuits - 1].circuit_class = HELIOSTAT__V1__CIRCUIT_CLASS__CIRCUIT_CLASS_STALE;
    expect_right(48);
}

Test(ctl_verify, a_port_is_in_one_circuit) {
    add_slice("a", "4x4x4", 1, 1, 1, 0, 0, 1);
    connect_ports(5, port_of(0, 5, 0), port_of(3, 5, 1));
    run();
    cr_assert_str_eq(problem_of(VERIFY_PORT_TAKEN_TWICE)->ocs, "pod/ocs-x-05");
    w.circuit[w.circuits.n_circuits - 1].a = PORTS + 1;
    run();
    problem_of(VERIFY_NO_SUCH_PORT);
}

Test(ctl_verify, a_cube_is_in_one_slice) {
    add_slice("a", "4x4x4", 1, 1, 1, 0, 0, 1);
    Heliostat__V1__Slice *b = add_slice("b", "4x4x4", 1, 1, 1, 0, 5, 1);
    b->positions[0]->cube = w.names[0];
    run();
    cr_assert_str_eq(problem_of(VERIFY_CUBE_TAKEN_TWICE)->cubes[0], "pod/cube-00");
}

Test(ctl_verify, an_unread_switch_is_proved_by_light_or_not_at_all) {
    add_slice("a", "4x4x4", 1, 1, 1, 0, 0, 1);
    w.unread[0] = w.names[CUBES + 17];
    w.circuits.unread_ocses = w.unread;
    w.circuits.n_unread_ocses = 1;
    expect_right(48);
    w.with_light = false;
    run();
    cr_assert_eq(report.n_problems, 1);
    cr_assert_str_eq(problem_of(VERIFY_UNREAD)->ocs, "pod/ocs-y-01");
    cr_assert_eq(report.slices[0].verdict, VERIFY_NOT_PROVED);
    w.with_light = true;
    w.links[end_at(0, 2, 1)].light = false;
    run();
    cr_assert(strstr(problem_of(VERIFY_DARK)->text, "was last read as connected"));
    cr_assert_eq(report.slices[0].verdict, VERIFY_BROKEN);
}

/* What such a switch connects now is not known, so light that no circuit explains blames no fiber. */
Test(ctl_verify, an_unread_switch_blames_no_fiber) {
    unsigned plus = end_at(7, 0, 5), minus = end_at(8, 1, 5);
    add_slice("a", "4x4x4", 1, 1, 1, 0, 0, 1);
    see(plus, minus);
    see(minus, plus);
    run();
    cr_assert(
        strstr(problem_of(VERIFY_WRONG_FAR_END)->text, "sees pod/cube-08 -x 5, and no circuit leads there"));
    w.unread[0] = w.names[CUBES + 5];
    w.circuits.unread_ocses = w.unread;
    w.circuits.n_unread_ocses = 1;
    expect_right(48);
}

Test(ctl_verify, a_dead_cube_makes_a_slice_incomplete) {
    Heliostat__V1__Slice *s = add_slice("a", "4x4x12", 1, 1, 3, 0, 0, 1);
    s->state = HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_INCOMPLETE;
    w.cube_statuses[1].health = HELIOSTAT__V1__HEALTH__HEALTH_UNHEALTHY;
    run();
    cr_assert_eq(report.n_problems, 1);
    cr_assert_str_eq(problem_of(VERIFY_INCOMPLETE)->cubes[0], "pod/cube-01");
    cr_assert_eq(report.slices[0].verdict, VERIFY_BROKEN);
}

Test(ctl_verify, a_cube_cut_into_parts_has_no_circuit) {
    Heliostat__V1__Slice *s = add_slice("a", "2x2x4", 1, 1, 1, 0, 0, 1);
    w.circuits.n_circuits = 0;
    s->n_wrap = 0;
    w.with_light = false;
    run();
    cr_assert_eq(report.n_problems, 0);
    cr_assert_eq(report.slices[0].verdict, VERIFY_NO_LINKS);
    connect_ports(5, port_of(0, 5, 0), port_of(0, 5, 1)); /* a loop on the cube itself */
    run();
    problem_of(VERIFY_ISOLATION);
}

Test(ctl_verify, face_links_are_numbered_by_the_other_two_coordinates) {
    const unsigned chip[3] = {1, 2, 3};
    cr_assert_eq(verify_face_index(0, chip), 2 + 4 * 3);
    cr_assert_eq(verify_face_index(1, chip), 1 + 4 * 3);
    cr_assert_eq(verify_face_index(2, chip), 1 + 4 * 2);
}

Test(ctl_verify, twisted_links_carry_equal_load) {
    static const char *const topologies[] = {"4x4x8_twisted", "4x8x8_twisted"};
    for (unsigned t = 0; t < 2; t++) {
        struct verify_shape shape;
        cr_assert(verify_shape_read(topologies[t], &shape));
        unsigned n = shape.size[0] * shape.size[1] * shape.size[2], reached = 0;
        unsigned *distance = calloc(n, sizeof(*distance)), *queue = calloc(n, sizeof(*queue));
        unsigned(*next)[6] = calloc(n, sizeof(*next));
        for (unsigned c = 0; c < n; c++)
            for (unsigned d = 0; d < 3; d++) {
                unsigned chip[3] = {c % shape.size[0], c / shape.size[0] % shape.size[1],
                                    c / shape.size[0] / shape.size[1]},
                         far[3];
                verify_chip_next(&shape, chip, d, far);
                unsigned f = far[0] + shape.size[0] * (far[1] + shape.size[1] * far[2]);
                next[c][2 * d] = f;
                next[f][2 * d + 1] = c;
            }
        /* Hops of each dimension over all shortest paths, weighted: path counts forward and back. */
        double *paths = calloc(n, sizeof(*paths)), *share = calloc(n, sizeof(*share)), load[3] = {0};
        queue[reached++] = 0;
        paths[0] = 1;
        for (unsigned i = 0; i < reached; i++)
            for (unsigned f = 0; f < 6; f++) {
                unsigned to = next[queue[i]][f];
                if (to != 0 && distance[to] == 0) {
                    distance[to] = distance[queue[i]] + 1;
                    queue[reached++] = to;
                }
                if (to != 0 && distance[to] == distance[queue[i]] + 1)
                    paths[to] += paths[queue[i]];
            }
        cr_assert_eq(reached, n);
        for (unsigned i = n; i-- > 0;) {
            unsigned at = queue[i];
            share[at] += i ? 1 : 0;
            for (unsigned f = 0; f < 6; f++) {
                unsigned from = next[at][f ^ 1];
                if (at != 0 && distance[from] + 1 == distance[at]) {
                    double flow = share[at] * paths[from] / paths[at];
                    load[f / 2] += flow;
                    share[from] += flow;
                }
            }
        }
        cr_assert_float_eq(load[0], load[1], 1e-9 * load[0]);
        cr_assert_float_eq(load[0], load[2], 1e-9 * load[0]);
        free(distance);
        free(queue);
        free(next);
        free(paths);
        free(share);
    }
}
