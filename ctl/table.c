#include "ctl/table.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2

void ctl_table_init(struct ctl_table *table, const struct ctl_column *columns, size_t n_columns) {
    *table = (struct ctl_table){.columns = columns, .n_columns = n_columns};
}

void ctl_table_deinit(struct ctl_table *table) {
    for (size_t i = 0; i < table->n_cells; i++)
        free(table->cells[i]);
    free(table->cells);
}

static void make_harmless(char *text) {
    for (unsigned char *at = (unsigned char *)text; *at; at++)
        if (*at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0))
            *at = '?';
}

void ctl_table_cell(struct ctl_table *table, const char *format, ...) {
    va_list values;
    char *text;
    if (table->n_cells == table->capacity) {
        size_t capacity = table->capacity ? 2 * table->capacity : 64;
        char **cells = realloc(table->cells, capacity * sizeof(*cells));
        if (!cells) {
            table->out_of_memory = true;
            return;
        }
        table->cells = cells;
        table->capacity = capacity;
    }
    va_start(values, format);
    int length = vasprintf(&text, format, values);
    va_end(values);
    if (length < 0) {
        table->out_of_memory = true;
        return;
    }
    make_harmless(text);
    table->cells[table->n_cells++] = text;
}

size_t ctl_table_rows(const struct ctl_table *table) {
    return table->n_cells / table->n_columns;
}

/* Characters, not bytes: continuation bytes of UTF-8 do not count. */
static size_t text_width(const char *text) {
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* 0: the column is not shown. */
static size_t column_width(const struct ctl_table *table, size_t column, bool wide) {
    const struct ctl_column *c = &table->columns[column];
    size_t width = 0;
    if ((c->kind & CTL_COLUMN_WIDE) && !wide)
        return 0;
    for (size_t row = 0; row < ctl_table_rows(table); row++) {
        size_t w = text_width(table->cells[row * table->n_columns + column]);
        width = w > width ? w : width;
    }
    if (width == 0 && (c->kind & CTL_COLUMN_WHERE_GIVEN))
        return 0;
    return width > text_width(c->title) ? width : text_width(c->title);
}

static void print_row(const struct ctl_table *table, char *const *cells, const size_t *widths, size_t last,
                      FILE *out) {
    for (size_t c = 0, gap = 0; c <= last; c++) {
        if (!widths[c])
            continue;
        const char *text = cells ? cells[c] : table->columns[c].title;
        size_t padding = widths[c] - text_width(text);
        bool right = table->columns[c].kind & CTL_COLUMN_RIGHT;
        if (right)
            gap += padding;
        if (*text) {
            fprintf(out, "%*s%s", (int)gap, "", text);
            gap = 0;
        }
        gap += GAP + (right ? 0 : padding);
    }
    fputc('\n', out);
}

static void print_part(const struct ctl_table *table, FILE *out, bool wide, bool is_header,
                       const bool *is_left_out) {
    size_t *widths = calloc(table->n_columns, sizeof(*widths)), last = 0;
    if (!widths)
        return;
    for (size_t c = 0; c < table->n_columns; c++)
        if ((widths[c] = column_width(table, c, wide)))
            last = c;
    if (is_header)
        print_row(table, NULL, widths, last, out);
    for (size_t row = 0; !is_header && row < ctl_table_rows(table); row++)
        if (!is_left_out || !is_left_out[row])
            print_row(table, table->cells + row * table->n_columns, widths, last, out);
    free(widths);
}

void ctl_table_print_header(const struct ctl_table *table, FILE *out, bool wide) {
    print_part(table, out, wide, true, NULL);
}

void ctl_table_print_rows(const struct ctl_table *table, FILE *out, bool wide, const bool *is_left_out) {
    print_part(table, out, wide, false, is_left_out);
}

void ctl_table_print(const struct ctl_table *table, FILE *out, bool wide) {
    ctl_table_print_header(table, out, wide);
    ctl_table_print_rows(table, out, wide, NULL);
}

static char *join_cells(const struct ctl_table *table, size_t row, unsigned kinds_wanted,
                        unsigned kinds_unwanted) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    for (size_t c = 0; c < table->n_columns; c++) {
        unsigned kind = table->columns[c].kind;
        if ((kind & kinds_wanted) == kinds_wanted && !(kind & kinds_unwanted))
            fprintf(out, "%s\t", table->cells[row * table->n_columns + c]);
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

char *ctl_table_row_text(const struct ctl_table *table, size_t row, bool wide) {
    return join_cells(table, row, 0, wide ? 0 : CTL_COLUMN_WIDE);
}

char *ctl_table_row_key(const struct ctl_table *table, size_t row) {
    for (size_t c = 0; c < table->n_columns; c++)
        if (table->columns[c].kind & CTL_COLUMN_KEY)
            return join_cells(table, row, CTL_COLUMN_KEY, 0);
    return strdup(table->cells[row * table->n_columns]);
}

void ctl_table_print_names(const struct ctl_table *table, FILE *out) {
    for (size_t row = 0; row < ctl_table_rows(table); row++)
        fprintf(out, "%s\n", table->cells[row * table->n_columns]);
}
