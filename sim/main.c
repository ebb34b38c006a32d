/* heliosim: the emulated plant. This file reads the command line and the clock and puts the parts together.
 */
#include "sim/control.h"
#include "sim/ctl.h"
#include "sim/host_clients.h"
#include "sim/plant/change.h"
#include "sim/plant/load.h"
#include "sim/sim.h"
#include "sim/switch_server.h"
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <libgen.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const char usage_text[] =
    "usage: heliosim --plant FILE --control PATH [option...]\n"
    "       heliosim ctl --control PATH COMMAND    (heliosim ctl --help)\n"
    "\n"
    "Emulates the optical switches of a pod, the fibers behind them and the hosts.\n"
    "  --plant FILE            what `helioctl pod export` prints; it may differ from the real inventory\n"
    "  --control PATH          the control socket, for `heliosim ctl`\n"
    "  --daemon SOCKET         the controller that the hosts report to; without it they stay silent\n"
    "  --base-port BASE        switch k listens on 127.0.0.1, port BASE + k; 0: on free ports\n"
    "                          (default: where the plant file says)\n"
    "  --endpoints FILE        writes \"NAME ADDRESS\" of every switch there, when all listen\n"
    "  --journal DIR           one append-only journal a switch (default: `journals` beside the control "
    "socket)\n"
    "  --seed N                of losses, settle times and faults (default 1)\n"
    "  --settle-ms MIN-MAX     how long a mirror takes to settle (default 10-20)\n"
    "  --report-interval-ms N  how often a host reports (default 2000)\n"
    "Exit status: 0 ended by a signal, 1 failed, 2 usage.\n";

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

struct settings {
    const char *plant, *control, *daemon;
    char *journals;
    struct sim_servers_options servers;
    uint64_t seed;
    int64_t settle_min_us, settle_max_us, report_interval_us;
};

static int64_t now_us(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static int usage_error(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    fputs("heliosim: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("; see heliosim --help\n", stderr);
    va_end(arguments);
    return EXIT_USAGE;
}

static bool read_number(const char *text, int64_t low, int64_t high, int64_t *ret_number) {
    long long number;
    char *end;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno || !*text || *end || number < low || number > high)
        return false;
    *ret_number = number;
    return true;
}

/* "10-20" */
static bool read_range_ms(const char *text, int64_t *ret_min_us, int64_t *ret_max_us) {
    int64_t min_ms, max_ms;
    int end = 0;

    if (sscanf(text, "%" SCNd64 "-%" SCNd64 "%n", &min_ms, &max_ms, &end) != 2 || text[end] || min_ms < 1 ||
        max_ms < min_ms || max_ms > 60000)
        return false;
    *ret_min_us = min_ms * 1000;
    *ret_max_us = max_ms * 1000;
    return true;
}

/* -1: go on; otherwise the exit status. */
static int read_options(int argc, char **argv, struct settings *settings) {
    static const struct option options[] = {{"plant", required_argument, NULL, 'p'},
                                            {"control", required_argument, NULL, 'c'},
                                            {"daemon", required_argument, NULL, 'd'},
                                            {"base-port", required_argument, NULL, 'b'},
                                            {"endpoints", required_argument, NULL, 'e'},
                                            {"journal", required_argument, NULL, 'j'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"settle-ms", required_argument, NULL, 't'},
                                            {"report-interval-ms", required_argument, NULL, 'r'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int64_t number;
    int option;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'p':
            settings->plant = optarg;
            break;
        case 'c':
            settings->control = optarg;
            break;
        case 'd':
            settings->daemon = optarg;
            break;
        case 'b':
            if (!read_number(optarg, 0, 65535, &number))
                return usage_error("--base-port %s is not in 0..65535", optarg);
            settings->servers.base_port = (int)number;
            break;
        case 'e':
            settings->servers.endpoints = optarg;
            break;
        case 'j':
            free(settings->journals);
            settings->journals = sim_strdup(optarg);
            break;
        case 's':
            if (!read_number(optarg, 0, INT64_MAX, &number))
                return usage_error("--seed %s is not a whole number", optarg);
            settings->seed = (uint64_t)number;
            break;
        case 't':
            if (!read_range_ms(optarg, &settings->settle_min_us, &settings->settle_max_us))
                return usage_error("--settle-ms %s is not MIN-MAX with 1 <= MIN <= MAX <= 60000", optarg);
            break;
        case 'r':
            if (!read_number(optarg, 10, 3600000, &number))
                return usage_error("--report-interval-ms %s is not in 10..3600000", optarg);
            settings->report_interval_us = number * 1000;
            break;
        case 'h':
            fputs(usage_text, stdout);
            return EXIT_DONE;
        default:
            fputs("see heliosim --help\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc)
        return usage_error("'%s' is one word too many", argv[optind]);
    if (!settings->plant || !settings->control)
        return usage_error("%s is missing", settings->plant ? "--control PATH" : "--plant FILE");
    return -1;
}

static char *journals_beside(const char *control) {
    char *copy = sim_strdup(control);
    struct text path = {0};

    text_addf(&path, "%s/journals", dirname(copy));
    free(copy);
    return path.data;
}

static bool load_plant(struct sim *sim, const struct settings *settings, struct text *ret_why) {
    json_error_t error;
    json_t *root = json_load_file(settings->plant, 0, &error);
    bool good;

    if (!root) {
        if (error.line > 0)
            text_addf(ret_why, "line %d: ", error.line);
        text_add(ret_why, error.text);
        return false;
    }
    good = sim_plant_load(root, settings->seed, sim->now_us(), &sim->plant, ret_why);
    json_decref(root);
    for (int32_t i = 0; good && i < sim->plant.n_switches; i++) {
        sim->plant.switches[i].behaviour.settle_min_us = settings->settle_min_us;
        sim->plant.switches[i].behaviour.settle_max_us = settings->settle_max_us;
    }
    return good;
}

static void on_light_changed(void *userdata) {
    struct sim *sim = userdata;

    sim_hosts_light_changed(sim->hosts);
}

static void on_switch_changed(void *userdata, struct sim_switch *sw) {
    struct sim *sim = userdata;

    sim_servers_switch_changed(sim->servers, sw);
}

static void on_command_done(void *userdata, struct sim_switch *sw) {
    struct sim *sim = userdata;

    sim_control_command_done(sim->control, sw);
}

static void on_switch_event(void *userdata, struct sim_switch *sw, const char *cause,
                            const struct sim_move *moves, size_t n_moves) {
    struct sim *sim = userdata;

    sim_servers_event(sim->servers, sw, cause, moves, n_moves);
}

static void on_signal(evutil_socket_t number, short what, void *userdata) {
    event_base_loopbreak(userdata);
}

static struct event_base *precise_loop(void) {
    struct event_config *config = event_config_new();
    struct event_base *base;

    if (!config || event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) < 0 ||
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) < 0)
        abort();
    base = event_base_new_with_config(config);
    if (!base)
        abort();
    event_config_free(config);
    return base;
}

static void raise_file_limit(void) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
            perror("heliosim: cannot raise the limit of open files");
    }
}

static int run(struct sim *sim, const struct settings *settings) {
    struct event *ends[2] = {evsignal_new(sim->base, SIGINT, on_signal, sim->base),
                             evsignal_new(sim->base, SIGTERM, on_signal, sim->base)};
    struct text why = {0};
    int status = EXIT_FAILED;

    sim->plant.watcher = (struct sim_watcher){.userdata = sim,
                                              .light_changed = on_light_changed,
                                              .switch_changed = on_switch_changed,
                                              .command_done = on_command_done,
                                              .event = on_switch_event};
    if (sim_control_new(sim, settings->control, &sim->control, &why) &&
        sim_servers_new(sim, &settings->servers, &sim->servers, &why)) {
        if (settings->daemon)
            sim->hosts = sim_hosts_new(sim, settings->daemon, settings->report_interval_us);
        printf("heliosim: %d cubes, %d switches, seed %" PRIu64 ", control socket %s\n", sim->plant.n_cubes,
               sim->plant.n_switches, settings->seed, settings->control);
        fflush(stdout);
        for (int i = 0; i < 2; i++)
            event_add(ends[i], NULL);
        event_base_dispatch(sim->base);
        status = EXIT_DONE;
    } else {
        fprintf(stderr, "heliosim: %s\n", why.data);
    }
    text_deinit(&why);
    sim_hosts_free(sim->hosts);
    sim_control_free(sim->control);
    sim_servers_free(sim->servers);
    for (int i = 0; i < 2; i++)
        event_free(ends[i]);
    return status;
}

int main(int argc, char **argv) {
    struct settings settings = {.servers.base_port = -1,
                                .seed = 1,
                                .settle_min_us = 10000,
                                .settle_max_us = 20000,
                                .report_interval_us = 2000000};
    struct sim sim = {.now_us = now_us};
    struct text why = {0};
    int status;

    if (argc > 1 && !strcmp(argv[1], "ctl"))
        return sim_ctl(argc - 1, argv + 1);
    status = read_options(argc, argv, &settings);
    if (status < 0) {
        if (!settings.journals)
            settings.journals = journals_beside(settings.control);
        settings.servers.journals = settings.journals;
        signal(SIGPIPE, SIG_IGN);
        raise_file_limit();
        if (load_plant(&sim, &settings, &why)) {
            sim.base = precise_loop();
            status = run(&sim, &settings);
            sim_plant_deinit(&sim.plant);
            event_base_free(sim.base);
        } else {
            fprintf(stderr, "heliosim: %s: %s\n", settings.plant, why.data);
            status = EXIT_FAILED;
        }
    }
    text_deinit(&why);
    free(settings.journals);
    return status;
}
