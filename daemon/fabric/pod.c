#include "daemon/fabric/pod.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/observe.h"
#include "daemon/fabric/qualify_cube.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy_text(char *to, size_t size, const char *from) {
    snprintf(to, size, "%s", from ? from : "");
}

static int fill_wiring(struct fabric_pod *pod, const struct fabric_pod_rows *rows) {
    pod->wiring = malloc(sizeof(*pod->wiring));
    if (!pod->wiring)
        return -ENOMEM;
    if (topo_wiring_init(pod->wiring, pod->n_cubes, pod->n_ocses) != TOPO_WIRING_OK)
        return -EINVAL;
    for (size_t i = 0; i < rows->n_ocses; i++)
        if (topo_wiring_set_ocs(pod->wiring, (unsigned)i, (unsigned)rows->ocses[i].ports_a,
                                (unsigned)rows->ocses[i].ports_b) != TOPO_WIRING_OK)
            return -EINVAL;
    for (size_t i = 0; i < rows->n_fibers; i++) {
        const struct store_fiber *fiber = &rows->fibers[i];
        if (topo_wiring_add_fiber(pod->wiring, (unsigned)fiber->cube, (unsigned)fiber->face,
                                  (unsigned)fiber->link_index, (unsigned)fiber->ocs,
                                  fiber->side ? TOPO_SIDE_B : TOPO_SIDE_A,
                                  (unsigned)fiber->port) != TOPO_WIRING_OK)
            return -EINVAL;
    }
    topo_wiring_seal(pod->wiring);
    return 0;
}

static int fill_cubes(struct fabric_pod *pod, const struct fabric_pod_rows *rows) {
    pod->cube = calloc(pod->n_cubes, sizeof(*pod->cube));
    if (!pod->cube)
        return -ENOMEM;
    for (size_t i = 0; i < rows->n_cubes; i++) {
        const struct store_cube *row = &rows->cubes[i];
        struct fabric_cube *cube = &pod->cube[i];
        if (row->cube != (int64_t)i)
            return -EINVAL;
        cube->pod = pod;
        cube->index = (uint16_t)i;
        copy_text(cube->name, sizeof(cube->name), row->name);
        cube->row = (uint16_t)row->row;
        copy_text(cube->power_domain, sizeof(cube->power_domain), row->power_domain);
        cube->health = row->health ? (enum health)row->health : HEALTH_UNKNOWN;
        copy_text(cube->health_cause, sizeof(cube->health_cause),
                  row->health ? row->health_cause : "NOT_HEARD");
        copy_text(cube->health_source, sizeof(cube->health_source), row->health_source);
        cube->health_since_us = row->health_since_us;
        cube->mark = (enum health)row->mark;
        copy_text(cube->mark_reason, sizeof(cube->mark_reason), row->mark_reason);
        copy_text(cube->mark_by, sizeof(cube->mark_by), row->mark_by);
        cube->scheduling = row->scheduling ? (enum scheduling)row->scheduling : SCHEDULING_SCHEDULABLE;
        copy_text(cube->scheduling_reason, sizeof(cube->scheduling_reason), row->scheduling_reason);
        copy_text(cube->scheduling_by, sizeof(cube->scheduling_by), row->scheduling_by);
        cube->scheduling_since_us = row->scheduling_since_us;
        cube->drain_by_us = row->drain_by_us;
        cube->is_spare = row->is_spare;
        cube->revision = row->revision;
        for (unsigned face = 0; face < TOPO_FACES; face++)
            for (unsigned index = 0; index < TOPO_INDICES; index++)
                cube->end[face][index].far_end = TOPO_NO_END;
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
            cube->host[host].health = HEALTH_UNKNOWN;
            cube->host[host].cause = "NOT_HEARD";
        }
    }
    for (size_t i = 0; i < rows->n_hosts; i++) {
        const struct store_host *row = &rows->hosts[i];
        if (row->cube < 0 || row->cube >= pod->n_cubes || row->host < 0 ||
            row->host >= FABRIC_HOSTS_PER_CUBE || pod->cube[row->cube].host[row->host].node_name)
            return -EINVAL;
        struct fabric_host *host = &pod->cube[row->cube].host[row->host];
        host->node_name = strdup(row->node_name ? row->node_name : "");
        host->address = strdup(row->address ? row->address : "");
        if (!host->node_name || !host->address)
            return -ENOMEM;
    }
    for (size_t i = 0; i < rows->n_chips; i++) {
        const struct store_chip *row = &rows->chips[i];
        if (row->cube < 0 || row->cube >= pod->n_cubes || row->x < 0 || row->x > 3 || row->y < 0 ||
            row->y > 3 || row->z < 0 || row->z > 3)
            return -EINVAL;
        char **serial = &pod->cube[row->cube].serial[row->x + 4 * (row->y + 4 * row->z)];
        if (*serial)
            return -EINVAL;
        *serial = strdup(row->serial ? row->serial : "");
        if (!*serial)
            return -ENOMEM;
    }
    return rows->n_hosts == (size_t)pod->n_cubes * FABRIC_HOSTS_PER_CUBE &&
                   rows->n_chips == (size_t)pod->n_cubes * FABRIC_CHIPS_PER_CUBE
               ? 0
               : -EINVAL;
}

static int fill_ocs(struct fabric_pod *pod, struct fabric_ocs *ocs, const struct store_ocs *row) {
    struct fabric *fabric = pod->fabric;
    ocs->pod = pod;
    ocs->index = (uint16_t)row->ocs;
    copy_text(ocs->name, sizeof(ocs->name), row->name);
    copy_text(ocs->address, sizeof(ocs->address), row->address);
    copy_text(ocs->product, sizeof(ocs->product), row->product);
    copy_text(ocs->serial, sizeof(ocs->serial), row->serial);
    copy_text(ocs->power_domain, sizeof(ocs->power_domain), row->power_domain);
    ocs->ports_a = (uint16_t)row->ports_a;
    ocs->ports_b = (uint16_t)row->ports_b;
    ocs->revision = row->revision;
    ocs->test_port[TOPO_SIDE_A] = (uint16_t)row->test_port_a;
    ocs->test_port[TOPO_SIDE_B] = (uint16_t)row->test_port_b;
    ocs->state = OCS_DISCONNECTED;
    copy_text(ocs->cause, sizeof(ocs->cause),
              row->address && row->address[0] ? "not connected yet" : "no address");
    ocs->port = calloc(ocs->ports_a + 1u, sizeof(*ocs->port));
    ocs->want_a = calloc(ocs->ports_b + 1u, sizeof(*ocs->want_a));
    ocs->observed_a = calloc(ocs->ports_b + 1u, sizeof(*ocs->observed_a));
    ocs->is_b_locked = calloc(ocs->ports_b + 1u, sizeof(*ocs->is_b_locked));
    if (!ocs->port || !ocs->want_a || !ocs->observed_a || !ocs->is_b_locked)
        return -ENOMEM;
    struct device_config config = {
        .ports_a = ocs->ports_a,
        .ports_b = ocs->ports_b,
        .answer_timeout_us = fabric->settings.answer_timeout_us,
        .guard_us = fabric->settings.guard_us,
        .late_guard_us = fabric->settings.late_guard_us,
        .seed = fabric->options.seed + (uint64_t)pod->pod_id * 1000003u + ocs->index * 7919u + 1,
        /* The run before this one, or the device before this one, may have died with a command under way. */
        .late_change_possible = true,
    };
    snprintf(config.name, sizeof(config.name), "%.30s/%s", pod->name, ocs->name);
    memcpy(config.address, ocs->address, sizeof(config.address));
    memcpy(config.product, ocs->product, sizeof(config.product));
    memcpy(config.serial, ocs->serial, sizeof(config.serial));
    int r = device_new(&config, observe_callbacks(ocs), &ocs->device);
    if (r < 0)
        return r;
    return fabric->options.attach(fabric->options.device_userdata, ocs->device, &ocs->transport);
}

int pod_new(struct fabric *fabric, const struct fabric_pod_rows *rows, struct fabric_pod **ret_pod) {
    if (rows->n_cubes == 0 || rows->n_cubes > TOPO_CUBES_MAX || rows->n_ocses > TOPO_OCSES_MAX)
        return -EINVAL;
    struct fabric_pod *pod = calloc(1, sizeof(*pod));
    if (!pod)
        return -ENOMEM;
    pod->fabric = fabric;
    pod->pod_id = rows->pod->pod_id;
    copy_text(pod->name, sizeof(pod->name), rows->pod->name);
    copy_text(pod->model, sizeof(pod->model), rows->pod->model);
    pod->largest_slice_cubes = (uint32_t)rows->pod->largest_slice_cubes;
    pod->frozen = (enum frozen)rows->pod->frozen;
    copy_text(pod->frozen_text, sizeof(pod->frozen_text), rows->pod->frozen_text);
    pod->revision = rows->pod->revision;
    pod->spares = (unsigned)rows->pod->spares;
    pod->spares_per_domain = rows->pod->spares_per_domain;
    pod->dark_review_at_us = INT64_MAX;
    pod->n_cubes = (uint16_t)rows->n_cubes;
    pod->n_ocses = (uint16_t)rows->n_ocses;
    pod->plan_is_old = pod->classes_are_old = pod->wants_are_old = true;
    int r = fill_wiring(pod, rows);
    if (r == 0)
        r = fill_cubes(pod, rows);
    if (r == 0) {
        pod->ocs = calloc(pod->n_ocses ? pod->n_ocses : 1, sizeof(*pod->ocs));
        r = pod->ocs ? 0 : -ENOMEM;
    }
    for (unsigned i = 0; r == 0 && i < pod->n_ocses; i++)
        r = rows->ocses[i].ocs == (int64_t)i ? fill_ocs(pod, &pod->ocs[i], &rows->ocses[i]) : -EINVAL;
    if (r < 0) {
        pod_free(pod);
        return r;
    }
    topo_pod_init(&pod->plan, pod->wiring, pod->largest_slice_cubes);
    *ret_pod = pod;
    return 0;
}

void pod_free(struct fabric_pod *pod) {
    if (!pod)
        return;
    for (unsigned i = 0; pod->ocs && i < pod->n_ocses; i++) {
        struct fabric_ocs *ocs = &pod->ocs[i];
        if (ocs->transport)
            pod->fabric->options.detach(pod->fabric->options.device_userdata, ocs->transport);
        device_free(ocs->device);
        free(ocs->port);
        free(ocs->meter);
        free(ocs->port_moved_us);
        free(ocs->want_a);
        free(ocs->observed_a);
        free(ocs->is_b_locked);
    }
    for (unsigned i = 0; pod->cube && i < pod->n_cubes; i++) {
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
            free(pod->cube[i].host[host].node_name);
            free(pod->cube[i].host[host].address);
        }
        for (unsigned chip = 0; chip < FABRIC_CHIPS_PER_CUBE; chip++)
            free(pod->cube[i].serial[chip]);
    }
    while (pod->formers)
        pod_remove_former(pod, pod->formers);
    maintenance_free_all(pod);
    qualify_free_all(pod);
    free(pod->ocs);
    free(pod->cube);
    free(pod->wiring);
    free(pod->end_moved_us);
    free(pod);
}

void pod_link(struct fabric *fabric, struct fabric_pod *pod) {
    struct fabric_pod **at = &fabric->pods;
    while (*at && strcmp((*at)->name, pod->name) < 0)
        at = &(*at)->next;
    pod->next = *at;
    *at = pod;
}

void pod_unlink(struct fabric *fabric, struct fabric_pod *pod) {
    for (struct fabric_pod **at = &fabric->pods; *at; at = &(*at)->next)
        if (*at == pod) {
            *at = pod->next;
            pod->next = NULL;
            return;
        }
}

struct store_pod pod_row(const struct fabric_pod *pod) {
    return (struct store_pod){.pod_id = pod->pod_id,
                              .name = pod->name,
                              .model = pod->model,
                              .largest_slice_cubes = pod->largest_slice_cubes,
                              .frozen = pod->frozen,
                              .frozen_text = pod->frozen_text,
                              .revision = pod->revision,
                              .spares = pod->spares,
                              .spares_per_domain = pod->spares_per_domain};
}

struct store_cube pod_cube_row(const struct fabric_cube *cube) {
    return (struct store_cube){.pod_id = cube->pod->pod_id,
                               .cube = cube->index,
                               .name = cube->name,
                               .row = cube->row,
                               .power_domain = cube->power_domain,
                               .health = cube->health,
                               .health_cause = cube->health_cause,
                               .health_source = cube->health_source,
                               .health_since_us = cube->health_since_us,
                               .mark = cube->mark,
                               .mark_reason = cube->mark_reason,
                               .mark_by = cube->mark_by,
                               .scheduling = cube->scheduling,
                               .scheduling_reason = cube->scheduling_reason,
                               .scheduling_by = cube->scheduling_by,
                               .is_spare = cube->is_spare,
                               .revision = cube->revision,
                               .scheduling_since_us = cube->scheduling_since_us,
                               .drain_by_us = cube->drain_by_us};
}

struct store_ocs pod_ocs_row(const struct fabric_ocs *ocs) {
    return (struct store_ocs){.pod_id = ocs->pod->pod_id,
                              .ocs = ocs->index,
                              .name = ocs->name,
                              .address = ocs->address,
                              .ports_a = ocs->ports_a,
                              .ports_b = ocs->ports_b,
                              .product = ocs->product,
                              .serial = ocs->serial,
                              .power_domain = ocs->power_domain,
                              .revision = ocs->revision,
                              .test_port_a = ocs->test_port[TOPO_SIDE_A],
                              .test_port_b = ocs->test_port[TOPO_SIDE_B]};
}

void pod_add_former(struct fabric_pod *pod, const struct fabric_slice *slice,
                    const struct slice_version *version) {
    struct fabric_former *former = calloc(1, sizeof(*former));
    if (!former)
        return;
    former->uid = slice->uid;
    former->generation = version->generation;
    snprintf(former->name, sizeof(former->name), "%s", slice->name);
    former->shape = version->shape;
    memcpy(former->cubes, version->cubes, sizeof(former->cubes));
    former->next = pod->formers;
    pod->formers = former;
    pod->classes_are_old = true;
}

void pod_remove_former(struct fabric_pod *pod, struct fabric_former *former) {
    for (struct fabric_former **at = &pod->formers; *at; at = &(*at)->next)
        if (*at == former) {
            *at = former->next;
            free(former);
            pod->classes_are_old = true;
            return;
        }
}

void slice_link(struct fabric *fabric, struct fabric_slice *slice) {
    slice->next = NULL;
    if (fabric->last_slice)
        fabric->last_slice->next = slice;
    else
        fabric->slices = slice;
    fabric->last_slice = slice;
}

void slice_free(struct fabric_slice *slice) {
    for (unsigned i = 0; i < slice->n_labels; i++) {
        free(slice->labels[i].key);
        free(slice->labels[i].value);
    }
    free(slice->labels);
    slice_version_drop(slice->accepted);
    slice_version_drop(slice->durable);
    free(slice);
}

void slice_unlink_and_free(struct fabric *fabric, struct fabric_slice *slice) {
    struct fabric_slice *previous = NULL;
    for (struct fabric_slice **at = &fabric->slices; *at; previous = *at, at = &(*at)->next)
        if (*at == slice) {
            *at = slice->next;
            if (fabric->last_slice == slice)
                fabric->last_slice = previous;
            break;
        }
    /* Cubes and ports remember whose they are until the wants are derived again. */
    for (unsigned i = 0; i < slice->pod->n_cubes; i++)
        if (slice->pod->cube[i].durable_slice == slice)
            slice->pod->cube[i].durable_slice = NULL;
    for (unsigned i = 0; i < slice->pod->n_ocses; i++)
        for (unsigned a = 1; a <= slice->pod->ocs[i].ports_a; a++)
            if (slice->pod->ocs[i].port[a].want_slice == slice)
                slice->pod->ocs[i].port[a].want_slice = NULL, slice->pod->ocs[i].port[a].want_b = 0;
    slice->pod->wants_are_old = true;
    slice_free(slice);
}

void slice_hold(struct fabric_slice *slice, const struct slice_version *version, bool hold) {
    if (!slice_version_owns(version))
        return;
    for (unsigned i = 0; i < version->pending.count; i++)
        if (version->pending.swap[i].in != SWAP_NO_CUBE)
            slice->pod->cube[version->pending.swap[i].in].held_for = hold ? slice : NULL;
    for (unsigned position = 0; position < version->shape.n_cubes; position++) {
        struct fabric_cube *cube = &slice->pod->cube[version->cubes[position]];
        if (version->shape.whole_cubes) {
            cube->slice = hold ? slice : NULL;
            cube->position = hold ? (uint16_t)position : 0;
            continue;
        }
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++)
            if (version->host_mask >> host & 1)
                cube->host[host].part = hold ? slice : NULL;
        cube->part_hosts &= (uint16_t)~version->host_mask;
        cube->part_hosts |= hold ? version->host_mask : 0;
    }
    slice->pod->plan_is_old = slice->pod->classes_are_old = true;
}

struct fabric_slice *slice_find_accepted(const struct fabric *fabric, const char *name) {
    for (struct fabric_slice *slice = fabric->slices; slice; slice = slice->next)
        if (!slice->accepted->is_gone && strcmp(slice->name, name) == 0)
            return slice;
    return NULL;
}

struct fabric_slice *slice_find_uid(const struct fabric *fabric, int64_t uid) {
    for (struct fabric_slice *slice = fabric->slices; slice; slice = slice->next)
        if (slice->uid == uid)
            return slice;
    return NULL;
}
