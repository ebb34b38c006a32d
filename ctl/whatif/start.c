#include "ctl/whatif/start.h"
#include "ctl/output.h"
#include "ctl/snapshot.h"
#include "ctl/whatif/whatif.h"
#include "inventory/fill.h"
#include "inventory/names.h"
#include "inventory/findings.h"
#include "proto/json/json.h"
#include <string.h>

static void free_message(void *message) {
    protobuf_c_message_free_unpacked(message, NULL);
}

static int read_file(struct ctl *ctl, const char *path, Heliostat__V1__Snapshot **ret_snapshot) {
    char error[512];
    size_t length;
    ProtobufCMessage *message;
    const char *text = ctl_read_file(ctl, path, &length);
    if (!text)
        return CTL_EXIT_FAILED;
    int r =
        proto_json_decode(&heliostat__v1__snapshot__descriptor, text, length, &message, error, sizeof(error));
    if (r < 0)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "out of memory");
    if (r)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "%s is no snapshot: %s", path, error);
    ctl_keep(ctl, message, free_message);
    *ret_snapshot = (Heliostat__V1__Snapshot *)message;
    return 0;
}

/* A status in which every cube and switch is well. */
static void make_well(struct ctl *ctl, Heliostat__V1__PodSnapshot *snapshot) {
    const Heliostat__V1__Pod *pod = snapshot->pod;
    Heliostat__V1__PodStatus *status = ctl_alloc(ctl, sizeof(*status));
    heliostat__v1__pod_status__init(status);
    status->name = pod->name;
    status->largest_slice_chips = pod->largest_slice_chips;
    status->cubes = ctl_alloc(ctl, pod->n_cubes * sizeof(*status->cubes));
    for (; status->n_cubes < pod->n_cubes; status->n_cubes++) {
        Heliostat__V1__CubeStatus *cube = ctl_alloc(ctl, sizeof(*cube));
        heliostat__v1__cube_status__init(cube);
        cube->name = pod->cubes[status->n_cubes]->name;
        cube->index = pod->cubes[status->n_cubes]->index;
        cube->health = HELIOSTAT__V1__HEALTH__HEALTH_HEALTHY;
        cube->scheduling = HELIOSTAT__V1__SCHEDULING__SCHEDULING_SCHEDULABLE;
        status->cubes[status->n_cubes] = cube;
    }
    snapshot->status = status;
    snapshot->ocses = ctl_alloc(ctl, pod->n_ocses * sizeof(*snapshot->ocses));
    for (; snapshot->n_ocses < pod->n_ocses; snapshot->n_ocses++) {
        Heliostat__V1__OcsStatus *ocs = ctl_alloc(ctl, sizeof(*ocs));
        heliostat__v1__ocs_status__init(ocs);
        ocs->name = pod->ocses[snapshot->n_ocses]->name;
        ocs->index = pod->ocses[snapshot->n_ocses]->index;
        ocs->state = HELIOSTAT__V1__OCS_STATE__OCS_STATE_IN_SYNC;
        snapshot->ocses[snapshot->n_ocses] = ocs;
    }
}

static int from_model(struct ctl *ctl, const char *model, Heliostat__V1__Snapshot **ret_snapshot) {
    Heliostat__V1__Pod *pod;
    const char *field;
    char error[INVENTORY_ERROR_MAX];
    int r = inventory_fill("pod", model, "", &pod, &field, error);
    if (r)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--model: %s", r < 0 ? "out of memory" : error);
    ctl_keep(ctl, pod, free_message);
    Heliostat__V1__Snapshot *snapshot = ctl_alloc(ctl, sizeof(*snapshot));
    Heliostat__V1__PodSnapshot *one = ctl_alloc(ctl, sizeof(*one));
    heliostat__v1__snapshot__init(snapshot);
    heliostat__v1__pod_snapshot__init(one);
    one->pod = pod;
    make_well(ctl, one);
    snapshot->pods = ctl_alloc(ctl, sizeof(*snapshot->pods));
    snapshot->pods[0] = one;
    snapshot->n_pods = 1;
    *ret_snapshot = snapshot;
    return 0;
}

static int choose_pod(struct ctl *ctl, const Heliostat__V1__Snapshot *snapshot, const char *name,
                      const Heliostat__V1__PodSnapshot **ret_pod) {
    for (size_t i = 0; i < snapshot->n_pods; i++)
        if (snapshot->pods[i]->pod && (!name || strcmp(snapshot->pods[i]->pod->name, name) == 0)) {
            if (!name && snapshot->n_pods > 1)
                return ctl_fail(ctl, CTL_EXIT_USAGE, "there are %zu pods; name one with --pod",
                                snapshot->n_pods);
            *ret_pod = snapshot->pods[i];
            return 0;
        }
    return ctl_fail(ctl, CTL_EXIT_NOT_FOUND, name ? "there is no pod \"%s\"" : "there is no pod%s",
                    name ? name : "; make one, or start from --model");
}

static const char *without_pod(const char *name) {
    const char *slash = strchr(name, '/');
    return slash ? slash + 1 : name;
}

/* The number of a power domain, in order of the inventory. */
static uint8_t number_of(const char *domain, const char **known, unsigned *n) {
    unsigned i = 0;
    while (i < *n && strcmp(known[i], domain) != 0)
        i++;
    if (i == *n && *n < UINT8_MAX)
        known[(*n)++] = domain;
    return (uint8_t)i;
}

/* Rows and power domains by the numbers that people call them by. */
static void take_domains(struct whatif_start *start, const Heliostat__V1__Pod *pod) {
    const char *known[UINT8_MAX];
    unsigned n = 0;
    for (size_t i = 0; i < pod->n_cubes; i++) {
        start->pod->row[pod->cubes[i]->index] = (uint8_t)pod->cubes[i]->row;
        start->pod->power_domain[pod->cubes[i]->index] = number_of(pod->cubes[i]->power_domain, known, &n);
    }
    n = 0;
    for (size_t i = 0; i < pod->n_ocses; i++) {
        start->ocs_names[pod->ocses[i]->index] = without_pod(pod->ocses[i]->name);
        start->ocs_domain[pod->ocses[i]->index] = number_of(pod->ocses[i]->power_domain, known, &n);
    }
}

void whatif_start_add(struct ctl *ctl, struct whatif_start *start, const char *name,
                      const struct whatif_slice *slice) {
    if (start->n_slices == start->max_slices) {
        unsigned more = start->max_slices ? 2 * start->max_slices : 64;
        struct whatif_slice *slices = ctl_alloc(ctl, more * sizeof(*slices));
        const char **names = ctl_alloc(ctl, more * sizeof(*names));
        if (start->n_slices) {
            memcpy(slices, start->slices, start->n_slices * sizeof(*slices));
            memcpy(names, start->slice_names, start->n_slices * sizeof(*names));
        }
        start->slices = slices;
        start->slice_names = names;
        start->max_slices = more;
    }
    start->slices[start->n_slices] = *slice;
    start->slice_names[start->n_slices++] = name;
    for (unsigned i = 0; i < (slice->hosts ? 1u : slice->shape.n_cubes); i++)
        start->pod->slice_of[slice->cubes[i]] = start->n_slices;
}

static int take_slice(struct ctl *ctl, struct whatif_start *start, const struct ctl_snapshot *snapshot,
                      const Heliostat__V1__Slice *s) {
    struct whatif_slice slice = {0};
    char error[200];
    if (s->state == HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_FAILED)
        return 0;
    if (topo_shape_parse(s->topology, &slice.shape, error, sizeof(error)) != 0)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "slice %s: %s", s->name, error);
    if (s->n_positions != slice.shape.n_cubes)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "slice %s has %zu positions, its topology %s has %u", s->name,
                        s->n_positions, s->topology, slice.shape.n_cubes);
    for (size_t i = 0; i < s->n_positions; i++) {
        int cube = ctl_snapshot_cube(snapshot, s->positions[i]->cube);
        if (cube < 0 || s->positions[i]->index >= slice.shape.n_cubes)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "slice %s: there is no cube \"%s\" or no position %u",
                            s->name, s->positions[i]->cube, s->positions[i]->index);
        slice.cubes[s->positions[i]->index] = (uint16_t)cube;
    }
    for (size_t i = 0; i < s->n_host_indices && !slice.shape.whole_cubes; i++)
        slice.hosts |= (uint16_t)(1u << (s->host_indices[i] & 15));
    whatif_start_add(ctl, start, s->name, &slice);
    return 0;
}

int whatif_start(struct ctl *ctl, struct whatif_start *start) {
    const char *model = ctl_flag_text(ctl, "model"), *path = ctl_flag_text(ctl, "snapshot");
    const char *name = ctl_flag_text(ctl, "pod");
    const Heliostat__V1__PodSnapshot *chosen = NULL;
    Heliostat__V1__Snapshot *pods = NULL;
    struct ctl_snapshot *snapshot = NULL;
    int exit_status;
    memset(start, 0, sizeof(*start));
    if (model && path)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--model and --snapshot contradict each other");
    if (model)
        exit_status = from_model(ctl, model, &pods);
    else if (path)
        exit_status = read_file(ctl, path, &pods);
    else
        exit_status = ctl_read_pods(ctl, name ? name : "", &pods);
    if (exit_status == 0)
        exit_status = choose_pod(ctl, pods, model ? NULL : name, &chosen);
    if (exit_status == 0)
        exit_status = ctl_take_snapshot(ctl, chosen, &snapshot);
    if (exit_status)
        return exit_status;
    start->source =
        model  ? ctl_text(ctl, "model %s", model)
        : path ? ctl_text(ctl, "%s, revision %lld of %s", path, (long long)pods->revision, pods->time)
               : ctl_text(ctl, "the daemon at revision %lld", (long long)pods->revision);
    start->pod_name = chosen->pod->name;
    start->model = chosen->pod->model;
    start->wiring = &snapshot->wiring;
    start->pod = &snapshot->pod;
    if (start->wiring->n_cubes == 0)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "pod %s has no cubes", start->pod_name);
    for (size_t i = 0; i < chosen->pod->n_cubes; i++)
        if (chosen->pod->cubes[i]->index >= start->wiring->n_cubes)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "%s has index %u of %u", chosen->pod->cubes[i]->name,
                            chosen->pod->cubes[i]->index, start->wiring->n_cubes);
    take_domains(start, chosen->pod);
    for (size_t i = 0; i < chosen->n_slices && exit_status == 0; i++)
        exit_status = take_slice(ctl, start, snapshot, chosen->slices[i]);
    return exit_status;
}

void whatif_start_inputs(struct whatif_report *report, const struct whatif_start *start) {
    whatif_input(report, "start", "%s", start->source);
    whatif_input(report, "pod", "%s (%s, %u cubes, %u switches, %u slices)", start->pod_name, start->model,
                 start->wiring->n_cubes, start->wiring->n_ocses, start->n_slices);
}

const char *whatif_cube_name(struct ctl *ctl, const struct whatif_start *start, unsigned cube) {
    char name[INVENTORY_NAME_MAX];
    return ctl_text(ctl, "%s", inventory_cube_name(name, NULL, start->wiring->n_cubes, cube));
}

int whatif_snapshot(struct ctl *ctl) {
    Heliostat__V1__Snapshot *snapshot;
    int exit_status = ctl_read_pods(ctl, ctl_flag_text_or(ctl, "pod", ""), &snapshot);
    ctl->format = CTL_FORMAT_JSON;
    return exit_status ? exit_status : ctl_print_json(ctl, snapshot);
}
