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
    CTL_COLUMN_KEY = 8,         /* says which row it is; without one the first column does */
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
/* Its two parts; columns are as wide as all rows need. is_left_out[rows], NULL: all rows. */
void ctl_table_print_header(const struct ctl_table *table, FILE *out, bool wide);
void ctl_table_print_rows(const struct ctl_table *table, FILE *out, bool wide, const bool *is_left_out);
/* The cells of a row that are shown, or those that say which row it is, in one malloc'ed text; NULL without
 * memory. */
char *ctl_table_row_text(const struct ctl_table *table, size_t row, bool wide);
char *ctl_table_row_key(const struct ctl_table *table, size_t row);
/* The first column, one name a line. */
void ctl_table_print_names(const struct ctl_table *table, FILE *out);
