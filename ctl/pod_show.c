#include "ctl/pod.h"
#include "ctl/client.h"
#include "ctl/cube_mark.h"
#include "ctl/output.h"
#include "ctl/word.h"
#include <stdlib.h>
#include <string.h>

#define COLUMNS 8

struct grid {
    struct ctl *ctl;
    const Heliostat__V1__PodStatus *pod;
    const char **slices; /* in the order of their letters */
    size_t n_slices;
};

static size_t slice_number(const struct grid *grid, const char *name) {
    size_t i = 0;
    while (i < grid->n_slices && strcmp(grid->slices[i], name) != 0)
        i++;
    return i;
}

/* A, B, ... z, then AA, AB, ... */
static const char *letters_of(const struct grid *grid, size_t number) {
    if (grid->n_slices <= CTL_N_LETTERS)
        return ctl_text(grid->ctl, "%c", CTL_LETTERS[number]);
    return ctl_text(grid->ctl, "%c%c", CTL_LETTERS[number / CTL_N_LETTERS % CTL_N_LETTERS],
                    CTL_LETTERS[number % CTL_N_LETTERS]);
}

static int compare_cubes(const void *a, const void *b) {
    const Heliostat__V1__CubeStatus *const *x = a, *const *y = b;
    if ((*x)->row != (*y)->row)
        return (*x)->row < (*y)->row ? -1 : 1;
    return ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
}

static const char *const colours[] = {"\033[31m", "\033[33m", "\033[1m", ""}; /* by tone */

/* Returns the gap before the next cell. */
static unsigned print_cell(const struct grid *grid, const Heliostat__V1__CubeStatus *cube, unsigned gap) {
    const struct ctl_cube_mark *mark = ctl_cube_mark(cube);
    unsigned digits = grid->pod->n_cubes > 100 ? 3 : 2, letters = grid->n_slices > CTL_N_LETTERS ? 2 : 1;
    const char *who = *cube->slice ? letters_of(grid, slice_number(grid, cube->slice)) : mark ? "" : ".";
    const char *colour = grid->ctl->colour ? (mark           ? colours[mark->tone]
                                              : *cube->slice ? "\033[1m"
                                                             : "\033[2m")
                                           : "";
    char sign[2] = {mark ? mark->sign : 0, 0};
    printf("%*s%0*u %s%s%s%s", (int)gap, "", (int)digits, cube->index, colour, who, sign,
           *colour ? "\033[0m" : "");
    return letters + 3 - (unsigned)(strlen(who) + strlen(sign));
}

static void print_rows(const struct grid *grid) {
    Heliostat__V1__CubeStatus **cubes = ctl_alloc(grid->ctl, grid->pod->n_cubes * sizeof(*cubes));
    memcpy(cubes, grid->pod->cubes, grid->pod->n_cubes * sizeof(*cubes));
    qsort(cubes, grid->pod->n_cubes, sizeof(*cubes), compare_cubes);
    unsigned gap = 0;
    for (size_t i = 0, in_line = 0; i < grid->pod->n_cubes; i++, in_line++) {
        bool new_row = i == 0 || cubes[i]->row != cubes[i - 1]->row;
        if (new_row || in_line == COLUMNS) {
            if (i)
                putchar('\n');
            if (new_row)
                printf("row %-3u", cubes[i]->row);
            else
                printf("       ");
            in_line = 0;
            gap = 2;
        }
        gap = print_cell(grid, cubes[i], gap);
    }
    putchar('\n');
}

static const Heliostat__V1__Slice *find_slice(const Heliostat__V1__ListSlicesResponse *slices,
                                              const char *name) {
    for (size_t i = 0; slices && i < slices->n_slices; i++)
        if (strcmp(slices->slices[i]->name, name) == 0)
            return slices->slices[i];
    return NULL;
}

static void print_slices(const struct grid *grid, const Heliostat__V1__ListSlicesResponse *slices) {
    static const struct ctl_column columns[] = {
        {"  "}, {"SLICE"}, {"TOPOLOGY"}, {"STATE"}, {"CUBES", CTL_COLUMN_RIGHT}, {"OWNER"}};
    struct ctl_table table;
    if (!grid->n_slices)
        return;
    ctl_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
    for (size_t i = 0; i < grid->n_slices; i++) {
        const Heliostat__V1__Slice *s = find_slice(slices, grid->slices[i]);
        unsigned cubes = 0;
        for (size_t c = 0; c < grid->pod->n_cubes; c++)
            cubes += strcmp(grid->pod->cubes[c]->slice, grid->slices[i]) == 0;
        ctl_table_cell(&table, "%s", letters_of(grid, i));
        ctl_table_cell(&table, "%s", grid->slices[i]);
        ctl_table_cell(&table, "%s", s ? s->topology : "");
        ctl_table_cell(&table, "%s",
                       s ? ctl_enum_word(&heliostat__v1__slice_state__descriptor, (int)s->state) : "");
        ctl_table_cell(&table, "%u", cubes);
        ctl_table_cell(&table, "%s", s ? s->owner : "");
    }
    putchar('\n');
    ctl_table_print(&table, stdout, false);
    ctl_table_deinit(&table);
}

/* Which slices a cube is cut into. */
static void print_cut(const struct grid *grid) {
    static const struct ctl_column columns[] = {{"CUT CUBE"}, {"HOSTS USED", CTL_COLUMN_RIGHT}, {"SLICES"}};
    struct ctl_table table;
    ctl_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
    for (size_t i = 0; i < grid->pod->n_cubes; i++) {
        const Heliostat__V1__CubeStatus *c = grid->pod->cubes[i];
        char *names = "";
        for (size_t k = 0; k < c->n_part_slices; k++)
            names = ctl_text(grid->ctl, "%s%s%s", names, k ? " " : "", c->part_slices[k]);
        if (!c->part_hosts)
            continue;
        ctl_table_cell(&table, "%s", c->name);
        ctl_table_cell(&table, "%u/%u", c->part_hosts, c->hosts);
        ctl_table_cell(&table, "%s", names);
    }
    if (ctl_table_rows(&table)) {
        putchar('\n');
        ctl_table_print(&table, stdout, false);
    }
    ctl_table_deinit(&table);
}

static void print_legend(const struct grid *grid) {
    unsigned unused = 0;
    putchar('\n');
    for (size_t m = 0; m < ctl_n_cube_marks; m++) {
        unsigned n = 0;
        for (size_t c = 0; c < grid->pod->n_cubes; c++)
            n += ctl_cube_mark(grid->pod->cubes[c]) == &ctl_cube_marks[m];
        if (n)
            printf("%c   %s: %u\n", ctl_cube_marks[m].sign, ctl_cube_marks[m].meaning, n);
    }
    for (size_t c = 0; c < grid->pod->n_cubes; c++)
        unused += !*grid->pod->cubes[c]->slice && !ctl_cube_mark(grid->pod->cubes[c]);
    if (unused)
        printf(".   free: %u\n", unused);
}

/* The cubes that a person may have to look at, with the reason. */
static void print_troubles(const struct grid *grid) {
    static const struct ctl_column columns[] = {{"CUBE"},
                                                {"HEALTH"},
                                                {"CAUSE", CTL_COLUMN_WHERE_GIVEN},
                                                {"SCHEDULING"},
                                                {"SLICE", CTL_COLUMN_WHERE_GIVEN},
                                                {"HOSTS HEARD", CTL_COLUMN_RIGHT}};
    struct ctl_table table;
    ctl_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
    for (size_t i = 0; i < grid->pod->n_cubes; i++) {
        const Heliostat__V1__CubeStatus *c = grid->pod->cubes[i];
        const struct ctl_cube_mark *mark = ctl_cube_mark(c);
        if (!mark || mark->tone >= CTL_TONE_STRONG)
            continue;
        ctl_table_cell(&table, "%s", c->name);
        ctl_table_cell(&table, "%s", ctl_enum_word(&heliostat__v1__health__descriptor, (int)c->health));
        ctl_table_cell(&table, "%s%s%s", c->health_cause,
                       c->unaccounted_circuit && *c->health_cause ? "; " : "",
                       c->unaccounted_circuit ? "unaccounted circuit" : "");
        ctl_table_cell(&table, "%s%s%s",
                       ctl_enum_word(&heliostat__v1__scheduling__descriptor, (int)c->scheduling),
                       *c->scheduling_reason ? ": " : "", c->scheduling_reason);
        ctl_table_cell(&table, "%s", c->slice);
        ctl_table_cell(&table, "%u/%u", c->hosts_heard, c->hosts);
    }
    /* A pod that nobody reports for is told in one line, not in sixty-four. */
    if (ctl_table_rows(&table) && ctl_table_rows(&table) <= 16) {
        putchar('\n');
        ctl_table_print(&table, stdout, false);
    }
    ctl_table_deinit(&table);
}

void ctl_print_grid(struct ctl *ctl, const Heliostat__V1__PodStatus *pod,
                    const Heliostat__V1__ListSlicesResponse *slices) {
    struct grid grid = {ctl, pod, ctl_alloc(ctl, (pod->n_cubes + 1) * sizeof(char *)), 0};
    for (size_t i = 0; i < pod->n_cubes; i++)
        if (*pod->cubes[i]->slice && slice_number(&grid, pod->cubes[i]->slice) == grid.n_slices)
            grid.slices[grid.n_slices++] = pod->cubes[i]->slice;
    printf("%s (%s): %zu cubes, %u of %u switches in sync\n", pod->name, pod->model, pod->n_cubes,
           pod->ocses_in_sync, pod->ocses);
    if (pod->spares) {
        unsigned n = 0;
        for (size_t i = 0; i < pod->n_cubes; i++)
            n += pod->cubes[i]->spare;
        printf("%u of %u spares%s are there\n", n, pod->spares,
               pod->spares_per_power_domain ? " of each power domain" : "");
    }
    if (pod->restore)
        printf("Being restored%s: %s\n", pod->restore->held ? ", HELD" : "", pod->restore->text);
    if (pod->frozen)
        printf("FROZEN, no mirror moves: %s. See pod diff, then pod thaw.\n",
               *pod->frozen_reason ? pod->frozen_reason : "no reason was given");
    putchar('\n');
    print_rows(&grid);
    print_slices(&grid, slices);
    print_cut(&grid);
    print_legend(&grid);
    print_troubles(&grid);
}

int ctl_pod_show(struct ctl *ctl) {
    Heliostat__V1__GetPodResponse *response;
    Heliostat__V1__ListSlicesRequest request = HELIOSTAT__V1__LIST_SLICES_REQUEST__INIT;
    Heliostat__V1__ListSlicesResponse *slices;
    int exit_status = ctl_read_pod(ctl, ctl_positional_or(ctl, 0, ""), &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    if (ctl->format == CTL_FORMAT_NAME) {
        puts(response->pod->name);
        return 0;
    }
    request.pod = response->pod->name;
    exit_status = ctl_call(ctl, "SliceService/ListSlices", &request.base,
                           &heliostat__v1__list_slices_response__descriptor, &slices);
    if (exit_status)
        return exit_status;
    ctl_print_grid(ctl, response->pod, slices);
    return 0;
}
