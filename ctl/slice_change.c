/* Taking a slice over, and giving it another topology. */
#include "ctl/slice.h"
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/wait.h"
#include <string.h>

int ctl_slice_adopt(struct ctl *ctl) {
    Heliostat__V1__AdoptSliceRequest request = HELIOSTAT__V1__ADOPT_SLICE_REQUEST__INIT;
    Heliostat__V1__SliceSpec spec;
    enum ctl_goal goal;
    int exit_status = ctl_goal(ctl, &goal);
    if (exit_status == 0)
        exit_status = ctl_read_spec(ctl, ctl_positional(ctl, 0), &spec);
    if (exit_status)
        return exit_status;
    request.mutation = ctl_mutation(ctl);
    request.spec = &spec;
    request.cube = ctl_flag_text(ctl, "cube");
    return ctl_change_slice(ctl, "SliceService/AdoptSlice", &request.base,
                            &heliostat__v1__adopt_slice_response__descriptor, goal);
}

static int reshape(struct ctl *ctl, const char *doing) {
    Heliostat__V1__ReshapeSliceRequest request = HELIOSTAT__V1__RESHAPE_SLICE_REQUEST__INIT;
    enum ctl_goal goal;
    int exit_status = ctl_goal(ctl, &goal);
    if (exit_status)
        return exit_status;
    request.mutation = ctl_mutation(ctl);
    request.name = ctl_positional(ctl, 0);
    request.uid = ctl_flag_number(ctl, "uid", 0);
    request.topology = ctl_flag_text(ctl, "topology");
    request.disrupt = ctl_has(ctl, "disrupt");
    request.use_spares = ctl_has(ctl, "use-spares");
    request.exclude = ctl_flag_list(ctl, "exclude", &request.n_exclude);
    exit_status = ctl_ask(ctl, "%s %s to %s moves its circuits: a job on it must be stopped.", doing,
                          request.name, request.topology);
    if (exit_status)
        return exit_status;
    return ctl_change_slice(ctl, "SliceService/ReshapeSlice", &request.base,
                            &heliostat__v1__reshape_slice_response__descriptor, goal);
}

int ctl_slice_resize(struct ctl *ctl) {
    return reshape(ctl, "Resizing");
}

/* Only the twist may differ: a wrong size is caught before anything moves. */
int ctl_slice_retwist(struct ctl *ctl) {
    Heliostat__V1__GetSliceResponse *response;
    const char *topology = ctl_flag_text(ctl, "topology");
    size_t length = strcspn(topology, "_");
    int exit_status = ctl_read_slice(ctl, ctl_positional(ctl, 0), &response);
    if (exit_status)
        return exit_status;
    if (!topology[length])
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--topology: say %s_twisted or %s_untwisted", topology,
                        topology);
    if (strcspn(response->slice->topology, "_") != length ||
        strncmp(response->slice->topology, topology, length) != 0)
        return ctl_fail(ctl, CTL_EXIT_USAGE,
                        "--topology: %s has another size than %s, which is %s: see slice resize", topology,
                        response->slice->name, response->slice->topology);
    return reshape(ctl, "Retwisting");
}
