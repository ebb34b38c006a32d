#include "ctl/whatif/report.h"
#include "ctl/output.h"
#include "ctl/whatif/markup.h"
#include "ctl/whatif/whatif.h"
#include <stdarg.h>
#include <string.h>

static const char *format_text(struct ctl *ctl, const char *format, va_list values) {
    char text[1024];
    vsnprintf(text, sizeof(text), format, values);
    return ctl_text(ctl, "%s", text);
}

struct whatif_report *whatif_report_new(struct ctl *ctl, const char *title) {
    struct whatif_report *report = ctl_alloc(ctl, sizeof(*report));
    report->ctl = ctl;
    report->title = title;
    return report;
}

void whatif_input(struct whatif_report *report, const char *name, const char *format, ...) {
    va_list values;
    if (report->n_inputs == sizeof(report->inputs) / sizeof(report->inputs[0]))
        return;
    va_start(values, format);
    report->inputs[report->n_inputs].name = name;
    report->inputs[report->n_inputs++].value = format_text(report->ctl, format, values);
    va_end(values);
}

void whatif_say(struct whatif_report *report, const char *format, ...) {
    va_list values;
    if (report->n_notes == sizeof(report->notes) / sizeof(report->notes[0]))
        return;
    va_start(values, format);
    report->notes[report->n_notes++] = format_text(report->ctl, format, values);
    va_end(values);
}

struct whatif_table *whatif_table_new(struct whatif_report *report, const char *name, const char *title,
                                      const char *const *columns) {
    struct whatif_table *table = ctl_alloc(report->ctl, sizeof(*table));
    while (columns[table->n_columns])
        table->n_columns++;
    table->name = name;
    table->title = title;
    table->columns = ctl_alloc(report->ctl, table->n_columns * sizeof(*table->columns));
    table->keys = ctl_alloc(report->ctl, table->n_columns * sizeof(*table->keys));
    for (size_t i = 0; i < table->n_columns; i++) {
        const char *bar = strchr(columns[i], '|');
        table->columns[i] = ctl_text(report->ctl, "%.*s", (int)(bar - columns[i]), columns[i]);
        table->keys[i] = bar + 1;
    }
    if (report->n_tables < sizeof(report->tables) / sizeof(report->tables[0]))
        report->tables[report->n_tables++] = table;
    return table;
}

static void add_cell(struct whatif_report *report, struct whatif_table *table, const char *text,
                     bool is_number) {
    if (table->n_cells == table->capacity) {
        size_t more = table->capacity ? 2 * table->capacity : 64;
        struct whatif_cell *cells = ctl_alloc(report->ctl, more * sizeof(*cells));
        if (table->n_cells)
            memcpy(cells, table->cells, table->n_cells * sizeof(*cells));
        table->cells = cells;
        table->capacity = more;
    }
    table->cells[table->n_cells++] = (struct whatif_cell){text, is_number};
}

void whatif_text(struct whatif_report *report, struct whatif_table *table, const char *format, ...) {
    va_list values;
    va_start(values, format);
    add_cell(report, table, format_text(report->ctl, format, values), false);
    va_end(values);
}

void whatif_number(struct whatif_report *report, struct whatif_table *table, const char *format, ...) {
    va_list values;
    va_start(values, format);
    add_cell(report, table, format_text(report->ctl, format, values), true);
    va_end(values);
}

struct whatif_chart *whatif_chart_new(struct whatif_report *report, enum whatif_chart_kind kind,
                                      const char *title, const char *x_title, const char *y_title) {
    struct whatif_chart *chart = ctl_alloc(report->ctl, sizeof(*chart));
    chart->kind = kind;
    chart->title = title;
    chart->x_title = x_title;
    chart->y_title = y_title;
    if (report->n_charts < sizeof(report->charts) / sizeof(report->charts[0]))
        report->charts[report->n_charts++] = chart;
    return chart;
}

static void print_table(const struct whatif_table *table) {
    struct ctl_column columns[32];
    struct ctl_table text;
    size_t rows = table->n_cells / table->n_columns, shown = rows;
    for (size_t i = 0; i < table->n_columns && i < 32; i++)
        columns[i] = (struct ctl_column){table->columns[i], table->n_cells && table->cells[i].is_number
                                                                ? CTL_COLUMN_RIGHT
                                                                : CTL_COLUMN_LEFT};
    if (table->shown && table->shown < rows)
        shown = table->shown;
    printf("\n%s\n", table->title);
    if (!rows) {
        puts("  (none)");
        return;
    }
    ctl_table_init(&text, columns, table->n_columns);
    for (size_t i = 0; i < shown * table->n_columns; i++)
        ctl_table_cell(&text, "%s", table->cells[i].text);
    ctl_table_print(&text, stdout, true);
    ctl_table_deinit(&text);
    if (shown < rows)
        printf("... and %zu more rows (-o json or -o csv prints all)\n", rows - shown);
}

static void print_text(const struct whatif_report *report) {
    puts(report->title);
    for (size_t i = 0; i < report->n_notes; i++)
        puts(report->notes[i]);
    for (size_t i = 0; i < report->n_tables; i++)
        print_table(report->tables[i]);
    putchar('\n');
    for (size_t i = 0; i < report->n_inputs; i++)
        printf("%s%s %s", i ? ", " : "", report->inputs[i].name, report->inputs[i].value);
    printf("\nAgain: %s\n", report->command);
}

static void json_string(const char *text) {
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        if ((unsigned char)*text < 0x20)
            printf("\\u%04x", (unsigned)(unsigned char)*text);
        else
            putchar(*text);
    }
    putchar('"');
}

static void print_json_table(const struct whatif_table *table) {
    size_t rows = table->n_cells / table->n_columns;
    printf(",\n  \"%s\": [", table->name);
    for (size_t row = 0; row < rows; row++) {
        printf("%s\n    {", row ? "," : "");
        for (size_t i = 0; i < table->n_columns; i++) {
            const struct whatif_cell *cell = &table->cells[row * table->n_columns + i];
            printf("%s\"%s\": ", i ? ", " : "", table->keys[i]);
            if (!cell->is_number)
                json_string(cell->text);
            else
                fputs(*cell->text ? cell->text : "null", stdout);
        }
        putchar('}');
    }
    fputs(rows ? "\n  ]" : "]", stdout);
}

static void print_json(const struct whatif_report *report) {
    fputs("{\n  \"title\": ", stdout);
    json_string(report->title);
    fputs(",\n  \"command\": ", stdout);
    json_string(report->command);
    printf(",\n  \"partial\": %s", report->partial ? "true" : "false");
    fputs(",\n  \"inputs\": {", stdout);
    for (size_t i = 0; i < report->n_inputs; i++) {
        fputs(i ? ", " : "", stdout);
        json_string(report->inputs[i].name);
        fputs(": ", stdout);
        json_string(report->inputs[i].value);
    }
    fputs("},\n  \"notes\": [", stdout);
    for (size_t i = 0; i < report->n_notes; i++) {
        fputs(i ? ", " : "", stdout);
        json_string(report->notes[i]);
    }
    putchar(']');
    for (size_t i = 0; i < report->n_tables; i++)
        print_json_table(report->tables[i]);
    puts("\n}");
}

static void csv_cell(const char *text) {
    if (!strpbrk(text, ",\"\n")) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

/* One table after the other, an empty line between them. */
static void print_csv(const struct whatif_report *report) {
    for (size_t i = 0; i < report->n_tables; i++) {
        const struct whatif_table *table = report->tables[i];
        if (i)
            putchar('\n');
        for (size_t c = 0; c < table->n_columns; c++)
            printf("%s%s", c ? "," : "", table->keys[c]);
        putchar('\n');
        for (size_t c = 0; c < table->n_cells; c++) {
            csv_cell(table->cells[c].text);
            putchar((c + 1) % table->n_columns ? ',' : '\n');
        }
    }
}

static void print_svg(const struct whatif_report *report) {
    double height = 0, at = 0;
    if (report->n_charts == 1) {
        whatif_chart_write(report->charts[0], stdout, -1);
        return;
    }
    for (size_t i = 0; i < report->n_charts; i++)
        height += whatif_chart_height(report->charts[i]);
    printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f "
           "%.0f\">\n",
           WHATIF_CHART_WIDTH, height, WHATIF_CHART_WIDTH, height);
    for (size_t i = 0; i < report->n_charts; i++)
        at += whatif_chart_write(report->charts[i], stdout, at);
    puts("</svg>");
}

static void html_element(const char *name, const char *text) {
    printf("<%s>", name);
    whatif_escape(stdout, text);
    printf("</%s>\n", name);
}

static void print_html_table(const struct whatif_table *table) {
    html_element("h2", table->title);
    puts("<table><tr>");
    for (size_t i = 0; i < table->n_columns; i++)
        html_element("th", table->columns[i]);
    for (size_t i = 0; i < table->n_cells; i++) {
        if (i % table->n_columns == 0)
            fputs("</tr><tr>\n", stdout);
        fputs(table->cells[i].is_number ? "<td class=\"number\">" : "<td>", stdout);
        whatif_escape(stdout, table->cells[i].text);
        fputs("</td>", stdout);
    }
    puts("</tr></table>");
}

static void print_html(const struct whatif_report *report) {
    puts("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    html_element("title", report->title);
    puts("<style>body{font-family:'DejaVu Sans',Helvetica,Arial,sans-serif;max-width:900px;margin:2em "
         "auto;padding:0 1em;"
         "color:#1b1b1b;line-height:1.4}table{border-collapse:collapse;font-size:14px}th{text-align:left;"
         "border-bottom:2px solid #1b1b1b}th,td{padding:3px 10px}tr:nth-child(odd) td{background:#f2f2f2}"
         "td.number{text-align:right;font-variant-numeric:tabular-nums}code{background:#f2f2f2;padding:2px "
         "4px}"
         "svg{max-width:100%;height:auto;display:block;margin:1em 0}</style></head><body>");
    html_element("h1", report->title);
    for (size_t i = 0; i < report->n_notes; i++)
        html_element("p", report->notes[i]);
    for (size_t i = 0; i < report->n_charts; i++)
        whatif_chart_write(report->charts[i], stdout, -1);
    for (size_t i = 0; i < report->n_tables; i++)
        print_html_table(report->tables[i]);
    puts("<h2>What went in</h2><table>");
    for (size_t i = 0; i < report->n_inputs; i++) {
        fputs("<tr><td>", stdout);
        whatif_escape(stdout, report->inputs[i].name);
        fputs("</td><td>", stdout);
        whatif_escape(stdout, report->inputs[i].value);
        puts("</td></tr>");
    }
    puts("</table><p>To make it again:</p><p>");
    html_element("code", report->command);
    puts("</p></body></html>");
}

/* A word as a shell takes it. */
static char *quote(struct ctl *ctl, const char *word) {
    if (*word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=+%@^") ==
                     strlen(word))
        return ctl_text(ctl, "%s", word);
    char *quoted = ctl_text(ctl, "'");
    for (; *word; word++)
        quoted = ctl_text(ctl, "%s%s%c", quoted, *word == '\'' ? "'\\'" : "", *word);
    return ctl_text(ctl, "%s'", quoted);
}

static const char *command_of(struct ctl *ctl) {
    const struct ctl_arguments *a = ctl->arguments;
    char *line = ctl_text(ctl, "helioctl %s %s", a->noun->name, a->command->verb);
    for (unsigned i = 0; i < a->n_positionals; i++)
        line = ctl_text(ctl, "%s %s", line, quote(ctl, a->positionals[i]));
    for (size_t i = 0; i < a->n_given; i++) {
        const struct ctl_flag *flag = a->given[i].flag;
        line = ctl_text(ctl, "%s --%s", line, flag->name);
        if (flag->value != CTL_VALUE_NONE)
            line = ctl_text(ctl, "%s %s", line, quote(ctl, a->given[i].text));
    }
    for (const struct ctl_flag *flag = a->command->flags; flag && flag->name; flag++)
        if (strcmp(flag->name, "seed") == 0 && !ctl_has(ctl, "seed"))
            line = ctl_text(ctl, "%s --seed %d", line, WHATIF_SEED_DEFAULT);
    return line;
}

int whatif_report_print(struct whatif_report *report) {
    struct ctl *ctl = report->ctl;
    if (!report->command)
        report->command = command_of(ctl);
    if (report->partial)
        whatif_say(report, "PARTIAL: interrupted. %s", report->partial);
    if (ctl_wants_json(ctl)) {
        print_json(report);
    } else if (strcmp(ctl->format_text, "csv") == 0) {
        print_csv(report);
    } else if (strcmp(ctl->format_text, "html") == 0) {
        print_html(report);
    } else if (strcmp(ctl->format_text, "svg") == 0) {
        if (!report->n_charts)
            return ctl_fail(ctl, CTL_EXIT_USAGE,
                            "there is no picture of this; use -o table, json, csv or html");
        print_svg(report);
    } else {
        print_text(report);
    }
    return report->partial
               ? ctl_fail(ctl, CTL_EXIT_FAILED, "interrupted: the result is partial. %s", report->partial)
               : 0;
}
