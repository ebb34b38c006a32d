#pragma once
/* Alarms about what operators and owners are asked: disruptions, drains, spares, leases, flapping,
 * attribution. */
#include "daemon/fabric/fabric.h"

void alarm_operations(const struct fabric *fabric, void (*visit)(const struct fabric_alarm *, void *userdata),
                      void *userdata);
