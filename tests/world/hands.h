#pragma once
/* Actions of operators and owners beyond making and deleting slices: cordons and drains, hands on the plant,
 * circuits that nobody explains, slices that are taken over. Each acts on whatever is there. */
#include "tests/world/world.h"

/* Ask for another shape. */
void hands_reshape(struct world *world, struct chance *chance, unsigned ocs);
void hands_cordon_or_drain(struct world *world, struct chance *chance, unsigned ocs);
/* The owner of a slice that has to move says that it may. */
void hands_accept_disruption(struct world *world, struct chance *chance, unsigned ocs);
void hands_begin_work(struct world *world, struct chance *chance, unsigned ocs);
/* An owner gives his word, or whoever works is done. */
void hands_allow_or_end_work(struct world *world, struct chance *chance, unsigned ocs);
void hands_clear_circuit(struct world *world, struct chance *chance, unsigned ocs);
/* Take over what a former slice left lit. */
void hands_adopt(struct world *world, struct chance *chance, unsigned ocs);

/* Ends every work, cordon and drain, and clears what keeps parts of cubes waiting; once is not enough while
 * the store is broken. */
void hands_off(struct world *world);
