#include "tests/world/ledger.h"
#include "daemon/fabric/words.h"
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
                                   .is_held = row->is_held};
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
    }
}

void ledger_reload(struct ledger *ledger, struct store *store) {
    ledger->n_slices = ledger->n_positions = 0;
    ledger->has_pod = false;
    if (store_load(store, STORE_POD, put_pod, ledger) < 0 ||
        store_load(store, STORE_SLICE, put_slice, ledger) < 0 ||
        store_load(store, STORE_POSITION, put_position, ledger) < 0)
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

/* A slice that was created and deleted in one group never was live here, but may explain a circuit. */
static void remember(struct ledger *ledger, const struct ledger_slice *slice) {
    struct rules_link links[FLEET_CUBES_MAX * 48];
    unsigned count;
    rules_links(ledger->fleet, slice->topology, slice->cubes, links, &count);
    for (unsigned i = 0; i < count; i++)
        if (links[i].ocs >= 0)
            ledger->ever[links[i].ocs][links[i].a][links[i].b] = true;
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
    for (unsigned i = 0; i < ledger->n_slices; i++) {
        struct ledger_slice *slice = &ledger->slice[i];
        unsigned found = 0;
        slice->n_cubes = rules_cubes(slice->topology);
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
        else if (ledger_is_live(slice))
            want(ledger, i);
        else if (slice->is_former)
            remember(ledger, slice);
    }
}
