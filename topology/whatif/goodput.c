#include "topology/whatif/goodput.h"

#include <string.h>

#include "topology/whatif/draw.h"

#define HOSTS 16
#define LINKS 96
#define WORDS (TOPO_CUBES_MAX / 64)

static bool is_share(double p) {
    return p >= 0 && p <= 1;
}

const char *whatif_goodput_check(const struct whatif_goodput *g) {
    if (g->n_cubes == 0 || g->n_cubes > TOPO_CUBES_MAX)
        return "the number of cubes is not in 1..256";
    if (g->n_ocses > TOPO_OCSES_MAX)
        return "more than 64 switches";
    if (!is_share(g->host_up) || !is_share(g->link_up) || !is_share(g->ocs_up) || !is_share(g->domain_up))
        return "an availability is not in 0..1";
    if (g->cubes_per_domain == 0 || g->n_cubes > g->cubes_per_domain * WHATIF_DOMAINS_MAX)
        return "more than 64 power domains, or domains of no cube";
    if (g->n_sizes > WHATIF_SIZES_MAX)
        return "more than 16 slice sizes";
    for (unsigned i = 0; i < g->n_sizes; i++)
        if (g->size[i] == 0 || g->size[i] > g->n_cubes)
            return "a slice size is 0 or larger than the pod";
    return NULL;
}

/* What a trial needs, worked out once. */
struct plan {
    uint64_t host_down, links_down, ocs_down, domain_down;
    unsigned host_words;
    uint64_t cubes[WORDS];          /* bit per cube that exists */
    uint8_t fold[WHATIF_SIZES_MAX]; /* log2 of a size that is a power of two up to 64; else 255 */
    uint64_t starts[7];             /* bit at every multiple of 2^i */
    uint16_t group[WHATIF_SIZES_MAX][TOPO_CUBES_MAX]; /* the slice of a cube, without switches */
};

static void prepare(const struct whatif_goodput *g, struct plan *plan) {
    memset(plan, 0, sizeof(*plan));
    plan->host_down = whatif_threshold(1 - g->host_up);
    plan->links_down = whatif_threshold(1 - whatif_power(g->link_up, LINKS));
    plan->ocs_down = g->n_ocses ? whatif_threshold(1 - g->ocs_up) : 0;
    plan->domain_down = whatif_threshold(1 - g->domain_up);
    plan->host_words = (g->n_cubes + 3) / 4;
    for (unsigned cube = 0; cube < g->n_cubes; cube++)
        plan->cubes[cube / 64] |= UINT64_C(1) << cube % 64;
    for (unsigned i = 0; i < 7; i++)
        for (unsigned bit = 0; bit < 64; bit += 1u << i)
            plan->starts[i] |= UINT64_C(1) << bit;
    for (unsigned i = 0; i < g->n_sizes; i++) {
        unsigned k = g->size[i];
        plan->fold[i] = 255;
        if (k <= 64 && (k & (k - 1)) == 0)
            plan->fold[i] = (uint8_t)__builtin_ctz(k);
        for (unsigned cube = 0; cube < g->n_cubes; cube++)
            plan->group[i][cube] = (uint16_t)(cube / k);
    }
}

/* From 64 hosts, a bit each, to the four cubes of 16 that have one. */
static uint64_t cubes_of(uint64_t hosts) {
    hosts |= hosts >> 8;
    hosts |= hosts >> 4;
    hosts |= hosts >> 2;
    hosts |= hosts >> 1;
    hosts &= UINT64_C(0x0001000100010001);
    return (hosts * UINT64_C(0x0001000200040008)) >> 48 & 15;
}

static void draw_cubes(const struct whatif_goodput *g, const struct plan *plan, struct whatif_stream *stream,
                       uint64_t down[WORDS]) {
    memset(down, 0, sizeof(uint64_t) * WORDS);
    for (unsigned word = 0; word < plan->host_words; word++)
        down[word / 16] |= cubes_of(whatif_events(stream, plan->host_down)) << word % 16 * 4;
    for (unsigned word = 0; plan->links_down && word < WORDS && plan->cubes[word]; word++)
        down[word] |= whatif_events(stream, plan->links_down);
    uint64_t domains = whatif_events(stream, plan->domain_down);
    for (unsigned cube = 0; domains && cube < g->n_cubes; cube++)
        if (domains >> cube / g->cubes_per_domain & 1)
            down[cube / 64] |= UINT64_C(1) << cube % 64;
    for (unsigned word = 0; word < WORDS; word++)
        down[word] &= plan->cubes[word];
}

static unsigned count(const uint64_t set[WORDS]) {
    unsigned n = 0;
    for (unsigned word = 0; word < WORDS; word++)
        n += (unsigned)__builtin_popcountll(set[word]);
    return n;
}

/* Whole slices of size 2^i for every i: a bit stays where all the 2^i cubes from it on are up. */
static void fold_slices(const struct plan *plan, const uint64_t down[WORDS], unsigned ret_whole[7]) {
    memset(ret_whole, 0, sizeof(unsigned) * 7);
    for (unsigned word = 0; word < WORDS && plan->cubes[word]; word++) {
        uint64_t up = plan->cubes[word] & ~down[word];
        for (unsigned i = 0; i < 7; i++) {
            ret_whole[i] += (unsigned)__builtin_popcountll(up & plan->starts[i]);
            if (i < 6)
                up &= up >> (1u << i);
        }
    }
}

static unsigned count_slices(const struct whatif_goodput *g, const struct plan *plan, unsigned i,
                             const uint64_t down[WORDS]) {
    uint64_t broken[WORDS] = {0};
    unsigned slices = g->n_cubes / g->size[i];
    for (unsigned word = 0; word < WORDS; word++)
        for (uint64_t rest = down[word]; rest; rest &= rest - 1) {
            unsigned group = plan->group[i][word * 64 + (unsigned)__builtin_ctzll(rest)];
            if (group < slices)
                broken[group / 64] |= UINT64_C(1) << group % 64;
        }
    return slices - count(broken);
}

void whatif_goodput_run(const struct whatif_goodput *g, uint64_t seed, uint64_t first, uint64_t trials,
                        struct whatif_goodput_sums *sums) {
    struct plan plan;
    prepare(g, &plan);
    uint64_t ocses = g->n_ocses == 64 ? UINT64_MAX : (UINT64_C(1) << g->n_ocses) - 1;
    for (uint64_t trial = first; trial < first + trials; trial++) {
        struct whatif_stream stream = whatif_stream_of(seed, trial);
        uint64_t down[WORDS];
        unsigned whole[7];
        draw_cubes(g, &plan, &stream, down);
        unsigned dead = (unsigned)__builtin_popcountll(whatif_events(&stream, plan.ocs_down) & ocses);
        sums->up[dead > g->tolerated_ocses ? 0 : g->n_cubes - count(down)]++;
        fold_slices(&plan, down, whole);
        for (unsigned i = 0; i < g->n_sizes; i++)
            sums->fixed[i][plan.fold[i] < 7 ? whole[plan.fold[i]] : count_slices(g, &plan, i, down)]++;
    }
    sums->trials += trials;
}

double whatif_goodput_chance(const struct whatif_goodput *g, const struct whatif_goodput_sums *sums,
                             unsigned i, bool optics, unsigned m) {
    const uint64_t *counts = optics ? sums->up : sums->fixed[i];
    uint64_t reached = 0;
    for (unsigned n = optics ? m * g->size[i] : m; n <= g->n_cubes; n++)
        reached += counts[n];
    return sums->trials ? (double)reached / (double)sums->trials : 0;
}

/* Adds n independent things, each there with probability p, to a distribution over 0..*length - 1. */
static void add_independent(double *chance, unsigned *length, unsigned n, double p) {
    while (n--) {
        chance[*length] = 0;
        for (unsigned j = (*length)++; j > 0; j--)
            chance[j] = chance[j] * (1 - p) + chance[j - 1] * p;
        chance[0] *= 1 - p;
    }
}

/* The distribution of how many things are up: domains of `per_domain` things, the last one short. A domain
 * that is down takes all its things with it. */
static void distribute(double *chance, unsigned n, unsigned per_domain, double p, double domain_up) {
    double domain[TOPO_CUBES_MAX + 1], sum[TOPO_CUBES_MAX + 1];
    unsigned length = 1;
    chance[0] = 1;
    for (unsigned done = 0; done < n; done += per_domain) {
        unsigned here = n - done < per_domain ? n - done : per_domain, own = 1;
        domain[0] = 1;
        add_independent(domain, &own, here, p);
        for (unsigned j = 0; j < own; j++)
            domain[j] = domain[j] * domain_up + (j == 0 ? 1 - domain_up : 0);
        for (unsigned j = 0; j < length + here; j++) {
            sum[j] = 0;
            for (unsigned d = 0; d < own && d <= j; d++)
                if (j - d < length)
                    sum[j] += domain[d] * chance[j - d];
        }
        length += here;
        memcpy(chance, sum, sizeof(*sum) * length);
    }
}

static double cube_up(const struct whatif_goodput *g) {
    return whatif_power(g->host_up, HOSTS) * whatif_power(g->link_up, LINKS);
}

static double tail_of(const double *chance, unsigned n, unsigned k) {
    double sum = 0;
    for (unsigned j = n + 1; j-- > k;)
        sum += chance[j];
    return k > n ? 0 : sum > 1 ? 1 : sum; /* rounding must not make it more than certain */
}

double whatif_goodput_at_least(const struct whatif_goodput *g, unsigned n, unsigned k) {
    double chance[TOPO_CUBES_MAX + 1], switches[TOPO_OCSES_MAX + 1] = {1};
    unsigned length = 1;
    if (k == 0)
        return 1;
    distribute(chance, n, g->cubes_per_domain, cube_up(g), g->domain_up);
    add_independent(switches, &length, g->n_ocses, g->ocs_up);
    unsigned needed = g->n_ocses > g->tolerated_ocses ? g->n_ocses - g->tolerated_ocses : 0;
    return tail_of(switches, g->n_ocses, needed) * tail_of(chance, n, k);
}

double whatif_goodput_exact(const struct whatif_goodput *g, unsigned i, bool optics, unsigned m) {
    unsigned k = g->size[i], slices = g->n_cubes / k, per_domain = g->cubes_per_domain;
    double chance[TOPO_CUBES_MAX + 1], slice_up = whatif_power(cube_up(g), k);
    if (optics)
        return whatif_goodput_at_least(g, g->n_cubes, m * k);
    if (g->domain_up >= 1)
        distribute(chance, slices, slices, slice_up, 1);
    else if (k % per_domain == 0)
        distribute(chance, slices, slices, slice_up * whatif_power(g->domain_up, k / per_domain), 1);
    else if (per_domain % k == 0)
        distribute(chance, slices, per_domain / k, slice_up, g->domain_up);
    else
        return -1;
    return tail_of(chance, slices, m);
}

int whatif_goodput_slices(const struct whatif_goodput *g, const struct whatif_goodput_sums *sums, unsigned i,
                          bool optics, double confidence) {
    for (unsigned m = g->n_cubes / g->size[i]; m > 0; m--) {
        double chance =
            sums ? whatif_goodput_chance(g, sums, i, optics, m) : whatif_goodput_exact(g, i, optics, m);
        if (chance < 0)
            return -1;
        if (chance >= confidence)
            return (int)m;
    }
    return 0;
}
