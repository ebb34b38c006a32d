#pragma once
/* What is durable, as rows: kept from what the disk wrote and the daemon was told, or read from the disk
 * after a crash. From it follows which circuit of which switch belongs to whom. */
#include "daemon/store/store.h"
#include "tests/world/rules.h"

#define LEDGER_SLICES_MAX 512
#define LEDGER_POSITIONS_MAX 4096
#define LEDGER_WORKS_MAX 64

struct ledger_slice {
    int64_t uid, generation, state;
    bool is_former, is_held;
    char name[64], topology[32];
    char missing[4096];
    uint16_t cubes[FLEET_CUBES_MAX];
    unsigned n_cubes;
    bool is_part;       /* of one cube */
    uint16_t host_mask; /* of a part */
    int64_t disruption;
};

/* A person's hands on the plant. */
struct ledger_work {
    char object[64];
    int64_t kind, cube, host, face, index, ocs, side, port, state, uid_at;
    int64_t stage; /* of a switch that was replaced: its circuits return; 0: it was not */
    bool disrupt;
    char allowed[1024]; /* uids, separated by spaces */
};

struct ledger {
    const struct fleet *fleet;
    struct ledger_slice slice[LEDGER_SLICES_MAX];
    unsigned n_slices;
    struct store_position position[LEDGER_POSITIONS_MAX];
    unsigned n_positions;
    struct ledger_work work[LEDGER_WORKS_MAX];
    unsigned n_works;
    bool is_tested[FLEET_CUBES_MAX];     /* a test of the cube's links is running */
    int64_t partner_of[FLEET_CUBES_MAX]; /* of that test; -1: none */
    int64_t cube_health[FLEET_CUBES_MAX], cube_scheduling[FLEET_CUBES_MAX];
    bool is_frozen, has_pod;
    uint16_t want_b[FLEET_OCSES][FLEET_PORTS_MAX + 1]; /* by A port; 0: nothing */
    uint16_t want_a[FLEET_OCSES][FLEET_PORTS_MAX + 1];
    int16_t owner[FLEET_OCSES][FLEET_PORTS_MAX + 1]; /* place in slice[] of the circuit at that A port */
    int16_t cube_owner[FLEET_CUBES_MAX];  /* place in slice[] of a slice of whole cubes; -1: none */
    uint16_t part_hosts[FLEET_CUBES_MAX]; /* a bit for each host that a part has */
    bool ever[FLEET_OCSES][FLEET_PORTS_MAX + 1][FLEET_PORTS_MAX + 1]; /* a durable slice once needed it */
    const char *conflict; /* two slices with one cube or port; NULL: none */
};

void ledger_init(struct ledger *ledger, const struct fleet *fleet);
/* The rows of one durable change. */
void ledger_apply(struct ledger *ledger, const struct store_change *change);
/* Everything from the disk. What was ever durable is kept. */
void ledger_reload(struct ledger *ledger, struct store *store);
/* Derives the circuits; after the last ledger_apply(). */
void ledger_derive(struct ledger *ledger);
/* NULL: none. */
const struct ledger_slice *ledger_find(const struct ledger *ledger, int64_t uid);
/* The cube is a slice's, or parts' of it. */
bool ledger_has_cube(const struct ledger *ledger, unsigned cube);
/* The circuit between these ends, cube x 96 + face x 16 + index, is one of a running test. -1: no fiber. */
bool ledger_is_of_test(const struct ledger *ledger, int16_t one, int16_t other);
/* The cube is under test, or lends its links to one. */
bool ledger_takes_part_in_test(const struct ledger *ledger, unsigned cube);
/* Somebody works on this port. side: 0 A, 1 B. */
bool ledger_work_covers(const struct ledger *ledger, const struct ledger_work *work, unsigned ocs,
                        unsigned side, unsigned port);
/* Whoever works there has somebody's word that the slice does without its circuits. */
bool ledger_work_has_word(const struct ledger_work *work, const struct ledger_slice *slice);
/* The slice has its cubes and needs circuits. */
bool ledger_is_live(const struct ledger_slice *slice);
