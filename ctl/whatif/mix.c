#include "ctl/whatif/lines.h"
#include "ctl/whatif/trace.h"
#include "ctl/whatif/values.h"
#include "topology/whatif/draw.h"
#include <stdlib.h>
#include <string.h>

/* Share of slices by topology, one day in November 2022, in percent (TPU v4, ISCA 2023, table 2). The shares
 * do not add up to 100 and are normalised. */
static const struct {
    const char *topology;
    double percent;
} published[] = {
    {"1x1x1", 2.1},           {"1x1x2", 0.4},   {"1x2x2", 6.7},           {"2x2x2", 4.7},
    {"2x2x4", 6.4},           {"2x4x4", 8.9},   {"4x4x4", 13.9},          {"4x4x8_twisted", 16.0},
    {"4x4x8_untwisted", 1.5}, {"4x4x12", 0.7},  {"4x8x8_twisted", 9.2},   {"4x8x8_untwisted", 1.5},
    {"4x4x16", 1.0},          {"4x8x12", 0.1},  {"8x8x8", 9.6},           {"4x8x16", 1.7},
    {"4x4x32", 0.6},          {"8x8x12", 0.7},  {"8x8x16_twisted", 1.8},  {"8x8x16_untwisted", 1.4},
    {"4x16x16", 0.3},         {"4x4x64", 0.1},  {"4x8x32", 0.1},          {"8x12x16", 0.1},
    {"4x4x96", 0.1},          {"8x8x24", 0.1},  {"8x16x16_twisted", 1.4}, {"8x16x16_untwisted", 0.3},
    {"12x16x16", 5.7},        {"4x4x192", 0.4},
};

static bool add(struct whatif_trace *trace, struct whatif_mix *mix, const char *topology, double percent,
                char *error) {
    struct topo_shape shape;
    if (topo_shape_parse(topology, &shape, error, WHATIF_ERROR_MAX) != 0)
        return false;
    if (shape.n_cubes > trace->largest_cubes) {
        mix->left_out += percent;
        return true;
    }
    int number = whatif_trace_shape(trace, topology, error);
    if (number < 0)
        return false;
    mix->shape[mix->n] = (uint8_t)number;
    mix->share[mix->n++] = percent;
    return true;
}

static int normalise(struct whatif_trace *trace, struct whatif_mix *mix, const char *name) {
    double sum = mix->left_out;
    for (unsigned i = 0; i < mix->n; i++)
        sum += mix->share[i];
    if (!(sum - mix->left_out > 0))
        return ctl_fail(trace->ctl, CTL_EXIT_USAGE, "%s has no shape that this pod can give", name);
    for (unsigned i = 0; i < mix->n; i++)
        mix->share[i] /= sum - mix->left_out;
    mix->left_out /= sum;
    return 0;
}

static int read_file(struct whatif_trace *trace, const char *path, struct whatif_mix *mix) {
    struct whatif_lines lines;
    char error[WHATIF_ERROR_MAX];
    int r = 0, exit_status = whatif_lines_open(&lines, trace->ctl, path);
    if (exit_status)
        return exit_status;
    while (exit_status == 0 && (r = whatif_lines_next(&lines)) > 0) {
        char *rest = lines.line, *topology = strsep(&rest, ","), *chips = strsep(&rest, ","),
             *percent = strsep(&rest, ",");
        double value;
        if (!*topology || strcmp(topology, "topology") == 0)
            continue;
        if (mix->n == WHATIF_SHAPES_MAX)
            exit_status = whatif_lines_fail(&lines, "more than %d shapes", WHATIF_SHAPES_MAX);
        else if (!chips || !percent || rest || !whatif_read_decimal(percent, &value))
            exit_status = whatif_lines_fail(&lines, "a row is topology,chips,percent");
        else if (!add(trace, mix, topology, value, error))
            exit_status = whatif_lines_fail(&lines, "%s", error);
    }
    whatif_lines_close(&lines);
    return exit_status == 0 && r < 0 ? CTL_EXIT_USAGE : exit_status;
}

int whatif_read_mix(struct whatif_trace *trace, const char *name, struct whatif_mix *ret_mix) {
    char error[WHATIF_ERROR_MAX];
    int exit_status = 0;
    *ret_mix = (struct whatif_mix){.n = 0};
    if (strcmp(name, "published") != 0)
        exit_status = read_file(trace, name, ret_mix);
    else
        for (size_t i = 0; i < sizeof(published) / sizeof(*published); i++)
            if (!add(trace, ret_mix, published[i].topology, published[i].percent, error))
                return ctl_fail(trace->ctl, CTL_EXIT_FAILED, "%s", error);
    return exit_status ? exit_status : normalise(trace, ret_mix, name);
}

static uint8_t draw_shape(const struct whatif_mix *mix, struct whatif_stream *stream) {
    double u = whatif_uniform(stream);
    for (unsigned i = 0; i + 1 < mix->n; i++) {
        if (u < mix->share[i])
            return mix->shape[i];
        u -= mix->share[i];
    }
    return mix->shape[mix->n - 1];
}

void whatif_resample(struct whatif_trace *trace, const struct whatif_mix *mix, uint64_t seed) {
    for (uint32_t i = 0; i < trace->n_jobs; i++) {
        struct whatif_stream stream = whatif_stream_of(seed ^ UINT64_C(0x6d6978), i);
        trace->jobs[i].shape = draw_shape(mix, &stream);
    }
}

int whatif_make_jobs(struct whatif_trace *trace, const struct whatif_synthesis *s,
                     const struct whatif_mix *mix, unsigned n_cubes, uint64_t seed) {
    char error[WHATIF_ERROR_MAX];
    double chips = 0, at_ms = 0;
    for (unsigned i = 0; i < mix->n; i++)
        chips += mix->share[i] * trace->shapes[mix->shape[i]].n_chips;
    double gap_ms = (double)s->span_ms / s->n_jobs, mean_ms = s->load * 64 * n_cubes * gap_ms / chips;
    struct whatif_duration duration = {WHATIF_LOGNORMAL, 0, 0, s->sigma};
    duration.a_ms = (int64_t)(mean_ms * whatif_exp(-s->sigma * s->sigma / 2)); /* the median of that mean */
    for (uint32_t i = 0; i < s->n_jobs; i++) {
        struct whatif_stream stream = whatif_stream_of(seed ^ UINT64_C(0x6a6f62), i);
        uint8_t shape = draw_shape(mix, &stream);
        at_ms -= gap_ms * whatif_log(whatif_uniform(&stream));
        if (!whatif_trace_add(trace, (int64_t)at_ms, whatif_draw_duration(&duration, &stream), shape, error))
            return ctl_fail(trace->ctl, CTL_EXIT_USAGE, "%s", error);
    }
    return 0;
}

struct lifeline {
    int64_t mtbf_ms;
    const struct whatif_duration *repair;
    enum whatif_fault_kind down;
    unsigned cube, host;
    uint64_t seed, number;
};

/* Up for an exponential time, down for a repair, and so on. */
static bool live(struct whatif_trace *trace, const struct lifeline *life, int64_t span_ms, char *error) {
    struct whatif_stream stream = whatif_stream_of(life->seed, life->number);
    struct whatif_duration up = {WHATIF_EXPONENTIAL, life->mtbf_ms, 0, 0};
    for (int64_t at = 0; life->mtbf_ms;) {
        at += whatif_draw_duration(&up, &stream);
        if (at >= span_ms)
            break;
        if (!whatif_trace_fault(trace, at, life->down, life->cube, life->host, error))
            return false;
        at += whatif_draw_duration(life->repair, &stream);
        if (!whatif_trace_fault(trace, at, life->down + 1, life->cube, life->host, error))
            return false;
    }
    return true;
}

int whatif_make_faults(struct whatif_trace *trace, const struct whatif_wear *wear,
                       const struct whatif_start *start, int64_t span_ms, uint64_t seed) {
    char error[WHATIF_ERROR_MAX] = "";
    bool good = true;
    for (unsigned cube = 0; cube < start->wiring->n_cubes; cube++) {
        for (unsigned host = 0; host < 16; host++) {
            struct lifeline life = {
                wear->host_mtbf_ms,          &wear->repair,   WHATIF_HOST_DOWN, cube, host,
                seed ^ UINT64_C(0x686f7374), cube * 16 + host};
            good = good && live(trace, &life, span_ms, error);
        }
        /* All cubes of a row draw the same. */
        struct lifeline row = {wear->row_mtbf_ms, &wear->row_repair,         WHATIF_HOST_DOWN,     cube,
                               WHATIF_ALL_HOSTS,  seed ^ UINT64_C(0x726f77), start->pod->row[cube]};
        good = good && live(trace, &row, span_ms, error);
    }
    for (unsigned ocs = 0; ocs < start->wiring->n_ocses; ocs++) {
        struct lifeline life = {
            wear->ocs_mtbf_ms, &wear->ocs_repair, WHATIF_OCS_DOWN, ocs, 0, seed ^ UINT64_C(0x6f6373), ocs};
        good = good && live(trace, &life, span_ms, error);
    }
    return good ? 0 : ctl_fail(trace->ctl, CTL_EXIT_USAGE, "%s", error);
}
