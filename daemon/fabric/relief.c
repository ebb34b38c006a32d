#include "daemon/fabric/relief.h"
#include "daemon/fabric/place.h"
#include "daemon/fabric/refuse.h"
#include "topology/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMED 3 /* remedies in the sentence; all of them are items */

static const char *slice_name(const struct fabric_pod *pod, uint32_t uid) {
    for (const struct fabric_slice *slice = pod->fabric->slices; slice; slice = slice->next)
        if (slice->uid == uid)
            return slice->name;
    return "?";
}

static const char *note_of(const struct fabric_cube *cube, enum topo_remedy_kind kind) {
    if (kind == TOPO_REMEDY_REPAIR_CUBE)
        return cube->health_cause;
    return kind == TOPO_REMEDY_MAKE_SCHEDULABLE ? cube->scheduling_reason : "";
}

static void format_remedy(const struct fabric_pod *pod, const struct topo_remedy *remedy, char text[160]) {
    if (remedy->kind == TOPO_REMEDY_RELEASE_SLICE)
        snprintf(text, 160, "release slice %s", slice_name(pod, remedy->slice));
    else if (remedy->kind == TOPO_REMEDY_RESTORE_SWITCH && remedy->ocs < pod->n_ocses)
        snprintf(text, 160, "restore %s", pod->ocs[remedy->ocs].name);
    else
        topo_format_remedy(&pod->plan, remedy, text, 160);
}

/* The planner's own sentence says how many missing links the request would have to tolerate. */
static bool is_of_links(enum reason reason) {
    return reason == REASON_NEEDS_TOLERANCE || reason == REASON_OCS_UNREACHABLE ||
           reason == REASON_OCS_MISMATCH;
}

static void say_remedies(struct fabric_refusal *refusal, const struct fabric_pod *pod,
                         const struct topo_remedy *remedies, unsigned count) {
    char sentence[sizeof(refusal->would_fit_if)] = "", text[160];
    int at = 0;
    for (unsigned i = 0; i < count; i++) {
        format_remedy(pod, &remedies[i], text);
        if (i < NAMED && at < (int)sizeof(sentence))
            at += snprintf(sentence + at, sizeof(sentence) - (size_t)at, "%s%s", i ? ", " : "", text);
        bool has_cube =
            remedies[i].kind != TOPO_REMEDY_RELEASE_SLICE && remedies[i].kind != TOPO_REMEDY_RESTORE_SWITCH;
        const char *note = has_cube ? note_of(&pod->cube[remedies[i].cube], remedies[i].kind) : "";
        refusal_add_item(refusal, "would help: %s%s%.80s%s", text, *note ? " (" : "", note, *note ? ")" : "");
    }
    if (count > NAMED && at < (int)sizeof(sentence))
        snprintf(sentence + at, sizeof(sentence) - (size_t)at, " and %u more", count - NAMED);
    if (!is_of_links(refusal->reason))
        refusal_set_fits(refusal, "%s", sentence);
}

/* The hosts of a cube that would be free without one of its parts: the part that has the fewest hosts and
 * whose going makes room for the block; NULL: there is none. */
static const struct fabric_slice *part_in_the_way(const struct fabric_pod *pod,
                                                  const struct topo_part_request *part,
                                                  const struct fabric_cube *cube) {
    struct topo_block blocks[TOPO_BLOCK_TURNS_MAX];
    unsigned n_blocks = topo_part_blocks(&part->shape, blocks);
    const struct fabric_slice *best = NULL;
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
        const struct fabric_slice *other = cube->host[host].part;
        uint16_t mask = other ? other->accepted->host_mask : 0;
        uint16_t room = (uint16_t) ~((cube->part_hosts & ~mask) | pod->plan.bad_hosts[cube->index]);
        for (unsigned i = 0; other && i < n_blocks; i++)
            if ((room & blocks[i].hosts) == blocks[i].hosts &&
                (!best || __builtin_popcount(mask) < __builtin_popcount(best->accepted->host_mask)))
                best = other;
    }
    return best;
}

/* A part needs one cube, so one thing is always enough: the one that disturbs least. */
static void say_part_remedy(struct fabric_refusal *refusal, const struct fabric_pod *pod,
                            const struct topo_part_request *part) {
    const struct fabric_cube *unfit = NULL;
    const struct fabric_slice *smallest_part = NULL, *smallest = NULL;
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        const struct fabric_cube *cube = &pod->cube[i];
        bool is_barred = topo_set_has(&part->exclude, i) || (part->pin_cube && part->cube != i) ||
                         (cube->is_spare && !part->use_spares) || topo_set_has(&pod->plan.unaccounted, i) ||
                         cube->may_be_lit;
        bool is_unfit = topo_set_has(&pod->plan.unhealthy, i) || topo_set_has(&pod->plan.unschedulable, i);
        if (is_barred)
            continue;
        if (is_unfit && !fabric_cube_is_used(cube) && !unfit)
            unfit = cube;
        if (is_unfit)
            continue;
        if (cube->slice &&
            (!smallest || cube->slice->accepted->shape.n_cubes < smallest->accepted->shape.n_cubes))
            smallest = cube->slice;
        const struct fabric_slice *other = cube->part_hosts ? part_in_the_way(pod, part, cube) : NULL;
        if (other && (!smallest_part || __builtin_popcount(other->accepted->host_mask) <
                                            __builtin_popcount(smallest_part->accepted->host_mask)))
            smallest_part = other;
    }
    const struct fabric_slice *release = smallest_part ? smallest_part : smallest;
    bool both = topo_set_has(&pod->plan.unhealthy, unfit ? unfit->index : 0) &&
                topo_set_has(&pod->plan.unschedulable, unfit ? unfit->index : 0);
    if (unfit && !both)
        refusal_set_fits(refusal, "%s %s (%.80s)",
                         topo_set_has(&pod->plan.unhealthy, unfit->index) ? "repair" : "make schedulable",
                         unfit->name,
                         topo_set_has(&pod->plan.unhealthy, unfit->index) ? unfit->health_cause
                                                                          : unfit->scheduling_reason);
    else if (release)
        refusal_set_fits(refusal, "release slice %s", release->name);
    else
        return;
    refusal_add_item(refusal, "would help: %s", refusal->would_fit_if);
}

/* The remedies go in front of what was listed already. */
static void move_to_front(struct fabric_refusal *refusal, size_t n_before) {
    size_t n_new = refusal->n_items - n_before;
    char **sorted = n_before && n_new ? malloc(sizeof(*sorted) * refusal->n_items) : NULL;
    if (!sorted)
        return;
    memcpy(sorted, refusal->items + n_before, sizeof(*sorted) * n_new);
    memcpy(sorted + n_new, refusal->items, sizeof(*sorted) * n_before);
    free(refusal->items);
    refusal->items = sorted;
}

void relief_add(struct fabric_refusal *refusal, const struct fabric_pod *pod,
                const struct topo_request *whole, const struct topo_part_request *part) {
    static struct topo_request request;
    struct topo_remedy remedies[TOPO_REMEDIES_MAX];
    struct topo_shape nearest;
    bool is_lasting = refusal->reason == REASON_INVALID_TOPOLOGY;
    if (is_lasting)
        return;
    if (whole)
        request = *whole;
    else
        request = (struct topo_request){
            .shape = part->shape, .exclude = part->exclude, .use_spares = part->use_spares};
    size_t n_before = refusal->n_items;
    unsigned count = whole && refusal->reason != REASON_LARGER_THAN_MODEL_LIMIT
                         ? topo_find_remedies(&pod->plan, &request, place_scratch(), remedies)
                         : 0;
    if (count)
        say_remedies(refusal, pod, remedies, count);
    else if (!whole && refusal->reason == REASON_NOT_ENOUGH_CUBES)
        say_part_remedy(refusal, pod, part);
    move_to_front(refusal, n_before);
    if (!topo_nearest_fit(&pod->plan, &request, &nearest))
        return;
    topo_shape_format(&nearest, refusal->nearest, sizeof(refusal->nearest));
    size_t at = strlen(refusal->would_fit_if);
    snprintf(refusal->would_fit_if + at, sizeof(refusal->would_fit_if) - at,
             "%s%s is asked for, which fits now", at ? "; or " : "", refusal->nearest);
}
