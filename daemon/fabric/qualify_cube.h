#pragma once
/* The test of a cube's 96 face links with circuits of its own, on nobody else's ports.
 *
 * First self-loops, from each + to its -, lit in coded rounds: switch k is lit in round r where bit r of k +
 * 1 is set, so that the pattern of light and dark at a link end spells the switch that its fiber is on. Six
 * rounds tell 48 switches apart. Then one round against a free healthy cube, + to its - and its + to -: that
 * tells the sign, and which of the two ends is at fault.
 *
 * A proof is shorter: one round, every self-loop, no partner. Far ends tell a fiber on the wrong switch.
 *
 * The row of the test is durable intent: what its circuits are follows from it and from the round. After a
 * restart the test is over; its circuits are told by the row, removed, and then the row says so. */
#include "daemon/fabric/change.h"

enum qualification_state {
    QUALIFICATION_NONE,
    QUALIFICATION_RUNNING,
    QUALIFICATION_PASSED,
    QUALIFICATION_FAILED,
    QUALIFICATION_ABORTED,
};

enum link_verdict {
    LINK_GOOD,
    LINK_GOOD_UNSIGNED, /* nothing stood at the other end to prove the sign */
    LINK_NO_FIBER,
    LINK_NOT_TESTED, /* its switch could not be used, or did not make the circuit */
    LINK_NOT_HEARD,
    LINK_DARK,
    LINK_DEAF, /* sends, receives nothing */
    LINK_MUTE, /* receives, sends nothing */
    LINK_CROSSED,
    LINK_REVERSED,
    LINK_LOSSY,
    LINK_VERDICTS,
};

#define QUALIFY_ROUNDS_MAX 8 /* coded rounds, and the one against the partner */
#define QUALIFY_NO_PARTNER UINT16_MAX

/* What was seen of one link end of the cube. */
struct link_test {
    uint8_t lit, heard; /* a bit for each coded round */
    uint8_t failed;     /* the switch did not make the circuit: a bit for each round */
    bool partner_heard, receives, sends;
    uint16_t partner_far; /* what it saw in the round against the partner */
    uint16_t loop_far;    /* what it saw in the coded rounds; TOPO_NO_END: nothing */
    uint16_t seen_far;    /* what the partner saw at this end's port; TOPO_NO_END: nothing */
    int32_t receive_mdbm, loss_mdb;
    bool has_loss;
    enum link_verdict verdict;
    int16_t found_ocs;  /* -1: not known */
    uint16_t found_end; /* the link of another cube whose fiber is on this end's port; TOPO_NO_END: none */
};

struct fabric_qualification {
    struct fabric_qualification *next; /* of the pod, in order of cube */
    struct fabric_pod *pod;
    uint16_t cube, partner;
    enum qualification_state state;
    char begun_by[64], text[FABRIC_TEXT_MAX];
    int64_t since_us, done_us; /* wall */
    char *findings;            /* owned; a line for each link that is not good */
    bool is_durable;
    unsigned n_changes;

    /* Of a test that runs in this process. */
    bool is_proof;           /* of a replacement: one round of self-loops */
    bool is_on, is_clearing; /* clearing: the verdict is there, the circuits still have to go */
    unsigned round, n_coded, n_rounds;
    int64_t settled_at_us; /* monotonic; 0: circuits are still moving */
    int64_t heard_at_us[2][FABRIC_HOSTS_PER_CUBE];
    uint8_t n_heard[2][FABRIC_HOSTS_PER_CUBE]; /* reports since it settled: of the cube's hosts, of the
                                                  partner's */
    struct link_test test[TOPO_FACES][TOPO_INDICES];
};

const char *link_verdict_name(enum link_verdict verdict);
/* What to clean, reseat or re-cable; text of FABRIC_TEXT_MAX. "" where it is good. */
const char *link_verdict_advice(const struct fabric_qualification *qualification, unsigned face,
                                unsigned index, char text[FABRIC_TEXT_MAX]);
const char *qualification_state_name(enum qualification_state state);

__attribute__((warn_unused_result)) int qualify_load(struct fabric *fabric,
                                                     const struct store_qualification *row);
void qualify_free_all(struct fabric_pod *pod);
void qualify_take_over(struct fabric_pod *old, struct fabric_pod *new);
struct fabric_qualification *qualify_find(const struct fabric_pod *pod, unsigned cube); /* NULL: none */

/* The test circuits of the rounds that are on, into the ports. After the slices'. */
void qualify_want(struct fabric_pod *pod);
/* The circuit is one that a test may have left. */
bool qualify_explains(const struct fabric_pod *pod, uint16_t end_a, uint16_t end_b);
/* No circuit of a former slice may stay on the cube: it would light a link in a round in which it is dark. */
bool qualify_clears(const struct fabric_cube *cube);
/* The cube is tested, or stands at the other end of a test. */
bool qualify_is_under_test(const struct fabric_pod *pod, unsigned cube);
/* Nobody is placed on a cube that is tested, nor on its partner. */
void qualify_mark_plan(struct fabric_pod *pod);
/* Goes on to the next round, the verdict, the end. */
void qualify_review(struct fabric_pod *pod, int64_t now_us);
int64_t qualify_next_us(const struct fabric_pod *pod);

/* Fills in the verdict of every link; how many are not good, and whether signs are proved. */
unsigned qualify_judge(struct fabric_qualification *qualification);
/* The verdict speaks against the cube. In a proof, a link that no circuit can be had for does not: the plan
 * for the slice counts it as missing. */
bool qualify_is_bad(const struct fabric_qualification *qualification, enum link_verdict verdict);

/* Proves a cube that is held for a slice. Nothing is begun while the store takes no changes. */
void qualify_begin_proof(struct fabric_cube *cube, int64_t now_us);
