#include "topology/defrag.h"

#include <stdio.h>
#include <string.h>

#include "topology/refusal.h"

#define DEFAULT_EFFORT 2000000

/* Iterative deepening over the number of moves m. Steps for one m: 1 choose the cubes to empty, their parts
 * count c <= m; 2 make room with exactly m - c moves among the cubes that stay cut; 3 pack the parts of the
 * emptied cubes, largest first, into free blocks. Moves of step 2 never need a place of step 3, so this order
 * of moves loses nothing. */
struct defrag {
    const struct topo_pod *pod;
    const struct topo_part *parts;
    unsigned n_parts, n_cubes;
    uint16_t host_cube[TOPO_DEFRAG_PARTS_MAX]; /* where a part is now */
    uint16_t host_mask[TOPO_DEFRAG_PARTS_MAX];
    bool moved[TOPO_DEFRAG_PARTS_MAX];
    uint16_t used[TOPO_CUBES_MAX];     /* hosts that cannot be had now */
    unsigned parts_on[TOPO_CUBES_MAX]; /* moves that empty the cube, UINT_MAX: it cannot be emptied */
    uint16_t options[TOPO_CUBES_MAX];  /* cubes that can be emptied, fewest parts first */
    unsigned n_options;
    uint16_t targets[TOPO_CUBES_MAX]; /* cubes that may receive */
    unsigned n_targets;
    struct topo_cube_set emptied;
    struct topo_part_move moves[TOPO_DEFRAG_MOVES_MAX];
    unsigned n_moves;
    unsigned pack[TOPO_DEFRAG_MOVES_MAX];
    unsigned n_pack;
    unsigned effort_left;
};

static bool move_part(struct defrag *defrag, unsigned part, const struct topo_block *block, unsigned cube) {
    if (defrag->effort_left == 0)
        return false;
    defrag->effort_left--;
    struct topo_part_move *move = &defrag->moves[defrag->n_moves++];
    move->part = part;
    move->to = *block;
    move->to.cube = (uint16_t)cube;
    defrag->used[defrag->host_cube[part]] &= (uint16_t)~defrag->host_mask[part];
    defrag->used[cube] |= block->hosts;
    defrag->host_cube[part] = (uint16_t)cube;
    defrag->host_mask[part] = block->hosts;
    defrag->moved[part] = true;
    return true;
}

static void undo_move(struct defrag *defrag, unsigned from_cube, uint16_t from_mask) {
    unsigned part = defrag->moves[--defrag->n_moves].part;
    defrag->used[defrag->host_cube[part]] &= (uint16_t)~defrag->host_mask[part];
    defrag->used[from_cube] |= from_mask;
    defrag->host_cube[part] = (uint16_t)from_cube;
    defrag->host_mask[part] = from_mask;
    defrag->moved[part] = false;
}

/* Cubes whose free hosts are the same are the same to what is packed. */
static bool is_repeat(const struct defrag *defrag, unsigned target) {
    for (unsigned i = 0; i < target; i++)
        if (!topo_set_has(&defrag->emptied, defrag->targets[i]) &&
            defrag->used[defrag->targets[i]] == defrag->used[defrag->targets[target]])
            return true;
    return false;
}

static bool pack_rest(struct defrag *defrag, unsigned next) {
    if (next == defrag->n_pack)
        return true;
    unsigned part = defrag->pack[next];
    struct topo_block blocks[TOPO_BLOCK_TURNS_MAX];
    unsigned n_blocks = topo_part_blocks(&defrag->parts[part].shape, blocks);
    for (unsigned i = 0; i < defrag->n_targets; i++) {
        unsigned cube = defrag->targets[i];
        if (topo_set_has(&defrag->emptied, cube) || is_repeat(defrag, i))
            continue;
        for (unsigned j = 0; j < n_blocks; j++) {
            if (defrag->used[cube] & blocks[j].hosts)
                continue;
            unsigned from_cube = defrag->host_cube[part];
            uint16_t from_mask = defrag->host_mask[part];
            if (!move_part(defrag, part, &blocks[j], cube))
                return false;
            if (pack_rest(defrag, next + 1))
                return true;
            undo_move(defrag, from_cube, from_mask);
        }
    }
    return false;
}

static bool has_room(const struct defrag *defrag) {
    unsigned needed = 0, there = 0;
    for (unsigned i = 0; i < defrag->n_pack; i++)
        needed += topo_part_hosts(&defrag->parts[defrag->pack[i]].shape);
    for (unsigned i = 0; i < defrag->n_targets; i++)
        if (!topo_set_has(&defrag->emptied, defrag->targets[i]))
            there += 16u - (unsigned)__builtin_popcount(defrag->used[defrag->targets[i]]);
    return there >= needed;
}

static bool make_room(struct defrag *defrag, unsigned moves_left) {
    if (moves_left == 0)
        return pack_rest(defrag, 0);
    for (unsigned part = 0; part < defrag->n_parts; part++) {
        unsigned from_cube = defrag->host_cube[part];
        uint16_t from_mask = defrag->host_mask[part];
        if (defrag->moved[part] || defrag->parts[part].fixed || topo_set_has(&defrag->emptied, from_cube))
            continue;
        struct topo_block blocks[TOPO_BLOCK_TURNS_MAX];
        unsigned n_blocks = topo_part_blocks(&defrag->parts[part].shape, blocks);
        for (unsigned i = 0; i < defrag->n_targets; i++) {
            unsigned cube = defrag->targets[i];
            if (topo_set_has(&defrag->emptied, cube))
                continue;
            for (unsigned j = 0; j < n_blocks; j++) {
                if (defrag->used[cube] & blocks[j].hosts)
                    continue;
                if (!move_part(defrag, part, &blocks[j], cube))
                    return false;
                if (make_room(defrag, moves_left - 1))
                    return true;
                undo_move(defrag, from_cube, from_mask);
            }
        }
    }
    return false;
}

static bool choose_cubes(struct defrag *defrag, unsigned next, unsigned to_choose, unsigned moves_left) {
    if (to_choose == 0) {
        defrag->n_pack = 0;
        for (unsigned hosts = 8; hosts; hosts /= 2)
            for (unsigned part = 0; part < defrag->n_parts; part++)
                if (topo_set_has(&defrag->emptied, defrag->parts[part].cube) &&
                    topo_part_hosts(&defrag->parts[part].shape) == hosts)
                    defrag->pack[defrag->n_pack++] = part;
        return has_room(defrag) && make_room(defrag, moves_left);
    }
    for (unsigned i = next; i + to_choose <= defrag->n_options; i++) {
        unsigned cube = defrag->options[i];
        if (defrag->parts_on[cube] * to_choose > moves_left || defrag->effort_left == 0)
            break; /* the options only get worse */
        defrag->effort_left--;
        topo_set_add(&defrag->emptied, cube);
        if (choose_cubes(defrag, i + 1, to_choose - 1, moves_left - defrag->parts_on[cube]))
            return true;
        topo_set_remove(&defrag->emptied, cube);
    }
    return false;
}

static int load(struct defrag *defrag, struct topo_refusal *refusal) {
    const struct topo_pod *pod = defrag->pod;
    uint16_t covered[TOPO_CUBES_MAX] = {0};
    bool fixed[TOPO_CUBES_MAX] = {false};
    for (unsigned i = 0; i < defrag->n_parts; i++) {
        const struct topo_part *part = &defrag->parts[i];
        unsigned hosts = topo_part_hosts(&part->shape);
        if (hosts == 0 || part->cube >= pod->wiring->n_cubes ||
            (unsigned)__builtin_popcount(part->hosts) != hosts || covered[part->cube] & part->hosts ||
            part->hosts & ~pod->used_hosts[part->cube])
            return topo_refuse_text(refusal, TOPO_REASON_INVALID_ARGUMENT,
                                    "parts[%u]: hosts 0x%04x of cube %u do not fit its shape or the pod", i,
                                    part->hosts, part->cube);
        covered[part->cube] |= part->hosts;
        fixed[part->cube] |= part->fixed;
        defrag->parts_on[part->cube]++;
        defrag->host_cube[i] = part->cube;
        defrag->host_mask[i] = part->hosts;
    }
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        defrag->used[cube] = pod->used_hosts[cube] | pod->bad_hosts[cube];
        if (!pod->used_hosts[cube] || !topo_part_may_use(pod, cube))
            continue;
        defrag->targets[defrag->n_targets++] = (uint16_t)cube;
        if (covered[cube] == pod->used_hosts[cube] && !fixed[cube] && !pod->bad_hosts[cube] &&
            !topo_set_has(&pod->spare, cube)) {
            unsigned j = defrag->n_options++;
            for (; j > 0 && defrag->parts_on[defrag->options[j - 1]] > defrag->parts_on[cube]; j--)
                defrag->options[j] = defrag->options[j - 1];
            defrag->options[j] = (uint16_t)cube;
        }
    }
    return 0;
}

int topo_defrag(const struct topo_pod *pod, const struct topo_part *parts, unsigned n_parts, unsigned n_cubes,
                unsigned effort, struct topo_defrag_plan *ret_plan, struct topo_refusal *ret_refusal) {
    struct topo_refusal refusal = {.cube = TOPO_CUBES_MAX, .needed = n_cubes};
    int r = 0;
    struct defrag defrag = {.pod = pod, .parts = parts, .n_parts = n_parts, .n_cubes = n_cubes};
    defrag.effort_left = effort ? effort : DEFAULT_EFFORT;
    if (n_parts > TOPO_DEFRAG_PARTS_MAX)
        r = topo_refuse_text(&refusal, TOPO_REASON_INVALID_ARGUMENT, "n_parts: %u, at most %u", n_parts,
                             TOPO_DEFRAG_PARTS_MAX);
    else
        r = load(&defrag, &refusal);
    if (r == 0 && defrag.n_options < n_cubes) {
        refusal.candidates = defrag.n_options;
        r = topo_refuse_text(&refusal, TOPO_REASON_NOT_ENOUGH_CUBES,
                             "%u cubes to be freed; parts can be moved away from %u", n_cubes,
                             defrag.n_options);
    }
    unsigned least = 0;
    for (unsigned i = 0; i < n_cubes && r == 0; i++)
        least += defrag.parts_on[defrag.options[i]];
    bool found = false;
    unsigned moves = least;
    if (r == 0)
        for (; moves <= TOPO_DEFRAG_MOVES_MAX && moves <= n_parts && !found; moves++) {
            found = choose_cubes(&defrag, 0, n_cubes, moves);
            if (defrag.effort_left == 0)
                break;
        }
    if (r == 0 && !found) {
        refusal.unproven = defrag.effort_left == 0 || n_parts > TOPO_DEFRAG_MOVES_MAX;
        snprintf(refusal.would_fit_if, sizeof(refusal.would_fit_if), "fewer cubes, or slices are deleted");
        r = topo_refuse_text(
            &refusal, TOPO_REASON_NOT_ENOUGH_CUBES,
            "%u cubes to be freed; %s fewer than %u moves of parts do it, each moved once", n_cubes,
            refusal.unproven ? "the search ended and found that no" : "it cannot be done: no", moves);
    }
    if (r) {
        *ret_refusal = refusal;
        return r;
    }
    memcpy(ret_plan->moves, defrag.moves, sizeof(defrag.moves));
    ret_plan->n_moves = defrag.n_moves;
    ret_plan->freed = defrag.emptied;
    ret_plan->proven = true;
    ret_plan->moves_at_least = defrag.n_moves;
    return 0;
}
