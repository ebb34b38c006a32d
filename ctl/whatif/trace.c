#include "ctl/whatif/trace.h"
#include "ctl/whatif/values.h"
#include <stdlib.h>
#include <string.h>

void whatif_trace_init(struct whatif_trace *trace, struct ctl *ctl, const struct whatif_start *start) {
    unsigned cubes = start->wiring->n_cubes, limit = start->pod->largest_slice_cubes;
    *trace = (struct whatif_trace){.ctl = ctl, .largest_cubes = limit < cubes ? limit : cubes};
}

static int add_shape(struct whatif_trace *trace, const struct topo_shape *shape, char *error) {
    char text[48];
    topo_shape_format(shape, text, sizeof(text));
    for (unsigned i = 0; i < trace->n_shapes; i++)
        if (memcmp(trace->shapes[i].chips, shape->chips, sizeof(shape->chips)) == 0 &&
            trace->shapes[i].twist == shape->twist)
            return (int)i;
    if (shape->n_cubes > trace->largest_cubes) {
        snprintf(error, WHATIF_ERROR_MAX, "%s has %u chips; the largest slice of this pod has %u", text,
                 shape->n_chips, 64 * trace->largest_cubes);
        return -1;
    }
    if (trace->n_shapes == WHATIF_SHAPES_MAX) {
        snprintf(error, WHATIF_ERROR_MAX, "more than %d different shapes", WHATIF_SHAPES_MAX);
        return -1;
    }
    trace->shapes[trace->n_shapes] = *shape;
    return (int)trace->n_shapes++;
}

int whatif_trace_size(struct whatif_trace *trace, uint64_t chips, char *error) {
    static const struct {
        unsigned chips;
        const char *text;
    } parts[] = {{1, "1x1x1"}, {2, "1x1x2"}, {4, "1x2x2"}, {8, "2x2x2"}, {16, "2x2x4"}, {32, "2x4x4"}};
    struct topo_shape shape;
    uint64_t cubes = (chips + 63) / 64;
    if (chips == 0 || cubes > trace->largest_cubes) {
        snprintf(error, WHATIF_ERROR_MAX, "%llu chips; a slice of this pod has 1 to %u",
                 (unsigned long long)chips, 64 * trace->largest_cubes);
        return -1;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (chips <= parts[i].chips && topo_shape_parse(parts[i].text, &shape, error, WHATIF_ERROR_MAX) == 0)
            return add_shape(trace, &shape, error);
    unsigned best = UINT32_MAX, n = (unsigned)cubes;
    for (unsigned a = 1; a * a * a <= n; a++)
        for (unsigned b = a; a * b * b <= n; b++) {
            unsigned c = n / (a * b), faces = a * b + b * c + a * c;
            uint16_t sides[3] = {(uint16_t)a, (uint16_t)b, (uint16_t)c};
            if (n % (a * b) == 0 && faces < best && topo_shape_of_cubes(sides, false, &shape) == 0)
                best = faces;
        }
    for (unsigned a = 1; a * a * a <= n; a++)
        for (unsigned b = a; a * b * b <= n; b++) {
            unsigned c = n / (a * b);
            uint16_t sides[3] = {(uint16_t)a, (uint16_t)b, (uint16_t)c};
            if (n % (a * b) == 0 && a * b + b * c + a * c == best &&
                topo_shape_of_cubes(sides, false, &shape) == 0)
                return add_shape(trace, &shape, error);
        }
    snprintf(error, WHATIF_ERROR_MAX, "no slice has %llu chips", (unsigned long long)chips);
    return -1;
}

/* "6x5x9": three numbers, in any order; with round_up each side grows to what a slice may have. */
static bool sort_sides(const char *text, char *ret_text, size_t size, bool round_up) {
    unsigned side[3];
    int end = 0;
    if (sscanf(text, "%4ux%4ux%4u%n", &side[0], &side[1], &side[2], &end) != 3)
        return false;
    const char *rest = text + end;
    if (*rest && strcmp(rest, "_twisted") != 0 && strcmp(rest, "_untwisted") != 0)
        return false;
    uint64_t chips = (uint64_t)side[0] * side[1] * side[2];
    for (unsigned i = 0; round_up && chips > 32 && i < 3; i++)
        side[i] = (side[i] + 3) / 4 * 4;
    for (unsigned i = 0; i < 2; i++)
        for (unsigned j = 0; j < 2 - i; j++)
            if (side[j] > side[j + 1]) {
                unsigned keep = side[j];
                side[j] = side[j + 1];
                side[j + 1] = keep;
            }
    snprintf(ret_text, size, "%ux%ux%u%s", side[0], side[1], side[2], rest);
    return true;
}

int whatif_trace_shape(struct whatif_trace *trace, const char *text, char *error) {
    struct topo_shape shape;
    char sorted[64];
    if (!sort_sides(text, sorted, sizeof(sorted), false)) {
        snprintf(error, WHATIF_ERROR_MAX, "\"%.60s\" is no shape; write 4x4x8", text);
        return -1;
    }
    if (topo_shape_parse(sorted, &shape, error, WHATIF_ERROR_MAX) == 0)
        return add_shape(trace, &shape, error);
    if (trace->round_up && sort_sides(text, sorted, sizeof(sorted), true)) {
        unsigned side[3];
        if (topo_shape_parse(sorted, &shape, error, WHATIF_ERROR_MAX) == 0)
            return add_shape(trace, &shape, error);
        if (sscanf(sorted, "%4ux%4ux%4u", &side[0], &side[1], &side[2]) == 3)
            return whatif_trace_size(trace, (uint64_t)side[0] * side[1] * side[2], error);
    }
    return -1;
}

bool whatif_trace_add(struct whatif_trace *trace, int64_t arrival_ms, int64_t duration_ms, unsigned shape,
                      char *error) {
    if (arrival_ms < trace->from_ms || (trace->until_ms && arrival_ms >= trace->until_ms)) {
        trace->skipped++;
        return true;
    }
    if (trace->n_jobs == WHATIF_JOBS_MAX) {
        snprintf(error, WHATIF_ERROR_MAX, "more than %u jobs; choose some with --from and --until",
                 WHATIF_JOBS_MAX);
        return false;
    }
    if (trace->n_jobs == trace->max_jobs) {
        uint32_t more = trace->max_jobs ? 2 * trace->max_jobs : 1024;
        struct whatif_job *jobs = ctl_alloc(trace->ctl, more * sizeof(*jobs));
        if (trace->n_jobs)
            memcpy(jobs, trace->jobs, trace->n_jobs * sizeof(*jobs));
        trace->jobs = jobs;
        trace->max_jobs = more;
    }
    trace->jobs[trace->n_jobs++] =
        (struct whatif_job){arrival_ms - trace->from_ms, duration_ms, (uint8_t)shape};
    return true;
}

bool whatif_trace_fault(struct whatif_trace *trace, int64_t time_ms, enum whatif_fault_kind kind,
                        unsigned cube, unsigned host, char *error) {
    if (trace->n_faults == WHATIF_FAULTS_MAX) {
        snprintf(error, WHATIF_ERROR_MAX, "more than %u faults", WHATIF_FAULTS_MAX);
        return false;
    }
    if (trace->n_faults == trace->max_faults) {
        uint32_t more = trace->max_faults ? 2 * trace->max_faults : 1024;
        struct whatif_fault *faults = ctl_alloc(trace->ctl, more * sizeof(*faults));
        if (trace->n_faults)
            memcpy(faults, trace->faults, trace->n_faults * sizeof(*faults));
        trace->faults = faults;
        trace->max_faults = more;
    }
    trace->faults[trace->n_faults++] =
        (struct whatif_fault){time_ms, (uint8_t)kind, (uint8_t)cube, (uint8_t)host};
    return true;
}

struct keyed {
    struct whatif_job job;
    uint32_t number;
};

static int by_arrival(const void *one, const void *other) {
    const struct keyed *a = one, *b = other;
    if (a->job.arrival_ms != b->job.arrival_ms)
        return a->job.arrival_ms < b->job.arrival_ms ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static int by_time(const void *one, const void *other) {
    const struct whatif_fault *a = one, *b = other;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    if (a->cube != b->cube)
        return a->cube - b->cube;
    return a->host != b->host ? a->host - b->host : a->kind - b->kind;
}

void whatif_trace_sort(struct whatif_trace *trace) {
    struct keyed *keyed = ctl_alloc(trace->ctl, (trace->n_jobs + 1) * sizeof(*keyed));
    for (uint32_t i = 0; i < trace->n_jobs; i++)
        keyed[i] = (struct keyed){trace->jobs[i], i};
    qsort(keyed, trace->n_jobs, sizeof(*keyed), by_arrival);
    for (uint32_t i = 0; i < trace->n_jobs; i++)
        trace->jobs[i] = keyed[i].job;
    if (trace->n_faults)
        qsort(trace->faults, trace->n_faults, sizeof(*trace->faults), by_time);
}
