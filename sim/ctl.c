#include "sim/ctl.h"
#include "sim/plant/text.h"
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

static const char usage_text[] =
    "usage: heliosim ctl --control PATH [--after-ms N | --after-commands N --of OCS] COMMAND\n"
    "\n"
    "Changes the plant, never what the controller knows.\n"
    "  fail cube|host|ocs|port|fiber NAME\n"
    "  restore cube|host|ocs|port|fiber NAME\n"
    "  set NAME|all KEY=VALUE...     behaviours and faults; help lists the keys\n"
    "  cross FIBER FIBER             swaps the ports that two fibers end on\n"
    "  plug FIBER PORT               moves the plug of a fiber to a free port\n"
    "  rival OCS add|sub A17 B18     another controller changes a circuit\n"
    "  drop OCS close|reset|half-open   ends the connections of a switch\n"
    "Looks at it:\n"
    "  get NAME      settings; of a fiber also what its receiver sees\n"
    "  map OCS       circuits\n"
    "  journal OCS [LINES]\n"
    "  status | planned | cancel | help\n"
    "\n"
    "Names: cube-07, cube-07/host-03, ocs-x-05, ocs-x-05/A17, cube-07/+x/5; with several pods POD/ in "
    "front.\n"
    "--after-ms makes the change later; --after-commands after that many more set commands of the switch "
    "--of.\n"
    "Exit status: 0 done, 1 failed, 2 usage.\n";

static int usage_error(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    fputs("heliosim ctl: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("; see heliosim ctl --help\n", stderr);
    va_end(arguments);
    return EXIT_USAGE;
}

/* The words behind the op become "target" and "args"; false: their number is wrong. */
static bool fill_part(json_t *request, char **words, int count) {
    if (count != 2)
        return false;
    json_object_set_new(request, "target", json_string(words[1]));
    json_object_set_new(request, "args", json_pack("{s:s}", "part", words[0]));
    return true;
}

static bool fill_set(json_t *request, char **words, int count) {
    json_t *args = json_object();

    json_object_set_new(request, "target", json_string(count ? words[0] : ""));
    json_object_set_new(request, "args", args);
    for (int i = 1; i < count; i++) {
        char *equals = strchr(words[i], '=');

        if (!equals || equals == words[i])
            return false;
        *equals = 0;
        json_object_set_new(args, words[i], json_string(equals + 1));
    }
    return count >= 2;
}

static bool fill_cross(json_t *request, char **words, int count) {
    if (count != 2)
        return false;
    json_object_set_new(request, "target", json_string(words[0]));
    json_object_set_new(request, "args", json_pack("{s:s}", "with", words[1]));
    return true;
}

static bool fill_plug(json_t *request, char **words, int count) {
    if (count != 2)
        return false;
    json_object_set_new(request, "target", json_string(words[0]));
    json_object_set_new(request, "args", json_pack("{s:s}", "port", words[1]));
    return true;
}

static bool fill_rival(json_t *request, char **words, int count) {
    if (count != 4)
        return false;
    json_object_set_new(request, "target", json_string(words[0]));
    json_object_set_new(request, "args",
                        json_pack("{s:s, s:s, s:s}", "verb", words[1], "a", words[2], "b", words[3]));
    return true;
}

static bool fill_drop(json_t *request, char **words, int count) {
    if (count != 2)
        return false;
    json_object_set_new(request, "target", json_string(words[0]));
    json_object_set_new(request, "args", json_pack("{s:s}", "how", words[1]));
    return true;
}

static bool fill_target(json_t *request, char **words, int count) {
    if (count != 1)
        return false;
    json_object_set_new(request, "target", json_string(words[0]));
    return true;
}

static bool fill_journal(json_t *request, char **words, int count) {
    if (count < 1 || count > 2)
        return false;
    json_object_set_new(request, "target", json_string(words[0]));
    if (count == 2)
        json_object_set_new(request, "args",
                            json_pack("{s:I}", "last", (json_int_t)strtoll(words[1], NULL, 10)));
    return true;
}

static bool fill_nothing(json_t *request, char **words, int count) {
    return count == 0;
}

static void print_json(const json_t *value) {
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);

    puts(text ? text : "");
    free(text);
}

static void print_plain(const json_t *value) {
    if (json_is_string(value))
        puts(json_string_value(value));
    else if (!json_is_true(value))
        print_json(value);
}

static void print_help(const json_t *value) {
    const json_t *op;
    size_t i;

    fputs(usage_text, stdout);
    printf("\n%s", json_string_value(json_object_get(value, "settings")));
    puts("\nLines of the control socket:");
    json_array_foreach(json_object_get(value, "ops"), i, op) {
        printf("  %s\n", json_string_value(json_object_get(op, "usage")));
    }
    printf("  %s\n", json_string_value(json_object_get(value, "when")));
}

static void print_journal(const json_t *value) {
    const json_t *line;
    size_t i;

    json_array_foreach(json_object_get(value, "lines"), i, line) {
        char *text = json_dumps(line, JSON_COMPACT | JSON_ENCODE_ANY);

        puts(text ? text : "");
        free(text);
    }
}

static const struct command {
    const char *op;
    bool (*fill)(json_t *request, char **words, int count);
    void (*print)(const json_t *value);
    const char *words;
} commands[] = {
    {"fail", fill_part, print_plain, "cube|host|ocs|port|fiber NAME"},
    {"restore", fill_part, print_plain, "cube|host|ocs|port|fiber NAME"},
    {"set", fill_set, print_plain, "NAME|all KEY=VALUE..."},
    {"cross", fill_cross, print_plain, "FIBER FIBER"},
    {"plug", fill_plug, print_plain, "FIBER PORT"},
    {"rival", fill_rival, print_plain, "OCS add|sub A17 B18"},
    {"drop", fill_drop, print_plain, "OCS close|reset|half-open"},
    {"get", fill_target, print_plain, "NAME"},
    {"map", fill_target, print_json, "OCS"},
    {"journal", fill_journal, print_journal, "OCS [LINES]"},
    {"status", fill_nothing, print_json, "without more words"},
    {"planned", fill_nothing, print_json, "without more words"},
    {"cancel", fill_nothing, print_plain, "without more words"},
    {"help", fill_nothing, print_help, "without more words"},
};

/* Sends the line and reads one line. NULL: said why. */
static char *exchange(const char *path, const char *line) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char *answer = NULL;
    size_t capacity = 0;
    FILE *stream;
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        fprintf(stderr, "heliosim ctl: %s: a socket's path is at most %zu characters\n", path,
                sizeof(address.sun_path) - 1);
        return NULL;
    }
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        !(stream = fdopen(fd, "r+"))) {
        fprintf(stderr, "heliosim ctl: %s: %s; is heliosim running with --control %s?\n", path,
                strerror(errno), path);
        return NULL;
    }
    fprintf(stream, "%s\n", line);
    fflush(stream);
    if (getline(&answer, &capacity, stream) <= 0) {
        fprintf(stderr, "heliosim ctl: %s: heliosim closed the connection\n", path);
        free(answer);
        answer = NULL;
    }
    fclose(stream);
    return answer;
}

static int send_request(const char *path, const struct command *command, const json_t *request) {
    char *line = json_dumps(request, JSON_COMPACT), *text = line ? exchange(path, line) : NULL;
    json_t *answer = text ? json_loads(text, 0, NULL) : NULL;
    const json_t *value = json_object_get(answer, "ok");
    int status = EXIT_FAILED;

    if (value) {
        if (json_object_get(request, "when"))
            print_plain(value);
        else
            command->print(value);
        status = EXIT_DONE;
    } else if (answer) {
        const char *error = json_string_value(json_object_get(answer, "error"));

        fprintf(stderr, "heliosim ctl: %s\n", error ? error : "an answer that is neither ok nor error");
    } else if (text) {
        fputs("heliosim ctl: an answer that is no JSON\n", stderr);
    }
    json_decref(answer);
    free(text);
    free(line);
    return status;
}

static bool read_count(const char *text, json_int_t *ret_count) {
    char *end;

    *ret_count = strtoll(text, &end, 10);
    return *text && !*end && *ret_count >= 0;
}

int sim_ctl(int argc, char **argv) {
    static const struct option options[] = {{"control", required_argument, NULL, 'c'},
                                            {"after-ms", required_argument, NULL, 'm'},
                                            {"after-commands", required_argument, NULL, 'n'},
                                            {"of", required_argument, NULL, 'o'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *path = getenv("HELIOSIM_CONTROL"), *of = NULL;
    json_int_t after_ms = -1, after_commands = -1;
    const struct command *command = NULL;
    json_t *request;
    int option, status;

    while ((option = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case 'm':
            if (!read_count(optarg, &after_ms))
                return usage_error("--after-ms %s is not a number of milliseconds", optarg);
            break;
        case 'n':
            if (!read_count(optarg, &after_commands))
                return usage_error("--after-commands %s is not a number of commands", optarg);
            break;
        case 'o':
            of = optarg;
            break;
        case 'h':
            fputs(usage_text, stdout);
            return EXIT_DONE;
        default:
            fputs("see heliosim ctl --help\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (!path)
        return usage_error("--control PATH is missing");
    if (optind == argc)
        return usage_error("a command is missing");
    if ((after_commands >= 0) != (of != NULL) || (after_commands >= 0 && after_ms >= 0))
        return usage_error("--after-commands N goes with --of OCS, and not with --after-ms");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!strcmp(commands[i].op, argv[optind]))
            command = &commands[i];
    if (!command)
        return usage_error("there is no command '%s'", argv[optind]);
    request = json_pack("{s:s}", "op", command->op);
    if (!command->fill(request, argv + optind + 1, argc - optind - 1)) {
        json_decref(request);
        return usage_error("%s is used as: %s %s", command->op, command->op, command->words);
    }
    if (after_ms >= 0)
        json_object_set_new(request, "when", json_pack("{s:I}", "after_ms", after_ms));
    if (after_commands >= 0)
        json_object_set_new(request, "when",
                            json_pack("{s:I, s:s}", "after_commands", after_commands, "ocs", of));
    status = send_request(path, command, request);
    json_decref(request);
    return status;
}
