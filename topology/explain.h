#pragma once
/* Why a plan is as it is, and what would make a refused request fit. Pure; any thread. */
#include "topology/part.h"

/* The nearest topology that fits now: whole cubes, at most as many chips as asked for, the most first, then
 * the most alike; a part of a cube when no cube is free. Exclusions, tolerance and spares as in the request,
 * pins left out. False when nothing fits. */
bool topo_nearest_fit(const struct topo_pod *pod, const struct topo_request *request,
                      struct topo_shape *ret_shape);

enum topo_remedy_kind {
    TOPO_REMEDY_GIVE_UP_SPARE,
    TOPO_REMEDY_LIFT_EXCLUSION,
    TOPO_REMEDY_CLEAR_CIRCUITS,
    TOPO_REMEDY_REACH_SWITCHES, /* of an unproven cube */
    TOPO_REMEDY_MAKE_SCHEDULABLE,
    TOPO_REMEDY_REPAIR_CUBE,
    TOPO_REMEDY_REPAIR_END,
    TOPO_REMEDY_RESTORE_SWITCH,
    TOPO_REMEDY_MOVE_PARTS, /* out of a cut cube */
    TOPO_REMEDY_RELEASE_SLICE,
};

struct topo_remedy {
    enum topo_remedy_kind kind;
    uint16_t cube;       /* but for RESTORE_SWITCH and RELEASE_SLICE */
    uint8_t face, index; /* REPAIR_END */
    uint8_t ocs;         /* RESTORE_SWITCH */
    uint32_t slice;      /* RELEASE_SLICE: as in pod->slice_of */
};

#define TOPO_REMEDIES_MAX 64

/* A small set of things after which the request would fit; the smallest wherever a missing end always costs
 * its cube (no tolerance, uniform wiring) and no cube needs two remedies. Sets that disturb less come first
 * among equals. scratch: a pod of the caller's, overwritten with the pod as it would be. Returns the number
 * of remedies, 0 when none were found; what is returned was tried on scratch and fits. */
unsigned topo_find_remedies(const struct topo_pod *pod, const struct topo_request *request,
                            struct topo_pod *scratch, struct topo_remedy ret_remedies[TOPO_REMEDIES_MAX]);
/* One remedy as a sentence, "release slice 7". */
void topo_format_remedy(const struct topo_pod *pod, const struct topo_remedy *remedy, char *text,
                        size_t text_size);

enum topo_why {
    TOPO_WHY_PINNED,
    TOPO_WHY_NO_OTHER,      /* no other cube would do */
    TOPO_WHY_SPARE_NEEDED,  /* without spares it does not fit */
    TOPO_WHY_LIT,           /* circuits that it needs stand already */
    TOPO_WHY_LEAST_DAMAGE,  /* damaged, but others are more so */
    TOPO_WHY_DOMAIN,        /* packs or spreads as asked */
    TOPO_WHY_LOWEST_NUMBER, /* as good as others; they stay together for later */
};

struct topo_choice {
    uint16_t cube;
    enum topo_why why;
    unsigned lit_links;     /* of its 96, that stand already */
    unsigned missing_links; /* of its 96, that cannot be lit */
    unsigned damage;        /* ends that do not work */
    uint8_t row, power_domain;
};

/* Why each cube of a plan for the request was chosen: ret_choices, one for each position. pod as it was when
 * the plan was made. */
void topo_explain_plan(const struct topo_pod *pod, const struct topo_request *request,
                       const struct topo_plan *plan, struct topo_choice *ret_choices);
const char *topo_why_text(enum topo_why why);
