#pragma once
/* What a slice's network is worth: distances, link loads, rings, bisection, whole or with missing links.
 * Chips are vertices; every link carries both ways. Allocates while it works; any thread. */
#include "topology/circuit.h"

struct topo_analysis {
    unsigned n_chips;
    bool connected;
    unsigned diameter;   /* hops, among chips that reach each other */
    double average_hops; /* over ordered pairs of different chips that reach each other */
    /* Uniform all-to-all, every ordered pair one unit, split evenly over its shortest paths: units on a link
     * of each dimension, one way, on average and on the busiest link of all. */
    double load[3];
    double load_max;
    /* Chips whose traffic was followed or is like that of a followed one. Fewer than n_chips (irregular
     * damage in more than 1,024 chips): loads are estimates, load_max and what follows from it a lower bound.
     */
    unsigned load_sources;
    /* Time for each chip to send one byte in all, evenly to all others, in bytes per link bandwidth. */
    double all_to_all_time;
    unsigned ring_length[3]; /* chips on the ring along each dimension; 0 in a mesh */
    unsigned rings[3], broken_rings[3];
    /* Time to reduce one byte per chip over all chips, ring by ring, each dimension working on its part of
     * the data at any time; a dimension with a broken ring works as lines, at half the bandwidth. Same unit.
     */
    double all_reduce_time;
    /* Links that cross the best cut into halves by two parallel planes: an upper bound on the bisection. */
    unsigned bisection;
    /* This slice against the whole one: 1.0 when nothing is missing. */
    double all_to_all_slow_down, all_reduce_slow_down;
};

#define TOPO_ANALYSIS_INVALID 1

/* missing[position][dimension]: a bit per index of the link to the next position that is missing; NULL: none,
 * and ignored for parts of a cube. 0, TOPO_ANALYSIS_INVALID for a shape that is not valid, or -ENOMEM. */
__attribute__((warn_unused_result)) int topo_analyze(const struct topo_shape *shape,
                                                     const uint16_t (*missing)[3],
                                                     struct topo_analysis *ret_analysis);
