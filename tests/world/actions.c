#include "tests/world/actions.h"
#include "daemon/fabric/state.h"
#include "tests/world/hands.h"
#include "tests/world/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const topologies[] = {
    "4x4x4", "4x4x4", "4x4x8",  "4x4x8_untwisted", "4x8x8",  "4x8x8_untwisted", "4x4x12", "4x4x16",
    "4x4x4", "8x8x8", "4x8x12", "4x12x12",         "8x8x12", "8x12x12",         "4x4x20", "4x8x16"};

static const char *const part_topologies[] = {"1x1x1", "1x2x2", "2x2x2", "2x2x4", "2x4x4"};

static unsigned below(struct chance *chance, unsigned count) {
    return (unsigned)chance_between(chance, 0, (int64_t)count - 1);
}

/* Answers of the daemon. */

static void on_create_durable(void *userdata, int result) {
    struct claim *claim = userdata;
    claim->create = result == 0 ? CLAIM_DURABLE : CLAIM_UNDONE;
    if (result < 0)
        claim->world->counts->undone++;
    const struct ledger_slice *row = ledger_find(&claim->world->ledger, claim->uid);
    if (result == 0 && !row && !claim->is_delete_asked)
        world_fail(claim->world, "slice %s is answered as durable and is not on the disk", claim->name);
    claim->world->advance_due = true;
}

static void on_delete_durable(void *userdata, int result) {
    struct claim *claim = userdata;
    claim->delete = result == 0 ? CLAIM_DURABLE : CLAIM_UNDONE;
    if (result < 0) {
        claim->is_delete_asked = false;
        claim->world->counts->undone++;
    }
    claim->world->advance_due = true;
}

static void on_durable(void *userdata, int result) {
    struct world *world = userdata;
    world->counts->undone += result < 0;
}

void action_count(struct world *world, unsigned what, int r, struct fabric_refusal *refusal) {
    world->counts->accepted[what] += r == 0;
    if (r < 0)
        world_fail(world, "an error from below: %s", strerror(-r));
    if (r == FABRIC_REFUSED) {
        world->counts->refused[what]++;
        world->counts->unavailable += refusal->reason == REASON_STORE_UNAVAILABLE;
        world_tell(world, "    refused: %s %s", reason_name(refusal->reason), refusal->text);
        if (!refusal->text[0])
            world_fail(world, "a refusal without a text");
    }
    fabric_refusal_deinit(refusal);
}

static void add_claim(struct world *world, const struct fabric_slice_spec *spec, int64_t uid,
                      const struct fabric_outcome *outcome, const char *request_id) {
    if (world->n_claims == WORLD_CLAIMS_MAX)
        return;
    struct claim *claim = &world->claim[world->n_claims++];
    *claim = (struct claim){
        .world = world, .uid = uid, .sequence = outcome->sequence, .operation_id = outcome->operation_id};
    snprintf(claim->name, sizeof(claim->name), "%s", spec->name);
    snprintf(claim->topology, sizeof(claim->topology), "%s", spec->topology);
    snprintf(claim->request_id, sizeof(claim->request_id), "%s", request_id);
    fabric_when_durable(world->fabric, outcome->sequence, on_create_durable, claim);
}

void action_claim(struct world *world, const struct fabric_slice_spec *spec,
                  const struct fabric_outcome *outcome) {
    add_claim(world, spec, world->fabric->counter[STORE_COUNTER_UID], outcome, "");
}

uint32_t action_taken_cubes(const struct world *world) {
    uint32_t taken = 0;
    for (unsigned cube = 0; cube < world->fleet->n_cubes; cube++)
        taken |= (uint32_t)(fabric_cube_is_used(&world->fabric->pods->cube[cube])) << cube;
    return taken;
}

static void create(struct world *world, struct chance *chance, unsigned n_specs, bool parts) {
    char name[8][32], request_id[32];
    struct fabric_slice_spec spec[8];
    struct fabric_plan plan[8];
    unsigned what = parts ? COUNT_PART : n_specs > 1 ? COUNT_GANG : COUNT_CREATE;
    if (world->n_claims + n_specs > WORLD_CLAIMS_MAX)
        return;
    for (unsigned i = 0; i < n_specs; i++) {
        snprintf(name[i], sizeof(name[i]), "job-%u", below(chance, 10) == 0 ? 1 : world->n_requests * 8 + i);
        unsigned n_topologies = world->fleet->n_cubes == 8 ? 10 : 16;
        spec[i] = (struct fabric_slice_spec){
            .name = name[i],
            .topology = parts ? part_topologies[below(chance, 5)]
                              : topologies[below(chance, n_specs > 1 ? 5 : n_topologies)],
            .disruption = below(chance, 4) ? DISRUPTION_ASK : DISRUPTION_ANYTIME,
            .pod = world->fabric->pods};
        if (below(chance, 3) == 0) {
            spec[i].has_tolerance = true;
            for (unsigned d = 0; d < 3; d++)
                spec[i].tolerate_missing[d] = below(chance, 20);
        }
    }
    snprintf(request_id, sizeof(request_id), "r-%u", world->n_requests++);
    struct fabric_actor actor = world_actor(world, "CreateSlices");
    actor.request_id = request_id;
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    bool with_plans = below(chance, 2);
    uint32_t taken = action_taken_cubes(world);
    world_tell(world, "create %s %s%s", name[0], spec[0].topology, n_specs > 1 ? " and more, as a gang" : "");
    int r = fabric_create_slices(world->fabric, &actor, spec, n_specs,
                                 (int64_t)(20 + below(chance, 100)) * 1000000, world->now_us,
                                 with_plans ? plan : NULL, &outcome, &refusal);
    action_count(world, what, r, &refusal);
    if (r)
        return;
    for (unsigned i = 0; with_plans && i < n_specs; i++)
        fabric_plan_deinit(&plan[i]);
    judge_placed(world, action_taken_cubes(world) & ~taken);
    int64_t first_uid = world->fabric->counter[STORE_COUNTER_UID] - n_specs + 1;
    for (unsigned i = 0; i < n_specs; i++)
        add_claim(world, &spec[i], first_uid + i, &outcome, request_id);
}

static void create_one(struct world *world, struct chance *chance, unsigned ocs) {
    create(world, chance, 1, false);
}

static void create_gang(struct world *world, struct chance *chance, unsigned ocs) {
    create(world, chance, 2 + below(chance, 3), false);
}

static void create_parts(struct world *world, struct chance *chance, unsigned ocs) {
    create(world, chance, 1 + below(chance, 3), true);
}

/* The same request again, as after a lost answer. */
static void repeat(struct world *world, struct chance *chance, unsigned ocs) {
    if (!world->n_claims)
        return;
    const struct claim *claim = &world->claim[below(chance, world->n_claims)];
    struct fabric_actor actor = world_actor(world, "CreateSlices");
    struct fabric_slice_spec spec = {.name = "again", .topology = "4x4x4", .pod = world->fabric->pods};
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    if (!claim->request_id[0])
        return;
    actor.request_id = claim->request_id;
    actor.validate_only =
        claim->create != CLAIM_DURABLE; /* must not become a new request of another content */
    world_tell(world, "repeat request %s", claim->request_id);
    int r = fabric_create_slices(world->fabric, &actor, &spec, 1, 0, world->now_us, NULL, &outcome, &refusal);
    if (claim->create == CLAIM_DURABLE &&
        (r != FABRIC_REPLAYED || outcome.operation_id != claim->operation_id))
        world_fail(world, "request %s was answered and is not remembered: %d", claim->request_id, r);
    fabric_refusal_deinit(&refusal);
}

const struct fabric_slice *action_pick_slice(struct world *world, struct chance *chance) {
    const struct fabric_slice *all[LEDGER_SLICES_MAX];
    unsigned count = 0;
    for (const struct fabric_slice *slice = world->fabric->slices; slice; slice = slice->next)
        if (!slice->accepted->is_gone)
            all[count++] = slice;
    return count ? all[below(chance, count)] : NULL;
}

static void delete (struct world *world, struct chance *chance, unsigned ocs) {
    const struct fabric_slice *slice = action_pick_slice(world, chance);
    if (!slice)
        return;
    struct fabric_actor actor = world_actor(world, "DeleteSlice");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    int64_t uid = slice->uid;
    world_tell(world, "delete %s, %s", slice->name, slice_state_name(slice->accepted->state));
    int r = fabric_delete_slice(world->fabric, &actor, slice->name, uid, world->now_us, &outcome, &refusal);
    action_count(world, COUNT_DELETE, r, &refusal);
    if (r)
        return;
    for (unsigned i = 0; i < world->n_claims; i++) {
        struct claim *claim = &world->claim[i];
        if (claim->uid != uid || claim->create == CLAIM_UNDONE)
            continue;
        claim->is_delete_asked = true;
        claim->delete = CLAIM_ASKED;
        fabric_when_durable(world->fabric, outcome.sequence, on_delete_durable, claim);
    }
}

static void swap(struct world *world, struct chance *chance, unsigned ocs) {
    const struct fabric_slice *slice = action_pick_slice(world, chance);
    if (!slice)
        return;
    const struct slice_version *version = slice->accepted;
    unsigned n_cubes = version->shape.n_cubes > 1 && below(chance, 4) == 0 ? 2 : 1;
    unsigned first = below(chance, version->shape.n_cubes);
    uint16_t cubes[2];
    int with[2] = {-1, -1};
    for (unsigned i = 0; i < n_cubes; i++)
        cubes[i] = version->cubes[(first + i) % version->shape.n_cubes];
    for (unsigned i = 0; i < version->shape.n_cubes; i++)
        if (n_cubes == 1 && world->fabric->pods->cube[version->cubes[i]].health == HEALTH_UNHEALTHY)
            cubes[0] = version->cubes[i];
    struct fabric_swap swap = {
        .name = slice->name, .cubes = cubes, .with = with, .n_cubes = n_cubes, .disrupt = true};
    struct fabric_actor actor = world_actor(world, "SwapCubes");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    struct fabric_plan plan;
    bool with_plan = below(chance, 2);
    uint32_t taken = action_taken_cubes(world);
    world_tell(world, "swap %u of %s, %s", n_cubes, slice->name, slice_state_name(version->state));
    int r = fabric_swap_slice(world->fabric, &actor, &swap, world->now_us, with_plan ? &plan : NULL, &outcome,
                              &refusal);
    action_count(world, COUNT_SWAP, r, &refusal);
    if (r)
        return;
    if (with_plan)
        fabric_plan_deinit(&plan);
    judge_placed(world, action_taken_cubes(world) & ~taken);
    fabric_when_durable(world->fabric, outcome.sequence, on_durable, world);
}

static void mark(struct world *world, struct chance *chance, unsigned ocs) {
    static const enum health healths[] = {HEALTH_UNHEALTHY, HEALTH_DEGRADED, HEALTH_UNKNOWN, HEALTH_HEALTHY,
                                          HEALTH_HEALTHY};
    const struct fabric_cube *cube = &world->fabric->pods->cube[below(chance, world->fleet->n_cubes)];
    enum health health = healths[below(chance, 5)];
    struct fabric_actor actor = world_actor(world, "MarkCube");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    world_tell(world, "mark %s %s", cube->name, health_name(health));
    int r = fabric_mark_cube(world->fabric, &actor, cube, health, "by the schedule", world->now_us, &outcome,
                             &refusal);
    action_count(world, COUNT_MARK, r, &refusal);
}

static void freeze_or_thaw(struct world *world, struct chance *chance, unsigned ocs) {
    const struct fabric_pod *pod = world->fabric->pods;
    struct fabric_actor actor = world_actor(world, "FreezePod");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    world_tell(world, "%s", pod->frozen ? "thaw" : "freeze");
    int r = pod->frozen ? fabric_thaw(world->fabric, &actor, pod, world->now_us, &outcome, &refusal)
                        : fabric_freeze(world->fabric, &actor, pod, "the schedule", world->now_us, &outcome,
                                        &refusal);
    action_count(world, COUNT_FREEZE, r, &refusal);
}

/* Faults. The number is the place in world_counts.faults; each heals by itself. */

static int64_t fault_time_us(struct chance *chance) {
    static const int64_t times[] = {50000, 1000000, 4000000, 12000000, 40000000};
    return times[below(chance, 5)];
}

static struct sim_behaviour *fault_at(struct world *world, struct chance *chance, unsigned ocs,
                                      const char *what) {
    int64_t for_us = fault_time_us(chance);
    world->heal_at_us[ocs] = world->now_us + for_us;
    world_tell(world, "%s %s for %.2f s", world->plant.switches[ocs].short_name, what, (double)for_us / 1e6);
    network_touch(&world->network, ocs);
    return &world->plant.switches[ocs].behaviour;
}

static void crash(struct world *world, struct chance *chance, unsigned ocs) {
    world_tell(world, "the daemon is killed");
    world_crash(world);
}

static void disk_breaks(struct world *world, struct chance *chance, unsigned ocs) {
    world_tell(world, "the disk fails");
    world->disk.broken_until_us = world->now_us + fault_time_us(chance) / 2;
}

static void disk_stalls(struct world *world, struct chance *chance, unsigned ocs) {
    world_tell(world, "the disk stalls");
    world->disk.stalled_until_us = world->now_us + fault_time_us(chance) / 2;
}

static void disk_slow(struct world *world, struct chance *chance, unsigned ocs) {
    world->disk.is_slow = !world->disk.is_slow;
}

static void power_volatile(struct world *world, struct chance *chance, unsigned ocs) {
    world_tell(world, "%s loses power and its circuits", world->plant.switches[ocs].short_name);
    world_power_off(world, ocs, true, below(chance, 3) == 0, fault_time_us(chance));
}

static void power_preserved(struct world *world, struct chance *chance, unsigned ocs) {
    world_tell(world, "%s loses power", world->plant.switches[ocs].short_name);
    world_power_off(world, ocs, false, below(chance, 3) == 0, fault_time_us(chance));
}

static void power_domain(struct world *world, struct chance *chance, unsigned ocs) {
    int64_t for_us = fault_time_us(chance);
    bool is_volatile = below(chance, 2);
    world_tell(world, "a quarter of the switches loses power%s", is_volatile ? " and circuits" : "");
    for (unsigned i = 0; i < FLEET_OCSES; i++)
        if (i % 16 / 4 == ocs % 4)
            world_power_off(world, i, is_volatile, false, for_us);
}

static void drop(struct world *world, struct chance *chance, unsigned ocs) {
    world_tell(world, "%s: the connection breaks", world->plant.switches[ocs].short_name);
    network_drop(&world->network, ocs, world->now_us);
}

static void drop_all(struct world *world, struct chance *chance, unsigned ocs) {
    world_tell(world, "all connections break");
    for (unsigned i = 0; i < FLEET_OCSES; i++)
        network_drop(&world->network, i, world->now_us);
}

static void cut(struct world *world, struct chance *chance, unsigned ocs) {
    fault_at(world, chance, ocs, "cannot be reached");
    world->network.link[ocs].is_cut = true;
}

static void late(struct world *world, struct chance *chance, unsigned ocs) {
    fault_at(world, chance, ocs, "executes late, connections break")->execute_delay_ms =
        100 + below(chance, 3000);
    network_drop(&world->network, ocs, world->now_us + below(chance, 2) * 40000);
}

static void half_open(struct world *world, struct chance *chance, unsigned ocs) {
    fault_at(world, chance, ocs, "does not hear of closed connections");
    world->network.link[ocs].close_is_lost = true;
    network_drop(&world->network, ocs, world->now_us);
}

static void truncates(struct world *world, struct chance *chance, unsigned ocs) {
    fault_at(world, chance, ocs, "truncates answers")->truncate_percent = 10 + below(chance, 91);
}

static void garbles(struct world *world, struct chance *chance, unsigned ocs) {
    fault_at(world, chance, ocs, "garbles answers")->garble_percent = 10 + below(chance, 91);
    world->disturbed_at_us[ocs] = INT64_MAX / 2; /* until it is healed: a changed digit is a map too */
}

static void doubles(struct world *world, struct chance *chance, unsigned ocs) {
    fault_at(world, chance, ocs, "doubles answers")->double_percent = 10 + below(chance, 91);
}

static void resets(struct world *world, struct chance *chance, unsigned ocs) {
    fault_at(world, chance, ocs, "resets in the middle of answers")->reset_percent = 10 + below(chance, 91);
}

static void freezes(struct world *world, struct chance *chance, unsigned ocs) {
    fault_at(world, chance, ocs, "reads and answers nothing")->frozen = 1;
}

static void refuses(struct world *world, struct chance *chance, unsigned ocs) {
    fault_at(world, chance, ocs, "refuses connections")->refuse = 1;
    network_drop(&world->network, ocs, world->now_us);
}

static void port_fails(struct world *world, struct chance *chance, unsigned ocs) {
    struct sim_switch *sw = &world->plant.switches[ocs];
    unsigned port = 1 + below(chance, world->fleet->n_ports);
    fault_at(world, chance, ocs, "has a failed port")->failed_port = below(chance, 2);
    sim_switch_port(sw, below(chance, 2), port)->failed = 1;
    sim_switch_touch(sw);
}

static void mirror_sticks(struct world *world, struct chance *chance, unsigned ocs) {
    struct sim_switch *sw = &world->plant.switches[ocs];
    unsigned port = 1 + below(chance, world->fleet->n_ports);
    fault_at(world, chance, ocs, "has a mirror that does not settle");
    sim_switch_port(sw, below(chance, 2), port)->settle_fail = 1;
}

/* The map stays as it is; only the hosts can tell. */
static void mirrors_drift_off(struct world *world, struct chance *chance, unsigned ocs) {
    struct sim_switch *sw = &world->plant.switches[ocs];
    fault_at(world, chance, ocs, "has mirrors that drift off");
    world->heal_at_us[ocs] = world->now_us + 60000000;
    for (unsigned a = 1; a <= world->fleet->n_ports; a++)
        if (sw->circuits[a].b && below(chance, 3) == 0) {
            sw->circuits[a].stuck = true;
            sw->circuits[a].settled_at_us = world->now_us;
        }
    world->disturbed_at_us[ocs] = world->now_us; /* some switches no longer show them */
    sim_switch_touch(sw);
}

static void fails_silently(struct world *world, struct chance *chance, unsigned ocs) {
    fault_at(world, chance, ocs, "ignores set commands")->batch_share_percent = 0;
}

static void does_part(struct world *world, struct chance *chance, unsigned ocs) {
    fault_at(world, chance, ocs, "does part of each list")->batch_share_percent = 10 + below(chance, 80);
}

static void slow(struct world *world, struct chance *chance, unsigned ocs) {
    struct sim_behaviour *is = fault_at(world, chance, ocs, "is slow");
    is->answer_delay_ms = below(chance, 2) ? 6000 : below(chance, 2000);
    is->bulk_read_ms = below(chance, 3000);
    is->reads_wait = 1;
}

static void another_unit(struct world *world, struct chance *chance, unsigned ocs) {
    struct sim_behaviour *is = fault_at(world, chance, ocs, "is another unit");
    snprintf(is->serial, sizeof(is->serial), "OTHER-%u", ocs);
    network_drop(&world->network, ocs, world->now_us);
    for (unsigned i = 0; i < NETWORK_SESSIONS_MAX; i++) /* it never saw the first one's connections */
        if (world->network.link[ocs].connection[i].in_use)
            world->network.link[ocs].connection[i].session.broken = true;
}

static void rival_adds(struct world *world, struct chance *chance, unsigned ocs) {
    struct sim_switch *sw = &world->plant.switches[ocs];
    struct sim_pair pair = {1 + below(chance, world->fleet->n_ports),
                            1 + below(chance, world->fleet->n_ports)};
    if (!sim_switch_is_up(sw, world->now_us) || sw->circuits[pair.a].b == pair.b)
        return;
    size_t first = sw->n_moves;
    world_tell(world, "%s: somebody else adds A%u-B%u", sw->short_name, pair.a, pair.b);
    enum sim_verdict verdict = sim_switch_add(sw, &pair, 1, world->now_us);
    (void)verdict;
    sim_switch_report_event(sw, "rival", first);
}

static void rival_removes(struct world *world, struct chance *chance, unsigned ocs) {
    struct sim_switch *sw = &world->plant.switches[ocs];
    unsigned from = below(chance, world->fleet->n_ports), a = 0;
    for (unsigned i = 0; i < world->fleet->n_ports && !a; i++)
        if (sw->circuits[1 + (from + i) % world->fleet->n_ports].b)
            a = 1 + (from + i) % world->fleet->n_ports;
    if (!a || !sim_switch_is_up(sw, world->now_us))
        return;
    size_t first = sw->n_moves;
    struct sim_pair pair = {a, sw->circuits[a].b};
    world_tell(world, "%s: somebody else removes A%u-B%u", sw->short_name, pair.a, pair.b);
    enum sim_verdict verdict = sim_switch_sub(sw, &pair, 1, world->now_us);
    (void)verdict;
    sim_switch_report_event(sw, "rival", first);
}

static void host_silent(struct world *world, struct chance *chance, unsigned ocs) {
    unsigned cube = below(chance, world->fleet->n_cubes), first = below(chance, 16),
             count = below(chance, 2) ? 16 : 1;
    world_tell(world, "cube-%02u: %u hosts fall silent", cube, count);
    for (unsigned i = 0; i < count; i++)
        world->plant.cubes[cube].hosts[(first + i) % 16].silent = 1;
    world->hosts_heal_at_us = world->now_us + 2 * fault_time_us(chance);
}

static void host_dies(struct world *world, struct chance *chance, unsigned ocs) {
    unsigned cube = below(chance, world->fleet->n_cubes), host = below(chance, 16);
    struct sim_host *is = &world->plant.cubes[cube].hosts[host];
    world_tell(world, "cube-%02u/host-%02u: %s", cube, host, ocs % 2 ? "dies" : "a chip fails");
    if (ocs % 2)
        is->failed = 1;
    else
        is->chip_failed[ocs / 2 % 4] = 1;
    is->changed = true;
    for (unsigned index = 0; index < SIM_CUBE_LINKS; index++)
        sim_plant_touch(&world->plant, (int32_t)(cube * SIM_CUBE_LINKS + index));
    world->hosts_heal_at_us = world->now_us + 3 * fault_time_us(chance);
}

static void all_hosts_silent(struct world *world, struct chance *chance, unsigned ocs) {
    world_tell(world, "all hosts fall silent");
    for (unsigned cube = 0; cube < world->fleet->n_cubes; cube++)
        for (unsigned host = 0; host < 16; host++)
            world->plant.cubes[cube].hosts[host].silent = 1;
    world->hosts_heal_at_us = world->now_us + 2 * fault_time_us(chance);
}

static const struct {
    void (*run)(struct world *world, struct chance *chance, unsigned ocs);
    unsigned weight;
    const char *fault; /* NULL: no fault */
} kinds[] = {
    {create_one, 30, NULL},
    {create_gang, 5, NULL},
    {create_parts, 9, NULL},
    {delete, 26, NULL},
    {swap, 14, NULL},
    {mark, 10, NULL},
    {repeat, 4, NULL},
    {freeze_or_thaw, 2, NULL},
    {hands_reshape, 6, NULL},
    {hands_adopt, 4, NULL},
    {hands_clear_circuit, 4, NULL},
    {hands_cordon_or_drain, 9, NULL},
    {hands_accept_disruption, 5, NULL},
    {hands_begin_work, 7, NULL},
    {hands_allow_or_end_work, 7, NULL},
    {crash, 8, "daemon killed"},
    {disk_breaks, 4, "disk failed"},
    {disk_stalls, 3, "disk stalled"},
    {disk_slow, 2, "disk slow"},
    {power_volatile, 4, "power cycle (circuits forgotten)"},
    {power_preserved, 3, "power cycle (circuits kept)"},
    {power_domain, 2, "power domain cycled"},
    {drop, 5, "connection broken"},
    {drop_all, 2, "all connections broken"},
    {cut, 3, "switch unreachable"},
    {late, 6, "command executed late"},
    {half_open, 3, "half-open connections"},
    {truncates, 3, "answers truncated"},
    {garbles, 3, "answers garbled"},
    {doubles, 3, "answers doubled"},
    {resets, 3, "reset in mid-answer"},
    {freezes, 3, "switch frozen"},
    {refuses, 2, "connections refused"},
    {port_fails, 4, "port failed"},
    {mirror_sticks, 3, "mirror does not settle"},
    {mirrors_drift_off, 4, "mirrors drift off"},
    {fails_silently, 4, "set commands ignored"},
    {does_part, 4, "batch done in part"},
    {slow, 3, "slow answers"},
    {another_unit, 3, "another unit"},
    {rival_adds, 6, "rival adds"},
    {rival_removes, 6, "rival removes"},
    {host_silent, 4, "hosts silent"},
    {host_dies, 4, "host or chip dead"},
    {all_hosts_silent, 1, "all hosts silent"},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
#define FIRST_FAULT 15

struct action action_draw(struct chance *chance) {
    static const int64_t waits[] = {0,     0,      1000,   5000,    20000,   30000,
                                    50000, 100000, 500000, 2000000, 5000000, 20000000};
    struct action action = {.r = chance_next(chance)};
    unsigned total = 0;
    for (unsigned i = 0; i < KINDS; i++)
        total += kinds[i].weight;
    unsigned at = below(chance, total);
    while (at >= kinds[action.kind].weight)
        at -= kinds[action.kind++].weight;
    int64_t longest = waits[below(chance, 12)];
    action.wait_us = longest ? chance_between(chance, longest / 4, longest) : 0;
    return action;
}

struct action action_draw_request(struct chance *chance, bool is_create) {
    struct action action;
    do
        action = action_draw(chance);
    while (action.kind >= FIRST_FAULT || kinds[action.kind].run == freeze_or_thaw);
    if (is_create)
        action.kind = 0;
    if (action.wait_us > 1000000)
        action.wait_us = 1000000;
    return action;
}

void action_run(struct world *world, const struct action *action) {
    struct chance chance = {action->r};
    /* Most mishaps hit few switches again and again: two faults at one place are worth more than apart. */
    unsigned ocs = below(&chance, 3) ? below(&chance, 4) * 13 : below(&chance, FLEET_OCSES);
    world_run(world, world->now_us + action->wait_us);
    if (action->kind >= FIRST_FAULT)
        world->counts->faults[action->kind - FIRST_FAULT]++;
    world->counts->steps++;
    kinds[action->kind].run(world, &chance, ocs);
    judge_books(world);
}

const char *action_fault_name(unsigned fault) {
    return fault + FIRST_FAULT < KINDS ? kinds[fault + FIRST_FAULT].fault : NULL;
}

const char *action_request_name(unsigned request) {
    static const char *const names[COUNT_REQUESTS] = {[COUNT_CREATE] = "creates",
                                                      [COUNT_GANG] = "gangs",
                                                      [COUNT_PART] = "parts of a cube",
                                                      [COUNT_DELETE] = "deletes",
                                                      [COUNT_SWAP] = "swaps",
                                                      [COUNT_RESHAPE] = "reshapes",
                                                      [COUNT_ADOPT] = "adoptions",
                                                      [COUNT_MARK] = "cube marks",
                                                      [COUNT_SCHEDULING] = "cordons and drains",
                                                      [COUNT_ACCEPT] = "accepted disruptions",
                                                      [COUNT_WORK] = "hands on the plant",
                                                      [COUNT_CLEAR] = "cleared circuits",
                                                      [COUNT_FREEZE] = "freezes and thaws"};
    return names[request];
}
