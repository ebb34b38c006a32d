/* The argument parser against a small table of its own. */
#include "ctl/arguments.h"
#include <criterion/criterion.h>
#include <string.h>

static int run(struct ctl *ctl) {
    return 0;
}

static const struct ctl_flag grow_flags[] = {
    {"size", 's', CTL_VALUE_NUMBER, "N", .required = true, .help = "Size"},
    {"colour", 0, CTL_VALUE_TEXT, "COLOUR", "red|green", .help = "Colour"},
    {"leaf", 0, CTL_VALUE_LIST, "LEAVES", .help = "Leaves"},
    {"note", 0, CTL_VALUE_TEXT, "TEXT", .repeatable = true, .help = "Notes"},
    {"quiet", 'q', CTL_VALUE_NONE, .help = "Say nothing"},
    {0},
};
static const struct ctl_command tree_commands[] = {
    {"grow",
     "Grow a tree",
     NULL,
     {{"NAME", false, CTL_OBJECT_OTHER, "Name"}, {"PLACE", true, CTL_OBJECT_OTHER, "Place"}},
     grow_flags,
     CTL_FLAGS_WAIT,
     "ascii",
     run},
    {"fell", "Fell a tree", NULL, {{0}}, NULL, 0, NULL, run},
    {0},
};
static const struct ctl_command look_commands[] = {{NULL, "Look", NULL, {{0}}, NULL, 0, NULL, run}, {0}};
static const struct ctl_noun tree = {"tree", "Trees", tree_commands},
                             look = {"look", "Look around", look_commands};
static const struct ctl_noun *const nouns[] = {&tree, &look, NULL};

static struct ctl_arguments arguments;
static char error[256];

#define PARSE(...) parse((char *const[]){"helioctl", __VA_ARGS__, NULL})

static enum ctl_parse parse(char *const *argv) {
    int argc = 0;
    while (argv[argc])
        argc++;
    ctl_arguments_deinit(&arguments);
    error[0] = 0;
    return ctl_parse(nouns, argc, argv, &arguments, error, sizeof(error));
}

static void end(void) {
    ctl_arguments_deinit(&arguments);
}

TestSuite(ctl_arguments, .fini = end);

Test(ctl_arguments, flags_stand_anywhere) {
    cr_assert_eq(PARSE("--socket", "/s", "tree", "-q", "grow", "oak", "--size=3", "hill"), CTL_PARSE_USAGE,
                 "a flag of the command before the command");
    cr_assert_eq(PARSE("--socket", "/s", "tree", "grow", "oak", "-q", "--size=3", "hill", "-ojson"),
                 CTL_PARSE_OK, "%s", error);
    cr_assert_eq(arguments.command, &tree_commands[0]);
    cr_assert_eq(arguments.n_positionals, 2);
    cr_assert_str_eq(arguments.positionals[0], "oak");
    cr_assert_str_eq(arguments.positionals[1], "hill");
    cr_assert_str_eq(ctl_arguments_text(&arguments, "socket"), "/s");
    cr_assert_str_eq(ctl_arguments_text(&arguments, "size"), "3");
    cr_assert_str_eq(ctl_arguments_text(&arguments, "output"), "json");
    cr_assert_not_null(ctl_arguments_text(&arguments, "quiet"));
    cr_assert_null(ctl_arguments_text(&arguments, "colour"));
}

Test(ctl_arguments, a_noun_alone_can_be_the_command) {
    cr_assert_eq(PARSE("look"), CTL_PARSE_OK, "%s", error);
    cr_assert_eq(arguments.command, &look_commands[0]);
    cr_assert_eq(PARSE("look", "up"), CTL_PARSE_USAGE);
    cr_assert_str_eq(error, "unexpected \"up\"");
}

Test(ctl_arguments, what_is_wrong_is_named_with_what_would_be_right) {
    static const struct {
        const char *argv[8];
        const char *error;
    } rows[] = {
        {{"helioctl", "tere"}, "unknown command \"tere\"; did you mean \"tree\"?"},
        {{"helioctl", "xyzzy"}, "unknown command \"xyzzy\""},
        {{"helioctl"}, "a command is missing"},
        {{"helioctl", "tree"}, "a verb is missing after \"tree\""},
        {{"helioctl", "tree", "gro"}, "unknown command \"tree\": \"gro\"; did you mean \"grow\"?"},
        {{"helioctl", "tree", "grow", "--size", "1"}, "NAME is missing"},
        {{"helioctl", "tree", "grow", "oak"}, "--size N is missing"},
        {{"helioctl", "tree", "grow", "oak", "--siez", "1"},
         "unknown flag \"--siez\"; did you mean \"--size\"?"},
        {{"helioctl", "tree", "grow", "oak", "--size"}, "--size needs a value: --size N"},
        {{"helioctl", "tree", "grow", "oak", "--size", "-1"}, "--size: \"-1\" is not a whole number"},
        {{"helioctl", "tree", "grow", "oak", "--size", "99999999999999999999"},
         "--size: \"99999999999999999999\" is not a whole number"},
        {{"helioctl", "tree", "grow", "oak", "-s1", "-s2"}, "--size is given twice: \"1\" and \"2\""},
        {{"helioctl", "tree", "grow", "oak", "-s1", "--colour", "re"},
         "--colour: \"re\" is not one of red|green"},
        {{"helioctl", "tree", "grow", "oak", "-s1", "--quiet=1"}, "--quiet takes no value"},
        {{"helioctl", "tree", "grow", "oak", "-s1", "--timeout", "5x"},
         "--timeout: \"5x\" is no time; write 30s, 5m or 1h"},
        {{"helioctl", "tree", "grow", "oak", "hill", "-s1", "--wait", "ready"},
         "unexpected \"ready\"; write --wait=ready"},
        {{"helioctl", "tree", "fell", "-o", "ascii"},
         "--output: \"ascii\" is not one of table|wide|json|jsonl|name"},
        {{"helioctl", "--sokcet", "/s", "look"},
         "unknown flag before the command \"--sokcet\"; did you mean \"--socket\"?"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        cr_expect_eq(parse((char *const *)rows[i].argv), CTL_PARSE_USAGE, "row %zu", i);
        cr_expect_str_eq(error, rows[i].error);
    }
}

Test(ctl_arguments, a_command_may_have_formats_of_its_own) {
    cr_assert_eq(PARSE("tree", "grow", "oak", "-s1", "-o", "ascii"), CTL_PARSE_OK, "%s", error);
    cr_assert_eq(PARSE("-o", "ascii", "tree", "grow", "oak", "-s1"), CTL_PARSE_OK, "%s", error);
}

Test(ctl_arguments, repeated_flags_are_kept) {
    cr_assert_eq(
        PARSE("tree", "grow", "oak", "-s1", "--note", "a=1,b", "--note=c", "--leaf", "x,y", "--leaf", "z"),
        CTL_PARSE_OK, "%s", error);
    cr_assert_eq(arguments.n_given, 5);
    cr_assert_str_eq(arguments.given[1].text, "a=1,b");
    cr_assert_str_eq(ctl_arguments_text(&arguments, "note"), "c");
}

Test(ctl_arguments, words_after_two_dashes_are_no_flags) {
    cr_assert_eq(PARSE("tree", "grow", "-s1", "--", "--oak"), CTL_PARSE_OK, "%s", error);
    cr_assert_str_eq(arguments.positionals[0], "--oak");
}

Test(ctl_arguments, help_wins_over_errors) {
    cr_assert_eq(PARSE("tree", "grow", "--help"), CTL_PARSE_HELP);
    cr_assert_eq(arguments.command, &tree_commands[0]);
    cr_assert_eq(PARSE("tree", "--help"), CTL_PARSE_HELP);
    cr_assert_null(arguments.command);
    cr_assert_eq(arguments.noun, &tree);
    cr_assert_eq(PARSE("--version"), CTL_PARSE_VERSION);
}

Test(ctl_arguments, times) {
    int64_t ms;
    cr_assert(ctl_parse_seconds("30", &ms) && ms == 30000);
    cr_assert(ctl_parse_seconds("5m", &ms) && ms == 300000);
    cr_assert(ctl_parse_seconds("720h", &ms) && ms == 2592000000);
    cr_assert_not(ctl_parse_seconds("721h", &ms));
    cr_assert_not(ctl_parse_seconds("", &ms));
    cr_assert_not(ctl_parse_seconds("s", &ms));
    cr_assert_not(ctl_parse_seconds("1.5s", &ms));
}

Test(ctl_arguments, exchanged_letters_are_near) {
    const char *const words[] = {"abcd", "abde", "zzzz"};
    cr_assert_str_eq(ctl_nearest("abdc", words, 3), "abcd");
    cr_assert_null(ctl_nearest("qqqqqq", words, 3));
}
