#include "topology/part.h"

#include <stdio.h>
#include <string.h>

#include "topology/refusal.h"

/* Sizes along x, y, z of the cube, and which dimension of the shape lies there. One host is 2x2x1. */
static const struct turn {
    uint8_t shape[3], size[3], axis_map[3], n_hosts;
} turns[] = {
    {{1, 1, 1}, {1, 1, 1}, {0, 1, 2}, 1}, {{1, 1, 2}, {2, 1, 1}, {2, 1, 0}, 1},
    {{1, 2, 2}, {2, 2, 1}, {2, 1, 0}, 1}, {{2, 2, 2}, {2, 2, 2}, {0, 1, 2}, 2},
    {{2, 2, 4}, {2, 2, 4}, {0, 1, 2}, 4}, {{2, 2, 4}, {2, 4, 2}, {0, 2, 1}, 4},
    {{2, 2, 4}, {4, 2, 2}, {2, 1, 0}, 4}, {{2, 4, 4}, {2, 4, 4}, {0, 1, 2}, 8},
    {{2, 4, 4}, {4, 2, 4}, {1, 0, 2}, 8}, {{2, 4, 4}, {4, 4, 2}, {2, 1, 0}, 8},
};
#define TURNS (sizeof(turns) / sizeof(turns[0]))

static bool is_of(const struct turn *turn, const struct topo_shape *shape) {
    return !shape->whole_cubes && turn->shape[0] == shape->chips[0] && turn->shape[1] == shape->chips[1] &&
           turn->shape[2] == shape->chips[2];
}

unsigned topo_part_hosts(const struct topo_shape *shape) {
    for (size_t i = 0; i < TURNS; i++)
        if (is_of(&turns[i], shape))
            return turns[i].n_hosts;
    return 0;
}

/* Hosts of a box of chips; its origin and size cover whole hosts, or lie within one. */
static uint16_t hosts_of(const unsigned origin[3], const uint8_t size[3]) {
    uint16_t mask = 0;
    for (unsigned x = origin[0] / 2; x <= (origin[0] + size[0] - 1) / 2; x++)
        for (unsigned y = origin[1] / 2; y <= (origin[1] + size[1] - 1) / 2; y++)
            for (unsigned z = origin[2]; z < origin[2] + size[2]; z++)
                mask |= (uint16_t)(1u << (x + 2 * y + 4 * z));
    return mask;
}

unsigned topo_part_blocks(const struct topo_shape *shape,
                          struct topo_block ret_blocks[TOPO_BLOCK_TURNS_MAX]) {
    unsigned count = 0;
    for (size_t i = 0; i < TURNS; i++) {
        const struct turn *turn = &turns[i];
        if (!is_of(turn, shape))
            continue;
        for (unsigned z = 0; z + turn->size[2] <= 4; z++)
            for (unsigned y = 0; y + turn->size[1] <= 4; y += 2)
                for (unsigned x = 0; x + turn->size[0] <= 4; x += 2) {
                    unsigned origin[3] = {x, y, z};
                    struct topo_block *block = &ret_blocks[count++];
                    memset(block, 0, sizeof(*block));
                    block->hosts = hosts_of(origin, turn->size);
                    for (unsigned d = 0; d < 3; d++) {
                        block->origin[d] = (uint8_t)origin[d];
                        block->size[d] = turn->size[d];
                        block->axis_map[d] = turn->axis_map[d];
                    }
                }
    }
    return count;
}

bool topo_part_may_use(const struct topo_pod *pod, unsigned cube) {
    if (topo_set_has(&pod->used, cube) && !pod->used_hosts[cube])
        return false;
    for (unsigned word = 0; word < TOPO_CUBE_WORDS; word++)
        if (pod->unproven_with[cube].word[word])
            return false;
    return !topo_set_has(&pod->unhealthy, cube) && !topo_set_has(&pod->unschedulable, cube) &&
           !topo_set_has(&pod->unaccounted, cube) && !topo_set_has(&pod->unproven, cube);
}

unsigned topo_part_room(uint16_t free_hosts) {
    /* Blocks of 8, 4 and 2 hosts, every turn, as masks. */
    static const uint16_t eight[] = {0x5555, 0xaaaa, 0x3333, 0xcccc, 0x00ff, 0x0ff0, 0xff00};
    static const uint16_t four[] = {0x1111, 0x2222, 0x4444, 0x8888, 0x0033, 0x0330, 0x3300, 0x00cc,
                                    0x0cc0, 0xcc00, 0x0055, 0x0550, 0x5500, 0x00aa, 0x0aa0, 0xaa00};
    unsigned room = 0;
    for (size_t i = 0; i < sizeof(eight) / sizeof(eight[0]); i++)
        room += (free_hosts & eight[i]) == eight[i] ? 1u << 16 : 0;
    for (size_t i = 0; i < sizeof(four) / sizeof(four[0]); i++)
        room += (free_hosts & four[i]) == four[i] ? 1u << 8 : 0;
    for (unsigned shift = 0; shift < 12; shift++)
        room += (free_hosts >> shift & 0x11) == 0x11;
    return room;
}

/* Less is better: how much a whole-cube slice would miss the cube. */
static uint64_t worth(const struct topo_pod *pod, unsigned cube) {
    if (pod->used_hosts[cube]) {
        uint16_t free_hosts = (uint16_t) ~(pod->used_hosts[cube] | pod->bad_hosts[cube]);
        return (uint64_t)__builtin_popcount(free_hosts);
    }
    unsigned lit = 0;
    for (unsigned face = 0; face < TOPO_FACES; face++)
        lit += pod->lit_ends[cube][face];
    unsigned bad_hosts = (unsigned)__builtin_popcount(pod->bad_hosts[cube]);
    uint64_t value = topo_set_has(&pod->spare, cube);
    value = value << 8 | (bad_hosts ? 0 : 1);
    value = value << 8 | (TOPO_ENDS_PER_CUBE - pod->damage[cube]);
    value = value << 8 | lit;
    return UINT64_C(1) << 40 | value;
}

/* A cube that would have room for a block if this one bar were lifted. */
static bool would_fit(const struct topo_pod *pod, const struct topo_part_request *request, unsigned cube,
                      enum topo_bar bar) {
    struct topo_block blocks[TOPO_BLOCK_TURNS_MAX];
    unsigned n_blocks = topo_part_blocks(&request->shape, blocks);
    uint16_t room = (uint16_t) ~(pod->used_hosts[cube] | pod->bad_hosts[cube]);
    bool is_used = topo_set_has(&pod->used, cube) && !pod->used_hosts[cube];
    bool is_unfit = topo_set_has(&pod->unhealthy, cube) || topo_set_has(&pod->unschedulable, cube);
    bool is_unproven = topo_set_has(&pod->unproven, cube);
    for (unsigned word = 0; word < TOPO_CUBE_WORDS; word++)
        is_unproven |= pod->unproven_with[cube].word[word] != 0;
    if (is_used || is_unfit || topo_set_has(&request->exclude, cube) ||
        (request->pin_cube && cube != request->cube) ||
        (topo_set_has(&pod->spare, cube) && !request->use_spares) ||
        topo_set_has(&pod->unaccounted, cube) != (bar == TOPO_BAR_UNACCOUNTED) ||
        is_unproven != (bar == TOPO_BAR_UNPROVEN))
        return false;
    for (unsigned i = 0; i < n_blocks; i++)
        if ((room & blocks[i].hosts) == blocks[i].hosts)
            return true;
    return false;
}

static int refuse_room(const struct topo_pod *pod, const struct topo_part_request *request, unsigned needed,
                       struct topo_refusal *refusal) {
    unsigned free_hosts = 0, cut = 0, whole = 0, spares = 0;
    bool spare_fits = false;
    struct topo_block blocks[TOPO_BLOCK_TURNS_MAX];
    unsigned n_blocks = topo_part_blocks(&request->shape, blocks);
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        if (!topo_part_may_use(pod, cube) || topo_set_has(&request->exclude, cube) ||
            (request->pin_cube && cube != request->cube))
            continue;
        uint16_t room = (uint16_t) ~(pod->used_hosts[cube] | pod->bad_hosts[cube]);
        if (topo_set_has(&pod->spare, cube) && !request->use_spares) {
            spares++;
            for (unsigned i = 0; i < n_blocks; i++)
                spare_fits |= (room & blocks[i].hosts) == blocks[i].hosts;
            continue;
        }
        free_hosts += (unsigned)__builtin_popcount(room);
        if (pod->used_hosts[cube])
            cut++;
        else
            whole++;
    }
    refusal->needed = needed;
    refusal->candidates = cut + whole;
    refusal->held_spares = spares;
    refusal->cut = cut;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        refusal->unaccounted += would_fit(pod, request, cube, TOPO_BAR_UNACCOUNTED);
        refusal->isolation_unproven += would_fit(pod, request, cube, TOPO_BAR_UNPROVEN);
    }
    if (!spare_fits && refusal->unaccounted) {
        snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if),
                 "an operator clears the unaccounted circuits");
        return topo_refuse_text(
            refusal, TOPO_REASON_UNACCOUNTED_CIRCUIT,
            "needs %u free hosts in one block; %u cubes have them, but carry circuits that "
            "no slice explains",
            needed, refusal->unaccounted);
    }
    if (!spare_fits && refusal->isolation_unproven) {
        snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if),
                 "the switches that cannot be read answer again");
        return topo_refuse_text(
            refusal, TOPO_REASON_ISOLATION_UNPROVEN,
            "needs %u free hosts in one block; %u cubes have them, but may still be connected "
            "on a switch that cannot be read",
            needed, refusal->isolation_unproven);
    }
    snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if), "%s",
             spare_fits ? "the request allows spares"
                        : "slices are deleted, parts moved together or cubes repaired until a block is free");
    return topo_refuse_text(
        refusal, spare_fits ? TOPO_REASON_HELD_BY_SPARES : TOPO_REASON_NOT_ENOUGH_CUBES,
        "needs %u free hosts in one block; %u hosts are free in %u cut and %u other cubes, "
        "and no such block is; %u cubes held as spares",
        needed, free_hosts, cut, whole, spares);
}

int topo_part_place(const struct topo_pod *pod, const struct topo_part_request *request,
                    struct topo_block *ret_block, struct topo_refusal *ret_refusal) {
    struct topo_refusal refusal = {.cube = TOPO_CUBES_MAX};
    struct topo_block blocks[TOPO_BLOCK_TURNS_MAX];
    unsigned n_blocks = topo_shape_is_valid(&request->shape) ? topo_part_blocks(&request->shape, blocks) : 0;
    int r = 0;
    if (n_blocks == 0) {
        r = topo_refuse_text(&refusal, TOPO_REASON_INVALID_ARGUMENT, "shape: not a part of a cube");
    } else if (request->pin_cube) {
        if (request->cube >= pod->wiring->n_cubes)
            r = topo_refuse_text(&refusal, TOPO_REASON_INVALID_PIN, "there is no cube %u", request->cube);
        else if (!pod->used_hosts[request->cube] && !pod->bad_hosts[request->cube])
            r = topo_refuse_pin(pod, &request->exclude, NULL, request->cube, request->use_spares, &refusal);
    }
    if (r) {
        *ret_refusal = refusal;
        return r;
    }
    uint64_t least = UINT64_MAX;
    unsigned most_room = 0;
    struct topo_block best = {0};
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        if (!topo_part_may_use(pod, cube) || topo_set_has(&request->exclude, cube) ||
            (!request->use_spares && topo_set_has(&pod->spare, cube)) ||
            (request->pin_cube && cube != request->cube))
            continue;
        uint64_t cost = worth(pod, cube);
        if (cost >= least)
            continue;
        uint16_t free_hosts = (uint16_t) ~(pod->used_hosts[cube] | pod->bad_hosts[cube]);
        bool fits = false;
        for (unsigned i = 0; i < n_blocks; i++) {
            if ((free_hosts & blocks[i].hosts) != blocks[i].hosts)
                continue;
            unsigned room = topo_part_room(free_hosts & (uint16_t)~blocks[i].hosts);
            if (fits && room <= most_room)
                continue;
            fits = true;
            most_room = room;
            best = blocks[i];
            best.cube = (uint16_t)cube;
            best.opens_cube = pod->used_hosts[cube] == 0;
        }
        if (fits)
            least = cost;
    }
    if (least == UINT64_MAX) {
        r = refuse_room(pod, request, topo_part_hosts(&request->shape), &refusal);
        *ret_refusal = refusal;
        return r;
    }
    *ret_block = best;
    return 0;
}
