#include "ctl/whatif/chart.h"
#include "ctl/ctl.h"
#include "ctl/whatif/markup.h"
#include <math.h>
#include <string.h>

#define LEFT 84.0
#define RIGHT 24.0
#define TOP 44.0
#define BOTTOM 58.0
#define PLOT_HEIGHT 300.0
#define LEGEND_LINE 19.0
#define TICKS_MAX 16

/* Shades that differ in lightness, dashes and marks: a copy in grey keeps them apart. */
static const struct {
    const char *colour, *dashes;
} styles[WHATIF_SERIES_MAX] = {
    {"#1b1b1b", ""},         {"#c2571a", "9 4"},         {"#2a6fb0", "3 3"},
    {"#3c8a4d", "12 3 3 3"}, {"#8a4fa3", "6 2 2 2 2 2"}, {"#9a7b12", "1 3"},
    {"#5c5c5c", "15 5"},     {"#d0882f", "5 5"},         {"#5b9bd0", "2 6"},
    {"#72b581", "14 2 2 2"}, {"#b07fc4", "8 8"},         {"#c9ad4e", "4 1"},
};

struct axis {
    double least, most;
    bool log;
    double from, to; /* on the paper */
};

static double place(const struct axis *axis, double value) {
    double a = axis->log ? log2(axis->least) : axis->least, b = axis->log ? log2(axis->most) : axis->most;
    double v = axis->log ? log2(value) : value;
    return axis->from + (b > a ? (v - a) / (b - a) : 0.5) * (axis->to - axis->from);
}

size_t whatif_series_add(struct whatif_chart *chart, const char *name) {
    size_t i = chart->n_series < WHATIF_SERIES_MAX ? chart->n_series++ : WHATIF_SERIES_MAX - 1;
    chart->series[i].name = name;
    return i;
}

void whatif_point(struct ctl *ctl, struct whatif_chart *chart, size_t i, double x, double y) {
    struct whatif_series *series = &chart->series[i];
    if (series->n == series->capacity) {
        size_t more = series->capacity ? 2 * series->capacity : 64;
        double *both = ctl_alloc(ctl, 2 * more * sizeof(*both));
        if (series->n) {
            memcpy(both, series->x, series->n * sizeof(*both));
            memcpy(both + more, series->y, series->n * sizeof(*both));
        }
        series->x = both;
        series->y = both + more;
        series->capacity = more;
    }
    series->x[series->n] = x;
    series->y[series->n++] = y;
}

/* The largest of 1, 2, 5 times a power of ten that is at most the span / 5 or so. */
static double step_of(double span) {
    double power = pow(10, floor(log10(span / 5))), rest = span / 5 / power;
    return power * (rest < 1.5 ? 1 : rest < 3.5 ? 2 : rest < 7.5 ? 5 : 10);
}

static void fit_axis(const struct whatif_chart *chart, bool x, struct axis *axis) {
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < chart->n_series; i++)
        for (size_t j = 0; j < chart->series[i].n; j++) {
            double v = x ? chart->series[i].x[j] : chart->series[i].y[j];
            least = v < least ? v : least;
            most = v > most ? v : most;
        }
    if (!(least <= most))
        least = 0, most = 1;
    if (!x && chart->y_most > chart->y_least) {
        least = chart->y_least;
        most = chart->y_most;
    } else if (!x) {
        least = least > 0 ? 0 : least;
        double step = step_of(most > least ? most - least : 1);
        most = most > least ? ceil(most / step - 1e-9) * step : least + 1;
    } else if (most <= least) {
        most = least + 1;
    }
    axis->least = least;
    axis->most = most;
    axis->log = x && chart->log_x && least > 0;
}

/* Marks with thousands apart: 1,024. */
static void write_number(FILE *out, double value) {
    char text[48];
    snprintf(text, sizeof(text), fabs(value) >= 1000 ? "%.0f" : "%.6g", value);
    size_t digits = strspn(text + (text[0] == '-'), "0123456789");
    for (size_t i = 0; text[i]; i++) {
        size_t whole = i - (text[0] == '-');
        if (whole && whole < digits && (digits - whole) % 3 == 0 && digits > 3)
            fputc(',', out);
        fputc(text[i], out);
    }
}

static size_t ticks_of(const struct whatif_chart *chart, bool x, const struct axis *axis,
                       double ret_ticks[TICKS_MAX]) {
    size_t n = 0;
    if (axis->log) {
        double factor = chart->log_2 ? 2 : 10;
        for (double v = pow(factor, ceil(log(axis->least) / log(factor) - 1e-9));
             v <= axis->most * 1.0001 && n < TICKS_MAX; v *= factor)
            ret_ticks[n++] = v;
        return n;
    }
    double step = step_of(axis->most - axis->least);
    for (double v = ceil(axis->least / step - 1e-9) * step; v <= axis->most + step * 1e-6 && n < TICKS_MAX;
         v += step)
        ret_ticks[n++] = fabs(v) < step * 1e-9 ? 0 : v;
    return n;
}

static void text_at(FILE *out, double x, double y, const char *anchor, int size, const char *more,
                    const char *text) {
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\"%s>", x, y, anchor, size,
            more);
    whatif_escape(out, text);
    fputs("</text>\n", out);
}

static void draw_frame(const struct whatif_chart *chart, FILE *out, const struct axis *x,
                       const struct axis *y) {
    double ticks[TICKS_MAX];
    size_t n = ticks_of(chart, false, y, ticks);
    for (size_t i = 0; i < n; i++) {
        double at = place(y, ticks[i]);
        fprintf(out, "<path d=\"M%.1f %.1fH%.1f\" stroke=\"#dddddd\"/>\n", x->from, at, x->to);
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" font-size=\"12\">", x->from - 8,
                at + 4);
        write_number(out, ticks[i]);
        fputs("</text>\n", out);
    }
    n = chart->kind == WHATIF_CHART_BARS ? 0 : ticks_of(chart, true, x, ticks);
    for (size_t i = 0; i < n; i++) {
        double at = place(x, ticks[i]);
        fprintf(out, "<path d=\"M%.1f %.1fv5\" stroke=\"#1b1b1b\"/>\n", at, y->from);
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"12\">", at,
                y->from + 19);
        write_number(out, ticks[i]);
        fputs("</text>\n", out);
    }
    fprintf(out, "<path d=\"M%.1f %.1fV%.1fH%.1f\" fill=\"none\" stroke=\"#1b1b1b\"/>\n", x->from, y->to,
            y->from, x->to);
}

static void draw_mark(FILE *out, size_t style, double x, double y) {
    const char *colour = styles[style].colour;
    switch (style % 4) {
    case 0:
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>\n", x, y, colour);
        break;
    case 1:
        fprintf(out,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"8\" height=\"8\" fill=\"white\" stroke=\"%s\" "
                "stroke-width=\"1.6\"/>\n",
                x - 4, y - 4, colour);
        break;
    case 2:
        fprintf(out, "<path d=\"M%.1f %.1fl5 9h-10z\" fill=\"%s\"/>\n", x, y - 5.5, colour);
        break;
    default:
        fprintf(
            out,
            "<path d=\"M%.1f %.1fl5 5l-5 5l-5 -5z\" fill=\"white\" stroke=\"%s\" stroke-width=\"1.6\"/>\n", x,
            y - 5, colour);
    }
}

static void draw_line(const struct whatif_chart *chart, FILE *out, size_t i, const struct axis *x,
                      const struct axis *y) {
    const struct whatif_series *series = &chart->series[i];
    fputs("<path d=\"", out);
    for (size_t j = 0; j < series->n; j++) {
        double at_x = place(x, series->x[j]), at_y = place(y, series->y[j]);
        if (j && chart->kind == WHATIF_CHART_STEPS)
            fprintf(out, "H%.1fV%.1f", at_x, at_y);
        else
            fprintf(out, "%c%.1f %.1f", j ? 'L' : 'M', at_x, at_y);
    }
    fprintf(out, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-linejoin=\"round\"",
            styles[i].colour);
    if (*styles[i].dashes)
        fprintf(out, " stroke-dasharray=\"%s\"", styles[i].dashes);
    fputs("/>\n", out);
    for (size_t j = 0; chart->dot_marks && j < series->n; j++)
        draw_mark(out, i, place(x, series->x[j]), place(y, series->y[j]));
}

/* Hatching for bars, one for each series. */
static void draw_patterns(const struct whatif_chart *chart, FILE *out) {
    static const char *const hatches[] = {"", "M0 8L8 0", "M0 4H8", "M0 0L8 8", "M4 0V8", "M0 4H8M4 0V8"};
    for (size_t i = 0; i < chart->n_series; i++)
        fprintf(out,
                "<pattern id=\"hatch%zu\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><rect "
                "width=\"8\" "
                "height=\"8\" fill=\"%s\"/><path d=\"%s\" stroke=\"%s\" stroke-width=\"1.5\"/></pattern>\n",
                i, i % 6 == 0 ? styles[i].colour : "white", hatches[i % 6], styles[i].colour);
}

/* Names of groups that would run into each other are slanted. */
static bool is_slanted(const struct whatif_chart *chart) {
    return chart->kind == WHATIF_CHART_BARS && chart->n_names > 8;
}

static double bottom_of(const struct whatif_chart *chart) {
    return is_slanted(chart) ? BOTTOM + 40 : BOTTOM;
}

static void draw_bars(const struct whatif_chart *chart, FILE *out, const struct axis *x,
                      const struct axis *y) {
    double group = (x->to - x->from) / (double)(chart->n_names ? chart->n_names : 1);
    double bar = group * 0.8 / (double)(chart->n_series ? chart->n_series : 1);
    draw_patterns(chart, out);
    for (size_t i = 0; i < chart->n_series; i++)
        for (size_t j = 0; j < chart->series[i].n && j < chart->n_names; j++) {
            double top = place(y, chart->series[i].y[j]);
            fprintf(out,
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"url(#hatch%zu)\" "
                    "stroke=\"%s\"/>\n",
                    x->from + group * ((double)j + 0.1) + bar * (double)i, top, bar, y->from - top, i,
                    styles[i].colour);
        }
    bool slanted = is_slanted(chart);
    for (size_t j = 0; j < chart->n_names; j++) {
        double at = x->from + group * ((double)j + 0.5);
        char more[80] = "";
        if (slanted)
            snprintf(more, sizeof(more), " transform=\"rotate(-35 %.1f %.1f)\"", at, y->from + 16);
        text_at(out, at, y->from + 18, slanted ? "end" : "middle", 12, more, chart->names[j]);
    }
}

/* Legend entries from left to right, in as many lines as they need. Returns the lines. */
static size_t write_legend(const struct whatif_chart *chart, FILE *out, double top) {
    double at = LEFT;
    size_t lines = chart->n_series > 0 && chart->series[0].name ? 1 : 0;
    for (size_t i = 0; lines && i < chart->n_series; i++) {
        double width = 52 + 7.0 * (double)strlen(chart->series[i].name);
        if (at + width > WHATIF_CHART_WIDTH - RIGHT && at > LEFT) {
            at = LEFT;
            lines++;
        }
        double y = top + LEGEND_LINE * (double)(lines - 1);
        if (out && chart->kind == WHATIF_CHART_BARS) {
            fprintf(out,
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"22\" height=\"11\" fill=\"url(#hatch%zu)\" "
                    "stroke=\"%s\"/>\n",
                    at, y - 10, i, styles[i].colour);
        } else if (out) {
            fprintf(out,
                    "<path d=\"M%.1f %.1fh34\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\"/>\n",
                    at, y - 4, styles[i].colour, *styles[i].dashes ? styles[i].dashes : "none");
            if (chart->dot_marks)
                draw_mark(out, i, at + 17, y - 4);
        }
        if (out)
            text_at(out, at + 40, y, "start", 12, "", chart->series[i].name);
        at += width;
    }
    return lines;
}

static double cell_of(const struct whatif_chart *chart) {
    double cell = (WHATIF_CHART_WIDTH - 110 - 130) / (double)(chart->n_names ? chart->n_names : 1);
    return cell > 26 ? 26 : cell;
}

double whatif_chart_height(const struct whatif_chart *chart) {
    if (chart->kind == WHATIF_CHART_HEAT)
        return TOP + cell_of(chart) * (double)chart->n_names + 120 + (chart->note ? 20 : 0);
    return TOP + PLOT_HEIGHT + bottom_of(chart) + LEGEND_LINE * (double)write_legend(chart, NULL, 0) +
           (chart->note ? 20 : 0) + 14;
}

/* From white to nearly black. */
static void write_shade(FILE *out, double share) {
    int grey = (int)(255 - 225 * share);
    fprintf(out, "rgb(%d,%d,%d)", grey, grey, grey);
}

static void draw_heat(const struct whatif_chart *chart, FILE *out) {
    double cell = cell_of(chart), left = 110, top = TOP + 14, most = 0;
    size_t n = chart->n_names;
    for (size_t i = 0; i < n * n; i++)
        most = chart->heat[i] > most ? chart->heat[i] : most;
    for (size_t row = 0; row < n; row++)
        for (size_t column = 0, next; column < n; column = next) {
            double value = chart->heat[row * n + column];
            for (next = column + 1; next < n && chart->heat[row * n + next] == value; next++)
                ;
            if (value < 0 || most <= 0)
                continue;
            fprintf(out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"",
                    left + cell * (double)column, top + cell * (double)row, cell * (double)(next - column),
                    cell);
            write_shade(out, value / most);
            fputs("\"/>\n", out);
        }
    fprintf(out,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" stroke=\"#1b1b1b\"/>\n",
            left, top, cell * (double)n, cell * (double)n);
    /* As many names as have room. */
    size_t every = (size_t)ceil(13 / cell);
    for (size_t i = 0; i < n; i += every) {
        char more[80];
        double at = top + cell * ((double)i + 0.5), x = left + cell * ((double)i + 0.5),
               below = top + cell * (double)n + 12;
        text_at(out, left - 6, at + 3.5, "end", 10, "", chart->names[i]);
        snprintf(more, sizeof(more), " transform=\"rotate(-60 %.1f %.1f)\"", x, below);
        text_at(out, x, below, "end", 10, more, chart->names[i]);
    }
    double scale = WHATIF_CHART_WIDTH - 108, height = cell * (double)n > 200 ? 200 : cell * (double)n;
    for (int i = 0; i < 40; i++) {
        fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"18\" height=\"%.2f\" fill=\"", scale,
                top + height * i / 40, height / 40 + 0.3);
        write_shade(out, 1 - (i + 0.5) / 40);
        fputs("\"/>\n", out);
    }
    fprintf(out,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"18\" height=\"%.1f\" fill=\"none\" stroke=\"#1b1b1b\"/>\n",
            scale, top, height);
    for (int i = 0; i <= 4; i++) {
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"12\">", scale + 25, top + height * i / 4 + 4);
        write_number(out, most * (4 - i) / 4);
        fputs("</text>\n", out);
    }
    char more[80];
    double x = WHATIF_CHART_WIDTH - 14, y = top + height / 2;
    snprintf(more, sizeof(more), " transform=\"rotate(-90 %.1f %.1f)\"", x, y);
    text_at(out, x, y, "middle", 12, more, chart->heat_title);
    double bottom = top + cell * (double)n;
    text_at(out, left + cell * (double)n / 2, bottom + 76, "middle", 13, "", chart->x_title);
    snprintf(more, sizeof(more), " transform=\"rotate(-90 %.1f %.1f)\"", 16.0, top + cell * (double)n / 2);
    text_at(out, 16, top + cell * (double)n / 2, "middle", 13, more, chart->y_title);
    if (chart->note)
        text_at(out, left, bottom + 98, "start", 12, " fill=\"#444444\"", chart->note);
}

double whatif_chart_write(const struct whatif_chart *chart, FILE *out, double at_y) {
    double height = whatif_chart_height(chart);
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" ");
    if (at_y >= 0)
        fprintf(out, "y=\"%.0f\" ", at_y);
    fprintf(out,
            "width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" font-family=\"DejaVu Sans, Helvetica, "
            "Arial, "
            "sans-serif\" fill=\"#1b1b1b\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            WHATIF_CHART_WIDTH, height, WHATIF_CHART_WIDTH, height);
    text_at(out, chart->kind == WHATIF_CHART_HEAT ? 110 : LEFT, 26, "start", 15, " font-weight=\"bold\"",
            chart->title);
    if (chart->kind == WHATIF_CHART_HEAT) {
        draw_heat(chart, out);
        fputs("</svg>\n", out);
        return height;
    }
    struct axis x, y;
    fit_axis(chart, true, &x);
    fit_axis(chart, false, &y);
    x.from = LEFT;
    x.to = WHATIF_CHART_WIDTH - RIGHT;
    y.from = TOP + PLOT_HEIGHT;
    y.to = TOP;
    draw_frame(chart, out, &x, &y);
    if (chart->kind == WHATIF_CHART_BARS)
        draw_bars(chart, out, &x, &y);
    else
        for (size_t i = 0; i < chart->n_series; i++)
            draw_line(chart, out, i, &x, &y);
    char more[80];
    text_at(out, (x.from + x.to) / 2, y.from + bottom_of(chart) - 16, "middle", 13, "", chart->x_title);
    snprintf(more, sizeof(more), " transform=\"rotate(-90 %.1f %.1f)\"", 20.0, (y.from + y.to) / 2);
    text_at(out, 20, (y.from + y.to) / 2, "middle", 13, more, chart->y_title);
    size_t lines = write_legend(chart, out, y.from + bottom_of(chart) + 10);
    if (chart->note)
        text_at(out, LEFT, y.from + bottom_of(chart) + 10 + LEGEND_LINE * (double)lines, "start", 12,
                " fill=\"#444444\"", chart->note);
    fputs("</svg>\n", out);
    return height;
}
