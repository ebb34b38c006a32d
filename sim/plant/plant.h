#pragma once
/* The emulated plant as data: cubes with their hosts and transceivers, the fibers, the switches. Pure: no
 * socket and no clock. One thread. */
#include "sim/plant/switch.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_FACES 6
#define SIM_FACE_LINKS 16
#define SIM_CUBE_LINKS (SIM_FACES * SIM_FACE_LINKS)
#define SIM_CUBE_HOSTS 16
#define SIM_HOST_CHIPS 4
#define SIM_MAX_CUBES 65536
#define SIM_MAX_SWITCHES 16384
#define SIM_NO_END (-1)

/* "+x" "-x" "+y" "-y" "+z" "-z", in the order of face numbers. */
extern const char *const sim_face_names[SIM_FACES];

/* Where a cube's optical link ends: its transceiver, and the fiber from there to a switch port. Its number is
 * cube x 96 + face x 16 + index, over all pods. */
struct sim_link_end {
    int32_t ocs; /* -1: the fiber is missing */
    bool side_b;
    uint32_t port; /* from 1 */
    int64_t fiber_failed;
    int64_t fiber_loss_mdb;
    int64_t transmitter_failed;
    int64_t transmit_mdbm;
};

struct sim_host {
    bool failed;
    int64_t silent;
    int64_t chip_failed[SIM_HOST_CHIPS]; /* x fastest */
    int64_t chips_in_use;
    bool changed; /* what it would report may have changed since sim_host_report() */
};

struct sim_cube {
    int32_t pod;
    uint32_t index; /* in the pod */
    char *name;     /* POD/cube-07 */
    bool failed;
    struct sim_host hosts[SIM_CUBE_HOSTS];
};

struct sim_pod {
    char *name;
    int32_t first_cube, n_cubes;
    int32_t first_ocs, n_ocses;
};

/* What the world around the plant wants to hear of. Calls come in the middle of a change: take a note, act
 * later. */
struct sim_watcher {
    void *userdata;
    void (*light_changed)(void *userdata);                         /* some host's `changed` was set */
    void (*switch_changed)(void *userdata, struct sim_switch *sw); /* power, settings or settle times */
    void (*command_done)(void *userdata, struct sim_switch *sw);   /* a set command was executed */
    /* Something happened that nobody asked for over SCPI; these mirrors moved. */
    void (*event)(void *userdata, struct sim_switch *sw, const char *cause, const struct sim_move *moves,
                  size_t n_moves);
};

struct sim_plant {
    uint64_t seed;
    int64_t started_us; /* drift counts from here */
    struct sim_pod *pods;
    int32_t n_pods;
    struct sim_cube *cubes;
    int32_t n_cubes;
    struct sim_switch *switches;
    int32_t n_switches;
    struct sim_link_end *ends; /* n_cubes x 96 */
    int64_t sensitivity_mdbm;  /* a receiver sees light from here on */
    struct sim_watcher watcher;
};

void sim_plant_deinit(struct sim_plant *plant);

static inline int32_t sim_end_of(int32_t cube, uint32_t face, uint32_t index) {
    return cube * SIM_CUBE_LINKS + (int32_t)(face * SIM_FACE_LINKS + index);
}
static inline int32_t sim_end_cube(int32_t end) {
    return end / SIM_CUBE_LINKS;
}
static inline uint32_t sim_end_face(int32_t end) {
    return (uint32_t)(end % SIM_CUBE_LINKS) / SIM_FACE_LINKS;
}
static inline uint32_t sim_end_index(int32_t end) {
    return (uint32_t)end % SIM_FACE_LINKS;
}

/* The chip at a link end: its coordinates in the cube. Face index: on an x face y+4z, y face x+4z, z face
 * x+4y. */
void sim_end_chip(int32_t end, uint32_t ret_chip[3]);
/* The host that drives a chip: x/2 + 2(y/2) + 4z. */
uint32_t sim_chip_host(const uint32_t chip[3]);
struct sim_host *sim_end_host(struct sim_plant *plant, int32_t end);

/* The host at that end, and the host at the end that a circuit joins to it, have news. SIM_NO_END is fine. */
void sim_plant_touch(struct sim_plant *plant, int32_t end);
/* Joins link end and port, or takes the fiber away (ocs -1). Keeps the ports' side of the table right. */
void sim_plant_attach(struct sim_plant *plant, int32_t end, int32_t ocs, bool side_b, uint32_t port);
