/* helioctl circuit */
#include "heliostat/v1/circuit.pb-c.h"
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/port_name.h"
#include "ctl/registry.h"
#include "ctl/word.h"
#include <string.h>

static const struct ctl_column columns[] = {
    {"OCS", CTL_COLUMN_KEY},
    {"A", CTL_COLUMN_KEY},
    {"B"},
    {"CLASS"},
    {"STATE"},
    {"SLICE", CTL_COLUMN_WHERE_GIVEN},
    {"POSITION", CTL_COLUMN_RIGHT | CTL_COLUMN_WHERE_GIVEN},
    {"LINK"},
    {"LOSS dB", CTL_COLUMN_RIGHT | CTL_COLUMN_WHERE_GIVEN},
    {"BASELINE", CTL_COLUMN_RIGHT | CTL_COLUMN_WHERE_GIVEN},
    {"A TO B", CTL_COLUMN_WHERE_GIVEN},
    {"B TO A", CTL_COLUMN_WHERE_GIVEN},
};

static bool is_unread(const Heliostat__V1__ListCircuitsResponse *response, const char *ocs) {
    for (size_t i = 0; i < response->n_unread_ocses; i++)
        if (strcmp(response->unread_ocses[i], ocs) == 0)
            return true;
    return false;
}

static void fill(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__ListCircuitsResponse *response = message;
    for (size_t i = 0; i < response->n_circuits; i++) {
        const Heliostat__V1__Circuit *c = response->circuits[i];
        ctl_table_cell(table, "%s", c->ocs);
        ctl_table_cell(table, "A%u", c->a);
        ctl_table_cell(table, "B%u", c->b);
        ctl_table_cell(table, "%s",
                       ctl_enum_word(&heliostat__v1__circuit_class__descriptor, (int)c->circuit_class));
        ctl_table_cell(table, "%s",
                       c->observed                   ? "connected"
                       : is_unread(response, c->ocs) ? "not read"
                                                     : "MISSING");
        ctl_table_cell(table, "%s", c->slice);
        ctl_table_cell(table, "%s", *c->slice ? ctl_text(ctl, "%u", c->position) : "");
        ctl_table_cell(table, "%s", *c->dimension ? ctl_text(ctl, "%s %u", c->dimension, c->index) : "");
        const Heliostat__V1__CircuitLoss *l = c->loss;
        ctl_table_cell(table, "%s",
                       l && l->to_switch_known ? ctl_text(ctl, "%.2f", l->to_switch_mdb / 1000.0) : "");
        ctl_table_cell(table, "%s",
                       l && l->baseline_known ? ctl_text(ctl, "%.2f", l->baseline_mdb / 1000.0) : "");
        ctl_table_cell(table, "%s", l ? l->a_to_b_verdict : "");
        ctl_table_cell(table, "%s", l ? l->b_to_a_verdict : "");
    }
}

static int circuit_list(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(columns, fill, "no circuits");
    Heliostat__V1__ListCircuitsRequest request = HELIOSTAT__V1__LIST_CIRCUITS_REQUEST__INIT;
    Heliostat__V1__ListCircuitsResponse *response;
    request.pod = ctl_flag_text_or(ctl, "pod", "");
    request.slice = ctl_flag_text_or(ctl, "slice", "");
    request.read_back = ctl_has(ctl, "read-back");
    int exit_status = ctl_call(ctl, "CircuitService/ListCircuits", &request.base,
                               &heliostat__v1__list_circuits_response__descriptor, &response);
    if (exit_status == 0)
        exit_status = ctl_show(ctl, response, &view);
    if (exit_status == 0 && !ctl_wants_json(ctl) && response->n_unread_ocses)
        fprintf(stderr, "%s%s cannot be read now: circuits there are as last read\n",
                response->unread_ocses[0],
                response->n_unread_ocses > 1
                    ? ctl_text(ctl, " and %zu more switches", response->n_unread_ocses - 1)
                    : "");
    return exit_status;
}

static int circuit_clear(struct ctl *ctl) {
    Heliostat__V1__ClearCircuitRequest request = HELIOSTAT__V1__CLEAR_CIRCUIT_REQUEST__INIT;
    Heliostat__V1__ClearCircuitResponse *response;
    const char *a = ctl_positional(ctl, 1), *b = ctl_positional(ctl, 2);
    request.ocs = ctl_positional(ctl, 0);
    if (!ctl_parse_port(a, 'A', &request.a) || !ctl_parse_port(b, 'B', &request.b))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "%s %s: ports are written A17 B17", a, b);
    request.mutation = ctl_mutation(ctl);
    int exit_status =
        ctl_ask(ctl, "clearing removes the circuit %s %s %s, whatever uses it", request.ocs, a, b);
    if (exit_status)
        return exit_status;
    exit_status = ctl_call(ctl, "CircuitService/ClearCircuit", &request.base,
                           &heliostat__v1__clear_circuit_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_say(ctl, "%s %s %s %s", request.ocs, a, b,
            request.mutation->validate_only ? "would be removed. Nothing was changed." : "is removed");
    return 0;
}

static const struct ctl_flag list_flags[] = {
    {"slice", 0, CTL_VALUE_TEXT, "SLICE", .object = CTL_OBJECT_SLICE, .help = "Only of this slice"},
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Pod (default: the only one)"},
    {"read-back", 0, CTL_VALUE_NONE, .help = "Ask every switch again first"},
    {0},
};

static const struct ctl_command commands[] = {
    {"list",
     "List what is connected, and what should be and is not",
     NULL,
     {{0}},
     list_flags,
     CTL_FLAGS_WATCH,
     NULL,
     circuit_list},
    {"clear",
     "Remove a circuit that no slice explains",
     NULL,
     {{"OCS", false, CTL_OBJECT_OCS, "Name of the switch"},
      {"A", false, CTL_OBJECT_OTHER, "Its port on side A: A17"},
      {"B", false, CTL_OBJECT_OTHER, "Its port on side B: B17"}},
     NULL,
     CTL_FLAGS_MUTATION | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     circuit_clear},
    {0},
};

const struct ctl_noun ctl_noun_circuit = {"circuit", "Cross-connects of the switches", commands};
