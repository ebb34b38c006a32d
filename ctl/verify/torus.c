#include "ctl/verify/torus.h"
#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_CHIPS 1024

static bool can_twist(const unsigned s[3]) {
    bool k_k_2k = s[0] == s[1] && s[2] == 2 * s[0], k_2k_2k = s[1] == 2 * s[0] && s[2] == s[1];
    return s[0] % VERIFY_CUBE_EDGE == 0 && (k_k_2k || k_2k_2k);
}

bool verify_shape_read(const char *topology, struct verify_shape *ret_shape) {
    struct verify_shape shape = {.whole_cubes = true};
    const char *at = topology;
    for (unsigned d = 0; d < 3; d++) {
        char *end;
        if (*at < '0' || *at > '9')
            return false;
        unsigned long size = strtoul(at, &end, 10);
        if (size == 0 || size > SIZE_MAX_CHIPS || (d < 2 && *end != 'x'))
            return false;
        shape.size[d] = (unsigned)size;
        shape.whole_cubes = shape.whole_cubes && size % VERIFY_CUBE_EDGE == 0;
        at = d < 2 ? end + 1 : end;
    }
    if (*at == 0)
        shape.twisted = can_twist(shape.size);
    else if (strcmp(at, "_twisted") == 0)
        shape.twisted = true;
    else if (strcmp(at, "_untwisted") != 0)
        return false;
    if (shape.twisted && !can_twist(shape.size))
        return false;
    *ret_shape = shape;
    return true;
}

void verify_chip_next(const struct verify_shape *shape, const unsigned chip[3], unsigned dimension,
                      unsigned ret_next[3]) {
    const unsigned *s = shape->size, k = s[0];
    for (unsigned d = 0; d < 3; d++)
        ret_next[d] = chip[d];
    ret_next[dimension] = (chip[dimension] + 1) % s[dimension];
    if (!shape->twisted || chip[dimension] + 1 < s[dimension])
        return;
    if (s[1] == k) { /* k x k x 2k: x and y close with z + k */
        if (dimension != 2)
            ret_next[2] = (chip[2] + k) % s[2];
    } else if (dimension == 0) { /* k x 2k x 2k: x closes with y + k and z + k */
        ret_next[1] = (chip[1] + k) % s[1];
        ret_next[2] = (chip[2] + k) % s[2];
    }
}

unsigned verify_face_index(unsigned dimension, const unsigned in_cube[3]) {
    unsigned low = dimension == 0 ? in_cube[1] : in_cube[0];
    unsigned high = dimension == 2 ? in_cube[1] : in_cube[2];
    return low + VERIFY_CUBE_EDGE * high;
}
