/* helioctl slice accept-disruption, renew */
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/slice.h"
#include "ctl/wait.h"
#include "ctl/word.h"

void ctl_print_pending(struct ctl *ctl, const Heliostat__V1__PendingDisruption *pending) {
    printf("\nWaits to be moved (%s%s), since %s%s%s\n",
           ctl_enum_word(&heliostat__v1__pending_why__descriptor, (int)pending->why),
           pending->overdue ? ", OVERDUE" : "", pending->since, *pending->deadline ? ", answer due " : "",
           pending->deadline);
    printf("  %s\n", pending->cause);
    for (size_t i = 0; i < pending->n_swaps; i++)
        printf("  %s -> %s\n", pending->swaps[i]->cube,
               *pending->swaps[i]->replacement ? ctl_text(ctl, "%s (held)", pending->swaps[i]->replacement)
                                               : "(none is held)");
}

int ctl_slice_accept_disruption(struct ctl *ctl) {
    Heliostat__V1__AcceptDisruptionRequest request = HELIOSTAT__V1__ACCEPT_DISRUPTION_REQUEST__INIT;
    enum ctl_goal goal;
    int exit_status = ctl_goal(ctl, &goal);
    if (exit_status)
        return exit_status;
    request.mutation = ctl_mutation(ctl);
    request.name = ctl_positional(ctl, 0);
    request.uid = ctl_flag_number(ctl, "uid", 0);
    request.with_cubes = ctl_flag_list(ctl, "with", &request.n_with_cubes);
    exit_status = ctl_ask(ctl, "Circuits of %s move now: a job on it must be stopped or at a checkpoint.",
                          request.name);
    if (exit_status)
        return exit_status;
    return ctl_change_slice(ctl, "SliceService/AcceptDisruption", &request.base,
                            &heliostat__v1__accept_disruption_response__descriptor, goal);
}

int ctl_slice_renew(struct ctl *ctl) {
    Heliostat__V1__RenewSliceRequest request = HELIOSTAT__V1__RENEW_SLICE_REQUEST__INIT;
    Heliostat__V1__RenewSliceResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.name = ctl_positional(ctl, 0);
    request.uid = ctl_flag_number(ctl, "uid", 0);
    int exit_status = ctl_call(ctl, "SliceService/RenewSlice", &request.base,
                               &heliostat__v1__renew_slice_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    if (ctl->format == CTL_FORMAT_NAME)
        puts(request.name);
    const Heliostat__V1__Lease *lease = response->slice ? response->slice->lease : NULL;
    ctl_say(ctl, "%s: %s%s", request.name, lease ? "its lease runs out at " : "renewed",
            lease ? lease->expires : "");
    return 0;
}
