/* Parts of cubes: every block found by its chips, placements against all blocks, defragmentation against
 * every sequence of moves. Usage: part_property SEED COUNT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glue.h"
#include "topology/defrag.h"

static const char *const names[] = {"1x1x1", "1x1x2", "1x2x2", "2x2x2", "2x2x4", "2x4x4"};
/* All turned sizes in hosts (x, y, z of the 2 x 2 x 4 hosts of a cube). */
static const struct {
    int shape, size[3];
} turned[] = {
    {0, {1, 1, 1}}, {1, {1, 1, 1}}, {2, {1, 1, 1}}, {3, {1, 1, 2}}, {4, {1, 1, 4}},
    {4, {1, 2, 2}}, {4, {2, 1, 2}}, {5, {1, 2, 4}}, {5, {2, 1, 4}}, {5, {2, 2, 2}},
};

struct block_list {
    uint16_t mask[32];
    int count;
};

static struct block_list blocks_of(int shape) {
    struct block_list list = {.count = 0};
    for (size_t i = 0; i < sizeof(turned) / sizeof(turned[0]); i++) {
        if (turned[i].shape != shape)
            continue;
        const int *size = turned[i].size;
        for (int z = 0; z + size[2] <= 4; z++)
            for (int y = 0; y + size[1] <= 2; y++)
                for (int x = 0; x + size[0] <= 2; x++) {
                    uint16_t mask = 0;
                    for (int c = z; c < z + size[2]; c++)
                        for (int b = y; b < y + size[1]; b++)
                            for (int a = x; a < x + size[0]; a++)
                                mask |= (uint16_t)(1 << (a + 2 * b + 4 * c));
                    list.mask[list.count++] = mask;
                }
    }
    return list;
}

struct world {
    int n_cubes, n_parts, to_free;
    int shape[16], cube[16];
    uint16_t hosts[16], used[6], bad[6];
    bool cut[6], fixed[16], moved[16];
};

static int count_freed(const struct world *world) {
    int freed = 0;
    for (int cube = 0; cube < world->n_cubes; cube++)
        freed += world->cut[cube] && world->used[cube] == 0 && world->bad[cube] == 0;
    return freed;
}

/* Can `moves` moves, each of another part, free enough cubes? */
static bool brute(struct world *world, int moves) {
    if (count_freed(world) >= world->to_free)
        return true;
    if (moves == 0)
        return false;
    /* A cube with more parts than there are moves will not be empty. */
    int on[6] = {0}, possible = 0;
    for (int part = 0; part < world->n_parts; part++)
        on[world->cube[part]] += world->fixed[part] ? 100 : 1;
    for (int cube = 0; cube < world->n_cubes; cube++)
        possible += world->cut[cube] && world->bad[cube] == 0 && on[cube] <= moves;
    if (possible < world->to_free)
        return false;
    for (int part = 0; part < world->n_parts; part++) {
        if (world->fixed[part] || world->moved[part])
            continue;
        struct block_list list = blocks_of(world->shape[part]);
        int from = world->cube[part];
        uint16_t was = world->hosts[part];
        for (int cube = 0; cube < world->n_cubes; cube++)
            for (int i = 0; i < list.count && world->cut[cube]; i++) {
                if ((world->used[cube] | world->bad[cube]) & list.mask[i])
                    continue;
                world->used[from] &= (uint16_t)~was;
                world->used[cube] |= list.mask[i];
                world->cube[part] = cube;
                world->hosts[part] = list.mask[i];
                world->moved[part] = true;
                bool found = brute(world, moves - 1);
                world->moved[part] = false;
                world->used[cube] &= (uint16_t)~list.mask[i];
                world->used[from] |= was;
                world->cube[part] = from;
                world->hosts[part] = was;
                if (found)
                    return true;
            }
    }
    return false;
}

struct counts {
    unsigned placed, refused, plans, impossible, moves, deep;
};

static struct topo_shape parse(int shape) {
    struct topo_shape parsed;
    char error[200];
    if (topo_shape_parse(names[shape], &parsed, error, sizeof(error)))
        exit(1);
    return parsed;
}

static void run(uint64_t seed, struct counts *counts) {
    struct plant_random random = {seed * 2654435761u + 88172645463325252u};
    static struct plant plant;
    static struct glue glue;
    struct world world = {.n_cubes = 2 + (int)plant_random(&random, 4)};
    plant_init(&plant, world.n_cubes);
    glue_load(&glue, &plant);
    for (int cube = 0; cube < world.n_cubes; cube++)
        if (plant_random(&random, 6) == 0)
            glue.pod.bad_hosts[cube] = world.bad[cube] = (uint16_t)(1u << plant_random(&random, 16));
    struct topo_part parts[16];
    memset(parts, 0, sizeof(parts));
    int events = 2 + (int)plant_random(&random, 16);
    for (int event = 0; event < events; event++) {
        if (world.n_parts && plant_random(&random, 3) == 0) { /* one leaves */
            int part = (int)plant_random(&random, (uint32_t)world.n_parts);
            world.used[world.cube[part]] &= (uint16_t)~world.hosts[part];
            glue.pod.used_hosts[world.cube[part]] = world.used[world.cube[part]];
            world.n_parts--;
            world.shape[part] = world.shape[world.n_parts];
            world.cube[part] = world.cube[world.n_parts];
            world.hosts[part] = world.hosts[world.n_parts];
            continue;
        }
        if (world.n_parts == 9)
            continue;
        int shape = (int)plant_random(&random, 6);
        struct topo_part_request request = {.shape = parse(shape)};
        if (plant_random(&random, 2))
            topo_set_add(&request.exclude, plant_random(&random, (uint32_t)world.n_cubes));
        struct block_list list = blocks_of(shape);
        bool fits = false, fits_cut = false;
        for (int cube = 0; cube < world.n_cubes; cube++)
            for (int i = 0; i < list.count; i++)
                if (!topo_set_has(&request.exclude, (unsigned)cube) &&
                    !((world.used[cube] | world.bad[cube]) & list.mask[i])) {
                    fits = true;
                    fits_cut |= world.used[cube] != 0;
                }
        struct topo_block block;
        struct topo_refusal refusal;
        int r = topo_part_place(&glue.pod, &request, &block, &refusal);
        if ((r == 0) != fits)
            glue_fail(seed, "%s: library %s", names[shape],
                      r ? refusal.text : "places it; there is no block");
        if (r) {
            counts->refused++;
            continue;
        }
        counts->placed++;
        bool known = false;
        for (int i = 0; i < list.count; i++)
            known |= list.mask[i] == block.hosts;
        if (!known || (world.used[block.cube] | world.bad[block.cube]) & block.hosts)
            glue_fail(seed, "%s: hosts 0x%04x are no block, or not free", names[shape], block.hosts);
        if (block.opens_cube && fits_cut)
            glue_fail(seed, "%s opens a cube although one is cut already", names[shape]);
        for (int attempt = 0; attempt < 6; attempt++) { /* and then anywhere, so that holes arise */
            int cube = (int)plant_random(&random, (uint32_t)world.n_cubes);
            uint16_t mask = list.mask[plant_random(&random, (uint32_t)list.count)];
            if (!((world.used[cube] | world.bad[cube]) & mask)) {
                block.cube = (uint16_t)cube;
                block.hosts = mask;
                break;
            }
        }
        world.shape[world.n_parts] = shape;
        world.cube[world.n_parts] = block.cube;
        world.hosts[world.n_parts++] = block.hosts;
        world.used[block.cube] |= block.hosts;
        glue.pod.used_hosts[block.cube] = world.used[block.cube];
    }
    for (int part = 0; part < world.n_parts; part++) {
        world.fixed[part] = plant_random(&random, 8) == 0;
        parts[part] = (struct topo_part){parse(world.shape[part]), (uint16_t)world.cube[part],
                                         world.hosts[part], world.fixed[part]};
    }
    for (int cube = 0; cube < world.n_cubes; cube++)
        world.cut[cube] = world.used[cube] != 0;
    world.to_free = 1 + (int)plant_random(&random, 2);
    struct topo_defrag_plan plan;
    struct topo_refusal refusal;
    int r =
        topo_defrag(&glue.pod, parts, (unsigned)world.n_parts, (unsigned)world.to_free, 0, &plan, &refusal);
    int fewest = -1;
    for (int moves = 0; moves <= 3 && fewest < 0; moves++)
        if (brute(&world, moves))
            fewest = moves;
    if (r) {
        if (refusal.unproven)
            return;
        if (fewest >= 0)
            glue_fail(seed, "defrag refuses (%s), %d moves do it", refusal.text, fewest);
        counts->impossible++;
        return;
    }
    if (fewest >= 0 ? (int)plan.n_moves != fewest : plan.n_moves <= 3)
        glue_fail(seed, "defrag takes %u moves, brute force %d", plan.n_moves, fewest);
    counts->plans++;
    counts->moves += plan.n_moves;
    counts->deep += plan.n_moves > (unsigned)world.to_free;
    for (unsigned i = 0; i < plan.n_moves; i++) { /* in order, every place free */
        unsigned part = plan.moves[i].part;
        const struct topo_block *to = &plan.moves[i].to;
        if (world.fixed[part] || (world.used[to->cube] | world.bad[to->cube]) & to->hosts ||
            !world.cut[to->cube])
            glue_fail(seed, "move %u finds its place taken", i);
        world.used[world.cube[part]] &= (uint16_t)~world.hosts[part];
        world.used[to->cube] |= to->hosts;
        world.cube[part] = to->cube;
        world.hosts[part] = to->hosts;
    }
    if (count_freed(&world) < world.to_free)
        glue_fail(seed, "too few cubes are free after the moves");
}

int main(int argc, char **argv) {
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 500;
    struct counts counts = {0};
    for (unsigned i = 0; i < count; i++)
        run(seed + i, &counts);
    printf("count: parts of cubes against every block, seed %llu: %u placed, %u refused; defragmentation "
           "against "
           "every sequence of moves: %u plans of %u moves (%u need more than one a cube), %u impossible\n",
           (unsigned long long)seed, counts.placed, counts.refused, counts.plans, counts.moves, counts.deep,
           counts.impossible);
    return 0;
}
