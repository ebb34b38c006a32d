/* A switch session on a scripted transport: every line it sends is looked at, every answer is written here.
 */
#include "daemon/device/device.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDENTIFY "*idn?;:oxc:swit:size?\n"
#define ERRORS ":syst:err?\n"
#define READ ":oxc:swit:conn:stat?\n"
#define VERIFY ":oxc:swit:conn:stat?;:syst:err?\n"
#define NO_ERROR "0,\"No error\"\n"
#define WHO "Polatis,N-VST-16x16,001705,6.5.1.7\n16,16\n"

enum { SECOND = 1000000, GUARD = 30000, LATE_GUARD = 500000 };

static struct {
    struct device *device;
    int64_t now_us;
    char sent[65536];
    unsigned connects, closes, maps, changes, states, readings;
    size_t n_power;
    int32_t power_mdbm[DEVICE_METERED_MAX];
    uint16_t map[DEVICE_PORTS_MAX + 1];
    enum device_result result;
    bool apply_in_map, apply_in_done;
} f;

static void on_connect(void *userdata, const char *address) {
    f.connects++;
}

static void on_send(void *userdata, const char *bytes, size_t len) {
    size_t have = strlen(f.sent);
    cr_assert_lt(have + len, sizeof(f.sent));
    memcpy(f.sent + have, bytes, len);
    f.sent[have + len] = '\0';
}

static void on_close(void *userdata) {
    f.closes++;
}

static void on_state(struct device *device, int64_t now_us, void *userdata) {
    f.states++;
}

static const struct device_pair one = {1, 2};

static void on_map(struct device *device, const uint16_t *b_of_a, int64_t now_us, void *userdata) {
    f.maps++;
    memcpy(f.map, b_of_a, sizeof(*b_of_a) * 17);
    if (f.apply_in_map)
        cr_assert_eq(device_apply(device, NULL, 0, &one, 1, now_us), DEVICE_APPLY_BUSY);
}

static void on_change_done(struct device *device, enum device_result result, int64_t now_us, void *userdata) {
    f.changes++;
    f.result = result;
    cr_assert(!device_is_changing(device));
    if (f.apply_in_done) {
        f.apply_in_done = false;
        cr_assert_eq(device_apply(device, NULL, 0, &one, 1, now_us), DEVICE_APPLY_STARTED);
    }
}

static void on_power(struct device *device, const uint16_t *b_ports, const int32_t *power_mdbm, size_t count,
                     int64_t now_us, void *userdata) {
    f.readings++;
    f.n_power = count;
    if (count)
        memcpy(f.power_mdbm, power_mdbm, sizeof(*power_mdbm) * count);
}

static const struct device_callbacks callbacks = {
    .on_state = on_state, .on_map = on_map, .on_change_done = on_change_done, .on_power = on_power};

static struct device_config config(void) {
    return (struct device_config){.name = "ocs-x-00",
                                  .address = "127.0.0.1:5025",
                                  .ports_a = 16,
                                  .ports_b = 16,
                                  .product = "N-VST-16x16",
                                  .serial = "001705",
                                  .seed = 7};
}

static void begin_with(const struct device_config *with) {
    struct device_transport transport = {on_connect, on_send, on_close, NULL};
    device_free(f.device);
    memset(&f, 0, sizeof(f));
    f.now_us = 1000 * (int64_t)SECOND;
    cr_assert_eq(device_new(with, &callbacks, &f.device), 0);
    device_set_transport(f.device, &transport);
}

static void begin(void) {
    struct device_config with = config();
    begin_with(&with);
}

static void end(void) {
    device_free(f.device);
}

/* Whatever is due by then happens, each at its own time. */
static void pass(int64_t us) {
    int64_t until = f.now_us + us;
    while (device_next_wakeup_us(f.device) <= until) {
        int64_t at = device_next_wakeup_us(f.device);
        f.now_us = at > f.now_us ? at : f.now_us;
        device_advance(f.device, f.now_us);
    }
    f.now_us = until;
}

static void say(const char *text) {
    device_on_bytes(f.device, text, strlen(text), f.now_us);
}

#define SENT(text)                                                                                           \
    do {                                                                                                     \
        cr_assert_str_eq(f.sent, text);                                                                      \
        f.sent[0] = '\0';                                                                                    \
    } while (0)

static void connect_now(void) {
    if (device_next_wakeup_us(f.device) > f.now_us)
        f.now_us = device_next_wakeup_us(f.device);
    device_advance(f.device, f.now_us);
    f.sent[0] = '\0';
    device_on_connected(f.device, f.now_us);
    SENT(IDENTIFY);
}

static void to_ready(const char *map) {
    connect_now();
    say(WHO);
    SENT(ERRORS);
    say(NO_ERROR);
    SENT(READ);
    say(map);
    cr_assert_eq(device_state(f.device), DEVICE_READY);
    SENT("");
}

static void lost(const char *cause) {
    cr_assert_eq(device_state(f.device), DEVICE_DISCONNECTED);
    cr_assert_str_eq(device_cause(f.device), cause);
    cr_assert_gt(f.closes, 0);
}

TestSuite(device, .init = begin, .fini = end);

Test(device, starts_disconnected_and_connects_at_once) {
    cr_assert_eq(device_state(f.device), DEVICE_DISCONNECTED);
    cr_assert_str_eq(device_cause(f.device), "not connected yet");
    device_advance(f.device, f.now_us);
    cr_assert_eq(f.connects, 1);
    device_advance(f.device, f.now_us);
    cr_assert_eq(f.connects, 1);
}

Test(device, too_many_ports_are_refused) {
    struct device_config with = config();
    struct device *device = NULL;
    with.ports_a = DEVICE_PORTS_MAX + 1;
    cr_assert_eq(device_new(&with, &callbacks, &device), -EINVAL);
    with.ports_a = 16;
    with.ports_b = DEVICE_PORTS_MAX + 1;
    cr_assert_eq(device_new(&with, &callbacks, &device), -EINVAL);
    cr_assert_null(device);
}

Test(device, reads_the_map_of_the_pinned_switch) {
    to_ready("(@1,2,3),(@19,18,32)\n");
    cr_assert_eq(f.maps, 1);
    cr_assert_eq(f.map[1], 3);
    cr_assert_eq(f.map[2], 2);
    cr_assert_eq(f.map[3], 16);
    cr_assert_eq(f.map[4], 0);
    cr_assert_str_eq(device_identity(f.device)->serial, "001705");
}

Test(device, takes_answers_joined_or_line_by_line_and_in_any_pieces) {
    static const char *const who[] = {"Polatis,N-VST-16x16,001705,6.5.1.7;16,16\n",
                                      "Polatis,N-VST-16x16,001705,6.5.1.7\r\n16,16\r\n"};
    for (unsigned i = 0; i < 2; i++) {
        connect_now();
        for (const char *c = who[i]; *c; c++)
            device_on_bytes(f.device, c, 1, f.now_us);
        SENT(ERRORS);
        say(NO_ERROR);
        SENT(READ);
        say("(@),(@)");
        cr_assert_eq(f.maps, i);
        say("\r\n");
        cr_assert_eq(f.maps, i + 1);
        device_on_closed(f.device, "gone", f.now_us);
    }
}

Test(device, old_errors_are_read_until_there_is_none) {
    connect_now();
    say(WHO);
    SENT(ERRORS);
    say("-113,\"Undefined header; or not\"\n");
    SENT(ERRORS);
    say("-222,\"Data out of range\"\n");
    SENT(ERRORS);
    say(NO_ERROR);
    SENT(READ);
}

Test(device, a_switch_that_never_runs_out_of_errors_is_read_all_the_same) {
    connect_now();
    say(WHO);
    for (int i = 0; i < 256; i++) {
        SENT(ERRORS);
        say("-113,\"Undefined header\"\n");
    }
    SENT(READ);
}

/* What is sent to a switch that is not the pinned one: queries only, and it is asked again who it is. */
static void expect_mismatch(const char *who, const char *cause) {
    connect_now();
    say(who);
    cr_assert_eq(device_state(f.device), DEVICE_MISMATCH);
    cr_assert_str_eq(device_cause(f.device), cause);
    SENT("");
    cr_assert_eq(device_apply(f.device, NULL, 0, &one, 1, f.now_us), DEVICE_APPLY_NOT_READY);
    device_read_map(f.device, f.now_us);
    SENT("");
    pass(SECOND);
    SENT(IDENTIFY);
    cr_assert_eq(f.maps, 0);
}

Test(device, another_serial_is_a_mismatch) {
    expect_mismatch("Polatis,N-VST-16x16,001706,6.5.1.7\n16,16\n",
                    "pinned is serial 001705, the switch says serial 001706");
    say(WHO);
    cr_assert_eq(device_state(f.device), DEVICE_SYNCING);
    SENT(ERRORS);
}

Test(device, another_product_is_a_mismatch) {
    expect_mismatch("Polatis,N-VST-32x32,001705,6.5.1.7\n16,16\n",
                    "pinned is product N-VST-16x16, the switch says product N-VST-32x32");
}

Test(device, another_size_is_a_mismatch) {
    expect_mismatch("Polatis,N-VST-16x16,001705,6.5.1.7\n16,32\n",
                    "the inventory says 16,16 ports, the switch says 16,32");
}

Test(device, not_confirmed_is_a_mismatch_until_the_pin_is_set) {
    device_set_pin(f.device, "", "", f.now_us);
    expect_mismatch(WHO, "not confirmed: the switch says it is N-VST-16x16, serial 001705");
    say(WHO);
    device_set_pin(f.device, "N-VST-16x16", "001705", f.now_us);
    cr_assert_eq(device_state(f.device), DEVICE_SYNCING);
    SENT(ERRORS);
}

Test(device, a_pin_changed_during_a_read_is_not_overtaken_by_the_map) {
    to_ready("(@),(@)\n");
    device_read_map(f.device, f.now_us);
    SENT(READ);
    device_set_pin(f.device, "N-VST-16x16", "9", f.now_us);
    cr_assert_eq(device_state(f.device), DEVICE_MISMATCH);
    say("(@1),(@17)\n");
    cr_assert_eq(device_state(f.device), DEVICE_MISMATCH);
    cr_assert_eq(f.maps, 1);
    SENT("");
}

Test(device, the_same_pin_again_changes_nothing) {
    to_ready("(@),(@)\n");
    device_set_pin(f.device, "N-VST-16x16", "001705", f.now_us);
    cr_assert_eq(device_state(f.device), DEVICE_READY);
    SENT("");
}

Test(device, a_change_removes_adds_waits_and_reads_back) {
    struct device_pair remove[] = {{1, 3}, {2, 2}}, add[] = {{1, 2}, {4, 3}};
    int64_t first_us, last_us;
    to_ready("(@1,2),(@19,18)\n");
    cr_assert_eq(device_apply(f.device, remove, 2, add, 2, f.now_us), DEVICE_APPLY_STARTED);
    cr_assert(device_is_changing(f.device));
    SENT(":oxc:swit:conn:sub (@1,2),(@19,18);:oxc:swit:conn:add (@1,4),(@18,19);*opc?\n");
    pass(SECOND);
    SENT("");
    say("1\n");
    pass(GUARD - 1);
    SENT("");
    pass(1);
    SENT(VERIFY);
    f.now_us += 5;
    say("(@1,4),(@18,19);" NO_ERROR);
    cr_assert_eq(f.changes, 1);
    cr_assert_eq(f.result, DEVICE_DONE);
    cr_assert_eq(f.maps, 2);
    cr_assert_eq(f.map[4], 3);
    device_last_change_us(f.device, &first_us, &last_us);
    cr_assert_eq(last_us - first_us, SECOND + GUARD + 5);
    cr_assert_str_eq(device_change_error(f.device), "");
    SENT("");
}

static void change_to_verify(void) {
    cr_assert_eq(device_apply(f.device, NULL, 0, &one, 1, f.now_us), DEVICE_APPLY_STARTED);
    SENT(":oxc:swit:conn:add (@1),(@18);*opc?\n");
    say("1\n");
    pass(GUARD);
    SENT(VERIFY);
}

Test(device, a_change_that_is_not_there_is_partial) {
    to_ready("(@),(@)\n");
    change_to_verify();
    say("(@),(@)\n" NO_ERROR);
    cr_assert_eq(f.changes, 1);
    cr_assert_eq(f.result, DEVICE_PARTIAL);
    cr_assert_eq(device_state(f.device), DEVICE_READY);
}

Test(device, a_removed_circuit_that_is_still_there_is_partial) {
    to_ready("(@1),(@18)\n");
    cr_assert_eq(device_apply(f.device, &one, 1, NULL, 0, f.now_us), DEVICE_APPLY_STARTED);
    SENT(":oxc:swit:conn:sub (@1),(@18);*opc?\n");
    say("1\n");
    pass(GUARD);
    say("(@1),(@18)\n" NO_ERROR);
    cr_assert_eq(f.result, DEVICE_PARTIAL);
}

Test(device, an_error_makes_a_change_partial_and_the_queue_is_emptied) {
    to_ready("(@),(@)\n");
    change_to_verify();
    say("(@1),(@18)\n-222,\"Data out of range\"\n");
    cr_assert_eq(f.changes, 0);
    SENT(ERRORS);
    say("-240,\"Hardware error\"\n");
    SENT(ERRORS);
    say(NO_ERROR);
    cr_assert_eq(f.changes, 1);
    cr_assert_eq(f.result, DEVICE_PARTIAL);
    cr_assert_eq(f.map[1], 2);
    cr_assert_str_eq(device_change_error(f.device), "-222,\"Data out of range\"");
    change_to_verify();
    say("(@1),(@18)\n" NO_ERROR);
    cr_assert_eq(f.result, DEVICE_DONE);
    cr_assert_str_eq(device_change_error(f.device), "");
}

Test(device, no_change_begins_inside_on_map_but_one_may_in_on_change_done) {
    to_ready("(@),(@)\n");
    f.apply_in_map = f.apply_in_done = true;
    change_to_verify();
    say("(@1),(@18)\n" NO_ERROR);
    cr_assert_eq(f.changes, 1);
    cr_assert_eq(f.result, DEVICE_DONE);
    SENT(":oxc:swit:conn:add (@1),(@18);*opc?\n");
    say("1\n");
    pass(GUARD);
    SENT(VERIFY);
    say("(@),(@)\n" NO_ERROR);
    cr_assert_eq(f.changes, 2);
    cr_assert_eq(f.result, DEVICE_PARTIAL);
}

/* Reads one command "sub (@1,2),(@17,18);" and gives its number of pairs. */
static unsigned count_pairs(const char *command) {
    unsigned n = 1;
    for (const char *c = command; *c != ')'; c++)
        n += *c == ',';
    return n;
}

Test(device, lines_are_bounded_and_no_addition_comes_before_the_last_removal) {
    struct device_config with = config();
    struct device_pair remove[300], add[300];
    with.ports_a = with.ports_b = 320;
    begin_with(&with);
    for (uint16_t i = 0; i < 300; i++) {
        remove[i] = (struct device_pair){(uint16_t)(i + 1), (uint16_t)(i + 1)};
        add[i] = (struct device_pair){(uint16_t)(i + 1), (uint16_t)(320 - i)};
    }
    connect_now();
    say("Polatis,N-VST-16x16,001705,6.5.1.7\n320,320\n" NO_ERROR);
    lost("more answers than were asked for");
    connect_now();
    say("Polatis,N-VST-16x16,001705,6.5.1.7\n320,320\n");
    say(NO_ERROR);
    say("(@),(@)\n");
    f.sent[0] = '\0';
    cr_assert_eq(device_apply(f.device, remove, 300, add, 300, f.now_us), DEVICE_APPLY_STARTED);
    unsigned removed = 0, added = 0, lines = 0;
    while (!strstr(f.sent, "stat?")) {
        unsigned in_line = 0;
        lines++;
        for (char *save, *part = strtok_r(f.sent, ";", &save); part; part = strtok_r(NULL, ";", &save)) {
            char *pairs = strchr(part, '@');
            if (!pairs) {
                cr_assert_str_eq(part, "*opc?\n");
                continue;
            }
            unsigned n = count_pairs(pairs);
            in_line += n;
            if (!strncmp(part, ":oxc:swit:conn:sub ", 19)) {
                cr_assert_eq(added, 0);
                removed += n;
            } else {
                cr_assert(!strncmp(part, ":oxc:swit:conn:add ", 19));
                cr_assert_eq(removed, 300);
                added += n;
            }
        }
        cr_assert_leq(in_line, 128);
        f.sent[0] = '\0';
        say("1\n");
        if (added == 300)
            pass(GUARD);
    }
    cr_assert_eq(removed, 300);
    cr_assert_eq(added, 300);
    cr_assert_eq(lines, 5);
}

Test(device, a_bad_change_sends_nothing) {
    struct device_pair twice_a[] = {{1, 1}, {1, 2}}, twice_b[] = {{1, 1}, {2, 1}};
    static const struct device_pair bad[] = {{0, 1}, {17, 1}, {1, 0}, {1, 17}};
    cr_assert_eq(device_apply(f.device, NULL, 0, &one, 1, f.now_us), DEVICE_APPLY_NOT_READY);
    to_ready("(@),(@)\n");
    cr_assert_eq(device_apply(f.device, NULL, 0, NULL, 0, f.now_us), DEVICE_APPLY_EMPTY);
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(device_apply(f.device, NULL, 0, &bad[i], 1, f.now_us), DEVICE_APPLY_BAD_PORT);
        cr_assert_eq(device_apply(f.device, &bad[i], 1, NULL, 0, f.now_us), DEVICE_APPLY_BAD_PORT);
    }
    cr_assert_eq(device_apply(f.device, twice_a, 2, NULL, 0, f.now_us), DEVICE_APPLY_DUPLICATE);
    cr_assert_eq(device_apply(f.device, NULL, 0, twice_b, 2, f.now_us), DEVICE_APPLY_DUPLICATE);
    SENT("");
    cr_assert_eq(device_apply(f.device, NULL, 0, &one, 1, f.now_us), DEVICE_APPLY_STARTED);
    cr_assert_eq(device_apply(f.device, NULL, 0, &one, 1, f.now_us), DEVICE_APPLY_BUSY);
}

Test(device, reads_asked_for_during_a_read_or_a_change_are_joined) {
    to_ready("(@),(@)\n");
    device_read_map(f.device, f.now_us);
    SENT(READ);
    cr_assert_eq(device_apply(f.device, NULL, 0, &one, 1, f.now_us), DEVICE_APPLY_BUSY);
    say("(@),(@)\n");
    SENT("");
    change_to_verify();
    device_read_map(f.device, f.now_us);
    SENT("");
    say("(@1),(@18)\n" NO_ERROR);
    SENT(READ);
}

static void lose_in_change(void) {
    cr_assert_eq(device_apply(f.device, NULL, 0, &one, 1, f.now_us), DEVICE_APPLY_STARTED);
    f.sent[0] = '\0';
    device_on_closed(f.device, "gone", f.now_us);
    cr_assert_eq(f.changes, 1);
    cr_assert_eq(f.result, DEVICE_LOST);
}

static void to_first_read(void) {
    connect_now();
    say(WHO);
    SENT(ERRORS);
    say(NO_ERROR);
    SENT(READ);
}

Test(device, after_a_lost_change_two_equal_reads_a_guard_time_apart_are_needed) {
    to_ready("(@),(@)\n");
    lose_in_change();
    to_first_read();
    say("(@),(@)\n");
    cr_assert_eq(device_state(f.device), DEVICE_SYNCING);
    cr_assert_eq(f.maps, 1);
    cr_assert_eq(device_apply(f.device, NULL, 0, &one, 1, f.now_us), DEVICE_APPLY_NOT_READY);
    pass(LATE_GUARD - 1);
    SENT("");
    pass(1);
    SENT(READ);
    /* It came late, after all: the two differ, so a third must confirm the second. */
    say("(@1),(@18)\n");
    cr_assert_eq(f.maps, 1);
    pass(LATE_GUARD - 1);
    SENT("");
    pass(1);
    SENT(READ);
    say("(@1),(@18)\n");
    cr_assert_eq(device_state(f.device), DEVICE_READY);
    cr_assert_eq(f.maps, 2);
    cr_assert_eq(f.map[1], 2);
    device_read_map(f.device, f.now_us);
    SENT(READ);
    say("(@),(@)\n");
    cr_assert_eq(f.maps, 3);
}

/* A port that is disabled late takes the light from a circuit that was made meanwhile. */
Test(device, after_lost_port_commands_two_equal_reads_are_needed_too) {
    static const uint16_t ports[] = {3};
    to_ready("(@),(@)\n");
    cr_assert_eq(device_set_ports(f.device, false, ports, 1, false, f.now_us), DEVICE_APPLY_STARTED);
    f.sent[0] = '\0';
    device_on_closed(f.device, "gone", f.now_us);
    to_first_read();
    say("(@),(@)\n");
    cr_assert_eq(f.maps, 1);
    cr_assert_eq(device_state(f.device), DEVICE_SYNCING);
    pass(LATE_GUARD);
    SENT(READ);
    say("(@),(@)\n");
    cr_assert_eq(f.maps, 2);
    cr_assert_eq(device_state(f.device), DEVICE_READY);
}

Test(device, a_session_lost_between_the_two_reads_starts_over) {
    to_ready("(@),(@)\n");
    lose_in_change();
    to_first_read();
    say("(@),(@)\n");
    device_on_closed(f.device, "gone", f.now_us);
    to_first_read();
    say("(@),(@)\n");
    cr_assert_eq(f.maps, 1);
    cr_assert_eq(device_state(f.device), DEVICE_SYNCING);
}

Test(device, an_owner_can_say_that_an_earlier_run_left_a_change) {
    struct device_config with = config();
    with.late_change_possible = true;
    begin_with(&with);
    to_first_read();
    say("(@),(@)\n");
    cr_assert_eq(f.maps, 0);
    pass(LATE_GUARD);
    SENT(READ);
    say("(@),(@)\n");
    cr_assert_eq(f.maps, 1);
}

Test(device, an_unanswered_change_is_lost_after_its_time) {
    to_ready("(@),(@)\n");
    cr_assert_eq(device_apply(f.device, NULL, 0, &one, 1, f.now_us), DEVICE_APPLY_STARTED);
    f.sent[0] = '\0';
    pass(5 * SECOND - 1);
    cr_assert_eq(f.changes, 0);
    f.now_us++;
    device_advance(f.device, f.now_us);
    lost("no answer in time");
    cr_assert_eq(f.result, DEVICE_LOST);
    to_first_read();
    say("(@),(@)\n");
    cr_assert_eq(device_state(f.device), DEVICE_SYNCING);
}

/* A doubled "1" can be taken for the answer to the next line; the real one then gives it away. */
Test(device, a_doubled_answer_to_a_line_of_a_change_leads_to_two_reads) {
    struct device_config with = config();
    struct device_pair add[200];
    with.ports_a = with.ports_b = 320;
    begin_with(&with);
    connect_now();
    say("Polatis,N-VST-16x16,001705,6.5.1.7\n320,320\n");
    say(NO_ERROR);
    say("(@),(@)\n");
    for (uint16_t i = 0; i < 200; i++)
        add[i] = (struct device_pair){(uint16_t)(i + 1), (uint16_t)(i + 1)};
    cr_assert_eq(device_apply(f.device, NULL, 0, add, 200, f.now_us), DEVICE_APPLY_STARTED);
    say("1\n");
    say("1\n");
    say("1\n");
    lost("an answer that nobody asked for");
    cr_assert_eq(f.result, DEVICE_LOST);
    connect_now();
    say("Polatis,N-VST-16x16,001705,6.5.1.7\n320,320\n");
    say(NO_ERROR);
    say("(@),(@)\n");
    cr_assert_eq(f.maps, 1);
    cr_assert_eq(device_state(f.device), DEVICE_SYNCING);
}

static const struct {
    const char *map, *cause;
} bad_maps[] = {
    {"(@1,2),(@17,1\n", "an answer that makes no sense"},       /* cut short */
    {"(@1,2),(@17)\n", "an answer that makes no sense"},        /* lengths differ */
    {"(@1,1),(@17,18)\n", "an answer that makes no sense"},     /* a port twice */
    {"(@1,2),(@17,17)\n", "an answer that makes no sense"},     /* a port twice */
    {"(@1),(@16)\n", "an answer that makes no sense"},          /* no egress port */
    {"(@17),(@18)\n", "an answer that makes no sense"},         /* no ingress port */
    {"(@1),(@33)\n", "an answer that makes no sense"},          /* beyond the last port */
    {"(@1),(@17)x\n", "an answer that makes no sense"},         /* garbled */
    {"(@1) (@17)\n", "an answer that makes no sense"},          /* garbled */
    {"(@-1),(@17)\n", "an answer that makes no sense"},         /* garbled */
    {"\n", "an answer that makes no sense"},                    /* empty */
    {"\r\n", "an answer that makes no sense"},                  /* empty */
    {";(@),(@)\n", "an answer that makes no sense"},            /* empty and one more */
    {"(@),(@);\n", "more answers than were asked for"},         /* joined with nothing */
    {"(@),(@)\n(@),(@)\n", "more answers than were asked for"}, /* doubled */
    {"(@),(@)\n(@1),(@", "more answers than were asked for"},   /* doubled, the second in pieces */
    {"(@),(@);(@),(@)\n", "more answers than were asked for"},  /* doubled, joined */
};

Test(device, a_bad_map_is_no_map) {
    for (unsigned i = 0; i < sizeof(bad_maps) / sizeof(*bad_maps); i++) {
        to_first_read();
        say(bad_maps[i].map);
        cr_assert_str_eq(device_cause(f.device), bad_maps[i].cause, "map %u", i);
        cr_assert_eq(device_state(f.device), DEVICE_DISCONNECTED);
        cr_assert_eq(f.maps, 0);
    }
    to_first_read();
    device_on_bytes(f.device, "(@1\0),(@17)\n", 12, f.now_us);
    lost("an answer that makes no sense");
}

Test(device, a_bad_answer_to_a_verify_loses_the_change) {
    static const char *const bad[] = {"(@1),(@18)\nOK\n", "(@1),(@18)\n0\n", "(@1,(@18)\n" NO_ERROR,
                                      "1\n" NO_ERROR, "(@1),(@18)\n0,\"No error\n"};
    for (unsigned i = 0; i < 5; i++) {
        to_first_read();
        say("(@),(@)\n");
        pass(SECOND);
        if (!strcmp(f.sent, READ))
            say("(@),(@)\n");
        f.sent[0] = '\0';
        cr_assert_eq(device_state(f.device), DEVICE_READY);
        change_to_verify();
        say(bad[i]);
        lost("an answer that makes no sense");
        cr_assert_eq(f.changes, i + 1);
        cr_assert_eq(f.result, DEVICE_LOST);
    }
}

Test(device, a_wrong_answer_to_a_change_loses_it) {
    to_ready("(@),(@)\n");
    cr_assert_eq(device_apply(f.device, NULL, 0, &one, 1, f.now_us), DEVICE_APPLY_STARTED);
    say("0\n");
    lost("an answer that makes no sense");
    cr_assert_eq(f.result, DEVICE_LOST);
}

Test(device, an_unasked_answer_ends_the_session) {
    to_ready("(@),(@)\n");
    say("(@),(@)\n");
    lost("an answer that nobody asked for");
}

Test(device, an_answer_without_end_ends_the_session) {
    static char much[100000];
    memset(much, 'x', sizeof(much));
    to_first_read();
    device_on_bytes(f.device, much, sizeof(much), f.now_us);
    lost("an answer without end");
}

Test(device, nothing_is_taken_after_the_session_ended) {
    to_ready("(@),(@)\n");
    device_on_closed(f.device, "gone", f.now_us);
    say("(@1),(@17)\n");
    lost("gone");
    cr_assert_eq(f.maps, 1);
}

Test(device, a_connection_must_come_within_its_time) {
    device_advance(f.device, f.now_us);
    pass(3 * SECOND - 1);
    cr_assert_eq(f.closes, 0);
    f.now_us++;
    device_advance(f.device, f.now_us);
    lost("no connection within 3 s");
}

/* What the back-off does, seed by seed: never above 12.5 s, within a quarter of 0.1 s doubled each time. */
Test(device, the_back_off_doubles_with_jitter_and_is_bounded) {
    unsigned different = 0;
    int64_t first_of_seed_0 = 0;
    for (uint64_t seed = 0; seed < 48; seed++) {
        struct device_config with = config();
        with.seed = seed;
        begin_with(&with);
        int64_t expected = 100000;
        for (int attempt = 0; attempt < 12; attempt++) {
            device_advance(f.device, f.now_us);
            cr_assert_eq(f.connects, (unsigned)attempt + 1);
            device_on_closed(f.device, "refused", f.now_us);
            int64_t wait_us = device_next_wakeup_us(f.device) - f.now_us;
            cr_assert_geq(wait_us, expected * 3 / 4);
            cr_assert_leq(wait_us, expected * 5 / 4);
            if (attempt == 0 && seed == 0)
                first_of_seed_0 = wait_us;
            different += attempt == 0 && wait_us != first_of_seed_0;
            f.now_us += wait_us - 1;
            device_advance(f.device, f.now_us);
            cr_assert_eq(f.connects, (unsigned)attempt + 1, "too early");
            f.now_us++;
            expected = expected * 2 > 10 * SECOND ? 10 * SECOND : expected * 2;
        }
    }
    cr_assert_gt(different, 40);
}

Test(device, a_map_resets_the_back_off) {
    for (int i = 0; i < 8; i++) {
        connect_now();
        device_on_closed(f.device, "gone", f.now_us);
    }
    cr_assert_gt(device_next_wakeup_us(f.device) - f.now_us, SECOND);
    to_ready("(@),(@)\n");
    device_on_closed(f.device, "gone", f.now_us);
    cr_assert_leq(device_next_wakeup_us(f.device) - f.now_us, 125000);
}

Test(device, a_new_address_ends_the_session_and_is_tried_at_once) {
    to_ready("(@),(@)\n");
    cr_assert_eq(device_apply(f.device, NULL, 0, &one, 1, f.now_us), DEVICE_APPLY_STARTED);
    device_set_address(f.device, "127.0.0.1:5026", f.now_us);
    lost("the address was changed");
    cr_assert_eq(f.result, DEVICE_LOST);
    cr_assert_str_eq(device_identity(f.device)->serial, "");
    cr_assert_eq(device_next_wakeup_us(f.device), f.now_us);
    device_set_address(f.device, "", f.now_us);
    lost("no address");
    cr_assert_eq(device_next_wakeup_us(f.device), INT64_MAX);
    pass(100 * (int64_t)SECOND);
    cr_assert_eq(f.connects, 1);
}

Test(device, a_held_switch_is_not_connected_until_it_may_be) {
    to_ready("(@),(@)\n");
    device_hold(f.device, "the management link is down", f.now_us);
    lost("the management link is down");
    cr_assert_eq(device_next_wakeup_us(f.device), INT64_MAX);
    pass(100 * (int64_t)SECOND);
    cr_assert_eq(f.connects, 1);
    device_retry_at(f.device, f.now_us);
    cr_assert_eq(device_next_wakeup_us(f.device), f.now_us);
    pass(1);
    cr_assert_eq(f.connects, 2);
}

#define POWER ":pmon:pow? (@18,20)\n" ERRORS
static const uint16_t metered[] = {2, 4};

static void ask_power(void) {
    cr_assert_eq(device_read_power(f.device, metered, 2, f.now_us), DEVICE_APPLY_STARTED);
    SENT(POWER);
}

Test(device, power_is_read_in_one_go) {
    to_ready("(@),(@)\n");
    ask_power();
    cr_assert_eq(device_read_power(f.device, metered, 2, f.now_us), DEVICE_APPLY_BUSY);
    cr_assert_eq(device_apply(f.device, NULL, 0, &one, 1, f.now_us), DEVICE_APPLY_BUSY);
    say("(-1.25,3.00)\n");
    cr_assert_eq(f.readings, 0);
    say(NO_ERROR);
    cr_assert_eq(f.readings, 1);
    cr_assert_eq(f.n_power, 2);
    cr_assert_eq(f.power_mdbm[0], -1250);
    cr_assert_eq(f.power_mdbm[1], 3000);
    cr_assert(device_has_meters(f.device));
    cr_assert_eq(device_apply(f.device, NULL, 0, &one, 1, f.now_us), DEVICE_APPLY_STARTED);
}

/* An error, with or without the rest of its line, or nothing at all. */
Test(device, a_switch_without_meters_is_asked_once_in_a_session) {
    static const char *const answers[] = {"-241,\"Hardware missing\"\n", NO_ERROR};
    for (unsigned i = 0; i < 2; i++) {
        begin();
        to_ready("(@),(@)\n");
        ask_power();
        say(answers[i]);
        cr_assert_eq(f.readings, 1);
        cr_assert_eq(f.n_power, 0);
        if (i == 0) {
            SENT(ERRORS);
            say(NO_ERROR);
        }
        cr_assert(!device_has_meters(f.device));
        cr_assert_eq(device_read_power(f.device, metered, 2, f.now_us), DEVICE_APPLY_NOT_READY);
        cr_assert_eq(device_state(f.device), DEVICE_READY);
        device_on_closed(f.device, "gone", f.now_us);
        f.sent[0] = '\0';
        connect_now();
        cr_assert(device_has_meters(f.device), "asked anew in another session");
    }
}

Test(device, a_meter_that_never_answers_costs_two_sessions) {
    for (unsigned i = 0; i < 2; i++) {
        to_ready("(@),(@)\n");
        ask_power();
        pass(5 * (int64_t)SECOND);
        lost("no answer in time");
        cr_assert_eq(f.readings, 0);
    }
    connect_now();
    say(WHO);
    SENT(ERRORS);
    say(NO_ERROR);
    SENT(READ);
    say("(@),(@)\n");
    cr_assert_eq(device_read_power(f.device, metered, 2, f.now_us), DEVICE_APPLY_NOT_READY);
    device_set_pin(f.device, "N-VST-16x16", "other", f.now_us);
    cr_assert(device_has_meters(f.device), "another unit has other meters");
}

Test(device, a_garbled_reading_ends_the_session) {
    static const char *const bad[] = {"(-1.25)\n" NO_ERROR, "(-1.25,x)\n" NO_ERROR,
                                      "(-1.25,3.00)\n(-1.25,3.00)\n", "x-1.25,3.00)\n" NO_ERROR,
                                      "(-1.25,3.00)\n" NO_ERROR NO_ERROR};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        begin();
        to_ready("(@),(@)\n");
        ask_power();
        say(bad[i]);
        cr_assert_eq(device_state(f.device), DEVICE_DISCONNECTED, "%s", bad[i]);
        f.sent[0] = '\0';
    }
}

Test(device, power_of_ports_that_are_not_there_is_not_asked) {
    uint16_t ports[DEVICE_METERED_MAX + 1] = {0};
    cr_assert_eq(device_read_power(f.device, metered, 2, f.now_us), DEVICE_APPLY_NOT_READY);
    to_ready("(@),(@)\n");
    cr_assert_eq(device_read_power(f.device, ports, 1, f.now_us), DEVICE_APPLY_BAD_PORT);
    ports[0] = 17;
    cr_assert_eq(device_read_power(f.device, ports, 1, f.now_us), DEVICE_APPLY_BAD_PORT);
    cr_assert_eq(device_read_power(f.device, ports, 0, f.now_us), DEVICE_APPLY_EMPTY);
    cr_assert_eq(device_read_power(f.device, ports, DEVICE_METERED_MAX + 1, f.now_us), DEVICE_APPLY_BAD_PORT);
    SENT("");
}
