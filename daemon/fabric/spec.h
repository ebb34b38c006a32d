#pragma once
/* What is asked for a new slice: checked, and made into a slice without a version. */
#include "daemon/fabric/state.h"

/* Name, topology, tolerance, labels, and that the pod's inventory is not being replaced. 0 or FABRIC_REFUSED.
 */
__attribute__((warn_unused_result)) int spec_check(const struct fabric *fabric,
                                                   const struct fabric_slice_spec *spec,
                                                   struct topo_shape *ret_shape,
                                                   struct fabric_refusal *refusal);
/* The topologies to take instead, n_alternatives of them. 0 or FABRIC_REFUSED. */
__attribute__((warn_unused_result)) int spec_check_alternatives(const struct fabric_slice_spec *spec,
                                                                struct topo_shape *ret_shapes,
                                                                struct fabric_refusal *refusal);
/* Not in the list of slices yet, without uid; slice_free(). NULL without memory. */
struct fabric_slice *spec_new_slice(const struct fabric_slice_spec *spec, const char *owner);
