#include "tests/world/rules.h"

#include <stdio.h>
#include <string.h>

struct torus {
    int size[3]; /* chips */
    bool twisted;
};

static bool read_torus(const char *topology, struct torus *torus) {
    int end = 0;
    int *size = torus->size;
    if (sscanf(topology, "%dx%dx%d%n", &size[0], &size[1], &size[2], &end) != 3)
        return false;
    for (int d = 0; d < 3; d++)
        if (size[d] < 4 || size[d] % 4)
            return false;
    int k = size[0];
    bool may_twist = size[2] == 2 * k && (size[1] == k || size[1] == 2 * k);
    torus->twisted = may_twist && strcmp(topology + end, "_untwisted") != 0;
    return true;
}

/* The chip beyond the + side of a chip. k x k x 2k: +x and +y close with z + k. k x 2k x 2k: +x closes with
 * y + k and z + k. */
static void step(const struct torus *torus, int dimension, const int from[3], int to[3]) {
    const int *size = torus->size;
    int k = size[0];
    memcpy(to, from, 3 * sizeof(*to));
    if (++to[dimension] < size[dimension])
        return;
    to[dimension] = 0;
    if (!torus->twisted)
        return;
    if (size[1] == k && dimension < 2)
        to[2] = (to[2] + k) % size[2];
    if (size[1] == 2 * k && dimension == 0) {
        to[1] = (to[1] + k) % size[1];
        to[2] = (to[2] + k) % size[2];
    }
}

/* Face index: on an x face y+4z, on a y face x+4z, on a z face x+4y, of the chip's coordinates in the cube.
 */
static int face_index(int dimension, const int chip[3]) {
    int x = chip[0] % 4, y = chip[1] % 4, z = chip[2] % 4;
    return dimension == 0 ? y + 4 * z : dimension == 1 ? x + 4 * z : x + 4 * y;
}

static int position_of(const struct torus *torus, const int chip[3]) {
    return chip[0] / 4 + torus->size[0] / 4 * (chip[1] / 4 + torus->size[1] / 4 * (chip[2] / 4));
}

unsigned rules_cubes(const char *topology) {
    struct torus torus;
    return read_torus(topology, &torus) ? (unsigned)(torus.size[0] * torus.size[1] * torus.size[2] / 64) : 0;
}

unsigned rules_links(const struct fleet *fleet, const char *topology, const uint16_t *cubes,
                     struct rules_link *links, unsigned *ret_count) {
    struct torus torus;
    *ret_count = 0;
    if (!read_torus(topology, &torus))
        return 0;
    int chip[3], next[3];
    for (chip[2] = 0; chip[2] < torus.size[2]; chip[2]++)
        for (chip[1] = 0; chip[1] < torus.size[1]; chip[1]++)
            for (chip[0] = 0; chip[0] < torus.size[0]; chip[0]++)
                for (int dimension = 0; dimension < 3; dimension++) {
                    if (chip[dimension] % 4 != 3)
                        continue;
                    step(&torus, dimension, chip, next);
                    int position = position_of(&torus, chip), index = face_index(dimension, chip);
                    const struct fleet_fiber *plus = &fleet->fiber[cubes[position]][2 * dimension][index];
                    const struct fleet_fiber *minus =
                        &fleet->fiber[cubes[position_of(&torus, next)]][2 * dimension + 1]
                                     [face_index(dimension, next)];
                    struct rules_link *link = &links[(*ret_count)++];
                    *link = (struct rules_link){.position = (uint8_t)position,
                                                .dimension = (uint8_t)dimension,
                                                .index = (uint8_t)index,
                                                .ocs = -1};
                    if (!plus->is_there || !minus->is_there || plus->ocs != minus->ocs ||
                        plus->side_b == minus->side_b)
                        continue;
                    link->ocs = plus->ocs;
                    link->a = plus->side_b ? minus->port : plus->port;
                    link->b = plus->side_b ? plus->port : minus->port;
                }
    return rules_cubes(topology);
}

bool rules_is_part(const char *topology) {
    int size[3];
    return sscanf(topology, "%dx%dx%d", &size[0], &size[1], &size[2]) == 3 &&
           size[0] * size[1] * size[2] < 64;
}

static void sort(int size[3]) {
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2 - i; k++)
            if (size[k] > size[k + 1]) {
                int larger = size[k];
                size[k] = size[k + 1];
                size[k + 1] = larger;
            }
}

bool rules_is_block(const char *topology, uint16_t hosts) {
    int size[3], low[3] = {4, 4, 4}, high[3] = {0, 0, 0}, chips = 0;
    if (sscanf(topology, "%dx%dx%d", &size[0], &size[1], &size[2]) != 3)
        return false;
    for (int host = 0; host < 16; host++)
        for (int chip = 0; chip < 4 && hosts >> host & 1; chip++, chips++) {
            int at[3] = {2 * (host % 2) + chip % 2, 2 * (host / 2 % 2) + chip / 2, host / 4};
            for (int d = 0; d < 3; d++) {
                low[d] = at[d] < low[d] ? at[d] : low[d];
                high[d] = at[d] + 1 > high[d] ? at[d] + 1 : high[d];
            }
        }
    int box[3] = {high[0] - low[0], high[1] - low[1], high[2] - low[2]};
    if (chips != box[0] * box[1] * box[2])
        return false;
    if (size[0] * size[1] * size[2] < 4) /* a host has one owner */
        return chips == 4;
    sort(size);
    sort(box);
    return memcmp(size, box, sizeof(size)) == 0;
}
