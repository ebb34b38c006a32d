#pragma once
/* The commands of helioctl whatif. */
#include "ctl/ctl.h"

int whatif_snapshot(struct ctl *ctl);
int whatif_now(struct ctl *ctl); /* fit, fail, drain, buy, run */
int whatif_sweep(struct ctl *ctl);
int whatif_goodput(struct ctl *ctl);
int whatif_spares(struct ctl *ctl);
int whatif_train(struct ctl *ctl);
int whatif_replay(struct ctl *ctl);
int whatif_trace(struct ctl *ctl);

#define WHATIF_SEED_DEFAULT 1
