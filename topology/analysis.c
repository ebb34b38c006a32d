#include "topology/analysis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NO_CHIP UINT16_MAX

struct graph {
    const struct topo_shape *shape;
    unsigned n, chips[3];
    uint16_t (*near)[6];  /* +x -x +y -y +z -z */
    bool same_everywhere; /* from every chip the graph looks the same */
    bool same_every_cube; /* from the same chip of every cube */
};

static unsigned chip_at(const struct graph *graph, const unsigned at[3]) {
    return at[0] + graph->chips[0] * (at[1] + graph->chips[1] * at[2]);
}

static void place_of(const struct graph *graph, unsigned chip, unsigned ret_at[3]) {
    ret_at[0] = chip % graph->chips[0];
    ret_at[1] = chip / graph->chips[0] % graph->chips[1];
    ret_at[2] = chip / graph->chips[0] / graph->chips[1];
}

/* Inside a cube to the next chip; at its face over the optical link to the next position, same face index. */
static unsigned next_chip(const struct graph *graph, unsigned chip, unsigned dimension,
                          const uint16_t (*missing)[3]) {
    const struct topo_shape *shape = graph->shape;
    unsigned at[3];
    place_of(graph, chip, at);
    if (!shape->whole_cubes) {
        if (++at[dimension] == graph->chips[dimension])
            return NO_CHIP;
        return chip_at(graph, at);
    }
    if (at[dimension] % 4 != 3) {
        at[dimension]++;
        return chip_at(graph, at);
    }
    unsigned a = shape->cubes[0], b = shape->cubes[1];
    unsigned position = at[0] / 4 + a * (at[1] / 4 + b * (at[2] / 4));
    unsigned low = dimension == 0 ? 1 : 0, high = dimension == 2 ? 1 : 2;
    unsigned index = at[low] % 4 + 4 * (at[high] % 4);
    if (missing && missing[position][dimension] >> index & 1)
        return NO_CHIP;
    unsigned next = topo_shape_next(shape, position, dimension);
    unsigned to[3] = {next % a * 4 + at[0] % 4, next / a % b * 4 + at[1] % 4, next / a / b * 4 + at[2] % 4};
    to[dimension] -= 3;
    return chip_at(graph, to);
}

static int graph_init(struct graph *graph, const struct topo_shape *shape, const uint16_t (*missing)[3]) {
    graph->shape = shape;
    graph->n = shape->n_chips;
    for (unsigned d = 0; d < 3; d++)
        graph->chips[d] = shape->chips[d];
    graph->near = malloc(graph->n * sizeof(*graph->near));
    if (!graph->near)
        return -ENOMEM;
    memset(graph->near, 0xff, graph->n * sizeof(*graph->near));
    graph->same_everywhere = graph->same_every_cube = shape->whole_cubes;
    for (unsigned position = 1; missing && position < shape->n_cubes; position++)
        graph->same_every_cube &= memcmp(missing[position], missing[0], sizeof(missing[0])) == 0;
    for (unsigned chip = 0; chip < graph->n; chip++)
        for (unsigned d = 0; d < 3; d++) {
            unsigned next = next_chip(graph, chip, d, missing);
            graph->near[chip][2 * d] = (uint16_t)next;
            if (next == NO_CHIP)
                graph->same_everywhere = false;
            else
                graph->near[next][2 * d + 1] = (uint16_t)chip;
        }
    return 0;
}

/* Chips that stand for all: one, the 64 of the first cube, or all there are. */
static unsigned count_sources(const struct graph *graph) {
    return graph->same_everywhere ? 1 : graph->same_every_cube ? 64 : graph->n;
}

static unsigned source_at(const struct graph *graph, unsigned source) {
    if (!graph->same_every_cube)
        return source;
    unsigned at[3] = {source % 4, source / 4 % 4, source / 16};
    return chip_at(graph, at);
}

/* Distances from 64 chips at a time, a bit each. */
static int measure_distances(const struct graph *graph, struct topo_analysis *analysis) {
    unsigned n = graph->n, sources = count_sources(graph);
    uint64_t *seen = malloc(3 * n * sizeof(*seen));
    if (!seen)
        return -ENOMEM;
    uint64_t *front = seen + n, *next = front + n, *all = seen;
    uint64_t pairs = 0, hops = 0;
    for (unsigned first = 0; first < sources; first += 64) {
        memset(seen, 0, 3 * n * sizeof(*seen));
        for (unsigned i = 0; i < 64 && first + i < sources; i++)
            seen[source_at(graph, first + i)] = front[source_at(graph, first + i)] = UINT64_C(1) << i;
        bool any = true;
        for (unsigned distance = 1; any; distance++) {
            any = false;
            for (unsigned chip = 0; chip < n; chip++) {
                uint64_t reached = 0;
                for (unsigned i = 0; i < 6; i++)
                    if (graph->near[chip][i] != NO_CHIP)
                        reached |= front[graph->near[chip][i]];
                reached &= ~seen[chip];
                next[chip] = reached;
                if (reached) {
                    any = true;
                    unsigned count = (unsigned)__builtin_popcountll(reached);
                    pairs += count;
                    hops += (uint64_t)count * distance;
                    analysis->diameter = distance;
                }
            }
            for (unsigned chip = 0; chip < n; chip++)
                seen[chip] |= next[chip];
            uint64_t *swap = front;
            front = next;
            next = swap;
        }
    }
    free(all);
    analysis->connected = pairs == (uint64_t)sources * (n - 1);
    analysis->average_hops = pairs ? (double)hops / (double)pairs : 0;
    return 0;
}

struct flow {
    uint16_t *queue, *distance;
    double *paths, *beyond;
    double *load; /* by chip and direction */
};

/* The traffic of one chip, spread over all shortest paths (Brandes, 2001). */
static void follow(const struct graph *graph, struct flow *flow, unsigned source) {
    unsigned head = 0, tail = 0;
    memset(flow->distance, 0xff, graph->n * sizeof(*flow->distance));
    flow->distance[source] = 0;
    flow->paths[source] = 1;
    flow->queue[tail++] = (uint16_t)source;
    while (head < tail) {
        unsigned chip = flow->queue[head++];
        flow->beyond[chip] = 1; /* what is meant for the chip itself */
        for (unsigned i = 0; i < 6; i++) {
            unsigned near = graph->near[chip][i];
            if (near == NO_CHIP)
                continue;
            if (flow->distance[near] == UINT16_MAX) {
                flow->distance[near] = (uint16_t)(flow->distance[chip] + 1);
                flow->paths[near] = 0;
                flow->queue[tail++] = (uint16_t)near;
            }
            if (flow->distance[near] == flow->distance[chip] + 1)
                flow->paths[near] += flow->paths[chip];
        }
    }
    while (tail-- > 1) {
        unsigned chip = flow->queue[tail];
        double part = flow->beyond[chip] / flow->paths[chip];
        for (unsigned i = 0; i < 6; i++) {
            unsigned near = graph->near[chip][i];
            if (near == NO_CHIP || flow->distance[near] + 1 != flow->distance[chip])
                continue;
            double units = flow->paths[near] * part;
            flow->beyond[near] += units;
            flow->load[6 * near + (i ^ 1)] += units; /* from near towards chip */
        }
    }
}

/* The greatest sum over links of one direction whose chips have the same coordinates modulo `period`. */
static double most_alike(const struct graph *graph, const double *load, unsigned period) {
    double sum[64][6] = {{0}}, most = 0;
    for (unsigned chip = 0; chip < graph->n; chip++) {
        unsigned at[3];
        place_of(graph, chip, at);
        unsigned alike = at[0] % period + period * (at[1] % period + period * (at[2] % period));
        for (unsigned i = 0; i < 6; i++)
            sum[alike][i] += load[6 * chip + i];
    }
    for (unsigned alike = 0; alike < 64; alike++)
        for (unsigned i = 0; i < 6; i++)
            most = sum[alike][i] > most ? sum[alike][i] : most;
    return most;
}

static int measure_loads(const struct graph *graph, struct topo_analysis *analysis) {
    unsigned n = graph->n;
    bool few = count_sources(graph) < n;
    unsigned sources = few ? count_sources(graph) : n <= 1024 ? n : n <= 2048 ? 256 : 128;
    struct flow flow = {.queue = malloc(n * sizeof(uint16_t)),
                        .distance = malloc(n * sizeof(uint16_t)),
                        .paths = malloc(n * sizeof(double)),
                        .beyond = malloc(n * sizeof(double)),
                        .load = calloc(6 * (size_t)n, sizeof(double))};
    int r = -ENOMEM;
    if (flow.queue && flow.distance && flow.paths && flow.beyond && flow.load) {
        r = 0;
        /* A stride that meets all coordinates within a cube, whose damage repeats from cube to cube. */
        for (unsigned i = 0; i < sources; i++)
            follow(graph, &flow,
                   few ? source_at(graph, i) : (unsigned)(((uint64_t)i * n / sources + i * 7u) % n));
        double sum[6] = {0}, most = 0;
        unsigned links[6] = {0};
        for (unsigned chip = 0; chip < n; chip++)
            for (unsigned i = 0; i < 6; i++) {
                sum[i] += flow.load[6 * chip + i];
                most = flow.load[6 * chip + i] > most ? flow.load[6 * chip + i] : most;
                links[i] += graph->near[chip][i] != NO_CHIP;
            }
        double scale = (double)n / sources;
        for (unsigned d = 0; d < 3; d++) {
            unsigned count = links[2 * d] + links[2 * d + 1];
            analysis->load[d] = count ? (sum[2 * d] + sum[2 * d + 1]) * scale / count : 0;
        }
        if (few) { /* their traffic, laid over all cubes: links alike carry the same */
            analysis->load_max =
                graph->same_everywhere ? most_alike(graph, flow.load, 1) : most_alike(graph, flow.load, 4);
            sources = n;
        } else if (sources == n) {
            analysis->load_max = most;
        } else { /* one link's load is too uncertain in a sample; the mean of a dimension is not */
            for (unsigned d = 0; d < 3; d++)
                analysis->load_max =
                    analysis->load[d] > analysis->load_max ? analysis->load[d] : analysis->load_max;
        }
        analysis->load_sources = sources;
        analysis->all_to_all_time = n > 1 ? analysis->load_max / (n - 1) : 0;
    }
    free(flow.queue);
    free(flow.distance);
    free(flow.paths);
    free(flow.beyond);
    free(flow.load);
    return r;
}

/* Rings are counted on the whole shape; one with a missing link is broken. */
static void measure_rings(const struct graph *graph, struct topo_analysis *analysis) {
    if (!graph->shape->whole_cubes)
        return;
    for (unsigned d = 0; d < 3; d++) {
        unsigned length = 0, chip = 0;
        do {
            chip = next_chip(graph, chip, d, NULL);
            length++;
        } while (chip != 0);
        analysis->ring_length[d] = length;
        analysis->rings[d] = graph->n / length;
        for (unsigned start = 0; start < graph->n; start++) {
            /* The lowest chip of a ring stands for it. */
            bool lowest = true, broken = graph->near[start][2 * d] == NO_CHIP;
            for (chip = next_chip(graph, start, d, NULL); chip != start && lowest;
                 chip = next_chip(graph, chip, d, NULL)) {
                lowest = chip > start;
                broken |= graph->near[chip][2 * d] == NO_CHIP;
            }
            analysis->broken_rings[d] += lowest && broken;
        }
    }
}

static double all_reduce_time(const struct topo_analysis *analysis, const struct topo_shape *shape,
                              bool broken_allowed) {
    double best = 0;
    bool found = false;
    static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    unsigned dimensions = 0;
    for (unsigned d = 0; d < 3; d++)
        dimensions += shape->chips[d] > 1;
    for (unsigned i = 0; i < 6; i++) {
        double time = 0, bytes = 1;
        for (unsigned j = 0; j < 3; j++) {
            unsigned d = orders[i][j], length = shape->chips[d];
            bool ring = analysis->ring_length[d] && !(broken_allowed && analysis->broken_rings[d]);
            time += 2 * bytes * (length - 1) / length / (ring ? 2 : 1);
            bytes /= length;
        }
        if (!found || time < best)
            best = time;
        found = true;
    }
    return dimensions ? best / dimensions : 0;
}

static unsigned count_crossing(const struct graph *graph, unsigned dimension, unsigned start) {
    unsigned length = graph->chips[dimension], crossing = 0;
    unsigned stride = dimension == 0   ? 1
                      : dimension == 1 ? graph->chips[0]
                                       : graph->chips[0] * graph->chips[1];
    for (unsigned chip = 0; chip < graph->n; chip++) {
        bool in = (chip / stride % length + length - start) % length < length / 2;
        for (unsigned d = 0; d < 3; d++) {
            unsigned next = graph->near[chip][2 * d];
            if (next != NO_CHIP)
                crossing += in != ((next / stride % length + length - start) % length < length / 2);
        }
    }
    return crossing;
}

static unsigned measure_bisection(const struct graph *graph) {
    unsigned least = UINT32_MAX;
    for (unsigned d = 0; d < 3; d++) {
        unsigned length = graph->chips[d];
        if (length < 2)
            continue;
        /* A whole torus looks the same from every cube, and a mesh is cut in its middle. */
        unsigned starts = !graph->shape->whole_cubes ? 1 : graph->same_everywhere ? 4 : length / 2;
        for (unsigned start = 0; start < starts && start < length; start++) {
            unsigned crossing = count_crossing(graph, d, start);
            least = crossing < least ? crossing : least;
        }
    }
    return least == UINT32_MAX ? 0 : least;
}

static int measure(const struct topo_shape *shape, const uint16_t (*missing)[3],
                   struct topo_analysis *analysis) {
    struct graph graph;
    int r = graph_init(&graph, shape, missing);
    if (r)
        return r;
    analysis->n_chips = graph.n;
    r = measure_distances(&graph, analysis);
    if (r == 0)
        r = measure_loads(&graph, analysis);
    if (r == 0) {
        measure_rings(&graph, analysis);
        analysis->all_reduce_time = all_reduce_time(analysis, shape, true);
        analysis->bisection = measure_bisection(&graph);
        analysis->all_to_all_slow_down = analysis->all_reduce_slow_down = 1;
    }
    free(graph.near);
    return r;
}

int topo_analyze(const struct topo_shape *shape, const uint16_t (*missing)[3],
                 struct topo_analysis *ret_analysis) {
    if (!topo_shape_is_valid(shape))
        return TOPO_ANALYSIS_INVALID;
    bool any = false;
    for (unsigned position = 0; missing && shape->whole_cubes && position < shape->n_cubes; position++)
        any |= missing[position][0] || missing[position][1] || missing[position][2];
    struct topo_analysis analysis = {0};
    int r = measure(shape, any ? missing : NULL, &analysis);
    if (r == 0 && any) {
        struct topo_analysis whole = {0};
        r = measure(shape, NULL, &whole);
        if (r == 0) {
            analysis.all_to_all_slow_down = analysis.load_max / whole.load_max;
            analysis.all_reduce_slow_down = analysis.all_reduce_time / whole.all_reduce_time;
        }
    }
    if (r == 0)
        *ret_analysis = analysis;
    return r;
}
