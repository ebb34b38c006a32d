#include "ctl/arguments.h"
#include "ctl/whatif/lines.h"
#include "ctl/whatif/trace.h"
#include "ctl/whatif/values.h"
#include "inventory/csv_record.h"
#include <string.h>
#include <strings.h>

enum column { ID, ARRIVAL, TOPOLOGY, SHAPE, SIZE, DURATION, COLUMNS };

static const char *const names[COLUMNS] = {"job id", "arrival time (sec)", "topology", "shape",
                                           "size",   "duration (sec)"};

/* Seconds, at most a hundred years. */
static bool read_seconds(const char *text, int64_t *ret_ms, char *error) {
    double seconds;
    if (*text == '-' && whatif_read_decimal(text + 1, &seconds)) {
        snprintf(error, WHATIF_ERROR_MAX, "\"%.40s\" is negative", text);
        return false;
    }
    if (!whatif_read_decimal(text, &seconds) || seconds * 1000 > (double)WHATIF_TIME_MAX_MS) {
        snprintf(error, WHATIF_ERROR_MAX, "\"%.40s\" is not a number of seconds", text);
        return false;
    }
    *ret_ms = (int64_t)(seconds * 1000 + 0.5);
    return true;
}

static int read_header(struct whatif_lines *lines, const struct csv_record *record, int place[COLUMNS]) {
    for (unsigned c = 0; c < COLUMNS; c++) {
        place[c] = -1;
        for (unsigned i = 0; i < record->n; i++)
            if (strcasecmp(record->cells[i], names[c]) == 0)
                place[c] = (int)i;
    }
    if (place[ARRIVAL] < 0 || place[DURATION] < 0 ||
        (place[SHAPE] < 0 && place[TOPOLOGY] < 0 && place[SIZE] < 0))
        return whatif_lines_fail(lines, "the first line must name the columns: job id,arrival time "
                                        "(sec),topology,shape,size,duration (sec)");
    return 0;
}

static const char *cell(const struct csv_record *record, const int place[COLUMNS], enum column c) {
    return place[c] >= 0 && (unsigned)place[c] < record->n ? record->cells[place[c]] : "";
}

/* From shape, else from a topology that is a shape, else from size. */
static int shape_of(struct whatif_trace *trace, const struct csv_record *record, const int place[COLUMNS],
                    char *error) {
    const char *shape = cell(record, place, SHAPE), *topology = cell(record, place, TOPOLOGY),
               *size = cell(record, place, SIZE);
    int64_t chips = 0;
    if (*size && (!ctl_parse_number(size, &chips) || chips < 1)) {
        snprintf(error, WHATIF_ERROR_MAX, "size: \"%.40s\" is not a number of chips", size);
        return -1;
    }
    /* "4x4x8_untwisted" says more than "4x4x8". */
    bool is_shape = topology[0] >= '0' && topology[0] <= '9';
    if (is_shape && (!*shape || strncmp(topology, shape, strlen(shape)) == 0))
        shape = topology;
    int number = *shape  ? whatif_trace_shape(trace, shape, error)
                 : *size ? whatif_trace_size(trace, (uint64_t)chips, error)
                         : -1;
    if (!*shape && !*size)
        snprintf(error, WHATIF_ERROR_MAX, "neither a shape nor a size");
    if (number >= 0 && *shape && *size && !trace->round_up &&
        trace->shapes[number].n_chips != (uint64_t)chips) {
        snprintf(error, WHATIF_ERROR_MAX, "shape %.40s has %u chips, size says %lld", shape,
                 trace->shapes[number].n_chips, (long long)chips);
        return -1;
    }
    return number;
}

int whatif_read_csv(struct whatif_trace *trace, const char *path) {
    struct whatif_lines lines;
    struct csv_record record;
    struct csv_reader reader;
    char error[WHATIF_ERROR_MAX];
    int place[COLUMNS], r = 0, exit_status = whatif_lines_open(&lines, trace->ctl, path);
    bool header = true;
    if (exit_status)
        return exit_status;
    while (exit_status == 0 && (r = whatif_lines_next(&lines)) > 0) {
        int64_t arrival_ms, duration_ms;
        csv_reader_init(&reader, lines.line, strlen(lines.line));
        if (!csv_next(&reader, &record) || record.is_empty)
            continue;
        if (record.problem) {
            exit_status = whatif_lines_fail(&lines, "%s", record.problem);
        } else if (header) {
            header = false;
            exit_status = read_header(&lines, &record, place);
        } else if (!read_seconds(cell(&record, place, ARRIVAL), &arrival_ms, error)) {
            exit_status = whatif_lines_fail(&lines, "arrival time: %s", error);
        } else if (!read_seconds(cell(&record, place, DURATION), &duration_ms, error)) {
            exit_status = whatif_lines_fail(&lines, "duration: %s", error);
        } else {
            int shape = shape_of(trace, &record, place, error);
            if (shape < 0 || !whatif_trace_add(trace, arrival_ms, duration_ms, (unsigned)shape, error))
                exit_status = whatif_lines_fail(&lines, "%s", error);
        }
    }
    whatif_lines_close(&lines);
    if (exit_status == 0 && r < 0)
        return CTL_EXIT_USAGE;
    if (exit_status == 0 && header)
        return ctl_fail(trace->ctl, CTL_EXIT_USAGE, "%s is empty", path);
    return exit_status;
}
