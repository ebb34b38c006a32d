#pragma once
/* Seeded random numbers (splitmix64): the same seed gives the same plant and the same faults. */
#include <stdbool.h>
#include <stdint.h>

struct chance {
    uint64_t state;
};

static inline uint64_t chance_mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint64_t chance_next(struct chance *chance) {
    chance->state += 0x9e3779b97f4a7c15u;
    return chance_mix(chance->state);
}

/* Uniform in low..high, both included. */
static inline int64_t chance_between(struct chance *chance, int64_t low, int64_t high) {
    return high <= low ? low : low + (int64_t)(chance_next(chance) % (uint64_t)(high - low + 1));
}

static inline bool chance_percent(struct chance *chance, int64_t percent) {
    return percent > 0 && (percent >= 100 || chance_between(chance, 0, 99) < percent);
}
