#pragma once
/* What every command that changes something has in common. */
#include "ctl/ctl.h"
#include "heliostat/v1/common.pb-c.h"

/* What --dry-run was told beside the plan: how long, what follows, what could go wrong; in the table formats.
 */
void ctl_say_preview(const struct ctl *ctl);
/* From --request-id, --dry-run and --if-revision; a random id where none was given. Lives as long as ctl. */
Heliostat__V1__Mutation *ctl_mutation(struct ctl *ctl);

/* A destructive command says what it breaks and asks. 0 to go on, otherwise an exit status: 2 without a
 * terminal and --yes, 1 when the answer is no. --dry-run never asks. */
__attribute__((format(printf, 2, 3), warn_unused_result)) int ctl_ask(struct ctl *ctl, const char *format,
                                                                      ...);
/* True where ctl_ask() would put its question to a person. */
bool ctl_would_ask(const struct ctl *ctl);
