/* helioctl audit */
#include "heliostat/v1/audit.pb-c.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include <time.h>

static const struct ctl_column columns[] = {
    {"ID", CTL_COLUMN_RIGHT | CTL_COLUMN_WHERE_GIVEN},
    {"TIME"},
    {"WHO"},
    {"WHAT"},
    {"OBJECT"},
    {"COUNT", CTL_COLUMN_RIGHT | CTL_COLUMN_WHERE_GIVEN},
    {"FIRST", CTL_COLUMN_WHERE_GIVEN},
    {"REQUEST", CTL_COLUMN_WIDE},
    {"OUTCOME"},
};

static void fill(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__ListAuditResponse *response = message;
    for (size_t i = 0; i < response->n_entries; i++) {
        const Heliostat__V1__AuditEntry *e = response->entries[i];
        ctl_table_cell(table, "%.0lld", (long long)e->id);
        ctl_table_cell(table, "%s", e->time);
        ctl_table_cell(table, "%s", e->actor);
        ctl_table_cell(table, "%s", e->method);
        ctl_table_cell(table, "%s", e->object);
        ctl_table_cell(table, "%.0lld", (long long)e->count);
        ctl_table_cell(table, "%s", e->first);
        ctl_table_cell(table, "%s", e->request_id);
        ctl_table_cell(table, "%s", e->outcome);
    }
}

/* "7d" counts back from now; anything else is a time. */
static char *since(struct ctl *ctl) {
    char *text = ctl_flag_text_or(ctl, "since", "");
    struct tm parts;
    char written[32];
    int64_t ms;
    if (!ctl_parse_seconds(text, &ms))
        return text;
    time_t then = time(NULL) - (time_t)(ms / 1000);
    gmtime_r(&then, &parts);
    strftime(written, sizeof(written), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return ctl_text(ctl, "%s", written);
}

static int audit_log(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(columns, fill, "nothing of that kind is on record");
    Heliostat__V1__ListAuditRequest request = HELIOSTAT__V1__LIST_AUDIT_REQUEST__INIT;
    Heliostat__V1__ListAuditResponse *response;
    request.object = ctl_flag_text_or(ctl, "object", "");
    request.since = since(ctl);
    request.after_id = ctl_flag_number(ctl, "after", 0);
    request.refusals = ctl_has(ctl, "refusals");
    int64_t limit = ctl_flag_number(ctl, "limit", 0);
    request.limit = limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
    int exit_status = ctl_call(ctl, "AuditService/ListAudit", &request.base,
                               &heliostat__v1__list_audit_response__descriptor, &response);
    if (exit_status == 0)
        exit_status = ctl_show(ctl, response, &view);
    if (exit_status == 0 && response->next_after_id && !ctl_wants_json(ctl))
        fprintf(stderr, "there is more: --after %lld\n", (long long)response->next_after_id);
    return exit_status;
}

static int audit_verify(struct ctl *ctl) {
    Heliostat__V1__VerifyAuditRequest request = HELIOSTAT__V1__VERIFY_AUDIT_REQUEST__INIT;
    Heliostat__V1__VerifyAuditResponse *response;
    int exit_status = ctl_call(ctl, "AuditService/VerifyAudit", &request.base,
                               &heliostat__v1__verify_audit_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        exit_status = ctl_print_json(ctl, response);
    else if (response->intact)
        ctl_say(ctl, "the audit trail is intact: %lld rows, %lld to %lld%s, head %s",
                (long long)response->rows, (long long)response->first_id, (long long)response->last_id,
                response->anchor_id
                    ? ctl_text(ctl, " (those to %lld were pruned)", (long long)response->anchor_id)
                    : "",
                response->head_hash);
    if (!response->intact)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "the audit trail was changed: %s", response->text);
    return exit_status;
}

static const struct ctl_flag log_flags[] = {
    {"object", 0, CTL_VALUE_TEXT, "NAME", .help = "Only what names this cube, slice, switch or pod"},
    {"since", 0, CTL_VALUE_TEXT, "TIME", .help = "From then on: 2026-01-31T12:00:00Z, or 2h, 7d ago"},
    {"refusals", 0, CTL_VALUE_NONE, .help = "Requests that were refused, one row for each with a count"},
    {"after", 0, CTL_VALUE_NUMBER, "ID", .help = "Rows after this one: the next page"},
    {"limit", 0, CTL_VALUE_NUMBER, "N", .help = "At most so many rows (default 200)"},
    {0},
};

static const struct ctl_command commands[] = {
    {"log", "List who did what", NULL, {{0}}, log_flags, 0, NULL, audit_log},
    {"verify", "Check the hash chain of the audit trail", NULL, {{0}}, NULL, 0, NULL, audit_verify},
    {0},
};

const struct ctl_noun ctl_noun_audit = {"audit", "Who did what", commands};
