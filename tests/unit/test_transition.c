#include "daemon/fabric/transition.h"

#include <criterion/criterion.h>
#include <string.h>

/* Every pair of state and event is handled, by a state that has a name, or refused; a table with a hole would
 * lead to the nameless state 0. */
Test(transition, every_pair_of_a_slice) {
    unsigned handled = 0, refused = 0;
    for (unsigned state = 0; state < SLICE_STATES; state++)
        for (unsigned event = 0; event < SLICE_EVENTS; event++) {
            enum slice_state next = SLICE_NONE;
            if (!slice_follows((enum slice_state)state, (enum slice_event)event, &next)) {
                refused++;
                cr_assert(event <= SLICE_IS_DELETED, "what is seen is never refused: %u %u", state, event);
                continue;
            }
            handled++;
            cr_assert(next < SLICE_STATES);
            cr_assert(next != SLICE_NONE || state == SLICE_NONE, "%s, %s leads nowhere",
                      slice_state_name((enum slice_state)state), slice_event_text((enum slice_event)event));
        }
    cr_assert_eq(handled + refused, SLICE_STATES * SLICE_EVENTS);
    cr_log_info("%u handled, %u refused", handled, refused);
}

Test(transition, every_pair_of_a_cube) {
    for (unsigned state = 1; state < SCHEDULINGS; state++)
        for (unsigned event = 0; event < SCHEDULING_EVENTS; event++) {
            enum scheduling next = SCHEDULING_NONE;
            if (!scheduling_follows((enum scheduling)state, (enum scheduling_event)event, &next))
                cr_assert(event <= CUBE_RELEASE, "what happens to a cube is never refused: %u %u", state,
                          event);
            else
                cr_assert(next > SCHEDULING_NONE && next < SCHEDULINGS, "%u %u leads nowhere", state, event);
        }
}

Test(transition, every_event_of_a_switch) {
    for (unsigned event = 0; event < OCS_EVENTS; event++)
        cr_assert(ocs_follows((enum ocs_event)event) != OCS_NONE, "%s leads nowhere",
                  ocs_event_text((enum ocs_event)event));
}

/* What the design promises, whatever else the tables say. */
Test(transition, promises) {
    for (unsigned event = SLICE_WAITS; event < SLICE_EVENTS; event++) {
        cr_expect_eq(slice_after(SLICE_FAILED, (enum slice_event)event), SLICE_FAILED, "FAILED comes back");
        cr_expect_eq(slice_after(SLICE_RELEASING, (enum slice_event)event), SLICE_RELEASING,
                     "what went stays");
    }
    cr_expect_eq(slice_after(SLICE_CONNECTING, SLICE_LACKS_MORE), SLICE_CONNECTING, "born with too little");
    cr_expect_eq(slice_after(SLICE_READY, SLICE_TIME_OVER), SLICE_READY,
                 "a slice that was READY never fails");
    enum scheduling next;
    for (unsigned event = CUBE_IS_EMPTY; event < SCHEDULING_EVENTS; event++)
        cr_expect(scheduling_follows(SCHEDULING_MAINTENANCE, (enum scheduling_event)event, &next) &&
                      next == SCHEDULING_MAINTENANCE,
                  "only who has his hands there gives it back");
    cr_expect_not(scheduling_follows(SCHEDULING_QUARANTINED, CUBE_UNCORDON, &next), "out until proved good");
}

Test(transition, every_event_has_a_text) {
    for (unsigned event = 0; event < SLICE_EVENTS; event++)
        cr_expect(strlen(slice_event_text((enum slice_event)event)) > 3);
    for (unsigned event = 0; event < SCHEDULING_EVENTS; event++)
        cr_expect(strlen(scheduling_event_text((enum scheduling_event)event)) > 3);
    for (unsigned event = 0; event < OCS_EVENTS; event++)
        cr_expect(strlen(ocs_event_text((enum ocs_event)event)) > 3);
}
