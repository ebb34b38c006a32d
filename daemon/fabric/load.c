/* The whole state from the store, at start. */
#include "daemon/fabric/event.h"
#include "daemon/fabric/baseline.h"
#include "daemon/fabric/change.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/pod.h"
#include "daemon/fabric/qualify_cube.h"
#include "daemon/fabric/refusal_log.h"
#include "daemon/fabric/request.h"
#include "daemon/fabric/restore.h"
#include "daemon/fabric/swap_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of one table, with their own copies of every text. */
struct rows {
    void *row;
    size_t size, count, room;
};

struct arena {
    struct arena *next;
    size_t used;
    char text[65536 - 2 * sizeof(size_t)];
};

struct loader {
    struct fabric *fabric;
    struct arena *arena; /* the texts of what is loaded */
    struct rows pods, cubes, hosts, chips, ocses, fibers, slices, labels, positions;
    int64_t now_us;
    int result;
};

static const char *keep(struct loader *loader, const char *text) {
    size_t len = strlen(text) + 1;
    if (!loader->arena || loader->arena->used + len > sizeof(loader->arena->text)) {
        struct arena *arena = len > sizeof(arena->text) ? NULL : malloc(sizeof(*arena));
        if (!arena) {
            loader->result = -ENOMEM;
            return "";
        }
        arena->next = loader->arena;
        arena->used = 0;
        loader->arena = arena;
    }
    char *copy = loader->arena->text + loader->arena->used;
    memcpy(copy, text, len);
    loader->arena->used += len;
    return copy;
}

static void *append(struct loader *loader, struct rows *rows, const void *record, size_t size) {
    rows->size = size;
    if (rows->count == rows->room) {
        size_t room = rows->room ? 2 * rows->room : 64;
        void *grown = realloc(rows->row, room * size);
        if (!grown) {
            loader->result = -ENOMEM;
            return NULL;
        }
        rows->row = grown;
        rows->room = room;
    }
    void *place = (char *)rows->row + rows->count++ * size;
    memcpy(place, record, size);
    return place;
}

#define KEEP(copy, field) (copy)->field = keep(loader, (copy)->field)

static void take_pod(const void *record, void *userdata) {
    struct loader *loader = userdata;
    struct store_pod *copy = append(loader, &loader->pods, record, sizeof(*copy));
    if (copy)
        KEEP(copy, name), KEEP(copy, model), KEEP(copy, frozen_text);
}

static void take_cube(const void *record, void *userdata) {
    struct loader *loader = userdata;
    struct store_cube *copy = append(loader, &loader->cubes, record, sizeof(*copy));
    if (copy)
        KEEP(copy, name), KEEP(copy, power_domain), KEEP(copy, health_cause), KEEP(copy, health_source),
            KEEP(copy, mark_reason), KEEP(copy, mark_by), KEEP(copy, scheduling_reason),
            KEEP(copy, scheduling_by);
}

static void take_host(const void *record, void *userdata) {
    struct loader *loader = userdata;
    struct store_host *copy = append(loader, &loader->hosts, record, sizeof(*copy));
    if (copy)
        KEEP(copy, node_name), KEEP(copy, address);
}

static void take_chip(const void *record, void *userdata) {
    struct loader *loader = userdata;
    struct store_chip *copy = append(loader, &loader->chips, record, sizeof(*copy));
    if (copy)
        KEEP(copy, serial);
}

static void take_ocs(const void *record, void *userdata) {
    struct loader *loader = userdata;
    struct store_ocs *copy = append(loader, &loader->ocses, record, sizeof(*copy));
    if (copy)
        KEEP(copy, name), KEEP(copy, address), KEEP(copy, product), KEEP(copy, serial),
            KEEP(copy, power_domain);
}

static void take_fiber(const void *record, void *userdata) {
    struct loader *loader = userdata;
    append(loader, &loader->fibers, record, sizeof(struct store_fiber));
}

static void take_slice(const void *record, void *userdata) {
    struct loader *loader = userdata;
    struct store_slice *copy = append(loader, &loader->slices, record, sizeof(*copy));
    if (!copy)
        return;
    KEEP(copy, name), KEEP(copy, topology), KEEP(copy, cause), KEEP(copy, owner), KEEP(copy, pending),
        KEEP(copy, pending_cause), KEEP(copy, fresh);
    /* Link lists can be longer than a block of the arena; they are read at once where they stand. */
    const struct store_slice *row = record;
    copy->missing = strdup(row->missing);
    copy->failed = strdup(row->failed);
    if (!copy->missing || !copy->failed)
        loader->result = -ENOMEM;
}

static void take_label(const void *record, void *userdata) {
    struct loader *loader = userdata;
    struct store_slice_label *copy = append(loader, &loader->labels, record, sizeof(*copy));
    if (copy)
        KEEP(copy, key), KEEP(copy, value);
}

static void take_position(const void *record, void *userdata) {
    struct loader *loader = userdata;
    append(loader, &loader->positions, record, sizeof(struct store_position));
}

static void take_operation(const void *record, void *userdata) {
    struct loader *loader = userdata;
    const struct store_operation *row = record;
    struct fabric_operation *operation = calloc(1, sizeof(*operation));
    char *slices = strdup(row->slices);
    if (!operation || !slices) {
        free(operation);
        free(slices);
        loader->result = -ENOMEM;
        return;
    }
    operation->id = row->operation_id;
    snprintf(operation->kind, sizeof(operation->kind), "%s", row->kind);
    operation->slices = slices;
    snprintf(operation->owner, sizeof(operation->owner), "%s", row->owner);
    operation->state = (enum operation_state)row->state;
    snprintf(operation->text, sizeof(operation->text), "%s", row->text);
    operation->created_us = row->created_us;
    operation->done_us = row->done_us;
    operation->durable_revision = 1;
    operation->next = loader->fabric->operations;
    loader->fabric->operations = operation;
}

static void take_request(const void *record, void *userdata) {
    struct loader *loader = userdata;
    if (request_load(loader->fabric, record) < 0)
        loader->result = -ENOMEM;
}

static void take_maintenance(const void *record, void *userdata) {
    struct loader *loader = userdata;
    int r = maintenance_load(loader->fabric, record, loader->now_us);
    if (r < 0)
        loader->result = r;
}

static void take_qualification(const void *record, void *userdata) {
    struct loader *loader = userdata;
    int r = qualify_load(loader->fabric, record);
    if (r < 0)
        loader->result = r;
}

static void take_baseline(const void *record, void *userdata) {
    struct loader *loader = userdata;
    int r = baseline_load(loader->fabric, record);
    if (r < 0)
        loader->result = r;
}

static void take_restore(const void *record, void *userdata) {
    struct loader *loader = userdata;
    int r = restore_load(loader->fabric, record, loader->now_us);
    if (r < 0)
        loader->result = r;
}

static void take_refusal(const void *record, void *userdata) {
    struct loader *loader = userdata;
    if (refusal_log_load(loader->fabric, record) < 0)
        loader->result = -ENOMEM;
}

static void take_event(const void *record, void *userdata) {
    struct loader *loader = userdata;
    struct fabric *fabric = loader->fabric;
    const struct store_event *row = record;
    struct fabric_event *event = event_of_row(row);
    if (event)
        event_remember(fabric, event);
    else
        loader->result = -ENOMEM;
}

static void drop_texts(struct loader *loader) {
    while (loader->arena) {
        struct arena *arena = loader->arena;
        loader->arena = arena->next;
        free(arena);
    }
}

/* The rows of one pod, in the place of those of the pod before. */
static int load_parts(struct loader *loader, struct store *store, int64_t pod_id,
                      struct fabric_pod_rows *rows) {
    const struct {
        enum store_table table;
        void (*take)(const void *record, void *userdata);
        struct rows *rows;
    } tables[] = {
        {STORE_CUBE, take_cube, &loader->cubes},    {STORE_HOST, take_host, &loader->hosts},
        {STORE_CHIP, take_chip, &loader->chips},    {STORE_OCS, take_ocs, &loader->ocses},
        {STORE_FIBER, take_fiber, &loader->fibers},
    };
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof(tables) / sizeof(tables[0]); i++) {
        tables[i].rows->count = 0;
        r = store_load_with(store, tables[i].table, pod_id, tables[i].take, loader);
        if (r == 0)
            r = loader->result;
    }
    rows->cubes = loader->cubes.row, rows->n_cubes = loader->cubes.count;
    rows->hosts = loader->hosts.row, rows->n_hosts = loader->hosts.count;
    rows->chips = loader->chips.row, rows->n_chips = loader->chips.count;
    rows->ocses = loader->ocses.row, rows->n_ocses = loader->ocses.count;
    rows->fibers = loader->fibers.row, rows->n_fibers = loader->fibers.count;
    return r;
}

/* One pod after the other, so that no more than one of them is in memory twice. */
static int make_pods(struct loader *loader, struct store *store, bool freeze) {
    for (size_t i = 0; i < loader->pods.count; i++) {
        struct store_pod row = ((const struct store_pod *)loader->pods.row)[i];
        struct fabric_pod_rows rows = {.pod = &row};
        struct arena *kept = loader->arena;
        loader->arena = NULL;
        int r = load_parts(loader, store, row.pod_id, &rows);
        if (r < 0) {
            drop_texts(loader);
            loader->arena = kept;
            return r;
        }
        if (freeze) {
            row.frozen = FROZEN_RESTORED;
            row.frozen_text = frozen_text(FROZEN_RESTORED);
        }
        struct fabric_pod *pod;
        r = pod_new(loader->fabric, &rows, &pod);
        drop_texts(loader);
        loader->arena = kept;
        if (r < 0)
            return r;
        pod_link(loader->fabric, pod);
        /* A cube that was healthy counts as just heard of: silence shows by itself. */
        for (unsigned cube = 0; cube < pod->n_cubes; cube++)
            for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++) {
                struct fabric_host *h = &pod->cube[cube].host[host];
                if (pod->cube[cube].health == HEALTH_UNKNOWN || pod->cube[cube].mark)
                    continue;
                h->heard_us = loader->now_us;
                h->silent_at_us = loader->now_us + loader->fabric->settings.report_ttl_us;
                h->health = pod->cube[cube].health;
                h->chips_ok = 0xf;
                h->electrical_ok = true;
                h->cause = h->health == HEALTH_HEALTHY ? "" : "BEFORE_RESTART";
            }
    }
    return 0;
}

static struct fabric_pod *pod_of(const struct fabric *fabric, int64_t pod_id) {
    for (struct fabric_pod *pod = fabric->pods; pod; pod = pod->next)
        if (pod->pod_id == pod_id)
            return pod;
    return NULL;
}

static int compare_position(const void *one, const void *other) {
    const struct store_position *a = one, *b = other;
    if (a->uid != b->uid)
        return a->uid < b->uid ? -1 : 1;
    return a->generation < b->generation ? -1 : a->generation > b->generation;
}

static int fill_version(const struct loader *loader, const struct store_slice *row,
                        const struct fabric_pod *pod, struct slice_version *version) {
    char error[300];
    if (topo_shape_parse(row->topology, &version->shape, error, sizeof(error)) != 0)
        return -EBADMSG;
    version->generation = row->generation;
    version->revision = row->revision;
    version->state = (enum slice_state)row->state;
    snprintf(version->cause, sizeof(version->cause), "%s", row->cause);
    version->host_mask = (uint16_t)row->host_mask;
    version->tolerate_missing[0] = (unsigned)row->tolerate_x;
    version->tolerate_missing[1] = (unsigned)row->tolerate_y;
    version->tolerate_missing[2] = (unsigned)row->tolerate_z;
    version->disruption = (enum disruption)row->disruption;
    version->is_pinned = row->is_pinned;
    version->use_spares = row->use_spares;
    version->is_held = row->is_held;
    version->was_ready = row->was_ready;
    version->qualified = (enum qualified)row->qualified;
    version->fingerprint = (uint64_t)row->fingerprint;
    version->connect_by_us = row->connect_by_us;
    version->unverified_since_us = row->unverified_since_us;
    version->operation_id = row->operation_id;
    version->pending_why = (enum pending_why)row->pending_why;
    snprintf(version->pending_cause, sizeof(version->pending_cause), "%s", row->pending_cause);
    version->pending_since_us = row->pending_since_us;
    version->pending_by_us = row->pending_by_us;
    version->is_overdue = row->is_overdue;
    version->tries = (unsigned)row->tries;
    version->lease_ttl_us = row->lease_ttl_us;
    version->lease_grace_us = row->lease_grace_us;
    version->orphaned_since_us = row->orphaned_since_us;
    int r = link_list_parse(row->missing, &version->missing);
    if (r == 0)
        r = swap_list_parse(row->pending, &version->pending);
    if (r == 0)
        r = swap_list_parse(row->fresh, &version->fresh);
    if (r == 0)
        r = link_list_parse(row->failed, &version->failed);
    if (r < 0)
        return r;
    struct store_position key = {.uid = row->uid, .generation = row->generation};
    const struct store_position *first = loader->positions.row;
    const struct store_position *found =
        loader->positions.count ? bsearch(&key, first, loader->positions.count, sizeof(key), compare_position)
                                : NULL;
    unsigned count = 0;
    while (found && found > first && compare_position(found - 1, &key) == 0)
        found--;
    for (; found && found < first + loader->positions.count && compare_position(found, &key) == 0; found++) {
        if (found->position >= version->shape.n_cubes || found->cube < 0 || found->cube >= pod->n_cubes)
            return -EBADMSG;
        version->cubes[found->position] = (uint16_t)found->cube;
        count++;
    }
    return count == version->shape.n_cubes || version->state == SLICE_FAILED ? 0 : -EBADMSG;
}

static int make_slice(struct loader *loader, const struct store_slice *row) {
    struct fabric *fabric = loader->fabric;
    struct fabric_pod *pod = pod_of(fabric, row->pod_id);
    struct slice_version *version = pod ? slice_version_new(NULL) : NULL;
    struct fabric_slice *slice = version ? calloc(1, sizeof(*slice)) : NULL;
    int r = !pod ? -EBADMSG : !slice ? -ENOMEM : fill_version(loader, row, pod, version);
    if (r < 0) {
        slice_version_drop(version);
        free(slice);
        return r;
    }
    slice->uid = row->uid;
    snprintf(slice->name, sizeof(slice->name), "%s", row->name);
    snprintf(slice->owner, sizeof(slice->owner), "%s", row->owner);
    slice->pod = pod;
    slice->created_us = row->created_us;
    if (row->is_former) {
        pod_add_former(pod, slice, version);
        slice_version_drop(version);
        free(slice);
        return 0;
    }
    const struct store_slice_label *labels = loader->labels.row;
    for (size_t i = 0; i < loader->labels.count; i++) {
        if (labels[i].uid != row->uid)
            continue;
        struct fabric_label *grown = realloc(slice->labels, sizeof(*grown) * (slice->n_labels + 1));
        if (!grown)
            return -ENOMEM;
        slice->labels = grown;
        grown[slice->n_labels++] = (struct fabric_label){strdup(labels[i].key), strdup(labels[i].value)};
    }
    slice->needs_judging = true;
    slice->circuits_total = TOPO_LINKS_PER_POSITION * version->shape.n_cubes;
    /* Nobody could renew it while there was no daemon. */
    slice->lease_until_us =
        loader->now_us + (version->orphaned_since_us ? version->lease_grace_us : version->lease_ttl_us);
    slice->accepted = version;
    slice->durable = slice_version_keep(version);
    slice_link(fabric, slice);
    slice_hold(slice, version, true);
    struct fabric_operation *operation = NULL;
    for (struct fabric_operation *o = fabric->operations; o; o = o->next)
        if (o->id == version->operation_id)
            operation = o;
    if (operation && operation->n_uids < sizeof(operation->uid) / sizeof(*operation->uid))
        operation->uid[operation->n_uids++] = slice->uid;
    return 0;
}

/* A slice whose circuits would now be others than those it was committed with is held. */
static void check_fingerprints(struct fabric *fabric, int64_t now_us) {
    for (struct fabric_slice *slice = fabric->slices; slice; slice = slice->next) {
        struct slice_version *version = slice->accepted;
        if (!slice_version_connects(version))
            continue;
        uint64_t derived = topo_fingerprint(slice->pod->wiring, &version->shape, version->cubes);
        bool is_held = derived != version->fingerprint;
        if (is_held == version->is_held)
            continue;
        struct slice_version *after = slice_version_new(version);
        struct change *change = after ? change_begin(fabric, "heliostatd", now_us) : NULL;
        if (!change) {
            slice_version_drop(after);
            continue;
        }
        char cause[FABRIC_TEXT_MAX];
        snprintf(cause, sizeof(cause), "circuit set %016llx was committed, the fiber table now gives %016llx",
                 (unsigned long long)version->fingerprint, (unsigned long long)derived);
        after->is_held = is_held;
        change_slice(change, slice, after, is_held ? "SLICE_HELD" : "SLICE_HOLD_RELEASED", cause);
        if (change_submit(change) < 0)
            continue;
        /* Nothing of it moves, durable or not. */
        if (is_held) {
            slice_version_drop(slice->durable);
            slice->durable = slice_version_keep(after);
        }
    }
}

int fabric_load(struct fabric *fabric, struct store *store, int64_t now_us, int64_t wall_us) {
    static const struct {
        enum store_table table;
        void (*take)(const void *record, void *userdata);
    } tables[] = {
        {STORE_POD, take_pod},           {STORE_SLICE, take_slice},         {STORE_SLICE_LABEL, take_label},
        {STORE_POSITION, take_position}, {STORE_OPERATION, take_operation}, {STORE_REQUEST, take_request},
        {STORE_EVENT, take_event},       {STORE_REFUSAL, take_refusal},
    };
    struct loader loader = {.fabric = fabric, .now_us = now_us};
    fabric_set_clock(fabric, now_us, wall_us);
    fabric->started_us = now_us;
    snprintf(fabric->store_id, sizeof(fabric->store_id), "%s", store_id(store));
    for (unsigned i = 0; i < STORE_COUNTERS; i++)
        fabric->counter[i] = store_counter(store, (enum store_counter)i);
    fabric->durable_revision = fabric->counter[STORE_COUNTER_REVISION];
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof(tables) / sizeof(tables[0]); i++) {
        r = store_load(store, tables[i].table, tables[i].take, &loader);
        if (r == 0)
            r = loader.result;
    }
    if (fabric->ring_first == fabric->ring_end)
        fabric->ring_lost = fabric->durable_revision;
    else if (fabric->ring_first == 0)
        fabric->ring_lost = fabric->ring[0]->revision - 1;
    if (r == 0)
        r = make_pods(&loader, store, store_origin(store) == STORE_RESTORED);
    const struct store_slice *slices = loader.slices.row;
    for (size_t i = 0; i < loader.slices.count; i++) {
        if (r == 0)
            r = make_slice(&loader, &slices[i]);
        free((char *)slices[i].missing);
        free((char *)slices[i].failed);
    }
    if (r == 0)
        r = store_load(store, STORE_MAINTENANCE, take_maintenance, &loader);
    if (r == 0)
        r = store_load(store, STORE_QUALIFICATION, take_qualification, &loader);
    if (r == 0)
        r = store_load(store, STORE_BASELINE, take_baseline, &loader);
    if (r == 0)
        r = store_load(store, STORE_RESTORE, take_restore, &loader);
    if (r == 0)
        r = loader.result;
    if (r == 0 && store_origin(store) == STORE_RESTORED) {
        /* Written down first of all: the store counts as restored until its first commit. */
        for (struct fabric_pod *pod = fabric->pods; pod; pod = pod->next) {
            struct change *change = change_begin(fabric, "heliostatd", now_us);
            if (!change)
                continue;
            change_pod_frozen(change, pod, FROZEN_RESTORED, frozen_text(FROZEN_RESTORED));
            if (change_submit(change) < 0)
                r = -ENOMEM;
        }
    }
    if (r == 0)
        check_fingerprints(fabric, now_us);
    struct rows *all[] = {&loader.pods,   &loader.cubes,  &loader.hosts,  &loader.chips,    &loader.ocses,
                          &loader.fibers, &loader.slices, &loader.labels, &loader.positions};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        free(all[i]->row);
    drop_texts(&loader);
    fabric_mark(fabric);
    return r;
}
