#include "proto/grpc/server.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int grpcx_listen_unix(const char *path, mode_t mode, struct grpcx_unix_listener *ret_listener) {
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct stat st;
    char lock_path[sizeof(addr.sun_path) + 8];
    int r, fd = -1;
    if (!*path || strlen(path) >= sizeof(addr.sun_path))
        return -ENAMETOOLONG;
    strcpy(addr.sun_path, path);
    snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
    char *copy = strdup(path);
    if (!copy)
        return -ENOMEM;
    int lock_fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock_fd < 0 || flock(lock_fd, LOCK_EX | LOCK_NB) < 0) {
        r = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
        goto fail;
    }
    if (lstat(path, &st) == 0) {
        if (!S_ISSOCK(st.st_mode)) {
            r = -EEXIST;
            goto fail;
        }
        if (unlink(path) < 0) {
            r = -errno;
            goto fail;
        }
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* Before bind, so that the file never exists with a wider mode; and after it, because the umask narrows.
     */
    if (fd < 0 || fchmod(fd, mode) < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        chmod(path, mode) < 0 || listen(fd, 128) < 0) {
        r = -errno;
        goto fail;
    }
    *ret_listener = (struct grpcx_unix_listener){.fd = fd, .lock_fd = lock_fd, .path = copy};
    return 0;
fail:
    if (fd >= 0)
        close(fd);
    if (lock_fd >= 0)
        close(lock_fd);
    free(copy);
    return r;
}

void grpcx_unix_listener_deinit(struct grpcx_unix_listener *listener) {
    if (!listener->path)
        return;
    close(listener->fd);
    unlink(listener->path);
    close(listener->lock_fd);
    free(listener->path);
    *listener = (struct grpcx_unix_listener){.fd = -1, .lock_fd = -1};
}

/* The supplementary groups that the peer had when it connected. */
static int read_groups(int fd, struct grpcx_peer *peer) {
    socklen_t size = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0)
        return 0;
    if (errno != ERANGE)
        return -errno;
    gid_t *groups = malloc(size);
    if (!groups)
        return -ENOMEM;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) {
        int r = -errno;
        free(groups);
        return r;
    }
    peer->groups = groups;
    peer->n_groups = size / sizeof(*groups);
    return 0;
}

int grpcx_accept_unix(int listen_fd, int *ret_fd, struct grpcx_peer *ret_peer) {
    struct ucred cred;
    socklen_t len = sizeof(cred);
    int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct grpcx_peer peer = {0};
    int r = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 ? -errno : read_groups(fd, &peer);
    if (r < 0) {
        close(fd);
        return r;
    }
    peer.uid = cred.uid;
    peer.gid = cred.gid;
    peer.pid = cred.pid;
    *ret_fd = fd;
    *ret_peer = peer;
    return 0;
}
