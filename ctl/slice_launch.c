/* What a job launcher asks for: the hosts of a slice, and the surroundings of one of them. */
#include "ctl/slice.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/word.h"
#include <string.h>

static uint32_t origin(const Heliostat__V1__SliceHost *host, size_t dimension) {
    return dimension < host->n_chip_origin ? host->chip_origin[dimension] : 0;
}

static const struct ctl_column host_columns[] = {
    {"RANK", CTL_COLUMN_RIGHT}, {"NODE"}, {"ADDRESS"}, {"CUBE"}, {"HOST", CTL_COLUMN_RIGHT}, {"CHIP"},
};

static void fill_hosts(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__GetSliceResponse *response = message;
    for (size_t i = 0; i < response->slice->n_hosts; i++) {
        const Heliostat__V1__SliceHost *h = response->slice->hosts[i];
        ctl_table_cell(table, "%u", h->rank);
        ctl_table_cell(table, "%s", h->node_name);
        ctl_table_cell(table, "%s", h->address);
        ctl_table_cell(table, "%s", h->cube);
        ctl_table_cell(table, "%u", h->host_index);
        ctl_table_cell(table, "%u,%u,%u", origin(h, 0), origin(h, 1), origin(h, 2));
    }
}

int ctl_slice_hosts(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(host_columns, fill_hosts, "the slice has no hosts");
    Heliostat__V1__GetSliceResponse *response;
    int exit_status = ctl_read_slice(ctl, ctl_positional(ctl, 0), &response);
    if (exit_status)
        return exit_status;
    if (strcmp(ctl->format_text, "hostfile") != 0 && ctl->format != CTL_FORMAT_NAME)
        return ctl_show(ctl, response, &view);
    for (size_t i = 0; i < response->slice->n_hosts; i++)
        puts(response->slice->hosts[i]->node_name);
    return 0;
}

static const Heliostat__V1__SliceHost *find_host(struct ctl *ctl, const Heliostat__V1__Slice *slice,
                                                 const char *name) {
    int64_t rank = -1;
    bool is_rank = ctl_parse_number(name, &rank);
    for (size_t i = 0; i < slice->n_hosts; i++) {
        const Heliostat__V1__SliceHost *h = slice->hosts[i];
        const char *full = ctl_text(ctl, "%s/host-%02u", h->cube, h->host_index), *slash = strchr(full, '/');
        if (strcmp(h->node_name, name) == 0 || (is_rank && h->rank == rank) || strcmp(full, name) == 0 ||
            (slash && strcmp(slash + 1, name) == 0))
            return h;
    }
    return NULL;
}

/* Values go into single quotes, so that the lines can be read by a shell whatever they hold. */
static void print_variable(const char *name, const char *value) {
    printf("%s='", name);
    for (; *value; value++)
        if (*value == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*value);
    puts("'");
}

/* "8x8x8_untwisted" -> "8,8,8" */
static char *bounds_of(struct ctl *ctl, const char *topology) {
    char *text = ctl_text(ctl, "%.*s", (int)strcspn(topology, "_"), topology);
    for (char *c = text; *c; c++)
        *c = *c == 'x' ? ',' : *c;
    return text;
}

int ctl_slice_env(struct ctl *ctl) {
    Heliostat__V1__GetSliceResponse *response;
    int exit_status = ctl_read_slice(ctl, ctl_positional(ctl, 0), &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "slice env prints shell lines; use slice get -o json");
    const Heliostat__V1__Slice *s = response->slice;
    const Heliostat__V1__SliceHost *h = find_host(ctl, s, ctl_flag_text(ctl, "host"));
    if (!h)
        return ctl_fail(ctl, CTL_EXIT_NOT_FOUND, "%s is no host of %s; see slice hosts %s",
                        ctl_flag_text(ctl, "host"), s->name, s->name);
    char *nodes = "", *addresses = "";
    for (size_t i = 0; i < s->n_hosts; i++) {
        nodes = ctl_text(ctl, "%s%s%s", nodes, i ? "," : "", s->hosts[i]->node_name);
        addresses = ctl_text(ctl, "%s%s%s", addresses, i ? "," : "", s->hosts[i]->address);
    }
    print_variable("HELIOSTAT_SLICE", s->name);
    print_variable("HELIOSTAT_UID", ctl_text(ctl, "%lld", (long long)s->uid));
    print_variable("HELIOSTAT_GENERATION", ctl_text(ctl, "%lld", (long long)s->generation));
    print_variable("HELIOSTAT_POD", s->pod);
    print_variable("HELIOSTAT_TOPOLOGY", s->topology);
    print_variable("HELIOSTAT_BOUNDS", bounds_of(ctl, s->topology));
    print_variable("HELIOSTAT_WRAP", ctl_text(ctl, "%d,%d,%d", s->n_wrap > 0 && s->wrap[0],
                                              s->n_wrap > 1 && s->wrap[1], s->n_wrap > 2 && s->wrap[2]));
    print_variable("HELIOSTAT_TWISTED", s->twisted ? "1" : "0");
    if (s->n_axis_map == 3)
        print_variable("HELIOSTAT_AXIS_MAP",
                       ctl_text(ctl, "%u,%u,%u", s->axis_map[0], s->axis_map[1], s->axis_map[2]));
    print_variable("HELIOSTAT_RANK", ctl_text(ctl, "%u", h->rank));
    print_variable("HELIOSTAT_HOST_COUNT", ctl_text(ctl, "%zu", s->n_hosts));
    print_variable("HELIOSTAT_NODE", h->node_name);
    print_variable("HELIOSTAT_ADDRESS", h->address);
    print_variable("HELIOSTAT_CUBE", h->cube);
    print_variable("HELIOSTAT_CHIP_ORIGIN",
                   ctl_text(ctl, "%u,%u,%u", origin(h, 0), origin(h, 1), origin(h, 2)));
    print_variable("HELIOSTAT_HOSTS", nodes);
    print_variable("HELIOSTAT_HOST_ADDRESSES", addresses);
    return 0;
}
