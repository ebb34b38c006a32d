#pragma once
/* The health of a host as it is shown: what was said of it, damped while it flaps. */
#include "daemon/fabric/state.h"

/* A report or its absence says that the host is so. cause is static. */
void flap_say(struct fabric *fabric, struct fabric_host *host, enum health health, const char *cause,
              int64_t now_us);
/* Ends the damping of a host that was quiet for long enough. */
void flap_review(struct fabric *fabric, struct fabric_host *host, int64_t now_us);
