#pragma once
/* All commands. */
#include "ctl/command.h"

/* Ends with NULL. */
extern const struct ctl_noun *const ctl_nouns[];

extern const struct ctl_noun ctl_noun_pod, ctl_noun_fiber, ctl_noun_ocs, ctl_noun_circuit, ctl_noun_slice,
    ctl_noun_cube, ctl_noun_host, ctl_noun_operation, ctl_noun_event, ctl_noun_status, ctl_noun_verify,
    ctl_noun_alarm, ctl_noun_audit, ctl_noun_port, ctl_noun_maintenance, ctl_noun_spare, ctl_noun_apply,
    ctl_noun_backup, ctl_noun_plan, ctl_noun_explain, ctl_noun_whatif, ctl_noun_top;

/* For programs: left out of --help. */
extern const struct ctl_noun ctl_noun_complete, ctl_noun_man;
