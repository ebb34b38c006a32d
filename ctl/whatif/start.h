#pragma once
/* Where a question starts from: the running daemon, a saved snapshot, or a model. */
#include "ctl/ctl.h"
#include "ctl/whatif/report.h"
#include "heliostat/v1/snapshot.pb-c.h"
#include "topology/whatif/damage.h"

struct whatif_start {
    const char *source; /* "the daemon at revision 12", "model tpu-v4", ... */
    const char *pod_name, *model;
    struct topo_wiring *wiring;
    struct topo_pod *pod;
    struct whatif_slice *slices;
    const char **slice_names;
    unsigned n_slices, max_slices;
    uint8_t ocs_domain[TOPO_OCSES_MAX];
    const char *ocs_names[TOPO_OCSES_MAX]; /* without the pod */
};

/* From --model, --snapshot or the daemon; --pod where there are several. An exit status, with the error
 * printed. */
__attribute__((warn_unused_result)) int whatif_start(struct ctl *ctl, struct whatif_start *ret_start);
void whatif_start_inputs(struct whatif_report *report, const struct whatif_start *start);
const char *whatif_cube_name(struct ctl *ctl, const struct whatif_start *start, unsigned cube);
/* Adds a slice. */
void whatif_start_add(struct ctl *ctl, struct whatif_start *start, const char *name,
                      const struct whatif_slice *slice);
/* The flags that whatif_start() reads, for a command's list. */
#define WHATIF_START_FLAGS                                                                                   \
    {"model", 0, CTL_VALUE_TEXT, "MODEL",                                                                    \
     .help = "Start from an empty, healthy pod of this model, without a daemon"},                            \
        {"snapshot",                                                                                         \
         0,                                                                                                  \
         CTL_VALUE_TEXT,                                                                                     \
         "FILE",                                                                                             \
         .object = CTL_OBJECT_FILE,                                                                          \
         .help = "Start from a file that whatif snapshot wrote"},                                            \
    {                                                                                                        \
        "pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD,                                           \
                                         .help = "The pod, where there are several"                          \
    }
