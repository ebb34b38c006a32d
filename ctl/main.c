/* helioctl: parses the command line and runs one command of the table. */
#include "ctl/ctl.h"
#include "ctl/help.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include "ctl/watch.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static int usage(const struct ctl_arguments *arguments, const char *error) {
    struct ctl ctl;
    ctl_init(&ctl, ctl_nouns, arguments);
    bool wants_json = ctl_wants_json(&ctl);
    ctl_fail(&ctl, CTL_EXIT_USAGE, "%s", error);
    ctl_deinit(&ctl);
    if (wants_json)
        return CTL_EXIT_USAGE;
    fprintf(stderr, "Try: helioctl %s%s%s%s--help\n", arguments->noun ? arguments->noun->name : "",
            arguments->noun ? " " : "",
            arguments->command && arguments->command->verb ? arguments->command->verb : "",
            arguments->command && arguments->command->verb ? " " : "");
    return CTL_EXIT_USAGE;
}

static int run(const struct ctl_arguments *arguments) {
    struct ctl ctl;
    ctl_init(&ctl, ctl_nouns, arguments);
    int exit_status = ctl_has(&ctl, "watch") ? ctl_watch_command(&ctl) : arguments->command->run(&ctl);
    if (exit_status == 0)
        ctl_say_preview(&ctl);
    ctl_deinit(&ctl);
    if (fflush(stdout) != 0 && exit_status == 0) {
        perror("helioctl: standard output");
        exit_status = CTL_EXIT_FAILED;
    }
    return exit_status;
}

int main(int argc, char **argv) {
    struct ctl_arguments arguments;
    char error[512] = "";
    int exit_status;
    signal(SIGPIPE, SIG_IGN);
    enum ctl_parse parsed = ctl_parse(ctl_nouns, argc, argv, &arguments, error, sizeof(error));
    if (parsed == CTL_PARSE_OK) {
        exit_status = run(&arguments);
    } else if (parsed == CTL_PARSE_HELP) {
        ctl_help(ctl_nouns, arguments.noun, arguments.command, stdout);
        exit_status = CTL_EXIT_DONE;
    } else if (parsed == CTL_PARSE_VERSION) {
        puts("helioctl " HELIOSTAT_VERSION);
        exit_status = CTL_EXIT_DONE;
    } else if (argc == 1) {
        ctl_help(ctl_nouns, NULL, NULL, stderr);
        exit_status = CTL_EXIT_USAGE;
    } else {
        exit_status = usage(&arguments, error);
    }
    ctl_arguments_deinit(&arguments);
    return exit_status;
}
