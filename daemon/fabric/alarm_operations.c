#include "daemon/fabric/alarm_operations.h"
#include "daemon/fabric/attribution.h"
#include "daemon/fabric/lease.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct teller {
    void (*visit)(const struct fabric_alarm *, void *userdata);
    void *userdata;
    const struct fabric_pod *pod;
};

__attribute__((format(printf, 6, 7))) static void tell(const struct teller *teller, const char *kind,
                                                       const char *object, int64_t since_us,
                                                       const char *what_to_do, const char *format, ...) {
    struct fabric_alarm alarm = {
        .kind = kind, .pod = teller->pod, .what_to_do = what_to_do, .since_us = since_us};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(alarm.text, sizeof(alarm.text), format, arguments);
    va_end(arguments);
    snprintf(alarm.object, sizeof(alarm.object), "%s", object);
    teller->visit(&alarm, teller->userdata);
}

/* With the name of the slice. */
static const char *const answers[] = {
    [PENDING_OWNER] = "its owner says `helioctl slice accept-disruption %s` when the job is at a checkpoint",
    [PENDING_NO_CUBE] =
        "repair a cube, or `helioctl cube release` or `uncordon` one; it is tried again by itself",
    [PENDING_TOO_MANY] = "find what the cubes have in common, then `helioctl slice accept-disruption %s`",
    [PENDING_LIMIT] =
        "find out why it fails so often; `helioctl slice accept-disruption %s` moves it once more",
    [PENDING_PINNED] = "whoever chose its cubes says `helioctl slice accept-disruption %s --with CUBE`",
    [PENDING_NOT_QUALIFIED] = "look at the switches and fibers that the slice names, then "
                              "`helioctl slice accept-disruption %s`",
    [PENDING_PROVING] = "the cube for its place is still tested: look at its hosts and at the switches",
};

/* The sentence, with the name where it says %s. */
static void name_in(const char *sentence, const char *name, char *text, size_t size) {
    const char *at = sentence ? strstr(sentence, "%s") : NULL;
    if (at)
        snprintf(text, size, "%.*s%s%s", (int)(at - sentence), sentence, name, at + 2);
    else
        snprintf(text, size, "%s", sentence ? sentence : "");
}

static void look_at_slice(const struct teller *teller, const struct fabric_slice *slice) {
    const struct slice_version *version = slice->durable;
    char what_to_do[256];
    name_in(answers[version->pending_why], slice->name, what_to_do, sizeof(what_to_do));
    if (version->pending.count && (version->pending_why != PENDING_PROVING || version->is_overdue))
        tell(teller, version->is_overdue ? "DISRUPTION_OVERDUE" : "DISRUPTION_PENDING", slice->name,
             version->pending_since_us, what_to_do, "%s", version->pending_cause);
    if (version->orphaned_since_us)
        tell(teller, "SLICE_ORPHANED", slice->name, version->orphaned_since_us,
             "its owner says `helioctl slice renew`, or an operator deletes it",
             "its lease of %lld s ran out; its mirrors stay", (long long)(version->lease_ttl_us / 1000000));
}

static void look_at_cube(const struct teller *teller, const struct fabric_cube *cube, int64_t wall_us) {
    char name[96];
    unsigned flapping = 0, first = 0;
    fabric_cube_name(cube, name);
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++)
        if (cube->host[host].is_flapping && !flapping++)
            first = host;
    if (flapping)
        tell(teller, "HOST_FLAPPING", name, 0, "look at the host and at its management port",
             "%u hosts come and go; first: host-%02u", flapping, first);
    if (cube->scheduling == SCHEDULING_QUARANTINED)
        tell(teller, "CUBE_QUARANTINED", name, cube->scheduling_since_us,
             "repair the rack, then `helioctl cube qualify` it; `cube release` takes your word instead", "%s",
             cube->scheduling_reason);
    if (cube->scheduling == SCHEDULING_DRAINING && cube->drain_by_us && wall_us >= cube->drain_by_us)
        tell(teller, "DRAIN_OVERDUE", name, cube->drain_by_us,
             "`helioctl cube get` says what still keeps it; ask the owner, or `helioctl cube cancel-drain`",
             "it should be empty by now: %s", cube->scheduling_reason);
}

static void look_at_spares(const struct teller *teller, const struct fabric_pod *pod) {
    unsigned domains = 0, there = 0;
    for (unsigned i = 0; i < pod->n_cubes; i++) {
        there += pod->cube[i].is_spare;
        domains += pod->plan.power_domain[i] == i;
    }
    unsigned wanted = pod->spares * (pod->spares_per_domain ? domains : 1);
    if (there < wanted)
        tell(teller, "SPARES_SHORT", pod->name, 0,
             "repair cubes or free some; they are held back by themselves", "%u of %u spares are there",
             there, wanted);
}

static void look_at_switches(const struct teller *teller, const struct fabric_pod *pod, int64_t now_us) {
    struct attribution attribution;
    char name[96];
    attribution_of(pod, now_us, &attribution);
    for (unsigned i = 0; i < pod->n_ocses; i++)
        if (attribution.bad_switches >> i & 1)
            tell(teller, "SWITCH_FAULT", fabric_ocs_name(&pod->ocs[i], name), 0,
                 "look at the switch: no cube is to blame, and none is swapped for this",
                 "%u links through it are dark, and no one cube has an end of all of them",
                 attribution.dark_links[i]);
}

void alarm_operations(const struct fabric *fabric, void (*visit)(const struct fabric_alarm *, void *userdata),
                      void *userdata) {
    int64_t now_us = fabric->last_now_us, wall_us = now_us + fabric->wall_offset_us, since_us = 0;
    struct teller teller = {.visit = visit, .userdata = userdata};
    unsigned expired = lease_mass_expiry(fabric, &since_us);
    if (expired)
        tell(&teller, "MASS_LEASE_EXPIRY", "leases", since_us,
             "look at the scheduler: it seems to renew nothing; no mirror moves for it",
             "%u leases ran out within a minute", expired);
    for (const struct fabric_pod *pod = fabric->pods; pod; pod = pod->next) {
        teller.pod = pod;
        look_at_spares(&teller, pod);
        look_at_switches(&teller, pod, now_us);
        for (unsigned i = 0; i < pod->n_cubes; i++)
            look_at_cube(&teller, &pod->cube[i], wall_us);
    }
    for (const struct fabric_slice *slice = fabric->slices; slice; slice = slice->next) {
        teller.pod = slice->pod;
        if (slice->durable && !slice->durable->is_gone)
            look_at_slice(&teller, slice);
    }
}
