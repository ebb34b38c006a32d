#pragma once
/* What the files of the preview share: what is known of a request, and how each method adds to it. */
#include "daemon/api/arena.h"
#include "daemon/api/find_object.h"
#include "daemon/api/preview_time.h"
#include "heliostat/v1/common.pb-c.h"

/* What kind of thing a method does. */
enum deed {
    DEED_MOVES = 1,     /* circuits of slices */
    DEED_DRAINS = 2,    /* moves slices off a cube */
    DEED_CLEARS = 4,    /* takes circuits away for hands on the plant */
    DEED_RESTORES = 8,  /* brings them back */
    DEED_TESTS = 16,    /* links */
    DEED_MARKS = 32,    /* says that a cube is ill */
    DEED_RELEASES = 64, /* circuits go, and nobody waits for it */
    DEED_WORDS = 128,   /* moves nothing */
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
    bool is_blind_to_signs;
};

/* A sentence for could_go_wrong, or for consequences; what is beyond 32 is left out. */
__attribute__((format(printf, 3, 4))) void preview_add_line(struct preview *p, bool is_risk,
                                                            const char *format, ...);
#define FOLLOWS(...) preview_add_line(p, false, __VA_ARGS__)
#define RISK(...) preview_add_line(p, true, __VA_ARGS__)

/* The switches that the fibers of the cube end on; a bit each. */
uint64_t preview_ocses_of_cube(const struct fabric_pod *pod, unsigned cube);
/* The switches on which an object has ports. */
uint64_t preview_ocses_of_object(const struct found_object *found);
const struct fabric_cube *preview_cube_named(const struct preview *p, const char *name); /* NULL: none */
bool preview_find_named(const struct preview *p, const char *name, struct found_object *ret_found);
/* Time: a round of self-loops on a cube that goes in, where those that leave still work. */
void preview_add_proof(struct preview *p, uint64_t ocses);
/* A test of so many links of the cube, against the partner or QUALIFY_NO_PARTNER. */
void preview_add_test(struct preview *p, const struct fabric_cube *cube, uint16_t partner, unsigned n_links);

/* By method. */
void preview_create_slices(struct preview *p);
void preview_swap_slice(struct preview *p);
void preview_move_slices(struct preview *p);
void preview_accept_disruption(struct preview *p);
void preview_delete_slice(struct preview *p);
void preview_activate_slice(struct preview *p);
void preview_release_hold(struct preview *p);
void preview_drain_cube(struct preview *p);
void preview_mark_cube(struct preview *p);
void preview_qualify_cube(struct preview *p);
void preview_begin_maintenance(struct preview *p);
void preview_end_maintenance(struct preview *p);
void preview_replace_ocs(struct preview *p);
void preview_replace_host(struct preview *p);
void preview_allow_maintenance(struct preview *p);
void preview_clear_circuit(struct preview *p);
void preview_thaw_pod(struct preview *p);

/* What could go wrong with this kind of thing, where it applies. */
void preview_tell_risks(struct preview *p, enum deed deed);
