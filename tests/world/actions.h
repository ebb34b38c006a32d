#pragma once
/* What can happen in a schedule. An action is drawn once and says by its number r what it does to whatever
 * is there, so that it still makes sense when others are left out. */
#include "daemon/fabric/fabric.h"
#include "tests/world/world.h"

struct action {
    unsigned kind;
    int64_t wait_us; /* before it */
    uint64_t r;
};

/* Kinds of requests, as counted in world_counts. */
enum {
    COUNT_CREATE,
    COUNT_GANG,
    COUNT_PART,
    COUNT_DELETE,
    COUNT_SWAP,
    COUNT_RESHAPE,
    COUNT_ADOPT,
    COUNT_MARK,
    COUNT_SCHEDULING,
    COUNT_ACCEPT,
    COUNT_WORK,
    COUNT_CLEAR,
    COUNT_FREEZE,
    COUNT_REQUESTS,
};

struct action action_draw(struct chance *chance);
/* A request, no fault; shortly after the one before. is_create: one that makes a slice. */
struct action action_draw_request(struct chance *chance, bool is_create);
void action_run(struct world *world, const struct action *action);
/* Names of the faults counted in world_counts.faults; NULL beyond the last. */
const char *action_fault_name(unsigned fault);

/* For the actions. */
const struct fabric_slice *action_pick_slice(struct world *world, struct chance *chance); /* NULL: none */
/* The cubes that slices or parts have, a bit each. */
uint32_t action_taken_cubes(const struct world *world);
/* What a request was answered. Takes the refusal; fails on an error from below. */
void action_count(struct world *world, unsigned request, int r, struct fabric_refusal *refusal);
/* A slice was just accepted, the last uid is its. */
void action_claim(struct world *world, const struct fabric_slice_spec *spec,
                  const struct fabric_outcome *outcome);
/* "creates" and so on. */
const char *action_request_name(unsigned request);
