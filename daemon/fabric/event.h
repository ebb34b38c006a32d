#pragma once
/* Events as they are kept in memory: one block each, no larger than its texts. */
#include "daemon/fabric/state.h"

/* Texts that are too long are cut. free() it; NULL without memory. */
struct fabric_event *event_of_row(const struct store_event *row);
/* Puts a durable event into the ring, which takes it over; the oldest one goes when the ring is full. */
void event_remember(struct fabric *fabric, struct fabric_event *event);
