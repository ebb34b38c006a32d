#pragma once
/* Which chip is next to which, by the published rules, on single chips. Written for verify alone: it shares
 * nothing with the code that plans.
 *
 * Sources: Jouppi et al., TPU v4, ISCA 2023 (whole cubes are tori in all three dimensions); Camarero,
 * Martinez, Beivide, IEEE TPDS 2015 (twisted tori of k x k x 2k and k x 2k x 2k). */
#include <stdbool.h>
#include <stdint.h>

#define VERIFY_CUBE_EDGE 4

struct verify_shape {
    unsigned size[3]; /* chips */
    bool whole_cubes;
    bool twisted;
};

/* "8x8x8", "4x4x8_twisted", "4x4x8_untwisted", "4x4x8" (twisted: the default of such a shape). False: no
 * topology. */
bool verify_shape_read(const char *topology, struct verify_shape *ret_shape);

/* The chip that the + link of a chip leads to. dimension 0..2. */
void verify_chip_next(const struct verify_shape *shape, const unsigned chip[3], unsigned dimension,
                      unsigned ret_next[3]);

/* The number of a chip's link on a face of dimension d, from the chip's coordinates in its cube: y + 4z on x
 * faces, x + 4z on y faces, x + 4y on z faces. */
unsigned verify_face_index(unsigned dimension, const unsigned in_cube[3]);
