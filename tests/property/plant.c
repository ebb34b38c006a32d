#include "plant.h"

#include <stdio.h>
#include <string.h>

uint32_t plant_random(struct plant_random *random, uint32_t below) {
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return (uint32_t)((random->state * UINT64_C(2685821657736338717)) >> 33) % below;
}

void plant_init(struct plant *plant, int n_cubes) {
    memset(plant, 0, sizeof(*plant));
    plant->n_cubes = n_cubes;
    for (int cube = 0; cube < n_cubes; cube++)
        for (int face = 0; face < 6; face++)
            for (int index = 0; index < 16; index++)
                plant->fiber[cube][face][index] =
                    (struct plant_fiber){face / 2 * 16 + index, face % 2, cube + 1};
}

void plant_damage(struct plant *plant, struct plant_random *random, int percent, bool strange) {
    for (int cube = 0; cube < plant->n_cubes; cube++) {
        if ((int)plant_random(random, 100) >= percent)
            continue;
        int count = 1 + (int)plant_random(random, 3);
        while (count--) {
            int face = (int)plant_random(random, 6), index = (int)plant_random(random, 3);
            switch (plant_random(random, strange ? 5 : 3)) {
            case 0:
                plant->fiber[cube][face][index].ocs = -1;
                break;
            case 1:
                plant->bad_end[cube][face][index] = true;
                break;
            case 2:
                if (plant_random(random, 4) == 0)
                    plant->bad_ocs[face / 2 * 16 + index] = true;
                break;
            case 3: { /* + and - crossed */
                struct plant_fiber other = plant->fiber[cube][face ^ 1][index];
                plant->fiber[cube][face ^ 1][index] = plant->fiber[cube][face][index];
                plant->fiber[cube][face][index] = other;
                break;
            }
            default: { /* two indices crossed */
                struct plant_fiber other = plant->fiber[cube][face][index + 1];
                plant->fiber[cube][face][index + 1] = plant->fiber[cube][face][index];
                plant->fiber[cube][face][index] = other;
            }
            }
        }
    }
}

int plant_cubes_of(const struct plant_shape *shape) {
    return shape->chips[0] * shape->chips[1] * shape->chips[2] / 64;
}

/* The chip beyond a chip in + direction, by the rules of twisted tori on chips. */
static void next_chip(const struct plant_shape *shape, const int chip[3], int dimension, int ret[3]) {
    const int *n = shape->chips;
    memcpy(ret, chip, 3 * sizeof(int));
    if (++ret[dimension] < n[dimension])
        return;
    ret[dimension] = 0;
    if (!shape->twisted)
        return;
    int k = n[0];
    if (n[1] == k && n[2] == 2 * k) { /* k x k x 2k */
        if (dimension == 0 || dimension == 1)
            ret[2] = (chip[2] + k) % (2 * k);
    } else if (n[1] == 2 * k && n[2] == 2 * k) { /* k x 2k x 2k */
        if (dimension == 0) {
            ret[1] = (chip[1] + k) % (2 * k);
            ret[2] = (chip[2] + k) % (2 * k);
        }
    }
}

static int position_of(const struct plant_shape *shape, const int chip[3]) {
    return chip[0] / 4 + shape->chips[0] / 4 * (chip[1] / 4 + shape->chips[1] / 4 * (chip[2] / 4));
}

static int index_of(const int chip[3], int dimension) {
    int x = chip[0] % 4, y = chip[1] % 4, z = chip[2] % 4;
    return dimension == 0 ? y + 4 * z : dimension == 1 ? x + 4 * z : x + 4 * y;
}

int plant_next(const struct plant_shape *shape, int position, int dimension) {
    int a = shape->chips[0] / 4, b = shape->chips[1] / 4;
    int chip[3] = {4 * (position % a), 4 * (position / a % b), 4 * (position / a / b)}, far[3];
    chip[dimension] += 3;
    next_chip(shape, chip, dimension, far);
    return position_of(shape, far);
}

static bool fibers_meet(const struct plant *plant, int from, int to, int dimension, int index) {
    const struct plant_fiber *one = &plant->fiber[from][2 * dimension][index];
    const struct plant_fiber *other = &plant->fiber[to][2 * dimension + 1][index];
    return one->ocs >= 0 && one->ocs == other->ocs && one->side != other->side;
}

bool plant_is_commandable(const struct plant *plant, int from, int to, int dimension, int index) {
    return fibers_meet(plant, from, to, dimension, index) &&
           !plant->bad_ocs[plant->fiber[from][2 * dimension][index].ocs];
}

bool plant_can_light(const struct plant *plant, int from, int to, int dimension, int index) {
    return plant_is_commandable(plant, from, to, dimension, index) &&
           !plant->bad_end[from][2 * dimension][index] && !plant->bad_end[to][2 * dimension + 1][index];
}

bool plant_is_lit(const struct plant *plant, int from, int to, int dimension, int index) {
    if (!fibers_meet(plant, from, to, dimension, index))
        return false;
    const struct plant_fiber *one = &plant->fiber[from][2 * dimension][index];
    const struct plant_fiber *other = &plant->fiber[to][2 * dimension + 1][index];
    const struct plant_fiber *a = one->side == 0 ? one : other, *b = one->side == 0 ? other : one;
    return plant->b_of_a[one->ocs][a->port] == b->port;
}

/* Visits every optical link of the slice, found chip by chip. */
typedef void plant_visit(void *userdata, int from, int to, int dimension, int index);
static void each_link(const struct plant_shape *shape, const uint16_t *cubes, plant_visit *visit,
                      void *userdata) {
    int chip[3], far[3];
    for (chip[2] = 0; chip[2] < shape->chips[2]; chip[2]++)
        for (chip[1] = 0; chip[1] < shape->chips[1]; chip[1]++)
            for (chip[0] = 0; chip[0] < shape->chips[0]; chip[0]++)
                for (int dimension = 0; dimension < 3; dimension++) {
                    if (chip[dimension] % 4 != 3)
                        continue;
                    next_chip(shape, chip, dimension, far);
                    visit(userdata, cubes[position_of(shape, chip)], cubes[position_of(shape, far)],
                          dimension,
                          index_of(chip, dimension) == index_of(far, dimension) ? index_of(chip, dimension)
                                                                                : -1);
                }
}

struct judge {
    struct plant *plant;
    struct plant_cost cost;
    bool keep[PLANT_OCSES][PLANT_PORTS + 1];
    bool apply;
};

static void judge_link(void *userdata, int from, int to, int dimension, int index) {
    struct judge *judge = userdata;
    struct plant *plant = judge->plant;
    bool can = plant_can_light(plant, from, to, dimension, index);
    judge->cost.missing[dimension] += !can;
    if (!plant_is_commandable(plant, from, to, dimension, index))
        return;
    const struct plant_fiber *one = &plant->fiber[from][2 * dimension][index];
    const struct plant_fiber *other = &plant->fiber[to][2 * dimension + 1][index];
    int a = one->side == 0 ? one->port : other->port, b = one->side == 0 ? other->port : one->port;
    if (plant->b_of_a[one->ocs][a] == b) {
        judge->keep[one->ocs][a] = true;
    } else if (can) {
        judge->cost.additions++;
        if (judge->apply) {
            plant->b_of_a[one->ocs][a] = (uint16_t)b;
            judge->keep[one->ocs][a] = true;
        }
    }
}

static void find_touched(const struct plant *plant, uint64_t cubes,
                         bool touched[PLANT_OCSES][2][PLANT_PORTS + 1]) {
    memset(touched, 0, PLANT_OCSES * 2 * (PLANT_PORTS + 1) * sizeof(bool));
    for (int cube = 0; cube < plant->n_cubes; cube++)
        for (int face = 0; face < 6 && cubes >> cube & 1; face++)
            for (int index = 0; index < 16; index++) {
                const struct plant_fiber *fiber = &plant->fiber[cube][face][index];
                if (fiber->ocs >= 0)
                    touched[fiber->ocs][fiber->side][fiber->port] = true;
            }
}

static struct plant_cost go(struct plant *plant, const struct plant_shape *shape, const uint16_t *cubes,
                            uint64_t leaving, bool apply) {
    static struct judge judge;
    static bool touched[PLANT_OCSES][2][PLANT_PORTS + 1];
    memset(&judge, 0, sizeof(judge));
    judge.plant = plant;
    for (int i = 0; i < plant_cubes_of(shape); i++)
        leaving |= UINT64_C(1) << cubes[i];
    find_touched(plant, leaving, touched);
    each_link(shape, cubes, judge_link, &judge);
    for (int ocs = 0; ocs < PLANT_OCSES; ocs++)
        for (int a = 1; a <= PLANT_PORTS && !plant->bad_ocs[ocs]; a++) {
            int b = plant->b_of_a[ocs][a];
            if (b && !judge.keep[ocs][a] && (touched[ocs][0][a] || touched[ocs][1][b])) {
                judge.cost.removals++;
                if (apply)
                    plant->b_of_a[ocs][a] = 0;
            }
        }
    if (apply) {
        judge.apply = true;
        each_link(shape, cubes, judge_link, &judge);
    }
    return judge.cost;
}

struct plant_cost plant_cost(const struct plant *plant, const struct plant_shape *shape,
                             const uint16_t *cubes, uint64_t leaving) {
    return go((struct plant *)plant, shape, cubes, leaving, false);
}

void plant_apply(struct plant *plant, const struct plant_shape *shape, const uint16_t *cubes,
                 uint64_t leaving) {
    (void)go(plant, shape, cubes, leaving, true);
}

struct walk {
    const struct plant *plant;
    const char *wrong;
    unsigned missing[3];
};

static void walk_link(void *userdata, int from, int to, int dimension, int index) {
    struct walk *walk = userdata;
    const struct plant *plant = walk->plant;
    if (index < 0) {
        walk->wrong = "a link joins two chips with different face indices";
        return;
    }
    bool can = plant_can_light(plant, from, to, dimension, index);
    bool lit = plant_is_lit(plant, from, to, dimension, index);
    walk->missing[dimension] += !can;
    if (can && !lit)
        walk->wrong = "a link that can be lit is not lit";
    if (lit)
        return;
    /* Not lit as wanted: then the port must be dark altogether. */
    const struct plant_fiber *fiber = &plant->fiber[from][2 * dimension][index];
    if (fiber->ocs >= 0 && !plant->bad_ocs[fiber->ocs]) {
        bool busy = fiber->side == 0 && plant->b_of_a[fiber->ocs][fiber->port];
        for (int a = 1; a <= PLANT_PORTS && fiber->side == 1; a++)
            busy |= plant->b_of_a[fiber->ocs][a] == fiber->port;
        if (busy)
            walk->wrong = "a link ends on the wrong chip";
    }
}

const char *plant_check(const struct plant *plant, const struct plant_shape *shape, const uint16_t *cubes,
                        const unsigned missing[3]) {
    uint64_t seen = 0;
    for (int i = 0; i < plant_cubes_of(shape); i++) {
        if (cubes[i] >= plant->n_cubes || seen >> cubes[i] & 1)
            return "a cube does not exist or stands at two positions";
        seen |= UINT64_C(1) << cubes[i];
    }
    struct walk walk = {.plant = plant};
    each_link(shape, cubes, walk_link, &walk);
    for (int dimension = 0; dimension < 3; dimension++)
        if (!walk.wrong && walk.missing[dimension] != missing[dimension])
            walk.wrong = "the number of missing links is not the one told";
    return walk.wrong;
}
