#include "sim/plant/change.h"
#include "sim/plant/light.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sim_part_names[SIM_PARTS] = {"cube", "host", "ocs", "port", "fiber"};
static const char *const with_article[SIM_PARTS] = {"a cube", "a host", "an ocs", "a port", "a fiber"};
static const char *const name_forms[SIM_PARTS] = {"cube-07", "cube-07/host-03", "ocs-x-05", "ocs-x-05/A17",
                                                  "cube-07/+x/5"};

#define NO_YES                                                                                               \
    { "no", "yes", NULL }
#define MDB_HELP "in thousandths of a dB"

static const struct setting port_settings[] = {
    {"failed", SETTING_CHOICE, offsetof(struct sim_port, failed), 0, 0, NO_YES,
     "light does not pass, state F"},
    {"disabled", SETTING_CHOICE, offsetof(struct sim_port, disabled), 0, 0, NO_YES,
     "light does not pass, state D"},
    {"settle-fail", SETTING_CHOICE, offsetof(struct sim_port, settle_fail), 0, 0, NO_YES,
     "circuits made from now on never settle"},
    {"reflects", SETTING_CHOICE, offsetof(struct sim_port, reflects), 0, 0, NO_YES,
     "a loopback plug sits in a port without a fiber: light goes back where it came from"},
    {"loss-mdb",
     SETTING_NUMBER,
     offsetof(struct sim_port, loss_mdb),
     0,
     60000,
     {NULL},
     "more loss, " MDB_HELP},
};
static const struct setting fiber_settings[] = {
    {"failed", SETTING_CHOICE, offsetof(struct sim_link_end, fiber_failed), 0, 0, NO_YES,
     "light does not pass"},
    {"loss-mdb",
     SETTING_NUMBER,
     offsetof(struct sim_link_end, fiber_loss_mdb),
     0,
     60000,
     {NULL},
     "a dirty connector, each way, " MDB_HELP},
    {"transmitter-failed", SETTING_CHOICE, offsetof(struct sim_link_end, transmitter_failed), 0, 0, NO_YES,
     "the transceiver at the cube sends nothing"},
    {"transmit-mdbm",
     SETTING_NUMBER,
     offsetof(struct sim_link_end, transmit_mdbm),
     -30000,
     10000,
     {NULL},
     "what the transceiver at the cube sends, in thousandths of a dBm"},
};
static const struct setting host_settings[] = {
    {"silent", SETTING_CHOICE, offsetof(struct sim_host, silent), 0, 0, NO_YES,
     "sends no reports; its links stay up"},
    {"in-use", SETTING_CHOICE, offsetof(struct sim_host, chips_in_use), 0, 0, NO_YES,
     "a process uses the chips"},
    {"chip-0-failed", SETTING_CHOICE, offsetof(struct sim_host, chip_failed[0]), 0, 0, NO_YES,
     "chips, x fastest"},
    {"chip-1-failed", SETTING_CHOICE, offsetof(struct sim_host, chip_failed[1]), 0, 0, NO_YES,
     "chips, x fastest"},
    {"chip-2-failed", SETTING_CHOICE, offsetof(struct sim_host, chip_failed[2]), 0, 0, NO_YES,
     "chips, x fastest"},
    {"chip-3-failed", SETTING_CHOICE, offsetof(struct sim_host, chip_failed[3]), 0, 0, NO_YES,
     "chips, x fastest"},
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

void sim_settings_help(struct text *out) {
    text_add(out, "Settings of a switch (set ocs-x-05 KEY=VALUE ..., set all KEY=VALUE ...):\n");
    setting_help(sim_switch_settings, sim_switch_settings_count, out);
    text_add(out, "Settings of a port (set ocs-x-05/A17 ...):\n");
    setting_help(port_settings, COUNT(port_settings), out);
    text_add(out, "Settings of a fiber (set cube-07/+x/5 ...):\n");
    setting_help(fiber_settings, COUNT(fiber_settings), out);
    text_add(out, "Settings of a host (set cube-07/host-03 ...); of a cube: of all its hosts:\n");
    setting_help(host_settings, COUNT(host_settings), out);
}

/* Takes POD/ off the name; without it there must be one pod. */
static const struct sim_pod *find_pod(struct sim_plant *plant, const char **name, struct text *ret_why) {
    const char *slash = strchr(*name, '/');

    for (int32_t i = 0; slash && i < plant->n_pods; i++) {
        size_t len = strlen(plant->pods[i].name);

        if (len == (size_t)(slash - *name) && !strncmp(plant->pods[i].name, *name, len)) {
            *name = slash + 1;
            return &plant->pods[i];
        }
    }
    if (plant->n_pods == 1)
        return &plant->pods[0];
    text_addf(ret_why, "'%s': the plant has %d pods, so say which, for example %s/%s", *name, plant->n_pods,
              plant->pods[0].name, *name);
    return NULL;
}

static bool rest_is(const char *rest, const char *name, size_t len) {
    return strlen(rest) == len && !strncmp(rest, name, len);
}

static struct sim_cube *find_cube(struct sim_plant *plant, const struct sim_pod *pod, const char *name,
                                  size_t len) {
    for (int32_t i = 0; i < pod->n_cubes; i++) {
        struct sim_cube *cube = &plant->cubes[pod->first_cube + i];

        if (rest_is(strrchr(cube->name, '/') ? strrchr(cube->name, '/') + 1 : cube->name, name, len))
            return cube;
    }
    return NULL;
}

static struct sim_switch *find_switch(struct sim_plant *plant, const struct sim_pod *pod, const char *name,
                                      size_t len) {
    for (int32_t i = 0; i < pod->n_ocses; i++)
        if (rest_is(plant->switches[pod->first_ocs + i].short_name, name, len))
            return &plant->switches[pod->first_ocs + i];
    return NULL;
}

/* The whole string is a number of at most four digits. */
static bool read_number(const char *string, uint32_t *ret_number) {
    char *end;

    if (*string < '0' || *string > '9' || strlen(string) > 4)
        return false;
    *ret_number = (uint32_t)strtoul(string, &end, 10);
    return !*end;
}

static bool find_port(struct sim_target *target, const char *name, struct text *ret_why) {
    const struct sim_switch *sw = target->ocs;
    uint32_t ports;

    target->side_b = *name == 'B';
    ports = target->side_b ? sw->ports_b : sw->ports_a;
    if ((*name == 'A' || *name == 'B') && read_number(name + 1, &target->port) && target->port >= 1 &&
        target->port <= ports)
        return true;
    text_addf(ret_why, "%s has no port '%s', only A1..A%u and B1..B%u", sw->name, name, sw->ports_a,
              sw->ports_b);
    return false;
}

static bool find_fiber(struct sim_plant *plant, struct sim_target *target, const char *name,
                       struct text *ret_why) {
    for (uint32_t face = 0; face < SIM_FACES; face++) {
        uint32_t index;

        if (strncmp(name, sim_face_names[face], 2) || name[2] != '/' || !read_number(name + 3, &index) ||
            index >= SIM_FACE_LINKS)
            continue;
        target->end = sim_end_of((int32_t)(target->cube - plant->cubes), face, index);
        return true;
    }
    text_addf(ret_why, "%s has no fiber '%s', only +x/0..15, -x, +y, -y, +z, -z", target->cube->name, name);
    return false;
}

static bool find_host(struct sim_target *target, const char *name, struct text *ret_why) {
    if (!strncmp(name, "host-", 5) && read_number(name + 5, &target->host) && target->host < SIM_CUBE_HOSTS)
        return true;
    text_addf(ret_why, "%s has no host '%s', only host-00..host-15", target->cube->name, name);
    return false;
}

bool sim_find(struct sim_plant *plant, const char *name, struct sim_target *ret_target,
              struct text *ret_why) {
    struct sim_target target = {.end = SIM_NO_END};
    const char *rest = name, *slash;
    const struct sim_pod *pod = find_pod(plant, &rest, ret_why);
    size_t len;

    if (!pod)
        return false;
    slash = strchr(rest, '/');
    len = slash ? (size_t)(slash - rest) : strlen(rest);
    target.cube = find_cube(plant, pod, rest, len);
    target.ocs = target.cube ? NULL : find_switch(plant, pod, rest, len);
    if (!target.cube && !target.ocs) {
        text_addf(ret_why, "pod %s has nothing called '%s'", pod->name, rest);
        if (pod->n_cubes && pod->n_ocses)
            text_addf(ret_why, ", only %s..%s and %s..%s", plant->cubes[pod->first_cube].name,
                      plant->cubes[pod->first_cube + pod->n_cubes - 1].name,
                      plant->switches[pod->first_ocs].name,
                      plant->switches[pod->first_ocs + pod->n_ocses - 1].name);
        return false;
    }
    if (!slash)
        target.part = target.cube ? SIM_CUBE : SIM_OCS;
    else if (target.ocs)
        target.part = SIM_PORT;
    else
        target.part = slash[1] == '+' || slash[1] == '-' ? SIM_FIBER : SIM_HOST;
    if (target.part == SIM_PORT && !find_port(&target, slash + 1, ret_why))
        return false;
    if (target.part == SIM_FIBER && !find_fiber(plant, &target, slash + 1, ret_why))
        return false;
    if (target.part == SIM_HOST && !find_host(&target, slash + 1, ret_why))
        return false;
    *ret_target = target;
    return true;
}

static bool find_part(struct sim_plant *plant, enum sim_part part, const char *name,
                      struct sim_target *ret_target, struct text *ret_why) {
    struct sim_target target;

    if (!sim_find(plant, name, &target, ret_why))
        return false;
    if (target.part != part) {
        text_addf(ret_why, "'%s' is %s, not %s; such a name looks like %s", name, with_article[target.part],
                  with_article[part], name_forms[part]);
        return false;
    }
    *ret_target = target;
    return true;
}

bool sim_find_ocs(struct sim_plant *plant, const char *name, struct sim_switch **ret_ocs,
                  struct text *ret_why) {
    struct sim_target target;

    if (!find_part(plant, SIM_OCS, name, &target, ret_why))
        return false;
    *ret_ocs = target.ocs;
    return true;
}

/* Everybody in the cube and everybody who sees it has news. */
static void touch_cube(struct sim_plant *plant, const struct sim_cube *cube) {
    int32_t number = (int32_t)(cube - plant->cubes);

    for (int32_t i = 0; i < SIM_CUBE_LINKS; i++)
        sim_plant_touch(plant, number * SIM_CUBE_LINKS + i);
    for (uint32_t i = 0; i < SIM_CUBE_HOSTS; i++)
        plant->cubes[number].hosts[i].changed = true;
}

static void touch_target(struct sim_plant *plant, const struct sim_target *target) {
    switch (target->part) {
    case SIM_CUBE:
    case SIM_HOST:
        touch_cube(plant, target->cube);
        break;
    case SIM_OCS:
        sim_switch_touch(target->ocs);
        break;
    case SIM_PORT:
        sim_plant_touch(plant, sim_switch_port(target->ocs, target->side_b, target->port)->end);
        if (target->side_b ? target->ocs->ingress_of[target->port] : target->ocs->circuits[target->port].b)
            sim_switch_touch(target->ocs);
        break;
    case SIM_FIBER:
        sim_plant_touch(plant, target->end);
        break;
    default:
        break;
    }
}

static void set_failed(struct sim_plant *plant, const struct sim_target *target, bool failed,
                       int64_t now_us) {
    switch (target->part) {
    case SIM_CUBE:
        target->cube->failed = failed;
        break;
    case SIM_HOST:
        target->cube->hosts[target->host].failed = failed;
        break;
    case SIM_OCS:
        if (failed)
            sim_switch_power_off(target->ocs, now_us);
        else
            sim_switch_power_on(target->ocs, now_us);
        return;
    case SIM_PORT:
        sim_switch_port(target->ocs, target->side_b, target->port)->failed = failed;
        break;
    case SIM_FIBER:
        plant->ends[target->end].fiber_failed = failed;
        break;
    default:
        break;
    }
    touch_target(plant, target);
}

bool sim_fail(struct sim_plant *plant, const char *part, const char *name, bool failed, int64_t now_us,
              struct text *ret_why) {
    for (int i = 0; i < SIM_PARTS; i++) {
        struct sim_target target;

        if (strcmp(sim_part_names[i], part))
            continue;
        if (!find_part(plant, (enum sim_part)i, name, &target, ret_why))
            return false;
        set_failed(plant, &target, failed, now_us);
        return true;
    }
    text_addf(ret_why, "'%s' cannot fail, only cube, host, ocs, port, fiber", part);
    return false;
}

/* Sets all pairs on one object; with a scratch copy first, so that a bad pair leaves it alone. */
static bool set_pairs(const struct setting *table, size_t n_settings, void *object, size_t size,
                      const char *const *pairs, size_t count, struct text *ret_why) {
    void *copy = sim_calloc(1, size);
    bool good = true;

    memcpy(copy, object, size);
    for (size_t i = 0; good && i < count; i++) {
        char key[64];
        const char *equals = strchr(pairs[i], '=');

        if (!equals || (size_t)(equals - pairs[i]) >= sizeof(key)) {
            text_addf(ret_why, "'%s' is not KEY=VALUE", pairs[i]);
            good = false;
            break;
        }
        snprintf(key, sizeof(key), "%.*s", (int)(equals - pairs[i]), pairs[i]);
        good = setting_set(table, n_settings, copy, key, equals + 1, ret_why);
    }
    if (good)
        memcpy(object, copy, size);
    free(copy);
    return good;
}

static bool set_switch(struct sim_switch *sw, const char *const *pairs, size_t count, struct text *ret_why) {
    struct sim_behaviour behaviour = sw->behaviour;

    if (!set_pairs(sim_switch_settings, sim_switch_settings_count, &behaviour, sizeof(behaviour), pairs,
                   count, ret_why))
        return false;
    if (behaviour.settle_min_us > behaviour.settle_max_us) {
        text_addf(ret_why, "settle-min-us: %" PRId64 " is more than settle-max-us %" PRId64,
                  behaviour.settle_min_us, behaviour.settle_max_us);
        return false;
    }
    sw->behaviour = behaviour;
    if (sw->plant->watcher.switch_changed)
        sw->plant->watcher.switch_changed(sw->plant->watcher.userdata, sw);
    return true;
}

static bool set_hosts(const struct sim_target *target, const char *const *pairs, size_t count,
                      struct text *ret_why) {
    uint32_t first = target->part == SIM_HOST ? target->host : 0;
    uint32_t last = target->part == SIM_HOST ? target->host : SIM_CUBE_HOSTS - 1;

    for (uint32_t i = first; i <= last; i++)
        if (!set_pairs(host_settings, COUNT(host_settings), &target->cube->hosts[i], sizeof(struct sim_host),
                       pairs, count, ret_why))
            return false;
    return true;
}

static bool set_target(struct sim_plant *plant, const struct sim_target *target, const char *const *pairs,
                       size_t count, struct text *ret_why) {
    switch (target->part) {
    case SIM_OCS:
        return set_switch(target->ocs, pairs, count, ret_why);
    case SIM_PORT:
        return set_pairs(port_settings, COUNT(port_settings),
                         sim_switch_port(target->ocs, target->side_b, target->port), sizeof(struct sim_port),
                         pairs, count, ret_why);
    case SIM_FIBER:
        return set_pairs(fiber_settings, COUNT(fiber_settings), &plant->ends[target->end],
                         sizeof(struct sim_link_end), pairs, count, ret_why);
    default:
        return set_hosts(target, pairs, count, ret_why);
    }
}

bool sim_set(struct sim_plant *plant, const char *name, const char *const *pairs, size_t count,
             struct text *ret_why) {
    struct sim_target target;

    if (!count) {
        text_add(ret_why, "set needs at least one KEY=VALUE");
        return false;
    }
    if (!strcmp(name, "all")) {
        for (int32_t i = 0; i < plant->n_switches; i++)
            if (!set_switch(&plant->switches[i], pairs, count, ret_why))
                return false;
        return true;
    }
    if (!sim_find(plant, name, &target, ret_why) || !set_target(plant, &target, pairs, count, ret_why))
        return false;
    touch_target(plant, &target);
    return true;
}

static void show_fiber(struct sim_plant *plant, int32_t end, int64_t now_us, struct text *out) {
    const struct sim_link_end *link = &plant->ends[end];
    struct sim_light light = sim_light_at(plant, end, now_us);

    setting_show(fiber_settings, COUNT(fiber_settings), link, out);
    if (link->ocs >= 0)
        text_addf(out, " port=%s/%c%u", plant->switches[link->ocs].name, link->side_b ? 'B' : 'A',
                  link->port);
    text_addf(out, " receive-mdbm=%" PRId64 " sees=", light.receive_mdbm);
    if (light.light)
        text_addf(out, "%s/%s/%u", plant->cubes[sim_end_cube(light.far_end)].name,
                  sim_face_names[sim_end_face(light.far_end)], sim_end_index(light.far_end));
    else
        text_add(out, "nothing");
}

bool sim_show(struct sim_plant *plant, const char *name, int64_t now_us, struct text *out,
              struct text *ret_why) {
    struct sim_target target;

    if (!sim_find(plant, name, &target, ret_why))
        return false;
    switch (target.part) {
    case SIM_OCS:
        setting_show(sim_switch_settings, sim_switch_settings_count, &target.ocs->behaviour, out);
        text_addf(out, " power=%s",
                  target.ocs->ready_at_us == INT64_MAX   ? "off"
                  : sim_switch_is_up(target.ocs, now_us) ? "on"
                                                         : "booting");
        break;
    case SIM_PORT:
        setting_show(port_settings, COUNT(port_settings),
                     sim_switch_port(target.ocs, target.side_b, target.port), out);
        break;
    case SIM_FIBER:
        show_fiber(plant, target.end, now_us, out);
        break;
    case SIM_HOST:
        setting_show(host_settings, COUNT(host_settings), &target.cube->hosts[target.host], out);
        text_addf(out, " failed=%s", target.cube->hosts[target.host].failed ? "yes" : "no");
        break;
    default:
        text_addf(out, "failed=%s", target.cube->failed ? "yes" : "no");
        break;
    }
    return true;
}

bool sim_cross(struct sim_plant *plant, const char *one, const char *other, struct text *ret_why) {
    struct sim_target first, second;
    struct sim_link_end link;

    if (!find_part(plant, SIM_FIBER, one, &first, ret_why) ||
        !find_part(plant, SIM_FIBER, other, &second, ret_why))
        return false;
    if (first.end == second.end) {
        text_addf(ret_why, "'%s' and '%s' are the same fiber", one, other);
        return false;
    }
    link = plant->ends[first.end];
    sim_plant_attach(plant, first.end, plant->ends[second.end].ocs, plant->ends[second.end].side_b,
                     plant->ends[second.end].port);
    sim_plant_attach(plant, second.end, link.ocs, link.side_b, link.port);
    return true;
}

bool sim_plug(struct sim_plant *plant, const char *fiber, const char *port, struct text *ret_why) {
    struct sim_target first, second;
    struct sim_port *socket;

    if (!find_part(plant, SIM_FIBER, fiber, &first, ret_why) ||
        !find_part(plant, SIM_PORT, port, &second, ret_why))
        return false;
    socket = sim_switch_port(second.ocs, second.side_b, second.port);
    if (socket->end != SIM_NO_END && socket->end != first.end) {
        text_addf(ret_why, "another fiber is plugged in at '%s'", port);
        return false;
    }
    sim_plant_attach(plant, first.end, (int32_t)(second.ocs - plant->switches), second.side_b, second.port);
    return true;
}

bool sim_rival(struct sim_plant *plant, const char *ocs, const char *verb, const char *a, const char *b,
               int64_t now_us, struct text *ret_why) {
    struct sim_target on_a, on_b;
    struct sim_pair pair;
    size_t first;

    if (!find_part(plant, SIM_OCS, ocs, &on_a, ret_why))
        return false;
    on_b = on_a;
    first = on_a.ocs->n_moves;
    if (!find_port(&on_a, a, ret_why) || !find_port(&on_b, b, ret_why))
        return false;
    if (on_a.side_b || !on_b.side_b) {
        text_addf(ret_why, "'%s' '%s': a circuit joins a port of side A to one of side B, such as A17 B18", a,
                  b);
        return false;
    }
    if (!sim_switch_is_up(on_a.ocs, now_us)) {
        text_addf(ret_why, "%s has no power", on_a.ocs->name);
        return false;
    }
    pair = (struct sim_pair){.a = on_a.port, .b = on_b.port};
    if (!strcmp(verb, "add")) {
        if (sim_switch_add(on_a.ocs, &pair, 1, now_us) != SIM_DONE) {
            text_addf(ret_why, "%s refuses it: a port is failed, disabled or in use", on_a.ocs->name);
            return false;
        }
    } else if (!strcmp(verb, "sub")) {
        if (on_a.ocs->circuits[pair.a].b != pair.b) {
            text_addf(ret_why, "%s has no circuit %s-%s", on_a.ocs->name, a, b);
            return false;
        }
        if (sim_switch_sub(on_a.ocs, &pair, 1, now_us) != SIM_DONE) {
            text_addf(ret_why, "%s refuses it", on_a.ocs->name);
            return false;
        }
    } else {
        text_addf(ret_why, "rival can add or sub, not '%s'", verb);
        return false;
    }
    sim_switch_report_event(on_a.ocs, "rival", first);
    return true;
}
