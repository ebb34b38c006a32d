/* helioctl port */
#include "heliostat/v1/ocs.pb-c.h"
#include "ctl/client.h"
#include "ctl/maintenance.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include "ctl/word.h"
#include <stdio.h>

static const struct ctl_column columns[] = {
    {"NAME"},
    {"HEALTH"},
    {"FIBER"},
    {"JOINED TO"},
    {"SOURCE", CTL_COLUMN_WIDE},
    {"SINCE", CTL_COLUMN_WIDE},
    {"CAUSE", CTL_COLUMN_WHERE_GIVEN},
};

static void fill_ports(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__ListPortsResponse *response = message;
    for (size_t i = 0; i < response->n_ports; i++) {
        const Heliostat__V1__PortStatus *p = response->ports[i];
        ctl_table_cell(table, "%s", p->name);
        ctl_table_cell(table, "%s", ctl_enum_word(&heliostat__v1__health__descriptor, (int)p->health));
        ctl_table_cell(table, "%s", *p->fiber ? p->fiber : "-");
        ctl_table_cell(table, "%s", *p->joined_to ? p->joined_to : "-");
        ctl_table_cell(table, "%s", p->health_source);
        ctl_table_cell(table, "%s", p->health_since);
        ctl_table_cell(table, "%s", p->health_cause);
    }
}

static int port_list(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(columns, fill_ports, "no such port");
    Heliostat__V1__ListPortsRequest request = HELIOSTAT__V1__LIST_PORTS_REQUEST__INIT;
    Heliostat__V1__ListPortsResponse *response;
    request.pod = ctl_flag_text_or(ctl, "pod", "");
    request.ocs = ctl_flag_text_or(ctl, "ocs", "");
    request.unfit_only = ctl_has(ctl, "unfit");
    int exit_status = ctl_call(ctl, "OcsService/ListPorts", &request.base,
                               &heliostat__v1__list_ports_response__descriptor, &response);
    return exit_status ? exit_status : ctl_show(ctl, response, &view);
}

static void field(const char *name, const char *value) {
    if (*value)
        printf("%-9s %s\n", name, value);
}

static int port_get(struct ctl *ctl) {
    Heliostat__V1__ListPortsRequest request = HELIOSTAT__V1__LIST_PORTS_REQUEST__INIT;
    Heliostat__V1__ListPortsResponse *response;
    request.port = ctl_positional(ctl, 0);
    int exit_status = ctl_call(ctl, "OcsService/ListPorts", &request.base,
                               &heliostat__v1__list_ports_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (response->n_ports != 1)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "the answer holds %zu ports", response->n_ports);
    const Heliostat__V1__PortStatus *p = response->ports[0];
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, p);
    const char *colon = *p->health_cause ? ": " : "";
    const char *health = ctl_enum_word(&heliostat__v1__health__descriptor, (int)p->health);
    field("Name", p->name);
    field("Health", ctl_text(ctl, "%s%s%s", health, colon, p->health_cause));
    field("Source", p->health_source);
    field("Since", *p->health_since ? p->health_since : "before the daemon started");
    field("Fiber", p->fiber);
    field("Joined to", p->joined_to);
    return 0;
}

static const struct ctl_flag list_flags[] = {
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Only this pod"},
    {"ocs", 0, CTL_VALUE_TEXT, "OCS", .object = CTL_OBJECT_OCS, .help = "Only the ports of this switch"},
    {"unfit", 0, CTL_VALUE_NONE, .help = "Only ports that are not HEALTHY"},
    {0},
};

static const struct ctl_flag move_flags[] = {
    {"to", 0, CTL_VALUE_TEXT, "PORT",
     .help = "With --prepare: the spare port of the same switch and side, A69"},
    {"prepare", 0, CTL_VALUE_NONE,
     .help = "Remove the circuit, block both ports, wait until it is safe to touch"},
    {"done", 0, CTL_VALUE_NONE, .help = "The fiber is on the other port: commit the wiring, connect"},
    {"cancel", 0, CTL_VALUE_NONE, .help = "The fiber stays where it was"},
    {"reason", 0, CTL_VALUE_TEXT, "TEXT", .help = "Why, for the record"},
    {"disrupt", 0, CTL_VALUE_NONE, .help = "An operator's word instead of the slices' owners'"},
    {0},
};

static const struct ctl_flag test_port_flags[] = {
    {"remove", 0, CTL_VALUE_NONE, .help = "The plug is not there any more"},
    {0},
};

static int port_test_port(struct ctl *ctl) {
    Heliostat__V1__SetTestPortRequest request = HELIOSTAT__V1__SET_TEST_PORT_REQUEST__INIT;
    Heliostat__V1__SetTestPortResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.port = ctl_positional(ctl, 0);
    request.remove = ctl_has(ctl, "remove");
    int exit_status = ctl_call(ctl, "OcsService/SetTestPort", &request.base,
                               &heliostat__v1__set_test_port_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_say(ctl, "%s %s%s a test port", request.port, request.mutation->validate_only ? "would be" : "is",
            request.remove ? " no longer" : "");
    return 0;
}

#define PORT                                                                                                 \
    { "PORT", false, CTL_OBJECT_OTHER, "Name of the port, ocs-x-05/A17" }

static const struct ctl_command commands[] = {
    {"list",
     "List ports: their health, where their fibers lead, what they are joined to",
     "-o wide adds who says so and since when.",
     {{0}},
     list_flags,
     CTL_FLAGS_WATCH,
     NULL,
     port_list},
    {"get",
     "Show one port: how it is, who says so, since when",
     NULL,
     {PORT},
     NULL,
     CTL_FLAGS_WATCH,
     NULL,
     port_get},
    {"maintain",
     "Make a port safe to touch, and keep it so until maintain-done",
     NULL,
     {PORT},
     ctl_maintain_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_maintain},
    {"maintain-done",
     "Give a port back",
     NULL,
     {PORT},
     NULL,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT,
     NULL,
     ctl_maintain_done},
    {"move",
     "Move the fiber of a port to a spare port of the same switch, by hand, in three steps",
     "--prepare --to SPARE makes both ports dark. Move the fiber. --done commits the new place and connects "
     "it, --cancel "
     "goes back.",
     {PORT},
     move_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_port_move},
    {"test-port",
     "Say that a loopback plug sits in a port without a fiber, or does not any more",
     "Where no free healthy cube can stand at the other end of a test, links are lit at a test port of their "
     "switch: "
     "that proves their signs. One on each side of a switch; one side is enough.",
     {PORT},
     test_port_flags,
     CTL_FLAGS_MUTATION,
     NULL,
     port_test_port},
    {0},
};

const struct ctl_noun ctl_noun_port = {"port", "Ports of the switches", commands};
