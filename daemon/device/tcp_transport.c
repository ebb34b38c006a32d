#include "daemon/device/tcp_transport.h"
#include "daemon/device/device.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct device_tcp {
    struct event_base *base;
    struct device *device;
    struct bufferevent *session;
    int64_t (*now_us)(void);
};

/* With a reset: what is still in the send buffer of a session that was given up must never arrive late. */
static void drop(struct device_tcp *tcp) {
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (!tcp->session)
        return;
    setsockopt(bufferevent_getfd(tcp->session), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    bufferevent_free(tcp->session);
    tcp->session = NULL;
}

static void on_read(struct bufferevent *session, void *arg) {
    struct device_tcp *tcp = arg;
    char bytes[16384];
    int n;
    /* The device may close the session while it reads what it was given. */
    while (tcp->session == session &&
           (n = evbuffer_remove(bufferevent_get_input(session), bytes, sizeof(bytes))) > 0)
        device_on_bytes(tcp->device, bytes, (size_t)n, tcp->now_us());
}

static void on_event(struct bufferevent *session, short what, void *arg) {
    struct device_tcp *tcp = arg;
    if (what & BEV_EVENT_CONNECTED) {
        int one = 1;
        setsockopt(bufferevent_getfd(session), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        device_on_connected(tcp->device, tcp->now_us());
    } else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) {
        const char *cause = what & BEV_EVENT_EOF ? "the switch closed the session" : strerror(errno);
        drop(tcp);
        device_on_closed(tcp->device, cause, tcp->now_us());
    }
}

static void tcp_close(void *userdata) {
    drop(userdata);
}

static void tcp_connect(void *userdata, const char *address) {
    struct device_tcp *tcp = userdata;
    drop(tcp);
    struct sockaddr_storage to;
    int to_len = sizeof(to);
    if (evutil_parse_sockaddr_port(address, (struct sockaddr *)&to, &to_len) < 0)
        return; /* the device's own timeout reports it */
    tcp->session = bufferevent_socket_new(tcp->base, -1, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!tcp->session)
        return;
    bufferevent_setcb(tcp->session, on_read, NULL, on_event, tcp);
    bufferevent_enable(tcp->session, EV_READ | EV_WRITE);
    /* A failure is reported through on_event, which is deferred. */
    if (bufferevent_socket_connect(tcp->session, (struct sockaddr *)&to, to_len) < 0)
        return;
}

static void tcp_send(void *userdata, const char *bytes, size_t len) {
    struct device_tcp *tcp = userdata;
    if (tcp->session)
        bufferevent_write(tcp->session, bytes, len);
}

int device_tcp_new(struct event_base *base, struct device *device, int64_t (*now_us)(void),
                   struct device_tcp **ret_tcp) {
    struct device_tcp *tcp = calloc(1, sizeof(*tcp));
    if (!tcp)
        return -ENOMEM;
    *tcp = (struct device_tcp){.base = base, .device = device, .now_us = now_us};
    struct device_transport transport = {
        .connect = tcp_connect, .send = tcp_send, .close = tcp_close, .userdata = tcp};
    device_set_transport(device, &transport);
    *ret_tcp = tcp;
    return 0;
}

void device_tcp_free(struct device_tcp *tcp) {
    if (!tcp)
        return;
    drop(tcp);
    free(tcp);
}
