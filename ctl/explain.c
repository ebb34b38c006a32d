/* helioctl explain: why something is as it is, or why it cannot be had. */
#include "ctl/client.h"
#include "ctl/json_value.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include "ctl/slice.h"
#include "ctl/slice_flags.h"
#include "ctl/snapshot.h"
#include "ctl/word.h"
#include "topology/explain.h"
#include <stdarg.h>
#include <string.h>

/* The pod as it would be without the slice: its cubes or hosts free, its circuits gone. */
static void forget_slice(struct ctl_snapshot *snapshot, const Heliostat__V1__Slice *slice) {
    struct topo_pod *pod = &snapshot->pod;
    for (size_t i = 0; i < slice->n_positions; i++) {
        int cube = ctl_snapshot_cube(snapshot, slice->positions[i]->cube);
        if (cube < 0)
            continue;
        for (size_t h = 0; h < slice->n_host_indices; h++)
            pod->used_hosts[cube] &= (uint16_t) ~(1u << slice->host_indices[h] % TOPO_HOSTS_PER_CUBE);
        if (!pod->used_hosts[cube])
            topo_set_remove(&pod->used, (unsigned)cube);
        pod->slice_of[cube] = 0;
        memset(pod->lit_far[cube], 0xff, sizeof(pod->lit_far[cube]));
    }
    topo_pod_refresh_ends(pod);
}

static int explain_part(struct ctl *ctl, struct ctl_snapshot *snapshot, const Heliostat__V1__Slice *slice,
                        const struct topo_shape *shape) {
    struct topo_part_request request = {.shape = *shape};
    struct topo_block best;
    struct topo_refusal refusal;
    int cube = slice->n_positions ? ctl_snapshot_cube(snapshot, slice->positions[0]->cube) : -1;
    if (cube < 0)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "slice %s has no cube", slice->name);
    unsigned others = (unsigned)__builtin_popcount(snapshot->pod.used_hosts[cube]);
    int r = topo_part_place(&snapshot->pod, &request, &best, &refusal);
    const char *now = r                   ? refusal.text
                      : best.cube == cube ? "it would be placed in the same cube today"
                                          : ctl_text(ctl, "it would be placed in %s today: see plan defrag",
                                                     ctl_snapshot_cube_name(snapshot, best.cube));
    const char *why =
        others ? ctl_text(ctl, "%u other hosts of the cube are used by parts too: it was cut already", others)
               : "it alone uses the cube";
    if (ctl_wants_json(ctl))
        return ctl_print_value(ctl, json_pack("{s:s, s:s, s:s, s:s}", "slice", slice->name, "cube",
                                              ctl_snapshot_cube_name(snapshot, (unsigned)cube), "why", why,
                                              "now", now));
    ctl_say(ctl, "%s is %s in %s: %s; %s.", slice->name, slice->topology,
            ctl_snapshot_cube_name(snapshot, (unsigned)cube), why, now);
    return 0;
}

/* Cubes that could stand in for one of the slice's, without more missing links. */
static unsigned count_substitutes(const struct topo_pod *pod, const struct topo_request *request,
                                  const struct topo_plan *plan) {
    unsigned count = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        bool is_own = false;
        for (unsigned position = 0; position < request->shape.n_cubes; position++)
            is_own = is_own || plan->cubes[position] == cube;
        count += !is_own && !topo_pod_is_barred(pod, cube, NULL) && !topo_set_has(&pod->spare, cube) &&
                 pod->damage[cube] == 0;
    }
    return count;
}

static int explain_whole(struct ctl *ctl, struct ctl_snapshot *snapshot, const Heliostat__V1__Slice *slice,
                         const struct topo_shape *shape) {
    static const struct ctl_column columns[] = {{"POSITION", CTL_COLUMN_RIGHT},
                                                {"CUBE"},
                                                {"WHY"},
                                                {"LINKS LACKING", CTL_COLUMN_RIGHT},
                                                {"BAD ENDS", CTL_COLUMN_RIGHT}};
    struct topo_request *request = ctl_alloc(ctl, sizeof(*request));
    struct topo_plan *plan = ctl_alloc(ctl, sizeof(*plan));
    struct topo_choice *choices = ctl_alloc(ctl, sizeof(*choices) * TOPO_POSITIONS_MAX);
    struct ctl_table table;
    request->shape = *shape;
    if (slice->n_positions != shape->n_cubes)
        return ctl_fail(ctl, CTL_EXIT_NOT_NOW, "slice %s is %s: it has no cubes", slice->name,
                        ctl_enum_word(&heliostat__v1__slice_state__descriptor, (int)slice->state));
    for (size_t i = 0; i < slice->n_positions; i++) {
        int cube = ctl_snapshot_cube(snapshot, slice->positions[i]->cube);
        if (cube < 0 || slice->positions[i]->index >= shape->n_cubes)
            return ctl_fail(ctl, CTL_EXIT_FAILED, "the cubes of slice %s are not those of the pod",
                            slice->name);
        plan->cubes[slice->positions[i]->index] = (uint16_t)cube;
    }
    topo_explain_plan(&snapshot->pod, request, plan, choices);
    unsigned substitutes = count_substitutes(&snapshot->pod, request, plan);
    json_t *list = json_array();
    ctl_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
    for (unsigned position = 0; position < shape->n_cubes; position++) {
        const struct topo_choice *choice = &choices[position];
        const char *name = ctl_snapshot_cube_name(snapshot, choice->cube);
        ctl_table_cell(&table, "%u", position);
        ctl_table_cell(&table, "%s", name);
        ctl_table_cell(&table, "%s", topo_why_text(choice->why));
        ctl_table_cell(&table, "%u", choice->missing_links);
        ctl_table_cell(&table, "%u", choice->damage);
        json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:i, s:i}", "position", (int)position, "cube",
                                              name, "why", topo_why_text(choice->why), "missingLinks",
                                              (int)choice->missing_links, "badEnds", (int)choice->damage));
    }
    int exit_status = 0;
    if (ctl_wants_json(ctl)) {
        exit_status =
            ctl_print_value(ctl, json_pack("{s:s, s:s, s:o, s:i}", "slice", slice->name, "topology",
                                           slice->topology, "cubes", list, "substitutes", (int)substitutes));
    } else {
        json_decref(list);
        ctl_show_table(ctl, &table);
        ctl_say(
            ctl,
            "\nJudged by the pod as it is now, without this slice. %u other cubes could stand in for any of "
            "these.",
            substitutes);
    }
    ctl_table_deinit(&table);
    return exit_status;
}

static int explain_slice(struct ctl *ctl) {
    Heliostat__V1__GetSliceResponse *response;
    struct ctl_snapshot *snapshot;
    struct topo_shape shape;
    char error[200];
    int exit_status = ctl_read_slice(ctl, ctl_positional(ctl, 0), &response);
    if (exit_status == 0)
        exit_status = ctl_read_snapshot(ctl, response->slice->pod, &snapshot);
    if (exit_status)
        return exit_status;
    const Heliostat__V1__Slice *slice = ctl_snapshot_slice(snapshot, response->slice->name);
    if (!slice || topo_shape_parse(slice->topology, &shape, error, sizeof(error)) != 0)
        return ctl_fail(ctl, CTL_EXIT_NOT_FOUND, "slice %s went away", response->slice->name);
    forget_slice(snapshot, slice);
    return shape.whole_cubes ? explain_whole(ctl, snapshot, slice, &shape)
                             : explain_part(ctl, snapshot, slice, &shape);
}

struct reasons {
    struct ctl *ctl;
    char *text[24];
    unsigned n;
};

__attribute__((format(printf, 2, 3))) static void add_reason(struct reasons *reasons, const char *format,
                                                             ...) {
    char text[256];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    if (reasons->n < sizeof(reasons->text) / sizeof(*reasons->text))
        reasons->text[reasons->n++] = ctl_text(reasons->ctl, "%s", text);
}

static void name_bars(const struct ctl_snapshot *snapshot, unsigned cube, const Heliostat__V1__CubeStatus *c,
                      struct reasons *reasons) {
    if (*c->slice)
        add_reason(reasons, "it is at position %u of slice %s", c->position, c->slice);
    for (size_t i = 0; i < c->n_part_slices; i++)
        add_reason(reasons, "slice %s is a part of it", c->part_slices[i]);
    if (topo_set_has(&snapshot->pod.unhealthy, cube) || c->n_unfit_hosts)
        add_reason(reasons, "it is %s: %s (%s says so)",
                   ctl_enum_word(&heliostat__v1__health__descriptor, (int)c->health), c->health_cause,
                   c->health_source);
    if (topo_set_has(&snapshot->pod.unschedulable, cube))
        add_reason(reasons, "it is %s: %s",
                   ctl_enum_word(&heliostat__v1__scheduling__descriptor, (int)c->scheduling),
                   c->scheduling_reason);
    if (c->unaccounted_circuit)
        add_reason(reasons, "it carries a circuit that no slice explains: circuit list, then circuit clear");
    if (c->isolation_unproven)
        add_reason(reasons, "a switch that cannot be read may still join it to another cube: ocs list");
    if (c->spare)
        add_reason(reasons, "it is held as a spare: only --use-spares takes it");
}

static void name_damage(const struct ctl_snapshot *snapshot, unsigned cube, struct reasons *reasons) {
    unsigned bad_ocses = 0, failed = 0, no_fiber = 0;
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            int ocs = snapshot->wiring.port_of[topo_end(cube, face, index)].ocs;
            bool is_bad = snapshot->pod.bad_ends[cube][face] >> index & 1;
            no_fiber += ocs < 0;
            failed += ocs >= 0 && is_bad;
            bad_ocses += ocs >= 0 && !is_bad && snapshot->pod.bad_ocses >> ocs & 1;
        }
    if (no_fiber)
        add_reason(reasons, "%u of its 96 link ends have no fiber", no_fiber);
    if (failed)
        add_reason(reasons, "%u of its 96 link ends are on ports that failed", failed);
    if (bad_ocses)
        add_reason(reasons, "%u of its 96 link ends are on switches that cannot be used now: ocs list",
                   bad_ocses);
}

/* The largest part of a cube that would find room here. */
static const char *largest_part(const struct ctl_snapshot *snapshot, unsigned cube, char text[64]) {
    static const char *const shapes[] = {"2x4x4", "2x2x4", "2x2x2", "1x2x2"};
    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
        struct topo_part_request request = {.use_spares = true, .pin_cube = true, .cube = (uint16_t)cube};
        struct topo_block block;
        struct topo_refusal refusal;
        if (topo_shape_parse(shapes[i], &request.shape, text, 64) == 0 &&
            topo_part_place(&snapshot->pod, &request, &block, &refusal) == 0)
            return shapes[i];
    }
    return NULL;
}

static int explain_cube(struct ctl *ctl) {
    struct ctl_snapshot *snapshot;
    const char *name = ctl_positional(ctl, 0), *slash = strchr(name, '/');
    char *pod = slash ? ctl_text(ctl, "%.*s", (int)(slash - name), name) : ctl_flag_text_or(ctl, "pod", "");
    int exit_status = ctl_read_snapshot(ctl, pod, &snapshot);
    if (exit_status)
        return exit_status;
    int cube = ctl_snapshot_cube(snapshot, name);
    if (cube < 0)
        return ctl_fail(ctl, CTL_EXIT_NOT_FOUND, "there is no cube %s in pod %s", name, snapshot->pod_name);
    const Heliostat__V1__CubeStatus *c = ctl_snapshot_status(snapshot, (unsigned)cube);
    struct reasons reasons = {.ctl = ctl};
    char text[64];
    name_bars(snapshot, (unsigned)cube, c, &reasons);
    name_damage(snapshot, (unsigned)cube, &reasons);
    bool whole = !topo_pod_is_barred(&snapshot->pod, (unsigned)cube, NULL);
    bool perfect = whole && snapshot->pod.damage[cube] == 0;
    const char *part = largest_part(snapshot, (unsigned)cube, text);
    const char *verdict = !whole ? "no slice of whole cubes can have it now"
                          : perfect
                              ? "a slice of whole cubes can have it"
                              : "a slice of whole cubes can have it only where missing links are tolerated";
    if (ctl_wants_json(ctl)) {
        json_t *list = json_array();
        for (unsigned i = 0; i < reasons.n; i++)
            json_array_append_new(list, json_string(reasons.text[i]));
        return ctl_print_value(ctl, json_pack("{s:s, s:b, s:i, s:s, s:o}", "cube", c->name, "usable", whole,
                                              "badEnds", (int)snapshot->pod.damage[cube], "largestPart",
                                              part ? part : "", "reasons", list));
    }
    ctl_say(ctl, "%s: %s; %s%s%s.", c->name, verdict,
            part ? "a part of a cube fits here, up to "
                 : "no part of a cube "
                   "fits here",
            part ? part : "", "");
    for (unsigned i = 0; i < reasons.n; i++)
        ctl_say(ctl, "  %s", reasons.text[i]);
    return 0;
}

/* The daemon plans it as it would plan the request, and changes nothing. */
static int explain_request(struct ctl *ctl) {
    Heliostat__V1__CreateSliceRequest request = HELIOSTAT__V1__CREATE_SLICE_REQUEST__INIT;
    Heliostat__V1__CreateSliceResponse *response;
    Heliostat__V1__SliceSpec spec;
    request.mutation = ctl_mutation(ctl);
    request.mutation->validate_only = true;
    size_t length = strlen(request.mutation->request_id);
    int exit_status = ctl_read_spec(
        ctl, ctl_text(ctl, "explain-%s", request.mutation->request_id + (length > 16 ? length - 16 : 0)),
        &spec);
    if (exit_status)
        return exit_status;
    request.spec = &spec;
    exit_status = ctl_call(ctl, "SliceService/CreateSlice", &request.base,
                           &heliostat__v1__create_slice_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    if (response->plan)
        ctl_print_plan(ctl, response->plan);
    return 0;
}

static const struct ctl_flag request_flags[] = {CTL_SPEC_FLAGS, {0}};

static const struct ctl_flag cube_flags[] = {
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Pod (default: the only one)"},
    {0},
};

static const struct ctl_command commands[] = {
    {"slice",
     "Say why a slice has the cubes it has",
     NULL,
     {{"NAME", false, CTL_OBJECT_SLICE, "Name of the slice"}},
     NULL,
     0,
     NULL,
     explain_slice},
    {"cube",
     "Say what a cube can be used for now, and why not for more",
     NULL,
     {{"CUBE", false, CTL_OBJECT_CUBE, "Name of the cube"}},
     cube_flags,
     0,
     NULL,
     explain_cube},
    {"request",
     "Say what slice create would do with these flags, and why; nothing is changed",
     "Where it would be refused: the reason, the nearest topology that fits now, and the smallest set of "
     "things that "
     "would make it fit.",
     {{0}},
     request_flags,
     0,
     NULL,
     explain_request},
    {0},
};

const struct ctl_noun ctl_noun_explain = {"explain", "Why something is so, or cannot be had", commands};
