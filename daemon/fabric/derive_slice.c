/* The state of a slice, from what is seen of its cubes and links. The one place that decides. */
#include "daemon/fabric/change.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/link_path.h"
#include "daemon/fabric/link_retry.h"
#include "daemon/fabric/loss.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/observe.h"
#include "daemon/fabric/operation.h"
#include "daemon/fabric/swap_list.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/transition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long after a start a switch may still be unread before its slices are called unverified. */
#define START_GRACE_US 3000000

struct sight {
    struct slice_link *missing, *failed; /* room for every link */
    unsigned n_missing, n_failed, n_waiting, n_done, n_total, n_passed;
    unsigned missing_of[3];
    bool is_unseen; /* a switch that it uses cannot be read */
    const struct fabric_cube *bad_cube;
    int bad_host; /* of a part of that cube; -1: the cube as a whole */
};

static struct link_end *end_at(const struct fabric_pod *pod, unsigned cube, unsigned face, unsigned index) {
    return &pod->cube[cube].end[face][index];
}

static bool was_missing(const struct slice_version *version, const struct slice_link *link) {
    return link_list_has(&version->missing, link);
}

static bool is_connecting(const struct slice_version *version) {
    return version->state == SLICE_CONNECTING || version->state == SLICE_REPAIRING;
}

/* Its removal was sent, for somebody who worked there, and it was not sent again: it may be gone. */
static bool is_given_up(const struct fabric_port *port, const struct topo_link *link) {
    return port->is_leaving && port->sent_b != link->b;
}

static uint8_t cause_before(const struct slice_version *version, const struct slice_link *link) {
    for (unsigned i = 0; i < version->missing.count; i++) {
        const struct slice_link *before = &version->missing.link[i];
        if (before->position == link->position && before->dimension == link->dimension &&
            before->index == link->index)
            return before->cause;
    }
    return LINK_CAUSE_NONE;
}

/* How a circuit has settled, by the meters of its switch. Only where no job runs over it: while the slice
 * connects, or where the link was missing. What carries no light at all is made anew once and then left to
 * what the hosts see. True: not known yet. */
static bool waits_for_meter(const struct slice_version *version, struct fabric_ocs *ocs, unsigned a,
                            struct slice_link *seen) {
    uint8_t before = cause_before(version, seen);
    enum loss_verdict verdict = loss_verdict(ocs, a);
    bool is_bad = verdict == LOSS_OVER || verdict == LOSS_DARK;
    bool was_there = version->state == SLICE_REPAIRING && ocs->meter && ocs->meter[a].was_good;
    if (was_there || (!is_connecting(version) && !before))
        return false;
    if (is_connecting(version) &&
        (verdict == LOSS_PENDING || (is_bad && ocs->pod->fabric->settings.repair_drift &&
                                     link_retry_holds(version, ocs, &ocs->port[a]))))
        return true;
    if (verdict == LOSS_OVER)
        seen->cause = LINK_CAUSE_LOSS;
    else if (verdict == LOSS_PENDING || (verdict == LOSS_UNKNOWN && before == LINK_CAUSE_LOSS))
        seen->cause = before;
    return false;
}

/* Steps: 1 can the fiber table make it; 2 is its switch seen; 3 is the circuit there; 4 does light arrive,
 * from where it should. */
static void look_at_link(const struct fabric_slice *slice, const struct slice_version *version,
                         unsigned position, unsigned dimension, unsigned index, struct sight *sight) {
    const struct fabric_pod *pod = slice->pod;
    struct slice_link seen = {(uint16_t)position, (uint8_t)dimension, (uint8_t)index, LINK_CAUSE_NONE};
    struct topo_link link =
        topo_link_at(pod->wiring, &version->shape, version->cubes, position, dimension, index);
    unsigned here = version->cubes[position];
    unsigned there = version->cubes[topo_shape_next(&version->shape, position, dimension)];
    if (link.ocs < 0) {
        seen.cause = LINK_CAUSE_NO_FIBER;
    } else if (pod->ocs[link.ocs].port[link.a].yielded_b == link.b) {
        seen.cause = (uint8_t)maintenance_cause(pod, &link);
    } else {
        struct fabric_ocs *ocs = &pod->ocs[link.ocs];
        struct fabric_port *port = &ocs->port[link.a];
        sight->n_total++;
        if (!observe_is_usable(ocs)) {
            sight->is_unseen = sight->is_unseen || ocs->lost_at_us || !ocs->map_known;
            if (is_connecting(version) && (!ocs->map_known || port->observed_b != link.b || port->is_leaving))
                seen.cause = LINK_CAUSE_OCS_LOST;
            else if (was_missing(version, &seen))
                seen.cause = LINK_CAUSE_OCS_LOST;
        } else if (port->is_leaving && is_connecting(version)) {
            sight->n_waiting++;
            return;
        } else if (port->observed_b != link.b || is_given_up(port, &link)) {
            seen.cause = port->is_failed ? LINK_CAUSE_PORT_FAILED : LINK_CAUSE_NOT_CONNECTED;
            if (is_connecting(version) && !port->is_failed) {
                sight->n_waiting++;
                return;
            }
        } else {
            sight->n_done++;
            if (waits_for_meter(version, ocs, link.a, &seen)) {
                sight->n_waiting++;
                return;
            }
            if (seen.cause == LINK_CAUSE_LOSS)
                sight->failed[sight->n_failed++] = seen;
        }
        if (!seen.cause && ocs->map_known && port->observed_b == link.b) {
            const struct link_end *plus = end_at(pod, here, topo_face(dimension, false), index);
            const struct link_end *minus = end_at(pod, there, topo_face(dimension, true), index);
            uint16_t plus_end = topo_end(here, topo_face(dimension, false), index);
            uint16_t minus_end = topo_end(there, topo_face(dimension, true), index);
            bool dark = (plus->known_dark && !plus->light) || (minus->known_dark && !minus->light);
            bool other = (plus->known_dark && plus->light && plus->far_end != minus_end) ||
                         (minus->known_dark && minus->light && minus->far_end != plus_end);
            if (dark && observe_is_usable(ocs) && link_retry_holds(version, ocs, port))
                return;
            if (!dark)
                link_retry_drop(port);
            if (dark || other) {
                seen.cause = other && !dark ? LINK_CAUSE_MISCABLED : LINK_CAUSE_DARK;
                sight->failed[sight->n_failed++] = seen;
            } else if (version->qualified != QUALIFIED_PASSED && loss_is_over(pod, plus_end, minus_end)) {
                struct slice_link lossy = seen;
                lossy.cause = LINK_CAUSE_LOSS;
                sight->failed[sight->n_failed++] = lossy;
            } else if (plus->light && plus->reports && plus->far_end == minus_end && minus->light &&
                       minus->reports && minus->far_end == plus_end) {
                sight->n_passed++;
            }
        }
    }
    if (seen.cause) {
        sight->missing[sight->n_missing++] = seen;
        sight->missing_of[dimension]++;
    }
}

/* Whether the port of a cube that is cut may still hold a circuit. A switch that cannot be read holds what it
 * held when it was read last. */
static bool may_hold(const struct fabric_ocs *ocs, const struct topo_port *at) {
    if (!ocs->map_known)
        return true;
    if (at->side == TOPO_SIDE_A)
        return ocs->port[at->port].observed_b || ocs->port[at->port].sent_b;
    bool is_lit = ocs->observed_a[at->port] != 0;
    for (unsigned a = 1; a <= ocs->ports_a && !is_lit; a++)
        is_lit = ocs->port[a].sent_b == at->port;
    return is_lit;
}

/* A part has no circuits of its own: its cube has to be without any. */
static void look_at_part(const struct fabric_slice *slice, const struct slice_version *version,
                         struct sight *sight) {
    const struct fabric_pod *pod = slice->pod;
    const struct fabric_cube *cube = &pod->cube[version->cubes[0]];
    if (cube->mark == HEALTH_UNHEALTHY)
        sight->bad_cube = cube;
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
        const struct fabric_host *h = &cube->host[host];
        /* After a restart the cube's health stands for all its hosts until they speak. */
        bool is_hearsay = strcmp(h->cause, "BEFORE_RESTART") == 0 && version->state != SLICE_INCOMPLETE;
        if (version->host_mask >> host & 1 && h->health == HEALTH_UNHEALTHY && !is_hearsay &&
            !sight->bad_cube)
            sight->bad_cube = cube, sight->bad_host = (int)host;
    }
    if (!is_connecting(version) || derive_was_cleared(cube))
        return;
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            const struct topo_port *at = &pod->wiring->port_of[topo_end(cube->index, face, index)];
            sight->n_waiting += at->ocs >= 0 && may_hold(&pod->ocs[at->ocs], at);
        }
}

static void look(const struct fabric_slice *slice, const struct slice_version *version, struct sight *sight) {
    sight->bad_host = -1;
    if (!version->shape.whole_cubes) {
        look_at_part(slice, version, sight);
        return;
    }
    for (unsigned position = 0; position < version->shape.n_cubes; position++) {
        const struct fabric_cube *cube = &slice->pod->cube[version->cubes[position]];
        if ((cube->health == HEALTH_UNHEALTHY || maintenance_takes_cube(cube, slice)) && !sight->bad_cube)
            sight->bad_cube = cube;
        for (unsigned dimension = 0; dimension < 3; dimension++)
            for (unsigned index = 0; index < TOPO_INDICES; index++)
                look_at_link(slice, version, position, dimension, index, sight);
    }
}

static bool is_tolerated(const struct slice_version *version, const struct sight *sight) {
    for (unsigned dimension = 0; dimension < 3; dimension++)
        if (sight->missing_of[dimension] > version->tolerate_missing[dimension])
            return false;
    return true;
}

static enum slice_event event_of(const struct slice_version *version, const struct sight *sight) {
    if (sight->n_waiting)
        return SLICE_WAITS;
    if (sight->bad_cube)
        return SLICE_CUBE_LOST;
    if (!sight->n_missing)
        return SLICE_ALL_THERE;
    return is_tolerated(version, sight) ? SLICE_LACKS_TOLERATED : SLICE_LACKS_MORE;
}

static enum slice_state next_state(const struct slice_version *version, const struct sight *sight) {
    return slice_after(version->state, event_of(version, sight));
}

static enum qualified next_qualified(const struct slice_version *version, const struct sight *sight) {
    if (sight->n_failed)
        return QUALIFIED_FAILED;
    if (sight->n_total && sight->n_passed + sight->n_missing >= sight->n_total && sight->n_passed)
        return QUALIFIED_PASSED;
    return version->qualified; /* not all of it is seen: the last verdict stands */
}

static void explain_state(const struct sight *sight, enum slice_state state, char *cause) {
    cause[0] = '\0';
    if (state == SLICE_INCOMPLETE && sight->bad_cube && sight->bad_host >= 0) {
        snprintf(cause, FABRIC_TEXT_MAX, "%s host-%02d is UNHEALTHY: %.120s", sight->bad_cube->name,
                 sight->bad_host, sight->bad_cube->host[sight->bad_host].cause);
    } else if (state == SLICE_INCOMPLETE && sight->bad_cube && sight->bad_cube->health != HEALTH_UNHEALTHY) {
        snprintf(cause, FABRIC_TEXT_MAX, "%s is under maintenance: %.120s", sight->bad_cube->name,
                 sight->bad_cube->scheduling_reason);
    } else if (state == SLICE_INCOMPLETE && sight->bad_cube) {
        snprintf(cause, FABRIC_TEXT_MAX, "%s is UNHEALTHY: %.120s", sight->bad_cube->name,
                 sight->bad_cube->health_cause);
    } else if (state == SLICE_DEGRADED) {
        unsigned by_cause[LINK_CAUSES] = {0};
        for (unsigned i = 0; i < sight->n_missing; i++)
            by_cause[sight->missing[i].cause]++;
        int at = snprintf(cause, FABRIC_TEXT_MAX, "%u links missing", sight->n_missing);
        for (unsigned i = 1; i < LINK_CAUSES && at < FABRIC_TEXT_MAX; i++)
            if (by_cause[i])
                at += snprintf(cause + at, (size_t)(FABRIC_TEXT_MAX - at), "; %u %s", by_cause[i],
                               link_cause_text((enum link_cause)i));
    }
}

/* Why a slice is not connected yet, when more than mirrors that move keep it. */
static void explain_waiting(const struct fabric_slice *slice, const struct slice_version *version,
                            const struct sight *sight, char *cause) {
    const struct fabric_pod *pod = slice->pod;
    unsigned failed = 0;
    struct topo_link first = {.ocs = -1};
    cause[0] = '\0';
    for (unsigned i = 0; i < sight->n_missing; i++) {
        const struct slice_link *link = &sight->missing[i];
        if (link->cause == LINK_CAUSE_PORT_FAILED && !failed++)
            first = topo_link_at(pod->wiring, &version->shape, version->cubes, link->position,
                                 link->dimension, link->index);
    }
    if (failed)
        snprintf(cause, FABRIC_TEXT_MAX,
                 "%s does not make A%u-B%u; %u circuits in all failed, and are tried again now and then",
                 pod->ocs[first.ocs].name, first.a, first.b, failed);
}

static bool operation_is_over(const struct fabric *fabric, const struct fabric_operation *operation,
                              const struct fabric_slice *but) {
    for (const struct fabric_slice *slice = fabric->slices; slice; slice = slice->next)
        if (slice != but && !slice->accepted->is_gone && slice->accepted->operation_id == operation->id)
            return false;
    return true;
}

/* Made together with the slice, and to be given back with it. */
static bool falls_with(const struct fabric_slice *member, const struct fabric_operation *operation) {
    bool is_partial = !operation || !strcmp(operation->kind, OPERATION_CREATE_PARTIAL);
    for (unsigned i = 0; !is_partial && i < operation->n_uids; i++)
        if (operation->uid[i] == member->uid)
            return slice_version_owns(member->accepted) && !member->accepted->is_held;
    return false;
}

/* A change of its own that a member of a gang was in, a swap, ends with it. */
static void end_own(struct change *change, const struct fabric_slice *member,
                    const struct fabric_operation *shared, const char *cause) {
    struct fabric_operation *own = fabric_operation_of(change->fabric, member->accepted->operation_id);
    if (own && own != shared && own->state == OPERATION_RUNNING && !own->is_ending &&
        operation_is_over(change->fabric, own, member))
        change_operation_end(change, own, OPERATION_FAILED, cause);
}

/* A slice that is not connected in time gives its cubes back, and so do the others of its gang. */
static void fail(struct fabric_slice *slice, const struct sight *sight, int64_t now_us) {
    struct fabric *fabric = slice->pod->fabric;
    struct fabric_operation *operation = fabric_operation_of(fabric, slice->accepted->operation_id);
    struct change *change = change_begin(fabric, "heliostatd", now_us);
    if (!change)
        return;
    char cause[FABRIC_TEXT_MAX];
    const char *why = slice->accepted->cause;
    const struct slice_link *lossy = NULL;
    for (unsigned i = 0; i < sight->n_missing && !lossy; i++)
        if (sight->missing[i].cause == LINK_CAUSE_LOSS)
            lossy = &sight->missing[i];
    if (lossy)
        link_path_text(slice, slice->accepted, lossy, cause);
    else
        snprintf(cause, sizeof(cause),
                 "%s: %u of %u circuits were there when the time to connect ended%s%.50s", slice->name,
                 slice->circuits_done, slice->circuits_total, *why ? "; " : "", why);
    for (struct fabric_slice *member = fabric->slices; member; member = member->next) {
        if ((member != slice && !falls_with(member, operation)) || member->accepted != member->durable)
            continue;
        struct slice_version *after = slice_version_new(member->accepted);
        if (!after) {
            change->has_failed = true;
            break;
        }
        after->state = slice_after(after->state, member == slice ? SLICE_TIME_OVER : SLICE_GANG_FELL);
        after->generation++;
        after->operation_id = 0;
        after->connect_by_us = 0;
        snprintf(after->cause, sizeof(after->cause), "%s", cause);
        end_own(change, member, operation, cause);
        change_slice(change, member, after, NULL, cause);
    }
    change_add_event(change, "CAPACITY_CHANGED", slice->pod, slice->pod->name, NULL, "a slice failed", "",
                     "");
    bool is_last = !operation || strcmp(operation->kind, OPERATION_CREATE_PARTIAL) ||
                   operation_is_over(fabric, operation, slice);
    if (operation && operation->state == OPERATION_RUNNING && !operation->is_ending && is_last)
        change_operation_end(change, operation, OPERATION_FAILED, cause);
    if (change_submit(change) < 0)
        fabric_mark(fabric);
}

static void move_on(struct fabric_slice *slice, struct sight *sight, int64_t now_us) {
    struct fabric *fabric = slice->pod->fabric;
    struct slice_version *version = slice->accepted;
    enum slice_state state = next_state(version, sight);
    bool still_connecting = is_connecting(version) && state == version->state;
    enum qualified qualified = still_connecting ? QUALIFIED_NOT_CHECKED : next_qualified(version, sight);
    int64_t wall_us = fabric_wall_us(fabric, now_us);
    bool says_unverified = sight->is_unseen && now_us >= fabric->started_us + START_GRACE_US;
    int64_t unverified_since_us = !says_unverified               ? 0
                                  : version->unverified_since_us ? version->unverified_since_us
                                                                 : wall_us;
    if (sight->is_unseen && !says_unverified)
        unverified_since_us = version->unverified_since_us;
    struct slice_version *after = slice_version_new(version);
    if (!after)
        return;
    struct slice_link *missing = sight->missing;
    if (!still_connecting) {
        link_list_set(&after->missing, missing, sight->n_missing);
        sight->missing = NULL;
    }
    link_list_set(&after->failed, sight->failed, still_connecting ? 0 : sight->n_failed);
    sight->failed = NULL;
    after->state = state;
    after->qualified = qualified;
    after->unverified_since_us = unverified_since_us;
    bool is_new = still_connecting && state == SLICE_CONNECTING;
    if (is_new)
        explain_waiting(slice, version, sight, after->cause);
    bool same_cause = !is_new || strcmp(after->cause, version->cause) == 0;
    bool same_links = link_list_same_links(&after->missing, &version->missing);
    bool same_state = state == version->state;
    bool has_proved_fresh = qualified == QUALIFIED_PASSED && version->fresh.count;
    bool is_same = same_state && same_cause && !has_proved_fresh && qualified == version->qualified &&
                   same_links && link_list_equal(&after->missing, &version->missing) &&
                   link_list_equal(&after->failed, &version->failed) &&
                   unverified_since_us == version->unverified_since_us;
    struct change *change = is_same ? NULL : change_begin(fabric, "heliostatd", now_us);
    if (!change) {
        slice->needs_judging = !is_same; /* when the store takes changes again */
        slice_version_drop(after);
        return;
    }
    if (!still_connecting) {
        struct sight told = *sight;
        told.missing = after->missing.link;
        explain_state(&told, state, after->cause);
    }
    if (!same_links)
        after->generation++;
    bool has_arrived = is_connecting(version) && !still_connecting;
    if (has_arrived) {
        after->was_ready = true;
        after->connect_by_us = 0;
        after->operation_id = 0;
    }
    const char *kind = !same_state || !same_links                            ? "SLICE_STATE"
                       : qualified != version->qualified                     ? "SLICE_QUALIFIED"
                       : unverified_since_us != version->unverified_since_us ? "SLICE_UNVERIFIED"
                       : !same_cause                                         ? "SLICE_WAITS"
                                                                             : "SLICE_LINKS";
    char text[FABRIC_TEXT_MAX];
    snprintf(text, sizeof(text), "%s",
             strcmp(kind, "SLICE_QUALIFIED") == 0 ? qualified_name(qualified)
             : strcmp(kind, "SLICE_UNVERIFIED") == 0
                 ? (unverified_since_us ? "a switch cannot be seen" : "every switch is seen")
                 : after->cause);
    if (has_proved_fresh) {
        /* What becomes of these cubes from now on is no matter of the repair that put them in. */
        swap_list_deinit(&after->fresh);
        after->tries = 0;
        change_add_event(change, "REPAIR_QUALIFIED", slice->pod, slice->name, slice,
                         "the cubes that were put in qualified", slice_state_name(version->state),
                         slice_state_name(state));
    }
    change_slice(change, slice, after, kind, text);
    link_path_name_failed(change, slice, version, after);
    struct fabric_operation *operation =
        has_arrived ? fabric_operation_of(fabric, version->operation_id) : NULL;
    if (operation && operation->state == OPERATION_RUNNING && !operation->is_ending &&
        operation_is_over(fabric, operation, slice))
        change_operation_end(change, operation, OPERATION_DONE, after->cause);
    if (change_submit(change) < 0)
        fabric_mark(fabric);
}

void derive_slice(struct fabric_slice *slice, int64_t now_us) {
    struct fabric *fabric = slice->pod->fabric;
    struct slice_version *version = slice->accepted;
    slice->needs_judging = false;
    if (version != slice->durable) {
        slice->needs_judging = true; /* when it is durable */
        return;
    }
    if (!slice_version_owns(version) || version->state == SLICE_RESERVED || version->is_held ||
        slice->pod->is_importing)
        return;
    unsigned room = version->shape.n_cubes * TOPO_LINKS_PER_POSITION;
    struct sight sight = {.missing = malloc(sizeof(*sight.missing) * room),
                          .failed = malloc(sizeof(*sight.failed) * room)};
    if (sight.missing && sight.failed) {
        unsigned before = slice->circuits_done;
        look(slice, version, &sight);
        slice->circuits_done = sight.n_done;
        slice->circuits_total = sight.n_total;
        if (version->state == SLICE_CONNECTING && version->connect_by_us &&
            fabric_wall_us(fabric, now_us) >= version->connect_by_us &&
            next_state(version, &sight) == SLICE_CONNECTING)
            fail(slice, &sight, now_us);
        else
            move_on(slice, &sight, now_us);
        if (before != slice->circuits_done && version->operation_id) {
            const struct fabric_operation *operation = fabric_operation_of(fabric, version->operation_id);
            if (operation && operation->durable_revision && fabric->listener.on_operation)
                fabric->listener.on_operation(fabric->listener.userdata, operation);
        }
    }
    free(sight.missing);
    free(sight.failed);
}
