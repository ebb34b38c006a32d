/* helioctl cube */
#include "ctl/cube.h"
#include "ctl/client.h"
#include "ctl/maintenance.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/pod.h"
#include "ctl/qualify.h"
#include "ctl/registry.h"
#include "ctl/trace.h"
#include "ctl/word.h"

static const struct ctl_column columns[] = {
    {"NAME"},
    {"ROW", CTL_COLUMN_RIGHT},
    {"HEALTH"},
    {"SCHEDULING"},
    {"HOSTS HEARD", CTL_COLUMN_RIGHT},
    {"SLICE"},
    {"POSITION", CTL_COLUMN_RIGHT | CTL_COLUMN_WHERE_GIVEN},
    {"SOURCE", CTL_COLUMN_WIDE},
    {"NOTE", CTL_COLUMN_WHERE_GIVEN},
};

static void fill_cube(struct ctl *ctl, struct ctl_table *table, const Heliostat__V1__CubeStatus *c) {
    const char *cause = c->health == HELIOSTAT__V1__HEALTH__HEALTH_HEALTHY ? "" : c->health_cause;
    const char *note = ctl_text(ctl, "%s%s%s%s%s%s", cause, *cause && *c->scheduling_reason ? "; " : "",
                                c->scheduling_reason, c->spare ? " (spare)" : "",
                                *c->held_for ? " held for the repair of " : "", c->held_for);
    ctl_table_cell(table, "%s", c->name);
    ctl_table_cell(table, "%u", c->row);
    ctl_table_cell(table, "%s", ctl_enum_word(&heliostat__v1__health__descriptor, (int)c->health));
    ctl_table_cell(table, "%s", ctl_enum_word(&heliostat__v1__scheduling__descriptor, (int)c->scheduling));
    ctl_table_cell(table, "%u/%u", c->hosts_heard, c->hosts);
    ctl_table_cell(table, "%s",
                   *c->slice       ? c->slice
                   : c->part_hosts ? ctl_text(ctl, "cut: %u of %u hosts used", c->part_hosts, c->hosts)
                                   : "-");
    ctl_table_cell(table, "%s", *c->slice ? ctl_text(ctl, "%u", c->position) : "");
    ctl_table_cell(table, "%s", c->health_source);
    ctl_table_cell(table, "%s%s%s", note, *note && c->unaccounted_circuit ? "; " : "",
                   c->unaccounted_circuit ? "unaccounted circuit" : "");
}

static void fill_list(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__GetPodResponse *response = message;
    for (size_t i = 0; i < response->pod->n_cubes; i++)
        fill_cube(ctl, table, response->pod->cubes[i]);
}

static int cube_list(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(columns, fill_list, "no cubes");
    Heliostat__V1__GetPodResponse *response;
    int exit_status = ctl_read_pod(ctl, ctl_flag_text_or(ctl, "pod", ""), &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response->pod);
    return ctl_show(ctl, response, &view);
}

static int cube_mark(struct ctl *ctl) {
    Heliostat__V1__MarkCubeRequest request = HELIOSTAT__V1__MARK_CUBE_REQUEST__INIT;
    Heliostat__V1__MarkCubeResponse *response;
    int health = 0;
    request.mutation = ctl_mutation(ctl);
    request.cube = ctl_positional(ctl, 0);
    request.reason = ctl_flag_text(ctl, "reason");
    if (ctl_enum_value(&heliostat__v1__health__descriptor, ctl_flag_text(ctl, "health"), &health) < 0)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--health: \"%s\" is not known", ctl_flag_text(ctl, "health"));
    request.health = (Heliostat__V1__Health)health;
    int exit_status = ctl_call(ctl, "PodService/MarkCube", &request.base,
                               &heliostat__v1__mark_cube_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    const Heliostat__V1__CubeStatus *cube = response->cube;
    if (ctl->format == CTL_FORMAT_NAME)
        puts(cube ? cube->name : request.cube);
    ctl_say(ctl, "%s %s %s%s%s", cube ? cube->name : request.cube,
            request.mutation->validate_only ? "would be marked" : "is marked",
            ctl_enum_word(&heliostat__v1__health__descriptor, health),
            cube && *cube->slice ? "; it belongs to slice " : "", cube ? cube->slice : "");
    return 0;
}

static const struct ctl_flag list_flags[] = {
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Pod (default: the only one)"},
    {0},
};

static const struct ctl_flag mark_flags[] = {
    {"health", 0, CTL_VALUE_TEXT, "HEALTH", "healthy|degraded|unhealthy|unknown", .required = true,
     .help = "What the cube is"},
    {"reason", 0, CTL_VALUE_TEXT, "TEXT", .required = true, .help = "Why, for the record"},
    {0},
};

static const struct ctl_flag reason_flags[] = {
    {"reason", 0, CTL_VALUE_TEXT, "TEXT", .required = true, .help = "Why, for the record"},
    {0},
};

static const struct ctl_flag drain_flags[] = {
    {"reason", 0, CTL_VALUE_TEXT, "TEXT", .required = true, .help = "Why, for the record and for the owners"},
    {"deadline", 0, CTL_VALUE_SECONDS, "TIME",
     .help = "When it should be over, from now; then an alarm is raised"},
    {0},
};

#define CUBE_NAME                                                                                            \
    { "CUBE", false, CTL_OBJECT_CUBE, "Name of the cube" }

static const struct ctl_command commands[] = {
    {"list",
     "List cubes: health, scheduling, who has them",
     NULL,
     {{0}},
     list_flags,
     CTL_FLAGS_WATCH,
     NULL,
     cube_list},
    {"mark",
     "Say what the health of a cube is",
     NULL,
     {{"CUBE", false, CTL_OBJECT_CUBE, "Name of the cube"}},
     mark_flags,
     CTL_FLAGS_MUTATION,
     NULL,
     cube_mark},
    {"get",
     "Show one cube: why it is as it is, and what a drain waits for",
     NULL,
     {CUBE_NAME},
     NULL,
     CTL_FLAGS_WATCH,
     NULL,
     ctl_cube_get},
    {"cordon",
     "No new slices here; what is here stays",
     NULL,
     {CUBE_NAME},
     reason_flags,
     CTL_FLAGS_MUTATION,
     NULL,
     ctl_cube_cordon},
    {"uncordon",
     "Slices may come again, after a cordon or a drain",
     NULL,
     {CUBE_NAME},
     NULL,
     CTL_FLAGS_MUTATION,
     NULL,
     ctl_cube_uncordon},
    {"drain",
     "Move away what is here, each slice as its owner allows",
     "Slices that may be moved at any time are moved at once; the owners of the others are asked. The cube "
     "is DRAINED "
     "when nothing is left; `cube get` says what still keeps it.",
     {CUBE_NAME},
     drain_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_cube_drain},
    {"cancel-drain",
     "Leave here what is still here",
     NULL,
     {CUBE_NAME},
     NULL,
     CTL_FLAGS_MUTATION,
     NULL,
     ctl_cube_cancel_drain},
    {"release",
     "Let a quarantined cube be used again",
     NULL,
     {CUBE_NAME},
     reason_flags,
     CTL_FLAGS_MUTATION,
     NULL,
     ctl_cube_release},
    {"maintain",
     "Make a cube safe to touch, and keep it so until maintain-done",
     "Every circuit with an end there is removed and read back, those of slices once their owners agree. A "
     "switch that "
     "cannot be read makes it NOT PROVEN DARK.",
     {{"CUBE", false, CTL_OBJECT_CUBE, "Name of the cube"}},
     ctl_maintain_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_maintain},
    {"maintain-done",
     "Give a cube back",
     NULL,
     {{"CUBE", false, CTL_OBJECT_CUBE, "Name of the cube"}},
     NULL,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT,
     NULL,
     ctl_maintain_done},
    {"replace",
     "Take a new rack in where a cube under maintenance stood: other serials, the same wiring",
     NULL,
     {{"CUBE", false, CTL_OBJECT_CUBE, "Name of the cube"}},
     ctl_cube_replace_flags,
     CTL_FLAGS_MUTATION,
     NULL,
     ctl_cube_replace},
    {"locate",
     "Say where a rack stands, what feeds it, and which hosts are in it",
     NULL,
     {{"CUBE", false, CTL_OBJECT_CUBE, "Name of the cube"}},
     NULL,
     0,
     NULL,
     ctl_cube_locate},
    {"qualify",
     "Test all face links of a cube that no slice uses, without touching anyone else",
     "Self-loops lit in coded rounds tell which switch each fiber is on; a round against a free healthy cube "
     "tells signs "
     "and which end is at fault. A quarantined cube that passes is released.",
     {{"CUBE", false, CTL_OBJECT_CUBE, "Name of the cube"}},
     ctl_qualify_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT,
     NULL,
     ctl_cube_qualify},
    {"qualification",
     "Show the last test of a cube; -o wide shows every link",
     NULL,
     {{"CUBE", false, CTL_OBJECT_CUBE, "Name of the cube"}},
     NULL,
     CTL_FLAGS_WATCH,
     NULL,
     ctl_cube_qualification},
    {0},
};

const struct ctl_noun ctl_noun_cube = {"cube", "Racks of 4x4x4 chips", commands};
