#pragma once
/* The test of a cube's 96 face links with circuits of its own, on nobody else's ports.
 *
 * First self-loops, from each + to its -, lit in coded rounds: switch k is lit in round r where bit r of k +
 * 1 is set, so that the pattern of light and dark at a link end spells the switch that its fiber is on. Six
 * rounds tell 48 switches apart. Then one round against a free healthy cube, + to its - and its + to -: that
 * tells the sign, and which of the two ends is at fault.
 *
 * Where no such cube is free, the last round lights one end of each pair at a test port of its switch, in
 * which a loopback plug sits: an end that sees itself is on its own port, and so is the other end, which it
 * saw in the self-loop. The other way round, the other end sees itself: reversed.
 *
 * A proof is shorter: one round, every self-loop, no partner. Far ends tell a fiber on the wrong switch.
 *
 * Of a cube in which hosts were replaced only the links of those hosts are tested, in the same rounds. That
 * test waits until it can begin, and begins by itself, also after a restart; see qualify_host.h.
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
    QUALIFICATION_WAITING, /* of replaced hosts: begins by itself */
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
    bool is_reflected;    /* the last round lit it at a test port */
    uint16_t partner_far; /* what it saw in the last round, against the partner or test ports */
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
    uint16_t hosts; /* a bit for each host that was replaced: only its links are tested; 0: all links, because
                       an operator asked for it, or to prove a replacement */
    enum qualification_state state;
    char begun_by[64], text[FABRIC_TEXT_MAX];
    int64_t since_us, done_us; /* wall */
    char *findings;            /* owned; a line for each link that is not good */
    bool is_durable;
    unsigned n_changes;

    /* Of a test that runs in this process. */
    bool is_proof;           /* of a replacement: one round of self-loops */
    bool uses_test_ports;    /* in the last round */
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

/* The link is one of those that are tested. */
bool qualify_tests(const struct fabric_qualification *qualification, unsigned face, unsigned index);
unsigned qualify_count_links(const struct fabric_qualification *qualification);

/* The test circuits of the rounds that are on, into the ports. After the slices'. */
void qualify_want(struct fabric_pod *pod);
/* The circuit is one that a test may have left. */
bool qualify_explains(const struct fabric_pod *pod, uint16_t end_a, uint16_t end_b);
/* The circuit joins a link under test to a test port. */
bool qualify_explains_test_port(const struct fabric_ocs *ocs, unsigned a, unsigned b);
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

/* What a test is begun with. */
struct qualify_beginning {
    uint16_t partner; /* or QUALIFY_NO_PARTNER */
    uint16_t hosts;
    const char *by;
    bool is_proof, is_waiting;
};
/* In this change; takes the place of the cube's last test, which does not run. NULL without memory; nothing
 * is done then. */
__attribute__((warn_unused_result)) struct fabric_qualification *
qualify_begin(struct change *change, struct fabric_cube *cube, const struct qualify_beginning *beginning);
/* In this change of its own. */
void qualify_end(struct fabric_qualification *qualification, enum qualification_state state, int64_t now_us);
/* 0, or FABRIC_REFUSED: why the cube cannot be tested now. */
__attribute__((warn_unused_result)) int qualify_check_cube(const struct fabric_cube *cube,
                                                           struct fabric_refusal *refusal);
uint16_t qualify_choose_partner(const struct fabric_cube *cube); /* or QUALIFY_NO_PARTNER */
/* The rounds of a test, no proof, with that partner or QUALIFY_NO_PARTNER: n_coded, and all; whether test
 * ports stand in the partner's place. */
struct qualify_rounds {
    unsigned n_coded, n_rounds;
    bool uses_test_ports;
};
struct qualify_rounds qualify_plan_rounds(const struct fabric_pod *pod, uint16_t partner);

/* Proves a cube that is held for a slice. Nothing is begun while the store takes no changes. */
void qualify_begin_proof(struct fabric_cube *cube, int64_t now_us);
