/* Reservations: cubes held for a time, then connected or given back. */
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/slice.h"
#include "ctl/wait.h"
#include <string.h>

static int read_time(struct ctl *ctl, uint32_t *ret_reserve_s) {
    int64_t time_ms = ctl_flag_ms(ctl, "for", 0);
    if (time_ms < 1000 || time_ms > INT64_C(86400000))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--for: a reservation lasts one second to one day");
    *ret_reserve_s = (uint32_t)(time_ms / 1000);
    return 0;
}

int ctl_slice_reserve(struct ctl *ctl) {
    Heliostat__V1__CreateSliceRequest request = HELIOSTAT__V1__CREATE_SLICE_REQUEST__INIT;
    Heliostat__V1__SliceSpec spec;
    int exit_status = ctl_read_spec(ctl, ctl_positional(ctl, 0), &spec);
    if (exit_status == 0)
        exit_status = read_time(ctl, &request.reserve_s);
    if (exit_status)
        return exit_status;
    request.mutation = ctl_mutation(ctl);
    request.spec = &spec;
    request.mode = HELIOSTAT__V1__CREATE_MODE__CREATE_MODE_RESERVE;
    return ctl_change_slice(ctl, "SliceService/CreateSlice", &request.base,
                            &heliostat__v1__create_slice_response__descriptor, CTL_GOAL_NONE);
}

int ctl_slice_extend(struct ctl *ctl) {
    Heliostat__V1__ExtendReservationRequest request = HELIOSTAT__V1__EXTEND_RESERVATION_REQUEST__INIT;
    int exit_status = read_time(ctl, &request.reserve_s);
    if (exit_status)
        return exit_status;
    request.mutation = ctl_mutation(ctl);
    request.name = ctl_positional(ctl, 0);
    request.uid = ctl_flag_number(ctl, "uid", 0);
    return ctl_change_slice(ctl, "SliceService/ExtendReservation", &request.base,
                            &heliostat__v1__extend_reservation_response__descriptor, CTL_GOAL_NONE);
}

int ctl_slice_activate(struct ctl *ctl) {
    Heliostat__V1__ActivateSliceRequest request = HELIOSTAT__V1__ACTIVATE_SLICE_REQUEST__INIT;
    Heliostat__V1__ActivateSliceResponse *response, last;
    enum ctl_goal goal;
    int exit_status = ctl_goal(ctl, &goal);
    if (exit_status)
        return exit_status;
    request.mutation = ctl_mutation(ctl);
    request.names = (char **)ctl->arguments->positionals;
    request.n_names = ctl->arguments->n_positionals;
    request.uid = ctl_flag_number(ctl, "uid", 0);
    request.connect_timeout_s = (uint32_t)(ctl_flag_ms(ctl, "connect-timeout", 0) / 1000);
    request.keep_partial = ctl_has(ctl, "keep-partial");
    exit_status = ctl_call(ctl, "SliceService/ActivateSlice", &request.base,
                           &heliostat__v1__activate_slice_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    last = *response;
    last.slices = ctl_alloc(ctl, last.n_slices * sizeof(*last.slices));
    if (last.n_slices)
        memcpy(last.slices, response->slices, last.n_slices * sizeof(*last.slices));
    if (last.n_slices)
        exit_status = ctl_wait_slices(ctl, &last.operation, last.slices, last.n_slices, goal);
    if (ctl_wants_json(ctl)) {
        int printed = ctl_print_json(ctl, &last);
        return exit_status ? exit_status : printed;
    }
    for (size_t i = 0; i < last.n_slices; i++)
        ctl_say_slice(ctl, last.slices[i]);
    return exit_status;
}
