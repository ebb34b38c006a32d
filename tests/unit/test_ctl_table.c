/* Columns as they are printed. */
#include "ctl/table.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct ctl_column columns[] = {
    {"NAME"}, {"N", CTL_COLUMN_RIGHT}, {"MORE", CTL_COLUMN_WIDE}, {"NOTE", CTL_COLUMN_WHERE_GIVEN}};

static void add_row(struct ctl_table *table, const char *name, const char *n, const char *more,
                    const char *note) {
    ctl_table_cell(table, "%s", name);
    ctl_table_cell(table, "%s", n);
    ctl_table_cell(table, "%s", more);
    ctl_table_cell(table, "%s", note);
}

static void expect(const struct ctl_table *table, bool wide, const char *text) {
    char *printed = NULL;
    size_t length;
    FILE *out = open_memstream(&printed, &length);
    ctl_table_print(table, out, wide);
    fclose(out);
    cr_expect_str_eq(printed, text);
    free(printed);
}

Test(ctl_table, columns_are_aligned_and_the_last_is_not_padded) {
    struct ctl_table table;
    ctl_table_init(&table, columns, 4);
    add_row(&table, "a", "7", "m", "");
    add_row(&table, "long-name", "1234", "more than the title", "");
    expect(&table, false,
           "NAME          N\n"
           "a             7\n"
           "long-name  1234\n");
    expect(&table, true,
           "NAME          N  MORE\n"
           "a             7  m\n"
           "long-name  1234  more than the title\n");
    ctl_table_deinit(&table);
}

Test(ctl_table, a_column_where_given_shows_with_one_cell) {
    struct ctl_table table;
    ctl_table_init(&table, columns, 4);
    add_row(&table, "a", "", "", "");
    add_row(&table, "b", "2", "", "see");
    expect(&table, false,
           "NAME  N  NOTE\n"
           "a\n"
           "b     2  see\n");
    ctl_table_deinit(&table);
}

Test(ctl_table, width_is_counted_in_characters) {
    struct ctl_table table;
    ctl_table_init(&table, columns, 4);
    add_row(&table, "\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac!", "1", "", "");
    add_row(&table, "abcde", "1", "", "");
    expect(&table, false,
           "NAME   N\n"
           "\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac!  1\n"
           "abcde  1\n");
    ctl_table_deinit(&table);
}

Test(ctl_table, text_of_others_moves_no_cursor) {
    struct ctl_table table;
    ctl_table_init(&table, columns, 4);
    add_row(&table, "a\033[31m\n\tb\x7f", "1", "", "");
    expect(&table, false,
           "NAME        N\n"
           "a?[31m??b?  1\n");
    ctl_table_deinit(&table);
}
