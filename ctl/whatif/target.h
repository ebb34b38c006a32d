#pragma once
/* What fails or is drained, by name. */
#include "ctl/whatif/start.h"

/* Adds one of cube-07, cube-07/host-03, cube-07:+x:5 (a link end), ocs-x-03, row-2, power-2 (a power domain
 * of cubes), ocs-power-1 (one of switches) to the loss. Numbers of domains count from 0 in order of the
 * inventory. False with a text in error (WHATIF_ERROR_MAX bytes). */
bool whatif_add_target(const struct whatif_start *start, const char *name, struct whatif_loss *loss,
                       char *error);
/* The number of rows, power domains of cubes, power domains of switches: one more than the largest. */
unsigned whatif_rows(const struct whatif_start *start);
unsigned whatif_power_domains(const struct whatif_start *start);
unsigned whatif_ocs_domains(const struct whatif_start *start);
