#include "daemon/config.h"

#define INTEGER(section, name, unit, min, max, preset, help)                                                 \
    {                                                                                                        \
#section, #name, CONFIG_INTEGER, unit, min, max, preset, offsetof(struct config, section##_##name),  \
            false, help                                                                                      \
    }
#define BOOLEAN(section, name, preset, help)                                                                 \
    {                                                                                                        \
#section, #name, CONFIG_BOOLEAN, "", 0, 1, preset, offsetof(struct config, section##_##name), false, \
            help                                                                                             \
    }

const struct config_key config_keys[] = {
    INTEGER(health, report_ttl_ms, "ms", 100, 3600000, 10000,
            "A host whose last report is older is UNKNOWN."),
    INTEGER(health, host_silent_ms, "ms", 100, 86400000, 60000,
            "A host that was silent this long, with dark links seen by its neighbours, is UNHEALTHY."),
    INTEGER(health, flap_count, "times", 2, 1000, 4,
            "A host that leaves HEALTHY so often within health.flap_window_s flaps: it is not judged further "
            "than "
            "DEGRADED."),
    INTEGER(health, flap_window_s, "s", 1, 86400, 600, "See health.flap_count."),
    INTEGER(health, flap_quiet_s, "s", 1, 86400, 300,
            "A host that did not change for so long flaps no more."),
    INTEGER(repair, settle_ms, "ms", 0, 3600000, 20000,
            "Time after the last failure of a cube before a slice is repaired: failures of one cause show by "
            "then."),
    INTEGER(repair, answer_within_s, "s", 1, 604800, 3600,
            "An owner who is asked for a disruption answers by then, or an alarm is raised."),
    INTEGER(repair, limit_per_hour, "repairs", 0, 1000, 6,
            "A slice is not repaired without a person's word more often than this within an hour."),
    INTEGER(repair, max_cubes_at_once, "cubes", 1, 256, 3,
            "When more cubes than this, or a whole row, fail within the settling time, a person is asked."),
    INTEGER(repair, new_cube_tries, "cubes", 1, 64, 3,
            "Cubes that are put in one after the other while none qualifies, before a person is asked."),
    INTEGER(slice, activation_timeout_s, "s", 1, 86400, 180,
            "A slice that is not connected by then has FAILED and gives its cubes back."),
    INTEGER(ocs, audit_period_s, "s", 1, 86400, 60, "Time between two full reads of a switch."),
    INTEGER(ocs, answer_timeout_ms, "ms", 50, 600000, 5000,
            "A switch that has not answered a request by then has lost its session."),
    INTEGER(ocs, guard_ms, "ms", 1, 60000, 30, "Time between settled mirrors and their read-back."),
    INTEGER(ocs, late_guard_ms, "ms", 1, 600000, 500,
            "Time between the two equal reads that are needed after an unanswered change."),
    BOOLEAN(ocs, repair_drift, true, "Put a drifted circuit right; false: raise an alarm only."),
    INTEGER(store, stall_ms, "ms", 100, 600000, 5000,
            "While a commit takes longer than this, new changes are refused."),
    INTEGER(blind, window_ms, "ms", 100, 3600000, 30000,
            "Switches or hosts that fall silent within this time are counted together."),
    INTEGER(blind, percent, "%", 1, 100, 10,
            "When more of a pod than this falls silent, the controller is blind and moves nothing."),
};
const size_t config_n_keys = sizeof(config_keys) / sizeof(config_keys[0]);
