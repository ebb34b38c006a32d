/* Fails the N-th answer of a switch, for N = 1, 2, 3 ... until a run meets no failure: lost, cut off,
 * garbled, doubled, late, the connection ended; once and from then on at that switch. Each run plays the same
 * requests on the daemon's core, a virtual clock, virtual switches and a virtual disk, then restarts the
 * daemon; the judge of the seeded world watches all of it, and everything must come to rest as it should.
 *
 * Usage: answer_faults SEED [--budget S]; the seed draws the requests. With a budget every k-th N, from the
 * seed on, so that it takes about that long. */
#include "tests/world/actions.h"
#include "tests/world/judge.h"
#include "tests/world/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REQUESTS 12

static struct world *world;
static struct fleet fleet;
static struct text database;
static struct world_counts counts;
static char folder[64];
static uint64_t seed;

/* What fails in a run, and what came of it. */
static struct {
    enum answer_fault fault;
    bool is_lasting;
    unsigned long nth, answers;
    int struck; /* the switch; -1: none yet */
    bool is_over;
} plan;

static enum answer_fault spoil(void *userdata, unsigned ocs) {
    if (plan.is_over)
        return ANSWER_FINE;
    plan.answers++;
    bool strikes = plan.answers == plan.nth || (plan.is_lasting && plan.struck == (int)ocs);
    if (!plan.nth || !strikes)
        return ANSWER_FINE;
    plan.struck = (int)ocs;
    if (plan.fault == ANSWER_GARBLED) /* a changed digit is a map too */
        world->disturbed_at_us[ocs] = plan.is_lasting ? INT64_MAX / 2 : world->now_us + 1;
    return plan.fault;
}

/* Returns whether all went well; the world is left as it is when not. */
static bool play(void) {
    struct chance chance = {chance_mix(seed)};
    struct action actions[REQUESTS];
    for (unsigned i = 0; i < REQUESTS; i++)
        actions[i] = action_draw_request(&chance, i < 2);
    plan.answers = 0;
    plan.struck = -1;
    plan.is_over = false;
    world_init(world, &fleet, seed, folder, &database, &counts, WORLD_SILENT);
    world->network.spoil = spoil;
    if (setjmp(world->failed))
        return false;
    for (unsigned i = 0; i < REQUESTS; i++)
        action_run(world, &actions[i]);
    world_run(world, world->now_us + 8000000);
    world_crash(world);
    world_run(world, world->now_us + 2000000);
    plan.is_over = true;
    world_settle(world);
    world_deinit(world);
    return true;
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool run_passes(double budget_s) {
    static const char *const names[ANSWER_FAULTS] = {
        [ANSWER_LOST] = "lost",       [ANSWER_RESET] = "connection ended", [ANSWER_TRUNCATED] = "cut off",
        [ANSWER_GARBLED] = "garbled", [ANSWER_DOUBLED] = "doubled",        [ANSWER_LATE] = "late"};
    unsigned passes = 2 * (ANSWER_FAULTS - 1);
    unsigned long covered_in_all = 0, total = 0;
    plan.nth = 0;
    if (!play()) {
        printf("FAILED without a fault, seed %llu: %s\n", (unsigned long long)seed, world->failure);
        return false;
    }
    for (unsigned pass = 0; pass < passes; pass++) {
        plan.fault = (enum answer_fault)(pass / 2 + 1);
        plan.is_lasting = pass % 2;
        double started_s = now_s(), share_s = budget_s / passes;
        unsigned long stride = 1, covered = 0, last = 0;
        plan.nth = 1 + (budget_s > 0 ? seed % 7 : 0);
        for (;; plan.nth += stride) {
            if (!play()) {
                printf("FAILED: answer %lu %s%s, seed %llu: %s\n", plan.nth, names[plan.fault],
                       plan.is_lasting ? " and all that follow" : "", (unsigned long long)seed,
                       world->failure);
                return false;
            }
            if (plan.struck < 0)
                break;
            covered++;
            last = plan.answers > last ? plan.answers : last;
            /* As far apart as lets the last one be met in time. */
            double left_s = share_s - (now_s() - started_s), each_s = (now_s() - started_s) / (double)covered;
            double room = left_s > each_s ? left_s / each_s : 1;
            if (budget_s > 0 && last > plan.nth)
                stride = 1 + (unsigned long)((double)(last - plan.nth) / room);
        }
        printf("%s %s: covered %lu of %lu\n", names[plan.fault], plan.is_lasting ? "from then on" : "once",
               covered, plan.answers);
        fflush(stdout);
        covered_in_all += covered;
        total += plan.answers;
        if (!covered)
            return false;
    }
    printf("count: device answers: covered %lu of %lu\n", covered_in_all, total);
    return true;
}

int main(int argc, char **argv) {
    double budget_s = argc > 3 && strcmp(argv[2], "--budget") == 0 ? atof(argv[3]) : 0;
    if (argc < 2 || (argc > 2 && budget_s <= 0)) {
        fprintf(stderr, "usage: answer_faults SEED [--budget S]\n");
        return 2;
    }
    seed = strtoull(argv[1], NULL, 10);
    world = malloc(sizeof(*world));
    snprintf(folder, sizeof(folder), "%s/heliostat-answers-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!world || !mkdtemp(folder)) {
        perror("answer_faults");
        return 2;
    }
    bool is_good = template_make(world, &fleet, 1, folder, &counts, &database) && run_passes(budget_s);
    template_remove(folder);
    text_deinit(&database);
    free(world);
    return is_good ? 0 : 1;
}
