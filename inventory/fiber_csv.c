#include "inventory/fiber_csv.h"

#include "inventory/csv_record.h"
#include "inventory/message.h"
#include "topology/wiring.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column {
    COLUMN_POD,
    COLUMN_CUBE,
    COLUMN_FACE,
    COLUMN_INDEX,
    COLUMN_OCS,
    COLUMN_SIDE,
    COLUMN_PORT,
    COLUMNS
};
static const char *const column_names[COLUMNS] = {"pod", "cube", "face", "index", "ocs", "side", "port"};
#define HEADER "pod,cube,face,index,ocs,side,port"

struct reading {
    struct inventory_findings *findings;
    struct inventory_fiber_list *list;
    const char *pod; /* "": that of the first row that names one */
    unsigned place[COLUMNS];
    const struct csv_record *row;
    bool row_is_good;
};

void inventory_fiber_list_deinit(struct inventory_fiber_list *list) {
    for (size_t i = 0; i < list->n; i++)
        inventory_message_free(list->fibers[i]);
    free(list->fibers);
    free(list->lines);
    *list = (struct inventory_fiber_list){0};
}

static bool read_header(struct reading *reading, const struct csv_record *row) {
    for (unsigned column = 0; column < COLUMNS; column++)
        reading->place[column] = CSV_CELLS_MAX;
    for (unsigned i = 0; i < row->n && !row->problem; i++) {
        unsigned column = 0;
        while (column < COLUMNS && strcmp(row->cells[i], column_names[column]) != 0)
            column++;
        if (column == COLUMNS || reading->place[column] != CSV_CELLS_MAX) {
            inventory_error(reading->findings, row->line, "header",
                            "column '%.60s' is not accepted; wants %s, each once", row->cells[i], HEADER);
            return false;
        }
        reading->place[column] = i;
    }
    if (row->problem || row->n != COLUMNS) {
        inventory_error(reading->findings, row->line, "header", "%s; wants %s",
                        row->problem ? row->problem : "a column is missing", HEADER);
        return false;
    }
    return true;
}

static const char *cell(const struct reading *reading, enum column column) {
    return reading->row->cells[reading->place[column]];
}

static void refuse(struct reading *reading, enum column column, const char *text) {
    reading->row_is_good = false;
    inventory_error(reading->findings, reading->row->line, column_names[column], "%s", text);
}

static unsigned read_number(struct reading *reading, enum column column, unsigned min, unsigned max) {
    const char *text = cell(reading, column);
    unsigned value = 0;
    bool good = *text != 0;
    for (const char *at = text; *at && good; at++) {
        good = isdigit((unsigned char)*at) && value <= max;
        value = 10 * value + (unsigned)(*at - '0');
    }
    if (!good || value < min || value > max) {
        char error[INVENTORY_ERROR_MAX];
        snprintf(error, sizeof(error), "'%.60s' is not accepted; wants %u to %u", text, min, max);
        refuse(reading, column, error);
    }
    return value;
}

/* The pod may stand in three columns; all must say the same. */
static void read_pod(struct reading *reading, enum column column, const char *pod) {
    if (!*pod)
        return;
    if (!*reading->pod) {
        snprintf(reading->list->pod, sizeof(reading->list->pod), "%s", pod);
        reading->pod = reading->list->pod;
    }
    if (strcmp(reading->pod, pod) != 0) {
        char error[INVENTORY_ERROR_MAX];
        snprintf(error, sizeof(error), "pod '%.63s' is not accepted; wants '%.63s': a file is of one pod",
                 pod, reading->pod);
        refuse(reading, column, error);
    }
}

static int read_row(struct reading *reading, Heliostat__V1__Fiber *fiber) {
    char error[INVENTORY_ERROR_MAX], ocs[INVENTORY_NAME_MAX];
    struct inventory_name name = {0};
    unsigned face = 0;
    if (*cell(reading, COLUMN_POD) && inventory_parse_pod(cell(reading, COLUMN_POD), error) != 0)
        refuse(reading, COLUMN_POD, error);
    else
        read_pod(reading, COLUMN_POD, cell(reading, COLUMN_POD));
    if (inventory_parse_cube(cell(reading, COLUMN_CUBE), &name, error) != 0)
        refuse(reading, COLUMN_CUBE, error);
    else
        read_pod(reading, COLUMN_CUBE, name.pod);
    fiber->cube = name.cube;
    if (inventory_parse_face(cell(reading, COLUMN_FACE), &face, error) != 0)
        refuse(reading, COLUMN_FACE, error);
    fiber->index = read_number(reading, COLUMN_INDEX, 0, TOPO_INDICES - 1);
    if (inventory_parse_ocs(cell(reading, COLUMN_OCS), &name, error) != 0)
        refuse(reading, COLUMN_OCS, error);
    else
        read_pod(reading, COLUMN_OCS, name.pod);
    const char *side = cell(reading, COLUMN_SIDE);
    if (strcmp(side, "A") != 0 && strcmp(side, "B") != 0) {
        snprintf(error, sizeof(error), "'%.60s' is not accepted; wants A or B", side);
        refuse(reading, COLUMN_SIDE, error);
    }
    fiber->port = read_number(reading, COLUMN_PORT, 1, TOPO_PORTS_MAX);
    int r = inventory_set(&fiber->face, "%s", topo_face_name(face));
    if (r == 0)
        r = inventory_set(&fiber->side, "%s", side);
    if (r == 0)
        r = inventory_set(&fiber->ocs, "%s", inventory_ocs_name(ocs, NULL, name.dimension, name.number));
    return r;
}

static int keep_row(struct reading *reading, Heliostat__V1__Fiber *fiber) {
    struct inventory_fiber_list *list = reading->list;
    if (inventory_append(&list->fibers, &list->n, fiber) != 0) {
        inventory_message_free(fiber);
        return -ENOMEM;
    }
    list->lines[list->n_lines++] = reading->row->line;
    return 0;
}

static int read_rows(struct reading *reading, struct csv_reader *reader, struct csv_record *row) {
    reading->row = row;
    while (csv_next(reader, row)) {
        if (row->is_empty)
            continue;
        if (row->problem || row->n != COLUMNS) {
            if (row->problem)
                inventory_error(reading->findings, row->line, "", "%s", row->problem);
            else
                inventory_error(reading->findings, row->line, "", "%u values are not accepted; wants %d: %s",
                                row->n, COLUMNS, HEADER);
            continue;
        }
        if (reading->list->n == INVENTORY_CSV_FIBERS_MAX) {
            inventory_error(reading->findings, row->line, "",
                            "more than %u fibers are not accepted; the rest was not read",
                            INVENTORY_CSV_FIBERS_MAX);
            return 0;
        }
        Heliostat__V1__Fiber *fiber = inventory_message_new(&heliostat__v1__fiber__descriptor);
        reading->row_is_good = true;
        int r = fiber ? read_row(reading, fiber) : -ENOMEM;
        if (r == 0 && reading->row_is_good)
            r = keep_row(reading, fiber);
        else
            inventory_message_free(fiber);
        if (r != 0)
            return r;
    }
    return 0;
}

int inventory_csv_read(const char *text, size_t len, const char *pod, struct inventory_fiber_list *ret_list,
                       struct inventory_findings *findings) {
    struct inventory_fiber_list list = {0};
    struct reading reading = {.findings = findings, .list = &list, .pod = pod};
    struct csv_reader reader;
    if (len > INVENTORY_CSV_BYTES_MAX) {
        inventory_error(findings, 0, "", "%zu bytes are not accepted; wants at most %u", len,
                        INVENTORY_CSV_BYTES_MAX);
        *ret_list = list;
        return 0;
    }
    struct csv_record *row = malloc(sizeof(*row));
    list.lines = malloc(INVENTORY_CSV_FIBERS_MAX * sizeof(list.lines[0]));
    int r = row && list.lines ? 0 : -ENOMEM;
    csv_reader_init(&reader, text, len);
    bool any = false;
    while (r == 0 && (any = csv_next(&reader, row)) && row->is_empty)
        ;
    if (r == 0 && !any)
        inventory_error(findings, 1, "header", "an empty file; wants %s", HEADER);
    else if (r == 0 && read_header(&reading, row))
        r = read_rows(&reading, &reader, row);
    free(row);
    if (r != 0) {
        inventory_fiber_list_deinit(&list);
        return r;
    }
    if (*pod)
        snprintf(list.pod, sizeof(list.pod), "%s", pod);
    *ret_list = list;
    return 0;
}

struct row {
    uint64_t key; /* cube, face, index, then the place in the list */
    const Heliostat__V1__Fiber *fiber;
};

static int compare(const void *one, const void *other) {
    const struct row *a = one, *b = other;
    return (a->key > b->key) - (a->key < b->key);
}

/* In quotes only where it must be. */
static void write_cell(FILE *file, const char *text) {
    bool quoted = strpbrk(text, ",\"\r\n");
    if (quoted)
        putc('"', file);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', file);
        putc(*text, file);
    }
    if (quoted)
        putc('"', file);
}

static void write_row(FILE *file, const Heliostat__V1__Pod *pod, const Heliostat__V1__Fiber *fiber) {
    char text[INVENTORY_NAME_MAX];
    const char *slash = strrchr(fiber->ocs, '/');
    write_cell(file, pod->name);
    fprintf(file, ",%s,", inventory_cube_name(text, NULL, (unsigned)pod->n_cubes, fiber->cube));
    write_cell(file, fiber->face);
    fprintf(file, ",%u,", fiber->index);
    write_cell(file, slash ? slash + 1 : fiber->ocs);
    putc(',', file);
    write_cell(file, fiber->side);
    fprintf(file, ",%u\n", fiber->port);
}

int inventory_csv_write(const Heliostat__V1__Pod *pod, char **ret_text) {
    char *text = NULL;
    size_t len = 0;
    struct row *rows = calloc(pod->n_fibers + 1, sizeof(*rows));
    FILE *file = open_memstream(&text, &len);
    for (size_t i = 0; i < pod->n_fibers && rows; i++) {
        const Heliostat__V1__Fiber *fiber = pod->fibers[i];
        unsigned face = TOPO_FACES;
        if (inventory_parse_face(fiber->face, &face, NULL) != 0)
            face = TOPO_FACES;
        rows[i] = (struct row){(uint64_t)fiber->cube << 32 | (uint64_t)face << 28 |
                                   (uint64_t)(fiber->index & 0xff) << 20 | (i & 0xfffff),
                               fiber};
    }
    if (rows && file) {
        qsort(rows, pod->n_fibers, sizeof(*rows), compare);
        fputs(HEADER "\n", file);
        for (size_t i = 0; i < pod->n_fibers; i++)
            write_row(file, pod, rows[i].fiber);
    }
    bool failed = !rows || !file || ferror(file);
    if (file && fclose(file) != 0)
        failed = true;
    free(rows);
    if (failed) {
        free(text);
        return -ENOMEM;
    }
    *ret_text = text;
    return 0;
}
