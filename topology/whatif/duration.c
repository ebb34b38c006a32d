#include "topology/whatif/duration.h"

static int64_t round_ms(double ms) {
    return ms < 0 ? 0 : ms > (double)WHATIF_TIME_MAX_MS ? WHATIF_TIME_MAX_MS : (int64_t)(ms + 0.5);
}

int64_t whatif_draw_duration(const struct whatif_duration *d, struct whatif_stream *stream) {
    switch (d->kind) {
    case WHATIF_UNIFORM:
        return round_ms((double)d->a_ms + (double)(d->b_ms - d->a_ms) * whatif_uniform(stream));
    case WHATIF_EXPONENTIAL:
        return round_ms(-(double)d->a_ms * whatif_log(whatif_uniform(stream)));
    case WHATIF_LOGNORMAL:
        return round_ms((double)d->a_ms * whatif_exp(d->sigma * whatif_normal(stream)));
    default:
        return d->a_ms;
    }
}
