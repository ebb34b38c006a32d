#pragma once
/* A disk that fails when told to: a SQLite VFS called "fault" over the default one. It can fail the N-th
 * call, slow down or hold syncs, and cut the power. For tests only; it is not linked into the daemon.
 *
 * Its state is global and may be changed by any thread at any time. */
#include <stdbool.h>
#include <stdint.h>

#define FAULT_VFS_NAME "fault"

enum fault_vfs_kind {
    FAULT_VFS_OPEN = 1 << 0,
    FAULT_VFS_READ = 1 << 1,
    FAULT_VFS_WRITE = 1 << 2, /* half of the data is written before it fails */
    FAULT_VFS_TRUNCATE = 1 << 3,
    FAULT_VFS_SYNC = 1 << 4, /* what it should have written is lost with the power, whatever syncs follow */
    FAULT_VFS_DELETE = 1 << 5,
    FAULT_VFS_LOCK = 1 << 6,
    FAULT_VFS_SHM_MAP = 1 << 7,
    FAULT_VFS_SHM_LOCK = 1 << 8,
    FAULT_VFS_STAT = 1 << 9, /* size and existence */
    FAULT_VFS_ALL = (1 << 10) - 1,
};

/* 0 or -ENOMEM. Once for each process. is_default: also for connections that name no VFS. */
__attribute__((warn_unused_result)) int fault_vfs_register(bool is_default);
/* No faults, no delay, power on. Writes not yet synced stay unsynced. */
void fault_vfs_reset(void);

/* The nth call (from 1) of one of these kinds, counted from now on, fails with a SQLite result code (0: the
 * one that fits the kind); with is_lasting every later one as well. nth 0: none fails, they are only counted.
 */
void fault_vfs_fail(unsigned kinds, int64_t nth, bool is_lasting, int code);
/* Calls counted, and failed, since fault_vfs_fail(). */
int64_t fault_vfs_calls(void);
int64_t fault_vfs_failures(void);

/* Every sync takes that much longer. */
void fault_vfs_delay_syncs(int64_t delay_us);
/* true: syncs do not return until it is false again. */
void fault_vfs_hold_syncs(bool is_held);
/* Waits until a sync is held. */
void fault_vfs_wait_for_held_sync(void);
/* Syncs done since the start of the process. */
int64_t fault_vfs_syncs(void);

enum fault_vfs_cut {
    FAULT_VFS_CUT_ALL,  /* every write since the last sync of its file is lost */
    FAULT_VFS_CUT_SOME, /* of every such write each 512-byte sector is lost or kept, by the seed */
};
/* Cuts the power: files become what the disk may hold, and every call fails until fault_vfs_reset(). Close
 * all connections before that. 0 or negative errno. */
__attribute__((warn_unused_result)) int fault_vfs_cut_power(enum fault_vfs_cut how, uint64_t seed);
/* Takes all files as they are for synced. No connection may be open. For the end of a run. */
void fault_vfs_forget(void);
