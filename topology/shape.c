#include "topology/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHIPS_PER_DIMENSION_MAX (4 * TOPO_POSITIONS_MAX)

static const uint8_t part_shapes[][3] = {{1, 1, 1}, {1, 1, 2}, {1, 2, 2}, {2, 2, 2}, {2, 2, 4}, {2, 4, 4}};

static enum topo_twist twist_of(const uint16_t chips[3]) {
    if (chips[0] == chips[1] && chips[2] == 2 * chips[0])
        return TOPO_TWIST_K_K_2K;
    if (chips[1] == chips[2] && chips[1] == 2 * chips[0])
        return TOPO_TWIST_K_2K_2K;
    return TOPO_TWIST_NONE;
}

static bool is_part_shape(const uint16_t chips[3]) {
    for (size_t i = 0; i < sizeof(part_shapes) / sizeof(part_shapes[0]); i++)
        if (chips[0] == part_shapes[i][0] && chips[1] == part_shapes[i][1] && chips[2] == part_shapes[i][2])
            return true;
    return false;
}

static void sort3(uint32_t v[3]) {
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < 2; i++)
            if (v[i] > v[i + 1]) {
                uint32_t t = v[i];
                v[i] = v[i + 1];
                v[i + 1] = t;
            }
}

bool topo_shape_is_valid(const struct topo_shape *shape) {
    if (!shape->whole_cubes) {
        for (int i = 0; i < 3; i++)
            if (shape->cubes[i] != 1)
                return false;
        return is_part_shape(shape->chips) && shape->n_cubes == 1 && shape->twist == TOPO_TWIST_NONE &&
               shape->n_chips == (uint32_t)shape->chips[0] * shape->chips[1] * shape->chips[2];
    }
    uint64_t n_cubes = 1;
    for (int i = 0; i < 3; i++) {
        if (shape->cubes[i] == 0 || shape->cubes[i] > TOPO_POSITIONS_MAX ||
            shape->chips[i] != 4 * shape->cubes[i] || (i > 0 && shape->cubes[i] < shape->cubes[i - 1]))
            return false;
        n_cubes *= shape->cubes[i];
    }
    return n_cubes <= TOPO_POSITIONS_MAX && n_cubes == shape->n_cubes && shape->n_chips == 64 * n_cubes &&
           (shape->twist == TOPO_TWIST_NONE || shape->twist == twist_of(shape->chips));
}

int topo_shape_of_cubes(const uint16_t cubes[3], bool twisted, struct topo_shape *ret_shape) {
    uint32_t v[3] = {cubes[0], cubes[1], cubes[2]};
    sort3(v);
    struct topo_shape shape = {.whole_cubes = true};
    uint64_t n_cubes = 1;
    for (int i = 0; i < 3; i++) {
        if (v[i] == 0 || v[i] > TOPO_POSITIONS_MAX)
            return TOPO_SHAPE_INVALID;
        shape.cubes[i] = (uint16_t)v[i];
        shape.chips[i] = (uint16_t)(4 * v[i]);
        n_cubes *= v[i];
    }
    if (n_cubes > TOPO_POSITIONS_MAX)
        return TOPO_SHAPE_INVALID;
    shape.n_cubes = (uint16_t)n_cubes;
    shape.n_chips = (uint32_t)(64 * n_cubes);
    enum topo_twist twist = twist_of(shape.chips);
    if (twisted && twist == TOPO_TWIST_NONE)
        return TOPO_SHAPE_INVALID;
    shape.twist = twisted ? twist : TOPO_TWIST_NONE;
    *ret_shape = shape;
    return 0;
}

bool topo_shape_can_twist(const struct topo_shape *shape) {
    return shape->whole_cubes && twist_of(shape->chips) != TOPO_TWIST_NONE;
}

/* The smallest accepted shape that holds the sizes, as text. */
static void nearest_shape(const uint32_t wanted[3], char *text, size_t text_size) {
    uint32_t v[3] = {wanted[0], wanted[1], wanted[2]};
    sort3(v);
    if (v[2] <= 4) {
        for (size_t i = 0; i < sizeof(part_shapes) / sizeof(part_shapes[0]); i++)
            if (part_shapes[i][0] >= v[0] && part_shapes[i][1] >= v[1] && part_shapes[i][2] >= v[2]) {
                snprintf(text, text_size, "%ux%ux%u", part_shapes[i][0], part_shapes[i][1],
                         part_shapes[i][2]);
                return;
            }
    }
    for (int i = 0; i < 3; i++) {
        v[i] = v[i] == 0 ? 4 : (v[i] + 3) / 4 * 4;
        if (v[i] > CHIPS_PER_DIMENSION_MAX)
            v[i] = CHIPS_PER_DIMENSION_MAX;
    }
    snprintf(text, text_size, "%ux%ux%u", v[0], v[1], v[2]);
}

/* Reads a number of at most 9 digits without a leading zero; "0" itself is read. */
static const char *read_number(const char *text, uint32_t *ret_number) {
    uint32_t number = 0;
    int digits = 0;
    while (text[digits] >= '0' && text[digits] <= '9') {
        if (digits == 9)
            return NULL;
        number = number * 10 + (uint32_t)(text[digits] - '0');
        digits++;
    }
    if (digits == 0 || (digits > 1 && text[0] == '0'))
        return NULL;
    *ret_number = number;
    return text + digits;
}

int topo_shape_parse(const char *text, struct topo_shape *ret_shape, char *error, size_t error_size) {
    uint32_t v[3] = {0};
    if (!text)
        text = "";
    const char *rest = text;
    for (int i = 0; i < 3; i++) {
        rest = read_number(rest, &v[i]);
        if (!rest || (i < 2 && *rest != 'x')) {
            snprintf(error, error_size,
                     "topology \"%.40s\": give three sizes in chips, such as 8x8x8, 4x4x8_untwisted or 2x2x4",
                     text);
            return TOPO_SHAPE_INVALID;
        }
        if (i < 2)
            rest++;
    }
    bool say_twisted = strcmp(rest, "_twisted") == 0;
    bool say_untwisted = strcmp(rest, "_untwisted") == 0;
    if (*rest && !say_twisted && !say_untwisted) {
        snprintf(error, error_size,
                 "topology \"%.40s\": after the sizes only _twisted or _untwisted may follow", text);
        return TOPO_SHAPE_INVALID;
    }
    if (v[0] == 2 && v[1] == 2 && v[2] == 1)
        v[0] = 1, v[2] = 2;

    char nearest[40];
    nearest_shape(v, nearest, sizeof(nearest));
    struct topo_shape shape = {0};
    bool multiples = v[0] % 4 == 0 && v[1] % 4 == 0 && v[2] % 4 == 0, sorted = v[0] <= v[1] && v[1] <= v[2];
    for (int i = 0; i < 3; i++) {
        if (v[i] == 0 || v[i] > CHIPS_PER_DIMENSION_MAX) {
            snprintf(error, error_size,
                     "topology \"%.40s\": each size is 1 to %u chips; the nearest shape is %s", text,
                     CHIPS_PER_DIMENSION_MAX, nearest);
            return v[i] && multiples && sorted ? TOPO_SHAPE_TOO_LARGE : TOPO_SHAPE_INVALID;
        }
        shape.chips[i] = (uint16_t)v[i];
    }
    if (!sorted) {
        snprintf(error, error_size,
                 "topology \"%.40s\": sizes go from small to large; the nearest shape is %s", text, nearest);
        return TOPO_SHAPE_INVALID;
    }
    if (!multiples && !is_part_shape(shape.chips)) {
        snprintf(error, error_size,
                 "topology \"%.40s\": whole cubes need multiples of 4, parts of a cube are 1x1x1 1x1x2 1x2x2 "
                 "2x2x2 "
                 "2x2x4 2x4x4; the nearest shape is %s",
                 text, nearest);
        return TOPO_SHAPE_INVALID;
    }
    shape.whole_cubes = multiples;
    shape.n_chips = v[0] * v[1] * v[2];
    uint32_t n_cubes = 1;
    for (int i = 0; i < 3; i++) {
        shape.cubes[i] = multiples ? (uint16_t)(v[i] / 4) : 1;
        n_cubes *= shape.cubes[i];
    }
    if (n_cubes > TOPO_POSITIONS_MAX) {
        snprintf(error, error_size, "topology \"%.40s\": %u cubes, a slice has at most %u", text, n_cubes,
                 TOPO_POSITIONS_MAX);
        return TOPO_SHAPE_TOO_LARGE;
    }
    shape.n_cubes = (uint16_t)n_cubes;
    enum topo_twist twist = multiples ? twist_of(shape.chips) : TOPO_TWIST_NONE;
    if (say_twisted && twist == TOPO_TWIST_NONE) {
        snprintf(error, error_size,
                 "topology \"%.40s\": only KxKx2K and Kx2Kx2K with K a multiple of 4 can be twisted; the "
                 "nearest shape "
                 "is %s",
                 text, nearest);
        return TOPO_SHAPE_INVALID;
    }
    shape.twist = say_untwisted ? TOPO_TWIST_NONE : twist;
    *ret_shape = shape;
    return 0;
}

void topo_shape_format(const struct topo_shape *shape, char *text, size_t text_size) {
    const char *suffix = !topo_shape_can_twist(shape) ? "" : shape->twist ? "_twisted" : "_untwisted";
    snprintf(text, text_size, "%ux%ux%u%s", shape->chips[0], shape->chips[1], shape->chips[2], suffix);
}

/* direction +1 or -1. A ring that closes with an offset adds it on the way up and takes it off on the way
 * down. */
static unsigned step(const struct topo_shape *shape, unsigned position, unsigned dimension, int direction) {
    unsigned n[3] = {shape->cubes[0], shape->cubes[1], shape->cubes[2]};
    unsigned p[3] = {position % n[0], position / n[0] % n[1], position / n[0] / n[1]};
    unsigned edge = direction > 0 ? n[dimension] - 1 : 0;
    if (p[dimension] != edge) {
        p[dimension] = direction > 0 ? p[dimension] + 1 : p[dimension] - 1;
    } else {
        p[dimension] = direction > 0 ? 0 : n[dimension] - 1;
        unsigned k = n[0];
        /* k is half of the ring that is offset, so + k and - k are the same step. */
        if (shape->twist == TOPO_TWIST_K_K_2K && dimension <= 1) {
            p[2] = (p[2] + k) % n[2];
        } else if (shape->twist == TOPO_TWIST_K_2K_2K && dimension == 0) {
            p[1] = (p[1] + k) % n[1];
            p[2] = (p[2] + k) % n[2];
        }
    }
    return p[0] + n[0] * (p[1] + n[1] * p[2]);
}

unsigned topo_shape_next(const struct topo_shape *shape, unsigned position, unsigned dimension) {
    if (position >= shape->n_cubes || dimension > 2)
        return TOPO_NO_POSITION;
    return step(shape, position, dimension, +1);
}

unsigned topo_shape_previous(const struct topo_shape *shape, unsigned position, unsigned dimension) {
    if (position >= shape->n_cubes || dimension > 2)
        return TOPO_NO_POSITION;
    return step(shape, position, dimension, -1);
}

size_t topo_shape_enumerate(unsigned max_cubes, void (*visit)(const struct topo_shape *shape, void *userdata),
                            void *userdata) {
    size_t count = 0;
    if (max_cubes > TOPO_POSITIONS_MAX)
        max_cubes = TOPO_POSITIONS_MAX;
    for (unsigned a = 1; a * a * a <= max_cubes; a++)
        for (unsigned b = a; a * b * b <= max_cubes; b++)
            for (unsigned c = b; a * b * c <= max_cubes; c++) {
                struct topo_shape shape = {
                    .chips = {(uint16_t)(4 * a), (uint16_t)(4 * b), (uint16_t)(4 * c)},
                    .cubes = {(uint16_t)a, (uint16_t)b, (uint16_t)c},
                    .n_cubes = (uint16_t)(a * b * c),
                    .n_chips = 64 * a * b * c,
                    .whole_cubes = true,
                };
                if (visit)
                    visit(&shape, userdata);
                count++;
            }
    return count;
}
