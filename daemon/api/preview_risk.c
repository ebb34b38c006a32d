/* What could go wrong, by what kind of thing is done. */
#include "daemon/api/preview_deed.h"
#include "daemon/fabric/state.h"

#include <stdio.h>

#define MOST_NAMED 4

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

static void risk_of_leftovers(struct preview *p) {
    list_unread(p, "its circuits stay until it answers");
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
    {DEED_MOVES | DEED_DRAINS | DEED_CLEARS | DEED_RESTORES | DEED_TESTS | DEED_MARKS | DEED_RELEASES,
     risk_of_frozen},
    {DEED_DRAINS | DEED_MARKS, risk_of_blindness},
    {DEED_MOVES | DEED_DRAINS | DEED_RESTORES | DEED_MARKS, risk_of_unread},
    {DEED_CLEARS, risk_of_not_dark},
    {DEED_RELEASES, risk_of_leftovers},
    {DEED_TESTS, risk_of_untested},
    {DEED_MOVES | DEED_DRAINS | DEED_MARKS, risk_of_no_more_cubes},
    {DEED_MOVES | DEED_DRAINS | DEED_TESTS | DEED_MARKS, risk_of_silence},
    {DEED_TESTS, risk_of_no_sign},
};

void preview_tell_risks(struct preview *p, enum deed deed) {
    for (size_t i = 0; p->pod && i < sizeof(risks) / sizeof(risks[0]); i++)
        if (risks[i].deeds & deed)
            risks[i].tell(p);
}
