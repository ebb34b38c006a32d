#include "topology/search.h"

#include <string.h>

/* Half a unit of each aim: a link or a circuit has two ends, and each end carries half of its cost. */
#define HALF_MOVE (INT64_C(1) << 16)
#define HALF_MISSING (INT64_C(1) << 34)
#define ONE_COSTLY (INT64_C(1) << 51)
#define WORST INT64_MAX

#define DEFAULT_EFFORT 20
#define FEASIBILITY_EFFORT 400000
#define DAMAGE_EFFORT 100
#define DESCENT_EFFORT_PER_POSITION 24

struct search {
    const struct topo_search_task *task;
    const struct topo_pod *pod;
    unsigned n;
    uint16_t next[3][TOPO_POSITIONS_MAX], previous[3][TOPO_POSITIONS_MAX];
    uint16_t order[TOPO_POSITIONS_MAX]; /* open positions, each after one of its neighbours */
    unsigned n_open;
    uint16_t list[TOPO_CUBES_MAX]; /* candidates, the smallest bound first */
    unsigned n_list;
    int64_t least_sum[TOPO_CUBES_MAX + 1];          /* of the first bounds of the list */
    int64_t bound[TOPO_CUBES_MAX];                  /* of a cube, all faces */
    int64_t face_bound[TOPO_CUBES_MAX][TOPO_FACES]; /* while the neighbour is open */
    uint16_t class_of[TOPO_CUBES_MAX];
    struct topo_cube_set members; /* candidates and cubes that stay */
    bool clean;                   /* no candidate lacks an end: nothing is ever missing */
    bool see_lit;
    bool any_lit;

    uint16_t at[TOPO_POSITIONS_MAX];
    struct topo_cube_set left, placed;
    unsigned missing[3];
    uint16_t in_domain[256];
    unsigned evaluations, effort_left;
    bool cut_short;

    int64_t best;
    uint16_t best_at[TOPO_POSITIONS_MAX];
    unsigned best_missing[3];
};

static void find_neighbours(struct search *search) {
    const struct topo_shape *shape = search->task->shape;
    for (unsigned position = 0; position < search->n; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++) {
            unsigned next = topo_shape_next(shape, position, dimension);
            search->next[dimension][position] = (uint16_t)next;
            search->previous[dimension][next] = (uint16_t)position;
        }
}

static void find_order(struct search *search) {
    bool seen[TOPO_POSITIONS_MAX] = {false};
    uint16_t queue[TOPO_POSITIONS_MAX];
    unsigned head = 0, tail = 0;
    for (unsigned position = 0; position < search->n; position++)
        if (search->at[position] != TOPO_UNPLACED) {
            queue[tail++] = (uint16_t)position;
            seen[position] = true;
        }
    if (tail == 0) { /* In order of their index each has a neighbour before it. */
        for (unsigned position = 0; position < search->n; position++)
            search->order[search->n_open++] = (uint16_t)position;
        return;
    }
    while (head < tail) {
        unsigned position = queue[head++];
        if (search->at[position] == TOPO_UNPLACED)
            search->order[search->n_open++] = (uint16_t)position;
        for (unsigned dimension = 0; dimension < 3; dimension++) {
            unsigned near[2] = {search->next[dimension][position], search->previous[dimension][position]};
            for (unsigned i = 0; i < 2; i++)
                if (!seen[near[i]]) {
                    seen[near[i]] = true;
                    queue[tail++] = (uint16_t)near[i];
                }
        }
    }
}

/* Lit circuits of a bundle that join its two cubes: on links that can be lit, and on others. */
static void count_match(struct search *search, unsigned from, unsigned to, unsigned dimension,
                        uint16_t missing, unsigned *ret_good, unsigned *ret_bad) {
    const struct topo_pod *pod = search->pod;
    unsigned plus = topo_face(dimension, false);
    *ret_good = *ret_bad = 0;
    if (pod->lit_ends[from][plus] == 0)
        return;
    if (pod->lit_to[from][plus] != (int)to) {
        if (pod->lit_most[from][plus] == pod->lit_ends[from][plus])
            return;
    } else {
        *ret_bad = missing ? (unsigned)__builtin_popcount(pod->lit_mask[from][plus] & missing) : 0;
        *ret_good = pod->lit_most[from][plus] - *ret_bad;
        return;
    }
    search->evaluations++; /* a look at every link costs about as much as another candidate */
    for (unsigned index = 0; index < TOPO_INDICES; index++) {
        if (pod->lit_far[from][plus][index] != (int)to)
            continue;
        int ocs = pod->wiring->port_of[topo_end(from, plus, index)].ocs;
        if (!(missing >> index & 1))
            ++*ret_good;
        else if (ocs >= 0 && !(pod->bad_ocses >> ocs & 1))
            ++*ret_bad;
    }
}

static int64_t bundle_cost(struct search *search, unsigned from, unsigned to, unsigned dimension,
                           unsigned *missing_links) {
    int64_t cost = 0;
    uint16_t missing = search->clean ? 0 : topo_bundle_missing(search->pod, from, to, dimension);
    if (missing) {
        unsigned links = (unsigned)__builtin_popcount(missing);
        *missing_links += links;
        cost += 2 * HALF_MISSING * links;
    }
    if (search->see_lit) {
        unsigned good, bad;
        count_match(search, from, to, dimension, missing, &good, &bad);
        cost += HALF_MOVE * ((int64_t)search->pod->lit_ends[from][topo_face(dimension, false)] +
                             search->pod->lit_ends[to][topo_face(dimension, true)] - 4 * (int64_t)good -
                             2 * (int64_t)bad);
    }
    return cost;
}

/* Lit ends of a face whose other end is not in `set`. */
static unsigned ends_outside(const struct topo_pod *pod, unsigned cube, unsigned face,
                             const struct topo_cube_set *set) {
    unsigned ends = pod->lit_ends[cube][face];
    if (ends == 0)
        return 0;
    int to = pod->lit_to[cube][face];
    if (pod->lit_most[cube][face] == ends)
        return topo_set_has(set, (unsigned)to) ? 0 : ends;
    unsigned outside = 0;
    for (unsigned index = 0; index < TOPO_INDICES; index++) {
        int far = pod->lit_far[cube][face][index];
        int ocs = pod->wiring->port_of[topo_end(cube, face, index)].ocs;
        if (far == TOPO_LIT_NONE || ocs < 0 || pod->bad_ocses >> ocs & 1)
            continue;
        outside += far < 0 || !topo_set_has(set, (unsigned)far);
    }
    return outside;
}

static int64_t find_face_bound(const struct search *search, unsigned cube, unsigned face) {
    const struct topo_pod *pod = search->pod;
    int64_t bound = 0;
    if (!search->clean)
        bound += HALF_MISSING * (TOPO_INDICES - __builtin_popcount(pod->good_ends[cube][face]));
    if (search->see_lit && pod->lit_ends[cube][face]) {
        unsigned outside = ends_outside(pod, cube, face, &search->members);
        unsigned most = pod->lit_most[cube][face];
        if (outside && most > pod->lit_ends[cube][face] - outside)
            most = pod->lit_ends[cube][face] - outside;
        bound += HALF_MOVE * ((int64_t)pod->lit_ends[cube][face] + outside - 2 * (int64_t)most);
    }
    return bound;
}

static void bound_cube(struct search *search, unsigned cube) {
    search->bound[cube] = topo_set_has(&search->task->costly, cube) ? ONE_COSTLY : 0;
    for (unsigned face = 0; face < TOPO_FACES; face++) {
        int64_t bound = find_face_bound(search, cube, face);
        search->face_bound[cube][face] = bound;
        search->bound[cube] += bound;
    }
}

static bool is_lit(const struct topo_pod *pod, unsigned cube) {
    for (unsigned face = 0; face < TOPO_FACES; face++)
        if (pod->lit_ends[cube][face])
            return true;
    return false;
}

bool topo_same_wiring(const struct topo_wiring *wiring, unsigned one, unsigned other) {
    if (wiring->uniform)
        return true;
    for (unsigned end = 0; end < TOPO_ENDS_PER_CUBE; end++) {
        const struct topo_port *p = &wiring->port_of[one * TOPO_ENDS_PER_CUBE + end];
        const struct topo_port *q = &wiring->port_of[other * TOPO_ENDS_PER_CUBE + end];
        if (p->ocs != q->ocs || p->side != q->side)
            return false;
    }
    return true;
}

/* Cubes of one class are interchangeable: only the first of a class is tried at a position. */
static void find_classes(struct search *search) {
    const struct topo_pod *pod = search->pod;
    uint16_t leader[TOPO_CUBES_MAX];
    unsigned n_leaders = 0;
    for (unsigned i = 0; i < search->n_list; i++) {
        unsigned cube = search->list[i];
        search->class_of[cube] = (uint16_t)cube;
        if (search->see_lit && search->any_lit && is_lit(pod, cube))
            continue;
        unsigned j = 0;
        for (; j < n_leaders; j++) {
            unsigned other = leader[j];
            if (search->bound[other] == search->bound[cube] &&
                (search->clean ||
                 memcmp(pod->good_ends[cube], pod->good_ends[other], sizeof(pod->good_ends[cube])) == 0) &&
                (search->task->aim == TOPO_DOMAIN_ANY ||
                 search->task->domain_of[cube] == search->task->domain_of[other]) &&
                topo_same_wiring(pod->wiring, cube, other))
                break;
        }
        if (j < n_leaders)
            search->class_of[cube] = leader[j];
        else
            leader[n_leaders++] = (uint16_t)cube;
    }
}

static void sort_list(struct search *search) {
    for (unsigned i = 1; i < search->n_list; i++) {
        uint16_t cube = search->list[i];
        int64_t bound = search->bound[cube];
        unsigned j = i;
        for (; j > 0 && search->bound[search->list[j - 1]] > bound; j--)
            search->list[j] = search->list[j - 1];
        search->list[j] = cube;
    }
}

static int64_t domain_cost(const struct search *search, unsigned cube) {
    unsigned there;
    switch (search->task->aim) {
    case TOPO_DOMAIN_PACK:
        return search->in_domain[search->task->domain_of[cube]] == 0;
    case TOPO_DOMAIN_SPREAD:
        there = search->in_domain[search->task->domain_of[cube]];
        return (int64_t)there;
    default:
        return 0;
    }
}

/* What the sum grows by when the cube is placed, bounds of its open faces included. */
static int64_t evaluate(struct search *search, unsigned position, unsigned cube, unsigned missing[3]) {
    int64_t delta = topo_set_has(&search->task->costly, cube) ? ONE_COSTLY : 0;
    delta += domain_cost(search, cube);
    missing[0] = missing[1] = missing[2] = 0;
    search->evaluations++;
    for (unsigned dimension = 0; dimension < 3; dimension++) {
        unsigned plus = topo_face(dimension, false), minus = topo_face(dimension, true);
        unsigned next = search->next[dimension][position];
        unsigned previous = search->previous[dimension][position];
        if (next == position) {
            delta += bundle_cost(search, cube, cube, dimension, &missing[dimension]);
            continue;
        }
        unsigned there = search->at[next];
        if (there == TOPO_UNPLACED)
            delta += search->face_bound[cube][plus];
        else
            delta += bundle_cost(search, cube, there, dimension, &missing[dimension]) -
                     search->face_bound[there][minus];
        there = search->at[previous];
        if (there == TOPO_UNPLACED)
            delta += search->face_bound[cube][minus];
        else
            delta += bundle_cost(search, there, cube, dimension, &missing[dimension]) -
                     search->face_bound[there][plus];
    }
    return delta;
}

static bool fits_limit(const struct search *search, const unsigned more[3]) {
    for (unsigned dimension = 0; dimension < 3; dimension++)
        if (search->missing[dimension] + more[dimension] > search->task->limit[dimension])
            return false;
    return true;
}

static void place(struct search *search, unsigned position, unsigned cube, const unsigned missing[3]) {
    search->at[position] = (uint16_t)cube;
    topo_set_remove(&search->left, cube);
    topo_set_add(&search->placed, cube);
    for (unsigned dimension = 0; dimension < 3; dimension++)
        search->missing[dimension] += missing[dimension];
    if (search->task->aim)
        search->in_domain[search->task->domain_of[cube]]++;
}

static void take_back(struct search *search, unsigned position, const unsigned missing[3]) {
    unsigned cube = search->at[position];
    search->at[position] = TOPO_UNPLACED;
    topo_set_add(&search->left, cube);
    topo_set_remove(&search->placed, cube);
    for (unsigned dimension = 0; dimension < 3; dimension++)
        search->missing[dimension] -= missing[dimension];
    if (search->task->aim)
        search->in_domain[search->task->domain_of[cube]]--;
}

/* The least that `count` more cubes add, once the cube that is looked at has been placed. */
struct rest {
    int64_t least, one_more, last;
};

static struct rest find_rest(const struct search *search, unsigned count) {
    struct rest rest = {0, WORST / 2, -WORST};
    unsigned found = 0;
    for (unsigned i = 0; i < search->n_list; i++) {
        if (!topo_set_has(&search->left, search->list[i]))
            continue;
        int64_t bound = search->bound[search->list[i]];
        if (found == count) {
            rest.one_more = rest.least + bound;
            break;
        }
        rest.least += bound;
        rest.last = bound;
        found++;
    }
    return rest;
}

static int64_t least_rest(const struct rest *rest, int64_t bound) {
    return bound <= rest->last ? rest->one_more - bound : rest->least;
}

/* All positions are filled. A circuit with one end outside the slice costs a whole removal. */
static void consider(struct search *search, int64_t cost) {
    if (search->see_lit && search->any_lit) {
        unsigned outside = 0;
        for (unsigned position = 0; position < search->n; position++)
            for (unsigned face = 0; face < TOPO_FACES; face++)
                outside += ends_outside(search->pod, search->at[position], face, &search->placed);
        cost += HALF_MOVE * (int64_t)outside;
    }
    if (cost >= search->best)
        return;
    search->best = cost;
    memcpy(search->best_at, search->at, sizeof(*search->at) * search->n);
    memcpy(search->best_missing, search->missing, sizeof(search->missing));
}

/* The cubes left that a lit circuit joins to a placed neighbour of the position; at most one per face. */
static unsigned find_implied(const struct search *search, unsigned position, uint16_t implied[TOPO_FACES]) {
    unsigned count = 0;
    if (!search->see_lit || !search->any_lit)
        return 0;
    for (unsigned dimension = 0; dimension < 3; dimension++) {
        unsigned near[2] = {search->previous[dimension][position], search->next[dimension][position]};
        for (unsigned side = 0; side < 2; side++) {
            unsigned there = search->at[near[side]];
            if (there == TOPO_UNPLACED)
                continue;
            int far = search->pod->lit_to[there][topo_face(dimension, side)];
            if (far < 0 || !topo_set_has(&search->left, (unsigned)far))
                continue;
            bool known = false;
            for (unsigned i = 0; i < count; i++)
                known |= implied[i] == far;
            if (!known)
                implied[count++] = (uint16_t)far;
        }
    }
    return count;
}

/* Fills the open positions from `depth` on, always with the cube that costs least now. With `seed` a cube
 * that nothing implies is one with circuits of its own to follow, otherwise one without. */
static void descend(struct search *search, unsigned depth, int64_t cost, bool seed) {
    unsigned taken[TOPO_POSITIONS_MAX][3];
    unsigned filled = depth;
    for (; filled < search->n_open; filled++) {
        unsigned position = search->order[filled];
        uint16_t options[TOPO_FACES];
        unsigned n_options = find_implied(search, position, options);
        int64_t least = WORST;
        unsigned chosen = TOPO_UNPLACED;
        for (unsigned i = 0; i < n_options; i++) {
            unsigned missing[3];
            int64_t delta = evaluate(search, position, options[i], missing) - search->bound[options[i]];
            if (delta < least && fits_limit(search, missing)) {
                least = delta;
                chosen = options[i];
                memcpy(taken[filled], missing, sizeof(missing));
            }
        }
        if (chosen == TOPO_UNPLACED) {
            bool dark_only = !seed && search->any_lit;
            for (unsigned pass = 0; pass < 2 && chosen == TOPO_UNPLACED; pass++, dark_only = false)
                for (unsigned i = 0; i < search->n_list; i++) {
                    unsigned cube = search->list[i];
                    if (!topo_set_has(&search->left, cube) || (dark_only && is_lit(search->pod, cube)))
                        continue;
                    unsigned missing[3];
                    int64_t delta = evaluate(search, position, cube, missing);
                    if (!fits_limit(search, missing))
                        continue;
                    if (delta < least) {
                        least = delta;
                        chosen = cube;
                        memcpy(taken[filled], missing, sizeof(missing));
                    }
                    if (search->clean && search->task->aim == TOPO_DOMAIN_ANY)
                        break;
                }
            if (chosen == TOPO_UNPLACED)
                break;
        } else {
            least += search->bound[chosen];
        }
        cost += least;
        place(search, position, chosen, taken[filled]);
        if (cost + search->least_sum[search->n_open - filled - 1] >= search->best) {
            filled++;
            break;
        }
    }
    if (filled == search->n_open && cost < search->best)
        consider(search, cost);
    while (filled-- > depth)
        take_back(search, search->order[filled], taken[filled]);
}

static void branch(struct search *search, unsigned depth, int64_t cost, bool moves_freely) {
    if (depth == search->n_open) {
        consider(search, cost);
        return;
    }
    unsigned position = search->order[depth];
    uint16_t implied[TOPO_FACES];
    unsigned n_implied = find_implied(search, position, implied);
    struct topo_cube_set tried = {0};
    struct topo_cube_set banned = {0};
    struct rest rest = find_rest(search, search->n_open - depth - 1);
    for (unsigned i = 0; i < n_implied + search->n_list && !search->cut_short; i++) {
        unsigned cube = i < n_implied ? implied[i] : search->list[i - n_implied];
        if (!topo_set_has(&search->left, cube) || topo_set_has(&tried, search->class_of[cube]))
            continue;
        topo_set_add(&tried, search->class_of[cube]);
        if (search->effort_left == 0) {
            search->cut_short = true;
            break;
        }
        search->effort_left--;
        unsigned missing[3];
        int64_t delta = evaluate(search, position, cube, missing);
        if (!fits_limit(search, missing))
            continue;
        if (cost + delta + least_rest(&rest, search->bound[cube]) >= search->best)
            continue;
        place(search, position, cube, missing);
        branch(search, depth + 1, cost + delta, false);
        take_back(search, position, missing);
        /* A torus looks the same from every position: what has the cube anywhere was seen with it here. */
        if (moves_freely && search->class_of[cube] == cube) {
            topo_set_remove(&search->left, cube);
            topo_set_add(&banned, cube);
            rest = find_rest(search, search->n_open - depth - 1);
        }
    }
    for (unsigned word = 0; word < TOPO_CUBE_WORDS; word++)
        search->left.word[word] |= banned.word[word];
}

/* The sum of the `count` smallest numbers of `with`, where with[n] tells how often n occurs. */
static unsigned sum_of_least(const uint16_t *with, unsigned size, unsigned count) {
    unsigned sum = 0;
    for (unsigned bad = 0; bad < size && count; bad++) {
        unsigned taken = with[bad] < count ? with[bad] : count;
        sum += taken * bad;
        count -= taken;
    }
    return sum;
}

/* A proof by counting that no arrangement is within the limits. Every bad end of a candidate costs a link,
 * two ends of one face never share it, and at most two share it at all. Links between cubes that stay are in
 * `missing` already. */
static bool exceeds_limits(const struct search *search) {
    const struct topo_search_task *task = search->task;
    uint16_t with_face[TOPO_FACES][TOPO_INDICES + 1] = {0}, with_both[3][2 * TOPO_INDICES + 1] = {0},
                                                  with[TOPO_ENDS_PER_CUBE + 1] = {0};
    for (unsigned i = 0; i < task->n_candidates; i++) {
        unsigned cube = task->candidates[i], bad[TOPO_FACES];
        for (unsigned face = 0; face < TOPO_FACES; face++) {
            bad[face] = TOPO_INDICES - (unsigned)__builtin_popcount(search->pod->good_ends[cube][face]);
            with_face[face][bad[face]]++;
        }
        for (unsigned dimension = 0; dimension < 3; dimension++)
            with_both[dimension][bad[2 * dimension] + bad[2 * dimension + 1]]++;
        with[search->pod->damage[cube]]++;
    }
    unsigned allowed = 0;
    for (unsigned dimension = 0; dimension < 3; dimension++) {
        uint64_t limit = task->limit[dimension] - search->missing[dimension];
        for (unsigned face = 2 * dimension; face < 2 * dimension + 2; face++)
            if (sum_of_least(with_face[face], TOPO_INDICES + 1, search->n_open) > limit)
                return true;
        if (sum_of_least(with_both[dimension], 2 * TOPO_INDICES + 1, search->n_open) > 2 * limit)
            return true;
        allowed += limit > 1000000 ? 1000000 : (unsigned)limit;
    }
    return sum_of_least(with, TOPO_ENDS_PER_CUBE + 1, search->n_open) > 2 * allowed;
}

static void try_hint(struct search *search, int64_t cost) {
    const uint16_t *hint = search->task->hint;
    unsigned taken[TOPO_POSITIONS_MAX][3];
    unsigned filled = 0;
    for (; filled < search->n_open; filled++) {
        unsigned position = search->order[filled];
        unsigned cube = hint[position];
        if (cube >= TOPO_CUBES_MAX || !topo_set_has(&search->left, cube))
            break;
        int64_t delta = evaluate(search, position, cube, taken[filled]);
        if (!fits_limit(search, taken[filled]))
            break;
        cost += delta;
        place(search, position, cube, taken[filled]);
    }
    if (filled == search->n_open)
        consider(search, cost);
    else
        descend(search, filled, cost, true);
    while (filled-- > 0)
        take_back(search, search->order[filled], taken[filled]);
}

/* Bounds, order and classes for what is seen now; returns the sum before any open position is filled. */
static int64_t prepare(struct search *search, bool see_lit) {
    const struct topo_search_task *task = search->task;
    search->see_lit = see_lit;
    int64_t cost = 0;
    search->any_lit = false;
    for (unsigned position = 0; position < search->n; position++) {
        unsigned cube = search->at[position];
        if (cube == TOPO_UNPLACED)
            continue;
        bound_cube(search, cube);
        for (unsigned face = 0; face < TOPO_FACES; face++) {
            unsigned near =
                face % 2 ? search->previous[face / 2][position] : search->next[face / 2][position];
            if (search->at[near] == TOPO_UNPLACED)
                cost += search->face_bound[cube][face];
        }
        search->any_lit |= is_lit(search->pod, cube);
    }
    for (unsigned i = 0; i < search->n_list; i++) {
        search->any_lit |= is_lit(search->pod, task->candidates[i]);
        search->list[i] = task->candidates[i];
        bound_cube(search, search->list[i]);
    }
    sort_list(search);
    search->least_sum[0] = 0;
    for (unsigned i = 0; i < search->n_list; i++)
        search->least_sum[i + 1] = search->least_sum[i] + search->bound[search->list[i]];
    find_classes(search);
    return cost;
}

static unsigned least_moves(const struct search *search) {
    const struct topo_pod *pod = search->pod;
    unsigned links = 48u * search->n;
    for (unsigned dimension = 0; dimension < 3; dimension++)
        links -= search->best_missing[dimension];
    if (!search->any_lit)
        return links;
    int least[TOPO_CUBES_MAX];
    unsigned count = 0;
    int sum = 0;
    for (unsigned i = 0; i < search->n_list + search->n; i++) {
        bool stays = i >= search->n_list;
        unsigned cube = stays ? search->task->at[i - search->n_list] : search->list[i];
        if (cube == TOPO_UNPLACED)
            continue;
        int halves = 0;
        for (unsigned face = 0; face < TOPO_FACES; face++)
            halves += pod->lit_ends[cube][face] - 2 * pod->lit_most[cube][face];
        if (stays) {
            sum += halves;
            continue;
        }
        unsigned j = count++;
        for (; j > 0 && least[j - 1] > halves; j--)
            least[j] = least[j - 1];
        least[j] = halves;
    }
    for (unsigned i = 0; i < search->n_open && i < count; i++)
        sum += least[i];
    int moves = (int)links + (sum - 1) / 2;
    return moves > 0 ? (unsigned)moves : 0;
}

int topo_search(const struct topo_search_task *task, struct topo_search_result *ret) {
    struct search search;
    search.task = task;
    search.pod = task->pod;
    search.n = task->shape->n_cubes;
    search.n_open = 0;
    search.n_list = task->n_candidates;
    search.best = WORST;
    search.cut_short = false;
    search.evaluations = 0;
    memcpy(search.at, task->at, sizeof(*task->at) * search.n);
    memset(&search.left, 0, sizeof(search.left));
    memset(&search.placed, 0, sizeof(search.placed));
    memset(search.missing, 0, sizeof(search.missing));
    memset(search.best_missing, 0, sizeof(search.best_missing));
    if (task->aim)
        memset(search.in_domain, 0, sizeof(search.in_domain));
    find_neighbours(&search);
    find_order(&search);
    search.clean = task->pod->wiring->uniform;
    for (unsigned i = 0; i < task->n_candidates; i++) {
        topo_set_add(&search.left, task->candidates[i]);
        search.clean &= task->pod->damage[task->candidates[i]] == 0;
    }
    search.members = search.left;
    for (unsigned position = 0; position < search.n; position++) {
        unsigned cube = search.at[position];
        if (cube == TOPO_UNPLACED)
            continue;
        search.clean &= task->pod->damage[cube] == 0;
        topo_set_add(&search.members, cube);
        topo_set_add(&search.placed, cube);
        if (task->aim)
            search.in_domain[task->domain_of[cube]]++;
    }
    /* Links between cubes that stay. */
    if (!search.clean)
        for (unsigned position = 0; position < search.n; position++)
            for (unsigned dimension = 0; dimension < 3; dimension++) {
                unsigned next = search.next[dimension][position];
                if (search.at[position] != TOPO_UNPLACED && search.at[next] != TOPO_UNPLACED)
                    search.missing[dimension] += (unsigned)__builtin_popcount(
                        topo_bundle_missing(task->pod, search.at[position], search.at[next], dimension));
            }
    ret->proven = true;
    unsigned nothing[3] = {0, 0, 0};
    if (!fits_limit(&search, nothing) || search.n_list < search.n_open ||
        (!search.clean && exceeds_limits(&search)))
        return TOPO_REFUSED;

    bool moves_freely = search.n_open == search.n && task->aim == TOPO_DOMAIN_ANY;
    unsigned effort = task->effort ? task->effort : DEFAULT_EFFORT;
    uint16_t first[TOPO_POSITIONS_MAX];
    const uint16_t *hint = task->hint;
    struct topo_search_task seeded;
    /* Step 1, with damage: the fewest costly cubes and missing links, mirrors left out. */
    if (!search.clean) {
        int64_t cost = prepare(&search, false);
        if (hint)
            try_hint(&search, cost);
        descend(&search, 0, cost, true);
        search.effort_left = effort > DAMAGE_EFFORT ? effort : DAMAGE_EFFORT;
        if (search.best == WORST)
            search.effort_left += FEASIBILITY_EFFORT;
        branch(&search, 0, cost, moves_freely);
        if (search.best == WORST) {
            ret->proven = !search.cut_short;
            return TOPO_REFUSED;
        }
        memcpy(first, search.best_at, sizeof(*first) * search.n);
        seeded = *task;
        seeded.hint = first;
        search.task = &seeded;
    }
    /* Step 2: the moves as well. */
    bool damage_proven = !search.cut_short;
    search.cut_short = false;
    search.best = WORST;
    int64_t cost = prepare(&search, true);
    int64_t least = cost + search.least_sum[search.n_open];
    if (search.task->hint)
        try_hint(&search, cost);
    unsigned descents = 0, descent_effort = DESCENT_EFFORT_PER_POSITION * (search.n_open + 1);
    search.evaluations = 0;
    if (!search.clean) { /* step 1 took its share of the time */
        descent_effort /= 2;
        effort = task->effort ? effort : effort / 2;
    }
    if (search.n_open && search.any_lit)
        for (unsigned i = 0; i < search.n_list && search.evaluations < descent_effort && search.best > least;
             i++) {
            unsigned missing[3], position = search.order[0];
            unsigned cube = search.list[i];
            if (!is_lit(search.pod, cube))
                continue;
            int64_t delta = evaluate(&search, position, cube, missing);
            if (!fits_limit(&search, missing))
                continue;
            place(&search, position, cube, missing);
            descend(&search, 1, cost + delta, descents % 2 == 0);
            take_back(&search, position, missing);
            descents++;
        }
    if (search.best > least)
        descend(&search, 0, cost, false);
    search.effort_left = effort;
    if (search.best > least) {
        if (search.best == WORST)
            search.effort_left += FEASIBILITY_EFFORT;
        branch(&search, 0, cost, moves_freely);
    }
    ret->proven = !search.cut_short && damage_proven;
    if (search.best == WORST)
        return TOPO_REFUSED;
    memcpy(ret->cubes, search.best_at, sizeof(*ret->cubes) * search.n);
    memcpy(ret->missing, search.best_missing, sizeof(ret->missing));
    ret->moves_at_least = least_moves(&search);
    return 0;
}
