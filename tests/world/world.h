#pragma once
/* One schedule: the daemon's core, the virtual network, disk, switches and hosts, a virtual clock, and the
 * judge that watches them. */
#include "sim/plant/text.h"
#include "tests/world/disk.h"
#include "tests/world/network.h"

#include <setjmp.h>

#define WORLD_CLAIMS_MAX 1024
#define WORLD_FAULTS 32
#define WORLD_REQUESTS 20

/* What was asked for and what the daemon has said about it. */
struct claim {
    struct world *world;
    char name[64], topology[32], request_id[32];
    int64_t uid, operation_id, sequence;
    int64_t whole_since_us; /* told READY or DEGRADED; 0: not now */
    enum { CLAIM_ASKED, CLAIM_DURABLE, CLAIM_UNDONE } create, delete;
    bool is_delete_asked, is_deleted_by_failure;
    bool is_told_as_part; /* its cube was looked at when it first was READY */
    bool is_forgotten;    /* the crash came before an answer: either is right */
};

/* What is printed as it happens: nothing, the actions, or every line and event. */
enum world_loudness { WORLD_SILENT, WORLD_TELLS, WORLD_LOUD };

struct world_counts {
    unsigned long schedules, steps, crashes, commits, changes, disk_failures, set_lines, moves, reads,
        swaps_done;
    unsigned long accepted[WORLD_REQUESTS], refused[WORLD_REQUESTS], unavailable, undone;
    unsigned long faults[WORLD_FAULTS], long_waits, virtual_s;
    unsigned long ready, degraded, put_right, late_executions, final_tori, safe, test_circuits;
};

struct world {
    uint64_t seed;
    struct world_counts *counts;
    const struct fleet *fleet;
    struct sim_plant plant;
    struct network network;
    struct disk disk;
    struct ledger ledger;
    struct fabric *fabric;
    struct fabric_settings settings; /* from the next start on */
    char path[128];                  /* of the database */
    int64_t now_us;
    bool advance_due;
    enum world_loudness loudness;
    struct chance chance;
    unsigned dead_turns; /* turns at one instant */

    int64_t report_at_us[FLEET_CUBES_MAX], sweep_at_us, report_period_us;
    int64_t light_at_us[FLEET_OCSES];
    int64_t heal_at_us[FLEET_OCSES]; /* INT64_MAX: the switch has no fault */
    int64_t power_on_at_us[FLEET_OCSES];
    unsigned unit[FLEET_OCSES]; /* how often the switch was replaced by another unit */
    int64_t hosts_heal_at_us, hosts_well_since_us;

    struct claim claim[WORLD_CLAIMS_MAX];
    unsigned n_claims, n_requests;

    /* Of the judge. */
    int64_t disturbed_at_us[FLEET_OCSES]; /* something but the daemon moved a mirror, or answers lied */
    bool is_rivals[FLEET_OCSES][FLEET_PORTS_MAX + 1][FLEET_PORTS_MAX + 1];
    unsigned maps_read[FLEET_OCSES]; /* in all */
    unsigned came_after[FLEET_OCSES]
                       [FLEET_PORTS_MAX + 1]; /* so many, when the circuit there came by itself */
    uint16_t confirmed_b[FLEET_OCSES][FLEET_PORTS_MAX + 1];  /* told as there, by A port */
    int64_t confirmed_uid[FLEET_OCSES][FLEET_PORTS_MAX + 1]; /* of which slice */
    uint16_t made_anew_b[FLEET_OCSES][FLEET_PORTS_MAX + 1];
    int64_t made_anew_uid[FLEET_OCSES]
                         [FLEET_PORTS_MAX + 1];        /* the slice whose dark link was made anew; 0: none */
    uint16_t test_b[FLEET_OCSES][FLEET_PORTS_MAX + 1]; /* the last test circuit that was told to come */
    uint16_t given_up_b[FLEET_OCSES][FLEET_PORTS_MAX + 1]; /* told to go for a work that may be over by now */
    uint16_t cleared_b[FLEET_OCSES][FLEET_PORTS_MAX + 1];  /* goes on an operator's durable word */
    int64_t put_right_us[FLEET_OCSES][FLEET_PORTS_MAX + 1][2];
    bool has_unanswered[FLEET_OCSES]; /* a set command's fate is unknown */
    unsigned n_reads[FLEET_OCSES];    /* complete maps since then, in this session */
    int64_t first_read_us[FLEET_OCSES];
    int64_t seen_at_us[FLEET_OCSES]; /* the first map since the last disturbance */
    char reading[FLEET_OCSES][4096]; /* an answer that is not complete yet */
    unsigned reading_len[FLEET_OCSES];

    jmp_buf failed;
    char failure[600];
};

/* The schedule ends here, failed. */
__attribute__((noreturn, format(printf, 2, 3))) void world_fail(struct world *world, const char *format, ...);
__attribute__((format(printf, 2, 3))) void world_tell(struct world *world, const char *format, ...);

/* database: bytes of a database to begin with; NULL: an empty one. */
void world_init(struct world *world, const struct fleet *fleet, uint64_t seed, const char *folder,
                const struct text *database, struct world_counts *counts, enum world_loudness loudness);
void world_deinit(struct world *world);
void world_run(struct world *world, int64_t until_us);
void world_crash(struct world *world);
/* Ends every fault, lets time run on, and fails when the world does not come to rest as it should. */
void world_settle(struct world *world);
/* Everything goes, then the largest torus comes. */
void world_final_torus(struct world *world);
void world_heal_switch(struct world *world, unsigned ocs);
/* What the unit in that place answers when it is asked. */
void world_unit_serial(const struct world *world, unsigned ocs, char ret_serial[64]);
void world_power_off(struct world *world, unsigned ocs, bool is_volatile, bool is_silent, int64_t for_us);

struct fabric_actor world_actor(struct world *world, const char *method);
