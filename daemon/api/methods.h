#pragma once
/* The least role that each method asks for. */
#include "daemon/api/roles.h"

struct method_rule {
    const char *path; /* "/heliostat.v1.SliceService/CreateSlice" */
    enum role least;
    bool shows_everybody; /* not for a scheduler that sees no slices but its own */
};
/* Ends with a NULL path. */
extern const struct method_rule method_rules[];
/* A method that is not listed is for admins. */
struct method_rule method_rule_of(const char *path);
