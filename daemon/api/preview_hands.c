/* Previews of hands on the plant. */
#include "daemon/api/preview_deed.h"
#include "daemon/fabric/qualify_cube.h"
#include "heliostat/v1/circuit.pb-c.h"
#include "heliostat/v1/maintenance.pb-c.h"
#include "heliostat/v1/pod.pb-c.h"

#include <string.h>

void preview_begin_maintenance(struct preview *p) {
    const Heliostat__V1__BeginMaintenanceRequest *q = (const void *)p->request;
    const Heliostat__V1__BeginMaintenanceResponse *tail = (const void *)p->tail;
    const Heliostat__V1__Maintenance *m = tail ? tail->maintenance : NULL;
    struct found_object found;
    unsigned n_waits = 0;
    if (!preview_find_named(p, q->object, &found))
        return;
    p->pod = found.pod;
    p->ocses = preview_ocses_of_object(&found);
    if (q->failed)
        FOLLOWS("nothing is sent to it, and nothing proves what it connects");
    else if (m && m->circuits_left)
        preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
    for (size_t i = 0; m && i < m->n_slices; i++) {
        const Heliostat__V1__MaintenanceSlice *s = m->slices[i];
        const struct fabric_slice *slice = fabric_slice_find(p->fabric, s->slice);
        const bool may_go = s->allowed || q->disrupt || q->failed;
        const bool is_asked_rule = slice && slice->accepted->disruption != DISRUPTION_ANYTIME;
        n_waits += !may_go;
        FOLLOWS("slice %s of %s becomes %s%s: without %zu of its links until the work is over", s->slice,
                s->owner, found.object.kind == MAINTENANCE_CUBE ? "INCOMPLETE" : "DEGRADED",
                may_go ? "" : " once its owner agrees", s->n_links);
        if (may_go)
            RISK("a job that runs on slice %s loses those links at once: %s", s->slice,
                 !is_asked_rule ? "its rule is ANYTIME"
                 : q->failed    ? "its owner is not asked, for the switch counts as dead"
                 : q->disrupt   ? "its owner is not asked, for --disrupt is given"
                                : "its owner agreed");
    }
    if (n_waits)
        RISK("%u owner%s to agree first: that time is not in it", n_waits, n_waits > 1 ? "s have" : " has");
    if (m && m->n_in_the_way && !q->disrupt)
        RISK("%zu circuit%s in the way and not removed: it is not safe before they are gone", m->n_in_the_way,
             m->n_in_the_way > 1 ? "s are" : " is");
}

void preview_end_maintenance(struct preview *p) {
    const char *name = !strcmp(p->method, "EndMaintenance")
                           ? ((const Heliostat__V1__EndMaintenanceRequest *)p->request)->object
                           : ((const Heliostat__V1__FinishPortMoveRequest *)p->request)->object;
    struct found_object found;
    const struct fabric_maintenance *m =
        preview_find_named(p, name, &found) ? maintenance_find(found.pod, found.name) : NULL;
    if (!m)
        return;
    p->pod = found.pod;
    p->ocses = preview_ocses_of_object(&found);
    if (m->object.kind == MAINTENANCE_CUBE) {
        FOLLOWS("no circuit comes back by itself");
        return;
    }
    preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
    preview_add_reports(&p->time, p->pod, 1, "until the links are proved");
    RISK("a fiber that is in another port than the table says is DARK or MISCABLED then: its slice stays "
         "DEGRADED");
}

void preview_replace_ocs(struct preview *p) {
    const Heliostat__V1__ReplaceOcsRequest *q = (const void *)p->request;
    struct found_object found;
    if (!preview_find_named(p, q->ocs, &found) || found.object.kind != MAINTENANCE_OCS)
        return;
    p->pod = found.pod;
    p->ocses = UINT64_C(1) << found.object.ocs;
    FOLLOWS("its circuits return in %u stages; the loss of each link is measured anew", MAINTENANCE_STAGES);
    preview_add_mirrors(&p->time, p->pod, p->ocses, MAINTENANCE_STAGES);
    preview_add_reports(&p->time, p->pod, MAINTENANCE_STAGES, "to pass each stage");
    RISK("a fiber may be plugged in elsewhere: a stage in which fewer than %u %% of the links come to light "
         "where they should stops it",
         p->pod->fabric->settings.restore_pass_percent);
}

void preview_replace_host(struct preview *p) {
    const Heliostat__V1__ReplaceHostRequest *q = (const void *)p->request;
    struct found_object found;
    if (!preview_find_named(p, q->host, &found) || found.object.kind != MAINTENANCE_HOST)
        return;
    const struct fabric_cube *cube = &found.pod->cube[found.object.cube];
    struct fabric_maintenance m = {.pod = (struct fabric_pod *)found.pod, .object = found.object};
    static struct maintenance_port ports[2 * TOPO_PORTS_MAX];
    preview_add_test(p, cube, qualify_choose_partner(cube), maintenance_ports(&m, ports));
    RISK("the test begins when no slice has the cube and nobody works on it: that time is not in it");
}

void preview_allow_maintenance(struct preview *p) {
    const Heliostat__V1__AllowMaintenanceRequest *q = (const void *)p->request;
    struct found_object found;
    if (!preview_find_named(p, q->object, &found))
        return;
    p->pod = found.pod;
    p->ocses = preview_ocses_of_object(&found);
    preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
    RISK("slice %s is %s until the work is over: a job that runs on it loses those links at once", q->slice,
         found.object.kind == MAINTENANCE_CUBE ? "INCOMPLETE" : "DEGRADED");
}

void preview_clear_circuit(struct preview *p) {
    const Heliostat__V1__ClearCircuitRequest *q = (const void *)p->request;
    struct found_object found;
    if (!preview_find_named(p, q->ocs, &found))
        return;
    p->pod = found.pod;
    p->ocses = preview_ocses_of_object(&found);
    preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
}

void preview_thaw_pod(struct preview *p) {
    const Heliostat__V1__ThawPodResponse *tail = (const void *)p->tail;
    struct found_object found;
    for (size_t i = 0; tail && i < tail->n_differences; i++)
        if (preview_find_named(p, tail->differences[i]->ocs, &found)) {
            p->pod = found.pod;
            p->ocses |= preview_ocses_of_object(&found);
        }
    if (!p->ocses)
        return;
    preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
    RISK("a mirror that a job uses and this database does not know of may move: compare the list with what "
         "runs");
}
