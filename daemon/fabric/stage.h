#pragma once
/* Circuits that come back in stages, so that what was cabled or powered wrong is found out by few links:
 * those of a switch that was replaced (maintenance.h) and those of many slices at once (restore.h). One rule
 * says when a stage has passed. Loop thread only. */
#include "daemon/fabric/state.h"

enum stage_verdict {
    STAGE_UNDER_WAY,
    STAGE_PASSED,  /* enough of its links are proved; also when it has none */
    STAGE_STOPPED, /* so many are wrong that it cannot pass */
};

/* The intended link at this A port: 1 proved, -1 wrong, 0 not heard yet. It is proved when its circuit is
 * read back and every host at its ends that speaks sees the right far end; a host that is silent, or says
 * nothing of the link, proves nothing and refutes nothing. */
int stage_link_proof(const struct fabric_ocs *ocs, unsigned a);
void stage_add(struct stage_sight *sight, int proof);
enum stage_verdict stage_judge(const struct stage_sight *sight, unsigned pass_percent);
