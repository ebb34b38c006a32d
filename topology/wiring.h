#pragma once
/* The fiber table: which face link of which cube ends on which port of which switch. It is data; nothing in
 * the project computes a port from a cube's number, except topo_wiring_set_default(), which fills the table
 * of a model. */
#include <stdbool.h>
#include <stdint.h>

#define TOPO_CUBES_MAX 256
#define TOPO_OCSES_MAX 64
#define TOPO_PORTS_MAX 320 /* a side */
#define TOPO_FACES 6       /* +x -x +y -y +z -z */
#define TOPO_INDICES 16
#define TOPO_ENDS_PER_CUBE (TOPO_FACES * TOPO_INDICES)
#define TOPO_NO_END UINT16_MAX

enum topo_side { TOPO_SIDE_A = 0, TOPO_SIDE_B = 1 };

/* One end of a link, at a cube: cube * 96 + face * 16 + index. */
static inline uint16_t topo_end(unsigned cube, unsigned face, unsigned index) {
    return (uint16_t)(cube * TOPO_ENDS_PER_CUBE + face * TOPO_INDICES + index);
}
static inline unsigned topo_end_cube(uint16_t end) {
    return end / TOPO_ENDS_PER_CUBE;
}
static inline unsigned topo_end_face(uint16_t end) {
    return end / TOPO_INDICES % TOPO_FACES;
}
static inline unsigned topo_end_index(uint16_t end) {
    return end % TOPO_INDICES;
}
static inline unsigned topo_face(unsigned dimension, bool minus) {
    return 2 * dimension + (minus ? 1 : 0);
}

struct topo_port {
    int16_t ocs; /* -1: no fiber */
    uint8_t side;
    uint16_t port; /* from 1 */
};

struct topo_wiring {
    uint16_t n_cubes, n_ocses;
    uint16_t ports[TOPO_OCSES_MAX][2];
    struct topo_port port_of[TOPO_CUBES_MAX * TOPO_ENDS_PER_CUBE];
    uint16_t end_of[TOPO_OCSES_MAX][2][TOPO_PORTS_MAX + 1]; /* TOPO_NO_END: not cabled */
    /* For each cube, face: the indices that have a fiber. */
    uint16_t has_fiber[TOPO_CUBES_MAX][TOPO_FACES];
    /* All fibers of one (face, index) end on one switch and side, opposite for + and -: any + end can meet
     * any - end. */
    bool uniform;
};

enum topo_wiring_result {
    TOPO_WIRING_OK = 0,
    TOPO_WIRING_BAD_CUBE,
    TOPO_WIRING_BAD_FACE,
    TOPO_WIRING_BAD_INDEX,
    TOPO_WIRING_BAD_OCS,
    TOPO_WIRING_BAD_PORT,
    TOPO_WIRING_END_TAKEN,
    TOPO_WIRING_PORT_TAKEN,
    TOPO_WIRING_TOO_LARGE,
};

/* An empty table. TOPO_WIRING_TOO_LARGE beyond the limits above. */
__attribute__((warn_unused_result)) enum topo_wiring_result
topo_wiring_init(struct topo_wiring *wiring, unsigned n_cubes, unsigned n_ocses);
/* Sizes of a switch; before its fibers. */
__attribute__((warn_unused_result)) enum topo_wiring_result
topo_wiring_set_ocs(struct topo_wiring *wiring, unsigned ocs, unsigned ports_a, unsigned ports_b);
__attribute__((warn_unused_result)) enum topo_wiring_result
topo_wiring_add_fiber(struct topo_wiring *wiring, unsigned cube, unsigned face, unsigned index, unsigned ocs,
                      enum topo_side side, unsigned port);
/* After the last fiber: finds out whether the table is uniform. */
void topo_wiring_seal(struct topo_wiring *wiring);
/* 48 switches, switch 16 * dimension + index; cube c: + end on A port c + 1, - end on B port c + 1; sealed.
 */
__attribute__((warn_unused_result)) enum topo_wiring_result
topo_wiring_set_default(struct topo_wiring *wiring, unsigned n_cubes, unsigned ports_a, unsigned ports_b);
const char *topo_wiring_result_text(enum topo_wiring_result result);
/* "+x" and so on; NULL beyond 5. */
const char *topo_face_name(unsigned face);
