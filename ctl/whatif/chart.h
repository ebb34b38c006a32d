#pragma once
/* Plots as SVG. They are told apart by dashes, marks and hatching as well as by shade, so that they can be
 * read in black and white. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct ctl;

enum whatif_chart_kind {
    WHATIF_CHART_LINES, /* points joined by lines */
    WHATIF_CHART_STEPS, /* a value that holds until the next point */
    WHATIF_CHART_BARS,  /* groups of bars, one for each name */
    WHATIF_CHART_HEAT,  /* a matrix of shades */
};

#define WHATIF_SERIES_MAX 12

struct whatif_series {
    const char *name;
    double *x, *y;
    size_t n, capacity;
};

struct whatif_chart {
    enum whatif_chart_kind kind;
    const char *title, *x_title, *y_title;
    struct whatif_series series[WHATIF_SERIES_MAX];
    size_t n_series;
    const char **names; /* of the groups of bars, or of the rows and columns of a heat map */
    size_t n_names;
    double y_least, y_most; /* when y_most > y_least: the axis, otherwise it fits the points */
    bool log_x, log_2;      /* a logarithmic x axis; marks at powers of two */
    bool dot_marks;         /* marks on the lines */
    double *heat;           /* n_names x n_names; below 0: empty */
    const char *heat_title; /* with unit */
    const char *note;       /* below the plot */
};

/* Returns the index of the new series; WHATIF_SERIES_MAX - 1 when there are too many. */
size_t whatif_series_add(struct whatif_chart *chart, const char *name);
void whatif_point(struct ctl *ctl, struct whatif_chart *chart, size_t series, double x, double y);

/* One <svg> element. at_y: an outer document places it, as a part of it, so many units down; negative: it
 * stands alone. Returns its height. */
double whatif_chart_write(const struct whatif_chart *chart, FILE *out, double at_y);
#define WHATIF_CHART_WIDTH 860.0
double whatif_chart_height(const struct whatif_chart *chart);
