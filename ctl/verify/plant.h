#pragma once
/* The fabric as messages describe it: fibers, circuits read back, what hosts see. */
#include "ctl/verify/report.h"
#include "heliostat/v1/circuit.pb-c.h"
#include "heliostat/v1/host.pb-c.h"
#include "heliostat/v1/inventory.pb-c.h"
#include "heliostat/v1/pod.pb-c.h"

#define VERIFY_CUBES_MAX 1024
#define VERIFY_ENDS_PER_CUBE 96
#define VERIFY_NONE (-1)

/* An end is one face link of one cube: cube * 96 + face * 16 + index, faces +x -x +y -y +z -z. */
static inline int verify_end(unsigned cube, unsigned dimension, bool minus, unsigned index) {
    return (int)(cube * VERIFY_ENDS_PER_CUBE + (2 * dimension + minus) * 16 + index);
}
static inline unsigned verify_end_cube(int end) {
    return (unsigned)end / VERIFY_ENDS_PER_CUBE;
}

struct verify_port {
    int ocs; /* VERIFY_NONE: no fiber */
    unsigned side, port;
};

struct verify_sight {
    bool heard, light;
    int far; /* the end that is seen; VERIFY_NONE: none, or none that exists */
};

struct verify_ocs {
    const char *name;
    unsigned ports[2]; /* sides A and B */
    int *end_of[2];    /* by port from 1; VERIFY_NONE: not cabled */
    unsigned *peer[2]; /* the port at the other end of the circuit; 0: none */
    bool unread;       /* circuits are as last read */
};

struct verify_plant {
    unsigned n_cubes; /* indices below it exist */
    const char **cube_names;
    struct verify_ocs *ocses;
    unsigned n_ocses;
    struct verify_port *port_of;           /* by end */
    struct verify_sight *sight;            /* by end */
    const Heliostat__V1__Slice **slice_of; /* by cube; of a cube in several part-cube slices: one of them */
    const Heliostat__V1__CubeStatus **status_of; /* by cube */
    bool *moving;                                /* by cube: of a slice with a change in flight */
};

/* Adds to the report what contradicts itself. 0, -ENOMEM or -EINVAL (the inventory is not one). deinit in
 * every case. Nothing of slices is filled in. */
__attribute__((warn_unused_result)) int
verify_plant_init(struct verify_plant *plant, const Heliostat__V1__Pod *pod,
                  const Heliostat__V1__PodStatus *status, const Heliostat__V1__ListCircuitsResponse *circuits,
                  Heliostat__V1__OpticalLink *const *links, size_t n_links, struct verify_report *report);
void verify_plant_deinit(struct verify_plant *plant);

/* By name, which may leave the pod out. VERIFY_NONE where there is none. */
int verify_find_cube(const struct verify_plant *plant, const char *name);
int verify_find_ocs(const struct verify_plant *plant, const char *name);
/* "+x" -> dimension and sign. */
bool verify_read_face(const char *face, unsigned *ret_dimension, bool *ret_minus);
/* Where an end leads by record: fiber, circuit, fiber. VERIFY_NONE: nowhere. */
int verify_record_peer(const struct verify_plant *plant, int end);

struct verify_end_text {
    char text[192];
};
/* "pod/cube-07 +x 5" */
struct verify_end_text verify_end_name(const struct verify_plant *plant, int end);
/* "pod/cube-07 +x 5 (pod/ocs-x-05 A8)" */
struct verify_end_text verify_end_and_port(const struct verify_plant *plant, int end);
