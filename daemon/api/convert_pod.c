#include "daemon/api/convert.h"
#include "daemon/fabric/restore.h"

#include <stdio.h>
#include <time.h>

char *convert_time(struct arena *arena, int64_t wall_us) {
    struct tm parts;
    char date[64];
    if (wall_us <= 0)
        return (char *)protobuf_c_empty_string;
    time_t seconds = (time_t)(wall_us / 1000000);
    if (!gmtime_r(&seconds, &parts) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts))
        return (char *)protobuf_c_empty_string;
    return arena_printf(arena, "%s.%06dZ", date, (int)(wall_us % 1000000));
}

char *convert_cube_name(struct arena *arena, const struct fabric_cube *cube) {
    return arena_printf(arena, "%s/%s", cube->pod->name, cube->name);
}

char *convert_ocs_name(struct arena *arena, const struct fabric_ocs *ocs) {
    return arena_printf(arena, "%s/%s", ocs->pod->name, ocs->name);
}

struct blockers {
    struct arena *arena;
    Heliostat__V1__CubeStatus *message;
};

static void add_blocker(const struct fabric_drain_step *step, void *userdata) {
    struct blockers *all = userdata;
    if (all->message->n_drain_blockers < TOPO_HOSTS_PER_CUBE)
        all->message->drain_blockers[all->message->n_drain_blockers++] = arena_copy(all->arena, step->text);
}

/* A cube is of one slice, or of as many parts as it has hosts. */
static void convert_blockers(struct arena *arena, const struct fabric_cube *cube,
                             Heliostat__V1__CubeStatus *message) {
    struct blockers all = {arena, message};
    message->drain_blockers = arena_array(arena, TOPO_HOSTS_PER_CUBE, sizeof(*message->drain_blockers));
    if (message->drain_blockers)
        fabric_drain_blockers(cube, add_blocker, &all);
}

Heliostat__V1__CubeStatus *convert_cube(struct arena *arena, const struct fabric_cube *cube,
                                        int64_t heard_after_us) {
    Heliostat__V1__CubeStatus *message = arena_message(arena, &heliostat__v1__cube_status__descriptor);
    if (!message)
        return NULL;
    message->name = convert_cube_name(arena, cube);
    message->index = cube->index;
    message->row = cube->row;
    message->health = (Heliostat__V1__Health)cube->health;
    message->health_cause = (char *)cube->health_cause;
    message->health_source = (char *)cube->health_source;
    message->scheduling = (Heliostat__V1__Scheduling)cube->scheduling;
    message->scheduling_reason = (char *)cube->scheduling_reason;
    message->scheduling_by = (char *)cube->scheduling_by;
    message->scheduling_since = convert_time(arena, cube->scheduling_since_us);
    message->drain_deadline = convert_time(arena, cube->drain_by_us);
    message->revision = cube->revision;
    message->health_since = convert_time(arena, cube->health_since_us);
    if (cube->held_for)
        message->held_for = (char *)cube->held_for->name;
    if (cube->scheduling == SCHEDULING_DRAINING && fabric_cube_is_used(cube))
        convert_blockers(arena, cube, message);
    if (cube->slice) {
        message->slice = (char *)cube->slice->name;
        message->position = cube->position;
    }
    message->part_hosts = (uint32_t)__builtin_popcount(cube->part_hosts);
    message->part_slices = arena_array(arena, message->part_hosts, sizeof(*message->part_slices));
    for (unsigned host = 0; message->part_slices && host < TOPO_HOSTS_PER_CUBE; host++) {
        const struct fabric_slice *part = cube->host[host].part;
        if (part && (part->accepted->host_mask & ((1u << host) - 1)) == 0)
            message->part_slices[message->n_part_slices++] = (char *)part->name;
    }
    message->isolation_unproven = cube->is_unproven;
    message->may_hold_circuits = cube->may_be_lit;
    message->unfit_hosts = arena_array(arena, TOPO_HOSTS_PER_CUBE, sizeof(*message->unfit_hosts));
    for (unsigned host = 0; message->unfit_hosts && host < TOPO_HOSTS_PER_CUBE; host++)
        if (cube->pod->plan.bad_hosts[cube->index] >> host & 1)
            message->unfit_hosts[message->n_unfit_hosts++] = host;
    message->unaccounted_circuit = cube->has_unaccounted;
    message->spare = cube->is_spare;
    message->hosts = TOPO_HOSTS_PER_CUBE;
    for (unsigned host = 0; host < TOPO_HOSTS_PER_CUBE; host++)
        message->hosts_heard += cube->host[host].heard_us > 0 && cube->host[host].heard_us > heard_after_us;
    return message;
}

static Heliostat__V1__RestoreStatus *convert_restore(struct arena *arena, const struct fabric_pod *pod) {
    Heliostat__V1__RestoreStatus *message = arena_message(arena, &heliostat__v1__restore_status__descriptor);
    char text[FABRIC_TEXT_MAX];
    if (!message)
        return NULL;
    restore_text(pod, text, sizeof(text));
    message->power_domain = (char *)pod->restore.domain;
    message->stage = pod->restore.stage;
    message->links = pod->restore.sight.n_links;
    message->links_proved = pod->restore.sight.n_proved;
    message->links_wrong = pod->restore.sight.n_wrong;
    message->held = restore_is_held(pod);
    message->since = convert_time(arena, pod->restore.since_us);
    message->text = arena_copy(arena, text);
    return message;
}

Heliostat__V1__PodStatus *convert_pod(struct arena *arena, const struct fabric_pod *pod,
                                      int64_t heard_after_us) {
    Heliostat__V1__PodStatus *message = arena_message(arena, &heliostat__v1__pod_status__descriptor);
    if (!message)
        return NULL;
    message->name = (char *)pod->name;
    message->model = (char *)pod->model;
    message->frozen = pod->frozen != FROZEN_NOT;
    message->frozen_reason = (char *)pod->frozen_text;
    if (pod->restore.is_running)
        message->restore = convert_restore(arena, pod);
    message->largest_slice_chips = pod->largest_slice_cubes * FABRIC_CHIPS_PER_CUBE;
    message->cubes = arena_array(arena, pod->n_cubes, sizeof(*message->cubes));
    message->n_cubes = pod->n_cubes;
    for (unsigned i = 0; message->cubes && i < pod->n_cubes; i++)
        message->cubes[i] = convert_cube(arena, &pod->cube[i], heard_after_us);
    message->spares = pod->spares;
    message->spares_per_power_domain = pod->spares_per_domain;
    message->revision = pod->revision;
    message->ocses = pod->n_ocses;
    for (unsigned i = 0; i < pod->n_ocses; i++)
        message->ocses_in_sync += pod->ocs[i].state == OCS_IN_SYNC;
    return message;
}

Heliostat__V1__OcsStatus *convert_ocs(struct arena *arena, const struct fabric_ocs *ocs) {
    Heliostat__V1__OcsStatus *message = arena_message(arena, &heliostat__v1__ocs_status__descriptor);
    if (!message)
        return NULL;
    message->name = convert_ocs_name(arena, ocs);
    message->index = ocs->index;
    message->address = (char *)ocs->address;
    message->state = (Heliostat__V1__OcsState)ocs->state;
    message->cause = (char *)ocs->cause;
    message->ports_a = ocs->ports_a;
    message->ports_b = ocs->ports_b;
    message->pinned_product = (char *)ocs->product;
    message->pinned_serial = (char *)ocs->serial;
    message->circuits = ocs->n_circuits;
    message->revision = ocs->revision;
    message->test_ports = arena_array(arena, 2, sizeof(*message->test_ports));
    for (unsigned side = 0; message->test_ports && side < 2; side++)
        if (ocs->test_port[side])
            message->test_ports[message->n_test_ports++] =
                arena_printf(arena, "%c%u", side == TOPO_SIDE_A ? 'A' : 'B', ocs->test_port[side]);
    if (ocs->device) {
        const struct device_identity *identity = device_identity(ocs->device);
        message->reported_product = (char *)identity->product;
        message->reported_serial = (char *)identity->serial;
        message->reported_ports_a = identity->ports_a;
        message->reported_ports_b = identity->ports_b;
    }
    return message;
}

/* Each difference as one line, for what a thaw would do. */
Heliostat__V1__FabricDifference *convert_difference(struct arena *arena,
                                                    const struct fabric_difference *difference) {
    static const char *const action[] = {
        [FABRIC_ADD] = "add", [FABRIC_REMOVE] = "remove", [FABRIC_KEEP] = "keep", [FABRIC_WAIT] = "wait"};
    Heliostat__V1__FabricDifference *message =
        arena_message(arena, &heliostat__v1__fabric_difference__descriptor);
    if (!message)
        return NULL;
    message->ocs = convert_ocs_name(arena, difference->ocs);
    message->a = difference->a;
    message->b = difference->b;
    message->action = (char *)action[difference->action];
    message->circuit_class = (char *)circuit_class_name(difference->circuit_class);
    message->slice = difference->slice ? (char *)difference->slice->name : (char *)protobuf_c_empty_string;
    message->text = difference->text ? (char *)difference->text : (char *)protobuf_c_empty_string;
    return message;
}

#define CHIPS_PER_HOST (FABRIC_CHIPS_PER_CUBE / FABRIC_HOSTS_PER_CUBE)

/* A cube counts as healthy while a slice may use it: HEALTHY or DEGRADED. Free are the cubes that the next
 * slice could get, without spares. */
Heliostat__V1__Capacity *convert_capacity(struct arena *arena, const struct fabric_pod *pod) {
    Heliostat__V1__Capacity *message = arena_message(arena, &heliostat__v1__capacity__descriptor);
    if (!message)
        return NULL;
    message->pod = (char *)pod->name;
    message->cubes_physical = pod->n_cubes;
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        const struct fabric_cube *cube = &pod->cube[i];
        bool is_healthy = cube->health == HEALTH_HEALTHY || cube->health == HEALTH_DEGRADED;
        bool is_schedulable = is_healthy && cube->scheduling == SCHEDULING_SCHEDULABLE;
        bool is_barred = !is_schedulable || cube->has_unaccounted || cube->is_unproven;
        message->cubes_healthy += is_healthy;
        message->cubes_schedulable += is_schedulable;
        unsigned part_hosts = (unsigned)__builtin_popcount(cube->part_hosts);
        message->cubes_held += fabric_cube_is_used(cube);
        message->cubes_cut += part_hosts > 0;
        message->cubes_spare += !fabric_cube_is_used(cube) && cube->is_spare;
        message->cubes_held_for_repair += cube->held_for != NULL;
        message->cubes_free += !fabric_cube_is_used(cube) && !cube->is_spare && !cube->held_for && !is_barred;
        message->chips_held += cube->slice ? FABRIC_CHIPS_PER_CUBE : part_hosts * CHIPS_PER_HOST;
        if (part_hosts && topo_part_may_use(&pod->plan, i))
            message->chips_free_in_cut +=
                CHIPS_PER_HOST *
                (unsigned)__builtin_popcount((uint16_t) ~(cube->part_hosts | pod->plan.bad_hosts[i]));
    }
    message->chips_physical = message->cubes_physical * FABRIC_CHIPS_PER_CUBE;
    message->chips_healthy = message->cubes_healthy * FABRIC_CHIPS_PER_CUBE;
    message->chips_schedulable = message->cubes_schedulable * FABRIC_CHIPS_PER_CUBE;
    message->chips_free = message->cubes_free * FABRIC_CHIPS_PER_CUBE;
    return message;
}
