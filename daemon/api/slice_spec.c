#include "daemon/api/slice_spec.h"
#include "daemon/api/find.h"
#include "daemon/api/refusal.h"
#include "daemon/api/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEASE_MAX_S (366u * 86400)
#define TOLERANCE_MAX (16 * TOPO_POSITIONS_MAX) /* links of one dimension of the largest slice */

#define ALTERNATIVES_TOLD 1000 /* more are counted as this many, and refused */

struct reader {
    const struct fabric *fabric;
    const Heliostat__V1__SliceSpec *message;
    const char *prefix;
    struct arena *arena;
    struct fabric_slice_spec *spec;
    struct fabric_refusal *refusal;
    char field[64];
};

static const char *field(struct reader *reader, const char *name) {
    snprintf(reader->field, sizeof(reader->field), "%s%s", reader->prefix, name);
    return reader->field;
}

static const char *field_at(struct reader *reader, const char *name, size_t i) {
    snprintf(reader->field, sizeof(reader->field), "%s%s[%zu]", reader->prefix, name, i);
    return reader->field;
}

/* The pod that a node name is in, so that hosts alone can say which pod is meant. */
static const struct fabric_pod *pod_of_node(const struct fabric *fabric, const char *node_name) {
    for (const struct fabric_pod *pod = fabric_pods(fabric); pod; pod = pod->next)
        for (unsigned cube = 0; cube < pod->n_cubes; cube++)
            for (unsigned host = 0; host < TOPO_HOSTS_PER_CUBE; host++)
                if (!strcmp(pod->cube[cube].host[host].node_name, node_name))
                    return pod;
    return NULL;
}

static int read_pod(struct reader *reader) {
    const Heliostat__V1__SliceSpec *message = reader->message;
    const char *name = message->n_cubes ? message->cubes[0] : message->n_cube_set ? message->cube_set[0] : "";
    const char *slash = strchr(name, '/');
    char pod_name[64] = "";
    if (!*message->pod && slash && (size_t)(slash - name) < sizeof(pod_name)) {
        memcpy(pod_name, name, (size_t)(slash - name));
        return find_pod(reader->fabric, pod_name,
                        field_at(reader, message->n_cubes ? "cubes" : "cube_set", 0), &reader->spec->pod,
                        reader->refusal);
    }
    if (!*message->pod && message->n_hosts) {
        reader->spec->pod = pod_of_node(reader->fabric, message->hosts[0]);
        if (reader->spec->pod)
            return 0;
    }
    return find_pod(reader->fabric, message->pod, field(reader, "pod"), &reader->spec->pod, reader->refusal);
}

static int read_cubes(struct reader *reader, const char *name, char *const *names, size_t count,
                      enum reason reason, const uint16_t **ret_cubes, unsigned *ret_count) {
    const struct fabric_pod *pod = reader->spec->pod;
    struct topo_cube_set seen = {0};
    if (count > pod->n_cubes)
        return refuse_invalid(reader->refusal, field(reader, name), "%zu cubes are named; pod %s has %u",
                              count, pod->name, pod->n_cubes);
    uint16_t *cubes = arena_array(reader->arena, count, sizeof(*cubes));
    if (!cubes)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct fabric_cube *cube;
        const char *at = field_at(reader, name, i);
        if (find_cube(reader->fabric, pod, names[i], at, reason, &cube, reader->refusal))
            return FABRIC_REFUSED;
        if (topo_set_has(&seen, cube->index))
            return refuse(reader->refusal, REASON_INVALID_PIN, at, "%s is named twice", cube->name);
        topo_set_add(&seen, cube->index);
        cubes[i] = cube->index;
    }
    *ret_cubes = cubes;
    *ret_count = (unsigned)count;
    return 0;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(**(char *const *const *)a, **(char *const *const *)b);
}

static int compare_name_to(const void *node_name, const void *element) {
    return strcmp(node_name, **(char *const *const *)element);
}

/* One pass over the pod's hosts against the sorted names: several hosts of a cube name it once. */
static int read_hosts(struct reader *reader) {
    const Heliostat__V1__SliceSpec *message = reader->message;
    const struct fabric_pod *pod = reader->spec->pod;
    size_t count = message->n_hosts;
    if (count > (size_t)pod->n_cubes * TOPO_HOSTS_PER_CUBE)
        return refuse_invalid(reader->refusal, field(reader, "hosts"), "%zu hosts are named; pod %s has %u",
                              count, pod->name, pod->n_cubes * TOPO_HOSTS_PER_CUBE);
    char ***sorted = arena_array(reader->arena, count, sizeof(*sorted));
    bool *is_known = arena_array(reader->arena, count, sizeof(*is_known));
    uint16_t *cubes = arena_array(reader->arena, pod->n_cubes, sizeof(*cubes));
    if (!sorted || !is_known || !cubes)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &message->hosts[i];
    qsort(sorted, count, sizeof(*sorted), compare_names);
    for (size_t i = 1; i < count; i++)
        if (!strcmp(*sorted[i - 1], *sorted[i]))
            return refuse(reader->refusal, REASON_INVALID_PIN,
                          field_at(reader, "hosts", (size_t)(sorted[i] - message->hosts)),
                          "host \"%.90s\" is named twice", *sorted[i]);
    unsigned n_cubes = 0;
    for (unsigned cube = 0; cube < pod->n_cubes; cube++) {
        bool is_named = false;
        for (unsigned host = 0; host < TOPO_HOSTS_PER_CUBE; host++) {
            char ***found = bsearch(pod->cube[cube].host[host].node_name, sorted, count, sizeof(*sorted),
                                    compare_name_to);
            if (found) {
                is_known[*found - message->hosts] = true;
                is_named = true;
            }
        }
        if (is_named)
            cubes[n_cubes++] = (uint16_t)cube;
    }
    for (size_t i = 0; i < count; i++)
        if (!is_known[i])
            return refuse(reader->refusal, REASON_INVALID_PIN, field_at(reader, "hosts", i),
                          "no host of pod %s has the node name \"%.90s\"", pod->name, message->hosts[i]);
    reader->spec->pins = cubes;
    reader->spec->n_pins = n_cubes;
    return 0;
}

static int read_pins(struct reader *reader) {
    const Heliostat__V1__SliceSpec *message = reader->message;
    struct fabric_slice_spec *spec = reader->spec;
    if (!!message->n_cubes + !!message->n_cube_set + !!message->n_hosts > 1)
        return refuse_invalid(reader->refusal, field(reader, "cubes"),
                              "at most one of cubes, cube_set and hosts may be given");
    if (message->n_cubes) {
        spec->pin_mode = TOPO_PIN_POSITIONS;
        return read_cubes(reader, "cubes", message->cubes, message->n_cubes, REASON_INVALID_PIN, &spec->pins,
                          &spec->n_pins);
    }
    if (message->n_cube_set) {
        spec->pin_mode = TOPO_PIN_SET;
        return read_cubes(reader, "cube_set", message->cube_set, message->n_cube_set, REASON_INVALID_PIN,
                          &spec->pins, &spec->n_pins);
    }
    if (message->n_hosts) {
        spec->pin_mode = TOPO_PIN_SET;
        return read_hosts(reader);
    }
    return 0;
}

static int read_tolerance(struct reader *reader) {
    const Heliostat__V1__SliceSpec *message = reader->message;
    if (message->n_tolerate_missing == 0)
        return 0;
    if (message->n_tolerate_missing != 3)
        return refuse_invalid(reader->refusal, field(reader, "tolerate_missing"),
                              "%zu numbers are given; give none, or one for each of x, y, z",
                              message->n_tolerate_missing);
    for (unsigned i = 0; i < 3; i++) {
        if (message->tolerate_missing[i] > TOLERANCE_MAX)
            return refuse_invalid(reader->refusal, field_at(reader, "tolerate_missing", i),
                                  "%u is more than the %d links that a dimension can have",
                                  message->tolerate_missing[i], TOLERANCE_MAX);
        reader->spec->tolerate_missing[i] = message->tolerate_missing[i];
    }
    reader->spec->has_tolerance = true;
    return 0;
}

static int read_labels(struct reader *reader) {
    const Heliostat__V1__SliceSpec *message = reader->message;
    if (message->n_labels > LABELS_MAX)
        return refuse_limit(reader->refusal, field(reader, "labels"), "%zu labels are given; at most %d",
                            message->n_labels, LABELS_MAX);
    struct fabric_label *labels = arena_array(reader->arena, message->n_labels, sizeof(*labels));
    if (!labels)
        return -ENOMEM;
    for (size_t i = 0; i < message->n_labels; i++) {
        const Heliostat__V1__Label *label = message->labels[i];
        const char *at = field_at(reader, "labels", i);
        size_t key = strlen(label->key), value = strlen(label->value);
        if (key < 1 || key > LABEL_KEY_MAX || value > LABEL_VALUE_MAX)
            return refuse_invalid(reader->refusal, at,
                                  "a key has 1 to %d bytes and a value at most %d; here %zu and %zu",
                                  LABEL_KEY_MAX, LABEL_VALUE_MAX, key, value);
        if (!request_is_printable(label->key) || !request_is_printable(label->value))
            return refuse_invalid(reader->refusal, at, "a label may not contain control characters");
        for (size_t k = 0; k < i; k++)
            if (!strcmp(message->labels[k]->key, label->key))
                return refuse_invalid(reader->refusal, at, "key \"%s\" is given twice", label->key);
        labels[i] = (struct fabric_label){.key = label->key, .value = label->value};
    }
    reader->spec->labels = labels;
    reader->spec->n_labels = (unsigned)message->n_labels;
    return 0;
}

static int read_rest(struct reader *reader) {
    const Heliostat__V1__SliceSpec *message = reader->message;
    struct fabric_slice_spec *spec = reader->spec;
    if (!*message->name)
        return refuse_invalid(reader->refusal, field(reader, "name"), "a slice needs a name");
    if (!*message->topology)
        return refuse(reader->refusal, REASON_INVALID_TOPOLOGY, field(reader, "topology"),
                      "a slice needs a topology such as 8x8x8");
    if ((unsigned)message->disruption > DISRUPTION_ANYTIME)
        return refuse_invalid(reader->refusal, field(reader, "disruption"), "%d is not a disruption rule",
                              (int)message->disruption);
    if ((unsigned)message->domain_aim > HELIOSTAT__V1__DOMAIN_AIM__DOMAIN_AIM_SPREAD)
        return refuse_invalid(reader->refusal, field(reader, "domain_aim"), "%d is not PACK or SPREAD",
                              (int)message->domain_aim);
    if ((unsigned)message->domain_kind > HELIOSTAT__V1__DOMAIN_KIND__DOMAIN_KIND_POWER)
        return refuse_invalid(reader->refusal, field(reader, "domain_kind"), "%d is not ROW or POWER",
                              (int)message->domain_kind);
    spec->alternatives = (const char *const *)message->alternatives;
    spec->n_alternatives =
        message->n_alternatives < ALTERNATIVES_TOLD ? (unsigned)message->n_alternatives : ALTERNATIVES_TOLD;
    spec->domain_aim = (enum topo_domain_aim)message->domain_aim;
    spec->domain_kind = message->domain_kind == HELIOSTAT__V1__DOMAIN_KIND__DOMAIN_KIND_POWER
                            ? TOPO_DOMAIN_POWER
                            : TOPO_DOMAIN_ROW;
    spec->name = message->name;
    spec->topology = message->topology;
    spec->disruption = (enum disruption)message->disruption;
    spec->use_spares = message->use_spares;
    if (message->lease_s > LEASE_MAX_S || message->lease_grace_s > LEASE_MAX_S)
        return refuse_invalid(reader->refusal,
                              field(reader, message->lease_s > LEASE_MAX_S ? "lease_s" : "lease_grace_s"),
                              "%u s is more than a year; 0 for none",
                              message->lease_s > LEASE_MAX_S ? message->lease_s : message->lease_grace_s);
    if (message->lease_grace_s && !message->lease_s)
        return refuse_invalid(reader->refusal, field(reader, "lease_grace_s"),
                              "a grace time goes with a lease: give lease_s too");
    spec->lease_ttl_us = (int64_t)message->lease_s * 1000000;
    spec->lease_grace_us = (int64_t)message->lease_grace_s * 1000000;
    return 0;
}

int slice_spec_read(const struct fabric *fabric, const Heliostat__V1__SliceSpec *message, const char *prefix,
                    struct arena *arena, struct fabric_slice_spec *ret_spec, struct fabric_refusal *refusal) {
    struct fabric_slice_spec spec = {0};
    struct reader reader = {.fabric = fabric,
                            .message = message,
                            .prefix = prefix,
                            .arena = arena,
                            .spec = &spec,
                            .refusal = refusal};
    static int (*const steps[])(struct reader *) = {read_rest, read_tolerance, read_labels, read_pod,
                                                    read_pins};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int r = steps[i](&reader);
        if (r)
            return r;
    }
    int r = read_cubes(&reader, "exclude", message->exclude, message->n_exclude, REASON_INVALID_PIN,
                       &spec.exclude, &spec.n_exclude);
    if (r)
        return r;
    *ret_spec = spec;
    return 0;
}
