#pragma once
/* Operations: the work that goes on after a change was made durable. */
#include "daemon/fabric/state.h"

/* The kind of a creation whose slices do not stand and fall together. */
#define OPERATION_CREATE_PARTIAL "create-partial"

struct fabric_operation *fabric_operation_of(const struct fabric *fabric, int64_t id); /* NULL: none */
/* Not yet in the list: see change_operation_new(). NULL without memory. */
struct fabric_operation *operation_new(const char *kind, struct fabric_slice *const *slices,
                                       unsigned n_slices, enum operation_state state);
void operation_free(struct fabric_operation *operation);
/* Forgets the oldest ended ones beyond OPERATIONS_KEPT. */
void operation_prune(struct fabric *fabric, int64_t now_us);
