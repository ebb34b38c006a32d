#pragma once
/* Words for refusals. Used inside topology/ only. */
#include "topology/plan.h"

/* Sets the reason and returns TOPO_REFUSED. */
int topo_refuse(struct topo_refusal *refusal, enum topo_reason reason);
/* The same with a text. */
__attribute__((format(printf, 3, 4))) int topo_refuse_text(struct topo_refusal *refusal,
                                                           enum topo_reason reason, const char *format, ...);
/* "cube-07", three digits in a pod of more than 100. */
struct topo_cube_name {
    char text[16];
};
struct topo_cube_name topo_name_cube(const struct topo_pod *pod, unsigned cube);
/* Why a whole-cube slice may not use a cube: the first cause that applies, hardest to lift first. */
enum topo_bar {
    TOPO_BAR_NONE,
    TOPO_BAR_USED,
    TOPO_BAR_CUT,
    TOPO_BAR_UNHEALTHY,
    TOPO_BAR_UNSCHEDULABLE,
    TOPO_BAR_UNACCOUNTED,
    TOPO_BAR_UNPROVEN,
    TOPO_BARS,
};
enum topo_bar topo_bar_of(const struct topo_pod *pod, unsigned cube, const struct topo_cube_set *own);
/* 0, or why a cube that was named cannot be had. */
int topo_refuse_pin(const struct topo_pod *pod, const struct topo_cube_set *exclude,
                    const struct topo_cube_set *own, unsigned cube, bool use_spares,
                    struct topo_refusal *refusal);
/* Too few cubes: counts what stands in the way. The reason is NOT_ENOUGH_CUBES. */
int topo_refuse_number(const struct topo_pod *pod, const struct topo_cube_set *exclude,
                       const struct topo_cube_set *own, bool use_spares, unsigned needed, unsigned candidates,
                       struct topo_refusal *refusal);
/* Enough cubes, but links are missing in the best arrangement. */
int topo_refuse_links(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
                      const unsigned missing[3], struct topo_refusal *refusal);
