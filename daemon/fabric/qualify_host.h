#pragma once
/* The test of the links of hosts that were replaced. It waits until nobody uses or touches their cube and the
 * new hosts report, then begins by itself, and again after a restart in its middle. Until it has passed, the
 * cube is QUARANTINED. */
#include "daemon/fabric/qualify_cube.h"

/* The hosts whose links a test has to prove before the cube is open again, now that this one was replaced:
 * those of a test that is still to pass, and all of a cube that was QUARANTINED for another reason. */
uint16_t qualify_host_extent(const struct fabric_cube *cube, unsigned host);
/* In this change, which quarantines the cube. NULL without memory. */
__attribute__((warn_unused_result)) struct fabric_qualification *
qualify_host_await(struct change *change, struct fabric_cube *cube, uint16_t hosts, const char *by);
/* What the test waits for, into text. False: nothing, it can begin. */
bool qualify_host_waits(const struct fabric_qualification *qualification, char text[FABRIC_TEXT_MAX]);
/* Begins the test that waits, or ends it where somebody gave the cube back without it. */
void qualify_host_review(struct fabric_qualification *qualification, int64_t now_us);
