#pragma once
/* The state machines of the fabric, as tables: what follows when something happens in a state. Whoever
 * changes a state asks here, and docs/states.md is printed from here. Pure. */
#include "daemon/fabric/words.h"

#include <stdbool.h>

enum slice_event {
    /* Requests. */
    SLICE_IS_CREATED,
    SLICE_IS_RESERVED,
    SLICE_IS_ADOPTED,
    SLICE_IS_ACTIVATED,
    SLICE_IS_CHANGED,   /* other cubes, another shape */
    SLICE_IS_REDERIVED, /* an operator lets a held slice move */
    SLICE_IS_DELETED,
    /* What is seen of its cubes and links. */
    SLICE_WAITS,     /* circuits are on their way */
    SLICE_ALL_THERE, /* and its cubes are well */
    SLICE_LACKS_TOLERATED,
    SLICE_LACKS_MORE, /* links than it tolerates */
    SLICE_CUBE_LOST,  /* UNHEALTHY, or given up for maintenance */
    SLICE_TIME_OVER,  /* to connect, or of a reservation */
    SLICE_GANG_FELL,  /* another one that was made with it did not connect */
    SLICE_EVENTS,
};

enum scheduling_event {
    /* An operator's words. */
    CUBE_CORDON,
    CUBE_UNCORDON,
    CUBE_DRAIN,
    CUBE_CANCEL_DRAIN,
    CUBE_RELEASE,
    CUBE_WORK_BEGINS,
    CUBE_WORK_ENDS,       /* it was safe to touch in between */
    CUBE_WORK_CALLED_OFF, /* it never was */
    /* What comes of them. */
    CUBE_IS_EMPTY, /* no slice has it any more */
    CUBE_LEFT_ILL, /* a slice gave it up because it is UNHEALTHY */
    CUBE_IS_UNFIT, /* its links did not qualify in the place of another */
    CUBE_HOST_REPLACED,
    CUBE_IS_PROVED, /* all its links are proved good */
    SCHEDULING_EVENTS,
};

enum ocs_event {
    OCS_WORK_FAILED, /* an operator marked it failed */
    OCS_WORK_SAFE,   /* drained, and read back dark */
    OCS_SESSION_LOST,
    OCS_IS_ASKED, /* who it is, and its map */
    OCS_IS_ANOTHER,
    OCS_MAP_DIFFERS,
    OCS_MAP_AGREES,
    OCS_EVENTS,
};

#define SLICE_STATES (SLICE_RELEASING + 1)
#define SCHEDULINGS (SCHEDULING_QUARANTINED + 1)
#define OCS_STATES (OCS_DRAINED + 1)

/* The state that follows, which may be the same; false: the event is refused in this state. */
bool slice_follows(enum slice_state state, enum slice_event event, enum slice_state *ret_next);
/* The same for what was let through already: where it is refused, the state stays. */
enum slice_state slice_after(enum slice_state state, enum slice_event event);
bool scheduling_follows(enum scheduling state, enum scheduling_event event, enum scheduling *ret_next);
/* A switch is shown as what was seen of it last, whatever it was before. */
enum ocs_state ocs_follows(enum ocs_event event);

/* For people: static strings. */
const char *slice_event_text(enum slice_event event);
const char *scheduling_event_text(enum scheduling_event event);
const char *ocs_event_text(enum ocs_event event);
