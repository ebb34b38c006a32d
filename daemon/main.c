#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/log.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char usage[] =
    "Usage: heliostatd --db FILE --socket PATH [options]\n"
    "The fabric controller of optically switched accelerator pods.\n"
    "\n"
    "  --db FILE               the SQLite database; created when it is not there\n"
    "  --socket PATH           the Unix socket to serve the API on\n"
    "  --config FILE           read settings from FILE\n"
    "  --set SECTION.KEY=VALUE one setting; wins over the file; may be given again\n"
    "  --restored              the database is a copy of another one: take a new store id,\n"
    "                          move nothing before a person has said so\n"
    "  --check-config          check the settings and exit\n"
    "  --print-config          print every setting as it would be used and exit\n"
    "  --version, --help\n"
    "\n"
    "SIGHUP reads the settings and certificates again: all of them, or none if one is wrong.\n"
    "SIGTERM and SIGINT end it: open calls have five seconds. Mirrors stay as they are.\n"
    "Exit status: 0 ended as asked, 1 it could not start or failed, 2 usage.\n";

struct arguments {
    struct daemon_options options;
    const char *config_path;
    const char **sets;
    size_t n_sets;
    bool check_config, print_config;
};

enum { DB = 256, SOCKET, CONFIG, SET, RESTORED, CHECK_CONFIG, PRINT_CONFIG, VERSION, HELP };

static const struct option long_options[] = {
    {"db", required_argument, NULL, DB},
    {"socket", required_argument, NULL, SOCKET},
    {"config", required_argument, NULL, CONFIG},
    {"set", required_argument, NULL, SET},
    {"restored", no_argument, NULL, RESTORED},
    {"check-config", no_argument, NULL, CHECK_CONFIG},
    {"print-config", no_argument, NULL, PRINT_CONFIG},
    {"version", no_argument, NULL, VERSION},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static int fail_usage(const char *text) {
    fprintf(stderr, "heliostatd: %s; see heliostatd --help\n", text);
    return EXIT_USAGE;
}

/* -1: go on; otherwise the exit status. */
static int parse(int argc, char **argv, struct arguments *arguments) {
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        switch (option) {
        case DB:
            arguments->options.db_path = optarg;
            break;
        case SOCKET:
            arguments->options.socket_path = optarg;
            break;
        case CONFIG:
            arguments->config_path = optarg;
            break;
        case SET:
            arguments->sets[arguments->n_sets++] = optarg;
            break;
        case RESTORED:
            arguments->options.is_restored = true;
            break;
        case CHECK_CONFIG:
            arguments->check_config = true;
            break;
        case PRINT_CONFIG:
            arguments->print_config = true;
            break;
        case VERSION:
            puts("heliostatd " HELIOSTAT_VERSION);
            return 0;
        case HELP:
            fputs(usage, stdout);
            return 0;
        default:
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "heliostatd: unexpected argument \"%s\"; see heliostatd --help\n", argv[optind]);
        return EXIT_USAGE;
    }
    return -1;
}

static int read_config(void *userdata, struct config *config, char *error) {
    const struct arguments *arguments = userdata;
    int r = 0;
    config_init(config);
    if (arguments->config_path)
        r = config_read_file(config, arguments->config_path, error);
    for (size_t i = 0; r == 0 && i < arguments->n_sets; i++)
        r = config_set(config, arguments->sets[i], error);
    if (r == 0)
        r = config_check(config, error);
    return r;
}

/* EXIT_USAGE where it is the command line that is wrong. */
static int read_config_first(struct arguments *arguments) {
    struct config *config = &arguments->options.config;
    struct access access = {0};
    struct config unused;
    char error[CONFIG_ERROR_MAX] = "no memory";
    config_init(&unused);
    for (size_t i = 0; i < arguments->n_sets; i++)
        if (config_set(&unused, arguments->sets[i], error)) {
            fprintf(stderr, "heliostatd: --set %s: %s; see heliostatd --help\n", arguments->sets[i], error);
            return EXIT_USAGE;
        }
    int r = read_config(arguments, config, error);
    if (r == 0 && arguments->check_config)
        r = access_read(config, &access, error);
    access_deinit(&access);
    if (r)
        fprintf(stderr, "heliostatd: %s\n", error);
    return r ? EXIT_FAILED : 0;
}

/* A connection takes one descriptor: the limit that the system allows is taken. */
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int run(const struct arguments *arguments) {
    struct heliostatd *daemon;
    char error[DAEMON_ERROR_MAX];
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    if (daemon_new(&arguments->options, &daemon, error)) {
        fprintf(stderr, "heliostatd: %s\n", error);
        return EXIT_FAILED;
    }
    int r = daemon_run(daemon);
    daemon_free(daemon);
    if (r < 0)
        fprintf(stderr, "heliostatd: the event loop failed: %s\n", strerror(-r));
    else
        log_line(LOG_LEVEL_INFO, "stopped");
    return r < 0 ? EXIT_FAILED : 0;
}

int main(int argc, char **argv) {
    static struct arguments arguments; /* read again at SIGHUP */
    arguments.options.read_config = read_config;
    arguments.options.userdata = &arguments;
    arguments.sets = calloc((size_t)argc, sizeof(*arguments.sets));
    if (!arguments.sets) {
        fputs("heliostatd: no memory\n", stderr);
        return EXIT_FAILED;
    }
    int status = parse(argc, argv, &arguments);
    if (status < 0) {
        bool is_config_only = arguments.check_config || arguments.print_config;
        status = read_config_first(&arguments);
        if (status == 0 && arguments.print_config)
            config_print(&arguments.options.config, stdout);
        else if (status == 0 && !is_config_only) {
            if (!arguments.options.db_path)
                status = fail_usage("--db FILE is needed");
            else if (!arguments.options.socket_path)
                status = fail_usage("--socket PATH is needed");
            else
                status = run(&arguments);
        }
    }
    free(arguments.sets);
    return status;
}
