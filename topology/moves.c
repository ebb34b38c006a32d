#include "topology/plan.h"

static bool is_commandable(const struct topo_pod *pod, unsigned cube, unsigned face, unsigned index) {
    int ocs = pod->wiring->port_of[topo_end(cube, face, index)].ocs;
    return ocs >= 0 && !(pod->bad_ocses >> ocs & 1);
}

/* Circuits on the faces of the cubes, each counted once: at its + end, or at its - end when the + end is not
 * on one of the cubes. */
static unsigned count_circuits(const struct topo_pod *pod, const struct topo_cube_set *cubes) {
    unsigned circuits = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        if (!topo_set_has(cubes, cube))
            continue;
        for (unsigned face = 0; face < TOPO_FACES; face++) {
            if (pod->lit_ends[cube][face] == 0)
                continue;
            if (pod->lit_most[cube][face] == pod->lit_ends[cube][face]) {
                if (face % 2 == 0 || !topo_set_has(cubes, (unsigned)pod->lit_to[cube][face]))
                    circuits += pod->lit_ends[cube][face];
                continue;
            }
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                int far = pod->lit_far[cube][face][index];
                if (far != TOPO_LIT_NONE && is_commandable(pod, cube, face, index) &&
                    (face % 2 == 0 || far < 0 || !topo_set_has(cubes, (unsigned)far)))
                    circuits++;
            }
        }
    }
    return circuits;
}

void topo_plan_count_moves(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
                           const struct topo_cube_set *leaving, unsigned *ret_removals,
                           unsigned *ret_additions) {
    struct topo_cube_set touched = {0};
    if (leaving)
        touched = *leaving;
    for (unsigned position = 0; position < shape->n_cubes; position++)
        topo_set_add(&touched, cubes[position]);
    unsigned kept = 0, additions = 0;
    for (unsigned position = 0; position < shape->n_cubes; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++) {
            unsigned from = cubes[position], plus = topo_face(dimension, false);
            unsigned to = cubes[topo_shape_next(shape, position, dimension)];
            uint16_t missing = topo_bundle_missing(pod, from, to, dimension);
            if (pod->lit_ends[from][plus] == 0) {
                additions += TOPO_INDICES - (unsigned)__builtin_popcount(missing);
                continue;
            }
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                if (pod->lit_far[from][plus][index] == (int)to && is_commandable(pod, from, plus, index))
                    kept++;
                else if (!(missing >> index & 1))
                    additions++;
            }
        }
    *ret_removals = count_circuits(pod, &touched) - kept;
    *ret_additions = additions;
}
