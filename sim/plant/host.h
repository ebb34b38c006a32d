#pragma once
/* What a host sees of its chips and link ends, as the message that it sends. */
#include "heliostat/v1/host.pb-c.h"
#include "sim/plant/plant.h"

#define SIM_HOST_LINKS (SIM_HOST_CHIPS * SIM_FACES)

/* A request with room for everything it points to; lives where the caller puts it, never moves. */
struct sim_report {
    Heliostat__V1__ReportHostRequest request;
    Heliostat__V1__HostReport report;
    protobuf_c_boolean chips_ok[SIM_HOST_CHIPS];
    Heliostat__V1__LinkReport links[SIM_HOST_LINKS];
    Heliostat__V1__LinkReport *link_pointers[SIM_HOST_LINKS];
    Heliostat__V1__ChipPlace far_ends[SIM_HOST_LINKS];
};

/* Fills the report and clears the host's `changed`. Strings belong to the plant. */
void sim_host_report(struct sim_plant *plant, int32_t cube, uint32_t host, int64_t now_us,
                     struct sim_report *report);
/* Whether the host would report at all. */
bool sim_host_speaks(const struct sim_plant *plant, int32_t cube, uint32_t host);
