#include "tests/world/judge.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LATE_GUARD_US 500000
#define DISTURBED_FOR_US 20000000
#define DARK_FOR_US 15000000
#define HOUR_US INT64_C(3600000000)

static const char *switch_name(const struct world *world, unsigned ocs) {
    return world->plant.switches[ocs].short_name;
}

/* Reads "(@1,2,3)"; ports as on the wire. Returns what follows, NULL when it is none. */
static const char *read_ports(const char *at, unsigned *ports, unsigned *count) {
    *count = 0;
    if (strncmp(at, "(@", 2) != 0)
        return NULL;
    at += 2;
    while (*at >= '0' && *at <= '9') {
        unsigned port = 0;
        while (*at >= '0' && *at <= '9')
            port = port * 10 + (unsigned)(*at++ - '0');
        if (*count == 256)
            return NULL;
        ports[(*count)++] = port;
        if (*at == ',')
            at++;
    }
    return *at == ')' ? at + 1 : NULL;
}

struct command {
    bool is_add;
    unsigned count;
    uint16_t a[256], b[256];
};

static void read_command(struct world *world, unsigned ocs, const char *text, struct command *command) {
    unsigned b[256], a[256], count_b;
    const char *at = strchr(text, ' ');
    at = at ? read_ports(at + 1, a, &command->count) : NULL;
    at = at && *at == ',' ? read_ports(at + 1, b, &count_b) : NULL;
    if (!at || count_b != command->count || command->count == 0)
        world_fail(world, "%s was sent a set command that names no pairs: %.200s", switch_name(world, ocs),
                   text);
    for (unsigned i = 0; i < command->count; i++) {
        unsigned n = world->fleet->n_ports;
        if (a[i] < 1 || a[i] > n || b[i] <= n || b[i] > 2 * n)
            world_fail(world, "%s was sent a port that it does not have: %.200s", switch_name(world, ocs),
                       text);
        command->a[i] = (uint16_t)a[i];
        command->b[i] = (uint16_t)(b[i] - n);
    }
}

/* The end is on a cube that a slice has, or that is not to be used: on the disk, so that no mirror moves for
 * less. */
static bool is_busy_end(const struct world *world, int16_t end) {
    if (end < 0)
        return false;
    unsigned cube = (unsigned)end / 96;
    const struct ledger *ledger = &world->ledger;
    int64_t scheduling = ledger->cube_scheduling[cube], health = ledger->cube_health[cube];
    return ledger_has_cube(ledger, cube) || ledger_takes_part_in_test(ledger, cube) ||
           health == HEALTH_UNHEALTHY || health == HEALTH_DEGRADED ||
           (scheduling && scheduling != SCHEDULING_SCHEDULABLE);
}

static bool is_worked_on(const struct ledger_work *work, const struct world *world, unsigned ocs, unsigned a,
                         unsigned b) {
    return ledger_work_covers(&world->ledger, work, ocs, 0, a) ||
           ledger_work_covers(&world->ledger, work, ocs, 1, b);
}

static bool is_covered(const struct world *world, unsigned ocs, unsigned a, unsigned b) {
    for (unsigned i = 0; i < world->ledger.n_works; i++)
        if (is_worked_on(&world->ledger.work[i], world, ocs, a, b))
            return true;
    return false;
}

/* An operator said that whatever is there goes. */
static bool is_disrupted(const struct world *world, unsigned ocs, unsigned a, unsigned b) {
    for (unsigned i = 0; i < world->ledger.n_works; i++)
        if (world->ledger.work[i].disrupt && is_worked_on(&world->ledger.work[i], world, ocs, a, b))
            return true;
    return false;
}

/* The slice lists the link of this circuit as missing. */
static bool is_listed_at(const struct world *world, const struct ledger_slice *row, unsigned ocs,
                         unsigned a) {
    const struct fabric_slice *slice = world->fabric ? world->fabric->slices : NULL;
    struct rules_link links[FLEET_CUBES_MAX * 48];
    unsigned count;
    while (slice && slice->uid != row->uid)
        slice = slice->next;
    if (!slice || !slice->durable)
        return false;
    rules_links(world->fleet, row->topology, row->cubes, links, &count);
    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; links[i].ocs == (int)ocs && links[i].a == a && k < slice->durable->missing.count;
             k++) {
            const struct slice_link *missing = &slice->durable->missing.link[k];
            if (missing->position == links[i].position && missing->dimension == links[i].dimension &&
                missing->index == links[i].index)
                return true;
        }
    return false;
}

/* The circuit is a slice's, and somebody whose word counts gave it up for hands on the plant. */
static bool is_given_up(const struct world *world, unsigned ocs, unsigned a) {
    const struct ledger *ledger = &world->ledger;
    unsigned b = ledger->want_b[ocs][a];
    const struct ledger_slice *row = b ? &ledger->slice[ledger->owner[ocs][a]] : NULL;
    for (unsigned i = 0; row && i < ledger->n_works; i++)
        if (is_worked_on(&ledger->work[i], world, ocs, a, b) &&
            (ledger_work_has_word(&ledger->work[i], row) || is_listed_at(world, row, ocs, a)))
            return true;
    return false;
}

static void judge_removal(struct world *world, unsigned ocs, unsigned a, unsigned b) {
    world->made_anew_uid[ocs][a] = 0; /* what comes there next is another circuit, even of the same ports */
    const struct ledger *ledger = &world->ledger;
    int16_t end_a = world->fleet->end_at[ocs][0][a], end_b = world->fleet->end_at[ocs][1][b];
    if (end_a < 0 && end_b < 0)
        world_fail(world, "%s A%u-B%u is foreign and was told to go", switch_name(world, ocs), a, b);
    if (ledger->want_b[ocs][a] == b && is_given_up(world, ocs, a)) {
        world->given_up_b[ocs][a] = (uint16_t)b;
        world->confirmed_b[ocs][a] = 0; /* it comes back when the hands are gone */
        return;
    }
    if (world->cleared_b[ocs][a] == b || world->test_b[ocs][a] == b)
        return;
    if (ledger->want_b[ocs][a] == b)
        world_fail(world, "%s A%u-B%u belongs to slice %s and was told to go", switch_name(world, ocs), a, b,
                   ledger->slice[ledger->owner[ocs][a]].name);
    if (ledger_is_of_test(ledger, end_a, end_b))
        return; /* as a run before this one may have left it */
    if (!ledger->ever[ocs][a][b] && world->maps_read[ocs] - world->came_after[ocs][a] < 2)
        world_fail(world, "%s A%u-B%u is unexpected and was told to go after one read",
                   switch_name(world, ocs), a, b);
    bool is_in_the_way = ledger->want_b[ocs][a] || ledger->want_a[ocs][b] || is_disrupted(world, ocs, a, b) ||
                         (end_a >= 0 && ledger_takes_part_in_test(ledger, (unsigned)end_a / 96)) ||
                         (end_b >= 0 && ledger_takes_part_in_test(ledger, (unsigned)end_b / 96));
    if (!is_in_the_way && !ledger->ever[ocs][a][b])
        world_fail(world, "%s A%u-B%u is nobody's, in nobody's way, and was told to go",
                   switch_name(world, ocs), a, b);
    if (!is_in_the_way && !is_busy_end(world, end_a) && !is_busy_end(world, end_b) &&
        !is_covered(world, ocs, a, b))
        world_fail(world, "%s A%u-B%u is dark, in nobody's way, and was told to go", switch_name(world, ocs),
                   a, b);
}

/* A circuit that was there and is gone is put right at most twice an hour, and not while the controller is
 * blind. */
static void judge_put_right(struct world *world, unsigned ocs, unsigned a, unsigned b) {
    world->confirmed_b[ocs][a] = 0; /* until it was there again: what the switch does not do is tried again */
    int64_t *times_us = world->put_right_us[ocs][a];
    if (world->fabric->pods->is_blind)
        world_fail(world, "%s A%u-B%u is put right while the controller is blind", switch_name(world, ocs), a,
                   b);
    if (times_us[0] && world->now_us - times_us[0] < HOUR_US)
        world_fail(world, "%s A%u-B%u is put right a third time in an hour", switch_name(world, ocs), a, b);
    times_us[0] = times_us[1];
    times_us[1] = world->now_us;
}

static void judge_addition(struct world *world, unsigned ocs, unsigned a, unsigned b) {
    const struct sim_switch *sw = &world->plant.switches[ocs];
    int16_t ends[2] = {world->fleet->end_at[ocs][0][a], world->fleet->end_at[ocs][1][b]};
    if (!world->ledger.want_b[ocs][a] && ledger_is_of_test(&world->ledger, ends[0], ends[1])) {
        for (unsigned i = 0; i < 2; i++)
            if (ends[i] >= 0 && ledger_has_cube(&world->ledger, (unsigned)ends[i] / 96))
                world_fail(world, "%s A%u-B%u is a test circuit on a cube of a slice",
                           switch_name(world, ocs), a, b);
        if (is_covered(world, ocs, a, b))
            world_fail(world, "%s A%u-B%u is a test circuit, and a person works there",
                       switch_name(world, ocs), a, b);
        world->test_b[ocs][a] = (uint16_t)b;
        world->counts->test_circuits++;
        return;
    }
    if (world->ledger.want_b[ocs][a] != b)
        world_fail(world, "%s A%u-B%u was told to come; the durable intent there is B%u",
                   switch_name(world, ocs), a, b, world->ledger.want_b[ocs][a]);
    if (is_covered(world, ocs, a, b))
        world_fail(world, "%s A%u-B%u was told to come, and a person works there", switch_name(world, ocs), a,
                   b);
    if (sw->circuits[a].b == b && world->seen_at_us[ocs] > world->disturbed_at_us[ocs] &&
        sw->behaviour.stat == SIM_STAT_COMMANDED)
        world_fail(world, "%s A%u-B%u is lit and was told to come", switch_name(world, ocs), a, b);
    if (world->confirmed_b[ocs][a] == b &&
        world->confirmed_uid[ocs][a] == world->ledger.slice[world->ledger.owner[ocs][a]].uid)
        judge_put_right(world, ocs, a, b);
}

/* The pair is in both lists of the line: a circuit that stays dark is made anew, once, and only for a slice
 * that has not qualified. */
static bool is_made_anew(struct world *world, unsigned ocs, unsigned a, unsigned b,
                         const struct command *removed, const struct command *added) {
    bool is_removed = false, is_added = false;
    for (unsigned i = 0; i < removed->count; i++)
        is_removed |= removed->a[i] == a && removed->b[i] == b;
    for (unsigned i = 0; i < added->count; i++)
        is_added |= added->a[i] == a && added->b[i] == b;
    if (!is_removed || !is_added || world->ledger.want_b[ocs][a] != b)
        return false;
    int64_t uid = world->ledger.slice[world->ledger.owner[ocs][a]].uid;
    for (const struct fabric_slice *slice = fabric_slices(world->fabric); slice; slice = slice->next)
        if (slice->uid == uid && slice->durable->qualified == QUALIFIED_PASSED &&
            slice->durable->disruption != DISRUPTION_ANYTIME)
            world_fail(world, "%s A%u-B%u of a qualified slice was made anew", switch_name(world, ocs), a, b);
    return true;
}

/* A line removes, then adds: both lists, as far as they are there. */
static void read_line(struct world *world, unsigned ocs, const char *line, struct command *removed,
                      struct command *added) {
    char copy[16384];
    snprintf(copy, sizeof(copy), "%s", line);
    char *rest = copy;
    for (char *unit; (unit = strsep(&rest, ";"));) {
        if (strcasestr(unit, "conn:sub"))
            read_command(world, ocs, unit, removed);
        else if (strcasestr(unit, "conn:add"))
            read_command(world, ocs, unit, added);
    }
}

static void judge_made_anew(struct world *world, unsigned ocs, const struct command *removed,
                            const struct command *added) {
    for (unsigned i = 0; i < removed->count; i++) {
        unsigned a = removed->a[i];
        if (!is_made_anew(world, ocs, a, removed->b[i], removed, added))
            continue;
        int64_t uid = world->ledger.slice[world->ledger.owner[ocs][a]].uid;
        if (world->made_anew_uid[ocs][a] == uid && world->made_anew_b[ocs][a] == removed->b[i])
            world_fail(world, "%s A%u-B%u was made anew a second time", switch_name(world, ocs), a,
                       removed->b[i]);
        world->made_anew_uid[ocs][a] = uid;
        world->made_anew_b[ocs][a] = removed->b[i];
    }
}

void judge_sent(struct world *world, struct connection *connection, const char *line, size_t len) {
    unsigned ocs = connection->ocs;
    char copy[16384];
    if (len >= sizeof(copy) || len == 0 || line[len - 1] != '\n')
        world_fail(world, "%s was sent something that is not a line", switch_name(world, ocs));
    memcpy(copy, line, len);
    copy[len - 1] = '\0';
    bool is_all_cleared = true; /* by an operator, who may also when the controller is blind */
    bool has_set = false, has_removal = false, has_addition = false;
    struct command removed = {.count = 0}, added = {.count = 0};
    read_line(world, ocs, copy, &removed, &added);
    judge_made_anew(world, ocs, &removed, &added);
    char *rest = copy;
    for (char *unit; (unit = strsep(&rest, ";"));) {
        if (strcasestr(unit, "only") || strcasestr(unit, "disc") || strcasestr(unit, "*rst"))
            world_fail(world, "%s was sent a command that touches bystanders: %s", switch_name(world, ocs),
                       unit);
        bool is_add = strcasestr(unit, "conn:add") != NULL, is_sub = strcasestr(unit, "conn:sub") != NULL;
        if (!is_add && !is_sub)
            continue;
        struct command command = {.is_add = is_add};
        read_command(world, ocs, unit, &command);
        has_set = true;
        has_removal |= is_sub;
        has_addition |= is_add;
        for (unsigned i = 0; i < command.count; i++)
            if (is_made_anew(world, ocs, command.a[i], command.b[i], &removed, &added))
                continue;
            else if (is_add)
                judge_addition(world, ocs, command.a[i], command.b[i]);
            else
                judge_removal(world, ocs, command.a[i], command.b[i]);
        for (unsigned i = 0; is_sub && i < command.count; i++)
            is_all_cleared = is_all_cleared && world->cleared_b[ocs][command.a[i]] == command.b[i];
    }
    if (!has_set)
        return;
    world->counts->set_lines++;
    connection->has_set_unanswered = true;
    if (world->ledger.is_frozen)
        world_fail(world, "%s was sent a set command while the pod is frozen on the disk",
                   switch_name(world, ocs));
    if (!connection->session.broken && strncmp(world->plant.switches[ocs].behaviour.serial, "SIM-", 4) != 0)
        world_fail(world, "%s was sent a set command, and it is another unit", switch_name(world, ocs));
    if (has_removal && !has_addition && world->fabric->pods->is_blind && !is_all_cleared)
        world_fail(world, "%s was sent removals while the controller is blind", switch_name(world, ocs));
    if (world->has_unanswered[ocs])
        world_fail(world, "%s was sent a set command after an unanswered one, and %u maps were read since",
                   switch_name(world, ocs), world->n_reads[ocs]);
}

static void judge_line_in(struct world *world, struct connection *connection, const char *text) {
    unsigned ocs = connection->ocs;
    if (strchr(text, '@')) {
        world->counts->reads++;
        world->maps_read[ocs]++;
        if (world->seen_at_us[ocs] <= world->disturbed_at_us[ocs])
            world->seen_at_us[ocs] = world->now_us;
        if (world->n_reads[ocs]++ == 0)
            world->first_read_us[ocs] = world->now_us;
        if (world->now_us - world->first_read_us[ocs] >= LATE_GUARD_US)
            world->has_unanswered[ocs] = false;
    } else if (strcmp(text, "1") == 0) {
        connection->has_set_unanswered = false;
    }
}

void judge_answered(struct world *world, struct connection *connection, const char *bytes, size_t len) {
    unsigned ocs = connection->ocs;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n' || world->reading_len[ocs] + 1 == sizeof(world->reading[ocs])) {
            world->reading[ocs][world->reading_len[ocs]] = '\0';
            world->reading_len[ocs] = 0;
            judge_line_in(world, connection, world->reading[ocs]);
        } else {
            world->reading[ocs][world->reading_len[ocs]++] = bytes[i];
        }
    }
}

void judge_ended(struct world *world, struct connection *connection) {
    unsigned ocs = connection->ocs;
    world->has_unanswered[ocs] = world->has_unanswered[ocs] || connection->has_set_unanswered;
    world->n_reads[ocs] = 0;
    world->reading_len[ocs] = 0;
}

/* Something moved mirrors there, and the daemon may not have seen it yet. */
static bool is_disturbed(const struct world *world, unsigned ocs) {
    return world->seen_at_us[ocs] <= world->disturbed_at_us[ocs] ||
           world->now_us - world->seen_at_us[ocs] <= DISTURBED_FOR_US ||
           !world->fabric->pods->ocs[ocs].is_readable;
}

void judge_executed(struct world *world, struct connection *connection, const struct scpi_record *record) {
    unsigned ocs = connection->ocs;
    for (size_t i = 0; i < record->n_moves; i++) {
        const struct sim_move *move = &record->moves[i];
        if (move->from == move->to)
            continue;
        world->counts->moves++;
        world->is_rivals[ocs][move->a][move->from] = false;
        uint16_t was_given_up = world->given_up_b[ocs][move->a];
        world->given_up_b[ocs][move->a] = 0;
        if (move->from == world->cleared_b[ocs][move->a])
            world->cleared_b[ocs][move->a] = 0;
        if (!connection->is_live) {
            world->counts->late_executions++;
            world->disturbed_at_us[ocs] = world->now_us;
            world->is_rivals[ocs][move->a][move->to] = true;
            continue;
        }
        if (!move->from || world->ledger.want_b[ocs][move->a] != move->from ||
            is_given_up(world, ocs, move->a) || was_given_up == move->from)
            continue;
        const struct ledger_slice *slice = &world->ledger.slice[world->ledger.owner[ocs][move->a]];
        if (world->made_anew_uid[ocs][move->a] == slice->uid &&
            memmem(record->request, record->request_len, "conn:add", 8)) {
            world->disturbed_at_us[ocs] = world->now_us;
            continue;
        }
        if ((slice->state == SLICE_READY || slice->state == SLICE_DEGRADED) && !is_disturbed(world, ocs))
            world_fail(world, "%s A%u-B%u of slice %s (%s) was taken down by the daemon's command: %.*s",
                       switch_name(world, ocs), move->a, move->from, slice->name,
                       slice_state_name((enum slice_state)slice->state),
                       record->request ? (int)record->request_len : 0,
                       record->request ? record->request : "");
    }
    if (!connection->is_live && record->n_moves)
        world_tell(world, "%s executed %zu moves of a dead connection", switch_name(world, ocs),
                   record->n_moves);
}

void judge_event(struct world *world, unsigned ocs, const char *cause, const struct sim_move *moves,
                 size_t n_moves) {
    if (n_moves) {
        world->disturbed_at_us[ocs] = world->now_us;
    }
    for (size_t i = 0; i < n_moves; i++) {
        world->is_rivals[ocs][moves[i].a][moves[i].from] = false;
        world->came_after[ocs][moves[i].a] = world->maps_read[ocs];
        if (strcmp(cause, "rival") == 0 && moves[i].to)
            world->is_rivals[ocs][moves[i].a][moves[i].to] = true;
    }
}

static struct claim *claim_of(struct world *world, int64_t uid) {
    for (unsigned i = 0; i < world->n_claims; i++)
        if (world->claim[i].uid == uid && world->claim[i].create != CLAIM_UNDONE)
            return &world->claim[i];
    return NULL;
}

static bool is_listed(const struct slice_version *version, const struct rules_link *link) {
    for (unsigned i = 0; i < version->missing.count; i++)
        if (version->missing.link[i].position == link->position &&
            version->missing.link[i].dimension == link->dimension &&
            version->missing.link[i].index == link->index)
            return true;
    return false;
}

static void forget_confirmed(struct world *world, int64_t uid) {
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        for (unsigned a = 1; a <= world->fleet->n_ports; a++)
            if (world->confirmed_uid[ocs][a] == uid)
                world->confirmed_b[ocs][a] = 0;
}

/* A circuit that the slice gave up, and that it may need again later: then it is a new one. */
static void forget_made_anew(struct world *world, int64_t uid) {
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        for (unsigned a = 1; a <= world->fleet->n_ports; a++)
            if (world->made_anew_uid[ocs][a] == uid &&
                world->ledger.want_b[ocs][a] != world->made_anew_b[ocs][a])
                world->made_anew_uid[ocs][a] = 0;
}

static bool is_part(const struct fabric_slice *slice) {
    return slice->accepted->host_mask != 0xffff;
}

static void judge_part_owner(struct world *world, const struct fabric_slice *slice) {
    const struct fabric_cube *cube = &world->fabric->pods->cube[slice->accepted->cubes[0]];
    if (cube->slice)
        world_fail(world, "%s is slice %s's and is cut into parts", cube->name, cube->slice->name);
    for (unsigned host = 0; host < 16; host++) {
        bool has = slice->accepted->host_mask >> host & 1;
        if (has != (cube->host[host].part == slice) || (has && !(cube->part_hosts >> host & 1)))
            world_fail(world, "slice %s and %s do not agree about host-%02u", slice->name, cube->name, host);
    }
}

/* Mirrors that did not settle are in no map of a switch that shows settled ones only. */
static bool is_shown(const struct world *world, unsigned ocs, unsigned a) {
    const struct sim_switch *sw = &world->plant.switches[ocs];
    return !(sw->circuits[a].stuck && sw->behaviour.stat == SIM_STAT_SETTLED);
}

/* A part that is told READY is on a cube without circuits. */
static void judge_part(struct world *world, const struct fabric_slice *slice,
                       const struct ledger_slice *row) {
    for (unsigned i = 0; i < 96; i++) {
        const struct fleet_fiber *fiber = &world->fleet->fiber[row->cubes[0]][i / 16][i % 16];
        const struct sim_switch *sw = fiber->is_there ? &world->plant.switches[fiber->ocs] : NULL;
        unsigned a = !sw ? 0 : fiber->side_b ? sw->ingress_of[fiber->port] : fiber->port;
        if (a && is_shown(world, fiber->ocs, a) && sw->circuits[a].b && !is_disturbed(world, fiber->ocs) &&
            !world->is_rivals[fiber->ocs][a][sw->circuits[a].b])
            world_fail(world, "part %s is told %s, and %s A%u-B%u ends on its cube", slice->name,
                       slice_state_name(slice->durable->state), sw->short_name, a, sw->circuits[a].b);
    }
}

void judge_slice(struct world *world, const struct fabric_slice *slice) {
    const struct slice_version *version = slice->durable;
    bool is_whole = version->state == SLICE_READY || version->state == SLICE_DEGRADED;
    struct claim *claim = claim_of(world, slice->uid);
    if (claim && (!is_whole || !claim->whole_since_us))
        claim->whole_since_us = is_whole ? world->now_us : 0;
    if (version->state == SLICE_REPAIRING || version->state == SLICE_CONNECTING)
        forget_confirmed(world, slice->uid);
    forget_made_anew(world, slice->uid);
    if (version->is_gone || (version->state != SLICE_READY && version->state != SLICE_DEGRADED))
        return;
    const struct ledger_slice *row = ledger_find(&world->ledger, slice->uid);
    if (!row || row->generation != version->generation || row->state != (int64_t)version->state) {
        /* A younger version landed in the same group. */
        if (!row || row->generation >= version->generation)
            return;
        world_fail(world, "slice %s is told as durable and %s, the disk has an older row", slice->name,
                   slice_state_name(version->state));
    }
    if (row->is_part && !(claim && claim->is_told_as_part)) {
        judge_part(world, slice, row);
        if (claim)
            claim->is_told_as_part = true;
    }
    world->counts->ready += version->state == SLICE_READY;
    world->counts->degraded += version->state == SLICE_DEGRADED;
    struct rules_link links[FLEET_CUBES_MAX * 48];
    unsigned count, missing = 0;
    rules_links(world->fleet, row->topology, row->cubes, links, &count);
    for (unsigned i = 0; i < count; i++) {
        const struct rules_link *link = &links[i];
        if (is_listed(version, link)) {
            missing++;
            continue;
        }
        bool is_read = link->ocs >= 0 && slice->pod->ocs[link->ocs].is_readable &&
                       !is_given_up(world, (unsigned)link->ocs, link->a);
        if (is_read && (world->confirmed_b[link->ocs][link->a] != link->b ||
                        world->confirmed_uid[link->ocs][link->a] != slice->uid)) {
            world->confirmed_b[link->ocs][link->a] = link->b;
            world->confirmed_uid[link->ocs][link->a] = slice->uid;
            memset(world->put_right_us[link->ocs][link->a], 0, sizeof(world->put_right_us[0][0]));
            if (world->made_anew_uid[link->ocs][link->a] != slice->uid)
                world->made_anew_uid[link->ocs][link->a] = 0;
        }
        if (link->ocs < 0)
            world_fail(world, "slice %s is %s without a link that no fiber makes, and does not list it",
                       slice->name, slice_state_name(version->state));
        if (world->plant.switches[link->ocs].circuits[link->a].b != link->b &&
            !is_disturbed(world, (unsigned)link->ocs) && !is_given_up(world, (unsigned)link->ocs, link->a))
            world_fail(world, "slice %s is told %s and %s A%u-B%u is not there", slice->name,
                       slice_state_name(version->state), switch_name(world, (unsigned)link->ocs), link->a,
                       link->b);
    }
    if (missing != version->missing.count || (version->state == SLICE_READY) != (missing == 0))
        world_fail(world, "slice %s is %s and lists %u missing links, %u of them its own", slice->name,
                   slice_state_name(version->state), version->missing.count, missing);
}

static void judge_owners(struct world *world) {
    const struct fabric_pod *pod = world->fabric->pods;
    unsigned owned = 0, held = 0;
    for (const struct fabric_slice *slice = world->fabric->slices; slice; slice = slice->next) {
        const struct slice_version *version = slice->accepted;
        if (version->is_gone || version->state == SLICE_FAILED)
            continue;
        if (is_part(slice)) {
            judge_part_owner(world, slice);
            continue;
        }
        for (unsigned i = 0; i < version->shape.n_cubes; i++, owned++)
            if (pod->cube[version->cubes[i]].slice != slice || pod->cube[version->cubes[i]].position != i)
                world_fail(world, "slice %s has %s at position %u, the cube says otherwise", slice->name,
                           pod->cube[version->cubes[i]].name, i);
    }
    for (unsigned cube = 0; cube < pod->n_cubes; cube++)
        held += pod->cube[cube].slice != NULL;
    if (owned != held)
        world_fail(world, "%u cubes say that a slice has them, slices have %u", held, owned);
}

/* With nothing under way to the disk, what the daemon believes is what the disk has. */
static void judge_rows(struct world *world) {
    unsigned live = 0, formers = 0;
    for (const struct fabric_slice *slice = world->fabric->slices; slice; slice = slice->next) {
        const struct slice_version *version = slice->accepted;
        const struct ledger_slice *row = ledger_find(&world->ledger, slice->uid);
        if (version != slice->durable)
            world_fail(world, "slice %s has a version that is not durable, and nothing is under way",
                       slice->name);
        if (!row || row->generation != version->generation || row->state != (int64_t)version->state)
            world_fail(world, "slice %s generation %lld is %s, the disk says %s", slice->name,
                       (long long)version->generation, slice_state_name(version->state),
                       row ? slice_state_name((enum slice_state)row->state) : "nothing");
        for (unsigned i = 0; i < row->n_cubes; i++)
            if (row->cubes[i] != version->cubes[i])
                world_fail(world, "slice %s has other cubes on the disk", slice->name);
        if (row->host_mask != version->host_mask)
            world_fail(world, "slice %s has other hosts on the disk", slice->name);
        live++;
    }
    for (const struct fabric_former *former = world->fabric->pods->formers; former; former = former->next)
        formers++;
    unsigned live_rows = 0;
    for (unsigned i = 0; i < world->ledger.n_slices; i++)
        live_rows += !world->ledger.slice[i].is_former;
    if (live != live_rows || formers != world->ledger.n_slices - live_rows)
        world_fail(world, "%u slices and %u former ones, the disk has %u and %u", live, formers, live_rows,
                   world->ledger.n_slices - live_rows);
}

static void judge_claims(struct world *world) {
    for (unsigned i = 0; i < world->n_claims; i++) {
        struct claim *claim = &world->claim[i];
        const struct ledger_slice *row = ledger_find(&world->ledger, claim->uid);
        if (claim->create == CLAIM_DURABLE && !claim->is_delete_asked && !row)
            world_fail(world, "slice %s (uid %lld) was acknowledged and is gone", claim->name,
                       (long long)claim->uid);
        if (claim->delete == CLAIM_DURABLE && row)
            world_fail(world, "slice %s (uid %lld) was deleted and is there", claim->name,
                       (long long)claim->uid);
        /* Its number was told to nobody and may be another's now. */
        if (claim->create == CLAIM_UNDONE && !claim->is_forgotten && row && !claim_of(world, claim->uid) &&
            strcmp(row->name, claim->name) == 0)
            world_fail(world, "slice %s (uid %lld) was answered UNAVAILABLE and is there", claim->name,
                       (long long)claim->uid);
    }
}

/* Circuits last read from a switch that does not answer count as still there: their ends are not given to
 * different slices. */
void judge_placed(struct world *world, uint32_t new_cubes) {
    const struct fabric_pod *pod = world->fabric->pods;
    for (unsigned cube = 0; cube < world->fleet->n_cubes; cube++)
        if (new_cubes >> cube & 1 && pod->cube[cube].scheduling != SCHEDULING_SCHEDULABLE)
            world_fail(world, "%s is %s and was given to slice %s", pod->cube[cube].name,
                       scheduling_name(pod->cube[cube].scheduling),
                       pod->cube[cube].slice ? pod->cube[cube].slice->name : "(a part)");
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++) {
        if (pod->ocs[ocs].is_readable || world->seen_at_us[ocs] <= world->disturbed_at_us[ocs])
            continue;
        for (unsigned a = 1; a <= world->fleet->n_ports; a++) {
            unsigned b = world->plant.switches[ocs].circuits[a].b;
            int16_t end_a = world->fleet->end_at[ocs][0][a], end_b = b ? world->fleet->end_at[ocs][1][b] : -1;
            bool is_news = world->is_rivals[ocs][a][b] && pod->ocs[ocs].port[a].observed_b != b;
            if (end_a < 0 || end_b < 0 || is_news)
                continue;
            if (!((new_cubes >> end_a / 96 | new_cubes >> end_b / 96) & 1))
                continue;
            const struct fabric_slice *one = pod->cube[end_a / 96].slice,
                                      *other = pod->cube[end_b / 96].slice;
            for (unsigned i = 0; i < 2; i++) {
                unsigned cube = (unsigned)(i ? end_b : end_a) / 96;
                if (new_cubes >> cube & 1 && pod->cube[cube].part_hosts)
                    world_fail(world, "%s was cut, and %s A%u-B%u cannot be seen now", pod->cube[cube].name,
                               switch_name(world, ocs), a, b);
            }
            if (one && other && one != other)
                world_fail(world, "slices %s and %s are joined by %s A%u-B%u, which cannot be seen now",
                           one->name, other->name, switch_name(world, ocs), a, b);
        }
    }
}

/* The hosts see what the switches do not say: a link that has been dark for a while is listed as missing.
 * Only mirrors that do not settle are looked at, while hosts and disk are in order. */
static void judge_light(struct world *world) {
    int64_t since_us = world->now_us - DARK_FOR_US;
    if (world->hosts_heal_at_us != INT64_MAX || world->hosts_well_since_us > since_us ||
        world->disk.broken_until_us > since_us || world->disk.stalled_until_us > since_us ||
        !world->fabric->store_works || world->fabric->started_us > since_us)
        return;
    for (const struct fabric_slice *slice = world->fabric->slices; slice; slice = slice->next) {
        const struct slice_version *version = slice->accepted;
        const struct ledger_slice *row = ledger_find(&world->ledger, slice->uid);
        if (version->is_gone || !row || row->generation != version->generation ||
            (version->state != SLICE_READY && version->state != SLICE_DEGRADED))
            continue;
        const struct claim *claim = claim_of(world, slice->uid);
        if (!claim || !claim->whole_since_us || claim->whole_since_us > since_us)
            continue;
        struct rules_link links[FLEET_CUBES_MAX * 48];
        unsigned count;
        rules_links(world->fleet, row->topology, row->cubes, links, &count);
        for (unsigned i = 0; i < count; i++) {
            if (links[i].ocs < 0 || is_disturbed(world, (unsigned)links[i].ocs))
                continue;
            const struct sim_circuit *circuit = &world->plant.switches[links[i].ocs].circuits[links[i].a];
            if (circuit->b == links[i].b && circuit->stuck && circuit->settled_at_us < since_us &&
                !is_listed(version, &links[i]))
                world_fail(world, "slice %s is %s, and %s A%u-B%u has been dark for %d s", slice->name,
                           slice_state_name(version->state), switch_name(world, (unsigned)links[i].ocs),
                           links[i].a, links[i].b, (int)(DARK_FOR_US / 1000000));
        }
    }
}

/* Nothing is connected to what a person was told is safe to touch. */
static void judge_safe(struct world *world) {
    for (unsigned i = 0; i < world->ledger.n_works; i++) {
        const struct ledger_work *work = &world->ledger.work[i];
        world->counts->safe += work->state == MAINTENANCE_SAFE;
        for (unsigned ocs = 0; work->state == MAINTENANCE_SAFE && ocs < FLEET_OCSES; ocs++)
            for (unsigned a = 1; a <= world->fleet->n_ports; a++) {
                unsigned b = world->plant.switches[ocs].circuits[a].b;
                if (b && is_shown(world, ocs, a) && is_worked_on(work, world, ocs, a, b) &&
                    !world->is_rivals[ocs][a][b] && !is_disturbed(world, ocs))
                    world_fail(world, "%s is told as safe to touch, and %s A%u-B%u is lit", work->object,
                               switch_name(world, ocs), a, b);
            }
    }
}

/* A drain is over when nothing is left on its cube. */
static void judge_drained(struct world *world) {
    for (unsigned cube = 0; cube < world->fleet->n_cubes; cube++) {
        const struct fabric_cube *is = &world->fabric->pods->cube[cube];
        if (is->scheduling == SCHEDULING_DRAINED && (is->slice || is->part_hosts))
            world_fail(world, "%s is DRAINED and a slice has it", is->name);
    }
}

void judge_books(struct world *world) {
    judge_light(world);
    judge_safe(world);
    judge_drained(world);
    if (world->ledger.conflict)
        world_fail(world, "%s", world->ledger.conflict);
    if (world->disk.error[0])
        world_fail(world, "%s", world->disk.error);
    judge_owners(world);
    judge_claims(world);
    if (!world->fabric->oldest)
        judge_rows(world);
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        for (unsigned a = 1; a <= world->fleet->n_ports; a++) {
            const struct sim_switch *sw = &world->plant.switches[ocs];
            if (sw->circuits[a].b && sw->ingress_of[sw->circuits[a].b] != a)
                world_fail(world, "%s: the emulated switch is broken", switch_name(world, ocs));
        }
}

void judge_reloaded(struct world *world) {
    for (unsigned i = 0; i < world->n_claims; i++) {
        struct claim *claim = &world->claim[i];
        bool is_there = ledger_find(&world->ledger, claim->uid) != NULL;
        if (claim->create == CLAIM_ASKED) {
            claim->create = is_there ? CLAIM_DURABLE : CLAIM_UNDONE;
            claim->is_forgotten = true;
        }
        if (claim->is_delete_asked && claim->delete == CLAIM_ASKED && claim->create == CLAIM_DURABLE) {
            claim->delete = is_there ? CLAIM_UNDONE : CLAIM_DURABLE;
            if (is_there)
                claim->is_delete_asked = false;
        }
    }
    judge_books(world);
}

static const char *at_rest(struct world *world, char *text, size_t size) {
    const struct fabric *fabric = world->fabric;
    if (fabric->oldest || world->disk.outstanding)
        return "changes are still under way to the disk";
    if (fabric->waiters)
        return "somebody still waits for durability";
    if (!fabric->store_works)
        return "the store is still said not to work";
    if (fabric->pods->is_blind)
        return "the controller is still blind";
    if (fabric->pods->frozen)
        return "the pod is still frozen";
    for (const struct fabric_operation *operation = fabric->operations; operation;
         operation = operation->next)
        if (operation->state == OPERATION_RUNNING) {
            snprintf(text, size, "operation %lld (%s %s) is still running", (long long)operation->id,
                     operation->kind, operation->slices);
            return text;
        }
    for (unsigned cube = 0; cube < fabric->pods->n_cubes; cube++)
        if (world->ledger.is_tested[cube]) {
            snprintf(text, size, "the test of %s is not over", fabric->pods->cube[cube].name);
            return text;
        }
    if (world->ledger.n_works) {
        snprintf(text, size, "the work on %s is not over", world->ledger.work[0].object);
        return text;
    }
    for (unsigned cube = 0; cube < fabric->pods->n_cubes; cube++)
        if (fabric->pods->cube[cube].scheduling != SCHEDULING_SCHEDULABLE) {
            snprintf(text, size, "%s is %s: %s", fabric->pods->cube[cube].name,
                     scheduling_name(fabric->pods->cube[cube].scheduling),
                     fabric->pods->cube[cube].scheduling_reason);
            return text;
        } else if (fabric->pods->cube[cube].health != HEALTH_HEALTHY) {
            snprintf(text, size, "%s is %s: %s", fabric->pods->cube[cube].name,
                     health_name(fabric->pods->cube[cube].health), fabric->pods->cube[cube].health_cause);
            return text;
        }
    return NULL;
}

static const char *slices_at_rest(struct world *world, char *text, size_t size) {
    const struct ledger *ledger = &world->ledger;
    for (const struct fabric_slice *slice = world->fabric->slices; slice; slice = slice->next) {
        const struct slice_version *version = slice->durable;
        const struct ledger_slice *row = ledger_find(ledger, slice->uid);
        if (!row || version->state == SLICE_FAILED)
            continue;
        struct rules_link links[FLEET_CUBES_MAX * 48];
        unsigned count, no_fiber = 0;
        rules_links(world->fleet, row->topology, row->cubes, links, &count);
        for (unsigned i = 0; i < count; i++) {
            if (links[i].ocs < 0) {
                no_fiber++;
                if (!is_listed(version, &links[i])) {
                    snprintf(text, size, "slice %s does not list a link without fiber", slice->name);
                    return text;
                }
            } else if (world->plant.switches[links[i].ocs].circuits[links[i].a].b != links[i].b) {
                snprintf(text, size, "slice %s: %s A%u-B%u is not there", slice->name,
                         switch_name(world, (unsigned)links[i].ocs), links[i].a, links[i].b);
                return text;
            }
        }
        if (version->state != (no_fiber ? SLICE_DEGRADED : SLICE_READY) ||
            version->missing.count != no_fiber || (version->qualified != QUALIFIED_PASSED && !row->is_part) ||
            version->unverified_since_us) {
            snprintf(text, size, "slice %s is %s with %u links missing (%u have no fiber), %s%s: %s",
                     slice->name, slice_state_name(version->state), version->missing.count, no_fiber,
                     qualified_name(version->qualified), version->unverified_since_us ? ", unverified" : "",
                     version->cause);
            return text;
        }
    }
    return NULL;
}

static const char *switches_at_rest(struct world *world, char *text, size_t size) {
    const struct ledger *ledger = &world->ledger;
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++) {
        const struct sim_switch *sw = &world->plant.switches[ocs];
        const struct fabric_ocs *is = &world->fabric->pods->ocs[ocs];
        bool has_unaccounted = false;
        for (unsigned a = 1; a <= world->fleet->n_ports; a++) {
            unsigned b = sw->circuits[a].b;
            int16_t end_a = world->fleet->end_at[ocs][0][a], end_b = b ? world->fleet->end_at[ocs][1][b] : -1;
            if (is->port[a].observed_b != b) {
                snprintf(text, size, "%s A%u is B%u, the daemon believes B%u", switch_name(world, ocs), a, b,
                         is->port[a].observed_b);
                return text;
            }
            if (!b || ledger->want_b[ocs][a] == b)
                continue;
            bool is_on_slice = (end_a >= 0 && ledger_has_cube(ledger, (unsigned)end_a / 96)) ||
                               (end_b >= 0 && ledger_has_cube(ledger, (unsigned)end_b / 96));
            bool is_in_the_way = ledger->want_b[ocs][a] || ledger->want_a[ocs][b];
            if (is_in_the_way || (is_on_slice && !world->is_rivals[ocs][a][b])) {
                snprintf(text, size, "%s A%u-B%u ends on a cube of a slice and is not its own",
                         switch_name(world, ocs), a, b);
                return text;
            }
            if (!ledger->ever[ocs][a][b] && !world->is_rivals[ocs][a][b]) {
                snprintf(text, size, "%s A%u-B%u came from nowhere", switch_name(world, ocs), a, b);
                return text;
            }
            has_unaccounted |= is->port[a].circuit_class == CIRCUIT_UNACCOUNTED;
            if (is->port[a].circuit_class == CIRCUIT_UNACCOUNTED && !world->is_rivals[ocs][a][b]) {
                snprintf(text, size, "%s A%u-B%u is called unaccounted; a former slice made it",
                         switch_name(world, ocs), a, b);
                return text;
            }
        }
        if (is->state != OCS_IN_SYNC && !(is->state == OCS_DRIFTED && has_unaccounted)) {
            snprintf(text, size, "%s is %s: %s", is->name, ocs_state_name(is->state), is->cause);
            return text;
        }
    }
    return NULL;
}

static const char *formers_at_rest(struct world *world, char *text, size_t size) {
    for (unsigned i = 0; i < world->ledger.n_slices; i++) {
        const struct ledger_slice *former = &world->ledger.slice[i];
        if (!former->is_former)
            continue;
        struct rules_link links[FLEET_CUBES_MAX * 48];
        unsigned count;
        bool is_lit = false;
        rules_links(world->fleet, former->topology, former->cubes, links, &count);
        for (unsigned k = 0; k < count; k++)
            is_lit |= links[k].ocs >= 0 &&
                      world->plant.switches[links[k].ocs].circuits[links[k].a].b == links[k].b &&
                      world->ledger.want_b[links[k].ocs][links[k].a] != links[k].b;
        if (!is_lit) {
            snprintf(text, size, "former slice %s generation %lld is kept, and nothing of it is lit",
                     former->name, (long long)former->generation);
            return text;
        }
    }
    return NULL;
}

const char *judge_rest(struct world *world, char *text, size_t size) {
    const char *what = at_rest(world, text, size);
    if (!what)
        what = slices_at_rest(world, text, size);
    if (!what)
        what = switches_at_rest(world, text, size);
    if (!what)
        what = formers_at_rest(world, text, size);
    return what;
}
