#include "daemon/fabric/quota.h"
#include "daemon/fabric/refuse.h"

#include <string.h>

int quota_check(const struct fabric *fabric, const struct fabric_actor *actor, int64_t more_chips,
                int64_t more_slices, const char *field, struct fabric_refusal *refusal) {
    int64_t chips = 0, slices = 0;
    if (!actor->has_quota)
        return 0;
    for (const struct fabric_slice *slice = fabric->slices; slice; slice = slice->next) {
        if (slice->accepted->is_gone || strcmp(slice->owner, actor->principal) != 0)
            continue;
        slices++;
        if (slice_version_owns(slice->accepted))
            chips += slice->accepted->shape.n_chips;
    }
    if (chips + more_chips > actor->quota_chips && more_chips > 0) {
        refusal_set_fits(refusal, "%lld chips are released, or an admin raises the quota",
                         (long long)(chips + more_chips - actor->quota_chips));
        return refuse(refusal, REASON_QUOTA, field,
                      "%s has %lld chips and asks for %lld more; the quota is %lld", actor->principal,
                      (long long)chips, (long long)more_chips, (long long)actor->quota_chips);
    }
    if (slices + more_slices > actor->quota_slices && more_slices > 0) {
        refusal_set_fits(refusal, "%lld slices are deleted, or an admin raises the quota",
                         (long long)(slices + more_slices - actor->quota_slices));
        return refuse(refusal, REASON_QUOTA, field,
                      "%s has %lld slices and asks for %lld more; the quota is %lld", actor->principal,
                      (long long)slices, (long long)more_slices, (long long)actor->quota_slices);
    }
    return 0;
}
