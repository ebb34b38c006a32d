/* helioctl host */
#include "heliostat/v1/host.pb-c.h"
#include "ctl/client.h"
#include "ctl/maintenance.h"
#include "ctl/output.h"
#include "ctl/pod.h"
#include "ctl/registry.h"
#include <string.h>

#define CUBES_MAX 256
#define HOSTS_PER_CUBE 16

struct links {
    unsigned optical, heard, light;
};

struct hosts {
    const Heliostat__V1__Pod *pod;
    const Heliostat__V1__PodStatus *status;
    struct links of[CUBES_MAX][HOSTS_PER_CUBE];
};

/* The host of the chip at a face link: hosts drive blocks of 2x2x1 chips. Links of an x face are numbered y +
 * 4z, of a y face x + 4z, of a z face x + 4y. */
static unsigned host_at(const char *face, uint32_t index) {
    unsigned low = index % 4, high = index / 4 % 4, edge = face[0] == '+' ? 3 : 0;
    unsigned x = face[1] == 'x' ? edge : low;
    unsigned y = face[1] == 'x' ? low : face[1] == 'y' ? edge : high;
    unsigned z = face[1] == 'z' ? edge : high;
    return x / 2 + 2 * (y / 2) + 4 * z;
}

static const char *slice_of(const Heliostat__V1__PodStatus *status, uint32_t cube) {
    for (size_t i = 0; i < status->n_cubes; i++)
        if (status->cubes[i]->index == cube)
            return status->cubes[i]->part_hosts ? "(cube is cut)" : status->cubes[i]->slice;
    return "";
}

static const struct ctl_column columns[] = {
    {"NAME"}, {"NODE"}, {"ADDRESS"}, {"REPORT"}, {"LIT", CTL_COLUMN_RIGHT}, {"SLICE", CTL_COLUMN_WHERE_GIVEN},
};

static void print_hosts(struct ctl *ctl, const struct hosts *hosts, const char *cube) {
    struct ctl_table table;
    ctl_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
    for (size_t c = 0; c < hosts->pod->n_cubes; c++) {
        const Heliostat__V1__Cube *k = hosts->pod->cubes[c];
        const char *slash = strchr(k->name, '/');
        if (*cube && strcmp(k->name, cube) != 0 && !(slash && strcmp(slash + 1, cube) == 0))
            continue;
        for (size_t h = 0; h < k->n_hosts; h++) {
            const struct links *l = k->index < CUBES_MAX && k->hosts[h]->index < HOSTS_PER_CUBE
                                        ? &hosts->of[k->index][k->hosts[h]->index]
                                        : &(struct links){0};
            ctl_table_cell(&table, "%s", k->hosts[h]->name);
            ctl_table_cell(&table, "%s", k->hosts[h]->node_name);
            ctl_table_cell(&table, "%s", k->hosts[h]->address);
            ctl_table_cell(&table, "%s", !l->optical ? "-" : l->heard ? "heard" : "SILENT");
            ctl_table_cell(&table, "%u/%u", l->light, l->optical);
            ctl_table_cell(&table, "%s", slice_of(hosts->status, k->index));
        }
    }
    ctl_show_table(ctl, &table);
    ctl_table_deinit(&table);
}

static int host_list(struct ctl *ctl) {
    Heliostat__V1__ExportInventoryRequest ask_inventory = HELIOSTAT__V1__EXPORT_INVENTORY_REQUEST__INIT;
    Heliostat__V1__ExportInventoryResponse *inventory;
    Heliostat__V1__ListLinksRequest ask_links = HELIOSTAT__V1__LIST_LINKS_REQUEST__INIT;
    Heliostat__V1__ListLinksResponse *links;
    Heliostat__V1__GetPodResponse *pod;
    struct hosts *hosts = ctl_alloc(ctl, sizeof(*hosts));
    int exit_status = ctl_read_pod(ctl, ctl_flag_text_or(ctl, "pod", ""), &pod);
    if (exit_status)
        return exit_status;
    ask_inventory.pod = ask_links.pod = pod->pod->name;
    exit_status = ctl_call(ctl, "InventoryService/ExportInventory", &ask_inventory.base,
                           &heliostat__v1__export_inventory_response__descriptor, &inventory);
    if (exit_status == 0)
        exit_status = ctl_call(ctl, "HostService/ListLinks", &ask_links.base,
                               &heliostat__v1__list_links_response__descriptor, &links);
    if (exit_status)
        return exit_status;
    if (!inventory->inventory || inventory->inventory->n_pods != 1)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "the answer holds no pod");
    hosts->pod = inventory->inventory->pods[0];
    hosts->status = pod->pod;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, hosts->pod);
    for (size_t i = 0; i < links->n_links; i++) {
        const Heliostat__V1__OpticalLink *l = links->links[i];
        if (l->cube >= CUBES_MAX || l->index >= 16 || strlen(l->face) != 2)
            continue;
        struct links *of = &hosts->of[l->cube][host_at(l->face, l->index)];
        of->optical++;
        of->heard += l->heard;
        of->light += l->heard && l->light;
    }
    print_hosts(ctl, hosts, ctl_flag_text_or(ctl, "cube", ""));
    return 0;
}

static const struct ctl_flag list_flags[] = {
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Pod (default: the only one)"},
    {"cube", 0, CTL_VALUE_TEXT, "CUBE", .object = CTL_OBJECT_CUBE, .help = "Only of this cube"},
    {0},
};

static const struct ctl_command commands[] = {
    {"list",
     "List hosts: their names, whether they report, how many of their optical links see light",
     NULL,
     {{0}},
     list_flags,
     CTL_FLAGS_WATCH,
     NULL,
     host_list},
    {"maintain",
     "Make a host safe to touch, and keep it so until maintain-done",
     "Every circuit with an end there is removed and read back, those of slices once their owners agree. A "
     "switch that "
     "cannot be read makes it NOT PROVEN DARK.",
     {{"HOST", false, CTL_OBJECT_HOST, "Name of the host, cube-07/host-03"}},
     ctl_maintain_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_maintain},
    {"maintain-done",
     "Give a host back",
     NULL,
     {{"HOST", false, CTL_OBJECT_HOST, "Name of the host, cube-07/host-03"}},
     NULL,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT,
     NULL,
     ctl_maintain_done},
    {"replace",
     "Put another host in the place of one, by hand, in three steps",
     "--prepare makes the host safe to touch, as maintain does. Exchange it. --done takes the serials of its "
     "4 "
     "chips over, gives it back and tests its face links; the cube is QUARANTINED until they are proved. "
     "--cancel goes back.",
     {{"HOST", false, CTL_OBJECT_HOST, "Name of the host, cube-07/host-03"}},
     ctl_host_replace_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_host_replace},
    {0},
};

const struct ctl_noun ctl_noun_host = {"host", "The machines that drive the chips", commands};
