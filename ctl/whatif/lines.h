#pragma once
/* A text file line by line, never more than a line of it in memory. */
#include "ctl/ctl.h"

#define WHATIF_LINE_MAX 4096

struct whatif_lines {
    struct ctl *ctl;
    const char *path;
    FILE *file;
    uint64_t number; /* of the line, from 1 */
    char line[WHATIF_LINE_MAX + 2];
};

/* "-": standard input. An exit status, with the error printed. */
__attribute__((warn_unused_result)) int whatif_lines_open(struct whatif_lines *lines, struct ctl *ctl,
                                                          const char *path);
/* 1 with a line, its end cut off; 0 at the end; -1 with the error printed: too long, NUL bytes, not readable.
 */
int whatif_lines_next(struct whatif_lines *lines);
void whatif_lines_close(struct whatif_lines *lines);
/* Prints "FILE:LINE: text" and returns CTL_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int whatif_lines_fail(const struct whatif_lines *lines,
                                                            const char *format, ...);
