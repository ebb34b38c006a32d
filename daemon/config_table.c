#include "daemon/config.h"

#define NUMBER(section, name, unit, min, max, preset, is_reloadable, help)                                   \
    {                                                                                                        \
#section, #name, CONFIG_INTEGER, unit, min, max, preset, offsetof(struct config, section##_##name),  \
            is_reloadable, help                                                                              \
    }
#define INTEGER(section, name, unit, min, max, preset, help)                                                 \
    NUMBER(section, name, unit, min, max, preset, false, help)
#define LIVE_INTEGER(section, name, unit, min, max, preset, help)                                            \
    NUMBER(section, name, unit, min, max, preset, true, help)
#define LIVE_BOOLEAN(section, name, preset, help)                                                            \
    {                                                                                                        \
#section, #name, CONFIG_BOOLEAN, "", 0, 1, preset, offsetof(struct config, section##_##name), true,  \
            help                                                                                             \
    }
#define MODE(section, name, preset, help)                                                                    \
    {                                                                                                        \
#section, #name, CONFIG_MODE, "", 0600, 0666, preset, offsetof(struct config, section##_##name),     \
            false, help                                                                                      \
    }
#define TEXT(section, name, is_reloadable, help)                                                             \
    {                                                                                                        \
#section, #name, CONFIG_TEXT, "", 0, 0, 0, offsetof(struct config, section##_##name), is_reloadable, \
            help                                                                                             \
    }

const struct config_key config_keys[] = {
    INTEGER(health, report_ttl_ms, "ms", 100, 3600000, 10000,
            "A host whose last report is older is UNKNOWN."),
    LIVE_INTEGER(health, host_silent_ms, "ms", 100, 86400000, 60000,
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
            "then. Nor are links on a switch that was to blame or silent within it evidence against a cube."),
    INTEGER(repair, answer_within_s, "s", 1, 604800, 3600,
            "An owner who is asked for a disruption answers by then, or an alarm is raised."),
    INTEGER(repair, limit_per_hour, "repairs", 0, 1000, 6,
            "A slice is not repaired without a person's word more often than this within an hour."),
    INTEGER(repair, max_cubes_at_once, "cubes", 1, 256, 3,
            "When more cubes than this, or a whole row, fail within the settling time, a person is asked."),
    INTEGER(repair, new_cube_tries, "cubes", 1, 64, 3,
            "Cubes that are put in one after the other while none qualifies, before a person is asked."),
    LIVE_INTEGER(restore, many_slices, "slices", 1, 100000, 2,
                 "When so many slices lost circuits at once, these come back one OCS power domain after the "
                 "other."),
    LIVE_INTEGER(
        restore, pass_percent, "%", 1, 100, 90,
        "The next domain's turn comes when so many of the links of this one are proved. Also the next "
        "stage's of a switch that was replaced."),
    LIVE_INTEGER(slice, activation_timeout_s, "s", 1, 86400, 180,
                 "A slice that is not connected by then has FAILED and gives its cubes back."),
    INTEGER(ocs, audit_period_s, "s", 1, 86400, 60, "Time between two full reads of a switch."),
    INTEGER(ocs, answer_timeout_ms, "ms", 50, 600000, 5000,
            "A switch that has not answered a request by then has lost its session."),
    INTEGER(ocs, guard_ms, "ms", 1, 60000, 30, "Time between settled mirrors and their read-back."),
    INTEGER(ocs, late_guard_ms, "ms", 1, 600000, 500,
            "Time between the two equal reads that are needed after an unanswered change."),
    LIVE_BOOLEAN(ocs, repair_drift, true,
                 "Put a drifted circuit right, and make one that settled on too much loss anew; false: raise "
                 "an alarm only."),
    LIVE_INTEGER(ocs, insertion_loss_mdb, "mdB", 1, 60000, 2000,
                 "Loss budget of a switch, in thousandths of a dB: part of the budget of every path."),
    LIVE_INTEGER(ocs, fiber_loss_mdb, "mdB", 0, 60000, 1000,
                 "Loss budget of one fiber with its connectors: a chip to its switch has one, a link two."),
    LIVE_INTEGER(ocs, loss_drift_mdb, "mdB", 1, 60000, 1000,
                 "A circuit that loses so much more than when it was made raises an alarm."),
    LIVE_INTEGER(store, stall_ms, "ms", 100, 600000, 5000,
                 "While a commit takes longer than this, new changes are refused."),
    INTEGER(
        audit, keep_s, "s", 0, 3153600000, 34560000,
        "Rows of the audit trail that are older are pruned, and the chain goes on from the last of them; 0: "
        "never."),
    INTEGER(audit, head_period_s, "s", 1, 604800, 3600,
            "How often the log is told the head of the audit trail, and old rows are pruned."),
    LIVE_INTEGER(blind, window_ms, "ms", 100, 3600000, 30000,
                 "Switches or hosts that fall silent within this time are counted together."),
    LIVE_INTEGER(blind, percent, "%", 1, 100, 10,
                 "When more of a pod than this falls silent, the controller is blind and moves nothing."),
    TEXT(roles, viewer, true,
         "Who may look at everything: user:NAME, group:NAME, URI:..., DNS:..., with commas."),
    TEXT(roles, scheduler, true, "Who may have slices, and see and change their own."),
    TEXT(roles, operator, true, "Who may do everything but copy the database."),
    TEXT(roles, admin, true, "Who may do everything; root and the user that heliostatd runs as are."),
    TEXT(roles, host, true, "Which users report for which host: user:NAME=POD/cube-07/host-03."),
    TEXT(roles, host_proxy, true, "Which users report for every host."),
    TEXT(roles, quota, true,
         "What a scheduler may have: user:NAME=CHIPS/SLICES; *=CHIPS/SLICES for the others."),
    LIVE_INTEGER(limits, requests_per_s, "/s", 0, 1000000, 1000,
                 "Requests of one client in a second; 0: no limit. Not for admins."),
    LIVE_INTEGER(limits, total_requests_per_s, "/s", 0, 10000000, 20000,
                 "Requests of all clients but admins in a second; 0: no limit."),
    LIVE_INTEGER(limits, connections, "connections", 0, 100000, 256,
                 "Connections of one client at the same time; 0: no limit. Not for admins."),
    INTEGER(limits, total_connections, "connections", 1, 1000000, 16384, "Connections of all clients."),
    LIVE_INTEGER(limits, streams, "calls", 0, 100000, 1024,
                 "Calls of one client at the same time; 0: no limit. Not for admins."),
    LIVE_INTEGER(limits, host_reports_per_s, "/s", 0, 1000, 10, "Reports of one host in a second."),
    MODE(listen, socket_mode, 0660, "Mode of the Unix socket."),
    TEXT(listen, read_only_socket, false, "Path of a second Unix socket; whoever can open it may look."),
    MODE(listen, read_only_socket_mode, 0666, "Mode of that socket."),
    TEXT(listen, tls_address, false, "Address and port for TLS, such as 0.0.0.0:7443; empty: no TLS."),
    TEXT(listen, tls_certificate, true, "PEM file: the daemon's certificate and its chain."),
    TEXT(listen, tls_key, true, "PEM file: the daemon's key."),
    TEXT(listen, tls_authorities, true, "PEM file: whose certificates clients must have."),
};
const size_t config_n_keys = sizeof(config_keys) / sizeof(config_keys[0]);
