#pragma once
/* A cube that works is only left for one that is proved: while the replacement is held, its face links are
 * lit once, each from + to its own -, on nobody else's ports, and its hosts say what they see. */
#include "daemon/fabric/state.h"

enum proof {
    PROOF_NONE, /* not begun, or ended by a restart */
    PROOF_RUNNING,
    PROOF_PASSED,
    PROOF_FAILED,
};

/* Of all cubes that are held in swaps together. A proof begun before since_us (wall) does not count; a cube
 * none of whose hosts ever reported cannot be proved and counts as passed. */
enum proof prove_state(const struct fabric_pod *pod, const struct swap_list *swaps, int64_t since_us);
/* Begins what is not begun. */
void prove_begin(struct fabric_pod *pod, const struct swap_list *swaps, int64_t since_us, int64_t now_us);
