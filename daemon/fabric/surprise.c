#include "daemon/fabric/surprise.h"
#include "daemon/fabric/change.h"

#include <stdio.h>

static void tell(const struct fabric_ocs *ocs, const char *kind, const char *cause, int64_t now_us) {
    struct change *change = change_begin(ocs->pod->fabric, "heliostatd", now_us);
    char name[96];
    if (!change)
        return;
    change_add_event(change, kind, ocs->pod, fabric_ocs_name(ocs, name), NULL, cause, "", "");
    if (change_submit(change) < 0)
        fabric_mark(ocs->pod->fabric);
}

static bool is_ours(const struct fabric_ocs *ocs, unsigned a, unsigned b) {
    const struct topo_wiring *wiring = ocs->pod->wiring;
    return wiring->end_of[ocs->index][TOPO_SIDE_A][a] != TOPO_NO_END ||
           wiring->end_of[ocs->index][TOPO_SIDE_B][b] != TOPO_NO_END;
}

/* A command about the circuit was sent, and no map was read since: either outcome was asked for. An addition
 * may also take over the B port of another circuit. */
static bool is_asked_for(const struct fabric_port *port, const bool *b_was_sent) {
    return port->sent_b || port->is_leaving || b_was_sent[port->observed_b];
}

static bool should_be_there(const struct fabric_port *port) {
    return port->want_b && port->want_slice && port->want_slice->durable &&
           port->want_slice->durable->was_ready;
}

/* A map after the circuit's command did not show it, nothing was sent since, and now it is there. */
static bool is_late(const struct fabric_port *port, uint16_t b) {
    return port->failures && !port->is_failed && !port->sent_b && port->want_b == b && port->observed_b != b;
}

struct seen {
    unsigned vanished, appeared, stayed, fought, first_a;
};

static void compare(const struct fabric_ocs *ocs, const uint16_t *b_of_a, int64_t now_us, struct seen *seen) {
    bool b_was_sent[TOPO_PORTS_MAX + 1] = {false};
    for (unsigned a = 1; a <= ocs->ports_a; a++)
        b_was_sent[ocs->port[a].sent_b] = ocs->port[a].sent_b != 0;
    for (unsigned a = 1; a <= ocs->ports_a; a++) {
        const struct fabric_port *port = &ocs->port[a];
        unsigned before = ocs->map_known ? port->observed_b : should_be_there(port) ? port->want_b : 0;
        bool is_same = before == b_of_a[a];
        seen->stayed += is_same && before;
        if (is_same || is_asked_for(port, b_was_sent) || (ocs->map_known && is_late(port, b_of_a[a])))
            continue;
        bool vanished = before && is_ours(ocs, a, before);
        bool appeared = ocs->map_known && b_of_a[a] && is_ours(ocs, a, b_of_a[a]);
        if ((vanished || appeared) && !seen->first_a)
            seen->first_a = a;
        seen->vanished += vanished;
        seen->appeared += appeared;
        seen->fought += vanished && before == port->want_b && port->put_right_us[0] &&
                        now_us - port->put_right_us[0] < SURPRISE_FIGHT_WINDOW_US;
    }
}

static void tell_stale(const struct fabric_ocs *ocs, const uint16_t *b_of_a, int64_t now_us) {
    unsigned late = 0, first_a = 0;
    char cause[FABRIC_TEXT_MAX];
    for (unsigned a = 1; a <= ocs->ports_a && ocs->map_known; a++)
        if (is_late(&ocs->port[a], b_of_a[a]) && !late++)
            first_a = a;
    if (!late)
        return;
    snprintf(
        cause, sizeof(cause),
        "%u circuits that were missing after their command are there, and nothing was sent since: the map "
        "was older than the command; first: A%u-B%u",
        late, first_a, b_of_a[first_a]);
    tell(ocs, "OCS_STALE_ANSWER", cause, now_us);
}

void surprise_in_map(const struct fabric_ocs *ocs, const uint16_t *b_of_a, int64_t now_us) {
    struct seen seen = {0};
    char cause[FABRIC_TEXT_MAX];
    tell_stale(ocs, b_of_a, now_us);
    compare(ocs, b_of_a, now_us, &seen);
    if (seen.vanished + seen.appeared == 0)
        return;
    if (seen.vanished > 1 && seen.appeared == 0 && seen.stayed == 0) {
        snprintf(cause, sizeof(cause),
                 "all %u circuits are gone: the switch lost power, was reset or was cleared", seen.vanished);
        tell(ocs, "OCS_CIRCUITS_LOST", cause, now_us);
    } else {
        const struct fabric_port *port = &ocs->port[seen.first_a];
        char was[16] = "nothing", is[16] = "nothing";
        if (port->observed_b)
            snprintf(was, sizeof(was), "B%u", port->observed_b);
        if (b_of_a[seen.first_a])
            snprintf(is, sizeof(is), "B%u", b_of_a[seen.first_a]);
        snprintf(cause, sizeof(cause),
                 "%u circuits vanished and %u appeared without a command of this controller; first: A%u was "
                 "at %s, "
                 "is at %s",
                 seen.vanished, seen.appeared, seen.first_a, was, is);
        tell(ocs, "OCS_CHANGED_BY_OTHERS", cause, now_us);
    }
    if (seen.fought) {
        snprintf(
            cause, sizeof(cause),
            "%u of them were put right twice within an hour: they are left as they are until a person looks",
            seen.fought);
        tell(ocs, "OCS_FOUGHT_OVER", cause, now_us);
    }
}

void surprise_in_change(const struct fabric_ocs *ocs, int64_t now_us) {
    const char *error = device_change_error(ocs->device);
    unsigned asked = 0, missing = 0, first_a = 0;
    char cause[FABRIC_TEXT_MAX], what[80];
    for (unsigned a = 1; a <= ocs->ports_a; a++) {
        const struct fabric_port *port = &ocs->port[a];
        asked += port->in_flight;
        if (port->in_flight && port->observed_b != port->want_b && !missing++)
            first_a = a;
    }
    if (missing)
        snprintf(what, sizeof(what), "%u of %u circuits are not there; first: A%u-B%u", missing, asked,
                 first_a, ocs->port[first_a].want_b);
    else
        snprintf(what, sizeof(what), "every circuit is there, but not everything that was to go is gone");
    if (*error)
        snprintf(cause, sizeof(cause), "the switch says %.63s; %s", error, what);
    else
        snprintf(cause, sizeof(cause), "the switch reported no error; %s", what);
    tell(ocs, *error ? "OCS_COMMAND_REFUSED" : "OCS_COMMAND_FAILED", cause, now_us);
}
