#include "ctl/pod.h"
#include "ctl/output.h"
#include "topology/shape.h"

static const struct ctl_column columns[] = {
    {"TOPOLOGY"}, {"CHIPS", CTL_COLUMN_RIGHT}, {"CUBES", CTL_COLUMN_RIGHT}, {"KIND"}};

static const char *const parts_of_a_cube[] = {"1x1x1", "1x1x2", "1x2x2", "2x2x2", "2x2x4", "2x4x4"};

static void add_row(struct ctl_table *table, const struct topo_shape *shape, const char *kind) {
    char text[48];
    topo_shape_format(shape, text, sizeof(text));
    ctl_table_cell(table, "%s", text);
    ctl_table_cell(table, "%u", (unsigned)shape->n_chips);
    ctl_table_cell(table, "%u", (unsigned)(shape->whole_cubes ? shape->n_cubes : 0));
    ctl_table_cell(table, "%s", kind);
}

static void add_whole(const struct topo_shape *shape, void *userdata) {
    struct topo_shape twisted;
    if (topo_shape_can_twist(shape) && topo_shape_of_cubes(shape->cubes, true, &twisted) == 0)
        add_row(userdata, &twisted, "twisted torus, the default of this shape");
    add_row(userdata, shape, "torus");
}

int ctl_pod_shapes(struct ctl *ctl) {
    Heliostat__V1__GetPodResponse *response;
    struct ctl_table table;
    struct topo_shape shape;
    char error[128];
    int exit_status = ctl_read_pod(ctl, ctl_positional_or(ctl, 0, ""), &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "pod shapes prints a table or names; use -o name");
    uint32_t most = response->pod->largest_slice_chips / 64;
    ctl_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
    for (size_t i = 0; i < sizeof(parts_of_a_cube) / sizeof(*parts_of_a_cube); i++)
        if (topo_shape_parse(parts_of_a_cube[i], &shape, error, sizeof(error)) == 0)
            add_row(&table, &shape, "mesh in a part of one cube");
    topo_shape_enumerate(most, add_whole, &table);
    ctl_show_table(ctl, &table);
    ctl_table_deinit(&table);
    return 0;
}
