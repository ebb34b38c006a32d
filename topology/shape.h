#pragma once
/* Slice shapes: what a topology string means, and who is next to whom.
 *
 * A whole-cube shape is a torus of a x b x c cubes. Twisted shapes close some rings with an offset (Camarero,
 * Martinez, Beivide, IEEE TPDS 2015). The offset is a multiple of 4 chips, so everything here counts in
 * cubes. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOPO_POSITIONS_MAX 256

enum topo_twist {
    TOPO_TWIST_NONE,
    TOPO_TWIST_K_K_2K,  /* +x and +y close with z + k */
    TOPO_TWIST_K_2K_2K, /* +x closes with y + k and z + k */
};

struct topo_shape {
    uint16_t chips[3];
    uint16_t cubes[3]; /* {1, 1, 1} for a part of one cube */
    uint16_t n_cubes;
    uint32_t n_chips;
    bool whole_cubes;
    enum topo_twist twist;
};

#define TOPO_SHAPE_INVALID 1
#define TOPO_SHAPE_TOO_LARGE 2 /* well formed, and larger than any model of a pod */

/* Reads "8x8x8", "4x4x8_untwisted", "2x2x4". 0, TOPO_SHAPE_INVALID with a sentence in error[error_size]
 * that names the nearest shape that would be accepted, or TOPO_SHAPE_TOO_LARGE with one that names the limit.
 */
__attribute__((warn_unused_result)) int topo_shape_parse(const char *text, struct topo_shape *ret_shape,
                                                         char *error, size_t error_size);
/* Canonical text; a shape that can be twisted says whether it is. */
void topo_shape_format(const struct topo_shape *shape, char *text, size_t text_size);
/* True where the shape could be twisted. */
bool topo_shape_can_twist(const struct topo_shape *shape);

/* True where the fields agree with each other and with the limits, as topo_shape_parse() leaves them. */
bool topo_shape_is_valid(const struct topo_shape *shape);
/* A whole-cube shape from sizes in cubes, any order. TOPO_SHAPE_INVALID beyond the limits, or for a twist
 * where none is possible. */
__attribute__((warn_unused_result)) int topo_shape_of_cubes(const uint16_t cubes[3], bool twisted,
                                                            struct topo_shape *ret_shape);

#define TOPO_NO_POSITION UINT32_MAX

/* The position at the + side (next) or the - side (previous) of a position in dimension 0..2.
 * Position index = x + a (y + b z). TOPO_NO_POSITION for a position or dimension that does not exist. */
unsigned topo_shape_next(const struct topo_shape *shape, unsigned position, unsigned dimension);
unsigned topo_shape_previous(const struct topo_shape *shape, unsigned position, unsigned dimension);

/* Calls visit for every sorted whole-cube shape of at most max_cubes cubes (256 at most), plain ones only,
 * smallest first in (a, b, c) order. Returns their number. visit may be NULL. */
size_t topo_shape_enumerate(unsigned max_cubes, void (*visit)(const struct topo_shape *shape, void *userdata),
                            void *userdata);
