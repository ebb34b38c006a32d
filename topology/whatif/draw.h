#pragma once
/* Random numbers that are a function of (seed, trial, draw number): no state is carried from one trial to the
 * next, so trials may run in any order on any number of threads. SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)
 * used as a counter-based generator. Everything here is integer arithmetic or IEEE basic operations, so that
 * a seed gives the same result on every machine. */
#include <stdint.h>

struct whatif_stream {
    uint64_t base, n;
};

static inline uint64_t whatif_mix(uint64_t z) {
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

#define WHATIF_GOLDEN UINT64_C(0x9e3779b97f4a7c15)

static inline struct whatif_stream whatif_stream_of(uint64_t seed, uint64_t trial) {
    uint64_t key = whatif_mix(seed + WHATIF_GOLDEN);
    return (struct whatif_stream){whatif_mix(key ^ whatif_mix(trial + WHATIF_GOLDEN)), 0};
}

static inline uint64_t whatif_next(struct whatif_stream *stream) {
    return whatif_mix(stream->base + ++stream->n * WHATIF_GOLDEN);
}

/* A probability as a threshold: of a uniform 64-bit number to be below it. Clamped to 0..1; 1 is 1 - 2^-64.
 */
uint64_t whatif_threshold(double probability);

/* 64 independent events of one probability. A lane compares its own random bits with the threshold, highest
 * bit first, until they differ: exact to the last bit of the threshold. */
static inline uint64_t whatif_events(struct whatif_stream *stream, uint64_t threshold) {
    uint64_t open = UINT64_MAX, hit = 0;
    for (; threshold && open; threshold <<= 1) {
        uint64_t random = whatif_next(stream);
        if (threshold >> 63) {
            hit |= open & ~random;
            open &= random;
        } else {
            open &= ~random;
        }
    }
    return hit;
}

/* Uniform in 0 < u < 1, 53 bits. */
double whatif_uniform(struct whatif_stream *stream);
/* Natural logarithm of x > 0 and e^x, to about 1e-15, the same on every machine. */
double whatif_log(double x);
double whatif_exp(double x);
/* Standard normal by inversion (Acklam's rational approximation, relative error below 1.2e-9). */
double whatif_normal(struct whatif_stream *stream);
/* p^n by repeated multiplication. */
double whatif_power(double p, unsigned n);
