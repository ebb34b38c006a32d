#pragma once
/* Tells apart, and names in events, what a switch does that nobody here asked it for:
 *
 *   OCS_CIRCUITS_LOST       everything is gone at once: power, a reset, somebody cleared it
 *   OCS_CHANGED_BY_OTHERS   circuits came or went without a command of this controller
 *   OCS_FOUGHT_OVER         and they had been put right twice within the hour: left to a person
 *   OCS_COMMAND_REFUSED     a command ended with an entry in the switch's error queue
 *   OCS_COMMAND_FAILED      a command was answered as if it had worked, and did not */
#include "daemon/fabric/state.h"

#define SURPRISE_FIGHT_WINDOW_US (INT64_C(3600) * 1000000)

/* A map was read; ocs still shows the one before, and what was sent since. */
void surprise_in_map(const struct fabric_ocs *ocs, const uint16_t *b_of_a, int64_t now_us);
/* A change ended otherwise than asked; ocs shows the map after it, in_flight what was asked. */
void surprise_in_change(const struct fabric_ocs *ocs, int64_t now_us);
