#include "ctl/verify/verify.h"
#include "ctl/verify/torus.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool verify_is_moving(const Heliostat__V1__Slice *slice) {
    switch (slice->state) {
    case HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_CONNECTING:
    case HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_REPAIRING:
    case HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_RELEASING:
        return true;
    default:
        return false;
    }
}

static bool is_whole(const Heliostat__V1__Slice *slice) {
    struct verify_shape shape;
    return verify_shape_read(slice->topology, &shape) && shape.whole_cubes;
}

/* No cube is in two slices, unless both are parts of it. */
void verify_place_slices(struct verify_plant *plant, const struct verify_input *input,
                         struct verify_report *report) {
    for (size_t i = 0; i < input->n_slices; i++) {
        const Heliostat__V1__Slice *s = input->slices[i];
        if (s->state == HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_FAILED)
            continue;
        for (size_t p = 0; p < s->n_positions; p++) {
            int cube = verify_find_cube(plant, s->positions[p]->cube);
            struct verify_problem problem = {.slices = {s->name}, .cubes = {s->positions[p]->cube}};
            if (cube < 0)
                continue;
            const Heliostat__V1__Slice *other = plant->slice_of[cube];
            if (other && (is_whole(s) || is_whole(other))) {
                problem.kind = VERIFY_CUBE_TAKEN_TWICE;
                problem.slices[1] = other->name;
                verify_add(report, &problem, "%s is in slice %s and in slice %s", s->positions[p]->cube,
                           other->name, s->name);
            }
            plant->slice_of[cube] = s;
            plant->moving[cube] |= verify_is_moving(s) || (input->in_flight && input->in_flight[i]);
            const Heliostat__V1__CubeStatus *status = plant->status_of[cube];
            if (status && is_whole(s) && strcmp(status->slice, s->name) != 0 && !plant->moving[cube]) {
                problem.kind = VERIFY_INCONSISTENT;
                verify_add(report, &problem, "%s is at position %u of slice %s, but the pod says it is %s%s",
                           s->positions[p]->cube, s->positions[p]->index, s->name,
                           *status->slice ? "of " : "free", status->slice);
            }
        }
    }
}

int verify_run(const struct verify_input *input, struct verify_report *ret_report) {
    struct verify_plant plant;
    *ret_report = (struct verify_report){0};
    int r = verify_plant_init(&plant, input->pod, input->status, input->circuits, input->links,
                              input->n_links, ret_report);
    if (r == 0) {
        ret_report->slices = calloc(input->n_slices + 1, sizeof(*ret_report->slices));
        r = ret_report->slices ? 0 : -ENOMEM;
    }
    if (r == 0) {
        verify_place_slices(&plant, input, ret_report);
        for (size_t i = 0; i < input->n_slices; i++) {
            struct verify_slice *result = &ret_report->slices[ret_report->n_slices++];
            result->slice = input->slices[i];
            if (verify_is_moving(input->slices[i]) || (input->in_flight && input->in_flight[i]))
                result->verdict = VERIFY_IN_FLIGHT;
            else
                verify_prove_slice(&plant, result, ret_report);
        }
        verify_isolation(&plant, input, ret_report);
        verify_crossed_fibers(&plant, ret_report);
    }
    verify_plant_deinit(&plant);
    return r < 0 ? r : ret_report->out_of_memory ? -ENOMEM : 0;
}
