#include "tests/world/world.h"
#include "daemon/fabric/state.h"
#include "sim/plant/light.h"
#include "tests/world/hands.h"
#include "tests/world/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_US INT64_C(1000000000)
#define WALL_OFFSET_US INT64_C(1700000000000000)
#define TURNS_AT_ONE_INSTANT 2000
#define SWEEP_US 200000
#define REST_STEP_US 5000000
#define REST_US INT64_C(400000000)
#define REST_AFTER_FIGHT_US INT64_C(4200000000)

void world_tell(struct world *world, const char *format, ...) {
    char line[700];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (world->loudness > WORLD_SILENT) {
        printf("  %9.3f s  %s\n", (double)(world->now_us - START_US) / 1e6, line);
        fflush(stdout); /* the next line may not come */
    }
}

void world_fail(struct world *world, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(world->failure, sizeof(world->failure), format, arguments);
    va_end(arguments);
    world_tell(world, "FAILED: %s", world->failure);
    longjmp(world->failed, 1);
}

struct fabric_actor world_actor(struct world *world, const char *method) {
    return (struct fabric_actor){
        .principal = "root", .is_operator = true, .method = method, .request_id = ""};
}

static void needs_advance(void *userdata) {
    struct world *world = userdata;
    world->advance_due = true;
}

static void on_slice(void *userdata, const struct fabric_slice *slice) {
    judge_slice(userdata, slice);
}

static void on_event(void *userdata, const struct fabric_event *event) {
    struct world *world = userdata;
    if (strcmp(event->kind, "CIRCUITS_PUT_RIGHT") == 0)
        world->counts->put_right++;
    if (world->loudness == WORLD_LOUD)
        world_tell(world, "          event %s %s: %s %s -> %s", event->kind, event->object, event->cause,
                   event->before, event->after);
}

static void start(struct world *world) {
    char error[300];
    struct store_options options = {.path = world->path};
    if (store_open(&options, &world->disk.store, error, sizeof(error)) != 0)
        world_fail(world, "the store does not open: %s", error);
    struct fabric_options fabric_options = {
        .settings = world->settings,
        .executor = disk_executor(&world->disk),
        .listener = {.on_slice = on_slice, .on_event = on_event, .userdata = world},
        .attach = network_attach,
        .detach = network_detach,
        .device_userdata = &world->network,
        .needs_advance = needs_advance,
        .advance_userdata = world,
        .seed = world->seed,
    };
    world->disk.now_us = world->network.now_us = world->now_us;
    ledger_reload(&world->ledger, world->disk.store);
    if (fabric_new(&fabric_options, &world->fabric) < 0 ||
        fabric_load(world->fabric, world->disk.store, world->now_us, world->now_us + WALL_OFFSET_US) < 0)
        world_fail(world, "the daemon does not start");
    world->advance_due = true;
}

static void stop(struct world *world) {
    disk_crash(&world->disk);
    fabric_free(world->fabric);
    world->fabric = NULL;
    store_close(world->disk.store);
    world->disk.store = NULL;
}

void world_crash(struct world *world) {
    world->counts->crashes++;
    memset(world->confirmed_b, 0, sizeof(world->confirmed_b));
    memset(world->made_anew_uid, 0, sizeof(world->made_anew_uid));
    memset(world->cleared_b, 0, sizeof(world->cleared_b));
    stop(world);
    start(world);
    judge_reloaded(world);
}

static void sent(void *userdata, struct connection *connection, const char *line, size_t len) {
    judge_sent(userdata, connection, line, len);
}

static void answered(void *userdata, struct connection *connection, const char *bytes, size_t len) {
    judge_answered(userdata, connection, bytes, len);
}

static void executed(void *userdata, struct connection *connection, const struct scpi_record *record) {
    struct world *world = userdata;
    if (world->loudness == WORLD_LOUD && record->request)
        world_tell(world, "          %s <- %.*s -> %s", world->plant.switches[connection->ocs].short_name,
                   (int)record->request_len, record->request, record->answer ? record->answer : "");
    judge_executed(world, connection, record);
}

static void ended(void *userdata, struct connection *connection) {
    judge_ended(userdata, connection);
}

static void plant_light(void *userdata) {
    struct world *world = userdata;
    if (world->sweep_at_us == INT64_MAX)
        world->sweep_at_us = world->now_us + SWEEP_US;
}

static void plant_switch(void *userdata, struct sim_switch *sw) {
    struct world *world = userdata;
    world->light_at_us[sw->index] = world->now_us;
    network_touch(&world->network, (unsigned)sw->index);
}

static void plant_event(void *userdata, struct sim_switch *sw, const char *cause,
                        const struct sim_move *moves, size_t n_moves) {
    judge_event(userdata, (unsigned)sw->index, cause, moves, n_moves);
}

static void write_database(struct world *world, const struct text *database) {
    char lock[160];
    unlink(world->path);
    snprintf(lock, sizeof(lock), "%s-wal", world->path);
    unlink(lock);
    snprintf(lock, sizeof(lock), "%s-shm", world->path);
    unlink(lock);
    if (!database)
        return;
    FILE *file = fopen(world->path, "wb");
    if (!file || fwrite(database->data, 1, database->len, file) != database->len || fclose(file) != 0)
        abort();
}

void world_init(struct world *world, const struct fleet *fleet, uint64_t seed, const char *folder,
                const struct text *database, struct world_counts *counts, enum world_loudness loudness) {
    memset(world, 0, sizeof(*world));
    world->seed = seed;
    world->counts = counts;
    world->fleet = fleet;
    world->loudness = loudness;
    world->now_us = START_US;
    world->settings = fabric_default_settings();
    world->chance.state = chance_mix(seed);
    snprintf(world->path, sizeof(world->path), "%s/heliostat.db", folder);
    write_database(world, database);
    fleet_make_plant(fleet, seed, START_US, &world->plant);
    network_init(&world->network, &world->plant, seed + 1);
    world->network.watcher = (struct network_watcher){
        .sent = sent, .answered = answered, .executed = executed, .ended = ended, .userdata = world};
    ledger_init(&world->ledger, fleet);
    disk_init(&world->disk, &world->ledger, seed + 2);
    world->report_period_us = 4000000;
    world->sweep_at_us = INT64_MAX;
    for (unsigned cube = 0; cube < fleet->n_cubes; cube++)
        world->report_at_us[cube] = START_US + 1000 * cube;
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        world->light_at_us[ocs] = world->heal_at_us[ocs] = world->power_on_at_us[ocs] = INT64_MAX;
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        world->disturbed_at_us[ocs] = INT64_MIN / 2;
    world->hosts_heal_at_us = INT64_MAX;
    world->plant.watcher = (struct sim_watcher){.userdata = world,
                                                .light_changed = plant_light,
                                                .switch_changed = plant_switch,
                                                .event = plant_event};
    if (!setjmp(world->failed))
        start(world);
}

void world_deinit(struct world *world) {
    world->loudness = WORLD_SILENT;
    if (!setjmp(world->failed)) {
        if (world->fabric)
            stop(world);
    } else {
        world->disk.store = NULL;
    }
    network_deinit(&world->network);
    sim_plant_deinit(&world->plant);
}

static void report_host(struct world *world, unsigned cube, unsigned host) {
    const struct sim_cube *is = &world->plant.cubes[cube];
    const struct sim_host *at = &is->hosts[host];
    if (is->failed || at->failed || at->silent)
        return;
    struct fabric_report report = {.pod = world->fabric->pods,
                                   .cube = (uint16_t)cube,
                                   .host = (uint8_t)host,
                                   .chips_ok = 0xf,
                                   .electrical_ok = true};
    for (unsigned chip = 0; chip < 4; chip++)
        if (at->chip_failed[chip])
            report.chips_ok &= (uint8_t) ~(1u << chip);
    for (unsigned x = 0; x < 2; x++)
        for (unsigned y = 0; y < 2; y++)
            for (unsigned face = 0; face < 6; face++) {
                int chip[3] = {(int)(2 * (host % 2) + x), (int)(2 * (host / 2 % 2) + y), (int)(host / 4)};
                int dimension = (int)face / 2;
                if (chip[dimension] != (face % 2 ? 0 : 3))
                    continue;
                int index = dimension == 0   ? chip[1] + 4 * chip[2]
                            : dimension == 1 ? chip[0] + 4 * chip[2]
                                             : chip[0] + 4 * chip[1];
                int32_t end = sim_end_of((int32_t)cube, face, (uint32_t)index);
                struct sim_light light = sim_light_at(&world->plant, end, world->now_us);
                unsigned i = report.n_ends++;
                report.ends[i].end = (uint16_t)end;
                report.ends[i].light = light.light;
                report.ends[i].far_end = light.light ? (uint16_t)light.far_end : UINT16_MAX;
                report.ends[i].receive_mdbm = (int32_t)light.receive_mdbm;
            }
    world->plant.cubes[cube].hosts[host].changed = false;
    fabric_report_host(world->fabric, &report, world->now_us);
}

static void run_hosts(struct world *world) {
    if (!world->fabric->pods)
        return;
    bool sweep = world->now_us >= world->sweep_at_us;
    if (sweep)
        world->sweep_at_us = INT64_MAX;
    for (unsigned cube = 0; cube < world->fleet->n_cubes; cube++) {
        bool all = world->now_us >= world->report_at_us[cube];
        if (all)
            world->report_at_us[cube] = world->now_us + world->report_period_us;
        if (all || sweep)
            for (unsigned host = 0; host < 16; host++)
                if (all || world->plant.cubes[cube].hosts[host].changed)
                    report_host(world, cube, host);
    }
}

/* A circuit that the map left out because its mirrors did not settle comes back when they do; what once
 * explained it may be forgotten by then. */
static void excuse_hidden(struct world *world, unsigned ocs) {
    const struct sim_switch *sw = &world->plant.switches[ocs];
    for (unsigned a = 1; a <= world->fleet->n_ports; a++)
        if (sw->circuits[a].stuck && sw->behaviour.stat == SIM_STAT_SETTLED)
            world->is_rivals[ocs][a][sw->circuits[a].b] = true;
}

void world_unit_serial(const struct world *world, unsigned ocs, char ret_serial[64]) {
    int at = snprintf(ret_serial, 64, "SIM-%.20s-%.24s", FLEET_POD, world->plant.switches[ocs].short_name);
    if (world->unit[ocs])
        snprintf(ret_serial + at, 64 - (size_t)at, "-%u", world->unit[ocs]);
}

void world_heal_switch(struct world *world, unsigned ocs) {
    struct sim_switch *sw = &world->plant.switches[ocs];
    struct sim_behaviour *is = &sw->behaviour;
    struct link *link = &world->network.link[ocs];
    bool was_other = strncmp(is->serial, "SIM-", 4) != 0;
    world->heal_at_us[ocs] = INT64_MAX;
    world_unit_serial(world, ocs, is->serial);
    is->refuse = is->frozen = is->answer_delay_ms = is->bulk_read_ms = is->execute_delay_ms = is->reads_wait =
        0;
    is->truncate_percent = is->garble_percent = is->double_percent = is->reset_percent = 0;
    is->settle_fail_percent = 0;
    is->batch_share_percent = 100;
    for (unsigned port = 1; port <= world->fleet->n_ports; port++)
        sw->port_a[port].failed = sw->port_b[port].failed = sw->port_a[port].settle_fail =
            sw->port_b[port].settle_fail = 0;
    excuse_hidden(world, ocs);
    for (unsigned a = 1; a <= world->fleet->n_ports; a++) /* somebody taps on the stuck mirrors */
        if (sw->circuits[a].stuck) {
            sw->circuits[a].stuck = false;
            sw->circuits[a].seen_lit = false;
        }
    sim_switch_touch(sw);
    link->close_is_lost = link->is_cut = false;
    world->light_at_us[ocs] = world->now_us;
    if (was_other)
        network_drop(&world->network, ocs, world->now_us);
    network_touch(&world->network, ocs);
    world->disturbed_at_us[ocs] = world->now_us;
}

void world_power_off(struct world *world, unsigned ocs, bool is_volatile, bool is_silent, int64_t for_us) {
    struct sim_switch *sw = &world->plant.switches[ocs];
    struct link *link = &world->network.link[ocs];
    sw->behaviour.restart = is_volatile ? SIM_RESTART_VOLATILE : SIM_RESTART_PRESERVED;
    excuse_hidden(world, ocs);
    sim_switch_power_off(sw, world->now_us);
    for (unsigned i = 0; i < NETWORK_SESSIONS_MAX; i++)
        if (link->connection[i].in_use)
            link->connection[i].session.broken = true;
    if (!is_silent)
        network_drop(&world->network, ocs, world->now_us);
    world->power_on_at_us[ocs] = world->now_us + for_us;
}

static void heal(struct world *world) {
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++) {
        if (world->now_us >= world->power_on_at_us[ocs]) {
            world->power_on_at_us[ocs] = INT64_MAX;
            sim_switch_power_on(&world->plant.switches[ocs], world->now_us);
        }
        if (world->now_us >= world->heal_at_us[ocs])
            world_heal_switch(world, ocs);
        if (world->now_us >= world->light_at_us[ocs])
            world->light_at_us[ocs] = sim_switch_advance(&world->plant.switches[ocs], world->now_us);
    }
    if (world->now_us >= world->hosts_heal_at_us) {
        world->hosts_heal_at_us = INT64_MAX;
        world->hosts_well_since_us = world->now_us;
        for (unsigned cube = 0; cube < world->fleet->n_cubes; cube++)
            for (unsigned host = 0; host < 16; host++) {
                struct sim_host *is = &world->plant.cubes[cube].hosts[host];
                is->silent = is->failed = 0;
                memset(is->chip_failed, 0, sizeof(is->chip_failed));
                is->changed = true;
            }
        plant_light(world);
    }
}

static int64_t earlier(int64_t one, int64_t other) {
    return one < other ? one : other;
}

static int64_t next_us(const struct world *world) {
    int64_t next = earlier(network_next_us(&world->network), disk_next_us(&world->disk));
    next = earlier(next, fabric_next_wakeup_us(world->fabric));
    next = earlier(next, earlier(world->sweep_at_us, world->hosts_heal_at_us));
    for (unsigned cube = 0; cube < world->fleet->n_cubes; cube++)
        next = earlier(next, world->report_at_us[cube]);
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        next = earlier(next, earlier(world->heal_at_us[ocs],
                                     earlier(world->light_at_us[ocs], world->power_on_at_us[ocs])));
    return next;
}

static void turn(struct world *world) {
    world->network.now_us = world->disk.now_us = world->now_us;
    fabric_set_clock(world->fabric, world->now_us, world->now_us + WALL_OFFSET_US);
    heal(world);
    network_run(&world->network, world->now_us);
    disk_run(&world->disk, world->fabric, world->now_us);
    run_hosts(world);
    if (world->advance_due || world->now_us >= fabric_next_wakeup_us(world->fabric)) {
        world->advance_due = false;
        fabric_advance(world->fabric, world->now_us);
    }
}

void world_run(struct world *world, int64_t until_us) {
    for (;;) {
        int64_t next = world->advance_due ? world->now_us : next_us(world);
        if (next > until_us) {
            world->now_us = world->network.now_us = world->disk.now_us = until_us;
            return;
        }
        if (next > world->now_us) {
            world->now_us = next;
            world->dead_turns = 0;
        } else if (++world->dead_turns > TURNS_AT_ONE_INSTANT) {
            world_fail(world, "the daemon spins: %d turns at one instant", TURNS_AT_ONE_INSTANT);
        }
        turn(world);
    }
}

static void unmark_cubes(struct world *world) {
    for (unsigned cube = 0; cube < world->fleet->n_cubes; cube++) {
        const struct fabric_cube *is = &world->fabric->pods->cube[cube];
        if (!is->mark || is->mark == HEALTH_HEALTHY)
            continue;
        struct fabric_actor actor = world_actor(world, "MarkCube");
        struct fabric_outcome outcome;
        struct fabric_refusal refusal = {0};
        int r = fabric_mark_cube(world->fabric, &actor, is, HEALTH_HEALTHY, "repaired", world->now_us,
                                 &outcome, &refusal);
        (void)r; /* with the store broken: tried again */
        fabric_refusal_deinit(&refusal);
    }
}

static void release_cubes(struct world *world) {
    for (unsigned cube = 0; cube < world->fleet->n_cubes; cube++) {
        const struct fabric_cube *is = &world->fabric->pods->cube[cube];
        if (is->scheduling != SCHEDULING_QUARANTINED || is->health != HEALTH_HEALTHY)
            continue;
        struct fabric_actor actor = world_actor(world, "ReleaseCube");
        struct fabric_outcome outcome;
        struct fabric_refusal refusal = {0};
        int r = fabric_schedule_cube(world->fabric, &actor, is, FABRIC_RELEASE, "repaired", 0, world->now_us,
                                     &outcome, &refusal);
        (void)r; /* with the store broken: tried again */
        fabric_refusal_deinit(&refusal);
    }
}

static void thaw(struct world *world) {
    if (!world->fabric->pods->frozen)
        return;
    struct fabric_actor actor = world_actor(world, "ThawPod");
    struct fabric_outcome outcome;
    struct fabric_refusal refusal = {0};
    int r = fabric_thaw(world->fabric, &actor, world->fabric->pods, world->now_us, &outcome, &refusal);
    (void)r;
    fabric_refusal_deinit(&refusal);
}

/* Until all is at rest, or limit_us have passed. NULL, or what is not at rest. */
static const char *run_to_rest(struct world *world, int64_t limit_us, char *text, size_t size) {
    int64_t until_us = world->now_us + limit_us;
    const char *what = "";
    while (what && world->now_us < until_us) {
        hands_off(world);
        unmark_cubes(world);
        release_cubes(world);
        thaw(world);
        world_run(world, world->now_us + (limit_us > REST_US ? 20 * REST_STEP_US : REST_STEP_US));
        judge_books(world);
        what = judge_rest(world, text, size);
    }
    return what;
}

void world_settle(struct world *world) {
    char text[300];
    world->disk.is_slow = false;
    world->disk.broken_until_us = world->disk.stalled_until_us = 0;
    world->hosts_heal_at_us = world->now_us;
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++) {
        world->heal_at_us[ocs] = world->now_us;
        if (world->power_on_at_us[ocs] != INT64_MAX)
            world->power_on_at_us[ocs] = world->now_us;
        network_drop(&world->network, ocs, world->now_us);
    }
    world_tell(world, "all faults end");
    const char *what = run_to_rest(world, REST_US, text, sizeof(text));
    if (what) {
        world->counts->long_waits++;
        what = run_to_rest(world, REST_AFTER_FIGHT_US, text, sizeof(text));
    }
    if (what)
        world_fail(world, "not at rest long after the last fault: %s", what);
    world_tell(world, "at rest");
}

static bool has_rivals(const struct world *world) {
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++)
        for (unsigned a = 1; a <= world->fleet->n_ports; a++)
            if (world->fabric->pods->ocs[ocs].port[a].circuit_class == CIRCUIT_UNACCOUNTED)
                return true;
    return false;
}

void world_final_torus(struct world *world) {
    char text[300];
    const char *topology = world->fleet->n_cubes == 8    ? "8x8x8"
                           : world->fleet->n_cubes == 18 ? "8x12x12"
                                                         : "12x12x12";
    for (const struct fabric_slice *slice = world->fabric->slices, *next; slice; slice = next) {
        next = slice->next;
        struct fabric_actor actor = world_actor(world, "DeleteSlice");
        struct fabric_outcome outcome;
        struct fabric_refusal refusal = {0};
        for (unsigned i = 0; i < world->n_claims; i++)
            if (world->claim[i].uid == slice->uid)
                world->claim[i].is_delete_asked = true;
        int r = fabric_delete_slice(world->fabric, &actor, slice->name, slice->uid, world->now_us, &outcome,
                                    &refusal);
        if (r)
            world_fail(world, "slice %s cannot be deleted at the end: %s", slice->name, refusal.text);
    }
    const char *what = run_to_rest(world, REST_US, text, sizeof(text));
    if (what)
        world_fail(world, "not at rest after everything was deleted: %s", what);
    if (has_rivals(world) || world->fleet->n_missing)
        return;
    struct fabric_actor actor = world_actor(world, "CreateSlice");
    struct fabric_slice_spec spec = {.name = "all-of-it", .topology = topology, .pod = world->fabric->pods};
    struct fabric_outcome outcome;
    struct fabric_refusal refusal = {0};
    int r = fabric_create_slices(world->fabric, &actor, &spec, 1, 0, world->now_us, NULL, &outcome, &refusal);
    if (r)
        world_fail(world, "every cube is free and healthy, and %s is refused: %s", topology, refusal.text);
    what = run_to_rest(world, REST_US, text, sizeof(text));
    if (what)
        world_fail(world, "not at rest after a torus of every cube was asked for: %s", what);
    world->counts->final_tori++;
}
