/* helioctl whatif replay: a job trace under several policies, side by side; whatif trace: makes one up. */
#include "topology/whatif/replay.h"
#include "ctl/whatif/pool.h"
#include "ctl/whatif/report.h"
#include "ctl/whatif/trace.h"
#include "ctl/whatif/values.h"
#include "ctl/whatif/whatif.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define POLICIES_MAX 12
#define SAMPLES 400
#define HOUR_MS 3600000.0
#define DAY_MS 86400000.0

struct one {
    const char *name;
    struct whatif_replay input;
    struct whatif_replay_result result;
    struct whatif_job_result *jobs;
    struct whatif_sample samples[SAMPLES + 1];
    FILE *log;
    bool (*tick)(uint64_t more);
    uint64_t ticked;
    int error;
};

static int read_policy(struct ctl *ctl, const char *text, struct whatif_policy *policy) {
    static const struct {
        const char *name;
        enum whatif_placement placement;
    } bases[] = {
        {"reuse", WHATIF_OCS_REUSE}, {"first-fit", WHATIF_OCS_FIRST_FIT}, {"fixed", WHATIF_FIXED_TORUS}};
    char *rest = ctl_text(ctl, "%s", text), *word = strsep(&rest, "+");
    bool known = false;
    for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++)
        if (strcmp(word, bases[i].name) == 0) {
            known = true;
            policy->placement = bases[i].placement;
        }
    for (word = strsep(&rest, "+"); known && word; word = strsep(&rest, "+")) {
        int64_t spares;
        if (strcmp(word, "defrag") == 0)
            policy->defragment = true;
        else if (strncmp(word, "spares=", 7) == 0 && ctl_parse_number(word + 7, &spares) && spares <= 64 &&
                 policy->placement != WHATIF_FIXED_TORUS)
            policy->spares = (unsigned)spares;
        else
            known = false;
    }
    return known ? 0
                 : ctl_fail(
                       ctl, CTL_EXIT_USAGE,
                       "--policy: \"%s\" is none; write reuse, first-fit or fixed, then +defrag and, but for "
                       "fixed, +spares=N (at most 64)",
                       text);
}

static bool read_times(struct ctl *ctl, struct whatif_policy *p) {
    int64_t depth;
    p->queue =
        strcmp(ctl_flag_text_or(ctl, "queue", "backfill"), "fifo") == 0 ? WHATIF_FIFO : WHATIF_BACKFILL;
    if (!whatif_flag_count(ctl, "depth", 256, 0, 1000000, &depth))
        return false;
    p->depth = (unsigned)depth;
    return whatif_flag_time(ctl, "patience", "7d", &p->patience_ms) &&
           whatif_flag_time(ctl, "checkpoint-every", "30m", &p->checkpoint_ms) &&
           whatif_flag_time(ctl, "restart", "5m", &p->restart_ms) &&
           whatif_flag_time(ctl, "swap", "60s", &p->swap_ms) &&
           whatif_flag_time(ctl, "move", "10m", &p->move_ms) &&
           whatif_flag_time(ctl, "defrag-every", "1h", &p->defragment_every_ms);
}

static void log_step(void *userdata, const struct whatif_step_record *record) {
    static const char *const names[] = {"start", "end", "hit", "swap", "requeue", "move", "never"};
    const struct one *one = userdata;
    fprintf(one->log, "{\"policy\": \"%s\", \"step\": \"%s\", \"timeMs\": %lld, \"job\": %u, \"cubes\": [",
            one->name, names[record->step], (long long)record->time_ms, record->job);
    for (unsigned i = 0; i < record->n_cubes; i++)
        fprintf(one->log, "%s%u", i ? ", " : "", record->cubes[i]);
    fprintf(one->log, "], \"hosts\": %u, \"moves\": %u}\n", record->hosts, record->moves);
}

static bool stop(void *userdata, uint64_t events) {
    struct one *one = userdata;
    uint64_t more = events - one->ticked;
    one->ticked = events;
    return one->tick(more);
}

static void run_one(void *input, unsigned task, bool (*tick)(uint64_t more)) {
    struct one *one = &((struct one *)input)[task];
    one->tick = tick;
    one->input.stop = stop;
    one->input.stop_userdata = one;
    one->error = whatif_replay_run(&one->input, one->jobs, one->samples, &one->result);
}

static int by_value(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return a < b ? -1 : a > b;
}

static double at_share(const double *sorted, uint32_t n, double share) {
    return n ? sorted[(uint32_t)(share * (n - 1))] : 0;
}

/* Waits and slowdowns of the jobs that ended. */
struct waits {
    double mean_wait_h, mean_shape_h, p95_wait_h, mean_slowdown, p95_slowdown;
    uint32_t n;
};

static struct waits measure(struct ctl *ctl, const struct one *one) {
    const struct whatif_replay *input = &one->input;
    struct waits w = {0};
    double *waits = ctl_alloc(ctl, (input->n_jobs + 1) * sizeof(*waits)),
           *slow = ctl_alloc(ctl, (input->n_jobs + 1) * sizeof(*slow));
    for (uint32_t i = 0; i < input->n_jobs; i++) {
        const struct whatif_job_result *job = &one->jobs[i];
        if (job->end_ms < 0)
            continue;
        double length =
            (double)input->jobs[i].duration_ms < 60000 ? 60000 : (double)input->jobs[i].duration_ms;
        double slowdown = (double)(job->end_ms - input->jobs[i].arrival_ms) / length;
        waits[w.n] = (double)job->wait_ms / HOUR_MS;
        slow[w.n++] = slowdown < 1 ? 1 : slowdown;
        w.mean_wait_h += (double)job->wait_ms / HOUR_MS;
        w.mean_shape_h += (double)job->shape_wait_ms / HOUR_MS;
        w.mean_slowdown += slowdown < 1 ? 1 : slowdown;
    }
    if (w.n) {
        w.mean_wait_h /= w.n;
        w.mean_shape_h /= w.n;
        w.mean_slowdown /= w.n;
    }
    qsort(waits, w.n, sizeof(*waits), by_value);
    qsort(slow, w.n, sizeof(*slow), by_value);
    w.p95_wait_h = at_share(waits, w.n, 0.95);
    w.p95_slowdown = at_share(slow, w.n, 0.95);
    return w;
}

static void add_policy(struct ctl *ctl, struct whatif_report *report, struct whatif_table *table,
                       const struct one *one) {
    const struct whatif_replay_result *r = &one->result;
    struct waits w = measure(ctl, one);
    whatif_text(report, table, "%s", one->name);
    const uint32_t counts[] = {r->ended, r->unfinished, r->never};
    for (size_t i = 0; i < 3; i++)
        whatif_number(report, table, "%u", counts[i]);
    whatif_number(report, table, "%.2f",
                  r->healthy_host_ms ? 100.0 * (double)r->used_host_ms / (double)r->healthy_host_ms : 0);
    const double values[] = {w.mean_wait_h,   w.mean_wait_h - w.mean_shape_h,
                             w.mean_shape_h,  w.p95_wait_h,
                             w.mean_slowdown, w.p95_slowdown};
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
        whatif_number(report, table, "%.3f", values[i]);
    whatif_number(report, table, "%llu", (unsigned long long)r->mirror_moves);
    const uint32_t more[] = {r->hits, r->swaps, r->requeues, r->moved_jobs};
    for (size_t i = 0; i < 4; i++)
        whatif_number(report, table, "%u", more[i]);
    whatif_number(report, table, "%.1f", 4 * (double)r->lost_host_ms / HOUR_MS);
    whatif_number(report, table, "%.3f", (double)r->end_ms / DAY_MS);
}

static unsigned samples_of(const struct one *one) {
    unsigned n = (unsigned)(one->result.end_ms / one->input.sample_every_ms) + 1;
    return n < one->input.n_samples ? n : one->input.n_samples;
}

static void add_samples(struct ctl *ctl, struct whatif_report *report, struct one *ones, unsigned n) {
    static const char *const columns[] = {"POLICY|policy",
                                          "DAY|day",
                                          "USED CHIPS|usedChips",
                                          "HEALTHY CHIPS|healthyChips",
                                          "LARGEST FREE CUBES|largestFreeCubes",
                                          "QUEUED|queued",
                                          NULL};
    struct whatif_table *table =
        whatif_table_new(report, "samples", "Over time (means since the row before)", columns);
    struct whatif_chart *used = whatif_chart_new(report, WHATIF_CHART_LINES, "Utilisation over time",
                                                 "time (days)", "chips in use (% of healthy chips)");
    struct whatif_chart *queued =
        whatif_chart_new(report, WHATIF_CHART_LINES, "Jobs that wait", "time (days)", "jobs in the queue");
    struct whatif_chart *largest =
        whatif_chart_new(report, WHATIF_CHART_LINES, "Largest slice that could start", "time (days)",
                         "largest free slice (chips)");
    table->shown = 12;
    used->y_most = 100;
    for (unsigned i = 0; i < n; i++) {
        size_t a = whatif_series_add(used, ones[i].name), b = whatif_series_add(largest, ones[i].name),
               c = whatif_series_add(queued, ones[i].name);
        unsigned count = samples_of(&ones[i]), every = count > 80 ? count / 80 : 1;
        for (unsigned s = 0; s < count; s++) {
            const struct whatif_sample *sample = &ones[i].samples[s];
            double day = (double)s * (double)ones[i].input.sample_every_ms / DAY_MS;
            whatif_text(report, table, "%s", ones[i].name);
            whatif_number(report, table, "%.4f", day);
            whatif_number(report, table, "%u", sample->used_chips);
            whatif_number(report, table, "%u", sample->healthy_chips);
            whatif_number(report, table, "%u", sample->largest_free_cubes);
            whatif_number(report, table, "%u", sample->queued);
            if (s % every)
                continue;
            /* The mean over the samples that one point stands for. */
            double in_use = 0, well = 0, room = 0;
            unsigned first = s + 1 > every ? s + 1 - every : 0;
            for (unsigned t = first; t <= s; t++) {
                in_use += ones[i].samples[t].used_chips;
                well += ones[i].samples[t].healthy_chips;
                room += ones[i].samples[t].largest_free_cubes;
            }
            whatif_point(ctl, used, a, day, well > 0 ? 100 * in_use / well : 0);
            whatif_point(ctl, largest, b, day, 64 * room / (s + 1 - first));
            whatif_point(ctl, queued, c, day, sample->queued);
        }
    }
}

static void draw_waits(struct ctl *ctl, struct whatif_report *report, struct one *ones, unsigned n) {
    static const double edges_h[] = {0, 0.1, 0.5, 1, 2, 4, 8, 16, 32, 64};
    static const char *names[] = {"none", "up to 0.1", "0.5", "1", "2", "4", "8", "16", "32", "64", "more"};
    struct whatif_chart *histogram =
        whatif_chart_new(report, WHATIF_CHART_BARS, "How long jobs wait", "wait (hours, up to)",
                         "share of the jobs that ended (%)");
    struct whatif_chart *split = whatif_chart_new(report, WHATIF_CHART_BARS, "What jobs wait for, on average",
                                                  "policy", "mean wait (hours)");
    size_t capacity = whatif_series_add(split, "for capacity"), shape = whatif_series_add(split, "for shape");
    histogram->names = names;
    histogram->n_names = sizeof(names) / sizeof(*names);
    split->names = ctl_alloc(ctl, n * sizeof(*split->names));
    for (unsigned i = 0; i < n; i++) {
        uint32_t counts[11] = {0}, all = 0;
        struct waits w = measure(ctl, &ones[i]);
        for (uint32_t j = 0; j < ones[i].input.n_jobs; j++) {
            unsigned bucket = 0;
            if (ones[i].jobs[j].end_ms < 0)
                continue;
            while (bucket < 10 && (double)ones[i].jobs[j].wait_ms / HOUR_MS > edges_h[bucket])
                bucket++;
            counts[bucket]++;
            all++;
        }
        size_t line = whatif_series_add(histogram, ones[i].name);
        for (unsigned bucket = 0; bucket < 11; bucket++)
            whatif_point(ctl, histogram, line, bucket, all ? 100.0 * counts[bucket] / all : 0);
        split->names[split->n_names++] = ones[i].name;
        whatif_point(ctl, split, capacity, i, w.mean_wait_h - w.mean_shape_h);
        whatif_point(ctl, split, shape, i, w.mean_shape_h);
    }
}

/* Mean wait by size of slice. */
static void add_sizes(struct whatif_report *report, struct one *ones, unsigned n) {
    static const char *const columns[] = {"POLICY|policy",
                                          "CHIPS UP TO|chipsUpTo",
                                          "JOBS|jobs",
                                          "NEVER FIT|neverFit",
                                          "WAIT H|meanWaitHours",
                                          "OF IT SHAPE H|meanShapeWaitHours",
                                          NULL};
    static const uint32_t classes[] = {32, 64, 256, 1024, 4096, UINT32_MAX};
    struct whatif_table *table = whatif_table_new(report, "sizes", "By size of slice", columns);
    for (unsigned i = 0; i < n; i++)
        for (size_t c = 0; c < sizeof(classes) / sizeof(*classes); c++) {
            uint32_t jobs = 0, never = 0, ended = 0;
            double wait = 0, shape = 0;
            for (uint32_t j = 0; j < ones[i].input.n_jobs; j++) {
                uint32_t chips = ones[i].input.shapes[ones[i].input.jobs[j].shape].n_chips;
                if (chips > classes[c] || (c && chips <= classes[c - 1]))
                    continue;
                jobs++;
                never += ones[i].jobs[j].never;
                if (ones[i].jobs[j].end_ms < 0)
                    continue;
                ended++;
                wait += (double)ones[i].jobs[j].wait_ms / HOUR_MS;
                shape += (double)ones[i].jobs[j].shape_wait_ms / HOUR_MS;
            }
            if (!jobs)
                continue;
            whatif_text(report, table, "%s", ones[i].name);
            whatif_number(report, table, "%u", classes[c] == UINT32_MAX ? 9216 : classes[c]);
            whatif_number(report, table, "%u", jobs);
            whatif_number(report, table, "%u", never);
            whatif_number(report, table, "%.3f", ended ? wait / ended : 0);
            whatif_number(report, table, "%.3f", ended ? shape / ended : 0);
        }
}

/* The jobs: a file, the audit trail, or made up. */
static int read_jobs(struct ctl *ctl, struct whatif_report *report, const struct whatif_start *start,
                     struct whatif_trace *trace) {
    const char *path = ctl_positional(ctl, 0), *mix_name = ctl_flag_text(ctl, "mix"), *note = NULL;
    uint64_t seed = (uint64_t)ctl_flag_number(ctl, "seed", WHATIF_SEED_DEFAULT);
    struct whatif_mix mix;
    int64_t per_processor, n_jobs, span_ms;
    int exit_status;
    trace->round_up = ctl_has(ctl, "round-up");
    if (!whatif_flag_time(ctl, "from", "0s", &trace->from_ms) ||
        !whatif_flag_time(ctl, "until", "0s", &trace->until_ms) ||
        !whatif_flag_count(ctl, "chips-per-processor", 1, 1, 9216, &per_processor) ||
        !whatif_flag_count(ctl, "jobs", 10000, 1, WHATIF_JOBS_MAX, &n_jobs) ||
        !whatif_flag_time(ctl, "span", "30d", &span_ms))
        return CTL_EXIT_USAGE;
    if (ctl_has(ctl, "from-audit")) {
        if (path)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "--from-audit and a trace file contradict each other");
        exit_status = whatif_read_audit(trace, ctl_flag_text_or(ctl, "since", ""), &note);
        whatif_input(report, "jobs", "%u from the audit trail", trace->n_jobs);
    } else if (path) {
        size_t length = strlen(path);
        bool swf = length > 4 && strcmp(path + length - 4, ".swf") == 0;
        exit_status =
            swf ? whatif_read_swf(trace, path, (uint64_t)per_processor) : whatif_read_csv(trace, path);
        whatif_input(report, "jobs", "%u of %s (%llu rows skipped)", trace->n_jobs, path,
                     (unsigned long long)trace->skipped);
    } else {
        struct whatif_synthesis synthesis = {(uint32_t)n_jobs, span_ms, 0.8, 1.5};
        const char *load = ctl_flag_text_or(ctl, "load", "80%");
        char *digits = ctl_text(ctl, "%s", load);
        size_t length = strlen(digits);
        bool percent = length && digits[length - 1] == '%';
        digits[length - percent] = 0;
        if (!whatif_read_decimal(digits, &synthesis.load) || (synthesis.load /= percent ? 100 : 1) > 100)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "--load: \"%s\" is no load; write 80%%", load);
        if (span_ms < 1)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "--span: longer than 0");
        exit_status = whatif_read_mix(trace, mix_name ? mix_name : "published", &mix);
        if (exit_status == 0)
            exit_status = whatif_make_jobs(trace, &synthesis, &mix, start->wiring->n_cubes, seed);
        whatif_input(report, "jobs", "%u made up over %.6g days, load %.4g, sizes from the %s mix",
                     trace->n_jobs, (double)span_ms / DAY_MS, synthesis.load,
                     mix_name ? mix_name : "published");
        mix_name = NULL;
    }
    if (exit_status == 0 && mix_name && (exit_status = whatif_read_mix(trace, mix_name, &mix)) == 0) {
        whatif_resample(trace, &mix, seed);
        whatif_input(report, "sizes",
                     "drawn anew from the %s mix (%.3g %% of it is too large for this pod and left out)",
                     mix_name, 100 * mix.left_out);
    }
    if (exit_status)
        return exit_status;
    if (note)
        whatif_say(report, "%s", note);
    if (!trace->n_jobs)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "there is no job in it");
    return 0;
}

static int read_faults(struct ctl *ctl, struct whatif_report *report, const struct whatif_start *start,
                       struct whatif_trace *trace) {
    const char *path = ctl_flag_text(ctl, "faults"), *note = NULL;
    uint64_t seed = (uint64_t)ctl_flag_number(ctl, "seed", WHATIF_SEED_DEFAULT);
    struct whatif_wear wear = {0};
    int64_t last_ms = 0;
    int exit_status = 0;
    if (!whatif_flag_time(ctl, "host-mtbf", "0s", &wear.host_mtbf_ms) ||
        !whatif_flag_time(ctl, "row-mtbf", "0s", &wear.row_mtbf_ms) ||
        !whatif_flag_time(ctl, "ocs-mtbf", "0s", &wear.ocs_mtbf_ms) ||
        !whatif_flag_duration(ctl, "repair", "3d-14d", &wear.repair) ||
        !whatif_flag_duration(ctl, "row-repair", "4h-1d", &wear.row_repair) ||
        !whatif_flag_duration(ctl, "ocs-repair", "1d-7d", &wear.ocs_repair))
        return CTL_EXIT_USAGE;
    for (uint32_t i = 0; i < trace->n_jobs; i++)
        last_ms = trace->jobs[i].arrival_ms + trace->jobs[i].duration_ms > last_ms
                      ? trace->jobs[i].arrival_ms + trace->jobs[i].duration_ms
                      : last_ms;
    if (path)
        exit_status = whatif_read_faults(trace, path, start->wiring->n_cubes, &note);
    if (exit_status == 0)
        exit_status = whatif_make_faults(trace, &wear, start, last_ms + last_ms / 4, seed);
    if (exit_status)
        return exit_status;
    if (note)
        whatif_input(report, "faults", "%s", note);
    if (wear.host_mtbf_ms || wear.row_mtbf_ms || wear.ocs_mtbf_ms)
        whatif_input(report, "made-up faults", "host MTBF %s, row MTBF %s, switch MTBF %s, repair %s",
                     ctl_flag_text_or(ctl, "host-mtbf", "never"), ctl_flag_text_or(ctl, "row-mtbf", "never"),
                     ctl_flag_text_or(ctl, "ocs-mtbf", "never"), ctl_flag_text_or(ctl, "repair", "3d-14d"));
    if (!trace->n_faults)
        whatif_input(report, "faults", "none");
    return 0;
}

/* Live slices are not part of a trace: the cubes are taken as free. */
static struct topo_pod *empty_pod(struct ctl *ctl, const struct whatif_start *start) {
    struct topo_pod *pod = ctl_alloc(ctl, sizeof(*pod));
    *pod = *start->pod;
    memset(&pod->used, 0, sizeof(pod->used));
    memset(&pod->spare, 0, sizeof(pod->spare));
    memset(pod->used_hosts, 0, sizeof(pod->used_hosts));
    memset(pod->slice_of, 0, sizeof(pod->slice_of));
    if (ctl_has(ctl, "from-audit")) { /* the past tells itself what failed when */
        memset(&pod->unhealthy, 0, sizeof(pod->unhealthy));
        memset(pod->bad_hosts, 0, sizeof(pod->bad_hosts));
    }
    return pod;
}

int whatif_replay(struct ctl *ctl) {
    static const char *const columns[] = {"POLICY|policy",
                                          "ENDED|jobsEnded",
                                          "UNFINISHED|jobsUnfinished",
                                          "NEVER FIT|jobsNeverFit",
                                          "UTILISATION %|utilisationPercent",
                                          "WAIT H|meanWaitHours",
                                          "FOR CAPACITY H|meanCapacityWaitHours",
                                          "FOR SHAPE H|meanShapeWaitHours",
                                          "WAIT P95 H|p95WaitHours",
                                          "SLOWDOWN|meanSlowdown",
                                          "SLOWDOWN P95|p95Slowdown",
                                          "MIRROR MOVES|mirrorMoves",
                                          "HITS|faultHits",
                                          "SWAPS|repairSwaps",
                                          "REQUEUED|requeues",
                                          "MOVED|movedJobs",
                                          "LOST CHIP-HOURS|lostChipHours",
                                          "DAYS|days",
                                          NULL};
    static char *standard[] = {"reuse", "first-fit", "fixed", "fixed+defrag"};
    struct whatif_report *report = whatif_report_new(ctl, "A job trace, policy by policy");
    struct whatif_start start;
    struct whatif_trace trace;
    struct whatif_policy policy = {0};
    size_t n;
    char **names = ctl_flag_list(ctl, "policy", &n);
    if (!n) {
        names = standard;
        n = sizeof(standard) / sizeof(*standard);
    }
    if (n > POLICIES_MAX)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--policy: at most %d", POLICIES_MAX);
    struct one *ones = ctl_alloc(ctl, n * sizeof(*ones));
    if (!read_times(ctl, &policy))
        return CTL_EXIT_USAGE;
    int exit_status = 0;
    for (size_t i = 0; i < n && exit_status == 0; i++) {
        ones[i].name = names[i];
        ones[i].input.policy = policy;
        exit_status = read_policy(ctl, names[i], &ones[i].input.policy);
    }
    if (exit_status == 0)
        exit_status = whatif_start(ctl, &start);
    if (exit_status)
        return exit_status;
    whatif_start_inputs(report, &start);
    whatif_trace_init(&trace, ctl, &start);
    exit_status = read_jobs(ctl, report, &start, &trace);
    if (exit_status == 0)
        exit_status = read_faults(ctl, report, &start, &trace);
    if (exit_status)
        return exit_status;
    whatif_trace_sort(&trace);
    int64_t last_ms = 1;
    for (uint32_t i = 0; i < trace.n_jobs; i++)
        last_ms = trace.jobs[i].arrival_ms > last_ms ? trace.jobs[i].arrival_ms : last_ms;
    struct topo_pod *pod = empty_pod(ctl, &start);
    const char *log_path = ctl_flag_text(ctl, "log");
    FILE *log = log_path ? fopen(log_path, "we") : NULL;
    if (log_path && !log)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "%s: %s", log_path, strerror(errno));
    for (size_t i = 0; i < n; i++) {
        struct whatif_replay *input = &ones[i].input;
        input->pod = pod;
        input->shapes = trace.shapes;
        input->n_shapes = trace.n_shapes;
        input->jobs = trace.jobs;
        input->n_jobs = trace.n_jobs;
        input->faults = trace.faults;
        input->n_faults = trace.n_faults;
        input->n_samples = SAMPLES + 1;
        input->sample_every_ms = last_ms / (SAMPLES * 4 / 5) + 1;
        ones[i].jobs = ctl_alloc(ctl, trace.n_jobs * sizeof(*ones[i].jobs));
        ones[i].log = log;
        input->on_step = log ? log_step : NULL;
        input->userdata = &ones[i];
    }
    uint64_t steps = n * (2 * (uint64_t)trace.n_jobs + trace.n_faults);
    struct whatif_tasks tasks = {"replay", ones, (unsigned)n, steps, run_one};
    if (!whatif_pool_tasks(ctl, &tasks, log ? 1 : whatif_threads(ctl)))
        report->partial = "each policy ends where it was.";
    if (log && fclose(log) != 0)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "%s: %s", log_path, strerror(errno));
    struct whatif_table *table = whatif_table_new(
        report, "policies", "Policies (means over jobs that ended; utilisation of healthy chips)", columns);
    for (size_t i = 0; i < n; i++) {
        if (ones[i].error)
            return ctl_fail(ctl, CTL_EXIT_FAILED, "out of memory");
        add_policy(ctl, report, table, &ones[i]);
    }
    add_sizes(report, ones, (unsigned)n);
    add_samples(ctl, report, ones, (unsigned)n);
    draw_waits(ctl, report, ones, (unsigned)n);
    whatif_input(report, "queue", "%s, patience %s", ctl_flag_text_or(ctl, "queue", "backfill"),
                 ctl_flag_text_or(ctl, "patience", "7d"));
    whatif_input(report, "checkpoints", "every %s, restart %s, swap %s, move %s",
                 ctl_flag_text_or(ctl, "checkpoint-every", "30m"), ctl_flag_text_or(ctl, "restart", "5m"),
                 ctl_flag_text_or(ctl, "swap", "60s"), ctl_flag_text_or(ctl, "move", "10m"));
    whatif_input(report, "seed", "%lld", (long long)ctl_flag_number(ctl, "seed", WHATIF_SEED_DEFAULT));
    return whatif_report_print(report);
}

int whatif_trace(struct ctl *ctl) {
    struct whatif_report *report = whatif_report_new(ctl, "");
    struct whatif_start start;
    struct whatif_trace trace;
    int exit_status = whatif_start(ctl, &start);
    if (exit_status)
        return exit_status;
    whatif_trace_init(&trace, ctl, &start);
    exit_status = read_jobs(ctl, report, &start, &trace);
    if (exit_status)
        return exit_status;
    whatif_trace_sort(&trace);
    puts("job id,arrival time (sec),topology,shape,size,duration (sec)");
    for (uint32_t i = 0; i < trace.n_jobs; i++) {
        const struct whatif_job *job = &trace.jobs[i];
        const struct topo_shape *shape = &trace.shapes[job->shape];
        char text[48];
        topo_shape_format(shape, text, sizeof(text));
        printf("%u,%lld.%03lld,%s,%ux%ux%u,%u,%lld.%03lld\n", i + 1, (long long)job->arrival_ms / 1000,
               (long long)job->arrival_ms % 1000, text, shape->chips[0], shape->chips[1], shape->chips[2],
               shape->n_chips, (long long)job->duration_ms / 1000, (long long)job->duration_ms % 1000);
    }
    return 0;
}
