#pragma once
/* Reads comma-separated values record by record (RFC 4180), over memory, into cells of fixed size. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CSV_CELLS_MAX 16
#define CSV_CELL_MAX 128 /* bytes, without the NUL */

struct csv_reader {
    const char *at, *end;
    uint32_t line; /* of at, from 1 */
};

struct csv_record {
    uint32_t line; /* where it begins */
    unsigned n;
    bool is_empty; /* an empty line */
    char cells[CSV_CELLS_MAX][CSV_CELL_MAX + 1];
    const char *problem; /* static; NULL: none. The rest of the line was skipped. */
};

/* A byte order mark is skipped. */
void csv_reader_init(struct csv_reader *reader, const char *text, size_t len);
/* False at the end. */
bool csv_next(struct csv_reader *reader, struct csv_record *ret_record);
