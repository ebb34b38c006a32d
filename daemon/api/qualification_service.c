#include "daemon/api/qualification_service.h"
#include "daemon/api/convert.h"
#include "daemon/api/find.h"
#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"
#include "daemon/fabric/qualify_host.h"
#include "heliostat/v1/maintenance.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void convert_links(struct arena *arena, const struct fabric_qualification *q,
                          Heliostat__V1__Qualification *message) {
    const struct fabric_pod *pod = q->pod;
    message->links = arena_array(arena, TOPO_ENDS_PER_CUBE, sizeof(*message->links));
    for (unsigned face = 0; message->links && face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            const struct link_test *test = &q->test[face][index];
            const struct topo_port *at = &pod->wiring->port_of[topo_end(q->cube, face, index)];
            Heliostat__V1__LinkVerdict *link = arena_message(arena, &heliostat__v1__link_verdict__descriptor);
            char advice[FABRIC_TEXT_MAX];
            if (!qualify_tests(q, face, index))
                continue;
            if (!link)
                return;
            link->face = (char *)topo_face_name(face);
            link->index = index;
            link->verdict = (char *)link_verdict_name(test->verdict);
            if (at->ocs >= 0)
                link->expected_port = arena_printf(arena, "%s/%c%u", pod->ocs[at->ocs].name,
                                                   at->side == TOPO_SIDE_A ? 'A' : 'B', at->port);
            const struct topo_port *belongs =
                test->found_end == TOPO_NO_END ? NULL : &pod->wiring->port_of[test->found_end];
            if (test->verdict == LINK_CROSSED && belongs && belongs->ocs >= 0)
                link->found_port = arena_printf(arena, "%s/%c%u", pod->ocs[belongs->ocs].name,
                                                belongs->side == TOPO_SIDE_A ? 'A' : 'B', belongs->port);
            else if (test->found_ocs >= 0)
                link->found_port = (char *)pod->ocs[test->found_ocs].name;
            link->receive_mdbm = test->receive_mdbm;
            link->loss_mdb = test->has_loss ? test->loss_mdb : 0;
            link->what_to_do = arena_copy(arena, link_verdict_advice(q, face, index, advice));
            message->links[message->n_links++] = link;
        }
}

/* After a restart only what was written down is left: "+x/3 dark: clean ...". */
static void convert_findings(struct arena *arena, const struct fabric_qualification *q,
                             Heliostat__V1__Qualification *message) {
    message->links = arena_array(arena, TOPO_ENDS_PER_CUBE, sizeof(*message->links));
    char *text = arena_copy(arena, q->findings);
    for (char *line = message->links ? strsep(&text, "\n") : NULL;
         line && message->n_links < TOPO_ENDS_PER_CUBE; line = strsep(&text, "\n")) {
        Heliostat__V1__LinkVerdict *link = arena_message(arena, &heliostat__v1__link_verdict__descriptor);
        char *slash = strchr(line, '/'), *space = strchr(line, ' '), *colon = strstr(line, ": ");
        if (!link || !slash || !space || !colon || slash > space || space > colon)
            continue;
        *slash = *space = *colon = '\0';
        link->face = line;
        link->index = (uint32_t)strtoul(slash + 1, NULL, 10);
        link->verdict = space + 1;
        link->what_to_do = colon + 2;
        message->links[message->n_links++] = link;
    }
}

Heliostat__V1__Qualification *convert_qualification(struct arena *arena,
                                                    const struct fabric_qualification *q) {
    char waits[FABRIC_TEXT_MAX];
    Heliostat__V1__Qualification *message = arena_message(arena, &heliostat__v1__qualification__descriptor);
    if (!message)
        return NULL;
    message->cube = convert_cube_name(arena, &q->pod->cube[q->cube]);
    if (q->partner != QUALIFY_NO_PARTNER)
        message->partner = convert_cube_name(arena, &q->pod->cube[q->partner]);
    message->test_ports = q->uses_test_ports;
    message->state = (Heliostat__V1__QualificationState)(q->n_changes && q->state != QUALIFICATION_WAITING
                                                             ? QUALIFICATION_RUNNING
                                                             : q->state);
    message->by = (char *)q->begun_by;
    message->since = convert_time(arena, q->since_us);
    message->done_at = convert_time(arena, q->done_us);
    message->round = q->round < q->n_rounds ? q->round + 1 : q->n_rounds;
    message->rounds = q->n_rounds;
    message->text = (char *)q->text;
    if (q->state == QUALIFICATION_WAITING && qualify_host_waits(q, waits))
        message->text = arena_printf(arena, "waits: %s", waits);
    message->hosts = arena_array(arena, FABRIC_HOSTS_PER_CUBE, sizeof(*message->hosts));
    for (unsigned host = 0; message->hosts && host < FABRIC_HOSTS_PER_CUBE; host++)
        if (q->hosts >> host & 1)
            message->hosts[message->n_hosts++] = host;
    if (q->n_rounds && q->round == q->n_rounds)
        convert_links(arena, q, message);
    else
        convert_findings(arena, q, message);
    return message;
}

static ProtobufCMessage *qualify_head(struct api *api, struct arena *arena, const struct pending *pending) {
    const Heliostat__V1__QualifyCubeRequest *q = (const void *)pending->request;
    const struct fabric_cube *cube;
    struct fabric_refusal refusal = {0};
    Heliostat__V1__QualifyCubeResponse *reply =
        arena_message(arena, &heliostat__v1__qualify_cube_response__descriptor);
    if (!reply)
        return NULL;
    reply->meta = api_meta(api, arena, pending->is_replayed);
    const struct fabric_qualification *found = NULL;
    if (!q->mutation->validate_only &&
        !find_cube(api->fabric, NULL, q->cube, "cube", REASON_NONE, &cube, &refusal))
        found = qualify_find(cube->pod, cube->index);
    fabric_refusal_deinit(&refusal);
    if (found)
        reply->qualification = convert_qualification(arena, found);
    return &reply->base;
}

/* A test that could begin now. */
static Heliostat__V1__Qualification *convert_plan_of_test(struct arena *arena, const struct fabric_cube *cube,
                                                          const struct fabric_cube *partner) {
    Heliostat__V1__Qualification *message = arena_message(arena, &heliostat__v1__qualification__descriptor);
    const uint16_t other = partner ? partner->index : qualify_choose_partner(cube);
    const struct qualify_rounds rounds = qualify_plan_rounds(cube->pod, other);
    if (!message)
        return NULL;
    message->cube = convert_cube_name(arena, cube);
    if (other != QUALIFY_NO_PARTNER)
        message->partner = convert_cube_name(arena, &cube->pod->cube[other]);
    message->test_ports = rounds.uses_test_ports;
    message->rounds = rounds.n_rounds;
    return message;
}

void qualify_cube_call(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__QualifyCubeRequest *q = (const void *)request;
    const struct fabric_cube *cube, *partner = NULL;
    struct mutation m;
    if (!mutation_begin(&m, api, call, request, q->mutation, qualify_cube_call))
        return;
    int r = find_cube(api->fabric, NULL, q->cube, "cube", REASON_NONE, &cube, &m.refusal);
    if (!r && *q->partner)
        r = find_cube(api->fabric, cube->pod, q->partner, "partner", REASON_NONE, &partner, &m.refusal);
    if (!r)
        r = fabric_qualify_cube(api->fabric, &m.actor, cube, partner, m.now_us, &m.outcome, &m.refusal);
    Heliostat__V1__QualifyCubeResponse tail = HELIOSTAT__V1__QUALIFY_CUBE_RESPONSE__INIT;
    if (r == 0 && m.actor.validate_only)
        tail.qualification = convert_plan_of_test(&m.arena, cube, partner);
    mutation_end(&m, r, qualify_head, tail.qualification ? &tail.base : NULL);
}

void get_qualification_call(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__GetQualificationRequest *q = (const void *)request;
    const struct fabric_cube *cube;
    struct fabric_refusal refusal = {0};
    struct arena arena = {0};
    Heliostat__V1__GetQualificationResponse reply = HELIOSTAT__V1__GET_QUALIFICATION_RESPONSE__INIT;
    int r = find_cube(api->fabric, NULL, q->cube, "cube", REASON_NONE, &cube, &refusal);
    const struct fabric_qualification *found = r ? NULL : qualify_find(cube->pod, cube->index);
    if (!r && !found)
        r = refuse_not_found(&refusal, "cube", "%s was never tested", cube->name);
    if (r) {
        pending_refuse(api, call, request, &refusal, get_qualification_call);
        return;
    }
    reply.meta = api_meta(api, &arena, false);
    reply.qualification = convert_qualification(&arena, found);
    pending_read(api, call, &arena, &reply.base, request, get_qualification_call);
    arena_deinit(&arena);
}
