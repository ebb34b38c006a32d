#include "daemon/api/preview.h"
#include "daemon/api/find.h"
#include "daemon/api/find_object.h"
#include "daemon/api/preview_time.h"
#include "daemon/api/scope.h"
#include "daemon/api/service.h"
#include "daemon/fabric/qualify_cube.h"
#include "heliostat/v1/cube.pb-c.h"
#include "heliostat/v1/maintenance.pb-c.h"
#include "heliostat/v1/pod.pb-c.h"
#include "heliostat/v1/slice.pb-c.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MOST_LINES 32
#define MOST_NAMED 4
#define FACE_LINKS (TOPO_FACES * TOPO_INDICES)

/* What kind of thing a method does. */
enum deed {
    DEED_MOVES = 1,    /* circuits of slices */
    DEED_DRAINS = 2,   /* moves slices off a cube */
    DEED_CLEARS = 4,   /* takes circuits away for hands on the plant */
    DEED_RESTORES = 8, /* brings them back */
    DEED_TESTS = 16,   /* links */
    DEED_MARKS = 32,   /* says that a cube is ill */
    DEED_WORDS = 64,   /* moves nothing */
};

struct preview {
    const struct fabric *fabric;
    struct arena *arena;
    const char *method;
    const ProtobufCMessage *request, *tail;
    int64_t now_us;
    Heliostat__V1__Preview *message;
    struct preview_time time;

    /* Found by the method's function, read by the table of risks. */
    const struct fabric_pod *pod; /* NULL: not known */
    uint64_t ocses;               /* that are sent something; a bit each */
    struct topo_cube_set cubes;   /* whose hosts have to report */
    unsigned n_taken;             /* free cubes that are used up */
    bool needs_cubes;             /* one that is put in may have to be replaced again */
    bool has_partner, is_blind_to_signs;
};

__attribute__((format(printf, 3, 4))) static void add_line(struct preview *p, bool is_risk,
                                                           const char *format, ...) {
    char text[600];
    char ***lines = is_risk ? &p->message->could_go_wrong : &p->message->consequences;
    size_t *n = is_risk ? &p->message->n_could_go_wrong : &p->message->n_consequences;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (!*lines)
        *lines = arena_array(p->arena, MOST_LINES, sizeof(**lines));
    if (*lines && *n < MOST_LINES)
        (*lines)[(*n)++] = arena_copy(p->arena, text);
}
#define FOLLOWS(...) add_line(p, false, __VA_ARGS__)
#define RISK(...) add_line(p, true, __VA_ARGS__)

/* The switches that the fibers of the cube end on. */
static uint64_t ocses_of_cube(const struct fabric_pod *pod, unsigned cube) {
    uint64_t ocses = 0;
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            int ocs = pod->wiring->port_of[topo_end(cube, face, index)].ocs;
            if (ocs >= 0)
                ocses |= UINT64_C(1) << ocs;
        }
    return ocses;
}

static const struct fabric_cube *cube_named(const struct preview *p, const char *name) {
    const struct fabric_cube *cube = NULL;
    struct fabric_refusal refusal = {0};
    if (find_cube(p->fabric, NULL, name, "", REASON_NONE, &cube, &refusal))
        cube = NULL;
    fabric_refusal_deinit(&refusal);
    return cube;
}

static bool find_named(const struct preview *p, const char *name, struct found_object *ret_found) {
    struct fabric_refusal refusal = {0};
    int r = find_object(p->fabric, name, "", ret_found, &refusal);
    fabric_refusal_deinit(&refusal);
    return r == 0;
}

/* The switches on which an object has ports. */
static uint64_t ocses_of_object(const struct found_object *found) {
    const struct maintenance_object *object = &found->object;
    struct fabric_maintenance m = {.pod = (struct fabric_pod *)found->pod, .object = *object};
    static struct maintenance_port ports[2 * TOPO_PORTS_MAX];
    uint64_t ocses = 0;
    unsigned n = maintenance_ports(&m, ports);
    for (unsigned i = 0; i < n; i++)
        ocses |= UINT64_C(1) << ports[i].ocs;
    return ocses;
}

/* Plans of slices. */

static const Heliostat__V1__SlicePlan *const *plans_of(const struct preview *p, size_t *ret_n,
                                                       const Heliostat__V1__SlicePlan **one) {
    const ProtobufCMessageDescriptor *descriptor = p->tail ? p->tail->descriptor : NULL;
    const ProtobufCFieldDescriptor *field =
        descriptor ? protobuf_c_message_descriptor_get_field_by_name(descriptor, "plans") : NULL;
    *ret_n = 0;
    if (field) {
        *ret_n = *(const size_t *)((const char *)p->tail + field->quantifier_offset);
        return *(const Heliostat__V1__SlicePlan *const *const *)((const char *)p->tail + field->offset);
    }
    field = descriptor ? protobuf_c_message_descriptor_get_field_by_name(descriptor, "plan") : NULL;
    *one = field ? *(const Heliostat__V1__SlicePlan *const *)((const char *)p->tail + field->offset) : NULL;
    *ret_n = *one != NULL;
    return one;
}

static void note_plan(struct preview *p, const Heliostat__V1__SlicePlan *plan) {
    const struct fabric_slice *slice = fabric_slice_find(p->fabric, plan->slice);
    bool may_run = slice && (slice->durable->state == SLICE_READY || slice->durable->state == SLICE_DEGRADED);
    for (size_t i = 0; i < plan->n_positions; i++) {
        const struct fabric_cube *cube = cube_named(p, plan->positions[i]->cube);
        if (!cube)
            continue;
        p->pod = cube->pod;
        topo_set_add(&p->cubes, cube->index);
        p->n_taken += !fabric_cube_is_used(cube);
    }
    for (size_t i = 0; p->pod && i < plan->n_moves; i++)
        for (unsigned k = 0; k < p->pod->n_ocses; k++) {
            const char *slash = strrchr(plan->moves[i]->ocs, '/');
            if (!strcmp(p->pod->ocs[k].name, slash ? slash + 1 : plan->moves[i]->ocs) &&
                plan->moves[i]->removed + plan->moves[i]->added)
                p->ocses |= UINT64_C(1) << k;
        }
    if (may_run && plan->circuits_removed + plan->circuits_added)
        RISK("the links of slice %s that move are dark meanwhile (%u circuits go, %u come): a job that runs "
             "on it must be stopped or at a checkpoint",
             plan->slice, plan->circuits_removed, plan->circuits_added);
    if (plan->n_missing_links)
        RISK("slice %s is DEGRADED then: %zu of its links cannot be made", plan->slice,
             plan->n_missing_links);
}

static void note_plans(struct preview *p) {
    const Heliostat__V1__SlicePlan *one;
    size_t n;
    const Heliostat__V1__SlicePlan *const *plans = plans_of(p, &n, &one);
    for (size_t i = 0; i < n; i++)
        note_plan(p, plans[i]);
}

static void move_slices(struct preview *p) {
    note_plans(p);
    if (!p->pod)
        return;
    preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
    preview_add_reports(&p->time, p->pod, 1, "until it is qualified");
}

static void create_slices(struct preview *p) {
    bool reserves = !strcmp(p->method, "CreateSlice")
                        ? ((const Heliostat__V1__CreateSliceRequest *)p->request)->mode ==
                              HELIOSTAT__V1__CREATE_MODE__CREATE_MODE_RESERVE
                        : ((const Heliostat__V1__CreateSlicesRequest *)p->request)->mode ==
                              HELIOSTAT__V1__CREATE_MODE__CREATE_MODE_RESERVE;
    if (!reserves) {
        move_slices(p);
        return;
    }
    FOLLOWS("cubes are held and no mirror moves; the time counts from its activation");
    move_slices(p);
}

static void swap_slice(struct preview *p) {
    p->needs_cubes = true;
    move_slices(p);
}

/* A round of self-loops on a cube that goes in, where those that leave still work. */
static void add_proof(struct preview *p, uint64_t ocses) {
    preview_add_mirrors(&p->time, p->pod, ocses, 1);
    preview_add_reports(&p->time, p->pod, 1, "to prove the cube that goes in, before a circuit is removed");
}

static void accept_disruption(struct preview *p) {
    const Heliostat__V1__AcceptDisruptionRequest *q = (const void *)p->request;
    const struct fabric_slice *slice = fabric_slice_find(p->fabric, q->name);
    const struct swap_list *pending = slice ? &slice->accepted->pending : NULL;
    bool works = slice && slice->accepted->shape.whole_cubes;
    for (unsigned i = 0; pending && i < pending->count; i++)
        works = works && slice->pod->cube[pending->swap[i].out].health != HEALTH_UNHEALTHY;
    note_plans(p);
    p->needs_cubes = true;
    if (!p->pod)
        return;
    if (works)
        add_proof(p, p->ocses);
    preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
    preview_add_reports(&p->time, p->pod, 1, "until it is qualified");
}

static void delete_slice(struct preview *p) {
    const Heliostat__V1__DeleteSliceResponse *tail = (const void *)p->tail;
    const Heliostat__V1__DeleteSliceRequest *q = (const void *)p->request;
    const struct fabric_slice *slice = fabric_slice_find(p->fabric, q->name);
    p->pod = slice ? slice->pod : NULL;
    if (slice && tail && tail->deletion && tail->deletion->circuits_removed) {
        for (unsigned i = 0; i < slice->accepted->shape.n_cubes; i++)
            p->ocses |= ocses_of_cube(slice->pod, slice->accepted->cubes[i]);
        preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
    }
    for (unsigned i = 0; slice && i < slice->accepted->shape.n_cubes; i++)
        for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++)
            if (slice->accepted->host_mask >> host & 1 &&
                slice->pod->cube[slice->accepted->cubes[i]].host[host].chips_in_use) {
                RISK("a host says that a process uses chips of slice %s: its job ends", slice->name);
                return;
            }
}

/* Cubes. */

static void drain_cube(struct preview *p) {
    const Heliostat__V1__DrainCubeRequest *q = (const void *)p->request;
    const Heliostat__V1__DrainCubeResponse *tail = (const void *)p->tail;
    const struct fabric_cube *cube = cube_named(p, q->cube);
    unsigned n_asked = 0, n_waits = 0, n_moved = 0;
    if (!cube)
        return;
    p->pod = cube->pod;
    p->needs_cubes = tail && tail->n_steps;
    for (size_t i = 0; tail && i < tail->n_steps; i++) {
        const Heliostat__V1__DrainStep *step = tail->steps[i];
        const struct fabric_cube *in = *step->replacement ? cube_named(p, step->replacement) : NULL;
        n_moved += !strcmp(step->action, "swap");
        n_asked += !strcmp(step->action, "ask");
        n_waits += !strcmp(step->action, "wait");
        p->n_taken += in && !fabric_cube_is_used(in);
        if (in) {
            p->ocses |= ocses_of_cube(p->pod, cube->index) | ocses_of_cube(p->pod, in->index);
            topo_set_add(&p->cubes, in->index);
        }
        if (in && strcmp(step->action, "wait"))
            RISK("the links of slice %s that move are dark meanwhile (%u circuits go, %u come)%s",
                 step->slice, step->circuits_removed, step->circuits_added,
                 strcmp(step->action, "swap") ? "; its owner says when" : "; its rule is ANYTIME");
    }
    if (n_moved + n_asked) {
        if (cube->health != HEALTH_UNHEALTHY)
            add_proof(p, p->ocses);
        preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
    }
    if (n_asked)
        RISK("%u owner%s asked first, and the drain lasts until %s: that time is not in it", n_asked,
             n_asked > 1 ? "s are" : " is", n_asked > 1 ? "they answer" : "he answers");
    if (n_waits)
        RISK("%u slice%s cannot move now: the drain does not end before", n_waits, n_waits > 1 ? "s" : "");
    if (q->deadline_s)
        FOLLOWS("an alarm is raised when it is not over in %u s", q->deadline_s);
}

static void note_failure(const struct fabric_drain_step *step, void *userdata) {
    struct preview *p = userdata;
    const struct fabric_slice *slice = step->slice;
    const struct slice_version *version = slice->accepted;
    const char *rule = version->disruption == DISRUPTION_ANYTIME ? "ANYTIME" : "ASK";
    char name[96] = "";
    if (step->replacement >= 0)
        snprintf(name, sizeof(name), "%.63s/%s", p->pod->name, p->pod->cube[step->replacement].name);
    if (version->state == SLICE_RESERVED) {
        FOLLOWS("slice %s of %s is RESERVED with it, and is not moved", slice->name, slice->owner);
        return;
    }
    FOLLOWS("slice %s of %s becomes INCOMPLETE: no job can run on it", slice->name, slice->owner);
    if (!strcmp(step->action, "wait")) {
        FOLLOWS("its rule is %s, and it cannot be repaired now: %s", rule, step->text);
        RISK("slice %s stays INCOMPLETE until a cube can take the place", slice->name);
        return;
    }
    p->n_taken++;
    p->needs_cubes = true;
    topo_set_add(&p->cubes, (unsigned)step->replacement);
    p->ocses |= ocses_of_cube(p->pod, (unsigned)step->replacement);
    if (!strcmp(step->action, "swap")) {
        FOLLOWS("its rule is %s: %s takes the place at once, %u circuits go and %u come", rule, name,
                step->removed, step->added);
        return;
    }
    if (version->disruption == DISRUPTION_ANYTIME && version->is_pinned)
        FOLLOWS("its rule is ANYTIME, but its cubes were chosen by whoever asked for it: nothing moves "
                "before he names a cube for the place");
    else if (version->disruption == DISRUPTION_ANYTIME)
        FOLLOWS("its rule is ANYTIME, but it was repaired too often within an hour: nothing moves before "
                "somebody says `helioctl slice accept-disruption %s`",
                slice->name);
    else
        FOLLOWS("its rule is ASK: nothing moves before %s says `helioctl slice accept-disruption %s`; %s is "
                "held for it meanwhile",
                slice->owner, slice->name, name);
    RISK("slice %s stays INCOMPLETE until somebody says that word: that time is not in it", slice->name);
}

static void mark_cube(struct preview *p) {
    const Heliostat__V1__MarkCubeRequest *q = (const void *)p->request;
    const struct fabric_cube *cube = cube_named(p, q->cube);
    if (!cube)
        return;
    p->pod = cube->pod;
    if (q->health == HELIOSTAT__V1__HEALTH__HEALTH_UNHEALTHY && cube->health != HEALTH_UNHEALTHY) {
        fabric_failure_steps(cube, p->now_us, note_failure, p);
        if (p->needs_cubes) {
            p->ocses |= ocses_of_cube(p->pod, cube->index);
            preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
            preview_add_reports(&p->time, p->pod, 1, "until the repair is qualified");
            FOLLOWS("%s is QUARANTINED when it is out of its slice", cube->name);
        }
    } else if (q->health == HELIOSTAT__V1__HEALTH__HEALTH_UNKNOWN) {
        FOLLOWS("no new slice comes to it; a slice that is there stays as it is");
    } else if (q->health == HELIOSTAT__V1__HEALTH__HEALTH_HEALTHY && cube->mark) {
        FOLLOWS("what its hosts report counts again");
    } else if (q->health == HELIOSTAT__V1__HEALTH__HEALTH_DEGRADED && cube->health == HEALTH_UNHEALTHY) {
        RISK("this word counts for more than what hosts report: a job may get a cube that is UNHEALTHY "
             "(%.100s)",
             cube->health_cause);
    }
}

static void add_test(struct preview *p, const struct fabric_cube *cube, uint16_t partner, unsigned n_links) {
    const struct qualify_rounds rounds = qualify_plan_rounds(cube->pod, partner);
    p->pod = cube->pod;
    p->has_partner = partner != QUALIFY_NO_PARTNER;
    p->is_blind_to_signs = !p->has_partner && !rounds.uses_test_ports;
    p->ocses = ocses_of_cube(cube->pod, cube->index);
    topo_set_add(&p->cubes, cube->index);
    FOLLOWS("%u links are tested in %u rounds: %u of self-loops%s%s", n_links, rounds.n_rounds,
            rounds.n_coded,
            p->has_partner           ? ", one against "
            : rounds.uses_test_ports ? ", one against test ports"
                                     : "; nothing stands at the other end",
            p->has_partner ? cube->pod->cube[partner].name : "");
    if (p->has_partner) {
        topo_set_add(&p->cubes, partner);
        FOLLOWS("no slice comes to %s meanwhile; its dark circuits on these ports go",
                cube->pod->cube[partner].name);
    }
    preview_add_mirrors(&p->time, p->pod, p->ocses, rounds.n_rounds);
    preview_add_reports(&p->time, p->pod, rounds.n_rounds, "after each");
}

static void qualify_cube(struct preview *p) {
    const Heliostat__V1__QualifyCubeRequest *q = (const void *)p->request;
    const struct fabric_cube *cube = cube_named(p, q->cube);
    const struct fabric_cube *partner = *q->partner ? cube_named(p, q->partner) : NULL;
    if (cube)
        add_test(p, cube, partner ? partner->index : qualify_choose_partner(cube), FACE_LINKS);
}

/* Hands on the plant. */

static void begin_maintenance(struct preview *p) {
    const Heliostat__V1__BeginMaintenanceRequest *q = (const void *)p->request;
    const Heliostat__V1__BeginMaintenanceResponse *tail = (const void *)p->tail;
    const Heliostat__V1__Maintenance *m = tail ? tail->maintenance : NULL;
    struct found_object found;
    unsigned n_waits = 0;
    if (!find_named(p, q->object, &found))
        return;
    p->pod = found.pod;
    p->ocses = ocses_of_object(&found);
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

static void end_maintenance(struct preview *p) {
    const char *name = !strcmp(p->method, "EndMaintenance")
                           ? ((const Heliostat__V1__EndMaintenanceRequest *)p->request)->object
                           : ((const Heliostat__V1__FinishPortMoveRequest *)p->request)->object;
    struct found_object found;
    const struct fabric_maintenance *m =
        find_named(p, name, &found) ? maintenance_find(found.pod, found.name) : NULL;
    if (!m)
        return;
    p->pod = found.pod;
    p->ocses = ocses_of_object(&found);
    if (m->object.kind == MAINTENANCE_CUBE) {
        FOLLOWS("no circuit comes back by itself");
        return;
    }
    preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
    preview_add_reports(&p->time, p->pod, 1, "until the links are proved");
    RISK("a fiber that is in another port than the table says is DARK or MISCABLED then: its slice stays "
         "DEGRADED");
}

static void replace_ocs(struct preview *p) {
    const Heliostat__V1__ReplaceOcsRequest *q = (const void *)p->request;
    struct found_object found;
    if (!find_named(p, q->ocs, &found) || found.object.kind != MAINTENANCE_OCS)
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

static void replace_host(struct preview *p) {
    const Heliostat__V1__ReplaceHostRequest *q = (const void *)p->request;
    struct found_object found;
    if (!find_named(p, q->host, &found) || found.object.kind != MAINTENANCE_HOST)
        return;
    const struct fabric_cube *cube = &found.pod->cube[found.object.cube];
    struct fabric_maintenance m = {.pod = (struct fabric_pod *)found.pod, .object = found.object};
    static struct maintenance_port ports[2 * TOPO_PORTS_MAX];
    add_test(p, cube, qualify_choose_partner(cube), maintenance_ports(&m, ports));
    RISK("the test begins when no slice has the cube and nobody works on it: that time is not in it");
}

static void allow_maintenance(struct preview *p) {
    const Heliostat__V1__AllowMaintenanceRequest *q = (const void *)p->request;
    struct found_object found;
    if (!find_named(p, q->object, &found))
        return;
    p->pod = found.pod;
    p->ocses = ocses_of_object(&found);
    preview_add_mirrors(&p->time, p->pod, p->ocses, 1);
    RISK("slice %s is %s until the work is over: a job that runs on it loses those links at once", q->slice,
         found.object.kind == MAINTENANCE_CUBE ? "INCOMPLETE" : "DEGRADED");
}

/* What could go wrong whatever the method, where it applies. */

static void risk_of_frozen(struct preview *p) {
    if (p->pod->frozen)
        RISK("pod %s is frozen: nothing moves before `helioctl pod thaw`", p->pod->name);
}

static void risk_of_blindness(struct preview *p) {
    if (p->pod->is_blind)
        RISK("pod %s is blind: nothing moves by itself until its switches and hosts are heard again",
             p->pod->name);
}

static void list_unread(struct preview *p, const char *what_then) {
    char names[200] = "";
    unsigned n = 0;
    size_t at = 0;
    for (unsigned i = 0; i < p->pod->n_ocses; i++) {
        if (!(p->ocses >> i & 1) ||
            (p->pod->ocs[i].is_readable && device_state(p->pod->ocs[i].device) == DEVICE_READY))
            continue;
        if (n++ < MOST_NAMED)
            at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", n > 1 ? ", " : "",
                                   p->pod->ocs[i].name);
    }
    if (n)
        RISK("%s%s cannot be read now: %s", names, n > MOST_NAMED ? " and others" : "", what_then);
}

static void risk_of_unread(struct preview *p) {
    list_unread(p, "its circuits are made when it answers, and their links are missing until then");
}

static void risk_of_not_dark(struct preview *p) {
    list_unread(p, "it stays NOT PROVEN DARK until it answers");
}

static void risk_of_untested(struct preview *p) {
    list_unread(p, "the links through it are not tested");
}

static void risk_of_no_more_cubes(struct preview *p) {
    unsigned n_free = 0;
    for (unsigned i = 0; i < p->pod->n_cubes; i++) {
        const struct fabric_cube *cube = &p->pod->cube[i];
        n_free += !fabric_cube_is_used(cube) && cube->health == HEALTH_HEALTHY &&
                  cube->scheduling == SCHEDULING_SCHEDULABLE;
    }
    if (p->needs_cubes && n_free <= p->n_taken)
        RISK("no other free healthy cube is left: a new one that fails cannot be replaced by another");
}

static void risk_of_silence(struct preview *p) {
    unsigned n = 0, n_silent = 0;
    for (unsigned i = 0; i < p->pod->n_cubes; i++)
        for (unsigned host = 0; topo_set_has(&p->cubes, i) && host < FABRIC_HOSTS_PER_CUBE; host++) {
            n++;
            n_silent += p->pod->cube[i].host[host].health == HEALTH_UNKNOWN;
        }
    if (n_silent)
        RISK("%u of %u hosts are not heard: what they do not report is not proved", n_silent, n);
}

static void risk_of_no_sign(struct preview *p) {
    if (p->is_blind_to_signs)
        RISK("no free healthy cube and no test port stand at the other end: signs are not proved, and a "
             "quarantined cube stays so");
}

static const struct {
    unsigned deeds;
    void (*tell)(struct preview *p);
} risks[] = {
    {DEED_MOVES | DEED_DRAINS | DEED_CLEARS | DEED_RESTORES | DEED_TESTS | DEED_MARKS, risk_of_frozen},
    {DEED_DRAINS | DEED_MARKS, risk_of_blindness},
    {DEED_MOVES | DEED_DRAINS | DEED_RESTORES | DEED_MARKS, risk_of_unread},
    {DEED_CLEARS, risk_of_not_dark},
    {DEED_TESTS, risk_of_untested},
    {DEED_MOVES | DEED_DRAINS | DEED_MARKS, risk_of_no_more_cubes},
    {DEED_MOVES | DEED_DRAINS | DEED_TESTS | DEED_MARKS, risk_of_silence},
    {DEED_TESTS, risk_of_no_sign},
};

static const struct {
    const char *method;
    enum deed deed;
    void (*look)(struct preview *p); /* NULL: the sentence is all */
    const char *risk;                /* that always applies; NULL: none */
} methods[] = {
    {"CreateSlice", DEED_MOVES, create_slices, NULL},
    {"CreateSlices", DEED_MOVES, create_slices, NULL},
    {"SwapSlice", DEED_MOVES, swap_slice, NULL},
    {"ReshapeSlice", DEED_MOVES, move_slices, NULL},
    {"AcceptDisruption", DEED_MOVES, accept_disruption, NULL},
    {"DeleteSlice", DEED_CLEARS, delete_slice, NULL},
    {"DrainCube", DEED_DRAINS, drain_cube, NULL},
    {"MarkCube", DEED_MARKS, mark_cube, NULL},
    {"QualifyCube", DEED_TESTS, qualify_cube, NULL},
    {"ReplaceHost", DEED_TESTS, replace_host, NULL},
    {"BeginMaintenance", DEED_CLEARS, begin_maintenance, NULL},
    {"AllowMaintenance", DEED_CLEARS, allow_maintenance, NULL},
    {"EndMaintenance", DEED_RESTORES, end_maintenance, NULL},
    {"FinishPortMove", DEED_RESTORES, end_maintenance, NULL},
    {"ReplaceOcs", DEED_RESTORES, replace_ocs, NULL},
    {"CordonCube", DEED_WORDS, NULL, NULL},
    {"UncordonCube", DEED_WORDS, NULL, NULL},
    {"CancelDrain", DEED_WORDS, NULL, "slices that moved off already do not come back"},
    {"ReleaseCube", DEED_WORDS, NULL, "its links are not tested: a fault may still be there"},
    {"SetSpares", DEED_WORDS, NULL, "what is held back is not there for new slices"},
    {"RenewSlice", DEED_WORDS, NULL, NULL},
    {"ExtendReservation", DEED_WORDS, NULL, NULL},
    {"ReplaceCube", DEED_WORDS, NULL,
     "the wiring counts as it was: fibers that were exchanged show only in `helioctl cube qualify`"},
    {"SetTestPort", DEED_WORDS, NULL, "without a loopback plug there, it proves no sign"},
};

static void write_how_long(struct preview *p) {
    Heliostat__V1__Preview *message = p->message;
    message->about_s = (uint32_t)((p->time.takes_us + 999999) / 1000000);
    if (!p->time.text)
        message->how_long = arena_copy(p->arena, "at once: no mirror moves");
    else
        message->how_long = arena_printf(p->arena, "about %u s: %s", message->about_s, p->time.text);
}

Heliostat__V1__Preview *preview_make(struct api *api, struct arena *arena, struct grpcx_call *call,
                                     const ProtobufCMessage *request, const ProtobufCMessage *tail,
                                     int64_t now_us) {
    const char *method = strrchr(grpcx_call_method(call)->path, '/') + 1;
    struct preview p = {.fabric = api->fabric,
                        .arena = arena,
                        .method = method,
                        .request = request,
                        .tail = tail,
                        .now_us = now_us,
                        .time = {.arena = arena}};
    for (size_t i = 0; request && i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (strcmp(methods[i].method, method) != 0)
            continue;
        p.message = arena_message(arena, &heliostat__v1__preview__descriptor);
        if (!p.message)
            return NULL;
        if (methods[i].look)
            methods[i].look(&p);
        if (methods[i].risk)
            add_line(&p, true, "%s", methods[i].risk);
        for (size_t k = 0; p.pod && k < sizeof(risks) / sizeof(risks[0]); k++)
            if (risks[k].deeds & methods[i].deed)
                risks[k].tell(&p);
        write_how_long(&p);
        scope_message(session_rights(call), api->fabric, arena, &p.message->base);
    }
    return p.message;
}
