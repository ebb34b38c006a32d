#pragma once
/* The database of a pod that was set up, confirmed and thawed: schedules begin with a copy of it. */
#include "tests/world/world.h"

/* Uses the world for it; caller owns *ret_database. false: it did not come up, and why is on stderr. */
bool template_make(struct world *world, struct fleet *fleet, unsigned variant, const char *folder,
                   struct world_counts *counts, struct text *ret_database);
/* The folder, with what schedules left in it. */
void template_remove(const char *folder);
