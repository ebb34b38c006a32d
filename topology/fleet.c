#include "topology/fleet.h"

#include "topology/refusal.h"

void topo_pod_summarise(const struct topo_pod *pod, struct topo_pod_summary *ret_summary) {
    struct topo_pod_summary summary = {.largest_slice_cubes = pod->largest_slice_cubes,
                                       .uniform = pod->wiring->uniform};
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        if (topo_pod_is_barred(pod, cube, NULL))
            continue;
        if (topo_set_has(&pod->spare, cube)) {
            summary.spares++;
            summary.spares_whole += pod->damage[cube] == 0;
            continue;
        }
        summary.usable++;
        summary.usable_whole += pod->damage[cube] == 0;
        bool lit = false;
        for (unsigned face = 0; face < TOPO_FACES; face++)
            lit |= pod->lit_ends[cube][face] > 0;
        summary.lit += lit;
    }
    *ret_summary = summary;
}

/* Less is tried earlier; UINT32_MAX: cannot be. */
static unsigned rank(const struct topo_pod_summary *summary, const struct topo_request *request) {
    unsigned needed = request->shape.n_cubes;
    unsigned usable = summary->usable + (request->use_spares ? summary->spares : 0u);
    if (needed > summary->largest_slice_cubes || needed > usable)
        return UINT32_MAX;
    if (summary->usable_whole >= needed)
        return summary->usable_whole - needed;
    const unsigned *tolerate = request->tolerate_missing;
    bool strict = summary->uniform && !tolerate[0] && !tolerate[1] && !tolerate[2];
    if (strict && summary->usable_whole + (request->use_spares ? summary->spares_whole : 0u) < needed)
        return UINT32_MAX;
    return 100000 - usable;
}

int topo_fleet_plan(const struct topo_pod *const *pods, const struct topo_pod_summary *summaries,
                    unsigned n_pods, const struct topo_request *request, unsigned *ret_pod,
                    struct topo_plan *ret_plan, struct topo_refusal *ret_refusal) {
    if (n_pods == 0) {
        struct topo_refusal refusal = {.cube = TOPO_CUBES_MAX};
        int r = topo_refuse_text(&refusal, TOPO_REASON_INVALID_ARGUMENT, "n_pods: 0");
        *ret_refusal = refusal;
        return r;
    }
    struct topo_refusal refusal;
    unsigned nearest = 0;
    bool refused = false;
    /* Pods in order of (rank, number); each round finds the next. */
    uint64_t last = 0;
    for (unsigned round = 0; round < n_pods; round++) {
        uint64_t least = UINT64_MAX;
        for (unsigned pod = 0; pod < n_pods; pod++) {
            uint64_t key = (uint64_t)rank(&summaries[pod], request) << 32 | pod;
            if (key < least && (round == 0 || key > last))
                least = key;
        }
        if (least >> 32 == UINT32_MAX)
            break;
        last = least;
        unsigned pod = (unsigned)(least & UINT32_MAX);
        struct topo_refusal reason;
        if (topo_plan_create(pods[pod], request, ret_plan, &reason) == 0) {
            *ret_pod = pod;
            return 0;
        }
        if (!refused) {
            refusal = reason;
            nearest = pod;
            refused = true;
        }
    }
    if (!refused) { /* too large for all: the pod with the most usable cubes says why */
        for (unsigned pod = 1; pod < n_pods; pod++)
            if (summaries[pod].usable > summaries[nearest].usable)
                nearest = pod;
        if (topo_plan_create(pods[nearest], request, ret_plan, &refusal) == 0) {
            *ret_pod = nearest; /* the summary was out of date */
            return 0;
        }
    }
    *ret_pod = nearest;
    *ret_refusal = refusal;
    return TOPO_REFUSED;
}
