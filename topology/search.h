#pragma once
/* The search behind every whole-cube plan: which candidate stands at which open position.
 *
 * One sum is minimised, its parts so far apart that they form an order: costly cubes (spares, cubes new to
 * the slice), links missing, mirror moves, failure domains. Moves are circuits to remove plus circuits to
 * add. Branch and bound over positions in breadth-first order, started from greedy descents that follow lit
 * circuits. Every part is bounded from below per cube face, so that stopping early reports a true gap.
 *
 * Used inside topology/ only. */
#include "topology/plan.h"

#define TOPO_UNPLACED UINT16_MAX

struct topo_search_task {
    const struct topo_pod *pod;
    const struct topo_shape *shape;
    uint16_t at[TOPO_POSITIONS_MAX]; /* the cube that stays, or TOPO_UNPLACED */
    uint16_t candidates[TOPO_CUBES_MAX];
    unsigned n_candidates;
    struct topo_cube_set costly;
    unsigned limit[3]; /* missing links of each dimension */
    enum topo_domain_aim aim;
    const uint8_t *domain_of; /* by cube; for an aim */
    const uint16_t *hint;     /* a first arrangement by position, or NULL */
    unsigned effort;          /* 0: as much as fits into a plan's time */
};

struct topo_search_result {
    uint16_t cubes[TOPO_POSITIONS_MAX];
    unsigned missing[3];
    bool proven;             /* nothing better exists, or nothing exists */
    unsigned moves_at_least; /* with as few missing links */
};

/* 0 with an arrangement, or TOPO_REFUSED: none within the limits, a certainty when ret->proven. */
__attribute__((warn_unused_result)) int topo_search(const struct topo_search_task *task,
                                                    struct topo_search_result *ret);

/* The cubes' fibers end on the same switches and sides: either can stand for the other. */
bool topo_same_wiring(const struct topo_wiring *wiring, unsigned one, unsigned other);
