#pragma once
/* A change: accepted now, durable later or undone. Built by change_begin(), steps, change_submit();
 * change_abandon() takes everything back before it was submitted.
 *
 * A step has already happened in the accepted model when it is added. When the change is durable its `land`
 * runs, in order; when the store fails its `revert` runs, newest first. Both free what the step holds. */
#include "daemon/fabric/state.h"

struct step {
    struct step *next; /* newest first */
    void (*land)(struct fabric *fabric, struct step *step, int64_t now_us);
    void (*revert)(struct fabric *fabric, struct step *step, int64_t now_us);
    void *object;
    void *before, *after;
    int64_t number;
};

struct change {
    struct change *next; /* younger */
    struct fabric *fabric;
    int64_t sequence, submitted_us;
    struct store_change *rows;
    struct step *steps;
    struct fabric_event **events;
    unsigned n_events;
    int64_t now_us;
    bool has_failed;                  /* no memory for a step or a row */
    int64_t counters[STORE_COUNTERS]; /* as they were before: an abandoned change gives its numbers back */
    char actor[64];
    char *detail; /* which cubes go where, for the audit trail; NULL: none */
};

/* actor: who caused it; "heliostatd" for what the controller does by itself. NULL without memory or while the
 * store does not work. */
struct change *change_begin(struct fabric *fabric, const char *actor, int64_t now_us);
/* before and after belong to the step. */
void change_add_step(struct change *change, const struct step *step);
/* Appends an event and returns its revision. slice: whose event it is; NULL: of no slice. */
int64_t change_add_event(struct change *change, const char *kind, const struct fabric_pod *pod,
                         const char *object, const struct fabric_slice *slice, const char *cause,
                         const char *before, const char *after);
/* The land of a step that holds nothing but what was before. */
void step_forget_before(struct fabric *fabric, struct step *step, int64_t now_us);
/* Hands the change over: its sequence number, or -ENOMEM after undoing it. Empty changes are fine. */
__attribute__((warn_unused_result)) int64_t change_submit(struct change *change);
void change_abandon(struct change *change);

/* Steps on records. Each returns after the accepted model has the new value and the row is in the change. */

/* New slice (before NULL) or next version; takes over `after`. Writes an event when state, generation or
 * `note` say so: kind SLICE_STATE, or `kind` if not NULL. */
void change_slice(struct change *change, struct fabric_slice *slice, struct slice_version *after,
                  const char *kind, const char *cause);
/* Call before changing record fields of the cube (health .. revision); then change_cube_done(). */
void change_cube_before(struct change *change, struct fabric_cube *cube);
void change_cube_done(struct change *change, struct fabric_cube *cube, int64_t revision);
void change_pod_frozen(struct change *change, struct fabric_pod *pod, enum frozen frozen, const char *text);
/* address, product, serial: NULL keeps. */
void change_ocs(struct change *change, struct fabric_ocs *ocs, const char *address, const char *product,
                const char *serial, const char *kind);
/* Takes over a new operation. */
void change_operation_new(struct change *change, struct fabric_operation *operation);
void change_operation_end(struct change *change, struct fabric_operation *operation,
                          enum operation_state state, const char *text);
void change_former_drop(struct change *change, struct fabric_pod *pod, struct fabric_former *former);
/* Adds to the detail of the change. */
__attribute__((format(printf, 2, 3))) void change_add_detail(struct change *change, const char *format, ...);
/* A row in the audit trail; the detail so far goes behind the outcome. */
void change_audit(struct change *change, const struct fabric_actor *actor, const char *object,
                  const char *outcome);
