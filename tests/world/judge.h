#pragma once
/* Whether the daemon keeps its promises (the invariants of the design), judged from what goes over the wire,
 * what the mirrors do and what the disk has. */
#include "tests/world/world.h"

/* A line on its way to a switch. */
void judge_sent(struct world *world, struct connection *connection, const char *line, size_t len);
void judge_answered(struct world *world, struct connection *connection, const char *bytes, size_t len);
void judge_executed(struct world *world, struct connection *connection, const struct scpi_record *record);
void judge_ended(struct world *world, struct connection *connection);
/* Mirrors moved and the daemon had no part in it. */
void judge_event(struct world *world, unsigned ocs, const char *cause, const struct sim_move *moves,
                 size_t n_moves);
/* The daemon told of a new durable version. */
void judge_slice(struct world *world, const struct fabric_slice *slice);
/* These cubes, a bit each, were just given to slices. */
void judge_placed(struct world *world, uint32_t new_cubes);
/* Books: cubes, slices, claims, rows. At any time between turns. */
void judge_books(struct world *world);
/* After a crash, with the ledger read from the disk. */
void judge_reloaded(struct world *world);
/* NULL when all is at rest and right; otherwise what is not, in text. strict: and no fight is going on. */
const char *judge_rest(struct world *world, char *text, size_t size);
