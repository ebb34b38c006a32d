/* Random schedules of requests and faults on the daemon's core, a virtual clock, virtual switches and a
 * virtual disk; reproducible from a seed. See tests/world/world.h.
 *
 *   seeded_world --seed N --schedules K [--steps S] [--verbose]
 *
 * Schedule i of a run has seed N + i. A schedule that fails, or that ends the process, is cut down to the
 * shortest list of actions that still fails, and that list is printed. Exit 0: none failed; 1: one did. */
#include "tests/world/actions.h"
#include "tests/world/judge.h"
#include "tests/world/template.h"
#include "daemon/fabric/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEPS_MAX 400
#define SHRINK_RUNS_MAX 400

struct shared {
    struct world_counts counts;
    uint64_t running; /* seed of the schedule under way */
    char failure[600];
};

static struct {
    uint64_t seed;
    unsigned long schedules;
    unsigned steps;
    enum world_loudness loudness;
} options = {.seed = 1, .schedules = 100, .steps = 24};

static struct shared *shared;
static char folder[64];
static struct fleet fleets[FLEET_VARIANTS];
static struct text databases[FLEET_VARIANTS];
static struct world *world;

/* The database of a pod that was set up is kept: each schedule begins with a copy. */
static bool make_databases(void) {
    for (unsigned variant = 0; variant < FLEET_VARIANTS; variant++)
        if (!template_make(world, &fleets[variant], variant, folder, &shared->counts, &databases[variant]))
            return false;
    memset(&shared->counts, 0, sizeof(shared->counts));
    return true;
}

static unsigned draw_actions(uint64_t seed, struct action *actions) {
    struct chance chance = {chance_mix(seed ^ 0x5eeded)};
    for (unsigned i = 0; i < options.steps; i++)
        actions[i] = action_draw(&chance);
    return options.steps;
}

static void draw_dialects(struct chance *chance) {
    for (unsigned ocs = 0; ocs < FLEET_OCSES; ocs++) {
        struct sim_behaviour *is = &world->plant.switches[ocs].behaviour;
        is->add_on_used = chance_between(chance, 0, 1);
        is->bad_pair = chance_between(chance, 0, 1);
        is->sub_unmatched = chance_between(chance, 0, 2);
        is->failed_port = chance_between(chance, 0, 1);
        is->stat = chance_between(chance, 0, 1);
        is->answers = chance_between(chance, 0, 1);
        is->error_drops_line = chance_between(chance, 0, 1);
        is->error_queue = chance_between(chance, 0, 1);
        is->boot_ms = chance_between(chance, 0, 3000);
    }
}

/* Returns whether it went well; the world is left as it is when not. */
static bool run_schedule(uint64_t seed, const struct action *actions, unsigned n_actions) {
    struct chance chance = {chance_mix(seed ^ 0xd1a1ec7)};
    int64_t draw = chance_between(&chance, 0, 99);
    unsigned variant = draw < 40 ? 0 : draw < 80 ? 1 : draw < 92 ? 2 : draw < 98 ? 3 : 4;
    world_init(world, &fleets[variant], seed, folder, &databases[variant], &shared->counts, options.loudness);
    draw_dialects(&chance);
    bool has_failed = setjmp(world->failed) != 0;
    if (!has_failed) {
        world_run(world, world->now_us + 6000000);
        for (unsigned i = 0; i < n_actions; i++)
            action_run(world, &actions[i]);
        world_settle(world);
        if (chance_between(&chance, 0, 2) == 0)
            world_final_torus(world);
        shared->counts.schedules++;
        shared->counts.commits += world->disk.n_groups;
        shared->counts.changes += world->disk.n_changes;
        shared->counts.disk_failures += world->disk.n_failures;
        shared->counts.virtual_s += (unsigned long)((world->now_us - 1000000000) / 1000000);
        world_deinit(world);
        return true;
    }
    memcpy(shared->failure, world->failure, sizeof(shared->failure));
    return false;
}

/* In a process of its own: whether the schedule fails, by verdict or by death. */
static bool fails(uint64_t seed, const struct action *actions, unsigned n_actions, bool print) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (!print && !freopen("/dev/null", "w", stderr))
            _exit(1);
        options.loudness = print ? WORLD_TELLS : WORLD_SILENT;
        bool is_good = run_schedule(seed, actions, n_actions);
        _exit(is_good ? 0 : 1);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    return status != 0;
}

/* Takes away ever smaller pieces of the list while what is left still fails. */
static unsigned shrink(uint64_t seed, struct action *actions, unsigned count) {
    unsigned runs = 0;
    for (unsigned piece = count / 2; piece >= 1; piece /= 2)
        for (unsigned at = 0; at + piece <= count && runs < SHRINK_RUNS_MAX;) {
            struct action left[STEPS_MAX];
            memcpy(left, actions, sizeof(*left) * at);
            memcpy(left + at, actions + at + piece, sizeof(*left) * (count - at - piece));
            runs++;
            if (fails(seed, left, count - piece, false)) {
                count -= piece;
                memcpy(actions, left, sizeof(*left) * count);
            } else {
                at += piece;
            }
        }
    return count;
}

static void tell_failure(uint64_t seed) {
    struct action actions[STEPS_MAX];
    unsigned count = draw_actions(seed, actions);
    printf("FAILED: seed %llu: %s\n", (unsigned long long)seed,
           shared->failure[0] ? shared->failure : "the process died");
    if (!fails(seed, actions, count, false)) {
        printf("it does not fail when it is run alone\n");
        return;
    }
    count = shrink(seed, actions, count);
    printf("%u of its %u actions are enough:\n", count, options.steps);
    fails(seed, actions, count, true);
    printf("repeat with: seeded_world --seed %llu --schedules 1 --steps %u --verbose\n",
           (unsigned long long)seed, options.steps);
}

static void print_counts(double took_s) {
    const struct world_counts *counts = &shared->counts;
    printf("count: seeds from %llu, %u steps each\n", (unsigned long long)options.seed, options.steps);
    printf("count: %lu schedules, %.0f a second, %lu hours of virtual time\n", counts->schedules,
           (double)counts->schedules / (took_s > 0 ? took_s : 1), counts->virtual_s / 3600);
    for (unsigned i = 0; i < COUNT_REQUESTS; i++)
        printf("count: %s: %lu accepted, %lu refused\n", action_request_name(i), counts->accepted[i],
               counts->refused[i]);
    printf(
        "count: %lu refused for the store, %lu undone by it; %lu group commits of %lu changes, %lu failed\n",
        counts->unavailable, counts->undone, counts->commits, counts->changes, counts->disk_failures);
    printf("count: %lu lines with set commands, %lu mirror moves, %lu maps read, %lu READY and %lu DEGRADED "
           "checked\n",
           counts->set_lines, counts->moves, counts->reads, counts->ready, counts->degraded);
    printf("count: %lu drifts put right, %lu late moves, %lu waits for the end of a fight, %lu tori of every "
           "cube, %lu times a person was told that it is safe, %lu test circuits\n",
           counts->put_right, counts->late_executions, counts->long_waits, counts->final_tori, counts->safe,
           counts->test_circuits);
    for (unsigned i = 0; action_fault_name(i); i++)
        printf("%s%s %lu%s", i % 6 ? ", " : "count: faults: ", action_fault_name(i), counts->faults[i],
               i % 6 == 5 || !action_fault_name(i + 1) ? "\n" : "");
}

static unsigned long long read_number(const char *name, const char *text) {
    char *end;
    unsigned long long number = text ? strtoull(text, &end, 10) : 0;
    if (!text || !*text || *end) {
        fprintf(stderr, "seeded_world: %s: a number is needed, not \"%s\"\n", name, text ? text : "");
        exit(2);
    }
    return number;
}

static void read_options(char **arguments) {
    for (char **at = arguments + 1; *at; at++) {
        if (strcmp(*at, "--verbose") == 0) {
            options.loudness = WORLD_LOUD;
            continue;
        }
        const char *name = *at, *value = at[1];
        if (strcmp(name, "--seed") == 0)
            options.seed = read_number(name, value);
        else if (strcmp(name, "--schedules") == 0)
            options.schedules = (unsigned long)read_number(name, value);
        else if (strcmp(name, "--steps") == 0)
            options.steps = (unsigned)read_number(name, value);
        else
            value = NULL;
        if (!value || options.steps > STEPS_MAX) {
            fprintf(stderr,
                    "usage: seeded_world --seed N --schedules K [--steps S, at most %d] [--verbose]\n",
                    STEPS_MAX);
            exit(2);
        }
        at++;
    }
}

static int run_all(void) {
    struct action actions[STEPS_MAX];
    for (unsigned long i = 0; i < options.schedules; i++) {
        shared->running = options.seed + i;
        if (!run_schedule(shared->running, actions, draw_actions(shared->running, actions)))
            _exit(1);
    }
    for (unsigned variant = 0; variant < FLEET_VARIANTS; variant++)
        text_deinit(&databases[variant]);
    free(world);
    return 0;
}

int main(int argc, char **argv) {
    read_options(argv);
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    world = malloc(sizeof(*world));
    bool has_shm = access("/dev/shm", W_OK) == 0;
    snprintf(folder, sizeof(folder), "%s/heliostat-world-XXXXXX", has_shm ? "/dev/shm" : "/tmp");
    if (shared == MAP_FAILED || !world || !mkdtemp(folder)) {
        perror("seeded_world");
        return 2;
    }
    struct timespec started, ended;
    clock_gettime(CLOCK_MONOTONIC, &started);
    if (!make_databases()) {
        template_remove(folder);
        return 1;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        exit(run_all());
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    clock_gettime(CLOCK_MONOTONIC, &ended);
    print_counts((double)(ended.tv_sec - started.tv_sec) + (double)(ended.tv_nsec - started.tv_nsec) / 1e9);
    if (status != 0)
        tell_failure(shared->running);
    template_remove(folder);
    return status != 0;
}
