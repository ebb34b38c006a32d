#include "topology/gang.h"

#include <stdio.h>
#include <string.h>

#include "topology/refusal.h"
#include "topology/search.h"

#define ORDERS 16
#define VECTORS_MAX 512
#define PART_EFFORT 20000
#define SHARE_EFFORT 4000

/* Steps for one vector of choices: 1 give every part a block, largest first, opening cubes only where the
 * whole-cube members can still be served; 2 plan the whole-cube members one after the other, each with a look
 * ahead: a matching of members and cubes (Kuhn 1955, each member as many times as it has cubes) must still
 * serve the rest, else the member is held to the cubes that the matching gives it. With tolerances a matching
 * is not enough: 3 when several orders have failed, all ways to share the cubes are tried, cubes that are
 * alike counted and not told apart, until an effort is spent. */
struct gang {
    const struct topo_pod *pod;
    struct topo_pod *work;
    const struct topo_gang_choice *chosen[TOPO_GANG_MEMBERS_MAX];
    struct topo_gang_place *places;
    unsigned n;
    unsigned order[TOPO_GANG_MEMBERS_MAX]; /* whole-cube members, then none */
    unsigned n_whole;
    unsigned attempt;
    unsigned parts[TOPO_GANG_MEMBERS_MAX];
    unsigned n_parts;
    bool done[TOPO_GANG_MEMBERS_MAX];
    bool certain;
    unsigned part_effort, share_effort;
    bool share_all;
    struct topo_cube_set allowed[TOPO_GANG_MEMBERS_MAX];
    uint8_t owner[TOPO_CUBES_MAX];
    struct topo_cube_set visited;
};

#define NOBODY UINT8_MAX

static bool is_part(const struct topo_gang_choice *choice) {
    return choice->whole.shape.n_cubes == 0;
}

static bool is_strict(const struct topo_request *request) {
    return !request->tolerate_missing[0] && !request->tolerate_missing[1] && !request->tolerate_missing[2];
}

static void find_allowed(struct gang *gang, unsigned member) {
    const struct topo_request *request = &gang->chosen[member]->whole;
    const struct topo_pod *pod = gang->work;
    struct topo_cube_set *allowed = &gang->allowed[member], pins = {0};
    memset(allowed, 0, sizeof(*allowed));
    for (unsigned i = 0; i < request->n_pins && request->pin_mode; i++)
        if (request->pins[i] < pod->wiring->n_cubes)
            topo_set_add(&pins, request->pins[i]);
    bool whole_only = pod->wiring->uniform && is_strict(request);
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++)
        if (!topo_pod_is_barred(pod, cube, NULL) && !topo_set_has(&request->exclude, cube) &&
            (request->use_spares || !topo_set_has(&pod->spare, cube)) &&
            (!request->pin_mode || topo_set_has(&pins, cube)) && !(whole_only && pod->damage[cube]))
            topo_set_add(allowed, cube);
}

static bool find_cube(struct gang *gang, unsigned member) {
    for (unsigned word = 0; word < TOPO_CUBE_WORDS; word++) {
        uint64_t left;
        while ((left = gang->allowed[member].word[word] & ~gang->visited.word[word])) {
            unsigned cube = 64 * word + (unsigned)__builtin_ctzll(left);
            topo_set_add(&gang->visited, cube);
            if (gang->owner[cube] == NOBODY || find_cube(gang, gang->owner[cube])) {
                gang->owner[cube] = (uint8_t)member;
                return true;
            }
        }
    }
    return false;
}

/* Can the members that are not done be served together, going by numbers? Leaves who gets what in owner. */
static bool match(struct gang *gang) {
    memset(gang->owner, NOBODY, sizeof(gang->owner));
    for (unsigned i = 0; i < gang->n_whole; i++) {
        unsigned member = gang->order[i];
        if (gang->done[member])
            continue;
        find_allowed(gang, member);
        for (unsigned cube = 0; cube < gang->chosen[member]->whole.shape.n_cubes; cube++) {
            memset(&gang->visited, 0, sizeof(gang->visited));
            if (!find_cube(gang, member))
                return false;
        }
    }
    return true;
}

/* Cubes get an owner: their circuits to others go. */
static void take(struct topo_pod *work, const uint16_t *cubes, unsigned n) {
    struct topo_cube_set taken = {0};
    for (unsigned i = 0; i < n; i++)
        topo_set_add(&taken, cubes[i]);
    for (unsigned i = 0; i < n; i++) {
        topo_set_add(&work->used, cubes[i]);
        for (unsigned face = 0; face < TOPO_FACES; face++)
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                int far = work->lit_far[cubes[i]][face][index];
                if (far >= 0 && !topo_set_has(&taken, (unsigned)far)) {
                    work->lit_far[far][face ^ 1][index] = TOPO_LIT_NONE;
                    work->lit_far[cubes[i]][face][index] = TOPO_LIT_NONE;
                }
            }
    }
    topo_pod_refresh_ends(work);
}

static bool plan_member(struct gang *gang, unsigned member) {
    struct topo_gang_place *place = &gang->places[member];
    const struct topo_request *request = &gang->chosen[member]->whole;
    unsigned n = request->shape.n_cubes;
    struct topo_refusal refusal;
    uint8_t owner[TOPO_CUBES_MAX];
    memcpy(owner, gang->owner, sizeof(owner));
    place->is_part = false;
    /* Later attempts keep each member from a few cubes, so that the others meet other ones. */
    struct topo_request varied = *request;
    for (unsigned cube = 0; cube < gang->pod->wiring->n_cubes && gang->attempt > 5; cube++)
        if (((cube + 1) * (member + 3) * (gang->attempt + 7) * 2654435761u >> 20) % 4 == 0)
            topo_set_add(&varied.exclude, cube);
    if (topo_plan_create(gang->work, &varied, &place->plan, &refusal) &&
        topo_plan_create(gang->work, request, &place->plan, &refusal))
        return false;
    struct topo_cube_set used = gang->work->used;
    for (unsigned i = 0; i < n; i++)
        topo_set_add(&gang->work->used, place->plan.cubes[i]);
    gang->done[member] = true;
    bool others_fit = match(gang);
    if (!others_fit) {
        gang->work->used = used;
        struct topo_request held = *request;
        for (unsigned cube = 0; cube < gang->pod->wiring->n_cubes; cube++)
            if (owner[cube] != member)
                topo_set_add(&held.exclude, cube);
        if (topo_plan_create(gang->work, &held, &place->plan, &refusal))
            return false;
        for (unsigned i = 0; i < n; i++)
            topo_set_add(&gang->work->used, place->plan.cubes[i]);
        if (!match(gang))
            return false;
    }
    take(gang->work, place->plan.cubes, n);
    return true;
}

static bool is_tied(const struct topo_pod *pod, unsigned cube) {
    uint64_t any = 0;
    for (unsigned word = 0; word < TOPO_CUBE_WORDS; word++)
        any |= pod->unproven_with[cube].word[word];
    return any != 0;
}

static bool are_alike(const struct gang *gang, unsigned one, unsigned other) {
    const struct topo_pod *pod = gang->pod;
    if (memcmp(pod->good_ends[one], pod->good_ends[other], sizeof(pod->good_ends[one])) ||
        !topo_same_wiring(pod->wiring, one, other) || is_tied(pod, one) || is_tied(pod, other))
        return false;
    for (unsigned i = 0; i < gang->n_whole; i++) {
        const struct topo_cube_set *allowed = &gang->allowed[gang->order[i]];
        if (topo_set_has(allowed, one) != topo_set_has(allowed, other))
            return false;
    }
    return true;
}

static bool share(struct gang *gang, unsigned next);

/* Chooses the cubes of member `next` from the list, from `from` on; a cube is passed over together with all
 * that are like it. */
static bool share_from(struct gang *gang, unsigned next, const uint16_t *list, unsigned n_list, unsigned from,
                       struct topo_request *pinned) {
    unsigned member = gang->order[next];
    if (pinned->n_pins == pinned->shape.n_cubes) {
        struct topo_refusal refusal;
        if (gang->share_effort == 0)
            return false;
        gang->share_effort--;
        if (topo_plan_create(gang->work, pinned, &gang->places[member].plan, &refusal))
            return false;
        for (unsigned i = 0; i < pinned->n_pins; i++)
            topo_set_add(&gang->work->used, pinned->pins[i]);
        if (share(gang, next + 1))
            return true;
        for (unsigned i = 0; i < pinned->n_pins; i++)
            topo_set_remove(&gang->work->used, pinned->pins[i]);
        return false;
    }
    for (unsigned i = from; i < n_list && gang->share_effort; i++) {
        bool repeat = false;
        for (unsigned j = from; j < i; j++)
            repeat |= are_alike(gang, list[j], list[i]);
        if (repeat)
            continue;
        pinned->pins[pinned->n_pins++] = list[i];
        if (share_from(gang, next, list, n_list, i + 1, pinned))
            return true;
        pinned->n_pins--;
    }
    return false;
}

static bool share(struct gang *gang, unsigned next) {
    if (next == gang->n_whole)
        return true;
    unsigned member = gang->order[next];
    const struct topo_request *request = &gang->chosen[member]->whole;
    gang->places[member].is_part = false;
    struct topo_request pinned = *request;
    if (request->pin_mode) {
        struct topo_refusal refusal;
        if (topo_plan_create(gang->work, request, &gang->places[member].plan, &refusal))
            return false;
        struct topo_cube_set used = gang->work->used;
        for (unsigned i = 0; i < request->shape.n_cubes; i++)
            topo_set_add(&gang->work->used, gang->places[member].plan.cubes[i]);
        if (share(gang, next + 1))
            return true;
        gang->work->used = used;
        return false;
    }
    pinned.pin_mode = TOPO_PIN_SET;
    pinned.n_pins = 0;
    uint16_t list[TOPO_CUBES_MAX];
    unsigned n_list = 0;
    for (unsigned cube = 0; cube < gang->pod->wiring->n_cubes; cube++)
        if (topo_set_has(&gang->allowed[member], cube) && !topo_pod_is_barred(gang->work, cube, NULL))
            list[n_list++] = (uint16_t)cube;
    return share_from(gang, next, list, n_list, 0, &pinned);
}

static bool place_parts(struct gang *gang, unsigned next) {
    if (next == gang->n_parts)
        return match(gang) && (!gang->share_all || share(gang, 0));
    unsigned member = gang->parts[next];
    const struct topo_part_request *request = &gang->chosen[member]->part;
    struct topo_gang_place *place = &gang->places[member];
    struct topo_block blocks[TOPO_BLOCK_TURNS_MAX];
    unsigned n_blocks = topo_part_blocks(&request->shape, blocks);
    /* The planner's own choice first, then every other: cut cubes, then ones to open. */
    struct topo_refusal refusal;
    place->is_part = true;
    if (topo_part_place(gang->work, request, &place->block, &refusal))
        return false;
    struct topo_block first = place->block;
    for (unsigned pass = 0; pass < 3; pass++)
        for (unsigned cube = 0; cube < gang->pod->wiring->n_cubes; cube++) {
            if ((pass == 0 && cube != first.cube) || topo_set_has(&request->exclude, cube) ||
                (request->pin_cube && cube != request->cube) || !topo_part_may_use(gang->work, cube) ||
                (!request->use_spares && topo_set_has(&gang->work->spare, cube)))
                continue;
            uint16_t taken = gang->work->used_hosts[cube] | gang->work->bad_hosts[cube];
            bool opens = gang->work->used_hosts[cube] == 0;
            if (pass > 0 && opens != (pass == 2))
                continue;
            for (unsigned i = 0; i < n_blocks; i++) {
                if (taken & blocks[i].hosts || (pass == 0 && blocks[i].hosts != first.hosts) ||
                    (pass > 0 && cube == first.cube && blocks[i].hosts == first.hosts))
                    continue;
                if (gang->part_effort == 0) {
                    gang->certain = false;
                    return false;
                }
                gang->part_effort--;
                place->block = blocks[i];
                place->block.cube = (uint16_t)cube;
                place->block.opens_cube = opens;
                gang->work->used_hosts[cube] |= blocks[i].hosts;
                if ((!opens || match(gang)) && place_parts(gang, next + 1))
                    return true;
                gang->work->used_hosts[cube] &= (uint16_t)~blocks[i].hosts;
            }
        }
    return false;
}

/* Orders: pinned members and those with little choice first, large ones first, then shuffled. */
static void sort_members(struct gang *gang, unsigned order) {
    static const unsigned primes[] = {1,  3,  5,  7,  11, 13, 17, 19, 23, 29, 31, 37,
                                      41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89};
    const unsigned n_primes = sizeof(primes) / sizeof(primes[0]);
    unsigned key[TOPO_GANG_MEMBERS_MAX];
    for (unsigned i = 0; i < gang->n_whole; i++) {
        unsigned member = gang->order[i];
        const struct topo_request *request = &gang->chosen[member]->whole;
        unsigned size = request->shape.n_cubes;
        unsigned slack = topo_set_count(&gang->allowed[member]) - size;
        key[i] =
            order == 0 ? (request->pin_mode ? 0 : 1 + (is_strict(request) ? 0 : 1000)) + slack
            : order == 1
                ? 1000 - size
                : (member + 1) * primes[order % n_primes] * (order / n_primes * 2 + 1) * 2654435761u >> 8;
    }
    for (unsigned i = 1; i < gang->n_whole; i++)
        for (unsigned j = i; j > 0 && key[j - 1] > key[j]; j--) {
            unsigned k = key[j], m = gang->order[j];
            key[j] = key[j - 1], gang->order[j] = gang->order[j - 1];
            key[j - 1] = k, gang->order[j - 1] = m;
        }
}

static bool place_all(struct gang *gang) {
    gang->n_whole = gang->n_parts = 0;
    gang->certain = gang->pod->wiring->uniform;
    for (unsigned hosts = 8; hosts; hosts /= 2)
        for (unsigned member = 0; member < gang->n; member++)
            if (is_part(gang->chosen[member]) && topo_part_hosts(&gang->chosen[member]->part.shape) == hosts)
                gang->parts[gang->n_parts++] = member;
    for (unsigned member = 0; member < gang->n; member++)
        if (!is_part(gang->chosen[member])) {
            gang->order[gang->n_whole++] = member;
            gang->certain &= is_strict(&gang->chosen[member]->whole);
        }
    for (unsigned cube = 0; cube < gang->pod->wiring->n_cubes; cube++)
        for (unsigned word = 0; word < TOPO_CUBE_WORDS; word++)
            gang->certain &= gang->pod->unproven_with[cube].word[word] == 0;
    for (unsigned order = 0; order < ORDERS; order++) {
        memcpy(gang->work, gang->pod, sizeof(*gang->work));
        memset(gang->done, 0, sizeof(gang->done));
        gang->part_effort = PART_EFFORT;
        gang->attempt = order;
        if (!place_parts(gang, 0))
            return false; /* a matching is necessary, whatever the order */
        sort_members(gang, order);
        bool placed = true;
        for (unsigned i = 0; i < gang->n_whole && placed; i++)
            placed = match(gang) && plan_member(gang, gang->order[i]);
        if (placed)
            return true;
        if (gang->certain)
            return false;
    }
    memcpy(gang->work, gang->pod, sizeof(*gang->work));
    memset(gang->done, 0, sizeof(gang->done));
    gang->part_effort = PART_EFFORT;
    gang->share_effort = SHARE_EFFORT;
    gang->share_all = true;
    bool placed = place_parts(gang, 0);
    gang->share_all = false;
    gang->certain = gang->share_effort > 0 && gang->part_effort > 0;
    return placed;
}

static bool next_vector(unsigned *choice, const struct topo_gang_member *members, unsigned n, unsigned sum) {
    /* The next vector, in the order of an odometer, whose numbers add up to sum. */
    for (;;) {
        unsigned i = 0;
        while (i < n && ++choice[i] == members[i].n_choices)
            choice[i++] = 0;
        if (i == n)
            return false;
        unsigned total = 0;
        for (unsigned j = 0; j < n; j++)
            total += choice[j];
        if (total == sum)
            return true;
    }
}

static int check(const struct topo_gang_member *members, unsigned n_members,
                 struct topo_gang_refusal *refusal) {
    if (n_members == 0 || n_members > TOPO_GANG_MEMBERS_MAX)
        return topo_refuse_text(&refusal->refusal, TOPO_REASON_INVALID_ARGUMENT, "n_members: %u, not 1 to %u",
                                n_members, TOPO_GANG_MEMBERS_MAX);
    for (unsigned member = 0; member < n_members; member++) {
        refusal->member = member;
        if (members[member].n_choices == 0 || members[member].n_choices > TOPO_GANG_CHOICES_MAX)
            return topo_refuse_text(&refusal->refusal, TOPO_REASON_INVALID_ARGUMENT,
                                    "n_choices: %u, not 1 to %u", members[member].n_choices,
                                    TOPO_GANG_CHOICES_MAX);
        for (unsigned i = 0; i < members[member].n_choices; i++) {
            const struct topo_gang_choice *choice = &members[member].choices[i];
            if (!topo_shape_is_valid(is_part(choice) ? &choice->part.shape : &choice->whole.shape))
                return topo_refuse_text(&refusal->refusal, TOPO_REASON_INVALID_ARGUMENT,
                                        "shape: its fields do not agree");
        }
    }
    return 0;
}

/* One member that does not even fit alone, with any of its choices; else all together are too many. */
static int refuse_gang(const struct topo_pod *pod, const struct topo_gang_member *members, unsigned n_members,
                       bool certain, struct topo_gang_refusal *refusal) {
    unsigned needed = 0, hosts = 0;
    for (unsigned member = 0; member < n_members; member++) {
        bool fits = false;
        for (unsigned i = 0; i < members[member].n_choices && !fits; i++) {
            const struct topo_gang_choice *choice = &members[member].choices[i];
            struct topo_plan plan;
            struct topo_block block;
            fits = is_part(choice) ? topo_part_place(pod, &choice->part, &block, &refusal->refusal) == 0
                                   : topo_plan_create(pod, &choice->whole, &plan, &refusal->refusal) == 0;
        }
        if (!fits) {
            refusal->member = member;
            return TOPO_REFUSED;
        }
        const struct topo_gang_choice *first = &members[member].choices[0];
        needed += first->whole.shape.n_cubes;
        hosts += is_part(first) ? topo_part_hosts(&first->part.shape) : 0;
    }
    struct topo_cube_set none = {0};
    unsigned usable = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++)
        usable += !topo_pod_is_barred(pod, cube, NULL);
    memset(&refusal->refusal, 0, sizeof(refusal->refusal));
    refusal->refusal.cube = TOPO_CUBES_MAX;
    refusal->member = n_members;
    topo_refuse_number(pod, &none, NULL, true, needed, usable, &refusal->refusal);
    refusal->refusal.unproven = !certain;
    snprintf(refusal->refusal.would_fit_if, sizeof(refusal->refusal.would_fit_if),
             "fewer slices are asked for at once, or slices are deleted");
    return topo_refuse_text(
        &refusal->refusal, TOPO_REASON_NOT_ENOUGH_CUBES,
        "each of the %u slices fits alone; together they need %u cubes and %u hosts of cut "
        "cubes, and %u cubes are free: not all find their cubes",
        n_members, needed, hosts, usable);
}

int topo_plan_gang(const struct topo_pod *pod, const struct topo_gang_member *members, unsigned n_members,
                   struct topo_pod *scratch, struct topo_gang_place *ret_places,
                   struct topo_gang_refusal *ret_refusal) {
    struct topo_gang_refusal refusal = {.refusal.cube = TOPO_CUBES_MAX};
    int r = check(members, n_members, &refusal);
    if (r) {
        *ret_refusal = refusal;
        return r;
    }
    struct topo_gang_place places[TOPO_GANG_MEMBERS_MAX];
    struct gang gang = {.pod = pod, .work = scratch, .places = places, .n = n_members};
    unsigned highest = 0, tried = 0;
    for (unsigned member = 0; member < n_members; member++)
        highest += members[member].n_choices - 1;
    bool certain = true;
    for (unsigned sum = 0; sum <= highest; sum++) {
        unsigned choice[TOPO_GANG_MEMBERS_MAX] = {0};
        bool more = sum == 0 || next_vector(choice, members, n_members, sum);
        for (; more && tried < VECTORS_MAX; more = next_vector(choice, members, n_members, sum), tried++) {
            for (unsigned member = 0; member < n_members; member++)
                gang.chosen[member] = &members[member].choices[choice[member]];
            if (place_all(&gang)) {
                for (unsigned member = 0; member < n_members; member++)
                    places[member].choice = choice[member];
                memcpy(ret_places, places, sizeof(*places) * n_members);
                return 0;
            }
            certain &= gang.certain;
            if (sum == 0)
                break;
        }
        if (sum == 0)
            tried++;
    }
    r = refuse_gang(pod, members, n_members, certain && tried < VECTORS_MAX, &refusal);
    *ret_refusal = refusal;
    return r;
}
