#pragma once
/* Questions about now, one after the other, each from where the one before ended. */
#include "ctl/whatif/start.h"

struct whatif_steps {
    struct ctl *ctl;
    struct whatif_start *start;
    struct whatif_report *report;
    struct whatif_table *steps, *slices, *fits; /* NULL until the first row */
    struct topo_pod *scratch;
    bool use_spares, degraded;
    unsigned keep_ports;
    unsigned number;  /* of the step, from 1 */
    bool all_refused; /* something asked for does not fit */
    struct whatif_damage last;
};

/* words: "fit" "8x8x8" "4x8x8*3", "fail" "cube-07" ..., "drain", "repair", "buy" "4", "place" "NAME" "8x8x8",
 * "release" "NAME". Returns false with a text in error (WHATIF_ERROR_MAX bytes) and nothing done. */
bool whatif_step(struct whatif_steps *steps, char *const *words, size_t n, char *error);
