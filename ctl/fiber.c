/* helioctl fiber */
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/pod.h"
#include "ctl/registry.h"
#include "inventory/fiber_csv.h"
#include <stdlib.h>
#include <string.h>

static int fiber_export(struct ctl *ctl) {
    Heliostat__V1__ExportInventoryRequest request = HELIOSTAT__V1__EXPORT_INVENTORY_REQUEST__INIT;
    Heliostat__V1__ExportInventoryResponse *response;
    char *text;
    if (ctl_wants_json(ctl))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "fiber export prints CSV; pod export prints JSON");
    request.pod = ctl_positional_or(ctl, 0, "");
    int exit_status = ctl_call(ctl, "InventoryService/ExportInventory", &request.base,
                               &heliostat__v1__export_inventory_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (!response->inventory || response->inventory->n_pods == 0)
        return ctl_fail(ctl, CTL_EXIT_NOT_FOUND, "there is no pod");
    if (response->inventory->n_pods > 1)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "there are %zu pods; name one", response->inventory->n_pods);
    if (inventory_csv_write(response->inventory->pods[0], &text) < 0)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "out of memory");
    fputs(text, stdout);
    free(text);
    return 0;
}

static void free_list(void *list) {
    inventory_fiber_list_deinit(list);
}

/* Every bad line is printed. */
static int read_csv(struct ctl *ctl, const char *path, const char *pod, struct inventory_fiber_list *list) {
    struct inventory_findings findings = {0};
    size_t length;
    char *text = ctl_read_file(ctl, path, &length);
    if (!text)
        return CTL_EXIT_USAGE;
    int r = inventory_csv_read(text, length, pod, list, &findings);
    if (r == 0) {
        ctl_keep(ctl, list, free_list);
        r = inventory_findings_close(&findings);
    }
    for (size_t i = 0; i < findings.n; i++) {
        const struct inventory_finding *f = &findings.items[i];
        fprintf(stderr, f->line ? "%s:%u: " : "%s: ", path, f->line);
        fprintf(stderr, "%s%s%s%s\n", f->is_warning ? "warning: " : "", f->field, *f->field ? ": " : "",
                f->text);
    }
    size_t errors = findings.errors;
    inventory_findings_deinit(&findings);
    if (r == INVENTORY_REFUSED)
        return ctl_fail(ctl, CTL_EXIT_REFUSED, "%s: %zu error%s; nothing was sent", path, errors,
                        errors == 1 ? "" : "s");
    return r < 0 ? ctl_fail(ctl, CTL_EXIT_FAILED, "out of memory") : 0;
}

static int fiber_import(struct ctl *ctl) {
    Heliostat__V1__ImportFibersRequest request = HELIOSTAT__V1__IMPORT_FIBERS_REQUEST__INIT;
    Heliostat__V1__ImportFibersResponse *response;
    struct inventory_fiber_list *list = ctl_alloc(ctl, sizeof(*list));
    const char *path = ctl_positional(ctl, 0);
    int exit_status = read_csv(ctl, path, ctl_flag_text_or(ctl, "pod", ""), list);
    if (exit_status)
        return exit_status;
    request.mutation = ctl_mutation(ctl);
    request.pod = ctl_flag_text_or(ctl, "pod", list->pod);
    request.complete = ctl_has(ctl, "complete");
    request.fibers = list->fibers;
    request.n_fibers = list->n;
    request.lines = list->lines;
    request.n_lines = list->n_lines;
    exit_status = ctl_ask(ctl, "importing %s replaces the fiber table%s%s with %zu fibers", path,
                          *request.pod ? " of pod " : "", request.pod, list->n);
    if (exit_status)
        return exit_status;
    exit_status = ctl_call(ctl, "InventoryService/ImportFibers", &request.base,
                           &heliostat__v1__import_fibers_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_print_findings(ctl, path, response->findings, response->n_findings, response->changes,
                       response->n_changes, request.mutation->validate_only);
    return 0;
}

static const struct ctl_flag import_flags[] = {
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Pod (default: the one in the file)"},
    {"complete", 0, CTL_VALUE_NONE, .help = "Refuse a file in which a fiber is missing"},
    {0},
};

static const struct ctl_command commands[] = {
    {"export",
     "Print the fiber table as CSV: pod,cube,face,index,ocs,side,port",
     NULL,
     {{"POD", true, CTL_OBJECT_POD, "Name of the pod; may be left out where there is one"}},
     NULL,
     0,
     NULL,
     fiber_export},
    {"import",
     "Replace the fiber table of a pod from a CSV file, whole or not at all",
     "Every error is listed with its line. What would change a circuit of a live slice is refused.",
     {{"FILE", false, CTL_OBJECT_FILE, "CSV file; - for standard input"}},
     import_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     fiber_import},
    {0},
};

const struct ctl_noun ctl_noun_fiber = {"fiber", "The cable plan: which face link ends on which port",
                                        commands};
