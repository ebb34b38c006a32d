#pragma once
/* The independent proof: from messages alone, the chip graph of every slice against the torus it should be,
 * and the invariants of the pod. Pure. Knows the messages and the published rules, and nothing of the code
 * that plans and turns mirrors. */
#include "ctl/verify/plant.h"
#include "ctl/verify/report.h"

struct verify_input {
    const Heliostat__V1__Pod *pod;
    const Heliostat__V1__PodStatus *status;
    /* Of this pod, with positions and missing links. in_flight[i]: it changed while things were read. */
    Heliostat__V1__Slice *const *slices;
    const bool *in_flight; /* NULL: none */
    size_t n_slices;
    const Heliostat__V1__ListCircuitsResponse *circuits;
    Heliostat__V1__OpticalLink *const *links;
    size_t n_links;
};

/* The report points into the input. 0, -ENOMEM or -EINVAL (the inventory is none); verify_report_deinit() in
 * every case. */
__attribute__((warn_unused_result)) int verify_run(const struct verify_input *input,
                                                   struct verify_report *ret_report);

/* The parts, in the order in which verify_run() does them. */
void verify_place_slices(struct verify_plant *plant, const struct verify_input *input,
                         struct verify_report *report);
void verify_prove_slice(const struct verify_plant *plant, struct verify_slice *result,
                        struct verify_report *report);
void verify_isolation(const struct verify_plant *plant, const struct verify_input *input,
                      struct verify_report *report);
void verify_crossed_fibers(const struct verify_plant *plant, struct verify_report *report);
/* CONNECTING, REPAIRING, RELEASING. */
bool verify_is_moving(const Heliostat__V1__Slice *slice);
