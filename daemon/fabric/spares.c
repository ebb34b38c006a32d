#include "daemon/fabric/spares.h"
#include "daemon/fabric/change.h"
#include "daemon/fabric/derive.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_good(const struct fabric_cube *cube) {
    return !fabric_cube_is_used(cube) && !cube->held_for &&
           (cube->health == HEALTH_HEALTHY || cube->health == HEALTH_DEGRADED) &&
           cube->scheduling == SCHEDULING_SCHEDULABLE && !cube->has_unaccounted;
}

/* May be chosen anew: what the next slice could get. */
static bool is_free(const struct fabric_cube *cube) {
    return is_good(cube) && cube->health == HEALTH_HEALTHY &&
           !topo_pod_is_barred(&cube->pod->plan, cube->index, NULL);
}

/* Those that are spares already stay; the others are the last ones by number, which slices get last. */
static void pick(const struct fabric_pod *pod, unsigned count, bool per_domain,
                 struct topo_cube_set *ret_spares) {
    unsigned chosen_of[TOPO_CUBES_MAX] = {0};
    *ret_spares = (struct topo_cube_set){0};
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = pod->n_cubes; i-- > 0;) {
            const struct fabric_cube *cube = &pod->cube[i];
            unsigned *chosen = &chosen_of[per_domain ? pod->plan.power_domain[i] : 0];
            bool is_wanted = round == 0 ? cube->is_spare && is_good(cube) : !cube->is_spare && is_free(cube);
            if (is_wanted && *chosen < count) {
                topo_set_add(ret_spares, i);
                ++*chosen;
            }
        }
}

static void choose(struct change *change, struct fabric_pod *pod, const struct topo_cube_set *spares) {
    char name[96];
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        struct fabric_cube *cube = &pod->cube[i];
        bool is_spare = topo_set_has(spares, i);
        if (cube->is_spare == is_spare)
            continue;
        change_cube_before(change, cube);
        cube->is_spare = is_spare;
        int64_t revision = change_add_event(change, "CUBE_SPARE", pod, fabric_cube_name(cube, name), NULL,
                                            is_spare                    ? "held back for repairs"
                                            : fabric_cube_is_used(cube) ? "in use"
                                                                        : "no longer held back",
                                            is_spare ? "" : "SPARE", is_spare ? "SPARE" : "");
        change_cube_done(change, cube, revision);
    }
    change_add_event(change, "CAPACITY_CHANGED", pod, pod->name, NULL, "spares were chosen anew", "", "");
}

static bool is_as_picked(const struct fabric_pod *pod, const struct topo_cube_set *spares) {
    for (unsigned i = 0; i < pod->n_cubes; i++)
        if (pod->cube[i].is_spare != topo_set_has(spares, i))
            return false;
    return true;
}

void spares_review(struct fabric_pod *pod, int64_t now_us) {
    struct topo_cube_set spares;
    if (pod->is_blind || pod->is_importing)
        return;
    pick(pod, pod->spares, pod->spares_per_domain, &spares);
    if (is_as_picked(pod, &spares))
        return;
    struct change *change = change_begin(pod->fabric, "heliostatd", now_us);
    if (!change)
        return;
    choose(change, pod, &spares);
    if (change_submit(change) < 0)
        fabric_mark(pod->fabric);
}

struct wanted {
    unsigned spares;
    bool per_domain;
    int64_t revision;
};

static void revert(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_pod *pod = step->object;
    const struct wanted *before = step->before;
    pod->spares = before->spares;
    pod->spares_per_domain = before->per_domain;
    pod->revision = before->revision;
    free(step->before);
}

static void set_wanted(struct change *change, struct fabric_pod *pod, unsigned count, bool per_domain) {
    struct wanted *before = malloc(sizeof(*before));
    char was[64], is[64];
    if (!before) {
        change->has_failed = true;
        return;
    }
    *before = (struct wanted){pod->spares, pod->spares_per_domain, pod->revision};
    snprintf(was, sizeof(was), "%u%s", pod->spares, pod->spares_per_domain ? " per power domain" : "");
    snprintf(is, sizeof(is), "%u%s", count, per_domain ? " per power domain" : "");
    pod->spares = count;
    pod->spares_per_domain = per_domain;
    pod->revision = change_add_event(change, "POD_SPARES", pod, pod->name, NULL, "", was, is);
    struct store_pod row = pod_row(pod);
    store_put(change->rows, STORE_POD, &row);
    struct step step = {.land = step_forget_before, .revert = revert, .object = pod, .before = before};
    change_add_step(change, &step);
}

int fabric_set_spares(struct fabric *fabric, const struct fabric_actor *actor,
                      const struct fabric_pod *pod_read, unsigned count, bool per_domain, int64_t now_us,
                      struct topo_cube_set *ret_spares, struct fabric_outcome *ret_outcome,
                      struct fabric_refusal *refusal) {
    struct fabric_pod *pod = (struct fabric_pod *)pod_read;
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    if (actor->if_revision && actor->if_revision != pod->revision)
        return refuse(refusal, REASON_REVISION_MOVED, "mutation.if_revision",
                      "pod %s is at revision %lld, the request is for %lld", pod->name,
                      (long long)pod->revision, (long long)actor->if_revision);
    if (pod->is_importing)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "pod", "the inventory of pod %s is being replaced",
                      pod->name);
    if (count > pod->n_cubes)
        return refuse_invalid(refusal, "count", "%u spares; pod %s has %u cubes", count, pod->name,
                              pod->n_cubes);
    derive_pod(pod, now_us);
    pick(pod, count, per_domain, ret_spares);
    *ret_outcome = (struct fabric_outcome){0};
    if (actor->validate_only)
        return 0;
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    set_wanted(change, pod, count, per_domain);
    choose(change, pod, ret_spares);
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, pod->name, ret_outcome);
}
