#include "daemon/fabric/link_path.h"
#include "daemon/fabric/attribution.h"
#include "daemon/fabric/change.h"
#include "daemon/fabric/loss.h"

#include <stdio.h>

#define END_MAX 32
#define NAMED_MAX 16

static const char *end_name(const struct fabric_pod *pod, uint16_t end, char text[END_MAX]) {
    snprintf(text, END_MAX, "%s/%s/%u", pod->cube[topo_end_cube(end)].name,
             topo_face_name(topo_end_face(end)), topo_end_index(end));
    return text;
}

static const char *chip_name(uint16_t end, char text[16]) {
    unsigned face = topo_end_face(end), low = topo_end_index(end) % 4, high = topo_end_index(end) / 4;
    unsigned edge = face % 2 ? 0 : 3;
    unsigned x = face / 2 == 0 ? edge : low;
    unsigned y = face / 2 == 1 ? edge : face / 2 == 0 ? low : high;
    unsigned z = face / 2 == 2 ? edge : high;
    snprintf(text, 16, "%u-%u-%u", x, y, z);
    return text;
}

static const struct link_end *seen_at(const struct fabric_pod *pod, uint16_t end) {
    return &pod->cube[topo_end_cube(end)].end[topo_end_face(end)][topo_end_index(end)];
}

/* Which pair is exchanged cannot be told without moving a mirror: the light of both is the same. */
static void describe_crossing(const struct fabric_pod *pod, uint16_t plus, uint16_t minus, char *text,
                              size_t size) {
    uint16_t plus_sees = seen_at(pod, plus)->far_end, minus_sees = seen_at(pod, minus)->far_end;
    char one[END_MAX], other[END_MAX], third[END_MAX], fourth[END_MAX];
    if (plus_sees == TOPO_NO_END || plus_sees == minus)
        plus_sees = minus_sees == TOPO_NO_END ? TOPO_NO_END : attribution_connected_end(pod, minus_sees);
    if (minus_sees == TOPO_NO_END || minus_sees == plus)
        minus_sees = plus_sees == TOPO_NO_END ? TOPO_NO_END : attribution_connected_end(pod, plus_sees);
    if (plus_sees == TOPO_NO_END || minus_sees == TOPO_NO_END)
        snprintf(text, size, "light from %s instead",
                 plus_sees != TOPO_NO_END    ? end_name(pod, plus_sees, one)
                 : minus_sees != TOPO_NO_END ? end_name(pod, minus_sees, one)
                                             : "elsewhere");
    else
        snprintf(text, size, "exchanged are %s and %s, or %s and %s", end_name(pod, plus, one),
                 end_name(pod, minus_sees, other), end_name(pod, minus, third),
                 end_name(pod, plus_sees, fourth));
}

void link_path_of_circuit(const struct fabric_ocs *ocs, unsigned a, char *text, size_t size) {
    const struct fabric_pod *pod = ocs->pod;
    unsigned b = ocs->port[a].observed_b;
    uint16_t one = pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a];
    uint16_t other = pod->wiring->end_of[ocs->index][TOPO_SIDE_B][b];
    char near[END_MAX], far[END_MAX], chip[16], far_chip[16];
    if (one == TOPO_NO_END || other == TOPO_NO_END)
        snprintf(text, size, "%s A%u-B%u", ocs->name, a, b);
    else
        snprintf(text, size, "%s (chip %s) - %s A%u-B%u - %s (chip %s)", end_name(pod, one, near),
                 chip_name(one, chip), ocs->name, a, b, end_name(pod, other, far),
                 chip_name(other, far_chip));
}

void link_path_text(const struct fabric_slice *slice, const struct slice_version *version,
                    const struct slice_link *link, char text[FABRIC_TEXT_MAX]) {
    const struct fabric_pod *pod = slice->pod;
    struct topo_link where = topo_link_at(pod->wiring, &version->shape, version->cubes, link->position,
                                          link->dimension, link->index);
    uint16_t plus = topo_end(version->cubes[link->position], topo_face(link->dimension, false), link->index);
    uint16_t minus =
        topo_end(version->cubes[topo_shape_next(&version->shape, link->position, link->dimension)],
                 topo_face(link->dimension, true), link->index);
    char one[END_MAX], other[END_MAX], chip[16], far_chip[16], what[4 * END_MAX + 40], path[400];
    bool plus_is_dark = !seen_at(pod, plus)->light, minus_is_dark = !seen_at(pod, minus)->light;
    if (link->cause == LINK_CAUSE_MISCABLED)
        describe_crossing(pod, plus, minus, what, sizeof(what));
    else if (link->cause == LINK_CAUSE_LOSS && where.ocs >= 0)
        loss_text(&pod->ocs[where.ocs], where.a, what, sizeof(what));
    else if (link->cause == LINK_CAUSE_DARK && plus_is_dark && minus_is_dark)
        snprintf(what, sizeof(what), "no light at either end");
    else if (link->cause == LINK_CAUSE_DARK)
        snprintf(what, sizeof(what), "no light at %s",
                 pod->cube[topo_end_cube(plus_is_dark ? plus : minus)].name);
    else
        snprintf(what, sizeof(what), "%s", link_cause_text((enum link_cause)link->cause));
    if (where.ocs < 0)
        snprintf(path, sizeof(path), "%s (chip %s) - no fiber - %s: %s", end_name(pod, plus, one),
                 chip_name(plus, chip), end_name(pod, minus, other), what);
    else
        snprintf(path, sizeof(path), "%s (chip %s) - %s A%u-B%u - %s (chip %s): %s", end_name(pod, plus, one),
                 chip_name(plus, chip), pod->ocs[where.ocs].name, where.a, where.b,
                 end_name(pod, minus, other), chip_name(minus, far_chip), what);
    snprintf(text, FABRIC_TEXT_MAX, "%.199s", path);
}

bool link_list_has(const struct link_list *list, const struct slice_link *link) {
    for (unsigned i = 0; i < list->count; i++)
        if (list->link[i].position == link->position && list->link[i].dimension == link->dimension &&
            list->link[i].index == link->index)
            return true;
    return false;
}

void link_path_name_failed(struct change *change, const struct fabric_slice *slice,
                           const struct slice_version *before, const struct slice_version *after) {
    unsigned named = 0, more = 0;
    char text[FABRIC_TEXT_MAX];
    for (unsigned i = 0; i < after->failed.count; i++) {
        const struct slice_link *link = &after->failed.link[i];
        if (link_list_has(&before->failed, link))
            continue;
        if (named++ >= NAMED_MAX) {
            more++;
            continue;
        }
        link_path_text(slice, after, link, text);
        change_add_event(change, "LINK_FAILED", slice->pod, slice->name, slice, text, "",
                         link_cause_text((enum link_cause)link->cause));
    }
    if (more) {
        snprintf(text, sizeof(text), "and %u more links; `helioctl slice get` lists them", more);
        change_add_event(change, "LINK_FAILED", slice->pod, slice->name, slice, text, "", "");
    }
}
