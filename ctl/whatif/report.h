#pragma once
/* The answer to a question, before it is known how it will be shown: what went in, tables, pictures. Written
 * as table, json, csv, svg or html. */
#include "ctl/ctl.h"
#include "ctl/whatif/chart.h"

struct whatif_cell {
    const char *text;
    bool is_number; /* JSON: without quotes */
};

struct whatif_table {
    const char *name;  /* of the table in JSON, lowerCamelCase */
    const char *title; /* for people */
    const char **columns;
    const char **keys; /* in JSON, lowerCamelCase */
    size_t n_columns;
    struct whatif_cell *cells;
    size_t n_cells, capacity;
    size_t shown; /* rows in the table format; 0: all */
};

struct whatif_report {
    struct ctl *ctl;
    const char *title;
    const char *command; /* that makes it again */
    struct {
        const char *name, *value;
    } inputs[48];
    size_t n_inputs;
    const char *notes[64];
    size_t n_notes;
    struct whatif_table *tables[16];
    size_t n_tables;
    struct whatif_chart *charts[16];
    size_t n_charts;
    const char *partial; /* NULL, or how much was done when it was interrupted */
};

/* Everything in it lives as long as ctl. */
struct whatif_report *whatif_report_new(struct ctl *ctl, const char *title);
__attribute__((format(printf, 3, 4))) void whatif_input(struct whatif_report *report, const char *name,
                                                        const char *format, ...);
__attribute__((format(printf, 2, 3))) void whatif_say(struct whatif_report *report, const char *format, ...);
/* columns: "HOSTS UP,%|hostsUp" ..., NULL at the end: what people read, a bar, the key in JSON. */
struct whatif_table *whatif_table_new(struct whatif_report *report, const char *name, const char *title,
                                      const char *const *columns);
__attribute__((format(printf, 3, 4))) void whatif_text(struct whatif_report *report,
                                                       struct whatif_table *table, const char *format, ...);
__attribute__((format(printf, 3, 4))) void whatif_number(struct whatif_report *report,
                                                         struct whatif_table *table, const char *format, ...);
struct whatif_chart *whatif_chart_new(struct whatif_report *report, enum whatif_chart_kind kind,
                                      const char *title, const char *x_title, const char *y_title);

/* In the format that was asked for. An exit status: 0, or CTL_EXIT_FAILED when partial. */
__attribute__((warn_unused_result)) int whatif_report_print(struct whatif_report *report);
/* The formats of -o beyond those of every command. */
#define WHATIF_FORMATS "csv|svg|html"
