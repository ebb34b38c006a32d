#pragma once
/* Numbers as people write them on the command line and in traces. Each reader returns false and writes what
 * would be accepted into error (WHATIF_ERROR_MAX bytes). */
#include "ctl/ctl.h"
#include "topology/whatif/duration.h"

#define WHATIF_ERROR_MAX 320

/* "99.9%" or "0.999": 0..1. */
bool whatif_read_share(const char *text, double *ret_share, char *error);
/* "250ms", "20s", "5m", "12h", "3d", "2w", "1y" (365 days), also with a fraction: whole milliseconds. */
bool whatif_read_time(const char *text, int64_t *ret_ms, char *error);
/* "7d", "3d-14d" (uniform), "exp:7d", "lognormal:5d:0.8" (median, sigma). */
bool whatif_read_duration(const char *text, struct whatif_duration *ret_duration, char *error);
/* A decimal number without sign, digits and at most one point. */
bool whatif_read_decimal(const char *text, double *ret_number);

/* A flag read by one of the above; true with the default where it is not given. On false the error is
 * printed. */
bool whatif_flag_share(struct ctl *ctl, const char *flag, const char *otherwise, double *ret_share);
bool whatif_flag_time(struct ctl *ctl, const char *flag, const char *otherwise, int64_t *ret_ms);
bool whatif_flag_duration(struct ctl *ctl, const char *flag, const char *otherwise,
                          struct whatif_duration *ret_duration);
/* min..max */
bool whatif_flag_count(struct ctl *ctl, const char *flag, int64_t otherwise, int64_t min, int64_t max,
                       int64_t *ret_number);
