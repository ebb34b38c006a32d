#include "topology/whatif/draw.h"

#include <math.h>
#include <string.h>

uint64_t whatif_threshold(double probability) {
    if (!(probability > 0))
        return 0;
    return probability >= 1 ? UINT64_MAX : (uint64_t)(probability * 18446744073709551616.0);
}

double whatif_uniform(struct whatif_stream *stream) {
    return ((double)(whatif_next(stream) >> 12) + 0.5) * 0x1p-52;
}

double whatif_log(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    int exponent = (int)(bits >> 52 & 0x7ff) - 1023;
    bits = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(1023) << 52;
    double m;
    memcpy(&m, &bits, sizeof(m));
    if (m > 1.4142135623730951) {
        m *= 0.5;
        exponent++;
    }
    /* log m = 2 artanh(t), |t| < 0.172 */
    double t = (m - 1) / (m + 1), square = t * t, sum = 0;
    for (int i = 23; i >= 1; i -= 2)
        sum = sum * square + 1.0 / i;
    return exponent * 0.6931471805599453 + 2 * t * sum;
}

double whatif_exp(double x) {
    if (x > 700)
        x = 700;
    if (x < -700)
        return 0;
    int halvings = 0;
    while (x > 0.5 || x < -0.5) {
        x *= 0.5;
        halvings++;
    }
    double sum = 1;
    for (int i = 16; i >= 1; i--)
        sum = 1 + x * sum / i;
    while (halvings--)
        sum *= sum;
    return sum;
}

double whatif_power(double p, unsigned n) {
    double result = 1;
    while (n--)
        result *= p;
    return result;
}

static double tail(double q) {
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                               -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00};
    return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
           ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
}

double whatif_normal(struct whatif_stream *stream) {
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                               1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                               6.680131188771972e+01, -1.328068155288572e+01};
    double u = whatif_uniform(stream);
    if (u < 0.02425)
        return tail(sqrt(-2 * whatif_log(u)));
    if (u > 1 - 0.02425)
        return -tail(sqrt(-2 * whatif_log(1 - u)));
    double q = u - 0.5, r = q * q;
    return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
           (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}
