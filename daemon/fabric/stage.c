#include "daemon/fabric/stage.h"
#include "daemon/fabric/attribution.h"

/* 1, -1 or 0, as its host says; see stage_link_proof(). */
static int end_proof(const struct fabric_pod *pod, uint16_t here, uint16_t there) {
    unsigned face = topo_end_face(here), index = topo_end_index(here);
    const struct fabric_cube *cube = &pod->cube[topo_end_cube(here)];
    const struct fabric_host *host = &cube->host[attribution_host_of_end(face, index)];
    const struct link_end *end = &cube->end[face][index];
    bool is_silent = host->health == HEALTH_UNKNOWN || pod->fabric->last_now_us >= host->silent_at_us;
    if (is_silent || (host->was_reported && !end->reported_us))
        return 1;
    if (end->reports && end->light && end->far_end == there)
        return 1;
    return end->reports >= 2 ? -1 : 0;
}

int stage_link_proof(const struct fabric_ocs *ocs, unsigned a) {
    const struct fabric_port *port = &ocs->port[a];
    const struct fabric_pod *pod = ocs->pod;
    if (port->observed_b != port->want_b)
        return port->is_failed ? -1 : 0;
    uint16_t end_a = pod->wiring->end_of[ocs->index][TOPO_SIDE_A][a];
    uint16_t end_b = pod->wiring->end_of[ocs->index][TOPO_SIDE_B][port->want_b];
    if (end_a == TOPO_NO_END || end_b == TOPO_NO_END)
        return 0;
    int one = end_proof(pod, end_a, end_b), other = end_proof(pod, end_b, end_a);
    return one < other ? one : other;
}

void stage_add(struct stage_sight *sight, int proof) {
    sight->n_links++;
    sight->n_proved += proof > 0;
    sight->n_wrong += proof < 0;
}

enum stage_verdict stage_judge(const struct stage_sight *sight, unsigned pass_percent) {
    if (sight->n_proved * 100 >= pass_percent * sight->n_links)
        return STAGE_PASSED;
    return (sight->n_links - sight->n_wrong) * 100 < pass_percent * sight->n_links ? STAGE_STOPPED
                                                                                   : STAGE_UNDER_WAY;
}
