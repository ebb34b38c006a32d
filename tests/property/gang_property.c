/* Gangs: what is refused is looked for in every way there is; what is planned is lit and walked.
 * Usage: gang_property SEED COUNT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glue.h"
#include "topology/gang.h"

static const char *const wholes[] = {"4x4x4", "4x4x8_untwisted", "4x4x12", "4x8x8", "4x4x16"};
static const char *const part_names[] = {"1x1x1", "2x2x2", "2x2x4", "2x4x4"};
static const uint16_t part_blocks[][17] = {
    {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 0},
    {0x11, 0x22, 0x44, 0x88, 0x110, 0x220, 0x440, 0x880, 0x1100, 0x2200, 0x4400, 0x8800, 0},
    {0x1111, 0x2222, 0x4444, 0x8888, 0x33, 0x330, 0x3300, 0xcc, 0xcc0, 0xcc00, 0x55, 0x550, 0x5500, 0xaa,
     0xaa0, 0xaa00, 0},
    {0x5555, 0xaaaa, 0x3333, 0xcccc, 0xff, 0xff0, 0xff00, 0},
};

struct member {
    bool is_part;
    int part;
    struct topo_shape shape;
    struct plant_shape plain;
    uint32_t allowed;
    unsigned tolerate[3];
};

struct world {
    const struct plant *plant;
    struct member members[4];
    int n;
    uint32_t used;
    uint16_t hosts[8];
};

static bool brute(struct world *world, int next);

static bool arrange(struct world *world, int next, int position, uint16_t *cubes) {
    struct member *member = &world->members[next];
    if (position == member->shape.n_cubes) {
        struct plant_cost cost = plant_cost(world->plant, &member->plain, cubes, 0);
        for (int d = 0; d < 3; d++)
            if (cost.missing[d] > (int)member->tolerate[d])
                return false;
        return brute(world, next + 1);
    }
    for (int cube = 0; cube < world->plant->n_cubes; cube++) {
        uint32_t bit = UINT32_C(1) << cube;
        if (!(member->allowed & bit) || world->used & bit || world->hosts[cube])
            continue;
        world->used |= bit;
        cubes[position] = (uint16_t)cube;
        bool found = arrange(world, next, position + 1, cubes);
        world->used &= ~bit;
        if (found)
            return true;
    }
    return false;
}

static bool brute(struct world *world, int next) {
    if (next == world->n)
        return true;
    struct member *member = &world->members[next];
    if (!member->is_part) {
        uint16_t cubes[8];
        return arrange(world, next, 0, cubes);
    }
    for (int cube = 0; cube < world->plant->n_cubes; cube++)
        for (const uint16_t *block = part_blocks[member->part]; *block; block++) {
            if (!(member->allowed >> cube & 1) || world->used >> cube & 1 || world->hosts[cube] & *block)
                continue;
            world->hosts[cube] |= *block;
            bool found = brute(world, next + 1);
            world->hosts[cube] &= (uint16_t) ~*block;
            if (found)
                return true;
        }
    return false;
}

struct counts {
    unsigned planned, refused, unproven, wrong_but_said;
};

static void run(uint64_t seed, struct counts *counts) {
    struct plant_random random = {seed * 2654435761u + 88172645463325252u};
    static struct plant plant;
    static struct glue glue;
    static struct topo_pod scratch;
    plant_init(&plant, 3 + (int)plant_random(&random, 4));
    plant_damage(&plant, &random, (int)plant_random(&random, 2) * 40, plant_random(&random, 6) == 0);
    glue_load(&glue, &plant);
    struct world world = {.plant = &plant, .n = 1 + (int)plant_random(&random, 4)};
    for (int cube = 0; cube < plant.n_cubes; cube++)
        if (plant_random(&random, 5) == 0)
            glue.pod.used_hosts[cube] = world.hosts[cube] = (uint16_t)plant_random(&random, 65536);
    static struct topo_gang_choice choices[4];
    struct topo_gang_member members[4];
    memset(choices, 0, sizeof(choices));
    bool tolerant = plant_random(&random, 3) == 0;
    for (int i = 0; i < world.n; i++) {
        struct member *member = &world.members[i];
        char error[200];
        member->is_part = plant_random(&random, 3) == 0;
        member->part = (int)plant_random(&random, 4);
        const char *name = member->is_part ? part_names[member->part] : wholes[plant_random(&random, 5)];
        if (topo_shape_parse(name, &member->shape, error, sizeof(error)))
            glue_fail(seed, "%s", error);
        member->plain = glue_shape(&member->shape);
        for (int cube = 0; cube < plant.n_cubes; cube++)
            if (plant_random(&random, 4))
                member->allowed |= UINT32_C(1) << cube;
            else
                topo_set_add(member->is_part ? &choices[i].part.exclude : &choices[i].whole.exclude,
                             (unsigned)cube);
        if (member->is_part) {
            choices[i].part.shape = member->shape;
        } else {
            choices[i].whole.shape = member->shape;
            for (int d = 0; d < 3 && tolerant; d++)
                choices[i].whole.tolerate_missing[d] = member->tolerate[d] = plant_random(&random, 4);
        }
        members[i] = (struct topo_gang_member){&choices[i], 1};
    }
    static struct topo_gang_place places[4];
    struct topo_gang_refusal refusal;
    int r = topo_plan_gang(&glue.pod, members, (unsigned)world.n, &scratch, places, &refusal);
    if (r) {
        bool fits = brute(&world, 0);
        if (fits && !refusal.refusal.unproven)
            glue_fail(seed, "a gang of %d is refused (%s) and fits", world.n, refusal.refusal.text);
        counts->refused++;
        counts->unproven += refusal.refusal.unproven;
        counts->wrong_but_said += fits;
        return;
    }
    counts->planned++;
    for (int i = 0; i < world.n; i++) {
        struct member *member = &world.members[i];
        if (member->is_part) {
            const struct topo_block *block = &places[i].block;
            if (!(member->allowed >> block->cube & 1) || world.used >> block->cube & 1 ||
                world.hosts[block->cube] & block->hosts)
                glue_fail(seed, "member %d gets hosts that are not free", i);
            world.hosts[block->cube] |= block->hosts;
            continue;
        }
        for (int p = 0; p < member->shape.n_cubes; p++) {
            unsigned cube = places[i].plan.cubes[p];
            if (!(member->allowed >> cube & 1) || world.used >> cube & 1 || world.hosts[cube])
                glue_fail(seed, "member %d gets cube %u, which is not free", i, cube);
            world.used |= UINT32_C(1) << cube;
        }
        struct plant_cost cost = plant_cost(&plant, &member->plain, places[i].plan.cubes, 0);
        for (int d = 0; d < 3; d++)
            if (cost.missing[d] > (int)member->tolerate[d])
                glue_fail(seed, "member %d misses %d links", i, cost.missing[d]);
        plant_apply(&plant, &member->plain, places[i].plan.cubes, 0);
    }
    for (int i = 0; i < world.n; i++)
        if (!world.members[i].is_part) {
            const char *wrong =
                plant_check(&plant, &world.members[i].plain, places[i].plan.cubes, places[i].plan.missing);
            if (wrong)
                glue_fail(seed, "member %d: %s", i, wrong);
        }
    for (int cube = 0; cube < plant.n_cubes; cube++)
        if (world.hosts[cube] && world.used >> cube & 1)
            glue_fail(seed, "cube %d is cut and whole", cube);
}

int main(int argc, char **argv) {
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
    struct counts counts = {0};
    for (unsigned i = 0; i < count; i++)
        run(seed + i, &counts);
    printf("count: gangs against every joint placement, seed %llu: %u planned, %u refused; %u refusals not "
           "certain, %u of them wrong\n",
           (unsigned long long)seed, counts.planned, counts.refused, counts.unproven, counts.wrong_but_said);
    return 0;
}
