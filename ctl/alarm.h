#pragma once
#include "ctl/ctl.h"
#include "heliostat/v1/alarm.pb-c.h"

__attribute__((warn_unused_result)) int ctl_read_alarms(struct ctl *ctl,
                                                        Heliostat__V1__ListAlarmsResponse **ret_response);
