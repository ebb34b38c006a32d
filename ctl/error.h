#pragma once
/* What went wrong, for a person or for a program. */
#include "ctl/ctl.h"
#include "heliostat/v1/common.pb-c.h"
#include <jansson.h>

/* One line on stderr: text, or {"error": {"message", "exitStatus", ...}} with the members of more, which is
 * taken over and may be NULL. exit_status 0: it is not the last word. */
void ctl_print_error(const struct ctl *ctl, int exit_status, const char *text, json_t *more);
/* Why a call was refused, in words or with all fields of the refusal. refusal may be NULL. */
void ctl_print_refusal(const struct ctl *ctl, int exit_status, const char *text, const char *status,
                       const Heliostat__V1__Refusal *refusal);
