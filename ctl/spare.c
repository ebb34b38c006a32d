/* helioctl spare */
#include "ctl/client.h"
#include "ctl/cube.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/pod.h"
#include "ctl/registry.h"
#include "ctl/word.h"

static int spare_set(struct ctl *ctl) {
    Heliostat__V1__SetSparesRequest request = HELIOSTAT__V1__SET_SPARES_REQUEST__INIT;
    Heliostat__V1__SetSparesResponse *response;
    int64_t count = ctl_flag_number(ctl, "count", 0);
    if (count > UINT16_MAX)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--count: no pod has %lld cubes", (long long)count);
    request.mutation = ctl_mutation(ctl);
    request.pod = ctl_positional(ctl, 0);
    request.count = (uint32_t)count;
    request.per_power_domain = ctl_has(ctl, "per-power-domain");
    int exit_status = ctl_call(ctl, "CubeService/SetSpares", &request.base,
                               &heliostat__v1__set_spares_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    for (size_t i = 0; ctl->format == CTL_FORMAT_NAME && i < response->n_cubes; i++)
        puts(response->cubes[i]);
    ctl_say(ctl, "%s %s %u cubes%s back for repairs; %zu %s free for that now", request.pod,
            ctl_has(ctl, "dry-run") ? "would hold" : "holds", request.count,
            request.per_power_domain ? " of each power domain" : "", response->n_cubes,
            response->n_cubes == 1 ? "is" : "are");
    for (size_t i = 0; ctl->format != CTL_FORMAT_NAME && i < response->n_cubes; i++)
        ctl_say(ctl, "  %s", response->cubes[i]);
    return 0;
}

static const struct ctl_column columns[] = {{"NAME"}, {"ROW", CTL_COLUMN_RIGHT}, {"HEALTH"}};

static void fill(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__GetPodResponse *response = message;
    for (size_t i = 0; i < response->pod->n_cubes; i++) {
        const Heliostat__V1__CubeStatus *cube = response->pod->cubes[i];
        if (!cube->spare)
            continue;
        ctl_table_cell(table, "%s", cube->name);
        ctl_table_cell(table, "%u", cube->row);
        ctl_table_cell(table, "%s", ctl_enum_word(&heliostat__v1__health__descriptor, (int)cube->health));
    }
}

static int spare_list(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(columns, fill, "no cube is held back");
    Heliostat__V1__GetPodResponse *response;
    int exit_status = ctl_read_pod(ctl, ctl_positional_or(ctl, 0, ""), &response);
    if (exit_status)
        return exit_status;
    if (!ctl_wants_json(ctl) && ctl->format != CTL_FORMAT_NAME)
        printf("%s: %u spares wanted%s\n", response->pod->name, response->pod->spares,
               response->pod->spares_per_power_domain ? " of each power domain" : "");
    return ctl_show(ctl, response, &view);
}

static const struct ctl_flag set_flags[] = {
    {"count", 0, CTL_VALUE_NUMBER, "N", .required = true, .help = "How many cubes are held back"},
    {"per-power-domain", 0, CTL_VALUE_NONE, .help = "So many of each cube power domain, not of the pod"},
    {0},
};

static const struct ctl_command commands[] = {
    {"set",
     "Say how many cubes a pod holds back for repairs",
     "Slices get them only with --use-spares. Those that are used are made up for as cubes become free.",
     {{"POD", false, CTL_OBJECT_POD, "Name of the pod"}},
     set_flags,
     CTL_FLAGS_MUTATION,
     NULL,
     spare_set},
    {"list",
     "List the cubes that are held back",
     NULL,
     {{"POD", true, CTL_OBJECT_POD, "Pod (default: the only one)"}},
     NULL,
     CTL_FLAGS_WATCH,
     NULL,
     spare_list},
    {0},
};

const struct ctl_noun ctl_noun_spare = {"spare", "Cubes that are held back for repairs", commands};
