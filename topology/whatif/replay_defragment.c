#include <stdlib.h>
#include <string.h>

#include "topology/defrag.h"
#include "topology/whatif/replay_state.h"

#define SEARCH_STEPS 20000

/* A job that stands still while it is moved. */
static void delay(struct whatif_replay_state *s, uint32_t job) {
    int64_t still_ms = s->input->policy.move_ms;
    struct whatif_run *run = &s->runs[job];
    unsigned hosts = whatif_shape_of(s, job)->whole_cubes ? whatif_shape_of(s, job)->n_cubes * 16u
                                                          : topo_part_hosts(whatif_shape_of(s, job));
    if (run->begin_ms > s->now_ms) {
        run->begin_ms += still_ms;
    } else {
        run->left_ms -= s->now_ms - run->begin_ms;
        run->begin_ms = s->now_ms + still_ms;
    }
    s->results[job].lost_ms += still_ms;
    s->result.lost_host_ms += still_ms * (int64_t)hosts;
    s->result.moved_jobs++;
    whatif_set_end(s, job, run->begin_ms + run->left_ms);
}

/* With switches whole cubes need no neighbours; what stands in the way is cubes that are cut. */
static bool gather_parts(struct whatif_replay_state *s, unsigned n_cubes) {
    struct topo_part *parts = malloc(TOPO_DEFRAG_PARTS_MAX * sizeof(*parts));
    struct topo_defrag_plan *plan = malloc(sizeof(*plan));
    uint32_t *places = malloc(TOPO_DEFRAG_PARTS_MAX * sizeof(*places));
    struct topo_refusal refusal;
    unsigned n = 0;
    bool done = false;
    s->out_of_memory |= !parts || !plan || !places;
    for (uint32_t i = 0; parts && plan && places && i < s->n_places && n < TOPO_DEFRAG_PARTS_MAX; i++)
        if (s->places[i].job != WHATIF_NONE && s->places[i].hosts) {
            parts[n] = (struct topo_part){*whatif_shape_of(s, s->places[i].job), s->places[i].cubes[0],
                                          s->places[i].hosts, false};
            places[n++] = i;
        }
    if (n && topo_defrag(&s->pod, parts, n, n_cubes, SEARCH_STEPS, plan, &refusal) == 0) {
        for (unsigned i = 0; i < plan->n_moves; i++) {
            struct whatif_place *place = &s->places[places[plan->moves[i].part]];
            whatif_release_part(&s->pod, place->cubes[0], place->hosts);
            place->cubes[0] = plan->moves[i].to.cube;
            place->hosts = plan->moves[i].to.hosts;
            whatif_occupy_part(&s->pod, place->cubes[0], place->hosts);
            whatif_note(s, WHATIF_STEP_MOVE, place->job, 0);
            delay(s, place->job);
        }
        done = true;
    }
    free(parts);
    free(plan);
    free(places);
    return done;
}

struct box_order {
    uint32_t place; /* WHATIF_NONE: the job that waits */
    unsigned n_cubes;
};

static int larger_first(const void *one, const void *other) {
    const struct box_order *a = one, *b = other;
    if (a->n_cubes != b->n_cubes)
        return a->n_cubes < b->n_cubes ? 1 : -1;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* In a fixed torus all boxes are packed anew, the largest first, with the job that waits among them. */
static bool repack(struct whatif_replay_state *s, uint32_t job) {
    struct box_order order[TOPO_CUBES_MAX + 1];
    struct topo_fixed_place boxes[TOPO_CUBES_MAX + 1];
    unsigned n = 0;
    struct topo_cube_set open = {0};
    order[n++] = (struct box_order){WHATIF_NONE, whatif_shape_of(s, job)->n_cubes};
    for (unsigned cube = 0; cube < s->pod.wiring->n_cubes; cube++)
        if (!topo_pod_is_barred(&s->pod, cube, NULL))
            topo_set_add(&open, cube);
    for (uint32_t i = 0; i < s->n_places; i++)
        if (s->places[i].job != WHATIF_NONE && !s->places[i].hosts) {
            const struct topo_shape *shape = whatif_shape_of(s, s->places[i].job);
            order[n++] = (struct box_order){i, shape->n_cubes};
            for (unsigned p = 0; p < shape->n_cubes; p++)
                if (!s->pod.bad_hosts[s->places[i].cubes[p]])
                    topo_set_add(&open, s->places[i].cubes[p]);
        }
    qsort(order, n, sizeof(*order), larger_first);
    for (unsigned i = 0; i < n; i++) {
        uint32_t owner = order[i].place == WHATIF_NONE ? job : s->places[order[i].place].job;
        struct topo_shape shape = *whatif_shape_of(s, owner);
        shape.twist = TOPO_TWIST_NONE;
        if (topo_fixed_place(&s->fixed, &open, &shape, TOPO_FIXED_FIRST_FIT, &boxes[i]))
            return false;
        for (unsigned p = 0; p < shape.n_cubes; p++)
            topo_set_remove(&open, boxes[i].cubes[p]);
    }
    for (unsigned i = 0; i < n; i++)
        if (order[i].place != WHATIF_NONE) {
            struct whatif_place *place = &s->places[order[i].place];
            for (unsigned p = 0; p < order[i].n_cubes; p++)
                topo_set_remove(&s->pod.used, place->cubes[p]);
        }
    for (unsigned i = 0; i < n; i++) {
        if (order[i].place == WHATIF_NONE)
            continue;
        struct whatif_place *place = &s->places[order[i].place];
        bool moved = memcmp(place->cubes, boxes[i].cubes, sizeof(*place->cubes) * order[i].n_cubes) != 0;
        memcpy(place->cubes, boxes[i].cubes, sizeof(*place->cubes) * order[i].n_cubes);
        for (unsigned p = 0; p < order[i].n_cubes; p++)
            topo_set_add(&s->pod.used, place->cubes[p]);
        if (moved) {
            whatif_note(s, WHATIF_STEP_MOVE, place->job, 0);
            delay(s, place->job);
        }
    }
    return true;
}

bool whatif_defragment(struct whatif_replay_state *s, uint32_t job) {
    const struct topo_shape *shape = whatif_shape_of(s, job);
    if (!s->input->policy.defragment || s->now_ms < s->next_defragment_ms || !shape->whole_cubes)
        return false;
    s->next_defragment_ms = s->now_ms + s->input->policy.defragment_every_ms;
    bool done;
    if (s->input->policy.placement == WHATIF_FIXED_TORUS) {
        done = repack(s, job);
    } else {
        unsigned n_free = 0;
        for (unsigned cube = 0; cube < s->pod.wiring->n_cubes; cube++)
            n_free += !topo_pod_is_barred(&s->pod, cube, NULL) && !topo_set_has(&s->pod.spare, cube);
        done = n_free < shape->n_cubes && gather_parts(s, shape->n_cubes - n_free);
    }
    s->result.defragments += done;
    return done && whatif_place_job(s, job);
}
