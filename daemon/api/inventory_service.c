#include "daemon/api/address.h"
#include "daemon/api/find.h"
#include "daemon/api/inventory_job.h"
#include "daemon/api/inventory_refusal.h"
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

static void free_pods(struct inventory_job *job) {
    for (size_t i = 0; i < job->inventory.n_pods; i++)
        inventory_message_free(job->inventory.pods[i]);
    free(job->inventory.pods);
    job->inventory.pods = NULL;
    job->inventory.n_pods = 0;
}

/* What CreatePod fills in: its request lives as long as the job. */
static int fill_pod(struct inventory_job *job) {
    const Heliostat__V1__CreatePodRequest *q = job->input;
    struct fabric_refusal *refusal = &job->mutation.refusal;
    Heliostat__V1__Pod *pod = NULL;
    const char *field = "";
    char error[INVENTORY_ERROR_MAX];
    if (*q->ocs_address && !address_is_numeric(q->ocs_address))
        return refuse_invalid(refusal, "ocs_address",
                              "\"%.63s\" is no numeric address and port: write 127.0.0.1:7000",
                              q->ocs_address);
    free_pods(job); /* of the time before */
    int r = inventory_fill(q->name, q->model, q->ocs_address, &pod, &field, error);
    if (r == INVENTORY_REFUSED)
        return refuse_invalid(refusal, field, "%s", error);
    if (r == 0 && (r = inventory_append(&job->inventory.pods, &job->inventory.n_pods, pod)) < 0)
        inventory_message_free(pod);
    return r;
}

/* A pod of this name is what a repeat finds, so the repeat is looked for first. */
static int check_new_name(struct inventory_job *job) {
    const Heliostat__V1__CreatePodRequest *q = job->input;
    struct mutation *m = &job->mutation;
    int r = request_check(job->api->fabric, &m->actor, &m->outcome, &m->refusal);
    if (!r && fabric_pod_find(job->api->fabric, q->name))
        r = refuse(&m->refusal, REASON_NAME_TAKEN, "name", "there is a pod \"%s\" already", q->name);
    return r;
}

static void end_create(struct inventory_job *job, int r) {
    Heliostat__V1__CreatePodResponse tail = HELIOSTAT__V1__CREATE_POD_RESPONSE__INIT;
    if (r == 0) {
        const Heliostat__V1__Pod *pod = job->inventory.pods[0];
        tail.cubes = (uint32_t)pod->n_cubes;
        tail.ocses = (uint32_t)pod->n_ocses;
        tail.fibers = (uint32_t)pod->n_fibers;
    }
    mutation_end(&job->mutation, r, create_pod_head, r == 0 ? &tail.base : NULL);
}

static const struct inventory_job_kind creation = {.frozen_new = FROZEN_NEW,
                                                   .gather = check_new_name,
                                                   .prepare = fill_pod,
                                                   .check = check_new_name,
                                                   .end = end_create,
                                                   .drop = free_pods};

/* NULL: the call is answered. */
static struct inventory_job *begin_job(struct api *api, struct grpcx_call *call,
                                       const ProtobufCMessage *request,
                                       const Heliostat__V1__Mutation *mutation, service_handler again,
                                       const struct inventory_job_kind *kind) {
    struct inventory_job *job = inventory_job_new(api, call, kind);
    if (!job) {
        api_fail_memory(call);
        return NULL;
    }
    job->input = (void *)request;
    if (mutation_begin(&job->mutation, api, call, request, mutation, again))
        return job;
    job->mutation = (struct mutation){0};
    inventory_job_free(job);
    return NULL;
}

static void create_pod(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__CreatePodRequest *q = (const void *)request;
    struct inventory_job *job = begin_job(api, call, request, q->mutation, create_pod, &creation);
    if (job)
        inventory_job_start(job);
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
    uint64_t hash; /* of the whole */
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

static int import_prepare(struct inventory_job *job) {
    struct import *import = job->input;
    import->whole.pods = job->inventory.pods;
    import->whole.n_pods = job->inventory.n_pods;
    import->hash = request_hash(&import->whole.base, import->whole.mutation);
    int r = inventory_check(&job->inventory, import->whole.complete, &job->findings);
    if (r == 0) {
        check_addresses(&job->inventory, &job->findings);
        r = inventory_findings_close(&job->findings);
    }
    return r == INVENTORY_REFUSED ? refuse_findings(&job->mutation.refusal, "pods", &job->findings) : r;
}

/* The stream of requests is gone when the answer is due; nothing there looks at it. What was found wrong is
 * kept over the beginning. */
static bool import_mutation(struct inventory_job *job) {
    struct import *import = job->input;
    struct fabric_refusal refusal = job->mutation.refusal;
    job->mutation.refusal = (struct fabric_refusal){0};
    if (!mutation_begin_hashed(&job->mutation, job->api, job->call, import->whole.mutation, import->hash)) {
        job->mutation = (struct mutation){0};
        fabric_refusal_deinit(&refusal);
        return false;
    }
    job->mutation.refusal = refusal;
    return true;
}

static void end_import(struct inventory_job *job, int r) {
    Heliostat__V1__ImportInventoryResponse tail = HELIOSTAT__V1__IMPORT_INVENTORY_RESPONSE__INIT;
    if (r == 0)
        r = inventory_findings_messages(&job->findings, &tail.findings, &tail.n_findings);
    tail.changes = job->changes.items;
    tail.n_changes = job->changes.n;
    mutation_end(&job->mutation, r, import_inventory_head, r == 0 ? &tail.base : NULL);
    for (size_t i = 0; i < tail.n_findings; i++)
        inventory_message_free(tail.findings[i]);
    free(tail.findings);
}

static void drop_import(struct inventory_job *job) {
    struct import *import = job->input;
    free_pods(job);
    free(import->mutation.request_id);
    free(import);
}

static const struct inventory_job_kind importing = {.frozen_new = FROZEN_IMPORTED,
                                                    .prepare = import_prepare,
                                                    .begin = import_mutation,
                                                    .end = end_import,
                                                    .drop = drop_import};

static void import_on_half_close(struct grpcx_call *call, void *userdata) {
    struct import *import = userdata;
    struct inventory_job *job = inventory_job_new(import->api, call, &importing);
    if (!job) {
        import_fail_memory(import);
        return;
    }
    job->input = import;
    job->inventory = import->inventory;
    inventory_job_start(job);
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

/* The pod as it is. */
static int gather_pod(struct inventory_job *job) {
    const Heliostat__V1__ImportFibersRequest *q = job->input;
    const struct fabric_pod *pod;
    if (find_pod(job->api->fabric, q->pod, "pod", &pod, &job->mutation.refusal))
        return FABRIC_REFUSED;
    arena_deinit(&job->copies);
    job->inventory.n_pods = 0;
    job->inventory.pods = arena_array(&job->copies, 1, sizeof(*job->inventory.pods));
    Heliostat__V1__Pod *message = inventory_message_of(&job->copies, pod);
    if (!message || !job->inventory.pods)
        return -ENOMEM;
    job->inventory.pods[job->inventory.n_pods++] = message;
    return 0;
}

/* With the fibers of the request. */
static int take_fibers(struct inventory_job *job) {
    const Heliostat__V1__ImportFibersRequest *q = job->input;
    Heliostat__V1__Pod *pod = job->inventory.pods[0];
    if (q->n_lines && q->n_lines != q->n_fibers)
        return refuse_invalid(&job->mutation.refusal, "lines", "%zu lines are given for %zu fibers",
                              q->n_lines, q->n_fibers);
    int r = inventory_check_fibers(pod, q->fibers, q->n_fibers, q->lines, q->n_lines, q->complete, "",
                                   &job->findings);
    if (r == 0)
        r = inventory_findings_close(&job->findings);
    if (r == INVENTORY_REFUSED)
        return refuse_findings(&job->mutation.refusal, "fibers", &job->findings);
    pod->fibers = q->fibers;
    pod->n_fibers = q->n_fibers;
    return r;
}

static void end_fibers(struct inventory_job *job, int r) {
    Heliostat__V1__ImportFibersResponse tail = HELIOSTAT__V1__IMPORT_FIBERS_RESPONSE__INIT;
    if (r == 0)
        r = inventory_findings_messages(&job->findings, &tail.findings, &tail.n_findings);
    tail.changes = job->changes.items;
    tail.n_changes = job->changes.n;
    mutation_end(&job->mutation, r, import_fibers_head, r == 0 ? &tail.base : NULL);
    for (size_t i = 0; i < tail.n_findings; i++)
        inventory_message_free(tail.findings[i]);
    free(tail.findings);
}

/* All of it is the request's, or in the arena. */
static void drop_nothing(struct inventory_job *job) {
}

static const struct inventory_job_kind rewiring = {.frozen_new = FROZEN_NOT,
                                                   .gather = gather_pod,
                                                   .prepare = take_fibers,
                                                   .end = end_fibers,
                                                   .drop = drop_nothing};

static void import_fibers(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ImportFibersRequest *q = (const void *)request;
    struct inventory_job *job = begin_job(api, call, request, q->mutation, import_fibers, &rewiring);
    if (job)
        inventory_job_start(job);
}

#define METHOD(name, request, kind, handler) SERVICE_METHOD("InventoryService", name, request, kind, handler)

const struct service_method inventory_service[] = {
    METHOD("CreatePod", create_pod, GRPCX_UNARY, create_pod),
    METHOD("ExportInventory", export_inventory, GRPCX_UNARY, export_inventory),
    METHOD("ImportInventory", import_inventory, GRPCX_CLIENT_STREAMING, import_inventory),
    METHOD("ImportFibers", import_fibers, GRPCX_UNARY, import_fibers),
    {0},
};
