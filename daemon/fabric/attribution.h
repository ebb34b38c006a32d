#pragma once
/* Where a fault is: told from which links are dark, and who says so. */
#include "daemon/fabric/state.h"

/* A link counts when the hosts at both ends are heard and say the same of it in two reports. */
struct attribution {
    uint64_t bad_switches; /* a bit each: has dark links of several cubes, and no one cube in all of them */
    /* Bad, or silent, or either less than repair_settle_us ago: no evidence against a cube. */
    uint64_t doubted_switches;
    struct topo_cube_set dark_cubes; /* doubt aside, more than half of the cube's link ends are dark, and what
                                      * other cubes lost does not explain it */
    uint16_t dark_links[TOPO_OCSES_MAX]; /* links through the switch that are dark at both ends */
};

/* From what hosts that are heard said. A dead host says nothing: its links are no evidence here. */
void attribution_of(const struct fabric_pod *pod, int64_t now_us, struct attribution *ret_attribution);
/* The same; switches that are to blame stay doubted for repair_settle_us. */
void attribution_review(struct fabric_pod *pod, int64_t now_us, struct attribution *ret_attribution);
/* From now on for repair_settle_us its dark links say nothing about cubes. */
void attribution_doubt(struct fabric_ocs *ocs, int64_t now_us);
/* More than half of the cube's link ends did not qualify in that slice, those aside that a switch in doubt or
 * another dark cube explains. */
bool attribution_is_unfit(const struct attribution *attribution, const struct slice_version *version,
                          const struct topo_wiring *wiring, unsigned cube);
/* The link end that a circuit joins to `end` as last read; TOPO_NO_END: none. */
uint16_t attribution_connected_end(const struct fabric_pod *pod, uint16_t end);
/* The host whose chip has that link end. */
unsigned attribution_host_of_end(unsigned face, unsigned index);

/* Cubes that failed one after the other, none longer than settle_us after the one before. */
struct failure_wave {
    unsigned n_cubes;
    bool has_whole_row;
    int64_t newest_us; /* wall */
};
/* The wave that the UNHEALTHY cube belongs to. An operator's word is no failure. */
struct failure_wave attribution_wave(const struct fabric_cube *cube, int64_t settle_us);
