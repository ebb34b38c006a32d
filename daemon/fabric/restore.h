#pragma once
/* Many slices that lost circuits at once (a power cut, a restored database, a thaw) get them back one OCS
 * power domain after the other, and on each switch slice by slice. The next domain's turn comes when enough
 * links of the one at work are proved (stage.h); until then nothing of it is sent. What somebody asked for
 * and waits for, and every removal, is not held back. The stage at work is a row, so that a restart goes on
 * with it.
 *
 * Loop thread only. */
#include "daemon/fabric/reconcile.h"
#include "daemon/fabric/stage.h"

struct change;

/* Begins, moves on and ends restores. Before reconcile_pod(). */
void restore_review(struct fabric_pod *pod, int64_t now_us);
/* Circuits that come back by themselves may be sent to the switch. */
bool restore_is_open(const struct fabric_ocs *ocs);
/* The stage at work does not pass by itself. */
bool restore_is_held(const struct fabric_pod *pod);
/* An operator's word: the stage that is held counts as passed. */
void restore_go_on(struct change *change, struct fabric_pod *pod, int64_t now_us);
/* From a row. 0, or -EBADMSG: no such pod. */
__attribute__((warn_unused_result)) int restore_load(struct fabric *fabric, const struct store_restore *row,
                                                     int64_t now_us);
/* One sentence: the stage, its links, what is wrong. */
void restore_text(const struct fabric_pod *pod, char *text, size_t size);
