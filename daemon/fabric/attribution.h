#pragma once
/* Where a fault is: told from which links are dark, and who says so. */
#include "daemon/fabric/state.h"

struct attribution {
    uint64_t bad_switches; /* a bit each: two or more links through it are dark, of no common cube */
    struct topo_cube_set dark_cubes;     /* more than half of the cube's links are dark */
    uint16_t dark_links[TOPO_OCSES_MAX]; /* links through the switch that are dark at both ends */
};

/* From what hosts that are heard said. A dead host says nothing: its links are no evidence here. */
void attribution_of(const struct fabric_pod *pod, int64_t now_us, struct attribution *ret_attribution);
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
