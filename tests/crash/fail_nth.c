/* Preloaded into a program (LD_PRELOAD): fails an allocation or a socket call, once or from then on.
 *
 *   HELIOSTAT_FAIL=allocation:N or socket:N        the N-th; 0: none fails, they are counted
 *   HELIOSTAT_FAIL=allocation@CALLER,STACK         the first at this place, both in hexadecimal digits, as
 * recorded with a + at the end: from then on HELIOSTAT_FAIL_COUNT=FILE of 16 bytes          how many calls
 * there were, how many of them failed HELIOSTAT_FAIL_PLACES=FILE of 16 bytes a call  the place of each call,
 * as many as the file has room for
 *
 * A place is the stack of a call: the address that called, and a hash over all return addresses, each as an
 * offset into its module. Any thread. */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <signal.h>
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

#define MODULES_MAX 128
#define DEPTH_MAX 48

struct place {
    uint64_t caller, stack;
};

static struct { uintptr_t begin, end; } module[MODULES_MAX];
static unsigned n_modules;
static struct place *places, wanted; /* wanted.caller 0: by number */
static unsigned long places_max;
static __thread bool is_looking; /* the unwinder's own calls are not counted */
static atomic_bool has_struck;

static int add_module(struct dl_phdr_info *info, size_t size, void *userdata) {
    uintptr_t end = info->dlpi_addr;
    (void)size;
    (void)userdata;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD) {
            uintptr_t to = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
            end = to > end ? to : end;
        }
    if (n_modules < MODULES_MAX)
        module[n_modules++] = (typeof(module[0])){info->dlpi_addr, end};
    return 0;
}

/* The same in every run, wherever the modules are loaded. */
static uint64_t offset_of(const void *address) {
    for (unsigned i = 0; i < n_modules; i++)
        if ((uintptr_t)address >= module[i].begin && (uintptr_t)address < module[i].end)
            return ((uint64_t)(i + 1) << 40) + ((uintptr_t)address - module[i].begin);
    return 1;
}

/* From the caller upwards: the frames of this file say nothing. */
static uint64_t stack_hash(const void *caller) {
    void *frame[DEPTH_MAX];
    uint64_t hash = 14695981039346656037u; /* FNV-1a, by words */
    is_looking = true;
    int depth = backtrace(frame, DEPTH_MAX);
    is_looking = false;
    int i = 0;
    while (i < depth && frame[i] != caller)
        i++;
    for (; i < depth; i++)
        hash = (hash ^ offset_of(frame[i])) * 1099511628211u;
    return hash;
}

/* Whether this call is to fail. */
static bool strikes(int kind, const void *caller) {
    if (counted != (typeof(counted))kind || is_looking)
        return false;
    unsigned long call = atomic_fetch_add(&counts->calls, 1) + 1;
    if (places && call <= places_max)
        places[call - 1] = (struct place){offset_of(caller), stack_hash(caller)};
    bool is_hit;
    if (wanted.caller)
        is_hit = atomic_load(&has_struck)
                     ? is_lasting
                     : offset_of(caller) == wanted.caller && stack_hash(caller) == wanted.stack;
    else
        is_hit = nth && (is_lasting ? call >= nth : call == nth);
    if (is_hit) {
        atomic_store(&has_struck, true);
        atomic_fetch_add(&counts->failed, 1);
    }
    return is_hit;
}

static void *map_file(const char *variable, size_t *ret_size) {
    struct stat status;
    const char *file = getenv(variable);
    int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return NULL;
    void *shared = fstat(fd, &status) == 0
                       ? mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                       : MAP_FAILED;
    close(fd);
    if (shared == MAP_FAILED)
        return NULL;
    *ret_size = (size_t)status.st_size;
    return shared;
}

/* Says where the program was, for whoever reads the report. */
static void on_crash(int number) {
    void *frame[DEPTH_MAX];
    is_looking = true;
    backtrace_symbols_fd(frame, backtrace(frame, DEPTH_MAX), STDERR_FILENO);
    signal(number, SIG_DFL);
    raise(number);
}

__attribute__((constructor)) static void begin(void) {
    const char *what = getenv("HELIOSTAT_FAIL");
    void *frame[1], *shared;
    char *end;
    size_t size;
    /* Loads what the unwinder needs. */
    is_looking = true;
    (void)backtrace(frame, 1);
    is_looking = false;
    signal(SIGSEGV, on_crash);
    signal(SIGABRT, on_crash);
    dl_iterate_phdr(add_module, NULL);
    if ((shared = map_file("HELIOSTAT_FAIL_COUNT", &size)) && size >= sizeof(*counts))
        counts = shared;
    if ((places = map_file("HELIOSTAT_FAIL_PLACES", &size)))
        places_max = size / sizeof(*places);
    const char *where = what ? strpbrk(what, ":@") : NULL;
    if (!where)
        return;
    if (*where == '@') {
        wanted.caller = strtoull(where + 1, &end, 16);
        wanted.stack = *end ? strtoull(end + 1, NULL, 16) : 0;
    } else {
        nth = strtoul(where + 1, NULL, 10);
    }
    is_lasting = what[strlen(what) - 1] == '+';
    counted = what[0] == 'a' ? COUNT_ALLOCATIONS : COUNT_SOCKET_CALLS;
}

static bool lacks_memory(const void *caller) {
    bool lacks = strikes(COUNT_ALLOCATIONS, caller);
    if (lacks)
        errno = ENOMEM;
    return lacks;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size) {
    return lacks_memory(CALLER) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return lacks_memory(CALLER) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    return lacks_memory(CALLER) ? NULL : __libc_realloc(old, size);
}

static bool breaks_for(int error, const void *caller) {
    bool is_broken = strikes(COUNT_SOCKET_CALLS, caller);
    if (is_broken)
        errno = error;
    return is_broken;
}

#define breaks(error) breaks_for(error, CALLER)

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
