#include "daemon/audit_keeper.h"
#include "daemon/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <string.h>

#define BUSY_US 1000000

struct audit_keeper {
    struct audit_keeper_options options;
    struct loop_timer *timer;
};

static void tell_head(const char *what, const struct store_audit_summary *summary) {
    log_line(LOG_LEVEL_INFO, "%s: audit trail to row %" PRId64 ", head %s", what, summary->last_id,
             summary->head_hash);
}

void audit_keeper_tell_head(const char *what, const char *path) {
    struct store_audit_summary summary;
    int64_t prune_through;
    int r = store_audit_survey(path, 0, &summary, &prune_through);
    if (r < 0)
        log_line(LOG_LEVEL_WARNING, "%s: the head of its audit trail cannot be read: %s", what, strerror(-r));
    else
        tell_head(what, &summary);
}

static void on_survey(void *userdata, const struct audit_result *result) {
    struct audit_keeper *keeper = userdata;
    int64_t now_us = loop_now_us(), next_us = now_us + keeper->options.period_us;
    if (result->result < 0) {
        log_line(LOG_LEVEL_WARNING, "the head of the audit trail cannot be read: %s", result->error);
    } else {
        tell_head("database", &result->summary);
        if (result->prune_through) {
            fabric_prune_audit(keeper->options.fabric, result->prune_through, now_us);
            next_us = now_us + BUSY_US; /* there may be more */
        }
    }
    if (result->result != -ECANCELED)
        loop_timer_arm(keeper->timer, next_us);
}

static void on_timer(int64_t now_us, void *userdata) {
    struct audit_keeper *keeper = userdata;
    struct audit_query query = {.is_survey = true};
    if (keeper->options.keep_us)
        query.since_us = loop_wall_us() - keeper->options.keep_us;
    if (audit_reader_ask(keeper->options.reader, &query, on_survey, keeper) < 0)
        loop_timer_arm(keeper->timer, now_us + BUSY_US);
}

int audit_keeper_new(const struct audit_keeper_options *options, struct audit_keeper **ret_keeper) {
    struct audit_keeper *keeper = calloc(1, sizeof(*keeper));
    if (!keeper)
        return -ENOMEM;
    keeper->options = *options;
    int r = loop_timer_new(options->loop, on_timer, keeper, &keeper->timer);
    if (r < 0) {
        free(keeper);
        return r;
    }
    loop_timer_arm(keeper->timer, loop_now_us());
    *ret_keeper = keeper;
    return 0;
}

void audit_keeper_free(struct audit_keeper *keeper) {
    if (!keeper)
        return;
    loop_timer_free(keeper->timer);
    free(keeper);
}
