#pragma once
/* Injected time: this module never reads a clock and never sets a timer. */
#include <stdint.h>

struct grpcx_clock {
    int64_t (*now_us)(void *userdata); /* monotonic microseconds */
    void *userdata;
};
