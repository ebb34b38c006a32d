#include "daemon/fabric/flap.h"

#include <string.h>

/* A host that flaps is neither good nor dead: DEGRADED while it speaks, UNKNOWN while it does not. */
static void show(struct fabric *fabric, struct fabric_host *host, int64_t now_us) {
    enum health health = host->said;
    const char *cause = host->said_cause;
    if (host->is_flapping) {
        health =
            host->said == HEALTH_UNKNOWN || host->said == HEALTH_UNHEALTHY ? HEALTH_UNKNOWN : HEALTH_DEGRADED;
        /* One that speaks and says that its chips failed can be used no better than one that flaps. */
        if (host->said == HEALTH_UNHEALTHY && now_us < host->silent_at_us)
            health = HEALTH_DEGRADED;
        cause = "FLAPPING";
    }
    if (host->health == health && strcmp(host->cause, cause) == 0)
        return;
    if (host->health != health)
        host->health_since_us = now_us;
    host->health = health;
    host->cause = cause;
    host->has_moved = true;
    fabric->host_review_at_us = now_us;
}

void flap_say(struct fabric *fabric, struct fabric_host *host, enum health health, const char *cause,
              int64_t now_us) {
    const struct fabric_settings *settings = &fabric->settings;
    if (host->said == HEALTH_NONE) { /* after a start: what was stored */
        host->said = host->health;
        host->said_cause = host->cause;
    }
    bool has_changed = host->said != health;
    if (has_changed && host->said == HEALTH_HEALTHY) {
        if (now_us - host->first_flap_us > settings->flap_window_us) {
            host->first_flap_us = now_us;
            host->n_flaps = 0;
        }
        host->is_flapping = ++host->n_flaps >= settings->flap_count || host->is_flapping;
    }
    if (has_changed)
        host->quiet_since_us = now_us;
    host->said = health;
    host->said_cause = cause;
    show(fabric, host, now_us);
}

void flap_review(struct fabric *fabric, struct fabric_host *host, int64_t now_us) {
    if (!host->is_flapping || now_us - host->quiet_since_us < fabric->settings.flap_quiet_us)
        return;
    host->is_flapping = false;
    host->n_flaps = 0;
    show(fabric, host, now_us);
}
