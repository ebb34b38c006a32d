#include "ctl/whatif/trace.h"
#include "ctl/whatif/values.h"
#include <errno.h>
#include <jansson.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS 86400000.0

/* jansson asks for bytes; one at a time, so that it never reads beyond the object. */
struct source {
    FILE *file;
    uint64_t line;
};

static size_t next_byte(void *buffer, size_t size, void *userdata) {
    struct source *source = userdata;
    int c = getc_unlocked(source->file);
    if (c == EOF)
        return 0;
    source->line += c == '\n';
    *(char *)buffer = (char)c;
    return 1;
}

static int skip_space(struct source *source) {
    int c;
    do {
        c = getc_unlocked(source->file);
        source->line += c == '\n';
    } while (c == ' ' || c == '\n' || c == '\r' || c == '\t');
    return c;
}

struct node {
    char *name;
    unsigned number;
    unsigned open; /* faults that have not ended */
};

static int by_name(const void *one, const void *other) {
    return strcmp(((const struct node *)one)->name, ((const struct node *)other)->name);
}

struct reading {
    struct whatif_trace *trace;
    void *nodes;
    unsigned n_nodes, n_cubes;
    uint64_t n_events, unmatched;
};

static struct node *node_of(struct reading *reading, const char *name) {
    struct node key = {.name = (char *)name};
    struct node **found = tfind(&key, &reading->nodes, by_name);
    if (found)
        return *found;
    struct node *node = ctl_alloc(reading->trace->ctl, sizeof(*node));
    node->name = ctl_text(reading->trace->ctl, "%s", name);
    node->number = reading->n_nodes++;
    tsearch(node, &reading->nodes, by_name);
    return node;
}

static bool take(struct reading *reading, const json_t *event, char *error) {
    const char *name = json_string_value(json_object_get(event, "node_id"));
    const char *type = json_string_value(json_object_get(event, "event_type"));
    const json_t *time = json_object_get(event, "event_time");
    if (!name || !type || !json_is_number(time)) {
        snprintf(error, WHATIF_ERROR_MAX,
                 "an event needs node_id, event_time (a number of days) and event_type");
        return false;
    }
    bool starts = strcmp(type, "fault_start") == 0;
    double ms = json_number_value(time) * DAY_MS;
    if (!starts && strcmp(type, "fault_end") != 0) {
        snprintf(error, WHATIF_ERROR_MAX, "event_type: \"%.40s\" is neither fault_start nor fault_end", type);
        return false;
    }
    if (!(ms >= 0 && ms <= (double)WHATIF_TIME_MAX_MS)) {
        snprintf(error, WHATIF_ERROR_MAX, "event_time: %.6g days is negative or longer than a hundred years",
                 ms / DAY_MS);
        return false;
    }
    struct node *node = node_of(reading, name);
    unsigned hosts = reading->n_cubes * 16;
    if (node->number >= hosts) {
        snprintf(error, WHATIF_ERROR_MAX, "more nodes than the %u hosts of this pod", hosts);
        return false;
    }
    reading->n_events++;
    if (!starts && !node->open) {
        reading->unmatched++;
        return true;
    }
    node->open += starts ? 1 : -1u;
    return whatif_trace_fault(reading->trace, (int64_t)(ms + 0.5), starts ? WHATIF_HOST_DOWN : WHATIF_HOST_UP,
                              node->number % reading->n_cubes, node->number / reading->n_cubes, error);
}

static void keep_node(void *node) {
}

/* [ object , object ... ] */
static int read_array(struct reading *reading, struct source *source, const char *path) {
    struct ctl *ctl = reading->trace->ctl;
    char error[WHATIF_ERROR_MAX];
    int c = skip_space(source);
    if (c != '[')
        return ctl_fail(ctl, CTL_EXIT_USAGE, c == EOF ? "%s is empty" : "%s:1: no JSON array of events",
                        path);
    c = skip_space(source);
    while (c != ']') {
        if (c != '{')
            return ctl_fail(ctl, CTL_EXIT_USAGE, "%s:%llu: an event was expected, a JSON object", path,
                            (unsigned long long)source->line);
        uint64_t line = source->line;
        json_error_t why;
        ungetc(c, source->file);
        json_t *event = json_load_callback(next_byte, source, JSON_DISABLE_EOF_CHECK, &why);
        if (!event)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "%s:%llu: %s", path, (unsigned long long)source->line,
                            why.text);
        bool taken = take(reading, event, error);
        json_decref(event);
        if (!taken)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "%s:%llu: %s", path, (unsigned long long)line, error);
        c = skip_space(source);
        if (c == ',')
            c = skip_space(source);
        else if (c != ']')
            return ctl_fail(ctl, CTL_EXIT_USAGE, "%s:%llu: the array does not end", path,
                            (unsigned long long)source->line);
    }
    return 0;
}

int whatif_read_faults(struct whatif_trace *trace, const char *path, unsigned n_cubes,
                       const char **ret_note) {
    struct source source = {fopen(path, "re"), 1};
    struct reading reading = {.trace = trace, .n_cubes = n_cubes};
    if (!source.file)
        return ctl_fail(trace->ctl, CTL_EXIT_FAILED, "%s: %s", path, strerror(errno));
    int exit_status = read_array(&reading, &source, path);
    fclose(source.file);
    tdestroy(reading.nodes, keep_node);
    *ret_note = ctl_text(trace->ctl, "%s: %llu events of %u nodes; %llu ends without a start were left out",
                         path, (unsigned long long)reading.n_events, reading.n_nodes,
                         (unsigned long long)reading.unmatched);
    return exit_status;
}
