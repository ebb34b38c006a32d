#pragma once
/* From one state of the switches to another: which circuits go and which come, in the order in which they may
 * be sent. */
#include "topology/plan.h"

struct topo_change {
    uint16_t ocs, a, b; /* ports from 1 */
    uint8_t power_domain;
    bool add; /* else remove */
};

#define TOPO_CHANGES_MAX (2 * TOPO_LINKS_MAX)

enum topo_change_result {
    TOPO_CHANGE_OK = 0,
    TOPO_CHANGE_NO_ROOM = 1,          /* *ret_n_changes says how many there are */
    TOPO_CHANGE_INVALID_ARGUMENT = 2, /* shape, cubes: a cube that does not exist or is named twice */
};

/* The changes after which the cubes form the slice and the leaving cubes have no circuit. shape NULL: only
 * the leaving cubes. b_of_a[ocs]: the circuits of a switch over A ports from 1, NULL where not known (nothing
 * is removed there). Sorted by power domain, then switch; on each switch removals before additions. No change
 * for switches of pod->bad_ocses; a link with an end that does not work is not added, and stays where it is
 * as intended. No circuit between ports of other cubes is touched. power_domain_of_ocs may be NULL: all 0.
 * changes: the caller's, of at most TOPO_CHANGES_MAX. */
__attribute__((warn_unused_result)) enum topo_change_result
topo_change_set(const struct topo_pod *pod, const uint16_t *const *b_of_a, const struct topo_shape *shape,
                const uint16_t *cubes, const struct topo_cube_set *leaving,
                const uint8_t *power_domain_of_ocs, struct topo_change *changes, size_t max_changes,
                size_t *ret_n_changes);

/* Gives a slice another shape: grown, shrunk, twisted or untwisted. request: the new shape, exclusions,
 * tolerance, spares, effort; pins are not taken. Aims: the fewest cubes new to the slice, then as
 * topo_plan_create(). Cubes of the slice that are not healthy are given up. pod: the slice's own cubes are in
 * `used` and its circuits are among those that stand. ret_leaving: cubes that the slice gives up; their
 * circuits among each other may stay dark. ret_plan as by topo_plan_create(). */
__attribute__((warn_unused_result)) int
topo_plan_reshape(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
                  const struct topo_request *request, struct topo_plan *ret_plan,
                  struct topo_cube_set *ret_leaving, struct topo_refusal *ret_refusal);
