#include "daemon/api/find.h"
#include "daemon/api/refusal.h"
#include "inventory/names.h"

#include <string.h>

int find_pod(const struct fabric *fabric, const char *name, const char *field,
             const struct fabric_pod **ret_pod, struct fabric_refusal *refusal) {
    const struct fabric_pod *pod = fabric_pods(fabric);
    if (*name) {
        pod = fabric_pod_find(fabric, name);
        if (!pod)
            return refuse_not_found(refusal, field, "there is no pod \"%.63s\"", name);
    } else if (!pod) {
        return refuse_not_found(refusal, field, "there is no pod yet: create or import one");
    } else if (pod->next) {
        return refuse_invalid(refusal, field, "there are several pods: name one");
    }
    *ret_pod = pod;
    return 0;
}

/* Splits POD/thing; *ret_thing points into name. */
static int split(const struct fabric *fabric, const struct fabric_pod *pod, const char *name,
                 const char *field, const struct fabric_pod **ret_pod, const char **ret_thing,
                 struct fabric_refusal *refusal) {
    const char *slash = strchr(name, '/');
    char pod_name[64] = "";
    if (slash) {
        size_t length = (size_t)(slash - name);
        if (length == 0 || length >= sizeof(pod_name))
            return refuse_not_found(refusal, field, "there is no \"%.90s\"", name);
        memcpy(pod_name, name, length);
        if (pod && strcmp(pod->name, pod_name))
            return refuse_invalid(refusal, field, "\"%.90s\" is not in pod %s", name, pod->name);
    }
    *ret_thing = slash ? slash + 1 : name;
    if (pod) {
        *ret_pod = pod;
        return 0;
    }
    return find_pod(fabric, pod_name, field, ret_pod, refusal);
}

int find_cube(const struct fabric *fabric, const struct fabric_pod *pod, const char *name, const char *field,
              enum reason reason, const struct fabric_cube **ret_cube, struct fabric_refusal *refusal) {
    const char *thing;
    if (split(fabric, pod, name, field, &pod, &thing, refusal)) {
        if (reason != REASON_NONE) {
            refusal->reason = reason;
            refusal->kind = FABRIC_REFUSAL_REASON;
        }
        return FABRIC_REFUSED;
    }
    struct inventory_name parsed;
    if (inventory_parse_cube(thing, &parsed, NULL) == 0 && parsed.cube < pod->n_cubes) {
        *ret_cube = &pod->cube[parsed.cube];
        return 0;
    }
    if (reason != REASON_NONE)
        return refuse(refusal, reason, field, "pod %s has no cube \"%.90s\"; its cubes are %s to %s",
                      pod->name, thing, pod->cube[0].name, pod->cube[pod->n_cubes - 1].name);
    return refuse_not_found(refusal, field, "pod %s has no cube \"%.90s\"; its cubes are %s to %s", pod->name,
                            thing, pod->cube[0].name, pod->cube[pod->n_cubes - 1].name);
}

int find_ocs(const struct fabric *fabric, const struct fabric_pod *pod, const char *name, const char *field,
             const struct fabric_ocs **ret_ocs, struct fabric_refusal *refusal) {
    const char *thing;
    if (split(fabric, pod, name, field, &pod, &thing, refusal))
        return FABRIC_REFUSED;
    for (unsigned i = 0; i < pod->n_ocses; i++)
        if (!strcmp(pod->ocs[i].name, thing)) {
            *ret_ocs = &pod->ocs[i];
            return 0;
        }
    return refuse_not_found(refusal, field, "pod %s has no switch \"%.90s\"", pod->name, thing);
}

const struct fabric_slice *find_slice_uid(const struct fabric *fabric, int64_t uid) {
    for (const struct fabric_slice *slice = fabric_slices(fabric); slice && slice->uid <= uid;
         slice = slice->next)
        if (slice->uid == uid)
            return slice->durable && !slice->durable->is_gone ? slice : NULL;
    return NULL;
}

int find_slice(const struct fabric *fabric, const char *name, const char *field,
               const struct fabric_slice **ret_slice, struct fabric_refusal *refusal) {
    if (!*name)
        return refuse_invalid(refusal, field, "name a slice");
    const struct fabric_slice *slice = fabric_slice_find(fabric, name);
    if (!slice)
        return refuse_not_found(refusal, field, "there is no slice \"%.63s\"", name);
    *ret_slice = slice;
    return 0;
}
