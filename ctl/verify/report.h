#pragma once
/* What a verification found. */
#include "heliostat/v1/slice.pb-c.h"
#include <stdbool.h>
#include <stddef.h>

enum verify_kind {
    VERIFY_MISSING_CIRCUIT,  /* a link of a slice has no circuit */
    VERIFY_WRONG_CIRCUIT,    /* the circuit leads somewhere else */
    VERIFY_NO_FIBER,         /* the fiber table cannot make the link */
    VERIFY_DARK,             /* connected, but a host sees no light */
    VERIFY_WRONG_FAR_END,    /* connected as recorded, but a host sees another far end */
    VERIFY_LISTED_BUT_THERE, /* said to be missing, and is there */
    VERIFY_UNREAD,           /* a switch cannot be read and no host proves its links */
    VERIFY_CROSSED_FIBERS,
    VERIFY_PORT_TAKEN_TWICE,
    VERIFY_NO_SUCH_PORT,
    VERIFY_ISOLATION, /* a circuit between what must be apart */
    VERIFY_CUBE_TAKEN_TWICE,
    VERIFY_INCOMPLETE,   /* a position of a slice has no usable cube */
    VERIFY_INCONSISTENT, /* what the controller says contradicts itself */
};
/* "MISSING_CIRCUIT" and so on. */
const char *verify_kind_name(enum verify_kind kind);
/* True where a host's report alone says so: the report may be older than the last change. */
bool verify_kind_is_light(enum verify_kind kind);

/* Names point into the messages that were verified; "" where there is none. */
struct verify_problem {
    enum verify_kind kind;
    const char *slices[2];
    const char *ocs;
    unsigned a, b; /* ports; 0: none */
    const char *cubes[2];
    char *text;
};

enum verify_verdict {
    VERIFY_PROVED,
    VERIFY_NOT_PROVED, /* nothing is known to be wrong, but a switch cannot be read */
    VERIFY_BROKEN,
    VERIFY_IN_FLIGHT, /* neither right nor wrong */
    VERIFY_NO_LINKS,  /* nothing that a switch could have wrong: a part of a cube, or no cubes */
};
const char *verify_verdict_name(enum verify_verdict verdict);

struct verify_slice {
    const Heliostat__V1__Slice *slice;
    enum verify_verdict verdict;
    unsigned links, by_light, by_record, listed_missing, unproved, wrong;
};

struct verify_report {
    struct verify_slice *slices;
    size_t n_slices;
    struct verify_problem *problems;
    size_t n_problems;
    size_t circuits; /* read back */
    bool out_of_memory;
};

void verify_report_deinit(struct verify_report *report);
/* Takes a copy of problem with the text made from format. */
__attribute__((format(printf, 3, 4))) void
verify_add(struct verify_report *report, const struct verify_problem *problem, const char *format, ...);
