#pragma once
/* The hosts as clients of the controller: one gRPC connection a cube, over which its 16 hosts report. Each
 * host reports once an interval, and at once when light at one of its links changes. Who fails falls
 * silent: the connection stays, as nobody is left to end it. */
#include "sim/sim.h"

struct sim_host_counts {
    uint64_t sent, accepted, refused;
    int32_t connected; /* cubes */
};

struct sim_hosts *sim_hosts_new(struct sim *sim, const char *socket, int64_t interval_us);
void sim_hosts_free(struct sim_hosts *hosts);
/* Some host's `changed` was set. NULL is fine. */
void sim_hosts_light_changed(struct sim_hosts *hosts);
void sim_hosts_count(const struct sim_hosts *hosts, struct sim_host_counts *ret_counts);
