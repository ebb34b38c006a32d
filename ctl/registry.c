#include "ctl/registry.h"

const struct ctl_noun *const ctl_nouns[] = {
    &ctl_noun_pod,
    &ctl_noun_ocs,
    &ctl_noun_slice,
    NULL,
};
