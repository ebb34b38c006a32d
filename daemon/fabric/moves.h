#pragma once
/* What a planned version means for mirrors, told before it is done. */
#include "daemon/fabric/state.h"

/* The links of the version that cannot be lit as things stand, into version->missing. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int moves_find_missing(const struct fabric_pod *pod,
                                                           struct slice_version *version);
/* Fills in a plan. before NULL: a new slice, whose plan is zeroed or holds its choices. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int moves_describe(const struct fabric_slice *slice,
                                                       const struct slice_version *before,
                                                       const struct slice_version *after,
                                                       struct fabric_plan *ret_plan);
