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
    refusal_set_fits(refusal, "%s", sentence);
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
    move_to_front(refusal, n_before);
    if (!topo_nearest_fit(&pod->plan, &request, &nearest))
        return;
    topo_shape_format(&nearest, refusal->nearest, sizeof(refusal->nearest));
    size_t at = strlen(refusal->would_fit_if);
    snprintf(refusal->would_fit_if + at, sizeof(refusal->would_fit_if) - at,
             "%s%s is asked for, which fits now", at ? "; or " : "", refusal->nearest);
}
