#include "daemon/fabric/prove_replacement.h"
#include "daemon/fabric/qualify_cube.h"

static bool has_reports(const struct fabric_cube *cube) {
    for (unsigned host = 0; host < FABRIC_HOSTS_PER_CUBE; host++)
        if (cube->host[host].heard_us)
            return true;
    return false;
}

static enum proof proof_of(const struct fabric_pod *pod, unsigned cube, int64_t since_us) {
    const struct fabric_qualification *q = qualify_find(pod, cube);
    /* One that passed counts when that is durable; one that failed at once, as does the cube's quarantine. */
    if (q && (q->state == QUALIFICATION_RUNNING || (q->n_changes && q->state == QUALIFICATION_PASSED)))
        return PROOF_RUNNING;
    if (!has_reports(&pod->cube[cube]))
        return PROOF_PASSED;
    if (!q || q->since_us < since_us || q->state == QUALIFICATION_ABORTED ||
        q->state == QUALIFICATION_WAITING)
        return PROOF_NONE;
    return q->state == QUALIFICATION_PASSED ? PROOF_PASSED : PROOF_FAILED;
}

enum proof prove_state(const struct fabric_pod *pod, const struct swap_list *swaps, int64_t since_us) {
    bool is_running = false, is_missing = false;
    for (unsigned i = 0; i < swaps->count; i++) {
        if (swaps->swap[i].in == SWAP_NO_CUBE)
            continue;
        enum proof proof = proof_of(pod, swaps->swap[i].in, since_us);
        if (proof == PROOF_FAILED)
            return PROOF_FAILED;
        is_running = is_running || proof == PROOF_RUNNING;
        is_missing = is_missing || proof == PROOF_NONE;
    }
    return is_missing ? PROOF_NONE : is_running ? PROOF_RUNNING : PROOF_PASSED;
}

void prove_begin(struct fabric_pod *pod, const struct swap_list *swaps, int64_t since_us, int64_t now_us) {
    for (unsigned i = 0; i < swaps->count; i++)
        if (swaps->swap[i].in != SWAP_NO_CUBE && proof_of(pod, swaps->swap[i].in, since_us) == PROOF_NONE)
            qualify_begin_proof(&pod->cube[swaps->swap[i].in], now_us);
}
