#include "daemon/api/convert_health.h"
#include "daemon/fabric/attribution.h"
#include "daemon/fabric/health_of_link.h"

/* Most are HEALTHY: nothing is copied for them. */
static char *cause_of(struct arena *arena, const struct health_verdict *verdict) {
    return verdict->cause[0] ? arena_copy(arena, verdict->cause) : (char *)protobuf_c_empty_string;
}

static char *end_name(struct arena *arena, const struct fabric_pod *pod, uint16_t end) {
    return arena_printf(arena, "%s/%s/%u", pod->cube[topo_end_cube(end)].name,
                        topo_face_name(topo_end_face(end)), topo_end_index(end));
}

static char *port_name(struct arena *arena, const struct fabric_ocs *ocs, enum topo_side side,
                       unsigned port) {
    return arena_printf(arena, "%s/%s/%c%u", ocs->pod->name, ocs->name, side == TOPO_SIDE_A ? 'A' : 'B',
                        port);
}

Heliostat__V1__PortStatus *convert_port(struct arena *arena, const struct fabric_ocs *ocs,
                                        enum topo_side side, unsigned port) {
    Heliostat__V1__PortStatus *message = arena_message(arena, &heliostat__v1__port_status__descriptor);
    uint16_t end = ocs->pod->wiring->end_of[ocs->index][side][port];
    unsigned joined = side == TOPO_SIDE_A ? ocs->port[port].observed_b : ocs->observed_a[port];
    struct health_verdict verdict;
    if (!message)
        return NULL;
    health_of_port(ocs, side, port, &verdict);
    message->name = port_name(arena, ocs, side, port);
    message->health = (Heliostat__V1__Health)verdict.health;
    message->health_cause = cause_of(arena, &verdict);
    message->health_source = (char *)verdict.source;
    message->health_since = convert_time(arena, verdict.since_us);
    if (end != TOPO_NO_END)
        message->fiber = end_name(arena, ocs->pod, end);
    else if (ocs->test_port[side] == port)
        message->fiber = (char *)"loopback plug";
    if (joined)
        message->joined_to = arena_printf(arena, "%c%u", side == TOPO_SIDE_A ? 'B' : 'A', joined);
    return message;
}

Heliostat__V1__FiberStatus *convert_fiber(struct arena *arena, const struct fabric_pod *pod, uint16_t end,
                                          bool unfit_only, int64_t now_us) {
    const struct topo_port *at = &pod->wiring->port_of[end];
    uint16_t other = attribution_connected_end(pod, end);
    struct health_verdict own, joined;
    health_of_link(pod, end, now_us, &own);
    health_of_joined_link(pod, end, &own, other, now_us, &joined);
    if (unfit_only && joined.health == HEALTH_HEALTHY)
        return NULL;
    Heliostat__V1__FiberStatus *message = arena_message(arena, &heliostat__v1__fiber_status__descriptor);
    if (!message)
        return NULL;
    message->name = arena_printf(arena, "%s/%s", pod->name, end_name(arena, pod, end));
    if (at->ocs >= 0)
        message->port = port_name(arena, &pod->ocs[at->ocs], at->side, at->port);
    message->health = (Heliostat__V1__Health)own.health;
    message->health_cause = cause_of(arena, &own);
    message->health_source = (char *)own.source;
    message->health_since = convert_time(arena, own.since_us);
    if (other == TOPO_NO_END)
        return message;
    message->joined_to = end_name(arena, pod, other);
    message->link_health = (Heliostat__V1__Health)joined.health;
    message->link_cause = cause_of(arena, &joined);
    message->link_source = (char *)joined.source;
    message->link_since = convert_time(arena, joined.since_us);
    return message;
}
