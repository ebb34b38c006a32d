#include "daemon/api/access_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 1024, PLACES_OF_ONE = 64 };
#define HOUR_US INT64_C(3600000000)

struct access_audit {
    struct fabric *fabric;
    struct {
        uint64_t hash, principal; /* hash 0: free */
        int64_t noted_us;
    } place[PLACES];
    int64_t full_us; /* when the trail was last told that there are too many */
};

struct access_audit *access_audit_new(struct fabric *fabric) {
    struct access_audit *audit = calloc(1, sizeof(*audit));
    if (audit)
        audit->fabric = fabric;
    return audit;
}

void access_audit_free(struct access_audit *audit) {
    free(audit);
}

static uint64_t hash_of(const char *principal, const char *method, const char *text) {
    const char *texts[] = {principal, method, text};
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (unsigned i = 0; i < 3; i++)
        for (const char *c = texts[i];; c++) {
            hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
            if (!*c)
                break;
        }
    return hash ? hash : 1;
}

/* True: it was not noted within the hour, and now is. *ret_is_full: there was no room for it. */
static bool remember(struct access_audit *audit, uint64_t hash, uint64_t principal, int64_t now_us,
                     bool *ret_is_full) {
    int unused = -1, of_one = 0;
    *ret_is_full = false;
    for (int i = 0; i < PLACES; i++) {
        bool is_old = !audit->place[i].hash || now_us - audit->place[i].noted_us >= HOUR_US;
        if (audit->place[i].hash == hash && !is_old)
            return false;
        if (is_old && unused < 0)
            unused = i;
        of_one += !is_old && audit->place[i].principal == principal;
    }
    *ret_is_full = unused < 0 || of_one >= PLACES_OF_ONE;
    if (*ret_is_full)
        return false;
    audit->place[unused].hash = hash;
    audit->place[unused].principal = principal;
    audit->place[unused].noted_us = now_us;
    return true;
}

bool access_audit_note(struct access_audit *audit, const char *principal, const char *method,
                       const char *object, const char *text, int64_t now_us) {
    struct fabric_actor actor = {.principal = principal, .method = method, .request_id = ""};
    bool is_full;
    bool is_new =
        remember(audit, hash_of(principal, method, text), hash_of(principal, "", ""), now_us, &is_full);
    if (is_full && (!audit->full_us || now_us - audit->full_us >= HOUR_US)) {
        audit->full_us = now_us;
        fabric_audit_refusal(audit->fabric, &actor, object,
                             "too many different requests within the hour: further ones are not listed",
                             now_us);
    } else if (is_new) {
        fabric_audit_refusal(audit->fabric, &actor, object, text, now_us);
    }
    return is_new;
}
