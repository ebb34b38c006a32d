#include "topology/fixed.h"

#include <string.h>

bool topo_fixed_of(unsigned n_cubes, struct topo_fixed *ret_fixed) {
    if (n_cubes == 0 || n_cubes > TOPO_CUBES_MAX)
        return false;
    unsigned best = UINT32_MAX;
    for (unsigned a = 1; a * a * a <= n_cubes; a++)
        for (unsigned b = a; a * b * b <= n_cubes; b++) {
            if (n_cubes % (a * b))
                continue;
            unsigned c = n_cubes / a / b, faces = a * b + b * c + a * c;
            if (faces >= best)
                continue;
            best = faces;
            ret_fixed->size[0] = (uint16_t)a;
            ret_fixed->size[1] = (uint16_t)b;
            ret_fixed->size[2] = (uint16_t)c;
        }
    return true;
}

static unsigned cube_at(const struct topo_fixed *fixed, const unsigned at[3]) {
    const uint16_t *size = fixed->size;
    return at[0] % size[0] + size[0] * (at[1] % size[1] + (unsigned)size[1] * (at[2] % size[2]));
}

static bool is_free_box(const struct topo_fixed *fixed, const struct topo_cube_set *free_cubes,
                        const unsigned origin[3], const unsigned box[3]) {
    for (unsigned z = 0; z < box[2]; z++)
        for (unsigned y = 0; y < box[1]; y++)
            for (unsigned x = 0; x < box[0]; x++) {
                unsigned at[3] = {origin[0] + x, origin[1] + y, origin[2] + z};
                if (!topo_set_has(free_cubes, cube_at(fixed, at)))
                    return false;
            }
    return true;
}

/* Neighbours across the faces of the box that are not free. */
static unsigned count_contact(const struct topo_fixed *fixed, const struct topo_cube_set *free_cubes,
                              const unsigned origin[3], const unsigned box[3]) {
    unsigned contact = 0;
    for (unsigned d = 0; d < 3; d++) {
        if (box[d] == fixed->size[d])
            continue;
        unsigned e = (d + 1) % 3, f = (d + 2) % 3;
        for (unsigned i = 0; i < box[e]; i++)
            for (unsigned j = 0; j < box[f]; j++)
                for (unsigned side = 0; side < 2; side++) {
                    unsigned at[3];
                    at[d] = side ? origin[d] + box[d] : origin[d] + fixed->size[d] - 1;
                    at[e] = origin[e] + i;
                    at[f] = origin[f] + j;
                    contact += !topo_set_has(free_cubes, cube_at(fixed, at));
                }
    }
    return contact;
}

static void fill(const struct topo_fixed *fixed, const struct topo_shape *shape, const unsigned origin[3],
                 const uint8_t axis_map[3], struct topo_fixed_place *place) {
    memset(place, 0, sizeof(*place));
    for (unsigned d = 0; d < 3; d++) {
        place->origin[d] = (uint16_t)origin[d];
        place->axis_map[d] = axis_map[d];
        place->wraps[d] = shape->cubes[d] == fixed->size[axis_map[d]];
    }
    for (unsigned position = 0; position < shape->n_cubes; position++) {
        unsigned in[3] = {position % shape->cubes[0], position / shape->cubes[0] % shape->cubes[1],
                          position / shape->cubes[0] / shape->cubes[1]};
        unsigned at[3] = {origin[0], origin[1], origin[2]};
        for (unsigned d = 0; d < 3; d++)
            at[axis_map[d]] += in[d];
        place->cubes[position] = (uint16_t)cube_at(fixed, at);
    }
}

int topo_fixed_place(const struct topo_fixed *fixed, const struct topo_cube_set *free_cubes,
                     const struct topo_shape *shape, enum topo_fixed_policy policy,
                     struct topo_fixed_place *ret_place) {
    static const uint8_t maps[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    const uint16_t *size = fixed->size;
    if (!topo_shape_is_valid(shape) || !shape->whole_cubes || shape->twist || policy > TOPO_FIXED_BEST_FIT ||
        size[0] == 0 || size[1] == 0 || size[2] == 0 || size[0] * size[1] > TOPO_CUBES_MAX ||
        size[0] * size[1] * size[2] > TOPO_CUBES_MAX)
        return TOPO_FIXED_INVALID;
    bool found = false;
    unsigned most = 0;
    for (unsigned i = 0; i < 6; i++) {
        unsigned box[3], starts[3], origin[3];
        bool fits = true, seen = false;
        for (unsigned d = 0; d < 3; d++)
            box[maps[i][d]] = shape->cubes[d];
        for (unsigned j = 0; j < i; j++) { /* equal sizes make orientations alike */
            bool same = true;
            for (unsigned d = 0; d < 3; d++)
                same &= box[maps[j][d]] == shape->cubes[d];
            seen |= same;
        }
        for (unsigned d = 0; d < 3; d++) {
            fits &= box[d] <= size[d];
            starts[d] = box[d] == size[d] ? 1 : size[d];
        }
        if (!fits || seen)
            continue;
        for (origin[2] = 0; origin[2] < starts[2]; origin[2]++)
            for (origin[1] = 0; origin[1] < starts[1]; origin[1]++)
                for (origin[0] = 0; origin[0] < starts[0]; origin[0]++) {
                    if (!is_free_box(fixed, free_cubes, origin, box))
                        continue;
                    unsigned contact =
                        policy == TOPO_FIXED_BEST_FIT ? count_contact(fixed, free_cubes, origin, box) : 0;
                    if (found && contact <= most)
                        continue;
                    found = true;
                    most = contact;
                    fill(fixed, shape, origin, maps[i], ret_place);
                    if (policy == TOPO_FIXED_FIRST_FIT)
                        return 0;
                }
    }
    return found ? 0 : TOPO_FIXED_NO_BOX;
}
