#pragma once
/* The power meters of the switches: when they are read, and what a reading means.
 *
 * Read are the B ports of circuits: of a new one as soon as its mirrors have settled, before anything else is
 * sent; of all of them once in an audit period, when there is nothing else to send. One query for as many
 * ports as a switch takes. What is bad by one reading is read again at once: only two in a row count. A
 * switch that has no meters says so once in a session, and is not asked again.
 *
 * Told apart in events: OCS_WRONG_LOSS, a circuit that settled on too much loss; OCS_LOSS_DRIFT, one that was
 * good and loses more than its baseline by now. */
#include "daemon/fabric/state.h"

#define METER_CERTAIN 2 /* readings in a row */

/* The circuit at the A port was made, or made anew. */
void meter_on_circuit(struct fabric_ocs *ocs, unsigned a, int64_t now_us);
/* All circuits, when there is time. */
void meter_audit(struct fabric_ocs *ocs, int64_t now_us);
/* The link end's circuit, when there is time, unless it was read since. */
void meter_ask(struct fabric_pod *pod, uint16_t end, int64_t since_us, int64_t now_us);
/* Sends what is due; first: only what goes before other changes. */
void meter_pod(struct fabric_pod *pod, bool first, int64_t now_us);
/* device_callbacks.on_power. */
void meter_on_power(struct device *device, const uint16_t *b_ports, const int32_t *power_mdbm, size_t count,
                    int64_t now_us, void *userdata);
/* A meter reads no light from the link end, and has done so since. */
bool meter_sees_dark(const struct fabric_pod *pod, uint16_t end, int64_t since_us);
/* How much more than when it was made: the circuit at the A port, each direction. False: not known. */
bool meter_drift(const struct fabric_ocs *ocs, unsigned a, int32_t *ret_forward_mdb, int32_t *ret_back_mdb);
/* The worse of the two. */
bool meter_worse_drift(const struct fabric_ocs *ocs, unsigned a, int32_t *ret_drift_mdb);
