/* helioctl __man: the manual page, from the same table as everything else. */
#include "ctl/ctl.h"
#include "ctl/help.h"
#include "ctl/registry.h"

/* Text of a page: what troff would take for its own is escaped. */
static void print_text(const char *text) {
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++)
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
    putchar('\n');
}

static void print_flag(const struct ctl_flag *flag, void *userdata) {
    fputs(".TP\n.B ", stdout);
    if (flag->letter)
        printf("\\-%c, ", flag->letter);
    fputs("\\-\\-", stdout);
    for (const char *c = flag->name; *c; c++)
        fputs(*c == '-' ? "\\-" : (char[2]){*c, 0}, stdout);
    if (flag->value == CTL_VALUE_OPTIONAL)
        printf("[=%s]", flag->choices ? flag->choices : flag->value_name);
    else if (flag->value != CTL_VALUE_NONE)
        printf(" %s", flag->choices ? flag->choices : flag->value_name);
    putchar('\n');
    print_text(flag->help);
}

/* The global flags stand once, at the end. */
static void print_own_flag(const struct ctl_flag *flag, void *userdata) {
    for (const struct ctl_flag *global = ctl_global_flags; global->name; global++)
        if (global == flag)
            return;
    print_flag(flag, userdata);
}

static void print_command(const struct ctl_noun *noun, const struct ctl_command *command) {
    printf(".SS helioctl %s%s%s", noun->name, command->verb ? " " : "", command->verb ? command->verb : "");
    ctl_synopsis(command, stdout);
    putchar('\n');
    print_text(command->help);
    if (command->detail) {
        puts(".PP");
        print_text(command->detail);
    }
    for (unsigned i = 0; i < CTL_POSITIONALS_MAX && command->positionals[i].name; i++) {
        printf(".TP\n.I %s\n", command->positionals[i].name);
        print_text(command->positionals[i].help);
    }
    ctl_each_flag(command, print_own_flag, NULL);
}

static int man(struct ctl *ctl) {
    puts(".TH HELIOCTL 1 \"\" \"heliostat " HELIOSTAT_VERSION "\" \"Heliostat\"");
    puts(".SH NAME\nhelioctl \\- control a Heliostat fabric");
    puts(".SH SYNOPSIS\n.B helioctl\n.I noun verb\n[\\fIname\\fR] [\\fIflags\\fR]");
    puts(".SH DESCRIPTION");
    print_text("Talks to heliostatd over its Unix socket. Every change takes a request id and is done once; "
               "a change "
               "returns when it is durable, and helioctl then waits for what --wait asks for.");
    puts(".SH COMMANDS");
    for (const struct ctl_noun *const *noun = ctl->nouns; *noun; noun++)
        for (const struct ctl_command *command = (*noun)->commands; command->run && !ctl_is_hidden(*noun);
             command++)
            print_command(*noun, command);
    puts(".SH FLAGS OF EVERY COMMAND");
    for (const struct ctl_flag *flag = ctl_global_flags; flag->name; flag++)
        print_flag(flag, NULL);
    puts(".SH EXIT STATUS");
    print_text(ctl_exit_help);
    puts(".SH ENVIRONMENT\n.TP\n.B HELIOSTAT_SOCKET\nThe socket, where \\-\\-socket does not name "
         "one.\n.TP\n.B "
         "NO_COLOR\nNo colour on a terminal either.");
    puts(".SH SEE ALSO\n.BR heliostatd (8),\n.BR heliosim (1)");
    return 0;
}

static const struct ctl_command commands[] = {
    {NULL, "Print the manual page", NULL, {{0}}, NULL, 0, NULL, man},
    {0},
};

const struct ctl_noun ctl_noun_man = {"__man", "For packagers", commands};
