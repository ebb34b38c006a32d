#pragma once
/* Which cubes, or which part of one, each slice of a request gets: planned jointly, pod by pod. */
#include "daemon/fabric/state.h"
#include "topology/gang.h"

#define PLACE_SLICES_MAX TOPO_GANG_MEMBERS_MAX

/* shapes[i]: the topology of specs[i], then its alternatives; n_shapes[i] of them. Fills in shape, cubes,
 * hosts, tolerance, fingerprint and missing links of versions[i] and, unless plans is NULL, plans[i].choices.
 * 0, FABRIC_REFUSED or -ENOMEM; on failure versions may be half filled in. */
__attribute__((warn_unused_result)) int
place_slices(const struct fabric_slice_spec *specs, struct topo_shape (*shapes)[TOPO_GANG_CHOICES_MAX],
             const unsigned *n_shapes, unsigned n_specs, struct slice_version *const *versions,
             struct fabric_plan *plans, struct fabric_refusal *refusal);
/* The scratch pod of this thread's planning: overwritten by every use. */
struct topo_pod *place_scratch(void);
