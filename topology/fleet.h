#pragma once
/* Many pods: which of them takes a request. A slice never spans pods. A few numbers are kept for each pod, so
 * that most pods are passed over without being looked at. */
#include "topology/plan.h"

struct topo_pod_summary {
    uint16_t largest_slice_cubes;
    uint16_t usable;       /* cubes that a whole-cube slice may use, spares left out */
    uint16_t usable_whole; /* those of them that lack no end */
    uint16_t spares;       /* usable spares, damaged or not */
    uint16_t spares_whole; /* those of them that lack no end */
    bool uniform;          /* of its wiring: a missing end always costs a link */
    uint16_t lit;          /* usable cubes with circuits that stand */
};

/* After any change of the pod. */
void topo_pod_summarise(const struct topo_pod *pod, struct topo_pod_summary *ret_summary);

/* Plans in the first pod that can, in this order: pods whose whole cubes are enough, the one that is left
 * with the fewest first (larger holes stay whole), then those that damage or spares may serve, by usable
 * cubes. pods[i] and summaries[i] belong together. 0, or TOPO_REFUSED with the refusal of the pod that came
 * nearest; *ret_pod names the pod in both cases. TOPO_REFUSED with INVALID_ARGUMENT for no pods. */
__attribute__((warn_unused_result)) int topo_fleet_plan(const struct topo_pod *const *pods,
                                                        const struct topo_pod_summary *summaries,
                                                        unsigned n_pods, const struct topo_request *request,
                                                        unsigned *ret_pod, struct topo_plan *ret_plan,
                                                        struct topo_refusal *ret_refusal);
