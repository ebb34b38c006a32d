/* The emulated switch's side of SCPI: every request of the dialect, every selectable behaviour, every fault
 * of a session. */
#include "test_sim_fixture.h"
#include <stdlib.h>
#include <time.h>

static struct session_log wire;

static void up(void) {
    plant_up();
    session_up(&wire, ocs("ocs-x-05"));
}

static void down(void) {
    session_down(&wire);
    plant_down();
}

TestSuite(sim_scpi, .init = up, .fini = down);

static void expect(const char *line, const char *answer) {
    const char *got = ask(&wire, line);

    cr_expect_str_eq(got, answer, "%s answered '%s'", line, got);
}

#define ADD(a, b) ":oxc:swit:conn:add " a "," b
#define STAT ":oxc:swit:conn:stat?"
#define ERR ":syst:err?"

/* Each row goes on with the switch that the row before left. */
Test(sim_scpi, answers_every_request_of_the_dialect) {
    static const char *const rows[][2] = {
        {"*idn?", "Polatis,N-VST-8x8-LA1-DMHNV-701,SIM-pod-ocs-x-05,6.5.1.7\n"},
        {"*IDN?", "Polatis,N-VST-8x8-LA1-DMHNV-701,SIM-pod-ocs-x-05,6.5.1.7\n"},
        {":oxc:swit:size?", "8,8\n"},
        {"OXC:SWITCH:SIZE?\r", "8,8\n"},
        {STAT, "(@),(@)\n"},
        {":oxc:swit:conn:port? 2", "\"\"\n"},
        {ADD("(@1,2,3)", "(@11,10,14)"), ""},
        {"*opc?", "1\n"},
        {STAT, "(@1,2,3),(@11,10,14)\n"},
        {":Oxc:Switch:Connect:State?", "(@1,2,3),(@11,10,14)\n"},
        {":oxc:swit:conn:port? 2", "\"10\"\n"},
        {":oxc:swit:conn:port? 14", "\"3\"\n"},
        {":oxc:swit:conn:port? 16", "\"\"\n"},
        {ADD("(@4)", "(@9)") ";*opc?;" STAT, "1;(@1,2,3,4),(@11,10,14,9)\n"},
        {":oxc:swit:conn:sub (@1),(@11)", ""},
        {STAT, "(@2,3,4),(@10,14,9)\n"},
        {":oxc:swit:conn:sub (@2,3),(@)", ""},
        {STAT, "(@4),(@9)\n"},
        {":oxc:swit:conn:sub (@),(@9);*opc?", "1\n"},
        {STAT, "(@),(@)\n"},
        {ADD("(@1:3)", "(@14,9:10)"), ""},
        {STAT, "(@1,2,3),(@14,9,10)\n"},
        {":oxc:swit:conn:only (@1,5),(@14,16)", ""},
        {STAT, "(@1,5),(@14,16)\n"},
        {ADD(" ( @ 6 , 7 ) ", " ( @ 9 , 10 ) "), ""},
        {STAT, "(@1,5,6,7),(@14,16,9,10)\n"},
        {":oxc:swit:disc:all", ""},
        {":OXC:SWITCH:DISCONNECT:ALL;:oxc:swit:conn:stat?", "(@),(@)\n"},
        {":oxc:swit:port:stat? (@2,4,6)", "(E,E,E)\n"},
        {":oxc:swit:port:dis (@2,4)", ""},
        {":oxc:swit:port:stat? (@2,4,6)", "(D,D,E)\n"},
        {":oxc:swit:port:enab (@2)", ""},
        {":oxc:swit:port:stat? (@2,4,6)", "(E,D,E)\n"},
        {":oxc:swit:port:enab (@4)", ""},
        {ERR, "0,\"No error\"\n"},
        {":pmon:pow? (@9,10)", "(-50.00,-50.00)\n"},
        {":foo:bar?", ""},
        {"*stb?", "4\n"},
        {ERR, "-113,\"Undefined header\"\n"},
        {ERR, "0,\"No error\"\n"},
        {"*stb?", "0\n"},
        {ADD("(@1)", "(@8)"), ""},
        {ADD("(@9)", "(@10)"), ""},
        {ADD("(@0)", "(@10)"), ""},
        {ADD("(@1)", "(@17)"), ""},
        {ADD("(@1,2)", "(@9)"), ""},
        {ADD("(@1,1)", "(@9,10)"), ""},
        {ADD("(@1,2)", "(@9,9)"), ""},
        {":oxc:swit:conn:add (@1)", ""},
        {":oxc:swit:conn:add", ""},
        {":oxc:swit:conn:add 1,9", ""},
        {"*idn? 1", ""},
        {STAT, "(@),(@)\n"},
        {":syst:err:all?", "-222,\"Data out of range\",-222,\"Data out of range\",-222,\"Data out of range\","
                           "-222,\"Data out of range\",-220,\"Parameter error\",-221,\"Settings "
                           "conflict\",-221,\"Settings conflict\","
                           "-109,\"Missing parameter\",-109,\"Missing parameter\",-102,\"Syntax error\","
                           "-108,\"Parameter not allowed\"\n"},
        {":syst:err:all?", "0,\"No error\"\n"},
        {":oxc:switc:size?;:ox:swit:size?;:oxc:swit:sizes?;:oxc:swit?;:syst:err:all?",
         "-113,\"Undefined header\",-113,\"Undefined header\",-113,\"Undefined header\",-113,\"Undefined "
         "header\"\n"},
        {":foo?;*cls;" ERR, "0,\"No error\"\n"},
        {ADD("(@1)", "(@9)") ";:oxc:swit:port:dis (@3)", ""},
        {"*rst;*opc?;" STAT ";:oxc:swit:port:stat? (@3)", "1;(@),(@);(E)\n"},
        /* Without a colon after ';' the header goes on at the node before (SCPI-99). */
        {":oxc:swit:conn:add (@1),(@9);stat?;:oxc:swit:size?", "(@1),(@9);8,8\n"},
        {":oxc:swit:conn:stat?;oxc:swit:size?;" ERR, "(@1),(@9);-113,\"Undefined header\"\n"},
        {":oxc:swit:conn:stat?;*stb?;port? 1", "(@1),(@9);0;\"9\"\n"},
        {"", ""},
        {";;", ""},
        {":", ""},
        {ERR, "-102,\"Syntax error\"\n"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(rows[i][0], rows[i][1]);
}

Test(sim_scpi, opc_answers_when_the_slowest_mirror_rests_and_holds_up_nobody_else) {
    struct session_log other;
    int64_t start_us = now_us, wakeup_us;

    session_up(&other, wire.session.sw);
    cr_expect_str_eq(say(&wire, ADD("(@1,2,3,4)", "(@9,10,11,12)") ";*opc?\n"), "");
    wakeup_us = scpi_next_wakeup_us(&wire.session);
    cr_expect_geq(wakeup_us, start_us + 10000);
    cr_expect_leq(wakeup_us, start_us + 20000);
    cr_expect_str_eq(say(&other, STAT "\n"), "(@1,2,3,4),(@9,10,11,12)\n");
    now_us = wakeup_us - 1;
    scpi_run(&wire.session, now_us);
    cr_expect_str_eq(wire.answer.data, "");
    now_us = wakeup_us;
    scpi_run(&wire.session, now_us);
    cr_expect_str_eq(wire.answer.data, "1\n");
    for (uint32_t a = 1; a <= 4; a++)
        cr_expect(sim_switch_carries(wire.session.sw, a, now_us));
    cr_expect_str_eq(wire.journal.data,
                     ":oxc:swit:conn:add (@1,2,3,4),(@9,10,11,12);*opc?|1:0>1 2:0>2 3:0>3 4:0>4|-\n"
                     "||1\n");
    session_down(&other);
}

Test(sim_scpi, settle_times_fill_the_range_and_are_never_zero) {
    int64_t low = INT64_MAX, high = 0;

    set("ocs-x-05", "settle-min-us=1");
    set("ocs-x-05", "settle-max-us=8");
    for (int i = 0; i < 1000; i++) {
        int64_t start_us = now_us, took_us;

        ask(&wire, i % 2 ? ":oxc:swit:conn:sub (@1),(@9);*opc?" : ADD("(@1)", "(@9)") ";*opc?");
        took_us = now_us - start_us;
        low = took_us < low ? took_us : low;
        high = took_us > high ? took_us : high;
    }
    cr_expect_eq(low, 1);
    cr_expect_eq(high, 8);
}

Test(sim_scpi, a_circuit_that_is_there_does_not_move) {
    expect(ADD("(@1)", "(@9)") ";*opc?", "1\n");
    text_clear(&wire.journal);
    expect(ADD("(@1,2)", "(@9,10)") ";*opc?", "1\n");
    expect(":oxc:swit:conn:only (@1,2),(@9,10)", "");
    cr_expect_str_eq(wire.journal.data, ":oxc:swit:conn:add (@1,2),(@9,10);*opc?|2:0>2|-\n||1\n"
                                        ":oxc:swit:conn:only (@1,2),(@9,10)||-\n");
}

Test(sim_scpi, add_on_a_used_port) {
    expect(ADD("(@1,2)", "(@9,10)"), "");
    text_clear(&wire.journal);
    expect(ADD("(@1)", "(@10)") ";" STAT, "(@1),(@10)\n");
    cr_expect_str_eq(wire.journal.data,
                     ":oxc:swit:conn:add (@1),(@10);:oxc:swit:conn:stat?|2:2>0 1:1>2|(@1),(@10)\n");
    set("ocs-x-05", "add-on-used=refuses");
    expect(ADD("(@1)", "(@9)") ";" STAT ";" ERR, "(@1),(@10);-221,\"Settings conflict\"\n");
    expect(ADD("(@2)", "(@10)") ";" STAT ";" ERR, "(@1),(@10);-221,\"Settings conflict\"\n");
    expect(ADD("(@1)", "(@10)") ";" STAT ";" ERR, "(@1),(@10);0,\"No error\"\n");
}

Test(sim_scpi, one_bad_pair_in_a_list) {
    expect(ADD("(@1,9)", "(@9,10)") ";" STAT ";" ERR, "(@),(@);-222,\"Data out of range\"\n");
    set("ocs-x-05", "bad-pair=applies-rest");
    expect(ADD("(@1,9)", "(@9,10)") ";" STAT ";" ERR, "(@1),(@9);-222,\"Data out of range\"\n");
    expect(":oxc:swit:conn:sub (@7,1),(@15,9);" STAT ";" ERR, "(@),(@);-221,\"Settings conflict\"\n");
}

Test(sim_scpi, an_error_may_drop_the_rest_of_its_line) {
    expect(":foo?;*opc?", "1\n");
    set("ocs-x-05", "error-drops-line=yes");
    expect(":foo?;*opc?", "");
    expect("*opc?;:foo?;*opc?", "1\n");
}

Test(sim_scpi, sub_of_a_pair_that_is_not_connected_as_named) {
    static const char line[] = ":oxc:swit:conn:sub (@1),(@10);" STAT ";" ERR;

    expect(ADD("(@1,2)", "(@9,10)"), "");
    expect(line, "(@1,2),(@9,10);-221,\"Settings conflict\"\n");
    set("ocs-x-05", "sub-unmatched=ignore");
    expect(line, "(@1,2),(@9,10);0,\"No error\"\n");
    set("ocs-x-05", "sub-unmatched=disconnect");
    expect(line, "(@),(@);0,\"No error\"\n");
}

Test(sim_scpi, port_ranges_may_be_unknown) {
    set("ocs-x-05", "port-ranges=no");
    expect(ADD("(@1:2)", "(@9:10)") ";" STAT ";" ERR, "(@),(@);-103,\"Invalid separator\"\n");
}

Test(sim_scpi, the_error_queue_is_bounded_and_private_or_shared) {
    struct session_log other;

    session_up(&other, wire.session.sw);
    set("ocs-x-05", "error-queue-depth=2");
    expect(":a?;:b?;:c?;:syst:err:all?", "-113,\"Undefined header\",-350,\"Queue overflow\"\n");
    expect(":a?", "");
    cr_expect_str_eq(ask(&other, ERR), "0,\"No error\"\n");
    set("ocs-x-05", "error-queue=shared");
    expect(":a?", "");
    cr_expect_str_eq(ask(&other, ERR), "-113,\"Undefined header\"\n");
    expect(ERR, "0,\"No error\"\n");
    session_down(&other);
}

Test(sim_scpi, stat_shows_the_commanded_or_the_settled_map) {
    cr_expect_str_eq(say(&wire, ADD("(@1)", "(@9)") ";" STAT "\n"), "(@1),(@9)\n");
    set("ocs-x-05", "stat=settled");
    cr_expect_str_eq(say(&wire, STAT ";:oxc:swit:conn:port? 1\n"), "(@),(@);\"\"\n");
    expect("*opc?;" STAT, "1;(@1),(@9)\n");
}

Test(sim_scpi, answers_of_a_line_may_come_line_by_line) {
    set("ocs-x-05", "answers=lines");
    expect(":oxc:swit:size?;*opc?;" STAT, "8,8\n1\n(@),(@)\n");
}

Test(sim_scpi, power_meters) {
    set("cube-00/+x/5", "transmit-mdbm=1000");
    expect(ADD("(@1)", "(@10)") ";:pmon:pow? (@10)", "(-50.00)\n");
    ask(&wire, "*opc?;:pmon:pow? (@10)");
    cr_expect_geq(strtod(wire.answer.data + strlen("1;("), NULL), 1.0 - 2.0, "%s", wire.answer.data);
    cr_expect_leq(strtod(wire.answer.data + strlen("1;("), NULL), 1.0 - 0.6, "%s", wire.answer.data);
    expect(":pmon:pow? (@1);" ERR, "-241,\"Hardware missing\"\n");
    expect(":pmon:pow? (@17);" ERR, "-222,\"Data out of range\"\n");
    set("ocs-x-05", "meters=both");
    expect(":pmon:pow? (@1)", "(1.00)\n");
    set("ocs-x-05", "meters=none");
    expect(":pmon:pow? (@10);" ERR, "-241,\"Hardware missing\"\n");
    set("ocs-x-05", "meters=silent");
    expect(":pmon:pow? (@10);" ERR, "0,\"No error\"\n");
}

Test(sim_scpi, at_most_256_ports_a_power_query) {
    struct text line = {0};

    text_add(&line, ":pmon:pow? (@9");
    for (int i = 1; i < 256; i++)
        text_add(&line, ",9");
    text_add(&line, ");");
    text_add(&line, ERR);
    ask(&wire, line.data);
    cr_expect(strstr(wire.answer.data, "No error"), "%s", wire.answer.data);
    line.len = line.len - strlen(");" ERR);
    text_add(&line, ",9);" ERR);
    expect(line.data, "-223,\"Too much data\"\n");
    text_deinit(&line);
}

Test(sim_scpi, a_failed_port_refuses_or_accepts) {
    set_failed("port", "ocs-x-05/B2", true);
    expect(":oxc:swit:port:stat? (@1,10)", "(E,F)\n");
    expect(ADD("(@1)", "(@10)") ";" STAT ";" ERR, "(@),(@);-240,\"Hardware error\"\n");
    set("ocs-x-05", "failed-port=accepts");
    expect(ADD("(@1)", "(@10)") ";*opc?;" STAT, "1;(@1),(@10)\n");
    cr_expect_not(sim_switch_carries(wire.session.sw, 1, now_us));
    set_failed("port", "ocs-x-05/B2", false);
    cr_expect(sim_switch_carries(wire.session.sw, 1, now_us));
    expect(":oxc:swit:port:stat? (@1,10)", "(E,E)\n");
}

Test(sim_scpi, power_cycle) {
    struct sim_switch *sw = wire.session.sw;

    expect(ADD("(@1)", "(@9)") ";*opc?", "1\n");
    set("ocs-x-05", "restart=preserved");
    set_failed("ocs", "ocs-x-05", true);
    cr_expect_not(sim_switch_carries(sw, 1, now_us));
    cr_expect_str_eq(say(&wire, "*opc?\n"), "");
    set_failed("ocs", "ocs-x-05", false);
    cr_expect_not(sim_switch_is_up(sw, now_us), "it boots first");
    now_us = sim_switch_advance(sw, now_us);
    cr_expect(sim_switch_is_up(sw, now_us));
    cr_expect_not(sim_switch_carries(sw, 1, now_us), "mirrors have to settle after a restart");
    now_us += 20000;
    cr_expect(sim_switch_carries(sw, 1, now_us));
    scpi_run(&wire.session, now_us);
    expect(STAT, "(@1),(@9)\n");
    set("ocs-x-05", "restart=volatile");
    set_failed("ocs", "ocs-x-05", true);
    set_failed("ocs", "ocs-x-05", false);
    now_us = sw->ready_at_us;
    expect(STAT, "(@),(@)\n");
}

Test(sim_scpi, garbled_truncated_doubled_reset) {
    set("ocs-x-05", "double-percent=100");
    expect(":oxc:swit:size?", "8,8\n8,8\n");
    set("ocs-x-05", "double-percent=0");
    set("ocs-x-05", "truncate-percent=100");
    cr_expect_lt(strlen(ask(&wire, "*idn?")),
                 strlen("Polatis,N-VST-8x8-LA1-DMHNV-701,SIM-pod-ocs-x-05,6.5.1.7\n"));
    cr_expect_eq(wire.answer.data[wire.answer.len - 1], '\n');
    set("ocs-x-05", "truncate-percent=0");
    set("ocs-x-05", "garble-percent=100");
    cr_expect_str_neq(ask(&wire, "*idn?"), "Polatis,N-VST-8x8-LA1-DMHNV-701,SIM-pod-ocs-x-05,6.5.1.7\n");
    cr_expect_eq(wire.answer.len, strlen("Polatis,N-VST-8x8-LA1-DMHNV-701,SIM-pod-ocs-x-05,6.5.1.7\n"));
    set("ocs-x-05", "garble-percent=0");
    set("ocs-x-05", "reset-percent=100");
    expect(":oxc:swit:size?", "8,");
    cr_expect(wire.was_reset);
    expect(":oxc:swit:size?", "");
}

Test(sim_scpi, slow_reads_and_late_answers) {
    int64_t start_us = now_us;

    set("ocs-x-05", "bulk-read-ms=3000");
    expect(":oxc:swit:size?", "8,8\n");
    cr_expect_eq(now_us, start_us);
    expect(STAT, "(@),(@)\n");
    cr_expect_eq(now_us, start_us + 3000000);
    set("ocs-x-05", "bulk-read-ms=0");
    set("ocs-x-05", "answer-delay-ms=500");
    expect(":oxc:swit:size?;*opc?", "8,8;1\n");
    cr_expect_eq(now_us, start_us + 3500000);
    set("ocs-x-05", "answer-delay-ms=0");
    set("ocs-x-05", "reads-wait=yes");
    start_us = now_us;
    expect(ADD("(@1)", "(@9)") ";:oxc:swit:conn:port? 1", "\"9\"\n");
    cr_expect_geq(now_us, start_us + 10000);
}

Test(sim_scpi, frozen_means_nothing_at_all) {
    set("ocs-x-05", "frozen=yes");
    expect("*opc?", "");
    cr_expect_eq(wire.records, 0);
    set("ocs-x-05", "frozen=no");
    text_clear(&wire.answer);
    scpi_run(&wire.session, now_us);
    cr_expect_str_eq(wire.answer.data, "1\n");
}

Test(sim_scpi, a_command_of_a_closed_connection_executes_late) {
    struct session_log other;

    session_up(&other, wire.session.sw);
    set("ocs-x-05", "execute-delay-ms=4000");
    cr_expect_str_eq(say(&wire, ADD("(@1)", "(@9)") ";*opc?\n"), "");
    cr_expect(scpi_close(&wire.session), "it has something to do yet");
    now_us += 3999999;
    scpi_run(&wire.session, now_us);
    cr_expect_str_eq(say(&other, STAT "\n"), "(@),(@)\n");
    now_us += 1;
    scpi_run(&wire.session, now_us);
    cr_expect_str_eq(say(&other, STAT "\n"), "(@1),(@9)\n");
    now_us = scpi_next_wakeup_us(&wire.session);
    scpi_run(&wire.session, now_us);
    cr_expect(scpi_is_idle(&wire.session));
    cr_expect_str_eq(wire.answer.data, "");
    session_down(&other);
}

Test(sim_scpi, closing_drops_what_has_not_begun) {
    say(&wire, ADD("(@1)", "(@9)") ";*opc?\n" ADD("(@2)", "(@10)") "\n");
    cr_expect(scpi_close(&wire.session), "the line in work goes on");
    now_us += 1000000;
    scpi_run(&wire.session, now_us);
    cr_expect(scpi_is_idle(&wire.session));
    cr_expect_eq(wire.session.sw->circuits[1].b, 1);
    cr_expect_eq(wire.session.sw->circuits[2].b, 0);
}

Test(sim_scpi, mirrors_that_do_not_settle_or_not_well_or_not_all) {
    struct sim_switch *sw = wire.session.sw;
    int64_t good_mdb;

    set("ocs-x-05/A1", "settle-fail=yes");
    expect(ADD("(@1,2)", "(@9,10)") ";*opc?", "1\n");
    cr_expect_not(sim_switch_carries(sw, 1, now_us));
    cr_expect(sim_switch_carries(sw, 2, now_us));
    set("ocs-x-05/A1", "settle-fail=no");
    expect(ADD("(@1)", "(@9)") ";*opc?", "1\n");
    cr_expect(sim_switch_carries(sw, 1, now_us), "the same command again moves a mirror that is stuck");
    good_mdb = sim_switch_loss_mdb(sw, 1, now_us);
    expect(":oxc:swit:conn:sub (@1),(@9)", "");
    set("ocs-x-05", "wrong-loss-percent=100");
    expect(ADD("(@1)", "(@9)") ";*opc?", "1\n");
    cr_expect_geq(sim_switch_loss_mdb(sw, 1, now_us), good_mdb + 4900);
    set("ocs-x-05", "batch-share-percent=50");
    expect(ADD("(@3,4,5,6)", "(@11,12,13,14)") ";*opc?;" STAT ";" ERR,
           "1;(@1,2,3,4),(@9,10,11,12);0,\"No error\"\n");
}

Test(sim_scpi, a_rival_is_in_the_map) {
    struct text why = {0};

    cr_assert(sim_rival(&plant, "ocs-x-05", "add", "A3", "B4", now_us, &why), "%s", why.data);
    expect(STAT, "(@3),(@12)\n");
    cr_expect_not(sim_rival(&plant, "ocs-x-05", "sub", "A3", "B5", now_us, &why));
    cr_expect_str_eq(why.data, "pod/ocs-x-05 has no circuit A3-B5");
    cr_assert(sim_rival(&plant, "ocs-x-05", "sub", "A3", "B4", now_us, &why));
    expect(STAT, "(@),(@)\n");
    text_deinit(&why);
}

/* A watcher that takes the power while the command is in work: no answer, but the journal has the moves. */
static void take_power(void *userdata, struct sim_switch *sw) {
    sim_switch_power_off(sw, now_us);
}

Test(sim_scpi, a_power_cut_right_after_a_command_leaves_its_moves_in_the_journal) {
    plant.watcher.command_done = take_power;
    set("ocs-x-05", "restart=preserved");
    cr_expect_str_eq(say(&wire, ADD("(@1)", "(@9)") ";*opc?\n"), "");
    cr_expect_str_eq(wire.journal.data, ":oxc:swit:conn:add (@1),(@9);*opc?|1:0>1|-\n");
}

Test(sim_scpi, a_line_that_is_too_long_is_dropped_and_the_next_one_is_not) {
    static char chunk[SCPI_MAX_INPUT];

    memset(chunk, 'x', sizeof(chunk));
    for (int i = 0; i < 100; i++) {
        size_t room = scpi_room(&wire.session);

        cr_assert_gt(room, 0);
        scpi_receive(&wire.session, chunk, room, now_us);
    }
    expect("", "");
    expect(":oxc:swit:size?;" ERR, "8,8;-363,\"Input buffer overrun\"\n");
    expect(ERR, "0,\"No error\"\n");
}

static uint64_t seed_of_run(void) {
    const char *wish = getenv("HELIOSTAT_SEED");
    uint64_t seed = wish ? strtoull(wish, NULL, 10) : (uint64_t)time(NULL);

    fprintf(stderr, "test_sim_scpi: seed %llu (repeat with HELIOSTAT_SEED)\n", (unsigned long long)seed);
    return seed;
}

/* Random commands, right and wrong: the map that the switch shows is the one that its journal's moves make,
 * every port is in at most one circuit, and what the rules say about each command is so. */
Test(sim_scpi, the_journal_accounts_for_the_map) {
    static const char *const behaviours[] = {"add-on-used=refuses",      "add-on-used=takes-over",
                                             "bad-pair=applies-rest",    "bad-pair=refuses-list",
                                             "sub-unmatched=disconnect", "sub-unmatched=ignore",
                                             "batch-share-percent=50",   "batch-share-percent=100",
                                             "settle-fail-percent=20",   "settle-fail-percent=0"};
    struct chance chance = {seed_of_run()};

    for (int round = 0; round < 3000; round++) {
        static const char *const verbs[] = {"add", "add", "sub", "only"};
        struct text line = {0}, shown = {0};
        const char *separator = "(@";

        if (chance_percent(&chance, 5))
            set("ocs-x-05", behaviours[chance_between(&chance, 0, 9)]);
        text_addf(&line, ":oxc:swit:conn:%s ", verbs[chance_between(&chance, 0, 3)]);
        for (int side = 0; side < 2; side++) {
            text_add(&line, side ? ",(@" : "(@");
            for (int i = 0, n = (int)chance_between(&chance, 1, 3); i < n; i++)
                text_addf(&line, "%s%d", i ? "," : "", (int)chance_between(&chance, 0, 9) + 8 * side);
            text_add(&line, ")");
        }
        ask(&wire, line.data);
        for (uint32_t a = 1; a <= 8; a++)
            if (wire.mirror[a]) {
                text_addf(&shown, "%s%u", separator, a);
                separator = ",";
            }
        text_add(&shown, shown.len ? ")," : "(@),");
        separator = "(@";
        for (uint32_t a = 1; a <= 8; a++)
            if (wire.mirror[a]) {
                text_addf(&shown, "%s%u", separator, 8 + wire.mirror[a]);
                separator = ",";
            }
        text_add(&shown, *separator == ',' ? ")\n" : "(@)\n");
        cr_assert_str_eq(ask(&wire, STAT), shown.data, "after %s", line.data);
        for (uint32_t a = 1; a <= 8; a++)
            for (uint32_t b = a + 1; b <= 8; b++)
                cr_assert(!wire.mirror[a] || wire.mirror[a] != wire.mirror[b], "B%u is in two circuits",
                          wire.mirror[a]);
        text_deinit(&line);
        text_deinit(&shown);
    }
}

/* Whatever comes: no crash, and the next line is answered. */
Test(sim_scpi, survives_any_bytes) {
    static const char *const pieces[] = {":oxc:swit:conn:",
                                         "add",
                                         "(@",
                                         ")",
                                         ",",
                                         "1",
                                         "9:12",
                                         ";",
                                         "?",
                                         "*opc?",
                                         "\"",
                                         "\r",
                                         ":",
                                         " ",
                                         "sub",
                                         "stat",
                                         "99999999999",
                                         "\x01",
                                         "\xff",
                                         "pmon:pow?"};
    struct chance chance = {seed_of_run()};

    for (int round = 0; round < 20000; round++) {
        struct text line = {0};

        for (int i = 0, n = (int)chance_between(&chance, 0, 12); i < n; i++)
            text_add(&line, pieces[chance_between(&chance, 0, 19)]);
        text_add(&line, "");
        ask(&wire, line.data);
        text_deinit(&line);
        text_clear(&wire.journal);
    }
    expect("*cls;:oxc:swit:size?", "8,8\n");
}
