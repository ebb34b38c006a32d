#include "sim/control.h"
#include "sim/host_clients.h"
#include "sim/plant/change.h"
#include "sim/switch_server.h"
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_LINE 65536
#define MAX_PEERS 64
#define MAX_PLANNED 4096
#define MAX_PAIRS 64

/* A change that waits for its time or its command. */
struct planned {
    struct planned *next;
    struct sim_control *control;
    json_t *request;
    struct event *timer;         /* NULL: waits for commands */
    const struct sim_switch *sw; /* whose commands */
    uint64_t at_command;
};

struct peer {
    struct peer *next;
    struct sim_control *control;
    struct bufferevent *connection;
};

struct sim_control {
    struct sim *sim;
    char *path;
    int fd;
    struct event *listener;
    struct peer *peers;
    size_t n_peers;
    struct planned *planned;
    size_t n_planned;
};

struct request {
    struct sim_control *control;
    const char *target;
    const json_t *args;
    struct text *why;
};

static const char *string_arg(const struct request *request, const char *name) {
    const char *value = json_string_value(json_object_get(request->args, name));

    return value ? value : "";
}

static json_t *done(bool good) {
    return good ? json_true() : NULL;
}

static json_t *change_failed(struct request *request, bool failed) {
    struct sim *sim = request->control->sim;

    return done(sim_fail(&sim->plant, string_arg(request, "part"), request->target, failed, sim->now_us(),
                         request->why));
}

static json_t *op_fail(struct request *request) {
    return change_failed(request, true);
}

static json_t *op_restore(struct request *request) {
    return change_failed(request, false);
}

static json_t *op_set(struct request *request) {
    struct text texts[MAX_PAIRS] = {0};
    const char *pairs[MAX_PAIRS];
    size_t count = 0;
    const char *key;
    json_t *value;
    bool good = true;

    json_object_foreach((json_t *)request->args, key, value) {
        if (count == MAX_PAIRS || !(json_is_string(value) || json_is_integer(value))) {
            text_addf(request->why, "args.%s: expected at most %d settings, each a string or a whole number",
                      key, MAX_PAIRS);
            good = false;
            break;
        }
        if (json_is_string(value))
            text_addf(&texts[count], "%s=%s", key, json_string_value(value));
        else
            text_addf(&texts[count], "%s=%" JSON_INTEGER_FORMAT, key, json_integer_value(value));
        pairs[count] = texts[count].data;
        count++;
    }
    good = good && sim_set(&request->control->sim->plant, request->target, pairs, count, request->why);
    for (size_t i = 0; i < count; i++)
        text_deinit(&texts[i]);
    return done(good);
}

static json_t *op_get(struct request *request) {
    struct sim *sim = request->control->sim;
    struct text out = {0};
    json_t *result = NULL;

    if (sim_show(&sim->plant, request->target, sim->now_us(), &out, request->why))
        result = json_string(out.data);
    text_deinit(&out);
    return result;
}

static json_t *op_cross(struct request *request) {
    return done(
        sim_cross(&request->control->sim->plant, request->target, string_arg(request, "with"), request->why));
}

static json_t *op_plug(struct request *request) {
    return done(
        sim_plug(&request->control->sim->plant, request->target, string_arg(request, "port"), request->why));
}

static json_t *op_rival(struct request *request) {
    struct sim *sim = request->control->sim;

    return done(sim_rival(&sim->plant, request->target, string_arg(request, "verb"), string_arg(request, "a"),
                          string_arg(request, "b"), sim->now_us(), request->why));
}

static struct sim_switch *target_ocs(struct request *request) {
    struct sim_switch *sw = NULL;

    return sim_find_ocs(&request->control->sim->plant, request->target, &sw, request->why) ? sw : NULL;
}

static json_t *op_drop(struct request *request) {
    struct sim_switch *sw = target_ocs(request);
    size_t count;

    if (!sw || !sim_servers_drop(request->control->sim->servers, sw, string_arg(request, "how"), &count,
                                 request->why))
        return NULL;
    return json_integer((json_int_t)count);
}

static json_t *op_journal(struct request *request) {
    struct sim_servers *servers = request->control->sim->servers;
    struct sim_switch *sw = target_ocs(request);
    json_t *last = json_object_get(request->args, "last"), *lines;
    struct text out = {0};
    char *at, *line;
    int error;

    if (!sw)
        return NULL;
    if (last &&
        (!json_is_integer(last) || json_integer_value(last) < 1 || json_integer_value(last) > 100000)) {
        text_add(request->why, "args.last: expected 1..100000");
        return NULL;
    }
    error = sim_servers_read_journal(servers, sw, last ? (size_t)json_integer_value(last) : 100, &out);
    if (error < 0) {
        text_addf(request->why, "%s: %s", sim_servers_journal_path(servers, sw), strerror(-error));
        return NULL;
    }
    lines = json_array();
    at = out.data;
    while (at && *at && (line = strsep(&at, "\n")))
        json_array_append_new(lines, json_loads(line, 0, NULL));
    text_deinit(&out);
    return json_pack("{s:s, s:o}", "path", sim_servers_journal_path(servers, sw), "lines", lines);
}

static const char *power_of(const struct sim_switch *sw, int64_t now_us) {
    if (sw->ready_at_us == INT64_MAX)
        return "off";
    return sim_switch_is_up(sw, now_us) ? "on" : "booting";
}

static json_t *op_map(struct request *request) {
    struct sim_switch *sw = target_ocs(request);
    int64_t now_us = request->control->sim->now_us();
    json_t *circuits;

    if (!sw)
        return NULL;
    circuits = json_array();
    for (uint32_t a = 1; a <= sw->ports_a; a++)
        if (sw->circuits[a].b)
            json_array_append_new(
                circuits, json_pack("{s:i, s:i, s:b}", "a", (int)a, "b", (int)sw->circuits[a].b, "settled",
                                    !sw->circuits[a].stuck && now_us >= sw->circuits[a].settled_at_us));
    return json_pack("{s:s, s:s, s:o}", "ocs", sw->name, "power", power_of(sw, now_us), "circuits", circuits);
}

static json_t *op_status(struct request *request) {
    struct sim *sim = request->control->sim;
    struct sim_host_counts counts;
    json_t *switches = json_array();
    int64_t now_us = sim->now_us();

    sim_hosts_count(sim->hosts, &counts);
    for (int32_t i = 0; i < sim->plant.n_switches; i++) {
        const struct sim_switch *sw = &sim->plant.switches[i];

        json_array_append_new(switches,
                              json_pack("{s:s, s:s, s:s, s:i, s:I}", "name", sw->name, "address",
                                        sim_servers_address(sim->servers, sw), "power", power_of(sw, now_us),
                                        "sessions", (int)sim_servers_sessions(sim->servers, sw),
                                        "set_commands", (json_int_t)sw->set_commands));
    }
    return json_pack("{s:i, s:i, s:I, s:I, s:I, s:I, s:i, s:o}", "pods", sim->plant.n_pods, "cubes",
                     sim->plant.n_cubes, "seed", (json_int_t)sim->plant.seed, "reports_sent",
                     (json_int_t)counts.sent, "reports_accepted", (json_int_t)counts.accepted,
                     "reports_refused", (json_int_t)counts.refused, "cubes_connected", counts.connected,
                     "switches", switches);
}

static json_t *op_planned(struct request *request) {
    json_t *list = json_array();

    for (struct planned *planned = request->control->planned; planned; planned = planned->next)
        json_array_append(list, planned->request);
    return list;
}

static void free_planned(struct planned *planned) {
    struct planned **at = &planned->control->planned;

    while (*at != planned)
        at = &(*at)->next;
    *at = planned->next;
    planned->control->n_planned--;
    if (planned->timer)
        event_free(planned->timer);
    json_decref(planned->request);
    free(planned);
}

static json_t *op_cancel(struct request *request) {
    while (request->control->planned)
        free_planned(request->control->planned);
    return json_true();
}

static json_t *op_help(struct request *request);

static const struct op {
    const char *name;
    bool is_change;                          /* may have "when" */
    json_t *(*run)(struct request *request); /* NULL: failed, the reason is in why */
    const char *usage;
} ops[] = {
    {"fail", true, op_fail,
     "{\"op\":\"fail\",\"target\":NAME,\"args\":{\"part\":\"cube|host|ocs|port|fiber\"}}"},
    {"restore", true, op_restore,
     "{\"op\":\"restore\",\"target\":NAME,\"args\":{\"part\":\"cube|host|ocs|port|fiber\"}}"},
    {"set", true, op_set, "{\"op\":\"set\",\"target\":NAME or \"all\",\"args\":{KEY:VALUE,...}}"},
    {"cross", true, op_cross, "{\"op\":\"cross\",\"target\":FIBER,\"args\":{\"with\":FIBER}}"},
    {"plug", true, op_plug, "{\"op\":\"plug\",\"target\":FIBER,\"args\":{\"port\":PORT}}"},
    {"rival", true, op_rival,
     "{\"op\":\"rival\",\"target\":OCS,\"args\":{\"verb\":\"add|sub\",\"a\":\"A17\",\"b\":\"B18\"}}"},
    {"drop", true, op_drop, "{\"op\":\"drop\",\"target\":OCS,\"args\":{\"how\":\"close|reset|half-open\"}}"},
    {"get", false, op_get, "{\"op\":\"get\",\"target\":NAME}"},
    {"journal", false, op_journal, "{\"op\":\"journal\",\"target\":OCS,\"args\":{\"last\":100}}"},
    {"map", false, op_map, "{\"op\":\"map\",\"target\":OCS}"},
    {"status", false, op_status, "{\"op\":\"status\"}"},
    {"planned", false, op_planned, "{\"op\":\"planned\"}: changes that wait for their time"},
    {"cancel", false, op_cancel, "{\"op\":\"cancel\"}: forgets all of them"},
    {"help", false, op_help, "{\"op\":\"help\"}"},
};
#define N_OPS (sizeof(ops) / sizeof(ops[0]))

static json_t *op_help(struct request *request) {
    struct text settings = {0};
    json_t *list = json_array(), *result;

    for (size_t i = 0; i < N_OPS; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "op", ops[i].name, "usage", ops[i].usage));
    sim_settings_help(&settings);
    result = json_pack(
        "{s:o, s:s, s:s}", "ops", list, "when",
        "a change may have \"when\":{\"after_ms\":N} or \"when\":{\"after_commands\":N,\"ocs\":OCS}",
        "settings", settings.data);
    text_deinit(&settings);
    return result;
}

static const struct op *find_op(const char *name) {
    for (size_t i = 0; name && i < N_OPS; i++)
        if (!strcmp(ops[i].name, name))
            return &ops[i];
    return NULL;
}

static json_t *run_op(struct sim_control *control, const json_t *object, struct text *ret_why) {
    const struct op *op = find_op(json_string_value(json_object_get(object, "op")));
    const char *target = json_string_value(json_object_get(object, "target"));
    struct request request = {.control = control,
                              .target = target ? target : "",
                              .args = json_object_get(object, "args"),
                              .why = ret_why};

    // cppcheck-suppress returnDanglingLifetime ; a result never points into its request
    return op->run(&request);
}

static void run_planned(struct planned *planned) {
    struct text why = {0};
    json_t *object = json_incref(planned->request), *result;

    result = run_op(planned->control, object, &why);
    if (!result) {
        char *shown = json_dumps(object, JSON_COMPACT);

        fprintf(stderr, "heliosim: a planned change failed: %s: %s\n", shown ? shown : "", why.data);
        free(shown);
    }
    json_decref(result);
    json_decref(object);
    text_deinit(&why);
}

static void on_planned_time(evutil_socket_t fd, short what, void *userdata) {
    struct planned *planned = userdata;

    run_planned(planned);
    free_planned(planned);
}

void sim_control_command_done(struct sim_control *control, const struct sim_switch *sw) {
    struct planned *next;

    if (!control)
        return;
    for (struct planned *planned = control->planned; planned; planned = next) {
        next = planned->next;
        if (planned->sw != sw || sw->set_commands < planned->at_command)
            continue;
        planned->sw = NULL;
        run_planned(planned);
        next = planned->next;
        free_planned(planned);
    }
}

static json_t *plan(struct sim_control *control, json_t *object, struct text *ret_why) {
    const json_t *when = json_object_get(object, "when");
    const json_t *after_ms = json_object_get(when, "after_ms"),
                 *after = json_object_get(when, "after_commands");
    const char *ocs = json_string_value(json_object_get(when, "ocs"));
    json_int_t number = json_integer_value(after_ms ? after_ms : after);
    struct sim_switch *sw = NULL;
    struct planned *planned;

    if (!json_is_integer(after_ms ? after_ms : after) || (after_ms && after) || number < (after ? 1 : 0) ||
        number > 86400000 || (after && !ocs)) {
        text_add(ret_why,
                 "when: expected {\"after_ms\":0..86400000} or {\"after_commands\":1..,\"ocs\":NAME}");
        return NULL;
    }
    if (after && !sim_find_ocs(&control->sim->plant, ocs, &sw, ret_why))
        return NULL;
    if (control->n_planned == MAX_PLANNED) {
        text_addf(ret_why, "when: %d changes are planned already, which is the limit", MAX_PLANNED);
        return NULL;
    }
    planned = sim_calloc(1, sizeof(*planned));
    planned->control = control;
    planned->request = json_incref(object);
    planned->sw = sw;
    if (sw) {
        planned->at_command = sw->set_commands + (uint64_t)number;
    } else {
        struct timeval wait = {.tv_sec = number / 1000, .tv_usec = number % 1000 * 1000};

        planned->timer = evtimer_new(control->sim->base, on_planned_time, planned);
        if (!planned->timer)
            abort();
        event_add(planned->timer, &wait);
    }
    planned->next = control->planned;
    control->planned = planned;
    control->n_planned++;
    return json_string("planned");
}

static json_t *run_request(struct sim_control *control, json_t *object, struct text *ret_why) {
    const char *name = json_string_value(json_object_get(object, "op"));
    const struct op *op = find_op(name);

    if (!op) {
        text_addf(ret_why, "op: '%s' is none of", name ? name : "");
        for (size_t i = 0; i < N_OPS; i++)
            text_addf(ret_why, " %s", ops[i].name);
        return NULL;
    }
    if (!json_object_get(object, "when"))
        return run_op(control, object, ret_why);
    if (!op->is_change) {
        text_addf(ret_why, "when: '%s' changes nothing and cannot wait", name);
        return NULL;
    }
    return plan(control, object, ret_why);
}

static void answer_line(struct peer *peer, const char *line, size_t len) {
    struct text why = {0};
    json_error_t error;
    json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error), *result = NULL, *answer;
    char *out;

    if (!json_is_object(object))
        text_addf(&why, "not a line of JSON with an object: %s", object ? "another value" : error.text);
    else
        result = run_request(peer->control, object, &why);
    answer = result ? json_pack("{s:o}", "ok", result)
                    : json_pack("{s:s}", "error", why.data ? why.data : "failed");
    out = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    evbuffer_add_printf(bufferevent_get_output(peer->connection), "%s\n",
                        out ? out : "{\"error\":\"the answer cannot be written as JSON\"}");
    free(out);
    json_decref(answer);
    json_decref(object);
    text_deinit(&why);
}

static void free_peer(struct peer *peer) {
    struct peer **at = &peer->control->peers;

    while (*at != peer)
        at = &(*at)->next;
    *at = peer->next;
    peer->control->n_peers--;
    bufferevent_free(peer->connection);
    free(peer);
}

static void on_readable(struct bufferevent *connection, void *userdata) {
    struct peer *peer = userdata;
    struct evbuffer *input = bufferevent_get_input(connection);
    char *line;
    size_t len;

    while ((line = evbuffer_readln(input, &len, EVBUFFER_EOL_LF))) {
        answer_line(peer, line, len);
        free(line);
    }
    if (evbuffer_get_length(input) >= MAX_LINE)
        free_peer(peer);
}

static void on_peer_event(struct bufferevent *connection, short what, void *userdata) {
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        free_peer(userdata);
}

static void on_connect(evutil_socket_t listener, short what, void *userdata) {
    struct sim_control *control = userdata;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct peer *peer;

    if (fd < 0)
        return;
    if (control->n_peers == MAX_PEERS) {
        close(fd);
        return;
    }
    peer = sim_calloc(1, sizeof(*peer));
    peer->control = control;
    peer->connection = bufferevent_socket_new(control->sim->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!peer->connection)
        abort();
    bufferevent_setcb(peer->connection, on_readable, NULL, on_peer_event, peer);
    bufferevent_setwatermark(peer->connection, EV_READ, 0, MAX_LINE);
    bufferevent_enable(peer->connection, EV_READ);
    peer->next = control->peers;
    control->peers = peer;
    control->n_peers++;
}

static int open_socket(const char *path, struct text *ret_why) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, probe;

    if (!*path || strlen(path) >= sizeof(address.sun_path)) {
        text_addf(ret_why, "--control: the path must have 1..%zu characters", sizeof(address.sun_path) - 1);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe >= 0 && connect(probe, (struct sockaddr *)&address, sizeof(address)) == 0) {
        text_addf(ret_why, "%s: another heliosim answers there", path);
        close(probe);
        return -1;
    }
    if (probe >= 0 && errno == ECONNREFUSED)
        unlink(path);
    if (probe >= 0)
        close(probe);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, 16) < 0) {
        text_addf(ret_why, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

bool sim_control_new(struct sim *sim, const char *path, struct sim_control **ret_control,
                     struct text *ret_why) {
    struct sim_control *control;
    int fd = open_socket(path, ret_why);

    if (fd < 0)
        return false;
    control = sim_calloc(1, sizeof(*control));
    control->sim = sim;
    control->path = sim_strdup(path);
    control->fd = fd;
    control->listener = event_new(sim->base, fd, EV_READ | EV_PERSIST, on_connect, control);
    if (!control->listener)
        abort();
    event_add(control->listener, NULL);
    *ret_control = control;
    return true;
}

void sim_control_free(struct sim_control *control) {
    if (!control)
        return;
    while (control->peers)
        free_peer(control->peers);
    while (control->planned)
        free_planned(control->planned);
    event_free(control->listener);
    close(control->fd);
    unlink(control->path);
    free(control->path);
    free(control);
}
