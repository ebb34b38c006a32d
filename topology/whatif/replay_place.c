#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "topology/whatif/replay_state.h"

static struct topo_shape plain(const struct topo_shape *shape) {
    struct topo_shape result = *shape;
    result.twist = TOPO_TWIST_NONE;
    return result;
}

void whatif_note(struct whatif_replay_state *s, enum whatif_step step, uint32_t job, unsigned moves) {
    s->result.mirror_moves += moves;
    if (!s->input->on_step)
        return;
    struct whatif_step_record record = {.step = step, .time_ms = s->now_ms, .job = job, .moves = moves};
    if (s->runs[job].place != WHATIF_NONE) {
        const struct whatif_place *place = &s->places[s->runs[job].place];
        record.cubes = place->cubes;
        record.n_cubes = place->hosts ? 1 : whatif_shape_of(s, job)->n_cubes;
        record.hosts = place->hosts;
    }
    s->input->on_step(s->input->userdata, &record);
}

/* The lowest free cubes without damage but that of dead switches; spares only from `spares_from` on. */
static unsigned lowest_free(const struct whatif_replay_state *s, unsigned wanted, bool use_spares,
                            uint16_t *ret_cubes) {
    unsigned n = 0;
    for (unsigned pass = 0; pass < (use_spares ? 2u : 1u); pass++)
        for (unsigned cube = 0; cube < s->pod.wiring->n_cubes && n < wanted; cube++)
            if (!topo_pod_is_barred(&s->pod, cube, NULL) && topo_set_has(&s->pod.spare, cube) == (pass == 1))
                ret_cubes[n++] = (uint16_t)cube;
    return n;
}

static struct topo_cube_set free_cubes(const struct topo_pod *pod) {
    struct topo_cube_set set = {0};
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++)
        if (!topo_pod_is_barred(pod, cube, NULL))
            topo_set_add(&set, cube);
    return set;
}

/* Free cubes for a new slice: a quick no. */
static unsigned count_free(const struct topo_pod *pod) {
    unsigned n = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++)
        n += !topo_pod_is_barred(pod, cube, NULL) && !topo_set_has(&pod->spare, cube);
    return n;
}

static bool place_whole(struct whatif_replay_state *s, const struct topo_shape *shape,
                        struct whatif_place *place, unsigned *ret_moves) {
    *ret_moves = 0;
    if (count_free(&s->pod) < shape->n_cubes)
        return false;
    if (s->input->policy.placement == WHATIF_FIXED_TORUS) {
        struct topo_cube_set set = free_cubes(&s->pod);
        struct topo_fixed_place box;
        struct topo_shape straight = plain(shape);
        if (topo_fixed_place(&s->fixed, &set, &straight, TOPO_FIXED_BEST_FIT, &box))
            return false;
        memcpy(place->cubes, box.cubes, sizeof(*box.cubes) * shape->n_cubes);
        for (unsigned i = 0; i < shape->n_cubes; i++)
            topo_set_add(&s->pod.used, place->cubes[i]);
        return true;
    }
    unsigned removals, additions;
    if (s->input->policy.placement == WHATIF_OCS_FIRST_FIT) {
        if (lowest_free(s, shape->n_cubes, false, place->cubes) < shape->n_cubes)
            return false;
        topo_plan_count_moves(&s->pod, shape, place->cubes, NULL, &removals, &additions);
    } else {
        struct topo_request request = {.shape = *shape};
        struct topo_refusal refusal;
        struct topo_plan plan;
        whatif_tolerance(&s->pod, shape->n_cubes, request.tolerate_missing);
        if (topo_plan_create(&s->pod, &request, &plan, &refusal))
            return false;
        memcpy(place->cubes, plan.cubes, sizeof(*plan.cubes) * shape->n_cubes);
        removals = plan.removals;
        additions = plan.additions;
    }
    *ret_moves = removals + additions;
    whatif_occupy(&s->pod, shape, place->cubes);
    return true;
}

static bool place_part(struct whatif_replay_state *s, const struct topo_shape *shape,
                       struct whatif_place *place, unsigned *ret_moves) {
    struct topo_part_request request = {.shape = *shape};
    struct topo_block block;
    struct topo_refusal refusal;
    if (topo_part_place(&s->pod, &request, &block, &refusal))
        return false;
    place->cubes[0] = block.cube;
    place->hosts = block.hosts;
    *ret_moves = whatif_occupy_part(&s->pod, block.cube, block.hosts);
    return true;
}

static uint32_t new_place(struct whatif_replay_state *s) {
    if (s->free_place != WHATIF_NONE) {
        uint32_t place = s->free_place;
        s->free_place = s->places[place].next_free;
        return place;
    }
    if (s->n_places == s->max_places) {
        uint32_t more = s->max_places ? 2 * s->max_places : 64;
        struct whatif_place *places = realloc(s->places, more * sizeof(*places));
        if (!places) {
            s->out_of_memory = true;
            return WHATIF_NONE;
        }
        s->places = places;
        s->max_places = more;
    }
    return s->n_places++;
}

static void drop_place(struct whatif_replay_state *s, uint32_t place) {
    s->places[place].job = WHATIF_NONE;
    s->places[place].next_free = s->free_place;
    s->free_place = place;
}

bool whatif_place_job(struct whatif_replay_state *s, uint32_t job) {
    const struct topo_shape *shape = whatif_shape_of(s, job);
    uint32_t number = new_place(s);
    unsigned moves;
    if (number == WHATIF_NONE)
        return false;
    struct whatif_place *place = &s->places[number];
    place->hosts = 0;
    place->job = job;
    bool placed =
        shape->whole_cubes ? place_whole(s, shape, place, &moves) : place_part(s, shape, place, &moves);
    if (!placed) {
        drop_place(s, number);
        return false;
    }
    s->runs[job].place = number;
    whatif_note(s, WHATIF_STEP_START, job, moves);
    return true;
}

void whatif_leave(struct whatif_replay_state *s, uint32_t job) {
    struct whatif_place *place = &s->places[s->runs[job].place];
    if (place->hosts)
        whatif_release_part(&s->pod, place->cubes[0], place->hosts);
    else
        whatif_release(&s->pod, whatif_shape_of(s, job), place->cubes);
    drop_place(s, s->runs[job].place);
    s->runs[job].place = WHATIF_NONE;
}

bool whatif_swap_cube(struct whatif_replay_state *s, uint32_t job, unsigned position) {
    const struct topo_shape *shape = whatif_shape_of(s, job);
    struct whatif_place *place = &s->places[s->runs[job].place];
    struct topo_cube_set leaving = {0};
    unsigned removals, additions, tolerate[3];
    uint16_t cubes[TOPO_POSITIONS_MAX];
    if (s->input->policy.placement == WHATIF_FIXED_TORUS)
        return false;
    topo_set_add(&leaving, place->cubes[position]);
    memcpy(cubes, place->cubes, sizeof(*cubes) * shape->n_cubes);
    if (s->input->policy.placement == WHATIF_OCS_FIRST_FIT) {
        if (lowest_free(s, 1, true, &cubes[position]) < 1)
            return false;
        topo_plan_count_moves(&s->pod, shape, cubes, &leaving, &removals, &additions);
    } else {
        struct topo_swap swap = {position, -1};
        struct topo_cube_set none = {0};
        struct topo_refusal refusal;
        struct topo_plan plan;
        whatif_tolerance(&s->pod, shape->n_cubes, tolerate);
        if (topo_plan_swap(&s->pod, shape, cubes, &swap, 1, &none, tolerate, true, &plan, &refusal))
            return false;
        memcpy(cubes, plan.cubes, sizeof(*cubes) * shape->n_cubes);
        removals = plan.removals;
        additions = plan.additions;
    }
    topo_set_remove(&s->pod.used, place->cubes[position]);
    whatif_darken(&s->pod, place->cubes[position]);
    topo_set_remove(&s->pod.spare, cubes[position]);
    memcpy(place->cubes, cubes, sizeof(*cubes) * shape->n_cubes);
    whatif_occupy(&s->pod, shape, place->cubes);
    whatif_note(s, WHATIF_STEP_SWAP, job, removals + additions);
    return true;
}

bool whatif_could_place(const struct whatif_replay_state *s, const struct topo_shape *shape) {
    const struct topo_pod *pod = s->input->pod;
    if (!shape->whole_cubes)
        return true;
    if (s->input->policy.placement != WHATIF_FIXED_TORUS) {
        unsigned held = s->input->policy.spares;
        return shape->n_cubes <= pod->largest_slice_cubes && shape->n_cubes + held <= pod->wiring->n_cubes;
    }
    struct topo_cube_set all = {0};
    struct topo_fixed_place box;
    struct topo_shape straight = plain(shape);
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++)
        topo_set_add(&all, cube);
    return topo_fixed_place(&s->fixed, &all, &straight, TOPO_FIXED_FIRST_FIT, &box) == 0;
}

bool whatif_could_place_now(const struct whatif_replay_state *s, const struct topo_shape *shape) {
    const struct topo_pod *pod = &s->pod;
    struct topo_cube_set well = {0};
    struct topo_fixed_place box;
    struct topo_shape straight = plain(shape);
    if (!shape->whole_cubes)
        return true;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++)
        if (!pod->bad_hosts[cube] && !topo_set_has(&pod->unhealthy, cube) &&
            !topo_set_has(&pod->unschedulable, cube) && !topo_set_has(&pod->unaccounted, cube) &&
            !topo_set_has(&pod->spare, cube))
            topo_set_add(&well, cube);
    if (s->input->policy.placement != WHATIF_FIXED_TORUS)
        return topo_set_count(&well) >= shape->n_cubes;
    return topo_fixed_place(&s->fixed, &well, &straight, TOPO_FIXED_FIRST_FIT, &box) == 0;
}

unsigned whatif_free_hosts(const struct whatif_replay_state *s, const struct topo_shape *shape) {
    const struct topo_pod *pod = &s->pod;
    unsigned hosts = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        if (topo_set_has(&pod->spare, cube) || topo_set_has(&pod->unhealthy, cube) ||
            topo_set_has(&pod->unschedulable, cube) || (shape->whole_cubes && pod->bad_hosts[cube]) ||
            (topo_set_has(&pod->used, cube) && !pod->used_hosts[cube]))
            continue;
        uint16_t taken = pod->used_hosts[cube] | pod->bad_hosts[cube];
        hosts += TOPO_HOSTS_PER_CUBE - (unsigned)__builtin_popcount(taken);
    }
    return hosts;
}

unsigned whatif_largest_free(const struct whatif_replay_state *s) {
    unsigned n = count_free(&s->pod), limit = s->pod.largest_slice_cubes;
    if (s->input->policy.placement != WHATIF_FIXED_TORUS)
        return n < limit ? n : limit;
    struct topo_cube_set set = free_cubes(&s->pod);
    unsigned best = 0;
    struct topo_fixed_place box;
    for (uint16_t a = 1; a <= s->fixed.size[2]; a++)
        for (uint16_t b = a; b <= s->fixed.size[2]; b++)
            for (uint16_t c = b; c <= s->fixed.size[2]; c++) {
                uint16_t cubes[3] = {a, b, c};
                struct topo_shape shape;
                unsigned size = (unsigned)a * b * c;
                if (size > best && size <= n && size <= limit &&
                    topo_shape_of_cubes(cubes, false, &shape) == 0 &&
                    topo_fixed_place(&s->fixed, &set, &shape, TOPO_FIXED_FIRST_FIT, &box) == 0)
                    best = size;
            }
    return best;
}
