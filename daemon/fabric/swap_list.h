#pragma once
/* Cubes that leave a slice, and the cubes for their places. */
#include "daemon/fabric/model.h"

/* Copies swaps (count of them); the list before is freed. 0 or -ENOMEM, nothing changed. */
__attribute__((warn_unused_result)) int swap_list_set(struct swap_list *list, const struct slice_swap *swaps,
                                                      unsigned count);
void swap_list_deinit(struct swap_list *list);
/* The same cubes leave, whatever comes in. */
bool swap_list_same_out(const struct swap_list *one, const struct swap_list *other);
bool swap_list_equal(const struct swap_list *one, const struct swap_list *other);
/* "7>12 9>" as kept in the store; malloc'ed, NULL without memory. */
char *swap_list_format(const struct swap_list *list);
/* 0, -EBADMSG, -ENOMEM. ret_list is overwritten. */
__attribute__((warn_unused_result)) int swap_list_parse(const char *text, struct swap_list *ret_list);
