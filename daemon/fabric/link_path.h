#pragma once
/* A link in words that lead a person to it: chips, face links, switch and ports, and what is seen of it. */
#include "daemon/fabric/model.h"

/* "cube-03/+x/5 (chip 3-1-1) - ocs-x-05 A4-B8 - cube-07/-x/5 (chip 0-1-1): no light at cube-07"; of crossed
 * fibers both pairs that may be exchanged. */
void link_path_text(const struct fabric_slice *slice, const struct slice_version *version,
                    const struct slice_link *link, char text[FABRIC_TEXT_MAX]);
/* The same without what is seen, of the circuit that stands at an A port. */
void link_path_of_circuit(const struct fabric_ocs *ocs, unsigned a, char *text, size_t size);
bool link_list_has(const struct link_list *list, const struct slice_link *link);
struct change;
/* An event for each link that has newly failed; of very many the first ones, and how many more. */
void link_path_name_failed(struct change *change, const struct fabric_slice *slice,
                           const struct slice_version *before, const struct slice_version *after);
