#pragma once
/* Light through the plant: transceiver, fiber, port, circuit, other port, other fiber, and out at the far
 * end. */
#include "sim/plant/plant.h"

#define SIM_DARK_MDBM (-40000)

struct sim_light {
    bool light;
    int32_t far_end; /* the link end whose light arrives; SIM_NO_END without light */
    int64_t receive_mdbm;
};

/* The link end that fibers and a circuit join to this one, itself at a loopback plug, whether or not light
 * passes; SIM_NO_END: none. */
int32_t sim_light_joined(const struct sim_plant *plant, int32_t end);
/* What the receiver at a link end sees now. */
struct sim_light sim_light_at(struct sim_plant *plant, int32_t end, int64_t now_us);
/* SIM_DARK_MDBM: nothing is sent. */
int64_t sim_light_sent_mdbm(struct sim_plant *plant, int32_t end);
/* What a power meter at a port reads: light that came in on side A. */
int64_t sim_light_meter_mdbm(struct sim_plant *plant, const struct sim_switch *sw, bool side_b, uint32_t port,
                             int64_t now_us);
