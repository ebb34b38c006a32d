/* Copies a database that is in use. The copy is one file without logs. It carries a mark, by which
 * store_open() tells it from the original. */
#include "daemon/store/connection.h"
#include "daemon/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files that SQLite would take for a part of the database called path. */
static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};

__attribute__((format(printf, 4, 5))) static int refuse(int result, char *error, size_t error_size,
                                                        const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, error_size, format, arguments);
    va_end(arguments);
    return result;
}

static int check_absent(const char *path, char *error, size_t error_size) {
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        char name[PATH_MAX];
        struct stat found;
        if (snprintf(name, sizeof(name), "%s%s", path, suffixes[i]) >= (int)sizeof(name))
            return refuse(-ENAMETOOLONG, error, error_size, "the path %s is too long", path);
        if (lstat(name, &found) == 0)
            return refuse(-EEXIST, error, error_size, "%s exists: name a file that does not", name);
        if (errno != ENOENT)
            return refuse(-errno, error, error_size, "cannot look at %s: %s", name, strerror(errno));
    }
    return 0;
}

/* All pages in one step, so that commits meanwhile cannot make it start again. */
static int copy_pages(sqlite3 *source, sqlite3 *copy) {
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", source, "main");
    if (backup == NULL)
        return connection_errno(copy, sqlite3_extended_errcode(copy));
    sqlite3_backup_step(backup, -1);
    return connection_errno(copy, sqlite3_backup_finish(backup));
}

static int fill_copy(const char *source_path, const char *copy_path, char *error, size_t error_size) {
    sqlite3 *source = NULL, *copy = NULL;
    int result = connection_open_reader(source_path, &source);
    if (result < 0)
        return refuse(result, error, error_size, "cannot open %s: %s", source_path, strerror(-result));
    int code = sqlite3_open_v2(copy_path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    result = connection_errno(copy, code);
    if (result == 0)
        result = copy_pages(source, copy);
    if (result == 0)
        result = connection_run(copy, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL");
    if (result == 0)
        result = meta_set_integer(copy, META_BACKUP_MARK, 1);
    if (result < 0)
        refuse(0, error, error_size, "cannot copy %s to %s: %s", source_path, copy_path, strerror(-result));
    sqlite3_close(copy);
    sqlite3_close(source);
    return result;
}

static int sync_path(const char *path, int flags) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (fd < 0)
        return -errno;
    int result = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return result;
}

/* Makes the complete copy durable under its final name, unless that name was taken meanwhile. */
static int publish(const char *copy_path, const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int)(slash - path + 1) : 1,
             slash != NULL ? path : ".");
    int result = sync_path(copy_path, 0);
    if (result < 0)
        return result;
    if (renameat2(AT_FDCWD, copy_path, AT_FDCWD, path, RENAME_NOREPLACE) < 0)
        return -errno;
    result = sync_path(folder, O_DIRECTORY);
    if (result < 0)
        unlink(path);
    return result;
}

int store_backup(const char *source_path, const char *path, char *error, size_t error_size) {
    int result = check_absent(path, error, error_size);
    if (result < 0)
        return result;
    char copy_path[PATH_MAX];
    if (snprintf(copy_path, sizeof(copy_path), "%s.part-XXXXXX", path) >= (int)sizeof(copy_path))
        return refuse(-ENAMETOOLONG, error, error_size, "the path %s is too long", path);
    int fd = mkostemp(copy_path, O_CLOEXEC);
    if (fd < 0)
        return refuse(-errno, error, error_size, "cannot create a file beside %s: %s", path, strerror(errno));
    close(fd);

    result = fill_copy(source_path, copy_path, error, error_size);
    if (result == 0) {
        result = publish(copy_path, path);
        if (result < 0)
            refuse(0, error, error_size, "cannot write %s: %s", path, strerror(-result));
    }
    if (result < 0)
        unlink(copy_path);
    return result;
}
