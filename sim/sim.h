#pragma once
/* What the parts of heliosim with sockets share. All run on one loop, one thread. */
#include "sim/plant/plant.h"

struct event_base;
struct sim_servers;
struct sim_hosts;
struct sim_control;

struct sim {
    struct event_base *base;
    int64_t (*now_us)(void); /* CLOCK_MONOTONIC */
    struct sim_plant plant;
    struct sim_servers *servers;
    struct sim_hosts *hosts; /* NULL without a daemon */
    struct sim_control *control;
};
