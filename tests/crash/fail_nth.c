/* Preloaded into a program (LD_PRELOAD): fails its N-th allocation or socket call, once or from then on.
 *
 *   HELIOSTAT_FAIL=allocation:N or socket:N, with a + at the end: from then on
 *   HELIOSTAT_FAIL_COUNT=FILE of 16 bytes: how many calls there were, how many of them failed
 *
 * N 0: none fails, they are counted. Any thread. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* What the C library offers to those who take the place of malloc(). */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static struct { atomic_ulong calls, failed; } none, *counts = &none;

static enum { COUNT_NOTHING, COUNT_ALLOCATIONS, COUNT_SOCKET_CALLS } counted;
static unsigned long nth;
static bool is_lasting;

/* Whether this call is to fail. */
static bool strikes(int kind) {
    if (counted != (typeof(counted))kind)
        return false;
    unsigned long call = atomic_fetch_add(&counts->calls, 1) + 1;
    if (!nth || (is_lasting ? call < nth : call != nth))
        return false;
    atomic_fetch_add(&counts->failed, 1);
    return true;
}

__attribute__((constructor)) static void begin(void) {
    const char *what = getenv("HELIOSTAT_FAIL"), *file = getenv("HELIOSTAT_FAIL_COUNT");
    const char *colon = what ? strchr(what, ':') : NULL;
    int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    if (fd >= 0) {
        void *shared = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (shared != MAP_FAILED)
            counts = shared;
    }
    if (!colon)
        return;
    nth = strtoul(colon + 1, NULL, 10);
    is_lasting = what[strlen(what) - 1] == '+';
    counted = what[0] == 'a' ? COUNT_ALLOCATIONS : COUNT_SOCKET_CALLS;
}

static bool lacks_memory(void) {
    bool lacks = strikes(COUNT_ALLOCATIONS);
    if (lacks)
        errno = ENOMEM;
    return lacks;
}

void *malloc(size_t size) {
    return lacks_memory() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return lacks_memory() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    return lacks_memory() ? NULL : __libc_realloc(old, size);
}

static bool breaks(int error) {
    bool is_broken = strikes(COUNT_SOCKET_CALLS);
    if (is_broken)
        errno = error;
    return is_broken;
}

static bool is_socket(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

#define NEXT(name, ...) ((typeof(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

int socket(int domain, int type, int protocol) {
    return breaks(EMFILE) ? -1 : NEXT(socket, domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t len) {
    return breaks(ENETUNREACH) ? -1 : NEXT(connect, fd, address, len);
}

int accept(int fd, struct sockaddr *address, socklen_t *len) {
    return breaks(EMFILE) ? -1 : NEXT(accept, fd, address, len);
}

int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags) {
    return breaks(EMFILE) ? -1 : NEXT(accept4, fd, address, len, flags);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len) {
    return breaks(ENOBUFS) ? -1 : NEXT(getsockopt, fd, level, name, value, len);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
    return breaks(ENOBUFS) ? -1 : NEXT(setsockopt, fd, level, name, value, len);
}

ssize_t send(int fd, const void *bytes, size_t len, int flags) {
    return breaks(ECONNRESET) ? -1 : NEXT(send, fd, bytes, len, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    return breaks(ECONNRESET) ? -1 : NEXT(sendmsg, fd, message, flags);
}

ssize_t recv(int fd, void *bytes, size_t len, int flags) {
    return breaks(ECONNRESET) ? -1 : NEXT(recv, fd, bytes, len, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    return breaks(ECONNRESET) ? -1 : NEXT(recvmsg, fd, message, flags);
}

ssize_t readv(int fd, const struct iovec *pieces, int count) {
    return is_socket(fd) && breaks(ECONNRESET) ? -1 : NEXT(readv, fd, pieces, count);
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
    return is_socket(fd) && breaks(ECONNRESET) ? -1 : NEXT(writev, fd, pieces, count);
}

ssize_t read(int fd, void *bytes, size_t len) {
    return is_socket(fd) && breaks(ECONNRESET) ? -1 : NEXT(read, fd, bytes, len);
}

ssize_t write(int fd, const void *bytes, size_t len) {
    return is_socket(fd) && breaks(ECONNRESET) ? -1 : NEXT(write, fd, bytes, len);
}
