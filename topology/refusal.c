#include "topology/refusal.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const reason_names[] = {
    [TOPO_REASON_NONE] = "NONE",
    [TOPO_REASON_INVALID_TOPOLOGY] = "INVALID_TOPOLOGY",
    [TOPO_REASON_LARGER_THAN_MODEL_LIMIT] = "LARGER_THAN_MODEL_LIMIT",
    [TOPO_REASON_NOT_ENOUGH_CUBES] = "NOT_ENOUGH_CUBES",
    [TOPO_REASON_NEEDS_TOLERANCE] = "NEEDS_TOLERANCE",
    [TOPO_REASON_HELD_BY_SPARES] = "HELD_BY_SPARES",
    [TOPO_REASON_PIN_USED] = "PIN_USED",
    [TOPO_REASON_PIN_UNHEALTHY] = "PIN_UNHEALTHY",
    [TOPO_REASON_OCS_UNREACHABLE] = "OCS_UNREACHABLE",
    [TOPO_REASON_ISOLATION_UNPROVEN] = "ISOLATION_UNPROVEN",
    [TOPO_REASON_UNACCOUNTED_CIRCUIT] = "UNACCOUNTED_CIRCUIT",
    [TOPO_REASON_INVALID_PIN] = "INVALID_PIN",
    [TOPO_REASON_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
};

const char *topo_reason_name(enum topo_reason reason) {
    return (unsigned)reason < sizeof(reason_names) / sizeof(reason_names[0]) ? reason_names[reason]
                                                                             : "UNKNOWN";
}

int topo_refuse(struct topo_refusal *refusal, enum topo_reason reason) {
    refusal->reason = reason;
    return TOPO_REFUSED;
}

int topo_refuse_text(struct topo_refusal *refusal, enum topo_reason reason, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(refusal->text, sizeof(refusal->text), format, arguments);
    va_end(arguments);
    return topo_refuse(refusal, reason);
}

struct topo_cube_name topo_name_cube(const struct topo_pod *pod, unsigned cube) {
    struct topo_cube_name name;
    snprintf(name.text, sizeof(name.text), pod->wiring->n_cubes > 100 ? "cube-%03u" : "cube-%02u",
             cube % 10000);
    return name;
}

enum topo_bar topo_bar_of(const struct topo_pod *pod, unsigned cube, const struct topo_cube_set *own) {
    if (pod->used_hosts[cube])
        return TOPO_BAR_CUT;
    if (topo_set_has(&pod->used, cube))
        return TOPO_BAR_USED;
    if (topo_set_has(&pod->unhealthy, cube) || pod->bad_hosts[cube])
        return TOPO_BAR_UNHEALTHY;
    if (topo_set_has(&pod->unschedulable, cube))
        return TOPO_BAR_UNSCHEDULABLE;
    if (topo_set_has(&pod->unaccounted, cube))
        return TOPO_BAR_UNACCOUNTED;
    return topo_pod_is_barred(pod, cube, own) ? TOPO_BAR_UNPROVEN : TOPO_BAR_NONE;
}

int topo_refuse_pin(const struct topo_pod *pod, const struct topo_cube_set *exclude,
                    const struct topo_cube_set *own, unsigned cube, bool use_spares,
                    struct topo_refusal *refusal) {
    static const struct {
        enum topo_reason reason;
        const char *text, *fits;
    } rows[] = {
        [TOPO_BAR_USED] = {TOPO_REASON_PIN_USED, "is used by a slice", "name a free cube, or name none"},
        [TOPO_BAR_CUT] = {TOPO_REASON_PIN_USED, "is cut into parts", "name a free cube, or name none"},
        [TOPO_BAR_UNHEALTHY] = {TOPO_REASON_PIN_UNHEALTHY, "is not known to be healthy",
                                "name a healthy cube, or name none"},
        [TOPO_BAR_UNSCHEDULABLE] = {TOPO_REASON_PIN_UNHEALTHY, "is not schedulable",
                                    "name a schedulable cube, or name none"},
        [TOPO_BAR_UNACCOUNTED] = {TOPO_REASON_UNACCOUNTED_CIRCUIT, "carries a circuit that no slice explains",
                                  "an operator clears that circuit"},
        [TOPO_BAR_UNPROVEN] = {TOPO_REASON_ISOLATION_UNPROVEN,
                               "may still be connected to another cube on a switch that cannot be read",
                               "that switch answers again"},
    };
    struct topo_cube_name name = topo_name_cube(pod, cube);
    refusal->cube = cube;
    if (topo_set_has(exclude, cube)) {
        snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if), "leave it out of one of the two");
        return topo_refuse_text(refusal, TOPO_REASON_INVALID_PIN, "%s is both asked for and excluded",
                                name.text);
    }
    enum topo_bar bar = topo_bar_of(pod, cube, own);
    if (bar != TOPO_BAR_NONE) {
        snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if), "%s", rows[bar].fits);
        return topo_refuse_text(refusal, rows[bar].reason, "%s %s", name.text, rows[bar].text);
    }
    if (!use_spares && topo_set_has(&pod->spare, cube)) {
        snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if), "ask with spares allowed");
        return topo_refuse_text(refusal, TOPO_REASON_HELD_BY_SPARES, "%s is held as a spare", name.text);
    }
    refusal->cube = TOPO_CUBES_MAX;
    return 0;
}

int topo_refuse_number(const struct topo_pod *pod, const struct topo_cube_set *exclude,
                       const struct topo_cube_set *own, bool use_spares, unsigned needed, unsigned candidates,
                       struct topo_refusal *refusal) {
    unsigned barred[TOPO_BARS] = {0};
    refusal->held_spares = refusal->excluded = 0;
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++) {
        if (own && topo_set_has(own, cube))
            continue;
        enum topo_bar bar = topo_bar_of(pod, cube, own);
        if (bar == TOPO_BAR_NONE && topo_set_has(exclude, cube))
            refusal->excluded++;
        else if (bar == TOPO_BAR_NONE && !use_spares && topo_set_has(&pod->spare, cube))
            refusal->held_spares++;
        else
            barred[bar]++;
    }
    refusal->needed = needed;
    refusal->candidates = candidates;
    refusal->unhealthy = barred[TOPO_BAR_UNHEALTHY];
    refusal->unschedulable = barred[TOPO_BAR_UNSCHEDULABLE];
    refusal->unaccounted = barred[TOPO_BAR_UNACCOUNTED];
    refusal->isolation_unproven = barred[TOPO_BAR_UNPROVEN];
    refusal->cut = barred[TOPO_BAR_CUT];
    unsigned unused = pod->wiring->n_cubes - barred[TOPO_BAR_USED] - (own ? topo_set_count(own) : 0);
    int at = snprintf(refusal->text, sizeof(refusal->text), "needs %u cubes; %u of %u are in no slice",
                      needed, unused - refusal->cut, pod->wiring->n_cubes);
    const struct {
        unsigned count;
        const char *text;
    } parts[] = {
        {refusal->unhealthy, "of them not known to be healthy"},
        {refusal->unschedulable, "of them not schedulable"},
        {refusal->unaccounted, "of them with unaccounted circuits"},
        {refusal->isolation_unproven, "of them not proven isolated"},
        {refusal->held_spares, "of them held as spares"},
        {refusal->excluded, "of them excluded by the request"},
        {refusal->cut, "more cut into parts"},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i].count && at < (int)sizeof(refusal->text))
            at += snprintf(refusal->text + at, sizeof(refusal->text) - (size_t)at, "; %u %s", parts[i].count,
                           parts[i].text);
    snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if),
             "slices are deleted or cubes repaired until enough are free");
    return topo_refuse(refusal, TOPO_REASON_NOT_ENOUGH_CUBES);
}

int topo_refuse_links(const struct topo_pod *pod, const struct topo_shape *shape, const uint16_t *cubes,
                      const unsigned missing[3], struct topo_refusal *refusal) {
    uint64_t ocses = 0;
    unsigned other = 0, total = missing[0] + missing[1] + missing[2];
    for (unsigned dimension = 0; dimension < 3; dimension++) {
        refusal->tolerance[dimension] = missing[dimension];
        for (unsigned position = 0; position < shape->n_cubes; position++) {
            unsigned next = topo_shape_next(shape, position, dimension);
            uint16_t lost = topo_bundle_missing(pod, cubes[position], cubes[next], dimension);
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                if (!(lost >> index & 1))
                    continue;
                struct topo_link link = topo_link_at(pod->wiring, shape, cubes, position, dimension, index);
                bool ends_work =
                    !(pod->bad_ends[cubes[position]][topo_face(dimension, false)] >> index & 1) &&
                    !(pod->bad_ends[cubes[next]][topo_face(dimension, true)] >> index & 1);
                if (link.ocs >= 0 && ends_work && pod->bad_ocses >> link.ocs & 1)
                    ocses |= UINT64_C(1) << link.ocs;
                else
                    other++;
            }
        }
    }
    refusal->ocses = ocses;
    unsigned n_ocses = (unsigned)__builtin_popcountll(ocses);
    int at = snprintf(refusal->text, sizeof(refusal->text),
                      "enough cubes are free, but %u x, %u y and %u z links cannot be lit", missing[0],
                      missing[1], missing[2]);
    if (other)
        at += snprintf(refusal->text + at, sizeof(refusal->text) - (size_t)at,
                       ": %u for want of a fiber or a working end", other);
    if (n_ocses)
        at += snprintf(refusal->text + at, sizeof(refusal->text) - (size_t)at,
                       "%s%u on %u switch%s that cannot be used", other ? ", " : ": ", total - other, n_ocses,
                       n_ocses == 1 ? "" : "es");
    /* A switch takes an end from every cube: then these counts say nothing. */
    for (unsigned face = 0; !n_ocses && face < TOPO_FACES && at < (int)sizeof(refusal->text); face++)
        if (refusal->lacking[face])
            at += snprintf(refusal->text + at, sizeof(refusal->text) - (size_t)at,
                           "; %u of %u cubes lack a %s link", refusal->lacking[face], refusal->candidates,
                           topo_face_name(face));
    snprintf(refusal->would_fit_if, sizeof(refusal->would_fit_if),
             "the request tolerates %u,%u,%u missing links%s", missing[0], missing[1], missing[2],
             other == 0 ? ", or the switches can be used again" : "");
    return topo_refuse(refusal, other == 0 ? TOPO_REASON_OCS_UNREACHABLE : TOPO_REASON_NEEDS_TOLERANCE);
}
