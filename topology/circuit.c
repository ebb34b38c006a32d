#include "topology/circuit.h"

struct topo_link topo_link_at(const struct topo_wiring *wiring, const struct topo_shape *shape,
                              const uint16_t *cubes, unsigned position, unsigned dimension, unsigned index) {
    unsigned next = topo_shape_next(shape, position, dimension);
    if (next == TOPO_NO_POSITION || index >= TOPO_INDICES || cubes[position] >= wiring->n_cubes ||
        cubes[next] >= wiring->n_cubes)
        return (struct topo_link){.ocs = -1};
    const struct topo_port *plus =
        &wiring->port_of[topo_end(cubes[position], topo_face(dimension, false), index)];
    const struct topo_port *minus =
        &wiring->port_of[topo_end(cubes[next], topo_face(dimension, true), index)];
    struct topo_link link = {
        .position = (uint16_t)position, .dimension = (uint8_t)dimension, .index = (uint8_t)index, .ocs = -1};
    if (plus->ocs < 0 || plus->ocs != minus->ocs || plus->side == minus->side)
        return link;
    link.ocs = plus->ocs;
    link.a = plus->side == TOPO_SIDE_A ? plus->port : minus->port;
    link.b = plus->side == TOPO_SIDE_A ? minus->port : plus->port;
    return link;
}

/* The finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014): every bit of the input reaches every bit. */
static uint64_t mix(uint64_t value) {
    value += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

uint64_t topo_fingerprint(const struct topo_wiring *wiring, const struct topo_shape *shape,
                          const uint16_t *cubes) {
    uint64_t sum = 0;
    for (unsigned position = 0; position < shape->n_cubes; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++)
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                struct topo_link link = topo_link_at(wiring, shape, cubes, position, dimension, index);
                if (link.ocs >= 0)
                    sum += mix((uint64_t)link.ocs << 32 | (uint64_t)link.a << 16 | link.b);
            }
    return sum;
}

void topo_host_origin(unsigned host, unsigned ret_chip[3]) {
    ret_chip[0] = 2 * (host % 2);
    ret_chip[1] = 2 * (host / 2 % 2);
    ret_chip[2] = host / 4;
}

unsigned topo_host_rank(const struct topo_shape *shape, unsigned position, unsigned host) {
    unsigned a = shape->cubes[0], b = shape->cubes[1];
    unsigned x = 2 * (position % a) + host % 2;
    unsigned y = 2 * (position / a % b) + host / 2 % 2;
    unsigned z = 4 * (position / a / b) + host / 4;
    return x + 2 * a * (y + 2 * b * z);
}
