#pragma once
/* Cubes that are held for a time without moving a mirror. */
#include "daemon/fabric/state.h"
#include "topology/gang.h"

/* Ends the reservations whose time is over. */
void reservation_review(struct fabric *fabric, int64_t now_us);
/* The members would find places if no cube of the pod were reserved. */
bool reservation_stands_in_the_way(const struct fabric_pod *pod, const struct topo_gang_member *members,
                                   unsigned n_members);
/* Names the reservations of the pod, and when each ends. */
void reservation_name_all(const struct fabric_pod *pod, struct fabric_refusal *refusal);
