/* The pod's own past as a job trace: slices that were created and deleted, and requests that were refused for
 * want of capacity, from the audit trail. */
#include "ctl/client.h"
#include "ctl/whatif/trace.h"
#include "ctl/whatif/values.h"
#include "heliostat/v1/audit.pb-c.h"
#include "heliostat/v1/event.pb-c.h"
#include "inventory/names.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE 1000
#define EVENTS_WAIT_MS 15000

struct slice_life {
    const char *name;
    int shape;
    int64_t created_ms;
    bool open;
};

struct past {
    struct whatif_trace *trace;
    struct slice_life *lives;
    size_t n_lives, max_lives;
    int64_t first_ms, last_ms;
    uint64_t creates, refusals, unknown, failures;
    bool is_down[TOPO_CUBES_MAX];
    const char *store_id;
    int64_t revision; /* up to which there is a past */
};

/* "2026-11-25T03:10:37.123456Z" to milliseconds since 1970; false for anything else. */
static bool read_rfc3339(const char *text, int64_t *ret_ms) {
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int64_t ms = 0, scale = 100;
    if (!rest)
        return false;
    if (*rest == '.')
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
            ms += (*rest - '0') * scale;
    if (strcmp(rest, "Z") != 0)
        return false;
    *ret_ms = (int64_t)timegm(&tm) * 1000 + ms;
    return true;
}

/* The first word that is a shape. */
static int shape_in(struct past *past, const char *text) {
    char error[WHATIF_ERROR_MAX], word[64];
    while (*text) {
        size_t length = strcspn(text, " ,;:()");
        snprintf(word, sizeof(word), "%.*s", (int)length, text);
        int shape = *word >= '0' && *word <= '9' && strchr(word, 'x')
                        ? whatif_trace_shape(past->trace, word, error)
                        : -1;
        if (shape >= 0)
            return shape;
        text += length + (text[length] != 0);
    }
    return -1;
}

/* What a refusal says: "needs 8 cubes". */
static int needed_in(struct past *past, const char *text) {
    char error[WHATIF_ERROR_MAX];
    unsigned cubes;
    const char *needs = strstr(text, "needs ");
    if (!needs || sscanf(needs, "needs %4u cubes", &cubes) != 1 || cubes == 0)
        return -1;
    return whatif_trace_size(past->trace, 64ull * cubes, error);
}

static struct slice_life *find_open(struct past *past, const char *name) {
    for (size_t i = past->n_lives; i-- > 0;)
        if (past->lives[i].open && strcmp(past->lives[i].name, name) == 0)
            return &past->lives[i];
    return NULL;
}

static void begin_life(struct past *past, const char *name, int shape, int64_t now_ms) {
    if (past->n_lives == past->max_lives) {
        size_t more = past->max_lives ? 2 * past->max_lives : 256;
        struct slice_life *lives = ctl_alloc(past->trace->ctl, more * sizeof(*lives));
        if (past->n_lives)
            memcpy(lives, past->lives, past->n_lives * sizeof(*lives));
        past->lives = lives;
        past->max_lives = more;
    }
    past->lives[past->n_lives++] = (struct slice_life){name, shape, now_ms, true};
}

static bool end_life(struct past *past, struct slice_life *life, int64_t now_ms, char *error) {
    life->open = false;
    return whatif_trace_add(past->trace, life->created_ms - past->first_ms, now_ms - life->created_ms,
                            (unsigned)life->shape, error);
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool take(struct past *past, const Heliostat__V1__AuditEntry *entry, char *error) {
    int64_t now_ms;
    if (!read_rfc3339(entry->time, &now_ms)) {
        snprintf(error, WHATIF_ERROR_MAX, "row %lld: \"%.40s\" is no time", (long long)entry->id,
                 entry->time);
        return false;
    }
    past->first_ms = past->first_ms ? past->first_ms : now_ms;
    past->last_ms = now_ms > past->last_ms ? now_ms : past->last_ms;
    bool refused = strncmp(entry->outcome, "refused", 7) == 0;
    if (ends_with(entry->method, "CreateSlice") && !refused) {
        int shape = shape_in(past, entry->outcome);
        past->creates++;
        if (shape < 0)
            past->unknown++;
        else
            begin_life(past, entry->object, shape, now_ms);
    } else if (ends_with(entry->method, "DeleteSlice") && !refused) {
        struct slice_life *life = find_open(past, entry->object);
        return !life || end_life(past, life, now_ms, error);
    }
    return true;
}

/* It starts with the reason. Others would not have been a job either if there had been more cubes. */
static bool is_of_capacity(const char *outcome) {
    static const char *const reasons[] = {
        "NOT_ENOUGH_CUBES", "NEEDS_TOLERANCE", "HELD_BY_SPARES",     "HELD_BY_RESERVATION", "PIN_USED",
        "PIN_UNHEALTHY",    "OCS_UNREACHABLE", "ISOLATION_UNPROVEN", "UNACCOUNTED_CIRCUIT", "QUOTA"};
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
        if (strncmp(outcome, reasons[i], strlen(reasons[i])) == 0)
            return true;
    return false;
}

/* Refused requests become jobs of the median length. */
static bool take_refusal(struct past *past, const Heliostat__V1__AuditEntry *entry, int64_t median_ms,
                         char *error) {
    int64_t first_ms;
    int shape = needed_in(past, entry->outcome);
    if (!is_of_capacity(entry->outcome))
        return true;
    past->refusals++;
    if (shape < 0 || !read_rfc3339(*entry->first ? entry->first : entry->time, &first_ms)) {
        past->unknown++;
        return true;
    }
    int64_t at_ms = first_ms > past->first_ms ? first_ms - past->first_ms : 0;
    return whatif_trace_add(past->trace, at_ms, median_ms, (unsigned)shape, error);
}

static int by_length(const void *one, const void *other) {
    int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return a < b ? -1 : a > b;
}

static int64_t median_length(struct past *past) {
    uint32_t n = past->trace->n_jobs;
    int64_t *lengths = ctl_alloc(past->trace->ctl, (n + 1) * sizeof(*lengths));
    for (uint32_t i = 0; i < n; i++)
        lengths[i] = past->trace->jobs[i].duration_ms;
    qsort(lengths, n, sizeof(*lengths), by_length);
    return n ? lengths[n / 2] : 3600000;
}

static int read_pages(struct past *past, const char *since, bool refusals, int64_t median_ms) {
    Heliostat__V1__ListAuditRequest request = HELIOSTAT__V1__LIST_AUDIT_REQUEST__INIT;
    Heliostat__V1__ListAuditResponse *response;
    struct ctl *ctl = past->trace->ctl;
    char error[WHATIF_ERROR_MAX];
    request.since = (char *)since;
    request.limit = PAGE;
    request.refusals = refusals;
    do {
        int exit_status = ctl_call(ctl, "AuditService/ListAudit", &request.base,
                                   &heliostat__v1__list_audit_response__descriptor, &response);
        if (exit_status)
            return exit_status;
        past->store_id = response->meta ? response->meta->store_id : "";
        past->revision = response->meta ? response->meta->revision : 0;
        for (size_t i = 0; i < response->n_entries; i++)
            if (!(refusals ? take_refusal(past, response->entries[i], median_ms, error)
                           : take(past, response->entries[i], error)))
                return ctl_fail(ctl, CTL_EXIT_FAILED, "the audit trail: %s", error);
        request.after_id = response->next_after_id;
    } while (request.after_id);
    return 0;
}

/* A cube that its hosts or an operator declare unfit is gone with all its hosts until it is fit again. */
static bool take_event(struct past *past, const Heliostat__V1__Event *event, char *error) {
    struct inventory_name name;
    int64_t now_ms;
    if (strcmp(event->kind, "CUBE_HEALTH") != 0 || inventory_parse_cube(event->object, &name, NULL) != 0 ||
        name.cube >= TOPO_CUBES_MAX || !read_rfc3339(event->time, &now_ms) || now_ms < past->first_ms)
        return true;
    bool down = strcmp(event->after, "UNHEALTHY") == 0;
    if (down == past->is_down[name.cube])
        return true;
    past->is_down[name.cube] = down;
    past->failures += down;
    return whatif_trace_fault(past->trace, now_ms - past->first_ms, down ? WHATIF_HOST_DOWN : WHATIF_HOST_UP,
                              name.cube, WHATIF_ALL_HOSTS, error);
}

/* The events of the past; those that the daemon has dropped already are not there any more. */
static int read_events(struct past *past) {
    Heliostat__V1__WatchRequest request = HELIOSTAT__V1__WATCH_REQUEST__INIT;
    struct ctl *ctl = past->trace->ctl;
    struct grpcx_stream_reader *reader;
    ProtobufCMessage *message;
    char error[WHATIF_ERROR_MAX] = "";
    bool done = past->revision == 0;
    request.since_revision = 1;
    request.store_id = (char *)past->store_id;
    if (done)
        return 0;
    if (grpcx_stream_open(ctl_grpc(ctl), "/heliostat.v1.EventService/Watch", &request.base,
                          &heliostat__v1__watch_response__descriptor, 0, &reader) < 0)
        return ctl_fail(ctl, CTL_EXIT_UNREACHABLE, "heliostatd at %s does not answer", ctl->socket_path);
    while (!done && !*error && grpcx_stream_next(reader, EVENTS_WAIT_MS, &message) == 0) {
        const Heliostat__V1__WatchResponse *item = (const void *)message;
        /* A progress message, or the new snapshot after a resync, has nothing of the past behind it. */
        done = item->type != HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_EVENT || item->revision >= past->revision;
        if (item->type == HELIOSTAT__V1__WATCH_TYPE__WATCH_TYPE_EVENT && item->event &&
            !take_event(past, item->event, error))
            done = true;
        grpcx_unpack_free(message);
    }
    grpcx_stream_close(reader);
    return *error ? ctl_fail(ctl, CTL_EXIT_FAILED, "the events: %s", error) : 0;
}

int whatif_read_audit(struct whatif_trace *trace, const char *since, const char **ret_note) {
    struct past past = {.trace = trace};
    char error[WHATIF_ERROR_MAX];
    int exit_status = read_pages(&past, since, false, 0);
    for (size_t i = 0; exit_status == 0 && i < past.n_lives; i++)
        if (past.lives[i].open && !end_life(&past, &past.lives[i], past.last_ms, error))
            return ctl_fail(trace->ctl, CTL_EXIT_FAILED, "the audit trail: %s", error);
    if (exit_status == 0)
        exit_status = read_pages(&past, since, true, median_length(&past));
    if (exit_status == 0)
        exit_status = read_events(&past);
    *ret_note = ctl_text(
        trace->ctl,
        "The audit trail: %llu creates, %llu refusals for want of capacity (taken as jobs "
        "of the median length, in the roundest shape of as many cubes); %llu cube failures; %llu rows "
        "name no topology and were left out. Slices that still stand end with the trail.",
        (unsigned long long)past.creates, (unsigned long long)past.refusals,
        (unsigned long long)past.failures, (unsigned long long)past.unknown);
    return exit_status;
}
