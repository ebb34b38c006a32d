#pragma once
/* A second, slow and plain model of a pod, chip by chip, that judges what the topology library says. It
 * shares no code and no header with it: neighbours, twists, face indices and circuits are written down again
 * from the published rules. */
#include <stdbool.h>
#include <stdint.h>

#define PLANT_CUBES 16
#define PLANT_OCSES 48
#define PLANT_PORTS 24

struct plant_fiber {
    int ocs; /* -1: none */
    int side, port;
};

struct plant {
    int n_cubes;
    struct plant_fiber fiber[PLANT_CUBES][6][16];
    bool bad_end[PLANT_CUBES][6][16];
    bool bad_ocs[PLANT_OCSES];
    uint16_t b_of_a[PLANT_OCSES][PLANT_PORTS + 1];
};

struct plant_shape {
    int chips[3];
    bool twisted;
};

/* A seeded generator (xorshift64*, Vigna 2016). */
struct plant_random {
    uint64_t state;
};
uint32_t plant_random(struct plant_random *random, uint32_t below);

void plant_init(struct plant *plant, int n_cubes);
/* Swaps fibers, cuts some, breaks ends and switches; strange: fibers on unexpected switches and sides. */
void plant_damage(struct plant *plant, struct plant_random *random, int percent, bool strange);

int plant_cubes_of(const struct plant_shape *shape);
/* The position beyond the + face of a position, by the rule of a single chip on that face. */
int plant_next(const struct plant_shape *shape, int position, int dimension);
/* A link from the + face of one cube to the - face of another: can it be lit, is it lit? */
bool plant_can_light(const struct plant *plant, int from, int to, int dimension, int index);
bool plant_is_lit(const struct plant *plant, int from, int to, int dimension, int index);
/* The switch obeys and the fibers meet, whether or not the ends work. */
bool plant_is_commandable(const struct plant *plant, int from, int to, int dimension, int index);

struct plant_cost {
    int missing[3], removals, additions;
};
/* What it takes to give the cubes at the positions their links. leaving: cubes that lose all circuits, a bit
 * each. */
struct plant_cost plant_cost(const struct plant *plant, const struct plant_shape *shape,
                             const uint16_t *cubes, uint64_t leaving);
/* Turns the mirrors so. */
void plant_apply(struct plant *plant, const struct plant_shape *shape, const uint16_t *cubes,
                 uint64_t leaving);
/* Walks every chip of the slice over the circuits that stand. Returns NULL, or what is wrong: a link that
 * ends on the wrong chip, a link missing that could be lit, a number of missing links other than told. */
const char *plant_check(const struct plant *plant, const struct plant_shape *shape, const uint16_t *cubes,
                        const unsigned missing[3]);
