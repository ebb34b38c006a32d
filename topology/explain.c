#include "topology/explain.h"

#include <stdio.h>
#include <string.h>

#include "topology/refusal.h"

#define TRIES_MAX 40

struct nearest {
    struct topo_shape shapes[1100];
    unsigned likeness[1100]; /* less is nearer */
    unsigned count;
    const struct topo_shape *wanted;
};

static void add_shape(const struct topo_shape *shape, void *userdata) {
    struct nearest *nearest = userdata;
    const struct topo_shape *wanted = nearest->wanted;
    unsigned difference = 0;
    for (unsigned d = 0; d < 3; d++)
        difference += (unsigned)(shape->cubes[d] > wanted->cubes[d] ? shape->cubes[d] - wanted->cubes[d]
                                                                    : wanted->cubes[d] - shape->cubes[d]);
    if (shape->n_cubes > wanted->n_cubes)
        return;
    unsigned likeness = (wanted->n_cubes - shape->n_cubes) * 2048u + difference * 2;
    for (unsigned twisted = 0; twisted < 2; twisted++) {
        struct topo_shape variant;
        if (topo_shape_of_cubes(shape->cubes, twisted, &variant) || nearest->count == 1100)
            continue;
        bool as_wanted = (variant.twist != 0) == (wanted->twist != 0 || topo_shape_can_twist(&variant));
        nearest->shapes[nearest->count] = variant;
        nearest->likeness[nearest->count++] = likeness + !as_wanted;
    }
}

bool topo_nearest_fit(const struct topo_pod *pod, const struct topo_request *request,
                      struct topo_shape *ret_shape) {
    static const char *const parts[] = {"2x4x4", "2x2x4", "2x2x2", "1x2x2"};
    struct topo_request trial = *request;
    struct topo_refusal refusal;
    trial.pin_mode = TOPO_PIN_NONE;
    trial.n_pins = 0;
    unsigned usable = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++)
        usable += !topo_pod_is_barred(pod, cube, NULL) && !topo_set_has(&request->exclude, cube) &&
                  (request->use_spares || !topo_set_has(&pod->spare, cube));
    struct nearest nearest = {.count = 0, .wanted = &request->shape};
    if (request->shape.whole_cubes)
        topo_shape_enumerate(usable < pod->largest_slice_cubes ? usable : pod->largest_slice_cubes, add_shape,
                             &nearest);
    for (unsigned tries = 0; tries < TRIES_MAX && nearest.count; tries++) {
        unsigned best = 0;
        for (unsigned i = 1; i < nearest.count; i++)
            if (nearest.likeness[i] < nearest.likeness[best])
                best = i;
        trial.shape = nearest.shapes[best];
        struct topo_plan plan;
        if (topo_plan_create(pod, &trial, &plan, &refusal) == 0) {
            *ret_shape = trial.shape;
            return true;
        }
        /* No other shape of as many cubes would do any better where a missing end costs its cube. */
        unsigned cubes = nearest.shapes[best].n_cubes;
        bool all = pod->wiring->uniform && !request->tolerate_missing[0] && !request->tolerate_missing[1] &&
                   !request->tolerate_missing[2];
        unsigned kept = 0;
        for (unsigned i = 0; i < nearest.count; i++)
            if (i != best && !(all && nearest.shapes[i].n_cubes == cubes)) {
                nearest.shapes[kept] = nearest.shapes[i];
                nearest.likeness[kept++] = nearest.likeness[i];
            }
        nearest.count = kept;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct topo_part_request part = {.exclude = request->exclude, .use_spares = request->use_spares};
        struct topo_block block;
        char error[160];
        if (topo_shape_parse(parts[i], &part.shape, error, sizeof(error)) == 0 &&
            part.shape.n_chips <= request->shape.n_chips &&
            topo_part_place(pod, &part, &block, &refusal) == 0) {
            *ret_shape = part.shape;
            return true;
        }
    }
    return false;
}

/* What one thing, or a few for one cube, would give. */
struct offer {
    struct topo_remedy remedy;
    unsigned yield;   /* whole cubes */
    unsigned n_items; /* remedies it takes: more than 1 for a cube with several bad ends */
};

static unsigned own_damage(const struct topo_pod *pod, unsigned cube) {
    unsigned damage = 0;
    for (unsigned face = 0; face < TOPO_FACES; face++)
        damage += TOPO_INDICES - (unsigned)__builtin_popcount(pod->wiring->has_fiber[cube][face] &
                                                              (uint16_t)~pod->bad_ends[cube][face]);
    return damage;
}

/* How a single barred or damaged cube would become usable; yield 0 when it cannot by one kind of remedy. */
static struct offer offer_cube(const struct topo_pod *pod, const struct topo_request *request,
                               unsigned cube) {
    struct offer offer = {.remedy.cube = (uint16_t)cube, .yield = 1, .n_items = 1};
    unsigned damage = own_damage(pod, cube);
    bool excluded = topo_set_has(&request->exclude, cube);
    bool spare = !request->use_spares && topo_set_has(&pod->spare, cube);
    static const enum topo_remedy_kind kinds[TOPO_BARS] = {
        [TOPO_BAR_CUT] = TOPO_REMEDY_MOVE_PARTS,
        [TOPO_BAR_UNHEALTHY] = TOPO_REMEDY_REPAIR_CUBE,
        [TOPO_BAR_UNSCHEDULABLE] = TOPO_REMEDY_MAKE_SCHEDULABLE,
        [TOPO_BAR_UNACCOUNTED] = TOPO_REMEDY_CLEAR_CIRCUITS,
        [TOPO_BAR_UNPROVEN] = TOPO_REMEDY_REACH_SWITCHES,
    };
    enum topo_bar bar = topo_bar_of(pod, cube, NULL);
    if (bar == TOPO_BAR_USED || (bar != TOPO_BAR_NONE) + (damage > 0) + excluded + spare != 1) {
        offer.yield = 0;
        return offer;
    }
    if (bar != TOPO_BAR_NONE) {
        offer.remedy.kind = kinds[bar];
    } else if (excluded) {
        offer.remedy.kind = TOPO_REMEDY_LIFT_EXCLUSION;
    } else if (spare) {
        offer.remedy.kind = TOPO_REMEDY_GIVE_UP_SPARE;
    } else {
        offer.remedy.kind = TOPO_REMEDY_REPAIR_END;
        offer.n_items = damage;
        for (unsigned face = 0; face < TOPO_FACES; face++) /* a missing fiber is no repair */
            if (pod->wiring->has_fiber[cube][face] != UINT16_MAX)
                offer.yield = 0;
    }
    return offer;
}

static void apply(struct topo_pod *pod, struct topo_request *request, const struct topo_remedy *remedy) {
    unsigned cube = remedy->cube;
    switch (remedy->kind) {
    case TOPO_REMEDY_GIVE_UP_SPARE:
        topo_set_remove(&pod->spare, cube);
        break;
    case TOPO_REMEDY_LIFT_EXCLUSION:
        topo_set_remove(&request->exclude, cube);
        break;
    case TOPO_REMEDY_CLEAR_CIRCUITS:
        topo_set_remove(&pod->unaccounted, cube);
        break;
    case TOPO_REMEDY_REACH_SWITCHES:
        topo_set_remove(&pod->unproven, cube);
        memset(&pod->unproven_with[cube], 0, sizeof(pod->unproven_with[cube]));
        break;
    case TOPO_REMEDY_MAKE_SCHEDULABLE:
        topo_set_remove(&pod->unschedulable, cube);
        break;
    case TOPO_REMEDY_REPAIR_CUBE:
        topo_set_remove(&pod->unhealthy, cube);
        pod->bad_hosts[cube] = 0;
        break;
    case TOPO_REMEDY_REPAIR_END:
        pod->bad_ends[cube][remedy->face] &= (uint16_t) ~(1u << remedy->index);
        break;
    case TOPO_REMEDY_RESTORE_SWITCH:
        pod->bad_ocses &= ~(UINT64_C(1) << remedy->ocs);
        break;
    case TOPO_REMEDY_MOVE_PARTS:
        pod->used_hosts[cube] = 0;
        topo_set_remove(&pod->used, cube);
        break;
    case TOPO_REMEDY_RELEASE_SLICE:
        for (cube = 0; cube < pod->wiring->n_cubes; cube++)
            if (pod->slice_of[cube] == remedy->slice) {
                topo_set_remove(&pod->used, cube);
                pod->used_hosts[cube] = 0;
            }
        break;
    }
}

static unsigned slice_yield(const struct topo_pod *pod, const struct topo_request *request, uint32_t slice) {
    unsigned yield = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++)
        yield += pod->slice_of[cube] == slice && topo_set_has(&pod->used, cube) && !pod->used_hosts[cube] &&
                 !topo_set_has(&pod->unhealthy, cube) && !topo_set_has(&pod->unschedulable, cube) &&
                 !topo_set_has(&pod->unaccounted, cube) && !topo_set_has(&pod->unproven, cube) &&
                 !pod->bad_hosts[cube] && !topo_set_has(&request->exclude, cube) &&
                 own_damage(pod, cube) == 0 && (request->use_spares || !topo_set_has(&pod->spare, cube));
    return yield;
}

/* Offers, the best first: most cubes for one remedy, then the least disturbance, then cubes in their order.
 */
static unsigned collect(const struct topo_pod *pod, const struct topo_request *request,
                        struct offer offers[TOPO_CUBES_MAX]) {
    unsigned count = 0;
    struct topo_cube_set seen = {0};
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        struct offer offer = offer_cube(pod, request, cube);
        uint32_t slice = pod->slice_of[cube];
        if (topo_set_has(&pod->used, cube) && slice && !pod->used_hosts[cube] && !topo_set_has(&seen, cube)) {
            for (unsigned other = cube; other < pod->wiring->n_cubes; other++)
                if (pod->slice_of[other] == slice)
                    topo_set_add(&seen, other);
            offer.remedy = (struct topo_remedy){.kind = TOPO_REMEDY_RELEASE_SLICE, .slice = slice};
            offer.yield = slice_yield(pod, request, slice);
            offer.n_items = 1;
        }
        bool usable = offer.remedy.kind != TOPO_REMEDY_REPAIR_END || offer.n_items > 0;
        if (offer.yield == 0 || !usable)
            continue;
        unsigned j = count++;
        for (; j > 0; j--) {
            const struct offer *before = &offers[j - 1];
            bool better = offer.yield * before->n_items != before->yield * offer.n_items
                              ? offer.yield * before->n_items > before->yield * offer.n_items
                              : offer.remedy.kind < before->remedy.kind;
            if (!better)
                break;
            offers[j] = *before;
        }
        offers[j] = offer;
    }
    return count;
}

unsigned topo_find_remedies(const struct topo_pod *pod, const struct topo_request *request,
                            struct topo_pod *scratch, struct topo_remedy ret_remedies[TOPO_REMEDIES_MAX]) {
    struct topo_request trial = *request;
    struct topo_refusal refusal;
    struct topo_plan plan;
    struct topo_remedy remedies[TOPO_REMEDIES_MAX];
    unsigned count = 0;
    memcpy(scratch, pod, sizeof(*scratch));
    trial.pin_mode = TOPO_PIN_NONE;
    trial.n_pins = 0;
    if (!topo_shape_is_valid(&request->shape) || !request->shape.whole_cubes)
        return 0;
    /* Switches that cannot be used take an end from every cube: first of all. */
    for (unsigned ocs = 0; ocs < pod->wiring->n_ocses && count < TOPO_REMEDIES_MAX; ocs++)
        if (pod->bad_ocses >> ocs & 1)
            remedies[count++] = (struct topo_remedy){.kind = TOPO_REMEDY_RESTORE_SWITCH, .ocs = (uint8_t)ocs};
    for (unsigned i = 0; i < count; i++)
        apply(scratch, &trial, &remedies[i]);
    topo_pod_refresh_ends(scratch);
    unsigned there = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++)
        there += !topo_pod_is_barred(scratch, cube, NULL) && scratch->damage[cube] == 0 &&
                 !topo_set_has(&trial.exclude, cube) &&
                 (trial.use_spares || !topo_set_has(&scratch->spare, cube));
    struct offer offers[TOPO_CUBES_MAX];
    unsigned n_offers = collect(scratch, &trial, offers);
    bool taken[TOPO_CUBES_MAX] = {false};
    while (there < request->shape.n_cubes) {
        unsigned lacking = request->shape.n_cubes - there, best = n_offers;
        for (unsigned i = 0; i < n_offers; i++) {
            if (taken[i])
                continue;
            if (best == n_offers)
                best = i;
            /* The last step: whatever is enough for it and disturbs least. */
            if (offers[i].yield >= lacking && offers[i].n_items <= offers[best].n_items &&
                offers[best].yield >= lacking && offers[i].remedy.kind < offers[best].remedy.kind)
                best = i;
        }
        if (best == n_offers || count + offers[best].n_items > TOPO_REMEDIES_MAX)
            return 0;
        taken[best] = true;
        there += offers[best].yield;
        struct topo_remedy remedy = offers[best].remedy;
        if (remedy.kind != TOPO_REMEDY_REPAIR_END) {
            remedies[count++] = remedy;
            apply(scratch, &trial, &remedy);
            continue;
        }
        for (unsigned face = 0; face < TOPO_FACES; face++)
            for (unsigned index = 0; index < TOPO_INDICES; index++)
                if (pod->bad_ends[remedy.cube][face] >> index & 1) {
                    remedy.face = (uint8_t)face;
                    remedy.index = (uint8_t)index;
                    remedies[count++] = remedy;
                    apply(scratch, &trial, &remedy);
                }
    }
    topo_pod_refresh_ends(scratch);
    if (topo_plan_create(scratch, &trial, &plan, &refusal))
        return 0;
    memcpy(ret_remedies, remedies, sizeof(*remedies) * count);
    return count;
}

void topo_format_remedy(const struct topo_pod *pod, const struct topo_remedy *remedy, char *text,
                        size_t text_size) {
    static const char *const texts[] = {
        [TOPO_REMEDY_GIVE_UP_SPARE] = "give up the spare %s",
        [TOPO_REMEDY_LIFT_EXCLUSION] = "do not exclude %s",
        [TOPO_REMEDY_CLEAR_CIRCUITS] = "clear the unaccounted circuits of %s",
        [TOPO_REMEDY_REACH_SWITCHES] = "reach the switches that may still connect %s",
        [TOPO_REMEDY_MAKE_SCHEDULABLE] = "make %s schedulable",
        [TOPO_REMEDY_REPAIR_CUBE] = "repair %s",
        [TOPO_REMEDY_MOVE_PARTS] = "move the parts out of %s",
    };
    if (remedy->kind == TOPO_REMEDY_RELEASE_SLICE) {
        snprintf(text, text_size, "release slice %u", remedy->slice);
    } else if (remedy->kind == TOPO_REMEDY_RESTORE_SWITCH) {
        snprintf(text, text_size, "restore switch %u", remedy->ocs);
    } else if (remedy->kind == TOPO_REMEDY_REPAIR_END) {
        snprintf(text, text_size, "repair %s, link %s %u", topo_name_cube(pod, remedy->cube).text,
                 topo_face_name(remedy->face), remedy->index);
    } else if ((unsigned)remedy->kind < sizeof(texts) / sizeof(texts[0])) {
        struct topo_cube_name name = topo_name_cube(pod, remedy->cube);
        const char *format = texts[remedy->kind], *place = strstr(format, "%s");
        snprintf(text, text_size, "%.*s%s%s", (int)(place - format), format, name.text, place + 2);
    } else {
        snprintf(text, text_size, "unknown");
    }
}

const char *topo_why_text(enum topo_why why) {
    static const char *const texts[] = {
        [TOPO_WHY_PINNED] = "the request names it",
        [TOPO_WHY_NO_OTHER] = "no other cube would do",
        [TOPO_WHY_SPARE_NEEDED] = "a spare: without it the slice does not fit",
        [TOPO_WHY_LIT] = "circuits that it needs stand already",
        [TOPO_WHY_LEAST_DAMAGE] = "the least damaged that is left",
        [TOPO_WHY_DOMAIN] = "packs or spreads the slice as asked",
        [TOPO_WHY_LOWEST_NUMBER] = "as good as others, and the lowest number",
    };
    return (unsigned)why < sizeof(texts) / sizeof(texts[0]) ? texts[why] : "unknown";
}

static unsigned count_lit(const struct topo_pod *pod, unsigned from, unsigned to, unsigned dimension) {
    unsigned lit = 0;
    for (unsigned index = 0; index < TOPO_INDICES; index++)
        lit += pod->lit_far[from][topo_face(dimension, false)][index] == (int)to;
    return lit;
}

void topo_explain_plan(const struct topo_pod *pod, const struct topo_request *request,
                       const struct topo_plan *plan, struct topo_choice *ret_choices) {
    const struct topo_shape *shape = &request->shape;
    unsigned whole = 0, usable = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        bool free = !topo_pod_is_barred(pod, cube, NULL) && !topo_set_has(&request->exclude, cube) &&
                    (request->use_spares || !topo_set_has(&pod->spare, cube));
        usable += free;
        whole += free && pod->damage[cube] == 0;
    }
    for (unsigned position = 0; position < shape->n_cubes; position++) {
        unsigned cube = plan->cubes[position];
        struct topo_choice *choice = &ret_choices[position];
        *choice = (struct topo_choice){.cube = (uint16_t)cube,
                                       .damage = pod->damage[cube],
                                       .row = pod->row[cube],
                                       .power_domain = pod->power_domain[cube]};
        for (unsigned dimension = 0; dimension < 3; dimension++) {
            unsigned next = plan->cubes[topo_shape_next(shape, position, dimension)];
            unsigned previous = plan->cubes[topo_shape_previous(shape, position, dimension)];
            choice->lit_links += count_lit(pod, cube, next, dimension);
            choice->missing_links +=
                (unsigned)__builtin_popcount(topo_bundle_missing(pod, cube, next, dimension));
            if (previous == cube)
                continue; /* one link, both of its ends here */
            choice->lit_links += count_lit(pod, previous, cube, dimension);
            choice->missing_links +=
                (unsigned)__builtin_popcount(topo_bundle_missing(pod, previous, cube, dimension));
        }
        choice->why = request->pin_mode                        ? TOPO_WHY_PINNED
                      : usable == shape->n_cubes               ? TOPO_WHY_NO_OTHER
                      : topo_set_has(&pod->spare, cube)        ? TOPO_WHY_SPARE_NEEDED
                      : pod->damage[cube]                      ? TOPO_WHY_LEAST_DAMAGE
                      : whole == shape->n_cubes                ? TOPO_WHY_NO_OTHER
                      : choice->lit_links                      ? TOPO_WHY_LIT
                      : request->domain_aim != TOPO_DOMAIN_ANY ? TOPO_WHY_DOMAIN
                                                               : TOPO_WHY_LOWEST_NUMBER;
    }
}
