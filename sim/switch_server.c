#include "sim/switch_server.h"
#include "sim/journal.h"
#include "sim/plant/scpi.h"
#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 64
#define MAX_OUTPUT (1 << 20)
/* Light is looked at whenever somebody asks, so waking up for a settled mirror may be this late. */
#define SETTLE_GRAIN_US 1000

struct server;

struct session {
    struct session *next;
    struct server *server;
    struct scpi_session scpi;
    struct bufferevent *connection; /* NULL: closed, but still executing */
    struct event *timer;
    bool deaf;                /* half-open: the switch has forgotten it */
    bool ends, ends_in_reset; /* freed at the next review */
};

struct server {
    struct sim *sim;
    struct sim_switch *sw;
    struct sim_journal journal;
    struct sockaddr_in address;
    char address_text[32];
    int holder_fd;   /* bound, never listening: keeps the port ours while connections are refused */
    int listener_fd; /* -1: refusing */
    struct event *listener, *review, *timer;
    struct session *sessions;
    uint64_t connections;
    bool was_frozen;
};

struct sim_servers {
    struct server *servers;
    int32_t count;
};

static void free_session(struct session *session) {
    struct session **at = &session->server->sessions;

    while (*at != session)
        at = &(*at)->next;
    *at = session->next;
    if (session->connection) {
        if (session->ends_in_reset) {
            struct linger hard = {.l_onoff = 1};

            setsockopt(bufferevent_getfd(session->connection), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        }
        bufferevent_free(session->connection);
    }
    event_free(session->timer);
    scpi_session_deinit(&session->scpi);
    free(session);
}

static void review_soon(struct server *server) {
    event_active(server->review, EV_TIMEOUT, 0);
}

static void end_session(struct session *session, bool in_reset) {
    session->ends = true;
    session->ends_in_reset = in_reset;
    review_soon(session->server);
}

static void on_record(void *userdata, const struct scpi_record *record) {
    struct session *session = userdata;

    sim_journal_record(&session->server->journal, record);
}

static void on_answer(void *userdata, const char *bytes, size_t len) {
    struct session *session = userdata;

    if (!session->connection || session->deaf || session->ends)
        return;
    bufferevent_write(session->connection, bytes, len);
    if (evbuffer_get_length(bufferevent_get_output(session->connection)) > MAX_OUTPUT)
        end_session(session, true);
}

static void on_reset(void *userdata) {
    struct session *session = userdata;

    if (session->connection && !session->deaf) {
        /* What was answered so far leaves now: the reset would take it along. */
        struct evbuffer_iovec piece;

        if (evbuffer_peek(bufferevent_get_output(session->connection), -1, NULL, &piece, 1) > 0 &&
            send(bufferevent_getfd(session->connection), piece.iov_base, piece.iov_len, MSG_NOSIGNAL) < 0)
            fprintf(stderr, "heliosim: %s: %s\n", session->server->sw->name, strerror(errno));
    }
    end_session(session, true);
}

/* Hands over what has come, executes, and sets the timer for what waits. */
static void run_session(struct session *session) {
    int64_t now_us = session->server->sim->now_us(), next_us;

    for (;;) {
        struct evbuffer *input = session->connection ? bufferevent_get_input(session->connection) : NULL;
        size_t len = input ? evbuffer_get_length(input) : 0, room = scpi_room(&session->scpi);

        if (session->ends || session->deaf) {
            if (input)
                evbuffer_drain(input, len);
            return;
        }
        if (len > room)
            len = room;
        if (len) {
            scpi_receive(&session->scpi, evbuffer_pullup(input, (ev_ssize_t)len), len, now_us);
            evbuffer_drain(input, len);
            continue;
        }
        scpi_run(&session->scpi, now_us);
        if (!input || !evbuffer_get_length(input) || !scpi_room(&session->scpi))
            break;
    }
    next_us = scpi_next_wakeup_us(&session->scpi);
    if (!session->connection && scpi_is_idle(&session->scpi)) {
        end_session(session, false);
    } else if (next_us == INT64_MAX) {
        event_del(session->timer);
    } else {
        int64_t wait_us = next_us > now_us ? next_us - now_us : 0;
        struct timeval wait = {.tv_sec = wait_us / 1000000, .tv_usec = wait_us % 1000000};

        event_add(session->timer, &wait);
    }
}

static void on_session_timer(evutil_socket_t fd, short what, void *userdata) {
    run_session(userdata);
}

static void on_readable(struct bufferevent *connection, void *userdata) {
    run_session(userdata);
}

static void on_connection_event(struct bufferevent *connection, short what, void *userdata) {
    struct session *session = userdata;

    if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) || session->ends)
        return;
    run_session(session);
    if (session->ends)
        return;
    if (session->deaf || !scpi_close(&session->scpi)) {
        end_session(session, false);
        return;
    }
    bufferevent_free(session->connection);
    session->connection = NULL;
    run_session(session);
}

size_t sim_servers_sessions(const struct sim_servers *servers, const struct sim_switch *sw) {
    size_t count = 0;

    for (const struct session *s = servers->servers[sw->index].sessions; s; s = s->next)
        count += s->connection && !s->deaf && !s->ends;
    return count;
}

static size_t all_sessions(const struct server *server) {
    size_t count = 0;

    for (const struct session *s = server->sessions; s; s = s->next)
        count++;
    return count;
}

static void start_session(struct server *server, int fd) {
    struct session *session = sim_calloc(1, sizeof(*session));
    struct scpi_peer peer = {
        .userdata = session, .record = on_record, .answer = on_answer, .reset = on_reset};
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    session->server = server;
    scpi_session_init(&session->scpi, server->sw, ++server->connections, &peer);
    session->connection = bufferevent_socket_new(server->sim->base, fd, BEV_OPT_CLOSE_ON_FREE);
    session->timer = evtimer_new(server->sim->base, on_session_timer, session);
    if (!session->connection || !session->timer)
        abort();
    bufferevent_setcb(session->connection, on_readable, NULL, on_connection_event, session);
    bufferevent_setwatermark(session->connection, EV_READ, 0, SCPI_MAX_INPUT);
    session->next = server->sessions;
    server->sessions = session;
    bufferevent_enable(session->connection, EV_READ);
}

static void on_connect(evutil_socket_t listener, short what, void *userdata) {
    struct server *server = userdata;
    struct sim_servers *servers = server->sim->servers;

    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return;
        if ((int64_t)sim_servers_sessions(servers, server->sw) >= server->sw->behaviour.session_limit ||
            all_sessions(server) >= 4 * SIM_MAX_SESSIONS)
            close(fd);
        else
            start_session(server, fd);
    }
}

static int bound_socket(struct sockaddr_in *address) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    socklen_t len = sizeof(*address);

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)address, len) < 0 ||
        getsockname(fd, (struct sockaddr *)address, &len) < 0) {
        int error = errno;

        close(fd);
        return -error;
    }
    return fd;
}

static int start_listening(struct server *server) {
    int fd = bound_socket(&server->address), error;

    if (fd < 0)
        return fd;
    if (listen(fd, BACKLOG) < 0) {
        error = errno;
        close(fd);
        return -error;
    }
    server->listener_fd = fd;
    server->listener = event_new(server->sim->base, fd, EV_READ | EV_PERSIST, on_connect, server);
    if (!server->listener)
        abort();
    event_add(server->listener, NULL);
    return 0;
}

static void stop_listening(struct server *server) {
    if (server->listener_fd < 0)
        return;
    event_free(server->listener);
    close(server->listener_fd);
    server->listener = NULL;
    server->listener_fd = -1;
}

/* Makes the sockets fit what the switch is now. */
static void on_review(evutil_socket_t fd, short what, void *userdata) {
    struct server *server = userdata;
    struct sim_switch *sw = server->sw;
    int64_t now_us = server->sim->now_us(), next_us = sim_switch_advance(sw, now_us);
    bool up = sim_switch_is_up(sw, now_us), frozen = sw->behaviour.frozen,
         listens = up && !sw->behaviour.refuse;
    struct session *next;

    for (struct session *session = server->sessions; session; session = next) {
        next = session->next;
        if (!up && !session->deaf)
            session->ends_in_reset = session->ends = true;
        else if (server->was_frozen && !frozen)
            run_session(session);
        if (session->ends)
            free_session(session);
    }
    server->was_frozen = frozen;
    if (!listens)
        stop_listening(server);
    else if (server->listener_fd < 0 && start_listening(server) < 0)
        fprintf(stderr, "heliosim: %s: cannot listen on %s again\n", sw->name, server->address_text);
    if (next_us == INT64_MAX) {
        event_del(server->timer);
    } else {
        int64_t wait_us = (next_us > now_us ? next_us - now_us : 0) + SETTLE_GRAIN_US;
        struct timeval wait = {.tv_sec = wait_us / 1000000, .tv_usec = wait_us % 1000000};

        event_add(server->timer, &wait);
    }
}

static bool place(struct server *server, const struct sim_servers_options *options, struct text *ret_why) {
    struct sim_switch *sw = server->sw;
    char host[64] = "127.0.0.1";
    long port = options->base_port;

    if (options->base_port > 0) {
        port = options->base_port + sw->index;
    } else if (options->base_port < 0) {
        const char *colon = strrchr(sw->address, ':');

        if (!colon || (size_t)(colon - sw->address) >= sizeof(host)) {
            text_addf(ret_why, "%s: address '%s' in the plant file is not HOST:PORT; give --base-port",
                      sw->name, sw->address);
            return false;
        }
        snprintf(host, sizeof(host), "%.*s", (int)(colon - sw->address), sw->address);
        port = strtol(colon + 1, NULL, 10);
    }
    if (port < 0 || port > 65535 || (options->base_port && !port)) {
        text_addf(ret_why, "%s: port %ld is not in 1..65535", sw->name, port);
        return false;
    }
    server->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (!strcmp(host, "localhost"))
        snprintf(host, sizeof(host), "127.0.0.1");
    if (inet_pton(AF_INET, host, &server->address.sin_addr) != 1) {
        text_addf(ret_why, "%s: address '%s' is not an IPv4 address of this machine", sw->name, host);
        return false;
    }
    return true;
}

static bool open_server(struct server *server, const struct sim_servers_options *options,
                        struct text *ret_why) {
    int error;

    if (!place(server, options, ret_why))
        return false;
    server->holder_fd = bound_socket(&server->address);
    snprintf(server->address_text, sizeof(server->address_text), "%s:%d", inet_ntoa(server->address.sin_addr),
             ntohs(server->address.sin_port));
    error = server->holder_fd < 0 ? server->holder_fd : start_listening(server);
    if (error < 0) {
        text_addf(ret_why, "%s: cannot listen on %s: %s", server->sw->name, server->address_text,
                  strerror(-error));
        return false;
    }
    error = sim_journal_init(&server->journal, server->sw, options->journals);
    if (error < 0) {
        text_addf(ret_why, "%s: cannot open the journal in %s: %s", server->sw->name, options->journals,
                  strerror(-error));
        return false;
    }
    sim_journal_event(&server->journal, "start", NULL, 0, server->sim->now_us());
    server->review = event_new(server->sim->base, -1, 0, on_review, server);
    server->timer = evtimer_new(server->sim->base, on_review, server);
    if (!server->review || !server->timer)
        abort();
    review_soon(server); /* the plant file may have a switch without power */
    return true;
}

/* Under another name first, so that whoever sees the file sees all of it. */
static bool write_endpoints(const struct sim_servers *servers, const char *path, struct text *ret_why) {
    struct text temporary = {0};
    FILE *file;
    bool good;

    text_addf(&temporary, "%s.new", path);
    file = fopen(temporary.data, "we");
    good = file != NULL;
    for (int32_t i = 0; good && i < servers->count; i++)
        good = fprintf(file, "%s %s\n", servers->servers[i].sw->name, servers->servers[i].address_text) > 0;
    if (file)
        good = !fclose(file) && good;
    if (!good || rename(temporary.data, path) < 0) {
        text_addf(ret_why, "cannot write %s: %s", path, strerror(errno));
        good = false;
    }
    text_deinit(&temporary);
    return good;
}

bool sim_servers_new(struct sim *sim, const struct sim_servers_options *options,
                     struct sim_servers **ret_servers, struct text *ret_why) {
    struct sim_servers *servers = sim_calloc(1, sizeof(*servers));

    servers->servers = sim_calloc((size_t)sim->plant.n_switches, sizeof(*servers->servers));
    for (int32_t i = 0; i < sim->plant.n_switches; i++) {
        struct server *server = &servers->servers[i];

        *server = (struct server){.sim = sim,
                                  .sw = &sim->plant.switches[i],
                                  .holder_fd = -1,
                                  .listener_fd = -1,
                                  .journal = {.fd = -1}};
        servers->count++;
        if (!open_server(server, options, ret_why)) {
            sim_servers_free(servers);
            return false;
        }
    }
    if (options->endpoints && !write_endpoints(servers, options->endpoints, ret_why)) {
        sim_servers_free(servers);
        return false;
    }
    *ret_servers = servers;
    return true;
}

void sim_servers_free(struct sim_servers *servers) {
    if (!servers)
        return;
    for (int32_t i = 0; i < servers->count; i++) {
        struct server *server = &servers->servers[i];

        while (server->sessions)
            free_session(server->sessions);
        stop_listening(server);
        if (server->holder_fd >= 0)
            close(server->holder_fd);
        if (server->review)
            event_free(server->review);
        if (server->timer)
            event_free(server->timer);
        if (server->journal.path)
            sim_journal_deinit(&server->journal);
    }
    free(servers->servers);
    free(servers);
}

void sim_servers_switch_changed(struct sim_servers *servers, const struct sim_switch *sw) {
    if (servers)
        review_soon(&servers->servers[sw->index]);
}

void sim_servers_event(struct sim_servers *servers, const struct sim_switch *sw, const char *cause,
                       const struct sim_move *moves, size_t n_moves) {
    if (servers)
        sim_journal_event(&servers->servers[sw->index].journal, cause, moves, n_moves,
                          servers->servers[sw->index].sim->now_us());
}

bool sim_servers_drop(struct sim_servers *servers, const struct sim_switch *sw, const char *how,
                      size_t *ret_count, struct text *ret_why) {
    bool half_open = !strcmp(how, "half-open"), reset = !strcmp(how, "reset");
    size_t count = 0;

    if (!half_open && !reset && strcmp(how, "close")) {
        text_addf(ret_why, "connections can be dropped by close, reset or half-open, not by '%s'", how);
        return false;
    }
    for (struct session *s = servers->servers[sw->index].sessions; s; s = s->next) {
        if (!s->connection || s->ends || s->deaf)
            continue;
        count++;
        if (half_open)
            s->deaf = true;
        else
            end_session(s, reset);
    }
    *ret_count = count;
    return true;
}

int sim_servers_read_journal(struct sim_servers *servers, const struct sim_switch *sw, size_t last,
                             struct text *out) {
    return sim_journal_read(&servers->servers[sw->index].journal, last, out);
}

const char *sim_servers_journal_path(const struct sim_servers *servers, const struct sim_switch *sw) {
    return servers->servers[sw->index].journal.path;
}

const char *sim_servers_address(const struct sim_servers *servers, const struct sim_switch *sw) {
    return servers->servers[sw->index].address_text;
}
