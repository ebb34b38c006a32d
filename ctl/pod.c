/* helioctl pod */
#include "ctl/pod.h"
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include "ctl/word.h"
#include <string.h>

int ctl_read_pod(struct ctl *ctl, const char *name, Heliostat__V1__GetPodResponse **ret_response) {
    Heliostat__V1__GetPodRequest request = HELIOSTAT__V1__GET_POD_REQUEST__INIT;
    request.pod = (char *)name;
    int exit_status = ctl_call(ctl, "PodService/GetPod", &request.base,
                               &heliostat__v1__get_pod_response__descriptor, ret_response);
    if (exit_status == 0 && !(*ret_response)->pod)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "the answer holds no pod");
    return exit_status;
}

static int pod_create(struct ctl *ctl) {
    Heliostat__V1__CreatePodRequest request = HELIOSTAT__V1__CREATE_POD_REQUEST__INIT;
    Heliostat__V1__CreatePodResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.name = ctl_positional(ctl, 0);
    request.model = ctl_flag_text(ctl, "model");
    request.ocs_address = ctl_flag_text_or(ctl, "ocs-address", "");
    int exit_status = ctl_call(ctl, "InventoryService/CreatePod", &request.base,
                               &heliostat__v1__create_pod_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    if (ctl->format == CTL_FORMAT_NAME)
        puts(request.name);
    ctl_say(ctl, "Pod %s %s: %u cubes, %u switches, %u fibers", request.name,
            request.mutation->validate_only ? "would be created" : "created", response->cubes,
            response->ocses, response->fibers);
    return 0;
}

static const struct ctl_column list_columns[] = {
    {"NAME"},
    {"MODEL"},
    {"CUBES", CTL_COLUMN_RIGHT},
    {"HEALTHY", CTL_COLUMN_RIGHT},
    {"FREE", CTL_COLUMN_RIGHT},
    {"OCSES IN SYNC", CTL_COLUMN_RIGHT},
    {"LARGEST SLICE", CTL_COLUMN_RIGHT | CTL_COLUMN_WIDE},
    {"FROZEN", CTL_COLUMN_WHERE_GIVEN},
};

static void fill_list(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__ListPodsResponse *response = message;
    for (size_t i = 0; i < response->n_pods; i++) {
        const Heliostat__V1__PodStatus *pod = response->pods[i];
        unsigned healthy = 0, unused = 0;
        for (size_t c = 0; c < pod->n_cubes; c++) {
            healthy += pod->cubes[c]->health == HELIOSTAT__V1__HEALTH__HEALTH_HEALTHY;
            unused += !*pod->cubes[c]->slice && !pod->cubes[c]->part_hosts;
        }
        ctl_table_cell(table, "%s", pod->name);
        ctl_table_cell(table, "%s", pod->model);
        ctl_table_cell(table, "%zu", pod->n_cubes);
        ctl_table_cell(table, "%u", healthy);
        ctl_table_cell(table, "%u", unused);
        ctl_table_cell(table, "%u/%u", pod->ocses_in_sync, pod->ocses);
        ctl_table_cell(table, "%u", pod->largest_slice_chips);
        ctl_table_cell(table, "%s%s", pod->frozen ? "FROZEN " : "", pod->frozen ? pod->frozen_reason : "");
    }
}

static int pod_list(struct ctl *ctl) {
    static const struct ctl_view view =
        CTL_VIEW(list_columns, fill_list, "no pods; make one with pod create NAME --model MODEL");
    Heliostat__V1__ListPodsRequest request = HELIOSTAT__V1__LIST_PODS_REQUEST__INIT;
    Heliostat__V1__ListPodsResponse *response;
    int exit_status = ctl_call(ctl, "PodService/ListPods", &request.base,
                               &heliostat__v1__list_pods_response__descriptor, &response);
    return exit_status ? exit_status : ctl_show(ctl, response, &view);
}

static const struct ctl_column capacity_columns[] = {
    {""}, {"CUBES", CTL_COLUMN_RIGHT}, {"CHIPS", CTL_COLUMN_RIGHT}};

static void fill_capacity(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__Capacity *c = ((const Heliostat__V1__GetCapacityResponse *)message)->capacity;
    const struct {
        const char *name;
        uint32_t cubes, chips;
    } rows[] = {
        {"physical", c->cubes_physical, c->chips_physical},
        {"healthy", c->cubes_healthy, c->chips_healthy},
        {"schedulable", c->cubes_schedulable, c->chips_schedulable},
        {"held by slices", c->cubes_held, c->chips_held},
        {"  cut into parts", c->cubes_cut, c->cubes_cut * 64 - c->chips_free_in_cut},
        {"  free in cut cubes", 0, c->chips_free_in_cut},
        {"free", c->cubes_free, c->chips_free},
        {"spare", c->cubes_spare, c->cubes_spare * 64},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i].name[0] == ' ' && c->cubes_cut == 0)
            continue;
        ctl_table_cell(table, "%s", rows[i].name);
        ctl_table_cell(table, "%u", rows[i].cubes);
        ctl_table_cell(table, "%u", rows[i].chips);
    }
}

static int pod_capacity(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(capacity_columns, fill_capacity, NULL);
    Heliostat__V1__GetCapacityRequest request = HELIOSTAT__V1__GET_CAPACITY_REQUEST__INIT;
    Heliostat__V1__GetCapacityResponse *response;
    request.pod = ctl_positional_or(ctl, 0, "");
    int exit_status = ctl_call(ctl, "PodService/GetCapacity", &request.base,
                               &heliostat__v1__get_capacity_response__descriptor, &response);
    if (exit_status == 0 && !response->capacity)
        exit_status = ctl_fail(ctl, CTL_EXIT_FAILED, "the answer holds no capacity");
    if (exit_status == 0)
        exit_status = ctl_show(ctl, response, &view);
    if (exit_status)
        return exit_status;
    if (*response->capacity->largest_topology)
        ctl_say(ctl, "\nLargest slice now: %s (%u chips)", response->capacity->largest_topology,
                response->capacity->largest_chips);
    else
        ctl_say(ctl, "\nNo slice can be had now");
    return 0;
}

static int pod_export(struct ctl *ctl) {
    Heliostat__V1__ExportInventoryRequest request = HELIOSTAT__V1__EXPORT_INVENTORY_REQUEST__INIT;
    Heliostat__V1__ExportInventoryResponse *response;
    request.pod = ctl_positional_or(ctl, 0, "");
    int exit_status = ctl_call(ctl, "InventoryService/ExportInventory", &request.base,
                               &heliostat__v1__export_inventory_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (!response->inventory)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "the answer holds no inventory");
    return ctl_print_json(ctl, response->inventory);
}

static int pod_freeze(struct ctl *ctl) {
    Heliostat__V1__FreezePodRequest request = HELIOSTAT__V1__FREEZE_POD_REQUEST__INIT;
    Heliostat__V1__FreezePodResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.pod = ctl_positional_or(ctl, 0, "");
    request.reason = ctl_flag_text(ctl, "reason");
    int exit_status = ctl_call(ctl, "PodService/FreezePod", &request.base,
                               &heliostat__v1__freeze_pod_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_say(ctl, request.mutation->validate_only ? "The pod would be frozen. Nothing was changed."
                                                 : "Frozen: no mirror moves until pod thaw.");
    return 0;
}

#define POD_NAME                                                                                             \
    { "POD", true, CTL_OBJECT_POD, "Name of the pod; may be left out where there is one" }

static const struct ctl_flag create_flags[] = {
    {"model", 'm', CTL_VALUE_TEXT, "MODEL", .required = true, .help = "tpu-v4, tpu-v5p, tpu7x or lab"},
    {"ocs-address", 0, CTL_VALUE_TEXT, "HOST:BASE",
     .help = "Switch k listens at port BASE + k of HOST (default: set later with ocs set-address)"},
    {0},
};

static const struct ctl_flag import_flags[] = {
    {"complete", 0, CTL_VALUE_NONE, .help = "Refuse a file in which a fiber is missing"},
    {0},
};

static const struct ctl_flag freeze_flags[] = {
    {"reason", 0, CTL_VALUE_TEXT, "TEXT", .required = true, .help = "Why, for the record"},
    {0},
};

static const struct ctl_command commands[] = {
    {"create",
     "Fill a pod from a model: cubes, hosts, chips, switches, fibers",
     NULL,
     {{"NAME", false, CTL_OBJECT_OTHER, "Name of the new pod"}},
     create_flags,
     CTL_FLAGS_MUTATION,
     NULL,
     pod_create},
    {"list", "List pods", NULL, {{0}}, NULL, CTL_FLAGS_WATCH, NULL, pod_list},
    {"show",
     "Show the racks of a pod: who has which cube, what is down",
     NULL,
     {POD_NAME},
     NULL,
     CTL_FLAGS_WATCH,
     NULL,
     ctl_pod_show},
    {"capacity",
     "Count what is there, healthy, held and free",
     NULL,
     {POD_NAME},
     NULL,
     CTL_FLAGS_WATCH,
     NULL,
     pod_capacity},
    {"shapes",
     "List the topologies that a pod could take, twisted ones marked",
     NULL,
     {POD_NAME},
     NULL,
     0,
     NULL,
     ctl_pod_shapes},
    {"export", "Print the inventory as JSON", NULL, {POD_NAME}, NULL, 0, NULL, pod_export},
    {"import",
     "Take an inventory from a JSON file, whole or not at all",
     "The file is checked as a whole and every error is listed. What would change a circuit of a live slice, "
     "or "
     "remove what is in use, is refused.",
     {{"FILE", false, CTL_OBJECT_FILE, "What pod export printed; - for standard input"}},
     import_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_pod_import},
    {"diff",
     "Compare what should be connected with what is",
     NULL,
     {POD_NAME},
     NULL,
     CTL_FLAGS_WATCH,
     NULL,
     ctl_pod_diff},
    {"freeze",
     "Stop every move of a mirror of a pod",
     NULL,
     {POD_NAME},
     freeze_flags,
     CTL_FLAGS_MUTATION,
     NULL,
     pod_freeze},
    {"thaw",
     "Let the controller move mirrors of a frozen pod",
     "A pod whose state is not trusted is frozen: it is read, and nothing moves. --dry-run lists every "
     "mirror that would move. Of a pod that is not frozen, it lets a restore that is held at a stage go on.",
     {POD_NAME},
     NULL,
     CTL_FLAGS_MUTATION | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_pod_thaw},
    {0},
};

const struct ctl_noun ctl_noun_pod = {"pod", "Pods: the cubes that share one set of switches", commands};
