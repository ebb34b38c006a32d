#include "daemon/store/fault_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define SECTOR 512

/* A write or truncation that no sync has followed. */
struct unsynced {
    struct unsynced *next;
    sqlite3_int64 offset; /* or the new size */
    int length;           /* -1: truncation */
    char data[];
};

/* A file by its name, whatever handles are open on it. Its content for SQLite is the real file. */
struct disk_file {
    struct disk_file *next;
    bool is_known; /* the image was read */
    char *image;   /* what the disk has for sure */
    sqlite3_int64 size, capacity;
    struct unsynced *first, **last;
    char name[];
};

struct fault_file {
    sqlite3_file base;
    struct disk_file *disk; /* NULL: a temporary file */
    sqlite3_file *real;     /* behind this struct */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs fault_vfs;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t held_changed = PTHREAD_COND_INITIALIZER;
static struct {
    unsigned kinds;
    int64_t nth;
    bool is_lasting;
    int code;
    int64_t calls, failures;
    int64_t delay_us;
    bool is_held, is_off;
    int n_held;
    int64_t syncs;
} state;
static struct disk_file *disk_files;

/* Whether this call fails: a SQLite result code or 0. */
static int strike(enum fault_vfs_kind kind, int usual_code) {
    int code = SQLITE_OK;
    pthread_mutex_lock(&mutex);
    if (state.is_off) {
        code = usual_code;
    } else if (state.kinds & kind) {
        state.calls++;
        if (state.nth > 0 && (state.calls == state.nth || (state.is_lasting && state.calls > state.nth))) {
            state.failures++;
            code = state.code != 0 ? state.code : usual_code;
        }
    }
    pthread_mutex_unlock(&mutex);
    return code;
}

/* The functions on disk files need the mutex. */
static void forget_unsynced(struct disk_file *disk) {
    while (disk->first != NULL) {
        struct unsynced *unsynced = disk->first;
        disk->first = unsynced->next;
        free(unsynced);
    }
    disk->last = &disk->first;
}

static bool resize_image(struct disk_file *disk, sqlite3_int64 size) {
    if (size > disk->capacity) {
        sqlite3_int64 capacity = 2 * size;
        char *image = realloc(disk->image, capacity);
        if (image == NULL)
            return false;
        disk->image = image;
        disk->capacity = capacity;
    }
    if (size > disk->size)
        memset(disk->image + disk->size, 0, size - disk->size);
    disk->size = size;
    return true;
}

static bool write_image(struct disk_file *disk, const char *data, int length, sqlite3_int64 offset) {
    if (offset + length > disk->size && !resize_image(disk, offset + length))
        return false;
    memcpy(disk->image + offset, data, length);
    return true;
}

/* The file of that name, made when it is new; NULL without memory. */
static struct disk_file *find_disk_file(const char *name) {
    struct disk_file *disk;
    for (disk = disk_files; disk != NULL && strcmp(disk->name, name) != 0;)
        disk = disk->next;
    if (disk == NULL && (disk = calloc(1, sizeof(*disk) + strlen(name) + 1)) != NULL) {
        strcpy(disk->name, name);
        disk->last = &disk->first;
        disk->next = disk_files;
        disk_files = disk;
    }
    return disk;
}

/* What a file holds when it is first seen counts as synced. */
static int learn_image(struct fault_file *file) {
    struct disk_file *disk = file->disk;
    if (disk == NULL || disk->is_known)
        return SQLITE_OK;
    sqlite3_int64 size = 0;
    int code = file->real->pMethods->xFileSize(file->real, &size);
    if (code == SQLITE_OK && !resize_image(disk, size))
        code = SQLITE_NOMEM;
    if (code == SQLITE_OK && size > 0)
        code = file->real->pMethods->xRead(file->real, disk->image, (int)size, 0);
    disk->is_known = code == SQLITE_OK;
    return code;
}

/* Notes a write or truncation (length -1). */
static int remember(struct disk_file *disk, const void *data, int length, sqlite3_int64 offset) {
    if (disk == NULL)
        return SQLITE_OK;
    struct unsynced *unsynced = malloc(sizeof(*unsynced) + (length > 0 ? length : 0));
    if (unsynced == NULL)
        return SQLITE_NOMEM;
    *unsynced = (struct unsynced){.offset = offset, .length = length};
    if (length > 0)
        memcpy(unsynced->data, data, length);
    pthread_mutex_lock(&mutex);
    *disk->last = unsynced;
    disk->last = &unsynced->next;
    pthread_mutex_unlock(&mutex);
    return SQLITE_OK;
}

/* A sync that failed loses what it should have written, for good: kernels count such pages as clean, and a
 * later sync does not write them again. */
static int settle_sync(struct disk_file *disk, bool is_written) {
    bool ok = true;
    for (struct unsynced *u = disk->first; u != NULL && is_written && ok; u = u->next)
        ok = u->length < 0 ? resize_image(disk, u->offset) : write_image(disk, u->data, u->length, u->offset);
    forget_unsynced(disk);
    return ok ? SQLITE_OK : SQLITE_NOMEM;
}

static struct fault_file *fault_file_of(sqlite3_file *file) {
    return (struct fault_file *)file;
}

static sqlite3_file *real_of(sqlite3_file *file) {
    return fault_file_of(file)->real;
}

static int file_close(sqlite3_file *file) {
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *data, int length, sqlite3_int64 offset) {
    int code = strike(FAULT_VFS_READ, SQLITE_IOERR_READ);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xRead(real_of(file), data, length, offset);
}

static int file_write(sqlite3_file *file, const void *data, int length, sqlite3_int64 offset) {
    int fault = strike(FAULT_VFS_WRITE, SQLITE_IOERR_WRITE);
    pthread_mutex_lock(&mutex);
    bool is_off = state.is_off;
    pthread_mutex_unlock(&mutex);
    if (is_off)
        return fault;
    if (fault != SQLITE_OK)
        length /= 2;
    int code = length > 0 ? remember(fault_file_of(file)->disk, data, length, offset) : SQLITE_OK;
    if (code == SQLITE_OK && length > 0)
        code = real_of(file)->pMethods->xWrite(real_of(file), data, length, offset);
    return fault != SQLITE_OK ? fault : code;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    int code = strike(FAULT_VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE);
    if (code == SQLITE_OK)
        code = remember(fault_file_of(file)->disk, NULL, -1, size);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags) {
    int code = strike(FAULT_VFS_SYNC, SQLITE_IOERR_FSYNC);
    pthread_mutex_lock(&mutex);
    int64_t delay_us = state.delay_us;
    if (state.is_held) {
        state.n_held++;
        pthread_cond_broadcast(&held_changed);
        while (state.is_held)
            pthread_cond_wait(&held_changed, &mutex);
        state.n_held--;
    }
    pthread_mutex_unlock(&mutex);
    if (code == SQLITE_OK && delay_us > 0) {
        struct timespec delay = {.tv_sec = delay_us / 1000000, .tv_nsec = delay_us % 1000000 * 1000};
        nanosleep(&delay, NULL);
    }
    if (code == SQLITE_OK)
        code = real_of(file)->pMethods->xSync(real_of(file), flags);
    pthread_mutex_lock(&mutex);
    state.syncs += code == SQLITE_OK;
    if (fault_file_of(file)->disk != NULL && !state.is_off) {
        int settled = settle_sync(fault_file_of(file)->disk, code == SQLITE_OK);
        code = code == SQLITE_OK ? settled : code;
    }
    pthread_mutex_unlock(&mutex);
    return code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size) {
    int code = strike(FAULT_VFS_STAT, SQLITE_IOERR_FSTAT);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int file_lock(sqlite3_file *file, int level) {
    int code = strike(FAULT_VFS_LOCK, SQLITE_IOERR_LOCK);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level) {
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_reserved_lock(sqlite3_file *file, int *ret_is_reserved) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_is_reserved);
}

static int file_control(sqlite3_file *file, int op, void *argument) {
    return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

static int file_sector_size(sqlite3_file *file) {
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_device_characteristics(sqlite3_file *file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int page, int page_size, int extend, void volatile **ret_map) {
    int code = strike(FAULT_VFS_SHM_MAP, SQLITE_IOERR_SHMMAP);
    return code != SQLITE_OK
               ? code
               : real_of(file)->pMethods->xShmMap(real_of(file), page, page_size, extend, ret_map);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags) {
    /* Giving a lock back cannot fail in SQLite's eyes. */
    int code = flags & SQLITE_SHM_UNLOCK ? SQLITE_OK : strike(FAULT_VFS_SHM_LOCK, SQLITE_IOERR_SHMLOCK);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file) {
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete_flag) {
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_flag);
}

/* Version 2: no memory mapping of the file, which would go around the faults. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_device_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags) {
    struct fault_file *fault_file = fault_file_of(file);
    *fault_file = (struct fault_file){.real = (sqlite3_file *)(fault_file + 1)};
    int code = strike(FAULT_VFS_OPEN, SQLITE_CANTOPEN);
    if (code != SQLITE_OK)
        return code;
    code = real_vfs->xOpen(real_vfs, name, fault_file->real, flags, ret_flags);
    if (code == SQLITE_OK && name != NULL) {
        pthread_mutex_lock(&mutex);
        fault_file->disk = find_disk_file(name);
        code = fault_file->disk != NULL ? learn_image(fault_file) : SQLITE_NOMEM;
        pthread_mutex_unlock(&mutex);
    }
    if (code == SQLITE_OK)
        fault_file->base.pMethods = &methods;
    else if (fault_file->real->pMethods != NULL)
        fault_file->real->pMethods->xClose(fault_file->real);
    return code;
}

/* Counts as durable at once. */
static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder) {
    int code = strike(FAULT_VFS_DELETE, SQLITE_IOERR_DELETE);
    if (code == SQLITE_OK)
        code = real_vfs->xDelete(real_vfs, name, sync_folder);
    if (code == SQLITE_OK) {
        pthread_mutex_lock(&mutex);
        struct disk_file *disk = find_disk_file(name);
        if (disk != NULL) {
            forget_unsynced(disk);
            disk->size = 0;
        }
        pthread_mutex_unlock(&mutex);
    }
    return code;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret_is_there) {
    int code = strike(FAULT_VFS_STAT, SQLITE_IOERR_ACCESS);
    return code != SQLITE_OK ? code : real_vfs->xAccess(real_vfs, name, flags, ret_is_there);
}

int fault_vfs_register(bool is_default) {
    real_vfs = sqlite3_vfs_find(NULL);
    if (real_vfs == NULL)
        return -ENOMEM;
    fault_vfs = *real_vfs;
    fault_vfs.zName = FAULT_VFS_NAME;
    fault_vfs.pNext = NULL;
    fault_vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
    fault_vfs.xOpen = vfs_open;
    fault_vfs.xDelete = vfs_delete;
    fault_vfs.xAccess = vfs_access;
    return sqlite3_vfs_register(&fault_vfs, is_default) == SQLITE_OK ? 0 : -ENOMEM;
}

void fault_vfs_reset(void) {
    pthread_mutex_lock(&mutex);
    state.kinds = 0;
    state.nth = state.calls = state.failures = state.delay_us = 0;
    state.is_held = state.is_off = false;
    pthread_cond_broadcast(&held_changed);
    pthread_mutex_unlock(&mutex);
}

void fault_vfs_fail(unsigned kinds, int64_t nth, bool is_lasting, int code) {
    pthread_mutex_lock(&mutex);
    state.kinds = kinds;
    state.nth = nth;
    state.is_lasting = is_lasting;
    state.code = code;
    state.calls = state.failures = 0;
    pthread_mutex_unlock(&mutex);
}

static int64_t read_count(const int64_t *count) {
    pthread_mutex_lock(&mutex);
    int64_t value = *count;
    pthread_mutex_unlock(&mutex);
    return value;
}

int64_t fault_vfs_calls(void) {
    return read_count(&state.calls);
}

int64_t fault_vfs_failures(void) {
    return read_count(&state.failures);
}

int64_t fault_vfs_syncs(void) {
    return read_count(&state.syncs);
}

void fault_vfs_delay_syncs(int64_t delay_us) {
    pthread_mutex_lock(&mutex);
    state.delay_us = delay_us;
    pthread_mutex_unlock(&mutex);
}

void fault_vfs_hold_syncs(bool is_held) {
    pthread_mutex_lock(&mutex);
    state.is_held = is_held;
    pthread_cond_broadcast(&held_changed);
    pthread_mutex_unlock(&mutex);
}

void fault_vfs_wait_for_held_sync(void) {
    pthread_mutex_lock(&mutex);
    while (state.n_held == 0)
        pthread_cond_wait(&held_changed, &mutex);
    pthread_mutex_unlock(&mutex);
}

/* splitmix64 */
static uint64_t next_random(uint64_t *random) {
    uint64_t z = *random += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* Sectors that happened to reach the disk without a sync. */
static bool keep_some(struct disk_file *disk, uint64_t *random) {
    for (const struct unsynced *u = disk->first; u != NULL; u = u->next) {
        if (u->length < 0) {
            if (next_random(random) % 2 == 0 && !resize_image(disk, u->offset))
                return false;
            continue;
        }
        for (int done = 0, n; done < u->length; done += n) {
            n = SECTOR - (int)((u->offset + done) % SECTOR);
            if (n > u->length - done)
                n = u->length - done;
            if (next_random(random) % 2 == 0 && !write_image(disk, u->data + done, n, u->offset + done))
                return false;
        }
    }
    return true;
}

static int cut_file(struct disk_file *disk, enum fault_vfs_cut how, uint64_t *random) {
    if (!disk->is_known)
        return 0;
    if (how == FAULT_VFS_CUT_SOME && !keep_some(disk, random))
        return -ENOMEM;
    forget_unsynced(disk);
    int fd = open(disk->name, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    ssize_t n = disk->size > 0 ? write(fd, disk->image, disk->size) : 0;
    close(fd);
    return n == disk->size ? 0 : -EIO;
}

int fault_vfs_cut_power(enum fault_vfs_cut how, uint64_t seed) {
    int result = 0;
    pthread_mutex_lock(&mutex);
    state.is_off = true;
    for (struct disk_file *disk = disk_files; disk != NULL && result == 0; disk = disk->next)
        result = cut_file(disk, how, &seed);
    pthread_mutex_unlock(&mutex);
    return result;
}

void fault_vfs_forget(void) {
    pthread_mutex_lock(&mutex);
    while (disk_files != NULL) {
        struct disk_file *disk = disk_files;
        disk_files = disk->next;
        forget_unsynced(disk);
        free(disk->image);
        free(disk);
    }
    pthread_mutex_unlock(&mutex);
}
