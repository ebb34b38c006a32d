#include "tests/world/ledger.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/qualify_cube.h"
#include "daemon/store/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ledger_init(struct ledger *ledger, const struct fleet *fleet) {
    memset(ledger, 0, sizeof(*ledger));
    ledger->fleet = fleet;
    ledger_derive(ledger);
}

static struct ledger_slice *place_of(struct ledger *ledger, int64_t uid, int64_t generation) {
    for (unsigned i = 0; i < ledger->n_slices; i++)
        if (ledger->slice[i].uid == uid && ledger->slice[i].generation == generation)
            return &ledger->slice[i];
    return NULL;
}

static void put_slice(const void *record, void *userdata) {
    struct ledger *ledger = userdata;
    const struct store_slice *row = record;
    struct ledger_slice *slice = place_of(ledger, row->uid, row->generation);
    if (!slice) {
        if (ledger->n_slices == LEDGER_SLICES_MAX)
            abort();
        slice = &ledger->slice[ledger->n_slices++];
    }
    *slice = (struct ledger_slice){.uid = row->uid,
                                   .generation = row->generation,
                                   .state = row->state,
                                   .is_former = row->is_former,
                                   .is_held = row->is_held,
                                   .is_part = rules_is_part(row->topology),
                                   .host_mask = (uint16_t)row->host_mask,
                                   .disruption = row->disruption};
    snprintf(slice->name, sizeof(slice->name), "%s", row->name);
    snprintf(slice->topology, sizeof(slice->topology), "%s", row->topology);
    snprintf(slice->missing, sizeof(slice->missing), "%s", row->missing ? row->missing : "");
}

static void put_position(const void *record, void *userdata) {
    struct ledger *ledger = userdata;
    const struct store_position *row = record;
    for (unsigned i = 0; i < ledger->n_positions; i++) {
        struct store_position *place = &ledger->position[i];
        if (place->uid == row->uid && place->generation == row->generation &&
            place->position == row->position) {
            *place = *row;
            return;
        }
    }
    if (ledger->n_positions == LEDGER_POSITIONS_MAX)
        abort();
    ledger->position[ledger->n_positions++] = *row;
}

static void put_pod(const void *record, void *userdata) {
    struct ledger *ledger = userdata;
    const struct store_pod *row = record;
    ledger->has_pod = true;
    ledger->is_frozen = row->frozen != FROZEN_NOT;
}

static void put_cube(const void *record, void *userdata) {
    struct ledger *ledger = userdata;
    const struct store_cube *row = record;
    ledger->cube_health[row->cube] = row->health;
    ledger->cube_scheduling[row->cube] = row->scheduling;
}

static void put_test(const void *record, void *userdata) {
    struct ledger *ledger = userdata;
    const struct store_qualification *row = record;
    ledger->is_tested[row->cube] = row->state == QUALIFICATION_RUNNING;
    ledger->partner_of[row->cube] = row->partner;
}

static void put_work(const void *record, void *userdata) {
    struct ledger *ledger = userdata;
    const struct store_maintenance *row = record;
    unsigned at = 0;
    while (at < ledger->n_works && strcmp(ledger->work[at].object, row->object) != 0)
        at++;
    if (at == LEDGER_WORKS_MAX)
        abort();
    if (at == ledger->n_works)
        ledger->n_works++;
    struct ledger_work *work = &ledger->work[at];
    *work = (struct ledger_work){.kind = row->kind,
                                 .stage = row->stage,
                                 .cube = row->cube,
                                 .host = row->host,
                                 .face = row->face,
                                 .index = row->link_index,
                                 .ocs = row->ocs,
                                 .side = row->side,
                                 .port = row->port,
                                 .state = row->state,
                                 .uid_at = row->uid_at,
                                 .disrupt = row->disrupt || row->is_failed};
    snprintf(work->object, sizeof(work->object), "%s", row->object);
    snprintf(work->allowed, sizeof(work->allowed), "%s", row->allowed);
}

static void delete_rows(struct ledger *ledger, const struct change_operation *operation) {
    const struct store_position *key = &operation->record.position;
    unsigned n_keys = operation->n_columns;
    if (operation->table == STORE_SLICE) {
        const struct store_slice *row = &operation->record.slice;
        for (unsigned i = 0; i < ledger->n_slices;)
            if (ledger->slice[i].uid == row->uid &&
                (n_keys < 2 || ledger->slice[i].generation == row->generation))
                ledger->slice[i] = ledger->slice[--ledger->n_slices];
            else
                i++;
    } else if (operation->table == STORE_POSITION) {
        for (unsigned i = 0; i < ledger->n_positions;)
            if (ledger->position[i].uid == key->uid &&
                (n_keys < 2 || ledger->position[i].generation == key->generation) &&
                (n_keys < 3 || ledger->position[i].position == key->position))
                ledger->position[i] = ledger->position[--ledger->n_positions];
            else
                i++;
    } else if (operation->table == STORE_QUALIFICATION) {
        ledger->is_tested[operation->record.qualification.cube] = false;
    } else if (operation->table == STORE_MAINTENANCE) {
        for (unsigned i = 0; i < ledger->n_works;)
            if (n_keys < 2 || strcmp(ledger->work[i].object, operation->record.maintenance.object) == 0)
                ledger->work[i] = ledger->work[--ledger->n_works];
            else
                i++;
    }
}

void ledger_apply(struct ledger *ledger, const struct store_change *change) {
    struct change_operation operation;
    for (size_t cursor = 0; store_change_next(change, &cursor, &operation);) {
        if (operation.kind == CHANGE_DELETE)
            delete_rows(ledger, &operation);
        if (operation.kind != CHANGE_PUT)
            continue;
        if (operation.table == STORE_SLICE)
            put_slice(&operation.record.slice, ledger);
        else if (operation.table == STORE_POSITION)
            put_position(&operation.record.position, ledger);
        else if (operation.table == STORE_POD)
            put_pod(&operation.record.pod, ledger);
        else if (operation.table == STORE_CUBE)
            put_cube(&operation.record.cube, ledger);
        else if (operation.table == STORE_QUALIFICATION)
            put_test(&operation.record.qualification, ledger);
        else if (operation.table == STORE_MAINTENANCE)
            put_work(&operation.record.maintenance, ledger);
    }
}

void ledger_reload(struct ledger *ledger, struct store *store) {
    ledger->n_slices = ledger->n_positions = ledger->n_works = 0;
    memset(ledger->is_tested, 0, sizeof(ledger->is_tested));
    ledger->has_pod = false;
    if (store_load(store, STORE_POD, put_pod, ledger) < 0 ||
        store_load(store, STORE_SLICE, put_slice, ledger) < 0 ||
        store_load(store, STORE_POSITION, put_position, ledger) < 0 ||
        store_load(store, STORE_CUBE, put_cube, ledger) < 0 ||
        store_load(store, STORE_QUALIFICATION, put_test, ledger) < 0 ||
        store_load(store, STORE_MAINTENANCE, put_work, ledger) < 0)
        abort();
    ledger_derive(ledger);
}

bool ledger_is_live(const struct ledger_slice *slice) {
    return !slice->is_former && slice->state != SLICE_FAILED && slice->state != SLICE_RESERVED;
}

const struct ledger_slice *ledger_find(const struct ledger *ledger, int64_t uid) {
    for (unsigned i = 0; i < ledger->n_slices; i++)
        if (ledger->slice[i].uid == uid && !ledger->slice[i].is_former)
            return &ledger->slice[i];
    return NULL;
}

bool ledger_has_cube(const struct ledger *ledger, unsigned cube) {
    return ledger->cube_owner[cube] >= 0 || ledger->part_hosts[cube];
}

bool ledger_is_of_test(const struct ledger *ledger, int16_t one, int16_t other) {
    for (unsigned i = 0; i < 2; i++) {
        int here = i ? other : one, there = i ? one : other;
        if (here < 0 || !ledger->is_tested[here / 96])
            continue;
        if (there < 0 || there / 96 == here / 96 || there / 96 == ledger->partner_of[here / 96])
            return true;
    }
    return false;
}

bool ledger_takes_part_in_test(const struct ledger *ledger, unsigned cube) {
    for (unsigned i = 0; i < ledger->fleet->n_cubes; i++)
        if (ledger->is_tested[i] && (i == cube || ledger->partner_of[i] == (int64_t)cube))
            return true;
    return false;
}

/* A host drives the chips x in 2 (h mod 2) + {0, 1}, y in 2 (h / 2 mod 2) + {0, 1}, z = h / 4. */
static unsigned host_of_link(unsigned face, unsigned index) {
    unsigned edge = face % 2 ? 0 : 3, low = index % 4, high = index / 4;
    unsigned x = face / 2 == 0 ? edge : low,
             y = face / 2 == 1   ? edge
                 : face / 2 == 0 ? low
                                 : high,
             z = face / 2 == 2 ? edge : high;
    return x / 2 + 2 * (y / 2) + 4 * z;
}

bool ledger_work_covers(const struct ledger *ledger, const struct ledger_work *work, unsigned ocs,
                        unsigned side, unsigned port) {
    int16_t end = port ? ledger->fleet->end_at[ocs][side][port] : -1;
    unsigned cube = end < 0 ? FLEET_CUBES_MAX : (unsigned)end / 96, face = (unsigned)end % 96 / 16,
             index = (unsigned)end % 16;
    switch (work->kind) {
    case MAINTENANCE_OCS:
        return port && work->ocs == ocs && !work->stage;
    case MAINTENANCE_PORT:
        return port && work->ocs == ocs && work->side == side && work->port == port;
    case MAINTENANCE_CUBE:
        return work->cube == cube;
    case MAINTENANCE_HOST:
        return work->cube == cube && work->host == host_of_link(face, index);
    default:
        return work->cube == cube && work->face == face && work->index == index;
    }
}

static bool names_uid(const char *list, int64_t uid) {
    char *end;
    for (long long listed; *list && (listed = strtoll(list, &end, 10), end != list); list = end)
        if (listed == uid)
            return true;
    return false;
}

bool ledger_work_has_word(const struct ledger_work *work, const struct ledger_slice *slice) {
    return work->disrupt || slice->disruption == DISRUPTION_ANYTIME || slice->uid > work->uid_at ||
           names_uid(work->allowed, slice->uid);
}

/* A slice that was created and deleted in one group never was live here, but may explain a circuit. */
static void remember(struct ledger *ledger, const struct ledger_slice *slice) {
    struct rules_link links[FLEET_CUBES_MAX * 48];
    unsigned count;
    rules_links(ledger->fleet, slice->topology, slice->cubes, links, &count);
    for (unsigned i = 0; i < count; i++)
        if (links[i].ocs >= 0)
            ledger->ever[links[i].ocs][links[i].a][links[i].b] = true;
}

static void want_part(struct ledger *ledger, const struct ledger_slice *slice) {
    unsigned cube = slice->cubes[0];
    if (!rules_is_block(slice->topology, slice->host_mask))
        ledger->conflict = "a part has hosts that do not form its topology";
    if (ledger->part_hosts[cube] & slice->host_mask)
        ledger->conflict = "two parts have the same host";
    ledger->part_hosts[cube] |= slice->host_mask;
}

static void want(struct ledger *ledger, unsigned place) {
    struct ledger_slice *slice = &ledger->slice[place];
    struct rules_link links[FLEET_CUBES_MAX * 48];
    unsigned count;
    for (unsigned i = 0; i < slice->n_cubes; i++) {
        if (ledger->cube_owner[slice->cubes[i]] >= 0)
            ledger->conflict = "two durable slices have the same cube";
        ledger->cube_owner[slice->cubes[i]] = (int16_t)place;
    }
    rules_links(ledger->fleet, slice->topology, slice->cubes, links, &count);
    for (unsigned i = 0; i < count; i++) {
        const struct rules_link *link = &links[i];
        if (link->ocs < 0)
            continue;
        if (ledger->want_b[link->ocs][link->a] || ledger->want_a[link->ocs][link->b])
            ledger->conflict = "two durable circuits need the same port";
        ledger->want_b[link->ocs][link->a] = link->b;
        ledger->want_a[link->ocs][link->b] = link->a;
        ledger->owner[link->ocs][link->a] = (int16_t)place;
    }
    remember(ledger, slice);
}

void ledger_derive(struct ledger *ledger) {
    memset(ledger->want_b, 0, sizeof(ledger->want_b));
    memset(ledger->want_a, 0, sizeof(ledger->want_a));
    memset(ledger->cube_owner, 0xff, sizeof(ledger->cube_owner));
    memset(ledger->part_hosts, 0, sizeof(ledger->part_hosts));
    for (unsigned i = 0; i < ledger->n_slices; i++) {
        struct ledger_slice *slice = &ledger->slice[i];
        unsigned found = 0;
        slice->n_cubes = slice->is_part ? 1 : rules_cubes(slice->topology);
        for (unsigned k = 0; k < ledger->n_positions; k++) {
            const struct store_position *row = &ledger->position[k];
            if (row->uid != slice->uid || row->generation != slice->generation)
                continue;
            found++;
            if (row->position < FLEET_CUBES_MAX && row->cube < FLEET_CUBES_MAX)
                slice->cubes[row->position] = (uint16_t)row->cube;
        }
        if (found != slice->n_cubes)
            ledger->conflict = "a durable slice has not as many positions as its topology";
        else if (ledger_is_live(slice) && slice->is_part)
            want_part(ledger, slice);
        else if (ledger_is_live(slice))
            want(ledger, i);
        else if (slice->is_former)
            remember(ledger, slice);
    }
    for (unsigned cube = 0; cube < ledger->fleet->n_cubes; cube++)
        if (ledger->cube_owner[cube] >= 0 && ledger->part_hosts[cube])
            ledger->conflict = "a cube is a durable slice's and is cut into durable parts";
}
