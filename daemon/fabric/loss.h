#pragma once
/* What light loses on its way, each direction for itself, and whether that is within its budget.
 *
 * From the chip at the A port to the switch: what its host says it sends, less what the power meter at the B
 * port reads. From chip to chip, either way: what the one host says it sends, less what the other receives.
 * Budgets follow from the path: one fiber and the switch, or two fibers and the switch. */
#include "daemon/fabric/state.h"

#define LOSS_DARK_MDBM (-40000) /* a meter that reads less sees nothing */

/* From A to the switch, as a meter reads it. */
enum loss_verdict {
    LOSS_UNKNOWN, /* no meter, no reading, or nobody says what is sent */
    LOSS_PENDING, /* a first reading, or one that confirms, is on its way */
    LOSS_GOOD,
    LOSS_OVER,
    LOSS_DARK, /* no light leaves the switch */
};

/* Of the circuit that was last read at an A port. */
enum loss_verdict loss_verdict(const struct fabric_ocs *ocs, unsigned a);
/* The host at the end says what its link sends; false: it does not, or sends nothing. */
bool loss_launch(const struct fabric_pod *pod, uint16_t end, int32_t *ret_mdbm);
/* False: not known, or other light arrives. */
bool loss_end_to_end(const struct fabric_pod *pod, uint16_t from, uint16_t to, int32_t *ret_loss_mdb);
int32_t loss_budget_to_switch(const struct fabric *fabric);
int32_t loss_budget_end_to_end(const struct fabric *fabric);
/* Either direction is known, end to end, and beyond the budget. */
bool loss_is_over(const struct fabric_pod *pod, uint16_t one, uint16_t other);
/* "loses 7.10 dB from cube-03 to the switch, its budget is 3.00 dB", of the circuit at an A port; "" where
 * all is within its budget. */
void loss_text(const struct fabric_ocs *ocs, unsigned a, char *text, size_t size);
