#include "ctl/remote.h"
#include "proto/grpc/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 10000

static const char *given_or(const struct ctl *ctl, const char *flag, const char *variable) {
    const char *text = ctl_flag_text(ctl, flag);
    if (!text)
        text = getenv(variable);
    return text && *text ? text : NULL;
}

bool ctl_is_remote(const struct ctl *ctl) {
    return !ctl_has(ctl, "socket") && given_or(ctl, "address", "HELIOSTAT_ADDRESS");
}

/* Names of hosts may have several addresses: the first that answers. -errno. */
static int connect_one(const struct addrinfo *address) {
    int error = 0, one = 1;
    socklen_t len = sizeof(error);
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    if (connect(fd, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS)
        error = errno;
    else if (poll(&wait, 1, CONNECT_TIMEOUT_MS) == 0)
        error = ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error) {
        close(fd);
        return -error;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

static int connect_any(const char *host, const char *port) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int fd = -EHOSTUNREACH;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -EHOSTUNREACH;
    for (const struct addrinfo *address = found; address && fd < 0; address = address->ai_next)
        fd = connect_one(address);
    freeaddrinfo(found);
    return fd;
}

/* "host:7443" or "[::1]:7443" into its two parts; false for anything else. */
static bool split(struct ctl *ctl, const char *text, char **ret_host, char **ret_port) {
    char *host = ctl_text(ctl, "%s", text), *colon = strrchr(host, ':');
    if (!colon || colon == host || !colon[1])
        return false;
    *colon = '\0';
    if (*host == '[') {
        if (colon[-1] != ']')
            return false;
        colon[-1] = '\0';
        host++;
    }
    *ret_host = host;
    *ret_port = colon + 1;
    return *host != '\0';
}

int ctl_connect_remote(struct ctl *ctl, bool quiet, struct event_base *base,
                       const struct grpcx_client_options *options, struct grpcx_client **ret_client) {
    const struct grpcx_tls_files files = {.certificate = given_or(ctl, "cert", "HELIOSTAT_CERT"),
                                          .key = given_or(ctl, "key", "HELIOSTAT_KEY"),
                                          .authorities = given_or(ctl, "ca", "HELIOSTAT_CA")};
    struct grpcx_tls *tls;
    char *host, *port, error[400];
    if (!files.certificate || !files.key || !files.authorities)
        return quiet ? CTL_EXIT_USAGE
                     : ctl_fail(ctl, CTL_EXIT_USAGE, "--address needs --cert, --key and --ca");
    if (!split(ctl, ctl->socket_path, &host, &port))
        return quiet ? CTL_EXIT_USAGE
                     : ctl_fail(ctl, CTL_EXIT_USAGE, "--address: \"%s\" is not HOST:PORT", ctl->socket_path);
    int r = grpcx_tls_new(&files, false, &tls, error, sizeof(error));
    if (r == GRPCX_TLS_REFUSED)
        return quiet ? CTL_EXIT_USAGE : ctl_fail(ctl, CTL_EXIT_USAGE, "%s", error);
    if (r < 0)
        return r;
    int fd = connect_any(host, port);
    if (fd < 0 && !quiet)
        ctl_fail(ctl, CTL_EXIT_UNREACHABLE, "cannot reach heliostatd at %s: %s", ctl->socket_path,
                 strerror(-fd));
    r = fd < 0 ? CTL_EXIT_UNREACHABLE : grpcx_client_adopt_tls(base, fd, tls, host, options, ret_client);
    grpcx_tls_free(tls);
    return r;
}
