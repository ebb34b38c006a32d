#pragma once
/* What can happen in a schedule. An action is drawn once and says by its number r what it does to whatever
 * is there, so that it still makes sense when others are left out. */
#include "tests/world/world.h"

struct action {
    unsigned kind;
    int64_t wait_us; /* before it */
    uint64_t r;
};

struct action action_draw(struct chance *chance);
void action_run(struct world *world, const struct action *action);
/* Names of the faults counted in world_counts.faults; NULL beyond the last. */
const char *action_fault_name(unsigned fault);
