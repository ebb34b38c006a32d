#include "topology/whatif/damage.h"

#include <stddef.h>
#include <string.h>

#include "topology/analysis.h"
#include "topology/whatif/trial_pod.h"

static void apply(const struct whatif_loss *loss, bool drain, struct topo_pod *pod) {
    bool ends_change = loss->ocses & ~pod->bad_ocses;
    struct topo_cube_set *out = drain ? &pod->unschedulable : &pod->unhealthy;
    for (unsigned word = 0; word < TOPO_CUBE_WORDS; word++)
        out->word[word] |= loss->cubes.word[word];
    pod->bad_ocses |= loss->ocses;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        pod->bad_hosts[cube] |= loss->hosts[cube];
        for (unsigned face = 0; face < TOPO_FACES; face++) {
            ends_change |= (loss->ends[cube][face] & ~pod->bad_ends[cube][face]) != 0;
            pod->bad_ends[cube][face] |= loss->ends[cube][face];
        }
    }
    if (ends_change)
        topo_pod_refresh_ends(pod);
}

static unsigned missing_links(const struct topo_pod *pod, const struct whatif_slice *slice) {
    unsigned missing = 0;
    for (unsigned position = 0; position < slice->shape.n_cubes; position++)
        for (unsigned d = 0; d < 3; d++) {
            unsigned next = topo_shape_next(&slice->shape, position, d);
            missing += (unsigned)__builtin_popcount(
                topo_bundle_missing(pod, slice->cubes[position], slice->cubes[next], d));
        }
    return missing;
}

static bool is_lost(const struct whatif_loss *loss, unsigned cube) {
    return topo_set_has(&loss->cubes, cube) || loss->hosts[cube];
}

static void repair_whole(const struct whatif_loss *loss, const struct whatif_slice *slice,
                         struct topo_pod *scratch, struct whatif_slice_fate *fate) {
    struct topo_swap swaps[TOPO_POSITIONS_MAX];
    struct topo_cube_set none = {0};
    struct topo_plan plan;
    struct topo_refusal refusal;
    unsigned tolerate[3], n = 0;
    for (unsigned position = 0; position < slice->shape.n_cubes; position++)
        if (is_lost(loss, slice->cubes[position])) {
            fate->lost[n] = slice->cubes[position];
            swaps[n++] = (struct topo_swap){position, -1};
        }
    fate->n_swaps = n;
    whatif_tolerance(scratch, slice->shape.n_cubes, tolerate);
    if (topo_plan_swap(scratch, &slice->shape, slice->cubes, swaps, n, &none, tolerate, true, &plan,
                       &refusal)) {
        fate->fate = WHATIF_LOST;
        fate->reason = refusal.reason;
        return;
    }
    fate->fate = WHATIF_REPAIRABLE;
    fate->moves = plan.removals + plan.additions;
    for (unsigned i = 0; i < n; i++) {
        fate->replaced[i] = plan.cubes[swaps[i].position];
        topo_set_remove(&scratch->used, fate->lost[i]);
        whatif_darken(scratch, fate->lost[i]);
        topo_set_remove(&scratch->spare, fate->replaced[i]);
    }
    whatif_occupy(scratch, &slice->shape, plan.cubes);
}

static void repair_part(const struct whatif_slice *slice, struct topo_pod *scratch,
                        struct whatif_slice_fate *fate) {
    struct topo_part_request request = {.shape = slice->shape, .use_spares = true};
    struct topo_block block;
    struct topo_refusal refusal;
    fate->lost[0] = slice->cubes[0];
    fate->n_swaps = 1;
    topo_set_add(&request.exclude, slice->cubes[0]);
    if (topo_part_place(scratch, &request, &block, &refusal)) {
        fate->fate = WHATIF_LOST;
        fate->reason = refusal.reason;
        return;
    }
    fate->fate = WHATIF_REPAIRABLE;
    fate->replaced[0] = block.cube;
    whatif_release_part(scratch, slice->cubes[0], slice->hosts);
    fate->moves = whatif_occupy_part(scratch, block.cube, block.hosts);
}

static bool stops(const struct whatif_loss *loss, const struct whatif_slice *slice) {
    if (slice->hosts)
        return topo_set_has(&loss->cubes, slice->cubes[0]) || (loss->hosts[slice->cubes[0]] & slice->hosts);
    for (unsigned position = 0; position < slice->shape.n_cubes; position++)
        if (is_lost(loss, slice->cubes[position]))
            return true;
    return false;
}

static void judge(const struct whatif_world *world, const struct whatif_loss *loss,
                  const struct whatif_slice *slice, struct topo_pod *scratch,
                  struct whatif_slice_fate *fate) {
    memset(fate, 0, offsetof(struct whatif_slice_fate, lost));
    fate->moves = 0;
    fate->reason = TOPO_REASON_NONE;
    if (stops(loss, slice)) {
        if (slice->hosts)
            repair_part(slice, scratch, fate);
        else
            repair_whole(loss, slice, scratch, fate);
    } else if (!slice->hosts &&
               memcmp(scratch->good_ends, world->pod->good_ends, sizeof(scratch->good_ends))) {
        fate->missing_links = missing_links(scratch, slice) - missing_links(world->pod, slice);
        fate->fate = fate->missing_links ? WHATIF_DEGRADED : WHATIF_UNTOUCHED;
    }
}

static void work_out(const struct whatif_world *world, const struct whatif_loss *loss, bool drain,
                     struct topo_pod *scratch, struct whatif_slice_fate *ret_fates,
                     struct whatif_damage *ret_damage) {
    struct whatif_damage damage = {0};
    struct topo_shape largest;
    *scratch = *world->pod;
    apply(loss, drain, scratch);
    for (unsigned i = 0; i < world->n_slices; i++) {
        struct whatif_slice_fate own = {0}, *fate = ret_fates ? &ret_fates[i] : &own;
        uint32_t chips = world->slices[i].shape.n_chips;
        judge(world, loss, &world->slices[i], scratch, fate);
        damage.missing_links += fate->missing_links;
        damage.moves += fate->moves;
        damage.degraded += fate->fate == WHATIF_DEGRADED;
        damage.repairable += fate->fate == WHATIF_REPAIRABLE;
        damage.lost += fate->fate == WHATIF_LOST;
        damage.chips_degraded += fate->fate == WHATIF_DEGRADED ? chips : 0;
        damage.chips_repairable += fate->fate == WHATIF_REPAIRABLE ? chips : 0;
        damage.chips_lost += fate->fate == WHATIF_LOST ? chips : 0;
    }
    damage.free_cubes = whatif_free_cubes(scratch, true);
    damage.largest_chips = whatif_largest(scratch, false, &largest) ? largest.n_chips : 0;
    damage.largest_degraded_chips = damage.largest_chips;
    if (scratch->bad_ocses)
        damage.largest_degraded_chips = whatif_largest(scratch, true, &largest) ? largest.n_chips : 0;
    *ret_damage = damage;
}

void whatif_break(const struct whatif_world *world, const struct whatif_loss *loss, struct topo_pod *scratch,
                  struct whatif_slice_fate *ret_fates, struct whatif_damage *ret_damage) {
    work_out(world, loss, false, scratch, ret_fates, ret_damage);
}

void whatif_drain(const struct whatif_world *world, const struct whatif_loss *loss, struct topo_pod *scratch,
                  struct whatif_slice_fate *ret_fates, struct whatif_damage *ret_damage) {
    work_out(world, loss, true, scratch, ret_fates, ret_damage);
}

int whatif_count_slow_down(const struct whatif_world *world, const struct topo_pod *scratch,
                           const struct whatif_slice_fate *fates, struct whatif_damage *damage) {
    for (unsigned i = 0; i < world->n_slices; i++) {
        const struct whatif_slice *slice = &world->slices[i];
        uint16_t missing[TOPO_POSITIONS_MAX][3];
        struct topo_analysis analysis;
        if (fates[i].fate != WHATIF_DEGRADED)
            continue;
        for (unsigned position = 0; position < slice->shape.n_cubes; position++)
            for (unsigned d = 0; d < 3; d++)
                missing[position][d] =
                    topo_bundle_missing(scratch, slice->cubes[position],
                                        slice->cubes[topo_shape_next(&slice->shape, position, d)], d);
        int r = topo_analyze(&slice->shape, (const uint16_t(*)[3])missing, &analysis);
        if (r < 0)
            return r;
        if (r == 0 && analysis.all_to_all_slow_down > 1)
            damage->slowed_millichips +=
                (uint64_t)((analysis.all_to_all_slow_down - 1) * 1000 * slice->shape.n_chips + 0.5);
    }
    return 0;
}

int whatif_compare_damage(const struct whatif_damage *a, const struct whatif_damage *b) {
    const uint64_t pairs[][2] = {
        {b->chips_lost, a->chips_lost},         {b->chips_repairable, a->chips_repairable},
        {b->chips_degraded, a->chips_degraded}, {b->slowed_millichips, a->slowed_millichips},
        {b->missing_links, a->missing_links},   {a->largest_degraded_chips, b->largest_degraded_chips},
        {a->largest_chips, b->largest_chips},   {a->free_cubes, b->free_cubes},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (pairs[i][0] != pairs[i][1])
            return pairs[i][0] < pairs[i][1] ? -1 : 1;
    return 0;
}
