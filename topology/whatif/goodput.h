#pragma once
/* How many slices of a size a pod can promise, with optical switches and without.
 *
 * The rule is that of the published figure (TPU v4, ISCA 2023, fig. 4): a pod promises the largest number m
 * of slices of k cubes of which it can give all at once with a probability of at least `confidence`. With
 * switches any k cubes that are up make a slice. Without them slices are fixed groups of k cubes in a row,
 * each up when all its cubes are.
 *
 * A cube is up when its 16 hosts, its optical links and its power domain are. Dead switches take links from
 * every cube: up to `tolerated_ocses` of them are routed around, beyond that no slice can be promised. */
#include <stdbool.h>
#include <stdint.h>

#include "topology/wiring.h"

#define WHATIF_SIZES_MAX 16
#define WHATIF_DOMAINS_MAX 64

struct whatif_goodput {
    unsigned n_cubes;        /* 1..TOPO_CUBES_MAX */
    unsigned n_ocses;        /* 0..64 */
    double host_up, link_up; /* probabilities, of one host, of one of the 96 links of a cube */
    double ocs_up;
    double domain_up;          /* of the power domain of a cube, all of whose cubes fail together */
    unsigned cubes_per_domain; /* cube c is in domain c / cubes_per_domain */
    unsigned tolerated_ocses;
    unsigned size[WHATIF_SIZES_MAX]; /* in cubes, each 1..n_cubes */
    unsigned n_sizes;
};

/* Counts of trials. Integers, so that adding them up in any order gives the same. */
struct whatif_goodput_sums {
    uint64_t trials;
    uint64_t up[TOPO_CUBES_MAX + 1]; /* trials with so many usable cubes, with switches */
    /* Trials with so many whole slices of each size, without switches. */
    uint64_t fixed[WHATIF_SIZES_MAX][TOPO_CUBES_MAX + 1];
};

/* NULL, or what is wrong with the numbers. */
const char *whatif_goodput_check(const struct whatif_goodput *goodput);
/* Adds trials first .. first + count - 1. Every host is drawn in every trial; all sizes are read off the same
 * draw. */
void whatif_goodput_run(const struct whatif_goodput *goodput, uint64_t seed, uint64_t first, uint64_t count,
                        struct whatif_goodput_sums *sums);

/* Probability of at least m slices of size[i] cubes, from the counts. */
double whatif_goodput_chance(const struct whatif_goodput *goodput, const struct whatif_goodput_sums *sums,
                             unsigned i, bool optics, unsigned m);
/* The same in closed form; negative where there is none (without switches, a power domain that can fail, and
 * slices that neither hold whole domains nor divide one). */
double whatif_goodput_exact(const struct whatif_goodput *goodput, unsigned i, bool optics, unsigned m);
/* The largest m whose chance reaches the confidence; exact tells where the chance comes from. -1 where there
 * is no closed form. */
int whatif_goodput_slices(const struct whatif_goodput *goodput, const struct whatif_goodput_sums *sums,
                          unsigned i, bool optics, double confidence);

/* Probability that at least k of the first n cubes are usable, closed form, with switches. */
double whatif_goodput_at_least(const struct whatif_goodput *goodput, unsigned n, unsigned k);
