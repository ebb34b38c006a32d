/* helioctl fiber */
#include "heliostat/v1/host.pb-c.h"
#include "ctl/client.h"
#include "ctl/maintenance.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/pod.h"
#include "ctl/registry.h"
#include "ctl/trace.h"
#include "ctl/word.h"
#include "inventory/check.h"
#include "inventory/fiber_csv.h"
#include <stdlib.h>
#include <string.h>

/* The inventory of one pod; name "": the only one there is. */
static int export_pod(struct ctl *ctl, const char *name, const Heliostat__V1__Pod **ret_pod) {
    Heliostat__V1__ExportInventoryRequest request = HELIOSTAT__V1__EXPORT_INVENTORY_REQUEST__INIT;
    Heliostat__V1__ExportInventoryResponse *response;
    request.pod = (char *)name;
    int exit_status = ctl_call(ctl, "InventoryService/ExportInventory", &request.base,
                               &heliostat__v1__export_inventory_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (!response->inventory || response->inventory->n_pods == 0)
        return ctl_fail(ctl, CTL_EXIT_NOT_FOUND, "there is no pod");
    if (response->inventory->n_pods > 1)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "there are %zu pods; name one", response->inventory->n_pods);
    *ret_pod = response->inventory->pods[0];
    return 0;
}

static int fiber_export(struct ctl *ctl) {
    const Heliostat__V1__Pod *pod;
    char *text;
    if (ctl_wants_json(ctl))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "fiber export prints CSV; pod export prints JSON");
    int exit_status = export_pod(ctl, ctl_positional_or(ctl, 0, ""), &pod);
    if (exit_status)
        return exit_status;
    if (inventory_csv_write(pod, &text) < 0)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "out of memory");
    fputs(text, stdout);
    free(text);
    return 0;
}

static void free_list(void *list) {
    inventory_fiber_list_deinit(list);
}

/* The rows that could be read, held against the pod, so that all errors of a bad file show at once. */
static int check_rows(struct ctl *ctl, const char *pod_name, const struct inventory_fiber_list *list,
                      struct inventory_findings *findings) {
    const Heliostat__V1__Pod *pod;
    int exit_status = export_pod(ctl, *pod_name ? pod_name : list->pod, &pod);
    if (exit_status)
        return exit_status;
    int r =
        inventory_check_fibers(pod, list->fibers, list->n, list->lines, list->n_lines, false, "", findings);
    return r < 0 ? ctl_fail(ctl, CTL_EXIT_FAILED, "out of memory") : 0;
}

static int compare_lines(const void *one, const void *other) {
    const struct inventory_finding *a = one, *b = other;
    return a->line < b->line ? -1 : a->line > b->line;
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
        int exit_status = findings.errors ? check_rows(ctl, pod, list, &findings) : 0;
        if (exit_status) {
            inventory_findings_deinit(&findings);
            return exit_status;
        }
        if (findings.n)
            qsort(findings.items, findings.n, sizeof(*findings.items), compare_lines);
        r = inventory_findings_close(&findings);
    }
    for (size_t i = 0; i < findings.n; i++) {
        const struct inventory_finding *f = &findings.items[i];
        if (f->is_warning && f->line == 0)
            continue; /* a row that could not be read is no missing fiber */
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

static const struct ctl_column columns[] = {
    {"NAME"},
    {"HEALTH"},
    {"PORT"},
    {"JOINED TO"},
    {"LINK"},
    {"SOURCE", CTL_COLUMN_WIDE},
    {"SINCE", CTL_COLUMN_WIDE},
    {"CAUSE", CTL_COLUMN_WHERE_GIVEN},
};

static void fill_fibers(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__ListFibersResponse *response = message;
    for (size_t i = 0; i < response->n_fibers; i++) {
        const Heliostat__V1__FiberStatus *f = response->fibers[i];
        bool is_joined = *f->joined_to, is_own = *f->health_cause || !is_joined;
        ctl_table_cell(table, "%s", f->name);
        ctl_table_cell(table, "%s", ctl_enum_word(&heliostat__v1__health__descriptor, (int)f->health));
        ctl_table_cell(table, "%s", *f->port ? f->port : "-");
        ctl_table_cell(table, "%s", is_joined ? f->joined_to : "-");
        ctl_table_cell(table, "%s",
                       is_joined ? ctl_enum_word(&heliostat__v1__health__descriptor, (int)f->link_health)
                                 : "-");
        ctl_table_cell(table, "%s", is_own ? f->health_source : f->link_source);
        ctl_table_cell(table, "%s", is_own ? f->health_since : f->link_since);
        ctl_table_cell(table, "%s", is_own ? f->health_cause : f->link_cause);
    }
}

static int fiber_list(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(columns, fill_fibers, "no such fiber");
    Heliostat__V1__ListFibersRequest request = HELIOSTAT__V1__LIST_FIBERS_REQUEST__INIT;
    Heliostat__V1__ListFibersResponse *response;
    request.pod = ctl_flag_text_or(ctl, "pod", "");
    request.cube = ctl_flag_text_or(ctl, "cube", "");
    request.unfit_only = ctl_has(ctl, "unfit");
    int exit_status = ctl_call(ctl, "HostService/ListFibers", &request.base,
                               &heliostat__v1__list_fibers_response__descriptor, &response);
    return exit_status ? exit_status : ctl_show(ctl, response, &view);
}

static const struct ctl_flag list_flags[] = {
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Only this pod"},
    {"cube", 0, CTL_VALUE_TEXT, "CUBE", .object = CTL_OBJECT_CUBE, .help = "Only the fibers of this cube"},
    {"unfit", 0, CTL_VALUE_NONE, .help = "Only links that are not HEALTHY at both ends"},
    {0},
};

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
    {"list",
     "List links: their health from chip to port, what they are joined to, the health of both together",
     "-o wide adds who says so and since when.",
     {{0}},
     list_flags,
     CTL_FLAGS_WATCH,
     NULL,
     fiber_list},
    {"trace",
     "Follow a link from chip to chip: every strand, port and mirror on the way, and the light at both ends",
     NULL,
     {{"FIBER", false, CTL_OBJECT_OTHER, "Name of the fiber by its end at the cube, cube-07/+x/5"}},
     NULL,
     0,
     NULL,
     ctl_fiber_trace},
    {"maintain",
     "Make a fiber safe to touch, and keep it so until maintain-done",
     "Every circuit with an end there is removed and read back, those of slices once their owners agree. A "
     "switch that "
     "cannot be read makes it NOT PROVEN DARK.",
     {{"FIBER", false, CTL_OBJECT_OTHER, "Name of the fiber by its end at the cube, cube-07/+x/5"}},
     ctl_maintain_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_maintain},
    {"maintain-done",
     "Give a fiber back",
     NULL,
     {{"FIBER", false, CTL_OBJECT_OTHER, "Name of the fiber by its end at the cube, cube-07/+x/5"}},
     NULL,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT,
     NULL,
     ctl_maintain_done},
    {0},
};

const struct ctl_noun ctl_noun_fiber = {"fiber", "The cable plan: which face link ends on which port",
                                        commands};
