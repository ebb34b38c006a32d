#include "daemon/api/address.h"
#include "daemon/api/find.h"
#include "daemon/api/inventory_rows.h"
#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"
#include "daemon/api/request.h"
#include "daemon/fabric/request.h"
#include "inventory/check.h"
#include "inventory/diff.h"
#include "inventory/fill.h"
#include "inventory/message.h"
#include "inventory/names.h"
#include "inventory/pieces.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one import may stage. Unpacked, an inventory takes about six times as much, so that an import stays
 * below 64 MiB. */
#define STAGED_BYTES_MAX ((size_t)10 << 20)
/* A pod takes up to 3 MiB; what exceeds a message is refused before it is built. */
#define EXPORT_PODS_MAX 16

/* What a reply to an import says. */
struct import_result {
    struct inventory_findings findings;
    struct inventory_lines changes;
};

static void import_result_deinit(struct import_result *result) {
    inventory_findings_deinit(&result->findings);
    inventory_lines_deinit(&result->changes);
}

static void check_addresses(const Heliostat__V1__Inventory *inventory, struct inventory_findings *findings) {
    char path[64];
    for (size_t i = 0; i < inventory->n_pods; i++)
        for (size_t k = 0; k < inventory->pods[i]->n_ocses; k++) {
            const char *address = inventory->pods[i]->ocses[k]->address;
            snprintf(path, sizeof(path), "pods[%zu].ocses[%zu].address", i, k);
            if (*address && !address_is_numeric(address))
                inventory_error(findings, 0, path,
                                "'%.63s' is not accepted; wants a numeric address and a port, such as "
                                "10.0.0.7:5025 or [fd00::7]:5025",
                                address);
        }
}

/* Every finding as an item, errors first. */
static void add_findings(struct fabric_refusal *refusal, const struct inventory_findings *findings,
                         bool warnings) {
    for (size_t i = 0; i < findings->n; i++) {
        const struct inventory_finding *finding = &findings->items[i];
        if (finding->is_warning != warnings)
            continue;
        const char *kind = finding->is_warning ? "warning: " : "";
        const char *colon = *finding->field ? ": " : "";
        if (finding->line)
            refusal_add_item(refusal, "line %u: %s%s%s%s", finding->line, kind, finding->field, colon,
                             finding->text);
        else
            refusal_add_item(refusal, "%s%s%s%s", kind, finding->field, colon, finding->text);
    }
}

static int refuse_findings(struct fabric_refusal *refusal, const char *field,
                           const struct inventory_findings *findings) {
    add_findings(refusal, findings, false);
    add_findings(refusal, findings, true);
    return refuse_invalid(refusal, field, "%zu error%s and %zu warning%s: nothing was changed",
                          findings->errors, findings->errors == 1 ? "" : "s", findings->warnings,
                          findings->warnings == 1 ? "" : "s");
}

/* Names, serials and addresses may stand once in a daemon: looks at the new pods beside the ones that stay.
 */
static int check_beside_others(const struct fabric *fabric, const Heliostat__V1__Inventory *inventory,
                               struct arena *arena, struct fabric_refusal *refusal) {
    Heliostat__V1__Inventory all = HELIOSTAT__V1__INVENTORY__INIT;
    struct inventory_findings findings = {0};
    size_t count = inventory->n_pods;
    for (const struct fabric_pod *pod = fabric_pods(fabric); pod; pod = pod->next)
        count++;
    all.pods = arena_array(arena, count, sizeof(*all.pods));
    if (!all.pods)
        return -ENOMEM;
    for (const struct fabric_pod *pod = fabric_pods(fabric); pod; pod = pod->next) {
        bool stays = true;
        for (size_t i = 0; i < inventory->n_pods; i++)
            stays = stays && strcmp(inventory->pods[i]->name, pod->name);
        if (stays && !(all.pods[all.n_pods++] = inventory_message_of(arena, pod)))
            return -ENOMEM;
    }
    if (all.n_pods == 0)
        return 0;
    memcpy(all.pods + all.n_pods, inventory->pods, inventory->n_pods * sizeof(*all.pods));
    all.n_pods += inventory->n_pods;
    int r = inventory_check(&all, false, &findings);
    if (r == 0)
        r = inventory_findings_close(&findings);
    if (r == INVENTORY_REFUSED)
        r = refuse_findings(refusal, "pods", &findings);
    inventory_findings_deinit(&findings);
    return r;
}

/* The rows of good pods, the differences to what is there, and the change itself. */
static int put_pods(struct mutation *m, const Heliostat__V1__Inventory *inventory, enum frozen frozen_new,
                    struct import_result *result) {
    struct fabric_pod_rows *rows = arena_array(&m->arena, inventory->n_pods, sizeof(*rows));
    int r = rows ? check_beside_others(m->api->fabric, inventory, &m->arena, &m->refusal) : -ENOMEM;
    for (size_t i = 0; r == 0 && i < inventory->n_pods; i++) {
        const struct fabric_pod *pod = fabric_pod_find(m->api->fabric, inventory->pods[i]->name);
        const Heliostat__V1__Pod *before = pod ? inventory_message_of(&m->arena, pod) : NULL;
        r = pod && !before ? -ENOMEM : inventory_rows_of(&m->arena, inventory->pods[i], &rows[i]);
        if (r == 0)
            r = inventory_diff(before, inventory->pods[i], &result->changes);
        if (r == 0)
            ((struct store_pod *)rows[i].pod)->frozen = frozen_new;
    }
    /* What changes nothing must not end the sessions of the switches. */
    if (r == 0 && result->changes.n == 0)
        return request_check(m->api->fabric, &m->actor, &m->outcome, &m->refusal);
    if (r == 0)
        r = fabric_put_pods(m->api->fabric, &m->actor, rows, inventory->n_pods, m->now_us, &m->outcome,
                            &m->refusal);
    return r;
}

static ProtobufCMessage *create_pod_head(struct api *api, struct arena *arena,
                                         const struct pending *pending) {
    const Heliostat__V1__CreatePodRequest *q = (const void *)pending->request;
    const struct fabric_pod *pod = fabric_pod_find(api->fabric, q->name);
    Heliostat__V1__CreatePodResponse *reply =
        arena_message(arena, &heliostat__v1__create_pod_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    if (pod && pending->is_replayed) {
        reply->cubes = pod->n_cubes;
        reply->ocses = pod->n_ocses;
        for (size_t end = 0; end < (size_t)pod->n_cubes * TOPO_ENDS_PER_CUBE; end++)
            reply->fibers += pod->wiring->port_of[end].ocs >= 0;
    }
    return &reply->base;
}

static int fill_pod(const Heliostat__V1__CreatePodRequest *q, Heliostat__V1__Pod **ret_pod,
                    struct fabric_refusal *refusal) {
    const char *field = "";
    char error[INVENTORY_ERROR_MAX];
    if (*q->ocs_address && !address_is_numeric(q->ocs_address))
        return refuse_invalid(refusal, "ocs_address",
                              "\"%.63s\" is no numeric address and port: write 127.0.0.1:7000",
                              q->ocs_address);
    int r = inventory_fill(q->name, q->model, q->ocs_address, ret_pod, &field, error);
    return r == INVENTORY_REFUSED ? refuse_invalid(refusal, field, "%s", error) : r;
}

static void create_pod(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__CreatePodRequest *q = (const void *)request;
    Heliostat__V1__CreatePodResponse tail = HELIOSTAT__V1__CREATE_POD_RESPONSE__INIT;
    Heliostat__V1__Inventory inventory = HELIOSTAT__V1__INVENTORY__INIT;
    Heliostat__V1__Pod *pod = NULL;
    struct import_result result = {0};
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, create_pod))
        return;
    /* A pod of this name is what a repeat finds, so the repeat is looked for first. */
    int r = request_check(api->fabric, &m.actor, &m.outcome, &m.refusal);
    if (!r && fabric_pod_find(api->fabric, q->name))
        r = refuse(&m.refusal, REASON_NAME_TAKEN, "name", "there is a pod \"%s\" already", q->name);
    if (!r)
        r = fill_pod(q, &pod, &m.refusal);
    if (!r) {
        inventory.pods = &pod;
        inventory.n_pods = 1;
        tail.cubes = (uint32_t)pod->n_cubes;
        tail.ocses = (uint32_t)pod->n_ocses;
        tail.fibers = (uint32_t)pod->n_fibers;
        r = put_pods(&m, &inventory, FROZEN_NEW, &result);
    }
    mutation_end(&m, r, create_pod_head, r == 0 ? &tail.base : NULL);
    import_result_deinit(&result);
    inventory_message_free(pod);
}

static void export_inventory(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ExportInventoryRequest *q = (const void *)request;
    const struct fabric_pod *only = NULL;
    struct fabric_refusal refusal = {0};
    struct arena arena = {0};
    Heliostat__V1__Inventory inventory = HELIOSTAT__V1__INVENTORY__INIT;
    Heliostat__V1__ExportInventoryResponse reply = HELIOSTAT__V1__EXPORT_INVENTORY_RESPONSE__INIT;
    size_t count = 0;
    for (const struct fabric_pod *pod = fabric_pods(api->fabric); pod; pod = pod->next)
        count++;
    int r = 0;
    if (*q->pod)
        r = find_pod(api->fabric, q->pod, "pod", &only, &refusal);
    else if (count > EXPORT_PODS_MAX)
        r = refuse_limit(&refusal, "pod", "%zu pods do not fit into one reply: export one after the other",
                         count);
    if (r) {
        pending_refuse(api, call, request, &refusal, export_inventory);
        return;
    }
    inventory.pods = arena_array(&arena, count, sizeof(*inventory.pods));
    for (const struct fabric_pod *pod = fabric_pods(api->fabric); pod && inventory.pods; pod = pod->next)
        if (!only || pod == only)
            inventory.pods[inventory.n_pods++] = inventory_message_of(&arena, pod);
    reply.meta = api_meta(api, &arena, false);
    reply.inventory = &inventory;
    pending_read(api, call, &arena, &reply.base, request, export_inventory);
    arena_deinit(&arena);
}

static ProtobufCMessage *import_inventory_head(struct api *api, struct arena *arena,
                                               const struct pending *pending) {
    Heliostat__V1__ImportInventoryResponse *reply =
        arena_message(arena, &heliostat__v1__import_inventory_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    return &reply->base;
}

/* The pieces of an import as they come. */
struct import {
    struct api *api;
    struct grpcx_call *call;
    Heliostat__V1__ImportInventoryRequest whole; /* mutation and complete of the first message */
    Heliostat__V1__Mutation mutation;
    Heliostat__V1__Inventory inventory;
    size_t staged;
    bool has_first;
};

static void import_free(struct import *import) {
    for (size_t i = 0; i < import->inventory.n_pods; i++)
        inventory_message_free(import->inventory.pods[i]);
    free(import->inventory.pods);
    free(import->mutation.request_id);
    free(import);
}

static void import_on_cancelled(struct grpcx_call *call, void *userdata) {
    import_free(userdata);
}

static void import_refuse(struct import *import, struct fabric_refusal *refusal) {
    grpcx_call_set_callbacks(import->call, &(struct grpcx_call_callbacks){0});
    pending_refuse(import->api, import->call, NULL, refusal, NULL);
    import_free(import);
}

static void import_fail_memory(struct import *import) {
    grpcx_call_set_callbacks(import->call, &(struct grpcx_call_callbacks){0});
    api_fail_memory(import->call);
    import_free(import);
}

static bool import_begin(struct import *import, const Heliostat__V1__ImportInventoryRequest *first) {
    import->has_first = true;
    import->whole.complete = first->complete;
    if (!first->mutation)
        return true;
    import->mutation.validate_only = first->mutation->validate_only;
    import->mutation.if_revision = first->mutation->if_revision;
    import->mutation.request_id = strdup(first->mutation->request_id);
    import->whole.mutation = &import->mutation;
    return import->mutation.request_id != NULL;
}

static void import_on_message(struct grpcx_call *call, const ProtobufCMessage *message, void *userdata) {
    struct import *import = userdata;
    Heliostat__V1__ImportInventoryRequest *q = (Heliostat__V1__ImportInventoryRequest *)message;
    struct fabric_refusal refusal = {0};
    char error[INVENTORY_ERROR_MAX];
    if (!import->has_first && !import_begin(import, q)) {
        import_fail_memory(import);
        return;
    }
    import->staged += protobuf_c_message_get_packed_size(message);
    if (import->staged > STAGED_BYTES_MAX) {
        refuse_limit(&refusal, "pods",
                     "the inventory has more than %zu bytes: import its pods one after the other",
                     STAGED_BYTES_MAX);
        import_refuse(import, &refusal);
        return;
    }
    /* The pods are moved out of the message instead of copied. */
    size_t count = q->n_pods;
    q->n_pods = 0;
    for (size_t i = 0; i < count; i++) {
        int r = inventory_join(&import->inventory, q->pods[i], error);
        if (r == 0)
            continue;
        for (size_t k = i + 1; k < count; k++)
            inventory_message_free(q->pods[k]);
        if (r < 0) {
            import_fail_memory(import);
        } else {
            refuse_invalid(&refusal, "pods", "%s", error);
            import_refuse(import, &refusal);
        }
        return;
    }
}

static int import_check(struct import *import, struct mutation *m, struct import_result *result) {
    int r = inventory_check(&import->inventory, import->whole.complete, &result->findings);
    if (r == 0) {
        check_addresses(&import->inventory, &result->findings);
        r = inventory_findings_close(&result->findings);
    }
    return r == INVENTORY_REFUSED ? refuse_findings(&m->refusal, "pods", &result->findings) : r;
}

static void import_on_half_close(struct grpcx_call *call, void *userdata) {
    struct import *import = userdata;
    struct api *api = import->api;
    Heliostat__V1__ImportInventoryResponse tail = HELIOSTAT__V1__IMPORT_INVENTORY_RESPONSE__INIT;
    struct import_result result = {0};
    struct mutation m;
    grpcx_call_set_callbacks(call, &(struct grpcx_call_callbacks){0});
    import->whole.pods = import->inventory.pods;
    import->whole.n_pods = import->inventory.n_pods;
    if (mutation_begin(&m, api, call, &import->whole.base, import->whole.mutation, NULL)) {
        /* The request is gone when the answer is due; nothing there looks at it. */
        m.request = NULL;
        int r = import_check(import, &m, &result);
        if (r == 0)
            r = put_pods(&m, &import->inventory, FROZEN_IMPORTED, &result);
        if (r == 0)
            r = inventory_findings_messages(&result.findings, &tail.findings, &tail.n_findings);
        tail.changes = result.changes.items;
        tail.n_changes = result.changes.n;
        mutation_end(&m, r, import_inventory_head, r == 0 ? &tail.base : NULL);
        for (size_t i = 0; i < tail.n_findings; i++)
            inventory_message_free(tail.findings[i]);
        free(tail.findings);
        import_result_deinit(&result);
    }
    import_free(import);
}

static void import_inventory(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    struct import *import = calloc(1, sizeof(*import));
    if (!import) {
        api_fail_memory(call);
        return;
    }
    import->api = api;
    import->call = call;
    heliostat__v1__import_inventory_request__init(&import->whole);
    heliostat__v1__mutation__init(&import->mutation);
    import->mutation.request_id = NULL;
    heliostat__v1__inventory__init(&import->inventory);
    grpcx_call_set_callbacks(call, &(struct grpcx_call_callbacks){.on_cancelled = import_on_cancelled,
                                                                  .on_message = import_on_message,
                                                                  .on_half_close = import_on_half_close,
                                                                  .userdata = import});
}

static ProtobufCMessage *import_fibers_head(struct api *api, struct arena *arena,
                                            const struct pending *pending) {
    Heliostat__V1__ImportFibersResponse *reply =
        arena_message(arena, &heliostat__v1__import_fibers_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    return &reply->base;
}

/* The pod as it is, with the fibers of the request. */
static int read_fibers(struct mutation *m, const Heliostat__V1__ImportFibersRequest *q,
                       Heliostat__V1__Pod **ret_pod, struct import_result *result) {
    const struct fabric_pod *pod;
    if (find_pod(m->api->fabric, q->pod, "pod", &pod, &m->refusal))
        return FABRIC_REFUSED;
    if (q->n_lines && q->n_lines != q->n_fibers)
        return refuse_invalid(&m->refusal, "lines", "%zu lines are given for %zu fibers", q->n_lines,
                              q->n_fibers);
    Heliostat__V1__Pod *message = inventory_message_of(&m->arena, pod);
    if (!message)
        return -ENOMEM;
    int r = inventory_check_fibers(message, q->fibers, q->n_fibers, q->lines, q->n_lines, q->complete, "",
                                   &result->findings);
    if (r == 0)
        r = inventory_findings_close(&result->findings);
    if (r == INVENTORY_REFUSED)
        return refuse_findings(&m->refusal, "fibers", &result->findings);
    message->fibers = q->fibers;
    message->n_fibers = q->n_fibers;
    *ret_pod = message;
    return r;
}

static void import_fibers(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ImportFibersRequest *q = (const void *)request;
    Heliostat__V1__ImportFibersResponse tail = HELIOSTAT__V1__IMPORT_FIBERS_RESPONSE__INIT;
    Heliostat__V1__Inventory inventory = HELIOSTAT__V1__INVENTORY__INIT;
    Heliostat__V1__Pod *pod = NULL;
    struct import_result result = {0};
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, import_fibers))
        return;
    int r = read_fibers(&m, q, &pod, &result);
    if (r == 0) {
        inventory.pods = &pod;
        inventory.n_pods = 1;
        r = put_pods(&m, &inventory, FROZEN_NOT, &result);
    }
    if (r == 0)
        r = inventory_findings_messages(&result.findings, &tail.findings, &tail.n_findings);
    tail.changes = result.changes.items;
    tail.n_changes = result.changes.n;
    mutation_end(&m, r, import_fibers_head, r == 0 ? &tail.base : NULL);
    for (size_t i = 0; i < tail.n_findings; i++)
        inventory_message_free(tail.findings[i]);
    free(tail.findings);
    import_result_deinit(&result);
}

#define METHOD(name, request, kind, handler) SERVICE_METHOD("InventoryService", name, request, kind, handler)

const struct service_method inventory_service[] = {
    METHOD("CreatePod", create_pod, GRPCX_UNARY, create_pod),
    METHOD("ExportInventory", export_inventory, GRPCX_UNARY, export_inventory),
    METHOD("ImportInventory", import_inventory, GRPCX_CLIENT_STREAMING, import_inventory),
    METHOD("ImportFibers", import_fibers, GRPCX_UNARY, import_fibers),
    {0},
};
