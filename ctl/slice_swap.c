#include "ctl/slice.h"
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/wait.h"
#include "ctl/word.h"

/* Cubes that are taken out, as a person reads them: "pod/cube-03, pod/cube-07". */
static char *names(struct ctl *ctl, char *const *list, size_t n) {
    char *text = "";
    for (size_t i = 0; i < n; i++)
        text = ctl_text(ctl, "%s%s%s", text, i ? ", " : "", list[i]);
    return text;
}

int ctl_slice_swap(struct ctl *ctl) {
    Heliostat__V1__SwapSliceRequest request = HELIOSTAT__V1__SWAP_SLICE_REQUEST__INIT;
    enum ctl_goal goal;
    int exit_status = ctl_goal(ctl, &goal);
    if (exit_status)
        return exit_status;
    request.mutation = ctl_mutation(ctl);
    request.name = ctl_positional(ctl, 0);
    request.uid = ctl_flag_number(ctl, "uid", 0);
    request.cubes = ctl_flag_list(ctl, "cube", &request.n_cubes);
    request.with_cubes = ctl_flag_list(ctl, "with", &request.n_with_cubes);
    request.disrupt = ctl_has(ctl, "disrupt");
    request.use_spares = ctl_has(ctl, "use-spares");
    if (request.n_with_cubes > request.n_cubes)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--with names %zu cubes for %zu of --cube", request.n_with_cubes,
                        request.n_cubes);
    exit_status =
        ctl_ask(ctl, "Swapping %s out of %s moves circuits of that slice: a job on it must be stopped.",
                names(ctl, request.cubes, request.n_cubes), request.name);
    if (exit_status)
        return exit_status;
    return ctl_change_slice(ctl, "SliceService/SwapSlice", &request.base,
                            &heliostat__v1__swap_slice_response__descriptor, goal);
}
