#include "daemon/api/address.h"
#include "daemon/api/convert_health.h"
#include "daemon/api/find.h"
#include "daemon/api/find_object.h"
#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"
#include "daemon/fabric/ocs_health.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ADDRESSES_MAX 4096

static Heliostat__V1__OcsStatus **convert_ocses(struct arena *arena, const struct fabric_pod *pod,
                                                int64_t now_us, size_t *ret_count) {
    Heliostat__V1__OcsStatus **list = arena_array(arena, pod->n_ocses, sizeof(*list));
    struct attribution attribution;
    attribution_of(pod, now_us, &attribution);
    for (unsigned i = 0; list && i < pod->n_ocses; i++) {
        const struct fabric_ocs *ocs = &pod->ocs[i];
        char cause[FABRIC_TEXT_MAX];
        const char *source;
        enum health health = ocs_health(ocs, &attribution, &source, cause);
        if (!(list[i] = convert_ocs(arena, ocs)))
            continue;
        list[i]->health = (Heliostat__V1__Health)health;
        list[i]->health_cause = arena_copy(arena, cause);
        list[i]->health_source = (char *)source;
        list[i]->state_since = convert_time(arena, fabric_wall_of(pod->fabric, ocs->state_since_us));
    }
    *ret_count = pod->n_ocses;
    return list;
}

static void list_ocses(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ListOcsesRequest *q = (const void *)request;
    const struct fabric_pod *pod;
    struct fabric_refusal refusal = {0};
    struct arena arena = {0};
    Heliostat__V1__ListOcsesResponse reply = HELIOSTAT__V1__LIST_OCSES_RESPONSE__INIT;
    if (find_pod(api->fabric, q->pod, "pod", &pod, &refusal)) {
        pending_refuse(api, call, request, &refusal, list_ocses);
        return;
    }
    reply.meta = api_meta(api, &arena, false);
    reply.ocses = convert_ocses(&arena, pod, api_now_us(api), &reply.n_ocses);
    pending_read(api, call, &arena, &reply.base, request, list_ocses);
    arena_deinit(&arena);
}

struct ports_asked {
    const struct fabric_pod *pod;
    unsigned ocs, end_ocs; /* from, and before */
    bool is_one;
    enum topo_side side;
    unsigned port; /* is_one: only this */
};

static int read_ports_asked(const struct fabric *fabric, const Heliostat__V1__ListPortsRequest *q,
                            struct ports_asked *asked, struct fabric_refusal *refusal) {
    struct found_object found;
    const struct fabric_ocs *ocs = NULL;
    if (*q->port) {
        if (*q->pod || *q->ocs)
            return refuse_invalid(refusal, "port", "%s: a port stands for its pod and switch; name only it",
                                  q->port);
        if (find_object(fabric, q->port, "port", &found, refusal))
            return FABRIC_REFUSED;
        if (found.object.kind != MAINTENANCE_PORT)
            return refuse_invalid(refusal, "port", "%s is no port; the name of one is ocs-x-05/B69",
                                  found.name);
        *asked = (struct ports_asked){found.pod, found.object.ocs,  found.object.ocs + 1u,
                                      true,      found.object.side, found.object.port};
        return 0;
    }
    if ((*q->pod || !*q->ocs) && find_pod(fabric, q->pod, "pod", &asked->pod, refusal))
        return FABRIC_REFUSED;
    if (*q->ocs && find_ocs(fabric, asked->pod, q->ocs, "ocs", &ocs, refusal))
        return FABRIC_REFUSED;
    asked->pod = ocs ? ocs->pod : asked->pod;
    asked->ocs = ocs ? ocs->index : 0;
    asked->end_ocs = ocs ? ocs->index + 1u : asked->pod->n_ocses;
    return 0;
}

static void list_ports(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ListPortsRequest *q = (const void *)request;
    struct ports_asked asked = {0};
    struct fabric_refusal refusal = {0};
    struct arena arena = {0};
    Heliostat__V1__ListPortsResponse reply = HELIOSTAT__V1__LIST_PORTS_RESPONSE__INIT;
    if (read_ports_asked(api->fabric, q, &asked, &refusal)) {
        pending_refuse(api, call, request, &refusal, list_ports);
        return;
    }
    size_t most = 0;
    for (unsigned i = asked.ocs; i < asked.end_ocs; i++)
        most += asked.pod->ocs[i].ports_a + asked.pod->ocs[i].ports_b;
    reply.meta = api_meta(api, &arena, false);
    reply.ports = arena_array(&arena, most, sizeof(*reply.ports));
    for (unsigned i = asked.ocs; i < asked.end_ocs; i++)
        for (unsigned side = 0; side < 2; side++) {
            const struct fabric_ocs *ocs = &asked.pod->ocs[i];
            unsigned n_ports = side == TOPO_SIDE_A ? ocs->ports_a : ocs->ports_b;
            for (unsigned port = 1; port <= n_ports && !arena.has_failed; port++) {
                if (asked.is_one && (side != asked.side || port != asked.port))
                    continue;
                Heliostat__V1__PortStatus *status = convert_port(&arena, ocs, side, port);
                if (status && !(q->unfit_only && status->health == HELIOSTAT__V1__HEALTH__HEALTH_HEALTHY))
                    reply.ports[reply.n_ports++] = status;
            }
        }
    pending_read(api, call, &arena, &reply.base, request, list_ports);
    arena_deinit(&arena);
}

/* Which switches a ConfirmOcses means. */
static int read_confirm(const struct fabric *fabric, const Heliostat__V1__ConfirmOcsesRequest *q,
                        const struct fabric_ocs *ret_ocses[TOPO_OCSES_MAX], size_t *ret_count,
                        struct fabric_refusal *refusal) {
    const struct fabric_pod *pod = NULL;
    if (!*q->ocs == !q->all)
        return refuse_invalid(refusal, "ocs", "name one switch, or ask for all");
    if ((q->all || *q->pod) && find_pod(fabric, q->pod, "pod", &pod, refusal))
        return FABRIC_REFUSED;
    if (!q->all) {
        *ret_count = 1;
        return find_ocs(fabric, pod, q->ocs, "ocs", ret_ocses, refusal);
    }
    for (unsigned i = 0; i < pod->n_ocses; i++)
        ret_ocses[i] = &pod->ocs[i];
    *ret_count = pod->n_ocses;
    return 0;
}

/* The session judges the unit anew as soon as the pin is durable; what follows from that comes a moment
 * later. */
static Heliostat__V1__OcsStatus *convert_confirmed(struct arena *arena, const struct fabric_ocs *ocs) {
    Heliostat__V1__OcsStatus *message = convert_ocs(arena, ocs);
    if (message && ocs->state == OCS_MISMATCH && device_state(ocs->device) != DEVICE_MISMATCH) {
        message->state = HELIOSTAT__V1__OCS_STATE__OCS_STATE_SYNCING;
        message->cause = (char *)device_cause(ocs->device);
    }
    return message;
}

static ProtobufCMessage *confirm_ocses_head(struct api *api, struct arena *arena,
                                            const struct pending *pending) {
    const Heliostat__V1__ConfirmOcsesRequest *q = (const void *)pending->request;
    const struct fabric_ocs *ocses[TOPO_OCSES_MAX];
    size_t count = 0;
    struct fabric_refusal refusal = {0};
    Heliostat__V1__ConfirmOcsesResponse *reply =
        arena_message(arena, &heliostat__v1__confirm_ocses_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    if (read_confirm(api->fabric, q, ocses, &count, &refusal))
        count = 0;
    fabric_refusal_deinit(&refusal);
    reply->ocses = arena_array(arena, count, sizeof(*reply->ocses));
    for (size_t i = 0; reply->ocses && i < count; i++)
        reply->ocses[reply->n_ocses++] = convert_confirmed(arena, ocses[i]);
    return &reply->base;
}

static void confirm_ocses(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ConfirmOcsesRequest *q = (const void *)request;
    const struct fabric_ocs *ocses[TOPO_OCSES_MAX];
    size_t count = 0;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, confirm_ocses))
        return;
    int r = read_confirm(api->fabric, q, ocses, &count, &m.refusal);
    if (!r)
        r = fabric_confirm_ocses(api->fabric, &m.actor, ocses, count, m.now_us, &m.outcome, &m.refusal);
    mutation_end(&m, r, confirm_ocses_head, NULL);
}

static ProtobufCMessage *set_addresses_head(struct api *api, struct arena *arena,
                                            const struct pending *pending) {
    Heliostat__V1__SetOcsAddressesResponse *reply =
        arena_message(arena, &heliostat__v1__set_ocs_addresses_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    return &reply->base;
}

static int read_addresses(struct mutation *m, const Heliostat__V1__SetOcsAddressesRequest *q,
                          const struct fabric_ocs **ocses, const char **addresses) {
    char field[64];
    for (size_t i = 0; i < q->n_addresses; i++) {
        const Heliostat__V1__OcsAddress *entry = q->addresses[i];
        snprintf(field, sizeof(field), "addresses[%zu].ocs", i);
        if (find_ocs(m->api->fabric, NULL, entry->ocs, field, &ocses[i], &m->refusal))
            return FABRIC_REFUSED;
        for (size_t k = 0; k < i; k++)
            if (ocses[k] == ocses[i])
                return refuse_invalid(&m->refusal, field, "%s is named twice", ocses[i]->name);
        snprintf(field, sizeof(field), "addresses[%zu].address", i);
        if (*entry->address && (!address_is_numeric(entry->address)))
            return refuse_invalid(&m->refusal, field,
                                  "\"%.63s\" is no address: write 10.0.0.7:5025, [fd00::7]:5025, or nothing",
                                  entry->address);
        addresses[i] = entry->address;
    }
    return 0;
}

static void set_ocs_addresses(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__SetOcsAddressesRequest *q = (const void *)request;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, set_ocs_addresses))
        return;
    const struct fabric_ocs **ocses = arena_array(&m.arena, q->n_addresses, sizeof(*ocses));
    const char **addresses = arena_array(&m.arena, q->n_addresses, sizeof(*addresses));
    int r = ocses && addresses ? 0 : -ENOMEM;
    if (!r && (q->n_addresses < 1 || q->n_addresses > ADDRESSES_MAX))
        r = refuse_invalid(&m.refusal, "addresses", "%zu addresses are given; 1 to %d are taken",
                           q->n_addresses, ADDRESSES_MAX);
    if (!r)
        r = read_addresses(&m, q, ocses, addresses);
    if (!r)
        r = fabric_set_addresses(api->fabric, &m.actor, ocses, addresses, q->n_addresses, m.now_us,
                                 &m.outcome, &m.refusal);
    mutation_end(&m, r, set_addresses_head, NULL);
}

static ProtobufCMessage *set_test_port_head(struct api *api, struct arena *arena,
                                            const struct pending *pending) {
    const Heliostat__V1__SetTestPortRequest *q = (const void *)pending->request;
    struct found_object found;
    struct fabric_refusal refusal = {0};
    Heliostat__V1__SetTestPortResponse *reply =
        arena_message(arena, &heliostat__v1__set_test_port_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    if (!find_object(api->fabric, q->port, "port", &found, &refusal))
        reply->ocs = convert_ocs(arena, &found.pod->ocs[found.object.ocs]);
    fabric_refusal_deinit(&refusal);
    return &reply->base;
}

static void set_test_port(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__SetTestPortRequest *q = (const void *)request;
    struct found_object found;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, set_test_port))
        return;
    int r = find_object(api->fabric, q->port, "port", &found, &m.refusal);
    if (!r && found.object.kind != MAINTENANCE_PORT)
        r = refuse_invalid(&m.refusal, "port", "%s is no port; the name of one is ocs-x-05/B69", found.name);
    if (!r)
        r = fabric_set_test_port(api->fabric, &m.actor, &found.pod->ocs[found.object.ocs], found.object.side,
                                 found.object.port, q->remove, m.now_us, &m.outcome, &m.refusal);
    mutation_end(&m, r, set_test_port_head, NULL);
}

#define METHOD(name, request, handler) SERVICE_METHOD("OcsService", name, request, GRPCX_UNARY, handler)

const struct service_method ocs_service[] = {
    METHOD("ListOcses", list_ocses, list_ocses),
    METHOD("ConfirmOcses", confirm_ocses, confirm_ocses),
    METHOD("SetOcsAddresses", set_ocs_addresses, set_ocs_addresses),
    METHOD("SetTestPort", set_test_port, set_test_port),
    METHOD("ListPorts", list_ports, list_ports),
    {0},
};
