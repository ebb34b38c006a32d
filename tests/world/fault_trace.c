#include "tests/world/fault_trace.h"

#include <stdio.h>
#include <string.h>

#define DAY_US 86400000000.0

static void shuffle(unsigned *numbers, unsigned count, struct chance *chance) {
    for (unsigned i = 0; i < count; i++)
        numbers[i] = i;
    for (unsigned i = count; i > 1; i--) {
        unsigned other = (unsigned)chance_between(chance, 0, i - 1);
        unsigned number = numbers[i - 1];
        numbers[i - 1] = numbers[other];
        numbers[other] = number;
    }
}

static void add(struct fault_trace *trace, double day, unsigned host, bool is_start) {
    trace->event[trace->n_events++] =
        (struct fault_event){.at_us = (int64_t)(day * DAY_US), .host = host, .is_start = is_start};
}

bool fault_trace_read(const char *path, double first, double days, unsigned n_hosts, struct chance *chance,
                      struct fault_trace *ret_trace) {
    unsigned server_at[FAULT_TRACE_SERVERS], host_at[FAULT_TRACE_HOSTS], n_lines = 0;
    int host_of[FAULT_TRACE_SERVERS];
    bool has_failed[FAULT_TRACE_SERVERS] = {false}, has_begun = false;
    char line[80];
    FILE *file = n_hosts <= FAULT_TRACE_HOSTS ? fopen(path, "r") : NULL;
    if (!file)
        return false;
    *ret_trace = (struct fault_trace){.n_servers = FAULT_TRACE_SERVERS * n_hosts / FAULT_TRACE_HOSTS};
    shuffle(server_at, FAULT_TRACE_SERVERS, chance);
    shuffle(host_at, n_hosts, chance);
    memset(host_of, 0xff, sizeof(host_of));
    for (unsigned i = 0; i < ret_trace->n_servers; i++)
        host_of[server_at[i]] = (int)host_at[i];
    while (fgets(line, sizeof(line), file) &&
           ret_trace->n_events + FAULT_TRACE_SERVERS < FAULT_TRACE_EVENTS_MAX) {
        double day;
        unsigned server;
        char event[16];
        if (sscanf(line, "%lf,%u,%15s", &day, &server, event) != 3 || server >= FAULT_TRACE_SERVERS)
            continue;
        n_lines++;
        for (unsigned i = 0; day >= first && !has_begun && i < FAULT_TRACE_SERVERS; i++)
            if (has_failed[i] && host_of[i] >= 0)
                add(ret_trace, 0, (unsigned)host_of[i], true);
        has_begun = has_begun || day >= first;
        has_failed[server] = strcmp(event, "start") == 0;
        if (has_begun && day < first + days && host_of[server] >= 0)
            add(ret_trace, day - first, (unsigned)host_of[server], has_failed[server]);
    }
    bool is_whole = feof(file) && n_lines;
    fclose(file);
    return is_whole;
}
