#include "daemon/daemon.h"
#include "daemon/access.h"
#include "daemon/api/api.h"
#include "daemon/audit_keeper.h"
#include "daemon/audit_reader.h"
#include "daemon/backup.h"
#include "daemon/device/tcp_transport.h"
#include "daemon/listeners.h"
#include "daemon/log.h"
#include "daemon/loop/loop.h"
#include "daemon/paths.h"
#include "daemon/store/store_thread.h"
#include "daemon/worker.h"
#include "proto/grpc/health.h"
#include "proto/grpc/reflection.h"
#include "proto/grpc/server.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOW_TURN_US 5000
#define LAND_AT_ONCE 4      /* changes; each is some ten to a hundred microseconds of work */
#define TURN_EVENTS_US 1000 /* what comes in later than this in a turn waits for the next one */

struct heliostatd {
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_wakeup *store_wakeup, *worker_wakeup;
    struct worker *worker;
    struct audit_reader *audit_reader;
    struct audit_keeper *audit_keeper;
    struct backup *backup;
    struct store *store; /* until the thread owns it */
    struct store_thread *store_thread;
    struct store_change **early; /* submitted before the thread was there */
    size_t n_early;
    size_t n_to_land; /* changes that are durable, and the fabric was not told */
    struct listeners *listeners;
    struct roles *roles;
    struct daemon_options options;
    struct grpcx_server *server;
    struct grpcx_health *health;
    struct grpcx_reflection *reflection;
    struct fabric *fabric;
    struct api *api;
    struct paths *paths; /* NULL: the network is not watched */
    bool is_due;         /* something was fed in: advance at the end of the turn */
    bool timer_is_old;   /* a wakeup moved */
    int64_t next_us;     /* of fabric and API, as of the last advance */
    int64_t stop_by_us;  /* 0: not stopping */
    uint64_t n_slow_turns;
    int64_t slowest_us;
};

static int64_t clock_now_us(void *userdata) {
    return loop_now_us();
}

static int64_t clock_wall_us(void *userdata) {
    return loop_wall_us();
}

static void needs_advance(void *userdata) {
    struct heliostatd *daemon = userdata;
    daemon->is_due = true;
    if (daemon->loop)
        loop_end_long_turn(daemon->loop, TURN_EVENTS_US);
}

static void server_worked(void *userdata) {
    struct heliostatd *daemon = userdata;
    loop_end_long_turn(daemon->loop, TURN_EVENTS_US);
}

static void server_wakeup_changed(void *userdata) {
    struct heliostatd *daemon = userdata;
    daemon->timer_is_old = true;
}

/* What the fabric says. */

static void on_event(void *userdata, const struct fabric_event *event) {
    struct heliostatd *daemon = userdata;
    /* What happens to slices is in the events and the audit trail; the log is about the plant, also where a
     * slice uses it. Only a slice has a name without a pod. */
    bool is_about_slice = event->slice_uid != 0 && !strchr(event->object, '/');
    if (!is_about_slice)
        log_line(LOG_LEVEL_INFO, "%s %s%s%s: %s%s%s%s%s (revision %" PRId64 ", %s)", event->kind, event->pod,
                 *event->pod && *event->object ? " " : "",
                 strcmp(event->pod, event->object) ? event->object : "", event->before,
                 *event->before ? " becomes " : "", event->after, *event->cause ? ": " : "", event->cause,
                 event->revision, event->actor);
    if (strcmp(event->kind, "OCS_ADDRESS") == 0)
        paths_mark(daemon->paths);
    if (daemon->api)
        api_on_event(daemon->api, event);
}

static void on_slice(void *userdata, const struct fabric_slice *slice) {
    struct heliostatd *daemon = userdata;
    if (daemon->api)
        api_on_slice(daemon->api, slice);
}

static void on_operation(void *userdata, const struct fabric_operation *operation) {
    struct heliostatd *daemon = userdata;
    if (daemon->api)
        api_on_operation(daemon->api, operation);
}

static void on_read(void *userdata, const struct fabric_ocs *ocs, bool ok) {
    struct heliostatd *daemon = userdata;
    if (daemon->api)
        api_on_read(daemon->api, ocs, ok);
}

/* Switches. */

static int attach_device(void *userdata, struct device *device, void **ret_transport) {
    struct heliostatd *daemon = userdata;
    struct device_tcp *tcp;
    paths_mark(daemon->paths);
    int r = device_tcp_new(loop_event_base(daemon->loop), device, loop_now_us, &tcp);
    if (r == 0)
        *ret_transport = tcp;
    return r;
}

static void detach_device(void *userdata, void *transport) {
    device_tcp_free(transport);
}

/* The store. Changes that the fabric makes while it loads wait until the thread owns the database. */

static void submit(void *userdata, struct store_change *change) {
    struct heliostatd *daemon = userdata;
    if (daemon->store_thread) {
        struct store_executor executor = store_thread_executor(daemon->store_thread);
        executor.submit(executor.userdata, change);
        return;
    }
    struct store_change **early = realloc(daemon->early, (daemon->n_early + 1) * sizeof(*early));
    if (!early)
        abort(); /* at start, nothing is acknowledged yet */
    daemon->early = early;
    early[daemon->n_early++] = change;
}

static void land(struct heliostatd *daemon, size_t n) {
    daemon->n_to_land -= n;
    fabric_on_store_result(daemon->fabric, 0, n, loop_now_us());
    daemon->is_due = true;
}

/* A large group lands over several turns. */
static void land_some(struct heliostatd *daemon) {
    while (daemon->n_to_land) {
        land(daemon, daemon->n_to_land < LAND_AT_ONCE ? daemon->n_to_land : LAND_AT_ONCE);
        if (daemon->n_to_land && loop_end_long_turn(daemon->loop, TURN_EVENTS_US)) {
            loop_wakeup_signal(daemon->store_wakeup);
            return;
        }
    }
}

/* What is durable lands before what failed is undone. */
static void on_store_result(void *userdata, int result, size_t n) {
    struct heliostatd *daemon = userdata;
    if (result == 0) {
        daemon->n_to_land += n;
        return;
    }
    land(daemon, daemon->n_to_land);
    log_line(LOG_LEVEL_ERROR, "the store failed, %zu changes were undone: %s", n, strerror(-result));
    fabric_on_store_result(daemon->fabric, result, n, loop_now_us());
}

static void on_store_works(void *userdata, bool works) {
    struct heliostatd *daemon = userdata;
    log_line(works ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, works
                                                           ? "the store works again: changes are taken"
                                                           : "the store does not work: changes are refused");
    fabric_on_store_works(daemon->fabric, works, loop_now_us());
    daemon->is_due = true;
}

static void wake_loop(void *userdata) {
    struct heliostatd *daemon = userdata;
    loop_wakeup_signal(daemon->store_wakeup);
}

static void on_store_wakeup(void *userdata) {
    struct heliostatd *daemon = userdata;
    if (!daemon->store_thread)
        return;
    store_thread_dispatch(daemon->store_thread);
    land_some(daemon);
}

/* The worker, and what it does. */

static void wake_for_worker(void *userdata) {
    struct heliostatd *daemon = userdata;
    loop_wakeup_signal(daemon->worker_wakeup);
}

static void on_worker_wakeup(void *userdata) {
    struct heliostatd *daemon = userdata;
    worker_dispatch(daemon->worker);
}

static int compute(void *userdata, void (*run)(void *job), void (*done)(void *job), void *job) {
    struct heliostatd *daemon = userdata;
    return worker_run(daemon->worker, run, done, job);
}

static int ask_audit(void *userdata, const struct audit_query *query,
                     void (*done)(void *done_userdata, const struct audit_result *result),
                     void *done_userdata) {
    struct heliostatd *daemon = userdata;
    return audit_reader_ask(daemon->audit_reader, query, done, done_userdata);
}

static int run_backup(void *userdata, const char *path,
                      void (*done)(void *done_userdata, int result, const char *error), void *done_userdata) {
    struct heliostatd *daemon = userdata;
    log_line(LOG_LEVEL_INFO, "writing a backup to %s", path);
    return backup_start(daemon->backup, path, done, done_userdata);
}

/* The loop. */

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static void on_timer(int64_t now_us, void *userdata) {
    struct heliostatd *daemon = userdata;
    grpcx_server_advance(daemon->server, now_us);
    daemon->is_due = daemon->timer_is_old = true;
}

static void on_turn_end(void *userdata) {
    struct heliostatd *daemon = userdata;
    int64_t now_us = loop_now_us();
    if (daemon->is_due) {
        daemon->is_due = false;
        daemon->timer_is_old = true;
        fabric_set_clock(daemon->fabric, now_us, loop_wall_us());
        paths_tell(daemon->paths, daemon->fabric, now_us);
        fabric_advance(daemon->fabric, now_us);
        api_advance(daemon->api, now_us);
        daemon->next_us = earlier(fabric_next_wakeup_us(daemon->fabric), api_next_wakeup_us(daemon->api));
        if (daemon->is_due)
            daemon->next_us = now_us;
    }
    if (daemon->stop_by_us && (grpcx_server_drained(daemon->server) || now_us >= daemon->stop_by_us))
        loop_stop(daemon->loop);
    if (daemon->timer_is_old) {
        daemon->timer_is_old = false;
        int64_t at_us = earlier(daemon->next_us, grpcx_server_next_wakeup_us(daemon->server));
        loop_timer_arm(daemon->timer, daemon->stop_by_us ? earlier(at_us, daemon->stop_by_us) : at_us);
    }
}

static void on_slow_turn(int64_t cpu_us, int64_t end_us, void *userdata) {
    struct heliostatd *daemon = userdata;
    daemon->n_slow_turns++;
    if (cpu_us > daemon->slowest_us)
        daemon->slowest_us = cpu_us;
    log_line(LOG_LEVEL_WARNING,
             "a loop turn took %" PRId64 " us of CPU time, %" PRId64
             " of them with what followed from its events; %" PRIu64 " were over %d us so far",
             cpu_us, end_us, daemon->n_slow_turns, SLOW_TURN_US);
}

/* The configuration anew: whole, or not at all. */
static void on_reload_signal(void *userdata) {
    struct heliostatd *daemon = userdata;
    struct config config;
    struct access access;
    char error[CONFIG_ERROR_MAX] = "no memory";
    const struct config_key *fixed = NULL;
    int r = daemon->options.read_config
                ? daemon->options.read_config(daemon->options.userdata, &config, error)
                : -ENOENT;
    if (r == 0 && (fixed = config_fixed_difference(&daemon->options.config, &config))) {
        snprintf(error, sizeof(error), "%s.%s takes effect at a start only", fixed->section, fixed->name);
        r = DAEMON_REFUSED;
    }
    if (r == 0)
        r = access_read(&config, &access, error);
    if (r) {
        log_line(LOG_LEVEL_ERROR, "the configuration stays as it was: %s", error);
        return;
    }
    const struct fabric_settings settings = config_fabric_settings(&config);
    struct roles *before = daemon->roles;
    daemon->options.config = config;
    daemon->roles = access.roles;
    fabric_set_settings(daemon->fabric, &settings);
    listeners_set_tls(daemon->listeners, access.tls);
    api_set_limits(daemon->api, &access.limits);
    api_set_roles(daemon->api, access.roles);
    roles_free(before);
    daemon->is_due = true;
    log_line(LOG_LEVEL_INFO, "the configuration was read anew");
}

static void on_stop_signal(void *userdata) {
    struct heliostatd *daemon = userdata;
    if (daemon->stop_by_us) {
        loop_stop(daemon->loop);
        return;
    }
    log_line(LOG_LEVEL_INFO, "stopping: open calls have %d s", DAEMON_DRAIN_S);
    daemon->stop_by_us = loop_now_us() + (int64_t)DAEMON_DRAIN_S * 1000000;
    daemon->timer_is_old = true;
    grpcx_server_drain(daemon->server);
    api_end_streams(daemon->api);
}

/* Start. */

__attribute__((format(printf, 2, 3))) static int fail(char *error, const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(error, DAEMON_ERROR_MAX, format, list);
    va_end(list);
    return DAEMON_REFUSED;
}

static int take_sockets(struct heliostatd *daemon, const struct daemon_options *options, char *error) {
    char text[CONFIG_ERROR_MAX] = "no memory";
    return listeners_new(options->socket_path, &options->config, &daemon->listeners, text)
               ? fail(error, "%s", text)
               : 0;
}

static int open_store(struct heliostatd *daemon, const struct daemon_options *options, char *error) {
    const struct store_options store_options = {
        .path = options->db_path, .is_restored = options->is_restored, .vfs = options->vfs};
    char text[300] = "";
    int r = store_open(&store_options, &daemon->store, text, sizeof(text));
    if (r == 0)
        return 0;
    return fail(error, "database %.200s: %s", options->db_path,
                *text          ? text
                : r == -ENOENT ? "its directory does not exist"
                : r < 0        ? strerror(-r)
                               : "it cannot be used");
}

static int start_loop(struct heliostatd *daemon, const struct daemon_options *options) {
    int r = loop_new(&daemon->loop);
    if (r == 0)
        r = loop_timer_new(daemon->loop, on_timer, daemon, &daemon->timer);
    if (r == 0)
        r = loop_wakeup_new(daemon->loop, on_store_wakeup, daemon, &daemon->store_wakeup);
    if (r == 0)
        r = loop_wakeup_new(daemon->loop, on_worker_wakeup, daemon, &daemon->worker_wakeup);
    if (r == 0)
        r = worker_new(wake_for_worker, daemon, &daemon->worker);
    if (r == 0)
        r = backup_new(options->db_path, daemon->worker, &daemon->backup);
    if (r == 0)
        r = audit_reader_new(options->db_path, daemon->worker, &daemon->audit_reader);
    if (r == 0)
        loop_set_turns(daemon->loop, &(struct loop_turns){.on_end = on_turn_end,
                                                          .on_slow = on_slow_turn,
                                                          .slow_us = SLOW_TURN_US,
                                                          .userdata = daemon});
    return r;
}

static int start_fabric(struct heliostatd *daemon, const struct daemon_options *options) {
    int64_t now_us = loop_now_us(), wall_us = loop_wall_us();
    const struct fabric_options fabric_options = {
        .settings = config_fabric_settings(&options->config),
        .executor = {.submit = submit, .userdata = daemon},
        .listener = {.on_event = on_event,
                     .on_slice = on_slice,
                     .on_operation = on_operation,
                     .on_read = on_read,
                     .userdata = daemon},
        .attach = attach_device,
        .detach = detach_device,
        .device_userdata = daemon,
        .needs_advance = needs_advance,
        .advance_userdata = daemon,
        .seed = (uint64_t)wall_us,
    };
    int r = fabric_new(&fabric_options, &daemon->fabric);
    if (r == 0)
        r = fabric_load(daemon->fabric, daemon->store, now_us, wall_us);
    return r;
}

static int start_store_thread(struct heliostatd *daemon) {
    const struct store_thread_options options = {
        .store = daemon->store,
        .wake_loop = wake_loop,
        .wake_userdata = daemon,
        .callbacks = {.on_result = on_store_result, .on_works = on_store_works, .userdata = daemon},
    };
    int r = store_thread_start(&options, &daemon->store_thread);
    if (r < 0)
        return r;
    daemon->store = NULL;
    for (size_t i = 0; i < daemon->n_early; i++)
        submit(daemon, daemon->early[i]);
    free(daemon->early);
    daemon->early = NULL;
    daemon->n_early = 0;
    return 0;
}

static void log_turned_away(void *userdata, const char *who, const char *text) {
    log_line(LOG_LEVEL_WARNING, "a connection of %s was turned away: %s", who, text);
}

static int start_server(struct heliostatd *daemon, const struct daemon_options *options,
                        const struct session_limits *limits) {
    const struct grpcx_server_options server_options = {.clock = {.now_us = clock_now_us},
                                                        .max_connections =
                                                            (size_t)options->config.limits_total_connections,
                                                        .wakeup_changed = server_wakeup_changed,
                                                        .worked = server_worked,
                                                        .userdata = daemon};
    int r = grpcx_server_new(loop_event_base(daemon->loop), &server_options, NULL, 0, &daemon->server);
    if (r < 0)
        return r;
    const struct api_options api_options = {.fabric = daemon->fabric,
                                            .server = daemon->server,
                                            .clock = {.now_us = clock_now_us},
                                            .wall_clock = {.now_us = clock_wall_us},
                                            .backup = run_backup,
                                            .audit = ask_audit,
                                            .compute = compute,
                                            .report_ttl_us = options->config.health_report_ttl_ms * 1000,
                                            .roles = daemon->roles,
                                            .limits = *limits,
                                            .read_only_listener = LISTENER_READ_ONLY,
                                            .turned_away = log_turned_away,
                                            .needs_advance = needs_advance,
                                            .userdata = daemon};
    r = api_new(&api_options, &daemon->api);
    if (r == 0)
        r = grpcx_health_new(daemon->server, &daemon->health);
    if (r == 0)
        r = grpcx_reflection_new(daemon->server, &daemon->reflection);
    if (r == 0)
        r = grpcx_reflection_add(daemon->reflection, grpcx_descriptor_set, grpcx_descriptor_set_len);
    return r;
}

static int start_audit_keeper(struct heliostatd *daemon, const struct config *config) {
    const struct audit_keeper_options options = {.loop = daemon->loop,
                                                 .reader = daemon->audit_reader,
                                                 .fabric = daemon->fabric,
                                                 .period_us = config->audit_head_period_s * 1000000,
                                                 .keep_us = config->audit_keep_s * 1000000};
    return audit_keeper_new(&options, &daemon->audit_keeper);
}

static int start_paths(struct heliostatd *daemon) {
    int r = paths_new(daemon->loop, needs_advance, daemon, &daemon->paths);
    if (r != -EPROTONOSUPPORT)
        return r;
    log_line(LOG_LEVEL_WARNING, "no rtnetlink here: a lost management link is found out by timeouts only");
    return 0;
}

static int start_listening(struct heliostatd *daemon) {
    int r = listeners_start(daemon->listeners, daemon->loop, daemon->server);
    if (r == 0)
        r = loop_on_signal(daemon->loop, SIGHUP, on_reload_signal, daemon);
    if (r == 0)
        r = loop_on_signal(daemon->loop, SIGTERM, on_stop_signal, daemon);
    if (r == 0)
        r = loop_on_signal(daemon->loop, SIGINT, on_stop_signal, daemon);
    return r;
}

int daemon_new(const struct daemon_options *options, struct heliostatd **ret_daemon, char *error) {
    struct heliostatd *daemon = calloc(1, sizeof(*daemon));
    if (!daemon)
        return fail(error, "no memory");
    struct access access = {0};
    char text[CONFIG_ERROR_MAX] = "no memory";
    daemon->options = *options;
    daemon->next_us = INT64_MAX;
    int r = access_read(&options->config, &access, text) ? fail(error, "%s", text) : 0;
    daemon->roles = access.roles;
    if (r == 0)
        r = take_sockets(daemon, options, error);
    if (r == 0)
        listeners_set_tls(daemon->listeners, access.tls);
    else
        grpcx_tls_free(access.tls);
    if (r == 0)
        r = open_store(daemon, options, error);
    if (r == 0) {
        int failed = start_loop(daemon, options);
        if (failed == 0)
            failed = start_fabric(daemon, options);
        if (failed == 0)
            failed = start_store_thread(daemon);
        if (failed == 0)
            failed = start_server(daemon, options, &access.limits);
        if (failed == 0)
            failed = start_audit_keeper(daemon, &options->config);
        if (failed == 0)
            failed = start_paths(daemon);
        if (failed == 0)
            failed = start_listening(daemon);
        if (failed < 0)
            r = fail(error, "database %.200s: starting from it failed: %s", options->db_path,
                     strerror(-failed));
    }
    if (r) {
        daemon_free(daemon);
        return r;
    }
    size_t n_pods = 0, n_slices = 0;
    for (const struct fabric_pod *pod = fabric_pods(daemon->fabric); pod; pod = pod->next)
        n_pods++;
    for (const struct fabric_slice *slice = fabric_slices(daemon->fabric); slice; slice = slice->next)
        n_slices++;
    log_line(LOG_LEVEL_INFO,
             "listening on %s, database %s, store %s: %zu pods, %zu slices, revision %" PRId64,
             options->socket_path, options->db_path, fabric_store_id(daemon->fabric), n_pods, n_slices,
             fabric_revision(daemon->fabric));
    if (*listeners_tls_address(daemon->listeners))
        log_line(LOG_LEVEL_INFO, "listening on %s with TLS", listeners_tls_address(daemon->listeners));
    *ret_daemon = daemon;
    return 0;
}

int daemon_run(struct heliostatd *daemon) {
    daemon->is_due = true;
    on_turn_end(daemon);
    int r = loop_run(daemon->loop);
    if (daemon->n_slow_turns)
        log_line(LOG_LEVEL_INFO,
                 "%" PRIu64 " loop turns took over %d us of CPU time, the slowest %" PRId64 " us",
                 daemon->n_slow_turns, SLOW_TURN_US, daemon->slowest_us);
    return r;
}

void daemon_free(struct heliostatd *daemon) {
    if (!daemon)
        return;
    worker_free(daemon->worker); /* answers the calls that wait for it */
    backup_free(daemon->backup);
    audit_reader_free(daemon->audit_reader);
    grpcx_server_free(daemon->server);
    grpcx_health_free(daemon->health);
    grpcx_reflection_free(daemon->reflection);
    api_free(daemon->api);
    daemon->api = NULL;
    if (daemon->store_thread)
        store_thread_stop(daemon->store_thread);
    for (size_t i = 0; i < daemon->n_early; i++)
        store_change_free(daemon->early[i]);
    free(daemon->early);
    fabric_free(daemon->fabric);
    if (daemon->audit_keeper)
        audit_keeper_tell_head("stopping", daemon->options.db_path);
    store_close(daemon->store);
    listeners_free(daemon->listeners);
    roles_free(daemon->roles);
    audit_keeper_free(daemon->audit_keeper);
    loop_wakeup_free(daemon->store_wakeup);
    loop_wakeup_free(daemon->worker_wakeup);
    loop_timer_free(daemon->timer);
    loop_free(daemon->loop);
    paths_free(daemon->paths); /* the loop watched its descriptor */
    free(daemon);
}
