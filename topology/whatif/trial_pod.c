#include "topology/whatif/trial_pod.h"

#include <string.h>

/* Takes the circuit at one end away, at its far end too. Marks the cubes whose lit ends changed. */
static bool cut(struct topo_pod *pod, unsigned cube, unsigned face, unsigned index,
                struct topo_cube_set *changed) {
    int far = pod->lit_far[cube][face][index];
    if (far == TOPO_LIT_NONE)
        return false;
    pod->lit_far[cube][face][index] = TOPO_LIT_NONE;
    topo_set_add(changed, cube);
    if (far >= 0) {
        pod->lit_far[far][face ^ 1][index] = TOPO_LIT_NONE;
        topo_set_add(changed, (unsigned)far);
    }
    return true;
}

static void refresh(struct topo_pod *pod, const struct topo_cube_set *changed) {
    for (unsigned word = 0; word < TOPO_CUBE_WORDS; word++)
        for (uint64_t rest = changed->word[word]; rest; rest &= rest - 1)
            topo_pod_refresh_cube(pod, word * 64 + (unsigned)__builtin_ctzll(rest));
}

static void connect(struct topo_pod *pod, unsigned from, unsigned to, unsigned dimension,
                    struct topo_cube_set *changed) {
    unsigned plus = topo_face(dimension, false), minus = topo_face(dimension, true);
    uint16_t missing = topo_bundle_missing(pod, from, to, dimension);
    for (unsigned index = 0; index < TOPO_INDICES; index++) {
        if (missing >> index & 1 || pod->lit_far[from][plus][index] == (int)to)
            continue;
        cut(pod, from, plus, index, changed);
        cut(pod, to, minus, index, changed);
        pod->lit_far[from][plus][index] = (int16_t)to;
        pod->lit_far[to][minus][index] = (int16_t)from;
        topo_set_add(changed, from);
        topo_set_add(changed, to);
    }
}

void whatif_occupy(struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes) {
    struct topo_cube_set changed = {0};
    for (unsigned position = 0; position < shape->n_cubes; position++) {
        topo_set_add(&pod->used, cubes[position]);
        for (unsigned dimension = 0; dimension < 3; dimension++)
            connect(pod, cubes[position], cubes[topo_shape_next(shape, position, dimension)], dimension,
                    &changed);
    }
    refresh(pod, &changed);
}

void whatif_release(struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes) {
    for (unsigned position = 0; position < shape->n_cubes; position++) {
        topo_set_remove(&pod->used, cubes[position]);
        pod->slice_of[cubes[position]] = 0;
    }
}

unsigned whatif_darken(struct topo_pod *pod, unsigned cube) {
    struct topo_cube_set changed = {0};
    unsigned removed = 0;
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++)
            removed += cut(pod, cube, face, index, &changed);
    refresh(pod, &changed);
    return removed;
}

unsigned whatif_occupy_part(struct topo_pod *pod, unsigned cube, uint16_t hosts) {
    topo_set_add(&pod->used, cube);
    pod->used_hosts[cube] |= hosts;
    return whatif_darken(pod, cube);
}

void whatif_release_part(struct topo_pod *pod, unsigned cube, uint16_t hosts) {
    pod->used_hosts[cube] &= (uint16_t)~hosts;
    if (!pod->used_hosts[cube])
        topo_set_remove(&pod->used, cube);
}

/* A cube that lacks more than the ends on dead switches. */
static bool is_damaged(const struct topo_pod *pod, unsigned cube) {
    for (unsigned face = 0; face < TOPO_FACES; face++)
        if (pod->bad_ends[cube][face] || pod->wiring->has_fiber[cube][face] != UINT16_MAX)
            return true;
    return false;
}

unsigned whatif_free_cubes(const struct topo_pod *pod, bool degraded) {
    unsigned n = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++)
        n += !topo_pod_is_barred(pod, cube, NULL) &&
             !(degraded ? is_damaged(pod, cube) : pod->damage[cube] != 0);
    return n;
}

void whatif_tolerance(const struct topo_pod *pod, unsigned n_cubes, unsigned ret_tolerate[3]) {
    memset(ret_tolerate, 0, sizeof(unsigned) * 3);
    for (unsigned dimension = 0; pod->bad_ocses && dimension < 3; dimension++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            /* Every cube has this link on the same switch; where it is not so, cube 0 speaks for all. */
            int ocs = pod->wiring->port_of[topo_end(0, topo_face(dimension, false), index)].ocs;
            if (ocs >= 0 && pod->bad_ocses >> ocs & 1)
                ret_tolerate[dimension] += n_cubes;
        }
}

/* Of one number of cubes, the shape most like a cube; plain. */
static bool roundest(unsigned n, struct topo_shape *ret_shape) {
    unsigned best = UINT32_MAX;
    for (unsigned a = 1; a * a * a <= n; a++)
        for (unsigned b = a; a * b * b <= n; b++) {
            if (n % (a * b))
                continue;
            unsigned c = n / (a * b), faces = a * b + b * c + a * c;
            uint16_t cubes[3] = {(uint16_t)a, (uint16_t)b, (uint16_t)c};
            struct topo_shape shape;
            if (faces < best && topo_shape_of_cubes(cubes, false, &shape) == 0) {
                best = faces;
                *ret_shape = shape;
            }
        }
    return best != UINT32_MAX;
}

bool whatif_largest(const struct topo_pod *pod, bool degraded, struct topo_shape *ret_shape) {
    unsigned n = whatif_free_cubes(pod, degraded), limit = pod->largest_slice_cubes;
    struct topo_plan plan;
    struct topo_refusal refusal;
    for (n = n < limit ? n : limit; n > 0; n--) {
        struct topo_request request = {.use_spares = true};
        if (!roundest(n, &request.shape))
            continue;
        if (degraded)
            whatif_tolerance(pod, n, request.tolerate_missing);
        if (topo_plan_create(pod, &request, &plan, &refusal) == 0) {
            *ret_shape = request.shape;
            return true;
        }
    }
    return false;
}
