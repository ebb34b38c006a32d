/* What helioctl top shows, as text, without a terminal. */
#include "ctl/top/layout.h"
#include "ctl/top/letters.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CUBES 144
#define MAX_SLICES 60
#define OCSES 48
#define MAX_EVENTS 30
#define SCREEN_MAX (200 * 60)

static struct world {
    Heliostat__V1__PodStatus pod;
    Heliostat__V1__CubeStatus cubes[MAX_CUBES], *cube_list[MAX_CUBES];
    Heliostat__V1__Slice slices[MAX_SLICES], *slice_list[MAX_SLICES];
    Heliostat__V1__OcsStatus ocses[OCSES], *ocs_list[OCSES];
    Heliostat__V1__Alarm alarms[MAX_EVENTS], *alarm_list[MAX_EVENTS];
    Heliostat__V1__Event events[MAX_EVENTS], *event_list[MAX_EVENTS];
    char slice_names[MAX_SLICES][16], ocs_names[OCSES][24], event_objects[MAX_EVENTS][16];
    char letters[MAX_SLICES];
    struct top_letters given;
    struct top_model model;
    struct top_view view;
    char text[SCREEN_MAX + 61]; /* the screen, each line ended by a newline */
    uint8_t styles[SCREEN_MAX];
    unsigned width, height;
} w;

static void begin(unsigned n_cubes) {
    memset(&w, 0, sizeof(w));
    heliostat__v1__pod_status__init(&w.pod);
    w.pod.name = "pod";
    w.pod.model = "tpu-v4";
    w.pod.cubes = w.cube_list;
    w.pod.n_cubes = n_cubes;
    w.pod.ocses = w.pod.ocses_in_sync = OCSES;
    for (unsigned i = 0; i < n_cubes; i++) {
        heliostat__v1__cube_status__init(&w.cubes[i]);
        w.cubes[i].index = i;
        w.cubes[i].row = i / 8;
        w.cubes[i].health = HELIOSTAT__V1__HEALTH__HEALTH_HEALTHY;
        w.cubes[i].scheduling = HELIOSTAT__V1__SCHEDULING__SCHEDULING_SCHEDULABLE;
        w.cube_list[n_cubes - 1 - i] = &w.cubes[i]; /* in no order that matters */
    }
    for (unsigned i = 0; i < OCSES; i++) {
        heliostat__v1__ocs_status__init(&w.ocses[i]);
        snprintf(w.ocs_names[i], sizeof(w.ocs_names[i]), "pod/ocs-%c-%02u", "xyz"[i / 16], i % 16);
        w.ocses[i].name = w.ocs_names[i];
        w.ocses[i].state = HELIOSTAT__V1__OCS_STATE__OCS_STATE_IN_SYNC;
        w.ocs_list[i] = &w.ocses[i];
    }
    w.model = (struct top_model){.pod = &w.pod,
                                 .slices = w.slice_list,
                                 .letters = w.letters,
                                 .ocses = w.ocs_list,
                                 .n_ocses = OCSES,
                                 .alarms = w.alarm_list,
                                 .events = w.event_list,
                                 .lost_since = ""};
}

static Heliostat__V1__Slice *add_slice(char *topology, unsigned first_cube, unsigned n_cubes) {
    size_t i = w.model.n_slices++;
    Heliostat__V1__Slice *slice = w.slice_list[i] = &w.slices[i];
    heliostat__v1__slice__init(slice);
    snprintf(w.slice_names[i], sizeof(w.slice_names[i]), "slice-%02zu", i);
    slice->name = w.slice_names[i];
    slice->uid = (int64_t)i + 100;
    slice->topology = topology;
    slice->state = HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_READY;
    slice->qualified = HELIOSTAT__V1__QUALIFIED__QUALIFIED_PASSED;
    for (unsigned c = first_cube; c < first_cube + n_cubes; c++)
        w.cubes[c].slice = slice->name;
    return slice;
}

static void add_events(unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        heliostat__v1__event__init(&w.events[i]);
        snprintf(w.event_objects[i], sizeof(w.event_objects[i]), "object-%02u", i);
        w.events[i].time = "2026-01-31T07:33:01.123Z";
        w.events[i].kind = "SLICE_STATE";
        w.events[i].object = w.event_objects[i];
        w.event_list[i] = &w.events[i];
    }
    w.model.n_events = n;
}

static void add_alarm(char *kind, char *text) {
    size_t i = w.model.n_alarms++;
    heliostat__v1__alarm__init(&w.alarms[i]);
    w.alarms[i].kind = kind;
    w.alarms[i].object = "pod/ocs-x-05";
    w.alarms[i].text = text;
    w.alarms[i].what_to_do = "Look at it";
    w.alarm_list[i] = &w.alarms[i];
}

/* Into w.text. */
static void lay_out(unsigned width, unsigned height) {
    struct top_cells cells;
    char *at = w.text;
    cr_assert_eq(top_cells_init(&cells, width, height), 0);
    top_letters_give(&w.given, w.slice_list, w.model.n_slices, w.letters);
    top_layout(&w.model, &w.view, &cells);
    w.width = width;
    w.height = height;
    for (unsigned y = 0; y < height; y++) {
        for (unsigned x = 0; x < width; x++) {
            const struct top_cell *cell = &cells.cells[y * width + x];
            cr_assert(cell->sign >= ' ' && cell->sign <= '~');
            cr_assert_lt(cell->style, TOP_N_STYLES);
            w.styles[y * width + x] = cell->style;
            *at++ = cell->sign;
        }
        *at++ = '\n';
    }
    *at = 0;
    top_cells_deinit(&cells);
}

static bool shows(const char *text) {
    return strstr(w.text, text);
}

/* Line y holds the text from column x on. */
static bool stands_at(unsigned x, unsigned y, const char *text) {
    return strncmp(w.text + y * (w.width + 1) + x, text, strlen(text)) == 0;
}

Test(ctl_top, racks_slices_and_switches_in_80x24) {
    begin(64);
    add_slice("8x8x8", 0, 8);
    Heliostat__V1__Slice *broken = add_slice("4x4x8_twisted", 10, 2);
    broken->state = HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_DEGRADED;
    broken->qualified = HELIOSTAT__V1__QUALIFIED__QUALIFIED_FAILED;
    broken->n_missing_links = 3;
    w.cubes[11].health = HELIOSTAT__V1__HEALTH__HEALTH_UNHEALTHY;
    w.cubes[16].health = HELIOSTAT__V1__HEALTH__HEALTH_UNHEALTHY;
    w.cubes[17].health = HELIOSTAT__V1__HEALTH__HEALTH_UNKNOWN;
    w.cubes[18].scheduling = HELIOSTAT__V1__SCHEDULING__SCHEDULING_MAINTENANCE;
    w.cubes[19].scheduling = HELIOSTAT__V1__SCHEDULING__SCHEDULING_CORDONED;
    w.cubes[20].spare = true;
    w.cubes[21].part_hosts = 4;
    w.cubes[22].held_for = "slice-01";
    w.ocses[21].state = HELIOSTAT__V1__OCS_STATE__OCS_STATE_DISCONNECTED;
    w.ocses[47].state = HELIOSTAT__V1__OCS_STATE__OCS_STATE_MISMATCH;
    w.pod.ocses_in_sync = 46;
    lay_out(80, 24);
    cr_expect(stands_at(0, 0, "pod (tpu-v4)  64 cubes: 61 healthy, 11 in slices, 49 free  46/48 switches"),
              "%s", w.text);
    cr_expect(stands_at(0, 2, " 0: A A A A A A A A "), "%s", w.text);
    cr_expect(stands_at(0, 3, " 1: . . B Bx. . . . "), "%s", w.text);
    cr_expect(stands_at(0, 4, " 2: x ? # - s % = . "), "%s", w.text);
    cr_expect(stands_at(0, 9, " 7: . . . . . . . . "), "%s", w.text);
    cr_expect(stands_at(0, 11, " x: ................"), "%s", w.text);
    cr_expect(stands_at(0, 12, " y: .....x.........."), "%s", w.text);
    cr_expect(stands_at(0, 13, " z: ...............M"), "%s", w.text);
    cr_expect(shows("A slice-00   8x8x8         READY      PASSED            0 "), "%s", w.text);
    cr_expect(shows("B slice-01   4x4x8_twisted DEGRADED   FAILED            3 "), "%s", w.text);
    cr_expect(shows("# maintenance  x unhealthy  ? unknown  - no new slices  "), "%s", w.text);
    cr_expect(stands_at(0, 22, "% cut  = held  s spare   Switches: . in sync  x disconnected  M mismatch "),
              "%s", w.text);
    cr_expect_eq(w.styles[2 * 80 + 4], w.styles[2 * 80 + 6]);
    cr_expect_eq(w.styles[12 * 80 + 9], TOP_BAD);
    cr_expect_eq(w.styles[12 * 80 + 8], TOP_GOOD);
}

Test(ctl_top, everything_has_its_place_in_200x60) {
    begin(64);
    for (unsigned i = 0; i < 30; i++)
        add_slice("4x4x4", i, 1)->cause = "because of this";
    add_events(30);
    add_alarm("OCS_MISMATCH", "another switch answers");
    lay_out(200, 60);
    cr_expect(shows("CAUSE"));
    cr_expect(shows("d slice-29       4x4x4"), "%s", w.text);
    cr_expect(shows("because of this"));
    cr_expect(shows("2 Alarms 1 "));
    cr_expect(shows("OCS_MISMATCH pod/ocs-x-05: another switch answers. Look at it"));
    cr_expect(shows("07:33:01 SLICE_STATE      object-00"));
    cr_expect(stands_at(0, 59, "q quit"));
}

Test(ctl_top, a_large_pod_and_many_slices_share_80x24) {
    begin(144);
    for (unsigned i = 0; i < 60; i++)
        add_slice("16x16x16_untwisted", i, 1);
    add_events(30);
    for (unsigned i = 0; i < 20; i++)
        add_alarm("OCS_MISMATCH", "another switch answers");
    lay_out(80, 24);
    for (unsigned row = 0; row < 18; row++) {
        char label[32];
        snprintf(label, sizeof(label), "%2u: %c", row, row < 7 ? w.letters[row * 8] : row == 7 ? '@' : '.');
        cr_expect(shows(label), "row %u: %s", row, w.text);
        cr_expect(row < 8 || shows(strcat(label, " . . . . . . .")), "row %u: %s", row, w.text);
    }
    cr_expect(!shows("hidden") && shows("1 1-14/60 TOPOLOGY"), "%s", w.text);
    cr_expect(shows("16x16x16 READY      yes"), "%s", w.text);
    cr_expect(shows("2 Alarms 1-"), "%s", w.text);
    cr_expect(shows("3 Events 1-"), "%s", w.text);
    cr_expect_eq(w.letters[51], 'z');
    cr_expect_eq(w.letters[52], '@');
}

/* The signs take three lines then. */
Test(ctl_top, no_rack_of_a_large_pod_is_hidden_when_every_sign_is_there) {
    begin(144);
    w.cubes[16].health = HELIOSTAT__V1__HEALTH__HEALTH_UNHEALTHY;
    w.cubes[17].health = HELIOSTAT__V1__HEALTH__HEALTH_UNKNOWN;
    w.cubes[18].scheduling = HELIOSTAT__V1__SCHEDULING__SCHEDULING_MAINTENANCE;
    w.cubes[19].scheduling = HELIOSTAT__V1__SCHEDULING__SCHEDULING_CORDONED;
    w.cubes[20].spare = true;
    w.cubes[21].part_hosts = 4;
    w.cubes[22].held_for = "slice-01";
    w.cubes[23].unaccounted_circuit = true;
    w.cubes[24].health = HELIOSTAT__V1__HEALTH__HEALTH_DEGRADED;
    for (unsigned i = 0; i < 7; i++)
        w.ocses[i].state = (Heliostat__V1__OcsState)i;
    lay_out(80, 24);
    cr_expect(!shows("hidden") && shows("17: . . . . . . . ."), "%s", w.text);
    cr_expect(shows("disconnected") && shows("unknown") && stands_at(0, 23, "q quit"), "%s", w.text);
}

Test(ctl_top, one_line_says_what_the_signs_mean_where_they_are_few) {
    begin(64);
    lay_out(80, 24);
    cr_expect(stands_at(0, 22, "Racks: . free  A slice   Switches: . in sync "), "%s", w.text);
}

Test(ctl_top, all_switches_of_a_small_pod_are_shown) {
    begin(8);
    lay_out(80, 24);
    cr_expect(shows(" x: ................") && shows(" y: ................") && shows(" z: ................"),
              "%s", w.text);
}

Test(ctl_top, lists_scroll_and_stop_at_their_ends) {
    begin(64);
    add_events(30);
    lay_out(80, 24);
    unsigned lines = w.view.lines[TOP_PANE_EVENTS];
    cr_assert_gt(lines, 2);
    w.view.first[TOP_PANE_EVENTS] = 2;
    lay_out(80, 24);
    cr_expect(!shows("object-01") && shows("object-02"), "%s", w.text);
    w.view.first[TOP_PANE_EVENTS] = SIZE_MAX / 2;
    lay_out(80, 24);
    cr_expect_eq(w.view.first[TOP_PANE_EVENTS], 30 - lines);
    cr_expect(shows("object-29"));
    w.model.n_events = 1;
    lay_out(80, 24);
    cr_expect_eq(w.view.first[TOP_PANE_EVENTS], 0);
    cr_expect(shows("3 Events 1 ") && shows("object-00"));
}

Test(ctl_top, a_terminal_that_is_too_small_says_so) {
    begin(64);
    for (unsigned width = 0; width < TOP_MIN_WIDTH; width += 7)
        lay_out(width, 24);
    lay_out(TOP_MIN_WIDTH, TOP_MIN_HEIGHT - 1);
    cr_expect(stands_at(0, 0, "The terminal is too small:") && stands_at(0, 1, "80x23 of at least 80x24."),
              "%s", w.text);
    cr_expect(!shows("Racks"));
    lay_out(0, 0);
    lay_out(TOP_MIN_WIDTH, TOP_MIN_HEIGHT);
    cr_expect(shows("Racks") && stands_at(0, 23, "q quit"), "%s", w.text);
}

Test(ctl_top, a_lost_daemon_and_a_frozen_pod_stand_in_the_first_line) {
    begin(64);
    w.pod.frozen = true;
    lay_out(80, 24);
    cr_expect(stands_at(0, 0, "pod FROZEN  64 cubes: 64 healthy"), "%s", w.text);
    w.model.lost_since = "07:33:01Z";
    lay_out(80, 24);
    cr_expect(stands_at(0, 0, "pod FROZEN  not connected since 07:33:01Z"), "%s", w.text);
    cr_expect_eq(w.styles[15], TOP_BAD);
}

Test(ctl_top, no_text_drives_the_terminal) {
    begin(64);
    add_alarm("KIND", "a\033[2Jb\tc\xc3\xa9"
                      "d\x7f"
                      "e");
    lay_out(120, 40);
    cr_expect(shows(": a?[2Jb?c?d?e"), "%s", w.text);
}

Test(ctl_top, a_slice_keeps_its_letter) {
    Heliostat__V1__Slice slices[3], *list[3] = {&slices[0], &slices[1], &slices[2]};
    struct top_letters letters = {0};
    char given[3];
    for (unsigned i = 0; i < 3; i++) {
        heliostat__v1__slice__init(&slices[i]);
        slices[i].uid = i + 1;
    }
    top_letters_give(&letters, list, 2, given);
    cr_expect(memcmp(given, "AB", 2) == 0);
    top_letters_give(&letters, list + 1, 1, given);
    cr_expect_eq(given[0], 'B');
    top_letters_give(&letters, list + 1, 2, given);
    cr_expect(memcmp(given, "BA", 2) == 0);
}

/* Whatever the size, nothing is written outside (the sanitisers watch) and nothing but ASCII. */
Test(ctl_top, every_size) {
    begin(144);
    for (unsigned i = 0; i < 12; i++)
        add_slice("4x4x12", i * 3, 3);
    add_events(30);
    add_alarm("KIND", "text");
    for (unsigned height = 1; height <= 60; height += 3)
        for (unsigned width = 1; width <= 200; width += 13)
            lay_out(width, height);
}
