#pragma once
/* Text tables: cells are collected, then printed in aligned columns. Pure but for the FILE. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum ctl_column_kind {
    CTL_COLUMN_LEFT = 0,
    CTL_COLUMN_RIGHT = 1,
    CTL_COLUMN_WIDE = 2,        /* only with -o wide */
    CTL_COLUMN_WHERE_GIVEN = 4, /* left out where every cell is empty */
};

struct ctl_column {
    const char *title;
    unsigned kind; /* bits of ctl_column_kind */
};

struct ctl_table {
    const struct ctl_column *columns;
    size_t n_columns;
    char **cells;
    size_t n_cells, capacity;
    bool out_of_memory;
};

/* columns[n_columns] must outlive the table. */
void ctl_table_init(struct ctl_table *table, const struct ctl_column *columns, size_t n_columns);
void ctl_table_deinit(struct ctl_table *table);
/* The next cell, row by row. Control characters are shown as "?": text of others never moves the cursor. */
__attribute__((format(printf, 2, 3))) void ctl_table_cell(struct ctl_table *table, const char *format, ...);
size_t ctl_table_rows(const struct ctl_table *table);
void ctl_table_print(const struct ctl_table *table, FILE *out, bool wide);
/* The first column, one name a line. */
void ctl_table_print_names(const struct ctl_table *table, FILE *out);
