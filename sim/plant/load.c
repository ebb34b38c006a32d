#include "sim/plant/load.h"
#include "sim/plant/change.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct loader {
    struct sim_plant plant;
    struct text *why;
    char place[160];
};

static bool complain(struct loader *loader, const char *field, const char *expected) {
    text_addf(loader->why, "%s: %s: %s", loader->place, field, expected);
    return false;
}

/* A canonical JSON number may also stand as a string. A field that is not there is 0. */
static bool read_uint(struct loader *loader, const json_t *object, const char *field, int64_t high,
                      uint32_t *ret_value) {
    const json_t *value = json_object_get(object, field);
    int64_t number = 0;
    bool good = true;

    if (json_is_integer(value)) {
        number = json_integer_value(value);
    } else if (json_is_string(value)) {
        char *end;

        number = strtoll(json_string_value(value), &end, 10);
        good = *json_string_value(value) && !*end;
    } else if (value) {
        good = false;
    }
    if (!good || number < 0 || number > high) {
        text_addf(loader->why, "%s: %s: expected a number 0..%lld", loader->place, field, (long long)high);
        return false;
    }
    *ret_value = (uint32_t)number;
    return true;
}

static const char *read_string(const json_t *object, const char *field) {
    const char *value = json_string_value(json_object_get(object, field));

    return value ? value : "";
}

static size_t total(const json_t *pods, const char *field) {
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(pods); i++)
        count += json_array_size(json_object_get(json_array_get(pods, i), field));
    return count;
}

static bool load_cube(struct loader *loader, const json_t *object, struct sim_pod *pod, int32_t pod_number) {
    struct sim_plant *plant = &loader->plant;
    struct sim_cube *cube = &plant->cubes[plant->n_cubes];
    struct chance chance = {chance_mix(plant->seed ^ (uint64_t)plant->n_cubes)};
    uint32_t index;

    if (!*read_string(object, "name"))
        return complain(loader, "name", "a cube needs a name such as pod/cube-07");
    if (!read_uint(loader, object, "index", SIM_MAX_CUBES, &index))
        return false;
    if (index != (uint32_t)pod->n_cubes)
        return complain(loader, "index",
                        "cubes must come in the order of their index, from 0, without a gap");
    cube->pod = pod_number;
    cube->index = index;
    cube->name = sim_strdup(read_string(object, "name"));
    for (int32_t i = 0; i < SIM_CUBE_LINKS; i++)
        plant->ends[plant->n_cubes * SIM_CUBE_LINKS + i] =
            (struct sim_link_end){.ocs = -1, .transmit_mdbm = 1000 + chance_between(&chance, -300, 300)};
    plant->n_cubes++;
    pod->n_cubes++;
    return true;
}

static bool load_switch(struct loader *loader, const json_t *object, struct sim_pod *pod,
                        int32_t pod_number) {
    struct sim_plant *plant = &loader->plant;
    uint32_t ports_a, ports_b;

    if (!*read_string(object, "name"))
        return complain(loader, "name", "a switch needs a name such as pod/ocs-x-05");
    if (!read_uint(loader, object, "portsA", SIM_MAX_SIDE_PORTS, &ports_a) ||
        !read_uint(loader, object, "portsB", SIM_MAX_SIDE_PORTS, &ports_b))
        return false;
    if (!ports_a || !ports_b)
        return complain(loader, ports_a ? "portsB" : "portsA",
                        "a switch needs at least one port on each side");
    sim_switch_init(&plant->switches[plant->n_switches], plant, plant->n_switches, pod_number,
                    read_string(object, "name"), ports_a, ports_b, read_string(object, "product"),
                    read_string(object, "serial"));
    plant->switches[plant->n_switches].address = sim_strdup(read_string(object, "address"));
    plant->n_switches++;
    pod->n_ocses++;
    return true;
}

static int32_t switch_named(const struct sim_plant *plant, const struct sim_pod *pod, const char *name) {
    for (int32_t i = pod->first_ocs; i < pod->first_ocs + pod->n_ocses; i++)
        if (!strcmp(plant->switches[i].name, name) || !strcmp(plant->switches[i].short_name, name))
            return i;
    return -1;
}

static int32_t face_named(const char *name) {
    for (int32_t i = 0; i < SIM_FACES; i++)
        if (!strcmp(sim_face_names[i], name))
            return i;
    return -1;
}

static bool load_fiber(struct loader *loader, const json_t *object, const struct sim_pod *pod) {
    struct sim_plant *plant = &loader->plant;
    int32_t face = face_named(read_string(object, "face")),
            ocs = switch_named(plant, pod, read_string(object, "ocs"));
    const char *side = read_string(object, "side");
    uint32_t cube, index, port;
    bool side_b = *side == 'B';
    int32_t end;

    if (!read_uint(loader, object, "cube", pod->n_cubes - 1, &cube) ||
        !read_uint(loader, object, "index", SIM_FACE_LINKS - 1, &index) ||
        !read_uint(loader, object, "port", SIM_MAX_SIDE_PORTS, &port))
        return false;
    if (face < 0)
        return complain(loader, "face", "expected one of +x -x +y -y +z -z");
    if (ocs < 0)
        return complain(loader, "ocs", "the pod has no switch of that name");
    if (strcmp(side, "A") && strcmp(side, "B"))
        return complain(loader, "side", "expected A or B");
    if (port < 1 || port > (side_b ? plant->switches[ocs].ports_b : plant->switches[ocs].ports_a))
        return complain(loader, "port", "the switch has no such port");
    end = sim_end_of(pod->first_cube + (int32_t)cube, (uint32_t)face, index);
    if (plant->ends[end].ocs >= 0)
        return complain(loader, "index", "this face link has a fiber already");
    if (sim_switch_port(&plant->switches[ocs], side_b, port)->end != SIM_NO_END)
        return complain(loader, "port", "a fiber ends on this port already");
    sim_plant_attach(plant, end, ocs, side_b, port);
    return true;
}

static bool load_pod(struct loader *loader, const json_t *object, int32_t number) {
    struct sim_pod *pod = &loader->plant.pods[number];
    const json_t *item;
    size_t i;

    snprintf(loader->place, sizeof(loader->place), "pods[%d]", number);
    if (!*read_string(object, "name"))
        return complain(loader, "name", "a pod needs a name");
    pod->name = sim_strdup(read_string(object, "name"));
    pod->first_cube = loader->plant.n_cubes;
    pod->first_ocs = loader->plant.n_switches;
    loader->plant.n_pods++;
    json_array_foreach(json_object_get(object, "cubes"), i, item) {
        snprintf(loader->place, sizeof(loader->place), "pods[%d].cubes[%zu]", number, i);
        if (!load_cube(loader, item, pod, number))
            return false;
    }
    json_array_foreach(json_object_get(object, "ocses"), i, item) {
        snprintf(loader->place, sizeof(loader->place), "pods[%d].ocses[%zu]", number, i);
        if (!load_switch(loader, item, pod, number))
            return false;
    }
    json_array_foreach(json_object_get(object, "fibers"), i, item) {
        snprintf(loader->place, sizeof(loader->place), "pods[%d].fibers[%zu]", number, i);
        if (!load_fiber(loader, item, pod))
            return false;
    }
    return true;
}

static bool is_pair_of_strings(const json_t *item) {
    return json_array_size(item) == 2 && json_is_string(json_array_get(item, 0)) &&
           json_is_string(json_array_get(item, 1));
}

static bool differ_pair(struct loader *loader, const char *field, const json_t *item, int64_t now_us) {
    struct sim_plant *plant = &loader->plant;
    const char *one = json_string_value(json_array_get(item, 0));
    const char *other = json_string_value(json_array_get(item, 1));

    if (!is_pair_of_strings(item))
        return complain(loader, field, "expected pairs of strings");
    if (!strcmp(field, "crossed"))
        return sim_cross(plant, one, other, loader->why);
    if (!strcmp(field, "failed"))
        return sim_fail(plant, one, other, true, now_us, loader->why);
    return sim_set(plant, one, &other, 1, loader->why);
}

static bool differ(struct loader *loader, const json_t *object, int64_t now_us) {
    static const char *const fields[] = {"crossed", "failed", "set"};
    const json_t *item;
    size_t i;

    snprintf(loader->place, sizeof(loader->place), "plant");
    json_array_foreach(json_object_get(object, "missing"), i, item) {
        struct sim_target target;

        if (!json_is_string(item))
            return complain(loader, "missing", "expected names of fibers");
        if (!sim_find(&loader->plant, json_string_value(item), &target, loader->why))
            return false;
        if (target.part != SIM_FIBER)
            return complain(loader, "missing", "expected names of fibers, such as cube-07/+x/5");
        sim_plant_attach(&loader->plant, target.end, -1, false, 0);
    }
    for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++)
        json_array_foreach(json_object_get(object, fields[f]), i,
                           item) if (!differ_pair(loader, fields[f], item, now_us)) return false;
    return true;
}

bool sim_plant_load(const json_t *root, uint64_t seed, int64_t now_us, struct sim_plant *ret_plant,
                    struct text *ret_why) {
    struct loader loader = {.why = ret_why,
                            .plant = {.seed = seed, .started_us = now_us, .sensitivity_mdbm = -7000}};
    const json_t *pods = json_object_get(root, "pods"), *pod;
    struct sim_plant *plant = &loader.plant;
    bool good = true;
    size_t i;

    if (!json_array_size(pods) || total(pods, "cubes") > SIM_MAX_CUBES ||
        total(pods, "ocses") > SIM_MAX_SWITCHES) {
        text_addf(ret_why,
                  "pods: expected a list of at least one pod, with at most %d cubes and %d switches in all",
                  SIM_MAX_CUBES, SIM_MAX_SWITCHES);
        return false;
    }
    plant->pods = sim_calloc(json_array_size(pods), sizeof(*plant->pods));
    plant->cubes = sim_calloc(total(pods, "cubes"), sizeof(*plant->cubes));
    plant->switches = sim_calloc(total(pods, "ocses"), sizeof(*plant->switches));
    plant->ends = sim_calloc(total(pods, "cubes") * SIM_CUBE_LINKS, sizeof(*plant->ends));
    json_array_foreach(pods, i, pod) {
        good = good && load_pod(&loader, pod, (int32_t)i);
    }
    good = good && differ(&loader, json_object_get(root, "plant"), now_us);
    if (!good) {
        sim_plant_deinit(plant);
        return false;
    }
    *ret_plant = *plant;
    for (int32_t s = 0; s < ret_plant->n_switches; s++)
        ret_plant->switches[s].plant = ret_plant;
    return true;
}
