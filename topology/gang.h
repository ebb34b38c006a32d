#pragma once
/* Several slices in one request, all or nothing, each with alternatives in order of preference. */
#include "topology/part.h"

#define TOPO_GANG_MEMBERS_MAX 64
#define TOPO_GANG_CHOICES_MAX 8

struct topo_gang_choice {
    struct topo_request whole; /* used when its shape has cubes */
    struct topo_part_request part;
};

struct topo_gang_member {
    const struct topo_gang_choice *choices; /* "8x8x8, else 4x8x16" */
    unsigned n_choices;
};

struct topo_gang_place {
    unsigned choice; /* the one that was taken */
    bool is_part;
    struct topo_plan plan;
    struct topo_block block;
};

struct topo_gang_refusal {
    unsigned member; /* that cannot be had, or n_members when only all together do not fit */
    struct topo_refusal refusal;
};

/* 0 with a place for every member, or TOPO_REFUSED. Members are placed jointly: one that could go anywhere
 * leaves the cubes that another needs. Choices are tried in order of the sum of their numbers, so that as few
 * members as possible take a later one. Certain where all fibers of a face index end on one
 * switch and no tolerance is asked for; otherwise the search is bounded, and refusal.unproven tells whether
 * it came to its end. scratch: a pod of the caller's that is overwritten. ret_places: n_members, untouched on
 * refusal. */
__attribute__((warn_unused_result)) int topo_plan_gang(const struct topo_pod *pod,
                                                       const struct topo_gang_member *members,
                                                       unsigned n_members, struct topo_pod *scratch,
                                                       struct topo_gang_place *ret_places,
                                                       struct topo_gang_refusal *ret_refusal);
