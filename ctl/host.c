/* helioctl host */
#include "heliostat/v1/host.pb-c.h"
#include "ctl/client.h"
#include "ctl/maintenance.h"
#include "ctl/output.h"
#include "ctl/pod.h"
#include "ctl/registry.h"
#include "ctl/word.h"
#include <string.h>

static const struct ctl_column columns[] = {
    {"NAME"},
    {"NODE"},
    {"ADDRESS"},
    {"HEALTH"},
    {"REPORT"},
    {"LIT", CTL_COLUMN_RIGHT},
    {"IN USE", CTL_COLUMN_WIDE},
    {"SOURCE", CTL_COLUMN_WIDE},
    {"SINCE", CTL_COLUMN_WIDE},
    {"SLICE", CTL_COLUMN_WHERE_GIVEN},
    {"CAUSE", CTL_COLUMN_WHERE_GIVEN},
};

static const char *health_word(Heliostat__V1__Health health) {
    return ctl_enum_word(&heliostat__v1__health__descriptor, (int)health);
}

static const char *report_word(const Heliostat__V1__HostStatus *h) {
    return h->heard ? "heard" : *h->heard_at ? "SILENT" : "-";
}

static int read_hosts(struct ctl *ctl, const char *pod, const char *cube,
                      Heliostat__V1__ListHostsResponse **ret_response) {
    Heliostat__V1__ListHostsRequest request = HELIOSTAT__V1__LIST_HOSTS_REQUEST__INIT;
    request.pod = (char *)pod;
    request.cube = (char *)cube;
    return ctl_call(ctl, "HostService/ListHosts", &request.base,
                    &heliostat__v1__list_hosts_response__descriptor, ret_response);
}

static int host_list(struct ctl *ctl) {
    Heliostat__V1__ListHostsResponse *response;
    struct ctl_table table;
    int exit_status =
        read_hosts(ctl, ctl_flag_text_or(ctl, "pod", ""), ctl_flag_text_or(ctl, "cube", ""), &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
    for (size_t i = 0; i < response->n_hosts; i++) {
        const Heliostat__V1__HostStatus *h = response->hosts[i];
        ctl_table_cell(&table, "%s", h->name);
        ctl_table_cell(&table, "%s", h->node_name);
        ctl_table_cell(&table, "%s", h->address);
        ctl_table_cell(&table, "%s", health_word(h->health));
        ctl_table_cell(&table, "%s", report_word(h));
        ctl_table_cell(&table, "%u/%u", h->links_lit, h->optical_links);
        ctl_table_cell(&table, "%s", h->chips_in_use ? "yes" : "no");
        ctl_table_cell(&table, "%s", h->health_source);
        ctl_table_cell(&table, "%s", h->health_since);
        ctl_table_cell(&table, "%s", h->slice);
        ctl_table_cell(&table, "%s", h->health_cause);
    }
    ctl_show_table(ctl, &table);
    ctl_table_deinit(&table);
    return 0;
}

static void field(const char *name, const char *value) {
    if (*value)
        printf("%-9s %s\n", name, value);
}

static void print_host(struct ctl *ctl, const Heliostat__V1__HostStatus *h) {
    const char *colon = *h->health_cause ? ": " : "";
    field("Name", h->name);
    field("Node", h->node_name);
    field("Address", h->address);
    field("Health", ctl_text(ctl, "%s%s%s", health_word(h->health), colon, h->health_cause));
    field("Source", h->health_source);
    field("Since", *h->health_since ? h->health_since : "before the daemon started");
    field("Heard", !*h->heard_at ? "never since the daemon started"
                   : h->heard    ? h->heard_at
                                 : ctl_text(ctl, "%s, SILENT since", h->heard_at));
    field("Links", ctl_text(ctl, "%u of %u see light", h->links_lit, h->optical_links));
    field("In use", h->chips_in_use ? "yes: a process uses its chips" : "no");
    field("Slice", h->slice);
    for (size_t i = 0; i < h->n_chips; i++) {
        const Heliostat__V1__ChipStatus *c = h->chips[i];
        printf("  %s  %s%s%s%s%s\n", c->name, health_word(c->health), *c->health_cause ? ": " : "",
               c->health_cause, *c->serial ? ", serial " : "", c->serial);
    }
}

static int host_get(struct ctl *ctl) {
    Heliostat__V1__ListHostsResponse *response;
    const char *name = ctl_positional(ctl, 0), *last = strrchr(name, '/');
    const char *wants = "wants a host such as cube-07/host-03 or pod/cube-07/host-03";
    if (!last || strncmp(last + 1, "host-", 5) != 0)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "'%s' is not accepted; %s", name, wants);
    int exit_status = read_hosts(ctl, "", ctl_text(ctl, "%.*s", (int)(last - name), name), &response);
    if (exit_status)
        return exit_status;
    for (size_t i = 0; i < response->n_hosts; i++) {
        const Heliostat__V1__HostStatus *h = response->hosts[i];
        if (strcmp(strrchr(h->name, '/'), last) != 0)
            continue;
        if (ctl_wants_json(ctl))
            return ctl_print_json(ctl, h);
        print_host(ctl, h);
        return 0;
    }
    ctl_fail(ctl, CTL_EXIT_NOT_FOUND, "%.*s has no host %s; its hosts are host-00 to host-15",
             (int)(last - name), name, last + 1);
    return CTL_EXIT_NOT_FOUND;
}

static const struct ctl_flag list_flags[] = {
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Pod (default: the only one)"},
    {"cube", 0, CTL_VALUE_TEXT, "CUBE", .object = CTL_OBJECT_CUBE, .help = "Only of this cube"},
    {0},
};

static const struct ctl_command commands[] = {
    {"list",
     "List hosts: their names, health, whether they report, how many of their optical links see light",
     NULL,
     {{0}},
     list_flags,
     CTL_FLAGS_WATCH,
     NULL,
     host_list},
    {"get",
     "Show one host: how it and its chips are, who says so, since when",
     NULL,
     {{"HOST", false, CTL_OBJECT_HOST, "Name of the host, cube-07/host-03"}},
     NULL,
     CTL_FLAGS_WATCH,
     NULL,
     host_get},
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
