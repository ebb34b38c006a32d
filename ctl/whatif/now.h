#pragma once
#include "ctl/whatif/steps.h"

#define WHATIF_WORDS_MAX 80

/* The start of --model, --snapshot or the daemon, changed by the script of --file where it is given. An exit
 * status, with the error printed. */
__attribute__((warn_unused_result)) int whatif_begin(struct ctl *ctl, struct whatif_steps *steps,
                                                     struct whatif_start *start,
                                                     struct whatif_report *report);
