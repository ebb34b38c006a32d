/* A month of operations under a virtual clock: the daemon's core, virtual switches, hosts that fail and are
 * repaired when the servers of a public fault trace did, and people who drain, swap, work on the plant,
 * replace racks and switches, renew leases or forget to. tests/world/world.h judges every command on the way.
 *
 *   month --seed N --trace FILE [--days D] [--verbose]
 *
 * At the end everybody is done, and nothing may be stuck: no operation is open, every slice is whole, every
 * cube is in the books once, no test, work or circuit is left over, and the audit chain holds. Exit 0 or 1.
 */
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/qualify_cube.h"
#include "daemon/fabric/state.h"
#include "tests/world/actions.h"
#include "tests/world/hands.h"
#include "tests/world/judge.h"
#include "tests/world/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_US INT64_C(86400000000)
#define HOUR_US INT64_C(3600000000)
#define TRACE_DAYS 348
#define FAULTS_MAX 4096
#define JOBS_MAX 12

struct fault {
    int64_t at_us; /* since the start of the month */
    unsigned server;
    bool is_start;
};

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
    RENEW,
    REPLACE_RACK,
    QUALIFY,
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
                                         "works begun, allowed or ended",
                                         "leases renewed",
                                         "racks replaced",
                                         "cubes tested"};

static struct world *world;
static struct world_counts counts;
static struct fleet fleet;
static struct text database;
static struct fault faults[FAULTS_MAX];
static unsigned n_faults;
static unsigned long done[DEEDS], refused[DEEDS], lost_leases;

static unsigned below(struct chance *chance, unsigned count) {
    return (unsigned)chance_between(chance, 0, (int64_t)count - 1);
}

/* The days from `first` on; servers are dealt over the hosts. */
static bool read_trace(const char *path, double first, double days) {
    char line[80];
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file) && n_faults < FAULTS_MAX) {
        double day;
        unsigned server;
        char event[16];
        if (sscanf(line, "%lf,%u,%15s", &day, &server, event) == 3 && day >= first && day < first + days)
            faults[n_faults++] = (struct fault){(int64_t)((day - first) * (double)DAY_US), server,
                                                strcmp(event, "start") == 0};
    }
    if (file)
        fclose(file);
    return n_faults > 0;
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

static void set_host(unsigned server, bool is_failed, unsigned how) {
    unsigned cube = server % fleet.n_cubes, host = server / fleet.n_cubes % 16;
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
        if (version->lease_ttl_us && below(chance, 6)) {
            actor.method = "RenewSlice";
            refusal = (struct fabric_refusal){0};
            count(RENEW,
                  fabric_renew_slice(world->fabric, &actor, slice->name, slice->uid, world->now_us, &outcome,
                                     &refusal),
                  &refusal);
        }
    }
}

/* Racks and switches whose safe state was told are replaced now and then. */
static void replace_one(struct chance *chance) {
    static char text[FABRIC_CHIPS_PER_CUBE][32];
    const char *serials[FABRIC_CHIPS_PER_CUBE];
    for (const struct fabric_maintenance *work = world->fabric->pods->maintenances; work; work = work->next) {
        struct fabric_actor actor = world_actor(world, "ReplaceCube");
        struct fabric_outcome outcome = {0};
        struct fabric_refusal refusal = {0};
        if (work->accepted.told != MAINTENANCE_SAFE || work->object.kind != MAINTENANCE_CUBE ||
            below(chance, 2))
            continue;
        for (unsigned i = 0; i < FABRIC_CHIPS_PER_CUBE; i++) {
            snprintf(text[i], sizeof(text[i]), "M%u-%u", world->n_requests, i);
            serials[i] = text[i];
        }
        world->n_requests++;
        world_tell(world, "another rack for cube-%02u", work->object.cube);
        count(REPLACE_RACK,
              fabric_replace_cube(world->fabric, &actor, &world->fabric->pods->cube[work->object.cube],
                                  serials, world->now_us, &outcome, &refusal),
              &refusal);
        return;
    }
}

static void deed(struct chance *chance) {
    switch (below(chance, 10)) {
    case 0:
    case 1:
    case 2:
        create(chance);
        break;
    case 3:
    case 4:
        delete_one(chance);
        break;
    case 5:
        swap_one(chance);
        break;
    case 6:
        hands_begin_work(world, chance, below(chance, FLEET_OCSES));
        done[WORK]++;
        break;
    case 7:
        replace_one(chance);
        break;
    default:
        hands_allow_or_end_work(world, chance, below(chance, FLEET_OCSES));
        done[WORK]++;
    }
}

static void live(struct chance *chance, int64_t days) {
    int64_t start_us = world->now_us, next_deed_us = HOUR_US / 2, next_look_us = HOUR_US;
    unsigned at = 0;
    for (;;) {
        int64_t now_us = world->now_us - start_us, next_us = days * DAY_US;
        next_us = at < n_faults && faults[at].at_us < next_us ? faults[at].at_us : next_us;
        next_us = next_deed_us < next_us ? next_deed_us : next_us;
        next_us = next_look_us < next_us ? next_look_us : next_us;
        if (next_us > now_us)
            world_run(world, start_us + next_us);
        judge_books(world);
        if (next_us >= days * DAY_US)
            return;
        for (; at < n_faults && faults[at].at_us <= next_us; at++)
            set_host(faults[at].server, faults[at].is_start, below(chance, 12));
        if (next_deed_us <= next_us) {
            deed(chance);
            next_deed_us += chance_between(chance, HOUR_US / 4, 3 * HOUR_US);
        }
        if (next_look_us <= next_us) {
            look_after_slices(chance);
            look_after_cubes(chance);
            next_look_us += HOUR_US;
        }
    }
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
    if (pod->maintenances || pod->qualifications)
        for (const struct fabric_qualification *q = pod->qualifications; q; q = q->next)
            if (q->state == QUALIFICATION_RUNNING)
                world_fail(world, "cube %u is tested for ever", q->cube);
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
    struct fabric_settings settings = fabric_default_settings();
    settings.report_ttl_us = 240000000;
    settings.host_silent_us = 300000000;
    settings.audit_period_us = 1800000000;
    fabric_set_settings(world->fabric, &settings);
    world->report_period_us = 100000000;
    world_run(world, world->now_us + 60000000);
    live(&chance, days);
    /* Everybody is done, and what is broken gets repaired. */
    world_settle(world);
    judge_end();
    world_deinit(world);
    return true;
}

int main(int argc, char **argv) {
    uint64_t seed = 1;
    int64_t days = 30;
    const char *trace = NULL;
    enum world_loudness loudness = WORLD_SILENT;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--verbose") == 0)
            loudness = WORLD_TELLS;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--days") == 0 && i + 1 < argc)
            days = strtoll(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--trace") == 0 && i + 1 < argc)
            trace = argv[++i];
        else
            trace = NULL, i = argc;
    if (!trace || days < 1 || days > 300) {
        fprintf(stderr, "usage: month --seed N --trace FILE [--days 1..300] [--verbose]\n");
        return 2;
    }
    if (!read_trace(trace, (double)(seed % (uint64_t)(TRACE_DAYS - days)), (double)days)) {
        fprintf(stderr, "month: no faults in %s\n", trace);
        return 2;
    }
    char folder[64];
    snprintf(folder, sizeof(folder), "%s/heliostat-month-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    world = malloc(sizeof(*world));
    if (!world || !mkdtemp(folder) || !template_make(world, &fleet, 3, folder, &counts, &database))
        return 1;
    memset(&counts, 0, sizeof(counts));
    bool is_good = run(seed, days, loudness, folder);
    printf("count: %lld days, seed %llu, %u cubes, %u events of the trace\n", (long long)days,
           (unsigned long long)seed, fleet.n_cubes, n_faults);
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
