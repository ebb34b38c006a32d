/* One slice: every chip of it, every + link, followed through fiber, circuit and fiber to the chip at the far
 * end. */
#include "ctl/verify/torus.h"
#include "ctl/verify/verify.h"
#include <stdlib.h>
#include <string.h>

#define POSITIONS_MAX VERIFY_CUBES_MAX
#define LINKS_PER_POSITION 48

struct proof {
    const struct verify_plant *plant;
    const Heliostat__V1__Slice *slice;
    struct verify_shape shape;
    unsigned grid[3]; /* cubes in each dimension */
    unsigned n_positions;
    int cube_at[POSITIONS_MAX];
    bool down[POSITIONS_MAX]; /* no usable cube there */
    bool *unread;             /* switches told of already */
    struct verify_slice *result;
    struct verify_report *report;
};

static struct verify_problem about(const struct proof *p, enum verify_kind kind) {
    return (struct verify_problem){.kind = kind, .slices = {p->slice->name}};
}

static bool fail(struct proof *p, enum verify_kind kind, const char *text, const char *detail) {
    struct verify_problem problem = about(p, kind);
    verify_add(p->report, &problem, "slice %s: %s%s", p->slice->name, text, detail);
    return false;
}

static bool read_shape(struct proof *p) {
    const Heliostat__V1__Slice *s = p->slice;
    if (!verify_shape_read(s->topology, &p->shape))
        return fail(p, VERIFY_INCONSISTENT, "no topology is called ", s->topology);
    if (p->shape.twisted != s->twisted)
        return fail(p, VERIFY_INCONSISTENT,
                    "its twist and its topology contradict each other: ", s->topology);
    p->n_positions = 1;
    for (unsigned d = 0; d < 3; d++) {
        p->grid[d] = p->shape.size[d] / VERIFY_CUBE_EDGE;
        p->n_positions *= p->shape.whole_cubes ? p->grid[d] : 1;
        if (p->n_positions > POSITIONS_MAX)
            return fail(p, VERIFY_INCONSISTENT, "it is larger than any pod: ", s->topology);
        if (p->shape.whole_cubes && (d >= s->n_wrap || !s->wrap[d]))
            return fail(p, VERIFY_INCONSISTENT,
                        "whole cubes form a torus, but it says that it does not close", "");
    }
    return true;
}

static bool is_usable(const Heliostat__V1__CubeStatus *status) {
    return status && status->health != HELIOSTAT__V1__HEALTH__HEALTH_UNHEALTHY;
}

static bool read_positions(struct proof *p) {
    const Heliostat__V1__Slice *s = p->slice;
    unsigned n_down = 0;
    bool incomplete = s->state == HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_INCOMPLETE;
    if (s->n_positions != p->n_positions)
        return fail(p, VERIFY_INCONSISTENT, "it does not have as many cubes as its topology: ", s->topology);
    for (unsigned i = 0; i < p->n_positions; i++)
        p->cube_at[i] = VERIFY_NONE;
    for (size_t i = 0; i < s->n_positions; i++) {
        const Heliostat__V1__SlicePosition *at = s->positions[i];
        unsigned index = p->shape.whole_cubes ? at->x + p->grid[0] * (at->y + p->grid[1] * at->z) : 0;
        bool inside =
            !p->shape.whole_cubes || (at->x < p->grid[0] && at->y < p->grid[1] && at->z < p->grid[2]);
        int cube = verify_find_cube(p->plant, at->cube);
        if (!inside || index != at->index || p->cube_at[index] != VERIFY_NONE)
            return fail(p, VERIFY_INCONSISTENT, "a position is not where its number says: ", at->cube);
        if (cube < 0 && !incomplete)
            return fail(p, VERIFY_INCONSISTENT, "no such cube: ", at->cube);
        p->cube_at[index] = cube;
        p->down[index] = cube < 0 || !is_usable(p->plant->status_of[cube]);
        n_down += p->down[index];
        if (p->down[index]) {
            struct verify_problem problem = about(p, VERIFY_INCOMPLETE);
            problem.cubes[0] = at->cube;
            verify_add(p->report, &problem, "slice %s: position %u has no usable cube: %s is down", s->name,
                       index, at->cube);
        }
    }
    if (incomplete && !n_down)
        fail(p, VERIFY_INCOMPLETE, "a position has no usable cube: ", s->cause);
    return true;
}

static unsigned position_of(const struct proof *p, const unsigned chip[3]) {
    return chip[0] / VERIFY_CUBE_EDGE +
           p->grid[0] * (chip[1] / VERIFY_CUBE_EDGE + p->grid[1] * (chip[2] / VERIFY_CUBE_EDGE));
}

static unsigned index_of(const unsigned chip[3], unsigned dimension) {
    const unsigned in_cube[3] = {chip[0] % VERIFY_CUBE_EDGE, chip[1] % VERIFY_CUBE_EDGE,
                                 chip[2] % VERIFY_CUBE_EDGE};
    return verify_face_index(dimension, in_cube);
}

/* A missing link is named by one of its ends. */
static bool names_end(const Heliostat__V1__MissingLink *link, unsigned position, unsigned dimension,
                      bool minus, unsigned index) {
    unsigned link_dimension;
    bool link_minus;
    return link->position == position && link->index == index &&
           verify_read_face(link->face, &link_dimension, &link_minus) && link_dimension == dimension &&
           link_minus == minus;
}

/* NULL: not listed. */
static const Heliostat__V1__MissingLink *listed_as(const struct proof *p, unsigned from, unsigned to,
                                                   unsigned dimension, unsigned index, unsigned far_index) {
    for (size_t i = 0; i < p->slice->n_missing_links; i++)
        if (names_end(p->slice->missing_links[i], from, dimension, false, index) ||
            names_end(p->slice->missing_links[i], to, dimension, true, far_index))
            return p->slice->missing_links[i];
    return NULL;
}

enum light { LIGHT_SILENT, LIGHT_PROVES, LIGHT_DARK, LIGHT_CONTRADICTS };

static enum light light_of(const struct verify_plant *plant, int end, int far) {
    const struct verify_sight *sights[2] = {&plant->sight[end], &plant->sight[far]};
    const int expected[2] = {far, end};
    enum light light = LIGHT_SILENT;
    for (unsigned i = 0; i < 2; i++) {
        if (!sights[i]->heard)
            continue;
        enum light here = !sights[i]->light               ? LIGHT_DARK
                          : sights[i]->far != expected[i] ? LIGHT_CONTRADICTS
                                                          : LIGHT_PROVES;
        light = here > light ? here : light;
    }
    return light;
}

static bool is_unread(const struct proof *p, int end, int far) {
    int ocs = p->plant->port_of[end].ocs, far_ocs = p->plant->port_of[far].ocs;
    return (ocs >= 0 && p->plant->ocses[ocs].unread) || (far_ocs >= 0 && p->plant->ocses[far_ocs].unread);
}

/* Fills in the switch, the ports that should be joined and the cubes. */
static struct verify_problem about_link(const struct proof *p, enum verify_kind kind, int end, int far) {
    struct verify_problem problem = about(p, kind);
    const struct verify_port *port = &p->plant->port_of[end], *far_port = &p->plant->port_of[far];
    problem.cubes[0] = p->plant->cube_names[verify_end_cube(end)];
    problem.cubes[1] = p->plant->cube_names[verify_end_cube(far)];
    if (port->ocs >= 0)
        problem.ocs = p->plant->ocses[port->ocs].name;
    if (port->ocs >= 0 && port->ocs == far_port->ocs && port->side != far_port->side) {
        problem.a = port->side ? far_port->port : port->port;
        problem.b = port->side ? port->port : far_port->port;
    }
    return problem;
}

static void wrong_record(struct proof *p, int end, int far) {
    const struct verify_port *port = &p->plant->port_of[end], *far_port = &p->plant->port_of[far];
    struct verify_end_text from = verify_end_name(p->plant, end), to = verify_end_name(p->plant, far);
    struct verify_problem problem = about_link(p, VERIFY_NO_FIBER, end, far);
    if (!problem.a) {
        verify_add(p->report, &problem, "slice %s: the fiber table cannot join %s and %s", p->slice->name,
                   verify_end_and_port(p->plant, end).text, verify_end_and_port(p->plant, far).text);
        return;
    }
    const struct verify_ocs *ocs = &p->plant->ocses[port->ocs];
    unsigned leads_to = ocs->peer[port->side][port->port],
             comes_from = ocs->peer[far_port->side][far_port->port];
    char side = port->side ? 'B' : 'A', far_side = port->side ? 'A' : 'B';
    if (leads_to) {
        problem.kind = VERIFY_WRONG_CIRCUIT;
        verify_add(p->report, &problem,
                   "slice %s: %s %c%u is connected to %c%u, not to %c%u: %s meets %s, not %s", p->slice->name,
                   ocs->name, side, port->port, far_side, leads_to, far_side, far_port->port, from.text,
                   verify_end_name(p->plant, ocs->end_of[!port->side][leads_to]).text, to.text);
    } else if (comes_from) {
        problem.kind = VERIFY_WRONG_CIRCUIT;
        verify_add(p->report, &problem,
                   "slice %s: %s %c%u is connected to %c%u, not to %c%u: %s meets %s, not %s", p->slice->name,
                   ocs->name, far_side, far_port->port, side, comes_from, side, port->port, to.text,
                   verify_end_name(p->plant, ocs->end_of[port->side][comes_from]).text, from.text);
    } else {
        problem.kind = VERIFY_MISSING_CIRCUIT;
        verify_add(p->report, &problem, "slice %s: %s has no circuit A%u-B%u: %s should meet %s",
                   p->slice->name, ocs->name, problem.a, problem.b, from.text, to.text);
    }
}

static void wrong_light(struct proof *p, enum light light, int end, int far) {
    struct verify_end_text from = verify_end_name(p->plant, end), to = verify_end_name(p->plant, far);
    struct verify_problem problem =
        about_link(p, light == LIGHT_DARK ? VERIFY_DARK : VERIFY_WRONG_FAR_END, end, far);
    bool here = light == LIGHT_DARK ? p->plant->sight[end].heard && !p->plant->sight[end].light
                                    : p->plant->sight[end].light && p->plant->sight[end].far != far;
    if (light == LIGHT_DARK)
        verify_add(p->report, &problem,
                   "slice %s: %s A%u-B%u %s connected, but %s sees no light (link to %s)", p->slice->name,
                   problem.ocs, problem.a, problem.b, is_unread(p, end, far) ? "was last read as" : "is",
                   here ? from.text : to.text, here ? to.text : from.text);
    else
        verify_add(p->report, &problem, "slice %s: %s A%u-B%u is connected, but %s sees %s, not %s",
                   p->slice->name, problem.ocs, problem.a, problem.b, here ? from.text : to.text,
                   verify_end_name(p->plant, p->plant->sight[here ? end : far].far).text,
                   here ? to.text : from.text);
}

static void not_read(struct proof *p, int end, int far) {
    struct verify_problem problem = about_link(p, VERIFY_UNREAD, end, far);
    int ocs = p->plant->port_of[end].ocs;
    problem.a = problem.b = 0;
    problem.cubes[0] = problem.cubes[1] = "";
    if (ocs < 0 || p->unread[ocs])
        return;
    p->unread[ocs] = true;
    verify_add(p->report, &problem, "slice %s: %s cannot be read and no host proves its links",
               p->slice->name, problem.ocs);
}

/* A link that loses too much is lit, and may be. */
static void listed_link(struct proof *p, int end, int far, bool right, bool may_be_lit, enum light light) {
    const struct verify_sight *sight = p->plant->sight;
    p->result->listed_missing++;
    if (right && !may_be_lit && light == LIGHT_PROVES && sight[end].heard && sight[far].heard) {
        struct verify_problem problem = about_link(p, VERIFY_LISTED_BUT_THERE, end, far);
        p->result->wrong++;
        verify_add(p->report, &problem, "slice %s: the link %s to %s is listed as missing, but it is there",
                   p->slice->name, verify_end_name(p->plant, end).text, verify_end_name(p->plant, far).text);
    } else if (!right && verify_record_peer(p->plant, end) >= 0 && !is_unread(p, end, far)) {
        p->result->wrong++;
        wrong_record(p, end, far);
    }
}

static void prove_link(struct proof *p, int end, int far, const Heliostat__V1__MissingLink *listed) {
    bool right = verify_record_peer(p->plant, end) == far, unread = is_unread(p, end, far);
    enum light light = light_of(p->plant, end, far);
    p->result->links++;
    if (listed) {
        listed_link(p, end, far, right, listed->over_loss_budget, light);
    } else if (right && light == LIGHT_PROVES) {
        p->result->by_light++;
    } else if (unread && (!right || light == LIGHT_SILENT)) {
        p->result->unproved++;
        not_read(p, end, far);
    } else if (!right) {
        p->result->wrong++;
        wrong_record(p, end, far);
    } else if (light == LIGHT_SILENT) {
        p->result->by_record++;
    } else {
        p->result->wrong++;
        wrong_light(p, light, end, far);
    }
}

/* Links inside a cube are electrical; they are there by construction. */
static void prove_chip(struct proof *p, const unsigned chip[3]) {
    for (unsigned d = 0; d < 3; d++) {
        unsigned next[3];
        verify_chip_next(&p->shape, chip, d, next);
        if (chip[d] % VERIFY_CUBE_EDGE != VERIFY_CUBE_EDGE - 1)
            continue;
        unsigned from = position_of(p, chip), to = position_of(p, next);
        unsigned index = index_of(chip, d), far_index = index_of(next, d);
        if (p->down[from] || p->down[to])
            continue;
        prove_link(p, verify_end((unsigned)p->cube_at[from], d, false, index),
                   verify_end((unsigned)p->cube_at[to], d, true, far_index),
                   listed_as(p, from, to, d, index, far_index));
    }
}

/* A cube that is cut into parts has no circuit. */
static void prove_part(struct proof *p) {
    int cube = p->cube_at[0];
    for (int i = 0; cube >= 0 && i < VERIFY_ENDS_PER_CUBE; i++) {
        int end = cube * VERIFY_ENDS_PER_CUBE + i;
        const struct verify_port *port = &p->plant->port_of[end];
        unsigned peer = port->ocs < 0 ? 0 : p->plant->ocses[port->ocs].peer[port->side][port->port];
        if (!peer)
            continue;
        struct verify_problem problem = about(p, VERIFY_ISOLATION);
        problem.ocs = p->plant->ocses[port->ocs].name;
        problem.a = port->side ? peer : port->port;
        problem.b = port->side ? port->port : peer;
        problem.cubes[0] = p->plant->cube_names[cube];
        p->result->wrong++;
        verify_add(p->report, &problem, "slice %s: %s is cut into parts, but %s A%u-B%u is on it",
                   p->slice->name, problem.cubes[0], problem.ocs, problem.a, problem.b);
    }
}

static void prove(struct proof *p) {
    const unsigned *size = p->shape.size;
    if (!read_shape(p) || !read_positions(p))
        return;
    if (!p->shape.whole_cubes) {
        prove_part(p);
        return;
    }
    for (unsigned z = 0; z < size[2]; z++)
        for (unsigned y = 0; y < size[1]; y++)
            for (unsigned x = 0; x < size[0]; x++)
                prove_chip(p, (const unsigned[3]){x, y, z});
}

static enum verify_verdict verdict_of(const struct proof *p, size_t problems_before) {
    for (size_t i = problems_before; i < p->report->n_problems; i++)
        if (p->report->problems[i].kind != VERIFY_UNREAD)
            return VERIFY_BROKEN;
    if (p->report->n_problems > problems_before)
        return VERIFY_NOT_PROVED;
    return p->shape.whole_cubes ? VERIFY_PROVED : VERIFY_NO_LINKS;
}

void verify_prove_slice(const struct verify_plant *plant, struct verify_slice *result,
                        struct verify_report *report) {
    size_t problems_before = report->n_problems;
    if (result->slice->state == HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_FAILED ||
        result->slice->state == HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_RESERVED) {
        result->verdict = VERIFY_NO_LINKS;
        return;
    }
    struct proof *p = calloc(1, sizeof(*p));
    bool *unread = calloc(plant->n_ocses + 1, sizeof(*unread));
    if (p && unread) {
        *p = (struct proof){
            .plant = plant, .slice = result->slice, .unread = unread, .result = result, .report = report};
        prove(p);
        result->verdict = verdict_of(p, problems_before);
    } else {
        report->out_of_memory = true;
    }
    free(unread);
    free(p);
}
