/* helioctl ocs */
#include "heliostat/v1/ocs.pb-c.h"
#include "ctl/client.h"
#include "ctl/maintenance.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include "ctl/word.h"
#include <string.h>

static const struct ctl_column columns[] = {
    {"NAME"},
    {"STATE"},
    {"HEALTH", CTL_COLUMN_WIDE},
    {"SOURCE", CTL_COLUMN_WIDE},
    {"SINCE", CTL_COLUMN_WIDE},
    {"ADDRESS"},
    {"PORTS", CTL_COLUMN_RIGHT},
    {"CIRCUITS", CTL_COLUMN_RIGHT},
    {"PINNED"},
    {"REPORTED", CTL_COLUMN_WIDE},
    {"CAUSE", CTL_COLUMN_WHERE_GIVEN},
};

static char *identity(struct ctl *ctl, const char *product, const char *serial) {
    return *product || *serial ? ctl_text(ctl, "%s %s", product, serial) : "-";
}

static void fill_statuses(struct ctl *ctl, struct ctl_table *table, Heliostat__V1__OcsStatus *const *ocses,
                          size_t n) {
    for (size_t i = 0; i < n; i++) {
        const Heliostat__V1__OcsStatus *o = ocses[i];
        bool sized = o->reported_ports_a || o->reported_ports_b;
        ctl_table_cell(table, "%s", o->name);
        ctl_table_cell(table, "%s", ctl_enum_word(&heliostat__v1__ocs_state__descriptor, (int)o->state));
        ctl_table_cell(table, "%s", ctl_enum_word(&heliostat__v1__health__descriptor, (int)o->health));
        ctl_table_cell(table, "%s", o->health_source);
        ctl_table_cell(table, "%s", o->state_since);
        ctl_table_cell(table, "%s", *o->address ? o->address : "-");
        ctl_table_cell(table, "%u+%u", o->ports_a, o->ports_b);
        ctl_table_cell(table, "%u", o->circuits);
        ctl_table_cell(table, "%s", identity(ctl, o->pinned_product, o->pinned_serial));
        ctl_table_cell(table, "%s%s", identity(ctl, o->reported_product, o->reported_serial),
                       sized ? ctl_text(ctl, " %u+%u", o->reported_ports_a, o->reported_ports_b) : "");
        ctl_table_cell(table, "%s", *o->cause ? o->cause : o->health_cause);
    }
}

static void fill_list(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__ListOcsesResponse *response = message;
    fill_statuses(ctl, table, response->ocses, response->n_ocses);
}

static int ocs_list(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(columns, fill_list, "no switches");
    Heliostat__V1__ListOcsesRequest request = HELIOSTAT__V1__LIST_OCSES_REQUEST__INIT;
    Heliostat__V1__ListOcsesResponse *response;
    request.pod = ctl_flag_text_or(ctl, "pod", "");
    int exit_status = ctl_call(ctl, "OcsService/ListOcses", &request.base,
                               &heliostat__v1__list_ocses_response__descriptor, &response);
    return exit_status ? exit_status : ctl_show(ctl, response, &view);
}

static const struct ctl_column confirm_columns[] = {
    {"NAME"},   {"PRODUCT"},
    {"SERIAL"}, {"PORTS", CTL_COLUMN_RIGHT},
    {"STATE"},  {"CAUSE", CTL_COLUMN_WHERE_GIVEN},
};

static void fill_confirmed(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__ConfirmOcsesResponse *response = message;
    for (size_t i = 0; i < response->n_ocses; i++) {
        const Heliostat__V1__OcsStatus *o = response->ocses[i];
        ctl_table_cell(table, "%s", o->name);
        ctl_table_cell(table, "%s", o->reported_product);
        ctl_table_cell(table, "%s", o->reported_serial);
        ctl_table_cell(table, "%u+%u", o->reported_ports_a, o->reported_ports_b);
        ctl_table_cell(table, "%s", ctl_enum_word(&heliostat__v1__ocs_state__descriptor, (int)o->state));
        ctl_table_cell(table, "%s", o->cause);
    }
}

static int ocs_confirm(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(confirm_columns, fill_confirmed, "no switches");
    Heliostat__V1__ConfirmOcsesRequest request = HELIOSTAT__V1__CONFIRM_OCSES_REQUEST__INIT;
    Heliostat__V1__ConfirmOcsesResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.ocs = ctl_positional_or(ctl, 0, "");
    request.all = ctl_has(ctl, "all");
    request.pod = ctl_flag_text_or(ctl, "pod", "");
    if (request.all == (*request.ocs != 0))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "name one switch, or give --all");
    int exit_status = ctl_call(ctl, "OcsService/ConfirmOcses", &request.base,
                               &heliostat__v1__confirm_ocses_response__descriptor, &response);
    if (exit_status == 0)
        exit_status = ctl_show(ctl, response, &view);
    if (exit_status)
        return exit_status;
    ctl_say(ctl, request.mutation->validate_only ? "%zu would be pinned. Nothing was changed." : "%zu pinned",
            response->n_ocses);
    return 0;
}

/* Lines "OCS ADDRESS"; empty lines and what follows # do not count. */
static int read_addresses(struct ctl *ctl, const char *path, char *text,
                          Heliostat__V1__SetOcsAddressesRequest *request) {
    size_t lines = 1;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    request->addresses = ctl_alloc(ctl, lines * sizeof(*request->addresses));
    char *rest = text;
    unsigned number = 0;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        char *words, *name, *address, *more;
        number++;
        line[strcspn(line, "#\r")] = 0;
        name = strtok_r(line, " \t", &words);
        address = name ? strtok_r(NULL, " \t", &words) : NULL;
        more = address ? strtok_r(NULL, " \t", &words) : NULL;
        if (!name)
            continue;
        if (!address || more)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "%s:%u: a line is \"OCS HOST:PORT\"", path, number);
        Heliostat__V1__OcsAddress *entry = ctl_alloc(ctl, sizeof(*entry));
        heliostat__v1__ocs_address__init(entry);
        entry->ocs = name;
        entry->address = address;
        request->addresses[request->n_addresses++] = entry;
    }
    return 0;
}

static int ocs_set_address(struct ctl *ctl) {
    Heliostat__V1__SetOcsAddressesRequest request = HELIOSTAT__V1__SET_OCS_ADDRESSES_REQUEST__INIT;
    Heliostat__V1__SetOcsAddressesResponse *response;
    char *name = ctl_positional(ctl, 0), *address = ctl_positional(ctl, 1),
         *path = ctl_flag_text(ctl, "from");
    Heliostat__V1__OcsAddress one = HELIOSTAT__V1__OCS_ADDRESS__INIT, *list = &one;
    if (!path == !name || (name && !address))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "give OCS HOST:PORT, or --from FILE");
    request.mutation = ctl_mutation(ctl);
    if (path) {
        size_t length;
        char *text = ctl_read_file(ctl, path, &length);
        int exit_status = text ? read_addresses(ctl, path, text, &request) : CTL_EXIT_USAGE;
        if (exit_status)
            return exit_status;
    } else {
        one.ocs = name;
        one.address = address;
        request.addresses = &list;
        request.n_addresses = 1;
    }
    int exit_status = ctl_call(ctl, "OcsService/SetOcsAddresses", &request.base,
                               &heliostat__v1__set_ocs_addresses_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_say(ctl, "%zu addresses %s", request.n_addresses,
            request.mutation->validate_only ? "would be set. Nothing was changed." : "set");
    return 0;
}

static const struct ctl_flag pod_flag[] = {
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Only of this pod"},
    {0},
};

static const struct ctl_flag confirm_flags[] = {
    {"all", 0, CTL_VALUE_NONE, .help = "Every switch that reported itself"},
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "With --all: only of this pod"},
    {0},
};

static const struct ctl_flag address_flags[] = {
    {"from", 0, CTL_VALUE_TEXT, "FILE", .object = CTL_OBJECT_FILE,
     .help = "Lines \"OCS HOST:PORT\"; - for standard input"},
    {0},
};

static const struct ctl_command commands[] = {
    {"list",
     "List switches and what they say of themselves",
     NULL,
     {{0}},
     pod_flag,
     CTL_FLAGS_WATCH,
     NULL,
     ocs_list},
    {"confirm",
     "Pin product, serial and size of a switch as it reports them",
     "Until a switch is pinned, and when it shows anything else later, it is MISMATCH: it is asked, but "
     "nothing is "
     "changed on it.",
     {{"OCS", true, CTL_OBJECT_OCS, "Name of the switch"}},
     confirm_flags,
     CTL_FLAGS_MUTATION,
     NULL,
     ocs_confirm},
    {"set-address",
     "Say where switches listen",
     NULL,
     {{"OCS", true, CTL_OBJECT_OCS, "Name of the switch"}, {"ADDRESS", true, CTL_OBJECT_OTHER, "HOST:PORT"}},
     address_flags,
     CTL_FLAGS_MUTATION,
     NULL,
     ocs_set_address},
    {"drain",
     "Make a switch safe to power off",
     "Its circuits cannot go elsewhere: each owner is told which links will go, and says `slice allow`, or "
     "an operator "
     "says --disrupt. Then they are removed and read back.",
     {{"OCS", false, CTL_OBJECT_OCS, "Name of the switch"}},
     ctl_maintain_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_ocs_drain},
    {"undrain",
     "Use a drained or failed switch again: its circuits return",
     NULL,
     {{"OCS", false, CTL_OBJECT_OCS, "Name of the switch"}},
     NULL,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT,
     NULL,
     ctl_maintain_done},
    {"mark-failed",
     "Say that a switch is dead: its slices lose the links over it, new ones do without",
     NULL,
     {{"OCS", false, CTL_OBJECT_OCS, "Name of the switch"}},
     ctl_maintain_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_ocs_mark_failed},
    {"replace",
     "Take another unit in where a drained or failed switch stood",
     "Every fiber counts as unproved: the circuits return in stages, and the next stage begins when hosts "
     "see the right "
     "chip at the far end of nine links in ten.",
     {{"OCS", false, CTL_OBJECT_OCS, "Name of the switch"}},
     ctl_ocs_replace_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT,
     NULL,
     ctl_ocs_replace},
    {0},
};

const struct ctl_noun ctl_noun_ocs = {"ocs", "Optical circuit switches", commands};
