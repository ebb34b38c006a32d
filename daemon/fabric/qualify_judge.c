/* From what was seen in the rounds to a verdict for each link end. */
#include "daemon/fabric/loss.h"
#include "daemon/fabric/qualify_cube.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond the median of the cube's links, or the budget of its path, whichever is less. */
#define LOSSY_MDB 3000

const char *link_verdict_name(enum link_verdict verdict) {
    static const char *const names[LINK_VERDICTS] = {
        [LINK_GOOD] = "good",
        [LINK_GOOD_UNSIGNED] = "good, sign not proven",
        [LINK_NO_FIBER] = "no fiber",
        [LINK_NOT_TESTED] = "not tested",
        [LINK_NOT_HEARD] = "not heard",
        [LINK_DARK] = "dark",
        [LINK_DEAF] = "receives nothing",
        [LINK_MUTE] = "sends nothing",
        [LINK_CROSSED] = "crossed",
        [LINK_REVERSED] = "reversed",
        [LINK_LOSSY] = "lossy",
    };
    return (unsigned)verdict < LINK_VERDICTS ? names[verdict] : "UNKNOWN_NUMBER";
}

const char *link_verdict_advice(const struct fabric_qualification *q, unsigned face, unsigned index,
                                char text[FABRIC_TEXT_MAX]) {
    const struct fabric_pod *pod = q->pod;
    const struct link_test *test = &q->test[face][index];
    const struct topo_port *at = &pod->wiring->port_of[topo_end(q->cube, face, index)];
    char plug[80], port[48] = "no port";
    if (at->ocs >= 0)
        snprintf(port, sizeof(port), "%s %c%u", pod->ocs[at->ocs].name, at->side == TOPO_SIDE_A ? 'A' : 'B',
                 at->port);
    snprintf(plug, sizeof(plug), "%s %s link %u", pod->cube[q->cube].name, topo_face_name(face), index);
    text[0] = '\0';
    switch (test->verdict) {
    case LINK_DARK:
        snprintf(text, FABRIC_TEXT_MAX, "clean and reseat the fiber at %s and at %s", plug, port);
        break;
    case LINK_DEAF:
        snprintf(text, FABRIC_TEXT_MAX,
                 "clean the plug at %s; if it stays so, replace that transceiver (its receiver)", plug);
        break;
    case LINK_MUTE:
        snprintf(text, FABRIC_TEXT_MAX, "reseat, then replace the transceiver at %s: it sends no light",
                 plug);
        break;
    case LINK_CROSSED:
        if (test->found_end != TOPO_NO_END) {
            snprintf(text, FABRIC_TEXT_MAX,
                     "re-cable: on %s is the fiber of %s %s link %u; exchange it with that of %s", port,
                     pod->cube[topo_end_cube(test->found_end)].name,
                     topo_face_name(topo_end_face(test->found_end)), topo_end_index(test->found_end), plug);
            break;
        }
        snprintf(text, FABRIC_TEXT_MAX, "re-cable: the fiber of %s is on %s, it belongs on %s", plug,
                 test->found_ocs >= 0 ? pod->ocs[test->found_ocs].name : "another switch", port);
        break;
    case LINK_REVERSED:
        snprintf(text, FABRIC_TEXT_MAX, "re-cable: the fibers of %s and %s link %u are exchanged", plug,
                 topo_face_name(face ^ 1), index);
        break;
    case LINK_LOSSY:
        snprintf(text, FABRIC_TEXT_MAX, "clean the connectors at %s and at %s", plug, port);
        break;
    case LINK_NOT_HEARD:
        snprintf(text, FABRIC_TEXT_MAX, "its host did not report: start it, then test again");
        break;
    case LINK_NOT_TESTED:
        snprintf(text, FABRIC_TEXT_MAX, "%s did not make its circuit; see `helioctl ocs list`", port);
        break;
    case LINK_NO_FIBER:
        snprintf(text, FABRIC_TEXT_MAX, "the fiber table has no row for %s", plug);
        break;
    default:
        break;
    }
    return text;
}

/* The switch whose code the pattern of light spells; -1: none. */
static int switch_of_pattern(const struct fabric_qualification *q, const struct link_test *test) {
    unsigned code = test->lit;
    return code >= 1 && code <= q->pod->n_ocses ? (int)code - 1 : -1;
}

/* The self-loop shows that the partner's own fiber is on one of the link's two ports: what the partner says
 * of it is no proof. */
static bool is_partner_in_it(const struct fabric_qualification *q, unsigned face, unsigned index) {
    for (unsigned side = 0; side < 2; side++) {
        uint16_t far = q->test[face ^ side][index].loop_far;
        if (far != TOPO_NO_END && topo_end_cube(far) == q->partner)
            return true;
    }
    return false;
}

/* Each end of the self-loop saw the other. */
static bool is_loop_right(const struct fabric_qualification *q, unsigned face, unsigned index) {
    return q->test[face][index].loop_far == topo_end(q->cube, face ^ 1, index) &&
           q->test[face ^ 1][index].loop_far == topo_end(q->cube, face, index);
}

/* The link of another cube whose fiber is on this end's port: what the partner's link sees there, or, without
 * a partner, what the other end of the self-loop sees. Two cubes whose fibers to one switch are exchanged
 * look the same whichever side it was; a circuit that has one of their ports and a known one tells. */
static uint16_t foreign_at(const struct fabric_qualification *q, unsigned face, unsigned index) {
    const struct link_test *test = &q->test[face][index], *opposite = &q->test[face ^ 1][index];
    const struct topo_port *at = &q->pod->wiring->port_of[topo_end(q->cube, face, index)];
    bool has_partner = q->partner != QUALIFY_NO_PARTNER && !is_partner_in_it(q, face, index);
    uint16_t seen = has_partner                                      ? test->seen_far
                    : switch_of_pattern(q, opposite) == (int)at->ocs ? opposite->loop_far
                                                                     : TOPO_NO_END;
    bool is_known = seen != TOPO_NO_END && topo_end_cube(seen) != q->cube && !is_loop_right(q, face, index);
    return is_known ? seen : TOPO_NO_END;
}

/* The end that was lit at a test port, R, tells of itself and of the other one, O: what both saw of each
 * other in the self-loop is known. What it cannot tell is how much light is lost one way. */
static enum link_verdict judge_reflection(const struct fabric_qualification *q, unsigned face,
                                          unsigned index) {
    const struct link_test *test = &q->test[face][index], *opposite = &q->test[face ^ 1][index];
    const struct link_test *reflected = test->is_reflected ? test : opposite;
    const unsigned lit_face = test->is_reflected ? face : face ^ 1;
    const uint16_t own = topo_end(q->cube, lit_face, index), other = topo_end(q->cube, lit_face ^ 1, index);
    const struct link_test *unlit = &q->test[lit_face ^ 1][index];
    if (!test->is_reflected && !opposite->is_reflected)
        return test->lit ? LINK_GOOD_UNSIGNED : LINK_DARK;
    if (!reflected->partner_heard || !unlit->partner_heard)
        return LINK_NOT_HEARD;
    if (unlit->partner_far == other && reflected->partner_far != own)
        return LINK_REVERSED;
    if (reflected->partner_far == own) {
        if (test == reflected || (test->lit && reflected->lit))
            return LINK_GOOD;
        return reflected->lit ? LINK_DEAF : test->lit ? LINK_MUTE : LINK_DARK;
    }
    if (reflected->partner_far != TOPO_NO_END)
        return LINK_CROSSED;
    if (test->lit && opposite->lit)
        return LINK_GOOD_UNSIGNED; /* the plug gave nothing back */
    if (test == reflected && (test->lit || opposite->lit))
        return test->lit ? LINK_MUTE : LINK_DEAF;
    /* What keeps the other end dark is the one that was lit. */
    return test->lit || opposite->lit ? LINK_GOOD_UNSIGNED : LINK_DARK;
}

static enum link_verdict judge_one(const struct fabric_qualification *q, unsigned face, unsigned index) {
    const struct link_test *test = &q->test[face][index];
    const struct topo_port *at = &q->pod->wiring->port_of[topo_end(q->cube, face, index)];
    bool has_partner = q->partner != QUALIFY_NO_PARTNER;
    if (at->ocs < 0)
        return LINK_NO_FIBER;
    if (test->failed)
        return LINK_NOT_TESTED;
    if (test->heard != (1u << q->n_coded) - 1 || (has_partner && !test->partner_heard))
        return LINK_NOT_HEARD;
    int found = switch_of_pattern(q, test);
    if (test->lit && found != at->ocs)
        return LINK_CROSSED;
    if (q->uses_test_ports)
        return judge_reflection(q, face, index);
    if (!has_partner || is_partner_in_it(q, face, index))
        return test->lit ? LINK_GOOD_UNSIGNED : LINK_DARK;
    if (!test->receives && !test->sends)
        return LINK_DARK;
    uint16_t far = test->partner_far;
    bool is_third = topo_end_cube(far) != q->cube && topo_end_cube(far) != q->partner;
    /* The partner's other end, on the other side of the switch: this end is where its counterpart should be.
     */
    if (test->receives && topo_end_cube(far) == q->partner && topo_end_face(far) == face &&
        topo_end_index(far) == index)
        return LINK_REVERSED;
    if (test->receives && far != topo_end(q->partner, face ^ 1, index))
        return is_third && is_loop_right(q, face, index) ? LINK_GOOD_UNSIGNED : LINK_CROSSED;
    if (!test->receives)
        return LINK_DEAF;
    if (!test->sends)
        return LINK_MUTE;
    return LINK_GOOD;
}

static int compare_loss(const void *one, const void *other) {
    int32_t a = *(const int32_t *)one, b = *(const int32_t *)other;
    return a < b ? -1 : a > b;
}

static void find_lossy(struct fabric_qualification *q) {
    const int32_t budget_mdb = loss_budget_end_to_end(q->pod->fabric);
    int32_t loss[TOPO_ENDS_PER_CUBE] = {0}, limit_mdb = budget_mdb;
    unsigned count = 0;
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++)
            if (qualify_tests(q, face, index) && q->test[face][index].has_loss)
                loss[count++] = q->test[face][index].loss_mdb;
    qsort(loss, count, sizeof(*loss), compare_loss);
    if (count >= 8 && loss[count / 2] + LOSSY_MDB < limit_mdb)
        limit_mdb = loss[count / 2] + LOSSY_MDB;
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            struct link_test *test = &q->test[face][index];
            if (qualify_tests(q, face, index) && test->has_loss && test->loss_mdb > limit_mdb &&
                (test->verdict == LINK_GOOD || test->verdict == LINK_GOOD_UNSIGNED))
                test->verdict = LINK_LOSSY;
        }
}

bool qualify_is_bad(const struct fabric_qualification *q, enum link_verdict verdict) {
    return verdict > (q->is_proof ? LINK_NOT_TESTED : LINK_GOOD_UNSIGNED);
}

/* From the one round of a proof. */
static enum link_verdict judge_proof(const struct fabric_qualification *q, unsigned face, unsigned index) {
    const struct link_test *test = &q->test[face][index];
    if (q->pod->wiring->port_of[topo_end(q->cube, face, index)].ocs < 0)
        return LINK_NO_FIBER;
    if (test->failed)
        return LINK_NOT_TESTED;
    if (!test->heard)
        return LINK_NOT_HEARD;
    if (!test->lit)
        return q->test[face ^ 1][index].lit ? LINK_DEAF : LINK_DARK;
    return test->partner_far == topo_end(q->cube, face ^ 1, index) ? LINK_GOOD_UNSIGNED : LINK_CROSSED;
}

unsigned qualify_judge(struct fabric_qualification *q) {
    unsigned bad = 0;
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++) {
            struct link_test *test = &q->test[face][index];
            if (!qualify_tests(q, face, index))
                continue;
            test->found_ocs = q->is_proof ? -1 : (int16_t)switch_of_pattern(q, test);
            test->verdict = q->is_proof ? judge_proof(q, face, index) : judge_one(q, face, index);
            test->found_end = q->is_proof ? TOPO_NO_END : foreign_at(q, face, index);
            if (test->found_end != TOPO_NO_END && test->verdict > LINK_NOT_HEARD)
                test->verdict = LINK_CROSSED;
        }
    if (!q->is_proof)
        find_lossy(q);
    for (unsigned face = 0; face < TOPO_FACES; face++)
        for (unsigned index = 0; index < TOPO_INDICES; index++)
            bad += qualify_tests(q, face, index) && qualify_is_bad(q, q->test[face][index].verdict);
    return bad;
}
