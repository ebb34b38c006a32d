#include "daemon/api/convert_health.h"
#include "daemon/api/find.h"
#include "daemon/api/find_object.h"
#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"
#include "daemon/api/report.h"
#include "daemon/fabric/attribution.h"
#include "heliostat/v1/host.pb-c.h"
#include "inventory/names.h"

#include <string.h>

/* A host about itself, a host_proxy about every host. */
static int check_host(const struct rights *rights, const struct fabric_report *report,
                      struct fabric_refusal *refusal) {
    if (rights->is_host_proxy || (!strcmp(report->pod->name, rights->host_pod) &&
                                  report->cube == rights->host_cube && report->host == rights->host))
        return 0;
    return refuse(refusal, REASON_NOT_OWNER, "report.host",
                  "%s reports about %s/cube-%02u/host-%02u only, not about %s/%s/host-%02u",
                  rights->principal, rights->host_pod, rights->host_cube, rights->host, report->pod->name,
                  report->pod->cube[report->cube].name, report->host);
}

static void report_host(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ReportHostRequest *q = (const void *)request;
    Heliostat__V1__ReportHostResponse reply = HELIOSTAT__V1__REPORT_HOST_RESPONSE__INIT;
    struct fabric_report report;
    struct fabric_refusal refusal = {0};
    if (report_read(api->fabric, q->report, &report, &refusal) ||
        check_host(session_rights(call), &report, &refusal)) {
        pending_refuse(api, call, request, &refusal, NULL);
        return;
    }
    fabric_report_host(api->fabric, &report, api_now_us(api));
    reply.time_to_live_ms = (uint32_t)(api->options.report_ttl_us / 1000);
    grpcx_call_reply(call, &reply.base);
    api_needs_advance(api);
}

static Heliostat__V1__OpticalLink *convert_link(struct arena *arena, const struct fabric_cube *cube,
                                                unsigned face, unsigned index, int64_t heard_after_us) {
    const struct link_end *end = &cube->end[face][index];
    Heliostat__V1__OpticalLink *message = arena_message(arena, &heliostat__v1__optical_link__descriptor);
    if (!message)
        return NULL;
    message->cube = cube->index;
    message->face = (char *)topo_face_name(face);
    message->index = index;
    message->heard = end->reported_us > heard_after_us && end->reported_us > 0;
    message->light = end->light;
    if (end->light && end->far_end != TOPO_NO_END) {
        message->far_cube = topo_end_cube(end->far_end);
        message->far_face = (char *)topo_face_name(topo_end_face(end->far_end));
        message->far_index = topo_end_index(end->far_end);
    }
    message->receive_mdbm = end->receive_mdbm;
    message->transmit_mdbm = end->transmit_mdbm;
    return message;
}

/* Reports are no intent: nothing here waits for the store. */
static void list_links(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ListLinksRequest *q = (const void *)request;
    const struct fabric_pod *pod;
    struct fabric_refusal refusal = {0};
    struct arena arena = {0};
    int64_t heard_after_us = api_now_us(api) - api->options.report_ttl_us;
    Heliostat__V1__ListLinksResponse reply = HELIOSTAT__V1__LIST_LINKS_RESPONSE__INIT;
    if (find_pod(api->fabric, q->pod, "pod", &pod, &refusal)) {
        pending_refuse(api, call, request, &refusal, NULL);
        return;
    }
    reply.meta = api_meta(api, &arena, false);
    reply.links = arena_array(&arena, (size_t)pod->n_cubes * TOPO_ENDS_PER_CUBE, sizeof(*reply.links));
    for (unsigned cube = 0; cube < pod->n_cubes && !arena.has_failed; cube++)
        for (unsigned end = 0; end < TOPO_ENDS_PER_CUBE; end++)
            reply.links[reply.n_links++] = convert_link(&arena, &pod->cube[cube], end / TOPO_INDICES,
                                                        end % TOPO_INDICES, heard_after_us);
    api_reply(api, call, &arena, &reply.base);
    arena_deinit(&arena);
}

/* Chips of a host: x fastest. */
static Heliostat__V1__ChipStatus *convert_chip(struct arena *arena, const struct fabric_cube *cube,
                                               unsigned host, unsigned chip, bool is_heard) {
    const struct fabric_host *h = &cube->host[host];
    unsigned x = 2 * (host % 2) + chip % 2, y = 2 * (host / 2 % 2) + chip / 2, z = host / 4;
    bool has_failed = is_heard && !(h->chips_ok >> chip & 1);
    char name[INVENTORY_NAME_MAX];
    Heliostat__V1__ChipStatus *message = arena_message(arena, &heliostat__v1__chip_status__descriptor);
    if (!message)
        return NULL;
    inventory_chip_name(name, cube->pod->name, cube->pod->n_cubes, cube->index, x, y, z);
    message->name = arena_copy(arena, name);
    if (cube->serial[x + 4 * (y + 4 * z)])
        message->serial = cube->serial[x + 4 * (y + 4 * z)];
    message->health = has_failed  ? HELIOSTAT__V1__HEALTH__HEALTH_UNHEALTHY
                      : is_heard  ? HELIOSTAT__V1__HEALTH__HEALTH_HEALTHY
                      : h->health ? (Heliostat__V1__Health)h->health
                                  : HELIOSTAT__V1__HEALTH__HEALTH_UNKNOWN;
    message->health_cause = has_failed ? (char *)"CHIP_FAILED" : is_heard ? (char *)"" : (char *)h->cause;
    return message;
}

static Heliostat__V1__HostStatus *convert_host(struct arena *arena, const struct fabric_cube *cube,
                                               unsigned host, int64_t heard_after_us) {
    const struct fabric_host *h = &cube->host[host];
    const struct fabric_slice *slice = cube->durable_slice ? cube->durable_slice : h->part;
    Heliostat__V1__HostStatus *message = arena_message(arena, &heliostat__v1__host_status__descriptor);
    char name[INVENTORY_NAME_MAX];
    if (!message)
        return NULL;
    inventory_host_name(name, cube->pod->name, cube->pod->n_cubes, cube->index, host);
    message->name = arena_copy(arena, name);
    message->node_name = h->node_name ? h->node_name : (char *)"";
    message->address = h->address ? h->address : (char *)"";
    message->cube = cube->index;
    message->index = host;
    message->health = h->health ? (Heliostat__V1__Health)h->health : HELIOSTAT__V1__HEALTH__HEALTH_UNKNOWN;
    message->health_cause = (char *)h->cause;
    message->health_source = (char *)fabric_health_source(h->health, h->cause);
    message->health_since = convert_time(arena, fabric_wall_of(cube->pod->fabric, h->health_since_us));
    message->heard_at = convert_time(arena, fabric_wall_of(cube->pod->fabric, h->heard_us));
    message->heard = h->heard_us && h->heard_us > heard_after_us;
    message->chips_in_use = h->chips_in_use;
    message->slice = slice ? (char *)slice->name : (char *)"";
    message->chips = arena_array(arena, 4, sizeof(*message->chips));
    for (unsigned chip = 0; message->chips && chip < 4; chip++)
        message->chips[message->n_chips++] = convert_chip(arena, cube, host, chip, message->heard);
    for (unsigned end = 0; end < TOPO_ENDS_PER_CUBE; end++)
        if (attribution_host_of_end(end / TOPO_INDICES, end % TOPO_INDICES) == host) {
            message->optical_links++;
            message->links_lit += message->heard && cube->end[end / TOPO_INDICES][end % TOPO_INDICES].light;
        }
    return message;
}

/* Neither is this: only whose the hosts are does. */
static void list_hosts(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ListHostsRequest *q = (const void *)request;
    const struct fabric_pod *pod = NULL;
    const struct fabric_cube *cube = NULL;
    struct fabric_refusal refusal = {0};
    struct arena arena = {0};
    int64_t heard_after_us = api_now_us(api) - api->options.report_ttl_us;
    Heliostat__V1__ListHostsResponse reply = HELIOSTAT__V1__LIST_HOSTS_RESPONSE__INIT;
    int r = *q->pod || !*q->cube ? find_pod(api->fabric, q->pod, "pod", &pod, &refusal) : 0;
    if (!r && *q->cube)
        r = find_cube(api->fabric, pod, q->cube, "cube", REASON_NONE, &cube, &refusal);
    if (r) {
        pending_refuse(api, call, request, &refusal, list_hosts);
        return;
    }
    pod = cube ? cube->pod : pod;
    unsigned first = cube ? cube->index : 0, end = cube ? cube->index + 1u : pod->n_cubes;
    reply.meta = api_meta(api, &arena, false);
    reply.hosts = arena_array(&arena, (size_t)(end - first) * FABRIC_HOSTS_PER_CUBE, sizeof(*reply.hosts));
    for (unsigned i = first; i < end && !arena.has_failed; i++)
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++)
            reply.hosts[reply.n_hosts++] = convert_host(&arena, &pod->cube[i], host, heard_after_us);
    pending_read(api, call, &arena, &reply.base, request, list_hosts);
    arena_deinit(&arena);
}

struct fibers_asked {
    const struct fabric_pod *pod;
    unsigned from, before; /* ends */
    bool is_one;           /* and what it is joined to */
};

static int read_fibers_asked(const struct fabric *fabric, const Heliostat__V1__ListFibersRequest *q,
                             struct fibers_asked *asked, struct fabric_refusal *refusal) {
    struct found_object found;
    const struct fabric_cube *cube = NULL;
    if (*q->fiber) {
        if (*q->pod || *q->cube)
            return refuse_invalid(refusal, "fiber",
                                  "%.63s: a fiber stands for its pod and cube; name only it", q->fiber);
        if (find_object(fabric, q->fiber, "fiber", &found, refusal))
            return FABRIC_REFUSED;
        if (found.object.kind != MAINTENANCE_FIBER)
            return refuse_invalid(refusal, "fiber", "%s is no fiber; the name of one is cube-07/+x/5",
                                  found.name);
        unsigned end = topo_end(found.object.cube, found.object.face, found.object.index);
        *asked = (struct fibers_asked){found.pod, end, end + 1, true};
        return 0;
    }
    if ((*q->pod || !*q->cube) && find_pod(fabric, q->pod, "pod", &asked->pod, refusal))
        return FABRIC_REFUSED;
    if (*q->cube && find_cube(fabric, asked->pod, q->cube, "cube", REASON_NONE, &cube, refusal))
        return FABRIC_REFUSED;
    asked->pod = cube ? cube->pod : asked->pod;
    asked->from = cube ? topo_end(cube->index, 0, 0) : 0;
    asked->before = cube ? asked->from + TOPO_ENDS_PER_CUBE : asked->pod->n_cubes * TOPO_ENDS_PER_CUBE;
    return 0;
}

static void list_fibers(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__ListFibersRequest *q = (const void *)request;
    struct fibers_asked asked = {0};
    struct fabric_refusal refusal = {0};
    struct arena arena = {0};
    int64_t now_us = api_now_us(api);
    Heliostat__V1__ListFibersResponse reply = HELIOSTAT__V1__LIST_FIBERS_RESPONSE__INIT;
    if (read_fibers_asked(api->fabric, q, &asked, &refusal)) {
        pending_refuse(api, call, request, &refusal, list_fibers);
        return;
    }
    reply.meta = api_meta(api, &arena, false);
    reply.fibers = arena_array(&arena, asked.before - asked.from + 1u, sizeof(*reply.fibers));
    for (unsigned end = asked.from; end < asked.before && !arena.has_failed; end++) {
        uint16_t other = attribution_connected_end(asked.pod, (uint16_t)end);
        Heliostat__V1__FiberStatus *status =
            convert_fiber(&arena, asked.pod, (uint16_t)end, q->unfit_only, now_us);
        if (status)
            reply.fibers[reply.n_fibers++] = status;
        if (asked.is_one && other != TOPO_NO_END && other != end &&
            (status = convert_fiber(&arena, asked.pod, other, q->unfit_only, now_us)))
            reply.fibers[reply.n_fibers++] = status;
    }
    pending_read(api, call, &arena, &reply.base, request, list_fibers);
    arena_deinit(&arena);
}

#define METHOD(name, request, handler) SERVICE_METHOD("HostService", name, request, GRPCX_UNARY, handler)

const struct service_method host_service[] = {
    METHOD("ReportHost", report_host, report_host),
    METHOD("ListLinks", list_links, list_links),
    METHOD("ListHosts", list_hosts, list_hosts),
    METHOD("ListFibers", list_fibers, list_fibers),
    {0},
};
