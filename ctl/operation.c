/* helioctl operation */
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include "ctl/wait.h"
#include "ctl/word.h"

static const struct ctl_column columns[] = {
    {"ID"},
    {"KIND"},
    {"STATE"},
    {"SLICES"},
    {"CIRCUITS", CTL_COLUMN_RIGHT},
    {"CREATED"},
    {"DONE"},
    {"TEXT", CTL_COLUMN_WHERE_GIVEN},
};

static void fill_operation(struct ctl *ctl, struct ctl_table *table, const Heliostat__V1__Operation *o) {
    char *slices = "";
    for (size_t i = 0; i < o->n_slices; i++)
        slices = ctl_text(ctl, "%s%s%s", slices, i ? "," : "", o->slices[i]);
    ctl_table_cell(table, "%lld", (long long)o->id);
    ctl_table_cell(table, "%s", o->kind);
    ctl_table_cell(table, "%s", ctl_enum_word(&heliostat__v1__operation_state__descriptor, (int)o->state));
    ctl_table_cell(table, "%s", slices);
    ctl_table_cell(table, "%u/%u", o->circuits_done, o->circuits_total);
    ctl_table_cell(table, "%s", o->created_at);
    ctl_table_cell(table, "%s", *o->done_at ? o->done_at : "-");
    ctl_table_cell(table, "%s", o->text);
}

static void fill_list(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__ListOperationsResponse *response = message;
    for (size_t i = 0; i < response->n_operations; i++)
        fill_operation(ctl, table, response->operations[i]);
}

static void fill_one(struct ctl *ctl, struct ctl_table *table, const void *message) {
    fill_operation(ctl, table, ((const Heliostat__V1__GetOperationResponse *)message)->operation);
}

static int operation_list(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(columns, fill_list, "no operations");
    Heliostat__V1__ListOperationsRequest request = HELIOSTAT__V1__LIST_OPERATIONS_REQUEST__INIT;
    Heliostat__V1__ListOperationsResponse *response;
    int exit_status = ctl_call(ctl, "OperationService/ListOperations", &request.base,
                               &heliostat__v1__list_operations_response__descriptor, &response);
    return exit_status ? exit_status : ctl_show(ctl, response, &view);
}

static int read_operation(struct ctl *ctl, Heliostat__V1__GetOperationResponse **ret_response) {
    Heliostat__V1__GetOperationRequest request = HELIOSTAT__V1__GET_OPERATION_REQUEST__INIT;
    if (!ctl_parse_number(ctl_positional(ctl, 0), &request.id))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "\"%s\" is no operation; they have numbers, see operation list",
                        ctl_positional(ctl, 0));
    int exit_status = ctl_call(ctl, "OperationService/GetOperation", &request.base,
                               &heliostat__v1__get_operation_response__descriptor, ret_response);
    if (exit_status == 0 && !(*ret_response)->operation)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "the answer holds no operation");
    return exit_status;
}

static const struct ctl_view one_view = CTL_VIEW(columns, fill_one, NULL);

static int operation_get(struct ctl *ctl) {
    Heliostat__V1__GetOperationResponse *response;
    int exit_status = read_operation(ctl, &response);
    return exit_status ? exit_status : ctl_show(ctl, response, &one_view);
}

static int operation_wait(struct ctl *ctl) {
    Heliostat__V1__GetOperationResponse *response, last;
    enum ctl_goal goal;
    int exit_status = ctl_goal(ctl, &goal);
    if (exit_status == 0)
        exit_status = read_operation(ctl, &response);
    if (exit_status)
        return exit_status;
    last = *response;
    exit_status = ctl_wait_operation(ctl, &last.operation, goal);
    if (exit_status)
        return exit_status;
    return ctl_show(ctl, &last, &one_view);
}

static int operation_cancel(struct ctl *ctl) {
    Heliostat__V1__CancelOperationRequest request = HELIOSTAT__V1__CANCEL_OPERATION_REQUEST__INIT;
    Heliostat__V1__CancelOperationResponse *response;
    if (!ctl_parse_number(ctl_positional(ctl, 0), &request.id))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "\"%s\" is no operation; they have numbers, see operation list",
                        ctl_positional(ctl, 0));
    int exit_status = ctl_ask(ctl, "cancelling operation %s takes its slices away", ctl_positional(ctl, 0));
    if (exit_status)
        return exit_status;
    request.mutation = ctl_mutation(ctl);
    exit_status = ctl_call(ctl, "OperationService/CancelOperation", &request.base,
                           &heliostat__v1__cancel_operation_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_say(ctl, ctl_has(ctl, "dry-run") ? "operation %s would be cancelled" : "operation %s is cancelled",
            ctl_positional(ctl, 0));
    return 0;
}

#define OPERATION_ID                                                                                         \
    { "ID", false, CTL_OBJECT_OPERATION, "Number of the operation" }

static const struct ctl_command commands[] = {
    {"list",
     "List the work that goes on after changes",
     NULL,
     {{0}},
     NULL,
     CTL_FLAGS_WATCH,
     NULL,
     operation_list},
    {"get", "Show one operation", NULL, {OPERATION_ID}, NULL, CTL_FLAGS_WATCH, NULL, operation_get},
    {"wait",
     "Wait until an operation has ended",
     NULL,
     {OPERATION_ID},
     NULL,
     CTL_FLAGS_WAIT,
     NULL,
     operation_wait},
    {"cancel",
     "Take back a creation or activation that still goes on",
     NULL,
     {OPERATION_ID},
     NULL,
     CTL_FLAGS_MUTATION | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     operation_cancel},
    {0},
};

const struct ctl_noun ctl_noun_operation = {"operation", "Work that goes on after a change was accepted",
                                            commands};
