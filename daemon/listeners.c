#include "daemon/listeners.h"
#include "daemon/log.h"
#include "daemon/loop/loop.h"
#include "proto/grpc/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN 64

struct listeners {
    struct grpcx_server *server;
    struct grpcx_unix_listener main, read_only;
    int tcp_fd;
    char tcp_address[80];
    struct grpcx_tls *tls;
    int spare_fd;
};

/* Out of descriptors: the connection is taken with the spare one and closed, so that it does not wake the
 * loop for ever. */
static void shed(struct listeners *listeners, int listen_fd) {
    log_line(LOG_LEVEL_WARNING, "out of file descriptors: a connection was turned away");
    close(listeners->spare_fd);
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    listeners->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int accept_tcp(struct listeners *listeners, int listen_fd) {
    struct sockaddr_storage from;
    socklen_t len = sizeof(from);
    char address[48];
    int one = 1, fd = accept4(listen_fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (getnameinfo((struct sockaddr *)&from, len, address, sizeof(address), NULL, 0, NI_NUMERICHOST))
        *address = '\0';
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    return grpcx_server_adopt_tls(listeners->server, fd, listeners->tls, LISTENER_TLS, address);
}

static int accept_unix(struct listeners *listeners, int listen_fd, enum listener listener) {
    struct grpcx_peer peer;
    int fd;
    int r = grpcx_accept_unix(listen_fd, &fd, &peer);
    if (r < 0)
        return r;
    peer.listener = (int)listener;
    return grpcx_server_adopt_connection(listeners->server, fd, &peer);
}

static bool is_over(int r) {
    return r == -EAGAIN || r == -EWOULDBLOCK || r == -ECONNABORTED || r == -EMFILE || r == -ENFILE;
}

static void accept_some(struct listeners *listeners, int listen_fd, enum listener listener) {
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int r = listener == LISTENER_TLS ? accept_tcp(listeners, listen_fd)
                                         : accept_unix(listeners, listen_fd, listener);
        if (r == -EMFILE || r == -ENFILE)
            shed(listeners, listen_fd);
        if (is_over(r))
            return;
        /* -EACCES was logged with its client's name. */
        if (r < 0 && r != -ESHUTDOWN && r != -EACCES)
            log_line(LOG_LEVEL_WARNING, "a connection was turned away: %s",
                     r == -EUSERS ? "there are too many" : strerror(-r));
    }
}

static void on_main(void *userdata) {
    struct listeners *listeners = userdata;
    accept_some(listeners, listeners->main.fd, LISTENER_MAIN);
}

static void on_read_only(void *userdata) {
    struct listeners *listeners = userdata;
    accept_some(listeners, listeners->read_only.fd, LISTENER_READ_ONLY);
}

static void on_tcp(void *userdata) {
    struct listeners *listeners = userdata;
    accept_some(listeners, listeners->tcp_fd, LISTENER_TLS);
}

static int take_unix(const char *path, int64_t mode, struct grpcx_unix_listener *ret_listener, char *error) {
    int r = grpcx_listen_unix(path, (mode_t)mode, ret_listener);
    if (r == -EADDRINUSE)
        snprintf(error, CONFIG_ERROR_MAX, "socket %.150s is in use: another process holds %.150s.lock", path,
                 path);
    else if (r == -EEXIST)
        snprintf(error, CONFIG_ERROR_MAX, "%.200s exists and is no socket: remove it or choose another path",
                 path);
    else if (r == -ENAMETOOLONG)
        snprintf(error, CONFIG_ERROR_MAX,
                 "socket path \"%.120s\" is empty or longer than a socket's name may be", path);
    else if (r < 0)
        snprintf(error, CONFIG_ERROR_MAX, "socket %.200s: %s", path, strerror(-r));
    return r < 0 ? LISTENERS_REFUSED : 0;
}

/* "127.0.0.1:7443" or "[::]:7443". */
static struct addrinfo *parse_address(const char *text) {
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    const char *colon = strrchr(text, ':');
    char host[64];
    struct addrinfo *found = NULL;
    bool has_brackets = *text == '[';
    size_t len = colon ? (size_t)(colon - text) : 0;
    if (has_brackets && len > 2 && text[len - 1] == ']') {
        text++;
        len -= 2;
    } else if (has_brackets) {
        return NULL;
    }
    if (len == 0 || len >= sizeof(host) || (!has_brackets && memchr(text, ':', len)))
        return NULL;
    memcpy(host, text, len);
    host[len] = '\0';
    return getaddrinfo(host, colon + 1, &hints, &found) == 0 ? found : NULL;
}

static int bind_tcp(struct listeners *listeners, const struct addrinfo *address) {
    struct sockaddr_storage bound;
    socklen_t len = sizeof(bound);
    char host[64], port[16];
    int one = 1, fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, 128) < 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &len) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    if (getnameinfo((struct sockaddr *)&bound, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(listeners->tcp_address, sizeof(listeners->tcp_address),
                 address->ai_family == AF_INET6 ? "[%.60s]:%.8s" : "%.60s:%.8s", host, port);
    listeners->tcp_fd = fd;
    return 0;
}

static int take_tcp(struct listeners *listeners, const char *text, char *error) {
    struct addrinfo *address = parse_address(text);
    if (!address) {
        snprintf(error, CONFIG_ERROR_MAX, "listen.tls_address = \"%.80s\": write 127.0.0.1:7443 or [::]:7443",
                 text);
        return LISTENERS_REFUSED;
    }
    int r = bind_tcp(listeners, address);
    freeaddrinfo(address);
    if (r < 0)
        snprintf(error, CONFIG_ERROR_MAX, "listen.tls_address = %.80s: %s", text, strerror(-r));
    return r < 0 ? LISTENERS_REFUSED : 0;
}

int listeners_new(const char *socket_path, const struct config *config, struct listeners **ret_listeners,
                  char *error) {
    struct listeners *listeners = calloc(1, sizeof(*listeners));
    if (!listeners)
        return -ENOMEM;
    listeners->main.fd = listeners->read_only.fd = listeners->tcp_fd = -1;
    listeners->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int r = take_unix(socket_path, config->listen_socket_mode, &listeners->main, error);
    if (r == 0 && *config->listen_read_only_socket)
        r = take_unix(config->listen_read_only_socket, config->listen_read_only_socket_mode,
                      &listeners->read_only, error);
    if (r == 0 && *config->listen_tls_address)
        r = take_tcp(listeners, config->listen_tls_address, error);
    if (r) {
        listeners_free(listeners);
        return r;
    }
    *ret_listeners = listeners;
    return 0;
}

int listeners_start(struct listeners *listeners, struct loop *loop, struct grpcx_server *server) {
    listeners->server = server;
    int r = loop_on_readable(loop, listeners->main.fd, on_main, listeners);
    if (r == 0 && listeners->read_only.fd >= 0)
        r = loop_on_readable(loop, listeners->read_only.fd, on_read_only, listeners);
    if (r == 0 && listeners->tcp_fd >= 0)
        r = loop_on_readable(loop, listeners->tcp_fd, on_tcp, listeners);
    return r;
}

void listeners_set_tls(struct listeners *listeners, struct grpcx_tls *tls) {
    grpcx_tls_free(listeners->tls);
    listeners->tls = tls;
}

const char *listeners_tls_address(const struct listeners *listeners) {
    return listeners->tcp_address;
}

void listeners_free(struct listeners *listeners) {
    if (!listeners)
        return;
    grpcx_unix_listener_deinit(&listeners->main);
    grpcx_unix_listener_deinit(&listeners->read_only);
    if (listeners->tcp_fd >= 0)
        close(listeners->tcp_fd);
    if (listeners->spare_fd >= 0)
        close(listeners->spare_fd);
    grpcx_tls_free(listeners->tls);
    free(listeners);
}
