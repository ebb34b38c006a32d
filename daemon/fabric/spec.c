#include "daemon/fabric/spec.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/refuse.h"
#include "topology/gang.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABELS_MAX 64
#define LABEL_TEXT_MAX 255

static bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

static bool is_letter_or_digit(char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
}

/* [a-z]([-a-z0-9]{0,61}[a-z0-9])? */
static bool is_slice_name(const char *name) {
    size_t len = strlen(name);
    if (len < 1 || len > 63 || !is_letter(name[0]) || !is_letter_or_digit(name[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_letter_or_digit(name[i]) && name[i] != '-')
            return false;
    return true;
}

static int check_labels(const struct fabric_slice_spec *spec, struct fabric_refusal *refusal) {
    if (spec->n_labels > LABELS_MAX)
        return refuse_invalid(refusal, "spec.labels", "%u labels; at most %u are taken", spec->n_labels,
                              LABELS_MAX);
    for (unsigned i = 0; i < spec->n_labels; i++) {
        const struct fabric_label *label = &spec->labels[i];
        if (!label->key[0] || strlen(label->key) > LABEL_TEXT_MAX || strlen(label->value) > LABEL_TEXT_MAX)
            return refuse_invalid(refusal, "spec.labels",
                                  "label \"%.40s\": a key has 1 to %u bytes, a value at most %u", label->key,
                                  LABEL_TEXT_MAX, LABEL_TEXT_MAX);
        for (unsigned k = 0; k < i; k++)
            if (strcmp(spec->labels[k].key, label->key) == 0)
                return refuse_invalid(refusal, "spec.labels", "label \"%.40s\" is given twice", label->key);
    }
    return 0;
}

int spec_check(const struct fabric *fabric, const struct fabric_slice_spec *spec,
               struct topo_shape *ret_shape, struct fabric_refusal *refusal) {
    if (!is_slice_name(spec->name))
        return refuse_invalid(
            refusal, "spec.name",
            "name \"%.80s\": 1 to 63 of a-z, 0-9 and -, beginning with a letter and not ending with -",
            spec->name);
    if (refuse_topology(refusal, "spec.topology", spec->topology, ret_shape))
        return FABRIC_REFUSED;
    const struct fabric_slice *namesake = slice_find_accepted(fabric, spec->name);
    if (namesake) {
        refusal_set_fits(refusal, "another name is given, or slice %s is deleted", spec->name);
        return refuse(refusal, REASON_NAME_TAKEN, "spec.name",
                      "there is a slice %s already: uid %lld, state %s", spec->name, (long long)namesake->uid,
                      slice_state_name(namesake->accepted->state));
    }
    for (unsigned dimension = 0; dimension < 3; dimension++)
        if (spec->has_tolerance && spec->tolerate_missing[dimension] > TOPO_LINKS_MAX)
            return refuse_invalid(refusal, "spec.tolerate_missing", "%u links: at most %u are taken",
                                  spec->tolerate_missing[dimension], TOPO_LINKS_MAX);
    int r = check_labels(spec, refusal);
    if (r)
        return r;
    if (spec->pod->is_importing)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "spec.pod",
                      "the inventory of pod %s is being replaced", spec->pod->name);
    return 0;
}

int spec_check_alternatives(const struct fabric_slice_spec *spec, struct topo_shape *ret_shapes,
                            struct fabric_refusal *refusal) {
    char field[48];
    if (spec->n_alternatives >= TOPO_GANG_CHOICES_MAX)
        return refuse_invalid(refusal, "spec.alternatives", "%u alternatives; at most %u are taken",
                              spec->n_alternatives, TOPO_GANG_CHOICES_MAX - 1);
    for (unsigned i = 0; i < spec->n_alternatives; i++) {
        snprintf(field, sizeof(field), "spec.alternatives[%u]", i);
        if (refuse_topology(refusal, field, spec->alternatives[i], &ret_shapes[i]))
            return FABRIC_REFUSED;
    }
    return 0;
}

struct fabric_slice *spec_new_slice(const struct fabric_slice_spec *spec, const char *owner) {
    struct fabric_slice *slice = calloc(1, sizeof(*slice));
    if (!slice)
        return NULL;
    snprintf(slice->name, sizeof(slice->name), "%s", spec->name);
    snprintf(slice->owner, sizeof(slice->owner), "%s", owner);
    slice->pod = (struct fabric_pod *)spec->pod;
    slice->labels = calloc(spec->n_labels ? spec->n_labels : 1, sizeof(*slice->labels));
    for (unsigned i = 0; slice->labels && i < spec->n_labels; i++) {
        slice->labels[i].key = strdup(spec->labels[i].key);
        slice->labels[i].value = strdup(spec->labels[i].value);
        slice->n_labels++;
        if (!slice->labels[i].key || !slice->labels[i].value) {
            slice_free(slice);
            return NULL;
        }
    }
    if (!slice->labels) {
        free(slice);
        return NULL;
    }
    return slice;
}
