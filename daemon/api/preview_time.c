#include "daemon/api/preview_time.h"
#include "daemon/fabric/state.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 400
#define SECONDS(us) ((double)(us) / 1e6)

void preview_add_time(struct preview_time *time, int64_t takes_us, const char *format, ...) {
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    time->takes_us += takes_us;
    time->text =
        arena_printf(time->arena, "%s%s%s", time->text ? time->text : "", time->text ? "; then " : "", text);
}

/* Of the last change that the switch answered: first byte sent to last answer. 0: there was none. */
static int64_t last_change_us(const struct fabric_ocs *ocs) {
    int64_t first_us, last_us;
    if (device_is_changing(ocs->device))
        return 0;
    device_last_change_us(ocs->device, &first_us, &last_us);
    return first_us && last_us > first_us ? last_us - first_us : 0;
}

static int64_t slowest_us(const struct fabric_pod *pod, uint64_t ocses) {
    int64_t most_us = 0;
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        int64_t us = ocses >> i & 1 ? last_change_us(&pod->ocs[i]) : 0;
        most_us = us > most_us ? us : most_us;
    }
    return most_us;
}

void preview_add_mirrors(struct preview_time *time, const struct fabric_pod *pod, uint64_t ocses,
                         unsigned times) {
    const char *source = "the slowest of them at its last change";
    unsigned n = (unsigned)__builtin_popcountll(ocses);
    int64_t us = slowest_us(pod, ocses);
    char repeated[32] = "";
    if (!n || !times)
        return;
    if (!us) {
        us = slowest_us(pod, UINT64_MAX);
        source = "the slowest switch of the pod at its last change; these were not changed yet";
    }
    if (!us) {
        us = pod->fabric->settings.guard_us;
        source = "the guard time alone: no switch was changed yet, the time of the mirrors is not known";
    }
    if (times > 1)
        snprintf(repeated, sizeof(repeated), "%u times ", times);
    preview_add_time(time, us * times, "%sa command to %s%u switch%s, mirrors and read-back, %.2f s%s (%s)",
                     repeated, n > 1 ? "each of " : "", n, n > 1 ? "es at once" : "", SECONDS(us),
                     times > 1 ? " each" : "", source);
}

void preview_add_reports(struct preview_time *time, const struct fabric_pod *pod, unsigned times,
                         const char *what_for) {
    const int64_t ttl_us = pod->fabric->settings.report_ttl_us;
    int64_t gap_us = 0;
    char repeated[32] = "";
    for (unsigned i = 0; i < pod->n_cubes; i++)
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
            int64_t us = pod->cube[i].host[host].report_gap_us;
            if (us <= ttl_us && us > gap_us)
                gap_us = us;
        }
    if (times > 1)
        snprintf(repeated, sizeof(repeated), "%u times ", times);
    preview_add_time(time, 2 * times * (gap_us ? gap_us : ttl_us),
                     "%s2 reports of each host %s, at most %.2f s apart%s", repeated, what_for,
                     SECONDS(gap_us ? gap_us : ttl_us),
                     gap_us ? " of late" : " (the time to live of a report: no host was heard twice yet)");
}
