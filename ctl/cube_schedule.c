/* helioctl cube cordon, uncordon, drain, cancel-drain, release, get */
#include "ctl/cube.h"
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/pod.h"
#include "ctl/word.h"
#include <string.h>

static const char *scheduling(const Heliostat__V1__CubeStatus *cube) {
    return ctl_enum_word(&heliostat__v1__scheduling__descriptor, (int)cube->scheduling);
}

static int show_cube(struct ctl *ctl, const void *response, const Heliostat__V1__CubeStatus *cube,
                     const char *would) {
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    if (ctl->format == CTL_FORMAT_NAME) {
        puts(cube ? cube->name : ctl_positional(ctl, 0));
        return 0;
    }
    if (ctl_has(ctl, "dry-run"))
        ctl_say(ctl, "%s would be %s", cube ? cube->name : ctl_positional(ctl, 0), would);
    else if (cube)
        ctl_say(ctl, "%s is %s%s%s", cube->name, scheduling(cube),
                *cube->slice ? "; it belongs to slice " : "", cube->slice);
    return 0;
}

/* The four that take a cube and maybe a reason. */
#define WORD(function, Message, message, would, set_reason)                                                  \
    int function(struct ctl *ctl) {                                                                          \
        Heliostat__V1__##Message##Request request;                                                           \
        Heliostat__V1__##Message##Response *response;                                                        \
        heliostat__v1__##message##_request__init(&request);                                                  \
        request.mutation = ctl_mutation(ctl);                                                                \
        request.cube = ctl_positional(ctl, 0);                                                               \
        set_reason;                                                                                          \
        int exit_status = ctl_call(ctl, "CubeService/" #Message, &request.base,                              \
                                   &heliostat__v1__##message##_response__descriptor, &response);             \
        return exit_status ? exit_status : show_cube(ctl, response, response->cube, would);                  \
    }

WORD(ctl_cube_cordon, CordonCube, cordon_cube, "CORDONED", request.reason = ctl_flag_text(ctl, "reason"))
WORD(ctl_cube_uncordon, UncordonCube, uncordon_cube, "SCHEDULABLE", )
WORD(ctl_cube_cancel_drain, CancelDrain, cancel_drain, "SCHEDULABLE", )
WORD(ctl_cube_release, ReleaseCube, release_cube, "SCHEDULABLE",
     request.reason = ctl_flag_text(ctl, "reason"))

static const struct ctl_column step_columns[] = {
    {"SLICE"},
    {"WHAT"},
    {"REPLACEMENT", CTL_COLUMN_WHERE_GIVEN},
    {"REMOVED", CTL_COLUMN_RIGHT},
    {"ADDED", CTL_COLUMN_RIGHT},
    {"NOTE"},
};

static void print_steps(const Heliostat__V1__DrainCubeResponse *response) {
    struct ctl_table table;
    ctl_table_init(&table, step_columns, sizeof(step_columns) / sizeof(*step_columns));
    for (size_t i = 0; i < response->n_steps; i++) {
        const Heliostat__V1__DrainStep *step = response->steps[i];
        ctl_table_cell(&table, "%s", step->slice);
        ctl_table_cell(&table, "%s", step->action);
        ctl_table_cell(&table, "%s", step->replacement);
        ctl_table_cell(&table, "%u", step->circuits_removed);
        ctl_table_cell(&table, "%u", step->circuits_added);
        ctl_table_cell(&table, "%s", step->text);
    }
    if (response->n_steps)
        ctl_table_print(&table, stdout, false);
    ctl_table_deinit(&table);
}

int ctl_cube_drain(struct ctl *ctl) {
    Heliostat__V1__DrainCubeRequest request = HELIOSTAT__V1__DRAIN_CUBE_REQUEST__INIT;
    Heliostat__V1__DrainCubeResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.cube = ctl_positional(ctl, 0);
    request.reason = ctl_flag_text(ctl, "reason");
    request.deadline_s = (uint32_t)(ctl_flag_ms(ctl, "deadline", 0) / 1000);
    int exit_status =
        ctl_ask(ctl,
                "Draining %s swaps it out of slices that allow it at any time; the owners of the "
                "others are asked.",
                request.cube);
    if (exit_status)
        return exit_status;
    exit_status = ctl_call(ctl, "CubeService/DrainCube", &request.base,
                           &heliostat__v1__drain_cube_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    exit_status = show_cube(ctl, response, response->cube, "DRAINING");
    if (exit_status == 0 && !ctl_wants_json(ctl) && ctl->format != CTL_FORMAT_NAME)
        print_steps(response);
    return exit_status;
}

static void field(const char *name, const char *value) {
    if (*value)
        printf("%-12s %s\n", name, value);
}

static void print_cube(struct ctl *ctl, const Heliostat__V1__CubeStatus *c) {
    field("Name", c->name);
    field("Row", ctl_text(ctl, "%u", c->row));
    field("Health", ctl_text(ctl, "%s%s%s", ctl_enum_word(&heliostat__v1__health__descriptor, (int)c->health),
                             *c->health_cause ? ": " : "", c->health_cause));
    field("Source", c->health_source);
    field("Since", c->health_since);
    field("Scheduling",
          ctl_text(ctl, "%s%s%s", scheduling(c), *c->scheduling_reason ? ": " : "", c->scheduling_reason));
    field("Set by", *c->scheduling_by ? ctl_text(ctl, "%s, %s", c->scheduling_by, c->scheduling_since) : "");
    field("Deadline", c->drain_deadline);
    field("Slice", *c->slice ? ctl_text(ctl, "%s, position %u", c->slice, c->position) : "");
    for (size_t i = 0; i < c->n_part_slices; i++)
        field(i ? "" : "Parts", c->part_slices[i]);
    field("Held for", *c->held_for ? ctl_text(ctl, "the repair of slice %s", c->held_for) : "");
    field("Spare", c->spare ? "yes" : "");
    field("Hosts heard", ctl_text(ctl, "%u of %u", c->hosts_heard, c->hosts));
    field("Circuits", c->unaccounted_circuit ? "one that nobody can explain" : "");
    if (c->n_drain_blockers)
        puts("\nStill here:");
    for (size_t i = 0; i < c->n_drain_blockers; i++)
        printf("  %s\n", c->drain_blockers[i]);
}

/* "cube-07" or "pod/cube-07" */
static bool is_named(const Heliostat__V1__CubeStatus *cube, const char *name) {
    const char *slash = strrchr(cube->name, '/');
    return strcmp(cube->name, name) == 0 || (slash && strcmp(slash + 1, name) == 0);
}

int ctl_cube_get(struct ctl *ctl) {
    const char *name = ctl_positional(ctl, 0), *slash = strrchr(name, '/');
    Heliostat__V1__GetPodResponse *response;
    int exit_status =
        ctl_read_pod(ctl, slash ? ctl_text(ctl, "%.*s", (int)(slash - name), name) : "", &response);
    if (exit_status)
        return exit_status;
    for (size_t i = 0; i < response->pod->n_cubes; i++) {
        const Heliostat__V1__CubeStatus *cube = response->pod->cubes[i];
        if (!is_named(cube, name))
            continue;
        if (ctl_wants_json(ctl))
            return ctl_print_json(ctl, cube);
        if (ctl->format == CTL_FORMAT_NAME)
            puts(cube->name);
        else
            print_cube(ctl, cube);
        return 0;
    }
    return ctl_fail(ctl, CTL_EXIT_NOT_FOUND, "pod %s has no cube %s", response->pod->name, name);
}
