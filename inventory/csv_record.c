#include "inventory/csv_record.h"

#include <string.h>

void csv_reader_init(struct csv_reader *reader, const char *text, size_t len) {
    size_t mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    *reader = (struct csv_reader){text + mark, text + len, 1};
}

/* The length of a line end at this place: 0, 1 or 2. */
static unsigned line_end(const struct csv_reader *reader) {
    if (reader->at < reader->end && *reader->at == '\n')
        return 1;
    if (reader->end - reader->at >= 2 && reader->at[0] == '\r' && reader->at[1] == '\n')
        return 2;
    return 0;
}

static bool at_cell_end(const struct csv_reader *reader) {
    return reader->at == reader->end || *reader->at == ',' || line_end(reader) > 0;
}

static const char *put(char *cell, size_t *len, char byte) {
    if (*len >= CSV_CELL_MAX)
        return "a value of more than 128 bytes";
    if (byte == 0)
        return "a NUL byte";
    cell[(*len)++] = byte;
    cell[*len] = 0;
    return NULL;
}

static const char *read_quoted(struct csv_reader *reader, char *cell) {
    const char *problem = NULL;
    size_t len = 0;
    for (reader->at++; reader->at < reader->end && !problem; reader->at++) {
        if (*reader->at == '"') {
            reader->at++;
            if (reader->at == reader->end || *reader->at != '"')
                return at_cell_end(reader)
                           ? NULL
                           : "text after a closing quote; wants a comma or the end of the line";
        }
        problem = put(cell, &len, *reader->at);
        reader->line += *reader->at == '\n';
    }
    return problem ? problem : "a quote that is never closed";
}

static const char *read_plain(struct csv_reader *reader, char *cell) {
    const char *problem = NULL;
    size_t len = 0;
    for (; !at_cell_end(reader) && !problem; reader->at++)
        problem = *reader->at == '"'
                      ? "a quote within a value; wants the whole value in quotes, quotes doubled"
                      : put(cell, &len, *reader->at);
    return problem;
}

static void skip_line(struct csv_reader *reader) {
    const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    if (newline)
        reader->line++;
    reader->at = newline ? newline + 1 : reader->end;
}

bool csv_next(struct csv_reader *reader, struct csv_record *ret_record) {
    struct csv_record *record = ret_record;
    if (reader->at == reader->end)
        return false;
    record->line = reader->line;
    record->n = 0;
    record->problem = NULL;
    record->is_empty = line_end(reader) > 0;
    for (;;) {
        char *cell = record->cells[record->n];
        cell[0] = 0;
        record->problem = reader->at < reader->end && *reader->at == '"' ? read_quoted(reader, cell)
                                                                         : read_plain(reader, cell);
        record->n++;
        bool more = !record->problem && reader->at < reader->end && *reader->at == ',';
        if (more && record->n == CSV_CELLS_MAX)
            record->problem = "more than 16 values";
        if (!more || record->problem)
            break;
        reader->at++;
    }
    skip_line(reader);
    return true;
}
