#include "daemon/fabric/qualify_host.h"
#include "daemon/fabric/maintenance.h"
#include "daemon/fabric/refuse.h"

#include <stdio.h>

#define ALL_HOSTS UINT16_MAX

uint16_t qualify_host_extent(const struct fabric_cube *cube, unsigned host) {
    const struct fabric_qualification *q = qualify_find(cube->pod, cube->index);
    const uint16_t own = (uint16_t)(1u << host);
    if (cube->scheduling != SCHEDULING_QUARANTINED)
        return own;
    /* A test of hosts that is not older than the quarantine came with it. */
    return q && q->hosts && q->since_us >= cube->scheduling_since_us ? q->hosts | own : ALL_HOSTS;
}

struct fabric_qualification *qualify_host_await(struct change *change, struct fabric_cube *cube,
                                                uint16_t hosts, const char *by) {
    const struct qualify_beginning beginning = {
        .partner = QUALIFY_NO_PARTNER, .hosts = hosts, .by = by, .is_waiting = true};
    return qualify_begin(change, cube, &beginning);
}

bool qualify_host_waits(const struct fabric_qualification *q, char text[FABRIC_TEXT_MAX]) {
    struct fabric_cube *cube = &q->pod->cube[q->cube];
    struct fabric_refusal refusal = {0};
    bool waits = qualify_check_cube(cube, &refusal) != 0;
    if (waits)
        snprintf(text, FABRIC_TEXT_MAX, "%.*s", FABRIC_TEXT_MAX - 1, refusal.text);
    fabric_refusal_deinit(&refusal);
    for (const struct fabric_maintenance *m = q->pod->maintenances; m && !waits; m = m->next)
        if (m->object.kind == MAINTENANCE_HOST && m->object.cube == q->cube &&
            q->hosts >> m->object.host & 1) {
            snprintf(text, FABRIC_TEXT_MAX, "%s is under maintenance", m->name);
            waits = true;
        }
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE && !waits; host++)
        if (q->hosts >> host & 1 && !cube->host[host].heard_us) {
            snprintf(text, FABRIC_TEXT_MAX, "%s/host-%02u did not report yet", cube->name, host);
            waits = true;
        }
    return waits;
}

void qualify_host_review(struct fabric_qualification *q, int64_t now_us) {
    struct fabric_cube *cube = &q->pod->cube[q->cube];
    char text[FABRIC_TEXT_MAX];
    if (cube->scheduling == SCHEDULING_MAINTENANCE)
        return;
    if (cube->scheduling != SCHEDULING_QUARANTINED) {
        snprintf(q->text, sizeof(q->text), "the cube was released before its replaced hosts were tested");
        qualify_end(q, QUALIFICATION_ABORTED, now_us);
        return;
    }
    if (qualify_host_waits(q, text))
        return;
    struct change *change = change_begin(q->pod->fabric, "heliostatd", now_us);
    const struct qualify_beginning beginning = {
        .partner = qualify_choose_partner(cube), .hosts = q->hosts, .by = q->begun_by};
    if (!change)
        return;
    if (!qualify_begin(change, cube, &beginning))
        change_abandon(change);
    else if (change_submit(change) < 0)
        fabric_mark(q->pod->fabric);
}
