#pragma once
/* Answers that are no message: printed as a JSON object. */
#include "ctl/ctl.h"
#include <jansson.h>

/* Takes over the value; NULL is out of memory. An exit status. */
__attribute__((warn_unused_result)) int ctl_print_value(struct ctl *ctl, json_t *value);
