#pragma once
/* What follows from intent and observation: the intended circuits, the class of every observed one, what a
 * plan needs to know, the health of cubes, the state of slices. Each may be run at any time; nothing but the
 * marks says when. */
#include "daemon/fabric/state.h"

/* want_b, want_a, want_slice and locks of every port, from the durable versions. */
void derive_wants(struct fabric_pod *pod);
/* circuit_class of every observed circuit, has_unaccounted and is_unproven of every cube, the state of each
 * switch. */
void derive_classes(struct fabric_pod *pod, int64_t now_us);
/* The accepted parts of the cube prove that no circuit was on it when it was read last. */
bool derive_was_cleared(const struct fabric_cube *cube);
/* pod->plan. */
void derive_plan(struct fabric_pod *pod);
/* Runs what is marked old of the three above. */
void derive_pod(struct fabric_pod *pod, int64_t now_us);
/* The health of hosts that fell silent, then of every cube of the pod whose hosts moved. */
void derive_health(struct fabric_pod *pod, int64_t now_us);
struct change;
/* Puts the health that follows from marks and hosts into the change; false when it is as it was. */
bool derive_health_into(struct change *change, struct fabric_cube *cube);
/* known_dark of every end of the pod that is due. */
void derive_dark(struct fabric_pod *pod, int64_t now_us);
/* The next version of a slice, when what is seen asks for one. */
void derive_slice(struct fabric_slice *slice, int64_t now_us);
/* Drops the rows of former slices whose circuits are gone. */
void derive_formers(struct fabric_pod *pod, int64_t now_us);
