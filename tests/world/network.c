#include "tests/world/network.h"
#include "sim/plant/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_LATE_US 6000000 /* beyond the longest wait of a device */

static int64_t arrival_us(struct network *network) {
    int64_t at =
        network->now_us + chance_between(&network->chance, network->latency_min_us, network->latency_max_us);
    return (at + network->grid_us - 1) / network->grid_us * network->grid_us;
}

static void push(struct packets *packets, int64_t at_us, const char *bytes, size_t len, bool is_close) {
    struct packet *packet = malloc(sizeof(*packet) + len);
    if (!packet)
        abort();
    *packet = (struct packet){.at_us = at_us, .is_close = is_close, .len = len};
    if (len)
        memcpy(packet->bytes, bytes, len);
    if (!packets->first)
        packets->last = &packets->first;
    else { /* no overtaking */
        struct packet *last = (struct packet *)((char *)packets->last - offsetof(struct packet, next));
        if (packet->at_us < last->at_us)
            packet->at_us = last->at_us;
    }
    *packets->last = packet;
    packets->last = &packet->next;
}

static struct packet *pop(struct packets *packets) {
    struct packet *packet = packets->first;
    packets->first = packet->next;
    return packet;
}

static void drop_all(struct packets *packets) {
    while (packets->first)
        free(pop(packets));
}

void network_touch(struct network *network, unsigned ocs) {
    network->link[ocs].next_us = network->now_us;
}

static void on_record(void *userdata, const struct scpi_record *record) {
    struct connection *connection = userdata;
    connection->network->watcher.executed(connection->network->watcher.userdata, connection, record);
}

static void deliver(struct connection *connection, int64_t delay_us, const char *bytes, size_t len) {
    struct network *network = connection->network;
    size_t first = chance_between(&network->chance, 0, 19) == 0
                       ? (size_t)chance_between(&network->chance, 0, (int64_t)len)
                       : len;
    if (first)
        push(&connection->to_device, arrival_us(network) + delay_us, bytes, first, false);
    if (first < len)
        push(&connection->to_device, arrival_us(network) + delay_us, bytes + first, len - first, false);
}

static void on_answer(void *userdata, const char *bytes, size_t len) {
    struct connection *connection = userdata;
    struct network *network = connection->network;
    char other[16384];
    if (!connection->is_live)
        return;
    switch (network->spoil ? network->spoil(network->watcher.userdata, connection->ocs) : ANSWER_FINE) {
    case ANSWER_LOST:
        return;
    case ANSWER_RESET:
        connection->is_reset = true;
        push(&connection->to_device, arrival_us(network), NULL, 0, true);
        return;
    case ANSWER_TRUNCATED:
        deliver(connection, 0, bytes, len / 2);
        return;
    case ANSWER_GARBLED:
        len = len < sizeof(other) ? len : sizeof(other);
        for (size_t i = 0; i < len; i++)
            other[i] = bytes[i] == '\n' || i % 3 ? bytes[i] : (char)(bytes[i] ^ 5);
        deliver(connection, 0, other, len);
        return;
    case ANSWER_DOUBLED:
        deliver(connection, 0, bytes, len);
        break;
    case ANSWER_LATE:
        deliver(connection, ANSWER_LATE_US, bytes, len);
        return;
    default:
        break;
    }
    deliver(connection, 0, bytes, len);
}

static void on_reset(void *userdata) {
    struct connection *connection = userdata;
    connection->is_reset = true;
    push(&connection->to_device, arrival_us(connection->network), NULL, 0, true);
}

static void release(struct connection *connection) {
    scpi_session_deinit(&connection->session);
    drop_all(&connection->to_switch);
    drop_all(&connection->to_device);
    connection->in_use = false;
}

/* The device's side is gone: what is under way to the switch still arrives, and then the end. */
static void leave(struct connection *connection) {
    struct network *network = connection->network;
    struct link *link = &network->link[connection->ocs];
    if (!connection->is_live)
        return;
    connection->is_live = false;
    link->live = NULL;
    drop_all(&connection->to_device);
    network->watcher.ended(network->watcher.userdata, connection);
    push(&connection->to_switch, arrival_us(network) + (link->close_is_lost ? 20000000 : 0), NULL, 0, true);
    link->next_us = network->now_us;
}

static void transport_connect(void *userdata, const char *address) {
    struct link *link = userdata;
    link->connect_at_us = arrival_us(link->network);
    link->next_us = link->network->now_us;
}

static void transport_send(void *userdata, const char *bytes, size_t len) {
    struct link *link = userdata;
    struct connection *connection = link->live;
    if (!connection)
        abort();
    connection->n_lines++;
    link->network->watcher.sent(link->network->watcher.userdata, connection, bytes, len);
    push(&connection->to_switch, arrival_us(link->network), bytes, len, false);
    link->next_us = link->network->now_us;
}

static void transport_close(void *userdata) {
    struct link *link = userdata;
    link->connect_at_us = INT64_MAX;
    if (link->live)
        leave(link->live);
}

int network_attach(void *userdata, struct device *device, void **ret_transport) {
    struct network *network = userdata;
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        if (strcmp(network->plant->switches[ocs].name, device_name(device)) == 0) {
            struct link *link = &network->link[ocs];
            struct device_transport transport = {.connect = transport_connect,
                                                 .send = transport_send,
                                                 .close = transport_close,
                                                 .userdata = link};
            link->device = device;
            device_set_transport(device, &transport);
            *ret_transport = link;
            return 0;
        }
    abort();
}

void network_detach(void *userdata, void *transport) {
    struct link *link = transport;
    transport_close(link);
    link->device = NULL;
}

void network_init(struct network *network, struct sim_plant *plant, uint64_t seed) {
    memset(network, 0, sizeof(*network));
    network->plant = plant;
    network->chance.state = chance_mix(seed);
    network->grid_us = 1000;
    network->latency_min_us = 50;
    network->latency_max_us = 900;
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        network->link[ocs] =
            (struct link){.network = network, .ocs = ocs, .connect_at_us = INT64_MAX, .next_us = INT64_MAX};
}

void network_deinit(struct network *network) {
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        for (unsigned i = 0; i < NETWORK_SESSIONS_MAX; i++)
            if (network->link[ocs].connection[i].in_use)
                release(&network->link[ocs].connection[i]);
}

static void open_connection(struct link *link) {
    struct network *network = link->network;
    struct sim_switch *sw = &network->plant->switches[link->ocs];
    struct connection *connection = NULL;
    link->connect_at_us = INT64_MAX;
    if (link->is_cut)
        return; /* the device gives up by itself */
    for (unsigned i = 0; i < NETWORK_SESSIONS_MAX && !connection; i++)
        if (!link->connection[i].in_use)
            connection = &link->connection[i];
    if (!connection || !sim_switch_is_up(sw, network->now_us) || sw->behaviour.refuse) {
        device_on_closed(link->device, "connection refused", network->now_us);
        return;
    }
    *connection = (struct connection){.network = network, .ocs = link->ocs, .in_use = true, .is_live = true};
    struct scpi_peer peer = {
        .userdata = connection, .record = on_record, .answer = on_answer, .reset = on_reset};
    scpi_session_init(&connection->session, sw, 1, &peer);
    link->live = connection;
    device_on_connected(link->device, network->now_us);
}

static void run_to_switch(struct link *link, struct connection *connection) {
    struct network *network = link->network;
    struct sim_switch *sw = &network->plant->switches[link->ocs];
    while (connection->in_use && connection->to_switch.first &&
           connection->to_switch.first->at_us <= network->now_us) {
        struct packet *packet = pop(&connection->to_switch);
        if (packet->is_close) {
            if (!scpi_close(&connection->session))
                release(connection);
        } else if (sw->ready_at_us == INT64_MAX) {
            /* no power: lost, and so is the connection, when the reset comes */
        } else if (!connection->is_reset) {
            scpi_receive(&connection->session, packet->bytes, packet->len, network->now_us);
        }
        free(packet);
    }
    if (connection->in_use && scpi_next_wakeup_us(&connection->session) <= network->now_us)
        scpi_run(&connection->session, network->now_us);
    if (connection->in_use && connection->session.closed && scpi_is_idle(&connection->session))
        release(connection);
}

static void run_to_device(struct link *link, struct connection *connection) {
    struct network *network = link->network;
    while (connection->is_live && connection->to_device.first &&
           connection->to_device.first->at_us <= network->now_us) {
        struct packet *packet = pop(&connection->to_device);
        if (packet->is_close) {
            leave(connection);
            device_on_closed(link->device, "connection reset", network->now_us);
        } else {
            network->watcher.answered(network->watcher.userdata, connection, packet->bytes, packet->len);
            device_on_bytes(link->device, packet->bytes, packet->len, network->now_us);
        }
        free(packet);
    }
}

static int64_t first_of(const struct packets *packets) {
    return packets->first ? packets->first->at_us : INT64_MAX;
}

static int64_t earlier(int64_t one, int64_t other) {
    return one < other ? one : other;
}

static void run_link(struct link *link) {
    struct network *network = link->network;
    struct sim_switch *sw = &network->plant->switches[link->ocs];
    if (link->connect_at_us <= network->now_us && link->device)
        open_connection(link);
    int64_t next = INT64_MAX;
    for (unsigned i = 0; i < NETWORK_SESSIONS_MAX; i++) {
        struct connection *connection = &link->connection[i];
        if (!connection->in_use)
            continue;
        if (!link->is_cut || !connection->is_live) {
            run_to_switch(link, connection);
            if (connection->in_use)
                run_to_device(link, connection);
        }
        if (!connection->in_use)
            continue;
        next = earlier(next, first_of(&connection->to_switch));
        if (connection->is_live)
            next = earlier(next, first_of(&connection->to_device));
        int64_t wakeup = scpi_next_wakeup_us(&connection->session);
        if (wakeup != INT64_MAX && wakeup < sw->ready_at_us)
            wakeup = sw->ready_at_us;
        next = earlier(next, wakeup);
    }
    if (link->is_cut && next <= network->now_us)
        next = network->now_us + 100000;
    link->next_us = earlier(next, link->connect_at_us);
}

int64_t network_next_us(const struct network *network) {
    int64_t next = INT64_MAX;
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        next = earlier(next, network->link[ocs].next_us);
    return next;
}

void network_run(struct network *network, int64_t now_us) {
    network->now_us = now_us;
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        if (network->link[ocs].next_us <= now_us)
            run_link(&network->link[ocs]);
}

void network_drop(struct network *network, unsigned ocs, int64_t now_us) {
    struct link *link = &network->link[ocs];
    network->now_us = now_us;
    for (unsigned i = 0; i < NETWORK_SESSIONS_MAX; i++) {
        struct connection *connection = &link->connection[i];
        if (!connection->in_use || !connection->is_live)
            continue;
        drop_all(&connection->to_device);
        push(&connection->to_device, now_us, NULL, 0, true);
    }
    link->next_us = now_us;
}
