#include "ctl/whatif/values.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool whatif_read_decimal(const char *text, double *ret_number) {
    size_t digits = 0, points = 0;
    for (const char *at = text; *at; at++) {
        digits += isdigit((unsigned char)*at) != 0;
        points += *at == '.';
        if (!isdigit((unsigned char)*at) && *at != '.')
            return false;
    }
    if (digits == 0 || points > 1 || strlen(text) > 40)
        return false;
    *ret_number = strtod(text, NULL);
    return true;
}

bool whatif_read_share(const char *text, double *ret_share, char *error) {
    char digits[48];
    size_t length = strlen(text);
    bool percent = length && text[length - 1] == '%';
    double number;
    snprintf(digits, sizeof(digits), "%.*s", (int)(length - percent), text);
    if (length >= sizeof(digits) || !whatif_read_decimal(digits, &number) ||
        (number /= percent ? 100 : 1) > 1) {
        snprintf(error, WHATIF_ERROR_MAX, "\"%.60s\" is no share; write 99.9%% or 0.999", text);
        return false;
    }
    *ret_share = number;
    return true;
}

bool whatif_read_time(const char *text, int64_t *ret_ms, char *error) {
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"ms", 1},    {"s", 1e3},    {"m", 6e4},     {"min", 6e4},
                 {"h", 3.6e6}, {"d", 8.64e7}, {"w", 6.048e8}, {"y", 3.1536e10}};
    size_t digits = strspn(text, "0123456789.");
    char number_text[48];
    double number;
    snprintf(number_text, sizeof(number_text), "%.*s", (int)digits, text);
    if (digits < sizeof(number_text) && whatif_read_decimal(number_text, &number))
        for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
            if (strcmp(text + digits, units[i].unit) == 0) {
                if (number * units[i].ms > (double)WHATIF_TIME_MAX_MS) {
                    snprintf(error, WHATIF_ERROR_MAX, "\"%.60s\" is longer than a hundred years", text);
                    return false;
                }
                *ret_ms = (int64_t)(number * units[i].ms + 0.5);
                return true;
            }
    snprintf(error, WHATIF_ERROR_MAX, "\"%.60s\" is no time; write 30s, 5m, 12h, 3d, 2w or 1y", text);
    return false;
}

bool whatif_read_duration(const char *text, struct whatif_duration *ret_duration, char *error) {
    struct whatif_duration d = {.kind = WHATIF_FIXED};
    char word[64];
    const char *dash = strchr(text, '-');
    if (strlen(text) >= sizeof(word)) {
        snprintf(error, WHATIF_ERROR_MAX, "too long for a time");
        return false;
    }
    if (strncmp(text, "exp:", 4) == 0) {
        d.kind = WHATIF_EXPONENTIAL;
        if (!whatif_read_time(text + 4, &d.a_ms, error))
            return false;
    } else if (strncmp(text, "lognormal:", 10) == 0) {
        const char *colon = strchr(text + 10, ':');
        d.kind = WHATIF_LOGNORMAL;
        snprintf(word, sizeof(word), "%.*s", colon ? (int)(colon - text - 10) : 0, text + 10);
        if (!colon || !whatif_read_decimal(colon + 1, &d.sigma) || d.sigma > 5) {
            snprintf(error, WHATIF_ERROR_MAX,
                     "\"%s\": write lognormal:MEDIAN:SIGMA, such as lognormal:5d:0.8, sigma at most 5", text);
            return false;
        }
        if (!whatif_read_time(word, &d.a_ms, error))
            return false;
    } else if (dash) {
        d.kind = WHATIF_UNIFORM;
        snprintf(word, sizeof(word), "%.*s", (int)(dash - text), text);
        if (!whatif_read_time(word, &d.a_ms, error) || !whatif_read_time(dash + 1, &d.b_ms, error))
            return false;
        if (d.b_ms < d.a_ms) {
            snprintf(error, WHATIF_ERROR_MAX, "\"%s\": the longer time comes second", text);
            return false;
        }
    } else if (!whatif_read_time(text, &d.a_ms, error)) {
        return false;
    }
    *ret_duration = d;
    return true;
}

#define READ(ctl, flag, otherwise, reader, ret)                                                              \
    char error[WHATIF_ERROR_MAX];                                                                            \
    if (reader(ctl_flag_text_or(ctl, flag, otherwise), ret, error))                                          \
        return true;                                                                                         \
    ctl_fail(ctl, CTL_EXIT_USAGE, "--%s: %s", flag, error);                                                  \
    return false;

bool whatif_flag_share(struct ctl *ctl, const char *flag, const char *otherwise, double *ret_share) {
    READ(ctl, flag, otherwise, whatif_read_share, ret_share)
}

bool whatif_flag_time(struct ctl *ctl, const char *flag, const char *otherwise, int64_t *ret_ms) {
    READ(ctl, flag, otherwise, whatif_read_time, ret_ms)
}

bool whatif_flag_duration(struct ctl *ctl, const char *flag, const char *otherwise,
                          struct whatif_duration *ret_duration) {
    READ(ctl, flag, otherwise, whatif_read_duration, ret_duration)
}

bool whatif_flag_count(struct ctl *ctl, const char *flag, int64_t otherwise, int64_t min, int64_t max,
                       int64_t *ret_number) {
    int64_t number = ctl_flag_number(ctl, flag, otherwise);
    if (number < min || number > max) {
        ctl_fail(ctl, CTL_EXIT_USAGE, "--%s: %lld is not in %lld..%lld", flag, (long long)number,
                 (long long)min, (long long)max);
        return false;
    }
    *ret_number = number;
    return true;
}
