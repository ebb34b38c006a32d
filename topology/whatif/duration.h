#pragma once
/* How long something takes, as a distribution. */
#include <stdbool.h>
#include <stdint.h>

#include "topology/whatif/draw.h"

enum whatif_duration_kind {
    WHATIF_FIXED,       /* always a */
    WHATIF_UNIFORM,     /* between a and b */
    WHATIF_EXPONENTIAL, /* mean a */
    WHATIF_LOGNORMAL,   /* median a, sigma of the logarithm */
};

struct whatif_duration {
    enum whatif_duration_kind kind;
    int64_t a_ms, b_ms;
    double sigma;
};

#define WHATIF_TIME_MAX_MS INT64_C(3153600000000) /* a hundred years */

/* At least 0 and at most a hundred years. */
int64_t whatif_draw_duration(const struct whatif_duration *duration, struct whatif_stream *stream);
