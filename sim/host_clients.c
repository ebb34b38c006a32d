#include "sim/host_clients.h"
#include "proto/grpc/client.h"
#include "sim/plant/host.h"
#include "sim/plant/text.h"
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHOD "/heliostat.v1.HostService/ReportHost"
#define COALESCE_US 5000
#define FIRST_ROUND_GAP_US 15000
#define BACK_OFF_FIRST_US 50000
#define BACK_OFF_LAST_US 1000000
#define CALL_TIMEOUT_MS 10000
#define COMPLAINT_GAP_US 10000000

struct reporter {
    struct cube_client *client;
    uint32_t host;
    bool in_flight;
    int64_t due_us;
};

struct cube_client {
    struct sim_hosts *hosts;
    int32_t cube;
    struct grpcx_client *client; /* NULL: not connected */
    bool lost;                   /* to be freed at the next tick */
    struct event *timer;
    int64_t back_off_us, connect_at_us;
    struct reporter reporters[SIM_CUBE_HOSTS];
};

struct sim_hosts {
    struct sim *sim;
    char *socket;
    int64_t interval_us, complained_us;
    struct event *change_timer;
    struct chance chance;
    struct sim_host_counts counts;
    struct cube_client *clients;
    int32_t count;
};

static void set_timer(struct event *timer, int64_t wait_us) {
    struct timeval wait;

    if (wait_us < 0)
        wait_us = 0;
    wait = (struct timeval){.tv_sec = wait_us / 1000000, .tv_usec = wait_us % 1000000};
    event_add(timer, &wait);
}

static void on_closed(struct grpcx_client *grpc, void *userdata) {
    struct cube_client *client = userdata;

    client->lost = true;
    set_timer(client->timer, 0);
}

static void on_answer(const ProtobufCMessage *response, const struct grpcx_result *result, void *userdata) {
    struct reporter *reporter = userdata;
    struct sim_hosts *hosts = reporter->client->hosts;
    int64_t now_us = hosts->sim->now_us();

    reporter->in_flight = false;
    if (result->status == GRPCX_OK) {
        hosts->counts.accepted++;
        reporter->client->back_off_us = BACK_OFF_FIRST_US;
    } else if (!reporter->client->lost && result->status != GRPCX_UNAVAILABLE &&
               result->status != GRPCX_CANCELLED) {
        hosts->counts.refused++;
        if (!hosts->complained_us || now_us - hosts->complained_us > COMPLAINT_GAP_US) {
            hosts->complained_us = now_us;
            fprintf(stderr, "heliosim: the report of %s/host-%02u was refused: status %d: %s\n",
                    hosts->sim->plant.cubes[reporter->client->cube].name, reporter->host, (int)result->status,
                    result->message ? result->message : "");
        }
    }
    if (hosts->sim->plant.cubes[reporter->client->cube].hosts[reporter->host].changed)
        sim_hosts_light_changed(hosts);
}

static void send_report(struct reporter *reporter, int64_t now_us) {
    struct cube_client *client = reporter->client;
    struct sim_plant *plant = &client->hosts->sim->plant;
    struct sim_report report;

    if (!client->client || client->lost || reporter->in_flight ||
        !sim_host_speaks(plant, client->cube, reporter->host))
        return;
    sim_host_report(plant, client->cube, reporter->host, now_us, &report);
    if (grpcx_client_call_unary(client->client, METHOD, &report.request.base,
                                &heliostat__v1__report_host_response__descriptor, CALL_TIMEOUT_MS, on_answer,
                                reporter) < 0)
        return;
    reporter->in_flight = true;
    client->hosts->counts.sent++;
}

static void back_off(struct cube_client *client, int64_t now_us) {
    client->connect_at_us =
        now_us + client->back_off_us / 2 + chance_between(&client->hosts->chance, 0, client->back_off_us / 2);
    client->back_off_us =
        client->back_off_us * 2 > BACK_OFF_LAST_US ? BACK_OFF_LAST_US : client->back_off_us * 2;
}

static void disconnect(struct cube_client *client, int64_t now_us) {
    grpcx_client_free(client->client);
    client->client = NULL;
    client->lost = false;
    client->hosts->counts.connected--;
    back_off(client, now_us);
    for (int i = 0; i < SIM_CUBE_HOSTS; i++)
        client->reporters[i].in_flight = false;
}

static void connect_cube(struct cube_client *client, int64_t now_us) {
    struct grpcx_client_options options = {.on_closed = on_closed, .userdata = client};

    if (grpcx_client_connect_unix(client->hosts->sim->base, client->hosts->socket, &options,
                                  &client->client) < 0) {
        back_off(client, now_us);
        return;
    }
    client->hosts->counts.connected++;
    for (int i = 0; i < SIM_CUBE_HOSTS; i++)
        client->reporters[i].due_us = now_us + i * FIRST_ROUND_GAP_US;
}

/* The reports of all hosts of all cubes fill the interval evenly. */
static int64_t next_due_us(const struct sim_hosts *hosts, const struct reporter *reporter, int64_t now_us) {
    uint64_t total = (uint64_t)hosts->count * SIM_CUBE_HOSTS;
    uint64_t number = reporter->host * (uint64_t)hosts->count + (uint64_t)reporter->client->cube;
    int64_t phase_us = (int64_t)((uint64_t)hosts->interval_us * number / total);
    int64_t round_us = now_us - now_us % hosts->interval_us + phase_us;

    return round_us > now_us ? round_us : round_us + hosts->interval_us;
}

static void on_tick(evutil_socket_t fd, short what, void *userdata) {
    struct cube_client *client = userdata;
    int64_t now_us = client->hosts->sim->now_us(), next_us = INT64_MAX;

    if (client->client && client->lost)
        disconnect(client, now_us);
    if (!client->client && now_us >= client->connect_at_us)
        connect_cube(client, now_us);
    if (!client->client) {
        set_timer(client->timer, client->connect_at_us - now_us);
        return;
    }
    for (int i = 0; i < SIM_CUBE_HOSTS; i++) {
        struct reporter *reporter = &client->reporters[i];

        if (now_us >= reporter->due_us) {
            send_report(reporter, now_us);
            reporter->due_us = next_due_us(client->hosts, reporter, now_us);
        }
        if (reporter->due_us < next_us)
            next_us = reporter->due_us;
    }
    set_timer(client->timer, next_us - now_us);
}

static void on_change(evutil_socket_t fd, short what, void *userdata) {
    struct sim_hosts *hosts = userdata;
    int64_t now_us = hosts->sim->now_us();

    for (int32_t cube = 0; cube < hosts->count; cube++) {
        struct cube_client *client = &hosts->clients[cube];

        for (uint32_t host = 0; host < SIM_CUBE_HOSTS; host++)
            if (hosts->sim->plant.cubes[cube].hosts[host].changed)
                send_report(&client->reporters[host], now_us);
    }
}

void sim_hosts_light_changed(struct sim_hosts *hosts) {
    if (hosts && !evtimer_pending(hosts->change_timer, NULL))
        set_timer(hosts->change_timer, COALESCE_US);
}

struct sim_hosts *sim_hosts_new(struct sim *sim, const char *socket, int64_t interval_us) {
    struct sim_hosts *hosts = sim_calloc(1, sizeof(*hosts));

    hosts->sim = sim;
    hosts->socket = sim_strdup(socket);
    hosts->interval_us = interval_us;
    hosts->chance.state = chance_mix(sim->plant.seed);
    hosts->count = sim->plant.n_cubes;
    hosts->clients = sim_calloc((size_t)hosts->count, sizeof(*hosts->clients));
    hosts->change_timer = evtimer_new(sim->base, on_change, hosts);
    if (!hosts->change_timer)
        abort();
    for (int32_t cube = 0; cube < hosts->count; cube++) {
        struct cube_client *client = &hosts->clients[cube];

        client->hosts = hosts;
        client->cube = cube;
        client->back_off_us = BACK_OFF_FIRST_US;
        client->timer = evtimer_new(sim->base, on_tick, client);
        if (!client->timer)
            abort();
        for (uint32_t host = 0; host < SIM_CUBE_HOSTS; host++)
            client->reporters[host] = (struct reporter){.client = client, .host = host};
        set_timer(client->timer, 0);
    }
    return hosts;
}

void sim_hosts_free(struct sim_hosts *hosts) {
    if (!hosts)
        return;
    for (int32_t cube = 0; cube < hosts->count; cube++) {
        grpcx_client_free(hosts->clients[cube].client);
        event_free(hosts->clients[cube].timer);
    }
    event_free(hosts->change_timer);
    free(hosts->clients);
    free(hosts->socket);
    free(hosts);
}

void sim_hosts_count(const struct sim_hosts *hosts, struct sim_host_counts *ret_counts) {
    *ret_counts = hosts ? hosts->counts : (struct sim_host_counts){0};
}
