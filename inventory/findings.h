#pragma once
/* Everything that is wrong with an input, so that a person can put all of it right at once. */
#include "heliostat/v1/inventory.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INVENTORY_REFUSED 1 /* what every check and reader of this folder returns for bad input */

#define INVENTORY_FINDINGS_MAX 1000 /* kept of errors, and as many of warnings; the rest is counted */

struct inventory_finding {
    uint32_t line; /* from 1; 0 where the input has no lines */
    char *field;
    char *text;
    bool is_warning;
};

/* Zeroed memory is an empty list. Findings are in the order in which they were made. */
struct inventory_findings {
    struct inventory_finding *items;
    size_t n;
    size_t errors, warnings; /* all, also those that were not kept */
    bool out_of_memory;      /* one could not be kept */
};

void inventory_findings_deinit(struct inventory_findings *findings);
__attribute__((format(printf, 4, 5))) void inventory_error(struct inventory_findings *findings, uint32_t line,
                                                           const char *field, const char *format, ...);
__attribute__((format(printf, 4, 5))) void inventory_warning(struct inventory_findings *findings,
                                                             uint32_t line, const char *field,
                                                             const char *format, ...);
/* Ends the list: adds "and N more" where some were left out. 0 without errors, INVENTORY_REFUSED, -ENOMEM.
 * Once. */
__attribute__((warn_unused_result)) int inventory_findings_close(struct inventory_findings *findings);
/* As messages for a reply; each and the array are the caller's, by protobuf_c_message_free_unpacked() of the
 * message that they are put into. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int inventory_findings_messages(const struct inventory_findings *findings,
                                                                    Heliostat__V1__Finding ***ret_messages,
                                                                    size_t *ret_n);
