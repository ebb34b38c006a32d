#include "daemon/fabric/transition.h"

#include <stddef.h>
#include <stdint.h>

/* In a cell: a state to go to, STAY, or NO, which is a refusal. Every cell is written down. */
#define STAY 101
#define NO 102

/* Columns: created, reserved, adopted, activated, changed, rederived, deleted; waits, all there, lacks
 * tolerated links, lacks more, cube lost, time over, gang fell. */
static const uint8_t slice_next[SLICE_STATES][SLICE_EVENTS] = {
#define DELETE SLICE_RELEASING
    [SLICE_NONE] = {SLICE_CONNECTING, SLICE_RESERVED, SLICE_REPAIRING, NO, NO, NO, STAY, STAY, STAY, STAY,
                    STAY, STAY, STAY, STAY},
    [SLICE_RESERVED] = {NO, NO, NO, SLICE_CONNECTING, NO, STAY, DELETE, STAY, STAY, STAY, STAY, STAY, DELETE,
                        SLICE_FAILED},
    [SLICE_CONNECTING] = {NO, NO, NO, NO, STAY, STAY, DELETE, STAY, SLICE_READY, SLICE_DEGRADED, STAY, STAY,
                          SLICE_FAILED, SLICE_FAILED},
    [SLICE_READY] = {NO, NO, NO, NO, SLICE_REPAIRING, SLICE_REPAIRING, DELETE, STAY, STAY, SLICE_DEGRADED,
                     SLICE_DEGRADED, SLICE_INCOMPLETE, STAY, SLICE_FAILED},
    [SLICE_DEGRADED] = {NO, NO, NO, NO, SLICE_REPAIRING, SLICE_REPAIRING, DELETE, STAY, SLICE_READY, STAY,
                        STAY, SLICE_INCOMPLETE, STAY, SLICE_FAILED},
    [SLICE_INCOMPLETE] = {NO, NO, NO, NO, SLICE_REPAIRING, SLICE_REPAIRING, DELETE, STAY, SLICE_READY,
                          SLICE_DEGRADED, SLICE_DEGRADED, STAY, STAY, SLICE_FAILED},
    [SLICE_REPAIRING] = {NO, NO, NO, NO, STAY, STAY, DELETE, STAY, SLICE_READY, SLICE_DEGRADED,
                         SLICE_DEGRADED, SLICE_INCOMPLETE, STAY, SLICE_FAILED},
    [SLICE_FAILED] = {NO, NO, NO, NO, NO, NO, DELETE, STAY, STAY, STAY, STAY, STAY, STAY, STAY},
    [SLICE_RELEASING] = {NO, NO, NO, NO, NO, NO, STAY, STAY, STAY, STAY, STAY, STAY, STAY, STAY},
#undef DELETE
};

/* Columns: cordon, uncordon, drain, cancel, release, work begins, ends, called off; empty, left ill, unfit,
 * host replaced, proved. */
static const uint8_t scheduling_next[SCHEDULINGS][SCHEDULING_EVENTS] = {
#define OPEN SCHEDULING_SCHEDULABLE
#define HANDS SCHEDULING_MAINTENANCE
#define OUT SCHEDULING_QUARANTINED
#define DRAIN SCHEDULING_DRAINING
    [SCHEDULING_NONE] = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO},
    [SCHEDULING_SCHEDULABLE] = {SCHEDULING_CORDONED, NO, DRAIN, NO, NO, HANDS, STAY, STAY, STAY, OUT, OUT,
                                OUT, STAY},
    [SCHEDULING_CORDONED] = {NO, OPEN, DRAIN, NO, NO, HANDS, STAY, STAY, STAY, OUT, OUT, OUT, STAY},
    [SCHEDULING_DRAINING] = {NO, NO, STAY, OPEN, NO, HANDS, STAY, STAY, SCHEDULING_DRAINED, OUT, OUT, OUT,
                             STAY},
    [SCHEDULING_DRAINED] = {NO, OPEN, NO, NO, NO, HANDS, STAY, STAY, STAY, OUT, OUT, OUT, STAY},
    [SCHEDULING_MAINTENANCE] = {NO, NO, NO, NO, NO, STAY, OUT, SCHEDULING_CORDONED, STAY, STAY, STAY, STAY,
                                STAY},
    [SCHEDULING_QUARANTINED] = {NO, NO, NO, NO, OPEN, HANDS, STAY, STAY, STAY, STAY, STAY, STAY, OPEN},
#undef OPEN
#undef HANDS
#undef OUT
#undef DRAIN
};

static const uint8_t ocs_next[OCS_EVENTS] = {
    [OCS_WORK_FAILED] = OCS_DRAINED, [OCS_WORK_SAFE] = OCS_DRAINED,   [OCS_SESSION_LOST] = OCS_DISCONNECTED,
    [OCS_IS_ASKED] = OCS_SYNCING,    [OCS_IS_ANOTHER] = OCS_MISMATCH, [OCS_MAP_DIFFERS] = OCS_DRIFTED,
    [OCS_MAP_AGREES] = OCS_IN_SYNC,
};

bool slice_follows(enum slice_state state, enum slice_event event, enum slice_state *ret_next) {
    if ((unsigned)state >= SLICE_STATES || (unsigned)event >= SLICE_EVENTS || slice_next[state][event] == NO)
        return false;
    *ret_next = slice_next[state][event] == STAY ? state : (enum slice_state)slice_next[state][event];
    return true;
}

enum slice_state slice_after(enum slice_state state, enum slice_event event) {
    enum slice_state next = state;
    return slice_follows(state, event, &next) ? next : state;
}

bool scheduling_follows(enum scheduling state, enum scheduling_event event, enum scheduling *ret_next) {
    if ((unsigned)state >= SCHEDULINGS || (unsigned)event >= SCHEDULING_EVENTS ||
        scheduling_next[state][event] == NO)
        return false;
    *ret_next =
        scheduling_next[state][event] == STAY ? state : (enum scheduling)scheduling_next[state][event];
    return true;
}

enum ocs_state ocs_follows(enum ocs_event event) {
    return (enum ocs_state)ocs_next[event];
}

const char *slice_event_text(enum slice_event event) {
    static const char *const texts[SLICE_EVENTS] = {
        [SLICE_IS_CREATED] = "created",
        [SLICE_IS_RESERVED] = "reserved",
        [SLICE_IS_ADOPTED] = "adopted",
        [SLICE_IS_ACTIVATED] = "activated",
        [SLICE_IS_CHANGED] = "swapped or reshaped",
        [SLICE_IS_REDERIVED] = "hold released, rederived",
        [SLICE_IS_DELETED] = "deleted",
        [SLICE_WAITS] = "circuits on their way",
        [SLICE_ALL_THERE] = "every circuit read back",
        [SLICE_LACKS_TOLERATED] = "only tolerated links missing",
        [SLICE_LACKS_MORE] = "more links missing",
        [SLICE_CUBE_LOST] = "a cube is lost",
        [SLICE_TIME_OVER] = "time over",
        [SLICE_GANG_FELL] = "its gang fell",
    };
    return (unsigned)event < SLICE_EVENTS ? texts[event] : "";
}

const char *scheduling_event_text(enum scheduling_event event) {
    static const char *const texts[SCHEDULING_EVENTS] = {
        [CUBE_CORDON] = "cordon",
        [CUBE_UNCORDON] = "uncordon",
        [CUBE_DRAIN] = "drain",
        [CUBE_CANCEL_DRAIN] = "drain cancelled",
        [CUBE_RELEASE] = "release",
        [CUBE_WORK_BEGINS] = "maintenance begins",
        [CUBE_WORK_ENDS] = "maintenance ends",
        [CUBE_WORK_CALLED_OFF] = "maintenance called off",
        [CUBE_IS_EMPTY] = "no slice left",
        [CUBE_LEFT_ILL] = "left a slice UNHEALTHY",
        [CUBE_IS_UNFIT] = "links did not qualify",
        [CUBE_HOST_REPLACED] = "host replaced",
        [CUBE_IS_PROVED] = "links proved good",
    };
    return (unsigned)event < SCHEDULING_EVENTS ? texts[event] : "";
}

const char *ocs_event_text(enum ocs_event event) {
    static const char *const texts[OCS_EVENTS] = {
        [OCS_WORK_FAILED] = "marked failed",        [OCS_WORK_SAFE] = "drained and read back dark",
        [OCS_SESSION_LOST] = "no session",          [OCS_IS_ASKED] = "asked who it is, map being read",
        [OCS_IS_ANOTHER] = "another unit answers",  [OCS_MAP_DIFFERS] = "map read, differs from intent",
        [OCS_MAP_AGREES] = "map read, as intended",
    };
    return (unsigned)event < OCS_EVENTS ? texts[event] : "";
}
