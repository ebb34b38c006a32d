/* Who did what, from the audit trail. */
#include "daemon/api/convert.h"
#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"
#include "heliostat/v1/audit.pb-c.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIMIT_DEFAULT 200

/* A question under way; call is NULL when its client has gone. */
struct asked {
    struct api *api;
    struct grpcx_call *call;
};

static void on_cancelled(struct grpcx_call *call, void *userdata) {
    struct asked *asked = userdata;
    asked->call = NULL;
}

/* 2026-11-25T03:51:02Z, with or without a fraction of a second. */
static bool parse_time(const char *text, int64_t *ret_us) {
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (!rest)
        return false;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    *ret_us = (int64_t)timegm(&parts) * 1000000;
    return strcmp(rest, "Z") == 0;
}

static Heliostat__V1__AuditEntry *convert_row(struct arena *arena, const struct audit_row *row) {
    Heliostat__V1__AuditEntry *entry = arena_message(arena, &heliostat__v1__audit_entry__descriptor);
    if (!entry)
        return NULL;
    entry->id = row->id;
    entry->time = convert_time(arena, row->time_us);
    entry->actor = row->actor;
    entry->method = row->method;
    entry->object = row->object;
    entry->request_id = row->request;
    entry->outcome = row->outcome;
    return entry;
}

/* Ends a call whose answer could not be found out. */
static void fail(struct grpcx_call *call, const struct audit_result *result) {
    grpcx_call_finish(call, GRPCX_UNAVAILABLE, result->error, NULL, 0);
}

static void on_list(void *userdata, const struct audit_result *result) {
    struct asked *asked = userdata;
    struct arena arena = {0};
    Heliostat__V1__ListAuditResponse response = HELIOSTAT__V1__LIST_AUDIT_RESPONSE__INIT;
    if (asked->call) {
        grpcx_call_set_callbacks(asked->call, &(struct grpcx_call_callbacks){0});
        response.meta = api_meta(asked->api, &arena, false);
        response.entries = arena_array(&arena, result->n_rows, sizeof(*response.entries));
        for (size_t i = 0; response.entries && i < result->n_rows; i++)
            response.entries[response.n_entries++] = convert_row(&arena, &result->rows[i]);
        response.next_after_id = result->next_after_id;
        if (result->result)
            fail(asked->call, result);
        else
            api_reply(asked->api, asked->call, &arena, &response.base);
    }
    arena_deinit(&arena);
    free(asked);
}

static void on_verified(void *userdata, const struct audit_result *result) {
    struct asked *asked = userdata;
    struct arena arena = {0};
    Heliostat__V1__VerifyAuditResponse response = HELIOSTAT__V1__VERIFY_AUDIT_RESPONSE__INIT;
    if (asked->call) {
        grpcx_call_set_callbacks(asked->call, &(struct grpcx_call_callbacks){0});
        response.meta = api_meta(asked->api, &arena, false);
        response.intact = result->result == 0;
        response.text = arena_copy(&arena, result->error);
        response.rows = result->summary.rows;
        response.first_id = result->summary.first_id;
        response.last_id = result->summary.last_id;
        response.anchor_id = result->summary.anchor_id;
        response.head_hash = arena_copy(&arena, result->summary.head_hash);
        if (result->result < 0)
            fail(asked->call, result);
        else
            api_reply(asked->api, asked->call, &arena, &response.base);
    }
    arena_deinit(&arena);
    free(asked);
}

static void ask(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request,
                const struct audit_query *query,
                void (*done)(void *userdata, const struct audit_result *result)) {
    struct fabric_refusal refusal = {0};
    struct asked *asked = calloc(1, sizeof(*asked));
    if (!asked) {
        api_fail_memory(call);
        return;
    }
    *asked = (struct asked){.api = api, .call = call};
    grpcx_call_set_callbacks(call,
                             &(struct grpcx_call_callbacks){.on_cancelled = on_cancelled, .userdata = asked});
    int r = api->options.audit ? api->options.audit(api->options.userdata, query, done, asked) : -ENOSYS;
    if (r == 0)
        return;
    free(asked);
    grpcx_call_set_callbacks(call, &(struct grpcx_call_callbacks){0});
    if (r == -EBUSY) {
        refuse_limit(&refusal, "", "others are reading the audit trail; ask again");
        pending_refuse(api, call, request, &refusal, NULL);
    } else {
        api_fail_memory(call);
    }
}

struct refused_list {
    struct arena *arena;
    const char *object;
    int64_t since_us;
    Heliostat__V1__AuditEntry **list;
    size_t count, room;
};

static void add_refused(const struct fabric_refused *refused, void *userdata) {
    struct refused_list *all = userdata;
    if (refused->last_us < all->since_us || (*all->object && strcmp(refused->object, all->object) != 0))
        return;
    if (all->count == all->room) {
        size_t room = all->room ? 2 * all->room : 64;
        Heliostat__V1__AuditEntry **list = arena_array(all->arena, room, sizeof(*list));
        if (!list)
            return;
        if (all->count)
            memcpy(list, all->list, all->count * sizeof(*list));
        all->list = list;
        all->room = room;
    }
    Heliostat__V1__AuditEntry *entry = arena_message(all->arena, &heliostat__v1__audit_entry__descriptor);
    if (!entry)
        return;
    entry->time = convert_time(all->arena, refused->last_us);
    entry->first = convert_time(all->arena, refused->first_us);
    entry->actor = (char *)refused->principal;
    entry->method = (char *)refused->method;
    entry->object = (char *)refused->object;
    entry->outcome = arena_printf(all->arena, "%s: %s", reason_name(refused->reason), refused->text);
    entry->count = refused->count;
    all->list[all->count++] = entry;
}

static void list_refusals(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request,
                          const struct audit_query *query) {
    struct arena arena = {0};
    struct refused_list all = {.arena = &arena, .object = query->object, .since_us = query->since_us};
    Heliostat__V1__ListAuditResponse response = HELIOSTAT__V1__LIST_AUDIT_RESPONSE__INIT;
    fabric_refusals(api->fabric, add_refused, &all);
    response.meta = api_meta(api, &arena, false);
    response.entries = all.list;
    response.n_entries = all.count;
    api_reply(api, call, &arena, &response.base);
    arena_deinit(&arena);
}

static void list_audit(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ListAuditRequest *q = (const void *)request;
    struct audit_query query = {.after_id = q->after_id, .limit = q->limit ? q->limit : LIMIT_DEFAULT};
    struct fabric_refusal refusal = {0};
    int r = 0;
    if (strlen(q->object) >= sizeof(query.object))
        r = refuse_invalid(&refusal, "object", "a name has at most %zu bytes", sizeof(query.object) - 1);
    else if (*q->since && !parse_time(q->since, &query.since_us))
        r = refuse_invalid(&refusal, "since", "\"%.60s\" is no time such as 2026-01-31T12:00:00Z", q->since);
    else if (q->after_id < 0)
        r = refuse_invalid(&refusal, "after_id", "%lld is negative", (long long)q->after_id);
    else if (query.limit > AUDIT_PAGE_MAX)
        r = refuse_invalid(&refusal, "limit", "%u rows are asked for; at most %d", query.limit,
                           AUDIT_PAGE_MAX);
    if (r) {
        pending_refuse(api, call, request, &refusal, NULL);
        return;
    }
    snprintf(query.object, sizeof(query.object), "%s", q->object);
    if (q->refusals)
        list_refusals(api, call, request, &query);
    else
        ask(api, call, request, &query, on_list);
}

static void verify_audit(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    ask(api, call, request, &(struct audit_query){.is_verify = true}, on_verified);
}

const struct service_method audit_service[] = {
    {"/heliostat.v1.AuditService/ListAudit", &heliostat__v1__list_audit_request__descriptor, GRPCX_UNARY,
     list_audit},
    {"/heliostat.v1.AuditService/VerifyAudit", &heliostat__v1__verify_audit_request__descriptor, GRPCX_UNARY,
     verify_audit},
    {0},
};
