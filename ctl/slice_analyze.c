/* What the network of a slice is worth, with the links that it misses now. */
#include "ctl/json_value.h"
#include "ctl/output.h"
#include "ctl/slice.h"
#include "topology/analysis.h"
#include <string.h>

static void mark_missing(const Heliostat__V1__Slice *slice, uint16_t (*missing)[3]) {
    for (size_t i = 0; i < slice->n_missing_links; i++) {
        const Heliostat__V1__MissingLink *link = slice->missing_links[i];
        const char *dimension = link->face[0] ? strchr("xyz", link->face[1]) : NULL;
        if (dimension && *dimension && link->position < TOPO_POSITIONS_MAX && link->index < TOPO_INDICES)
            missing[link->position][dimension - "xyz"] |= (uint16_t)(1u << link->index);
    }
}

static int print_json(struct ctl *ctl, const Heliostat__V1__Slice *slice, const struct topo_analysis *a) {
    json_t *analysis = json_pack(
        "{s:b, s:i, s:f, s:[f,f,f], s:f, s:b, s:f, s:[i,i,i], s:[i,i,i], s:[i,i,i], s:f, s:i, s:f, s:f}",
        "connected", a->connected, "diameter", (int)a->diameter, "averageHops", a->average_hops, "load",
        a->load[0], a->load[1], a->load[2], "loadMax", a->load_max, "loadIsEstimate",
        a->load_sources < a->n_chips, "allToAllTime", a->all_to_all_time, "ringLength",
        (int)a->ring_length[0], (int)a->ring_length[1], (int)a->ring_length[2], "rings", (int)a->rings[0],
        (int)a->rings[1], (int)a->rings[2], "brokenRings", (int)a->broken_rings[0], (int)a->broken_rings[1],
        (int)a->broken_rings[2], "allReduceTime", a->all_reduce_time, "bisection", (int)a->bisection,
        "allToAllSlowDown", a->all_to_all_slow_down, "allReduceSlowDown", a->all_reduce_slow_down);
    return ctl_print_value(ctl, json_pack("{s:s, s:s, s:i, s:i, s:o}", "name", slice->name, "topology",
                                          slice->topology, "generation", (int)slice->generation,
                                          "missingLinks", (int)slice->n_missing_links, "analysis", analysis));
}

int ctl_print_analysis(struct ctl *ctl, const Heliostat__V1__Slice *slice) {
    uint16_t(*missing)[3] = ctl_alloc(ctl, sizeof(*missing) * TOPO_POSITIONS_MAX);
    struct topo_shape shape;
    struct topo_analysis a;
    char error[200];
    if (topo_shape_parse(slice->topology, &shape, error, sizeof(error)) != 0)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "%s: %s", slice->topology, error);
    mark_missing(slice, missing);
    if (topo_analyze(&shape, missing, &a) != 0)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "%s cannot be analysed: out of memory", slice->topology);
    if (ctl_wants_json(ctl))
        return print_json(ctl, slice, &a);
    printf("\nNetwork       %s, %zu links missing\n", a.connected ? "connected" : "NOT CONNECTED",
           slice->n_missing_links);
    printf("Distances     diameter %u hops, average %.3f\n", a.diameter, a.average_hops);
    printf("Link load     x %.2f, y %.2f, z %.2f, busiest %.2f (uniform all-to-all, each pair 1%s)\n",
           a.load[0], a.load[1], a.load[2], a.load_max, a.load_sources < a.n_chips ? "; an estimate" : "");
    if (a.ring_length[0])
        printf("Rings         x %u of %u chips, y %u of %u, z %u of %u; broken: %u, %u, %u\n", a.rings[0],
               a.ring_length[0], a.rings[1], a.ring_length[1], a.rings[2], a.ring_length[2],
               a.broken_rings[0], a.broken_rings[1], a.broken_rings[2]);
    else
        puts("Rings         none: a mesh");
    printf("Bisection     %u links\n", a.bisection);
    printf("All-to-all    %.3f byte times a byte, %.3f of the whole slice's\n", a.all_to_all_time,
           a.all_to_all_slow_down);
    printf("All-reduce    %.3f byte times a byte, %.3f of the whole slice's\n", a.all_reduce_time,
           a.all_reduce_slow_down);
    return 0;
}
