/* New pods, and new inventories for pods that are there. The model takes a new inventory only when it is
 * durable; until then nothing else may change that pod. */
#include "daemon/fabric/change.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/qualify_cube.h"
#include "daemon/fabric/refuse.h"
#include "daemon/fabric/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PODS_MAX 1024

static struct fabric_pod *find(const struct fabric *fabric, const char *name) {
    for (struct fabric_pod *pod = fabric->pods; pod; pod = pod->next)
        if (strcmp(pod->name, name) == 0)
            return pod;
    return NULL;
}

static void write_link(char *text, size_t size, const struct fabric_pod *pod, const struct topo_link *link) {
    if (link->ocs < 0)
        snprintf(text, size, "no path");
    else
        snprintf(text, size, "%s A%u-B%u", pod->ocs[link->ocs].name, link->a, link->b);
}

/* Lists what the new inventory would change under live slices. */
static void compare_slice(const struct fabric_slice *slice, const struct fabric_pod *old,
                          const struct fabric_pod *new, struct fabric_refusal *refusal) {
    const struct slice_version *version = slice->accepted;
    char cube_name[96];
    for (unsigned i = 0; i < version->pending.count; i++) {
        unsigned cube = version->pending.swap[i].in;
        if (cube != SWAP_NO_CUBE && cube >= new->n_cubes)
            refusal_add_item(refusal, "%s is held for the repair of slice %s and would go",
                             fabric_cube_name(&old->cube[cube], cube_name), slice->name);
    }
    for (unsigned position = 0; position < version->shape.n_cubes; position++) {
        unsigned cube = version->cubes[position];
        if (cube >= new->n_cubes || strcmp(old->cube[cube].name, new->cube[cube].name) != 0) {
            refusal_add_item(refusal, "%s is used by slice %s and would go",
                             fabric_cube_name(&old->cube[cube], cube_name), slice->name);
            return;
        }
    }
    for (unsigned position = 0; version->shape.whole_cubes && position < version->shape.n_cubes; position++)
        for (unsigned dimension = 0; dimension < 3; dimension++)
            for (unsigned index = 0; index < TOPO_INDICES; index++) {
                struct topo_link before =
                    topo_link_at(old->wiring, &version->shape, version->cubes, position, dimension, index);
                struct topo_link after =
                    topo_link_at(new->wiring, &version->shape, version->cubes, position, dimension, index);
                bool same =
                    before.ocs == after.ocs && before.a == after.a && before.b == after.b &&
                    (before.ocs < 0 || strcmp(old->ocs[before.ocs].name, new->ocs[after.ocs].name) == 0);
                if (same || (before.ocs < 0 && after.ocs >= 0))
                    continue;
                char was[48], is[48];
                write_link(was, sizeof(was), old, &before);
                write_link(is, sizeof(is), new, &after);
                refusal_add_item(refusal, "slice %s, position %u, %s link %u: %s would become %s",
                                 slice->name, position, topo_face_name(topo_face(dimension, false)), index,
                                 was, is);
            }
}

/* Rows of baselines and of maintenance name a switch by its index: what a person was told of one switch must
 * not come to stand for another. */
static int check_indices(const struct fabric_pod *old, const struct fabric_pod *new,
                         struct fabric_refusal *refusal) {
    for (unsigned i = 0; i < new->n_ocses; i++)
        for (unsigned k = 0; k < old->n_ocses; k++)
            if (i != k && strcmp(new->ocs[i].name, old->ocs[k].name) == 0)
                return refuse_invalid(refusal, "pods",
                                      "%s has index %u and would get %u; wants the index that it has: a new "
                                      "switch takes the place of one that goes, or a number at the end",
                                      old->ocs[k].name, k, i);
    return 0;
}

/* What an inventory does not say stays as it was: an operator's words, health, pins. */
static void keep_records(const struct fabric_pod *old, struct fabric_pod *new) {
    new->restore = old->restore;
    new->spares = old->spares;
    new->spares_per_domain = old->spares_per_domain;
    for (unsigned i = 0; i < old->n_cubes && i < new->n_cubes; i++) {
        const struct fabric_cube *from = &old->cube[i];
        struct fabric_cube *to = &new->cube[i];
        to->health = from->health;
        memcpy(to->health_cause, from->health_cause, sizeof(to->health_cause));
        memcpy(to->health_source, from->health_source, sizeof(to->health_source));
        to->health_since_us = from->health_since_us;
        to->mark = from->mark;
        memcpy(to->mark_reason, from->mark_reason, sizeof(to->mark_reason));
        memcpy(to->mark_by, from->mark_by, sizeof(to->mark_by));
        to->scheduling = from->scheduling;
        memcpy(to->scheduling_reason, from->scheduling_reason, sizeof(to->scheduling_reason));
        memcpy(to->scheduling_by, from->scheduling_by, sizeof(to->scheduling_by));
        to->scheduling_since_us = from->scheduling_since_us;
        to->drain_by_us = from->drain_by_us;
        to->is_spare = from->is_spare;
        to->revision = from->revision;
    }
}

static void keep_seen(const struct fabric_pod *old, struct fabric_pod *new, int64_t now_us) {
    if (old->end_moved_us && !new->end_moved_us)
        new->end_moved_us = calloc((size_t) new->n_cubes *TOPO_ENDS_PER_CUBE, sizeof(*new->end_moved_us));
    for (unsigned i = 0; i < old->n_cubes && i < new->n_cubes; i++) {
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
            const struct fabric_host *from = &old->cube[i].host[host];
            struct fabric_host *to = &new->cube[i].host[host];
            to->heard_us = from->heard_us;
            to->silent_at_us = from->silent_at_us;
            to->health = from->health;
            to->cause = from->cause;
            to->chips_ok = from->chips_ok;
            to->electrical_ok = from->electrical_ok;
            to->chips_in_use = from->chips_in_use;
            to->said = from->said;
            to->said_cause = from->said_cause;
            to->is_flapping = from->is_flapping;
            to->was_reported = from->was_reported;
            to->n_flaps = from->n_flaps;
            to->first_flap_us = from->first_flap_us;
            to->quiet_since_us = from->quiet_since_us;
            to->has_moved = true;
        }
        memcpy(new->cube[i].end, old->cube[i].end, sizeof(new->cube[i].end));
        for (unsigned k = 0; old->end_moved_us && new->end_moved_us &&k < TOPO_ENDS_PER_CUBE; k++)
            new->end_moved_us[i * TOPO_ENDS_PER_CUBE + k] = old->end_moved_us[i * TOPO_ENDS_PER_CUBE + k];
    }
}

/* The same switch with the same fibers to the same cubes. */
static bool is_untouched(const struct fabric_pod *old, const struct fabric_pod *new, unsigned index) {
    if (index >= old->n_ocses || index >= new->n_ocses)
        return false;
    const struct fabric_ocs *was = &old->ocs[index], *is = &new->ocs[index];
    if (strcmp(was->name, is->name) != 0 || strcmp(was->address, is->address) != 0 ||
        strcmp(was->product, is->product) != 0 || strcmp(was->serial, is->serial) != 0 ||
        was->ports_a != is->ports_a || was->ports_b != is->ports_b)
        return false;
    for (unsigned side = TOPO_SIDE_A; side <= TOPO_SIDE_B; side++)
        for (unsigned port = 1; port <= (side == TOPO_SIDE_A ? is->ports_a : is->ports_b); port++) {
            uint16_t end = is->pod->wiring->end_of[index][side][port];
            if (end != was->pod->wiring->end_of[index][side][port])
                return false;
            unsigned cube = topo_end_cube(end);
            if (end != TOPO_NO_END && strcmp(old->cube[cube].name, new->cube[cube].name) != 0)
                return false;
        }
    return true;
}

/* Its session goes on, with its map, its meters and what is under way: a new inventory of its neighbours is
 * no reason to look away from it. */
static void keep_switch(struct fabric_ocs *was, struct fabric_ocs *is) {
    struct fabric_ocs kept = *was;
    *was = *is;
    *is = kept;
    is->pod = was->pod;
    is->revision = was->revision;
    memcpy(is->power_domain, was->power_domain, sizeof(is->power_domain));
    was->pod = kept.pod;
    device_set_userdata(is->device, is);
    device_set_userdata(was->device, was);
}

static void land(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_pod *old = step->before, *new = step->after;
    fabric->inventory_epoch++;
    if (!old) {
        new->is_importing = false;
        return;
    }
    keep_records(old, new);
    keep_seen(old, new, now_us);
    for (unsigned i = 0; i < new->n_ocses; i++)
        if (is_untouched(old, new, i))
            keep_switch(&old->ocs[i], &new->ocs[i]);
    pod_unlink(fabric, old);
    pod_link(fabric, new);
    for (struct fabric_slice *slice = fabric->slices; slice; slice = slice->next)
        if (slice->pod == old) {
            slice->pod = new;
            slice->needs_judging = true;
        }
    for (unsigned i = 0; i < old->n_cubes && i < new->n_cubes; i++) {
        new->cube[i].slice = old->cube[i].slice;
        new->cube[i].held_for = old->cube[i].held_for;
        new->cube[i].position = old->cube[i].position;
        new->cube[i].part_hosts = old->cube[i].part_hosts;
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++)
            new->cube[i].host[host].part = old->cube[i].host[host].part;
    }
    new->formers = old->formers;
    old->formers = NULL;
    maintenance_take_over(old, new);
    qualify_take_over(old, new);
    new->is_importing = false;
    pod_free(old);
    fabric_mark(fabric);
}

static void revert(struct fabric *fabric, struct step *step, int64_t now_us) {
    struct fabric_pod *old = step->before, *new = step->after;
    fabric->inventory_epoch++;
    if (old)
        old->is_importing = false;
    else
        pod_unlink(fabric, new);
    pod_free(new);
}

static void write_rows(struct change *change, const struct fabric_pod *old, const struct fabric_pod *pod,
                       const struct fabric_pod_rows *rows) {
    struct store_pod row = pod_row(pod);
    struct store_fiber fiber_key = {.pod_id = pod->pod_id};
    struct store_chip chip_key = {.pod_id = pod->pod_id};
    struct store_host host_key = {.pod_id = pod->pod_id};
    struct store_cube cube_key = {.pod_id = pod->pod_id};
    struct store_ocs ocs_key = {.pod_id = pod->pod_id};
    store_put(change->rows, STORE_POD, &row);
    for (unsigned i = 0; old && i < old->n_ocses; i++)
        if (!is_untouched(old, pod, i)) {
            const struct store_baseline key = {.pod_id = pod->pod_id,
                                               .ocs = i}; /* other fibers: taken anew */
            store_delete(change->rows, STORE_BASELINE, &key, 2);
        }
    store_delete(change->rows, STORE_FIBER, &fiber_key, 1);
    store_delete(change->rows, STORE_CHIP, &chip_key, 1);
    store_delete(change->rows, STORE_HOST, &host_key, 1);
    store_delete(change->rows, STORE_CUBE, &cube_key, 1);
    store_delete(change->rows, STORE_OCS, &ocs_key, 1);
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        struct store_cube cube = pod_cube_row(&pod->cube[i]);
        store_put(change->rows, STORE_CUBE, &cube);
    }
    for (unsigned i = 0; i < pod->n_ocses; i++) {
        struct store_ocs ocs = pod_ocs_row(&pod->ocs[i]);
        store_put(change->rows, STORE_OCS, &ocs);
    }
    for (size_t i = 0; i < rows->n_hosts; i++) {
        struct store_host host = rows->hosts[i];
        host.pod_id = pod->pod_id;
        store_put(change->rows, STORE_HOST, &host);
    }
    for (size_t i = 0; i < rows->n_chips; i++) {
        struct store_chip chip = rows->chips[i];
        chip.pod_id = pod->pod_id;
        store_put(change->rows, STORE_CHIP, &chip);
    }
    for (size_t i = 0; i < rows->n_fibers; i++) {
        struct store_fiber fiber = rows->fibers[i];
        fiber.pod_id = pod->pod_id;
        store_put(change->rows, STORE_FIBER, &fiber);
    }
}

/* A fiber that comes to a test port takes the place of its loopback plug. */
static void keep_test_ports(const struct fabric_pod *old, struct fabric_pod *new) {
    for (unsigned i = 0; i < old->n_ocses && i < new->n_ocses; i++)
        for (unsigned side = 0; side < 2; side++) {
            const struct fabric_ocs *was = &old->ocs[i];
            struct fabric_ocs *is = &new->ocs[i];
            uint16_t port = was->test_port[side];
            if (port && port <= (side == TOPO_SIDE_A ? is->ports_a : is->ports_b) &&
                strcmp(was->name, is->name) == 0 && new->wiring->end_of[i][side][port] == TOPO_NO_END)
                is->test_port[side] = port;
        }
}

static int put_one(struct change *change, const struct fabric_pod_rows *rows,
                   struct fabric_refusal *refusal) {
    struct fabric *fabric = change->fabric;
    struct fabric_pod *old = find(fabric, rows->pod->name), *new;
    struct store_pod pod_rows = *rows->pod;
    struct fabric_pod_rows with_id = *rows;
    with_id.pod = &pod_rows;
    pod_rows.pod_id = old ? old->pod_id : ++fabric->counter[STORE_COUNTER_POD];
    pod_rows.frozen = old ? old->frozen : rows->pod->frozen ? rows->pod->frozen : FROZEN_NEW;
    pod_rows.frozen_text = old ? old->frozen_text : frozen_text((enum frozen)pod_rows.frozen);
    store_raise(change->rows, STORE_COUNTER_POD, pod_rows.pod_id);
    int r = pod_new(fabric, &with_id, &new);
    if (r == -EINVAL)
        return refuse_invalid(refusal, "pods",
                              "pod %s: its cubes, hosts, chips, switches and fibers do not make a pod",
                              rows->pod->name);
    if (r < 0)
        return r;
    if (old) {
        r = check_indices(old, new, refusal);
        if (r) {
            pod_free(new);
            return r;
        }
        keep_test_ports(old, new);
        for (const struct fabric_slice *slice = fabric->slices; slice; slice = slice->next)
            if (slice->pod == old && slice_version_owns(slice->accepted))
                compare_slice(slice, old, new, refusal);
        for (unsigned i = new->n_ocses; i < old->n_ocses; i++)
            if (old->ocs[i].n_circuits)
                refusal_add_item(refusal, "%s has circuits and would go", old->ocs[i].name);
        if (refusal->n_items) {
            pod_free(new);
            refusal_set_fits(refusal,
                             "the slices are deleted first, or the inventory leaves their links alone");
            return refuse(refusal, REASON_WOULD_DISRUPT, "pods",
                          "%zu circuits, cubes or switches in use would change; first: %s", refusal->n_items,
                          refusal->items[0]);
        }
        keep_records(old, new);
        for (unsigned i = 0; i < new->n_ocses; i++)
            for (unsigned k = 0; k < old->n_ocses; k++)
                if (!new->ocs[i].serial[0] && strcmp(new->ocs[i].name, old->ocs[k].name) == 0 &&
                    new->ocs[i].ports_a == old->ocs[k].ports_a &&new->ocs[i].ports_b == old->ocs[k].ports_b) {
                    memcpy(new->ocs[i].product, old->ocs[k].product, sizeof(new->ocs[i].product));
                    memcpy(new->ocs[i].serial, old->ocs[k].serial, sizeof(new->ocs[i].serial));
                    device_set_pin(new->ocs[i].device, new->ocs[i].product, new->ocs[i].serial,
                                   change->now_us);
                }
        old->is_importing = true;
    } else {
        new->is_importing = true;
        pod_link(fabric, new);
    }
    fabric->inventory_epoch++;
    char after[64];
    snprintf(after, sizeof(after), "%u cubes, %u switches, %zu fibers", new->n_cubes, new->n_ocses,
             rows->n_fibers);
    new->revision =
        change_add_event(change, old ? "POD_IMPORTED" : "POD_CREATED", new, new->name, NULL, "", "", after);
    write_rows(change, old, new, rows);
    struct step step = {.land = land, .revert = revert, .before = old, .after = new};
    change_add_step(change, &step);
    return 0;
}

static int check_revision(struct fabric *fabric, const struct fabric_actor *actor,
                          const struct fabric_pod_rows *pods, size_t n_pods, struct fabric_refusal *refusal) {
    if (!actor->if_revision)
        return 0;
    if (n_pods > 1)
        return refuse_invalid(refusal, "mutation.if_revision", "a revision goes with one pod; %zu are given",
                              n_pods);
    const struct fabric_pod *old = find(fabric, pods[0].pod->name);
    if (!old)
        return refuse_invalid(refusal, "mutation.if_revision", "pod %s is new and has no revision",
                              pods[0].pod->name);
    return request_check_revision(actor, old->name, old->revision, refusal);
}

int fabric_put_pods(struct fabric *fabric, const struct fabric_actor *actor,
                    const struct fabric_pod_rows *pods, size_t n_pods, int64_t now_us,
                    struct fabric_outcome *ret_outcome, struct fabric_refusal *refusal) {
    int r = request_check(fabric, actor, ret_outcome, refusal);
    if (r)
        return r;
    unsigned count = 0;
    for (const struct fabric_pod *pod = fabric->pods; pod; pod = pod->next)
        count++;
    if (n_pods < 1 || count + n_pods > PODS_MAX)
        return refuse_invalid(refusal, "pods", "%zu pods given, %u are there; at most %u are taken", n_pods,
                              count, PODS_MAX);
    if ((r = check_revision(fabric, actor, pods, n_pods, refusal)))
        return r;
    for (size_t i = 0; i < n_pods; i++) {
        const struct fabric_pod *old = find(fabric, pods[i].pod->name);
        if (old && old->is_importing)
            return refuse(refusal, REASON_STORE_UNAVAILABLE, "pods",
                          "the inventory of pod %s is being replaced", old->name);
        for (const struct fabric_slice *slice = fabric->slices; old && slice; slice = slice->next)
            if (slice->pod == old && slice->accepted != slice->durable)
                return refuse(refusal, REASON_STORE_UNAVAILABLE, "pods",
                              "slice %s of pod %s is being changed", slice->name, old->name);
    }
    struct change *change = change_begin(fabric, actor->principal, now_us);
    if (!change)
        return refuse(refusal, REASON_STORE_UNAVAILABLE, "", "the store does not take changes at present");
    for (size_t i = 0; r == 0 && i < n_pods; i++)
        r = put_one(change, &pods[i], refusal);
    if (r || actor->validate_only) {
        change_abandon(change);
        *ret_outcome = (struct fabric_outcome){0};
        return r;
    }
    fabric_mark(fabric);
    return request_submit(change, actor, 0, 0, n_pods == 1 ? pods[0].pod->name : "several pods", ret_outcome);
}
