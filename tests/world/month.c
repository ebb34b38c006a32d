/* A month of operations under a virtual clock: the daemon's core, virtual switches, hosts that fail and are
 * repaired when the servers of a public fault trace did, and people who drain, swap, work on the plant,
 * replace racks and switches, renew leases or forget to. tests/world/world.h judges every command on the way.
 *
 *   month --seed N --trace FILE [--days D] [--verbose]
 *
 * At the end everybody is done, and nothing may be stuck: no operation is open, every slice is whole, every
 * cube is in the books once, no test, work, circuit or alarm is left over, and the audit chain holds. Exit 0
 * or 1.
 */
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/qualify_cube.h"
#include "daemon/fabric/state.h"
#include "tests/world/actions.h"
#include "tests/world/fault_trace.h"
#include "tests/world/hands.h"
#include "tests/world/judge.h"
#include "tests/world/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_US INT64_C(86400000000)
#define HOUR_US INT64_C(3600000000)
#define JOBS_MAX 12
#define TEST_MAX_US (4 * HOUR_US) /* of a cube; a switch may be without power for two of them */

enum {
    FAILURE,
    REPAIR,
    CREATE,
    DELETE,
    DRAIN,
    RELEASE,
    SWAP,
    ACCEPT,
    WORK,
    ALLOW,
    END_WORK,
    RENEW,
    REPLACE_RACK,
    REPLACE_OCS,
    QUALIFY,
    POWER_LOSS,
    KILL,
    DEEDS
};
static const char *const deeds[DEEDS] = {"failures",
                                         "repairs",
                                         "creates",
                                         "deletes",
                                         "cordons, drains and ends of them",
                                         "releases",
                                         "swaps",
                                         "disruptions accepted",
                                         "works begun",
                                         "circuits given up for a work",
                                         "works ended",
                                         "leases renewed",
                                         "racks replaced",
                                         "switches replaced by another unit",
                                         "cubes tested",
                                         "power losses of a switch",
                                         "kills of the daemon"};

static struct world *world;
static struct world_counts counts;
static struct fleet fleet;
static struct text database;
static struct fault_trace trace;
static unsigned long done[DEEDS], refused[DEEDS], lost_leases;

static unsigned below(struct chance *chance, unsigned count) {
    return (unsigned)chance_between(chance, 0, (int64_t)count - 1);
}

static void count(unsigned deed, int r, struct fabric_refusal *refusal) {
    if (r < 0)
        world_fail(world, "%s: an error from below: %s", deeds[deed], strerror(-r));
    done[deed] += r == 0;
    refused[deed] += r == FABRIC_REFUSED;
    if (r == FABRIC_REFUSED)
        world_tell(world, "    refused: %s", refusal->text);
    fabric_refusal_deinit(refusal);
}

static void set_host(unsigned at, bool is_failed, unsigned how) {
    unsigned cube = at / 16, host = at % 16;
    struct sim_host *is = &world->plant.cubes[cube].hosts[host];
    world_tell(world, "cube-%02u/host-%02u %s", cube, host, is_failed ? "fails" : "is repaired");
    if (is_failed && how % 3 == 0) {
        is->chip_failed[how / 3 % 4] = 1;
    } else if (is_failed) {
        is->failed = 1;
    } else {
        is->failed = 0;
        memset(is->chip_failed, 0, sizeof(is->chip_failed));
    }
    is->changed = true;
    for (unsigned index = 0; index < SIM_CUBE_LINKS; index++)
        sim_plant_touch(&world->plant, (int32_t)(cube * SIM_CUBE_LINKS + index));
    world->hosts_well_since_us = world->now_us;
    done[is_failed ? FAILURE : REPAIR]++;
}

static void create(struct chance *chance) {
    static const char *const shapes[] = {"4x4x4", "4x4x4", "4x4x8", "4x4x8", "4x8x8", "4x4x12", "8x8x8"};
    unsigned n_slices = 0;
    for (const struct fabric_slice *slice = world->fabric->slices; slice; slice = slice->next)
        n_slices += slice_version_owns(slice->accepted);
    if (n_slices >= JOBS_MAX || world->n_claims >= WORLD_CLAIMS_MAX)
        return;
    char name[32];
    snprintf(name, sizeof(name), "job-%u", world->n_requests++);
    struct fabric_slice_spec spec = {.name = name,
                                     .topology = shapes[below(chance, 7)],
                                     .disruption = below(chance, 2) ? DISRUPTION_ANYTIME : DISRUPTION_ASK,
                                     .pod = world->fabric->pods};
    if (below(chance, 3) == 0)
        spec.lease_ttl_us = 4 * HOUR_US;
    struct fabric_actor actor = world_actor(world, "CreateSlices");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    uint32_t taken = action_taken_cubes(world);
    int r = fabric_create_slices(world->fabric, &actor, &spec, 1, 180000000, world->now_us, NULL, &outcome,
                                 &refusal);
    world_tell(world, "create %s %s", name, spec.topology);
    count(CREATE, r, &refusal);
    if (r)
        return;
    judge_placed(world, action_taken_cubes(world) & ~taken);
    action_claim(world, &spec, &outcome);
}

static void delete_one(struct chance *chance) {
    const struct fabric_slice *slice = action_pick_slice(world, chance);
    if (!slice)
        return;
    struct fabric_actor actor = world_actor(world, "DeleteSlice");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    for (unsigned i = 0; i < world->n_claims; i++)
        if (world->claim[i].uid == slice->uid)
            world->claim[i].is_delete_asked = true;
    world_tell(world, "delete %s", slice->name);
    count(DELETE,
          fabric_delete_slice(world->fabric, &actor, slice->name, slice->uid, world->now_us, &outcome,
                              &refusal),
          &refusal);
}

static void swap_one(struct chance *chance) {
    const struct fabric_slice *slice = action_pick_slice(world, chance);
    if (!slice)
        return;
    const uint16_t cube = slice->accepted->cubes[below(chance, slice->accepted->shape.n_cubes)];
    const int with = -1;
    struct fabric_swap swap = {
        .name = slice->name, .cubes = &cube, .with = &with, .n_cubes = 1, .disrupt = true};
    struct fabric_actor actor = world_actor(world, "SwapCubes");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    uint32_t taken = action_taken_cubes(world);
    world_tell(world, "swap a cube of %s", slice->name);
    int r = fabric_swap_slice(world->fabric, &actor, &swap, world->now_us, NULL, &outcome, &refusal);
    count(SWAP, r, &refusal);
    if (r == 0)
        judge_placed(world, action_taken_cubes(world) & ~taken);
}

static void schedule(const struct fabric_cube *cube, enum fabric_scheduling_verb verb, unsigned deed) {
    struct fabric_actor actor = world_actor(world, "ScheduleCube");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    world_tell(world, "%s: word %d", cube->name, (int)verb);
    count(deed,
          fabric_schedule_cube(world->fabric, &actor, cube, verb, "the month", 0, world->now_us, &outcome,
                               &refusal),
          &refusal);
}

/* Drains begin; those that ended are given back; what is healthy and in quarantine is tested or released. */
static void look_after_cubes(struct chance *chance) {
    const struct fabric_pod *pod = world->fabric->pods;
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        const struct fabric_cube *cube = &pod->cube[i];
        if (cube->scheduling == SCHEDULING_DRAINED || cube->scheduling == SCHEDULING_CORDONED) {
            schedule(cube, FABRIC_UNCORDON, DRAIN);
        } else if (cube->scheduling == SCHEDULING_QUARANTINED && cube->health == HEALTH_HEALTHY) {
            struct fabric_actor actor = world_actor(world, "QualifyCube");
            struct fabric_outcome outcome = {0};
            struct fabric_refusal refusal = {0};
            if (below(chance, 2))
                schedule(cube, FABRIC_RELEASE, RELEASE);
            else if (!qualify_is_under_test(pod, i))
                count(
                    QUALIFY,
                    fabric_qualify_cube(world->fabric, &actor, cube, NULL, world->now_us, &outcome, &refusal),
                    &refusal);
        }
    }
    const struct fabric_cube *cube = &pod->cube[below(chance, pod->n_cubes)];
    if (cube->scheduling == SCHEDULING_SCHEDULABLE && below(chance, 2))
        schedule(cube, below(chance, 3) ? FABRIC_DRAIN : FABRIC_CORDON, DRAIN);
}

static void renew(const struct fabric_slice *slice) {
    struct fabric_actor actor = world_actor(world, "RenewSlice");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    count(
        RENEW,
        fabric_renew_slice(world->fabric, &actor, slice->name, slice->uid, world->now_us, &outcome, &refusal),
        &refusal);
}

static void renew_all(void) {
    for (const struct fabric_slice *slice = world->fabric->slices; slice; slice = slice->next)
        if (!slice->accepted->is_gone && slice->accepted->lease_ttl_us)
            renew(slice);
}

/* Every owner who has something to answer, and every owner of a lease but the forgetful ones. */
static void look_after_slices(struct chance *chance) {
    for (const struct fabric_slice *slice = world->fabric->slices, *next; slice; slice = next) {
        const struct slice_version *version = slice->accepted;
        struct fabric_actor actor = world_actor(world, "AcceptDisruption");
        struct fabric_outcome outcome = {0};
        struct fabric_refusal refusal = {0};
        struct fabric_plan plan = {0};
        next = slice->next;
        if (version->is_gone)
            continue;
        if (version->pending.count && below(chance, 2)) {
            uint32_t taken = action_taken_cubes(world);
            int r = fabric_accept_disruption(world->fabric, &actor, slice->name, slice->uid, NULL, 0,
                                             world->now_us, &plan, &outcome, &refusal);
            world_tell(world, "%s may be moved", slice->name);
            count(ACCEPT, r, &refusal);
            fabric_plan_deinit(&plan);
            if (r == 0)
                judge_placed(world, action_taken_cubes(world) & ~taken);
        }
        lost_leases += version->orphaned_since_us != 0;
        if (version->lease_ttl_us && below(chance, 2))
            renew(slice);
    }
}

static void replace_rack(const struct fabric_maintenance *work) {
    static char text[FABRIC_CHIPS_PER_CUBE][32];
    const char *serials[FABRIC_CHIPS_PER_CUBE];
    struct fabric_actor actor = world_actor(world, "ReplaceCube");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    for (unsigned i = 0; i < FABRIC_CHIPS_PER_CUBE; i++) {
        snprintf(text[i], sizeof(text[i]), "M%u-%u", world->n_requests, i);
        serials[i] = text[i];
    }
    world->n_requests++;
    world_tell(world, "another rack for cube-%02u", work->object.cube);
    count(REPLACE_RACK,
          fabric_replace_cube(world->fabric, &actor, &world->fabric->pods->cube[work->object.cube], serials,
                              world->now_us, &outcome, &refusal),
          &refusal);
}

/* It is off while it is exchanged; the one that comes has no circuits. */
static void replace_ocs(const struct fabric_maintenance *work, struct chance *chance) {
    unsigned ocs = work->object.ocs;
    struct fabric_actor actor = world_actor(world, "ReplaceOcs");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    char serial[64];
    if (world->power_on_at_us[ocs] != INT64_MAX)
        return;
    world_power_off(world, ocs, true, false, chance_between(chance, HOUR_US / 10, HOUR_US));
    world->unit[ocs]++;
    world_unit_serial(world, ocs, serial);
    snprintf(world->plant.switches[ocs].behaviour.serial, sizeof(serial), "%s", serial);
    world_tell(world, "another unit for %s", work->name);
    count(REPLACE_OCS,
          fabric_replace_ocs(world->fabric, &actor, &world->fabric->pods->ocs[ocs], "", serial, world->now_us,
                             &outcome, &refusal),
          &refusal);
}

static void end_work(const struct fabric_maintenance *work) {
    struct fabric_actor actor = world_actor(world, "EndMaintenance");
    struct fabric_outcome outcome = {0};
    struct fabric_refusal refusal = {0};
    world_tell(world, "work ends on %s", work->name);
    count(END_WORK, fabric_end_maintenance(world->fabric, &actor, work, world->now_us, &outcome, &refusal),
          &refusal);
}

static void allow_work(const struct fabric_maintenance *work, struct chance *chance) {
    for (const struct fabric_slice *slice = world->fabric->slices; slice; slice = slice->next) {
        if (slice->accepted->is_gone || maintenance_has_word(work, slice) || below(chance, 2))
            continue;
        struct fabric_actor actor = world_actor(world, "AllowMaintenance");
        struct fabric_outcome outcome = {0};
        struct fabric_refusal refusal = {0};
        world_tell(world, "%s gives %s up for the work", slice->name, work->name);
        count(ALLOW,
              fabric_allow_maintenance(world->fabric, &actor, work, slice, world->now_us, &outcome, &refusal),
              &refusal);
    }
}

/* Hands on the plant stay for some hours: owners agree, racks and switches are replaced, it is over. */
static void look_after_works(struct chance *chance) {
    for (const struct fabric_maintenance *work = world->fabric->pods->maintenances, *next; work;
         work = next) {
        next = work->next;
        if (!work->is_durable || work->accepted.is_ending || work->accepted.stage)
            continue;
        enum maintenance_state told = work->durable.told;
        bool is_whole_thing = work->object.kind == MAINTENANCE_CUBE || work->object.kind == MAINTENANCE_OCS;
        if (told == MAINTENANCE_WAITING)
            allow_work(work, chance);
        if (told == MAINTENANCE_SAFE && is_whole_thing && below(chance, 4) == 0) {
            if (work->object.kind == MAINTENANCE_CUBE)
                replace_rack(work);
            else
                replace_ocs(work, chance);
        } else if (below(chance, told != MAINTENANCE_SAFE ? 8 : is_whole_thing ? 6 : 3) == 0) {
            end_work(work);
        }
    }
}

static void begin_work(struct chance *chance) {
    unsigned long before = counts.accepted[COUNT_WORK];
    hands_begin_work(world, chance, below(chance, FLEET_OCSES));
    done[WORK] += counts.accepted[COUNT_WORK] - before;
    refused[WORK] += counts.accepted[COUNT_WORK] == before;
}

/* One switch, with or without a memory, or a whole power domain. */
static void lose_power(struct chance *chance) {
    unsigned first = below(chance, FLEET_OCSES);
    bool is_domain = below(chance, 8) == 0, is_volatile = below(chance, 3) != 0;
    int64_t for_us = chance_between(chance, HOUR_US / 60, is_domain ? HOUR_US / 6 : 2 * HOUR_US);
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++) {
        bool is_in = is_domain ? ocs % 16 / 4 == first % 4 : ocs == first;
        if (!is_in || world->power_on_at_us[ocs] != INT64_MAX)
            continue;
        world_tell(world, "%s loses power%s for %.0f s", world->plant.switches[ocs].short_name,
                   is_volatile ? " and its circuits" : "", (double)for_us / 1e6);
        world_power_off(world, ocs, is_volatile, false, for_us);
        done[POWER_LOSS]++;
    }
}

static void deed(struct chance *chance) {
    switch (below(chance, 10)) {
    case 0:
    case 1:
    case 2:
    case 3:
        create(chance);
        break;
    case 4:
    case 5:
    case 6:
        delete_one(chance);
        break;
    case 7:
        swap_one(chance);
        break;
    default:
        begin_work(chance);
    }
}

/* Whatever happens around it, a test of a cube comes to an end. */
static void judge_tests(void) {
    for (const struct fabric_qualification *q = world->fabric->pods->qualifications; q; q = q->next) {
        int64_t age_us = fabric_wall_us(world->fabric, world->now_us) - q->since_us;
        if (q->state == QUALIFICATION_RUNNING && age_us > TEST_MAX_US)
            world_fail(world, "cube-%02u is tested for %.0f hours, round %u", q->cube,
                       (double)age_us / (double)HOUR_US, q->round + 1);
    }
}

/* Hourly rounds of everybody. */
static void look_after_all(struct chance *chance) {
    judge_tests();
    look_after_slices(chance);
    look_after_works(chance);
    look_after_cubes(chance);
}

/* In the middle of something, or of what follows from it. */
static void kill_daemon(struct chance *chance) {
    if (below(chance, 2))
        deed(chance);
    else
        look_after_all(chance);
    world_run(world, world->now_us + chance_between(chance, 0, below(chance, 2) ? 300000 : 60000000));
    world_tell(world, "the daemon is killed");
    world_crash(world);
    done[KILL]++;
}

static int64_t earliest(const int64_t *times_us, unsigned count) {
    int64_t first_us = times_us[0];
    for (unsigned i = 1; i < count; i++)
        first_us = times_us[i] < first_us ? times_us[i] : first_us;
    return first_us;
}

static void live(struct chance *chance, int64_t days) {
    enum { NEXT_FAULT, NEXT_DEED, NEXT_ROUND, NEXT_POWER, NEXT_KILL, NEXT_END, NEXTS };
    const int64_t start_us = world->now_us;
    int64_t next_us[NEXTS] = {
        [NEXT_FAULT] = INT64_MAX,
        [NEXT_DEED] = HOUR_US / 2,
        [NEXT_ROUND] = HOUR_US,
        [NEXT_POWER] = chance_between(chance, HOUR_US, DAY_US),
        [NEXT_KILL] = chance_between(chance, HOUR_US, DAY_US),
        [NEXT_END] = days * DAY_US,
    };
    for (unsigned at = 0;;) {
        next_us[NEXT_FAULT] = at < trace.n_events ? trace.event[at].at_us : INT64_MAX;
        int64_t until_us = earliest(next_us, NEXTS);
        if (start_us + until_us > world->now_us)
            world_run(world, start_us + until_us);
        judge_books(world);
        if (until_us >= next_us[NEXT_END])
            return;
        for (; at < trace.n_events && trace.event[at].at_us <= until_us; at++)
            set_host(trace.event[at].host, trace.event[at].is_start, below(chance, 12));
        if (next_us[NEXT_DEED] <= until_us) {
            deed(chance);
            next_us[NEXT_DEED] += chance_between(chance, HOUR_US / 4, 3 * HOUR_US);
        }
        if (next_us[NEXT_ROUND] <= until_us) {
            look_after_all(chance);
            next_us[NEXT_ROUND] += HOUR_US;
        }
        if (next_us[NEXT_POWER] <= until_us) {
            lose_power(chance);
            next_us[NEXT_POWER] += chance_between(chance, DAY_US / 4, 3 * DAY_US);
        }
        if (next_us[NEXT_KILL] <= until_us) {
            kill_daemon(chance);
            next_us[NEXT_KILL] += chance_between(chance, DAY_US / 8, DAY_US);
        }
    }
}

static void fail_on_alarm(const struct fabric_alarm *alarm, void *userdata) {
    world_fail(world, "the alarm %s of %s is left: %s", alarm->kind, alarm->object, alarm->text);
}

/* Every cube once: used, or free, spare, in quarantine, under work, cordoned or draining. */
static void judge_end(void) {
    const struct fabric_pod *pod = world->fabric->pods;
    unsigned used = 0, open = 0, other = 0;
    for (const struct fabric_operation *operation = fabric_operations(world->fabric); operation;
         operation = operation->next)
        if (operation->state == OPERATION_RUNNING)
            world_fail(world, "operation %lld (%s of %s) is open for ever", (long long)operation->id,
                       operation->kind, operation->slices);
    for (const struct fabric_slice *slice = world->fabric->slices; slice; slice = slice->next) {
        const struct slice_version *version = slice->durable;
        if (version->is_gone || version->state == SLICE_FAILED)
            continue;
        if (version->state != SLICE_READY || version->pending.count)
            world_fail(world, "slice %s is %s at the end: %s %s", slice->name,
                       slice_state_name(version->state), version->cause, version->pending_cause);
        used += version->shape.whole_cubes ? version->shape.n_cubes : 1;
    }
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        const struct fabric_cube *cube = &pod->cube[i];
        if (cube->held_for || qualify_is_under_test(pod, i))
            world_fail(world, "%s is still held or tested", cube->name);
        if (cube->slice || cube->part_hosts)
            used--;
        else if (cube->scheduling == SCHEDULING_SCHEDULABLE && cube->health == HEALTH_HEALTHY)
            open++;
        else
            other++;
    }
    if (used || other)
        world_fail(world, "the books do not add up: %d cubes of slices too many, %u neither free nor used",
                   (int)used, other);
    if (pod->maintenances)
        world_fail(world, "the work on %s is left", pod->maintenances->name);
    for (const struct fabric_qualification *q = pod->qualifications; q; q = q->next)
        if (q->state == QUALIFICATION_RUNNING)
            world_fail(world, "cube %u is tested for ever", q->cube);
    fabric_alarms(world->fabric, fail_on_alarm, NULL);
    struct store_audit_summary summary;
    char error[300];
    if (store_audit_verify(world->path, &summary, error, sizeof(error)) != 0)
        world_fail(world, "the audit chain does not hold: %s", error);
    printf("count: at the end %u of %u cubes are free, the others used; audit chain of %lld rows holds\n",
           open, pod->n_cubes, (long long)summary.rows);
}

static bool run(uint64_t seed, int64_t days, enum world_loudness loudness, const char *folder) {
    struct chance chance = {chance_mix(seed ^ 0x303030)};
    world_init(world, &fleet, seed, folder, &database, &counts, loudness);
    if (setjmp(world->failed)) {
        printf("FAILED: seed %llu, day %.2f: %s\n", (unsigned long long)seed,
               (double)(world->now_us - 1000000000) / (double)DAY_US, world->failure);
        return false;
    }
    /* Hosts report less often than in the field, so that a month takes a minute. */
    world->settings.report_ttl_us = 240000000;
    world->settings.host_silent_us = 300000000;
    world->settings.audit_period_us = 1800000000;
    fabric_set_settings(world->fabric, &world->settings);
    world->report_period_us = 100000000;
    world_run(world, world->now_us + 60000000);
    live(&chance, days);
    /* Everybody is done, and what is broken gets repaired. */
    renew_all();
    world_settle(world);
    judge_end();
    world_deinit(world);
    return true;
}

int main(int argc, char **argv) {
    uint64_t seed = 1;
    int64_t days = 30;
    const char *path = NULL;
    enum world_loudness loudness = WORLD_SILENT;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--verbose") == 0)
            loudness = WORLD_TELLS;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--days") == 0 && i + 1 < argc)
            days = strtoll(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--trace") == 0 && i + 1 < argc)
            path = argv[++i];
        else
            path = NULL, i = argc;
    if (!path || days < 1 || days > 300) {
        fprintf(stderr, "usage: month --seed N --trace FILE [--days 1..300] [--verbose]\n");
        return 2;
    }
    char folder[64];
    snprintf(folder, sizeof(folder), "%s/heliostat-month-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    world = malloc(sizeof(*world));
    if (!world || !mkdtemp(folder) || !template_make(world, &fleet, 3, folder, &counts, &database))
        return 1;
    memset(&counts, 0, sizeof(counts));
    struct chance chance = {chance_mix(seed ^ 0x7ace)};
    double first = (double)(seed % (uint64_t)(FAULT_TRACE_DAYS - days));
    if (!fault_trace_read(path, first, (double)days, fleet.n_cubes * 16, &chance, &trace)) {
        fprintf(stderr, "month: %s is not a fault trace\n", path);
        return 2;
    }
    bool is_good = run(seed, days, loudness, folder);
    printf("count: %lld days, seed %llu, %u cubes, %u of the trace's servers among their hosts, %u events of "
           "it\n",
           (long long)days, (unsigned long long)seed, fleet.n_cubes, trace.n_servers, trace.n_events);
    for (unsigned i = 0; i < DEEDS; i++)
        printf("count: %s: %lu done, %lu refused\n", deeds[i], done[i], refused[i]);
    printf("count: %lu READY and %lu DEGRADED checked, %lu mirror moves, %lu maps read, %lu hours with a "
           "lease that ran "
           "out\n",
           counts.ready, counts.degraded, counts.moves, counts.reads, lost_leases);
    template_remove(folder);
    free(world);
    text_deinit(&database);
    return !is_good;
}
