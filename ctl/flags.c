#include "ctl/command.h"

#define FORMATS "table|wide|json|jsonl|name"

const struct ctl_flag ctl_global_flags[] = {
    {"output", 'o', CTL_VALUE_TEXT, "FORMAT", FORMATS, .help = "How to print the answer (default table)"},
    {"socket", 0, CTL_VALUE_TEXT, "PATH", .object = CTL_OBJECT_FILE,
     .help = "Socket of heliostatd (default $HELIOSTAT_SOCKET, then /run/heliostat/heliostatd.sock)"},
    {"address", 0, CTL_VALUE_TEXT, "HOST:PORT",
     .help = "Use TLS instead of the socket (default $HELIOSTAT_ADDRESS); needs --cert, --key and --ca"},
    {"cert", 0, CTL_VALUE_TEXT, "FILE", .object = CTL_OBJECT_FILE,
     .help = "PEM file: your certificate (default $HELIOSTAT_CERT)"},
    {"key", 0, CTL_VALUE_TEXT, "FILE", .object = CTL_OBJECT_FILE,
     .help = "PEM file: its key (default $HELIOSTAT_KEY)"},
    {"ca", 0, CTL_VALUE_TEXT, "FILE", .object = CTL_OBJECT_FILE,
     .help = "PEM file: whose certificate heliostatd must have (default $HELIOSTAT_CA)"},
    {"help", 'h', CTL_VALUE_NONE, .help = "Say what a command does and takes"},
    {"version", 0, CTL_VALUE_NONE, .help = "Print the version of helioctl"},
    {0},
};

static const struct ctl_flag mutation_flags[] = {
    {"dry-run", 0, CTL_VALUE_NONE, .help = "Check and print the plan, change nothing"},
    {"request-id", 0, CTL_VALUE_TEXT, "ID",
     .help = "Name of this request; the same id is done once (default random)"},
    {"if-revision", 0, CTL_VALUE_NUMBER, "REVISION", .help = "Only if the object still has this revision"},
    {0},
};

static const struct ctl_flag wait_flags[] = {
    {"wait", 0, CTL_VALUE_OPTIONAL, "GOAL", "ready|qualified",
     .help =
         "Wait until the mirrors are ready, or until the hosts confirmed every far end (default qualified "
         "where hosts report, else ready)"},
    {"no-wait", 0, CTL_VALUE_NONE, .help = "Return as soon as the change is durable"},
    {"timeout", 0, CTL_VALUE_SECONDS, "TIME", .help = "How long to wait (default 240s); 65 when it passes"},
    {0},
};

static const struct ctl_flag destructive_flags[] = {
    {"yes", 'y', CTL_VALUE_NONE, .help = "Do not ask; needed where there is no terminal"},
    {0},
};

static const struct ctl_flag watch_flags[] = {
    {"watch", 'w', CTL_VALUE_NONE,
     .help = "Go on until interrupted: print what changed whenever it does; jsonl has one object for each"},
    {0},
};

static const struct {
    unsigned set;
    const struct ctl_flag *flags;
} sets[] = {
    {CTL_FLAGS_MUTATION, mutation_flags},
    {CTL_FLAGS_WAIT, wait_flags},
    {CTL_FLAGS_DESTRUCTIVE, destructive_flags},
    {CTL_FLAGS_WATCH, watch_flags},
};

static void visit_all(const struct ctl_flag *flags,
                      void (*visit)(const struct ctl_flag *flag, void *userdata), void *userdata) {
    for (; flags && flags->name; flags++)
        visit(flags, userdata);
}

void ctl_each_flag(const struct ctl_command *command,
                   void (*visit)(const struct ctl_flag *flag, void *userdata), void *userdata) {
    if (command) {
        visit_all(command->flags, visit, userdata);
        for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
            if (command->sets & sets[i].set)
                visit_all(sets[i].flags, visit, userdata);
    }
    visit_all(ctl_global_flags, visit, userdata);
}
