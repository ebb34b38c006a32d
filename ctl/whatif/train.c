/* helioctl whatif train: how much of the time a long job really trains. */
#include "topology/whatif/training.h"
#include "ctl/whatif/pool.h"
#include "ctl/whatif/report.h"
#include "ctl/whatif/values.h"
#include "ctl/whatif/whatif.h"
#include <math.h>
#include <string.h>

#define CHUNK 16

struct input {
    struct whatif_training training;
    uint64_t seed;
};

static void run_trials(const void *userdata, uint64_t first, uint64_t count, uint64_t *sums) {
    const struct input *input = userdata;
    whatif_training_run(&input->training, input->seed, first, count, (struct whatif_training_sums *)sums);
}

static bool read_flags(struct ctl *ctl, struct whatif_training *t) {
    int64_t cubes;
    return whatif_flag_count(ctl, "cubes", 48, 1, 256, &cubes) && (t->cubes = (unsigned)cubes) > 0 &&
           whatif_flag_time(ctl, "host-mtbf", "1250d", &t->host_mtbf_ms) &&
           whatif_flag_duration(ctl, "repair", "3d-14d", &t->repair) &&
           whatif_flag_time(ctl, "checkpoint-every", "30m", &t->checkpoint_every_ms) &&
           whatif_flag_time(ctl, "checkpoint-cost", "30s", &t->checkpoint_cost_ms) &&
           whatif_flag_time(ctl, "swap", "60s", &t->swap_ms) &&
           whatif_flag_time(ctl, "restart", "5m", &t->restart_ms) &&
           whatif_flag_time(ctl, "horizon", "90d", &t->horizon_ms);
}

static int read_spares(struct ctl *ctl, unsigned ret[16], size_t *ret_n) {
    char **texts = ctl_flag_list(ctl, "spares", ret_n);
    static const unsigned standard[] = {0, 2, 4, 6, 8, 10, 12};
    if (!*ret_n) {
        memcpy(ret, standard, sizeof(standard));
        *ret_n = sizeof(standard) / sizeof(*standard);
        return 0;
    }
    for (size_t i = 0; i < *ret_n; i++) {
        int64_t number;
        if (i == 16 || !ctl_parse_number(texts[i], &number) || number > 256)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "--spares: \"%s\": at most 16 numbers, each 0 to 256",
                            texts[i]);
        ret[i] = (unsigned)number;
    }
    return 0;
}

int whatif_train(struct ctl *ctl) {
    static const char *const columns[] = {"SPARES|spares",
                                          "TRAINING %|trainingPercent",
                                          "+- 95 %|confidencePercent",
                                          "CHECKPOINTS %|checkpointPercent",
                                          "LOST WORK %|lostPercent",
                                          "RESTARTS %|restartPercent",
                                          "WAITING FOR REPAIR %|waitingPercent",
                                          "FAILURES A DAY|failuresPerDay",
                                          NULL};
    struct whatif_report *report = whatif_report_new(ctl, "Effective training time of a long job");
    struct input input = {.seed = (uint64_t)ctl_flag_number(ctl, "seed", WHATIF_SEED_DEFAULT)};
    struct whatif_training *t = &input.training;
    unsigned spares[16];
    size_t n;
    int64_t trials;
    if (!read_flags(ctl, t) || !whatif_flag_count(ctl, "trials", 1000, 1, 1000000000, &trials))
        return CTL_EXIT_USAGE;
    int exit_status = read_spares(ctl, spares, &n);
    if (exit_status)
        return exit_status;
    whatif_input(report, "job", "%u cubes (%u chips, %u hosts)", t->cubes, t->cubes * 64, t->cubes * 16);
    whatif_input(report, "host MTBF", "%s", ctl_flag_text_or(ctl, "host-mtbf", "1250d"));
    whatif_input(report, "repair", "%s", ctl_flag_text_or(ctl, "repair", "3d-14d"));
    whatif_input(report, "checkpoint every", "%s", ctl_flag_text_or(ctl, "checkpoint-every", "30m"));
    whatif_input(report, "checkpoint cost", "%s", ctl_flag_text_or(ctl, "checkpoint-cost", "30s"));
    whatif_input(report, "swap", "%s", ctl_flag_text_or(ctl, "swap", "60s"));
    whatif_input(report, "restart", "%s", ctl_flag_text_or(ctl, "restart", "5m"));
    whatif_input(report, "horizon of a trial", "%s", ctl_flag_text_or(ctl, "horizon", "90d"));
    whatif_input(report, "trials", "%lld", (long long)trials);
    whatif_input(report, "seed", "%llu", (unsigned long long)input.seed);
    struct whatif_table *table =
        whatif_table_new(report, "training", "Where the time goes, by spare cubes", columns);
    struct whatif_chart *chart =
        whatif_chart_new(report, WHATIF_CHART_LINES,
                         ctl_text(ctl, "Effective training time of a job of %u chips", t->cubes * 64),
                         "spare cubes", "time spent training (%)");
    size_t drawn = whatif_series_add(chart, "simulated"),
           closed = whatif_series_add(chart, "closed form: a spare is always there");
    chart->dot_marks = true;
    chart->y_most = 100;
    double exact = whatif_training_exact(t);
    for (size_t i = 0; i < n; i++) {
        struct whatif_training_sums sums = {0};
        t->spares = spares[i];
        const char *wrong = whatif_training_check(t);
        if (wrong)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "%s", wrong);
        struct whatif_work work = {.what = "training",
                                   .input = &input,
                                   .total = (uint64_t)trials,
                                   .chunk = CHUNK,
                                   .n_sums = sizeof(sums) / sizeof(uint64_t),
                                   .run = run_trials};
        uint64_t done = whatif_pool_run(ctl, &work, whatif_threads(ctl), (uint64_t *)&sums);
        if (done) {
            double whole = (double)sums.trials * (double)t->horizon_ms / 100,
                   mean = (double)sums.useful_ms / whole;
            double square = (double)sums.squares / (double)sums.trials / (65536.0 * 65536.0) * 10000;
            double spread = square > mean * mean ? sqrt((square - mean * mean) / (double)sums.trials) : 0;
            whatif_number(report, table, "%u", spares[i]);
            whatif_number(report, table, "%.3f", mean);
            whatif_number(report, table, "%.3f", 1.96 * spread);
            whatif_number(report, table, "%.3f", (double)sums.checkpoint_ms / whole);
            whatif_number(report, table, "%.3f", (double)sums.lost_ms / whole);
            whatif_number(report, table, "%.3f", (double)sums.restart_ms / whole);
            whatif_number(report, table, "%.3f", (double)sums.waiting_ms / whole);
            whatif_number(report, table, "%.4f", (double)sums.failures * 86400000.0 / whole / 100);
            whatif_point(ctl, chart, drawn, spares[i], mean);
            whatif_point(ctl, chart, closed, spares[i], 100 * exact);
        }
        if (done < (uint64_t)trials) {
            report->partial = ctl_text(ctl, "%llu of %lld trials with %u spares were run.",
                                       (unsigned long long)done, (long long)trials, spares[i]);
            break;
        }
    }
    whatif_say(report,
               "With a spare always at hand it would be %.3f %% (closed form: failures, checkpoints and "
               "restarts only).",
               100 * exact);
    return whatif_report_print(report);
}
