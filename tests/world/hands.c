#include "tests/world/hands.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/state.h"
#include "tests/world/actions.h"
#include "tests/world/judge.h"

#include <stdio.h>
#include <string.h>

static unsigned below(struct chance *chance, unsigned count) {
    return (unsigned)chance_between(chance, 0, (int64_t)count - 1);
}

static const struct fabric_cube *any_cube(struct world *world, struct chance *chance) {
    return &world->fabric->pods->cube[below(chance, world->fleet->n_cubes)];
}

/* One of a list of states the request is allowed in, else any: most of what is drawn should do something. */
static const struct fabric_cube *cube_in(struct world *world, struct chance *chance, unsigned states) {
    const struct fabric_cube *fit[FLEET_CUBES_MAX];
    unsigned count = 0;
    for (unsigned cube = 0; cube < world->fleet->n_cubes; cube++)
        if (states >> world->fabric->pods->cube[cube].scheduling & 1)
            fit[count++] = &world->fabric->pods->cube[cube];
    return count ? fit[below(chance, count)] : any_cube(world, chance);
}

void hands_reshape(struct world *world, struct chance *chance, unsigned ocs) {
    static const char *const shapes[] = {"4x4x4", "4x4x8", "4x4x8_untwisted", "4x4x12", "4x8x8", "8x8x8"};
    const struct fabric_slice *slice = action_pick_slice(world, chance);
    if (!slice)
        return;
    struct fabric_reshape reshape = {
        .name = slice->name, .topology = shapes[below(chance, 6)], .disrupt = below(chance, 4) != 0};
    struct fabric_actor actor = world_actor(world, "ReshapeSlice");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    uint32_t taken = action_taken_cubes(world);
    world_tell(world, "reshape %s, %s, to %s", slice->name, slice_state_name(slice->accepted->state),
               reshape.topology);
    int r = fabric_reshape_slice(world->fabric, &actor, &reshape, world->now_us, NULL, &outcome, &refusal);
    action_count(world, COUNT_RESHAPE, r, &refusal);
    if (r == 0)
        judge_placed(world, action_taken_cubes(world) & ~taken);
}

void hands_cordon_or_drain(struct world *world, struct chance *chance, unsigned ocs) {
    static const struct {
        enum fabric_scheduling_verb verb;
        unsigned from;
        const char *name;
    } words[] = {
        {FABRIC_CORDON, 1u << SCHEDULING_SCHEDULABLE, "cordon"},
        {FABRIC_UNCORDON, 1u << SCHEDULING_CORDONED | 1u << SCHEDULING_DRAINED, "uncordon"},
        {FABRIC_DRAIN, 1u << SCHEDULING_SCHEDULABLE | 1u << SCHEDULING_CORDONED, "drain"},
        {FABRIC_DRAIN, 1u << SCHEDULING_SCHEDULABLE, "drain"},
        {FABRIC_CANCEL_DRAIN, 1u << SCHEDULING_DRAINING, "cancel the drain of"},
        {FABRIC_RELEASE, 1u << SCHEDULING_QUARANTINED, "release"},
    };
    unsigned at = below(chance, sizeof(words) / sizeof(words[0]));
    const struct fabric_cube *cube = cube_in(world, chance, words[at].from);
    struct fabric_actor actor = world_actor(world, "ScheduleCube");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    world_tell(world, "%s %s", words[at].name, cube->name);
    int r = fabric_schedule_cube(world->fabric, &actor, cube, words[at].verb, "the schedule",
                                 below(chance, 2) ? 30000000 : 0, world->now_us, &outcome, &refusal);
    action_count(world, COUNT_SCHEDULING, r, &refusal);
}

void hands_accept_disruption(struct world *world, struct chance *chance, unsigned ocs) {
    const struct fabric_slice *waiting[LEDGER_SLICES_MAX];
    unsigned count = 0;
    for (const struct fabric_slice *slice = world->fabric->slices; slice; slice = slice->next)
        if (!slice->accepted->is_gone && slice->accepted->pending.count)
            waiting[count++] = slice;
    const struct fabric_slice *slice =
        count ? waiting[below(chance, count)] : action_pick_slice(world, chance);
    if (!slice)
        return;
    struct fabric_actor actor = world_actor(world, "AcceptDisruption");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    struct fabric_plan plan = {0};
    uint32_t taken = action_taken_cubes(world);
    world_tell(world, "%s may be moved", slice->name);
    int r = fabric_accept_disruption(world->fabric, &actor, slice->name, slice->uid, NULL, 0, world->now_us,
                                     &plan, &outcome, &refusal);
    action_count(world, COUNT_ACCEPT, r, &refusal);
    fabric_plan_deinit(&plan);
    if (r == 0)
        judge_placed(world, action_taken_cubes(world) & ~taken);
}

static void draw_object(struct world *world, struct chance *chance, unsigned ocs,
                        struct maintenance_object *object, char name[64]) {
    static const enum maintenance_kind kinds[] = {MAINTENANCE_CUBE,  MAINTENANCE_CUBE, MAINTENANCE_HOST,
                                                  MAINTENANCE_FIBER, MAINTENANCE_PORT, MAINTENANCE_OCS};
    static const char *const faces[] = {"+x", "-x", "+y", "-y", "+z", "-z"};
    const struct fabric_cube *cube = any_cube(world, chance);
    *object = (struct maintenance_object){.kind = kinds[below(chance, 6)], .cube = cube->index};
    switch (object->kind) {
    case MAINTENANCE_CUBE:
        snprintf(name, 64, "%s", cube->name);
        break;
    case MAINTENANCE_HOST:
        object->host = (uint8_t)below(chance, 16);
        snprintf(name, 64, "%s/host-%02u", cube->name, object->host);
        break;
    case MAINTENANCE_FIBER:
        object->face = (uint8_t)below(chance, 6);
        object->index = (uint8_t)below(chance, 16);
        snprintf(name, 64, "%s/%s/%u", cube->name, faces[object->face], object->index);
        break;
    case MAINTENANCE_PORT:
        object->cube = 0;
        object->ocs = (uint16_t)ocs;
        object->side = (uint8_t)below(chance, 2);
        object->port = (uint16_t)(1 + below(chance, world->fleet->n_ports));
        snprintf(name, 64, "%s/%c%u", world->fabric->pods->ocs[ocs].name, object->side ? 'B' : 'A',
                 object->port);
        break;
    default:
        object->cube = 0;
        object->ocs = (uint16_t)ocs;
        snprintf(name, 64, "%s", world->fabric->pods->ocs[ocs].name);
    }
}

void hands_begin_work(struct world *world, struct chance *chance, unsigned ocs) {
    struct maintenance_object object;
    char name[64];
    struct fabric_actor actor = world_actor(world, "BeginMaintenance");
    struct fabric_maintenance_request request = {.reason = "the schedule", .disrupt = below(chance, 3) == 0};
    struct fabric_maintenance *preview = NULL;
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    draw_object(world, chance, ocs, &object, name);
    request.is_failed = object.kind == MAINTENANCE_OCS && below(chance, 4) == 0;
    world_tell(world, "work begins on %s%s%s", name, request.disrupt ? ", whoever uses it" : "",
               request.is_failed ? ", which is dead" : "");
    int r = fabric_begin_maintenance(world->fabric, &actor, world->fabric->pods, name, &object, &request,
                                     world->now_us, &preview, &outcome, &refusal);
    action_count(world, COUNT_WORK, r, &refusal);
}

void hands_allow_or_end_work(struct world *world, struct chance *chance, unsigned ocs) {
    const struct fabric_maintenance *work = world->fabric->pods->maintenances;
    for (unsigned skip = below(chance, 4); work && work->next && skip; skip--)
        work = work->next;
    if (!work)
        return;
    struct fabric_actor actor = world_actor(world, "AllowMaintenance");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    int r = 0;
    if (below(chance, 2)) {
        world_tell(world, "work ends on %s", work->name);
        r = fabric_end_maintenance(world->fabric, &actor, work, world->now_us, &outcome, &refusal);
    } else {
        const struct fabric_slice *slice = action_pick_slice(world, chance);
        if (!slice)
            return;
        world_tell(world, "%s gives %s up for the work", slice->name, work->name);
        r = fabric_allow_maintenance(world->fabric, &actor, work, slice, world->now_us, &outcome, &refusal);
    }
    action_count(world, COUNT_WORK, r, &refusal);
}

/* Which circuit an operator gave up, until his word is durable. */
struct clearing {
    struct world *world;
    unsigned ocs, a, b;
};

static void on_cleared(void *userdata, int result) {
    struct clearing *clearing = userdata;
    if (result == 0)
        clearing->world->cleared_b[clearing->ocs][clearing->a] = (uint16_t)clearing->b;
    clearing->world->counts->undone += result < 0;
}

static void clear(struct world *world, const struct fabric_ocs *ocs, unsigned a) {
    static struct clearing clearings[4096]; /* more than a schedule asks for */
    static unsigned next;
    struct fabric_actor actor = world_actor(world, "ClearCircuit");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    unsigned b = ocs->port[a].observed_b;
    world_tell(world, "clear %s A%u-B%u", ocs->name, a, b);
    int r = fabric_clear_circuit(world->fabric, &actor, ocs, a, b, world->now_us, &outcome, &refusal);
    action_count(world, COUNT_CLEAR, r, &refusal);
    if (r)
        return;
    struct clearing *clearing = &clearings[next++ % 4096];
    *clearing = (struct clearing){world, ocs->index, a, b};
    fabric_when_durable(world->fabric, outcome.sequence, on_cleared, clearing);
}

void hands_clear_circuit(struct world *world, struct chance *chance, unsigned ocs) {
    for (unsigned i = 0; i < FLEET_OCSES; i++) {
        const struct fabric_ocs *at = &world->fabric->pods->ocs[(ocs + i) % FLEET_OCSES];
        for (unsigned a = 1; a <= world->fleet->n_ports; a++)
            if (at->port[a].circuit_class == CIRCUIT_UNACCOUNTED) {
                clear(world, at, a);
                return;
            }
    }
}

/* A part waits until nothing is connected to its cube. */
static void clear_cut_cubes(struct world *world) {
    const struct fabric_pod *pod = world->fabric->pods;
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        for (unsigned a = 1; a <= world->fleet->n_ports; a++) {
            if (pod->ocs[ocs].port[a].circuit_class != CIRCUIT_UNACCOUNTED)
                continue;
            unsigned b = pod->ocs[ocs].port[a].observed_b;
            int16_t ends[2] = {world->fleet->end_at[ocs][0][a], world->fleet->end_at[ocs][1][b]};
            for (unsigned i = 0; i < 2; i++)
                if (ends[i] >= 0 && pod->cube[ends[i] / 96].part_hosts) {
                    clear(world, &pod->ocs[ocs], a);
                    break;
                }
        }
}

void hands_adopt(struct world *world, struct chance *chance, unsigned ocs) {
    const struct ledger *ledger = &world->ledger;
    unsigned first = ledger->n_slices ? below(chance, ledger->n_slices) : 0, at = 0;
    while (at < ledger->n_slices && !ledger->slice[(first + at) % ledger->n_slices].is_former)
        at++;
    if (at >= ledger->n_slices)
        return;
    const struct ledger_slice *former = &ledger->slice[(first + at) % ledger->n_slices];
    char name[32];
    snprintf(name, sizeof(name), "found-%u", world->n_requests++);
    struct fabric_slice_spec spec = {.name = name, .topology = former->topology, .pod = world->fabric->pods};
    struct fabric_actor actor = world_actor(world, "AdoptSlice");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    world_tell(world, "adopt what %s left, %s from cube %u, as %s", former->name, former->topology,
               former->cubes[0], name);
    int r = fabric_adopt_slice(world->fabric, &actor, &spec, former->cubes[0], world->now_us, NULL, &outcome,
                               &refusal);
    action_count(world, COUNT_ADOPT, r, &refusal);
    if (r == 0)
        action_claim(world, &spec, &outcome);
}

void hands_off(struct world *world) {
    struct fabric_pod *pod = world->fabric->pods;
    clear_cut_cubes(world);
    struct fabric_outcome outcome;
    for (const struct fabric_maintenance *work = pod->maintenances, *next; work; work = next) {
        struct fabric_actor actor = world_actor(world, "EndMaintenance");
        struct fabric_refusal refusal = {0};
        next = work->next;
        int r = fabric_end_maintenance(world->fabric, &actor, work, world->now_us, &outcome, &refusal);
        (void)r; /* with the store broken: tried again */
        fabric_refusal_deinit(&refusal);
    }
    for (unsigned cube = 0; cube < world->fleet->n_cubes; cube++) {
        const struct fabric_cube *is = &pod->cube[cube];
        if (is->scheduling != SCHEDULING_CORDONED && is->scheduling != SCHEDULING_DRAINED &&
            is->scheduling != SCHEDULING_DRAINING)
            continue;
        struct fabric_actor actor = world_actor(world, "ScheduleCube");
        struct fabric_refusal refusal = {0};
        int r = fabric_schedule_cube(world->fabric, &actor, is,
                                     is->scheduling == SCHEDULING_DRAINING ? FABRIC_CANCEL_DRAIN
                                                                           : FABRIC_UNCORDON,
                                     "over", 0, world->now_us, &outcome, &refusal);
        (void)r;
        fabric_refusal_deinit(&refusal);
    }
}
