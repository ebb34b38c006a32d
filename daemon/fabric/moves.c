#include "daemon/fabric/moves.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/observe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fabric_plan_deinit(struct fabric_plan *plan) {
    link_list_deinit(&plan->missing);
    free(plan->choices);
    plan->choices = NULL;
}

static enum link_cause cause_of(const struct fabric_pod *pod, const struct topo_link *link) {
    if (link->ocs < 0)
        return LINK_CAUSE_NO_FIBER;
    return observe_is_usable(&pod->ocs[link->ocs]) ? LINK_CAUSE_PORT_FAILED : LINK_CAUSE_OCS_LOST;
}

int moves_find_missing(const struct fabric_pod *pod, struct slice_version *version) {
    struct slice_link *links = malloc(sizeof(*links) * TOPO_LINKS_PER_POSITION * version->shape.n_cubes);
    unsigned count = 0;
    if (!links)
        return -ENOMEM;
    for (unsigned position = 0; version->shape.whole_cubes && position < version->shape.n_cubes; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++) {
            unsigned next = topo_shape_next(&version->shape, position, dimension);
            uint16_t missing =
                topo_bundle_missing(&pod->plan, version->cubes[position], version->cubes[next], dimension);
            for (unsigned index = 0; missing >> index; index++) {
                if (!(missing >> index & 1))
                    continue;
                struct topo_link link =
                    topo_link_at(pod->wiring, &version->shape, version->cubes, position, dimension, index);
                links[count++] = (struct slice_link){(uint16_t)position, (uint8_t)dimension, (uint8_t)index,
                                                     (uint8_t)cause_of(pod, &link)};
            }
        }
    link_list_set(&version->missing, links, count);
    return 0;
}

static bool is_of(const struct slice_version *version, unsigned cube) {
    for (unsigned position = 0; position < version->shape.n_cubes; position++)
        if (version->cubes[position] == cube)
            return true;
    return false;
}

/* The circuits on the ports of the new slice's cubes that it does not want go; so do those of a cube that was
 * taken out because it is not healthy. */
static bool will_go(const struct fabric_pod *pod, const struct fabric_ocs *ocs, unsigned a,
                    const struct slice_version *before, const struct slice_version *after) {
    const uint16_t ends[2] = {pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a],
                              pod->wiring->end_of[ocs->index][TOPO_SIDE_B][ocs->port[a].observed_b]};
    for (unsigned i = 0; i < 2; i++) {
        if (ends[i] == TOPO_NO_END)
            continue;
        unsigned cube = topo_end_cube(ends[i]);
        if (is_of(after, cube) ||
            (before && is_of(before, cube) && pod->cube[cube].health == HEALTH_UNHEALTHY))
            return true;
    }
    return false;
}

int moves_describe(const struct fabric_slice *slice, const struct slice_version *before,
                   const struct slice_version *after, struct fabric_plan *ret_plan) {
    const struct fabric_pod *pod = slice->pod;
    /* Why the cubes were chosen may have been written down already. */
    struct fabric_plan plan = {.pod = pod,
                               .shape = after->shape,
                               .host_mask = after->host_mask,
                               .choices = before ? NULL : ret_plan->choices,
                               .opens_cube = before ? false : ret_plan->opens_cube};
    static uint16_t want[TOPO_OCSES_MAX][TOPO_PORTS_MAX + 1];
    memset(want, 0, sizeof(want));
    snprintf(plan.slice, sizeof(plan.slice), "%s", slice->name);
    memcpy(plan.cubes, after->cubes, sizeof(plan.cubes));
    if (link_list_copy(&after->missing, &plan.missing) < 0)
        return -ENOMEM;
    for (unsigned position = 0; after->shape.whole_cubes && position < after->shape.n_cubes; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++)
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                struct topo_link link =
                    topo_link_at(pod->wiring, &after->shape, after->cubes, position, dimension, index);
                if (link.ocs >= 0 && observe_is_usable(&pod->ocs[link.ocs]))
                    want[link.ocs][link.a] = link.b;
            }
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        const struct fabric_ocs *ocs = &pod->ocs[i];
        struct fabric_moves moves = {.ocs = ocs};
        for (unsigned a = 1; a <= ocs->ports_a; a++) {
            unsigned observed = ocs->port[a].observed_b;
            moves.kept += want[i][a] && want[i][a] == observed;
            moves.added += want[i][a] && want[i][a] != observed;
            moves.removed += observed && want[i][a] != observed && will_go(pod, ocs, a, before, after);
        }
        if (moves.kept + moves.added + moves.removed == 0)
            continue;
        plan.moves[plan.n_moves++] = moves;
        plan.kept += moves.kept;
        plan.added += moves.added;
        plan.removed += moves.removed;
    }
    *ret_plan = plan;
    return 0;
}

/* The same rule as for circuits of former slices. */
static bool may_stay_dark(const struct fabric_cube *cube) {
    return (cube->health == HEALTH_HEALTHY || cube->health == HEALTH_UNKNOWN) &&
           cube->scheduling == SCHEDULING_SCHEDULABLE;
}

void fabric_plan_deletion(const struct fabric_slice *slice, struct fabric_deletion *ret_deletion) {
    const struct fabric_pod *pod = slice->pod;
    const struct slice_version *version = slice->accepted;
    *ret_deletion = (struct fabric_deletion){0};
    for (unsigned position = 0; position < version->shape.n_cubes; position++) {
        const struct fabric_cube *cube = &pod->cube[version->cubes[position]];
        ret_deletion->is_open[position] =
            cube->health == HEALTH_HEALTHY && cube->scheduling == SCHEDULING_SCHEDULABLE;
        for (unsigned link_at = 0; version->shape.whole_cubes && link_at < TOPO_LINKS_PER_POSITION;
             link_at++) {
            unsigned dimension = link_at / TOPO_INDICES;
            unsigned next = topo_shape_next(&version->shape, position, dimension);
            struct topo_link link = topo_link_at(pod->wiring, &version->shape, version->cubes, position,
                                                 dimension, link_at % TOPO_INDICES);
            if (link.ocs < 0 || pod->ocs[link.ocs].port[link.a].observed_b != link.b)
                continue;
            bool stays = may_stay_dark(cube) && may_stay_dark(&pod->cube[version->cubes[next]]) &&
                         !maintenance_clears(pod, (unsigned)link.ocs, link.a, link.b);
            ret_deletion->stay_dark += stays;
            ret_deletion->removed += !stays;
        }
    }
}
